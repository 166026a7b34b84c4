"""The 121 features as plain data, so that every peer, whatever its Python and libraries, reads the same list.

Each has the names of ``churnkit.Feature``: name, table, clock, aggregate, column, days, where, of, end_clock.
"""

from __future__ import annotations

from typing import Any

from data import CHANNELS, INSTRUMENTS, TOPICS

Spec = dict[str, Any]
WINDOWS = (30, 90, 365, None)
LONGER = (90, 365, None)
CUTOFFS = {
    4: ["2022-01-01", "2022-10-01", "2023-07-01", "2024-04-01"],
    12: [f"{year}-{month:02d}-01" for year in (2022, 2023, 2024) for month in (1, 4, 7, 10)],
    36: [f"{year}-{month:02d}-01" for year in (2022, 2023, 2024) for month in range(1, 13)],
}
"""Snapshots by their number: from 2022 to 2024, every nine months, quarterly, monthly."""
STATE = ("customer_tenure_days", "policies_held", "lines_held", "premium_held", "sum_insured_held",
         "days_to_next_end", "cutoff_month", "age")  # fmt: skip
ATTRIBUTES = ("customer_type", "region", "city_tier", "first_channel")


def spec(name: str, table: str, clock: str, aggregate: str, *, days: int | None = None, **more: Any) -> Spec:
    """One feature under its name and window."""
    window = "" if aggregate in ("days_since", "last", "attribute") else "_all" if days is None else f"_{days}d"
    found = {"name": name + window, "table": table, "clock": clock, "aggregate": aggregate, "days": days,
             "column": "", "where": [], "of": [], "end_clock": ""}  # fmt: skip
    return found | more


def features() -> list[Spec]:
    """All of them, in the order of the result's columns."""
    return [*_contacts(), *_calls(), *_answers(), *_cover()]


def _contacts() -> list[Spec]:
    """Counts of interactions by channel, topic and initiator, how long ago the last one was, and what is open."""

    def of(name: str, aggregate: str, days: int | None = None, **more: Any) -> Spec:
        return spec(name, "interactions", "started_at", aggregate, days=days, **more)

    found = [of("contacts", "count", days) for days in WINDOWS]
    for column, values, windows in (("channel", CHANNELS, WINDOWS), ("topic", TOPICS, LONGER),
                                    ("initiator", ("customer", "company"), WINDOWS)):  # fmt: skip
        found += [of(f"contacts_{value}", "count", days, where=[[column, "==", value]])
                  for value in values for days in windows]  # fmt: skip
    found += [of("transferred_share", "share", days, of=[["transfers", ">", 0]]) for days in LONGER]
    found += [of("days_since_contact", "days_since"),
              of("days_since_phone", "days_since", where=[["channel", "==", "phone"]]),
              of("days_since_complaint", "days_since", where=[["topic", "==", "complaint"]])]  # fmt: skip
    return found + [of("unresolved", "open", days, end_clock="resolved_at") for days in (90, None)]


def _calls() -> list[Spec]:
    """Waiting, handling, transfers and sentiment of the interactions."""
    wanted = [("wait_seconds", "mean", WINDOWS), ("wait_seconds", "max", WINDOWS), ("wait_seconds", "sum", WINDOWS),
              ("handle_seconds", "mean", LONGER), ("handle_seconds", "max", LONGER), ("sentiment", "mean", LONGER),
              ("sentiment", "min", LONGER), ("transfers", "sum", LONGER), ("sentiment", "last", (None,))]  # fmt: skip
    return [spec(f"{column}_{aggregate}", "interactions", "started_at", aggregate, days=days, column=column)
            for column, aggregate, windows in wanted for days in windows]  # fmt: skip


def _answers() -> list[Spec]:
    """Invitations and answers, ratings on a scale from 0 to 100."""

    def of(name: str, aggregate: str, days: int | None = None, **more: Any) -> Spec:
        return spec(name, "surveys", "answered_at", aggregate, days=days, **more)

    found = [spec("invitations", "surveys", "sent_at", "count", days=days) for days in LONGER]
    found += [of("answers", "count", days) for days in LONGER]
    found += [of(f"rating_{aggregate}", aggregate, days, column="rating")
              for aggregate in ("mean", "min", "max") for days in (365, None)]  # fmt: skip
    found += [of(f"rating_mean_{name}", "mean", column="rating", where=[["instrument", "==", name]])
              for name in INSTRUMENTS]  # fmt: skip
    found += [of("low_share", "share", days, of=[["rating", "<", 40.0]]) for days in (365, None)]
    return [*found, of("rating_last", "last", column="rating"), of("days_since_answer", "days_since")]


def _cover() -> list[Spec]:
    """Cover held as visible, and what the customer is."""
    state = [spec(name, "observation", "", "attribute", column=name) for name in STATE]
    return state + [spec(name, "customers", "", "attribute", column=name) for name in ATTRIBUTES]


FLATTENED = [f"{name}_{days}d"
             for name in ("wait_seconds_mean", "wait_seconds_max", "wait_seconds_sum", "handle_seconds_mean",
                          "handle_seconds_max", "sentiment_mean", "sentiment_min")
             for days in (90, 365)]  # fmt: skip
"""The 14 that timeseriesflattener can express: one column, one window, no condition."""
