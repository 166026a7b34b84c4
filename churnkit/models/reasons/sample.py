"""Some rows and what a model makes of them, to be summed up: means over rows with intervals by customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.columns import Floats, as_frame
from churnkit.models.reasons.explain import explained

Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
_Z = 1.959964


@dataclass(frozen=True)
class Sample:
    """Rows drawn from a matrix.

    Attributes
    ----------
    model : RenewalModel or ChurnModel
    frame : DataFrame of shape (n_rows, n_features), the training columns
    matrix : array of the same shape, as the trees read it
    units : array of int of shape (n_rows,), the customer of each row, or the row itself
    said : str, how many rows of how many customers
    """

    model: RenewalModel | ChurnModel
    frame: pd.DataFrame
    matrix: Floats
    units: Codes
    said: str

    @classmethod
    def of(cls, model: RenewalModel | ChurnModel, X: Any, groups: Any, *, most: int) -> Sample:
        """Draw at most so many rows, at random with a fixed seed.

        Raises
        ------
        UsageError
            If `groups` has not one value per row, `most` is below 1, or X does not fit the model.
        """
        check_is_fitted(model, "booster_")
        rows = len(as_frame(X))
        people = np.arange(rows) if groups is None else pd.factorize(np.asarray(groups))[0]
        if len(people) != rows or most < 1:
            raise UsageError("groups has one value per row, and at least one row is looked at.",
                             found=f"{len(people)} values for {rows} rows, most={most}")  # fmt: skip
        drawn = np.arange(rows)
        if rows > most:
            drawn = np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
        some = X.iloc[drawn] if isinstance(X, pd.DataFrame) else np.asarray(X)[drawn]
        units = pd.factorize(people[drawn])[0]
        of = f" of {units.max() + 1:,} customers" if groups is not None else ", each taken as a customer of its own"
        said = f"{len(drawn):,}{f' of {rows:,}' if rows > most else ''} rows{of}"
        return cls(model, model.columns_.align(some), model.columns_.matrix(some), units, said)

    def contributions(self) -> Matrix:
        """Return contributions in log-odds, shape (n_features, n_rows)."""
        return np.concatenate([parts for _, parts in explained(self.model, self.matrix)], axis=1)

    def means(self, values: Matrix) -> pd.DataFrame:
        """Return the mean of each row of `values` with its 95 % interval: mean, low, high.

        The interval is normal, with the variance of the mean of clusters of unequal size, customers as units:
        ``sum over customers of (sum of deviations)^2 / n^2 * C / (C - 1)``.
        """
        mean = values.mean(axis=1)
        error = self._error(values - mean[:, None])
        return pd.DataFrame({"mean": mean, "low": mean - _Z * error, "high": mean + _Z * error})

    def shares(self, values: Matrix, names: Sequence[str]) -> pd.DataFrame:
        """Return mean sizes and their shares of the sum of all, largest first, ties by name.

        A share is a ratio of means; its interval is of the ratio, linearised.
        """
        sizes = np.abs(values)
        means = self.means(sizes)
        total = max(float(means["mean"].sum()), 1e-300)
        share = means["mean"].to_numpy() / total
        error = self._error((sizes - share[:, None] * sizes.sum(axis=0)) / total)
        table = pd.DataFrame({
            "mean_abs": means["mean"], "low": means["low"].clip(lower=0), "high": means["high"], "share": share,
            "share_low": np.maximum(share - _Z * error, 0.0), "share_high": np.minimum(share + _Z * error, 1.0),
        }).set_axis(pd.Index(list(names), dtype="str"))  # fmt: skip
        return table.iloc[np.lexsort([table.index.to_numpy(dtype=str), -table["mean_abs"].to_numpy()])]

    def _error(self, deviations: Matrix) -> Matrix:
        """Standard errors of means, from the deviations of the rows."""
        customers = int(self.units.max()) + 1
        if customers < 2:
            return np.full(len(deviations), np.nan)
        sums = np.stack([np.bincount(self.units, weights=each, minlength=customers) for each in deviations])
        squares = np.asarray((sums**2).sum(axis=1), dtype=np.float64)
        error: Matrix = np.sqrt(squares * customers / (customers - 1)) / deviations.shape[1]
        return error


def summed(contributions: Matrix, members: Mapping[str, Sequence[int]]) -> Matrix:
    """Sum the contributions of columns that belong together, a row per name."""
    return np.stack([contributions[list(columns)].sum(axis=0) for columns in members.values()])
