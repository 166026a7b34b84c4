"""Keys: copies, versions, orphans."""

from __future__ import annotations

from collections.abc import Iterator

from churnkit.book.engine import quote
from churnkit.book.finding import Failing
from churnkit.book.open import Book
from churnkit.book.rules.tables import present


def duplicate_rows(book: Book) -> Iterator[Failing]:
    """DUP04: exact copies of another row."""
    for table in present(book):
        if book.repeats(table):
            yield Failing(table, f"SELECT _row FROM repeats_{table} WHERE duplicate",
                          "exact copies of another row: {n}", "one of each is kept",
                          "remove the copies at the source", severity="warning")  # fmt: skip


def unordered_versions(book: Book) -> Iterator[Failing]:
    """KEY05: one key, different content, and nothing that says which is later."""
    for table in present(book):
        if book.repeats(table):
            key = book.schema[table].key
            yield Failing(
                table,
                f"SELECT r._row, t.{quote(key)} AS value FROM repeats_{table} AS r JOIN raw_{table} AS t"
                " ON r._row = t._row WHERE r.unordered",
                f"the same {key} with different content, and no recorded_at to order the versions, in {{n}}",
                "which version counts would be chance", "add recorded_at, or keep one row per key")  # fmt: skip


def orphan_keys(book: Book) -> Iterator[Failing]:
    """FK06: keys that lead to no row."""
    for table in present(book):
        for column, parent in book.schema[table].references.items():
            key = book.schema[parent].key
            if not book.has_column(parent, key) or not book.has_column(table, column):
                continue
            rows = (f"SELECT o._row, o.value, p.trimmed IS NOT NULL AS found_trimmed FROM"
                    f" (SELECT c._row, c.{column} AS value FROM raw_{table} AS c WHERE c.{column} IS NOT NULL"
                    f" AND NOT EXISTS (SELECT 1 FROM raw_{parent} AS q WHERE q.{key} = c.{column})) AS o"
                    f" LEFT JOIN (SELECT DISTINCT trim({key}) AS trimmed FROM raw_{parent}) AS p"
                    f" ON trim(o.value) = p.trimmed")  # fmt: skip
            yield Failing(
                table, rows,
                f"{column} has no row in {parent} in {{n}}; {{trimmed:,}} of them would match after trimming blanks",
                "these rows belong to nobody and count for nothing",
                lambda facts: ("trim the keys on both sides" if facts["trimmed"] else "complete the extract"),
                severity="warning", error_above=0.01,
                facts={"trimmed": "count(*) FILTER (WHERE found_trimmed)"})  # fmt: skip
