"""What a book needs to be told: its cutoff, zone, currency and mappings; from ``churnkit.toml`` or arguments."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from churnkit.book import validate
from churnkit.book.declared import extended
from churnkit.book.schema import TABLES, Schema
from churnkit.book.validate import check_choice, check_days, check_keys, check_text, check_zone, unknown, wrong
from churnkit.errors import UsageError
from churnkit.moments import to_moment

FILE = "churnkit.toml"
_TABLE_KEYS = ("columns", "values", "scale", "constant", "extra", "delay_days", "file", "sheet", "encoding", "where")
_PLACES = {key: f"[terms.{key}]" for key in ("columns", "values", "scale", "extra")}
_WORDS = ("file", "sheet", "encoding", "where")
MATCHES = ("object", "line", "household")


@dataclass(frozen=True)
class ChurnSettings:
    """When a customer counts as gone: days without cover, the horizon, and how often to look."""

    gap_days: int = 90
    horizon_days: int = 365
    slack_days: int = 7
    snapshots: Literal["quarterly", "yearly"] = "quarterly"

    def __post_init__(self) -> None:
        for name in ("gap_days", "slack_days"):
            check_days(f"churn.{name}", getattr(self, name), least=0)
        check_days("churn.horizon_days", self.horizon_days, least=1)
        check_choice("churn.snapshots", self.snapshots, ("quarterly", "yearly"))


@dataclass(frozen=True)
class RenewalSettings:
    """From how many days before the end a term is looked at, the slack before a label is ripe, and what ties policies.

    ``match`` names, beyond the same policy and previous_policy_id, what a successor may share with the term it renews.
    """

    leads: tuple[int, ...] = (4, 14, 30, 45, 90, 180, 330)
    slack_days: int = 7
    match: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.leads, list | tuple) or not self.leads:
            raise wrong("renewal.leads", self.leads, "a list of days, as [14, 45, 90]")
        for lead in self.leads:
            check_days("renewal.leads", lead, least=1)
        check_days("renewal.slack_days", self.slack_days, least=0)
        object.__setattr__(self, "leads", tuple(sorted(set(self.leads))))
        if not isinstance(self.match, list | tuple):
            raise wrong("renewal.match", self.match, 'a list, as ["object", "line", "household"]')
        for way in self.match:
            check_choice("renewal.match", way, MATCHES)
        object.__setattr__(self, "match", tuple(way for way in MATCHES if way in self.match))


@dataclass(frozen=True)
class EngineSettings:
    """How much of the machine the engine may take; beyond its memory it works from a temporary folder."""

    threads: int | None = None
    memory_limit: str = "1GB"

    def __post_init__(self) -> None:
        if self.threads is not None:
            check_days("engine.threads", self.threads, least=1)
        check_text("engine.memory_limit", self.memory_limit)


@dataclass(frozen=True)
class Settings:
    """Everything about a book that its tables do not say themselves.

    Parameters
    ----------
    data_cutoff : timestamp, str or date
        The moment up to which the tables are complete; rows at or after it are dropped, labels ripen against it.
        A value with a zone is converted to `timezone`; a date means its midnight.
    timezone, currency : str
        IANA name of the book's zone; ISO code of its money.
    end_date_is : {"exclusive", "last_covered_day"}
        What ``terms.end_date`` says; with the second the reader adds a day.
    delay_days : mapping of table to int
        Days from an event to its entry in the books, where no recording time is given; 1 for tables not named.
    columns : mapping of table to {our column: their column}
    values : mapping of table to {our column: {their value: our value}}
    scale : mapping of table to {our column: factor}
        What their numbers are multiplied with: 10000 where sums insured are given in 万.
    constant : mapping of table to {our column: value}
        What every row says of a column that the table does not have: line = "motor" where nothing else is sold.
    file, sheet, encoding, where : mapping of table to str
        The file of the folder (and the sheet of a workbook) that holds the table, where its name does not say so; its
        encoding, where it is not recognised; for databases, the condition on the rows to read.
    extra : mapping of table to {column: declaration}
        Columns beyond the contract; see :func:`churnkit.book.declared.extended`.
    tables : mapping of name to declaration
        Event tables of one's own.
    features : mapping of name to the parts of a Feature
        Features of one's own, beside the standard ones.
    churn, renewal, engine : ChurnSettings, RenewalSettings, EngineSettings

    Raises
    ------
    UsageError
        For a value of the wrong type or an unknown table, naming the key and what it may be.

    Examples
    --------
    >>> Settings(data_cutoff="2026-01-01").delay("claims")
    1
    """

    data_cutoff: pd.Timestamp
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    end_date_is: Literal["exclusive", "last_covered_day"] = "exclusive"
    delay_days: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    scale: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    constant: Mapping[str, Mapping[str, str | float | bool]] = field(default_factory=dict)
    file: Mapping[str, str] = field(default_factory=dict)
    sheet: Mapping[str, str] = field(default_factory=dict)
    encoding: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)
    features: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    churn: ChurnSettings = field(default_factory=ChurnSettings)
    renewal: RenewalSettings = field(default_factory=RenewalSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)

    def __post_init__(self) -> None:
        check_zone(self.timezone)
        check_text("currency", self.currency)
        check_choice("end_date_is", self.end_date_is, ("exclusive", "last_covered_day"))
        object.__setattr__(self, "data_cutoff", _moment(self.data_cutoff, self.timezone))
        schema = self.schema
        for key in ("delay_days", "columns", "values", "scale", "constant", *_WORDS):
            for table in getattr(self, key):
                if table not in schema:
                    raise unknown(table, "the settings", schema)
        for table, days in self.delay_days.items():
            check_days(f"{table}.delay_days", days, least=0)
        for table, columns in self.columns.items():
            _check_columns(schema, table, columns)
        for table, values in self.values.items():
            _check_values(schema, table, values)
        for table, factors in self.scale.items():
            validate.check_scale(schema, table, factors)
        for table, constants in self.constant.items():
            validate.check_constant(schema, table, constants)
        for key in _WORDS:
            for table, word in getattr(self, key).items():
                check_text(f"{table}.{key}", word)

    @cached_property
    def schema(self) -> Schema:
        """The contract with the declared columns and tables beside it."""
        return extended(self.extra, self.tables)

    def delay(self, table: str) -> int:
        """Days assumed between an event of the table and its recording."""
        return int(self.delay_days.get(table, 1))


def read_settings(folder: Path | None, given: Settings | None = None, **arguments: Any) -> Settings:
    """Return the settings of a book: arguments first, then `given` or else ``churnkit.toml`` of the folder.

    Raises
    ------
    UsageError
        If the file does not read as TOML, has an unknown key or a wrong type, or if no data_cutoff is set anywhere.
    """
    named = {key: value for key, value in arguments.items() if value is not None}
    if given is not None:
        if not isinstance(given, Settings):
            raise UsageError("settings must be a Settings.", found=type(given).__name__,
                             fix='Write settings=churnkit.Settings(data_cutoff="2026-01-01").')  # fmt: skip
        return replace(given, **named)
    path = folder / FILE if folder is not None and not folder.is_file() else folder  # or the file itself
    found = _from_toml(path) if path is not None and path.exists() else {}
    found.update(named)
    if "data_cutoff" not in found:
        raise UsageError(
            "A book needs data_cutoff, the moment up to which its tables are complete.",
            found="none set",
            fix=f'Write data_cutoff = "2026-01-01" at the top of {path or FILE}, or pass data_cutoff="2026-01-01".',
        )
    try:
        return Settings(**found)
    except UsageError as error:
        if named or path is None:
            raise
        raise UsageError(error.rule, found=error.found, where=str(path), fix=error.fix) from error


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{FILE} must be readable TOML in UTF-8.", found=str(error), where=str(path)) from error
    try:
        return _read_keys(raw)
    except UsageError as error:
        raise UsageError(error.rule, found=error.found, where=str(path), fix=error.fix) from error


def _read_keys(raw: dict[str, Any]) -> dict[str, Any]:
    sections = {"churn": ChurnSettings, "renewal": RenewalSettings, "engine": EngineSettings}
    whole = ("tables", "features")
    tables: dict[str, dict[str, Any]] = {key: {} for key in _TABLE_KEYS}
    top = [f.name for f in fields(Settings) if f.name not in (*_TABLE_KEYS, *sections, *whole)]
    settings: dict[str, Any] = {}
    own = raw.get("tables", {})
    known = [*TABLES, *(own if isinstance(own, dict) else {})]
    for key, value in raw.items():
        if key in top:
            settings[key] = value
        elif key in sections:
            allowed = [f.name for f in fields(sections[key])]
            settings[key] = sections[key](**check_keys(f"[{key}]", value, allowed))
        elif key in whole:
            settings[key] = check_keys(f"[{key}]", value, value)
        elif key in known:
            for inner, content in check_keys(f"[{key}]", value, _TABLE_KEYS).items():
                tables[inner][key] = content
        elif key in _TABLE_KEYS:
            raise UsageError(f"The setting {key} is one of a table.", found="it stands on its own",
                             fix=f"Write it under its table: {_PLACES.get(key, f'[terms] {key} = ...')}.")  # fmt: skip
        else:
            raise unknown(key, "the file", [*top, *sections, *whole, *known])
    return settings | {key: value for key, value in tables.items() if value}


def _check_columns(schema: Schema, table: str, columns: Any) -> None:
    if not isinstance(columns, Mapping):
        raise wrong(f"[{table}.columns]", columns, 'a section of ours = "theirs"')
    known = [*schema[table].column_names, *(f"{clock}_recorded_at" for clock in schema[table].clocks)]
    for ours, theirs in columns.items():
        if ours not in known:
            raise unknown(ours, f"[{table}.columns], which maps our names to yours", known)
        check_text(f"[{table}.columns] {ours}", theirs)


def _check_values(schema: Schema, table: str, values: Any) -> None:
    wanted = f'a section per column: [{table}.values.COLUMN] "theirs" = "ours"'
    if not isinstance(values, Mapping):
        raise wrong(f"[{table}.values]", values, wanted)
    for column, mapping in values.items():
        if not isinstance(mapping, Mapping) or not all(isinstance(x, str) for pair in mapping.items() for x in pair):
            raise wrong(f"[{table}.values] {column}", mapping, wanted)
        if column not in schema[table].column_names:
            raise unknown(column, f"[{table}.values]", schema[table].column_names)
        found = schema[table].column(column)
        for theirs, ours in mapping.items() if found is not None and found.values else ():
            if ours.strip() and ours.strip().lower() not in found.values:  # type: ignore[union-attr]
                raise UsageError(f"The setting [{table}.values.{column}] leads to the contract's words.",
                                 found=f"{theirs!r} to {ours!r}", fix=validate.near_miss(ours, found.values))  # type: ignore[union-attr]  # fmt: skip


def _moment(value: Any, zone: str) -> pd.Timestamp:
    moment = to_moment(value, name="The setting data_cutoff")
    return moment.tz_convert(zone).tz_localize(None) if moment.tzinfo is not None else moment


def settings_file(settings: Any) -> Path | None:
    """The settings file that was given by its path."""
    if not isinstance(settings, str | os.PathLike):
        return None
    path = Path(settings).expanduser()
    if not path.is_file():
        raise UsageError("The settings of a book are a file.", found=f"no file {path}", fix="Check the path.")
    return path
