"""A guessed mapping as a commented ``churnkit.toml``: what is not sure has the other choice beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from churnkit.book.mapping.columns import ColumnGuess
from churnkit.book.mapping.extras import EventsGuess
from churnkit.book.mapping.tables import TableGuess
from churnkit.book.mapping.values import ValuesGuess
from churnkit.book.schema import SCALES, TABLES

if TYPE_CHECKING:
    from churnkit.book.mapping.conventions import Conventions
    from churnkit.book.mapping.guess import MappingGuess

_SHOWN_UNKNOWN = 30


def written(guess: MappingGuess) -> str:
    """Return the file's text; the same guess gives the same text."""
    arguments = guess.settings_arguments
    lines = [*_head(guess), *_ways_of_counting(guess.conventions)]
    for each in guess.tables:
        lines += _table(each, guess, arguments)
    for own in guess.events:
        lines += _events(own)
    if guess.others:
        lines += ["", "# Not used:", *(f"#   {plain(text)}" for text in guess.others)]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """Return a name as a TOML key, quoted where it must be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)


def plain(text: str) -> str:
    """Return a text that may stand in a comment: one line, no control characters."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)


def cutoff_line(found: Conventions) -> str:
    """The line to confirm, or an empty one to fill in."""
    if found.latest is None:
        return (
            '# data_cutoff = "2026-01-01"   # no moment was found in the data: set the day up to which it is complete'
        )
    day = (found.latest + timedelta(days=1)).date()
    if found.latest.time() == found.latest.min.time():
        shown = f"{found.latest:%Y-%m-%d}"
    else:
        shown = f"{found.latest:%Y-%m-%d %H:%M}"
    return (f'# data_cutoff = "{day}"   # the latest moment in the data is {shown} ({found.where});'
            " remove the # if the extract was complete up to it")  # fmt: skip


def _head(guess: MappingGuess) -> Iterator[str]:
    yield "# Guessed by churnkit map from names, values and dates. Look at lines with (?), then confirm data_cutoff."
    yield "# Left is ours, right is theirs. A line with # before it is not used."
    for table, names in guess.missing.items():
        yield f"# Missing: {table} has no column that could be {', '.join(names)}."
    for table in (
        name for name, spec in TABLES.items() if spec.required and name not in {t.table for t in guess.tables}
    ):
        yield f"# Missing: no file could be {table}."
    yield ""
    yield cutoff_line(guess.conventions)
    if guess.conventions.beyond is not None:
        yield f"# (?) some moments lie as late as {guess.conventions.beyond:%Y-%m-%d}: probably wrong"


def _ways_of_counting(found: Conventions) -> Iterator[str]:
    yield '# timezone = "Asia/Shanghai"'
    yield '# currency = "CNY"'
    if found.renewals >= 20:
        why = (f"of {found.renewals:,} renewals {found.next_day:.0%} start the day after the previous end,"
               f" {found.same_day:.0%} on it")  # fmt: skip
    else:
        why = (f"{found.day_before:.0%} of the terms end the day before their anniversary,"
               f" {found.on_the_day:.0%} on it")  # fmt: skip
    yield f'{"# " if found.end_date_is == "exclusive" else ""}end_date_is = "{found.end_date_is}"   # {why}'
    shares = dict(found.ties)
    if found.match:
        others = ", ".join(
            f"{share:.0%} by {way}" for way, share in shares.items() if way not in ("policy", "previous")
        )
        named = f" and {shares['previous']:.0%} name the previous one" if "previous" in shares else ""
        yield ""
        yield "[renewal]"
        yield (f"match = [{', '.join(map(quoted, found.match))}]   # of {found.ended:,} ended terms"
               f" {shares.get('policy', 0.0):.0%} have a successor by policy_id{named}; {others}")  # fmt: skip


def _table(each: TableGuess, guess: MappingGuess, arguments: dict[str, dict[str, dict[str, str]]]) -> Iterator[str]:
    table = each.table
    yield ""
    yield f"# {table}: {plain(each.extract.name)}, {each.extract.rows:,} rows"
    yield f"[{table}]"
    for word in ("file", "sheet"):
        if table in arguments.get(word, {}):
            yield f"{word} = {quoted(arguments[word][table])}"  # type: ignore[arg-type]
    yield from _columns(each, guess)
    for column, times in arguments.get("scale", {}).get(table, {}).items():
        yield from ([f"[{table}.scale]"] if column == next(iter(arguments["scale"][table])) else [])
        yield f"{column} = {times:g}   # {plain(each.found[column].theirs)}"
    for one in guess.values:
        if one.table == table and (one.known or one.unknown):
            yield from _values(one)
    if table == "surveys":
        yield from _ranges(guess.conventions)
    extra = [one for one in guess.extras if one.table == table and one.type]
    if extra:
        yield f"[{table}.extra]   # columns beyond the contract: remove the # here and in [{table}.columns]"
        yield from (f'# {one.name} = {{type = "{one.type}"}}   # {plain(one.theirs)}' for one in extra)


def _columns(each: TableGuess, guess: MappingGuess) -> Iterator[str]:
    lines = []
    for name in TABLES[each.table].column_names:
        found = each.found.get(name)
        if found is not None and (found.theirs.strip().lower() != name or not found.sure):
            lines.append(f"{name} = {quoted(found.theirs)}{_doubts(found)}")
        elif found is None and name in each.missing:
            lines.append(f'# {name} = ""   # (?) required, and nothing like it was found')
    for one in guess.extras:
        if one.table == each.table and one.type and one.name != one.theirs.strip().lower():
            lines.append(f"# {one.name} = {quoted(one.theirs)}")
    unused = [one for one in guess.extras if one.table == each.table and not one.type]
    lines += [f"# not used: {plain(one.theirs)} ({one.why})" for one in unused]
    if lines:
        yield f"[{each.table}.columns]"
        yield from lines


def _doubts(found: ColumnGuess) -> str:
    doubts = [found.why] if found.why else []
    if found.others:
        doubts.append("or is it " + " or ".join(quoted(plain(name)) for name in found.others))
    if not doubts and not found.sure:
        doubts.append("by a likeness of names" if found.score != 0.55 else "by its values alone")
    return f"   # (?) {plain('; '.join(doubts))}" if doubts else ""


def _values(one: ValuesGuess) -> Iterator[str]:
    yield f"[{one.table}.values.{one.column}]"
    yield from (f"{key(theirs)} = {quoted(ours)}" for theirs, ours in one.known.items())
    if one.unknown:
        yield f"# (?) not known; one of {', '.join(one.choices)}"
        for theirs, count in list(one.unknown.items())[:_SHOWN_UNKNOWN]:
            yield f'# {key(theirs)} = ""   # {count:,} rows'


def _ranges(found: Conventions) -> Iterator[str]:
    for instrument, low, high in found.score_ranges:
        ends = " to ".join(f"{end:g}" for end in SCALES[instrument])
        yield (f"# (?) {instrument} runs from {low:g} to {high:g} here; without columns scale_min and scale_max it is"
               f" read as {ends}")  # fmt: skip


def _events(own: EventsGuess) -> Iterator[str]:
    file = own.extract.file
    yield ""
    yield f"# An event table of your own? {plain(own.extract.name)}, {own.extract.rows:,} rows. Remove the # to use it."
    yield f"# [tables.{own.name}]"
    yield f"# key = {quoted(own.key)}"
    yield f"# customer = {quoted(own.customer)}"
    yield f"# clocks = [{quoted(own.clocks[0][0])}]"
    yield f"# columns = {{{', '.join(f'{name} = {quoted(kind)}' for name, kind, _ in own.columns)}}}"
    yield f"# [{own.name}]"
    yield f"# file = {quoted(file)}"
    if own.extract.sheet:
        yield f"# sheet = {quoted(own.extract.sheet)}"
    pairs = [*own.clocks, *((name, theirs) for name, _, theirs in own.columns)]
    pairs = [(ours, theirs) for ours, theirs in pairs if ours != theirs]
    if pairs:
        yield f"# [{own.name}.columns]"
        yield from (f"# {ours} = {quoted(theirs)}" for ours, theirs in pairs)
