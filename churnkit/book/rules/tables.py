"""What the rules share: which tables are there."""

from __future__ import annotations

from churnkit.book.open import Book


def present(book: Book) -> list[str]:
    """Tables of the book's schema that are there, in its order."""
    return [table for table in book.schema if book.has(table)]
