"""The engine on a Spark session: the same few methods, the same queries, said in Spark's words.

A session of our own is taken from the user's (`SparkSession.newSession`): it shares the cluster and what is cached,
and has settings and temporary views of its own, so nothing of the user's session is changed, and it is never stopped.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from uuid import uuid4

import py4j.protocol
import pyarrow as pa
import pyspark.errors
from pyspark.sql import DataFrame, SparkSession, functions
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from churnkit.book import engine_packed as packed
from churnkit.book.engine import Engine, EngineError, quote
from churnkit.book.engine_buckets import Work, plain_schema
from churnkit.book.engine_dialect import to_spark
from churnkit.book.settings import EngineSettings

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",  # moments are naive; instants are converted by name of zone only
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",  # what does not cast or overflows is an error, not a silent null
    "spark.sql.caseSensitive": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.execution.arrow.useLargeVarTypes": "false",
}
_TYPES = {
    "string": "VARCHAR", "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT",
    "float": "FLOAT", "double": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "timestamp_ntz": "TIMESTAMP",
    "timestamp": "TIMESTAMP WITH TIME ZONE", "void": "VARCHAR",
}  # fmt: skip


def session() -> SparkSession:
    """Return the session that is there, or one as the environment describes it."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return SparkSession.builder.appName("churnkit").getOrCreate()


class SparkEngine(Engine):
    """An engine whose relations lie on Spark; what only the driver reads goes through a local engine inside.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
        The user's; classic (not Spark Connect).
    options : EngineSettings, optional
        Threads and memory of the local engine.
    """

    distributed = True

    def __init__(self, session: SparkSession, options: EngineSettings | None = None) -> None:
        self._local = Engine(options)
        self.folder = self._local.folder
        self._given, self._session = session, session.newSession()
        self.workers = session.sparkContext.defaultParallelism
        self.remote = not session.sparkContext.master.startswith("local")
        for key, value in _SETTINGS.items():
            self._session.conf.set(key, value)
        self._kept: dict[str, DataFrame] = {}
        self._handed: list[str] = []
        self._prefix = f"churnkit_{uuid4().hex[:12]}"
        self._forget = weakref.finalize(self, _let_go, session, self._kept, self._handed)
        self._forget.atexit = False  # the session ends with the program, and the views with it

    def sql(self, query: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Run a query of DuckDB's dialect and return its rows; ``$name`` stands for a parameter.

        ``CREATE VIEW`` lays a temporary view, ``CREATE TABLE`` one whose rows are kept once they have been read; those
        of ``raw_<table>`` are too, as every rule asks for them, and short plans are what planning needs most.
        """
        kind, name, said = to_spark(query, params)
        with _refusals():
            frame = self._session.sql(said)
            if kind == "select":
                return _plain(frame.toArrow())
            if kind == "table" or name.startswith("raw_"):
                self._kept[name] = frame.cache()
            frame.createOrReplaceTempView(name)
            return pa.table({})

    def by_bucket(self, queries: Mapping[str, str], work: Work, *, buckets: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Hand each bucket's rows of several queries to `work` on the executors, and yield what it returned at the end.

        `work` travels by pickle; the executors' Python must hold churnkit and what `work` imports, in the same
        versions, and what `work` writes must lie where the driver sees it. Buckets run at once, one in each Python
        worker, and Spark may run one again, or twice at once: a bucket's file is put in place when it is whole.
        """
        if not buckets:
            return
        with _refusals():
            frames = {name: self._session.sql(to_spark(query)[2]) for name, query in queries.items()}
            schemas = {name: plain_schema(to_arrow_schema(frame.schema)) for name, frame in frames.items()}
            rows = [frame.mapInArrow(packed.packer(i, tuple(buckets)), packed.PACKED) for i, frame in
                    enumerate(frames.values())]  # fmt: skip
            asked = self._session.sql(f"SELECT explode(array({', '.join(f'{each:d}L' for each in buckets)})) AS bucket")
            size = 2 * len(buckets)  # so that few partitions hold two buckets
            left, right = (each.repartition(size, "bucket").groupBy("bucket") for each in (asked, self._union(rows)))
            done = left.cogroup(right).applyInArrow(packed.worker(schemas, work), packed.DONE).toArrow()
        yield from packed.said_by(done, buckets)

    def _union(self, frames: Sequence[DataFrame]) -> DataFrame:
        """All rows of frames of the same columns; said at once, as each of many unions would be analysed with all."""
        names = [f"{self._prefix}_part_{i}" for i in range(len(frames))]
        for name, frame in zip(names, frames, strict=True):
            frame.createOrReplaceTempView(name)
        try:
            return self._session.sql(" UNION ALL ".join(f"SELECT * FROM {name}" for name in names))
        finally:
            for name in names:
                self._session.catalog.dropTempView(name)

    def repeated(self, query: str, column: str, *, rows: int) -> pa.Table:
        """Return the values of a query's column that come more than once."""
        return self.sql(f"SELECT {column} FROM ({query}) AS q GROUP BY {column} HAVING count(*) > 1")

    def batches(self, query: str) -> Generator[pa.RecordBatch]:
        """Run a query and give its rows a batch at a time, an empty one first."""
        rows = self.sql(query)
        yield pa.record_batch([pa.array([], each.type) for each in rows.schema], schema=rows.schema)
        yield from rows.to_batches()

    @contextmanager
    def memory(self, limit: str) -> Iterator[None]:
        """Let the local engine work within another limit of memory for a time."""
        with self._local.memory(limit):
            yield

    def give_back(self) -> None:
        """Give the local engine's free memory back to the system."""
        self._local.give_back()

    def columns(self, relation: str) -> dict[str, str]:
        """Names and types of a relation's columns, in order; the types under DuckDB's names."""
        with _refusals():
            fields = self._session.table(f"`{relation}`").schema.fields
        return {field.name: _type(field.dataType.simpleString()) for field in fields}

    def read_csv(self, name: str, path: Path, *, columns: Sequence[str], delimiter: str, skip: int = 0) -> None:
        """Read a CSV file on the driver, exactly as without Spark, and hand its texts over."""
        self._local.read_csv(name, path, columns=columns, delimiter=delimiter, skip=skip)
        self._over(name, "rowid + 1 AS _row")

    def read_parquet(self, name: str, files: Sequence[Path]) -> None:
        """Lay a view over Parquet files, which every executor must see; row numbers are those of the local engine.

        What Spark does not read (timestamps in nanoseconds) is read on the driver; what is damaged is told as there.
        """
        try:
            with _refusals():
                self._parquet(files).createOrReplaceTempView(name)
        except EngineError:
            self._local.read_parquet(name, files)
            self._over(name)

    def read_arrow(self, name: str, rows: pa.Table | pa.RecordBatchReader | DataFrame) -> None:
        """Hand an Arrow table or stream over with its row numbers, or take a DataFrame of the user's session.

        The rows of a DataFrame are numbered within their partitions, and kept, so that they stay the same rows.
        """
        if isinstance(rows, DataFrame):
            with _refusals():
                numbered = rows.withColumn("_row", functions.monotonically_increasing_id() + 1)
                self._kept[name] = numbered.cache()
                self._hand_over(name, numbered)
            return
        rows = _spark_types(rows if isinstance(rows, pa.Table) else rows.read_all())
        if "_row" not in rows.column_names:
            rows = rows.append_column("_row", pa.array(range(1, rows.num_rows + 1), pa.int64()))
        with _refusals():
            self._hand_over(name, self._given.createDataFrame(rows, from_arrow_schema(rows.schema, True)))

    def attach(self, path: Path) -> list[str]:
        """Attach a DuckDB file on the driver."""
        return self._local.attach(path)

    def read_attached(self, name: str, table: str, *, where: str = "") -> None:
        """Read a table of the attached file on the driver, and hand its rows over."""
        self._local.read_attached(name, table, where=where)
        self._over(name)

    def close(self) -> None:
        """Let go of what was kept; the user's session stays as it was."""
        self._forget()
        self._local.close()

    def _parquet(self, files: Sequence[Path]) -> DataFrame:
        several = len(files) > 1
        read = self._session.read.option("mergeSchema", several).parquet(*(_exact(file) for file in files))
        row = functions.expr("_metadata.row_index + 1")
        if several:  # Spark writes paths in its own way: ask it, and lead each back to its file
            paths = [each[0] for each in read.select("_metadata.file_path").distinct().collect()]
            place = {str(file.resolve()): i for i, file in enumerate(files)}
            index = {path: place[str(Path(unquote(urlparse(path).path)).resolve())] for path in paths}
            pairs = [functions.lit(each) for pair in index.items() for each in pair]
            number = functions.element_at(functions.create_map(*pairs), functions.col("_metadata.file_path"))
            row = row + functions.shiftleft(number.cast("bigint"), 40)
        return read.select("*", row.cast("bigint").alias("_row"))

    def _over(self, name: str, *more: str) -> None:
        """Hand a relation of the local engine over, and drop it there."""
        rows = self._local.sql(f"SELECT {', '.join(['*', *more])} FROM {quote(name)}")
        self._local.sql(f"DROP {'TABLE' if more else 'VIEW'} {quote(name)}")
        self.read_arrow(name, rows)

    def _hand_over(self, name: str, frame: DataFrame) -> None:
        """Make a frame of the user's session known in ours: only global views are seen in both."""
        shared = f"{self._prefix}_{name}"
        frame.createOrReplaceGlobalTempView(shared)
        self._handed.append(shared)
        database = self._given.conf.get("spark.sql.globalTempDatabase")
        self._session.table(f"{database}.`{shared}`").createOrReplaceTempView(name)


def _let_go(session: SparkSession, kept: dict[str, DataFrame], handed: list[str]) -> None:
    with suppress(Exception):  # a session that was stopped keeps nothing
        for frame in kept.values():
            frame.unpersist()
        for name in handed:
            session.catalog.dropGlobalTempView(name)
    kept.clear()
    handed.clear()


def _exact(path: Path) -> str:
    """The path with nothing in it that Spark would take for a pattern."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", str(path))


def _type(text: str) -> str:
    name = text.split("(")[0]
    if name in ("char", "varchar"):
        return "VARCHAR"
    return _TYPES.get(name, text.upper())


def _spark_types(rows: pa.Table) -> pa.Table:
    """The table with types that Spark has."""
    fields = []
    for field in rows.schema:
        kind = field.type
        if pa.types.is_timestamp(kind):
            kind = pa.timestamp("us", tz=kind.tz)
        elif pa.types.is_unsigned_integer(kind):
            kind = pa.int64() if kind.bit_width < 64 else pa.decimal128(20, 0)
        elif pa.types.is_dictionary(kind):
            kind = kind.value_type
        elif pa.types.is_time(kind) or pa.types.is_duration(kind):
            kind = pa.string()
        fields.append(field.with_type(kind))
    return rows.cast(pa.schema(fields))


def _plain(rows: pa.Table) -> pa.Table:
    """Whole numbers as 64 bits, as DuckDB counts."""
    wide = [field.with_type(pa.int64()) if pa.types.is_integer(field.type) else field for field in rows.schema]
    return rows.cast(pa.schema(wide))


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what Spark raises into our error, without its log of the query and its values."""
    log = logging.getLogger("SQLQueryContextLogger")
    disabled, log.disabled = log.disabled, True
    try:
        yield
    except (pyspark.errors.PySparkException, py4j.protocol.Py4JError, pa.ArrowException) as error:
        raise _refused(error) from error
    finally:
        log.disabled = disabled


def _refused(error: Exception) -> EngineError:
    condition = error.getCondition() if isinstance(error, pyspark.errors.PySparkException) else None
    java = getattr(error, "java_exception", None)
    while java is not None and java.getCause() is not None and "awaitResult" in str(java.getMessage()):
        java = java.getCause()
    text = str(java.getMessage() if java is not None else error)
    if "Python worker exited" in text:
        return EngineError("a Python worker of Spark died, as when its memory runs out: take more partitions")
    first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    first = re.sub(r"^\[[A-Z_.]+\] ", "", re.sub(r"\s*SQLSTATE: \w+.*$", "", first))
    return EngineError(first, missing_table=condition == "TABLE_OR_VIEW_NOT_FOUND")
