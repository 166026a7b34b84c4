"""polars: observations joined with every earlier row of their customer, then one group_by, lazily."""

from __future__ import annotations

import functools
import operator
from pathlib import Path
from typing import Any

import polars as pl

PACKAGES = ("polars",)
_KEY = ["customer_id", "cutoff"]
_SIGNS = {"==": operator.eq, ">": operator.gt, "<": operator.lt}


def prepare(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Take the specs."""
    return task["features"]


def run(task: dict[str, Any], features: list[dict[str, Any]]) -> pl.DataFrame | pl.LazyFrame:
    """Scan, join, aggregate, collect."""
    tables = {name: pl.scan_parquet(Path(task["data"]) / f"{name}.parquet")
              for name in ("customers", "policies", "terms", "interactions", "surveys")}  # fmt: skip
    snapshots = pl.LazyFrame({"cutoff": task["cutoffs"]}).with_columns(pl.col("cutoff").str.to_datetime())
    cover = _cover(tables, snapshots).collect()
    rating = 100.0 * (pl.col("score") - pl.col("scale_min")) / (pl.col("scale_max") - pl.col("scale_min"))
    bad = pl.col("direction") == "high_bad"
    surveys = tables["surveys"].with_columns(rating=pl.when(bad).then(100.0 - rating).otherwise(rating))
    found = cover.lazy()
    for rows, clock, table in ((tables["interactions"], "started_at", "interactions"), (surveys, "sent_at", "surveys")):
        own = [_aggregate(each) for each in features if each["table"] == table]
        known = (pl.col(clock) < pl.col("cutoff")) & (pl.col("recorded_at") < pl.col("cutoff"))
        pairs = cover.lazy().select(_KEY).join(rows, on="customer_id").filter(known)
        found = found.join(pairs.group_by(_KEY).agg(own), on=_KEY, how="left")
    found = found.join(tables["customers"], on="customer_id")
    found = found.with_columns(age=pl.col("cutoff").dt.year() - pl.col("birth_year"),
                               cutoff_month=pl.col("cutoff").dt.month())  # fmt: skip
    zero = [each["name"] for each in features if each["aggregate"] in ("count", "sum", "open")]
    listed = found.with_columns(pl.col(zero).fill_null(0)).select(*_KEY, *(each["name"] for each in features))
    if task["end"] == "parquet":
        listed.sink_parquet(task["result"])
        return pl.scan_parquet(task["result"])
    return listed.collect()


def _cover(tables: dict[str, pl.LazyFrame], snapshots: pl.LazyFrame) -> pl.LazyFrame:
    """Observations, with the cover held as visible."""
    cutoff = pl.col("cutoff")
    early = (pl.col("ended_recorded_at") < cutoff).fill_null(False)
    until = pl.when(early).then(pl.min_horizontal("end_date", "ended_date")).otherwise(pl.col("end_date"))
    begun = (pl.col("issued_at") < cutoff) & (pl.col("recorded_at") < cutoff) & (pl.col("start_date") <= cutoff)
    held, each = pl.col("held"), pl.col
    policies = tables["policies"].select("policy_id", "customer_id", "line", "inception_date")
    rows = snapshots.join(tables["terms"], how="cross").filter(begun).join(policies, on="policy_id")
    return rows.with_columns(held=cutoff < until).group_by(_KEY).agg(
        customer_tenure_days=(cutoff.first() - each("inception_date").min()).dt.total_days(),
        policies_held=each("policy_id").filter(held).n_unique(),
        lines_held=each("line").filter(held).n_unique(),
        premium_held=each("premium").filter(held).sum(),
        sum_insured_held=pl.when(each("sum_insured").filter(held).count() > 0)
        .then(each("sum_insured").filter(held).sum()),
        days_to_next_end=(each("end_date").filter(held).min() - cutoff.first()).dt.total_days(),
    ).filter(each("policies_held") > 0)  # fmt: skip


def _aggregate(spec: dict[str, Any]) -> pl.Expr:
    clock, cutoff = pl.col(spec["clock"]), pl.col("cutoff")
    inside = [_compared(each) for each in spec["where"]]
    if spec["clock"] == "answered_at":
        inside.append(clock < cutoff)
    if spec["days"]:
        inside.append(clock >= cutoff - pl.duration(days=spec["days"]))
    if spec["aggregate"] == "open":
        inside.append((pl.col(spec["end_clock"]) >= cutoff).fill_null(True))
    hit = functools.reduce(operator.and_, inside) if inside else pl.lit(True)
    way, column = spec["aggregate"], pl.col(spec["column"] or spec["clock"])
    if way in ("count", "open"):
        found = hit.sum() if inside else pl.len()
    elif way == "share":
        found = functools.reduce(operator.and_, [_compared(each) for each in spec["of"]]).filter(hit).mean()
    elif way == "days_since":
        found = (cutoff.first() - clock.filter(hit).max()).dt.total_microseconds() / 86_400e6
    elif way == "last":
        some = hit & column.is_not_null()
        found = column.filter(some).sort_by(clock.filter(some)).last()
    else:
        found = getattr(column.filter(hit), way)()
    return found.alias(spec["name"])


def _compared(condition: list[Any]) -> pl.Expr:
    column, sign, value = condition
    return _SIGNS[sign](pl.col(column), value).fill_null(False)


def shape(found: Any) -> tuple[int, int]:
    """Observations and features."""
    lazy = found.lazy()
    return lazy.select(pl.len()).collect().item(), len(lazy.collect_schema()) - 2


def save(found: pl.DataFrame, path: Path) -> None:
    """Write what was found for the comparison."""
    found.write_parquet(path)
