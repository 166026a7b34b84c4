"""History: recording times that tell of the extract and not of the rows."""

from __future__ import annotations

from collections.abc import Iterator

from churnkit.book import views
from churnkit.book.finding import Finding
from churnkit.book.open import Book
from churnkit.book.rules.tables import present

_LAST_DAYS = 31


def stamped_at_extract(book: Book) -> Iterator[Finding]:
    """REC17: all rows of a table recorded in the last days before data_cutoff, though the business is older."""
    for table in present(book):
        spec = book.schema[table]
        if book.has_column(table, "recorded_at") and (spec.clocks or spec.required):
            yield from _stamped(book, table)


def _stamped(book: Book, table: str) -> Iterator[Finding]:
    query = f"SELECT count(*) AS n, count(recorded_at) AS filled, min(recorded_at) AS first FROM raw_{table}"
    found, cutoff = book.records(query)[0], book.settings.data_cutoff
    if not found["n"] or found["filled"] < found["n"] or (cutoff - found["first"]).days > _LAST_DAYS:
        return
    clocks = book.schema[table].clocks
    older = views.clock_sql(table, clocks[0]) if clocks and table != "terms" else "start_date"
    home = table if clocks else "terms"
    if not book.has(home):
        return
    began = book.records(f"SELECT min({older}) AS first FROM raw_{home}")[0]["first"]
    if began is None or (cutoff - began).days <= 2 * _LAST_DAYS:
        return
    effect = "its rows are unknown at earlier cutoffs" if clocks else "attributes are null at earlier cutoffs"
    yield Finding("REC17", "warning", table, "recorded_at of all rows lies in the last days before data_cutoff",
                  count=found["n"], share=1.0, effect=effect,
                  fix="if it is the day of the extract, leave recorded_at out"
                  + ("" if clocks else " to take them as of the extract"))  # fmt: skip
