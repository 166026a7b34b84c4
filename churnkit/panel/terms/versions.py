"""The first version of each row, as a query: what the books said before anybody could rewrite it."""

from __future__ import annotations

from collections.abc import Mapping

from churnkit.book.engine import quote
from churnkit.book.open import Book


def first_versions(book: Book, table: str, shown: Mapping[str, str], *, where: str = "true") -> str:
    """Query the first version of each row, among the versions that satisfy a condition.

    Parameters
    ----------
    book : Book
    table : str
    shown : mapping of name to SQL
        Columns of the query; versions that nothing else orders are ordered by them.
    where : str
        SQL of the condition.
    """
    return _picked(book, table, shown, shown, order=_order(book, table, shown), where=where)


def later_says(
    book: Book, table: str, shown: Mapping[str, str], more: Mapping[str, str], *, said: str, where: str = "true"
) -> str:
    """Query the first version of each row, with further columns from the first version for which `said` holds.

    Parameters
    ----------
    book : Book
    table : str
    shown, more : mappings of name to SQL
        Columns of the first version, and of the other one; these must be null by themselves where `said` does not hold.
    said, where : str
        SQL of conditions: which version speaks for `more`, which count at all.
    """
    order, key = _order(book, table, {**shown, **more}), quote(book.schema[table].key)
    first = {name: f"first_value({sql}) OVER (PARTITION BY {key} ORDER BY {order})" for name, sql in shown.items()}
    return _picked(book, table, {**shown, **more}, {**first, **more},
                   order=f"CASE WHEN {said} THEN 0 ELSE 1 END, {order}", where=where)  # fmt: skip


def _picked(
    book: Book, table: str, single: Mapping[str, str], several: Mapping[str, str], *, order: str, where: str
) -> str:
    """Query one version of each row: its columns where it has one only, and where it has several.

    Only rows whose key comes more than once go through a window; the others of a large table are just read.
    """
    spec = book.schema[table]
    key = quote(spec.key)
    one, many = (", ".join(f"{sql} AS {quote(name)}" for name, sql in each.items()) for each in (single, several))
    if not book.repeats(table):
        return f"SELECT {one} FROM {quote(table)} WHERE {where}"
    first = f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1"
    if not (version_column(book, table) and spec.clocks):  # superseded_at is null where nothing orders the versions
        return f"SELECT {many} FROM {quote(table)} WHERE {where} {first}"
    keys = f"(SELECT DISTINCT hash({key}) AS h FROM {quote(table)} WHERE superseded_at IS NOT NULL) AS m"
    return f"""SELECT {one} FROM {quote(table)} AS e ANTI JOIN {keys} ON hash(e.{key}) = m.h WHERE {where}
UNION ALL
SELECT {many} FROM {quote(table)} AS e SEMI JOIN {keys} ON hash(e.{key}) = m.h WHERE {where} {first}"""


def version_column(book: Book, table: str) -> str:
    """The column that orders the versions of a row, as the views see it; empty where there is none."""
    clocks = book.schema[table].clocks
    names = ("recorded_at", *(f"{clock}_recorded_at" for clock in clocks[:1]))
    return next((name for name in names if book.has_column(table, name)), "")


def _order(book: Book, table: str, columns: Mapping[str, str]) -> str:
    """SQL that puts the first version first."""
    version = version_column(book, table)
    return ", ".join(f"{sql} NULLS FIRST" for sql in ([quote(version)] if version else []) + list(columns.values()))
