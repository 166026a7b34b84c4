"""Ids by their values: a column whose values are another table's keys leads there, whatever it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from churnkit.book.engine import Engine
from churnkit.book.mapping.columns import ColumnGuess
from churnkit.book.mapping.names import loosen
from churnkit.book.mapping.samples import Extract, Held, overlap
from churnkit.book.mapping.tables import TableGuess
from churnkit.book.schema import TABLES

_HOMES = {"customer_id": "customers", "policy_id": "policies", "claim_id": "claims", "interaction_id": "interactions",
          "previous_policy_id": "policies"}  # fmt: skip
_KEYED = ("terms", "interactions", "claims", "complaints", "surveys", "outreach")
_ALIKE = 0.95
_FEW = 20  # distinct values, below which an agreement may be chance


def resolve(tables: Sequence[TableGuess], engine: Engine) -> tuple[TableGuess, ...]:
    """Check the ids against the tables they lead to, find those that no header names, and give each table its key."""
    homes = {guess.table: guess for guess in tables}
    return tuple(_with_key(_with_ids(guess, homes, engine)) for guess in tables)


def _with_ids(guess: TableGuess, homes: Mapping[str, TableGuess], engine: Engine) -> TableGuess:
    for name, home in _HOMES.items():
        parent, spec = homes.get(home), TABLES[guess.table]
        if spec.column(name) is None or spec.key == name or parent is None or TABLES[home].key not in parent.found:
            continue
        key = (parent.extract.relation, parent.found[TABLES[home].key].theirs)
        found = _checked(guess, name, key, engine)
        others = tuple(each for each in guess.columns if each.ours != name)
        guess = replace(guess, columns=(*others, found) if found else others)
    return guess


def _checked(guess: TableGuess, name: str, key: tuple[str, str], engine: Engine) -> ColumnGuess | None:
    """The guess for an id, after a look at whose values are the other table's keys."""
    own = guess.found.get(name)
    relation = guess.extract.relation
    if own is not None:
        if not own.others and own.score >= 0.9 and (relation, own.theirs) == key:
            return own
        share = overlap(engine, (relation, own.theirs), key)
        if share >= 0.5 and not own.others:
            return own
        better = [(overlap(engine, (relation, other), key), other) for other in own.others]
        best, theirs = max([(share, own.theirs), *better], key=lambda each: each[0])
        if best >= share + 0.3:
            return ColumnGuess(name, theirs, own.score, (own.theirs,), f"{best:.0%} of its values are keys there")
        why = own.why or ("" if share >= 0.5 else f"only {share:.0%} of its values are keys there")
        return replace(own, why=why) if name != "previous_policy_id" else own
    return None if name == "previous_policy_id" else _by_values(guess, name, key, engine)


def _by_values(guess: TableGuess, name: str, key: tuple[str, str], engine: Engine) -> ColumnGuess | None:
    used = {each.theirs for each in guess.columns}
    for held in guess.extract.columns:
        if held.name in used or held.distinct < _FEW or held.dates > 0.9 or _counts(held):
            continue
        if overlap(engine, (guess.extract.relation, held.name), key) >= _ALIKE:
            return ColumnGuess(name, held.name, 0.6, why="its values are keys there")
    return None


def _counts(held: Held) -> bool:
    """Whether values are small numbers, that agree with any keys 1, 2, 3 … by chance."""
    return held.share(lambda value: len(value) < 5) > 0.5


def _with_key(guess: TableGuess) -> TableGuess:
    """A table without a key of its own: for terms the policy number where it comes once, else what never repeats."""
    key = TABLES[guess.table].key
    if key in guess.found or guess.table not in _KEYED:
        return guess
    policy = guess.found.get("policy_id")
    if guess.table == "terms" and policy is not None and is_key(guess.extract, policy.theirs):
        why = "each policy number comes once: one period of cover"
        return replace(guess, columns=(ColumnGuess(key, policy.theirs, 0.9, why=why), *guess.columns))
    used = {each.theirs for each in guess.columns}
    for held in guess.extract.columns:
        named = loosen(held.name).endswith(("号", "number", "key"))
        plain = held.numbers < 0.5 or (named and held.wholes > 0.9)
        if held.name not in used and is_key(guess.extract, held.name) and held.dates < 0.5 and plain:
            found = ColumnGuess(key, held.name, 0.6, why="each of its values comes once")
            return replace(guess, columns=(found, *guess.columns))
    return guess


def is_key(extract: Extract, name: str) -> bool:
    """Whether a column is filled in every row, with a value of its own (copied rows apart)."""
    held = extract.by_name[name]
    return held.filled == extract.rows and held.unique > 0.97
