"""The oracle on cases small enough to work out by hand."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import pandas as pd
import pytest

from churnkit.panel.feature import Feature, Where

from .books import DATA_CUTOFF, LEADS, VARIANTS, hostile_book, snapshots
from .definitions import value
from .history import History
from .outcomes import churn_rows, cover, renewal_rows

DAY = timedelta(days=1)
CUTOFF = datetime(2020, 7, 1)
ME = {"customer_id": "c", "policy_id": "p", "term_id": "t", "cutoff": CUTOFF}


def history(terms=(), *, policies=({},), data_cutoff=datetime(2022, 1, 1), **tables):
    """Customer c with policy p; terms as (id, start, end, changes)."""
    policies = [
        {"policy_id": "p", "customer_id": "c", "line": "motor", "previous_policy_id": None} | p for p in policies
    ]
    found = [
        {"term_id": key, "policy_id": "p", "issued_at": start, "start_date": start, "end_date": end, "premium": 100.0}
        | {"ended_date": None, "end_reason": None}
        | changes
        for key, start, end, changes in terms
    ]
    frames = {"customers": pd.DataFrame({"customer_id": ["c"]}), "policies": pd.DataFrame(policies)}
    frames["terms"] = pd.DataFrame(found, columns=None if found else ["term_id", "policy_id", "start_date"])
    frames |= {name: pd.DataFrame(rows) for name, rows in tables.items()}
    return History(frames, data_cutoff=data_cutoff)


def contact(key, at, recorded=None, **changes):
    """A row of interactions, recorded at once unless said otherwise."""
    return {"interaction_id": key, "customer_id": "c", "started_at": at, "recorded_at": recorded or at} | changes


def contacts(aggregate, rows, **spec):
    """The value of a feature over those contacts."""
    feature = Feature("f", table="interactions", aggregate=aggregate, **spec)
    return value(history(interactions=rows), feature, ME)


def test_window_is_closed_on_the_left_and_open_on_the_right():
    rows = [contact(str(i), at) for i, at in enumerate([CUTOFF, CUTOFF - 30 * DAY, CUTOFF - 30.01 * DAY])]
    assert contacts("count", rows, days=30) == 1
    assert contacts("count", rows) == 2


def test_row_recorded_at_the_cutoff_is_not_yet_known():
    at = CUTOFF - 5 * DAY
    rows = [contact("a", at, CUTOFF), contact("b", at, CUTOFF - timedelta(seconds=1))]
    assert contacts("count", rows, days=30) == 1


def test_the_latest_visible_version_counts():
    at = CUTOFF - 5 * DAY
    rows = [
        contact("a", at, CUTOFF - 4 * DAY, wait_seconds=1.0),
        contact("a", at, CUTOFF - 2 * DAY, wait_seconds=2.0),
        contact("a", at, CUTOFF + 2 * DAY, wait_seconds=3.0),
    ]
    assert contacts("last", rows, column="wait_seconds") == 2
    assert contacts("count", rows) == 1


def test_a_third_version_seen_before_the_second_replaces_the_first_at_once():
    rows = [
        contact("a", CUTOFF - 9 * DAY, CUTOFF - 8 * DAY),
        contact("a", CUTOFF + 5 * DAY, CUTOFF - 7 * DAY),
        contact("a", CUTOFF - 9 * DAY, CUTOFF - 6 * DAY),
    ]
    assert contacts("count", rows) == 1


def test_aggregates_by_hand():
    waits = [30.0, None, 10.1, 20.2]
    rows = [contact(str(i), CUTOFF - (10 - i) * DAY, wait_seconds=w, channel="ab"[i % 2]) for i, w in enumerate(waits)]
    column = {"column": "wait_seconds"}
    assert contacts("sum", rows, **column) == 60.3
    assert contacts("mean", rows, **column) == pytest.approx(20.1, rel=1e-15)
    assert (contacts("min", rows, **column), contacts("max", rows, **column)) == (10.1, 30)
    assert contacts("last", rows, **column) == 20.2
    assert contacts("days_since", rows) == 7
    assert contacts("share", rows, of=(Where("wait_seconds", "<", 25),)) == 0.5
    assert contacts("count", rows, where=(Where("channel", "==", "b"), Where("wait_seconds", "!=", 0))) == 1


def test_slope_is_per_year_and_needs_two_times():
    rows = [contact(str(i), CUTOFF - (400 - 73 * i) * DAY, wait_seconds=float(7 * i)) for i in range(3)]
    assert contacts("slope", rows, column="wait_seconds") == pytest.approx(35, rel=1e-12)
    assert math.isnan(contacts("slope", [rows[0], rows[0] | {"interaction_id": "x"}], column="wait_seconds"))


def test_nothing_counts_zero_and_means_nothing():
    assert contacts("count", [contact("a", CUTOFF)]) == 0
    assert contacts("sum", [contact("a", CUTOFF, wait_seconds=1.0)], column="wait_seconds") == 0
    assert math.isnan(contacts("mean", [contact("a", CUTOFF, wait_seconds=1.0)], column="wait_seconds"))


def test_open_means_begun_and_not_visibly_ended():
    claims = [
        {"claim_id": k, "customer_id": "c", "policy_id": "p", "reported_at": CUTOFF - 9 * DAY, "closed_at": closed}
        | {"recorded_at": CUTOFF - 9 * DAY, "closed_at_recorded_at": late}
        for k, closed, late in [
            ("ended", CUTOFF - 3 * DAY, CUTOFF - 2 * DAY),
            ("ended, not yet recorded", CUTOFF - 3 * DAY, CUTOFF),
            ("never ended", None, None),
        ]
    ]
    feature = Feature("open", table="claims", aggregate="open", end_clock="closed_at")
    assert value(history(claims=claims), feature, ME) == 2


def year(number, **changes):
    """A term of 2017 + number."""
    return (f"t{number}", datetime(2017 + number, 1, 1), datetime(2018 + number, 1, 1), changes)


@pytest.mark.parametrize(
    ("start", "label"),
    [(-61, 0.0), (-60, 1.0), (0, 1.0), (29, 1.0), (30, 0.0)],
)
def test_successor_window_is_60_days_before_to_grace_after(start, label):
    begin = datetime(2018, 1, 1) + start * DAY
    terms = [year(0), ("next", begin, begin + 365 * DAY, {"issued_at": datetime(2017, 12, 30)})]
    rows = renewal_rows(history(terms), [14])
    assert [row["label"] for row in rows if row["entity"] == "t0"] == [label]


def test_already_renewed_as_visible_is_not_at_risk():
    terms = [year(0), year(1, issued_at=datetime(2017, 12, 1))]
    leads = [row["lead_days"] for row in renewal_rows(history(terms), LEADS) if row["entity"] == "t0"]
    assert leads == [45, 90, 180, 330]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ended_date": datetime(2017, 8, 1), "end_reason": "customer_cancelled"}, [(180, 0.0, "")]),
        ({"ended_date": datetime(2017, 8, 1), "end_reason": "death"}, [(180, None, "death")]),
        ({"ended_date": datetime(2017, 1, 5), "end_reason": "free_look"}, []),
        ({"ended_date": datetime(2017, 1, 1), "end_reason": "customer_cancelled"}, []),
        ({}, [(14, 0.0, ""), (180, 0.0, "")]),
    ],
)
def test_endings(changes, expected):
    rows = renewal_rows(history([year(0, **changes)]), [14, 180])
    assert [(row["lead_days"], row["label"], row["cause"]) for row in rows] == expected


def test_a_term_ripens_after_grace_and_slack():
    ripe = datetime(2018, 1, 1) + 37 * DAY
    assert renewal_rows(history([year(0)], data_cutoff=ripe), [14])[0]["label"] == 0
    row = renewal_rows(history([year(0)], data_cutoff=ripe - DAY), [14])[0]
    assert (row["label"], row["cause"], row["ripe_at"]) == (None, "unripe", ripe)


def test_successor_through_previous_policy():
    policies = ({}, {"policy_id": "q", "previous_policy_id": "p"})
    terms = [year(0), year(1, policy_id="q")]
    assert renewal_rows(history(terms, policies=policies), [90])[0]["label"] == 1


@pytest.mark.parametrize(("gap", "label"), [(89, 0.0), (90, 1.0)])
def test_churn_needs_a_gap_of_ninety_days(gap, label):
    back = datetime(2018, 1, 1) + gap * DAY
    found = history([year(0), ("back", back, back + 3000 * DAY, {})])
    assert [row["label"] for row in churn_rows(found, [datetime(2017, 4, 1)])] == [label]


def test_churn_looks_to_the_end_of_the_horizon_and_not_beyond():
    early = {"issued_at": datetime(2016, 12, 1)}
    stays = history([("t", datetime(2017, 1, 1), datetime(2018, 1, 3), early)])
    at = [
        datetime(2016, 12, 31),
        datetime(2017, 1, 1),
        datetime(2017, 1, 2),
        datetime(2017, 1, 3),
        datetime(2018, 1, 3),
    ]
    assert [row["label"] for row in churn_rows(stays, at)] == [0.0, 0.0, 1.0]


def test_free_look_is_no_cover_and_no_successor():
    soon = {"ended_date": datetime(2018, 4, 5), "end_reason": "free_look", "ended_recorded_at": datetime(2018, 4, 5)}
    looked = ("looked", datetime(2018, 3, 28), datetime(2019, 3, 28), soon)
    found = history([year(0), looked], policies=({"grace_days": 100},))
    assert churn_rows(found, [datetime(2018, 4, 1)]) == []
    assert [row["label"] for row in renewal_rows(found, [14])] == [0.0]


def test_cover_is_the_union():
    terms = [{"start_date": a, "end_date": b, "ended_date": None} for a, b in [(5, 9), (1, 3), (3, 4), (6, 7)]]
    assert cover([t | {"ended_date": 10} for t in terms]) == [[1, 4], [5, 9]]


@pytest.mark.recovery  # a test of the tests
@pytest.mark.parametrize("variant", VARIANTS)
def test_hostile_books_are_hostile(variant):
    """At least 10 % of observations straddle a late row: it happened before the cutoff, and was seen at or after it."""
    book = hostile_book(3, variant=variant)
    found = History(book.tables, data_cutoff=book.data_cutoff, delay_days=book.delay_days)
    for rows in (renewal_rows(found, LEADS), churn_rows(found, snapshots())):
        straddling = [row for row in rows if straddles(found, row)]
        assert len(straddling) >= 0.1 * len(rows) > 10
        assert {0.0, 1.0, None} == {row["label"] for row in rows}
    assert book.data_cutoff == DATA_CUTOFF


def straddles(found, observation):
    """Whether an event of the customer lies before the cutoff on some clock, and was recorded at or after it."""
    return any(
        row[clock] < observation["cutoff"] <= seen
        for table in ("interactions", "claims", "complaints", "surveys", "outreach")
        for row in found.by_customer.get(table, {}).get(observation["customer_id"], [])
        for clock, seen in row["seen"].items()
    )
