"""timeseriesflattener: the features that it can express, one column and one window each, in one go.

It is given the observations. It knows no recording time and closes windows at both ends.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
from timeseriesflattener import (
    Flattener,
    MaxAggregator,
    MeanAggregator,
    MinAggregator,
    PredictionTimeFrame,
    PredictorSpec,
    SumAggregator,
    ValueFrame,
)

PACKAGES = ("timeseriesflattener", "polars", "pandas")
_AGGREGATORS = {"max": MaxAggregator, "mean": MeanAggregator, "min": MinAggregator, "sum": SumAggregator}
_NONE = float("nan")  # None is refused with polars 2


def prepare(task: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Sort the specs by column."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in task["features"]:
        found.setdefault(each["column"], []).append(each)
    return found


def run(task: dict[str, Any], features: dict[str, list[dict[str, Any]]]) -> pl.DataFrame:
    """Read, flatten, and name the columns as everybody does."""
    observed = pl.read_parquet(task["observations"], columns=["customer_id", "cutoff"])
    path = Path(task["data"]) / "interactions.parquet"
    rows = pl.read_parquet(path, columns=["customer_id", "started_at", *features])
    specs = []
    for column, own in features.items():
        values = rows.select("customer_id", "started_at", column).drop_nulls(column)
        specs.append(PredictorSpec(
            value_frame=ValueFrame(values, entity_id_col_name="customer_id", value_timestamp_col_name="started_at"),
            lookbehind_distances=[dt.timedelta(days=days) for days in sorted({each["days"] for each in own})],
            aggregators=[_AGGREGATORS[way]() for way in sorted({each["aggregate"] for each in own})],
            fallback=_NONE,
        ))  # fmt: skip
    frame = PredictionTimeFrame(observed, entity_id_col_name="customer_id", timestamp_col_name="cutoff")
    found = Flattener(predictiontime_frame=frame).aggregate_timeseries(specs=specs).df
    names = {f"pred_{column}_within_0_to_{each['days']}_days_{each['aggregate']}_fallback_{_NONE}": each["name"]
             for column, own in features.items() for each in own}  # fmt: skip
    return found.select("customer_id", "cutoff", *(pl.col(theirs).alias(ours) for theirs, ours in names.items()))


def shape(found: pl.DataFrame) -> tuple[int, int]:
    """Observations and features."""
    return found.height, found.width - 2


def save(found: pl.DataFrame, path: Path) -> None:
    """Write what was found for the comparison."""
    found.write_parquet(path)
