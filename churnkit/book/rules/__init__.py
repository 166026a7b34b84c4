"""The findings: each rule a small function that asks for failing rows in plain SQL.

A new rule is a function from the book to `Failing` questions (or, where no rows are to be shown, to `Finding`) in the
module of its theme, and a line in `RULES`. Queries read ``raw_<table>``, which has every column of the contract, and
``repeats_<table>`` where `Book.repeats` says so. They keep to SQL that Spark reads too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from churnkit.book.finding import Failing, Finding
from churnkit.book.open import Book
from churnkit.book.rules import columns, keys, moments, reading, values

Rule = Callable[[Book], Iterable[Failing | Finding]]

RULES: dict[str, Rule] = {
    "COL01": columns.missing_columns,
    "TYP02": reading.unreadable_values,
    "DUP04": keys.duplicate_rows,
    "KEY05": keys.unordered_versions,
    "FK06": keys.orphan_keys,
    "FUT07": moments.future_rows,
    "SEN08": reading.sentinels,
    "DAT09": moments.impossible_dates,
    "SCL19": values.scores_outside,
    "REC17": moments.assumed_delays,
    "ABS26": columns.absent_tables,
}
