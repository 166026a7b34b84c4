"""A filled list as texts: whatever the program that saved it made of the cells."""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from churnkit.errors import ContractError, UsageError
from churnkit.retain.sheet import SheetColumn

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?")
_AMOUNT = re.compile(r"[¥$€]?\s*((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?)\s*[元€]?")
_SHOWN_SHORT = re.compile(r"[0-9]\.([0-9]{2,})e\+?[0-9]{2}")


class Sheet(list[list[str]]):
    """Rows of texts; merged: first and last row and first column, by number, of cells that were made one."""

    merged: tuple[tuple[int, int, int], ...] = ()


def read_sheets(path: str | os.PathLike[str]) -> dict[str, Sheet]:
    """Read every sheet of a file that people send back, row by row, every cell as text, blanks as "".

    Returns
    -------
    dict of the sheet's name ("" for CSV) to its rows

    Raises
    ------
    UsageError, ContractError
        If there is no such file, or it does not read.
    """
    file = Path(path)
    if not file.is_file() or file.suffix.lower() not in (".xlsx", ".csv"):
        fix = "Open it, save it as .xlsx." if file.is_file() else "Name one that exists."
        raise UsageError("A filled list is an .xlsx or .csv file.", found=str(file), fix=fix)
    return _workbook(file) if file.suffix.lower() == ".xlsx" else {"": _csv(file)}


def _workbook(file: Path) -> dict[str, Sheet]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, data_only=True)
    except Exception as error:  # openpyxl raises whatever the damage leads it to
        raise ContractError("A workbook can be read.", found=f"{type(error).__name__}: {error}", where=str(file),
                            fix="Open it, save it anew as .xlsx.") from error  # fmt: skip
    return {sheet.title: _sheet(sheet) for sheet in book.worksheets}


def _sheet(sheet: Any) -> Sheet:
    rows = Sheet([as_cell(value) for value in row] for row in sheet.iter_rows(values_only=True))
    rows.merged = tuple((each.min_row, each.max_row, each.min_col) for each in sheet.merged_cells.ranges)
    return rows


def _csv(file: Path) -> Sheet:
    raw = file.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        first = text.partition("\n")[0]
        mark = max(",;\t", key=first.count)
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        return Sheet([as_cell(cell) for cell in row] for row in rows)
    raise ContractError("A CSV list is in UTF-8 or GB18030.", found="neither", where=str(file),
                        fix="Save it as CSV UTF-8, or as .xlsx.")  # fmt: skip


def as_cell(value: Any) -> str:
    """Return a cell as text: a date as ISO, a whole number without point, the apostrophe that guards a text taken off.

    Examples
    --------
    >>> as_cell(7.0), as_cell("'=1+1"), as_cell(None), as_cell(datetime(2026, 10, 5))
    ('7', '=1+1', '', '2026-10-05')
    """
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@") else text


def same_id(cell: str, mine: str) -> bool:
    """Return whether a cell is an id as a spreadsheet may have left it: without zeros in front, or rounded.

    Examples
    --------
    >>> same_id("12", "0012"), same_id("c12 ", "C12"), same_id("13", "0012")
    (True, True, False)
    >>> same_id("4.40301E+17", "440301199001011234"), same_id("440301199001011000", "440301199001011234")
    (True, True)
    """
    short, whole = (unicodedata.normalize("NFKC", each).strip().casefold().lstrip("0") for each in (cell, mine))
    if short == whole or not whole.isdecimal():
        return short == whole
    if short.isdecimal():  # a spreadsheet keeps 15 digits
        return len(short) == len(whole) > 15 and short[:15] == whole[:15]
    shown = _SHOWN_SHORT.fullmatch(short)
    return shown is not None and f"{float(whole):.{len(shown[1])}e}" == f"{float(short):.{len(shown[1])}e}"


def plain(text: str) -> str:
    """Return a heading or word without what people change when they type it anew."""
    return re.sub(r"[\s_:：*()（）.-]+", " ", text).strip().lower()


def choice_of(cell: str, column: SheetColumn) -> str:
    """Return the code of a word that may be chosen, in either language, "" for anything else."""
    word = plain(cell)
    return next((code for code, texts in column.choices if word in (plain(code), *map(plain, texts))), "")


def date_of(cell: str) -> pd.Timestamp | None:
    """Read a date with the year first; the other orders mean two days.

    Examples
    --------
    >>> date_of("2026/10/5"), date_of("05.10.2026")
    (Timestamp('2026-10-05 00:00:00'), None)
    """
    match = _DATE.fullmatch(cell.strip())
    try:
        return pd.Timestamp(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def number_of(cell: str) -> float | None:
    """Read an amount with a decimal point, perhaps commas at the thousands and a currency; None for anything else.

    Examples
    --------
    >>> number_of("1,200.50"), number_of("¥50"), number_of("12,5"), number_of("1.200,50")
    (1200.5, 50.0, None, None)
    """
    match = _AMOUNT.fullmatch(unicodedata.normalize("NFKC", cell).strip())
    value = float(match[1].replace(",", "")) if match else None
    return value if value is not None and value < 1e12 else None
