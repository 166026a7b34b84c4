"""Keys: copies, versions, orphans."""

from __future__ import annotations

from collections.abc import Iterator

from churnkit.book.engine import quote
from churnkit.book.finding import Failing
from churnkit.book.open import Book
from churnkit.book.rules.tables import present

EVENT_KEYS = {"claim_id": "claims", "interaction_id": "interactions"}
BEFORE_DAYS, LATE_DAYS = 365, 30  # how long ago an event may be that a row refers to; how late it may be entered
_OWNERS = ("customer_id", "policy_id")


def duplicate_rows(book: Book) -> Iterator[Failing]:
    """DUP04: exact copies of another row."""
    for table in present(book):
        if book.repeats(table):
            # One file for policies and terms says a policy once per term: that is no fault of the file.
            shared = bool(book.sources[table].shared)
            yield Failing(table, f"SELECT _row FROM repeats_{table} WHERE duplicate",
                          "exact copies of another row: {n}" + (", as its file holds another table too" if shared
                                                                else ""),
                          "one of each is kept", "nothing to do" if shared else "remove the copies at the source",
                          severity="note" if shared else "warning")  # fmt: skip


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
    """FK06: keys that lead to no row.

    Every key of a table that is there is looked up, but for previous_policy_id, which may well lead out of the extract.
    A claim or contact that a row refers to may have been before the first one in the book, or not be entered yet: rows
    within a year of that first one, or in the last 30 days before data_cutoff, are left alone.
    """
    for table in present(book):
        spec = book.schema[table]
        keys = dict(spec.references) | {column: parent for column, parent in EVENT_KEYS.items()
                                        if spec.column(column) is not None and parent != table}  # fmt: skip
        for column, parent in keys.items():
            key = book.schema[parent].key
            if not book.has_column(parent, key) or not book.has_column(table, column):
                continue
            since = _while_complete(book, table, parent) if column in EVENT_KEYS else ""
            orphans = (f"SELECT c._row, c.{column} AS value FROM raw_{table} AS c WHERE c.{column} IS NOT NULL{since}"
                       f" AND NOT EXISTS (SELECT 1 FROM raw_{parent} AS q WHERE q.{key} = c.{column})")  # fmt: skip
            yield Failing(
                table, f"SELECT o._row, o.value, p.trimmed IS NOT NULL AS found_trimmed FROM ({orphans}) AS o"
                f" LEFT JOIN (SELECT DISTINCT trim({key}) AS trimmed FROM raw_{parent}) AS p"
                " ON trim(o.value) = p.trimmed",
                f"{column} has no row in {parent} in {{n}}; {{trimmed:,}} of them would match after trimming blanks",
                "these rows belong to nobody and count for nothing" if column in _OWNERS else
                "what they refer to is not known",
                lambda facts: ("trim the keys on both sides" if facts["trimmed"] else "complete the extract"),
                severity="warning", error_above=0.01,
                facts={"trimmed": "count(*) FILTER (WHERE found_trimmed)"}, column=column)  # fmt: skip


def _while_complete(book: Book, table: str, parent: str) -> str:
    """SQL that keeps the rows whose parent, were there one, would be in the book."""
    first = book.records(f"SELECT min({book.schema[parent].clocks[0]}) AS first FROM raw_{parent}")[0]["first"]
    if first is None:
        return ""
    clock = f"c.{quote(book.schema[table].clocks[0])}"
    return (f" AND {clock} >= TIMESTAMP '{first}' + INTERVAL {BEFORE_DAYS} DAY"
            f" AND {clock} < TIMESTAMP '{book.settings.data_cutoff}' - INTERVAL {LATE_DAYS} DAY")  # fmt: skip
