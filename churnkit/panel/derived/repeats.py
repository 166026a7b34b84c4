"""Repeated contacts: a clock that two rows make together, exact under late rows and versions of either.

What such a row says may change without the row: another one is entered late, or replaced. Its time is cut into spans,
and each is a version of the row, seen from the span's begin and superseded at its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.panel.arrays import NEVER, Floats, Ints
from churnkit.panel.derived.columns import REPEAT_DAYS
from churnkit.panel.kernel.streams import LATEST, keys, microseconds, seconds

_WEEK = REPEAT_DAYS * 86_400_000_000


@dataclass(frozen=True)
class Threads:
    """Contacts by customers on known topics, and which of them follow which within 7 days.

    ``rows``: the contacts, in the order (customer, topic, time). Of each pair: ``later`` and ``earlier``, rows of the
    events, and the seconds after which (``begin``) and until which (``end``) both count.
    """

    rows: Ints
    later: Ints
    earlier: Ints
    begin: Ints
    end: Ints


def with_repeats(events: pa.Table, threads: Threads, name: str) -> pa.Table:
    """Append the clock `name`: ``started_at`` of contacts that repeat another one, seen while both are visible.

    A contact is a repeat during the union of the spans in which it and some earlier contact both count.
    """
    row, begin, end = union(threads.later, threads.begin, threads.end)
    return with_spans(events, name, row, np.asarray(events["started_at"])[row], begin=begin, end=end)


def with_spans(events: pa.Table, name: str, row: Ints, at: Ints, *, begin: Ints, end: Ints,
               content: Mapping[str, Floats] | None = None) -> pa.Table:  # fmt: skip
    """Append the clock `name`, and content read through it, that rows have during some spans.

    Parameters
    ----------
    row, at, begin, end : int arrays
        Rows, the clock's microseconds, and the seconds after which and until which it shows; spans of a row disjoint.
    content : mapping of column to float array
        What the row says during the span.

    Returns
    -------
    Arrow table
        Where a row has more than one span, or one that ends before its own version does, rows that have no other
        clock are appended.
    """
    whole, n = events, events.num_rows
    on_row = end == seconds(np.asarray(events["superseded"]))[row]
    given = {name: at, f"{name}_seen": microseconds(begin), **(content or {})}
    for column, values in given.items():
        filled = np.full(n, NEVER) if values.dtype.kind == "i" else np.full(n, np.nan)
        filled[row[on_row]] = values[on_row]
        whole = whole.append_column(column, pa.array(filled, from_pandas=True))
    extra = whole.take(pa.array(row[~on_row]))
    never = np.full(extra.num_rows, NEVER)
    own = {**{column: values[~on_row] for column, values in given.items()}, "superseded": microseconds(end[~on_row])}
    for place, column in enumerate(extra.column_names):
        clock = f"{column}_seen" in extra.column_names or column.endswith("_seen")
        if column in own or clock:
            extra = extra.set_column(place, column, pa.array(own.get(column, never), from_pandas=True))
    return pa.concat_tables([whole, extra]) if extra.num_rows else whole


def threads_of(events: pa.Table) -> Threads:
    """Find the contacts by customers on known topics, and those that follow each other."""
    rows, group = _by_topic(events)
    later, earlier = _followers(group, np.asarray(events["started_at"])[rows])
    later, earlier = rows[later], rows[earlier]
    ids = events["interaction_id" if "interaction_id" in events.column_names else "id"]
    other = np.asarray(pc.not_equal(ids.take(pa.array(later)), ids.take(pa.array(earlier))), dtype=bool)
    seen = seconds(np.asarray(events["started_at_seen"]))
    until = seconds(np.asarray(events["superseded"]))
    begin, end = np.maximum(seen[later], seen[earlier]), np.minimum(until[later], until[earlier])
    fine = other & (end > begin)
    return Threads(rows, later[fine], earlier[fine], begin[fine], end[fine])


def _by_topic(events: pa.Table) -> tuple[Ints, Ints]:
    """Rows of the contacts in the order (customer, topic, time), and a code of customer and topic."""
    topics = pc.dictionary_encode(events["topic"]).combine_chunks()
    topic = np.asarray(pc.fill_null(topics.indices, -1), dtype=np.int64)
    own = np.asarray(pc.fill_null(pc.equal(events["initiator"], "customer"), False), dtype=bool)
    started = np.asarray(events["started_at"])
    rows = np.flatnonzero(own & (topic >= 0) & (started < NEVER))
    group = np.asarray(events["customer"], dtype=np.int64)[rows] * max(len(topics.dictionary), 1) + topic[rows]
    order = np.lexsort((started[rows], group))
    return rows[order], group[order]


def _followers(group: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Positions of two contacts of a group, one of them in ``[at - 7 days, at)`` of the other, to the microsecond.

    In the order of time, a contact that is too long after the one k places before is too long after all before that.
    """
    found: list[tuple[Ints, Ints]] = [(np.zeros(0, dtype=np.int64),) * 2]
    late, step = np.arange(1, len(at)), 1
    while len(late):
        near = (group[late] == group[late - step]) & (at[late] - at[late - step] <= _WEEK)
        late = late[near]
        after = late[at[late] > at[late - step]]
        found.append((after, after - step))
        step += 1
        late = late[late >= step]
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])


def union(owner: Ints, begin: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """Union of spans by owner."""
    order = np.lexsort((begin, owner))
    owner, begin, end = owner[order], begin[order], end[order]
    if not len(owner):
        return owner, begin, end
    reach = np.maximum.accumulate(keys(owner, end))
    fresh = np.ones(len(owner), dtype=bool)
    fresh[1:] = keys(owner, begin)[1:] > reach[:-1]
    first = np.flatnonzero(fresh)
    return owner[first], begin[first], np.minimum(np.maximum.reduceat(end, first), LATEST)
