"""The findings: each rule a small function that asks for failing rows in plain SQL.

A new rule is a function from the book to `Failing` questions (or, where no rows are to be shown, to `Finding`) in the
module of its theme, and a line in `RULES`. Queries read ``raw_<table>``, which has every column of the contract, and
``repeats_<table>`` where `Book.repeats` says so. They keep to SQL that Spark reads too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from churnkit.book.finding import Failing, Finding
from churnkit.book.open import Book
from churnkit.book.rules import answers, columns, cover, keys, links, moments, reading, values

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
    "OVL10": cover.overlapping_terms,
    "GAP11": links.gaps_of_a_day,
    "LNK12": links.renumbered_renewals,
    "END13": cover.terms_but_for_premium,
    "NTU14": cover.never_sold,
    "REI15": cover.reinstated_terms,
    "RSN16": cover.ends_without_reason,
    "REC17": moments.assumed_delays,
    "LATE18": moments.late_rows,
    "SCL19": values.scores_outside,
    "DIR20": answers.opposed_directions,
    "RES21": answers.only_answers,
    "COV22": answers.coverage,
    "CUR23": values.premiums_in_fen,
    "IDS24": values.damaged_ids,
    "CAT25": columns.unknown_categories,
    "ABS26": columns.absent_tables,
    "OUT27": answers.unlogged_campaigns,
}
"""The rules of a book; ENC03 is found as a file is read, CLS28 and LEAK29 at training, DRF30 at scoring."""
