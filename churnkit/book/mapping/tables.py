"""Which file of theirs holds which table: by its headers above all, then by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from churnkit.book.mapping.columns import ColumnGuess, match
from churnkit.book.mapping.names import loosen
from churnkit.book.mapping.samples import Extract
from churnkit.book.mapping.words import FILES
from churnkit.book.schema import TABLES

_SHARED = ("customer_id", "policy_id", "claim_id", "interaction_id", "recorded_at", "branch", "channel", "touchpoint")
_ENOUGH = 0.3
# Tables that insurers export together, a row per period of cover.
_TOGETHER = ("policies", "terms", "customers")


@dataclass(frozen=True)
class TableGuess:
    """A table of the contract and the file that it is taken to be in; ``by_name`` if only the file's name says so."""

    table: str
    extract: Extract
    columns: tuple[ColumnGuess, ...]
    shared: bool = False

    @property
    def found(self) -> dict[str, ColumnGuess]:
        """The guessed columns by our names."""
        return {guess.ours: guess for guess in self.columns}

    @property
    def missing(self) -> tuple[str, ...]:
        """Required columns for which nothing was found."""
        return tuple(c.name for c in TABLES[self.table].columns if c.required and c.name not in self.found)


def assign(extracts: Sequence[Extract]) -> tuple[TableGuess, ...]:
    """Give each table the file that fits best, each file one table; then let policies and terms share what is left."""
    pairs = []
    for at, extract in enumerate(extracts):
        for order, table in enumerate(TABLES):
            columns = match(extract, table)
            pairs.append((suits(extract, table, columns), -order, -at, TableGuess(table, extract, columns)))
    pairs.sort(key=lambda each: each[:3], reverse=True)
    taken: dict[str, TableGuess] = {}
    used: set[str] = set()
    for fits, _, _, guess in pairs:
        if fits >= _ENOUGH and guess.table not in taken and guess.extract.relation not in used:
            taken[guess.table] = guess
            used.add(guess.extract.relation)
    _share(taken, [guess for _, _, _, guess in pairs])
    return tuple(taken[table] for table in TABLES if table in taken)


def _share(taken: dict[str, TableGuess], guesses: list[TableGuess]) -> None:
    """A required table without a file of its own is in a file of policies or terms that has its columns."""
    homes = [taken[table].extract.relation for table in _TOGETHER if table in taken]
    for table in _TOGETHER:
        for guess in guesses:
            needed = [name for name in guess.missing if name not in ("term_id", "line")]
            if table not in taken and guess.table == table and guess.extract.relation in homes and not needed:
                taken[table] = TableGuess(table, guess.extract, guess.columns, shared=True)


def suits(extract: Extract, table: str, columns: Sequence[ColumnGuess]) -> float:
    """How well a file suits a table, from 0 to 1."""
    spec = TABLES[table]
    own = {
        guess.ours: min(guess.score, 1.0) for guess in columns if guess.ours not in _SHARED and guess.ours != spec.key
    }
    key = next((guess for guess in columns if guess.ours == spec.key), None)
    required = [c.name for c in spec.columns if c.required and c.name not in _SHARED and c.name != spec.key]
    has = sum(own.get(name, 0.0) for name in required) / len(required) if required else min(len(own) / 3, 1.0)
    others = [held for held in extract.columns
              if held.name not in {g.theirs for g in columns if g.ours in _SHARED or g.ours == spec.key}]  # fmt: skip
    explained = sum(own.values()) / max(len(others), 2)
    keyed = 0.0 if key is None else key.score * extract.by_name[key.theirs].unique
    named = called(extract, table)
    if not own and not named:
        return 0.0
    return 0.3 * named + 0.25 * has + 0.25 * min(explained, 1.0) + 0.2 * min(keyed, 1.0)


def called(extract: Extract, table: str) -> float:
    """How surely a file's (or sheet's) name says that it is the table: 1 the name itself."""
    best = 0.0
    stem = Path(extract.file).stem
    for name in (extract.sheet, stem) if extract.sheet else (stem,):
        text = re.sub(r"[\d_\-. ]+$|^[\d_\-. ]+", "", loosen(name))
        for rank, known in enumerate(FILES[table].split()):
            best = max(best, _called(text, loosen(known)) - 0.005 * rank)
    return best


def _called(text: str, known: str) -> float:
    if text == known:
        return 1.0
    if re.search(r"[一-鿿]", known):
        return (0.8 if text.startswith(known) else 0.7) if known in text else 0.0
    return 0.75 if set(known.split()) <= set(text.split()) else 0.0
