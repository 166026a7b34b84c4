"""Scenarios to TOML and back."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import tomli_w

from churnkit.effect.scenarios.scenario import Cost, Scenario, Setting, as_where
from churnkit.effect.scenarios.valid import finite
from churnkit.errors import UsageError

_PLAIN = ("duration", "ramp_years", "horizon", "discount_rate", "claimed")
_KEYS = ("name", *_PLAIN, "population", "cost", "set")
_OF_SETTING = ("lever", "to", "by", "where")


def written(scenario: Scenario) -> str:
    """A scenario as TOML; what is left at its default is left out."""
    table: dict[str, Any] = {"name": scenario.name}
    usual = Scenario(scenario.name)
    table |= {key: getattr(scenario, key) for key in _PLAIN if getattr(scenario, key) != getattr(usual, key)}
    if scenario.population:
        table["population"] = {column: list(values) for column, values in scenario.population}
    cost = {each.name: getattr(scenario.cost, each.name) for each in fields(Cost)}
    if any(cost.values()):
        table["cost"] = {name: value for name, value in cost.items() if value}
    table["set"] = [_setting(each) for each in scenario.settings]
    return tomli_w.dumps(table)


def _setting(setting: Setting) -> dict[str, Any]:
    found: dict[str, Any] = {"lever": setting.lever}
    found |= {"to": setting.to} if setting.to is not None else {"by": setting.by}
    if setting.where:
        found["where"] = {column: list(values) for column, values in setting.where}
    return found


def read(source: str | Path) -> Scenario:
    """A scenario from TOML text, or from a file given as a path, with a byte order mark or without.

    Raises
    ------
    UsageError
        For text that is no TOML, unknown keys, values of another kind, or settings that make no sense.
    """
    where = str(source) if isinstance(source, Path) else "the scenario's text"
    try:
        table = tomllib.loads(source.read_text(encoding="utf-8-sig") if isinstance(source, Path) else source)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError("A scenario is a TOML file.", found=str(error), where=where) from None
    odd = [*_mistyped(table)]
    if odd:
        raise UsageError(
            "A scenario has a name, known keys, and values of their kind.",
            found="; ".join(odd),
            where=where,
            fix=f"Keys are {', '.join(_KEYS)}; of each [[set]]: lever, to or by, where.",
        )
    settings = tuple(Setting(each["lever"], each.get("to"), each.get("by"), as_where(each.get("where", {})))
                     for each in table.get("set", []))  # fmt: skip
    plain = {key: table[key] for key in _PLAIN if key in table}
    return Scenario(table["name"], settings, as_where(table.get("population", {})), cost=Cost(**table.get("cost", {})),
                    **plain)  # fmt: skip


def _mistyped(table: Mapping[str, Any]) -> Any:
    """What is unknown, missing, or of another kind than it can be."""
    if not isinstance(table.get("name"), str):
        yield "no name"
    yield from (f"unknown {key}" for key in sorted(set(table) - set(_KEYS)))
    yield from (f"{key} = {table[key]!r}, not a number" for key in ("discount_rate", "claimed")
                if key in table and not finite(table[key]))  # fmt: skip
    yield from (f"{key} = {table[key]!r}, not a whole number" for key in ("horizon", "ramp_years")
                if key in table and not finite(table[key], whole=True))  # fmt: skip
    for key in ("population", "cost"):
        if not isinstance(table.get(key, {}), dict):
            yield f"{key} = {table[key]!r}, not a table"
    if isinstance(table.get("cost"), dict):
        yield from (f"unknown cost.{key}" for key in table["cost"] if key not in {each.name for each in fields(Cost)})
        yield from (f"cost.{key} = {value!r}, not a number" for key, value in table["cost"].items()
                    if not finite(value))  # fmt: skip
    sets = table.get("set", [])
    if not isinstance(sets, list) or not all(isinstance(each, dict) for each in sets):
        yield "set, not as [[set]]"
        return
    for each in sets:
        yield from (f"unknown set.{key}" for key in each if key not in _OF_SETTING)
        yield from (f"set.{key} = {each[key]!r}, not a number" for key in ("to", "by")
                    if key in each and not finite(each[key]))  # fmt: skip
        if not isinstance(each.get("lever"), str):
            yield "a set without lever"
        if not isinstance(each.get("where", {}), dict):
            yield f"set.where = {each['where']!r}, not a table"
