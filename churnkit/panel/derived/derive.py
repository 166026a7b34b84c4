"""Computing the derived columns and clocks of ``panel/derived/columns.py``, row by row of one partition's events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.book.schema import SCALES
from churnkit.panel.arrays import DAY, NEVER, Floats, Ints, numbers
from churnkit.panel.derived.columns import CLAIM_DAYS, COLUMNS
from churnkit.panel.derived.reopened import with_reopenings
from churnkit.panel.derived.repeats import threads_of, with_repeats
from churnkit.panel.derived.resolution import with_resolutions

WORKING = {"cycle_days", "decision_days", "past_service_level", "handling_days"}
"""Derived columns that count working days."""
BEGUN = {"claims": "reported_at", "complaints": "received_at"}
"""Clock from which they are counted."""
_ENDED = {"cycle_days": "paid_at", "decision_days": "decided_at", "handling_days": "decided_at"}


_THREADED = {"repeated_at", "week_over_at"}


def derive(table: str, events: pa.Table, wanted: set[str], working_days: Ints) -> pa.Table:
    """Append the wanted derived columns and clocks to an event table.

    Parameters
    ----------
    table : str
    events : Arrow table with clocks as int64 microseconds (``NEVER`` for null)
        For ``past_service_level`` with a column ``service_days``, else the level is ``CLAIM_DAYS``.
    wanted : set of str
        Names of columns and clocks; those that are not derived are passed over.
    working_days : int array
        Day numbers since 1970 of every working day, ascending (:func:`working_day_numbers`).
    """
    threads = threads_of(events) if table == "interactions" and wanted & _THREADED else None
    for name in sorted(wanted):
        if (table, name) in _COLUMNS:
            events = events.append_column(name, _floats(_COLUMNS[table, name](events)))
        elif name in WORKING and (table, name) in COLUMNS:
            begun, ended = (np.asarray(events[c]) for c in (BEGUN[table], _ENDED.get(name, "paid_at")))
            days = _between(begun, ended, working_days)
            if name == "past_service_level":
                level = numbers(events["service_days"]) if "service_days" in events.column_names else CLAIM_DAYS
                days = np.where(np.isnan(days), np.nan, days > level)
            events = events.append_column(name, _floats(days))
        elif threads is not None and name == "repeated_at":
            events = with_repeats(events, threads, name)
        elif threads is not None and name == "week_over_at":
            events = with_resolutions(events, threads, name, "first_contact_resolution")
        elif (table, name) == ("claims", "reopened_at"):
            events = with_reopenings(events, name)
        elif (table, name) == ("complaints", "overdue_at"):
            events = events.append_column(name, pa.array(_due(events)))
            events = events.append_column(f"{name}_seen", events["received_at_seen"])
    return events


def working_day_numbers(first: int, last: int, calendar: dict[int, bool]) -> Ints:
    """Return the working days of ``[first, last]`` as day numbers since 1970, the calendar overriding the week.

    Examples
    --------
    >>> working_day_numbers(0, 6, {1: False, 2: True}).tolist()     # 1 January 1970 was a Thursday
    [0, 2, 4, 5, 6]
    """
    days = np.arange(first, last + 1, dtype=np.int64)
    working = (days + 3) % 7 < 5
    known = np.fromiter((d for d in calendar if first <= d <= last), dtype=np.int64)
    working[known - first] = np.fromiter((calendar[int(d)] for d in known), dtype=bool, count=len(known))
    return days[working]


def _floats(values: Floats) -> Any:
    return pa.array(values, from_pandas=True)


def _rating(events: pa.Table) -> Floats:
    score = numbers(events["score"])
    low, high = numbers(events["scale_min"]), numbers(events["scale_max"])
    instrument = events["instrument"]
    for name, (least, most) in SCALES.items():
        own = np.asarray(pc.fill_null(pc.equal(instrument, name), False))
        low[own & np.isnan(low)] = least
        high[own & np.isnan(high)] = most
    width = high - low
    rating = np.divide(100.0 * (score - low), width, out=np.full(len(score), np.nan), where=width > 0)
    bad = np.asarray(pc.fill_null(pc.equal(events["direction"], "high_bad"), False))
    turned: Floats = np.where(bad, 100.0 - rating, rating)
    return turned


def _paid_share(events: pa.Table) -> Floats:
    paid, claimed = numbers(events["amount_paid"]), numbers(events["amount_claimed"])
    share: Floats = np.divide(paid, claimed, out=np.full(len(paid), np.nan), where=claimed > 0)
    return share


def _days(events: pa.Table, begin: str, end: str) -> Floats:
    begun, ended = np.asarray(events[begin]), np.asarray(events[end])
    found: Floats = np.where((begun < NEVER) & (ended < NEVER) & (ended >= begun), (ended - begun) / DAY, np.nan)
    return found


def _due(events: pa.Table) -> Ints:
    """The moment a complaint is due, in microseconds."""
    due = pc.cast(pc.cast(events["due_at"], pa.timestamp("us")), pa.int64())
    return np.asarray(pc.fill_null(due, NEVER), dtype=np.int64)


def _decided_late(events: pa.Table) -> Floats:
    due, decided = _due(events), np.asarray(events["decided_at"])
    found: Floats = np.where((due < NEVER) & (decided < NEVER), decided // DAY > due // DAY, np.nan)
    return found


def _between(begun: Ints, ended: Ints, working_days: Ints) -> Floats:
    both = (begun < NEVER) & (ended < NEVER) & (ended >= begun)
    found = np.full(len(begun), np.nan)
    found[both] = np.searchsorted(working_days, ended[both] // DAY) - np.searchsorted(working_days, begun[both] // DAY)
    return found


_COLUMNS: dict[tuple[str, str], Callable[[pa.Table], Floats]] = {
    ("surveys", "rating"): _rating,
    ("surveys", "answer_days"): lambda events: _days(events, "sent_at", "answered_at"),
    ("interactions", "resolution_days"): lambda events: _days(events, "started_at", "resolved_at"),
    ("claims", "paid_share"): _paid_share,
    ("complaints", "decided_late"): _decided_late,
}
