"""``guess_mapping``: what a folder's files, columns and values are in the contract's words, to look over."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from churnkit.book.engine import Engine
from churnkit.book.mapping.columns import ColumnGuess
from churnkit.book.mapping.conventions import Conventions, conventions, look_at
from churnkit.book.mapping.extras import EventsGuess, ExtraGuess, events, extras, leftovers
from churnkit.book.mapping.keys import resolve
from churnkit.book.mapping.samples import Extract
from churnkit.book.mapping.sources import extracts
from churnkit.book.mapping.tables import TableGuess, assign
from churnkit.book.mapping.values import ValuesGuess, scales, values
from churnkit.book.schema import TABLES
from churnkit.book.settings import RenewalSettings, Settings

_FAR = "2900-01-01"  # a data_cutoff that drops no row, while the right one is not known


@dataclass(frozen=True)
class MappingGuess:
    """What a folder's files hold, as far as their names and values tell.

    Attributes
    ----------
    source : str
        The folder.
    tables : tuple of TableGuess
        Each table of the contract that was found, its file and its columns.
    values : tuple of ValuesGuess
    conventions : Conventions
    extras : tuple of ExtraGuess
        Columns that no table of the contract has.
    events : tuple of EventsGuess
        Files that look like event tables beyond the contract.
    others : tuple of str
        Files that are none of it, and why.
    """

    source: str
    tables: tuple[TableGuess, ...]
    values: tuple[ValuesGuess, ...]
    conventions: Conventions
    extras: tuple[ExtraGuess, ...] = ()
    events: tuple[EventsGuess, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def toml(self) -> str:
        """The guess as a commented ``churnkit.toml``; data_cutoff is left to be confirmed."""
        from churnkit.book.mapping.toml import written

        return written(self)

    @property
    def text(self) -> str:
        """The guess for people, a line per table, then what to look at."""
        from churnkit.book.mapping.summary import summary

        return summary(self)

    @property
    def missing(self) -> dict[str, tuple[str, ...]]:
        """Required columns for which nothing was found, by table."""
        return {guess.table: guess.missing for guess in self.tables if guess.missing}

    @property
    def settings_arguments(self) -> dict[str, Any]:
        """The same as arguments of `Settings`, all but data_cutoff."""
        found = _arguments(self.tables, self.values)
        if self.conventions.end_date_is != "exclusive":
            found["end_date_is"] = self.conventions.end_date_is
        if self.conventions.match:
            found["renewal"] = RenewalSettings(match=self.conventions.match)
        return found


def guess_mapping(folder: str | os.PathLike[str]) -> MappingGuess:
    """Guess which file, column and value of a folder is which of the contract's.

    Parameters
    ----------
    folder : path
        CSV, Parquet and Excel files, with headers in Chinese or English.

    Returns
    -------
    MappingGuess

    Raises
    ------
    UsageError
        If there is no such folder, or nothing in it reads as a table.
    """
    place = Path(folder).expanduser()
    engine = Engine()
    try:
        found, unread = extracts(place, engine)
        tables = resolve(assign(found), engine)
        meanings = values(tables, engine)
        settings = Settings(data_cutoff=pd.Timestamp(_FAR), **_arguments(tables, meanings))
        habits = conventions(look_at(tables, settings, engine))
    finally:
        engine.close()
    rest = leftovers(found, {guess.extract.relation for guess in tables})
    own = tuple(each for each in map(events, (one for one in rest if not _twin(one, tables))) if each is not None)
    others = tuple(_none(each, tables) for each in rest if each not in [one.extract for one in own])
    return MappingGuess(str(folder), tables, meanings, habits, _extras(tables), own, (*others, *unread))


def _arguments(tables: tuple[TableGuess, ...], meanings: tuple[ValuesGuess, ...]) -> dict[str, Any]:
    """Settings of the guess, only what the names alone do not say."""
    found: dict[str, dict[str, Any]] = {"file": {}, "sheet": {}, "columns": {}, "scale": {}, "values": {}}
    for guess in tables:
        named = guess.extract.file.split(".")[0].strip().lower() == guess.table
        if not named:
            found["file"][guess.table] = guess.extract.file
        if guess.extract.sheet and guess.extract.sheet.strip().lower() != guess.table:
            found["file"][guess.table] = guess.extract.file
            found["sheet"][guess.table] = guess.extract.sheet
        columns = {each.ours: each.theirs for each in ordered(guess) if each.theirs.strip().lower() != each.ours}
        for key, content in (("columns", columns), ("scale", scales(guess))):
            if content:
                found[key][guess.table] = content
    for each in meanings:
        if each.known:
            found["values"].setdefault(each.table, {})[each.column] = each.known
    return {key: content for key, content in found.items() if content}


def ordered(guess: TableGuess) -> list[ColumnGuess]:
    """The guessed columns in the contract's order."""
    names = TABLES[guess.table].column_names
    return sorted(guess.columns, key=lambda each: names.index(each.ours))


def _extras(tables: tuple[TableGuess, ...]) -> tuple[ExtraGuess, ...]:
    """Unused columns, those of a file that tables share only once: with the terms, whose rows they are."""
    found: list[ExtraGuess] = []
    seen: set[str] = set()
    for guess in sorted(tables, key=lambda each: (each.table != "terms", each.table != "policies")):
        relation = guess.extract.relation
        if relation not in seen:
            seen.add(relation)
            taken = {each.theirs for one in tables if one.extract.relation == relation for each in one.columns}
            found += extras(guess, taken)
    order = [guess.table for guess in tables]
    return tuple(sorted(found, key=lambda each: order.index(each.table)))


def _twin(extract: Extract, tables: tuple[TableGuess, ...]) -> TableGuess | None:
    """The table whose file has the same headers: this one is another part of it."""
    headers = [held.name for held in extract.columns]
    return next((guess for guess in tables if [held.name for held in guess.extract.columns] == headers), None)


def _none(extract: Extract, tables: tuple[TableGuess, ...]) -> str:
    """Say what a file is that is no table: a further part of one, or unknown."""
    twin = _twin(extract, tables)
    if twin is not None:
        return f"{extract.name}: the columns of {twin.extract.name} again; join the two, as a table is one file"
    return f"{extract.name}: none of the contract's tables"
