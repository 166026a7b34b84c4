"""How a setting is found wanting: one sentence each for an unknown key, a wrong type, a wrong choice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from churnkit.book.schema import Schema
from churnkit.errors import UsageError


def near_miss(key: str, allowed: Iterable[str]) -> str:
    """Say which known name was probably meant, or list them all.

    Examples
    --------
    >>> near_miss("data_cutof", ["data_cutoff", "currency"])
    "Did you mean 'data_cutoff'?"
    """
    names = list(allowed)
    near = get_close_matches(str(key), names, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(names)}."


def unknown(key: str, where: str, allowed: Iterable[str]) -> UsageError:
    """Return the error for a key that settings do not know."""
    return UsageError(f"Settings know no key {key!r} in {where}.", fix=near_miss(key, allowed))


def wrong(key: str, value: Any, wanted: str, *, fix: str = "") -> UsageError:
    """Return the error for a value of the wrong type or out of its choices."""
    return UsageError(f"The setting {key} must be {wanted}.", found=f"{value!r}", fix=fix)


def check_keys(where: str, value: Any, allowed: Iterable[str]) -> dict[str, Any]:
    """Return a section, if it is one and every key of it is known."""
    if not isinstance(value, dict):
        raise wrong(where, value, "a section of keys")
    for key in value:
        if key not in allowed:
            raise unknown(key, where, allowed)
    return value


def check_days(key: str, value: Any, *, least: int) -> None:
    """Refuse what is no whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise wrong(key, value, f"a whole number, {least} or more")


def check_text(key: str, value: Any) -> None:
    """Refuse what is no text or blank."""
    if not isinstance(value, str) or not value.strip():
        raise wrong(key, value, "a text")


def check_choice(key: str, value: Any, choices: tuple[str, ...]) -> None:
    """Refuse what is none of the choices."""
    if value not in choices:
        near = get_close_matches(str(value), choices, n=1)
        raise wrong(key, value, " or ".join(f'"{choice}"' for choice in choices),
                    fix=f"Did you mean {near[0]!r}?" if near else "")  # fmt: skip


def check_zone(value: Any) -> None:
    """Refuse what is no name of a time zone."""
    check_text("timezone", value)
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise wrong("timezone", value, 'an IANA name such as "Asia/Shanghai"') from error


def check_scale(schema: Schema, table: str, factors: Any) -> None:
    """Refuse factors of columns that hold no amounts, and what is no factor."""
    if not isinstance(factors, Mapping):
        raise wrong(f"[{table}.scale]", factors, "a section of COLUMN = 10000")
    numeric = [c.name for c in schema[table].columns if c.type in ("money", "number")]
    for column, factor in factors.items():
        if column not in numeric:
            raise unknown(column, f"[{table}.scale], which holds columns of amounts and numbers", numeric)
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not factor > 0:
            raise wrong(f"[{table}.scale] {column}", factor, "a number above 0")


def check_constant(schema: Schema, table: str, constants: Any) -> None:
    """Refuse constants of unknown columns, and what is no plain value."""
    if not isinstance(constants, Mapping):
        raise wrong(f"[{table}.constant]", constants, 'a section of COLUMN = "value"')
    for column, value in constants.items():
        if column not in schema[table].column_names:
            raise unknown(column, f"[{table}.constant]", schema[table].column_names)
        if not isinstance(value, str | int | float):
            raise wrong(f"[{table}.constant] {column}", value, "a text, a number or true/false")
