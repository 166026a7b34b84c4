"""Features that an insurer specifies in words: ``[features.NAME]`` of ``churnkit.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from churnkit.book.open import Book
from churnkit.book.schema import Table
from churnkit.book.validate import unknown, wrong
from churnkit.errors import UsageError
from churnkit.panel.catalog import describe
from churnkit.panel.feature import Feature, Where

_TEXTS = ("table", "aggregate", "clock", "column", "end_clock", "scope", "group", "stage", "unit", "en", "zh")
_PARTS = (*_TEXTS, "days", "sign", "where", "of")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_GROUPS = {
    "customers": "customer", "policies": "policy", "terms": "policy", "interactions": "contacts", "claims": "claims",
    "complaints": "complaints", "surveys": "survey response", "outreach": "outreach", "observation": "policy",
}  # fmt: skip


def natural_group(table: Table) -> str:
    """The reason group of a table's features where none is given; for an own table itself."""
    return table.group or _GROUPS.get(table.name, table.name)


def specified_features(book: Book) -> tuple[Feature, ...]:
    """Return the features that the book's settings specify.

    Raises
    ------
    UsageError
        For an unknown or missing part, or a value of the wrong type, naming the key and what it may be.
    LeakageError
        If a feature reads a column through a clock at which it is not known yet.
    """
    return tuple(_feature(book, name, spec) for name, spec in book.settings.features.items())


def _feature(book: Book, name: str, spec: Any) -> Feature:
    where = f"[features.{name}]"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise wrong(where, name, "named in letters, digits and _")
    if describe(name) is not None:
        raise UsageError("A feature of your own has a name of its own.", found=name, where=where,
                         fix="Choose a name that no standard feature has.")  # fmt: skip
    if not isinstance(spec, Mapping):
        raise wrong(where, spec, 'a section with table = "..." and aggregate = "..."')
    parts = _checked(where, spec)
    table = book.schema.get(parts["table"])
    words = name.replace("_", " ")
    given = {"group": natural_group(table) if table else "policy", "en": f"{words}: {{value}}",
             "zh": f"{words}：{{value}}"} | parts  # fmt: skip
    try:
        return Feature(name, **given, schema=book.schema)
    except UsageError as error:
        raise UsageError(error.rule, found=error.found, where=where, fix=error.fix) from error


def _checked(where: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a spec, each of its type."""
    for key in spec:
        if key not in _PARTS:
            raise unknown(key, where, _PARTS)
    for key in _TEXTS:
        if not isinstance(spec.get(key, ""), str):
            raise wrong(f"{where} {key}", spec[key], "a text")
    for key in ("table", "aggregate"):
        if not spec.get(key):
            raise UsageError(f"The setting {where} must say its {key}.", fix=f'Add {key} = "...".')
    for key in ("en", "zh"):
        if spec.get(key) and "{value}" not in spec[key]:
            raise wrong(f"{where} {key}", spec[key], "a text with {value} where the value is to stand")
    days, sign = spec.get("days"), spec.get("sign", 0)
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or days < 1):
        raise wrong(f"{where} days", days, "a whole number, 1 or more")
    if isinstance(sign, bool) or sign not in (-1, 0, 1):
        raise wrong(f"{where} sign", sign, "-1, 0 or 1: the known direction on the chance of renewal")
    conditions = {key: _conditions(f"{where} {key}", spec[key]) for key in ("where", "of") if key in spec}
    return {**spec, **conditions}


def _conditions(where: str, given: Any) -> tuple[Where, ...]:
    if not isinstance(given, list | tuple):
        raise wrong(where, given, 'a list of conditions, as [{column = "page", op = "==", value = "prices"}]')
    found = []
    for one in given:
        if not isinstance(one, Mapping) or not isinstance(one.get("column"), str) or "value" not in one:
            raise wrong(where, one, 'a condition, as {column = "page", op = "==", value = "prices"}')
        for key in one:
            if key not in ("column", "op", "value"):
                raise unknown(key, where, ("column", "op", "value"))
        value = tuple(one["value"]) if isinstance(one["value"], list) else one["value"]
        found.append(Where(one["column"], one.get("op", "=="), value))
    return tuple(found)
