"""Which engine a book lies on: Spark where a session or a Spark frame is given, else the local one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churnkit.book.engine import Engine, EngineError
from churnkit.book.settings import EngineSettings
from churnkit.errors import UsageError


def is_spark(frame: Any) -> bool:
    """Whether a value is a DataFrame of Spark; asked without importing Spark."""
    return type(frame).__module__.startswith("pyspark.") and hasattr(frame, "sparkSession")


def engine_for(source: Any, spark: Any, options: EngineSettings) -> Engine:
    """Return the engine for a source.

    Parameters
    ----------
    source : path or dict of frames
    spark : pyspark.sql.SparkSession or None
        None: the session of the first Spark frame of `source`, if it has one.
    options : EngineSettings

    Raises
    ------
    UsageError
        If the options do not suit the engine, the session is none, or the ``spark`` extra is not installed.
    """
    frames = source.values() if isinstance(source, Mapping) else ()
    session = spark if spark is not None else next((each.sparkSession for each in frames if is_spark(each)), None)
    try:
        return Engine(options) if session is None else _on_spark(session, options)
    except EngineError as error:
        raise UsageError("The settings under [engine] must suit DuckDB.", found=error.detail,
                         fix='Write memory_limit = "4GB" and threads = 2.') from error  # fmt: skip


def spark_session() -> Any:
    """Return the session that is there or that the environment describes (``spark-submit``, ``SPARK_HOME``).

    Raises
    ------
    UsageError
        If the ``spark`` extra is not installed.
    """
    try:
        from churnkit.book.engine_spark import session
    except ImportError as error:
        raise _absent(error) from error
    return session()


def _absent(error: ImportError) -> UsageError:
    return UsageError("A book on Spark needs pyspark and sqlglot.", found=f"{error.name or error} is not installed",
                      fix="pip install 'insurance-churnkit[spark]'")  # fmt: skip


def _on_spark(session: Any, options: EngineSettings) -> Engine:
    if not hasattr(session, "newSession"):
        raise UsageError("spark is a SparkSession.", found=type(session).__name__,
                         fix="Pass spark=SparkSession.builder.getOrCreate().")  # fmt: skip
    try:
        from churnkit.book.engine_spark import SparkEngine
    except ImportError as error:
        raise _absent(error) from error
    return SparkEngine(session, options)
