"""Books in databases: a DuckDB or SQLite file, PostgreSQL, and what SQLAlchemy reaches; read once, as Arrow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import pyarrow as pa

from churnkit.book.connections import AlchemyTables, PostgresTables, SqliteTables
from churnkit.book.engine import Engine, EngineError
from churnkit.book.loading import Loaded, Unreadable, problem
from churnkit.book.readers import Reading, read_all
from churnkit.book.schema import TABLES
from churnkit.book.settings import Settings
from churnkit.book.urls import DatabaseUrl, is_url
from churnkit.book.validate import near_miss
from churnkit.errors import ChurnkitError, UsageError

_LISTED = 20  # names of other tables that are told


class Tables(Protocol):
    """An open database: names of its tables, and the rows of one as a stream of Arrow."""

    def names(self) -> list[str]:
        """Names of tables and views."""

    def read(self, name: str, where: str) -> pa.RecordBatchReader:
        """Rows of a table that meet a condition."""

    def close(self) -> None:
        """Let go of the connection."""


def database_of(source: Any) -> DatabaseUrl | Path | None:
    """Return the URL of a database, the path of a DuckDB file, or None for any other source.

    Raises
    ------
    UsageError
        If the URL does not parse.
    """
    if is_url(source):
        url = DatabaseUrl(source)
        return Path(url.path.removeprefix("/")) if url.scheme == "duckdb" else url
    if not isinstance(source, str | os.PathLike):
        return None
    path = Path(source).expanduser()
    if not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"SQLite format 3"):
        return DatabaseUrl(f"sqlite:///{quote(str(path))}")
    return path if head[8:12] == b"DUCK" or path.suffix.lower() in (".duckdb", ".ddb") else None


def settings_beside(database: DatabaseUrl | Path) -> Path | None:
    """The folder in which the settings of a database lie: that of its file; none for a server."""
    if isinstance(database, Path):
        return database.parent
    return Path(database.path.removeprefix("/")).parent if database.scheme == "sqlite" else None


def read_database(database: DatabaseUrl | Path, engine: Engine, settings: Settings) -> Reading:
    """Load a database's tables, read in one transaction where it has such.

    Raises
    ------
    UsageError
        If it does not open, holds no table of the contract, a setting names one that it does not have, or the extra
        ``sql`` is not installed.
    """
    for table, condition in settings.where.items():
        if ";" in condition:
            raise UsageError(f"The setting [{table}] where is one SQL condition.", found=repr(condition),
                             fix="Write what follows WHERE, without a semicolon.")  # fmt: skip
    if isinstance(database, Path):
        return _read_duckdb(database, engine, settings)
    try:
        tables = _connected(database)
    except ChurnkitError:
        raise
    except Exception as error:  # a driver's own, whose text and chain may hold the password
        message = database.scrubbed(error)
        raise UsageError("A book's database must be reachable.", found=message, where=str(database),
                         fix="Check the URL, the server and the password.") from None  # fmt: skip
    try:
        return _read_tables(database, tables, engine, settings)
    finally:
        tables.close()


def _connected(url: DatabaseUrl) -> Tables:
    if url.scheme in ("postgresql", "postgres"):
        return PostgresTables(url)
    return SqliteTables(url) if url.scheme == "sqlite" else AlchemyTables(url)


def _read_tables(url: DatabaseUrl, tables: Tables, engine: Engine, settings: Settings) -> Reading:
    def reader(table: str, name: str) -> Callable[[], Loaded]:
        def read() -> Loaded:
            try:
                engine.read_arrow(f"source_{table}", tables.read(name, settings.where.get(table, "")))
            except Exception as error:  # a driver's own, whose text and chain may hold the password
                message = error.detail if isinstance(error, EngineError) else error
                raise _unreadable(table, name, url.scrubbed(message)) from None
            return Loaded(table, "sql")

        return read

    try:
        names = tables.names()
    except Exception as error:
        raise UsageError("A book's database must list its tables.", found=url.scrubbed(error), where=str(url),
                         fix="Check the rights of the user, and the schema.") from None  # fmt: skip
    return _reading(reader, names, settings, str(url))


def _read_duckdb(path: Path, engine: Engine, settings: Settings) -> Reading:
    if not path.is_file():
        raise UsageError("A book is a folder of tables, or a database.", found=f"no file {path}", fix="Check the path.")

    def reader(table: str, name: str) -> Callable[[], Loaded]:
        def read() -> Loaded:
            try:
                engine.read_attached(f"source_{table}", name, where=settings.where.get(table, ""))
            except EngineError as error:
                raise _unreadable(table, name, error.detail) from error
            return Loaded(table, "duckdb")

        return read

    try:
        names = engine.attach(path)
    except EngineError as error:
        raise UsageError("A book's database file must open.", found=error.detail, where=str(path),
                         fix="Close what writes to it; write it with DuckDB 2 or earlier.") from error  # fmt: skip
    return _reading(reader, names, settings, str(path))


def _unreadable(table: str, name: str, why: str) -> Unreadable:
    fix = f"check the table's rights and columns, and [{table}] where"
    return Unreadable(problem("TYP02", table, f"the table {name} cannot be read: {why}", fix=fix))


def _reading(
    reader: Callable[[str, str], Callable[[], Loaded]], names: list[str], settings: Settings, source: str
) -> Reading:
    """Read the tables of the schema among `names`: as the settings name them, else of the same name but for case."""
    chosen = _chosen(names, settings.schema, settings.file, source)
    others = sorted(set(names) - set(chosen.values()))
    if len(others) > _LISTED:
        others = [*others[:_LISTED], f"and {len(others) - _LISTED} more"]
    return read_all({table: reader(table, name) for table, name in chosen.items()}, settings, source, others)


def _chosen(names: list[str], schema: Iterable[str], file: Mapping[str, str], source: str) -> dict[str, str]:
    lower = {name.lower(): name for name in reversed(names)}
    chosen = {}
    for table in schema:
        wanted = file.get(table, table)
        name = wanted if wanted in names else lower.get(wanted.lower(), "")
        if table in file and not name:
            raise UsageError(f"The setting [{table}] file names a table of the database.", found=f"no {wanted!r}",
                             where=source, fix=near_miss(wanted, names) if names else "It has no table.")  # fmt: skip
        if name:
            chosen[table] = name
    if not chosen:
        listed = f"only {', '.join(names[:5])}" if names else "none"
        raise UsageError("A book's database holds tables of the contract.", found=listed, where=source,
                         fix=f'Name them after: {", ".join(TABLES)}; or [terms] file = "their_table";'
                             " another schema: ?schema=name at the end of the URL.")  # fmt: skip
    return chosen
