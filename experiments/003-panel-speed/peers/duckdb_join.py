"""DuckDB: observations joined with every earlier row of their customer, one FILTER per feature, in one query."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

PACKAGES = ("duckdb",)
_HELD = """
begun AS (
  SELECT p.customer_id, s.cutoff, t.policy_id, p.line, p.inception_date, t.premium, t.sum_insured, t.end_date,
    s.cutoff < CASE WHEN t.ended_recorded_at < s.cutoff THEN least(t.end_date, t.ended_date) ELSE t.end_date END AS held
  FROM snapshots AS s
  JOIN terms AS t ON t.start_date <= s.cutoff AND t.issued_at < s.cutoff AND t.recorded_at < s.cutoff
  JOIN policies AS p USING (policy_id)),
observed AS (
  SELECT customer_id, cutoff, date_diff('day', min(inception_date), cutoff)::DOUBLE AS customer_tenure_days,
    count(DISTINCT policy_id) FILTER (WHERE held) AS policies_held,
    count(DISTINCT line) FILTER (WHERE held) AS lines_held, sum(premium) FILTER (WHERE held) AS premium_held,
    sum(sum_insured) FILTER (WHERE held) AS sum_insured_held,
    date_diff('day', cutoff, min(end_date) FILTER (WHERE held))::DOUBLE AS days_to_next_end,
    month(cutoff) AS cutoff_month
  FROM begun GROUP BY customer_id, cutoff HAVING bool_or(held))"""


def prepare(task: dict[str, Any]) -> str:
    """Write the query."""
    moments = ", ".join(f"(TIMESTAMP '{each}')" for each in task["cutoffs"])
    tables = {name: f"read_parquet('{task['data']}/{name}.parquet')"
              for name in ("customers", "policies", "terms", "interactions", "surveys")}  # fmt: skip
    rating = "CASE direction WHEN 'high_bad' THEN -1 ELSE 1 END * 100.0 * (score - CASE direction WHEN 'high_bad'"
    rating += " THEN scale_max ELSE scale_min END) / (scale_max - scale_min)"
    parts = [f"snapshots(cutoff) AS (VALUES {moments})", *(f"{name} AS (FROM {path})" for name, path in tables.items()),
             _HELD, _joined("interactions", "started_at", "interactions", task),
             _joined("surveys", "sent_at", f"(SELECT *, {rating} AS rating FROM surveys)", task)]  # fmt: skip
    listed = ", ".join(_shown(each) for each in task["features"])
    joins = " ".join(f"LEFT JOIN of_{name} USING (customer_id, cutoff)" for name in ("interactions", "surveys"))
    return (f"WITH {', '.join(parts)} SELECT customer_id, cutoff, {listed} FROM observed {joins}"
            " JOIN customers USING (customer_id)")  # fmt: skip


def _joined(table: str, clock: str, rows: str, task: dict[str, Any]) -> str:
    """The range join of one table, and the aggregates of its features."""
    own = [f"{_aggregate(each)} AS {each['name']}" for each in task["features"] if each["table"] == table]
    return (f"of_{table} AS (SELECT o.customer_id, o.cutoff, {', '.join(own)} FROM observed AS o JOIN {rows} AS e"
            f" ON e.customer_id = o.customer_id AND e.{clock} < o.cutoff AND e.recorded_at < o.cutoff"
            " GROUP BY o.customer_id, o.cutoff)")  # fmt: skip


def _aggregate(spec: dict[str, Any]) -> str:
    clock, column = f"e.{spec['clock']}", f"e.{spec['column']}"
    inside = [_compared(each) for each in spec["where"]]
    if spec["clock"] == "answered_at":
        inside.append(f"{clock} < o.cutoff")
    if spec["days"]:
        inside.append(f"{clock} >= o.cutoff - INTERVAL {spec['days']} DAY")
    if spec["aggregate"] == "open":
        inside.append(f"(e.{spec['end_clock']} IS NULL OR e.{spec['end_clock']} >= o.cutoff)")
    if spec["aggregate"] == "last":
        inside.append(f"{column} IS NOT NULL")
    what = {
        "count": "count(*)", "open": "count(*)", "last": f"arg_max({column}, {clock})", "days_since": f"max({clock})",
        "share": f"avg(({' AND '.join(_compared(each) for each in spec['of'])})::INT)", "mean": f"avg({column})",
    }.get(spec["aggregate"], f"{spec['aggregate']}({column})")  # fmt: skip
    found = f"{what} FILTER (WHERE {' AND '.join(inside)})" if inside else what
    return f"date_diff('us', {found}, o.cutoff) / 86400e6" if spec["aggregate"] == "days_since" else found


def _compared(condition: list[Any]) -> str:
    column, sign, value = condition
    return f"e.{column} {sign} " + (f"'{value}'" if isinstance(value, str) else str(value))


def _shown(spec: dict[str, Any]) -> str:
    name = spec["name"]
    if name == "age":
        return "year(cutoff) - birth_year AS age"
    return f"coalesce({name}, 0) AS {name}" if spec["aggregate"] in ("count", "sum", "open") else name


def run(task: dict[str, Any], query: str) -> Any:
    """Ask, into memory as Arrow or into a Parquet file."""
    connection = duckdb.connect(":memory:", config={"threads": 2, **_limit(task)})
    if task["end"] == "parquet":
        connection.execute(f"COPY ({query}) TO '{task['result']}' (FORMAT parquet)")
        return pq.read_metadata(task["result"])
    return connection.sql(query).to_arrow_table()


def _limit(task: dict[str, Any]) -> dict[str, Any]:
    return {"memory_limit": task["memory"]} if task["memory"] else {}


def shape(found: Any) -> tuple[int, int]:
    """Observations and features."""
    return found.num_rows, found.num_columns - 2


def save(found: Any, path: Path) -> None:
    """Write what was found for the comparison."""
    pq.write_table(found, path)
