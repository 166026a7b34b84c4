"""Values: what does not read, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from churnkit.book import views
from churnkit.book.engine import quote
from churnkit.book.finding import Failing
from churnkit.book.open import Book
from churnkit.book.rules.tables import present

_TYPE_WORDS = {
    "date": "a date (as 2025-12-31)", "ts": "a timestamp (as 2025-12-31 18:00:00)", "money": "an amount (as 1234.50)",
    "number": "a number (as 0.5)", "integer": "a whole number", "bool": "是/否, Y/N, 1/0 or true/false",
}  # fmt: skip


def unreadable_values(book: Book) -> Iterator[Failing]:
    """TYP02: values that do not read as their type, and required values that are not there."""
    for table in present(book):
        source = book.sources[table]
        for column in book.schema[table].columns:
            if column.name not in source.mapping:
                continue
            value, kind = views.given(source, column.name, settings=book.settings)
            rows = f"SELECT {source.row} AS _row, {{shown}} AS value FROM {quote(source.relation)} WHERE "
            read = views.typed(column, value, kind=kind, zone=book.settings.timezone)
            if views.may_fail(column, kind):
                yield Failing(
                    table, rows.format(shown=f"({value})::VARCHAR") + f"{value} IS NOT NULL AND {read} IS NULL",
                    f"{column.name} does not read as {_TYPE_WORDS.get(column.type, column.type)} in {{n}}",
                    "these values would be lost", "fix the values, or map them under"
                    f" [{table}.values.{column.name}] in churnkit.toml")  # fmt: skip
            if column.required:
                yield Failing(table, rows.format(shown="NULL") + f"{value} IS NULL",
                              f"the required column {column.name} is empty in {{n}}",
                              "these rows cannot be used", "fill the values or leave the rows out")  # fmt: skip


def scores_outside(book: Book) -> Iterator[Failing]:
    """SCL19: scores outside their scale."""
    if book.has("surveys"):
        yield Failing(
            "surveys", "SELECT _row, instrument || ' ' || CAST(score AS VARCHAR) AS value, score FROM raw_surveys"
            " WHERE score < scale_min OR score > scale_max",
            "the score lies outside its scale in {n} (from {low:g} to {high:g})", "satisfaction would be wrong",
            "set scale_min and scale_max, or map codes such as 99 to empty under [surveys.values.score]",
            facts={"low": "min(score)", "high": "max(score)"})  # fmt: skip
    if book.has("interactions"):
        yield Failing(
            "interactions", "SELECT _row, sentiment AS value FROM raw_interactions WHERE abs(sentiment) > 1",
            "sentiment lies outside -1 to 1 in {n}", "features of sentiment would be wrong",
            "scale it to -1 to 1")  # fmt: skip
