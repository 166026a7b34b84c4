"""Eight planted leaks: each is refused by construction or found, and the clean twin of the book raises nothing.

Found: columns and tables as an extract has them, without history; all are planted into one book, each in columns of its
own. Refused: the same leaks in a book that says what was known when; no value before the cutoff is touched by them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnkit.apps.leaks import find_leaks
from churnkit.book.open import open_book
from churnkit.book.settings import Settings
from churnkit.errors import LeakageError
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features
from churnkit.panel.extra import declared_features
from churnkit.panel.feature import Feature, Where
from churnkit.simulate import simulate_book
from tests.simulated import simulated

from . import planted
from .commands import churnkit

DAY = pd.Timestamp("2025-03-01")  # a cutoff in the middle of what is planted
SOME = ("premium", "tenure_days", "offer_change", "contacts_365d", "claims_365d", "line", "region", "csat_last")
PHONED = Feature("phoned_90d", "interactions", "count", where=(Where("initiator", "==", "company"),), days=90)
INVITED = Feature("invited_90d", "surveys", "count", clock="sent_at", days=90)
AGENT = Feature("agent", "policies", "attribute", column="agent_id")
EXITS = Feature("agent_exits", "agents", "sum", column="exits", days=365, scope="agent")
PAYMENTS = Feature("payments_so_far", "terms", "count", clock="issued_at")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return simulated(tmp_path_factory, customers=1500, years=5, seed=1)


@pytest.fixture(scope="module")
def tables(folder):
    return {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}


def opened(frames, **declared):
    return open_book(frames, settings=Settings(data_cutoff=str(planted.CUTOFF), **declared))


def panel_features(book, target="renewal", more=()):
    standard = [f for f in standard_features(target) if f.name in SOME]
    return [*standard, *declared_features(book, target), *more]


def as_extracted(tables):
    """The book with all leaks, as an extract of today has them."""
    for plant in (planted.cancelled_on, planted.farewell_letters, planted.retention_calls, planted.developed_amounts,
                  planted.reassigned_agents, planted.exit_surveys, planted.document_numbers, planted.segments,
                  planted.payment_counts, planted.young_log):  # fmt: skip
        tables = plant(tables)
    extra = {"policies": {"cancelled_on": "date"}, "claims": {"incurred": "money"}, "terms": {"document": "number"},
             "customers": {"segment": "category", "payments": "number"}}  # fmt: skip
    own = {"letters": {"key": "letter_id", "customer": "customer_id", "clocks": ["dated"]},
           "visits": {"key": "visit_id", "customer": "customer_id", "clocks": ["visited_at"]}}  # fmt: skip
    return opened(tables, extra=extra, tables=own)


def with_history(tables):
    """The same facts in a book that says what was known when."""
    for plant in (planted.cancelled_on, planted.farewell_letters, planted.document_numbers):
        tables = plant(tables)
    tables = planted.exit_surveys(planted.retention_calls(tables, after=DAY), before=-3)
    for plant in (planted.developed_amounts, planted.reassigned_agents, planted.segments):
        tables = plant(tables, versions=True)
    return tables


def opened_with_history(tables):
    extra = {"policies": {"cancelled_on": {"type": "date", "known_at": "cancelled_on"}},
             "claims": {"incurred": "money"}, "terms": {"document": "id"},
             "customers": {"segment": "category"}}  # fmt: skip
    own = {"letters": {"key": "letter_id", "customer": "customer_id", "clocks": ["entered_at"]}}
    return opened(tables, extra=extra, tables=own)


@pytest.fixture(scope="module")
def extracted(tables):
    book = as_extracted(tables)
    return find_leaks(book, "renewal", features=panel_features(book, more=(PHONED, INVITED, AGENT, EXITS)))


@pytest.fixture(scope="module")
def historic(tables):
    return opened_with_history(with_history(tables))


@pytest.fixture(scope="module")
def seen(historic):
    """What was known on the day, of the book with history."""
    more = (PHONED, INVITED, AGENT, EXITS, PAYMENTS)
    return build_panel(historic, "renewal", features=panel_features(historic, more=more), as_of=DAY)


def verdict(leaks, feature):
    return leaks.table.set_index("feature").loc[feature]


def test_the_clean_twin_raises_nothing(tables):
    """A fifth of the standard features; all of them, on three more seeds, among the slow proofs."""
    leaks = find_leaks(opened(tables), "renewal", features=standard_features("renewal")[::5])
    assert leaks.findings == ()
    assert set(leaks.table["verdict"]) <= {"", "drifts"}
    assert "no leak found" in leaks.text
    for statistic in ("drop_low", "separates_time"):
        assert leaks.table[statistic].notna().mean() > 0.9  # the others have no values in this book


def test_only_what_was_planted_is_named(extracted):
    named = set(extracted.table.loc[~extracted.table["verdict"].isin(["", "drifts"]), "feature"])
    assert not named & set(SOME)
    assert len(extracted.findings) == len(named)
    for finding in extracted.findings:
        assert (finding.code, finding.severity) == ("LEAK29", "warning")
        assert str(finding) in extracted.text


def test_the_book_with_history_raises_nothing(historic):
    leaks = find_leaks(historic, "renewal", features=panel_features(historic, more=(INVITED, AGENT, EXITS, PAYMENTS)))
    assert leaks.findings == ()


def test_what_is_known_later_changes_no_value_before(seen, tables):
    """Without any row recorded, letter entered or policy ended from that day on, the day's panel is the same."""
    cut = {}
    for name, frame in with_history(tables).items():
        clock = "entered_at" if name == "letters" else "recorded_at"
        cut[name] = frame[frame[clock] < DAY] if clock in frame else frame
    ended = cut["policies"]["cancelled_on"]
    cut["policies"] = cut["policies"].assign(cancelled_on=ended.where(ended < DAY))
    book = opened_with_history(cut)
    more = (PHONED, INVITED, AGENT, EXITS, PAYMENTS)
    before = build_panel(book, "renewal", features=panel_features(book, more=more), as_of=DAY)
    assert len(before) > 500
    pd.testing.assert_frame_equal(before.keys, seen.keys)
    pd.testing.assert_frame_equal(before.X, seen.X, check_exact=True)


# 1. The end date through the wrong clock.


def test_end_date_beside_the_policy_is_found_because_it_alone_separates(extracted):
    row = verdict(extracted, "days_since_cancelled_on")
    assert row["verdict"] == "separates the outcome"
    assert row["auc"] > 0.99


def test_end_dated_by_the_notice_period_is_found_because_it_fades_30_days_earlier(extracted):
    """Known from 20 days before the end on: nearly all of it is gone a month earlier."""
    row = verdict(extracted, "letters_all")
    assert row["verdict"] in ("fades 30 days earlier", "separates the outcome")
    assert row["lead_days"] == 15
    assert row["drop_low"] > 0.3
    assert abs(row["auc_30d_earlier"] - 0.5) < 0.1


def test_end_date_through_its_own_clock_is_refused_by_construction(seen):
    """Null before its own clock: no policy in force has been cancelled."""
    assert seen.X["days_since_cancelled_on"].isna().all()
    with pytest.raises(LeakageError, match="known only from ended_date"):
        Feature("left", "terms", "count", clock="issued_at", where=(Where("end_reason", "==", "expired"),))


# 2. The retention call after the model's flag.


def test_retention_call_after_a_flag_is_found_because_it_fades_30_days_earlier(extracted):
    """Made 18 to 40 days before the end: at 15 days the old model's flag is seen, at 45 it is not."""
    row = verdict(extracted, "phoned_90d")
    assert row["verdict"] == "fades 30 days earlier"
    assert row["lead_days"] == 15
    assert row["drop_low"] > 0.1


def test_retention_call_after_the_cutoff_is_refused_by_construction(seen, historic):
    """A call that follows from the score of the day comes after the day: contact counts before it know nothing."""
    assert (seen.X["phoned_90d"] == 0).all()
    later = build_panel(historic, "renewal", features=[PHONED], as_of=DAY + pd.Timedelta(days=60))
    assert (later.X["phoned_90d"] > 0).any()


# 3. Claim amounts as developed later.


def test_claim_amounts_of_today_are_found_because_they_separate_time(extracted):
    """Those of two years ago have developed, those of the rows to be scored have not."""
    row = verdict(extracted, "claims_incurred_mean_365d")
    assert row["verdict"] == "separates time"
    assert "or its values are written on for years" in extracted.text


def test_claim_amounts_before_their_time_are_refused(seen, tables):
    """With versions a mean holds what was known; through the wrong clock the contract's own amount is no feature."""
    with pytest.raises(LeakageError, match='Use clock="paid_at"'):
        Feature("paid", "claims", "sum", clock="reported_at", column="amount_paid", days=365)
    first = planted.developed_amounts(tables, versions=True)["claims"].drop_duplicates("claim_id")
    young = first[(first["recorded_at"] < DAY) & (first["reported_at"] >= DAY - pd.Timedelta(days=365))]
    once = young.groupby("customer_id")["incurred"].mean()
    wanted = seen.keys["customer_id"].map(once)
    assert wanted.notna().sum() > 100
    np.testing.assert_allclose(seen.X["claims_incurred_mean_365d"], wanted)


# 4. The agent reassigned after the lapse.


def test_agent_of_today_is_found_because_it_is_written_when_they_leave(extracted):
    for name in ("agent", "agent_exits"):
        row = verdict(extracted, name)
        assert row["verdict"] == "written when they leave"
        assert row["left_later"] > 0.7
    (finding,) = (f for f in extracted.findings if f.found.startswith("agent_exits"))
    assert (finding.table, finding.effect.split(",")[0]) == (
        "policies",
        "whose agent it speaks of is as of the extract",
    )


def test_agent_with_versions_is_refused_by_construction(seen, tables):
    """The version that names the house's agent is recorded after the lapse: before, the first agent is seen."""
    first = planted.reassigned_agents(tables, versions=True)["policies"].drop_duplicates("policy_id")
    assert (seen.X["agent"] == seen.keys["policy_id"].map(first.set_index("policy_id")["agent_id"])).all()


# 5. The survey sent because the customer left.


def test_exit_survey_before_the_end_is_found_because_it_fades_30_days_earlier(extracted):
    """Sent at notice, 25 days before the end: seen at 15 days, not at 45."""
    row = verdict(extracted, "invited_90d")
    assert row["verdict"] == "fades 30 days earlier"
    assert row["lead_days"] == 15


def test_exit_survey_after_the_end_is_refused_by_construction(seen, tables):
    """Sent when the term is over, it is in no window that ends before the end."""
    clean = build_panel(opened(tables), "renewal", features=[INVITED], as_of=DAY)
    mine, theirs = (
        panel.X["invited_90d"].groupby(panel.keys["policy_id"]).first().rename_axis(None) for panel in (seen, clean)
    )
    own = planted.left_terms(tables)
    gone = set(own.loc[own["end_date"] < DAY, "customer_id"])
    stayed = seen.keys.loc[~seen.keys["customer_id"].isin(gone), "policy_id"]
    assert len(stayed) > 500
    pd.testing.assert_series_equal(mine[stayed], theirs[stayed])


# 6. The id in time order.


def test_number_in_time_order_is_found_because_it_separates_time(extracted):
    row = verdict(extracted, "document")
    assert row["verdict"] == "separates time"
    assert row["separates_time"] > 0.95
    assert abs(row["auc"] - 0.5) < 0.05  # of the outcome it knows nothing


def test_an_id_is_refused_by_construction(historic, seen):
    """What is declared as an id, and the contract's own ids, become no number."""
    assert "document" not in seen.X
    assert not {f.name for f in declared_features(historic, "renewal") if f.column.endswith("_id")}


# 7. The segment of today.


def test_segment_of_today_is_found_because_it_is_written_when_they_leave(extracted):
    row = verdict(extracted, "segment")
    assert row["verdict"] == "written when they leave"
    assert row["left_later"] > 0.9


def test_segment_with_versions_is_refused_by_construction(seen, tables):
    first = planted.segments(tables, versions=True)["customers"]
    known = first[first["recorded_at"] < DAY].sort_values("recorded_at").groupby("customer_id")["segment"].last()
    assert (seen.X["segment"] == seen.keys["customer_id"].map(known)).all()
    assert (seen.X["segment"] == "dormant").mean() < 0.05


# 8. The count over all time.


def test_count_of_today_is_found_because_it_grows_with_those_who_stay(extracted):
    row = verdict(extracted, "payments")
    assert row["verdict"] == "written when they leave"
    assert row["left_later"] > 0.7


def test_count_since_a_log_began_is_found_because_it_separates_time(extracted):
    assert verdict(extracted, "visits_all")["verdict"] == "separates time"
    assert "it looks back over the whole record, which is longer now" in extracted.text


def test_count_over_all_time_is_refused_by_construction(seen, tables):
    """Through a clock it ends at the cutoff: the terms issued by then, and none after."""
    terms = tables["terms"].merge(tables["policies"][["policy_id", "customer_id"]], on="policy_id")
    so_far = terms[terms["recorded_at"] < DAY].groupby("customer_id").size()
    assert (seen.X["payments_so_far"] == seen.keys["customer_id"].map(so_far)).all()


def test_leaks_of_customers_are_found_for_churn_too(tables):
    book = as_extracted(tables)
    leaks = find_leaks(book, "churn", features=panel_features(book, "churn"))
    found = leaks.table.set_index("feature")["verdict"]
    assert {found[name] for name in ("segment", "payments")} <= {"written when they leave", "separates the outcome"}
    assert found["claims_incurred_mean_365d"] == found["visits_all"] == "separates time"
    assert set(found[[name for name in SOME if name in found]]) <= {"", "drifts"}


def test_a_small_book_has_no_noise_for_a_finding(tables):
    some = set(tables["customers"]["customer_id"].iloc[::6])
    policies = tables["policies"][tables["policies"]["customer_id"].isin(some)]
    small = {"customers": tables["customers"][tables["customers"]["customer_id"].isin(some)], "policies": policies,
             "terms": tables["terms"][tables["terms"]["policy_id"].isin(policies["policy_id"])]}  # fmt: skip
    rng = np.random.default_rng(0)
    for n in range(40):
        small["customers"] = small["customers"].assign(**{f"x{n}": rng.standard_normal(len(small["customers"]))})
    book = opened(small, extra={"customers": {f"x{n}": "number" for n in range(40)}})
    leaks = find_leaks(book, "renewal", features=panel_features(book))
    assert leaks.findings == ()


def test_the_command_prints_and_writes_what_it_found(tmp_path, tables):
    place = tmp_path / "book"
    place.mkdir()
    some = tables["customers"]["customer_id"].iloc[::4]
    policies = planted.cancelled_on(tables)["policies"]
    policies = policies[policies["customer_id"].isin(some)]
    terms = tables["terms"][tables["terms"]["policy_id"].isin(policies["policy_id"])]
    frames = {"customers": tables["customers"][tables["customers"]["customer_id"].isin(some)], "policies": policies,
              "terms": terms}  # fmt: skip
    for name, frame in frames.items():
        frame.to_parquet(place / f"{name}.parquet")
    settings = ['data_cutoff = "2026-10-01"', "[policies.extra]", 'cancelled_on = "date"']
    (place / "churnkit.toml").write_text("\n".join(settings), encoding="utf-8")
    done = churnkit("leaks", place, "--csv", tmp_path / "leaks.csv")
    assert done.returncode == 0, done.stderr
    assert "days_since_cancelled_on alone separates the label" in done.stdout
    written = pd.read_csv(tmp_path / "leaks.csv")
    assert written["feature"].iloc[0] == "days_since_cancelled_on"
    for words in (("--target", "both"), ("--csv", tmp_path / "leaks.txt")):
        refused = churnkit("leaks", place, *words)
        assert refused.returncode != 0
        assert "Looking for leaks" not in refused.stderr


@pytest.mark.recovery
@pytest.mark.parametrize("seed", [5, 6, 7])
def test_clean_worlds_raise_nothing(tmp_path, seed):
    book = open_book(simulate_book(tmp_path, customers=1500, years=5, seed=seed, truth=False))
    for target in ("renewal", "churn"):
        assert find_leaks(book, target).findings == ()
