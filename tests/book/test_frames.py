"""Frames of every kind: the same book, and what is no frame is told."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from churnkit.book.open import open_book
from churnkit.errors import UsageError

CUTOFF = "2026-01-01"


class Stream:
    """Any object that hands itself over as an Arrow stream."""

    def __init__(self, frame):
        self._table = pa.Table.from_pandas(frame, preserve_index=False)

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


def _reader(frame):
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=2))


KINDS = {
    "polars": pl.from_pandas,
    "arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "reader": _reader,
    "stream": Stream,
    "large": lambda frame: pa.table(pl.from_pandas(frame)),
}


def _customers(book):
    return book._engine.sql("SELECT * FROM source_customers").to_pylist()


def test_frames_of_every_kind_give_the_same_book(tables, open_tables):
    expected = {table: open_tables({table: frame}) for table, frame in tables.items()}
    for kind, made in KINDS.items():
        for table, frame in tables.items():
            book = open_book({table: made(frame)}, data_cutoff=CUTOFF)
            assert book.problems == (), kind
            rows = f"SELECT * FROM source_{table}"
            assert book._engine.sql(rows).to_pylist() == expected[table]._engine.sql(rows).to_pylist(), (kind, table)


def test_categories_and_batches_with_dictionaries_of_their_own():
    frame = pl.DataFrame({"customer_id": ["c1", "c2"]}, schema={"customer_id": pl.Categorical})
    assert _customers(open_book({"customers": frame}, data_cutoff=CUTOFF)) == [
        {"customer_id": "c1"},
        {"customer_id": "c2"},
    ]
    batches = [pa.record_batch({"customer_id": pa.array([text]).dictionary_encode()}) for text in ("c1", "c2")]
    reader = pa.RecordBatchReader.from_batches(batches[0].schema, batches)
    assert _customers(open_book({"customers": reader}, data_cutoff=CUTOFF)) == [
        {"customer_id": "c1"},
        {"customer_id": "c2"},
    ]


def test_a_stream_that_breaks_off_is_a_finding():
    schema = pa.schema({"customer_id": pa.string()})

    def batches():
        yield pa.record_batch({"customer_id": ["c1"]}, schema=schema)
        raise ValueError("the line went dead")

    book = open_book({"customers": pa.RecordBatchReader.from_batches(schema, batches())}, data_cutoff=CUTOFF)
    assert not book.has("customers")
    assert "the line went dead" in book.problems[0].found


def test_a_lazy_frame_is_told_to_collect():
    with pytest.raises(UsageError, match=r"LazyFrame for 'customers'.*collect"):
        open_book({"customers": pl.LazyFrame({"customer_id": ["c1"]})}, data_cutoff=CUTOFF)
