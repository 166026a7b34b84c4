"""How fast are training, scores and reasons? ``run.py [--rows N] [--output FOLDER]``."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy and LightGBM are loaded
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import pickle
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

from record import promise, write_result

import churnkit as ck

QUESTION = (
    "How much CPU do training, scores and reasons take, against LightGBM's own calls, and are the reasons the same?"
)
COLUMNS, PARTS, ROUNDS, FEW, TOP = 150, 10, 3, 1_000, 5
WIDE = {"n_estimators": 300, "num_leaves": 31, "max_depth": 16, "early_stopping_rounds": 300}
MODELS: dict[str, dict[str, Any]] = {"wide": WIDE, "shipped": {}}
TRAINING, EQUAL = 1.10, 5e-5


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=QUESTION)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of a part; other than 100000 writes nothing")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for result.json and the README's figures")
    return parser.parse_args()


def drawn(rows: int, seed: int) -> pd.DataFrame:
    """Draw a matrix: two thirds of the columns bell-shaped, a third whole numbers, and a category."""
    rng = np.random.default_rng(seed)
    columns = {}
    for at in range(COLUMNS):
        values = rng.normal(size=rows) if at % 3 else np.round(rng.exponential(3, rows))
        columns[f"x{at}"] = np.where(rng.random(rows) < 0.3, np.nan, values) if at % 5 == 0 else values
    return pd.DataFrame(columns).assign(line=rng.choice(["home", "life", "motor"], rows))


def outcomes(X: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Draw outcomes from 60 of the columns and a product of two; the rule is the same for all rows."""
    rng = np.random.default_rng(1)
    weights = rng.normal(0, 0.2, 60)
    known = X[[f"x{at}" for at in range(60)]].fillna(0).to_numpy()
    eta = known @ weights + 0.5 * known[:, 1] * known[:, 2]
    return (np.random.default_rng(2).random(len(X)) < 1 / (1 + np.exp(-eta))).astype(float)


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of a piece of work, and what it returned."""
    begin = time.process_time()
    found = work()
    return time.process_time() - begin, found


def bare(model: ck.RenewalModel, matrix: pd.DataFrame, y: Any, later: Any) -> None:
    """Train as `fit` does, by LightGBM's own calls: stopped early on later rows, then once more on all."""
    recipe = model.recipe(model.columns_, model.features_)
    params = {"deterministic": True, "force_row_wise": True, "verbosity": -1, "feature_pre_filter": False,
              **recipe.params}  # fmt: skip
    data = lgb.Dataset(matrix[~later], label=y[~later], params=params)
    held = lgb.Dataset(matrix[later], label=y[later], reference=data, params=params)
    stop = lgb.early_stopping(recipe.patience, first_metric_only=True, verbose=False)
    lgb.train(params, data, num_boost_round=recipe.rounds, valid_sets=[held], callbacks=[stop])
    lgb.train(params, lgb.Dataset(matrix, label=y, params=params), num_boost_round=model.n_estimators_)


def training(settings: dict[str, Any], X: pd.DataFrame) -> tuple[ck.RenewalModel, list[float]]:
    """Train, and train by bare calls; return the model and the ratios of CPU."""
    y, ratios = outcomes(X), []
    cutoff = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(len(X)) * 1000 // len(X), unit="D")
    later = np.asarray(cutoff >= pd.Series(cutoff).quantile(0.75))
    model = ck.RenewalModel(**settings)
    for _ in range(ROUNDS):
        ours, _ = cpu(lambda: model.fit(X, y, cutoff=cutoff))
        matrix = pd.DataFrame(model.columns_.matrix(X), columns=model.columns_.inner)
        theirs, _ = cpu(lambda matrix=matrix: bare(model, matrix, y, later))
        ratios.append(ours / theirs)
        print(f"  training: {ours:.1f} s CPU, bare calls {theirs:.1f} s", flush=True)
    return model, ratios


def against_contrib(model: ck.RenewalModel, X: pd.DataFrame) -> list[float]:
    """Return how many times the throughput of pred_contrib reasons have, round by round."""
    matrix, ratios = pd.DataFrame(model.columns_.matrix(X.head(FEW)), columns=model.columns_.inner), []
    for _ in range(ROUNDS):
        fresh = pickle.loads(pickle.dumps(model))
        theirs, _ = cpu(lambda: model.booster_.predict(matrix, pred_contrib=True, num_threads=1))
        ours, _ = cpu(lambda fresh=fresh: ck.reasons(fresh, X, top=TOP))
        ratios.append((len(X) / ours) / (FEW / theirs))
        print(f"  reasons: {len(X) / ours:,.0f} rows a second, pred_contrib {FEW / theirs:,.0f}", flush=True)
    return ratios


def a_million(model: ck.RenewalModel, rows: int) -> dict[str, float]:
    """Score ten parts without and with reasons; return CPU seconds and how far memory grew after the second part."""
    plain = told = 0.0
    after_two = 0
    fresh = pickle.loads(pickle.dumps(model))
    for part in range(PARTS):
        X = drawn(rows, 100 + part)
        one, _ = cpu(lambda X=X: (fresh.predict_proba(X), fresh.unsure(X)))
        two, _ = cpu(lambda X=X: len(ck.reasons(fresh, X, top=TOP, rows=PARTS * rows)))
        plain, told = plain + one, told + one + two
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        after_two = after_two if part > 1 else peak
        print(f"  part {part + 1}: {one:.1f} s, with reasons {one + two:.1f} s, peak {peak:,.0f} MB", flush=True)
    return {"seconds": plain, "seconds_with_reasons": told, "peak_mb": peak, "growth_mb": peak - after_two}


def equality(model: ck.RenewalModel, X: pd.DataFrame) -> tuple[float, int]:
    """Return the largest difference from pred_contrib's contributions, and how many reasons differ or change place."""
    matrix = pd.DataFrame(model.columns_.matrix(X), columns=model.columns_.inner)
    theirs = model.booster_.predict(matrix, pred_contrib=True, num_threads=1)
    apart = float(np.abs(ck.contributions(model, X, rows=10**6).to_numpy() - theirs).max())
    fast, slow = (ck.reasons(model, X, top=TOP, rows=rows)[["row", "rank", "group", "text"]] for rows in (10**6, 1))
    return apart, int((fast != slow).any(axis=1).sum()) if len(fast) == len(slow) else max(len(fast), len(slow))


def of_rounds(ratios: list[float], name: str) -> dict[str, float]:
    """Name the median of some rounds, and their range."""
    return {name: float(np.median(ratios)), f"{name}_low": min(ratios), f"{name}_high": max(ratios)}


def main() -> None:
    """Measure both models, and write what was found."""
    asked = arguments()
    X, figures = drawn(asked.rows, 0), {}
    for name, settings in MODELS.items():
        print(name, flush=True)
        model, ratios = training(settings, X.head(int(asked.rows * 0.3)))
        figures |= {f"{name}_trees": model.n_estimators_} | of_rounds(ratios, f"{name}_training_ratio")
        figures |= of_rounds(against_contrib(model, X), f"{name}_reasons_ratio")
        figures |= {f"{name}_million_{key}": value for key, value in a_million(model, asked.rows).items()}
        apart, changed = equality(model, drawn(2_000, 99))
        figures |= {f"{name}_largest_difference": apart, f"{name}_reasons_changed": changed}
    kept = promises(figures)
    for one in kept:
        print(f"{'met   ' if one['met'] else 'missed'} {one['what']}: {one['measured']} ({one['target']})")
    if asked.rows == 100_000:
        write_result(HERE, asked.output, question=QUESTION, figures=figures, promises=kept,
                     spread="least … most of the rounds")  # fmt: skip


def promises(figures: dict[str, float]) -> list[dict[str, Any]]:
    """Hold the figures against the targets."""
    found = []
    for name in MODELS:
        training, ratio = figures[f"{name}_training_ratio"], figures[f"{name}_reasons_ratio"]
        apart, changed = figures[f"{name}_largest_difference"], figures[f"{name}_reasons_changed"]
        plain, told = (figures[f"{name}_million_{key}"] for key in ("seconds", "seconds_with_reasons"))
        found += [
            promise(f"{name}: training over the bare calls", "at most 1.10 x CPU", round(training, 3),
                    met=training <= TRAINING),
            promise(f"{name}: five reasons at 100,000 rows over pred_contrib", "at least 8 x", round(ratio, 1),
                    met=ratio >= 8),
            promise(f"{name}: contributions against pred_contrib", "within 5e-5", float(f"{apart:.2g}"),
                    met=apart <= EQUAL),
            promise(f"{name}: reasons that differ or change place, of 2,000 rows", "0", changed, met=changed == 0),
            promise(f"{name}: a million rows without reasons", "under 60 CPU s", round(plain, 1), met=plain < 60),
            promise(f"{name}: a million rows with reasons", "under 200 CPU s", round(told, 1), met=told < 200),
            promise(f"{name}: memory growth from the second to the tenth part", "under 200 MB",
                    round(figures[f"{name}_million_growth_mb"]), met=figures[f"{name}_million_growth_mb"] < 200),
        ]  # fmt: skip
    return found


if __name__ == "__main__":
    main()
