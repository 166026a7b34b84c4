"""Which file of a folder holds which table, before anything of it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from churnkit.book.schema import TABLES, Schema
from churnkit.book.validate import near_miss
from churnkit.book.workbooks import Refused, sheet_names
from churnkit.errors import UsageError

_KINDS = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".xlsx": "excel", ".xlsm": "excel"}
_TOLD = {**_KINDS, ".txt": "csv", ".dat": "csv", ".pq": "parquet"}  # what a setting may name besides
_ORDER = ("unreadable", "csv", "excel", "parquet")
_FOREIGN = {  # what holds tables and is not read: how to make it so
    **dict.fromkeys((".xls", ".xlsb", ".ods", ".et", ".numbers"), "save it as .xlsx or CSV"),
    **dict.fromkeys((".gz", ".zip", ".bz2", ".zst", ".xz", ".rar", ".7z"), "unpack it"),
    **dict.fromkeys((".json", ".jsonl", ".feather", ".arrow", ".orc", ".dbf", ".dta", ".sas7bdat", ".txt", ".pq"),
                    "write it as CSV or Parquet"),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a table may lie: a file, a folder's Parquet files, a sheet; or what is in its place, and how to mend it."""

    kind: str
    files: tuple[Path, ...]
    sheet: str = ""
    why: str = ""
    fix: str = ""

    @property
    def name(self) -> str:
        """The file, and the sheet if it is one of several."""
        return f"{self.files[0].name} sheet {self.sheet}" if self.sheet else self.files[0].name


@dataclass(frozen=True)
class Folder:
    """What a folder holds: for each table every place where it lies, best last; and the names that are no table."""

    places: Mapping[str, list[Place]]
    others: tuple[str, ...]


def check_folder(folder: Path) -> None:
    """Refuse what is no folder.

    Raises
    ------
    UsageError
        If it does not exist, or is a file.
    """
    if not folder.exists():
        raise UsageError("A book is a folder of tables.", found=f"no folder {folder}", fix="Check the path.")
    if not folder.is_dir():
        raise UsageError("A book is a folder of tables.", found=f"a file, {folder}",
                         fix="Give the folder it lies in, or a .duckdb file.")  # fmt: skip


def find_tables(
    folder: Path, schema: Schema = TABLES, *, file: Mapping[str, str] | None = None,
    sheet: Mapping[str, str] | None = None,
) -> Folder:  # fmt: skip
    """Find a folder's tables by the names of its files, folders and sheets, or as the settings name them.

    Raises
    ------
    UsageError
        If there is no table at all, or a setting names what is not there or leads out of the folder.
    """
    file, sheet = file or {}, sheet or {}
    try:
        entries = [path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "~$"))]
        named = {table: inside(folder, name, table) for table, name in file.items()}
        places = {table: [_told(path, table, sheet.get(table, ""))] for table, path in named.items()}
        others = _by_name(entries, schema, places, used=set(named.values()), told=set(named), sheets=sheet)
    except OSError as error:
        raise UsageError("A book's folder must be readable.", found=str(error), fix="Check its permissions.") from error
    for table in sheet:
        if table in schema and not any(place.sheet for place in places.get(table, [])):
            raise UsageError(f"The setting [{table}] sheet names a sheet of a workbook.", found=repr(sheet[table]),
                             where=str(folder), fix=f'Name its workbook: [{table}] file = "book.xlsx".')  # fmt: skip
    if not places:
        listed = f"; it holds {', '.join(others[:5])}" if others else ""
        raise UsageError("A book holds a file per table, as customers.csv or terms.parquet.",
                         found=f"no table in {folder}{listed}",
                         fix=f'Name the files after the tables ({", ".join(TABLES)}), or name the file of each:'
                             ' [terms] file = "book.xlsx".')  # fmt: skip
    for each in places.values():
        each.sort(key=lambda place: _ORDER.index(place.kind))
    return Folder(places, tuple(others))


def inside(folder: Path, name: str, table: str) -> Path:
    """Return the path that a setting names, which must lie in the folder.

    Raises
    ------
    UsageError
        If it leads out of the folder, by itself or through a link, or names nothing that is there.
    """
    rule = f"The setting [{table}] file names a file of the book's folder."
    windows = PureWindowsPath(name)
    if PurePosixPath(name).is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in name:
        raise UsageError(rule, found=repr(name), where=str(folder), fix="Write its name alone, or subfolder/name.")
    path = folder / name
    if not path.exists():
        names = [each.name for each in folder.iterdir()]
        raise UsageError(rule, found=f"no {name!r}", where=str(folder), fix=near_miss(name, names))
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(rule, found=f"{name!r}, a link out of it", where=str(folder), fix="Copy the file there.")
    return path


def _told(path: Path, table: str, sheet: str) -> Place:
    """The place that the settings give for a table."""
    place = _place(path, _TOLD)
    if place is None:
        raise UsageError(f"The setting [{table}] file names a CSV, Parquet or .xlsx file.", found=path.name,
                         fix="Save it as one of these.")  # fmt: skip
    if place.kind != "excel":
        return place
    try:
        return _sheet_of(path, table, sheet, sheet_names(path))
    except Refused as error:
        return Place("unreadable", (path,), why=error.why, fix=error.fix)


def _sheet_of(path: Path, table: str, sheet: str, names: list[str]) -> Place:
    """The sheet that holds a table: as told, else of its name, else the only one."""
    wanted = (sheet or table).strip().lower()
    match = next((name for name in names if name.strip().lower() == wanted), None)
    if match is None and sheet:
        raise UsageError(f"The setting [{table}] sheet names a sheet of its workbook.", found=repr(sheet),
                         where=path.name, fix=near_miss(sheet, names))  # fmt: skip
    if match is None and len(names) != 1:
        return Place("unreadable", (path,),
                     why=f"has no sheet for it: none of its {len(names)} ({', '.join(names[:5])}) is named {table}",
                     fix=f'name the sheet: [{table}] sheet = "{(names or ["..."])[0]}"')  # fmt: skip
    return Place("excel", (path,), sheet=match or names[0])


def _by_name(
    entries: list[Path], schema: Schema, places: dict[str, list[Place]], *, used: set[Path], told: set[str],
    sheets: Mapping[str, str],
) -> list[str]:  # fmt: skip
    """Add the tables that files, folders and sheets are named after; return the names that are no table."""
    others = []
    for path in entries:
        table = _table_name(path)
        place = _place(path, _KINDS) or (_instead(path) if table in schema else None)
        if place is None:
            continue
        if place.kind == "excel":
            taken, rest = _of_workbook(path, table, schema, sheets, told)
        else:
            taken = {table: place} if table in schema and table not in told else {}
            rest = [] if taken or place.kind == "unreadable" else [path.name]
        for name, each in taken.items():
            places.setdefault(name, []).append(each)
        others += [] if path in used else rest
    for ways in places.values():  # what does not read counts only where nothing else does
        ways[:] = [way for way in ways if way.kind != "unreadable"] or ways[:1]
    return others


def _of_workbook(
    path: Path, table: str, schema: Schema, sheets: Mapping[str, str], told: set[str]
) -> tuple[dict[str, Place], list[str]]:
    """Tables that a workbook holds, by its sheets' names or its own, and its sheets that are none."""
    try:
        names = sheet_names(path)
    except Refused as error:
        bad = Place("unreadable", (path,), why=error.why, fix=error.fix)
        return ({table: bad}, []) if table in schema and table not in told else ({}, [f"{path.name}, which {bad.why}"])
    wanted = {name: sheets.get(name, name).strip().lower() for name in schema if name not in told}
    by_sheet = {name.strip().lower(): name for name in names}
    taken = {name: Place("excel", (path,), sheet=by_sheet[want]) for name, want in wanted.items() if want in by_sheet}
    if table in wanted and not taken:
        taken = {table: _sheet_of(path, table, sheets.get(table, ""), names)}
    if any(place.kind == "unreadable" for place in taken.values()):
        return taken, []
    used = {place.sheet for place in taken.values()}
    return taken, [f"{path.name} sheet {name}" for name in names if name not in used]


def _place(path: Path, kinds: Mapping[str, str]) -> Place | None:
    """The place that a file, or a folder of Parquet files, is; None where it is of no kind that is read."""
    if path.is_dir():
        files = tuple(sorted(path.rglob("*.parquet")))
        return Place("parquet", files) if files else None
    kind = kinds.get(path.suffix.lower())
    return Place(kind, (path,)) if kind else None


def _instead(path: Path) -> Place | None:
    """Say what bears a table's name and is no table, where it looks like one."""
    if path.is_dir():
        inner = sorted(each.name for each in path.iterdir())
        held = f"holds {', '.join(inner[:3])}" if inner else "is empty"
        if inner and not path.suffix and not any(Path(name).suffix.lower() in _KINDS for name in inner):
            return None
        return Place("unreadable", (path,), why=f"is a folder without Parquet files: it {held}",
                     fix=f"put one file beside it, as {_table_name(path)}.csv, or Parquet files into it")  # fmt: skip
    fix = _FOREIGN.get(path.suffix.lower(), "")
    return Place("unreadable", (path,), why=f"is of a kind that is not read, {path.suffix}", fix=fix) if fix else None


def _table_name(path: Path) -> str:
    return path.name.split(".")[0].strip().lower()
