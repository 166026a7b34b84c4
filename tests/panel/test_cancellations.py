"""Policies of monthly terms: who is observed at a month's start, and who cancels within the month."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import ContractError, UsageError
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features
from churnkit.panel.feature import Feature
from churnkit.panel.labels import OTHER_EXITS
from churnkit.panel.panel import Panel

from .tiny import term, tiny

FEATURES = standard_features("cancellation", groups=("timing", "relationship"))


def months(policy, first, count, **last):
    """Monthly terms of a policy from a day on; `last` is said of the last of them."""
    edges = [pd.Timestamp(first) + pd.DateOffset(months=k) for k in range(count + 1)]
    rows = [term(f"{policy}-{k}", str(edges[k]), str(edges[k + 1]), policy) for k in range(count)]
    return [*rows[:-1], rows[-1] | last]


OTHER = months("p9", "2024-01-10", 2)


def panel_of(terms, **book):
    """The panel with unlabelled rows, of these terms and one more policy, so that both classes are there."""
    return build_panel(tiny([*terms, *OTHER], **book), "cancellation", features=FEATURES, keep_unlabelled=True)


def told(panel, policy="p1"):
    """Label or cause by month of the snapshot."""
    mine = panel.keys["policy_id"] == policy
    said = panel.keys["cause"].where(panel.y.isna(), panel.y)
    return dict(zip(panel.cutoff[mine].dt.strftime("%Y-%m"), said[mine], strict=True))


def test_a_policy_is_observed_each_month_until_it_is_not_renewed():
    whole = panel_of(months("p1", "2024-01-10", 4))  # cover ends on 10 May
    panel = whole.take(whole.keys["policy_id"] == "p1")
    assert told(panel) == {"2024-02": 0.0, "2024-03": 0.0, "2024-04": 0.0, "2024-05": 1.0}
    assert panel.keys["entity"].tolist() == ["p1"] * 4 and panel.keys["lead_days"].isna().all()
    assert panel.keys["term_id"].tolist() == ["p1-0", "p1-1", "p1-2", "p1-3"]
    assert panel.y.name == "cancelled" and panel.X["term_number"].tolist() == [1, 2, 3, 4]
    assert panel.X["tenure_days"].tolist() == [22, 51, 82, 112]


def test_the_window_is_open_at_the_snapshot_and_closed_a_month_later():
    panel = panel_of(months("p1", "2024-01-01", 3) + months("p2", "2024-01-02", 3))
    assert told(panel) == {"2024-01": 0.0, "2024-02": 0.0, "2024-03": 1.0}  # ends at the start of April
    assert told(panel, "p2") == {"2024-02": 0.0, "2024-03": 0.0, "2024-04": 1.0}


def test_every_day_of_the_year_lies_in_exactly_one_window():
    days = pd.date_range("2024-02-02", "2025-02-01")
    terms = [row for day in days for row in months(f"{day:%F}", day - pd.DateOffset(months=1), 1)]
    panel = panel_of(terms, cutoff="2025-08-01")
    ends = panel.y.groupby(panel.keys["policy_id"]).sum()
    assert len(ends) == 1 + len(days) and (ends == 1).all()


def ended_by(reasons, day, known):
    """A policy per reason, ended on a day in March by it."""
    each = {f"p{k}": dict(zip(("ended_date", "ended_recorded_at", "end_reason"), (day, known, reason), strict=True))
            for k, reason in enumerate(reasons)}  # fmt: skip
    return [row for policy, ended in each.items() for row in months(policy, "2024-01-10", 3, **ended)]


def test_leaving_by_ones_own_doing_is_cancelling():
    reasons = ("customer_cancelled", "nonpayment", "surrendered", "expired", None)
    panel = panel_of(ended_by(reasons, "2024-03-20", "2024-03-21"))
    for k in range(len(reasons)):
        assert told(panel, f"p{k}") == {"2024-02": 0.0, "2024-03": 1.0}


def test_other_exits_have_no_label_and_are_counted():
    panel = panel_of(ended_by(OTHER_EXITS, "2024-03-20", "2024-03-21"))
    for k, reason in enumerate(OTHER_EXITS):
        assert told(panel, f"p{k}") == {"2024-02": 0.0, "2024-03": reason}
        assert panel.info["excluded"][reason] == 1


def test_an_unripe_label_is_null():
    for cutoff, last in (("2024-06-07", 1.0), ("2024-06-06", "unripe")):  # 1 May + 30 + 7
        panel = panel_of(months("p1", "2024-01-10", 3), cutoff=cutoff, policies={"p1": {"grace_days": 30}})
        assert told(panel)["2024-04"] == last
        if last == "unripe":
            assert str(panel.keys["ripe_at"].max()) == "2024-06-07 00:00:00"


def test_cover_goes_on_within_grace_and_not_beyond():
    first = months("p1", "2024-01-10", 2)  # until 10 March
    for back, goes_on in (("2024-03-24", True), ("2024-03-25", False)):
        panel = panel_of([*first, term("back", back, "2024-04-24")], policies={"p1": {"grace_days": 15}})
        assert told(panel) == {"2024-02": 0.0, "2024-03": 0.0 if goes_on else 1.0, "2024-04": 1.0}


def test_a_cancelled_term_that_is_taken_up_again_within_grace_is_one_spell():
    ended = {"ended_date": "2024-03-12", "ended_recorded_at": "2024-03-13", "end_reason": "nonpayment"}
    broken = months("p1", "2024-01-10", 3, **ended)
    for back, goes_on in (("2024-03-27", True), ("2024-03-28", False)):  # to its very last day
        again = term("again", back, "2024-04-10", issued_at=back, recorded_at=back)
        panel = panel_of([*broken, again], policies={"p1": {"grace_days": 15}})
        assert told(panel)["2024-03"] == (0.0 if goes_on else 1.0)


def test_an_end_that_had_come_unseen_is_no_end_of_this_month():
    ended = {"ended_date": "2024-02-25", "ended_recorded_at": "2024-03-05", "end_reason": "customer_cancelled"}
    panel = panel_of(months("p1", "2024-01-10", 2, **ended))
    assert told(panel) == {"2024-02": 1.0, "2024-03": "ended_unseen"}
    assert panel.info["excluded"]["ended_unseen"] == 1


def test_who_has_given_notice_is_no_longer_asked():
    ended = {"ended_date": "2024-03-09", "ended_recorded_at": "2024-02-28", "end_reason": "customer_cancelled"}
    panel = panel_of(months("p1", "2024-01-10", 2, **ended))
    assert told(panel) == {"2024-02": 0.0}
    assert panel.info["excluded"]["ended_before"] == 1


def test_terms_never_sold_are_nobodys():
    look = {"ended_date": "2024-01-20", "ended_recorded_at": "2024-02-03", "end_reason": "free_look"}
    panel = panel_of(months("p1", "2024-01-10", 1, **look))
    assert told(panel) == {} and panel.info["excluded"]["never_sold"] == 1


def test_terms_of_sixty_days_and_of_policies_that_are_not_renewable_are_left_to_others():
    long = [term("long", "2024-01-10", "2024-03-10", "p3"), term("short", "2024-01-10", "2024-03-09", "p4")]
    travel = months("p5", "2024-01-10", 1)
    renewable = {name: {"renewable": name != "p5"} for name in ("p3", "p4", "p5", "p9")}
    panel = panel_of([*long, *travel], policies=renewable)
    assert set(panel.keys["policy_id"]) == {"p4", "p9"}
    assert panel.info["excluded"]["not_renewable"] == 1


def test_a_policy_under_several_numbers_is_one():
    terms = months("p1", "2024-01-10", 2) + months("p2", "2024-03-10", 2)
    panel = panel_of(terms, policies={"p2": {"previous_policy_id": "p1"}})
    assert told(panel) == {"2024-02": 0.0, "2024-03": 0.0} and told(panel, "p2") == {"2024-04": 0.0, "2024-05": 1.0}
    assert panel.X["tenure_days"][panel.keys["policy_id"] != "p9"].tolist() == [22, 51, 82, 112]


def test_a_policy_with_two_terms_in_force_is_one_row():
    terms = [*months("p1", "2024-01-10", 2), term("early", "2024-02-25", "2024-04-10")]
    panel = panel_of(terms)
    assert panel.keys.groupby(["policy_id", "cutoff"]).size().max() == 1
    assert panel.keys["term_id"][panel.cutoff == "2024-03-01"].tolist() == ["early", "p9-1"]


def test_in_force_on_any_day():
    book = tiny([*months("p1", "2024-01-10", 3), *OTHER])
    panel = build_panel(book, "cancellation", features=FEATURES, as_of="2024-03-20")
    assert panel.keys["policy_id"].tolist() == ["p1"] and panel.y.isna().all()
    assert panel.info["as_of"] == ["2024-03-20T00:00:00"]


def test_snapshots_of_ones_own():
    book = tiny(months("p1", "2024-01-01", 3))
    panel = build_panel(book, "cancellation", features=FEATURES, snapshots=["2024-01-15", "2024-03-31"])
    assert panel.info["snapshots"] == ["2024-01-15T00:00:00", "2024-03-31T00:00:00"]
    assert told(panel) == {"2024-01": 0.0, "2024-03": 1.0}


def test_in_parts_it_is_the_same(tmp_path):
    rows = [row for k in range(6) for row in months(f"p{k}", f"2024-01-{k + 3:02d}", 2 + k % 3)]
    people = {f"p{k}": {"customer_id": f"c{k}"} for k in range(6)}
    book = tiny(rows, policies=people)
    whole = build_panel(book, "cancellation", features=FEATURES)
    build_panel(book, "cancellation", features=FEATURES, to=tmp_path / "panel", partitions=3)
    parts = Panel.read_parquet(tmp_path / "panel")
    assert parts.target == "cancellation" and parts.y.name == "cancelled"
    pd.testing.assert_frame_equal(parts.keys, whole.keys)
    pd.testing.assert_frame_equal(parts.X, whole.X)
    pd.testing.assert_series_equal(parts.y, whole.y)


def test_standard_features_have_no_lead_and_no_offer():
    names = {feature.name for feature in standard_features("cancellation")}
    renewal = {feature.name for feature in standard_features("renewal")}
    assert renewal - names == {"lead_days", "offer_premium", "offer_change", "days_since_offer", "offer_to_line"}
    assert {"tenure_days", "term_number", "premium", "days_to_next_end"} <= names


def test_what_is_asked_wrongly_is_refused():
    book = tiny(months("p1", "2024-01-10", 3))
    with pytest.raises(UsageError, match="Leads belong to renewal"):
        build_panel(book, "cancellation", leads=(14,))
    with pytest.raises(UsageError, match="renewal, churn or cancellation"):
        build_panel(book, "lapse")
    yearly = tiny([term("t", "2023-01-01", "2024-01-01")])
    with pytest.raises(ContractError, match="none for cancellation"):
        build_panel(yearly, "cancellation", features=FEATURES)


def test_the_label_says_what_it_means():
    panel = panel_of(months("p1", "2024-01-10", 3))
    assert panel.info["label"].startswith("cancelled = 1: cover of the policy")
    assert "a month, grace and 7 days after the snapshot" in panel.info["label"]


def test_a_lead_is_still_the_days_left_of_the_term():
    lead = Feature("lead_days", "observation", "attribute", column="lead_days")
    panel = build_panel(tiny(months("p1", "2024-01-10", 3)), "cancellation", features=[lead])
    assert np.allclose(panel.X["lead_days"], [9, 9, 9])
