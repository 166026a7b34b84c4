"""What is left over: columns that may become features of their own, files that look like event tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from churnkit.book.declared import is_name
from churnkit.book.mapping.headers import HEADERS
from churnkit.book.mapping.names import english, likeness, loosen, personal, unit
from churnkit.book.mapping.samples import Extract, Held
from churnkit.book.mapping.tables import TableGuess
from churnkit.book.schema import TABLES

_AMOUNTS = ("费", "额", "价", "款", "premium", "amount", "price", "cost", "fee", "value")
_CODES = (
    "类型",
    "类别",
    "代码",
    "等级",
    "级别",
    "方式",
    "状态",
    "type",
    "class",
    "code",
    "category",
    "level",
    "grade",
    "group",
    "tier",
)


@dataclass(frozen=True)
class ExtraGuess:
    """A column that the contract does not have: the name and type to declare it with, or why it is left out."""

    table: str
    name: str
    theirs: str
    type: str
    why: str = ""


@dataclass(frozen=True)
class EventsGuess:
    """A file that is none of the contract's tables but looks like events of customers."""

    name: str
    extract: Extract
    key: str
    customer: str
    clocks: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str, str], ...]


def extras(guess: TableGuess, taken: Collection[str]) -> tuple[ExtraGuess, ...]:
    """Name and type the columns of a file that no table uses; `taken` are the columns in use."""
    found: list[ExtraGuess] = []
    names = set(TABLES[guess.table].column_names)
    for held in guess.extract.columns:
        if held.name in taken:
            continue
        name = _name(held, names)
        names.add(name)
        why = left_out(held)
        found.append(ExtraGuess(guess.table, name, held.name, "" if why else kind(held), why))
    return tuple(found)


def left_out(held: Held) -> str:
    """Why a column is not proposed as a feature; empty if it is."""
    if personal(held.name):
        return "names or reaches a person"
    if not held.values:
        return "empty"
    if held.distinct == 1:
        return f"always {next(iter(held.values))[:30]}"
    if kind(held) in ("text", "id"):
        return "free text" if kind(held) == "text" else "an id"
    return ""


def kind(held: Held) -> str:
    """The type to declare a column with, from its values and name."""
    name = loosen(held.name)
    if held.dates > 0.9:
        times = held.share(lambda value: ":" in value)
        return "ts" if times > 0.5 else "date"
    if held.bools > 0.95 and held.distinct <= 2:
        return "bool"
    if held.numbers > 0.9:
        if held.distinct <= 12 and held.wholes > 0.9 and name.endswith(_CODES):
            return "category"
        if unit(held.name) in ("元", "万元", "万", "千元", "分", "yuan", "rmb", "cny") or name.endswith(_AMOUNTS):
            return "money"
        if held.wholes > 0.9 and held.unique > 0.95 and held.distinct > 50:
            return "id"
        return "integer" if held.wholes > 0.99 else "number"
    if held.distinct <= 50 or (held.distinct <= 500 and held.unique < 0.2):
        return "category"
    return "text" if held.share(lambda value: len(value) > 24 or " " in value) > 0.3 else "id"


def events(extract: Extract) -> EventsGuess | None:
    """Propose an unknown file as an event table of its own, if it has a key, a customer and a moment."""
    customer = _best(extract, "customer_id")
    keys = [held for held in extract.columns if held.unique > 0.97 and held.filled == extract.rows and held.dates < 0.5]
    moments = [held for held in extract.columns if held.dates > 0.9 and held.filled > 0.5 * extract.rows]
    key = next((held for held in keys if customer is None or held.name != customer.name), None)
    if customer is None or key is None or not moments:
        return None
    stem = extract.sheet or extract.file.rsplit(".", 1)[0]
    name = english(stem, 0)
    name = name if name != "column_0" and name not in TABLES and is_name(name) else "own_events"
    names = {"customer_id", "policy_id", "recorded_at"}
    named: dict[str, str] = {}
    for held in extract.columns:
        named[held.name] = _name(held, names)
        names.add(named[held.name])
    clock = min(
        moments,
        key=lambda held: (-likeness(held.name, "started_at", HEADERS["interactions"]["started_at"]), held.position),
    )
    used = (key.name, customer.name, clock.name)
    left = [held for held in extract.columns if held.name not in used and not left_out(held) and held.dates < 0.9]
    columns = tuple((named[held.name], kind(held), held.name) for held in left)
    return EventsGuess(name, extract, named[key.name], customer.name,
                       ((named[clock.name], clock.name), (named[key.name], key.name)), columns)  # fmt: skip


def _best(extract: Extract, column: str) -> Held | None:
    scored = [
        (likeness(held.name, column, HEADERS["policies"][column]), -held.position, held) for held in extract.columns
    ]
    best = max(scored, key=lambda each: each[:2], default=None)
    return best[2] if best is not None and best[0] >= 0.8 else None


def _name(held: Held, taken: Collection[str]) -> str:
    """A name for a column of theirs that is free and no word of SQL."""
    name = english(held.name, held.position)
    if not is_name(name):
        name = f"{name}_1"
    return name if name not in taken else f"{name}_{held.position}"


def leftovers(extracts: Sequence[Extract], used: Collection[str]) -> tuple[Extract, ...]:
    """The files that are no table of the contract."""
    return tuple(extract for extract in extracts if extract.relation not in used)
