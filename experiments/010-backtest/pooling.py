"""From the books' backtests to figures by world, fold and lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Figure = Mapping[str, float]
Answer = Mapping[str, Any]
METRICS = ("attainable_gain", "calibration_slope", "observed_expected", "auc", "log_loss")
BY_LEAD = ("calibration_slope", "observed_expected", "auc")


def mean_of(figures: Sequence[Figure]) -> dict[str, float]:
    """The mean of independent figures, with the interval that follows from theirs."""
    n = len(figures)
    estimate = sum(one["estimate"] for one in figures) / n
    half = sum(((one["high"] - one["low"]) / 2) ** 2 for one in figures) ** 0.5 / n
    return {"estimate": estimate, "low": estimate - half, "high": estimate + half}


def named(before: str, name: str, figure: Figure) -> dict[str, float]:
    """A figure and its interval, under a name."""
    key = f"{before}_{name}"
    return {key: figure["estimate"], f"{key}_low": figure["low"], f"{key}_high": figure["high"]}


def cell(row: Mapping[str, float], name: str) -> dict[str, float]:
    """A figure of a table, whose ends stand in columns beside it."""
    return {"estimate": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]}


def of_world(world: str, books: Sequence[Answer]) -> dict[str, float]:
    """A world's figures: all rows, by fold and by lead, each the mean over its books."""
    before = f"world_{world}"
    found: dict[str, float] = {f"{before}_rows": sum(book["rows"] for book in books)}
    for name in METRICS:
        found |= named(before, name, mean_of([book["metrics"][name] for book in books]))
    found[f"{before}_least_gain"] = min(book["metrics"]["attainable_gain"]["estimate"] for book in books)
    found[f"{before}_for_money"] = sum(book["mark"]["for_money"] for book in books)
    found[f"{before}_other_exits"] = sum(
        row["other_exits"] for book in books for row in book["exits"] if row["by"] == "all"
    )
    for table, key in (("by_fold", "fold"), ("by_lead", "lead_days")):
        for value in sorted({row[key] for book in books for row in book[table]}):
            rows = [row for book in books for row in book[table] if row[key] == value]
            place = f"{before}_{key.removesuffix('_days')}_{value:g}"
            for name in BY_LEAD:
                found |= named(place, name, mean_of([cell(row, name) for row in rows]))
            if table == "by_fold":
                found[f"{place}_gain"] = sum(row["attainable_gain"] for row in rows) / len(rows)
    return found


def of_book(before: str, answer: Answer) -> dict[str, float]:
    """Figures of a book whose truth nobody knows: all rows and the folds."""
    found: dict[str, float] = {f"{before}_rows": answer["rows"]}
    for name in METRICS[1:]:
        found |= named(before, name, answer["metrics"][name])
        found[f"{before}_logistic_{name}"] = answer["baselines"]["logistic"][name]["estimate"]
    found[f"{before}_base_rate_log_loss"] = answer["baselines"]["base_rate"]["log_loss"]["estimate"]
    for row in answer["by_fold"]:
        place = f"{before}_fold_{row['fold']:g}"
        found |= {f"{place}_rate_in_training": row["rate_in_training"], f"{place}_other_exits": int(row["other_exits"])}
        found |= named(place, "rate", cell(row, "rate"))
        for name in ("auc", "observed_expected"):
            found |= named(place, name, cell(row, name))
    return found
