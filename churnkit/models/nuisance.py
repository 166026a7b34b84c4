"""What covariates say of an outcome or of an exposure, always learnt on other customers: cross-fitted trees."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import ContractError
from churnkit.models.trees import raw_scores, threads, train_trees

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
FOLDS = 3
_RECIPE = {"learning_rate": 0.1, "num_leaves": 8, "min_data_in_leaf": 60, "lambda_l2": 10.0, "max_bin": 63}
_ROUNDS = 70


def folds(people: Codes, *, seed: int = 0, count: int = FOLDS) -> Codes:
    """Fold of each row, the same for all rows of a customer.

    Parameters
    ----------
    people : int array of shape (n_rows,), customer codes from 0

    Examples
    --------
    >>> fold = folds(np.array([0, 0, 1, 2, 2]))
    >>> bool(fold[0] == fold[1] and fold[3] == fold[4])
    True
    """
    drawn = np.random.default_rng([seed, 31]).permutation(int(people.max(initial=-1)) + 1) % count
    return drawn[people]


def cross_fitted(X: pd.DataFrame, y: Vector, fold: Codes, *, kind: str, learn: Any = None, seed: int = 0,
                 n_jobs: int | None = 1) -> Vector:  # fmt: skip
    """Predict each row by trees that saw no row of its fold.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns), numbers and categories
    y : array of shape (n_rows,)
    fold : int array of shape (n_rows,)
    kind : {"binary", "regression"}
        Predicted are log-odds of 1, or means.
    learn : bool array of shape (n_rows,), optional
        Rows to learn from; all rows are predicted.

    Returns
    -------
    array of shape (n_rows,)

    Raises
    ------
    ContractError
        If there is nothing to learn: no rows, or all with the same outcome.

    References
    ----------
    Chernozhukov et al. (2018), Double/debiased machine learning, Econometrics Journal 21(1): learning on other folds
    keeps what a learner made of a row's own outcome out of its residual.
    """
    matrix = _matrix(X)
    mask = np.ones(len(y), dtype=bool) if learn is None else np.asarray(learn, dtype=bool)
    params = {**_RECIPE, "objective": kind, "seed": seed, "num_threads": threads(n_jobs)}
    found = np.zeros(len(y))
    for k in np.unique(fold):
        rest, held = np.flatnonzero(mask & (fold != k)), np.flatnonzero(fold == k)
        if not len(rest) or (y[rest] == y[rest][0]).all():
            raise ContractError("Nuisances need outcomes that differ, of enough customers.",
                                found=f"{len(rest)} rows to learn from, all alike",
                                fix="Bring a longer history or more customers.")  # fmt: skip
        booster = train_trees(params, matrix[rest], y[rest], rounds=_ROUNDS)
        found[held] = raw_scores(booster, matrix[held], n_jobs=n_jobs)
    return found


def _matrix(X: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Numbers as they are, categories as codes in the order of their names, unknown ones as missing."""
    out = np.empty(X.shape, dtype=np.float32, order="F")
    for place, (_, column) in enumerate(X.items()):
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes = column.cat.codes.to_numpy().astype(np.float32)
            out[:, place] = np.where(codes < 0, np.nan, codes)
        else:
            out[:, place] = column.to_numpy(dtype=np.float32, na_value=np.nan)
    return out
