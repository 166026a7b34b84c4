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
ENDED = ("ended_date", "ended_recorded_at", "end_reason")
OWN_DOING = ("customer_cancelled", "nonpayment", "surrendered", "expired", None)
BROKEN = dict(zip(ENDED, ("2024-03-12", "2024-03-13", "nonpayment"), strict=True))


def ended(policy, count, *said):
    """Monthly terms from 10 January on, the last of which ended on a day, known from a day, for a reason."""
    return months(policy, "2024-01-10", count, **dict(zip(ENDED, said, strict=True)))


def again(policy, back):
    """A policy whose third term is broken on 12 March and taken up on a day, to its scheduled end."""
    bound = {"issued_at": pd.Timestamp(back), "recorded_at": pd.Timestamp(back)}
    return [*months(policy, "2024-01-10", 3, **BROKEN), term(f"{policy}-again", back, "2024-04-10", policy, **bound)]


def back(policy, day):
    """A policy that ends on 10 March and has another term from a day on."""
    return [*months(policy, "2024-01-10", 2), term(f"{policy}-back", day, "2024-04-24", policy)]


LIVES = [
    *months("plain", "2024-01-10", 4), *months("first", "2024-01-01", 3), *months("second", "2024-01-02", 3),
    *(row for k, why in enumerate(OWN_DOING) for row in ended(f"own{k}", 3, "2024-03-20", "2024-03-21", why)),
    *(row for why in OTHER_EXITS for row in ended(why, 3, "2024-03-20", "2024-03-21", why)),
    *again("reinstated", "2024-03-27"), *again("too late", "2024-03-28"),
    *back("in grace", "2024-03-24"), *back("beyond grace", "2024-03-25"),
    *ended("unseen", 2, "2024-02-25", "2024-03-05", "customer_cancelled"),
    *ended("notice", 2, "2024-03-09", "2024-02-28", "customer_cancelled"),
    *ended("free look", 1, "2024-01-20", "2024-02-03", "free_look"),
    term("of 60", "2024-01-10", "2024-03-10", "of 60"), term("of 59", "2024-01-10", "2024-03-09", "of 59"),
    *months("travel", "2024-01-10", 1), *months("old", "2024-01-10", 2), *months("new", "2024-03-10", 2),
    *months("twice", "2024-01-10", 2), term("early", "2024-02-25", "2024-04-10", "twice"),
]  # fmt: skip
FACTS = {name: {"grace_days": 15} for name in ("reinstated", "too late", "in grace", "beyond grace")}
FACTS |= {"travel": {"renewable": False}, "new": {"previous_policy_id": "old"}}


@pytest.fixture(scope="module")
def panel():
    """One book of all these lives."""
    facts = {row["policy_id"]: {"renewable": True, "grace_days": 30} for row in LIVES}
    facts = {policy: each | FACTS.get(policy, {}) for policy, each in facts.items()}
    return build_panel(tiny(LIVES, policies=facts), "cancellation", features=FEATURES, keep_unlabelled=True)


def told(panel, policy="p1"):
    """Label or cause by month of the snapshot."""
    mine = panel.keys["policy_id"] == policy
    said = panel.keys["cause"].where(panel.y.isna(), panel.y)
    return dict(zip(panel.cutoff[mine].dt.strftime("%Y-%m"), said[mine], strict=True))


def test_a_policy_is_observed_each_month_until_it_is_not_renewed(panel):
    assert told(panel, "plain") == {"2024-02": 0.0, "2024-03": 0.0, "2024-04": 0.0, "2024-05": 1.0}  # to 10 May
    mine = panel.take(panel.keys["policy_id"] == "plain")
    assert mine.keys["entity"].tolist() == ["plain"] * 4 and mine.keys["lead_days"].isna().all()
    assert mine.keys["term_id"].tolist() == ["plain-0", "plain-1", "plain-2", "plain-3"]
    assert mine.y.name == "cancelled" and mine.X["term_number"].tolist() == [1, 2, 3, 4]
    assert mine.X["tenure_days"].tolist() == [22, 51, 82, 112]


def test_the_window_is_open_at_the_snapshot_and_closed_a_month_later(panel):
    assert told(panel, "first") == {"2024-01": 0.0, "2024-02": 0.0, "2024-03": 1.0}  # ends at the start of April
    assert told(panel, "second") == {"2024-02": 0.0, "2024-03": 0.0, "2024-04": 1.0}


def test_every_day_of_the_year_lies_in_exactly_one_window():
    days = pd.date_range("2024-02-02", "2025-02-01")
    terms = [row for day in days for row in months(f"{day:%F}", day - pd.DateOffset(months=1), 1)]
    found = build_panel(tiny([*terms, *OTHER], cutoff="2025-08-01"), "cancellation", features=FEATURES)
    ends = found.y.groupby(found.keys["policy_id"]).sum()
    assert len(ends) == 1 + len(days) and (ends == 1).all()


@pytest.mark.parametrize("number", range(len(OWN_DOING)), ids=map(str, OWN_DOING))
def test_leaving_by_ones_own_doing_is_cancelling(panel, number):
    assert told(panel, f"own{number}") == {"2024-02": 0.0, "2024-03": 1.0}


@pytest.mark.parametrize("reason", OTHER_EXITS)
def test_other_exits_have_no_label_and_are_counted(panel, reason):
    assert told(panel, reason) == {"2024-02": 0.0, "2024-03": reason}
    assert panel.info["excluded"][reason] == 1


def test_an_unripe_label_is_null():
    for cutoff, last in (("2024-06-07", 1.0), ("2024-06-06", "unripe")):  # 1 April + 1 month + 30 + 7
        book = tiny([*months("p1", "2024-01-10", 3), *OTHER], cutoff=cutoff)
        found = build_panel(book, "cancellation", features=FEATURES, keep_unlabelled=True)
        assert told(found)["2024-04"] == last
        assert str(found.keys["ripe_at"].max()) == "2024-06-07 00:00:00"


def test_cover_goes_on_within_grace_and_not_beyond(panel):
    assert told(panel, "in grace") == {"2024-02": 0.0, "2024-03": 0.0, "2024-04": 1.0}
    assert told(panel, "beyond grace") == {"2024-02": 0.0, "2024-03": 1.0, "2024-04": 1.0}


def test_a_cancelled_term_that_is_taken_up_again_within_grace_is_one_spell(panel):
    assert told(panel, "reinstated")["2024-03"] == 0.0  # on the very last day of grace
    assert told(panel, "too late")["2024-03"] == 1.0


def test_an_end_that_had_come_unseen_is_no_end_of_this_month(panel):
    assert told(panel, "unseen") == {"2024-02": 1.0, "2024-03": "ended_unseen"}
    assert panel.info["excluded"]["ended_unseen"] == 1


def test_who_has_given_notice_is_no_longer_asked(panel):
    assert told(panel, "notice") == {"2024-02": 0.0}
    over = len(OWN_DOING) + len(OTHER_EXITS)  # at the next month's start these are known to be over
    assert panel.info["excluded"]["ended_before"] == over + 1


def test_terms_never_sold_are_nobodys(panel):
    assert told(panel, "free look") == {} and panel.info["excluded"]["never_sold"] == 1


def test_terms_of_sixty_days_and_of_policies_that_are_not_renewable_are_left_to_others(panel):
    assert told(panel, "of 60") == told(panel, "travel") == {}
    assert told(panel, "of 59") == {"2024-02": 0.0, "2024-03": 1.0}
    assert panel.info["excluded"]["not_renewable"] == 1


def test_a_policy_under_several_numbers_is_one(panel):
    assert told(panel, "old") == {"2024-02": 0.0, "2024-03": 0.0}
    assert told(panel, "new") == {"2024-04": 0.0, "2024-05": 1.0}
    assert panel.X["tenure_days"][panel.keys["policy_id"] == "new"].tolist() == [82, 112]


def test_a_policy_with_two_terms_in_force_is_one_row(panel):
    assert panel.keys.groupby(["policy_id", "cutoff"]).size().max() == 1
    mine = panel.keys["policy_id"] == "twice"
    assert panel.keys["term_id"][mine & (panel.cutoff == "2024-03-01")].tolist() == ["early"]


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


def test_the_label_says_what_it_means(panel):
    assert panel.info["label"].startswith("cancelled = 1: cover of the policy")
    assert "a month, grace and 7 days after the snapshot" in panel.info["label"]


def test_a_lead_is_still_the_days_left_of_the_term():
    lead = Feature("lead_days", "observation", "attribute", column="lead_days")
    panel = build_panel(tiny(months("p1", "2024-01-10", 3)), "cancellation", features=[lead])
    assert np.allclose(panel.X["lead_days"], [9, 9, 9])
