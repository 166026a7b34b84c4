"""The book's views tell the same moments as the oracle: when each version of each row is seen, and until when."""

from __future__ import annotations

import pytest

from churnkit.book.open import open_book
from churnkit.book.schema import TABLES
from churnkit.book.settings import Settings

from .books import EVENT_TABLES, VARIANTS, hostile_book
from .compare import cell, history_of


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_row_is_seen_from_and_until_the_same_moment(variant):
    hostile = hostile_book(7, variant=variant)
    history = history_of(hostile)
    book = open_book(hostile.tables, settings=Settings(data_cutoff=hostile.data_cutoff, delay_days=hostile.delay_days))
    assert book.tables == set(hostile.tables)
    for name in ("customers", "policies", "terms", *EVENT_TABLES):
        if not history.has(name):
            assert not book.has(name)
            continue
        spec = TABLES[name]
        columns = [*spec.column_names, *(f"{clock}_seen" for clock in spec.clocks), "superseded_at"]
        have = book.sql(f"SELECT {', '.join(columns)} FROM {name}").to_pylist()
        want = [
            {c: row[c] for c in spec.column_names}
            | {f"{clock}_seen": row["seen"].get(clock) for clock in spec.clocks}
            | {"superseded_at": row["replaced_at"]}
            for row in history.rows[name]
        ]
        assert sorted(map(told, have)) == sorted(map(told, want)), name


def told(row):
    """A row as comparable text."""
    return repr([(c, float(v) if isinstance(v, int) else v) for c, v in ((c, cell(row[c])) for c in sorted(row))])
