"""First-contact resolution: judged when a week is over, and judged again when a late row says otherwise."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.panel.arrays import NEVER, Bools, Ints
from churnkit.panel.derived.columns import REPEAT_DAYS
from churnkit.panel.derived.repeats import Threads, union, with_spans
from churnkit.panel.kernel.streams import LATEST, seconds

_WEEK = REPEAT_DAYS * 86_400_000_000


def with_resolutions(events: pa.Table, threads: Threads, clock: str, column: str) -> pa.Table:
    """Append the clock, 7 days after a contact by the customer on a known topic, and whether it was resolved at first.

    It was (1.0) if it was resolved by the end of the 7 days and no further contact by the customer on the topic began
    within them, as visible; else 0.0. What becomes visible after the week is over changes that from then on.
    """
    rows = threads.rows
    over = np.asarray(events["started_at"])[rows] + _WEEK
    begin = np.maximum(seconds(np.asarray(events["started_at_seen"]))[rows], seconds(over))
    end = seconds(np.asarray(events["superseded"]))[rows]
    lasting = begin < end
    rows, over, begin, end = rows[lasting], over[lasting], begin[lasting], end[lasting]
    solved = np.clip(_solved(events, rows, over), begin, end)
    follower, since, until = union(threads.earlier, threads.begin, threads.end)
    followed = np.zeros(events.num_rows, dtype=bool)
    followed[follower] = True
    plain = ~followed[rows] & ((solved == begin) | (solved == end))
    place = np.full(events.num_rows, -1)
    place[rows[~plain]] = np.arange(int((~plain).sum()))
    mine = place[follower] >= 0
    which, start, stop, good = _spans(begin[~plain], end[~plain], solved[~plain],
                                      (place[follower[mine]], since[mine], until[mine]))  # fmt: skip
    row = np.concatenate([rows[plain], rows[~plain][which]])
    return with_spans(
        events, clock, row, np.concatenate([over[plain], over[~plain][which]]),
        begin=np.concatenate([begin[plain], start]), end=np.concatenate([end[plain], stop]),
        content={column: np.concatenate([solved[plain] == begin[plain], good]).astype(np.float64)},
    )  # fmt: skip


def _solved(events: pa.Table, rows: Ints, over: Ints) -> Ints:
    """The second from which each contact is known to have been resolved within its week."""
    resolved = np.asarray(pc.fill_null(events["resolved"], False), dtype=bool)[rows]
    at, seen = (np.asarray(events[name])[rows] for name in ("resolved_at", "resolved_at_seen"))
    known = np.where(resolved & (at <= over) & (seen < NEVER), np.maximum(at, seen), NEVER)
    return seconds(known)


def _spans(begin: Ints, end: Ints, solved: Ints, further: tuple[Ints, Ints, Ints]) -> tuple[Ints, Ints, Ints, Bools]:
    """Cut the time of each contact where its resolution or a further contact becomes visible, or no longer counts.

    Returns
    -------
    contact, begin, end : int arrays
    good : bool array, resolved and not followed during that span
    """
    if not len(begin):
        return begin, begin, begin, np.zeros(0, dtype=bool)
    own, (which, since, until) = np.arange(len(begin)), further
    since, until = (np.clip(each, begin[which], end[which]) for each in (since, until))
    marks = ((own, begin, 0, 0), (own, solved, 1, 0), (which, since, 0, 1), (which, until, 0, -1))
    contact = np.concatenate([each[0] for each in marks])
    at = np.concatenate([each[1] for each in marks])
    solution, others = (np.concatenate([np.full(len(each[0]), each[k]) for each in marks]) for k in (2, 3))
    order = np.lexsort((at, contact))
    contact, at = contact[order], at[order]
    good = (_within(contact, solution[order]) > 0) & (_within(contact, others[order]) == 0)
    last = np.append(contact[1:] != contact[:-1], True)
    stop = np.where(last, end[contact], np.append(at[1:], LATEST))
    kept = at < stop  # of marks at one moment, the last one knows them all
    contact, at, good, stop = contact[kept], at[kept], good[kept], stop[kept]
    first = np.flatnonzero(np.append(True, (contact[1:] != contact[:-1]) | (good[1:] != good[:-1])))
    return contact[first], at[first], stop[np.append(first[1:], len(contact)) - 1], good[first]


def _within(contact: Ints, step: Ints) -> Ints:
    """Running sum of the steps of each contact."""
    total = np.cumsum(step)
    begin = np.flatnonzero(np.append(True, contact[1:] != contact[:-1]))
    before = np.append(0, total)[begin]
    found: Ints = total - np.repeat(before, np.diff(np.append(begin, len(contact))))
    return found
