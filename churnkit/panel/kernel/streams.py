"""Events sorted by owner and clock, and the two pointers that bound every window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from churnkit.panel.arrays import NEVER, Bools, Ints, Scalar
from churnkit.panel.kernel.events import EventTable

_SHIFT = 34
_ORIGIN = int(np.datetime64("1700-01-01", "s").astype(np.int64))  # dates before 1970 exist
LATEST = (1 << _SHIFT) - 1
_PAIRS = 4_000_000
_BLOCK = 2048


def seconds(microseconds: Ints) -> Ints:
    """Whole seconds since 1700, cut to 34 bits; cutoffs are whole seconds, so comparisons with them stay exact."""
    found: Ints = microseconds // 1_000_000
    found -= _ORIGIN
    return np.clip(found, 0, LATEST, out=found)


def microseconds(at: Ints) -> Ints:
    """Whole seconds since 1700 as microseconds since 1970; the latest second stands for never."""
    found: Ints = np.where(at >= LATEST, NEVER, (at + _ORIGIN) * 1_000_000)
    return found


def keys(owner: Ints, at: Ints) -> Ints:
    """Owner code and seconds in one sortable integer."""
    key: Ints = owner << _SHIFT
    key |= at
    return key


def in_order(key: Ints) -> Ints | slice:
    """What puts a key in order: nothing to do, as a rule."""
    return slice(None) if bool(np.all(key[1:] >= key[:-1])) else np.argsort(key)


def positions(key: Ints, needles: Ints) -> Ints:
    """Where the needles belong in a sorted key; sought in their order, few at a time, so that the cache holds both."""
    order = in_order(needles)
    needles = needles[order]
    found = np.empty(len(needles), dtype=np.int64)
    edges = [*np.searchsorted(key, needles[::_BLOCK]).tolist(), len(key)]
    for block, (low, high) in enumerate(pairwise(edges)):
        part = slice(block * _BLOCK, (block + 1) * _BLOCK)
        np.add(np.searchsorted(key[low:high], needles[part]), low, out=found[part])
    if isinstance(order, slice):
        return found
    back = np.empty_like(found)
    back[order] = found
    return back


class Stream:
    """Rows of a table in the order (owner, clock, seen, id).

    Parameters
    ----------
    table : EventTable
    clock : str
    key : int array
        Owner and second of each row (:func:`keys`), ascending. An owner is a customer, a policy, or one observation of
        the late-row path.
    rows : int array, optional
        Row numbers in `table`, in that order; None for all rows of a table that stands in it.
    """

    def __init__(self, table: EventTable, clock: str, *, key: Ints, rows: Ints | None = None) -> None:
        self.table, self.clock, self.key, self.rows = table, clock, key, rows

    @cached_property
    def owner(self) -> Ints:
        """Owner code of each row."""
        owner: Ints = self.key >> _SHIFT
        return owner

    def of(self, column: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """A column of the table, row by row of the stream."""
        return column if self.rows is None else column[self.rows]

    def part(self, places: Ints) -> Stream:
        """Some rows of the stream."""
        rows = places if self.rows is None else self.rows[places]
        return Stream(self.table, self.clock, key=self.key[places], rows=rows)

    def before(self, owner: Ints, cutoff: Ints) -> Ints:
        """Index past the last row of each owner with ``clock < cutoff`` (seconds); 0 for owner -1."""
        return positions(self.key, keys(owner, cutoff))

    def since(self, owner: Ints, cutoff: Ints, days: int | None) -> Ints:
        """Index of the first row of each owner in a window of `days`, or of its first row at all."""
        if days is not None:
            return positions(self.key, keys(owner, np.maximum(cutoff - days * 86_400, 0)))
        fresh = np.flatnonzero(np.diff(owner, prepend=owner[:1] - 1))
        begin = positions(self.key, owner[fresh] << _SHIFT)
        return np.repeat(begin, np.diff(fresh, append=len(owner)))


def customer_order(table: EventTable, clock: str) -> Ints | None:
    """Rows whose clock has a time, in the order (customer, clock, seen, id); None if so they stand."""
    at, seen = table.time(clock), table.time(f"{clock}_seen")
    timed = (at < NEVER) & (seen < NEVER)
    rows = None if timed.all() else np.flatnonzero(timed)
    key = keys(table.customer, seconds(at)) if rows is None else keys(table.customer[rows], seconds(at[rows]))

    def ties(places: Ints) -> tuple[Ints, ...]:
        some = places if rows is None else rows[places]
        return some, table.ranks(some), seen[some], at[some]

    order = order_of(key, ties)
    return order if rows is None else rows if order is None else rows[order]


def order_of(key: Ints, ties: Callable[[Ints], tuple[Ints, ...]]) -> Ints | None:
    """What puts a key in order, None where it is; `ties` says of places that share a key how they are sorted.

    Parameters
    ----------
    key : int array, see :func:`keys`
    ties : callable
        From places to arrays as ``np.lexsort`` takes them, the one that decides first last.
    """
    order, sorted_key = (None, key) if np.all(key[1:] >= key[:-1]) else _sorted(key)
    tied = np.zeros(len(key), dtype=bool)
    np.equal(sorted_key[1:], sorted_key[:-1], out=tied[1:])
    tied[:-1] |= tied[1:]
    if tied.any():
        order = np.arange(len(key)) if order is None else order
        some = order[tied]
        order[tied] = some[np.lexsort((*ties(some), key[some]))]
    return order


def _sorted(key: Ints) -> tuple[Ints, Ints]:
    """The order of a key, and the key in that order, coarser if need be.

    Key and position go into one integer, for sorting is much cheaper than finding an order. What it has no bits for is
    left off the seconds: rows of an owner that then look alike are ties, and put right as such.
    """
    owner, second = key >> _SHIFT, key & LATEST
    second -= second.min()
    bits, wide = len(key).bit_length(), int(second.max()).bit_length()
    cut = max(wide + bits + int(owner.max()).bit_length() - 63, 0)
    owner <<= wide - cut
    second >>= cut
    owner |= second
    owner <<= bits
    owner |= np.arange(len(key))
    owner.sort()
    return owner & ((1 << bits) - 1), owner >> bits


def customer_stream(table: EventTable, clock: str) -> Stream:
    """All rows of a table that stands in the order of this clock."""
    return Stream(table, clock, key=keys(table.customer, seconds(table.time(clock))))


def policy_stream(stream: Stream) -> Stream:
    """The rows of a stream by policy, those without a policy left out."""
    policy = stream.of(stream.table.policy)
    places = np.flatnonzero(policy >= 0)
    packed = (policy[places] << 32) | places  # one sort instead of an argsort that keeps the order of ties
    packed.sort()
    places = packed & 0xFFFFFFFF
    found = stream.part(places)
    found.key = keys(packed >> 32, found.key & LATEST)
    return found


def private_stream(stream: Stream, which: Ints, at: Ints) -> Stream:
    """The rows at some places of a stream, each under the observation it is looked at from."""
    found = stream.part(at)
    found.key = keys(which, found.key & LATEST)
    return found


def expand(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """All positions of ``[low_i, high_i)``, and for each the i it belongs to.

    Examples
    --------
    >>> [a.tolist() for a in expand(np.array([5, 0, 2]), np.array([7, 0, 3]))]
    [[0, 0, 2], [5, 6, 2]]
    """
    sizes = np.maximum(high - low, 0)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    at = np.repeat(low - (np.cumsum(sizes) - sizes), sizes)
    at += np.arange(len(owner))
    return owner, at


def chunks(sizes: Ints, most: int = _PAIRS) -> Iterator[slice]:
    """Cut observations into stretches of about that many pairs, so that memory stays flat."""
    if not len(sizes):
        return
    bucket = np.cumsum(np.maximum(sizes, 0)) // most
    edges = np.flatnonzero(np.diff(bucket)) + 1
    starts = [0, *edges.tolist()]
    yield from (slice(a, b) for a, b in zip(starts, [*edges.tolist(), len(sizes)], strict=True))


def touched(stream: Stream, moments: Ints, high: Ints) -> Bools:
    """Observations for which some row has happened but was recorded only later: ``clock < cutoff <= seen``.

    The running maximum of (owner, seen) up to the cutoff tells, without looking at the rows.

    Parameters
    ----------
    moments : int array, owner and cutoff of each observation (:func:`keys`)
    high : int array, the index past the last row of each with ``clock < cutoff``
    """
    if not len(stream.key):
        return np.zeros(len(moments), dtype=bool)
    latest = keys(stream.owner, seconds(stream.of(stream.table.time(f"{stream.clock}_seen"))))
    np.maximum.accumulate(latest, out=latest)
    late: Bools = latest[np.maximum(high - 1, 0)] >= moments
    late &= high > 0
    return late


def superseded_in_force(stream: Stream, moments: Ints) -> Bools:
    """Observations at which a version that was replaced later still counted (``stream`` holds such rows only).

    One counts from the second after it was seen to that in which it was replaced: begun are more than over.
    """
    seen = seconds(stream.of(stream.table.time(f"{stream.clock}_seen")))
    begin = np.maximum(stream.key & LATEST, seen)
    end = np.maximum(seconds(stream.of(stream.table.time("superseded"))), begin)
    begun, over = np.sort(keys(stream.owner, begin)), np.sort(keys(stream.owner, end))
    hit: Bools = positions(begun, moments) > positions(over, moments)
    return hit
