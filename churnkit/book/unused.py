"""What is kept and not used, with the line of ``churnkit.toml`` that would put it to use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from churnkit.book.engine import quote
from churnkit.book.mapping.extras import kind, left_out
from churnkit.book.mapping.names import english
from churnkit.book.mapping.samples import Held
from churnkit.book.open import Book
from churnkit.book.schema import Table

_LOOKED_AT = 5_000  # rows from which a type is guessed


def unused(book: Book) -> tuple[str, ...]:
    """Name undeclared columns, declared ones that are no feature, and unknown files, each with what to do about it."""
    found = []
    for table, names in book.undeclared.items():
        held = _held(book, table, names)
        found += [_line(book.schema[table], each) for each in held]
    for spec in book.schema.values():
        found += _no_feature(book, spec)
    if book.unknown:
        found.append(f"{', '.join(book.unknown)} — no table of the contract; an event table of your own is declared"
                     " under [tables.NAME], which churnkit map proposes")  # fmt: skip
    return tuple(found)


def _held(book: Book, table: str, names: list[str]) -> list[Held]:
    """What the first rows of some columns hold."""
    source = book.sources[table]
    listed = ", ".join(f"{quote(name)}::VARCHAR AS c{i}" for i, name in enumerate(names))
    rows = book.sql(f"SELECT {listed} FROM {quote(source.relation)} LIMIT {_LOOKED_AT}")
    found = []
    for i, name in enumerate(names):
        values = Counter(value.strip() for value in rows[f"c{i}"].to_pylist() if value and value.strip())
        found.append(Held(name, list(source.columns).index(name) + 1, values.total(), len(values), dict(values)))
    return found


def _line(spec: Table, held: Held) -> str:
    why = left_out(held)
    if why or not (spec.clocks or spec.name in ("customers", "policies")):
        return f"{spec.name}.{held.name} — not in the contract{f' ({why})' if why else ''}"
    name = english(held.name, held.position)
    name = f"{name}_{held.position}" if spec.column(name) is not None else name
    section = f"tables.{spec.name}.columns" if spec.own else f"{spec.name}.extra"
    mapped = f' and [{spec.name}.columns] {name} = "{held.name}"' if name != held.name else ""
    return (f"{spec.name}.{held.name} — not in the contract; to use it add to churnkit.toml:"
            f' [{section}] {name} = "{kind(held)}"{mapped}')  # fmt: skip


def _no_feature(book: Book, spec: Table) -> Iterator[str]:
    """Declared columns that no feature is made of."""
    for column in spec.columns:
        if not column.extra or not book.has_column(spec.name, column.name):
            continue
        events = bool(spec.clocks) and spec.name != "terms"
        if column.audit_only:
            yield f"{spec.name}.{column.name} — for audits only: never a feature"
        elif column.type in ("text", "id") or (events and column.type in ("date", "ts")):
            yield f"{spec.name}.{column.name} — declared as {column.type}, of which no feature is made"
        elif not (spec.clocks or spec.name in ("customers", "policies")):
            yield f"{spec.name}.{column.name} — declared, but no feature is made of this table"
