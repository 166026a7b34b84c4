"""A classifier that tells rows to be scored from rows of the past: what a model would have to bridge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from churnkit.errors import UsageError
from churnkit.models.columns import Columns
from churnkit.models.trees import gains, raw_scores, train_trees

_ROUNDS = 60
_PARAMS = {"objective": "binary", "learning_rate": 0.1, "num_leaves": 8, "min_data_in_leaf": 20, "lambda_l2": 5.0,
           "feature_fraction": 0.6, "max_bin": 63, "seed": 0, "num_threads": 1}  # fmt: skip


@dataclass(frozen=True)
class Apart:
    """How far apart two sets of rows are.

    Attributes
    ----------
    auc : float
        Of held-out customers; 0.5: they cannot be told apart.
    importance : Series of shape (n_features,)
        Each feature's share of the trees' gain.
    """

    auc: float
    importance: pd.Series[float]


def tell_apart(past: pd.DataFrame, present: pd.DataFrame, *, groups: Any) -> Apart:
    """Train trees on one half of the customers and try them on the other, both ways round.

    Parameters
    ----------
    past, present : DataFrames with the same columns
    groups : array-like of shape (n_past + n_present,)
        Customers, those of `past` first; who is in both is on one side only.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> past, present = (pd.DataFrame({"number": rng.normal(m, 1, 500), "noise": rng.random(500)}) for m in (0, 9))
    >>> found = tell_apart(past, present, groups=np.arange(1000))
    >>> round(found.auc, 2), found.importance.idxmax()
    (1.0, 'number')
    """
    X = pd.concat([past, present[past.columns]], ignore_index=True)
    today = np.repeat([0.0, 1.0], [len(past), len(present)])
    half = pd.factorize(pd.Series(np.asarray(groups)))[0] % 2
    if len(half) != len(X) or any(len(np.unique(today[half == side])) < 2 for side in (0, 1)):
        raise UsageError("Two sets of rows are told apart with customers of both in either half.",
                         found=f"{len(past)} and {len(present)} rows, {len(half)} groups")  # fmt: skip
    matrix = Columns.learn(X).matrix(X)
    areas, gained = [], np.zeros(X.shape[1])
    for side in (0, 1):
        own, other = half == side, half != side
        booster = train_trees(_PARAMS, matrix[own], today[own], rounds=_ROUNDS)
        areas.append(roc_auc_score(today[other], raw_scores(booster, matrix[other])))
        gained += gains(booster)
    return Apart(float(np.mean(areas)), pd.Series(gained / max(gained.sum(), 1e-12), index=X.columns))
