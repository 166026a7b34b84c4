"""``churnkit map`` and ``churnkit init``: a settings file beside the tables, written whole or not at all."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnkit.book.mapping.guess import MappingGuess
from churnkit.book.settings import FILE
from churnkit.errors import UsageError

GUESS = "churnkit.guess.toml"


@dataclass(frozen=True)
class WrittenMapping:
    """Where a guess was written, and what it would change in the settings that are there already."""

    path: Path
    kept: Path | None = None
    changes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What to do next."""
        if self.kept is None:
            return f"Written to {self.path}"
        many = f"{len(self.changes):,} key{'' if len(self.changes) == 1 else 's'} differ"
        shown = "\n".join(f"  {line}" for line in self.changes[:12])
        more = f"\n  and {len(self.changes) - 12:,} more" if len(self.changes) > 12 else ""
        return (f"{self.kept} is there and stays as it is; the guess is in {self.path}"
                + (f", {many}:\n{shown}{more}" if self.changes else " and says the same")
                + "\nCopy what you want from it, or write over it with --force.")  # fmt: skip


def target(output: Path | None, folder: Path) -> Path:
    """Return the file to write: as given, else the folder's settings file.

    Raises
    ------
    UsageError
        If it is a folder, or lies in one that does not exist.
    """
    path = output or folder / FILE
    if path.is_dir():
        raise UsageError("Settings are written to a file.", found=f"a folder, {path}", fix=f"Name it {path / FILE}.")
    if not path.resolve().parent.is_dir():
        raise UsageError("Settings are written into a folder that exists.", found=f"no folder {path.resolve().parent}")
    return path


def write_mapping(guess: MappingGuess, path: Path, *, force: bool = False) -> WrittenMapping:
    """Write a guess; beside a file that is there already, unless forced."""
    text = guess.toml
    if force or not path.exists():
        write_text(path, text)
        return WrittenMapping(path)
    beside = path.with_name(GUESS)
    write_text(beside, text)
    return WrittenMapping(beside, path, changes(path, text))


def write_template(folder: Path, *, force: bool = False) -> Path:
    """Write an empty settings file with every key explained.

    Raises
    ------
    UsageError
        If there is no such folder, or settings are there already.
    """
    from churnkit.book.mapping.template import blank

    if not folder.is_dir():
        raise UsageError("Settings lie beside the tables, in a folder that exists.", found=f"no folder {folder}",
                         fix="Make it, and put the tables there.")  # fmt: skip
    path = target(None, folder)
    if path.exists() and not force:
        raise UsageError("Settings that are there are not written over.", found=str(path),
                         fix="Write over them with --force.")  # fmt: skip
    write_text(path, blank())
    return path


def write_text(path: Path, text: str) -> None:
    """Write a text to a temporary name and move it into place."""
    unfinished = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def changes(path: Path, text: str) -> tuple[str, ...]:
    """Keys in which a settings file and a guess differ."""
    try:
        there = _flat(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return (f"{path.name} does not read: {error}",)
    guessed = _flat(tomllib.loads(text))
    guessed.pop("data_cutoff", None)
    found = []
    for key in sorted(guessed.keys() | there.keys() - {"data_cutoff"}):
        if guessed.get(key) != there.get(key):
            was = f"{there[key]!r}" if key in there else "not set"
            now = f"{guessed[key]!r}" if key in guessed else "not guessed"
            found.append(f"{key}: {was}, the guess {now}")
    return tuple(found)


def _flat(content: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{before}.{key}" if before else key
        found |= _flat(value, name) if isinstance(value, dict) else {name: value}
    return found
