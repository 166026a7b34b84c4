"""A guessed mapping in a few lines for people: what was found, what to look at, what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnkit.book.mapping.toml import cutoff_line, plain
from churnkit.book.schema import TABLES

if TYPE_CHECKING:
    from churnkit.book.mapping.guess import MappingGuess

_MANY = 6


def summary(guess: MappingGuess) -> str:
    """Return the lines, without one at the end."""
    lines = [f"{guess.source}: {len(guess.tables)} of the contract's {len(TABLES)} tables found"]
    for each in guess.tables:
        left = [one for one in guess.extras if one.table == each.table]
        total = len({one.theirs for one in each.columns}) + len(left)
        mapped = f"{len(each.columns)} columns mapped"
        lines.append(f"  {each.table:<12} {plain(each.extract.name)}: {mapped}, {len(left)} of its {total} left over")
    doubtful = [
        f"{each.table}.{one.ours} = {plain(one.theirs)}"
        for each in guess.tables
        for one in each.columns
        if not one.sure
    ]
    lines += _listed("look at", doubtful)
    for table, names in guess.missing.items():
        lines.append(f"  missing      {table}: nothing could be {', '.join(names)}")
    for table, spec in TABLES.items():
        if spec.required and table not in {each.table for each in guess.tables}:
            lines.append(f"  missing      the required table {table}")
    unknown = [
        f"{one.table}.{one.column} {plain(', '.join(list(one.unknown)[:3]))}" for one in guess.values if one.unknown
    ]
    lines += _listed("no meaning", unknown)
    proposed = [f"{one.table}.{one.name} ({plain(one.theirs)})" for one in guess.extras if one.type]
    lines += _listed(
        "may be extra", [*proposed, *(f"table {own.name} ({plain(own.extract.name)})" for own in guess.events)]
    )
    lines += [f"  not used     {plain(text)}" for text in guess.others]
    for instrument, low, high in guess.conventions.score_ranges:
        lines.append(f"  look at      {instrument} scores run from {low:g} to {high:g}")
    if guess.conventions.end_date_is != "exclusive":
        lines.append("  end_date is the last covered day")
    if guess.conventions.match:
        lines.append(f"  renewals get a new policy number: matched by {', '.join(guess.conventions.match)}")
    lines.append(f"  to confirm   {cutoff_line(guess.conventions).removeprefix('# ')}")
    return "\n".join(lines)


def _listed(word: str, items: list[str]) -> list[str]:
    if not items:
        return []
    more = f" and {len(items) - _MANY} more" if len(items) > _MANY else ""
    return [f"  {word:<12} {'; '.join(items[:_MANY])}{more}"]
