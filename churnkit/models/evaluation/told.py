"""What a backtest says: its folds in a table, and all of it in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from churnkit.models.evaluation.baselines import NAMES, TITLES
from churnkit.models.evaluation.exits import exits_sentence
from churnkit.models.evaluation.metrics import Evaluation

if TYPE_CHECKING:
    from churnkit.models.evaluation.backtest import Fold

_MEASURED = ("log_loss", "calibration_slope", "auc", "observed_expected")


def by_fold(folds: tuple[Fold, ...]) -> pd.DataFrame:
    """Return a row per fold: when, how many, how good beside the baselines, and the base rate then and now."""
    rows = []
    for fold in folds:
        done = fold.evaluation
        row: dict[str, Any] = {
            "fold": fold.number, "train_to": fold.train_to, "test_from": fold.test_from, "test_to": fold.test_to,
            "train_n": fold.train_rows, "n": len(fold.predicted.y),
        }  # fmt: skip
        for name in _MEASURED:
            figure = done.metrics[name]
            row |= {name: figure["estimate"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]}
        row |= {f"log_loss_{name}": done.baselines[name]["log_loss"]["estimate"] for name in NAMES}
        if "attainable_gain" in done.metrics:
            row["attainable_gain"] = done.metrics["attainable_gain"]["estimate"]
        if done.drift is not None:
            row |= {"rate_in_training": done.drift.training.rate, "rate": done.drift.later.rate,
                    "rate_low": done.drift.later.bounds[0], "rate_high": done.drift.later.bounds[1],
                    "drifted": done.drift.moved}  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows).set_index("fold")


def sentences(
    folds: tuple[Fold, ...], pooled: Evaluation, judged_on: Evaluation, exits: pd.DataFrame, *, target: str
) -> str:
    """Return one sentence per line: what was tested when, what became of the rows, how good, and the mark."""
    first, last = folds[0], folds[-1]
    count = f"{len(folds)} folds" if len(folds) > 1 else "1 fold"
    lines = [
        f"Backtest of {count} from {first.test_from:%Y-%m-%d} to {last.test_to:%Y-%m-%d}: each was trained "
        "on labels that were ripe on its first day, and every row is predicted once, by its own fold's model.",
        exits_sentence(exits, target=target),
        pooled.text,
        _folds_won(folds),
    ]
    if judged_on.drift is not None and not judged_on.drift.moved:
        lines.append(judged_on.drift.text)
    if judged_on is not pooled:
        lines.append(f"In the last ripe year: {judged_on.mark.text}")
    elif not judged_on.mark.for_money:
        lines.append(judged_on.mark.text)
    return "\n".join(lines)


def _folds_won(folds: tuple[Fold, ...]) -> str:
    """Say in how many folds the trees had the lower log loss than the logistic regression."""
    won = sum(
        fold.evaluation.metrics["log_loss"]["estimate"] < fold.evaluation.baselines["logistic"]["log_loss"]["estimate"]
        for fold in folds
    )
    return f"LightGBM has the lower log loss than the {TITLES['logistic']} in {won} of {len(folds)} folds."
