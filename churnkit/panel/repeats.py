"""Repeated contacts: a clock that two rows make together, exact under late rows and versions of either."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.panel.arrays import NEVER, Ints
from churnkit.panel.derived import REPEAT_DAYS
from churnkit.panel.streams import LATEST, expand, keys, microseconds, seconds


def with_repeats(events: pa.Table, name: str) -> pa.Table:
    """Append the clock `name`: ``started_at`` of contacts that repeat another one, seen while both are visible.

    A contact is a repeat during the union of the spans in which it and some earlier contact both count. Where that is
    more than one span, or ends before the contact's own version does, rows with no other clock are appended.
    """
    row, begin, end = _spans(events)
    started = np.asarray(events["started_at"])
    own_end = seconds(np.asarray(events["superseded"]))[row]
    on_row = end == own_end
    clock, seen = np.full(len(started), NEVER), np.full(len(started), NEVER)
    clock[row[on_row]] = started[row[on_row]]
    seen[row[on_row]] = microseconds(begin[on_row])
    whole = events.append_column(name, pa.array(clock)).append_column(f"{name}_seen", pa.array(seen))
    extra = whole.take(pa.array(row[~on_row]))
    never = pa.array(np.full(extra.num_rows, NEVER))
    content = {
        name: pa.array(started[row[~on_row]]),
        f"{name}_seen": pa.array(microseconds(begin[~on_row])),
        "superseded": pa.array(microseconds(end[~on_row])),
    }
    for column in extra.column_names:
        other_clock = f"{column}_seen" in extra.column_names or column.endswith("_seen")
        if column in content or other_clock:
            at = extra.schema.get_field_index(column)
            extra = extra.set_column(at, column, content.get(column, never))
    return pa.concat_tables([whole, extra]) if extra.num_rows else whole


def _spans(events: pa.Table) -> tuple[Ints, Ints, Ints]:
    """Row, first and last second of each span in which a contact counts as a repeat, spans of a row disjoint."""
    topic = np.asarray(pc.fill_null(pc.dictionary_encode(events["topic"]).combine_chunks().indices, -1), dtype=np.int64)
    own = np.asarray(pc.fill_null(pc.equal(events["initiator"], "customer"), False), dtype=bool)
    customer, started = np.asarray(events["customer"]), np.asarray(events["started_at"])
    rows = np.flatnonzero(own & (topic >= 0) & (started < NEVER))
    rows = rows[np.lexsort((started[rows], topic[rows], customer[rows]))]
    at = started[rows]
    fresh = (np.diff(customer[rows], prepend=-1) != 0) | (np.diff(topic[rows], prepend=-1) != 0)
    group = np.cumsum(fresh)
    low, high = _bounds(group, at)
    which, before = expand(low, high)
    later, earlier = rows[which], rows[before]
    ids = events["interaction_id" if "interaction_id" in events.column_names else "id"]
    code = np.asarray(pc.dictionary_encode(ids).combine_chunks().indices, dtype=np.int64)
    seen = seconds(np.asarray(events["started_at_seen"]))
    until = seconds(np.asarray(events["superseded"]))
    begin, end = np.maximum(seen[later], seen[earlier]), np.minimum(until[later], until[earlier])
    fine = (code[later] != code[earlier]) & (end > begin)
    return _union(later[fine], begin[fine], end[fine])


def _bounds(group: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Positions of the contacts of the same group in ``[at - 7 days, at)``, to the microsecond."""
    moments = np.unique(np.concatenate([at, at - REPEAT_DAYS * 86_400_000_000]))
    key = group * (len(moments) + 1) + np.searchsorted(moments, at)
    low = np.searchsorted(key, group * (len(moments) + 1) + np.searchsorted(moments, at - REPEAT_DAYS * 86_400_000_000))
    return low, np.searchsorted(key, key)


def _union(owner: Ints, begin: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
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
