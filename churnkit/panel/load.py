"""From the book to the kernel: the queries for a bucket's events and states, and the arrays made of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.book.engine import quote
from churnkit.book.open import Book
from churnkit.book.schema import Table
from churnkit.panel.arrays import DAY, FIRST, NEVER, Ints
from churnkit.panel.attributes import KNOWN
from churnkit.panel.crossing import missing_source
from churnkit.panel.derived.columns import CLAIM_DAYS, CLOCKS, CROSSING, all_sources, sources
from churnkit.panel.derived.derive import BEGUN, WORKING, derive, working_day_numbers
from churnkit.panel.feature import Feature
from churnkit.panel.owners import Owners

_STATE_NEEDS = {  # attributes of the observation that rest on optional columns
    "age": ("customers", "birth_year"),
    "offer_change": ("terms", "offer_premium"),
    "sum_insured_held": ("terms", "sum_insured"),
}


HOURS = 8  # of a working day


@dataclass(frozen=True)
class Days:
    """How working days are counted: data_cutoff in microseconds, days the calendar names, service level of claims."""

    until: int
    calendar: Mapping[int, bool] = field(default_factory=dict)
    service: float = CLAIM_DAYS


def switched_off(book: Book, features: Sequence[Feature]) -> dict[str, str]:
    """Name the features that this book cannot give, and why; they are left out, never filled with zeros."""
    return {f.name: why for f in features if (why := _missing(book, f))}


def _missing(book: Book, feature: Feature) -> str:
    if feature.table == "observation":
        table, column = _STATE_NEEDS.get(feature.column, ("terms", ""))
        return f"{table}.{column} is absent" if column and not book.has_column(table, column) else ""
    if feature.table == "panel":
        return next((why for part in feature.parts if (why := _missing(book, part))), "")
    if feature.table in CROSSING:
        return missing_source(book, feature.table, feature.column)
    if feature.scope == "household" and not book.has_column("customers", "household_id"):
        return "customers.household_id is absent"
    if not book.has(feature.table):
        return f"table {feature.table} is absent"
    names = [*feature.columns, *filter(None, (feature.clock, feature.end_clock))]
    if feature.aggregate == "attribute":
        names = list(feature.columns)
    if feature.scope == "policy" and feature.aggregate != "attribute":
        names.append("policy_id")
    for name in names:
        derived = CLOCKS.get((feature.table, name))
        if derived is not None and derived.versions and not book.repeats(feature.table):
            return f"each row of {feature.table} comes in one version"
        for source in sources(feature.table, name):
            if not book.has_column(feature.table, source):
                return f"{feature.table}.{source} is absent"
    return ""


def moment(column: str, null: int = NEVER) -> str:
    """SQL of a timestamp as microseconds, null as `null`."""
    return f"coalesce(epoch_us({column}), {null})"


def final_policies(book: Book) -> str:
    """SQL of one row per policy, its last version."""
    if not book.repeats("policies"):
        return "policies"
    return ("(SELECT * FROM policies WHERE superseded_at IS NULL"
            " QUALIFY row_number() OVER (PARTITION BY policy_id ORDER BY customer_id) = 1)")  # fmt: skip


def owned(book: Book, table: str, owners: Owners) -> str:
    """SQL of a table, ``e``, joined with the owners of its rows, ``o``."""
    if table == "customers" or (table not in ("policies", "terms") and book.schema[table].column("customer_id")):
        return f"{quote(table)} AS e JOIN {owners.relation} AS o ON e.customer_id = o.customer_id"
    return (f"{quote(table)} AS e JOIN {final_policies(book)} AS p ON e.policy_id = p.policy_id"
            f" JOIN {owners.relation} AS o ON p.customer_id = o.customer_id")  # fmt: skip


def event_query(book: Book, table: str, features: Sequence[Feature], owners: Owners) -> str:
    """Query the events that some features of one table need."""
    wanted = _wanted(features)
    spec = book.schema[table]
    clocks, columns = _to_read(spec, wanted)
    by_policy = any(f.scope == "policy" for f in features)
    listed = [
        "o.bucket", "o.customer", *(["e.policy_id"] if by_policy else []), f"e.{quote(spec.key)} AS id",
        f"{moment('e.superseded_at')} AS superseded",
        *(f"{moment('e.' + quote(name))} AS {quote(name)}" for clock in clocks for name in (clock, f"{clock}_seen")),
        *(f"e.{quote(column)}" for column in columns),
    ]  # fmt: skip
    return f"SELECT {', '.join(listed)} FROM {owned(book, table, owners)}"


def events_of(rows: pa.Table, features: Sequence[Feature], days: Days, *, policies: pa.Array,
              owner: Ints) -> pa.Table:  # fmt: skip
    """Make of a bucket's rows what the kernel takes, derived columns and clocks included.

    Parameters
    ----------
    rows : Arrow table, by :func:`event_query`
    features : the features of its table
    days : Days
    policies : Arrow array of text, ids in the order of policy codes
    owner : int array, customer code of each policy
    """
    table = features[0].table
    code = np.full(rows.num_rows, -1, dtype=np.int64)
    if "policy_id" in rows.column_names:
        code = places(rows["policy_id"], policies)
        some = np.flatnonzero(code >= 0)
        code[some[owner[code[some]] != np.asarray(rows["customer"], dtype=np.int64)[some]]] = -1
        rows = rows.drop_columns("policy_id")
    events = rows.append_column("policy", pa.array(code))
    wanted = _wanted(features)
    if "past_service_level" in wanted:
        events = events.append_column("service_days", pa.array(np.full(events.num_rows, days.service)))
    return derive(table, events, wanted, _working_days(table, events, wanted, days))


def places(column: pa.ChunkedArray, ids: pa.Array) -> Ints:
    """Place of each id among `ids`, -1 where it is none of them."""
    return np.asarray(pc.fill_null(pc.index_in(column, value_set=ids), -1), dtype=np.int64)


def _wanted(features: Sequence[Feature]) -> set[str]:
    return {name for f in features for name in (*f.columns, f.clock, f.end_clock) if name}


def _to_read(spec: Table, wanted: set[str]) -> tuple[list[str], list[str]]:
    names = {source for name in wanted for source in all_sources(spec.name, name)}
    clocks = [name for name in spec.clocks if name in names or name == spec.clocks[0]]
    columns = [name for name in spec.column_names if name in names and name not in clocks and name != "policy_id"]
    return clocks, columns


def _working_days(table: str, events: pa.Table, wanted: set[str], days: Days) -> Ints:
    """Working days over the span of the events, where a wanted column counts them."""
    if not wanted & WORKING or not events.num_rows:
        return np.zeros(0, dtype=np.int64)
    begun = np.asarray(events[BEGUN[table]])
    return working_day_numbers(int(begun.min()) // DAY, days.until // DAY + 366, dict(days.calendar))


def load_days(book: Book, features: Iterable[Feature]) -> Days:
    """Read how this insurer counts working days, where some feature does."""
    until = int(np.datetime64(book.settings.data_cutoff, "us").astype(np.int64))
    if not any(_wanted([f]) & WORKING for f in features):
        return Days(until)
    calendar: dict[int, bool] = {}
    if book.has("calendar"):
        found = book.sql(f"SELECT {moment('date')} // {DAY} AS day, working_day FROM calendar WHERE date IS NOT NULL")
        calendar = dict(zip(found["day"].to_pylist(), found["working_day"].to_pylist(), strict=True))
    hours = None
    if book.has_column("touchpoints", "sla_hours") and book.has_column("touchpoints", "journey_stage"):
        found = book.sql("SELECT max(sla_hours) AS most FROM touchpoints WHERE journey_stage = 'claim'")
        hours = found["most"][0].as_py()
    return Days(until, calendar, CLAIM_DAYS if hours is None else float(hours) / HOURS)


def state_query(book: Book, table: str, columns: Iterable[str], owners: Owners) -> str:
    """Query the versions of customers, policies or terms with the columns that attributes need.

    Columns: bucket; ``id``; ``known_from`` and ``superseded`` in microseconds; the columns; for a column known from a
    clock of its own, the moment from which it is known, under the name ``attributes.KNOWN``.
    """
    columns = sorted(set(columns))
    spec = book.schema[table]
    clocks = {name: column.known_at for name in columns if (column := spec.column(name)) and column.known_at}
    known = f"greatest({moment('e.issued_at')}, {moment('e.issued_at_seen')})"
    listed = [
        "o.bucket",
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
    return f"SELECT {', '.join(listed)} FROM {owned(book, table, owners)}"


def policy_versions_query(book: Book, owners: Owners) -> str:
    """Query every version of every policy, the first one standing for the time before it was recorded."""
    first = "row_number() OVER (PARTITION BY e.policy_id ORDER BY e.recorded_at NULLS FIRST, e.superseded_at) = 1"
    return f"""SELECT o.bucket, e.policy_id,
  CASE WHEN {first} THEN {FIRST} ELSE {moment("e.recorded_at", FIRST)} END AS known_from,
  {moment("e.superseded_at")} AS superseded, e.line, {moment("e.inception_date")} AS inception
FROM {owned(book, "policies", owners)}"""
