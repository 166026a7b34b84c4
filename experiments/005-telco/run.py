"""Does the leak finder find a satisfaction score asked after the fact? ``run.py [DATA] [--output FOLDER]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from book import SATISFACTION, extras_of, read_customers, write_book
from crossfold import as_panel, five_folds, spread_of_folds
from record import arguments, churnkit, promise, write_result

import churnkit as ck

QUESTION = "Does the leak finder find the satisfaction score by itself, and what does a model reach without it?"
FLOOR = 0.909  # untuned LightGBM in five folds without the score
SPREAD = "least … most of five folds; gender: 95 % interval"
METRICS = ("auc", "log_loss", "brier", "calibration_slope", "observed_expected", "lift")


def leaks_of(folder: Path) -> tuple[dict[str, float], str, str]:
    """Check the book and look for leaks on the command line; return figures, the strongest leak and its finding."""
    _, checked = churnkit("check", folder)
    figures: dict[str, float] = {"check_errors": sum(one["severity"] == "error" for one in checked["findings"])}
    _, answer = churnkit("leaks", folder, "--target", "churn")
    leaks = pd.DataFrame(answer["leaks"]).sort_values("left_later", ascending=False, kind="stable")
    for row in leaks[leaks["left_later"] > 0.7].itertuples():
        figures |= {f"left_later_{row.feature}": row.left_later,
                    f"left_later_{row.feature}_at_least": row.left_later_low}  # fmt: skip
    figures |= {"features": answer["features"], "leaks": len(leaks)}
    strongest = str(leaks["feature"].iloc[0])
    said = next(found for found in answer["findings"] if f" {strongest} " in found)
    return figures, strongest, said.split(" — ")[0]


def in_five_folds(X: pd.DataFrame, y: pd.Series[float]) -> list[ck.Evaluation]:
    """Evaluate each fold with a model of the others, settings as they come."""
    done = []
    for train, test in five_folds(X, y):
        model = ck.ChurnModel(random_state=0).fit(X.iloc[train], y.iloc[train])
        done.append(ck.evaluate(model, as_panel(X.iloc[test], y.iloc[test], target="churn"), n_boot=20))
    return done


def main() -> None:
    """Run the experiment and write its result."""
    asked = arguments(HERE)
    frame = read_customers(asked.data)
    y = frame["churn_value"].astype(float)
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, float] = dict(write_book(frame, Path(folder) / "book"))
        found, strongest, said = leaks_of(Path(folder) / "book")
    X = frame[list(extras_of(frame))].assign(age=frame["age"])
    clean = X.drop(columns=SATISFACTION)
    figures |= found | {"columns_without_it": clean.shape[1]}
    figures |= spread_of_folds(in_five_folds(clean, y), METRICS)
    figures |= spread_of_folds(in_five_folds(X, y), METRICS, before="with_the_leak_")
    audit = frame[["gender"]].set_axis(as_panel(clean, y, target="churn").X.index)
    told = ck.proxy(as_panel(clean, y, target="churn"), audit).table.iloc[0]
    figures |= {"gender_told": told["auc"], "gender_told_low": told["low"], "gender_told_high": told["high"]}
    kept = promises(figures, strongest, said)
    written = write_result(HERE, asked.output, question=QUESTION, figures=figures, promises=kept, spread=SPREAD)
    print(f"written: {written}")


def promises(figures: dict[str, float], strongest: str, said: str) -> list[dict[str, Any]]:
    """Hold the figures against what was asked."""
    auc, leaked, errors = figures["auc"], figures["with_the_leak_auc"], figures["check_errors"]
    return [
        promise("the strongest leak that churnkit leaks names", SATISFACTION, said, met=strongest == SATISFACTION),
        promise("AUC in five folds without the score", f">= {FLOOR}", round(auc, 4), met=auc >= FLOOR),
        promise("AUC in five folds with the score, the leak", "> 0.98", round(leaked, 4), met=leaked > 0.98),
        promise("the check finds no errors in the book", "0", errors, met=errors == 0),
    ]


if __name__ == "__main__":
    main()
