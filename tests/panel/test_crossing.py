"""Agents and lines by month, and households, against the oracle; and nothing of the future in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from random import Random

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.book.schema import TABLES
from churnkit.book.settings import RenewalSettings, Settings
from churnkit.panel.build import build_panel
from churnkit.panel.crossing import load_crossing, missing_source
from churnkit.panel.feature import Feature, Where
from churnkit.panel.links import LINKED, link_query
from churnkit.panel.owners import load_owners
from tests.oracle.books import EVENT_TABLES, LEADS, VARIANTS, hostile_book, snapshots
from tests.oracle.compare import features_that_differ, history_of
from tests.oracle.crossing import monthly
from tests.oracle.outcomes import churn_rows, renewal_rows

from .tiny import term, tiny, years

SEEDS = tuple(range(31, 31 + len(VARIANTS)))
COLUMNS = {
    "agents": ("terms_over", "exits", "expired", "complaints", "contacts", "ratings", "rating_sum"),
    "lines": ("premium_median", "rating_mean"),
}


@cache
def hostile(seed):
    return hostile_book(seed, customers=20)


@cache
def history(seed):
    return history_of(hostile(seed))


def opened(book, tables=None, spark=None):
    match = RenewalSettings(leads=LEADS, match=book.match)
    settings = Settings(data_cutoff=book.data_cutoff, delay_days=book.delay_days, renewal=match)
    return open_book(tables or book.tables, settings=settings, spark=spark)


def linked(book, scope):
    """Who is linked to whom, in the order of the members."""
    return book.sql(link_query(book, scope, load_owners(book))).sort_by("member").drop_columns("bucket")


def found(book, table):
    """What churnkit counts, by owner and month."""
    rows = load_crossing(book, table).to_pylist()
    by = {(row.pop("owner"), row.pop("known_at")): row for row in rows}
    assert list(by) == sorted(by) and len(by) == len(rows)
    return by


def expected(history, table):
    """What the oracle counts."""
    rows = [(owner, row) for owner, months in monthly(history, table).items() for row in months]
    since = datetime(1970, 1, 1)
    return {(owner, (row["known_at"] - since) // timedelta(microseconds=1)): row for owner, row in rows}


@pytest.mark.parametrize("table", COLUMNS)
@pytest.mark.parametrize("seed", SEEDS)
def test_agents_and_lines_equal_the_oracle(seed, table):
    book, want = opened(hostile(seed)), expected(history(seed), table)
    have = found(book, table)
    assert set(have) == set(want)
    there = [name for name in COLUMNS[table] if not missing_source(book, table, name)]
    for at, row in have.items():
        assert list(row) == there
        numbers = [np.nan if want[at][name] is None else want[at][name] for name in there]
        assert list(row.values()) == pytest.approx(numbers, rel=1e-9, nan_ok=True), at
    if there:
        assert len(have) > 100
        assert all(len({row[name] for row in have.values()}) > 1 for name in there if name != "complaints")


def later(rng, tables, cutoff):
    """The tables with rows that were recorded at the cutoff or after it: versions of old rows, and new ones."""
    found = {}
    for name in ("customers", "policies", "terms", *EVENT_TABLES):
        rows, key = [], TABLES[name].key
        donors = tables[name].sample(frac=1, random_state=rng.randrange(10**6)).to_dict("records")
        for i, (row, donor) in enumerate(zip(tables[name].to_dict("records"), donors, strict=True)):
            at = max(cutoff, *(v for k, v in row.items() if k.endswith("recorded_at") and not pd.isna(v)), cutoff)
            at += timedelta(seconds=rng.choice([0, 1, 10**6]) + (at > cutoff))
            new = donor if rng.random() < 0.5 else row | {"agent_id": "a9", "household_id": "h9", "line": "other"}
            new = {c: v for c, v in new.items() if c in row}
            new |= {c: at for c in row if c.endswith("recorded_at")} | {key: rng.choice([row[key], f"new{i}"])}
            if rng.random() < 0.6:
                rows.append(new)
        frame = pd.concat([tables[name].astype(object), pd.DataFrame(rows).astype(object)], ignore_index=True)
        found[name] = frame.astype(tables[name].dtypes.to_dict())
    return found


def test_what_is_recorded_later_changes_no_earlier_month():
    book, cutoff, rng = hostile(SEEDS[4]), datetime(2019, 3, 10), Random(1)
    last = int(np.datetime64(cutoff, "us").astype(np.int64))
    before, after = opened(book), opened(book, later(rng, book.tables, cutoff))
    for table in COLUMNS:
        old, new = ({at: row for at, row in found(each, table).items() if at[1] <= last} for each in (before, after))
        assert str(new) == str(old)
        assert len(old) > 50
        assert str(found(after, table)) != str(found(before, table))
    for scope in LINKED:
        old, new = ({row for row in map(tuple, linked(each, scope).to_pandas().itertuples(index=False))
                     if row[-1] < last} for each in (before, after))  # fmt: skip
        assert new == old and len(old) > 10, scope


def assert_same(left, right):
    assert left.num_rows > 50
    pd.testing.assert_frame_equal(left.to_pandas(), right.to_pandas(), check_exact=True)


def test_the_order_of_rows_and_columns_changes_nothing():
    book, rng = hostile(SEEDS[4]), Random(1)
    mixed = {
        name: frame.sample(frac=1, random_state=2)[rng.sample(list(frame), frame.shape[1])]
        for name, frame in sorted(book.tables.items(), reverse=True)
    }
    for table in COLUMNS:
        assert_same(load_crossing(opened(book, mixed), table), load_crossing(opened(book), table))


def moment(text):
    return int(np.datetime64(text, "us").astype(np.int64))


def of_agent(book, name, agent="a"):
    """A column of an agent's months, zeros left out."""
    rows = load_crossing(book, "agents").to_pylist()
    at = {row["known_at"]: row[name] for row in rows if row["owner"] == agent and row[name]}
    return {str(np.datetime64(known, "us").astype("datetime64[D]")): number for known, number in at.items()}


AGENT = {"p1": {"agent_id": "a"}, "p2": {"agent_id": "b"}}


def test_a_term_is_over_at_its_scheduled_end_or_at_an_earlier_one_once_that_is_known():
    ended = {"ended_date": "2021-03-31", "end_reason": "customer_cancelled"}
    for recorded, over, exits in (("2021-03-31 23:59:59", "2021-04-01", "2021-04-01"),
                                  ("2021-04-01", "2021-05-01", "2021-05-01"),
                                  ("2021-02-01", "2021-04-01", "2021-04-01"),
                                  ("2022-03-05", "2022-02-01", "2022-04-01")):  # fmt: skip
        cut = term("a", "2021-01-01", "2022-01-01", **ended, ended_recorded_at=recorded)
        book = tiny([cut, term("b", "2021-01-01", "2022-01-01", "p2")], policies=AGENT)
        assert of_agent(book, "terms_over") == {over: 1}
        assert of_agent(book, "exits") == {exits: 1}
        assert of_agent(book, "terms_over", "b") == {"2022-02-01": 1}
        assert of_agent(book, "exits", "b") == {}


@pytest.mark.parametrize(("reason", "exits"), [
    ("nonpayment", 1), ("surrendered", 1), ("customer_cancelled", 1), ("expired", 0), ("renewed", 0), ("death", 0),
    ("insurer_cancelled", 0), ("free_look", 0), (None, 0),
])  # fmt: skip
def test_only_what_the_customer_ended_are_exits(reason, exits):
    cut = term("a", "2021-01-01", "2022-01-01", ended_date="2021-03-31", end_reason=reason)
    assert sum(of_agent(tiny([cut], policies=AGENT), "exits").values()) == exits
    assert sum(of_agent(tiny([cut], policies=AGENT), "terms_over").values()) == 1
    assert sum(of_agent(tiny([cut], policies=AGENT), "expired").values()) == (reason == "expired")


def test_contacts_complaints_and_answers_count_on_the_policy_they_name_from_when_they_were_seen():
    night = "2021-05-31 23:59:59"
    calls = [{"policy_id": p, "initiator": who, "started_at": night, "recorded_at": at}
             for p, who, at in (("p1", "customer", "2021-06-01"), ("p1", "company", "2021-06-01"),
                                ("p2", "customer", "2021-06-01"), (None, "customer", "2021-06-01"),
                                ("gone", "customer", "2021-06-01"), ("p1", "customer", night))]  # fmt: skip
    complaints = [{"policy_id": "p1", "received_at": at, "source": "media", "recorded_at": "2021-06-02"}
                  for at in ("2021-06-01", "2021-07-01")]  # fmt: skip
    answers = [{"policy_id": "p1", "sent_at": "2021-06-01", "instrument": "csat", "answered_at": at, "score": score,
                "recorded_at": "2021-06-01"}
               for at, score in (("2021-06-30", 5), ("2021-06-30", 2), (None, None), ("2021-07-01", 1),
                                 ("2021-07-01", 6))]  # fmt: skip
    book = tiny([*years("p1", 2021, 2022), *years("p2", 2021, 2022)], policies=AGENT, interactions=calls,
                complaints=complaints, surveys=answers)  # fmt: skip
    assert of_agent(book, "contacts") == {"2021-06-01": 1, "2021-07-01": 1}
    assert of_agent(book, "contacts", "b") == {"2021-07-01": 1}
    assert of_agent(book, "complaints") == {"2021-07-01": 1, "2021-08-01": 1}
    assert of_agent(book, "ratings") == {"2021-07-01": 2, "2021-08-01": 1}
    assert of_agent(book, "rating_sum") == {"2021-07-01": 125}


def test_an_agent_who_takes_a_policy_over_has_none_of_its_past_or_future():
    policies = [{"policy_id": "p1", "customer_id": "c1", "line": "motor", "agent_id": agent, "recorded_at": at}
                for agent, at in (("a", "2020-12-01"), ("b", "2021-02-01"))]  # fmt: skip
    frames = {"customers": pd.DataFrame({"customer_id": ["c1"]}), "policies": pd.DataFrame(policies)}
    frames["terms"] = pd.DataFrame([term("t", "2020-01-01", "2020-06-01"), *years("p1", 2021, 2022)])
    book = open_book(frames, data_cutoff="2025-01-01")
    assert of_agent(book, "terms_over") == {"2021-01-01": 1, "2022-02-01": 1}  # of June 2020: not known whose it was
    assert of_agent(book, "terms_over", "b") == {}


def test_the_month_of_data_cutoff_is_not_over():
    terms = [term("a", "2021-01-01", "2021-12-31"), term("b", "2021-01-01", "2022-01-01", bound="late")]
    for cutoff, months in (("2022-01-01", 1), ("2022-01-31 23:00", 1), ("2022-02-01", 2)):
        assert len(of_agent(tiny(terms, policies=AGENT, cutoff=cutoff), "terms_over")) == months


def test_medians_and_means_of_a_line_are_of_twelve_months():
    bound = ((100.0, "2021-01-31"), (300.0, "2021-02-01"), (50.0, "2021-12-31"))
    terms = [
        term(at, "2021-03-01", "2022-03-01", premium=premium, issued_at=at, recorded_at=at) for premium, at in bound
    ]
    answers = [{"policy_id": "p1", "sent_at": "2021-01-01", "instrument": "nps", "answered_at": at, "score": score,
                "recorded_at": at} for at, score in (("2021-02-01", 10), ("2023-01-05", 4))]  # fmt: skip
    rows = load_crossing(tiny(terms, surveys=answers, cutoff="2024-03-15"), "lines").to_pylist()
    months = [str(np.datetime64(row["known_at"], "us").astype("datetime64[M]")) for row in rows]
    assert {row["owner"] for row in rows} == {"motor"}
    assert months == [str(np.datetime64("2021-02") + i) for i in range(23)] + [
        str(np.datetime64("2023-01") + 1 + i) for i in range(12)
    ]
    median = dict(zip(months, (row["premium_median"] for row in rows), strict=True))
    mean = dict(zip(months, (row["rating_mean"] for row in rows), strict=True))
    chosen = ("2021-02", "2021-03", "2022-01", "2022-02", "2022-03", "2022-12")
    assert [median[month] for month in chosen] == [100, 200, 100, 175, 50, 50]
    assert np.isnan(median["2023-02"]) and mean["2023-02"] == 40
    assert np.isnan(mean["2021-02"]) and mean["2021-03"] == mean["2022-02"] == 100 and np.isnan(mean["2022-03"])


def test_what_the_book_lacks_is_named_and_left_out():
    plain = tiny(years("p1", 2020, 2022))
    assert missing_source(plain, "agents", "exits") == "policies.agent_id is absent"
    assert missing_source(plain, "agents") == "policies.agent_id is absent"
    assert load_crossing(plain, "agents").to_pydict() == {"owner": [], "known_at": []}
    assert missing_source(plain, "lines", "premium_median") == ""
    assert missing_source(plain, "lines", "rating_mean") == "table surveys is absent"
    assert load_crossing(plain, "lines").column_names == ["owner", "known_at", "premium_median"]
    calls = [{"started_at": "2021-01-01", "initiator": "customer"}]
    book = tiny(years("p1", 2020, 2022), policies=AGENT, interactions=calls)
    assert missing_source(book, "agents", "contacts") == "interactions.policy_id is absent"
    assert missing_source(book, "agents", "known_at") == ""
    assert load_crossing(book, "agents").column_names == ["owner", "known_at", "terms_over", "exits", "expired"]


def says(book, feature, day, policy="p1"):
    """A feature of the observation of one policy on a day."""
    panel = build_panel(book, "renewal", features=[feature], as_of=day)
    return dict(zip(panel.keys["policy_id"], panel.X[feature.name], strict=True))[policy]


def test_a_member_of_the_household_counts_from_when_the_link_is_known():
    people = {"c1": "2020-01-10", "c2": "2021-03-01", "c3": None}
    customers = {c: {"household_id": "h", "recorded_at": at} for c, at in people.items()}
    complaints = [{"customer_id": c, "received_at": "2021-01-15", "source": "media", "recorded_at": "2021-01-16"}
                  for c in ("c1", "c2", "c3", "c3", "c4")]  # fmt: skip
    policies = {"p1": {}, "p4": {"customer_id": "c4"}}
    book = tiny([*years("p1", 2020, 2022), *years("p4", 2020, 2022)], policies=policies, customers=customers,
                complaints=complaints)  # fmt: skip
    count = Feature("n", "complaints", "count", scope="household")
    since = Feature("since", "complaints", "days_since", scope="household")
    assert np.isnan(says(book, count, "2020-01-10")) and says(book, count, "2020-01-11") == 0
    assert says(book, count, "2021-03-01") == 3 and says(book, count, "2021-03-02") == 4
    assert says(book, since, "2021-03-02") == 46
    assert np.isnan(says(book, count, "2021-03-02", "p4")) and np.isnan(says(book, since, "2021-03-02", "p4"))


def test_a_policy_has_its_agent_and_line_from_when_it_was_recorded():
    calls = [{"policy_id": "p2", "initiator": "customer", "started_at": "2020-01-05", "recorded_at": "2020-01-05"}]
    policies = {"p1": {"agent_id": "a", "recorded_at": "2020-05-10"}, "p2": {"agent_id": "a", "recorded_at": None}}
    book = tiny([*years("p1", 2020, 2022), *years("p2", 2020, 2022)], policies=policies, interactions=calls)
    count = Feature("n", "agents", "sum", column="contacts", scope="agent")
    median = Feature("m", "lines", "last", column="premium_median", scope="line")
    for day, number, premium in (("2020-05-10", np.nan, np.nan), ("2020-05-11", 1, 100)):
        assert says(book, count, day) == pytest.approx(number, nan_ok=True)
        assert says(book, median, day) == pytest.approx(premium, nan_ok=True)
    assert says(book, count, "2020-02-01", "p2") == 0 and says(book, count, "2020-02-02", "p2") == 1


def hard_features(target):
    """Aggregates of every kind over households, and over agents and lines where the observation is of a policy."""
    home = {"scope": "household"}
    asked = {"table": "interactions", "clock": "started_at", **home}
    said = {"table": "surveys", "clock": "answered_at", "column": "rating", **home}
    found = [
        Feature(f"home_{how}_{days}", aggregate=how, days=days, **said)
        for how in ("sum", "mean", "std", "min", "max", "first", "last", "distinct", "slope")
        for days in (None, 365)
    ]
    found += [
        Feature(f"home_{how}", aggregate=how, table="claims", clock="paid_at", **home)
        for how in ("count", "days_since", "days_since_first", "gap_mean", "gap_max")
    ]
    found += [
        Feature(f"home_topic_{how}", aggregate=how, column="topic", **asked) for how in ("first", "last", "distinct")
    ]
    found.append(Feature("home_open", "complaints", "open", end_clock="decided_at", **home))
    found.append(Feature("home_repeats", "interactions", "count", clock="repeated_at", days=365, **home))
    found.append(Feature("home_ended", "terms", "count", clock="ended_date", **home))
    found.append(
        Feature("home_share", aggregate="share", days=365, of=(Where("initiator", "==", "customer"),), **asked)
    )
    own = Feature("calls", "interactions", "count", days=365)
    home_calls, all_calls = (
        Feature("calls", aggregate="count", days=365, **asked),
        Feature("calls", aggregate="count", **asked),
    )
    found += [
        Feature(f"calls_{how}_{i}", "panel", how, parts=parts)
        for i, parts in enumerate([(own, home_calls), (home_calls, all_calls)])
        for how in ("ratio", "difference")
    ]
    if target == "renewal":
        for table, scope in (("agents", "agent"), ("lines", "line")):
            found += [
                Feature(f"{name}_{how}_{days}", table, how, column=name, days=days, scope=scope)
                for name in COLUMNS[table]
                for how in ("last", "mean", "slope", "distinct")
                for days in (None, 365)
            ]
            found.append(Feature(f"{table}_months", table, "count", scope=scope))
    return found  # fmt: skip


@pytest.mark.parametrize(("seed", "target"), [(SEEDS[4], "renewal"), (SEEDS[0], "churn")])
def test_features_of_others_equal_the_oracle_in_a_panel(seed, target):
    past, features = history(seed), hard_features(target)
    panel = build_panel(opened(hostile(seed)), target, features=features, keep_unlabelled=True, partitions=3)
    assert not panel.info["switched_off"]
    rows = renewal_rows(past, LEADS) if target == "renewal" else churn_rows(past, snapshots(2015))
    differences = features_that_differ(panel, past, rows, sample=60, seed=seed)
    assert not differences, "\n".join(differences[:10])
    assert panel.X.nunique().min() > 1


@pytest.mark.spark
def test_agents_and_lines_are_the_same_on_spark(spark):
    here, there = (opened(hostile_book(SEEDS[4], customers=15), spark=each) for each in (None, spark))
    for table in COLUMNS:
        assert_same(load_crossing(there, table), load_crossing(here, table))
    rows, others = (linked(each, "agent").to_pandas() for each in (here, there))
    pd.testing.assert_frame_equal(others, rows, check_exact=True)
