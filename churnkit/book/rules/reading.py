"""Reading: what does not read as its type, what stands for nothing, and which conversions it took."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from churnkit.book import views
from churnkit.book.engine import quote
from churnkit.book.finding import Failing, Finding
from churnkit.book.open import Book
from churnkit.book.reading import FIRST_MOMENT, LAST_MOMENT, MOMENTS, form, may_fail, moment_of, quick, typed
from churnkit.book.rules.tables import present
from churnkit.book.schema import Column

_TYPE_WORDS = {
    "date": "a date (as 2025-12-31)", "ts": "a timestamp (as 2025-12-31 18:00:00)", "money": "an amount (as 1234.50)",
    "number": "a number (as 0.5)", "integer": "a whole number", "bool": "是/否, Y/N, 1/0 or true/false",
}  # fmt: skip
_FILLED = ("scale_min", "scale_max", "direction")  # filled from the instrument, so a lost value leaves no gap


def unreadable_values(book: Book) -> Iterator[Failing | Finding]:
    """TYP02: values that do not read as their type, required values that are not there, and conversions."""
    for table in present(book):
        counts = _counts(book, table)
        for column in _mapped(book, table):
            given, read = counts[f"given {column.name}"], counts[f"read {column.name}"]
            if given != read or column.default or column.name in _FILLED:
                yield from _unreadable(book, table, column)
            if column.required and given < counts["rows"]:
                value, _ = views.given(book.sources[table], column.name, settings=book.settings)
                yield Failing(table, _rows(book, table, "NULL") + f"{value} IS NULL",
                              f"the required column {column.name} is empty in {{n}}",
                              "these rows cannot be used", "fill the values or leave the rows out")  # fmt: skip
        yield from _conversions(book, table, counts)


def sentinels(book: Book) -> Iterator[Failing]:
    """SEN08: dates that stand for none or for ever, as 1900-01-01 and 9999-12-31."""
    for table in present(book):
        counts = _counts(book, table)
        for column in _mapped(book, table):
            if column.type not in MOMENTS or counts[f"given {column.name}"] == counts[f"read {column.name}"]:
                continue
            value, kind = views.given(book.sources[table], column.name, settings=book.settings)
            moment = moment_of(value, kind, book.settings.timezone)
            effect = "such rows have no such date and drop out" if column.required else "read as empty"
            yield Failing(table, _rows(book, table, f"({value})::VARCHAR")
                          + f"({moment} <= {FIRST_MOMENT} OR {moment} >= {LAST_MOMENT})",
                          f"{column.name} is no real date but stands for none or for ever in {{n}}", effect,
                          "leave such dates empty at the source" if not column.required else
                          "give one row per period of cover, with its own end", severity="warning",
                          column=column.name)  # fmt: skip


def _mapped(book: Book, table: str) -> list[Column]:
    return [column for column in book.schema[table].columns if column.name in book.sources[table].mapping]


def _rows(book: Book, table: str, shown: str) -> str:
    source = book.sources[table]
    return f"SELECT {source.row} AS _row, {shown} AS value FROM {quote(source.relation)} WHERE "


def _counts(book: Book, table: str) -> dict[str, int]:
    """Values of every column that are there, as they came, without marks for empty, and as read; in two passes."""

    def ask() -> dict[str, int]:
        source, columns = book.sources[table], _mapped(book, table)
        came = {"rows": "count(*)"}
        for column in columns:
            theirs = quote(source.mapping[column.name])
            value, kind = views.given(source, column.name, settings=book.settings)
            came[f"given {column.name}"] = f"count({value})"
            if looked := quick(column, value, kind=kind):
                came[f"quick {column.name}"] = f"count({looked})"
            if kind == "text" and column.name not in source.constants:
                came[f"came {column.name}"] = f"count(nullif(({theirs})::VARCHAR, ''))"
        read = {f"read {column.name}": f"count({quote(column.name)})" for column in columns}
        found: dict[str, Any] = {}
        for relation, asked in ((quote(source.relation), came), (f"raw_{table}", read)):
            listed = ", ".join(f"{sql} AS {quote(name)}" for name, sql in asked.items())
            found |= book.records(f"SELECT {listed} FROM {relation}")[0]
        return found

    return book.once(f"counts {table}", ask)


def _unreadable(book: Book, table: str, column: Column) -> Iterator[Failing]:
    value, kind = views.given(book.sources[table], column.name, settings=book.settings)
    if not may_fail(column, kind):
        return
    zone = book.settings.timezone
    read = moment_of(value, kind, zone) if column.type in MOMENTS else typed(column, value, kind=kind, zone=zone)
    yield Failing(table, _rows(book, table, f"({value})::VARCHAR") + f"{value} IS NOT NULL AND {read} IS NULL",
                  f"{column.name} does not read as {_TYPE_WORDS.get(column.type, column.type)} in {{n}}",
                  "these values would be lost", "fix the values, or map them under"
                  f" [{table}.values.{column.name}] in churnkit.toml", column=column.name)  # fmt: skip


def _conversions(book: Book, table: str, counts: dict[str, int]) -> Iterator[Finding]:
    """One note per table with every way of writing that was read, and how often."""
    told, total = [], 0
    for column in _mapped(book, table):
        value, kind = views.given(book.sources[table], column.name, settings=book.settings)
        found: dict[str, int] = {}
        if counts.get(f"quick {column.name}", counts[f"given {column.name}"]) < counts[f"given {column.name}"]:
            # What does not read is told on its own: only then is reading tried once more here.
            whole = counts[f"given {column.name}"] == counts[f"read {column.name}"] and not column.default
            read = "v" if whole else typed(column, "v", kind=kind, zone=book.settings.timezone)
            given = f"(SELECT {value} AS v FROM {quote(book.sources[table].relation)}) AS g"
            rows = book.records(
                f"SELECT form, count(*) AS n FROM (SELECT {form(column, 'v', kind=kind)} AS form, {read} AS value FROM"
                f" {given}) AS s WHERE form IS NOT NULL AND value IS NOT NULL GROUP BY form ORDER BY n DESC, form"
            )
            found = {row["form"]: row["n"] for row in rows}
        marks = counts.get(f"came {column.name}", 0) - counts[f"given {column.name}"]
        if marks > 0 and column.name not in book.settings.values.get(table, {}):
            found["marks for empty, as NULL or -"] = marks
        if found:
            told.append(f"{column.name} " + ", ".join(f"{n:,} x {name}" for name, n in found.items()))
            total += sum(found.values())
    if told:
        yield Finding("TYP02", "note", table, f"read after conversion: {'; '.join(told)}", count=total,
                      effect="nothing is lost", fix="")  # fmt: skip
