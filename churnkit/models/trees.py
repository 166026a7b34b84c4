"""The one place that calls LightGBM: training, raw scores, threads; and how many threads linear algebra has."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

P = ParamSpec("P")
R = TypeVar("R")
Floats = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float64]
DEEPEST = 16


def threads(n_jobs: int | None) -> int:
    """Return the number of threads: 1 for None, all processors for -1.

    Examples
    --------
    >>> threads(None), threads(2)
    (1, 2)
    """
    if n_jobs is None:
        return 1
    return max(1, n_jobs if n_jobs > 0 else (os.cpu_count() or 1) + 1 + n_jobs)


def one_blas_thread(work: Callable[P, R]) -> Callable[P, R]:
    """Let a function's linear algebra have one thread: of many small products, threads only wait for each other.

    Measured on the effect of 6,000 customers, two processors: a third of the CPU and of the time.
    """

    @wraps(work)
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        with threadpool_limits(limits=1, user_api="blas"):
            return work(*args, **kwargs)

    return alone


def frame_of(matrix: Floats) -> pd.DataFrame:
    """Wrap a matrix of codes and numbers in the names that the booster knows, so that it can check them."""
    return pd.DataFrame(matrix, columns=[f"f{i}" for i in range(matrix.shape[1])], copy=False)


def train_trees(params: Mapping[str, Any], matrix: Floats, y: Vector, *, rounds: int,
                valid: tuple[Floats, Vector] | None = None, patience: int = 30,
                offset: Vector | None = None) -> lgb.Booster:  # fmt: skip
    """Train a booster, reproducibly; with `valid` stop when its loss has not improved for `patience` rounds.

    Parameters
    ----------
    params : mapping, LightGBM's own names
    matrix : array of shape (n_rows, n_columns), float32, categories as codes
    y : array of shape (n_rows,), outcomes, or probabilities with objective ``cross_entropy``
    rounds : int, the largest number of trees
    valid : (matrix, y), optional
    offset : array of shape (n_rows,), optional, raw score to start from; scores of the booster come on top of it
    """
    settings = {"deterministic": True, "force_row_wise": True, "verbosity": -1, "feature_pre_filter": False, **params}
    data = lgb.Dataset(frame_of(matrix), label=y, init_score=offset, params=settings, free_raw_data=True)
    if valid is None:
        return lgb.train(settings, data, num_boost_round=rounds)
    held = lgb.Dataset(frame_of(valid[0]), label=valid[1], reference=data, params=settings)
    stop = lgb.early_stopping(patience, first_metric_only=True, verbose=False)
    return lgb.train(settings, data, num_boost_round=rounds, valid_sets=[held], callbacks=[stop])


def raw_scores(booster: lgb.Booster, matrix: Floats, *, n_jobs: int | None = 1) -> Vector:
    """Return the log-odds of class 1, shape (n_rows,), before calibration."""
    scores = booster.predict(frame_of(matrix), raw_score=True, num_threads=threads(n_jobs), validate_features=True)
    return np.asarray(scores, dtype=np.float64)


def gains(booster: lgb.Booster) -> Vector:
    """Return each column's total gain over all splits, shape (n_columns,)."""
    return np.asarray(booster.feature_importance("gain"), dtype=np.float64)
