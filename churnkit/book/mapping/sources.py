"""Everything in a folder that may be a table, loaded as it is whatever it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from churnkit.book.csvs import read_csv
from churnkit.book.engine import Engine, EngineError
from churnkit.book.folders import check_folder
from churnkit.book.loading import Loaded, Unreadable
from churnkit.book.mapping.samples import Extract, look
from churnkit.book.workbooks import Refused, read_sheet, sheet_names
from churnkit.errors import UsageError


def extracts(folder: Path, engine: Engine) -> tuple[tuple[Extract, ...], tuple[str, ...]]:
    """Load and look at every file of a folder; return what was read, and for the rest why not.

    Raises
    ------
    UsageError
        If there is no such folder, or nothing in it reads as a table.
    """
    check_folder(folder)
    found: list[Extract] = []
    unread: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~$")):
            continue
        try:
            for sheet, load in _ways(engine, path):
                relation = f"file{len(found) + len(unread)}"
                loaded = load(relation)
                extract = look(engine, f"source_{relation}", file=path.name, sheet=sheet, loaded=loaded)
                if extract.rows and extract.columns:
                    found.append(extract)
                else:
                    unread.append(f"{extract.name}: no rows")
        except Unreadable as error:
            unread.append(f"{path.name}: {error.finding.found}")
        except (Refused, EngineError) as error:
            unread.append(f"{path.name}: {error}")
    if not found:
        raise UsageError("A mapping is guessed from tables: CSV, Parquet or Excel files.",
                         found="; ".join(unread) or f"nothing of the kind in {folder}",
                         fix="Give the folder that the export lies in.")  # fmt: skip
    return tuple(found), tuple(unread)


def _ways(engine: Engine, path: Path) -> Iterator[tuple[str, Callable[[str], Loaded]]]:
    """The sheets of a workbook, the one table of another file, each with how to load it under a name."""
    kind = path.suffix.lower()
    if path.is_dir() or kind in (".parquet", ".pq"):
        files = tuple(sorted(path.rglob("*.parquet"))) if path.is_dir() else (path,)
        if files:
            yield "", lambda name: _parquet(engine, name, files)
    elif kind in (".csv", ".tsv"):
        yield "", lambda name: read_csv(engine, name, path)
    elif kind in (".xlsx", ".xlsm"):
        for sheet in sheet_names(path):
            yield sheet, lambda name, sheet=sheet: read_sheet(engine, name, path, sheet)  # type: ignore[misc]


def _parquet(engine: Engine, name: str, files: tuple[Path, ...]) -> Loaded:
    engine.read_parquet(f"source_{name}", files)
    return Loaded(name, "parquet", files)
