"""From files, databases and frames to relations on the engine, with every reading problem kept as a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from churnkit.book.csvs import lines_of, read_csv
from churnkit.book.declared import own_names
from churnkit.book.engine import Engine, EngineError
from churnkit.book.finding import Finding
from churnkit.book.folders import Place, find_tables
from churnkit.book.frames import is_frame, read_frame
from churnkit.book.loading import Loaded, Unreadable, problem
from churnkit.book.schema import TABLES, Table
from churnkit.book.settings import Settings
from churnkit.book.workbooks import read_sheet
from churnkit.errors import UsageError

_OWN = ("_row", "__index_level_0__")


@dataclass(frozen=True)
class Source:
    """One table as it came: its relation on the engine, its columns and types, and where it lay.

    ``spec`` is the table as the book's schema has it; ``mapping`` leads from our column names to theirs; ``row`` is SQL
    for the 1-based number of a row, whose upper bits tell the rows of several files apart; ``shared`` are the other
    tables that read the same file or sheet, and ``theirs`` the columns that those use of it; ``constants`` are what the
    settings say of columns that it does not have.
    """

    spec: Table
    loaded: Loaded
    columns: Mapping[str, str]
    mapping: Mapping[str, str]
    row: str = "rowid + 1"
    shared: tuple[str, ...] = ()
    theirs: frozenset[str] = frozenset()
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.spec.name

    @property
    def kind(self) -> str:
        """``csv``, ``parquet``, ``excel``, ``frame``, ``spark``, ``duckdb`` or ``sql``."""
        return self.loaded.kind

    @property
    def files(self) -> tuple[Path, ...]:
        """The files it lay in; none for frames and databases."""
        return self.loaded.files

    @property
    def relation(self) -> str:
        """Name of the relation that holds the rows as they came."""
        return f"source_{self.table}"

    @property
    def undeclared(self) -> list[str]:
        """Columns that are neither of the contract nor mapped to it, here or by a table that shares the file."""
        used = {*self.mapping.values(), *self.theirs, *_OWN}
        return [name for name in self.columns if name not in used]

    def places(self, rows: Iterable[int]) -> list[str]:
        """Say where rows lie: ``line 18`` of a CSV file, ``a.xlsx sheet S row 17`` of a workbook, else ``row 17``."""
        wanted = list(rows)
        if self.kind == "csv":
            lines = lines_of(self.loaded, wanted, width=len(self.columns))
            return [f"line {lines.get(row, row + 1 + self.loaded.skipped)}" for row in wanted]
        if self.kind == "excel":
            return [f"{self.files[0].name} sheet {self.loaded.sheet} row {row}" for row in wanted]
        if self.kind == "spark":  # numbered within their partition
            return [
                f"partition {row >> 33} row {row & ((1 << 33) - 1)}" if row >> 33 else f"row {row}" for row in wanted
            ]
        if len(self.files) > 1:
            return [f"{self.files[row >> 40].name} row {row & ((1 << 40) - 1)}" for row in wanted]
        return [f"row {row}" for row in wanted]


@dataclass(frozen=True)
class Reading:
    """What was read of a source: its tables, the names that are none, and what did not read."""

    loaded: tuple[Loaded, ...]
    unknown: tuple[str, ...]
    problems: tuple[Finding, ...]
    name: str


def read_folder(folder: Path, engine: Engine, settings: Settings) -> Reading:
    """Load a folder's tables.

    Raises
    ------
    UsageError
        If it holds no table, or a setting names a file or sheet that is not there.
    """
    found = find_tables(folder, settings.schema, file=settings.file, sheet=settings.sheet)
    readers: dict[str, Callable[[], Loaded]] = {}
    problems = []
    for table, ways in found.places.items():
        if len(ways) > 1:
            names = " and ".join(sorted(way.name for way in ways))
            problems.append(problem("COL01", table, f"the table is there twice, as {names}",
                                    effect="only one may be read",
                                    fix="remove or rename the one that is not meant"))  # fmt: skip
        readers[table] = _reader(engine, table, ways[-1], settings)
    reading = read_all(readers, settings, str(folder), found.others)
    return Reading(reading.loaded, reading.unknown, (*problems, *reading.problems), reading.name)


def read_frames(frames: Mapping[str, Any], engine: Engine, settings: Settings) -> Reading:
    """Load a dict of frames.

    Raises
    ------
    UsageError
        If a value is no frame or no name is a table of the contract.
    """
    for name, frame in frames.items():
        if not is_frame(frame):
            raise UsageError("A book from Python is a dict of DataFrames.",
                             found=f"{type(frame).__name__} for {name!r}",
                             fix="Pass a pandas or polars DataFrame (collect() a lazy one), or Arrow.")  # fmt: skip
    known = [name for name in settings.schema if name in frames]
    if not known:
        raise UsageError("A book holds tables of the contract.",
                         found=f"only {', '.join(map(str, frames)) or 'nothing'}",
                         fix=f"Name them after: {', '.join(TABLES)}.")  # fmt: skip
    readers = {name: _later(read_frame, engine, name, frames[name]) for name in known}
    others = tuple(sorted(str(name) for name in frames if name not in settings.schema))
    return read_all(readers, settings, f"{len(known)} DataFrames", others)


def read_all(
    readers: Mapping[str, Callable[[], Loaded]], settings: Settings, name: str, others: Iterable[str]
) -> Reading:
    """Load table by table, in the schema's order; what does not read is kept as a finding."""
    loaded: list[Loaded] = []
    problems: list[Finding] = []
    for table in (each for each in settings.schema if each in readers):
        try:
            loaded.append(readers[table]())
            problems += loaded[-1].notes
        except Unreadable as error:
            problems.append(error.finding)
    return Reading(tuple(loaded), tuple(sorted(others)), tuple(problems), name)


def sources_of(reading: Reading, engine: Engine, settings: Settings) -> dict[str, Source]:
    """Match the columns of what was loaded to the contract."""
    sources = {}
    for loaded in reading.loaded:
        table, columns = loaded.table, engine.columns(f"source_{loaded.table}")
        spec, given = settings.schema[table], own_names(settings.tables, table) | dict(settings.columns.get(table, {}))
        mapping = match_columns(spec, [name for name in columns if name not in _OWN], given=given)
        told = {name: value for name, value in settings.constant.get(table, {}).items() if name not in mapping}
        constants = {
            name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in told.items()
        }
        mapping |= {name: name for name in constants}
        row = "_row" if "_row" in columns else "rowid + 1"
        sources[table] = Source(spec, loaded, columns, mapping, row, constants=constants)
    return {table: _sharing(source, sources) for table, source in sources.items()}


def match_columns(spec: Table, columns: Iterable[str], *, given: Mapping[str, str]) -> dict[str, str]:
    """Lead from our column names to theirs: as mapped, else the same name, else the same but for case and blanks.

    Examples
    --------
    >>> match_columns(TABLES["calendar"], ["Date ", "open"], given={"working_day": "open"})
    {'date': 'Date ', 'working_day': 'open'}
    """
    names = list(columns)
    loose = {name.strip().lower(): name for name in reversed(names)}
    ours = [*spec.column_names, *(f"{clock}_recorded_at" for clock in spec.clocks)]
    mapping = {}
    for column in dict.fromkeys(ours):
        theirs = given.get(column, column)
        if theirs in names:
            mapping[column] = theirs
        elif theirs.strip().lower() in loose:
            mapping[column] = loose[theirs.strip().lower()]
    return mapping


def near(name: str, names: Iterable[str]) -> str:
    """Return the name most like `name`, or ``""`` where none is near.

    Examples
    --------
    >>> near("customer_id", ["region", "cust_id"])
    'cust_id'
    """
    lower = {each.strip().lower(): each for each in names}
    found = get_close_matches(name.lower(), lower, n=1, cutoff=0.7)
    return lower[found[0]] if found else ""


def _reader(engine: Engine, table: str, place: Place, settings: Settings) -> Callable[[], Loaded]:
    if place.kind == "csv":
        return lambda: read_csv(engine, table, place.files[0], told=settings.encoding.get(table, ""))
    if place.kind == "excel":
        return lambda: read_sheet(engine, table, place.files[0], place.sheet)
    return lambda: _parquet(engine, table, place)


def _parquet(engine: Engine, table: str, place: Place) -> Loaded:
    file = place.files[0].name
    if place.kind == "unreadable":
        raise Unreadable(problem("TYP02", table, f"{file} {place.why}", fix=place.fix))
    try:
        engine.read_parquet(f"source_{table}", place.files)
    except EngineError as error:
        what = f"{file} does not read as Parquet: {error.detail}"
        raise Unreadable(problem("TYP02", table, what, fix="write the file again from its source")) from error
    return Loaded(table, "parquet", place.files)


def _later(read: Callable[..., Loaded], *arguments: Any) -> Callable[[], Loaded]:
    return lambda: read(*arguments)


def _sharing(source: Source, sources: Mapping[str, Source]) -> Source:
    """Tell a source of the other tables that read the same file or sheet, and the columns they use."""
    own = (source.files, source.loaded.sheet)
    twins = [
        each for each in sources.values() if each is not source and own[0] and own == (each.files, each.loaded.sheet)
    ]
    theirs = frozenset(name for twin in twins for name in twin.mapping.values())
    return replace(source, shared=tuple(twin.table for twin in twins), theirs=theirs)
