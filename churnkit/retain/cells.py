"""A filled list as texts: whatever the program that saved it made of the cells."""

from __future__ import annotations

import csv
import io
import os
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from churnkit.errors import ContractError, UsageError
from churnkit.retain.sheet import FILLED, FIRST, REST, SheetColumn

_REFERENCE = re.compile(r"L\d{8}-[0-9a-f]{6}-[0-9a-f]{10}")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?")
_READ = tuple(each for each in (*FIRST, *REST, *FILLED) if each.name in ("action_id", "customer_id") or each in FILLED)
OTHER = "other:"


def read_cells(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a list as people send it back, every cell as text, blanks as "".

    Raises
    ------
    UsageError, ContractError
        If there is no such file, it does not read, or no row of it looks like the header of a list.
    """
    file = Path(path)
    if not file.is_file() or file.suffix.lower() not in (".xlsx", ".csv"):
        raise UsageError("A filled list is an .xlsx or .csv file.", found=str(file), fix="Name one that exists.")
    tables = _workbook(file) if file.suffix.lower() == ".xlsx" else [_csv(file)]
    for rows in tables:
        for at, row in enumerate(rows[:20]):
            if any(name_of(cell) in ("action_id", "customer_id") for cell in row):
                return _frame(rows[at], rows[at + 1 :])
    for rows in tables:  # no heading is as it was: the references in the cells still say which sheet it is
        if any(_REFERENCE.fullmatch(cell) for row in rows[1:50] for cell in row):
            return _frame(rows[0], rows[1:])
    raise ContractError("A filled list has the reference or the customer in each row.", found="neither column",
                        where=str(file), fix="Send back the list that churnkit plan wrote.")  # fmt: skip


def _workbook(file: Path) -> list[list[list[str]]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, data_only=True)
    except Exception as error:  # openpyxl raises whatever the damage leads it to
        raise ContractError("A workbook can be read.", found=f"{type(error).__name__}: {error}", where=str(file),
                            fix="Open it, save it anew as .xlsx.") from error  # fmt: skip
    return [[[as_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)] for sheet in book]


def _csv(file: Path) -> list[list[str]]:
    raw = file.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        first = text.partition("\n")[0]
        mark = max(",;\t", key=first.count)
        return [[as_cell(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark)]
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


def _plain(text: str) -> str:
    return re.sub(r"[\s_:：*()（）.-]+", " ", text).strip().lower()


_NAMES = {_plain(name): column.name for column in reversed(_READ)
          for name in (column.name, column.en, column.zh, *column.other_names)}  # fmt: skip


def name_of(heading: str) -> str:
    """Return which of our columns a heading names, "" if none.

    Examples
    --------
    >>> name_of("Called on"), name_of("结果"), name_of("OUTCOME:"), name_of("Weather")
    ('contacted_at', 'outcome', 'outcome', '')
    """
    return _NAMES.get(_plain(heading), "")


def _frame(header: list[str], rows: list[list[str]]) -> pd.DataFrame:
    width = max([len(header), *map(len, rows)])
    header = [*header, *[""] * (width - len(header))]
    body = [[*row, *[""] * (width - len(row))] for row in rows]
    frame = pd.DataFrame(body, columns=range(width), dtype=object).fillna("")
    filled = (frame != "").any(axis=1)
    frame = frame[filled].set_axis(pd.Index(frame.index[filled] + 2, name="row"))
    frame.attrs["header"] = header
    return frame


def named(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
    """Say which column is which: by its heading, else by what its cells hold.

    Returns
    -------
    table : DataFrame of our columns, ("" where the list has none), and every other column as ``other:<heading>``
    guessed : dict of our column to the heading that was taken for it
    unknown : list of headings of columns that are none of ours
    """
    header: list[str] = frame.attrs["header"]
    place: dict[str, int] = {}
    for at, heading in enumerate(header):
        if (name := name_of(heading)) and name not in place:
            place[name] = at
    guessed: dict[str, str] = {}
    for column in _READ:
        if column.name not in place:
            for at in (at for at in range(len(header)) if at not in place.values() and not _shown(header[at])):
                if _holds(frame[at], column):
                    place[column.name], guessed[column.name] = at, header[at] or f"column {at + 1}"
                    break
    table = pd.DataFrame({each.name: frame[place[each.name]] if each.name in place else "" for each in _READ},
                         index=frame.index)  # fmt: skip
    unknown = []
    for at, heading in enumerate(header):
        if at not in place.values() and not _shown(heading) and (frame[at] != "").any():
            unknown.append(heading or f"column {at + 1}")
            table[f"{OTHER}{unknown[-1]}"] = frame[at]
    return table, guessed, unknown


def _shown(heading: str) -> bool:
    """Whether a column is one that the list shows and nobody fills in."""
    headings = {_plain(text) for each in (*FIRST, *REST) for text in (each.en, each.zh, each.name)}
    return _plain(heading) in headings or re.fullmatch(r"(reason|原因) ?\d+", _plain(heading)) is not None


def _holds(cells: pd.Series, column: SheetColumn) -> bool:
    """Whether most filled cells are what the column may hold, and nothing else holds that."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return False
    if column.name == "action_id":
        good = [bool(_REFERENCE.fullmatch(cell)) for cell in filled]
    elif column.kind == "choice" and column.name != "reached":
        good = [choice_of(cell, column) != "" for cell in filled]
    else:
        return False
    return sum(good) >= 0.6 * len(good)


def choice_of(cell: str, column: SheetColumn) -> str:
    """Return the code of a word that may be chosen, in either language, "" for anything else."""
    word = _plain(cell)
    return next((code for code, texts in column.choices if word in (_plain(code), *map(_plain, texts))), "")


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
    """Read an amount, with or without thousands separators and currency; None if it is none, or below 0.

    Examples
    --------
    >>> number_of("1,200"), number_of("¥50"), number_of("some")
    (1200.0, 50.0, None)
    """
    text = re.sub(r"[\s,，¥￥$€元]", "", cell)
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e12 else None
