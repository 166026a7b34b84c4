"""A table's file grown by rows: what is there stays as it is written, value for value, in its encoding and types."""

from __future__ import annotations

import csv
import io
import os
from codecs import BOM_UTF8
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnkit.book.csvs import header
from churnkit.book.encodings import Undecodable, look
from churnkit.errors import UsageError

KEY = "action_id"
BOOLS, MONEY = ("reached", "overridden"), ("offer_value", "cost")
_UNREADABLE = (Undecodable, OSError, ValueError, KeyError, csv.Error, pa.ArrowException)


def kind_of(name: str) -> str:
    """Return what a column of outreach holds: ``moment``, ``bool``, ``money`` or ``text``."""
    return "moment" if name.endswith("_at") else "bool" if name in BOOLS else "money" if name in MONEY else "text"


def versions(path: Path, keys: Collection[str], *, encoding: str = "") -> pd.DataFrame:
    """Return the rows of a file that have one of some keys, under our names, each value as it is written.

    Raises
    ------
    UsageError
        If the file does not read, or has no column of keys.
    """
    try:
        if path.suffix.lower() == ".parquet":
            table = pq.ParquetFile(path).read()
            names, columns = table.column_names, table
        else:
            names, (_, *records), *_ = _records(path, encoding)
            columns = None
    except UsageError:
        raise
    except _UNREADABLE as error:
        raise _unread(path, str(error)) from error
    ours = _ours(names)
    if KEY not in ours:
        raise _unread(path, f"no column {KEY}")
    if columns is not None:
        mine = np.isin([word(key) for key in columns[ours[KEY]].to_pylist()], list(keys))
        frame: pd.DataFrame = columns.filter(pa.array(mine)).select(list(ours.values())).to_pandas()
        frame = frame.set_axis(list(ours), axis=1)
        return frame.assign(**{KEY: frame[KEY].map(word)})
    at = [names.index(name) for name in ours.values()]
    rows = [[record[k] if k < len(record) else "" for k in at] for record in records]
    frame = pd.DataFrame(rows, columns=list(ours), dtype=object)
    return frame[frame[KEY].isin(list(keys))].reset_index(drop=True)


def grow(path: Path, rows: pd.DataFrame, *, zone: str, encoding: str = "") -> None:
    """Write a file anew with rows below those that are there, and move it into place; make it if there is none.

    Parameters
    ----------
    path : .parquet or .csv
    rows : DataFrame, rows of ``outreach``
    zone : IANA name of the zone in which the rows' moments are, for files whose moments have a zone
    encoding : of a CSV file, where the settings give it

    Raises
    ------
    UsageError
        If the rows do not fit into the file; it stays as it was.
    """
    unfinished = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        if path.suffix.lower() == ".parquet":
            before = pq.ParquetFile(path).read() if path.is_file() else None
            pq.write_table(_table(rows) if before is None else _joined(before, rows, zone), unfinished)
        else:
            unfinished.write_bytes(_csv_with(path, rows, encoding))
        unfinished.replace(path)
    except _UNREADABLE as error:
        raise _unread(path, str(error)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _unread(path: Path, found: str) -> UsageError:
    fix = "Mend it, or name another file with --to and load that with the insurer's own means."
    return UsageError("Outcomes are appended to a table of outreach that can be read.", found=found.splitlines()[0],
                      where=str(path), fix=fix)  # fmt: skip


def word(value: Any) -> str:
    """A key as the book reads it: 1001.0, which a spreadsheet made of 1001, is 1001."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _ours(names: list[str]) -> dict[str, str]:
    """Columns of the file by our names."""
    return {name.strip().lower(): name for name in reversed(names)}


def _table(rows: pd.DataFrame) -> pa.Table:
    types = {"moment": pa.timestamp("us"), "bool": pa.bool_(), "money": pa.float64(), "text": pa.string()}
    return pa.table({str(name): pa.array(_values(rows[name], str(name)), types[kind_of(str(name))]) for name in rows})


def _values(column: pd.Series, name: str) -> list[Any]:
    make: dict[str, Any] = {
        "moment": lambda x: pd.Timestamp(x).to_pydatetime(),
        "bool": bool,
        "money": float,
        "text": str,
    }
    return [None if pd.isna(each) else make[kind_of(name)](each) for each in column.astype(object)]


def _texts(column: pd.Series, name: str) -> list[str]:
    shown = [value.isoformat(" ") if kind_of(name) == "moment" and value else value for value in _values(column, name)]
    return ["" if value is None else str(value) for value in shown]


def _joined(before: pa.Table, rows: pd.DataFrame, zone: str) -> pa.Table:
    """The rows below the table; each column keeps its type if they fit into it, else both become text."""
    new, ours = _table(rows), _ours(before.column_names)
    columns: dict[str, Any] = {}
    for name in before.column_names:
        our = name.strip().lower()
        here = our in new.column_names and ours[our] == name
        added = new[our] if here else pa.chunked_array([pa.nulls(len(rows), before[name].type)])
        columns[name] = _stacked(before[name], added, _texts(rows[our], our) if here else [], zone)
    for our in (each for each in new.column_names if each not in ours):
        columns[our] = pa.chunked_array([pa.nulls(len(before), new[our].type), *new[our].chunks])
    return pa.table(columns)


def _stacked(before: pa.ChunkedArray, new: pa.ChunkedArray, texts: list[str], zone: str) -> pa.ChunkedArray:
    if pa.types.is_dictionary(before.type):
        before = before.cast(before.type.value_type)
    if before.type == new.type:
        return pa.chunked_array([*before.chunks, *new.chunks])
    if pa.types.is_null(before.type) or (pa.types.is_date(before.type) and pa.types.is_timestamp(new.type)):
        before = before.cast(new.type)
    elif pa.types.is_timestamp(before.type) and pa.types.is_timestamp(new.type) and before.type.tz:
        there = [_in_zone(each, zone) for each in new.to_pylist()]
        new = pa.chunked_array([pa.array(there, before.type)])
    elif _numbers_for_text(before.type, new.type):  # ids that are numbers here: they stay numbers if all of them are
        if all(not text or (text.isdecimal() and text == str(int(text))) for text in texts):
            new = pa.chunked_array([pa.array([int(text) if text else None for text in texts], before.type)])
        else:
            words = [None if pd.isna(value) else word(value) for value in before.to_pylist()]
            before = pa.chunked_array([pa.array(words, pa.string())])
    elif pa.types.is_string(before.type) or pa.types.is_large_string(before.type):
        new = pa.chunked_array([pa.array([text or None for text in texts], before.type)])
    else:
        new = new.cast(before.type)
    return pa.chunked_array([*before.chunks, *new.chunks], type=before.type)


def _in_zone(moment: Any, zone: str) -> Any:
    if moment is None:
        return None
    return pd.Timestamp(moment).tz_localize(zone, ambiguous=True, nonexistent="shift_forward").to_pydatetime()


def _numbers_for_text(before: pa.DataType, new: pa.DataType) -> bool:
    return bool(pa.types.is_string(new) and (pa.types.is_integer(before) or pa.types.is_floating(before)))


def _records(path: Path, encoding: str) -> tuple[list[str], list[list[str]], str, str, str]:
    """Headings of a CSV file as the book reads them; its records, headings first; what stands above; how written."""
    found = look(path, encoding).encoding
    names, delimiter, skipped = header(path, found)
    lines = list(io.StringIO(path.read_bytes().decode(found), newline=""))
    above, below = "".join(lines[:skipped]), "".join(lines[skipped:])
    records = [row for row in csv.reader(io.StringIO(below, newline=""), delimiter=delimiter) if row]
    return names, records, above, delimiter, found


def _csv_with(path: Path, rows: pd.DataFrame, encoding: str) -> bytes:
    """The bytes of a CSV file with rows below; those that are there stay as they are where no column is new."""
    out = io.StringIO(newline="")
    texts = {str(name): _texts(rows[name], str(name)) for name in rows}
    if not path.is_file():
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([list(texts), *zip(*texts.values(), strict=True)])
        return out.getvalue().encode("utf-8-sig")
    names, records, above, delimiter, found = _records(path, encoding)
    raw = path.read_bytes()
    end = "\r\n" if "\r\n".encode(_plainly(found, raw)) in raw else "\n"
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    ours = _ours(names)
    fresh = [name for name in texts if name not in ours]
    columns = [texts.get(name.strip().lower(), []) if ours[name.strip().lower()] == name else [] for name in names]
    columns = [column or [""] * len(rows) for column in columns]
    below = list(zip(*columns, *(texts[name] for name in fresh), strict=True))
    if not fresh:
        writer.writerows(below)
        last = "" if raw.decode(found).endswith(("\n", "\r")) else end
        return raw + (last + out.getvalue()).encode(_plainly(found, raw))
    if any(len(record) > len(names) for record in records):
        raise ValueError("rows with more fields than the header has")
    heads, *records = ([*record, *[""] * (len(names) - len(record))] for record in records)
    writer.writerows([[*heads, *fresh], *([*record, *[""] * len(fresh)] for record in records), *below])
    marked = found != "utf-8-sig" or raw.startswith(BOM_UTF8)
    return (above + out.getvalue()).encode(found if marked else "utf-8")


def _plainly(encoding: str, raw: bytes) -> str:
    """The encoding without a mark of its own at the start."""
    if encoding == "utf-16":
        return "utf-16-be" if raw[:2] == b"\xfe\xff" else "utf-16-le"
    return "utf-8" if encoding == "utf-8-sig" else encoding
