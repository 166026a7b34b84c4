"""The SQL that turns a table as it came into typed rows, and typed rows into what was known and when."""

from __future__ import annotations

from churnkit.book.engine import literal, quote
from churnkit.book.readers import Source
from churnkit.book.reading import SQL_TYPES, TEXTS, as_text, moment_of, typed, without_marks
from churnkit.book.schema import SCALES, TABLES, Column, Table
from churnkit.book.settings import Settings


def _kind(sql_type: str) -> str:
    """Text, whole, number, bool, moment, zoned or other: what a source's column holds."""
    name = sql_type.upper().split("(")[0]
    if name in ("VARCHAR", "ENUM", "UUID"):
        return "text"
    if name.endswith("INT") or name in ("INTEGER", "UINTEGER"):
        return "whole"
    if name in ("DOUBLE", "FLOAT", "DECIMAL"):
        return "number"
    if name == "BOOLEAN":
        return "bool"
    if name == "TIMESTAMP WITH TIME ZONE" or name.startswith("TIMESTAMPTZ"):
        return "zoned"
    return "moment" if name.startswith(("TIMESTAMP", "DATE")) else "other"


def given(source: Source, column: str, *, settings: Settings, tidy: bool = True) -> tuple[str, str]:
    """SQL of a column's value as it came (blanks and marks for empty null, categories mapped), and its kind.

    Not `tidy`: marks for empty stay where they are texts among texts.
    """
    if column in source.constants:
        return literal(source.constants[column]), "text"
    theirs = source.mapping[column]
    name, kind = quote(theirs), _kind(source.columns[theirs])
    mapped = settings.values.get(source.table, {}).get(column)
    if kind == "number":
        name = f"CASE WHEN isnan({name}::DOUBLE) THEN NULL ELSE {name} END"
    if kind in ("text", "other"):
        name, kind = (name if source.columns[theirs].upper() == "VARCHAR" else f"{name}::VARCHAR"), "text"
    if mapped:
        text, spec = as_text(name, kind), source.spec.column(column)
        closed = spec is not None and bool(spec.values)  # whose values the contract lists: case does not matter
        pairs = {(theirs.strip().lower() if closed else theirs.strip()): ours for theirs, ours in mapped.items()}
        cases = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in pairs.items())
        name, kind = f"nullif(CASE {'lower' if closed else ''}(trim({text})) {cases} ELSE {text} END, '')", "text"
    if kind == "text" and (tidy or not _is_text(source.spec.column(column))):
        name = without_marks(source.spec.column(column), name)
    return name, kind


def _is_text(column: Column | None) -> bool:
    return column is not None and column.type in TEXTS


def time_of_day(source: Source, column: str, *, settings: Settings) -> str:
    """SQL of a date column's full moment where the source may hold a time of day, else empty."""
    theirs = source.mapping.get(column)
    if theirs is None or column in source.constants or source.columns[theirs].upper() == "DATE":
        return ""
    value, kind = given(source, column, settings=settings)
    return moment_of(value, kind, settings.timezone) if kind in ("text", "moment") else ""


def recorded_columns(source: Source) -> list[str]:
    """The ``<clock>_recorded_at`` columns that a source has beyond the contract's own columns."""
    spec = source.spec
    wanted = [f"{clock}_recorded_at" for clock in spec.clocks]
    return [name for name in wanted if name in source.mapping and spec.column(name) is None]


def raw_names(source: Source) -> list[str]:
    """Names of the typed columns of ``raw_<table>``, undeclared ones not among them."""
    return [*source.spec.column_names, *recorded_columns(source)]


def given_columns(source: Source, settings: Settings, *, tidy: bool = True) -> list[str]:
    """SQL of every mapped column's value as given, under our name."""
    mapped = [name for name in raw_names(source) if name in source.mapping]
    return [f"{given(source, name, settings=settings, tidy=tidy)[0]} AS {quote(name)}" for name in mapped]


def raw_columns(source: Source, settings: Settings, *, tidy: bool = True) -> dict[str, str]:
    """SQL of every typed column of a table, from `given_columns` called g; absent ones null or default."""
    spec = source.spec
    columns = (*spec.columns, *(Column(name, "ts") for name in recorded_columns(source)))
    found: dict[str, str] = {}
    for column in columns:
        sql = f"NULL::{SQL_TYPES[column.type]}"
        if column.name in source.mapping:
            _, kind = given(source, column.name, settings=settings)
            sql = f"g.{quote(column.name)}"
            if tidy or kind != "text" or not _is_text(column):
                sql = typed(column, sql, kind=kind, zone=settings.timezone)
            scale = settings.scale.get(source.table, {}).get(column.name)
            sql = f"({sql}) * {float(scale)!r}" if scale else sql
        found[column.name] = f"coalesce({sql}, {column.default})" if column.default else sql
    if source.table == "terms" and settings.end_date_is == "last_covered_day":
        found["end_date"] = f"{found['end_date']} + INTERVAL 1 DAY"
    if source.table == "surveys":
        _default_scales(found)
    return found


def _default_scales(columns: dict[str, str]) -> None:
    instrument = columns["instrument"]
    for name, end in (("scale_min", 0), ("scale_max", 1)):
        cases = " ".join(f"WHEN '{key}' THEN {ends[end]}" for key, ends in SCALES.items())
        columns[name] = f"coalesce({columns[name]}, (CASE {instrument} {cases} END)::DOUBLE)"
    columns["direction"] = f"coalesce({columns['direction']}, 'high_good')"


def raw_select(source: Source, settings: Settings, *, tidy: bool = True) -> str:
    """The query behind ``raw_<table>``: typed, uncleaned, with ``_row`` and the undeclared columns as they came.

    Not `tidy`: texts as they came, with their blanks, case and marks for empty; reading them is half of the cost.
    """
    columns = raw_columns(source, settings, tidy=tidy)
    taken = {name.lower() for name in columns} | {"_row"}
    extra = [quote(name) for name in source.undeclared if name.lower() not in taken]
    # A column's value is worked out once, below, and read above: in one expression it would be written many times.
    below = ", ".join([f"{source.row} AS _row", *given_columns(source, settings, tidy=tidy), *extra])
    listed = ", ".join(["_row", *(f"{sql} AS {quote(name)}" for name, sql in columns.items()), *extra])
    return f"SELECT {listed} FROM (SELECT {below} FROM {quote(source.relation)}) AS g"


def content_select(source: Source, settings: Settings, *, typed: bool) -> str:
    """A query for the number of rows, ``n``, and a hash of all values, ``h``, whatever the order of the rows.

    `typed`: of ``raw_<table>``, where the types were read already; else texts are hashed as they came.
    """
    values = ", ".join(quote(name) for name in raw_names(source))
    rows = f"raw_{source.table}" if typed else f"({raw_select(source, settings, tidy=False)}) AS r"
    return f"SELECT count(*) AS n, sum(hash({values}))::VARCHAR AS h FROM {rows}"


def clock_sql(table: str, clock: str) -> str:
    """SQL of a clock as seen: a term without issued_at was bound when recorded, at the latest at its start."""
    if (table, clock) == ("terms", "issued_at"):
        return "coalesce(issued_at, recorded_at, start_date)"
    return quote(clock)


def seen_sql(source: Source, clock: str, *, delay_days: int) -> str:
    """SQL of the moment from which an event is visible through a clock; null where it has not happened.

    ``max(clock, recording time)``: the clock's own recording time, else the row's, else the clock plus the delay. A
    term's end is known from ended_recorded_at, never from recorded_at, which is when the term was entered.
    """
    value, ended = clock_sql(source.table, clock), (source.table, clock) == ("terms", "ended_date")
    recorded = [f"{clock}_recorded_at", "ended_recorded_at" if ended else "recorded_at"]
    known = [quote(name) for name in recorded if name in source.mapping]
    moment = f"coalesce({', '.join([*known, f'{value} + INTERVAL {delay_days} DAY'])})"
    first = _first_seen(source, clock, delay_days=delay_days)
    latest = f"greatest({moment}{first})" if ended else f"greatest({value}, {moment}{first})"
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE {latest} END"


def _first_seen(source: Source, clock: str, *, delay_days: int) -> str:
    """SQL, after a comma, of when the row itself is seen: of a term's end, or a declared clock, nothing is earlier."""
    contract = TABLES.get(source.table)
    clocks = contract.clocks if contract else source.spec.clocks[:1]
    if (source.table, clock) != ("terms", "ended_date") and (not clocks or clock in clocks):
        return ""
    return f", {seen_sql(source, clocks[0], delay_days=delay_days)}"


def entered_sql(spec: Table) -> str:
    """SQL of the moment that may not lie after data_cutoff; empty for tables without a clock."""
    if not spec.clocks:
        return ""
    return "coalesce(issued_at, recorded_at)" if spec.name == "terms" else quote(spec.clocks[0])


def before_cutoff_sql(spec: Table, settings: Settings) -> str:
    """SQL that keeps the rows before data_cutoff; a term may start later, if it was bound before."""
    clock = entered_sql(spec)
    if not clock:
        return "true"
    return f"({clock} IS NULL OR {clock} < TIMESTAMP '{settings.data_cutoff}')"


def key_columns(spec: Table) -> tuple[str, ...]:
    """The columns that together name a row; economics may differ by product and date."""
    return ("line", "product", "valid_from") if spec.name == "economics" else (spec.key,)


def keys_sql(spec: Table, settings: Settings) -> str:
    """A hash of each row's key, ``h``: distinct in a clean table. Hashes may only err towards a repeat."""
    keys = ", ".join(quote(key) for key in key_columns(spec))
    return (
        f"SELECT hash({keys}) AS h FROM raw_{spec.name}"
        f" WHERE {quote(spec.key)} IS NOT NULL AND {before_cutoff_sql(spec, settings)}"
    )


def repeats_select(source: Source, settings: Settings) -> str:
    """The query behind ``repeats_<table>``: rows whose key comes more than once, its hash in ``repeated_<table>``.

    Columns: _row; duplicate (a copy of an earlier row); unordered (other content, and no recorded_at tells which
    is later); superseded_at (from when a later version is visible).
    """
    spec, table = source.spec, source.table
    keys = ", ".join(quote(key) for key in key_columns(spec))
    content = ", ".join(quote(name) for name in raw_names(source))
    version = next((name for name in ("recorded_at", f"{spec.clocks[0]}_recorded_at" if spec.clocks else "")
                    if name in source.mapping), "")  # fmt: skip
    order = quote(version) if version else "NULL::TIMESTAMP"
    seen = seen_sql(source, spec.clocks[0], delay_days=settings.delay(table)) if spec.clocks else order
    later = f"PARTITION BY {keys} ORDER BY version NULLS FIRST, content"
    return f"""
WITH kept AS (SELECT * FROM raw_{table}
              WHERE {quote(spec.key)} IS NOT NULL AND {before_cutoff_sql(source.spec, settings)}),
 twice AS (SELECT *, {order} AS version, coalesce({seen}, {order}) AS seen, hash({content}) AS content,
             row_number() OVER (PARTITION BY {content} ORDER BY _row) > 1 AS duplicate
           FROM (SELECT *, count(*) OVER (PARTITION BY {keys}) AS copies FROM kept SEMI JOIN
                  repeated_{table} AS s ON hash({keys}) = s.h)
           WHERE copies > 1),
 versions AS (SELECT _row, count(*) OVER (PARTITION BY {keys}, version) > 1 AS unordered,
                {
        f'''min(seen) OVER ({later} ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)'''
        if version
        else "NULL::TIMESTAMP"
    } AS superseded_at
              FROM twice WHERE NOT duplicate)
SELECT t._row, t.duplicate, coalesce(v.unordered, false) AS unordered, v.superseded_at
FROM twice AS t LEFT JOIN versions AS v ON t._row = v._row"""


def clean_select(source: Source, settings: Settings, *, repeats: bool) -> str:
    """The query behind ``<table>``: what findings leave, each clock with its ``_seen``, and superseded_at."""
    table = source.table
    clocks, delay = source.spec.clocks, settings.delay(table)
    shown = [f"{clock_sql(table, name)} AS {quote(name)}" if name in clocks else quote(name)
             for name in raw_names(source)]  # fmt: skip
    shown += [f"{seen_sql(source, clock, delay_days=delay)} AS {quote(clock + '_seen')}"
              for clock in (*clocks, *source.spec.dated)]  # fmt: skip
    shown.append("superseded_at" if repeats else "NULL::TIMESTAMP AS superseded_at")
    rows = f"raw_{table}"
    where = before_cutoff_sql(source.spec, settings)
    if repeats:
        rows += f" LEFT JOIN repeats_{table} USING (_row)"
        where += " AND duplicate IS NOT true"
    return f"SELECT {', '.join(shown)} FROM {rows} WHERE {where}"
