"""Frames from Python to Arrow: pandas, polars, and whatever else offers an Arrow stream."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from churnkit.book.engine import Engine, EngineError
from churnkit.book.engines import is_spark
from churnkit.book.loading import Loaded, Unreadable, distinct, problem


def is_frame(value: Any) -> bool:
    """Whether a value is a frame: of pandas, of Spark, or one that hands itself over as Arrow."""
    return isinstance(value, pd.DataFrame) or is_spark(value) or hasattr(value, "__arrow_c_stream__")


def read_frame(engine: Engine, table: str, frame: Any) -> Loaded:
    """Load a frame as ``source_<table>``.

    Raises
    ------
    Unreadable
        With the finding, where its columns do not make a table.
    """
    try:
        if is_spark(frame):
            engine.read_arrow(f"source_{table}", frame)
            return Loaded(table, "spark")
        engine.read_arrow(f"source_{table}", _pandas(frame) if isinstance(frame, pd.DataFrame) else _stream(frame))
    except (EngineError, ValueError, TypeError, NotImplementedError, pa.ArrowException) as error:
        what = error.detail if isinstance(error, EngineError) else str(error)
        raise Unreadable(problem("TYP02", table, f"the frame does not read as a table: {what}",
                                 fix="check how it was made")) from error  # fmt: skip
    return Loaded(table, "frame")


def _stream(frame: Any) -> pa.RecordBatchReader:
    """Read an Arrow stream under names that the engine can take, dictionaries as their values."""
    reader = pa.RecordBatchReader.from_stream(frame)
    names = _checked(reader.schema.names)
    plain = [_plain(field.type) for field in reader.schema]
    schema = pa.schema([pa.field(name, kind) for name, kind in zip(names, plain, strict=True)])
    batches = (
        pa.RecordBatch.from_arrays([_cast(array, kind) for array, kind in zip(batch.columns, plain, strict=True)],
                                   schema=schema)
        for batch in reader
    )  # fmt: skip
    return pa.RecordBatchReader.from_batches(schema, batches)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    return kind


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(array.type):  # its values first: not every kind of text can be taken from
        array = pa.DictionaryArray.from_arrays(array.indices, _cast(array.dictionary, kind)).dictionary_decode()
    return array if array.type == kind else array.cast(kind)


def _checked(names: list[str]) -> list[str]:
    if not names:
        raise ValueError("it has no columns")
    return distinct([str(name) for name in names])


def _pandas(frame: pd.DataFrame) -> pa.Table:
    names = _checked([str(name) for name in frame.columns])
    arrays = [_array(frame.iloc[:, i]) for i in range(frame.shape[1])]
    return pa.Table.from_arrays(arrays, names=names)


def _array(series: pd.Series) -> pa.Array:
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype if not series.hasnans else object)
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        naive = pa.array(series.dt.tz_convert("UTC").dt.tz_localize(None), from_pandas=True)
        return naive.cast(pa.timestamp(naive.type.unit, tz="UTC"))
    mixed = series.dtype == object and pd.api.types.infer_dtype(series, skipna=True) in ("mixed", "mixed-integer")
    try:
        array = _texts(series) if mixed else pa.array(series, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        array = _texts(series)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _texts(series: pd.Series) -> pa.Array:
    return pa.array([None if pd.isna(value) else str(value) for value in series.tolist()], type=pa.string())
