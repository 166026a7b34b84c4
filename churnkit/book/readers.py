"""From files and frames to relations on the engine, with every reading problem kept as a finding."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from churnkit.book.engine import Engine, EngineError
from churnkit.book.finding import Finding
from churnkit.book.schema import TABLES, Schema, Table
from churnkit.errors import UsageError

Loaded = tuple[str, str, tuple[Path, ...]]  # table, kind, files
_RESERVED = {"rowid", "_row", "file_index", "file_row_number", "filename"}


@dataclass(frozen=True)
class Source:
    """One table as it came: its relation on the engine, its columns and types, and its files.

    ``spec`` is the table as the book's schema has it; ``kind`` is ``csv``, ``parquet`` or ``frame``; ``mapping`` leads
    from our column names to theirs; ``row`` is SQL for the 1-based number of a row, whose upper bits tell the rows of
    several files apart.
    """

    spec: Table
    kind: str
    columns: Mapping[str, str]
    mapping: Mapping[str, str]
    files: tuple[Path, ...] = ()
    row: str = "rowid + 1"

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.spec.name

    @property
    def relation(self) -> str:
        """Name of the relation that holds the rows as they came."""
        return f"source_{self.table}"

    @property
    def undeclared(self) -> list[str]:
        """Columns that are neither of the contract nor mapped to it."""
        used = set(self.mapping.values())
        return [name for name in self.columns if name not in used and name not in ("_row", "__index_level_0__")]

    def places(self, rows: Iterable[int]) -> list[str]:
        """Say where rows lie: ``line 18`` of a CSV file, ``row 17`` elsewhere."""
        wanted = list(rows)
        if self.kind == "csv":
            lines = _file_lines(self.files[0], wanted)
            return [f"line {lines.get(row, row + 1)}" for row in wanted]
        if len(self.files) > 1:
            return [f"{self.files[row >> 40].name} row {row & ((1 << 40) - 1)}" for row in wanted]
        return [f"row {row}" for row in wanted]


def tables_in(folder: Path, schema: Schema = TABLES) -> tuple[dict[str, list[tuple[str, tuple[Path, ...]]]], set[str]]:
    """Find a folder's tables, and the other names in it, before anything is read.

    Raises
    ------
    UsageError
        If the folder does not exist or holds no table at all.
    """
    if not folder.exists():
        raise UsageError("A book is a folder of tables.", found=f"no folder {folder}", fix="Check the path.")
    if not folder.is_dir():
        raise UsageError("A book is a folder of tables.", found=f"a file, {folder}", fix="Give the folder it lies in.")
    try:
        found, others = _discover(folder, schema)
    except OSError as error:
        raise UsageError("A book's folder must be readable.", found=str(error), fix="Check its permissions.") from error
    if not found:
        listed = f"; it holds {', '.join(sorted(others)[:5])}" if others else ""
        raise UsageError("A book holds a file per table, as customers.csv or terms.parquet.",
                         found=f"no table in {folder}{listed}",
                         fix=f"Name the files after: {', '.join(TABLES)}.")  # fmt: skip
    return found, others


def read_folder(folder: Path, engine: Engine, schema: Schema) -> tuple[list[Loaded], list[str], list[Finding]]:
    """Load a folder's tables; return what was loaded, the names not of the contract, and the problems.

    Raises
    ------
    UsageError
        If the folder does not exist or holds no table at all.
    """
    found, others = tables_in(folder, schema)
    loaded: list[Loaded] = []
    problems: list[Finding] = []
    for table in (name for name in schema if name in found):
        ways = found[table]
        kind, files = ways[-1]
        if len(ways) > 1:
            names = " and ".join(sorted(file.name for _, each in ways for file in each[:1]))
            problems.append(_problem("COL01", table, f"the table is there twice, as {names}", "only one may be read",
                                     "remove or rename the one that is not meant"))  # fmt: skip
        problem = _load(engine, table, kind, files)
        if problem is None:
            loaded.append((table, kind, files))
        else:
            problems.append(problem)
    return loaded, sorted(others), problems


def read_frames(
    frames: Mapping[str, Any], engine: Engine, schema: Schema
) -> tuple[list[Loaded], list[str], list[Finding]]:
    """Load a dict of DataFrames; return what `read_folder` does.

    Raises
    ------
    UsageError
        If a value is no DataFrame or no name is a table of the contract.
    """
    for name, frame in frames.items():
        if not isinstance(frame, pd.DataFrame):
            raise UsageError("A book from Python is a dict of DataFrames.",
                             found=f"{type(frame).__name__} for {name!r}", fix="Pass a pandas.DataFrame.")  # fmt: skip
    known = [name for name in schema if name in frames]
    if not known:
        raise UsageError("A book holds tables of the contract.",
                         found=f"only {', '.join(map(str, frames)) or 'nothing'}",
                         fix=f"Name them after: {', '.join(TABLES)}.")  # fmt: skip
    problems = []
    loaded: list[Loaded] = []
    for name in known:
        try:
            engine.read_arrow(f"source_{name}", _to_arrow(frames[name]))
            loaded.append((name, "frame", ()))
        except (EngineError, ValueError) as error:
            problems.append(_problem("TYP02", name, f"the frame does not read as a table: {error}",
                                     "nothing of this table can be used", "check how it was made"))  # fmt: skip
    return loaded, sorted(str(name) for name in frames if name not in schema), problems


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


def _discover(folder: Path, schema: Schema) -> tuple[dict[str, list[tuple[str, tuple[Path, ...]]]], set[str]]:
    """Every way in which each table is there (CSV first, Parquet last), and the names that are no table."""
    found: dict[str, list[tuple[str, tuple[Path, ...]]]] = {}
    others: set[str] = set()
    for path in sorted(folder.iterdir(), key=lambda p: (p.suffix.lower() != ".csv", p.name)):
        kind = "parquet" if path.is_dir() else path.suffix.lower().removeprefix(".")
        files = tuple(sorted(path.rglob("*.parquet"))) if path.is_dir() else (path,)
        if kind not in ("csv", "parquet") or not files or path.name.startswith("."):
            continue
        table = path.name.lower() if path.is_dir() else path.stem.lower()
        if table in schema:
            found.setdefault(table, []).append((kind, files))
        else:
            others.add(path.name)
    return found, others


def _load(engine: Engine, table: str, kind: str, files: tuple[Path, ...]) -> Finding | None:
    name, file = f"source_{table}", files[0]
    effect = "nothing of this table can be used"
    try:
        if kind == "parquet":
            engine.read_parquet(name, files)
            return None
        columns, delimiter = _header(file)
        engine.read_csv(name, file, columns=columns, delimiter=delimiter)
        return None
    except (UnicodeError, EngineError) as error:
        detail = error.detail if isinstance(error, EngineError) else "its header is not UTF-8"
        if "not UTF-8" in detail:
            return _problem("ENC03", table, f"{file.name} is not UTF-8: {detail}", effect,
                            "save it as UTF-8 (in Excel: CSV UTF-8)")  # fmt: skip
        what = f"{file.name} does not read as {'CSV' if kind == 'csv' else 'Parquet'}: {detail}"
        return _problem("TYP02", table, what, effect, "write the file again from its source")
    except (OSError, csv.Error, ValueError) as error:
        what = f"{file.name} cannot be read: {error}"
        return _problem("TYP02", table, what, effect, "check the file and its permissions")


def _problem(code: str, table: str, found: str, effect: str, fix: str) -> Finding:
    return Finding(code, "error", table, found, count=1, effect=effect, fix=fix)


def _header(path: Path) -> tuple[list[str], str]:
    """Column names and delimiter of a CSV file, from its first record."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        first = file.readline()
        delimiter = max(",;\t|", key=first.count)
        file.seek(0)
        names = next(csv.reader(file, delimiter=delimiter), [])
    "".join(names).encode()  # raises where a byte was not UTF-8
    if not any(name.strip() for name in names):
        raise ValueError("it is empty, without a header line")
    names = [name if name.strip() else f"unnamed_{i}" for i, name in enumerate(names, start=1)]
    return _distinct(names), delimiter


def _distinct(names: list[str]) -> list[str]:
    """Keep names off the engine's own, and refuse two that differ in case and blanks only."""
    names = [f"{name}_" if name.lower() in _RESERVED else name for name in names]
    lower = [name.strip().lower() for name in names]
    twice = sorted({name for name in lower if lower.count(name) > 1})
    if twice:
        raise ValueError(f"two columns share the name {', '.join(twice)}")
    return names


def _file_lines(path: Path, rows: list[int]) -> dict[int, int]:
    """Lines of the file at which data rows begin: quoted line breaks and blank lines move them."""
    lines: dict[int, int] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        delimiter = max(",;\t|", key=file.readline().count)
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter)
        row, line = 0, 1
        for record in reader:
            if record:
                if row in rows:
                    lines[row] = line
                row += 1
            line = reader.line_num + 1
            if len(lines) == len(set(rows)):
                break
    return lines


def _to_arrow(frame: pd.DataFrame) -> pa.Table:
    names = _distinct([str(name) for name in frame.columns])
    if not names:
        raise ValueError("it has no columns")
    arrays = [_array(frame.iloc[:, i]) for i in range(frame.shape[1])]
    return pa.Table.from_arrays(arrays, names=names)


def _array(series: pd.Series) -> pa.Array:
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype if not series.hasnans else object)
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        naive = pa.array(series.dt.tz_convert("UTC").dt.tz_localize(None), from_pandas=True)
        return naive.cast(pa.timestamp(naive.type.unit, tz="UTC"))
    mixed = series.dtype == object and pd.api.types.infer_dtype(series, skipna=True) in ("mixed", "mixed-integer")
    try:
        array = _texts(series) if mixed else pa.array(series, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        array = _texts(series)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _texts(series: pd.Series) -> pa.Array:
    return pa.array([None if pd.isna(value) else str(value) for value in series.tolist()], type=pa.string())
