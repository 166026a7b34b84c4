"""Who is observed when, one rule per test."""

import pandas as pd
import pytest

from churnkit.errors import UsageError
from churnkit.panel.build import build_panel
from churnkit.panel.feature import Feature
from churnkit.panel.observations import churn_observations, inforce_observations, renewal_observations

from .tiny import term, tiny, years


def seen(book, leads=(90,)):
    """(term, lead) pairs that are observed."""
    found = renewal_observations(book, leads)
    return list(zip(found["term_id"], found["lead_days"].astype(int), strict=True))


def test_a_term_is_observed_at_every_lead_counted_from_its_scheduled_end():
    found = renewal_observations(tiny(years("p1", 2020, 2021)), (14, 330))
    assert found["cutoff"].tolist() == [pd.Timestamp("2020-02-06"), pd.Timestamp("2020-12-18")]
    assert found["lead_days"].tolist() == [330, 14]
    assert found["entity"].tolist() == ["p1-2020"] * 2


def test_a_lead_at_the_start_of_the_term_is_no_observation():
    book = tiny([term("t", "2020-01-01", "2020-04-10")])
    assert seen(book, (99, 100)) == [("t", 99)]


def test_monthly_terms_are_left_out_and_counted():
    months = [term(f"m{i}", f"2020-0{i}-01", f"2020-0{i + 1}-01", "p2") for i in (1, 2)]
    book = tiny([*years("p1", 2020, 2023), *months])
    assert seen(book, (14,)) == [("p1-2020", 14), ("p1-2021", 14), ("p1-2022", 14)]
    features = (Feature("term_number", "observation", "attribute", column="term_number"),)
    assert build_panel(book, "renewal", leads=(14,), features=features).info["excluded"] == {"monthly": 2}


def test_a_policy_that_cannot_be_renewed_is_left_out():
    assert seen(tiny(years("p1", 2020, 2021), policies={"p1": {"renewable": False}})) == []


def test_a_term_not_yet_recorded_is_not_yet_known():
    late = term("t", "2020-01-01", "2021-01-01", recorded_at="2020-11-01")
    assert seen(tiny([late]), (14, 61, 62)) == [("t", 14)]


def test_a_term_known_to_have_ended_is_not_at_risk():
    ended = {"ended_date": "2020-08-01", "end_reason": "customer_cancelled", "ended_recorded_at": "2020-08-02"}
    assert seen(tiny([term("t", "2020-01-01", "2021-01-01", **ended)]), (90, 180)) == [("t", 180)]


def test_a_cancellation_recorded_after_the_cutoff_is_not_known_at_it():
    ended = {"ended_date": "2020-08-01", "end_reason": "customer_cancelled", "ended_recorded_at": "2020-11-01"}
    assert seen(tiny([term("t", "2020-01-01", "2021-01-01", **ended)]), (14, 90)) == [("t", 90)]


def test_a_decline_announced_before_the_end_takes_the_term_out():
    ended = {"ended_date": "2021-01-01", "end_reason": "insurer_declined", "ended_recorded_at": "2020-11-15"}
    assert seen(tiny([term("t", "2020-01-01", "2021-01-01", **ended)]), (14, 90)) == [("t", 90)]


def test_an_early_renewer_has_left_the_short_leads():
    early = {"issued_at": "2020-11-01", "recorded_at": "2020-11-01"}
    old, new = term("old", "2020-01-01", "2021-01-01"), term("new", "2021-01-01", "2022-01-01", **early)
    assert [pair for pair in seen(tiny([old, new]), (14, 61, 90)) if pair[0] == "old"] == [("old", 90), ("old", 61)]


def test_a_successor_given_back_later_was_a_renewal_as_visible():
    free = {"ended_date": "2021-01-05", "end_reason": "free_look", "ended_recorded_at": "2021-01-06"}
    early = {"issued_at": "2020-12-01", "recorded_at": "2020-12-01"}
    book = tiny([term("old", "2020-01-01", "2021-01-01"), term("new", "2021-01-01", "2022-01-01", **early, **free)])
    assert seen(book, (14, 45)) == [("old", 45)]


def test_a_term_entered_later_does_not_change_who_was_renewed():
    early = {"issued_at": "2020-12-01", "recorded_at": "2020-12-01"}
    later = term("later", "2020-12-20", "2021-12-20", issued_at="2021-02-01", recorded_at="2021-02-01")
    terms = [term("old", "2020-01-01", "2021-01-01"), term("new", "2021-01-01", "2022-01-01", **early)]
    for book in (tiny(terms), tiny([*terms, later])):
        assert [pair for pair in seen(book, (14, 45)) if pair[0] == "old"] == [("old", 45)]


def test_one_visible_successor_renews_the_earlier_of_two_terms_only():
    early = {"issued_at": "2020-12-01", "recorded_at": "2020-12-01"}
    terms = [term("a", "2020-01-01", "2021-01-01"), term("b", "2020-02-01", "2021-01-01"),
             term("new", "2021-01-01", "2022-01-01", **early)]  # fmt: skip
    assert [pair for pair in seen(tiny(terms), (14,)) if pair[0] != "new"] == [("b", 14)]


def test_cover_that_was_never_sold_puts_nobody_at_risk_of_churn():
    free = {"ended_date": "2020-04-05", "end_reason": "free_look", "ended_recorded_at": "2020-04-05"}
    book = tiny([*years("p1", 2019, 2020), term("t", "2020-03-28", "2021-03-28", **free)])
    assert churn_observations(book, ["2019-10-01", "2020-04-01"])["cutoff"].tolist() == [pd.Timestamp("2019-10-01")]


@pytest.mark.parametrize(
    "ended",
    [
        {"ended_date": "2020-01-01", "end_reason": "customer_cancelled"},
        {"ended_date": "2020-01-12", "end_reason": "free_look"},
    ],
)
def test_terms_ended_on_their_first_day_or_in_free_look_were_never_sold(ended):
    assert seen(tiny([term("t", "2020-01-01", "2021-01-01", **ended)]), (330, 360)) == []


def test_no_observation_lies_after_the_data_cutoff():
    assert seen(tiny([term("t", "2024-03-01", "2025-03-01")]), (45, 59, 60)) == [("t", 60), ("t", 59)]


def test_a_changed_end_is_used_only_once_its_version_is_known():
    first = term("t", "2020-01-01", "2021-01-01")
    second = first | {"end_date": "2020-10-01", "recorded_at": "2020-06-01"}
    found = renewal_observations(tiny([first, second]), (60, 330))
    assert found["cutoff"].tolist() == [pd.Timestamp("2020-02-06"), pd.Timestamp("2020-08-02")]


def test_in_force_observations_give_each_policy_its_own_lead():
    book = tiny([*years("p1", 2020, 2022), term("t", "2020-06-01", "2021-06-01", "p2")])
    found = inforce_observations(book, "2020-10-01")
    assert dict(zip(found["term_id"], found["lead_days"], strict=True)) == {"p1-2020": 92, "t": 243}
    assert set(found["cutoff"]) == {pd.Timestamp("2020-10-01")}


def test_cover_is_half_open_so_a_term_starting_today_is_in_force_and_one_ending_today_is_not():
    found = inforce_observations(tiny(years("p1", 2020, 2022)), "2021-01-01")
    assert found["term_id"].tolist() == ["p1-2021"]


def test_as_of_after_the_data_cutoff_is_refused():
    with pytest.raises(UsageError, match="not after its data_cutoff"):
        inforce_observations(tiny(years("p1", 2020, 2022)), "2025-01-02")


def test_a_snapshot_holds_the_customers_in_cover_as_visible():
    gone = {"ended_date": "2020-08-01", "end_reason": "customer_cancelled", "ended_recorded_at": "2020-10-05"}
    terms = [*years("p1", 2020, 2021), term("t", "2020-01-01", "2021-01-01", "p2", **gone)]
    found = churn_observations(
        tiny(terms, policies={"p2": {"customer_id": "c2"}}), ["2020-10-01", "2021-01-01", "2020-11-01"]
    )
    assert list(zip(found["entity"], found["cutoff"].dt.month, strict=True)) == [("c1", 10), ("c1", 11), ("c2", 10)]


def test_snapshots_are_quarter_starts_up_to_the_data_cutoff():
    found = churn_observations(tiny(years("p1", 2024, 2025)))
    assert found["cutoff"].dt.strftime("%m-%d").tolist() == ["01-01", "04-01", "07-01", "10-01"]


@pytest.mark.parametrize("leads", [(), (0,), (1.5,)])
def test_leads_that_are_no_days_before_the_end_are_refused(leads):
    with pytest.raises(UsageError, match="whole days before the end"):
        renewal_observations(tiny(years("p1", 2020, 2021)), leads)
