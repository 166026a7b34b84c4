"""Holds a peer's result against ours, value by value: counts and words exactly, other numbers to 1e-9."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

EXACT = ("count", "open")
TOLERANCE = 1e-9
_PLACES = ("X.", "keys.", "")
_LATE = """
SELECT DISTINCT customer_id, cutoff FROM (SELECT unnest({cutoffs})::TIMESTAMP AS cutoff) AS s
JOIN (SELECT customer_id, started_at AS began, recorded_at FROM '{data}/interactions.parquet'
      UNION ALL SELECT customer_id, sent_at, recorded_at FROM '{data}/surveys.parquet') AS e
ON (began < cutoff AND cutoff <= recorded_at) OR began = cutoff"""


def differences(ours: Path, theirs: Path, features: list[dict[str, Any]], *, task: dict[str, Any],
                prompt: bool = False) -> dict[str, Any]:  # fmt: skip
    """Compare two results.

    With `prompt` only the observations that no row reached late and none at the very cutoff: where definitions agree.

    Returns
    -------
    dict
        rows and their_rows; cells compared; cells that differ (-1: other observations), and by feature where any does.
    """
    left, right = (_Result(path) for path in (ours, theirs))
    found: dict[str, Any] = {"rows": len(left.keys), "their_rows": len(right.keys), "cells": 0, "differ": -1}
    if not left.keys.equals(right.keys):
        return found
    shared = [each for each in features if right.has(each["name"])]
    kept = _prompt(left.keys, task) if prompt else np.ones(len(left.keys), dtype=bool)
    wrong = {each["name"]: _wrong(left.column(each["name"]), right.column(each["name"]), each, kept) for each in shared}
    differ = {name: count for name, count in wrong.items() if count}
    return found | {"cells": int(kept.sum()) * len(shared), "differ": sum(differ.values()), "features": differ}


class _Result:
    """A result in Parquet, in the order of customer and cutoff."""

    def __init__(self, path: Path) -> None:
        self._files = ds.dataset(sorted(path.glob("*.parquet")) if path.is_dir() else path, format="parquet")
        customer, cutoff = (self._read(name) for name in ("customer_id", "cutoff"))
        keys = pa.table({"customer_id": customer.cast(pa.string()), "cutoff": cutoff.cast(pa.timestamp("us"))})
        self._order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names])
        self.keys = keys.take(self._order).combine_chunks()

    def _place(self, name: str) -> str | None:
        return next((place + name for place in _PLACES if place + name in self._files.schema.names), None)

    def has(self, name: str) -> bool:
        """Whether there is such a feature."""
        return self._place(name) is not None

    def _read(self, name: str) -> Any:
        place = self._place(name)
        found = self._files.to_table(columns=[place])[place].combine_chunks()
        return found.cast(found.type.value_type) if pa.types.is_dictionary(found.type) else found

    def column(self, name: str) -> Any:
        """A feature, in order."""
        return self._read(name).take(self._order)


def _prompt(keys: pa.Table, task: dict[str, Any]) -> Any:
    """Observations whose rows were all recorded before the cutoff, or lie after it."""
    late = duckdb.sql(_LATE.format(cutoffs=task["cutoffs"], data=task["data"])).to_arrow_table()
    words = []
    for each in (keys, late):
        moment = each["cutoff"].cast(pa.timestamp("us")).cast(pa.int64()).cast(pa.string())
        words.append(pc.binary_join_element_wise(each["customer_id"].cast(pa.string()), moment, " "))
    return ~np.asarray(pc.is_in(words[0], value_set=words[1]))


def _wrong(ours: Any, theirs: Any, spec: dict[str, Any], kept: Any) -> int:
    """Number of cells that differ; null and NaN are one."""
    if not pa.types.is_floating(ours.type):
        left, right = (pc.fill_null(each.cast(pa.string()), "") for each in (ours, theirs))
        return int((np.asarray(pc.not_equal(left, right)) & kept).sum())
    a, b = (each.cast(pa.float64()).to_numpy(zero_copy_only=False) for each in (ours, theirs))
    close = TOLERANCE * np.maximum(1.0, np.abs(b)) if spec["aggregate"] not in EXACT else 0.0
    same = (np.abs(a - b) <= close) | (np.isnan(a) & np.isnan(b))
    return int((~same & kept).sum())
