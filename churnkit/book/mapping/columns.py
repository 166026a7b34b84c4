"""Which column of theirs is which of the contract's: by its name, then by what it holds."""

from __future__ import annotations

from dataclasses import dataclass

from churnkit.book.mapping.categories import EXACT
from churnkit.book.mapping.headers import HEADERS
from churnkit.book.mapping.names import likeness, meaning, personal, spell
from churnkit.book.mapping.samples import Extract, Held
from churnkit.book.schema import TABLES, Column

SURE = 0.8
LIKELY = 0.5
# Categories that their values alone give away.
_SPEAKING = ("line", "end_reason", "decision", "arm", "instrument", "payment_mode", "customer_type", "initiator")
# Names that are a column of the contract as they are: what only resembles them is not meant.
_SPECIFIC = {column for table in TABLES.values() for column in table.column_names if "_" in column}


@dataclass(frozen=True)
class ColumnGuess:
    """A column of the contract and the one of theirs that it is taken to be.

    ``score`` is 1 for a name that says it and values that agree; ``others`` are the next best of theirs; ``why`` says
    what there is to doubt.
    """

    ours: str
    theirs: str
    score: float
    others: tuple[str, ...] = ()
    why: str = ""

    @property
    def sure(self) -> bool:
        """Whether there is nothing to look at."""
        return self.score >= SURE and not self.others and not self.why


def match(extract: Extract, table: str) -> tuple[ColumnGuess, ...]:
    """Match a file's columns to a table's, surest first; each of either side is used once.

    Examples
    --------
    >>> held = tuple(Held(name, i, 2, 2, {"a": 1, "b": 1}) for i, name in enumerate(["客户编号", "保单号码"]))
    >>> [(guess.ours, guess.theirs) for guess in match(Extract("x.csv", "x", 2, held), "policies")]
    [('policy_id', '保单号码'), ('customer_id', '客户编号')]
    """
    found = sorted(
        ((score(held, column, table), -at, -held.position, column, held)
         for at, column in enumerate(TABLES[table].columns) for held in extract.columns),
        key=lambda each: each[:3], reverse=True)  # fmt: skip
    taken: dict[str, ColumnGuess] = {}
    used: set[str] = set()
    for points, _, _, column, held in found:
        if points < LIKELY:
            break
        if column.name in taken or held.name in used:
            continue
        used.add(held.name)
        taken[column.name] = ColumnGuess(column.name, held.name, points, why=_doubt(held, column))
    return tuple(_with_others(guess, found, used) for guess in taken.values())


def _with_others(guess: ColumnGuess, found: list[tuple[float, int, int, Column, Held]], used: set[str]) -> ColumnGuess:
    least = max(LIKELY, guess.score - 0.2)
    others = [
        held.name
        for points, _, _, column, held in found
        if column.name == guess.ours and held.name not in used and points >= least
    ]
    return ColumnGuess(guess.ours, guess.theirs, guess.score, tuple(others[:2]), guess.why)


def score(held: Held, column: Column, table: str) -> float:
    """How surely a column of theirs is one of ours: the name's likeness, as far as the values allow it."""
    name = likeness(held.name, column.name, HEADERS[table].get(column.name, ""), table=table)
    if (personal(held.name) and name < 0.85) or (spell(held.name) in _SPECIFIC - {column.name} and name < 0.9):
        return 0.0
    if name >= 0.4:
        return name * fit(held, column, table)
    return 0.55 if _speaks(held, column) else 0.0


def fit(held: Held, column: Column, table: str) -> float:
    """How well values suit a column: 0 rules it out, 1 is as expected."""
    if not held.values:
        return 0.9
    if column.type in ("date", "ts"):
        return _fit_moment(held, column)
    if column.type in ("money", "number", "integer"):
        return _fit_number(held, column)
    if column.type == "bool":
        return 1.0 if held.bools > 0.95 else 0.7 if held.distinct <= 2 else 0.0
    if column.type == "id":
        return _fit_id(held, key=TABLES[table].key == column.name)
    if column.type == "category":
        return _fit_category(held, column)
    return 1.0


def _fit_moment(held: Held, column: Column) -> float:
    if column.name == "recorded_at" and held.constant:
        return 0.0  # the day of the extract, not of the entry
    dates = held.dates + 0.97 * max(held.serials if held.dates < 0.5 else 0.0, held.ambiguous)
    return 1.0 if dates > 0.9 else dates if dates > 0.5 else 0.0


def _fit_number(held: Held, column: Column) -> float:
    if column.name == "birth_year":
        years = held.share(lambda value: value[:4].isdigit() and len(value.split(".")[0]) == 4)
        return 1.0 if years > 0.9 else 0.75 if held.dates > 0.9 else 0.0
    if held.dates > 0.9 and held.distinct > 3:
        return 0.0
    share = held.wholes if column.type == "integer" else held.numbers
    return 1.0 if share > 0.9 else share if share > 0.6 else 0.0


def _fit_id(held: Held, *, key: bool) -> float:
    if held.dates > 0.9 and held.share(lambda value: value.isdigit()) < 0.5:
        return 0.0
    if held.numbers > 0.9 and held.wholes < 0.5:
        return 0.0
    if held.bools > 0.95 and held.distinct == 2:
        return 0.0
    return 0.9 + 0.1 * held.unique if key else 1.0


def _fit_category(held: Held, column: Column) -> float:
    if held.dates > 0.9 or (held.numbers > 0.9 and held.wholes < 0.7):
        return 0.0
    if column.name in EXACT and column.values:
        known = recognised(held, column.name)
        if held.distinct > 200 and known < 0.5:
            return 0.3
        return 0.7 + 0.3 * known
    return 1.0 if held.distinct <= 500 or held.unique < 0.2 else 0.5


def recognised(held: Held, column: str) -> float:
    """Share of a column's rows whose value is one of the field's words for the category."""
    return held.share(lambda value: meaning(column, value) is not None)


def _speaks(held: Held, column: Column) -> bool:
    if column.name not in _SPEAKING or held.distinct > 60 or held.bools > 0.5 or held.numbers > 0.5:
        return False
    found = {meaning(column.name, value) for value in held.values} - {None}
    return len(found) >= 2 and recognised(held, column.name) > 0.9


def _doubt(held: Held, column: Column) -> str:
    if not held.values:
        return "empty"
    if column.type in ("date", "ts") and held.ambiguous > 0.5:
        return "written like 03/04/2024: say which is the month by writing 2024-04-03"
    if column.type == "bool" and held.bools <= 0.95:
        return f"not yes or no but {', '.join(list(held.values)[:2])}"
    if column.name == "birth_year" and held.dates > 0.9:
        return "dates of birth"
    return ""
