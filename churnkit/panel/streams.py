"""Events sorted by owner and clock, and the two pointers that bound every window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from churnkit.panel.arrays import NEVER, Bools, Ints
from churnkit.panel.events import EventTable

_SHIFT = 34
_ORIGIN = int(np.datetime64("1700-01-01", "s").astype(np.int64))  # dates before 1970 exist
LATEST = (1 << _SHIFT) - 1
_PAIRS = 4_000_000


def seconds(microseconds: Ints) -> Ints:
    """Whole seconds since 1700, cut to 34 bits; cutoffs are whole seconds, so comparisons with them stay exact."""
    found: Ints = np.clip(microseconds // 1_000_000 - _ORIGIN, 0, LATEST)
    return found


def microseconds(at: Ints) -> Ints:
    """Whole seconds since 1700 as microseconds since 1970; the latest second stands for never."""
    found: Ints = np.where(at >= LATEST, NEVER, (at + _ORIGIN) * 1_000_000)
    return found


def keys(owner: Ints, at: Ints) -> Ints:
    """Owner code and seconds in one sortable integer."""
    key: Ints = (owner << _SHIFT) | at
    return key


class Stream:
    """Rows of a table in the order (owner, clock, seen, id).

    Parameters
    ----------
    table : EventTable
    clock : str
    owner : int array
        Owner code of each row: a customer, a policy, or one observation of the late-row path.
    rows : int array
        Row numbers in `table`, in that order.
    """

    def __init__(self, table: EventTable, clock: str, *, owner: Ints, rows: Ints) -> None:
        self.table, self.clock, self.owner, self.rows = table, clock, owner, rows
        self.key = keys(owner, seconds(table.time(clock)[rows]))

    def before(self, owner: Ints, cutoff: Ints) -> Ints:
        """Index past the last row of each owner with ``clock < cutoff`` (seconds); 0 for owner -1."""
        return np.searchsorted(self.key, keys(owner, cutoff))

    def since(self, owner: Ints, cutoff: Ints, days: int | None) -> Ints:
        """Index of the first row of each owner in a window of `days`, or of its first row at all."""
        begin = np.zeros_like(cutoff) if days is None else np.maximum(cutoff - days * 86_400, 0)
        return np.searchsorted(self.key, keys(owner, begin))


def customer_rows(table: EventTable, clock: str) -> Ints:
    """Rows whose clock has a time, in the order (customer, clock, seen, id)."""
    at, seen = table.time(clock), table.time(f"{clock}_seen")
    rows = np.flatnonzero((at < NEVER) & (seen < NEVER))
    key = keys(table.customer[rows], seconds(at[rows]))
    order = np.arange(len(rows)) if np.all(key[1:] >= key[:-1]) else np.argsort(key, kind="stable")
    rows, key = rows[order], key[order]
    tied = np.zeros(len(rows), dtype=bool)
    same = key[1:] == key[:-1]
    tied[1:] |= same
    tied[:-1] |= same
    if tied.any():
        some = rows[tied]
        rows[tied] = some[np.lexsort((table.ranks(some), seen[some], at[some], key[tied]))]
    return rows


def policy_rows(table: EventTable, rows: Ints) -> Ints:
    """Reorder rows in customer order into policy order, rows without a policy left out."""
    rows = rows[table.policy[rows] >= 0]
    return rows[np.argsort(table.policy[rows], kind="stable")]


def expand(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """All positions of ``[low_i, high_i)``, and for each the i it belongs to.

    Examples
    --------
    >>> [a.tolist() for a in expand(np.array([5, 0, 2]), np.array([7, 0, 3]))]
    [[0, 0, 2], [5, 6, 2]]
    """
    sizes = np.maximum(high - low, 0)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    begin = np.cumsum(sizes) - sizes
    return owner, np.arange(len(owner)) - begin[owner] + low[owner]


def chunks(sizes: Ints) -> Iterator[slice]:
    """Cut observations into stretches of about four million pairs, so that memory stays flat."""
    if not len(sizes):
        return
    bucket = np.cumsum(np.maximum(sizes, 0)) // _PAIRS
    edges = np.flatnonzero(np.diff(bucket)) + 1
    starts = [0, *edges.tolist()]
    yield from (slice(a, b) for a, b in zip(starts, [*edges.tolist(), len(sizes)], strict=True))


def touched(stream: Stream, *, owner: Ints, cutoff: Ints) -> Bools:
    """Observations for which some row has happened but was recorded only later: ``clock < cutoff <= seen``.

    The running maximum of (owner, seen) up to the cutoff's pointer tells, without looking at the rows.
    """
    if not len(stream.rows):
        return np.zeros(len(owner), dtype=bool)
    seen = seconds(stream.table.time(f"{stream.clock}_seen")[stream.rows])
    latest = np.maximum.accumulate(keys(stream.owner, seen))
    high = stream.before(owner, cutoff)
    some = high > 0
    late: Bools = some & (latest[np.maximum(high - 1, 0)] >= keys(owner, cutoff))
    return late


def superseded_in_force(stream: Stream, *, owner: Ints, cutoff: Ints) -> Bools:
    """Observations at which a version that was replaced later still counted (``stream`` holds such rows only)."""
    hit = np.zeros(len(owner), dtype=bool)
    high, low = stream.before(owner, cutoff), stream.since(owner, cutoff, None)
    until = seconds(stream.table.time("superseded")[stream.rows])
    some = np.flatnonzero(high > low)
    for part in chunks(high[some] - low[some]):
        mine = some[part]
        which, at = expand(low[mine], high[mine])
        hit[mine[which[cutoff[mine][which] <= until[at]]]] = True
    return hit
