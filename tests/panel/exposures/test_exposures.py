"""Exposures, invitations and shocks of every term: equal to the oracle, and close to what the simulator drew."""

from __future__ import annotations

import math
from functools import cache
from random import Random

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.book.settings import RenewalSettings, Settings
from churnkit.panel.exposures.exposures import exposures
from churnkit.simulate import simulate_book
from churnkit.simulate.service import QUEUES, Service
from churnkit.simulate.window import Window
from tests.oracle.books import DATA_CUTOFF, hostile_book
from tests.oracle.compare import cell, history_of
from tests.oracle.exposures import TermHistory, invitation_rows, shock_rows, term_rows
from tests.panel.tiny import term, tiny

SEEDS = (5, 6, 7, 8, 9)  # one of each variant: recording columns of all kinds, versions, absent and empty tables
BLANK = {  # columns by term that say nothing in a book without the column, or the table
    ("interactions", "resolved_at"): ("contacts_judged", "first_contact_resolution"),
    ("claims", "paid_at"): ("claims_paid", "settled", "claim_cycle_days"),
    ("surveys", ""): ("invitations", "answers"),
    ("outreach", ""): ("arm", "campaign", "assigned_at"),
}


EDGES = tuple(
    map(pd.Timestamp, ("2019-03-05 11:59:59", "2020-07-01 12:00:00", "2021-01-31 00:00:00", "2021-06-06 13:00:00"))
)


def crowded(seed):
    """A hostile book whose calls crowd into few half-days, and whose rows name others' policies and what was asked of.

    What is done to a row hangs on its content: copies of a row stay copies.
    """
    book = hostile_book(seed, customers=60)
    policies = sorted(book.tables["policies"]["policy_id"].unique())
    for table in {"interactions", "surveys", "claims"} & set(book.tables):
        rows = book.tables[table].to_dict("records")
        for row in rows:
            rng = Random(f"{seed} {row}")
            if rng.random() < 0.08:
                row["policy_id"] = rng.choice([*policies, "nobody's"])
            if table == "interactions" and rng.random() < 0.6 and row["started_at"] < DATA_CUTOFF:
                _move(row, rng.choices(EDGES, (8, 8, 8, 1))[0] + pd.Timedelta(seconds=rng.choice([0, 1, 3600])))
            if table == "surveys" and rng.random() < 0.3:
                row["interaction_id"] = "in0001"
            if table == "surveys" and rng.random() < 0.1:
                row["answered_at"] = pd.NaT  # a score of an unknown time
        kinds = book.tables[table].dtypes
        book.tables[table] = pd.DataFrame(rows, columns=[*kinds.index])
        for name in kinds.index[kinds == "datetime64[us]"]:
            book.tables[table][name] = book.tables[table][name].astype("datetime64[us]")
    return book


def _move(row, at):
    shift = at - row["started_at"]
    for name in ("started_at", "resolved_at", "started_at_recorded_at", "resolved_at_recorded_at"):
        if pd.notna(row.get(name)):
            row[name] += shift


@cache
def case(seed):
    """A hostile book's exposures, and the oracle's."""
    book = crowded(seed)
    renewal = RenewalSettings(match=book.match)
    settings = Settings(data_cutoff=book.data_cutoff, delay_days=book.delay_days, renewal=renewal)
    return exposures(open_book(book.tables, settings=settings)), TermHistory(history_of(book))


def differences(have, want, *, key, codes=()):
    """What differs between a frame and the oracle's rows, codes compared as partitions."""
    assert len(have) == len(want)
    want = pd.DataFrame(want, columns=[*have], dtype=object).sort_values(key, ignore_index=True)
    have = have.astype(object).sort_values(key, ignore_index=True)
    found = []
    for name in have:
        mine, theirs = have[name].map(cell), want[name].map(cell)
        if name in codes:
            known = theirs.notna()
            mine = mine.mask(mine == -1)
            pairs = pd.DataFrame({"mine": mine[known], "theirs": theirs[known].map(str)}).drop_duplicates()
            assert not pairs["mine"].duplicated().any() and not pairs["theirs"].duplicated().any(), name
            assert mine[~known].isna().all(), name
            continue
        for place, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            if not same(cell(one), cell(other)):
                found.append(f"{name} of {[have[k][place] for k in key]}: {one!r}, oracle {other!r}")
    return found


def same(one, other):
    """Nulls with nulls, floats to 1e-9, all else exactly."""
    if isinstance(one, float) and isinstance(other, float | int) and not isinstance(other, bool):
        return math.isclose(one, other, rel_tol=1e-9)
    return one == other


@pytest.mark.parametrize("seed", SEEDS)
def test_terms_of_hostile_books(seed):
    found, history = case(seed)
    want = term_rows(history)
    for (table, column), names in BLANK.items():
        if not history.history.has(table, column or None):
            assert any(each in found.absent for each in names)
            want = [row | dict.fromkeys(names) for row in want]
    assert not differences(found.terms, want, key=["term_id"])


@pytest.mark.parametrize("seed", SEEDS)
def test_invitations_of_hostile_books(seed):
    found, history = case(seed)
    key = ["response_id", "term_id"]
    assert not differences(found.invitations, invitation_rows(history), key=key, codes=("round",))


@pytest.mark.parametrize("seed", SEEDS)
def test_shocks_of_hostile_books(seed):
    found, history = case(seed)
    for name, shocks in found.shocks.groupby("shock", observed=True):
        want = [row for row in shock_rows(history) if row["shock"] == name]
        assert not differences(shocks.assign(shock=name), want, key=["event_id", "term_id"], codes=("cell",))


def test_the_hostile_books_hold_what_is_hard():
    """Else the comparisons above would prove little."""
    shocks = pd.concat([case(seed)[0].shocks for seed in SEEDS])
    asked = pd.concat([case(seed)[0].invitations for seed in SEEDS])
    terms = pd.concat([case(seed)[0].terms for seed in SEEDS])
    waits = shocks[shocks["shock"] == "queue_wait"]
    assert (waits["value"].notna() & ~waits["stated"]).sum() > 100
    assert (waits["value"].isna() & (waits["others"] > 0)).sum() > 10
    loads = shocks[shocks["shock"] == "handler_load"]
    assert (loads["value"] > 0).any() and (~loads["stated"]).sum() > 50
    assert (shocks["terms"] > 1).sum() > 50
    assert asked["answered"].sum() > 100
    assert asked["unusable"].sum() > 20
    assert asked["after_contact"].sum() > 50
    assert (terms["end"] < terms["E"]).sum() > 50
    assert (terms["spell"] != terms["term_id"]).sum() > 5
    assert terms["first_contact_resolution"].between(0.01, 0.99).any()


def one_term(table, rows, **rest):
    """Exposures of a book of one term, 2023, of policy p1."""
    return exposures(tiny([term("t1", "2023-01-01", "2024-01-01", **rest)], **{table: rows}))


def call(at, customer="c1", **rest):
    return {"customer_id": customer, "policy_id": "p1", "started_at": at, "recorded_at": at, "channel": "phone",
            "queue": "q", "initiator": "customer", "wait_seconds": 10.0} | rest  # fmt: skip


def test_the_term_holds_its_first_moment_and_not_its_last():
    found = one_term("interactions", [call("2023-01-01 00:00:00"), call("2023-12-31 23:59:59"), call("2024-01-01")])
    assert found.terms["contacts"].tolist() == [2]


def test_what_comes_after_somebody_left_is_no_experience_of_the_term():
    left = {"ended_date": pd.Timestamp("2023-06-01"), "end_reason": "customer_cancelled",
            "ended_recorded_at": pd.Timestamp("2023-06-02")}  # fmt: skip
    found = one_term("interactions", [call("2023-05-31"), call("2023-06-01")], **left)
    assert found.terms[["contacts", "end", "E"]].to_numpy().tolist() == [
        [1, pd.Timestamp("2023-06-01"), pd.Timestamp("2024-01-01")]
    ]


def test_a_row_without_a_policy_belongs_to_every_policy_in_force():
    terms = [
        term(f"t{k}", f"{year}-01-01", f"{year + 1}-01-01", f"p{k}") for k, year in ((1, 2023), (2, 2023), (3, 2022))
    ]
    found = exposures(tiny(terms, interactions=[call("2023-05-01", policy_id=None), call("2023-05-01")]))
    assert found.terms.set_index("term_id")["contacts"].to_dict() == {"t1": 2, "t2": 1, "t3": 0}
    assert sorted(found.shocks["terms"]) == [1, 2, 2]


def test_of_overlapping_terms_the_one_that_began_last_has_the_row():
    terms = [term("t1", "2022-01-01", "2024-01-01"), term("t2", "2022-06-01", "2022-09-01")]
    found = exposures(tiny(terms, interactions=[call("2022-07-01"), call("2022-09-01"), call("2022-10-01")]))
    assert found.terms["contacts"].tolist() == [2, 1]


def test_rows_recorded_after_the_data_cutoff_are_not_there():
    late = call("2023-05-01", recorded_at="2025-01-01")
    assert one_term("interactions", [late, call("2023-05-01", recorded_at="2024-12-31")]).terms["calls"].tolist() == [1]


def test_five_others_in_the_half_day_or_none():
    others = [call("2023-05-01 11:00", f"c{k}", policy_id=None, wait_seconds=float(100 * k)) for k in range(2, 7)]
    own = [call("2023-05-01 09:00", wait_seconds=7777.0), call("2023-05-01 11:59:59", wait_seconds=8888.0)]
    customers = {f"c{k}": {} for k in range(2, 7)}

    def value_of(rows):
        book = tiny([term("t1", "2023-01-01", "2024-01-01")], customers=customers, interactions=rows)
        return exposures(book).terms[["queue_wait", "queue_waits"]].to_numpy(float).tolist()[0]

    assert value_of([*own, *others]) == [400.0, 2]  # neither of the own waits enters
    assert value_of([*own, call("2023-05-01 12:00:00"), *others]) == [400.0, 2]  # after noon nobody else called
    assert np.isnan(value_of([*own, *others[1:]])[0])
    assert np.isnan(value_of([*own, *others[1:], others[1]])[0])  # a caller who calls twice is one
    assert value_of([*own, call("2023-05-02", queue_wait_mean=100.0), *others]) == [300.0, 3]


@pytest.mark.parametrize(
    ("resolved_at", "again", "share"),
    [
        ("2023-05-08 10:00:00", None, 1.0),
        ("2023-05-08 10:00:01", None, 0.0),
        ("2023-05-01 10:05", "2023-05-08 10:00", 0.5),
    ],
)
def test_first_contact_resolution_is_settled_within_seven_days(resolved_at, again, share):
    asked = {"topic": "claim", "resolved": True}
    rows = [call("2023-05-01 10:00:00", resolved_at=resolved_at, **asked)]
    rows += [call(again, resolved_at=again, **asked)] if again else []
    assert one_term("interactions", rows).terms["first_contact_resolution"].tolist() == [share]


def test_a_week_that_is_not_over_says_nothing_yet():
    rows = [
        call(f"2024-12-{day} 00:00", topic=f"t{day}", resolved=True, resolved_at=f"2024-12-{day}") for day in (25, 26)
    ]
    for end in ("2025-01-01", "2026-01-01"):  # the end of the term, the data cutoff
        found = exposures(tiny([term("t1", "2024-01-01", end)], interactions=rows))
        assert found.terms[["contacts", "contacts_judged"]].to_numpy().tolist() == [[2, 1]]


def test_an_answer_after_the_end_or_at_an_unknown_time_is_unusable():
    sent = {"policy_id": "p1", "sent_at": "2023-12-20", "recorded_at": "2023-12-20", "instrument": "csat", "score": 4.0}
    times = ("2023-12-31", "2024-01-01", None)
    rows = [sent | {"answered_at": at} for at in times] + [sent | {"answered_at": None, "score": None}]
    found = one_term("surveys", rows)
    assert found.invitations["answered"].tolist() == [True, False, False, False]
    assert found.invitations["unusable"].tolist() == [False, True, True, False]
    assert found.invitations["rating"].tolist()[0] == 75
    assert found.invitations["round"].tolist() == [0, 0, 0, 0]
    assert found.terms[["invitations", "answers"]].to_numpy().tolist() == [[4, 1]]


def test_what_is_absent_is_null_and_named():
    found = exposures(tiny([term("t1", "2023-01-01", "2024-01-01")]))
    assert {"contacts", "queue_wait", "claims", "handler_load", "complaints", "invitations", "arm"} < set(found.absent)
    assert found.absent["outage"] == "no table of the contract tells of outages"
    assert found.absent["handler_load"] == "table claims is absent"
    known = {"customer_id", "policy_id", "term_id", "spell", "line", "start", "end", "E"}
    assert found.terms.drop(columns=[*known]).isna().all(axis=None)
    full = one_term("interactions", [call("2023-05-01")])
    assert found.terms.dtypes.astype(str).to_dict() == full.terms.dtypes.astype(str).to_dict()
    assert [*found.shocks] == [*full.shocks] and not len(found.shocks) and not len(found.invitations)


@pytest.fixture(scope="module")
def simulated(book_folder):
    return exposures(open_book(book_folder))


def draws(shocks, service):
    """The simulator's expected waiting of each call."""
    queue = shocks["place"].astype("str").map({name: place for place, name in enumerate(QUEUES)}).to_numpy()
    day = shocks["at"].to_numpy().astype("datetime64[D]").astype(np.int64)
    return service.mean_wait(queue, day, shocks["hour"].to_numpy() - 9) * np.where(shocks["channel"] == "chat", 0.5, 1)


def drawn_service(*, seed, years):
    window = Window(years)
    return Service.draw(seed, first_day=window.burn_in_day, days=window.days, lines=4)


def test_the_shocks_are_what_the_simulator_drew(simulated):
    service = drawn_service(seed=11, years=5)
    shocks = simulated.shocks[~simulated.shocks["event_id"].str.endswith("r")]  # repeats copy what their first waited
    waits, loads = (shocks[shocks["shock"] == name] for name in ("queue_wait", "handler_load"))
    assert len(waits) > 5000 and waits["stated"].all()
    assert np.corrcoef(np.log(waits["value"]), np.log(draws(waits, service)))[0, 1] > 0.98
    handler = loads["place"].astype("str").str.slice(1).astype(int).to_numpy()
    expected = service.open_claims(handler, loads["at"].to_numpy().astype("datetime64[D]").astype(np.int64))
    assert np.corrcoef(loads["value"], expected)[0, 1] > 0.8
    assert loads["value"].mean() == pytest.approx(expected.mean(), rel=0.05)


def test_every_simulated_row_belongs_to_one_term(simulated, book_folder):
    tables = {name: pd.read_parquet(book_folder / f"{name}.parquet") for name in ("interactions", "claims", "surveys")}
    assert (simulated.shocks["terms"] == 1).all() and (simulated.invitations["terms"] == 1).all()
    assert simulated.terms["contacts"].sum() == pytest.approx(len(tables["interactions"]), rel=0.02)  # free looks left
    assert len(simulated.invitations) == pytest.approx(len(tables["surveys"]), rel=0.02)
    assert simulated.terms["claims"].sum() == pytest.approx(len(tables["claims"]), rel=0.02)
    rounds = simulated.invitations.groupby("round")
    assert rounds["touchpoint"].nunique().max() == 1  # what was drawn as one round came as one
    assert rounds["instrument"].count().max() <= 3


def test_arm_and_autopay_are_left_to_chance(simulated):
    """The arm by lot, 4 in 5; and neither arm nor waiting knows who chose autopay: the negative control passes."""
    terms = simulated.terms
    lots = terms[terms["arm"].notna()]
    n, treated = len(lots), lots["arm"].eq("treat")
    assert n > 100 and abs(treated.mean() - 0.8) < 4 * (0.16 / n) ** 0.5
    assert (lots["assigned_at"] < lots["end"]).all()
    auto = lots["auto_renew"].astype(float)
    assert abs(np.corrcoef(treated, auto)[0, 1]) < 4 / n**0.5
    called = terms[terms["queue_wait"].notna()]
    log = np.log(called["queue_wait"])
    within = log - log.groupby([called["line"], called["region"]]).transform("mean")
    assert abs(np.corrcoef(within, called["auto_renew"].astype(float))[0, 1]) < 4 / len(called) ** 0.5


@pytest.mark.recovery
def test_left_out_waits_stand_in_for_the_queues_own(tmp_path):
    """Without queue_wait_mean, what the others waited is close to what the simulator's queues were."""
    folder = simulate_book(tmp_path, customers=40_000, years=1, seed=3, world="A", truth=False)
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in ("customers", "policies", "terms")}
    contacts = pd.read_parquet(folder / "interactions.parquet")
    contacts = contacts[~contacts["interaction_id"].str.endswith("r")]  # repeats copy what their first waited
    stated, left_out = (
        exposures(open_book(tables | {"interactions": rows}, data_cutoff="2026-10-01")).shocks
        for rows in (contacts, contacts.drop(columns="queue_wait_mean"))
    )
    assert stated["stated"].all() and not left_out["stated"].any()
    both = stated.merge(left_out, on=["event_id", "term_id"], suffixes=("", "_out")).query("value_out.notna()")
    assert len(both) > 0.8 * len(stated)
    truth = np.log(draws(both, drawn_service(seed=3, years=1)))
    assert np.corrcoef(np.log(both["value"]), truth)[0, 1] > 0.98
    assert np.corrcoef(np.log(both["value_out"]), truth)[0, 1] > 0.8
    assert np.corrcoef(np.log(both["value_out"]), np.log(both["value"]))[0, 1] > 0.8


@pytest.mark.spark
def test_the_same_on_spark(spark):
    hostile = crowded(SEEDS[2])
    settings = Settings(data_cutoff=hostile.data_cutoff, delay_days=hostile.delay_days)
    here, there = (exposures(open_book(hostile.tables, settings=settings, spark=each)) for each in (None, spark))
    assert len(here.terms) and len(here.shocks) and len(here.invitations)
    for name in ("terms", "invitations", "shocks"):
        pd.testing.assert_frame_equal(getattr(there, name), getattr(here, name), check_exact=True)
    assert there.absent == here.absent
