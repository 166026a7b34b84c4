"""How well are lapses told on a direct insurer's motor renewal quotes? ``run.py [DATA] [--output FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from crossfold import as_panel, five_folds, spread_of_folds
from quotes import GENDER, as_they_are, read_quotes, with_ratios
from record import arguments, promise, write_result

import churnkit as ck

QUESTION = "How well does the shipped model tell lapses on real motor renewal quotes, in five folds?"
AUC, LOSS = 0.63, 0.372
METRICS = ("auc", "log_loss", "brier", "calibration_slope", "observed_expected", "lift")
SPREAD = "least … most of five folds; gender: 95 % interval"
COLUMNS = {"as_they_are": as_they_are, "with_ratios": with_ratios}
SETTINGS: dict[str, dict[str, Any]] = {
    "as_they_come": {},
    "small": {"learning_rate": 0.03, "n_estimators": 1500, "num_leaves": 5, "max_bin": 31, "min_child_samples": 200,
              "feature_fraction": 0.2, "reg_lambda": 50.0, "calibration": "sigmoid"},
}  # fmt: skip
SEEDS = 5


def fitted(X: pd.DataFrame, y: pd.Series[float], settings: str, seed: int = 0) -> ck.RenewalModel:
    """Train with named settings."""
    return ck.RenewalModel(random_state=seed, **SETTINGS[settings]).fit(X, y)


def chosen(X: pd.DataFrame, y: pd.Series[float]) -> str:
    """Choose the settings on rows held out of the training rows: least log loss."""
    own, held = train_test_split(np.arange(len(y)), test_size=0.25, stratify=y, random_state=0)
    losses = {
        name: log_loss(y.iloc[held], fitted(X.iloc[own], y.iloc[own], name).predict_proba(X.iloc[held])[:, 1])
        for name in SETTINGS
    }
    return min(losses, key=lambda name: losses[name])


def in_five_folds(quotes: pd.DataFrame) -> tuple[dict[str, float], ck.RenewalModel, ck.Panel]:
    """Evaluate each fold with models of the others; return figures, and the last fold's chosen model and its test."""
    y = 1.0 - quotes["lapse"]
    tables = {name: make(quotes) for name, make in COLUMNS.items()}
    done: dict[str, list[ck.Evaluation]] = {name: [] for name in (*COLUMNS, "chosen")}
    picked, several = [], []
    for train, test in five_folds(tables["with_ratios"], y):
        panels = {name: as_panel(X.iloc[test], y.iloc[test], target="renewal") for name, X in tables.items()}
        for name, X in tables.items():
            plain = fitted(X.iloc[train], y.iloc[train], "as_they_come")
            done[name].append(ck.evaluate(plain, panels[name], n_boot=20))
        X, mine = tables["with_ratios"].iloc[train], y.iloc[train]
        picked.append(chosen(X, mine))
        models = [fitted(X, mine, picked[-1], seed) for seed in range(SEEDS)]
        last, panel = models[0], panels["with_ratios"]
        done["chosen"].append(ck.evaluate(last, panel, n_boot=20))
        p = np.mean([model.predict_proba(panel.X)[:, 1] for model in models], axis=0)
        several.append((roc_auc_score(panel.y, p), log_loss(panel.y, p)))
    figures: dict[str, float] = {"chose_small_of_five": picked.count("small")}
    for name, evaluations in done.items():
        figures |= spread_of_folds(evaluations, METRICS, before=f"{name}_")
        simple = [one.baselines["logistic"]["auc"]["estimate"] for one in evaluations]
        figures[f"{name}_logistic_auc"] = float(np.mean(simple))
    for i, name in enumerate(("auc", "log_loss")):
        values = [pair[i] for pair in several]
        figures |= {f"mean_of_seeds_{name}": float(np.mean(values)), f"mean_of_seeds_{name}_low": min(values),
                    f"mean_of_seeds_{name}_high": max(values)}  # fmt: skip
    return figures, last, panel


def by_gender(quotes: pd.DataFrame, model: ck.RenewalModel, test: ck.Panel) -> dict[str, float]:
    """Is either gender missed or mispriced, and do the features tell it? It is no feature itself."""
    gender = quotes[GENDER].astype("str").iloc[test.keys["customer_id"].astype(int)].set_axis(test.X.index)
    table = ck.by_group(model, test, gender.to_frame("gender")).table.loc["gender"]
    figures: dict[str, float] = {}
    for group, row in table.iterrows():
        for name in ("miss_rate", "observed_expected"):
            figures |= {f"{name}_{group}{end}".lower(): float(row[f"{name}{end}"]) for end in ("", "_low", "_high")}
    told = ck.proxy(test, gender.to_frame("gender")).table.iloc[0]
    return figures | {"gender_told": told["auc"], "gender_told_low": told["low"], "gender_told_high": told["high"]}


def promises(figures: dict[str, float]) -> list[dict[str, Any]]:
    """Hold the figures against what was asked."""
    kept = []
    for name, what in (("with_ratios", "settings as they come"), ("chosen", "settings chosen in the training rows")):
        auc, loss = figures[f"{name}_auc"], figures[f"{name}_log_loss"]
        kept.append(promise(f"AUC in five folds, {what}", f">= {AUC}", round(auc, 4), met=auc >= AUC))
        kept.append(promise(f"log loss in five folds, {what}", f"<= {LOSS}", round(loss, 4), met=loss <= LOSS))
    return kept


def main() -> None:
    """Run the experiment and write its result."""
    asked = arguments(HERE)
    quotes = read_quotes(asked.data)
    figures: dict[str, float] = {"quotes": len(quotes), "lapse_rate": float(quotes["lapse"].mean())}
    figures |= {f"columns_{name}": make(quotes).shape[1] for name, make in COLUMNS.items()}
    more, model, test = in_five_folds(quotes)
    figures |= more | by_gender(quotes, model, test)
    kept = promises(figures)
    written = write_result(HERE, asked.output, question=QUESTION, figures=figures, promises=kept, spread=SPREAD)
    print(f"written: {written}")


if __name__ == "__main__":
    main()
