"""How their books count: the last covered day or the day after, what ties a renewal, the latest moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from churnkit.book.engine import Engine, quote
from churnkit.book.loading import Loaded
from churnkit.book.mapping.tables import TableGuess
from churnkit.book.readers import Source
from churnkit.book.schema import SCALES, TABLES
from churnkit.book.settings import Settings
from churnkit.book.views import given_columns, raw_columns

_WAYS = {  # by what a successor is found: columns that it shares
    "policy": ("policy_id",), "object": ("customer_id", "line", "object_id"), "line": ("customer_id", "line"),
    "household": ("household_id", "line"),
}  # fmt: skip
_RARE, _CLEAR = 0.2, 0.2
_OUTLIER_DAYS, _SEVERAL = 60, 10
_NOT_YET = ("start_date", "end_date", "due_at", "valid_from", "deceased_date", "date", "birth_year", "offer_date")


@dataclass(frozen=True)
class Conventions:
    """What the rows themselves say, with the shares that say it.

    ``next_day`` and ``same_day`` are the shares of renewals that start the day after the end and on it, ``renewals``
    their number; ``whole_years`` is the share of terms that end a day before their anniversary, less those on it.
    ``ties`` are the shares of ended terms with a successor by policy, object, line and household. ``latest`` is the
    latest moment in the data, ``beyond`` one so far after it that it is probably wrong.
    """

    end_date_is: str = "exclusive"
    renewals: int = 0
    next_day: float = 0.0
    same_day: float = 0.0
    day_before: float = 0.0
    on_the_day: float = 0.0
    match: tuple[str, ...] = ()
    ties: tuple[tuple[str, float], ...] = ()
    ended: int = 0
    latest: datetime | None = None
    where: str = ""
    beyond: datetime | None = None
    score_ranges: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class Looked:
    """The few columns that conventions are read from, typed under a mapping that is still a guess.

    Relations are named ``typed_<table>``; only what is asked for is read, as reading a text as a date is not free.
    """

    engine: Engine
    columns: dict[str, tuple[str, ...]]

    def has(self, table: str, *names: str) -> bool:
        """Whether the table is there with these columns."""
        return set(names) <= set(self.columns.get(table, ()))

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Run a query."""
        return self.engine.records(query)


def look_at(tables: Sequence[TableGuess], settings: Settings, engine: Engine) -> Looked:
    """Type what conventions need of the relations, as the book's readers will."""
    columns: dict[str, tuple[str, ...]] = {}
    for guess in tables:
        mapping = {each.ours: each.theirs for each in guess.columns}
        loaded = guess.extract.loaded or Loaded(guess.table, "csv")
        source = Source(settings.schema[guess.table], loaded, engine.columns(guess.extract.relation), mapping)
        wanted = [name for name in _wanted(guess.table, mapping) if name in mapping]
        sql = raw_columns(source, settings)
        listed = ", ".join([*(f"{sql[name]} AS {quote(name)}" for name in wanted), "one"])
        given = (
            f"SELECT {', '.join([*given_columns(source, settings), '1 AS one'])} FROM {quote(guess.extract.relation)}"
        )
        engine.sql(f"CREATE TABLE typed_{guess.table} AS SELECT {listed} FROM ({given}) AS g")
        columns[guess.table] = tuple(wanted)
    return Looked(engine, columns)


def _wanted(table: str, mapping: Mapping[str, str]) -> tuple[str, ...]:
    own = {
        "customers": ("customer_id", "household_id"),
        "policies": ("policy_id", "customer_id", "line", "object_id", "previous_policy_id"),
        "terms": ("policy_id", "start_date", "end_date", "ended_recorded_at"),
        "surveys": ("instrument", "score", "scale_max"),
    }.get(table, ())  # fmt: skip
    moments = ("recorded_at",) if "recorded_at" in mapping else TABLES[table].clocks
    return (*own, *(name for name in moments if name not in (*own, *_NOT_YET)))


def conventions(looked: Looked) -> Conventions:
    """Ask the rows for the conventions of their books."""
    found: dict[str, Any] = {}
    if looked.has("terms", "policy_id", "start_date", "end_date"):
        looked.engine.sql(f"CREATE TABLE typed_owned AS {_owned(looked)}")
        found |= _ends(looked) | _ties(looked)
    return Conventions(**found, **_latest(looked), score_ranges=_scores(looked))


def _ways(looked: Looked) -> dict[str, tuple[str, ...]]:
    """The ways for which there are the columns."""
    has = {*looked.columns.get("policies", ()), "policy_id"}
    has |= set(looked.columns.get("customers", ())) if "customer_id" in has else set()
    return {way: columns for way, columns in _WAYS.items() if set(columns) <= has}


def _owned(looked: Looked) -> str:
    """SQL of the terms with what their policy, and its customer, say."""
    names = [name for name in ("customer_id", "line", "object_id") if looked.has("policies", name)]
    shown = "".join(f", p.{name}" for name in names)
    joined = ""
    if names and looked.has("policies", "policy_id"):
        values = "".join(f", any_value({name}) AS {name}" for name in names)
        joined = (f" LEFT JOIN (SELECT policy_id{values} FROM typed_policies GROUP BY policy_id) AS p"
                  " ON t.policy_id = p.policy_id")  # fmt: skip
        if "customer_id" in names and looked.has("customers", "customer_id", "household_id"):
            joined += (" LEFT JOIN (SELECT customer_id, any_value(household_id) AS household_id FROM typed_customers"
                       " GROUP BY customer_id) AS h ON p.customer_id = h.customer_id")  # fmt: skip
            shown += ", h.household_id"
    return (f"SELECT t.policy_id, t.start_date, t.end_date{shown if joined else ''} FROM typed_terms AS t{joined}"
            " WHERE t.start_date IS NOT NULL AND t.end_date IS NOT NULL")  # fmt: skip


def _ends(looked: Looked) -> dict[str, Any]:
    """How renewals touch, by the policy or the object and, where neither ties any, how terms run."""
    tied = [columns for way, columns in _ways(looked).items() if way in ("policy", "object", "line")]
    answer: dict[str, Any] = {}
    for columns in tied:
        key = ", ".join(columns)
        filled = " AND ".join(f"{name} IS NOT NULL" for name in columns)
        row = _one(looked, f"""SELECT count(*) AS n, avg((gap = 1)::INT) AS next_day, avg((gap = 0)::INT) AS same_day
          FROM (SELECT date_diff('day', end_date,
                  lead(start_date) OVER (PARTITION BY {key} ORDER BY start_date, end_date)) AS gap
                FROM typed_owned WHERE {filled}) AS g WHERE gap BETWEEN -1 AND 31""")  # fmt: skip
        answer = {"renewals": row["n"], "next_day": row["next_day"] or 0.0, "same_day": row["same_day"] or 0.0}
        if row["n"] >= 20:
            break
    row = _one(looked, """SELECT
      avg((month(after) = month(start_date) AND day(after) = day(start_date))::INT) AS before,
      avg((month(end_date) = month(start_date) AND day(end_date) = day(start_date))::INT) AS exact
      FROM (SELECT *, end_date + INTERVAL 1 DAY AS after FROM typed_owned) AS a""")  # fmt: skip
    answer |= {"day_before": row["before"] or 0.0, "on_the_day": row["exact"] or 0.0}
    touching = answer.get("renewals", 0) >= 20
    first, second = ("next_day", "same_day") if touching else ("day_before", "on_the_day")
    inclusive = answer[first] > 0.5 and answer[first] > 3 * answer[second]
    return {**answer, "end_date_is": "last_covered_day" if inclusive else "exclusive"}


def _ties(looked: Looked) -> dict[str, Any]:
    """Shares of the ended terms that have a successor, by each way alone."""
    shares: dict[str, float] = {}
    ended = 0
    for way, columns in _ways(looked).items():
        key = ", ".join(columns)
        filled = " AND ".join(f"{name} IS NOT NULL" for name in columns)
        row = _one(looked, f"""WITH o AS (SELECT * FROM typed_owned), last AS (SELECT max(start_date) AS day FROM o),
          n AS (SELECT *, lead(start_date) OVER (PARTITION BY {key} ORDER BY start_date, end_date) AS next FROM o
                WHERE {filled})
          SELECT (SELECT count(*) FROM o, last WHERE end_date < day - INTERVAL 30 DAY) AS ended,
            (SELECT count(*) FROM n, last WHERE end_date < day - INTERVAL 30 DAY AND next > start_date
              AND next BETWEEN end_date - INTERVAL 60 DAY AND end_date + INTERVAL 31 DAY) AS tied""")  # fmt: skip
        ended = row["ended"]
        shares[way] = row["tied"] / ended if ended else 0.0
    if looked.has("policies", "policy_id", "previous_policy_id"):
        shares["previous"] = _named(looked)
    known = max(shares.get("policy", 0.0), shares.get("previous", 0.0))
    match = []
    if known < _RARE and ended >= 20:
        match = [way for way in ("object", "line", "household") if shares.get(way, 0.0) > known + _CLEAR][:1]
    return {"ties": tuple(shares.items()), "match": tuple(match), "ended": ended}


def _named(looked: Looked) -> float:
    """Share of policies that name a previous one which is there."""
    row = _one(
        looked,
        """SELECT avg((q.policy_id IS NOT NULL)::INT) AS share FROM typed_policies AS p
      LEFT JOIN (SELECT DISTINCT policy_id FROM typed_policies) AS q ON p.previous_policy_id = q.policy_id""",
    )
    return float(row["share"] or 0.0)


def _latest(looked: Looked) -> dict[str, Any]:
    """The latest moment that something was recorded (or happened, where that is all there is), and where."""
    firm: list[tuple[datetime, str]] = []
    far: list[datetime] = []
    for table, columns in sorted(looked.columns.items()):
        for name in columns:
            column = TABLES[table].column(name)
            if column is None or column.type not in ("date", "ts") or name in _NOT_YET:
                continue
            query = f"SELECT {name} AS at FROM typed_{table} WHERE {name} IS NOT NULL ORDER BY 1 DESC LIMIT {_SEVERAL}"
            moments = [row["at"] for row in looked.rows(query)]
            outlier = len(moments) == _SEVERAL and (moments[0] - moments[-1]).days > _OUTLIER_DAYS
            firm += [(moments[-1] if outlier else moments[0], f"{table}.{name}")] if moments else []
            far += moments[:1]
    if not firm:
        return {}
    latest, where = max(firm)
    beyond = max(far)
    return {"latest": latest, "where": where, "beyond": beyond if (beyond - latest).days > _OUTLIER_DAYS else None}


def _scores(looked: Looked) -> tuple[tuple[str, float, float], ...]:
    """Instruments whose scores leave the contract's scale, with their range."""
    if not looked.has("surveys", "instrument", "score") or looked.has("surveys", "scale_max"):
        return ()
    rows = looked.rows("SELECT instrument, min(score) AS low, max(score) AS high FROM typed_surveys"
                       " WHERE score IS NOT NULL GROUP BY 1 ORDER BY 1")  # fmt: skip
    ranges = [(str(row["instrument"]), float(row["low"]), float(row["high"])) for row in rows]
    return tuple(
        (name, low, high)
        for name, low, high in ranges
        if name in SCALES and not SCALES[name][0] <= low <= high <= SCALES[name][1]
    )


def _one(looked: Looked, query: str) -> dict[str, Any]:
    return looked.rows(query)[0]
