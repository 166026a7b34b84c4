"""The floor: nobody can build a panel from these files without reading, sorting and writing about as much as this.

Reads the columns that the features read, sorts every event table by customer and clock, and touches, or writes, a
result of the same size and content. It computes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PACKAGES = ("numpy", "pyarrow")
_READ = {
    "interactions": ["customer_id", "started_at", "recorded_at", "resolved_at", "channel", "topic", "initiator",
                     "wait_seconds", "handle_seconds", "transfers", "sentiment"],
    "surveys": ["customer_id", "sent_at", "answered_at", "recorded_at", "instrument", "score", "scale_min",
                "scale_max", "direction"],
    "terms": ["policy_id", "start_date", "end_date", "issued_at", "recorded_at", "ended_date", "ended_recorded_at",
              "premium", "sum_insured"],
}  # fmt: skip
"""Owner first, then the clock."""
_WORDS = ("channel", "topic", "initiator", "instrument", "direction")


def prepare(task: dict[str, Any]) -> list[tuple[pa.Table, dict[str, Any]]]:
    """Read our result, with how it was written, so that the same can be written again."""
    if task["end"] != "parquet":
        return []
    return [(pq.read_table(path), _manner(path)) for path in sorted(Path(task["observations"]).glob("*.parquet"))]


def _manner(path: Path) -> dict[str, Any]:
    """Compression, dictionaries and statistics of a Parquet file."""
    group = pq.read_metadata(path).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    words = [each.path_in_schema for each in columns if any("DICTIONARY" in name for name in each.encodings)]
    return {"compression": columns[0].compression, "use_dictionary": words or False,
            "write_statistics": columns[0].is_stats_set}  # fmt: skip


def run(task: dict[str, Any], result: list[tuple[pa.Table, dict[str, Any]]]) -> tuple[int, int]:
    """Scan, sort, and write or touch."""
    for name, columns in _READ.items():
        _sorted(Path(task["data"]) / f"{name}.parquet", columns)
    target = Path(task["result"])
    if task["end"] == "parquet":
        target.mkdir(parents=True)
    for number, (table, manner) in enumerate(result):
        pq.write_table(table, target / f"{number}.parquet", **manner)
    size = task["rows"], len(task["features"])
    if task["end"] != "parquet":
        np.empty(size).fill(1.0)
    return size


def _sorted(path: Path, columns: list[str]) -> list[Any]:
    """The columns in the order of owner and clock; words and owners as whole numbers."""
    owner, clock = columns[:2]
    words = [name for name in columns if name in _WORDS]
    found = pq.read_table(path, columns=columns, read_dictionary=[owner, *words]).unify_dictionaries()
    at = _plain(found[clock].cast(pa.timestamp("s")).cast(pa.int64()).chunks)
    code = _plain([each.indices for each in found[owner].chunks]).astype(np.int64)
    order = np.argsort(code << 34 | at)
    plain = [[each.indices for each in found[name].chunks] if name in words else found[name].chunks
             for name in columns[1:]]  # fmt: skip
    return [_plain(chunks)[order] for chunks in plain]


def _plain(chunks: list[Any]) -> Any:
    filled = [each.fill_null(0) if each.null_count else each for each in chunks]
    return np.concatenate([each.to_numpy(zero_copy_only=False) for each in filled])


def shape(found: tuple[int, int]) -> tuple[int, int]:
    """Observations and features."""
    return found


def save(found: tuple[int, int], path: Path) -> None:
    """There is nothing to compare."""
