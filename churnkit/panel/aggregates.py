"""Aggregates of sorted events: differences of prefix sums at window pointers, segment reductions, gathers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from churnkit.errors import ContractError
from churnkit.panel.arrays import DAY, NEVER, Bools, Floats, Ints
from churnkit.panel.events import EventTable, from_fixed
from churnkit.panel.feature import Feature, Where
from churnkit.panel.streams import Stream, chunks, expand, keys, seconds

_YEAR = 365 * DAY


@dataclass(frozen=True)
class Moments:
    """Whose window and when: owner codes, cutoffs in microseconds and in key seconds."""

    owner: Ints
    microseconds: Ints
    seconds: Ints

    def take(self, rows: Ints | slice, owner: Ints | None = None) -> Moments:
        """The moments of some observations, under another owner if given."""
        kept = self.owner[rows] if owner is None else owner
        return Moments(kept, self.microseconds[rows], self.seconds[rows])


class Selection:
    """Rows of a stream that count (conditions met, column not null), and pointers into them."""

    def __init__(self, stream: Stream, keep: Bools) -> None:
        self.before = np.concatenate([[0], np.cumsum(keep[stream.rows])])
        kept = np.flatnonzero(keep[stream.rows])
        self.rows, self.owner = stream.rows[kept], stream.owner[kept]
        self.sums: dict[str, tuple[Ints, Ints | None]] = {}


class Windows:
    """All features of one stream at the given moments; pointers, selections and prefix sums are worked out once."""

    def __init__(self, stream: Stream, moments: Moments) -> None:
        self.stream, self.moments, self.table = stream, moments, stream.table
        self.high = stream.before(moments.owner, moments.seconds)
        self._low: dict[int | None, Ints] = {}
        self._selections: dict[tuple[frozenset[Where], str], Selection] = {}
        self._bounds: dict[tuple[frozenset[Where], str, int | None], tuple[Ints, Ints]] = {}

    def value(self, feature: Feature) -> Floats:
        """The feature at every moment."""
        selection, low, high = self._bounded(feature)
        compute = getattr(self, f"_{feature.aggregate}")
        found: Floats = compute(feature, selection, low, high)
        return found

    def _bounded(self, feature: Feature) -> tuple[Selection, Ints, Ints]:
        if feature.days not in self._low:
            self._low[feature.days] = self.stream.since(self.moments.owner, self.moments.seconds, feature.days)
        conditions = frozenset(feature.where)
        chosen = (conditions, feature.column)
        if chosen not in self._selections:
            keep = self.table.mask(feature.where)
            if feature.column:
                keep = keep & ~np.isnan(self.table.values(feature.column))
            self._selections[chosen] = Selection(self.stream, keep)
        selection = self._selections[chosen]
        window = (*chosen, feature.days)
        if window not in self._bounds:
            self._bounds[window] = selection.before[self._low[feature.days]], selection.before[self.high]
        return selection, *self._bounds[window]

    def _count(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        return (high - low).astype(np.float64)

    def _sum(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        column = feature.column
        if column not in selection.sums:
            coarse, fine = self.table.fixed(column)
            _refuse_overflow(self.table, feature, coarse, int((high - low).max(initial=0)))
            selection.sums[column] = (
                _prefix(coarse[selection.rows]),
                None if fine is None else _prefix(fine[selection.rows]),
            )
        coarse, fine = selection.sums[column]
        return from_fixed(coarse[high] - coarse[low], None if fine is None else fine[high] - fine[low])

    def _mean(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        return _ratio(self._sum(feature, selection, low, high), high - low)

    def _share(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        hits = _prefix(self.table.mask(feature.of)[selection.rows].astype(np.int64))
        return _ratio((hits[high] - hits[low]).astype(np.float64), high - low)

    def _min(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        return segments(np.minimum, self.table.values(feature.column)[selection.rows], low, high)

    def _max(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        return segments(np.maximum, self.table.values(feature.column)[selection.rows], low, high)

    def _std(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        values = self.table.values(feature.column)[selection.rows]
        found = np.empty(len(low))
        for part in chunks(high - low):
            which, at = expand(low[part], high[part])
            centred = _centred(which, values[at] - values[low[part][which]], len(low[part]))
            squares: Floats = np.bincount(which, weights=centred * centred, minlength=len(low[part])).astype(np.float64)
            found[part] = np.sqrt(_ratio(squares, (high - low)[part] - 1))
        return found

    def _first(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        return _gather(self.table.values(feature.column)[selection.rows], low, high, first=True)

    def _last(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        return _gather(self.table.values(feature.column)[selection.rows], low, high)

    def _distinct(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        """Count values whose latest row lies in the window: each row ends where the next of its value begins."""
        ends = np.full(len(selection.rows), NEVER)
        values = self.table.values(feature.column)[selection.rows]
        order = np.lexsort((values, selection.owner))  # stable: rows of one value stay in the order of the clock
        again = (np.diff(values[order]) == 0) & (np.diff(selection.owner[order]) == 0)
        ends[order[:-1][again]] = self.table.time(feature.clock)[selection.rows][order[1:][again]]
        return self._begun_and_not_over(feature, selection, ends, high)

    def _gap_mean(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        at = self.table.time(feature.clock)[selection.rows]
        found = np.full(len(low), np.nan)
        some = high - low > 1
        low, high = low[some], high[some]
        found[some] = (at[high - 1] - at[low]) / (high - low - 1) / DAY
        return found

    def _gap_max(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        gaps = np.diff(self.table.time(feature.clock)[selection.rows]) / DAY
        return segments(np.maximum, gaps, low, np.maximum(high - 1, low))

    def _days_since(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        return self._days_from(feature, selection, low, high)

    def _days_since_first(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        return self._days_from(feature, selection, low, high, first=True)

    def _days_from(
        self, feature: Feature, selection: Selection, low: Ints, high: Ints, *, first: bool = False
    ) -> Floats:
        latest = _gather(np.arange(len(selection.rows), dtype=np.float64), low, high, first=first)
        some = ~np.isnan(latest)
        at = self.table.time(feature.clock)[selection.rows[latest[some].astype(np.int64)]]
        latest[some] = (self.moments.microseconds[some] - at) / DAY
        return latest

    def _open(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        return self._begun_and_not_over(feature, selection, _ends(self.table, feature, selection.rows), high)

    def _begun_and_not_over(self, feature: Feature, selection: Selection, ends: Ints, high: Ints) -> Floats:
        """Count rows of the window that end at the cutoff or later: leaving the window is an end like any other.

        Those over are counted in a second stream, sorted by the end; a row ends after it begins, so none is missed.
        """
        if feature.days is not None:
            ends = np.minimum(ends, self.table.time(feature.clock)[selection.rows] + feature.days * DAY)
        over = np.sort(keys(selection.owner, seconds(ends)))
        ended = np.searchsorted(over, keys(self.moments.owner, self.moments.seconds))
        return (high - ended).astype(np.float64)

    def _slope(self, feature: Feature, selection: Selection, low: Ints, high: Ints) -> Floats:
        found = np.full(len(low), np.nan)
        values = self.table.values(feature.column)[selection.rows]
        times = self.table.time(feature.clock)[selection.rows]
        for part in chunks(high - low):
            which, at = expand(low[part], high[part])
            first = low[part][which]  # differences of integers are exact, even between events a second apart
            x, y = (times[at] - times[first]).astype(np.float64), values[at] - values[first]
            found[part] = _slopes(which, x, y, len(low[part])) * _YEAR
        return found


def _slopes(which: Ints, x: Floats, y: Floats, size: int) -> Floats:
    """Least-squares slopes of groups, centred within each: slopes from global prefix sums are ill-conditioned."""
    distinct = np.bincount(which, x > 0, minlength=size) > 0
    x, y = _centred(which, x, size), _centred(which, y, size)
    above, below = np.bincount(which, x * y, minlength=size), np.bincount(which, x * x, minlength=size)
    found: Floats = np.divide(above, below, out=np.full(size, np.nan), where=distinct)
    return found


def _centred(which: Ints, values: Floats, size: int) -> Floats:
    total = np.bincount(which, weights=values, minlength=size).astype(np.float64)
    centred: Floats = values - _ratio(total, np.bincount(which, minlength=size))[which]
    return centred


def segments(reduce: Any, values: Floats, low: Ints, high: Ints) -> Floats:
    """Reduce ``values[low_i:high_i]``; NaN where empty.

    Examples
    --------
    >>> segments(np.minimum, np.array([3.0, 1.0, 2.0]), np.array([0, 2, 1]), np.array([2, 3, 1])).tolist()
    [1.0, 2.0, nan]
    """
    found = np.full(len(low), np.nan)
    some = high > low
    if some.any():
        bounds = np.column_stack([low[some], high[some]]).ravel()
        found[some] = reduce.reduceat(np.append(values, 0.0), bounds)[::2]
    return found


def _ends(table: EventTable, feature: Feature, rows: Ints) -> Ints:
    """The moment from which a row is known to be over: ended, recorded as ended, and itself visible."""
    end, seen = table.time(feature.end_clock)[rows], table.time(f"{feature.end_clock}_seen")[rows]
    begun = np.maximum(table.time(feature.clock)[rows], table.time(f"{feature.clock}_seen")[rows])
    known: Ints = np.maximum(begun, np.where(end < NEVER, np.maximum(end, seen), NEVER))
    return known


def _prefix(values: Ints) -> Ints:
    total = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=total[1:])
    return total


def _ratio(above: Floats, below: Ints) -> Floats:
    found: Floats = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return found


def _gather(values: Floats, low: Ints, high: Ints, *, first: bool = False) -> Floats:
    found = np.full(len(low), np.nan)
    some = high > low
    found[some] = values[low[some] if first else high[some] - 1]
    return found


def _refuse_overflow(table: EventTable, feature: Feature, coarse: Ints, rows: int) -> None:
    """Prefix sums may wrap round (differences of wrapped integers are right), a window's own sum may not."""
    largest = float(np.abs(coarse).max(initial=0))
    if largest * rows >= 2.0**62:
        raise ContractError("A window's sum lies below 4e12.", found=f"values to {largest / 1e6:.4g}",
                            where=f"{table.name}.{feature.column}", fix="Fix the source or its unit.")  # fmt: skip
