"""Tables out to files that people open: Parquet, CSV or Excel, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd

from churnkit.errors import UsageError

KINDS = (".parquet", ".csv", ".xlsx")


def check_output(path: str | os.PathLike[str]) -> Path:
    """Return the path if a table can be written there, before any work is done.

    Raises
    ------
    UsageError
        If the ending is unknown, or the folder does not exist.
    """
    target = Path(path)
    if target.suffix.lower() not in KINDS:
        raise UsageError(f"A list is written as {', '.join(KINDS)}.", found=str(target),
                         fix="Name the file so, such as list.xlsx.")  # fmt: skip
    if not target.resolve().parent.is_dir():
        raise UsageError("A list is written into a folder that exists.", found=f"no folder {target.resolve().parent}")
    if target.is_dir():
        raise UsageError("A list is written to a file.", found=f"a folder, {target}", fix="Choose another name.")
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
    """Write a table to a temporary name and move it into place.

    Texts stay texts: in Excel none becomes a formula, and in CSV (UTF-8 with mark, as Excel reads it) a text that
    begins like a formula is quoted.
    """
    target = check_output(path)
    unfinished = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        if target.suffix.lower() == ".parquet":
            frame.to_parquet(unfinished, index=False)
        elif target.suffix.lower() == ".csv":
            frame.map(_guarded).to_csv(unfinished, index=False, encoding="utf-8-sig")
        else:
            _excel(frame, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value[:1] else value


def _excel(frame: pd.DataFrame, path: Path) -> None:
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}}
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs=options, date_format="yyyy-mm-dd",
                        datetime_format="yyyy-mm-dd") as writer:  # fmt: skip
        frame.to_excel(writer, sheet_name="List", index=False, freeze_panes=(1, 1))
        sheet, book = writer.sheets["List"], writer.book
        formats = {"share": book.add_format({"num_format": "0.0%"}), "money": book.add_format({"num_format": "#,##0"})}
        sheet.autofilter(0, 0, len(frame), max(len(frame.columns) - 1, 0))
        for at, name in enumerate(map(str, frame.columns)):
            width = 60 if name.startswith("reason") else max(12, len(name) + 2)
            share, money = name in ("renewal", "churn", "s1"), name in ("value", "expected_value")
            sheet.set_column(at, at, width, formats["share"] if share else formats["money"] if money else None)
