"""Aggregates of sorted events: differences of running sums at window pointers, segment reductions, gathers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from churnkit.panel.arrays import DAY, NEVER, Floats, Ints
from churnkit.panel.feature import Feature
from churnkit.panel.kernel.selections import Selection, Window, all_of, prefix
from churnkit.panel.kernel.streams import chunks, expand, keys, positions, seconds

_YEAR = 365 * DAY
_PAIRS = 1 << 17  # rows laid out at a time where an aggregate looks at each: few enough for the cache

Aggregate = Callable[[Window, Feature], Floats | Ints]


def _count(window: Window, feature: Feature) -> Ints:
    return window.count


def _sum(window: Window, feature: Feature) -> Floats:
    return window.sum


def _mean(window: Window, feature: Feature) -> Floats:
    found: Floats = window.sum / window.some
    return found


def _share(window: Window, feature: Feature) -> Floats:
    rows = window.rows
    hits = rows.made(feature.of, lambda: prefix(all_of([rows.of(rows.table.mask(each)) for each in feature.of])))
    found: Floats = (hits[window.high] - hits[window.low]) / window.some
    return found


def _min(window: Window, feature: Feature) -> Floats:
    return _reduced(np.minimum, window.rows.values, window.low, window.high)


def _max(window: Window, feature: Feature) -> Floats:
    return _reduced(np.maximum, window.rows.values, window.low, window.high)


def _first(window: Window, feature: Feature) -> Floats:
    found = window.rows.values[window.low]
    found[window.empty] = np.nan
    return found


def _last(window: Window, feature: Feature) -> Floats:
    found = window.rows.values[window.high - 1]
    found[window.empty] = np.nan
    return found


def _days_since(window: Window, feature: Feature) -> Floats:
    found: Floats = (window.moments.microseconds - window.rows.times[window.high - 1]) / DAY
    found[window.empty] = np.nan
    return found


def _days_since_first(window: Window, feature: Feature) -> Floats:
    found: Floats = (window.moments.microseconds - window.rows.times[window.low]) / DAY
    found[window.empty] = np.nan
    return found


def _gap_mean(window: Window, feature: Feature) -> Floats:
    steps = np.maximum(window.count - 1, 1)
    found: Floats = (window.rows.times[window.high - 1] - window.rows.times[window.low]) / steps / DAY
    found[window.count < 2] = np.nan
    return found


def _gap_max(window: Window, feature: Feature) -> Floats:
    gaps = window.rows.made("gaps", lambda: np.diff(window.rows.times) / DAY)
    return _reduced(np.maximum, gaps, window.low, np.maximum(window.high - 1, window.low))


def _open(window: Window, feature: Feature) -> Ints:
    return _not_over(window, feature, lambda: _ends(window.rows, feature))


def _distinct(window: Window, feature: Feature) -> Ints:
    """Count values whose latest row lies in the window: each row ends where the next of its value begins."""
    return _not_over(window, feature, lambda: _next_of_value(window.rows))


def _not_over(window: Window, feature: Feature, ends: Callable[[], Ints]) -> Ints:
    """Count rows of the window that end at the cutoff or later: leaving the window is an end like any other.

    Those over are counted in a second order, by the end; a row ends after it begins, so none is missed.
    """
    rows, days = window.rows, feature.days

    def by_end() -> Ints:
        at = rows.made((feature.aggregate, feature.end_clock), ends)
        at = at if days is None else np.minimum(at, rows.times[:-1] + days * DAY)
        return np.sort(keys(rows.owner, seconds(at)))

    over = rows.made((feature.aggregate, feature.end_clock, days), by_end)
    return window.high - positions(over, window.moments.keys)


def _ends(rows: Selection, feature: Feature) -> Ints:
    """The moment from which a row is known to be over: ended, recorded as ended, and itself visible."""
    end, seen = (rows.of(rows.table.time(f"{feature.end_clock}{kind}")) for kind in ("", "_seen"))
    begun = np.maximum(rows.times[:-1], rows.of(rows.table.time(f"{feature.clock}_seen")))
    known: Ints = np.maximum(begun, np.where(end < NEVER, np.maximum(end, seen), NEVER))
    return known


def _next_of_value(rows: Selection) -> Ints:
    """The moment of the owner's next row with the same value."""
    ends, values = np.full(len(rows.owner), NEVER), rows.values[:-1]
    order = np.lexsort((values, rows.owner))  # stable: rows of one value stay in the order of the clock
    again = (np.diff(values[order]) == 0) & (np.diff(rows.owner[order]) == 0)
    ends[order[:-1][again]] = rows.times[order[1:][again]]
    return ends


def _std(window: Window, feature: Feature) -> Floats:
    found, values = np.full(len(window.low), np.nan), window.rows.values
    for where, low, high in _laid_out(window, window.count > 1):
        which, at = expand(low, high)
        centred = _centred(which, values[at] - np.repeat(values[low], high - low), high - low)
        found[where] = np.sqrt(_summed(which, centred * centred, len(low)) / (high - low - 1))
    return found


def _slope(window: Window, feature: Feature) -> Floats:
    """Least squares, centred within each window: slopes from global running sums are ill-conditioned."""
    found, values, times = np.full(len(window.low), np.nan), window.rows.values, window.rows.times
    several = (window.count > 1) & (times[window.high - 1] > times[window.low])
    for where, low, high in _laid_out(window, several):
        which, at = expand(low, high)
        sizes = high - low  # differences of integers are exact, even between events a second apart
        x = _centred(which, (times[at] - np.repeat(times[low], sizes)).astype(np.float64), sizes)
        y = _centred(which, values[at] - np.repeat(values[low], sizes), sizes)
        found[where] = _summed(which, x * y, len(low)) / _summed(which, x * x, len(low)) * _YEAR
    return found


def _laid_out(window: Window, some: Any) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Windows in pieces of few rows: where they stand, low and high pointers."""
    where = np.flatnonzero(some)
    low, high = window.low[where], window.high[where]
    for part in chunks(high - low, _PAIRS):
        yield where[part], low[part], high[part]


def _centred(which: Ints, values: Floats, sizes: Ints) -> Floats:
    values -= np.repeat(_summed(which, values, len(sizes)) / sizes, sizes)
    return values


def _summed(which: Ints, values: Floats, size: int) -> Floats:
    """Sums by group, each added up in the order of its rows: the same in any partition."""
    return np.bincount(which, weights=values, minlength=size).astype(np.float64, copy=False)


AGGREGATES: dict[str, Aggregate] = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "std": _std,
    "min": _min,
    "max": _max,
    "first": _first,
    "last": _last,
    "distinct": _distinct,
    "share": _share,
    "days_since": _days_since,
    "days_since_first": _days_since_first,
    "gap_mean": _gap_mean,
    "gap_max": _gap_max,
    "open": _open,
    "slope": _slope,
}
"""What each aggregate of a :class:`Feature` makes of a window."""


def segments(reduce: Any, values: Floats, low: Ints, high: Ints) -> Floats:
    """Reduce ``values[low_i:high_i]``; NaN where empty.

    Examples
    --------
    >>> segments(np.minimum, np.array([3.0, 1.0, 2.0]), np.array([0, 2, 1]), np.array([2, 3, 1])).tolist()
    [1.0, 2.0, nan]
    """
    return _reduced(reduce, np.append(values, 0.0), low, high)


def _reduced(reduce: Any, padded: Floats, low: Ints, high: Ints) -> Floats:
    """Reduce segments of values with one more at their end.

    ``reduceat`` also reduces what lies between one segment and the next: nothing to speak of in the order of the rows,
    everything over and over in a wild order, so that is put right.
    """
    found = np.full(len(low), np.nan)
    some = np.flatnonzero(high > low)
    low, high = low[some], high[some]
    if len(some) and int(np.maximum(low[1:] - high[:-1], 0).sum()) > len(padded):
        order = np.argsort(low)
        some, low, high = some[order], low[order], high[order]
    if len(some):
        found[some] = reduce.reduceat(padded, np.column_stack([low, high]).ravel())[::2]
    return found
