"""Repeated contacts: a clock that two rows make together, exact under late rows and versions of either.

What such a row says may change without the row: another one is entered late, or replaced. Its time is cut into spans,
and each is a version of the row, seen from the span's begin and superseded at its end.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.panel.arrays import NEVER, Floats, Ints
from churnkit.panel.derived import REPEAT_DAYS
from churnkit.panel.streams import LATEST, expand, keys, microseconds, seconds


def with_repeats(events: pa.Table, name: str) -> pa.Table:
    """Append the clock `name`: ``started_at`` of contacts that repeat another one, seen while both are visible.

    A contact is a repeat during the union of the spans in which it and some earlier contact both count.
    """
    later, _, begin, end = pairs(events)
    row, begin, end = union(later, begin, end)
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


def contacts_by_topic(events: pa.Table) -> tuple[Ints, Ints]:
    """Rows of contacts by customers on a known topic, in the order (customer, topic, time), and a code of both."""
    topic = np.asarray(pc.fill_null(pc.dictionary_encode(events["topic"]).combine_chunks().indices, -1), dtype=np.int64)
    own = np.asarray(pc.fill_null(pc.equal(events["initiator"], "customer"), False), dtype=bool)
    customer, started = np.asarray(events["customer"]), np.asarray(events["started_at"])
    rows = np.flatnonzero(own & (topic >= 0) & (started < NEVER))
    rows = rows[np.lexsort((started[rows], topic[rows], customer[rows]))]
    fresh = (np.diff(customer[rows], prepend=-1) != 0) | (np.diff(topic[rows], prepend=-1) != 0)
    return rows, np.cumsum(fresh)


def pairs(events: pa.Table) -> tuple[Ints, Ints, Ints, Ints]:
    """A contact, one on the same topic at most 7 days before it, and the seconds from and to which both count."""
    rows, group = contacts_by_topic(events)
    low, high = _bounds(group, np.asarray(events["started_at"])[rows])
    which, before = expand(low, high)
    later, earlier = rows[which], rows[before]
    ids = events["interaction_id" if "interaction_id" in events.column_names else "id"]
    code = np.asarray(pc.dictionary_encode(ids).combine_chunks().indices, dtype=np.int64)
    seen = seconds(np.asarray(events["started_at_seen"]))
    until = seconds(np.asarray(events["superseded"]))
    begin, end = np.maximum(seen[later], seen[earlier]), np.minimum(until[later], until[earlier])
    fine = (code[later] != code[earlier]) & (end > begin)
    return later[fine], earlier[fine], begin[fine], end[fine]


def _bounds(group: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Positions of the contacts of the same group in ``[at - 7 days, at)``, to the microsecond."""
    moments = np.unique(np.concatenate([at, at - REPEAT_DAYS * 86_400_000_000]))
    key = group * (len(moments) + 1) + np.searchsorted(moments, at)
    low = np.searchsorted(key, group * (len(moments) + 1) + np.searchsorted(moments, at - REPEAT_DAYS * 86_400_000_000))
    return low, np.searchsorted(key, key)


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
