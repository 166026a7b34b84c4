"""Claims opened again: a later version of the row takes back that it was closed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.panel.arrays import NEVER
from churnkit.panel.kernel.streams import seconds


def with_reopenings(events: pa.Table, name: str) -> pa.Table:
    """Append the clock `name`: when a version that is not closed took the place of one that was visibly closed.

    Later versions of the claim carry the latest such moment on, for one version counts at a time. Versions under
    different customers are different claims here.
    """
    seen = np.asarray(events["reported_at_seen"], dtype=np.int64)
    begin, end = seconds(seen), seconds(np.asarray(events["superseded"], dtype=np.int64))
    code = np.asarray(pc.dictionary_encode(events["id"]).combine_chunks().indices, dtype=np.int64)
    customer = np.asarray(events["customer"], dtype=np.int64)
    rows = np.flatnonzero((np.asarray(events["reported_at"]) < NEVER) & (seen < NEVER) & (begin < end))
    rows = rows[np.lexsort((begin[rows], code[rows], customer[rows]))]
    closed = np.maximum(
        *(np.asarray(events[column], dtype=np.int64)[rows] for column in ("closed_at", "closed_at_seen"))
    )
    closed = seconds(closed)
    same = (code[rows][1:] == code[rows][:-1]) & (customer[rows][1:] == customer[rows][:-1])
    again = np.zeros(len(rows), dtype=bool)
    again[1:] = same & (end[rows][:-1] == begin[rows][1:])  # one took the other's place
    again[1:] &= (closed[:-1] < end[rows][:-1]) & (closed[1:] > begin[rows][1:])
    place = np.arange(len(rows))
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = ~same
    latest = np.maximum.accumulate(np.where(again, place, -1)) if len(rows) else place
    first = np.maximum.accumulate(np.where(fresh, place, 0)) if len(rows) else place
    carried = latest >= first
    clock, shown = np.full(len(seen), NEVER), np.full(len(seen), NEVER)
    clock[rows[carried]] = seen[rows[latest[carried]]]
    shown[rows[carried]] = seen[rows[carried]]
    return events.append_column(name, pa.array(clock)).append_column(f"{name}_seen", pa.array(shown))
