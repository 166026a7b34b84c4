"""From the book to the kernel: a partition's events and state tables as Arrow, with dense codes and microseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from churnkit.book.engine import quote
from churnkit.book.open import Book
from churnkit.book.schema import Table
from churnkit.panel.arrays import DAY, FIRST, Ints
from churnkit.panel.attributes import KNOWN
from churnkit.panel.derive import derive, working_day_numbers
from churnkit.panel.derived import all_sources, sources
from churnkit.panel.feature import Feature
from churnkit.panel.terms import CODES, moment

_STATE_NEEDS = {  # attributes of the observation that rest on optional columns
    "age": ("customers", "birth_year"),
    "offer_change": ("terms", "offer_premium"),
    "sum_insured_held": ("terms", "sum_insured"),
}


def switched_off(book: Book, features: Sequence[Feature]) -> dict[str, str]:
    """Name the features that this book cannot give, and why; they are left out, never filled with zeros."""
    return {f.name: why for f in features if (why := _missing(book, f))}


def _missing(book: Book, feature: Feature) -> str:
    if feature.table == "observation":
        table, column = _STATE_NEEDS.get(feature.column, ("terms", ""))
        return f"{table}.{column} is absent" if column and not book.has_column(table, column) else ""
    if not book.has(feature.table):
        return f"table {feature.table} is absent"
    names = [*feature.columns, *filter(None, (feature.clock, feature.end_clock))]
    if feature.aggregate == "attribute":
        names = list(feature.columns)
    if feature.scope == "policy" and feature.aggregate != "attribute":
        names.append("policy_id")
    for name in names:
        for source in sources(feature.table, name):
            if not book.has_column(feature.table, source):
                return f"{feature.table}.{source} is absent"
    return ""


def load_events(book: Book, table: str, features: Sequence[Feature], *, part: int = 0, parts: int = 1) -> pa.Table:
    """Read the events that some features of one table need, for the customers of one partition.

    Returns
    -------
    Arrow table
        As :class:`churnkit.panel.events.EventTable` takes it, derived columns and clocks included.
    """
    wanted = {name for f in features for name in (*f.columns, f.clock, f.end_clock) if name}
    spec = book.schema[table]
    clocks, columns = _to_read(spec, wanted)
    listed = [
        "c.customer",
        "coalesce(CASE WHEN p.customer_id = c.customer_id THEN p.policy END, -1) AS policy",
        f"e.{quote(spec.key)} AS id",
        f"{moment('e.superseded_at')} AS superseded",
        *(f"{moment('e.' + quote(name))} AS {quote(name)}" for clock in clocks for name in (clock, f"{clock}_seen")),
        *(f"e.{quote(column)}" for column in columns),
    ]
    owner = "p.customer_id" if table == "terms" else "e.customer_id"
    query = f"""{CODES}
SELECT {", ".join(listed)}
FROM {quote(table)} AS e LEFT JOIN p ON e.policy_id = p.policy_id JOIN c ON {owner} = c.customer_id
WHERE c.customer % {parts} = {part}"""
    events = book.sql(query)
    return derive(table, events, wanted, _working_days(book, events, wanted))


def _to_read(spec: Table, wanted: set[str]) -> tuple[list[str], list[str]]:
    names = {source for name in wanted for source in all_sources(spec.name, name)}
    clocks = [name for name in spec.clocks if name in names or name == spec.clocks[0]]
    columns = [name for name in spec.column_names if name in names and name not in clocks and name != "policy_id"]
    return clocks, columns


def _working_days(book: Book, events: pa.Table, wanted: set[str]) -> Ints:
    """Working days over the span of the events, where a wanted column counts them."""
    if not wanted & {"cycle_days", "decision_days"} or not events.num_rows:
        return np.zeros(0, dtype=np.int64)
    begun = np.asarray(events["reported_at"])
    until = int(np.datetime64(book.settings.data_cutoff, "D").astype(np.int64)) + 366
    calendar: dict[int, bool] = {}
    if book.has("calendar"):
        found = book.sql(f"SELECT {moment('date')} // {DAY} AS day, working_day FROM calendar WHERE date IS NOT NULL")
        calendar = dict(zip(found["day"].to_pylist(), found["working_day"].to_pylist(), strict=True))
    return working_day_numbers(int(begun.min()) // DAY, until, calendar)


def load_state(book: Book, table: str, columns: Iterable[str], *, part: int = 0, parts: int = 1) -> pa.Table:
    """Read the versions of customers, policies or terms with the columns that attributes need.

    Returns
    -------
    Arrow table
        ``id``; ``known_from`` and ``superseded`` in microseconds; the columns; for a column known from a clock of its
        own, the moment from which it is known, under the name ``attributes.KNOWN``.
    """
    columns = sorted(set(columns))
    spec = book.schema[table]
    clocks = {name: column.known_at for name in columns if (column := spec.column(name)) and column.known_at}
    known = f"greatest({moment('e.issued_at')}, {moment('e.issued_at_seen')})"
    listed = [
        f"e.{quote(spec.key)} AS id",
        f"{known if table == 'terms' else moment('e.recorded_at', FIRST)} AS known_from",
        f"{moment('e.superseded_at')} AS superseded",
        *(f"e.{quote(column)}" for column in columns),
        *(
            f"greatest({moment('e.' + quote(clock))}, {moment('e.' + quote(clock + '_seen'))})"
            f" AS {quote(KNOWN.format(name))}"
            for name, clock in clocks.items()
        ),
    ]
    joins = {
        "customers": "JOIN c ON e.customer_id = c.customer_id",
        "policies": "JOIN p ON e.policy_id = p.policy_id JOIN c ON p.customer_id = c.customer_id",
        "terms": "JOIN p ON e.policy_id = p.policy_id JOIN c ON p.customer_id = c.customer_id",
    }[table]
    return book.sql(
        f"{CODES} SELECT {', '.join(listed)} FROM {table} AS e {joins} WHERE c.customer % {parts} = {part} ORDER BY ALL"
    )


def load_policy_versions(book: Book) -> pa.Table:
    """Read every version of every policy by code, the first one standing for the time before it was recorded."""
    first = "row_number() OVER (PARTITION BY v.policy_id ORDER BY v.recorded_at NULLS FIRST, v.superseded_at) = 1"
    return book.sql(f"""{CODES}
SELECT p.policy AS id, CASE WHEN {first} THEN {FIRST} ELSE {moment("v.recorded_at", FIRST)} END AS known_from,
  {moment("v.superseded_at")} AS superseded, v.line, {moment("v.inception_date")} AS inception
FROM policies AS v JOIN p ON v.policy_id = p.policy_id ORDER BY ALL""")
