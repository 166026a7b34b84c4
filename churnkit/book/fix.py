"""``fix_book``: a cleaned copy of a book, and what was changed in it; the book itself stays as it is.

What is mended is what is certain: texts as their types, columns and categories under our names, copies and rows after
the cutoff left out, dates that stand for nothing emptied, values that do not read emptied, blanks around keys removed.
What ``churnkit outcomes import`` brought after the cutoff stays, for the next extract shows it.
What a person must decide (which of two versions, what a category means, overlapping terms) is left for the next check.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from churnkit.book import views
from churnkit.book.engine import quote
from churnkit.book.finding import Failing
from churnkit.book.open import Book
from churnkit.book.rules import keys, moments, reading
from churnkit.book.settings import FILE, Settings
from churnkit.errors import UsageError

_COLUMNS = ("table", "code", "where", "column", "was", "now")


def fix_book(book: Book, out: str | os.PathLike[str]) -> pd.DataFrame:
    """Write a cleaned copy of a book, with a log of every change.

    Parameters
    ----------
    book : Book
    out : path
        A folder that does not exist yet: it gets ``<table>.parquet`` and ``churnkit.toml``; the log lies beside it, as
        ``<out>-changes.csv``.

    Returns
    -------
    DataFrame
        The log: table, code, where (line or row of the source), column, was, now. A conversion of a whole column is one
        row, with the number of values in ``was``.

    Raises
    ------
    UsageError
        If `out` exists.
    """
    target = check_target(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    unfinished.mkdir()
    try:
        log = _log(book)
        blanks = bool((log["code"] == "FK06").any())
        for table in sorted(book.tables, key=list(book.schema).index):
            pq.write_table(_cleaned(book, table, blanks=blanks), unfinished / f"{table}.parquet")
        (unfinished / FILE).write_bytes(tomli_w.dumps(_settings(book.settings)).encode())
        log.to_csv(unfinished / ".log", index=False, encoding="utf-8-sig")
        (unfinished / ".log").replace(log_of(target))
        unfinished.replace(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return log


def check_target(out: str | os.PathLike[str]) -> Path:
    """Return the folder if a cleaned copy can be written there: neither it nor its log is there."""
    target = Path(out)
    there = target if target.exists() else log_of(target)
    if there.exists():
        raise UsageError("A cleaned copy is written into a folder of its own.", found=f"{there} exists",
                         fix="Name a folder that does not exist.")  # fmt: skip
    return target


def log_of(out: str | os.PathLike[str]) -> Path:
    """Where the log of a cleaned copy lies."""
    return Path(out).with_name(f"{Path(out).name}-changes.csv")


def _mends(book: Book) -> Iterator[tuple[str, Failing]]:
    """The questions whose failing rows are mended one by one."""
    for question in reading.unreadable_values(book):
        if isinstance(question, Failing) and question.column:
            yield "TYP02", question
    for code, rule in (("SEN08", reading.sentinels), ("FK06", keys.orphan_keys), ("DUP04", keys.duplicate_rows)):
        for each in rule(book):
            yield code, each
    for table in sorted(book.tables):
        clock = views.entered_sql(book.schema[table])
        if clock:
            late = f"SELECT _row, {clock} AS value FROM raw_{table} WHERE NOT {_kept(book, table)}"
            yield "FUT07", Failing(table, late, "", "", "")


def _kept(book: Book, table: str) -> str:
    """SQL that keeps the rows before data_cutoff, and what an import brought after it."""
    before, brought = views.before_cutoff_sql(book.schema[table], book.settings), moments.brought_sql(book, table)
    return f"({before} OR {brought})" if brought else before


_NOW = {"TYP02": "(empty)", "SEN08": "(empty)", "DUP04": "(row left out)", "FUT07": "(row left out)"}


def _log(book: Book) -> pd.DataFrame:
    changes: list[dict[str, Any]] = []
    for code, question in _mends(book):
        only = " WHERE found_trimmed" if code == "FK06" else ""
        rows = book.records(f"SELECT * FROM ({question.query}) AS failing{only} ORDER BY _row")
        places = book.sources[question.table].places([row["_row"] for row in rows])
        for row, place in zip(rows, places, strict=True):
            was = row.get("value")
            now = _NOW.get(code) or str(was).strip()
            changes.append(dict(zip(_COLUMNS, (question.table, code, place, question.column, was, now), strict=True)))
    for note in reading.unreadable_values(book):
        if not isinstance(note, Failing):
            changes.append({"table": note.table, "code": note.code, "where": "", "column": "",
                            "was": note.found, "now": "(as their types)"})  # fmt: skip
    return pd.DataFrame(changes, columns=list(_COLUMNS))


def _cleaned(book: Book, table: str, *, blanks: bool) -> pa.Table:
    """The rows that stay, typed, under our names; undeclared columns as they came."""
    source, spec = book.sources[table], book.schema[table]
    ids = {column.name for column in spec.columns if column.type == "id"} if blanks else set()
    names = [name for name in views.raw_names(source) if name in source.mapping]
    taken = {name.lower() for name in names}
    shown = [f"trim({quote(name)}) AS {quote(name)}" if name in ids else quote(name) for name in names]
    shown += [quote(name) for name in source.undeclared if name.lower() not in taken]
    rows = f"raw_{table}"
    where = _kept(book, table)
    if book.repeats(table):
        rows += f" LEFT JOIN repeats_{table} USING (_row)"
        where += " AND duplicate IS NOT true"
    return book.sql(f"SELECT {', '.join(shown)} FROM {rows} WHERE {where} ORDER BY _row")


def _settings(settings: Settings) -> dict[str, Any]:
    """What the copy still has to be told: nothing of names, values, scales, files and inclusive ends."""
    engine = {key: value for key, value in asdict(settings.engine).items() if value is not None}
    renewal = {
        key: list(value) if isinstance(value, tuple) else value for key, value in asdict(settings.renewal).items()
    }
    told: dict[str, Any] = {
        "data_cutoff": str(settings.data_cutoff), "timezone": settings.timezone, "currency": settings.currency,
        "churn": asdict(settings.churn), "renewal": renewal, "engine": engine, "features": dict(settings.features),
        "tables": {name: {key: value for key, value in declared.items() if key in ("key", "clocks", "columns")}
                   for name, declared in settings.tables.items()},
    }  # fmt: skip
    for table in sorted({*settings.delay_days, *settings.extra}):
        own = {"delay_days": settings.delay_days.get(table), "extra": settings.extra.get(table)}
        told[table] = {key: value for key, value in own.items() if value is not None}
    return {key: value for key, value in told.items() if value not in ({}, None)}
