"""Values: what does not read, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from churnkit.book.finding import Failing
from churnkit.book.open import Book


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
