"""From measurements to figures, promises and the table of ratios."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from record import promise

Runs = list[dict[str, Any]]
STORED = "ours_parquet"
# what | stage | ours | theirs | of what | how many times at least
RATIOS = (
    ("CPU of the DuckDB join over ours, in memory", "reference", "ours", "duckdb_join", "cpu", 10.0),
    ("CPU of the DuckDB join over ours, into Parquet", "reference", STORED, "duckdb_join_parquet", "cpu", 10.0),
    ("memory of the DuckDB join over ours, into Parquet", "reference", STORED, "duckdb_join_parquet", "peak", 3.0),
    ("CPU of pandas by hand over ours, in memory", "reference", "ours", "pandas_by_hand", "cpu", 12.0),
    ("CPU of timeseriesflattener over ours, its 14 features", "reference", "ours_14", "flattener_14", "cpu", 10.0),
    ("CPU of featuretools, own features, over ours, a tenth", "tenth", "ours", "featuretools_own", "cpu", 100.0),
)
FLOORS = (("in memory", "ours", "floor"), ("into Parquet", STORED, "floor_parquet"))
ALIKE = ("duckdb_join", "pandas_by_hand", "polars_join")
TITLES = {
    "ours": "**churnkit**", "duckdb_join": "DuckDB, range join and FILTER", "pandas_by_hand": "pandas by hand",
    "polars_join": "polars, join and group_by", "floor": "floor: scan, sort, write",
    "flattener": "timeseriesflattener", "featuretools_own": "featuretools, own features",
}  # fmt: skip


class Measured:
    """Measurements by stage and entry, failures apart."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self.failed = {(each["stage"], each["entry"]): each["error"] for each in runs if "error" in each}

    def of(self, stage: str, entry: str, *, size: str = "") -> Runs:
        """The runs of one entry, in the order of rounds."""
        found = [each for each in self.runs if (each["stage"], each["entry"]) == (stage, entry) and "error" not in each]
        return sorted((each for each in found if size in ("", each["size"])), key=lambda each: each["round"])

    def middle(self, stage: str, entry: str, what: str = "cpu", *, size: str = "") -> float | None:
        """The median over the rounds, None where there is none."""
        found = [each[what] for each in self.of(stage, entry, size=size)]
        return median(found) if found else None

    def ratios(self, stage: str, ours: str, theirs: str, what: str = "cpu") -> list[float]:
        """Theirs over ours, round by round, lowest first."""
        mine = {each["round"]: each[what] for each in self.of(stage, ours)}
        return sorted(each[what] / mine[each["round"]] for each in self.of(stage, theirs) if each["round"] in mine)

    def entries(self, stage: str) -> list[str]:
        """The entries of a stage, in their order."""
        return list(dict.fromkeys(each["entry"] for each in self.runs if each["stage"] == stage))


def figures(measured: Measured) -> dict[str, float]:
    """All figures by name: medians over the rounds, ratios as median with the least and the most of the rounds."""
    found: dict[str, float] = {}
    for stage in ("tenth", "reference", "cutoffs"):
        for entry in measured.entries(stage):
            found |= _taken(measured, stage, entry)
    for _, stage, ours, theirs, what, _ in RATIOS:
        found |= _spread(f"{theirs}_{what}_over_{ours}", measured.ratios(stage, ours, theirs, what))
    for _, ours, floor in FLOORS:
        found |= _spread(f"{ours}_cpu_over_{floor}", measured.ratios("reference", floor, ours))
    for size, name in (("million", "million"), ("reference", "million_fifth")):
        found |= _taken(measured, "million", STORED, name=name, size=size)
    return found | _scaling(measured) | _equality(measured)


def _taken(measured: Measured, stage: str, entry: str, *, name: str = "", size: str = "") -> dict[str, float]:
    runs = measured.of(stage, entry, size=size)
    if not runs:
        return {}
    name = name or f"{stage}_{entry}"
    return {f"{name}_cpu_s": median(each["cpu"] for each in runs),
            f"{name}_peak_gb": median(each["peak"] for each in runs) / 1e9,
            f"{name}_rows": runs[0]["rows"], f"{name}_features": runs[0]["columns"]}  # fmt: skip


def _spread(name: str, values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {name: median(values), f"{name}_low": values[0], f"{name}_high": values[-1]}


def _scaling(measured: Measured) -> dict[str, float]:
    """Five times the data over once; monthly cutoffs over what the line through fewer cutoffs says."""
    found: dict[str, float] = {}
    for what in ("cpu", "peak"):
        small, large = (measured.middle("million", STORED, what, size=size) for size in ("reference", "million"))
        if small and large:
            found[f"five_times_{what}"] = large / small
    names = [STORED + more for more in ("_4_cutoffs", "", "_36_cutoffs")]
    taken = [measured.of("cutoffs", name) for name in names]
    if all(taken):
        rows = [each[0]["rows"] for each in taken]
        cpu = [median(run["cpu"] for run in each) for each in taken]
        per_row = (cpu[1] - cpu[0]) / (rows[1] - rows[0])
        found["cutoffs_36_over_line"] = cpu[2] / (cpu[1] + per_row * (rows[2] - rows[1]))
        found["cutoffs_cpu_us_per_row_4_to_12"] = 1e6 * per_row
        found["cutoffs_cpu_us_per_row_12_to_36"] = 1e6 * (cpu[2] - cpu[1]) / (rows[2] - rows[1])
    return found


def _equality(measured: Measured) -> dict[str, float]:
    found: dict[str, float] = {}
    for run in measured.runs:
        if "equality" in run:
            name = f"{run['stage']}_{run['entry']}"
            found |= {f"{name}_cells": run["equality"]["cells"], f"{name}_cells_differ": run["equality"]["differ"]}
    return found


def promises(measured: Measured, found: dict[str, float]) -> list[dict[str, Any]]:
    """Hold the figures against what was asked; what failed says how."""
    kept = []
    for what, stage, ours, theirs, kind, least in RATIOS:
        name = f"{theirs}_{kind}_over_{ours}"
        if name in found:
            kept.append(promise(what, f"≥ {least:g}", times(found[name]), met=found[name] >= least))
        elif (stage, theirs) in measured.failed:
            kept.append(promise(what, f"≥ {least:g}", f"it {measured.failed[stage, theirs]}", met=False))
    for where, ours, floor in FLOORS:
        name = f"{ours}_cpu_over_{floor}"
        if name in found:
            kept.append(promise(f"CPU over the floor, {where}", "≤ 3", times(found[name]), met=found[name] <= 3))
    return kept + _scaling_promises(found) + _equal_promises(found)


def _scaling_promises(found: dict[str, float]) -> list[dict[str, Any]]:
    asked = (
        ("five_times_cpu", "CPU for five times the data", "≤ 5.5", 5.5, times),
        ("five_times_peak", "memory for five times the data, both at memory=1GB", "≤ 1.1", 1.1, times),
        ("million_fifth_peak_gb", "peak at memory=1GB, reference task", "< 1 GB", 1.0, gigabytes),
        ("million_peak_gb", "peak at memory=1GB, five times that", "< 1 GB", 1.0, gigabytes),
        ("million_peak_gb", "1 million customers, 20 million interactions complete", "< 1.5 GB", 1.5, gigabytes),
        ("cutoffs_36_over_line", "CPU at 36 cutoffs over the line through 4 and 12", "≤ 1.1", 1.1, times),
    )
    return [promise(what, target, shown(found[name]), met=found[name] <= most)
            for name, what, target, most, shown in asked if name in found]  # fmt: skip


def _equal_promises(found: dict[str, float]) -> list[dict[str, Any]]:
    kept = []
    for stage in ("small", "reference"):
        names = [f"{stage}_{peer}_cells_differ" for peer in (*ALIKE, STORED)]
        there = [name for name in names if name in found]
        if there:
            cells = sum(found[name.removesuffix("_differ")] for name in there)
            differ = sum(abs(found[name]) for name in there)
            kept.append(promise(f"cells that differ from ours, {stage}, {len(there)} results", "0",
                                f"{differ:,} of {cells:,}", met=differ == 0))  # fmt: skip
    return kept


def times(value: float) -> str:
    """A ratio as it is shown."""
    return f"{value:.1f}x" if value >= 2 else f"{value:.2f}x"


def gigabytes(value: float) -> str:
    """Memory as it is shown."""
    return f"{value:.2f} GB"


def table(measured: Measured, stages: Iterable[str] = ("reference", "tenth")) -> str:
    """The table of ratios as Markdown: everybody's CPU, peak memory and ratio to ours of the same end and features."""
    lines = ["| who | ends in | features | rows | CPU s | CPU over ours | peak GB | peak over ours |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for stage in stages:
        for entry in measured.entries(stage):
            lines.append(_line(measured, stage, entry))
    return "\n".join(["", *lines, ""])


def _line(measured: Measured, stage: str, entry: str) -> str:
    runs = measured.of(stage, entry)
    peer = next(each["peer"] for each in measured.runs if each["entry"] == entry)
    end = "Parquet" if "parquet" in entry else "memory"
    title = TITLES[peer]
    if not runs:
        return f"| {title} | {end} | it {measured.failed[stage, entry]} | | | | | |"
    ours = "ours" + entry.removeprefix(peer)
    if not measured.of(stage, ours):
        ours = "ours"
    over = [_range(measured.ratios(stage, ours, entry, what)) for what in ("cpu", "peak")]
    peak = median(each["peak"] for each in runs) / 1e9
    shown = ["", ""] if peer == "floor" else [f"{peak:.2f}", over[1]]
    return (f"| {title} | {end} | {runs[0]['columns']} | {runs[0]['rows']:,} |"
            f" {median(each['cpu'] for each in runs):.1f} | {over[0]} | {' | '.join(shown)} |")  # fmt: skip


def _range(values: list[float]) -> str:
    if not values:
        return ""
    if values[0] == values[-1] == 1:
        return "1"
    return f"**{times(median(values))}** ({times(values[0])} … {times(values[-1])})"


def versions(runs: Runs) -> dict[str, str]:
    """Versions of the libraries by peer, where they are not the project's own."""
    return {f"{name} ({each['peer']})": number for each in runs if each["peer"] not in ("ours", "floor")
            for name, number in each.get("versions", {}).items()}  # fmt: skip
