"""What an insurer declares beyond the contract: extra columns of its tables, event tables of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from churnkit.book.schema import SENSITIVE, TABLES, Column, Table
from churnkit.book.validate import near_miss, unknown, wrong
from churnkit.errors import UsageError

TYPES = ("number", "integer", "money", "category", "bool", "date", "ts", "text", "id")
_COLUMN_KEYS = ("type", "known_at", "group", "sign", "en", "zh")
_TABLE_KEYS = ("key", "customer", "policy", "clocks", "columns", "recorded_at", "group", "en", "zh")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Words of SQL and of the engine that a table or column of that name would be taken for.
_WORDS = (
    "all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default"
    " deferrable desc describe distinct do else end except false fetch for foreign from group having in initially"
    " intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider"
    " placing primary qualify references returning select show some summarize symmetric table then to trailing true"
    " union unique unpivot user using variadic when where window with"
    " c p e rowid superseded_at superseded known_from customer policy id observation"
)
_TAKEN = frozenset(_WORDS.split())
_PREFIXES = ("raw_", "source_", "repeats_")


def extended(extra: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, Table]:
    """Return the contract with the declared columns and tables beside it.

    Parameters
    ----------
    extra : mapping of table to {column: declaration}
        ``{"terms": {"vehicle_power": {"type": "number", "group": "vehicle"}}}``; a declaration may also be the type.
    tables : mapping of name to declaration
        ``{"web_visits": {"key": "visit_id", "customer": "customer_id", "clocks": ["visited_at"], "columns": {...}}}``

    Raises
    ------
    UsageError
        Naming the key that is unknown, missing or of the wrong type, and what it may be.

    Examples
    --------
    >>> schema = extended({"terms": {"area": "category"}}, {})
    >>> schema["terms"].column("area").type, schema["terms"].column("area").extra
    ('category', True)
    """
    schema = dict(TABLES)
    for name, declared in tables.items():
        schema[name] = _own_table(name, declared)
    for name, columns in extra.items():
        if name not in schema:
            raise unknown(name, "the declared extra columns", list(schema))
        schema[name] = _with_extra(schema[name], columns)
    return schema


def _with_extra(table: Table, declared: Any) -> Table:
    where = f"[{table.name}.extra]"
    if not isinstance(declared, Mapping):
        raise wrong(where, declared, 'a section of COLUMN = {type = "number"}')
    columns = tuple(_column(f"{where} {name}", name, words) for name, words in declared.items())
    names = [name.lower() for name in table.column_names]  # the engine does not tell capitals apart
    for column in columns:
        if column.name.lower() in names:
            raise UsageError("An extra column has a name of its own.", where=where,
                             found=f"{column.name}, which the table has already",
                             fix=f"Map it under [{table.name}.columns] instead, or rename it.")  # fmt: skip
        names.append(column.name.lower())
    whole = _with_clocks(replace(table, columns=(*table.columns, *columns)), where)
    for column in columns:
        for clock in (*whole.clocks, *whole.dated):
            if column.name in (f"{clock}_seen", f"{clock}_known", f"{clock}_recorded_at"):
                raise UsageError("A declared name is none that churnkit makes itself.", where=where, found=column.name,
                                 fix=f'Rename it and map it: [{table.name}.columns] ours = "theirs".')  # fmt: skip
    return whole


def _with_clocks(table: Table, where: str) -> Table:
    """Let a date or timestamp column that says when another is known become a clock.

    A table without clocks (customers, policies) stays without: its rows are versions, not events.
    """
    found: list[str] = []
    for column in table.columns:
        known = column.known_at
        if not column.extra or not known or known in (*table.clocks, *found):
            continue
        dates = [each.name for each in table.columns if each.type in ("date", "ts")]
        if known not in dates:
            raise UsageError("known_at names a date or timestamp column of its table.", where=f"{where} {column.name}",
                             found=repr(known), fix=near_miss(known, dates))  # fmt: skip
        found.append(known)
    columns = tuple(replace(c, known_at=c.name) if c.extra and c.name in found else c for c in table.columns)
    if not table.clocks:
        return replace(table, columns=columns, dated=tuple(found))
    return replace(table, columns=columns, clocks=(*table.clocks, *found))


def _column(where: str, name: str, declared: Any) -> Column:
    words: Any = {"type": declared} if isinstance(declared, str) else declared
    _check_name(where, name)
    if not isinstance(words, Mapping):
        raise wrong(where, declared, 'a type, as "number", or {type = "number", group = "vehicle"}')
    for key in words:
        if key not in _COLUMN_KEYS:
            raise unknown(key, where, _COLUMN_KEYS)
    if words.get("type") not in TYPES:
        raise wrong(f"{where} type", words.get("type"), " or ".join(f'"{each}"' for each in TYPES))
    for key in ("known_at", "group", "en", "zh"):
        if not isinstance(words.get(key, ""), str):
            raise wrong(f"{where} {key}", words[key], "a text")
    for key in ("en", "zh"):
        if words.get(key) and "{value}" not in words[key]:
            raise wrong(f"{where} {key}", words[key], "a text with {value} where the value is to stand")
    if words.get("sign", 0) not in (-1, 0, 1):
        raise wrong(f"{where} sign", words["sign"], "-1, 0 or 1: the known direction on the chance of renewal")
    return Column(name, words["type"], known_at=words.get("known_at", ""), group=words.get("group", ""), extra=True,
                  audit_only=name.lower() in SENSITIVE,
                  sign=words.get("sign", 0), en=words.get("en", ""), zh=words.get("zh", ""))  # fmt: skip


def _own_table(name: str, declared: Any) -> Table:
    where = f"[tables.{name}]"
    _check_name(where, name)
    if name.lower() in TABLES:
        raise UsageError("A table of your own has a name of its own.", where=where, found=name,
                         fix=f"Declare columns beyond the contract under [{name}.extra].")  # fmt: skip
    if not isinstance(declared, Mapping):
        raise wrong(where, declared, 'a section with key = "...", clocks = ["..."] and columns = {...}')
    for key in declared:
        if key not in _TABLE_KEYS:
            raise unknown(key, where, _TABLE_KEYS)
    for key in ("key", "customer", "policy", "recorded_at", "group", "en", "zh"):
        if not isinstance(declared.get(key, ""), str):
            wanted = "a text" if key in ("group", "en", "zh") else "the name of a column"
            raise wrong(f"{where} {key}", declared[key], wanted)
    clocks = declared.get("clocks", ())
    if not declared.get("key") or not isinstance(clocks, list | tuple) or not clocks:
        raise UsageError("A table of your own has a key and at least one clock.", where=where,
                         found=f"key {declared.get('key')!r}, clocks {clocks!r}",
                         fix='Write key = "visit_id" and clocks = ["visited_at"].')  # fmt: skip
    for clock in clocks:
        _check_name(f"{where} clocks", clock)
    if not isinstance(declared.get("columns", {}), Mapping):
        raise wrong(f"{where} columns", declared["columns"], 'a section, as {page = "category", seconds = "number"}')
    return _table_of(name, where, declared, tuple(clocks))


def _table_of(name: str, where: str, declared: Mapping[str, Any], clocks: tuple[str, ...]) -> Table:
    _check_name(f"{where} key", declared["key"])
    columns = (
        Column(declared["key"], "id", required=True),
        Column("customer_id", "id", required=True),
        Column("policy_id", "id"),
        *(Column(clock, "ts", required=i == 0, known_at=clock if i else "") for i, clock in enumerate(clocks)),
        Column("recorded_at", "ts"),
    )
    table = Table(name, declared["key"], columns, clocks, own=True, switches_off=f"features of {name}",
                  references={"customer_id": "customers", "policy_id": "policies"},
                  **{key: declared.get(key, "") for key in ("group", "en", "zh")})  # fmt: skip
    return _with_extra(table, declared.get("columns", {}))


def own_names(tables: Mapping[str, Any], name: str) -> dict[str, str]:
    """Our column names to theirs, as a declared table gives them: customer, policy and recorded_at."""
    declared = tables.get(name, {})
    pairs = {"customer_id": "customer", "policy_id": "policy", "recorded_at": "recorded_at"}
    return {ours: declared[key] for ours, key in pairs.items() if declared.get(key)}


def is_name(name: Any) -> bool:
    """Whether a table or column may be declared under a name.

    Examples
    --------
    >>> is_name("vehicle_power"), is_name("select"), is_name("功率")
    (True, False, False)
    """
    fine = isinstance(name, str) and bool(_NAME.fullmatch(name)) and not name.lower().startswith(_PREFIXES)
    return fine and name.lower() not in _TAKEN


def _check_name(where: str, name: Any) -> None:
    if not is_name(name):
        raise UsageError("A declared name is letters, digits and _, and no word of SQL.", where=where,
                         found=repr(name), fix='Choose one and map it: [TABLE.columns] ours = "theirs".')  # fmt: skip
