"""The local engine: DuckDB reads, joins and sorts; nothing else in the package imports it."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from churnkit.book import engine_buckets
from churnkit.book.engine_buckets import Work
from churnkit.book.settings import EngineSettings

_SORTED = 8_000_000
_BATCH = 100_000
_CONFIG = {
    "autoinstall_known_extensions": "false",  # nothing is fetched, nothing is reported home
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "disabled_optimizers": "in_clause",  # would turn every long IN into a join: 50 times slower for columns of texts
    "python_enable_replacements": "false",  # a table is a table of the book, never a variable of the caller
}


class EngineError(Exception):
    """The engine could not carry out a statement; `detail` is its own first sentence."""

    def __init__(self, detail: str, *, missing_table: bool = False) -> None:
        self.detail, self.missing_table = detail, missing_table
        super().__init__(detail)


def quote(name: str) -> str:
    """Quote an identifier for SQL.

    Examples
    --------
    >>> quote("end_date")
    '"end_date"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL.

    Examples
    --------
    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


class Engine:
    """One in-memory DuckDB that spills to a temporary folder and fetches nothing.

    Parameters
    ----------
    options : EngineSettings, optional
        Threads and memory; the one place where they are set.

    Attributes
    ----------
    folder : Path
        Holds what does not fit into memory; goes with the engine.
    distributed : bool
        Whether work on buckets is done elsewhere than here.
    remote : bool
        Whether it is done on other machines, which see a folder of this one only where it is shared.
    workers : int
        How many buckets are worked on at once.
    """

    distributed = remote = False
    workers = 1

    def __init__(self, options: EngineSettings | None = None) -> None:
        options = options or EngineSettings()
        self.folder = Path(tempfile.mkdtemp(prefix="churnkit-"))
        self._forget_spill = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        config: dict[str, Any] = {**_CONFIG, "temp_directory": str(self.folder)}
        if options.threads is not None:
            config["threads"] = options.threads
        config["memory_limit"] = self._memory_limit = options.memory_limit
        try:
            self._connection = duckdb.connect(":memory:", config=config)
        except duckdb.Error as error:
            raise _refused(error) from error
        self._lock = threading.RLock()

    def sql(self, query: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Run a query and return its rows; ``$name`` stands for a parameter."""
        with self._lock:
            try:
                if query.startswith("CREATE"):  # as a relation it would be planned twice
                    self._connection.execute(query)
                    return pa.table({})
                relation = self._connection.sql(query, params=dict(params) if params else None)
                return relation.to_arrow_table() if relation is not None else pa.table({})
            except duckdb.Error as error:
                raise _refused(error) from error

    def records(self, query: str) -> list[dict[str, Any]]:
        """Run a query of few rows and return them as dicts: planned once, where the way to Arrow plans twice."""
        if self.distributed:
            rows: list[dict[str, Any]] = self.sql(query).to_pylist()
            return rows
        with self._lock:
            try:
                done = self._connection.execute(query)
                names = [column[0] for column in done.description]
                return [dict(zip(names, row, strict=True)) for row in done.fetchall()]
            except duckdb.Error as error:
                raise _refused(error) from error

    def by_bucket(self, queries: Mapping[str, str], work: Work, *, buckets: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Hand each bucket's rows of several queries to `work`, one bucket at a time, and yield what it returns.

        Parameters
        ----------
        queries : dict of str to str
            Each selects a BIGINT column ``bucket``.
        work : callable
            Called as ``work(bucket, tables)`` with an Arrow table for each query, without the column ``bucket``; empty,
            where the query has no rows in the bucket. Whole numbers come as int64, others as float64, moments in
            microseconds, texts as texts; the order of rows is not promised. What it returns is a small dict of texts,
            numbers and None; what it raises goes through unchanged.
        buckets : sequence of int
            Rows of other buckets are never handed over.
        """
        return engine_buckets.by_bucket(self, queries, work, buckets)

    def batches(self, query: str) -> Generator[pa.RecordBatch]:
        """Run a query and give its rows a batch at a time, an empty one first; close it before asking anything else."""
        reader = None
        with self._lock:
            try:
                reader = self._connection.sql(query).to_arrow_reader(_BATCH)
                yield pa.record_batch([pa.array([], each.type) for each in reader.schema], schema=reader.schema)
                yield from reader
            except (duckdb.Error, OSError) as error:  # an OSError is DuckDB's error in the middle of the rows
                raise _refused(error) from error
            finally:
                if reader is not None:
                    reader.close()

    def repeated(self, query: str, column: str, *, rows: int) -> pa.Table:
        """Return the values of a query's column, whole numbers of 64 bits, that come more than once.

        They are sorted here, some millions at a time: grouping them in SQL takes several times as long.
        """
        passes, found = 1 + rows // _SORTED, []
        for each in range(passes):
            some = f" WHERE {column} % {passes} = {each}" if passes > 1 else ""
            batches = self.batches(f"SELECT {column} FROM ({query}) AS q{some}")
            values = np.concatenate([np.asarray(batch.column(0)) for batch in batches])
            values.sort()
            found.append(np.unique(values[1:][values[1:] == values[:-1]]))
        return pa.table({column: np.concatenate(found)})

    @contextmanager
    def memory(self, limit: str) -> Iterator[None]:
        """Work within another limit of memory for a time."""
        before = self._memory_limit
        self._limit(limit)
        try:
            yield
        finally:
            self._limit(before)

    def give_back(self) -> None:
        """Give memory that is free back to the system: setting the limit does it, even to what it was."""
        self._limit(self._memory_limit)

    def _limit(self, limit: str) -> None:
        self.sql(f"SET memory_limit = {literal(limit)}")
        self._memory_limit = limit

    def columns(self, relation: str) -> dict[str, str]:
        """Names and types of a relation's columns, in order."""
        found = self.records(f"DESCRIBE SELECT * FROM {quote(relation)}")
        return {row["column_name"]: row["column_type"] for row in found}

    def read_csv(self, name: str, path: Path, *, columns: Sequence[str], delimiter: str, skip: int = 0) -> None:
        """Load a UTF-8 CSV file as a table of texts, empty fields null, without header and `skip` lines above it."""
        spec = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
        self.sql(
            f"CREATE TABLE {quote(name)} AS SELECT * FROM read_csv({literal(str(path))}, auto_detect=false,"
            f" header=true, skip={skip}, delim={literal(delimiter)}, quote='\"', escape='\"', nullstr='',"
            f" columns={{{spec}}})"
        )

    def read_parquet(self, name: str, files: Sequence[Path]) -> None:
        """Lay a view over Parquet files: only their footers are read now."""
        listed = ", ".join(literal(str(file)) for file in files)
        self.sql(
            f"CREATE VIEW {quote(name)} AS SELECT *, (file_index::BIGINT << 40) + file_row_number + 1 AS _row"
            f" FROM read_parquet([{listed}], union_by_name={'true' if len(files) > 1 else 'false'})"
        )

    def read_arrow(self, name: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Copy an Arrow table into the engine, or a stream, a batch at a time; what the stream raises goes through."""
        batches = iter([rows]) if isinstance(rows, pa.Table) else (pa.Table.from_batches([each]) for each in rows)
        with self._lock:
            try:
                self._take(f"CREATE TABLE {quote(name)} AS", next(batches, rows.schema.empty_table()))
                for batch in batches:
                    self._take(f"INSERT INTO {quote(name)}", batch)
            except BaseException:
                self.sql(f"DROP TABLE IF EXISTS {quote(name)}")
                raise

    def _take(self, into: str, rows: pa.Table) -> None:
        try:
            self._connection.register("_incoming", rows)
            self.sql(f"{into} SELECT * FROM _incoming")
        except duckdb.Error as error:
            raise _refused(error) from error
        finally:
            self._connection.unregister("_incoming")

    def attach(self, path: Path) -> list[str]:
        """Attach a DuckDB file to be read only, and let nothing else be opened after it; return its tables' names.

        Views in the file are SQL that somebody else wrote: they may read the file, and nothing outside it.
        """
        self.sql(f"ATTACH {literal(str(path))} AS attached (READ_ONLY, TYPE DUCKDB)")
        self.sql("SET enable_external_access = false")
        found = self.sql(
            "SELECT DISTINCT table_name FROM information_schema.tables"
            " WHERE table_catalog = 'attached' AND table_schema = 'main' ORDER BY 1"
        )
        return list(found["table_name"].to_pylist())

    def read_attached(self, name: str, table: str, *, where: str = "") -> None:
        """Lay a view over a table of the attached file; the rows of a view are copied, which numbers them."""
        place = f"attached.main.{quote(table)}"
        kind = self.sql(
            "SELECT table_type FROM information_schema.tables WHERE table_catalog = 'attached'"
            f" AND table_schema = 'main' AND table_name = {literal(table)}"
        )["table_type"].to_pylist()
        view = kind != ["BASE TABLE"]
        row = "row_number() OVER ()" if view else "rowid + 1"
        rows = f"SELECT *, {row} AS _row FROM {place}{f' WHERE ({where})' if where else ''}"
        self.sql(f"CREATE {'TABLE' if view else 'VIEW'} {quote(name)} AS {rows}")

    def close(self) -> None:
        """Let go of the memory and the temporary folder."""
        with self._lock:
            self._connection.close()
            self._forget_spill()


def _refused(error: Exception) -> EngineError:
    text = str(error)
    line = re.search(r"CSV Error on Line: (\d+)", text)
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    missing = isinstance(error, duckdb.CatalogException)
    if line and counts:
        return EngineError(f"line {line[1]} has {counts[2]} fields where the header has {counts[1]}")
    if line and "utf-8" in text.lower():
        return EngineError(f"line {line[1]} is not UTF-8")
    if line:
        reason = [part for part in text.splitlines()[1:] if part and not part.startswith("Original Line")]
        return EngineError(f"line {line[1]}: {reason[0] if reason else 'does not read as CSV'}")
    first = text.splitlines()[0] if text else type(error).__name__
    return EngineError(re.sub(r"^[A-Z][\w ]* Error: ", "", first), missing_table=missing)
