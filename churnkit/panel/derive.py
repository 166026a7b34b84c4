"""Computing the derived columns and clocks of ``panel/derived.py``, row by row of one partition's events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.book.schema import SCALES
from churnkit.panel.arrays import DAY, NEVER, Floats, Ints, numbers
from churnkit.panel.repeats import with_repeats


def derive(table: str, events: pa.Table, wanted: set[str], working_days: Ints) -> pa.Table:
    """Append the wanted derived columns and clocks to an event table.

    Parameters
    ----------
    table : str
    events : Arrow table with clocks as int64 microseconds (``NEVER`` for null)
    wanted : set of str
        Names of columns and clocks; those that are not derived are passed over.
    working_days : int array
        Day numbers since 1970 of every working day, ascending (:func:`working_day_numbers`).
    """
    for name in sorted(wanted):
        if (table, name) == ("surveys", "rating"):
            events = events.append_column(name, _floats(_rating(events)))
        elif (table, name) == ("claims", "cycle_days"):
            events = events.append_column(name, _floats(_between(events, "paid_at", working_days)))
        elif (table, name) == ("claims", "decision_days"):
            events = events.append_column(name, _floats(_between(events, "decided_at", working_days)))
        elif (table, name) == ("claims", "paid_share"):
            paid, claimed = numbers(events["amount_paid"]), numbers(events["amount_claimed"])
            share = np.divide(paid, claimed, out=np.full(len(paid), np.nan), where=claimed > 0)
            events = events.append_column(name, _floats(share))
        elif (table, name) == ("interactions", "repeated_at"):
            events = with_repeats(events, name)
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


def _between(events: pa.Table, end: str, working_days: Ints) -> Floats:
    begun, ended = np.asarray(events["reported_at"]), np.asarray(events[end])
    both = (begun < NEVER) & (ended < NEVER) & (ended >= begun)
    found = np.full(len(begun), np.nan)
    found[both] = np.searchsorted(working_days, ended[both] // DAY) - np.searchsorted(working_days, begun[both] // DAY)
    return found
