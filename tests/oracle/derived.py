"""Columns and one clock that the contract implies: ratings, cycles, shares, repeated contacts."""

from __future__ import annotations

from datetime import timedelta

from .history import visible

WEEK = timedelta(days=7)


def working_days(start, end, calendar):
    """Working days in [day of start, day of end): Monday to Friday unless the calendar says otherwise."""
    day, count = start.date(), 0
    while day < end.date():
        count += calendar.get(day, day.weekday() < 5)
        day += timedelta(days=1)
    return float(count)


def add_derived(history):
    """Write the derived columns into the rows of surveys, claims and interactions."""
    calendar = {row["date"].date(): row["working_day"] for row in history.rows.get("calendar", [])}
    for row in history.rows.get("surveys", []):
        row["rating"] = _rating(row)
    for row in history.rows.get("claims", []):
        for column, clock in (("cycle_days", "paid_at"), ("decision_days", "decided_at")):
            row[column] = None if row[clock] is None else working_days(row["reported_at"], row[clock], calendar)
        paid, claimed = row["amount_paid"], row["amount_claimed"]
        row["paid_share"] = None if paid is None or not claimed else paid / claimed
    for row in history.rows.get("interactions", []):
        row["repeated_at"] = row["started_at"]
        row["seen"]["repeated_at"] = row["seen"]["started_at"]


def _rating(row):
    if row["score"] is None:
        return None
    rating = 100 * (row["score"] - row["scale_min"]) / (row["scale_max"] - row["scale_min"])
    return 100 - rating if row["direction"] == "high_bad" else rating


def repeats(history, row, cutoff):
    """Whether, as visible at the cutoff, the customer had contacted us on the same topic in the 7 days before."""
    if row["initiator"] != "customer" or row["topic"] is None or not visible(row, "started_at", cutoff):
        return False
    return any(
        other["interaction_id"] != row["interaction_id"]
        and (other["initiator"], other["topic"]) == ("customer", row["topic"])
        and row["started_at"] - WEEK <= other["started_at"] < row["started_at"]
        and visible(other, "started_at", cutoff)
        for other in history.by_customer["interactions"][row["customer_id"]]
    )
