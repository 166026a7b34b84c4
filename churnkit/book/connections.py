"""How each kind of database hands its tables over as Arrow: PostgreSQL and SQLite by ADBC, others by SQLAlchemy."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa

from churnkit.book.engine import literal, quote
from churnkit.book.urls import DatabaseUrl
from churnkit.errors import UsageError

_ROWS = 20_000
_STORED = ("integer", "real", "text", "blob")  # what SQLite stores
# Types that ADBC hands over as Arrow's own; every other is asked for as text.
_PLAIN = {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar"}
_DATES = {"date": "DATE", "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMPTZ"}


class PostgresTables:
    """Tables of a PostgreSQL schema, read in one read-only transaction."""

    def __init__(self, url: DatabaseUrl) -> None:
        driver = extra("adbc_driver_postgresql.dbapi")
        self._connection = driver.connect(url.full)
        self._cursor = self._connection.cursor()
        self._ask("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        self._ask("SET client_encoding TO 'UTF8'")
        self._schema = url.schema or self._ask("SELECT current_schema() AS s")["s"][0].as_py() or "public"

    def names(self) -> list[str]:
        """Names of tables and views of the schema."""
        rows = self._ask(
            "SELECT c.relname::text AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
            f" ON n.oid = c.relnamespace WHERE n.nspname = {literal(self._schema)}"
            " AND c.relkind IN ('r', 'v', 'm', 'p', 'f') ORDER BY 1"
        )
        return list(rows["name"].to_pylist())

    def read(self, name: str, where: str) -> pa.RecordBatchReader:
        """Rows of a table; numeric as double, what Arrow has no type for as text."""
        place = f"{quote(self._schema)}.{quote(name)}"
        columns = self._ask(
            "SELECT a.attname::text AS name, t.typname::text AS type FROM pg_catalog.pg_attribute a"
            " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
            f" WHERE a.attrelid = {literal(place)}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        ).to_pylist()
        listed = ", ".join(f"{_postgres(quote(row['name']), row['type'])} AS {quote(row['name'])}" for row in columns)
        self._cursor.close()
        self._cursor = self._connection.cursor()  # which the stream needs
        self._cursor.execute(f"SELECT {listed} FROM {place}{_where(where)}")
        return self._cursor.fetch_record_batch()

    def close(self) -> None:
        """End the transaction and the connection."""
        self._cursor.close()
        self._connection.close()

    def _ask(self, query: str) -> pa.Table:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetch_arrow_table() if cursor.description else pa.table({})


def _postgres(column: str, kind: str) -> str:
    if kind in _PLAIN:
        return column
    if kind == "numeric":
        return f"{column}::float8"
    if kind == "money":
        return f"{column}::numeric::float8"
    if kind in _DATES:  # its infinities become the sentinels that every check knows
        ends = f"WHEN {column} > '2000-01-01' THEN '9999-12-31' ELSE '1900-01-01'"
        return f"CASE WHEN {column} IS NULL OR isfinite({column}) THEN {column} {ends}::{_DATES[kind]} END"
    return f"{column}::text"


class SqliteTables:
    """Tables of a SQLite file, opened to be read only."""

    def __init__(self, url: DatabaseUrl) -> None:
        driver = extra("adbc_driver_sqlite.dbapi")
        path = Path(url.path.removeprefix("/"))
        if not path.is_file():
            raise UsageError("A SQLite book is a file.", found=f"no file {path}", where=str(url),
                             fix="Write sqlite:///book.db; sqlite:////data/book.db from the root.")  # fmt: skip
        self._connection = driver.connect(f"{path.resolve().as_uri()}?mode=ro")
        self._cursor = self._connection.cursor()

    def names(self) -> list[str]:
        """Names of tables and views."""
        rows = self._ask("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'")
        return [str(name) for name in rows["name"].to_pylist()]

    def read(self, name: str, where: str) -> pa.RecordBatchReader:
        """Rows of a table; each column of the one type that holds all its values, which SQLite does not enforce.

        A row of known types is put before the others, for the driver takes a column's type from its first rows.
        """
        found = self._ask(f"SELECT name FROM pragma_table_info({literal(name)})")
        names = [str(each) for each in found["name"].to_pylist()]
        tests = [f"max(typeof({quote(each)}) = '{kind}')" for each in names for kind in _STORED]
        tests = [f"coalesce({test}, 0) AS t{i}" for i, test in enumerate(tests)]
        held = self._ask(f"SELECT {', '.join(tests)} FROM {quote(name)}{_where(where)}")
        kinds = [[bool(held[f"t{4 * i + j}"][0].as_py()) for j in range(4)] for i in range(len(names))]
        pairs = [_sqlite(quote(each), *kind) for each, kind in zip(names, kinds, strict=True)]
        first = ", ".join(f"{zero} AS {quote(each)}" for (zero, _), each in zip(pairs, names, strict=True))
        rest = ", ".join(value for _, value in pairs)
        self._cursor.close()
        self._cursor = self._connection.cursor()  # which the stream needs
        self._cursor.execute(f"SELECT {first} UNION ALL SELECT {rest} FROM {quote(name)}{_where(where)}")
        reader = self._cursor.fetch_record_batch()
        return pa.RecordBatchReader.from_batches(reader.schema, _without_first(reader))

    def close(self) -> None:
        """Let go of the file."""
        self._cursor.close()
        self._connection.close()

    def _ask(self, query: str) -> pa.Table:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetch_arrow_table()


def _sqlite(column: str, integer: bool, real: bool, text: bool, blob: bool) -> tuple[str, str]:
    """A value of the column's type, and the SQL that gives every value as that type."""
    if text or blob or not (integer or real):
        return (
            "''",
            f"CASE typeof({column}) WHEN 'real' THEN printf('%!.17g', {column}) ELSE CAST({column} AS TEXT) END",
        )
    return ("0.0", f"CAST({column} AS REAL)") if real else ("0", f"CAST({column} AS INTEGER)")


def _without_first(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    for number, batch in enumerate(reader):
        yield batch if number else batch.slice(1)


class AlchemyTables:
    """Tables of any database that SQLAlchemy reaches; its driver must be installed besides."""

    def __init__(self, url: DatabaseUrl) -> None:
        self._sql = extra("sqlalchemy")
        try:
            self._engine = self._sql.create_engine(url.full)
        except ImportError as error:
            raise UsageError(f"A URL of {url.scheme} needs its driver.", found=f"{error.name} is not installed",
                             where=str(url), fix=f"pip install {error.name}") from None  # fmt: skip
        self._connection = self._engine.connect()
        self._schema = url.schema or None

    def names(self) -> list[str]:
        """Names of tables and views of the schema."""
        found = self._sql.inspect(self._engine)
        return [*found.get_table_names(schema=self._schema), *found.get_view_names(schema=self._schema)]

    def read(self, name: str, where: str) -> pa.RecordBatchReader:
        """Rows of a table, streamed where the driver can; types as the database declares them."""
        table = self._sql.Table(name, self._sql.MetaData(), schema=self._schema, autoload_with=self._engine)
        query = self._sql.select(*table.columns)
        if where:
            query = query.where(self._sql.text(where))
        schema = pa.schema([pa.field(column.name, self._type(column.type)) for column in table.columns])
        rows = self._connection.execution_options(stream_results=True).execute(query)
        return pa.RecordBatchReader.from_batches(schema, (_batch(part, schema) for part in rows.partitions(_ROWS)))

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()
        self._engine.dispose()

    def _type(self, kind: Any) -> pa.DataType:
        types = self._sql.types
        if isinstance(kind, types.Boolean):
            return pa.bool_()
        if isinstance(kind, types.Integer):
            return pa.int64()
        if isinstance(kind, types.Numeric | types.Float):
            return pa.float64()
        if isinstance(kind, types.DateTime):
            return pa.timestamp("us", tz="UTC" if getattr(kind, "timezone", False) else None)
        return pa.date32() if isinstance(kind, types.Date) else pa.string()


def _batch(rows: Any, schema: pa.Schema) -> pa.RecordBatch:
    columns = [[_value(row[i], field.type) for row in rows] for i, field in enumerate(schema)]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_floating(kind):
        return float(value)
    if pa.types.is_string(kind):
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if pa.types.is_timestamp(kind) and value.tzinfo is not None:
        return value.astimezone(UTC) if kind.tz else value.replace(tzinfo=None)
    return value


def _where(condition: str) -> str:
    return f" WHERE ({condition})" if condition else ""


def extra(module: str) -> Any:
    """Import a module of the extra ``sql``.

    Raises
    ------
    UsageError
        Naming the extra, where it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UsageError("A book in a SQL database needs the extra 'sql'.", found=f"{error.name} is not installed",
                         fix="pip install 'insurance-churnkit[sql]'") from None  # fmt: skip
