"""``open_book``: an insurer's histories as one book, wherever they lie."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from churnkit.book import views
from churnkit.book.databases import database_of, read_database, settings_beside
from churnkit.book.engine import Engine, EngineError, literal, quote
from churnkit.book.engine_buckets import Work
from churnkit.book.engines import engine_for
from churnkit.book.finding import Finding
from churnkit.book.folders import check_folder, find_tables
from churnkit.book.readers import Source, read_folder, read_frames, sources_of
from churnkit.book.settings import FILE, Settings, read_settings, settings_file
from churnkit.errors import ContractError, UsageError

T = TypeVar("T")
_TEXTS = ("csv", "excel")
_SMALL = 100_000


class Book:
    """An insurer's tables on the engine, typed and with their clocks; made by `open_book`.

    Attributes
    ----------
    settings : Settings
    schema : mapping of str to Table
        The contract, and what the settings declare beyond it.
    source : str
        Where the book came from, for people.
    tables : frozenset of str
        The tables that are there and readable.
    undeclared : dict of table to list of column
        What is kept but not used.
    unknown : tuple of str
        Files or frames whose name is no table of the contract.
    problems : tuple of Finding
        What could not be read; `check_book` reports them, opening never raises them.
    """

    def __init__(self, engine: Engine, settings: Settings, *, sources: Mapping[str, Source], source: str,
                 unknown: tuple[str, ...] = (), problems: tuple[Finding, ...] = ()) -> None:  # fmt: skip
        self._engine, self.settings, self.sources, self.source = engine, settings, dict(sources), source
        self.unknown, self.problems = unknown, problems
        self.tables = frozenset(self.sources)
        self.schema = settings.schema
        self.undeclared = {name: each.undeclared for name, each in self.sources.items() if each.undeclared}
        self._ready: set[str] = set()
        self._repeats: dict[str, bool] = {}
        self._known: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Book({self.source!r}, {len(self.tables)} tables, data_cutoff={self.settings.data_cutoff})"

    def has(self, table: str) -> bool:
        """Whether the table is there."""
        return table in self.tables

    def has_column(self, table: str, column: str) -> bool:
        """Whether the source itself holds the column; the views show absent ones as null."""
        return self.has(table) and column in self.sources[table].mapping

    def rows(self, table: str) -> int:
        """Rows of the table as it came."""
        counted = f"SELECT count(*) AS n FROM {quote(self.sources[table].relation)}"
        return self.once(f"rows {table}", lambda: int(self.records(counted)[0]["n"]))

    def repeats(self, table: str) -> bool:
        """Whether some key of the table comes twice before the cutoff; ``repeats_<table>`` then holds those rows."""
        if table not in self._repeats:
            self._raw(table)
            query = views.keys_sql(self.schema[table], self.settings)
            with self._refusals(query):
                twice = self._engine.repeated(query, "h", rows=self.rows(table))
            self._repeats[table] = twice.num_rows > 0
            if self._repeats[table]:
                self.lay(f"repeated_{table}", twice)
                query = views.repeats_select(self.sources[table], self.settings)
                self._run(f"CREATE TABLE repeats_{table} AS {query}")
        return self._repeats[table]

    def once(self, name: str, ask: Callable[[], T]) -> T:
        """Answer a question about the book from memory where it was asked before."""
        if name not in self._known:
            self._known[name] = ask()
        answer: T = self._known[name]
        return answer

    def sql(self, query: str, **params: Any) -> pa.Table:
        """Run a query over the book's views and return an Arrow table.

        Parameters
        ----------
        query : str
            Reads ``<table>`` (what was known: cleaned, with ``<clock>_seen`` and ``superseded_at``) or ``raw_<table>``
            (typed only, with ``_row``). ``$name`` stands for a parameter.
        **params
            Values of the parameters.

        Raises
        ------
        ContractError
            If a table is not in the book or one of its files cannot be read.
        """
        self._prepare(query)
        return self._run(query, {key: _plain(value) for key, value in params.items()})

    def records(self, query: str) -> list[dict[str, Any]]:
        """Run a query of few rows over the book's views, as `sql` does, and return the rows as dicts."""
        self._prepare(query)
        with self._refusals(query):
            return self._engine.records(query)

    def by_bucket(self, queries: Mapping[str, str], work: Work, *, buckets: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Hand each bucket's rows of several queries to `work`, as `Engine.by_bucket` says, and yield what it returns.

        The queries read what `sql` reads.

        Raises
        ------
        ContractError
            As `sql` does; what `work` raises goes through unchanged.
        """
        together = " ".join(queries.values())
        self._prepare(together)
        with self._refusals(together):
            yield from self._engine.by_bucket(queries, work, buckets=buckets)

    def memory(self, limit: str | None) -> AbstractContextManager[None]:
        """Let the engine of this machine work within another limit of memory for a time; None changes nothing."""
        return self._engine.memory(limit) if limit else nullcontext()

    @property
    def distributed(self) -> bool:
        """Whether the tables lie on a cluster, and work on buckets is done there."""
        return self._engine.distributed

    @property
    def remote(self) -> bool:
        """Whether that cluster is other machines, which see a folder only where it is shared."""
        return self._engine.remote

    @property
    def workers(self) -> int:
        """How many buckets are worked on at once."""
        return self._engine.workers

    def lay(self, name: str, rows: pa.Table) -> None:
        """Lay a small table of one's own beside the book's, for queries to join; its name must be new."""
        self._engine.read_arrow(name, rows)

    @cached_property
    def fingerprint(self) -> str:
        """A text that changes with any value of any table, and not with the order of rows."""
        parts = []
        for table in sorted(self.tables):
            source = self.sources[table]
            content = views.content_select(source, self.settings, typed=source.kind in _TEXTS)
            row = self.records(content)[0]
            parts.append(f"{table}:{sorted(self.sources[table].mapping)}:{row['n']}:{row['h']}")
        return str(self.records(f"SELECT md5({literal('|'.join(parts))}) AS digest")[0]["digest"])

    def close(self) -> None:
        """Let go of the engine's memory and files."""
        self._engine.close()

    def _prepare(self, query: str) -> None:
        """Lay the views that a query reads."""
        words = set(re.findall(r"\w+", query))
        for table in sorted(self.tables & words):
            self._clean(table)
        for table in sorted(name for name in self.tables if f"raw_{name}" in words):
            self._raw(table)

    def _raw(self, table: str) -> None:
        name = f"raw_{table}"
        if name in self._ready:
            return
        source = self.sources[table]
        # Texts are read as their type once, not at every use; so are small tables, whose queries are mostly planning.
        once = source.kind in _TEXTS or self.rows(table) <= _SMALL
        kind = "TABLE" if once else "VIEW"
        self._run(f"CREATE {kind} {name} AS {views.raw_select(source, self.settings)}")
        self._ready.add(name)

    def _clean(self, table: str) -> None:
        if table in self._ready:
            return
        self._raw(table)
        repeats = self.repeats(table)
        select = views.clean_select(self.sources[table], self.settings, repeats=repeats)
        self._run(f"CREATE VIEW {table} AS {select}")
        self._ready.add(table)

    def _run(self, query: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        with self._refusals(query):
            return self._engine.sql(query, params)

    @contextmanager
    def _refusals(self, query: str) -> Iterator[None]:
        """Turn what the engine refuses into a ContractError that names the tables."""
        try:
            yield
        except EngineError as error:
            absent = sorted(name for name in set(self.schema) - self.tables if re.search(rf"\b(raw_)?{name}\b", query))
            if error.missing_table and absent:
                raise ContractError("A query reads tables of the book.", found=f"no table {', '.join(absent)}",
                                    where=self.source,
                                    fix="Add the table, or ask book.has(table) first.") from error  # fmt: skip
            fix = "Check the query; churnkit check names unreadable files."
            if "Out of Memory" in error.detail or "could not allocate" in error.detail:
                fix = 'Give the engine more: memory_limit = "4GB" under [engine] in churnkit.toml.'
            names = [name for name in sorted(self.tables) if re.search(rf"(\b|raw_|source_){name}\b", query)]
            raise ContractError("The engine must be able to answer a query over the book.", found=error.detail,
                                where=f"{self.source}, {', '.join(names)}",
                                fix=fix) from error  # fmt: skip


def open_book(
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    data_cutoff: Any = None,
    timezone: str | None = None,
    currency: str | None = None,
    end_date_is: str | None = None,
    settings: Settings | str | os.PathLike[str] | None = None,
    spark: Any = None,
) -> Book:
    """Open an insurer's histories as a book.

    Parameters
    ----------
    source : path, URL or dict of str to DataFrame
        A folder with ``<table>.csv``, ``.parquet`` or ``.xlsx``, ``<table>/*.parquet`` or a workbook with a sheet per
        table, and ``churnkit.toml`` beside them; a DuckDB or SQLite file, likewise; a database, as
        ``postgresql://user@host/database?schema=book`` (extra ``sql``); or the tables themselves: frames of pandas,
        polars, Arrow or Spark. A password in a URL is used and never shown.
    data_cutoff, timezone, currency, end_date_is : optional
        As in `Settings`; each overrules the file.
    settings : Settings or path, optional
        In place of the file: the settings themselves, or another file.
    spark : pyspark.sql.SparkSession, optional
        Lay the tables on Spark: it reads the Parquet files, which its executors must see; what else there is is read
        here and handed over. Not needed where `source` holds Spark DataFrames. The session is used, never changed or
        stopped.

    Returns
    -------
    Book

    Raises
    ------
    UsageError
        If there is no such folder, no table in it, no data_cutoff, or a setting is wrong. What is wrong *in* the
        tables waits for `check_book`.

    Examples
    --------
    >>> import pandas as pd
    >>> book = open_book({"customers": pd.DataFrame({"customer_id": ["a", "b"]})}, data_cutoff="2026-01-01")
    >>> book.sql("SELECT count(*) AS n FROM customers").to_pylist()
    [{'n': 2}]
    """
    database = database_of(source)
    folder = Path(source).expanduser() if database is None and isinstance(source, str | os.PathLike) else None
    if database is None and folder is None and not isinstance(source, Mapping):
        raise UsageError("A book comes from a folder or a dict of DataFrames.", found=type(source).__name__,
                         fix="Pass a path, the URL of a database or {'customers': frame, ...}.")  # fmt: skip
    beside = settings_file(settings) or (settings_beside(database) if database is not None else folder)
    if folder is not None:
        check_folder(folder)
        if settings is None and not (folder / FILE).exists():
            find_tables(folder)  # a folder without tables is told before its settings are asked for
    given = None if isinstance(settings, str | os.PathLike) else settings
    chosen = read_settings(beside, given, data_cutoff=data_cutoff, timezone=timezone, currency=currency,
                           end_date_is=end_date_is)  # fmt: skip
    engine = engine_for(source, spark, chosen.engine)
    read: Any = read_frames if folder is None else read_folder
    reading = (
        read_database(database, engine, chosen) if database is not None else read(folder or source, engine, chosen)
    )
    return Book(engine, chosen, sources=sources_of(reading, engine, chosen), source=reading.name,
                unknown=reading.unknown, problems=reading.problems)  # fmt: skip


def _plain(value: Any) -> Any:
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
