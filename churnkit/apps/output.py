"""Tables out to files that people open: Parquet, CSV or Excel, whole or not at all."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_range

from churnkit.errors import UsageError
from churnkit.retain.printing import characters
from churnkit.retain.workbook import unwritable

KINDS = (".parquet", ".csv", ".xlsx")
_SHARES = ("renewal", "churn", "cancellation", "low", "high", "s1")
_SHEET = 1_048_575
_AT_ONCE, _LOOKED_AT = 100_000, 200  # rows
_CREATED = datetime(2000, 1, 1, tzinfo=UTC)


def check_output(path: str | os.PathLike[str]) -> Path:
    """Return the path if a table can be written there, before any work is done.

    Raises
    ------
    UsageError
        If the ending is unknown, the folder does not exist, or nothing may be written there.
    """
    target = Path(path)
    if target.suffix.lower() not in KINDS:
        raise UsageError(f"A list is written as {', '.join(KINDS)}.", found=str(target),
                         fix="Name the file so, such as list.xlsx.")  # fmt: skip
    if not target.resolve().parent.is_dir():
        raise UsageError("A list is written into a folder that exists.", found=f"no folder {target.resolve().parent}")
    if target.is_dir():
        raise UsageError("A list is written to a file.", found=f"a folder, {target}", fix="Choose another name.")
    if why := unwritable(target.resolve().parent, target.name):
        raise UsageError("A list is written where files may be written.", found=why,
                         fix="Choose another folder, or a shorter name.")  # fmt: skip
    return target


def check_page(path: Path) -> Path:
    """Return the path if a page can be written there, before any work is done.

    Raises
    ------
    UsageError
        If its name does not end in .html, or its folder does not exist.
    """
    if path.suffix.lower() != ".html" or path.is_dir() or not path.resolve().parent.is_dir():
        raise UsageError("A report is an .html file in a folder that exists.", found=str(path),
                         fix="Name it so, as check.html.")  # fmt: skip
    return path


def write_page(text: str, path: Path) -> Path:
    """Write a page to a temporary name and move it into place."""
    unfinished = check_page(path).with_name(f".{os.getpid()}-{path.name}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def write_table(frame: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a table to a temporary name and move it into place; the same table gives the same bytes.

    Texts stay texts: in Excel none becomes a formula, and in CSV (UTF-8 with mark, as Excel reads it) a text that
    begins like a formula is quoted.

    Raises
    ------
    UsageError
        If the table has more rows than a sheet of Excel.
    """
    target = check_output(path)
    kind = target.suffix.lower()
    if kind == ".xlsx" and len(frame) > _SHEET:
        raise UsageError(f"A sheet of Excel holds {_SHEET:,} rows below its header.", found=f"{len(frame):,} rows",
                         fix="Write .parquet or .csv.")  # fmt: skip
    unfinished = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        if kind == ".parquet":
            frame.to_parquet(unfinished, index=False)
        elif kind == ".csv":
            _csv(frame, unfinished)
        else:
            _excel(frame, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _csv(frame: pd.DataFrame, path: Path) -> None:
    """Some rows at a time: guarding texts takes room."""
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name].dtype)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        for first in range(0, max(len(frame), 1), _AT_ONCE):
            some = frame.iloc[first : first + _AT_ONCE]
            guarded = some.assign(**{str(name): some[name].map(_guarded) for name in texts})
            guarded.to_csv(file, index=False, header=first == 0, lineterminator="\n")


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value[:1] else value


def _excel(frame: pd.DataFrame, path: Path) -> None:
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}}
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs=options, date_format="yyyy-mm-dd",
                        datetime_format="yyyy-mm-dd") as writer:  # fmt: skip
        writer.book.set_properties({"created": _CREATED})  # else the moment of writing, and other bytes each time
        frame.to_excel(writer, sheet_name="List", index=False, freeze_panes=(1, 1))
        sheet, book = writer.sheets["List"], writer.book
        formats = {"share": book.add_format({"num_format": "0.0%"}), "money": book.add_format({"num_format": "#,##0"})}
        last = max(len(frame.columns) - 1, 0)
        sheet.autofilter(0, 0, len(frame), last)
        sheet.ignore_errors({"number_stored_as_text": xl_range(0, 0, len(frame), last)})  # ids such as 007
        for at, name in enumerate(map(str, frame.columns)):
            share, money = name in _SHARES, name in ("value", "expected_value")
            sheet.set_column(at, at, _width(name, frame.iloc[:_LOOKED_AT, at]),
                             formats["share"] if share else formats["money"] if money else None)  # fmt: skip


def _width(name: str, values: pd.Series[Any]) -> int:
    """Of a column, in characters: what is widest in its first rows, within reason; a Chinese character takes two."""
    shown = [str(value)[:10] if isinstance(value, pd.Timestamp) else str(value) for value in values.dropna()
             if isinstance(value, str | pd.Timestamp)]  # fmt: skip
    wide = [characters(text) + 2 for text in shown]
    return min(max(10, len(name) + 4, *wide), 60)  # four: room for the filter's arrow
