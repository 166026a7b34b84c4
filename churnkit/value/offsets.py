"""What the columns say of a renewal, learnt on other customers: cross-fitted trees, or a logistic regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit

from churnkit.models.classifier import RenewalModel
from churnkit.models.columns import Columns, Floats
from churnkit.models.evaluation.baselines import Logistic
from churnkit.models.schedule import Rows
from churnkit.models.trees import raw_scores

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Hashes = npt.NDArray[np.uint64]
FOLDS = 3
_KEY = "churnkit-value-1"  # of the hash that stands for a customer's id
Progress = Callable[[str], None]


def hashed(people: pd.Series[Any]) -> Hashes:
    """A number for each customer, the same in any table: what is kept of an id.

    Examples
    --------
    >>> one, again = hashed(pd.Series(["C1", "C2"])), hashed(pd.Series(["C2"]))
    >>> bool(one[1] == again[0]), bool(one[0] == one[1])
    (True, False)
    """
    found = pd.util.hash_array(people.astype(str).to_numpy(dtype=object), hash_key=_KEY, categorize=True)
    return np.asarray(found, dtype=np.uint64)


@dataclass(frozen=True)
class Offsets:
    """Log-odds of lapse by learners each of which left out a third of the customers.

    A customer is always scored by the learner that left him out, in training and after, so that what it says of him
    never rests on his own outcomes; a row without a customer has the mean of all.
    """

    learners: tuple[Any, ...]
    columns: Columns
    n_jobs: int | None

    @classmethod
    def learn(
        cls, matrix: Floats, y: Vector, people: Hashes, *, model: RenewalModel, kind: str, progress: Progress
    ) -> Offsets:
        """Train on renewal rows by the recipe, rounds and signs of a fitted model.

        Parameters
        ----------
        matrix : array of shape (n_rows, n_columns), as ``model.columns_`` makes it
        y : array of shape (n_rows,), 1 renewed
        people : array of shape (n_rows,), hashes of customers
        kind : {"trees", "logistic"}
        """
        fold, learners = folds(people), []
        for k in range(FOLDS):
            progress(f"hazard: {kind} without customers {k + 1}/{FOLDS}")
            rest = np.flatnonzero(fold != k)
            rest = rest if 0 < y[rest].sum() < len(rest) else np.arange(len(y))
            learners.append(_learner(matrix[rest], y[rest], model, kind))
        return cls(tuple(learners), model.columns_, model.n_jobs)

    def lapse(self, matrix: Floats, people: Hashes | None) -> Vector:
        """Log-odds of lapse, shape (n_rows,)."""
        if people is None:
            return np.asarray(sum(self._of(k, matrix) for k in range(FOLDS)) / FOLDS)
        fold, out = folds(people), np.empty(len(matrix))
        for k in range(FOLDS):
            mine = np.flatnonzero(fold == k)
            if len(mine):
                out[mine] = self._of(k, matrix[mine])
        return out

    def every(self, matrix: Floats) -> Matrix:
        """Log-odds of lapse by each learner, whoever the customers are, shape (n_rows, n_learners)."""
        return np.column_stack([self._of(k, matrix) for k in range(FOLDS)])

    def _of(self, k: int, matrix: Floats) -> Vector:
        learner = self.learners[k]
        if isinstance(learner, Logistic):
            return -np.asarray(logit(learner.predict(matrix)))
        return -raw_scores(learner, matrix, n_jobs=self.n_jobs)


def folds(people: Hashes) -> Codes:
    """Fold of each customer, by hash: the same whatever the rows."""
    return np.asarray((people >> np.uint64(7)) % np.uint64(FOLDS), dtype=np.intp)


def _learner(matrix: Floats, y: Vector, model: RenewalModel, kind: str) -> Any:
    if kind == "logistic":
        like = model.baselines_.logistic
        return Logistic.learn(matrix, y, positions=like.positions, levels=like.levels)
    recipe = model.recipe(model.columns_, model.features_)
    return recipe.trees(Rows(matrix, y), rounds=model.n_estimators_)
