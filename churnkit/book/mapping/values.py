"""Which of their categories mean which of the contract's, and by what their numbers are multiplied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from churnkit.book.engine import Engine
from churnkit.book.mapping.categories import EXACT, SURRENDERS
from churnkit.book.mapping.names import factor, meaning, spell
from churnkit.book.mapping.samples import all_values
from churnkit.book.mapping.tables import TableGuess
from churnkit.book.schema import TABLES, Column

_MOST = 60  # values of a category that are looked at


@dataclass(frozen=True)
class ValuesGuess:
    """What a column's categories mean: ``known`` theirs to ours, ``unknown`` theirs to the number of rows."""

    table: str
    column: str
    known: dict[str, str]
    unknown: dict[str, int]
    choices: tuple[str, ...]


def values(tables: Sequence[TableGuess], engine: Engine) -> tuple[ValuesGuess, ...]:
    """Read every category whose values the contract names."""
    found: list[ValuesGuess] = []
    for guess in tables:
        for column in TABLES[guess.table].columns:
            choices = _choices(column)
            if choices and column.name in guess.found:
                held = all_values(engine, guess.extract, guess.found[column.name].theirs, most=_MOST)
                found.append(_read(guess.table, column.name, held, choices))
    lines = next(
        (set(each.known.values()) for each in found if each.column == "line" and each.table == "policies"), set()
    )
    if lines and lines <= set(SURRENDERS):
        found = [_surrendered(each) if each.column == "end_reason" else each for each in found]
    return tuple(found)


def _choices(column: Column) -> tuple[str, ...]:
    return column.values or (tuple(EXACT["journey_stage"]) if column.name == "journey_stage" else ())


def _read(table: str, column: str, held: dict[str, int], choices: tuple[str, ...]) -> ValuesGuess:
    known, unknown = {}, {}
    for theirs, count in held.items():
        if spell(theirs) in choices:
            if spell(theirs) != theirs.strip().lower():
                known[theirs.strip()] = spell(theirs)
            continue
        ours = meaning(column, theirs)
        if ours is None:
            unknown[theirs.strip()] = count
        else:
            known[theirs.strip()] = ours
    return ValuesGuess(table, column, known, unknown, choices)


def _surrendered(guess: ValuesGuess) -> ValuesGuess:
    known = {theirs: "surrendered" if ours == "customer_cancelled" else ours for theirs, ours in guess.known.items()}
    return ValuesGuess(guess.table, guess.column, known, guess.unknown, guess.choices)


def scales(guess: TableGuess) -> dict[str, float]:
    """Factors of the columns whose header has a unit, as 保额（万元）, unless the values say so themselves."""
    found = {}
    for column in TABLES[guess.table].columns:
        each = guess.found.get(column.name)
        times = factor(column.name, column.type, each.theirs) if each else 1.0
        if each is not None and times != 1.0:
            held = guess.extract.by_name[each.theirs]
            if held.share(lambda value: value.endswith(("万", "万元", "%", "亿"))) < 0.5:
                found[column.name] = times
    return found
