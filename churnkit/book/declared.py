"""What an insurer declares beyond the contract: extra columns of its tables, event tables of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from churnkit.book.schema import TABLES, Column, Table
from churnkit.book.validate import near_miss, unknown, wrong
from churnkit.errors import UsageError

TYPES = ("number", "integer", "money", "category", "bool", "date", "ts", "text", "id")
_COLUMN_KEYS = ("type", "known_at", "group", "sign", "en", "zh")
_TABLE_KEYS = ("key", "customer", "policy", "clocks", "columns", "recorded_at")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Words of SQL and of the engine that a table or column of that name would be taken for.
_TAKEN = {"select", "from", "where", "order", "group", "table", "c", "p", "e", "rowid", "superseded_at"}


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
    for column in columns:
        if table.column(column.name) is not None:
            raise UsageError("An extra column has a name of its own.", where=where,
                             found=f"{column.name}, which the contract has already",
                             fix=f"Map it under [{table.name}.columns] instead, or rename it.")  # fmt: skip
    return _with_clocks(replace(table, columns=(*table.columns, *columns)), where)


def _with_clocks(table: Table, where: str) -> Table:
    """Let a date or timestamp column that says when another is known become a clock."""
    clocks = list(table.clocks)
    for column in table.columns:
        known = column.known_at
        if not column.extra or not known or known in clocks:
            continue
        found = table.column(known)
        if found is None or found.type not in ("date", "ts"):
            dates = [each.name for each in table.columns if each.type in ("date", "ts")]
            raise UsageError("known_at names a date or timestamp column of its table.", where=f"{where} {column.name}",
                             found=repr(known), fix=near_miss(known, dates))  # fmt: skip
        clocks.append(known)
    return replace(table, clocks=tuple(clocks))


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
                  sign=words.get("sign", 0), en=words.get("en", ""), zh=words.get("zh", ""))  # fmt: skip


def _own_table(name: str, declared: Any) -> Table:
    where = f"[tables.{name}]"
    _check_name(where, name)
    if name in TABLES:
        raise UsageError("A table of your own has a name of its own.", where=where, found=name,
                         fix=f"Declare columns beyond the contract under [{name}.extra].")  # fmt: skip
    if not isinstance(declared, Mapping):
        raise wrong(where, declared, 'a section with key = "...", clocks = ["..."] and columns = {...}')
    for key in declared:
        if key not in _TABLE_KEYS:
            raise unknown(key, where, _TABLE_KEYS)
    for key in ("key", "customer", "policy", "recorded_at"):
        if not isinstance(declared.get(key, ""), str):
            raise wrong(f"{where} {key}", declared[key], "the name of a column")
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
                  references={"customer_id": "customers", "policy_id": "policies"})  # fmt: skip
    return _with_extra(table, declared.get("columns", {}))


def own_names(tables: Mapping[str, Any], name: str) -> dict[str, str]:
    """Our column names to theirs, as a declared table gives them: customer, policy and recorded_at."""
    declared = tables.get(name, {})
    pairs = {"customer_id": "customer", "policy_id": "policy", "recorded_at": "recorded_at"}
    return {ours: declared[key] for ours, key in pairs.items() if declared.get(key)}


def _check_name(where: str, name: Any) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.lower() in _TAKEN:
        raise UsageError("A declared name is letters, digits and _, and no word of SQL.", where=where,
                         found=repr(name), fix='Choose one and map it: [TABLE.columns] ours = "theirs".')  # fmt: skip
