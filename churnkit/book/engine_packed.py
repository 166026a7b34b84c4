"""Rows split by bucket on Spark's executors: packed where they are read, unpacked where their bucket is worked on.

A frame that holds rows of several queries would hold a column for each column of each, nearly all of it null; so each
query's rows are packed into Arrow batches of one bucket, which travel as bytes and are the same columns at the end.
What runs here runs in Spark's Python workers, which import nothing of the package but this and what `work` needs.
"""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from churnkit.book.engine_buckets import Work, split

_ROWS = 100_000
PACKED = "bucket bigint, query int, rows binary"
DONE = "bucket bigint, said string, error binary"
_PACKED = pa.schema({"bucket": pa.int64(), "query": pa.int32(), "rows": pa.binary()})
_DONE = pa.schema({"bucket": pa.int64(), "said": pa.string(), "error": pa.binary()})


def packer(query: int, buckets: tuple[int, ...]) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What packs one query's rows, as the `query`-th, that lie in the buckets: a partition's to rows of `PACKED`."""

    def pack(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        asked = pa.array(buckets, pa.int64())
        for batch in _gathered(batches):
            found = [(buckets[place], query, bytes(rows.serialize())) for place, rows in split(batch, asked)]
            columns = zip(*found, strict=True) if found else [[]] * len(_PACKED)
            yield pa.record_batch([pa.array(each, f.type) for each, f in zip(columns, _PACKED, strict=True)], _PACKED)

    return pack


def worker(schemas: dict[str, pa.Schema], work: Work) -> Callable[[Any, pa.Table, pa.Table], pa.Table]:
    """What does a bucket's work: the bucket and its packed rows to one row of `DONE`.

    What `work` raises is a value here: Spark would try four times, and then tell of a failure of its own.
    """

    def done(key: Any, _: pa.Table, packed: pa.Table) -> pa.Table:
        bucket = int(key[0].as_py())
        said = error = None
        try:
            said = json.dumps(work(bucket, _unpacked(packed, schemas)), default=lambda value: value.item())
        except Exception as raised:
            raised.add_note(f"in bucket {bucket}, on an executor:\n{traceback.format_exc()}")
            error = _pickled(raised)
        return pa.table([[bucket], [said], [error]], schema=_DONE)

    return done


def said_by(rows: pa.Table, buckets: Sequence[int]) -> Iterator[dict[str, Any]]:
    """What `work` returned for each bucket, in their order; what it raised first is raised."""
    found = {each["bucket"]: each for each in rows.to_pylist()}
    for bucket in buckets:
        if found[bucket]["error"] is not None:
            raise pickle.loads(found[bucket]["error"])
        yield json.loads(found[bucket]["said"])


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of many rows out of those that Spark hands over, so that what is packed is not many small things."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= _ROWS:
            yield pa.concat_batches(held)
            held = []
    if held:
        yield pa.concat_batches(held)


def _unpacked(packed: pa.Table, schemas: dict[str, pa.Schema]) -> dict[str, pa.Table]:
    names = list(schemas)
    found: dict[str, list[pa.RecordBatch]] = {name: [] for name in names}
    for query, rows in zip(packed["query"].to_pylist(), packed["rows"], strict=True):
        name = names[query]
        found[name].append(pa.ipc.read_record_batch(pa.py_buffer(rows.as_py()), schemas[name]))
    return {name: pa.Table.from_batches(found[name], schema) for name, schema in schemas.items()}


def _pickled(error: Exception) -> bytes:
    try:
        return pickle.dumps(error)
    except Exception:  # an error that holds what cannot travel
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
