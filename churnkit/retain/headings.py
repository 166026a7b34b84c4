"""Which sheets of a file are the list, and which column of theirs is which, whatever people made of the headings."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pandas as pd

from churnkit.book.finding import Finding
from churnkit.errors import ContractError
from churnkit.retain.cells import Sheet, choice_of, date_of, number_of, plain, read_sheets
from churnkit.retain.doubts import TABLE
from churnkit.retain.sheet import FILLED, FIRST, REST, SheetColumn
from churnkit.retain.workbook import SHEETS

OTHER = "other:"
_REFERENCE = re.compile(r"L\d{8}-[0-9a-f]{6}-[0-9a-f]{10}")
_WHO = tuple(each for each in (*FIRST, *REST) if each.name in ("action_id", "customer_id"))
_READ = (*_WHO, *FILLED)
_EXACT = {column.name: {plain(text) for text in (column.name, column.en, column.zh)} for column in _READ}
_ALIASES = {column.name: {plain(text) for text in column.other_names} for column in _READ}
_SHOWN = {plain(text) for each in (*FIRST, *REST) for text in (each.en, each.zh)}
_NO_LIST = {name for names in SHEETS.values() for name in names[1:]}  # who was left out, and how to read it
_LEFT_OUT = ({"reason", "also"}, {"原因", "其他原因"})


def name_of(heading: str) -> str:
    """Return which of our columns a heading names, "" if none.

    Examples
    --------
    >>> name_of("Called on"), name_of("结果"), name_of("OUTCOME:"), name_of("Weather")
    ('contacted_at', 'outcome', 'outcome', '')
    """
    word = plain(heading)
    known = (column.name for names in (_EXACT, _ALIASES) for column in _READ if word in names[column.name])
    return next(known, "")


def read_list(path: str | os.PathLike[str]) -> tuple[pd.DataFrame, list[Finding]]:
    """Read a list as people send it back: every sheet that has its headings, one below the other.

    Returns
    -------
    table : DataFrame indexed by row, our columns as text ("" where the list has none), and every other column that
        somebody added as ``other:<heading>``
    findings : what was taken for which column, and what is none of ours

    Raises
    ------
    UsageError, ContractError
        If there is no such file, it does not read, or no sheet of it looks like a list.
    """
    sheets = {name: rows for name, rows in read_sheets(path).items() if name not in _NO_LIST}
    starts = _starts(sheets)
    if not starts:
        raise ContractError("A filled list has the reference or the customer in each row.", found="neither column",
                            where=str(path), fix="Send back the list that churnkit plan wrote.")  # fmt: skip
    tables, findings = [], []
    for name, at in starts.items():
        table, found = _named(_frame(sheets[name], at), sheet=name if len(starts) > 1 else "")
        tables.append(table)
        findings += found
    for name in (name for name in sheets if name not in starts and _referred(sheets[name])):
        findings.append(Finding("LST12", "warning", TABLE, f"sheet {name!r} has references and no headings", 1,
                                effect="it is not read", fix="put the list's headings above its rows"))  # fmt: skip
    return pd.concat(tables).fillna("").rename_axis("row"), findings


def _starts(sheets: dict[str, Sheet]) -> dict[str, int]:
    """Where the headings are of each sheet that is a list; the surest sign that any sheet has decides."""
    for sign in (_headed, _customers, _first_of_references):
        found = {name: at for name, rows in sheets.items() if (at := sign(rows)) is not None}
        if found:
            return found
    return {}


def _headings(rows: Sheet) -> Iterator[tuple[int, set[str], set[str]]]:
    for at, row in enumerate(rows[:20]):
        yield at, {name_of(cell) for cell in row} - {""}, {plain(cell) for cell in row}


def _headed(rows: Sheet) -> int | None:
    """The row that names the reference, or the customer beside something to fill in."""
    fill = {column.name for column in FILLED}
    signs = (
        at for at, names, _ in _headings(rows) if "action_id" in names or ("customer_id" in names and names & fill)
    )
    return next(signs, None)


def _customers(rows: Sheet) -> int | None:
    """The row that names the customer; those left out have one too, and are no list."""
    signs = (at for at, names, words in _headings(rows)
             if "customer_id" in names and not any(left <= words for left in _LEFT_OUT))  # fmt: skip
    return next(signs, None)


def _first_of_references(rows: Sheet) -> int | None:
    """The first row, where no heading is as it was: the references in the cells still say which sheet it is."""
    return 0 if _referred(rows[1:]) else None


def _referred(rows: list[list[str]]) -> bool:
    return any(_REFERENCE.fullmatch(cell) for row in rows[:50] for cell in row)


def _frame(rows: Sheet, at: int) -> pd.DataFrame:
    """The rows below the headings, columns by number, indexed by their row in the sheet."""
    width = max(map(len, rows[at:]))
    filled = [row + [""] * (width - len(row)) for row in rows[at:]]
    frame = pd.DataFrame(filled[1:], columns=range(width), index=range(at + 2, at + 1 + len(filled)), dtype=object)
    frame = frame[(frame != "").any(axis=1)].copy()
    frame.attrs |= {"header": filled[0], "merged": [each for each in rows.merged if each[0] > at + 1]}
    return frame


def _named(frame: pd.DataFrame, *, sheet: str) -> tuple[pd.DataFrame, list[Finding]]:
    """Say which column is which: by its heading, else by another name for it, else by what its cells hold."""
    header: list[str] = frame.attrs["header"]
    place = _placed(frame, header)
    times = Counter(plain(heading) for heading in header)
    shown = {at for at, heading in enumerate(header) if _is_shown(heading) and times[plain(heading)] == 1}
    guessed = _guessed(frame, place, shown)
    place |= guessed
    table = {each.name: frame[place[each.name]] if each.name in place else "" for each in _READ}
    own = [at for at in range(len(header)) if at not in {*place.values(), *shown} and (frame[at] != "").any()]
    names: dict[str, int] = {}
    for at in own:
        heading = header[at] or f"column {at + 1}"
        numbered = (heading if k == 1 else f"{heading} ({k})" for k in count(1))
        names[next(name for name in numbered if name not in names)] = at
    table |= {f"{OTHER}{name}": frame[at] for name, at in names.items()}
    where = f" of sheet {sheet!r}" if sheet else ""
    findings = [_guess(name, header[at] or f"column {at + 1}", where) for name, at in guessed.items()]
    findings += [_own(name, where, [] if _is_shown(header[at]) else _may_be(frame, at, place, header))
                 for name, at in names.items()]  # fmt: skip
    findings += _merged(frame, {at: header[at] or f"column {at + 1}" for at in place.values()}, where)
    index = [f"{row} of {sheet}" for row in frame.index] if sheet else frame.index
    return pd.DataFrame(table, index=frame.index).set_axis(pd.Index(index), axis=0), findings


def _merged(frame: pd.DataFrame, read: dict[int, str], where: str) -> list[Finding]:
    """Cells of several rows that were made one: the program that did so kept what they say in the first alone."""
    return [Finding("LST17", "warning", TABLE, f"rows {first} to {last} have one cell in column "
                    f"{read[at - 1]!r}{where}", last - first,
                    examples=tuple(f"row {row}" for row in range(first + 1, last + 1))[:5],
                    effect=f"it counts for row {first} only", fix="unmerge it, and fill in every row")
            for first, last, at in sorted(frame.attrs["merged"])
            if last > first and read.get(at - 1) and frame[at - 1].get(first, "")]  # fmt: skip


def _placed(frame: pd.DataFrame, header: list[str]) -> dict[str, int]:
    """Columns by their headings; of two with one heading that in which more cells read."""
    place: dict[str, int] = {}
    for names in (_EXACT, _ALIASES):  # an own column "Date" does not take the place of "Called on"
        for column in (each for each in _READ if each.name not in place):
            mine = [at for at, heading in enumerate(header)
                    if plain(heading) in names[column.name] and at not in place.values()]  # fmt: skip
            if mine:
                place[column.name] = max(mine, key=lambda at: sum(_good(frame[at], column)))
    return place


def _guessed(frame: pd.DataFrame, place: dict[str, int], shown: set[int]) -> dict[str, int]:
    """Columns by what most of their cells hold, where nothing else holds that."""
    found: dict[str, int] = {}
    for column in _READ:
        sure = column.name == "action_id" or (column.kind == "choice" and column.name != "reached")
        for at in range(frame.shape[1]) if sure and column.name not in place else ():
            good = _good(frame[at], column)
            if at not in {*place.values(), *found.values(), *shown} and good and sum(good) >= 0.6 * len(good):
                found[column.name] = at
                break
    return found


def _good(cells: Any, column: SheetColumn) -> list[bool]:
    """Of each filled cell, whether it is what the column may hold."""
    filled = [cell for cell in cells if cell]
    if column.name == "action_id":
        return [_REFERENCE.fullmatch(cell) is not None for cell in filled]
    if column.kind == "choice":
        return [choice_of(cell, column) != "" for cell in filled]
    if column.kind == "date":
        return [date_of(cell) is not None for cell in filled]
    if column.kind == "money":
        return [number_of(cell) is not None for cell in filled]
    return [True for _ in filled]


def _is_shown(heading: str) -> bool:
    """Whether a column is one that the list shows and nobody fills in."""
    return plain(heading) in _SHOWN or re.fullmatch(r"(reason|原因) ?\d+", plain(heading)) is not None


def _may_be(frame: pd.DataFrame, at: int, place: dict[str, int], header: list[str]) -> list[str]:
    """Headings that an unknown column may have had: those that are gone, and blank ones whose values it holds."""
    chinese = sum(heading in {each.zh for each in _READ} for heading in header) > 1
    names = []
    for column in FILLED:
        here = place.get(column.name)
        blank = here is not None and not (frame[here] != "").any() and column.kind != "text"
        if here is None or (blank and any(_good(frame[at], column))):
            names.append(column.zh if chinese else column.en)
    return names


def _guess(name: str, heading: str, where: str) -> Finding:
    return Finding("LST02", "note", TABLE, f"column {heading!r}{where} is read as {name}, by what its cells hold", 1,
                   effect="its values count", fix="rename it if it is something else")  # fmt: skip


def _own(heading: str, where: str, may_be: list[str]) -> Finding:
    fix = f"rename it if it is one of: {', '.join(may_be)}" if may_be else "nothing, if it is your own"
    return Finding("LST03", "warning" if may_be else "note", TABLE, f"column {heading!r}{where} is none of the list's",
                   1, effect="it is kept in the record only", fix=fix)  # fmt: skip
