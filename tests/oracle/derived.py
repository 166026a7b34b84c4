"""Columns and clocks that the contract implies: ratings, cycles, shares; repeats, first contacts, overdue, reopened."""

from __future__ import annotations

from datetime import timedelta

from .history import visible

WEEK, SECOND = timedelta(days=7), timedelta(seconds=1)


def working_days(start, end, calendar):
    """Working days in [day of start, day of end): Monday to Friday unless the calendar says otherwise."""
    day, count = start.date(), 0
    while day < end.date():
        count += calendar.get(day, day.weekday() < 5)
        day += timedelta(days=1)
    return float(count)


def add_derived(history):
    """Write the derived columns and clocks into the rows of surveys, claims, complaints and interactions."""
    calendar = {row["date"].date(): row["working_day"] for row in history.rows.get("calendar", [])}
    for row in history.rows.get("surveys", []):
        row["rating"] = _rating(row)
        row["answer_days"] = _days(row["sent_at"], row["answered_at"])
    level = claim_days(history)
    for row in history.rows.get("claims", []):
        for column, clock in (("cycle_days", "paid_at"), ("decision_days", "decided_at")):
            row[column] = None if row[clock] is None else working_days(row["reported_at"], row[clock], calendar)
        row["past_service_level"] = None if row["cycle_days"] is None else float(row["cycle_days"] > level)
        paid, claimed = row["amount_paid"], row["amount_claimed"]
        row["paid_share"] = None if paid is None or not claimed else paid / claimed
        row["reopened_at"] = reopened(history, row)
        row["seen"]["reopened_at"] = row["seen"]["reported_at"]
    for row in history.rows.get("complaints", []):
        decided, due = row["decided_at"], row["due_at"]
        row["handling_days"] = None if decided is None else working_days(row["received_at"], decided, calendar)
        row["decided_late"] = None if decided is None or due is None else float(decided.date() > due.date())
        row["overdue_at"], row["seen"]["overdue_at"] = due, row["seen"]["received_at"]
    for row in history.rows.get("interactions", []):
        row["repeated_at"] = row["started_at"]
        row["resolution_days"] = _days(row["started_at"], row["resolved_at"])
        judged = row["initiator"] == "customer" and row["topic"] is not None
        row["week_over_at"] = row["started_at"] + WEEK if judged else None
        row["seen"]["repeated_at"] = row["seen"]["week_over_at"] = row["seen"]["started_at"]


def claim_days(history):
    """The service level of claims in working days."""
    points = history.rows.get("touchpoints", [])
    stated = [row["sla_hours"] for row in points if row["journey_stage"] == "claim" and row["sla_hours"] is not None]
    return max(stated) / 8 if stated else 10


def _days(begin, end):
    return None if end is None else (end - begin).total_seconds() / 86400


def reopened(history, row):
    """The last moment, until this version of a claim came, at which a closed version gave way to one that is not."""
    versions = [v for v in history.by_customer["claims"][row["customer_id"]] if v["claim_id"] == row["claim_id"]]
    moments = []
    for at in {v["seen"]["reported_at"] for v in versions}:
        before = [v for v in versions if visible(v, "reported_at", at)]
        after = [v for v in versions if visible(v, "reported_at", at + SECOND)]
        if at <= row["seen"]["reported_at"] and before and after and before != after:
            closed, still = visible(before[0], "closed_at", at), visible(after[0], "closed_at", at + SECOND)
            moments += [at] if closed and not still else []
    return max(moments, default=None)


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


def first_contact_resolution(history, row, cutoff):
    """Whether, as visible at the cutoff, the contact was resolved within a week and not followed by another one."""
    over = row["started_at"] + WEEK
    if not row["resolved"] or row["resolved_at"] > over or not visible(row, "resolved_at", cutoff):
        return 0.0
    return float(not any(
        other["interaction_id"] != row["interaction_id"]
        and (other["initiator"], other["topic"]) == ("customer", row["topic"])
        and row["started_at"] < other["started_at"] <= over
        and visible(other, "started_at", cutoff)
        for other in history.by_customer["interactions"][row["customer_id"]]
    ))  # fmt: skip
