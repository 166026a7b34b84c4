"""What a model could at best reach from the same features: the same learner, taught the true probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.columns import Columns
from churnkit.models.schedule import Rows


@dataclass(frozen=True)
class Ceiling:
    """Truth of simulated test rows and what the ceiling model makes of them.

    Attributes
    ----------
    truth : Series of float, indexed like the test panel's X
        True probability of class 1 (renewed, or churned).
    prediction : Series of float, indexed alike
        The ceiling model's probability of class 1, from :func:`ceiling_predictions`.
    """

    truth: pd.Series[float]
    prediction: pd.Series[float]


def ceiling_predictions(model: RenewalModel | ChurnModel, train_X: pd.DataFrame, train_truth: pd.Series[float],
                        test_X: pd.DataFrame) -> pd.Series[float]:  # fmt: skip
    """Train the model's learner on true probabilities and predict the test rows.

    The trees minimise the cross-entropy to the truth, with the model's settings and signs, stopped early on the last
    fifth of the rows in their given order (in a panel: other customers), then trained once more on all rows. There is
    nothing to calibrate. The attainable gain of a model is then [1]_
    ``(LL_base - LL_model) / (LL_base - LL_ceiling)``, all three expected log losses under the truth.

    Parameters
    ----------
    model : RenewalModel or ChurnModel, fitted or not: its settings are what is used
    train_X, test_X : DataFrames of shape (n_train, n_features) and (n_test, n_features)
    train_truth : Series of float of shape (n_train,), inside 0 to 1

    Returns
    -------
    Series of float of shape (n_test,), probability of class 1, indexed like `test_X`

    Raises
    ------
    UsageError
        If the truth is missing for a row or is no probability.

    References
    ----------
    .. [1] The README's chapter on what the numbers mean.
    """
    truth = np.asarray(train_truth, dtype=np.float64)
    wrong = ~((truth >= 0) & (truth <= 1))
    if len(truth) != len(train_X) or wrong.any():
        raise UsageError("The truth is one probability per training row.",
                         found=f"{int(wrong.sum())} values outside 0 to 1 or missing")  # fmt: skip
    columns = Columns.learn(train_X)
    rows = Rows(columns.matrix(train_X), truth)
    recipe = model.recipe(columns, getattr(model, "features_", None))
    recipe = replace(recipe, params={**recipe.params, "objective": "cross_entropy", "metric": "cross_entropy"})
    late = np.arange(len(truth)) >= int(0.8 * len(truth))
    best = max(recipe.trees(rows.take(~late), rows.take(late)).best_iteration, 1)
    booster = recipe.trees(rows, rounds=best)
    test: Any = recipe.scores(booster, Rows(columns.matrix(test_X), np.zeros(len(test_X))))
    return pd.Series(np.clip(expit(test), 1e-6, 1 - 1e-6), index=test_X.index, name="ceiling")
