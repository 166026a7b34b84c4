"""churnkit: a book is opened and its panel built, in memory or into Parquet files under a bound of memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import churnkit as ck

PACKAGES = ("duckdb", "numpy", "pandas", "pyarrow")
_LOADED = (ck.build_panel, ck.open_book, ck.Feature)  # imported before the clock runs


def prepare(task: dict[str, Any]) -> list[ck.Feature]:
    """Make features of the specs."""
    return [_feature(each) for each in task["features"]]


def _feature(spec: dict[str, Any]) -> ck.Feature:
    where, of = (tuple(ck.Where(*each) for each in spec[part]) for part in ("where", "of"))
    return ck.Feature(**{**spec, "where": where, "of": of})


def run(task: dict[str, Any], features: list[ck.Feature]) -> Any:
    """Build the panel."""
    book = ck.open_book(task["data"])
    more = {"memory": task["memory"]} if task["memory"] else {}
    if task["end"] == "parquet":
        more["to"] = task["result"]
    return ck.build_panel(book, "churn", snapshots=task["cutoffs"], features=features, keep_unlabelled=True, **more)


def shape(panel: Any) -> tuple[int, int]:
    """Observations and features, without reading what lies in files."""
    return len(panel), len(panel.features)


def save(panel: Any, path: Path) -> None:
    """Write keys and features for the comparison."""
    keys = pa.table({name: pa.array(panel.keys[name]) for name in ("customer_id", "cutoff")})
    columns = [pa.array(panel.X[name], from_pandas=False) for name in panel.X]
    found = pa.table([*keys.columns, *columns], names=[*keys.column_names, *panel.X])
    pq.write_table(found, path)
