"""Rows of a stream that count for some features, and the windows over them at some moments.

A selection is worked out once and dropped when its features are done; windows come in stretches of observations, small
enough that what is made of them stays in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from churnkit.errors import ContractError
from churnkit.panel.arrays import Bools, Floats, Ints, Scalar
from churnkit.panel.feature import Where
from churnkit.panel.kernel.events import from_fixed
from churnkit.panel.kernel.streams import Stream, in_order, keys

_STRETCH = 100_000
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Moments:
    """Whose window and when: owner codes, cutoffs in microseconds and in key seconds."""

    owner: Ints
    microseconds: Ints
    seconds: Ints

    def __len__(self) -> int:
        return len(self.owner)

    def take(self, rows: Ints | slice, owner: Ints | None = None) -> Moments:
        """The moments of some observations, under another owner if given."""
        kept = self.owner[rows] if owner is None else owner
        return Moments(kept, self.microseconds[rows], self.seconds[rows])

    @cached_property
    def keys(self) -> Ints:
        """Owner and cutoff in one integer."""
        return keys(self.owner, self.seconds)

    def stretches(self) -> Iterator[slice]:
        """Observations in stretches."""
        yield from (slice(start, start + _STRETCH) for start in range(0, len(self), _STRETCH))


class Pointers:
    """Where the windows of some lengths begin and end in a stream, at all moments."""

    def __init__(self, stream: Stream, moments: Moments, days: Iterable[int | None]) -> None:
        self.low = {length: np.empty(len(moments), dtype=np.int64) for length in days}
        self.high = np.empty(len(moments), dtype=np.int64)
        for part in moments.stretches():
            mine = moments.take(part)
            order = in_order(mine.keys)
            owner, cutoff = mine.owner[order], mine.seconds[order]
            self.high[part][order] = stream.before(owner, cutoff)
            for length, low in self.low.items():
                low[part][order] = stream.since(owner, cutoff, length)


class Selection:
    """Rows of a stream that count (conditions met, column not null), pointers into them, and what is made of them."""

    def __init__(self, stream: Stream, where: Iterable[Where], column: str) -> None:
        self.stream, self.table, self.clock, self.column = stream, stream.table, stream.clock, column
        keep = _kept(stream, where, column)
        self._before = None if keep is None else prefix(keep)
        self._keep = keep
        self._made: dict[Hashable, object] = {}

    @cached_property
    def places(self) -> Ints | None:
        """Where the rows stand in the stream; None for all of it."""
        return None if self._keep is None else np.flatnonzero(self._keep)

    @cached_property
    def owner(self) -> Ints:
        """Owner code of each row."""
        return self.stream.owner if self.places is None else self.stream.owner[self.places]

    def pointers(self, at: Ints) -> Ints:
        """Pointers into the stream as pointers into the selection."""
        return at if self._before is None else self._before[at]

    def of(self, column: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """A column of the table, row by row of the selection."""
        if self.places is None:
            return self.stream.of(column)
        return column[self.places if self.stream.rows is None else self.stream.rows[self.places]]

    def made(self, name: Hashable, make: Callable[[], _Made]) -> _Made:
        """Make something of the rows once for all windows."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]  # type: ignore[return-value]

    @property
    def values(self) -> Floats:
        """The column, with a 0 after the last row for pointers that point past it."""
        return self.made("values", lambda: np.append(self.of(self.table.values(self.column)), 0.0))

    @property
    def times(self) -> Ints:
        """The clock in microseconds, with a 0 after the last row."""
        return self.made("times", lambda: np.append(self.of(self.table.time(self.clock)), 0))

    @property
    def sums(self) -> tuple[Ints, Ints | None]:
        """Running sums of the column in fixed point."""
        coarse, fine = self.table.fixed(self.column)
        return self.made("sums", lambda: (prefix(self.of(coarse)), None if fine is None else prefix(self.of(fine))))


class Window:
    """One window of a selection at a stretch of moments: pointers to its first row and past its last."""

    def __init__(self, rows: Selection, moments: Moments, low: Ints, high: Ints) -> None:
        self.rows, self.moments, self.low, self.high = rows, moments, low, high

    @cached_property
    def count(self) -> Ints:
        """Number of rows."""
        return self.high - self.low

    @cached_property
    def empty(self) -> Bools:
        """Windows without a row."""
        empty: Bools = self.count == 0
        return empty

    @cached_property
    def some(self) -> Floats:
        """Number of rows, NaN where there is none: what a mean is divided by."""
        found = self.count.astype(np.float64)
        found[self.empty] = np.nan
        return found

    @cached_property
    def sum(self) -> Floats:
        """Sum of the column."""
        table, column = self.rows.table, self.rows.column
        if table.largest(column) * int(self.count.max(initial=0)) >= 2.0**62:
            # running sums may wrap round (differences of wrapped integers are right), a window's own sum may not
            raise ContractError("A window's sum lies below 4e12.", found=f"values to {table.largest(column) / 1e6:.4g}",
                                where=f"{table.name}.{column}", fix="Fix the source or its unit.")  # fmt: skip
        coarse, fine = self.rows.sums
        return from_fixed(
            coarse[self.high] - coarse[self.low], None if fine is None else fine[self.high] - fine[self.low]
        )


def prefix(values: Ints | Bools) -> Ints:
    """Running sums, from 0 on.

    Examples
    --------
    >>> prefix(np.array([True, False, True])).tolist()
    [0, 1, 1, 2]
    """
    total = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=total[1:])
    return total


def _kept(stream: Stream, where: Iterable[Where], column: str) -> Bools | None:
    masks = [stream.of(stream.table.mask(condition)) for condition in where]
    present = stream.table.present(column) if column else None
    if present is not None:
        masks.append(stream.of(present))
    return all_of(masks) if masks else None


def all_of(masks: Sequence[Bools]) -> Bools:
    """Rows at which all of some masks hold."""
    found = masks[0]
    for mask in masks[1:]:
        found = found & mask
    return found


def windows(
    rows: Selection, pointers: Pointers, moments: Moments, days: Iterable[int | None]
) -> Iterator[tuple[slice, int | None, Window]]:
    """Every stretch of moments with each length of window: where it stands, the length, the window."""
    for part in moments.stretches():
        high, mine = rows.pointers(pointers.high[part]), moments.take(part)
        for length in days:
            yield part, length, Window(rows, mine, rows.pointers(pointers.low[length][part]), high)
