"""What experiments on tables without time share: five folds of rows, each evaluated by a model of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

import churnkit as ck

FOLDS = 5


def as_panel(X: pd.DataFrame, y: pd.Series[float], *, target: Literal["renewal", "churn"]) -> ck.Panel:
    """Dress rows as a panel: every row a customer, all on one made-up day."""
    keys = pd.DataFrame({"customer_id": X.index.astype(str), "line": "other", "lead_days": np.nan, "cause": ""})
    keys["cutoff"] = pd.Timestamp("2020-01-01")
    return ck.Panel(X=X.reset_index(drop=True), y=y.reset_index(drop=True), keys=keys, target=target)


def five_folds(X: pd.DataFrame, y: pd.Series[float], *, seed: int = 0) -> Iterator[tuple[Any, Any]]:
    """Yield (train, test) positions, as many of either outcome in each fold."""
    yield from StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(X, y)


def spread_of_folds(done: list[ck.Evaluation], names: tuple[str, ...], *, before: str = "") -> dict[str, float]:
    """Mean of the folds' metrics, each with the least and the most of the folds as _low and _high."""
    figures = {}
    for name in names:
        values = [one.metrics[name]["estimate"] for one in done]
        figures |= {f"{before}{name}": float(np.mean(values)), f"{before}{name}_low": min(values),
                    f"{before}{name}_high": max(values)}  # fmt: skip
    return figures
