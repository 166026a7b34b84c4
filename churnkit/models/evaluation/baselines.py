"""What a model has to beat: base rate by line, a logistic regression, last year's rate by segment."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.models.calibration import logistic_fit
from churnkit.models.columns import Columns, Floats

Vector = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
LINE, REGION = "line", "region"
NAMES = ("base_rate", "logistic", "last_year")
TITLES = {
    "base_rate": "base rate by line",
    "logistic": "logistic regression on 8 features",
    "last_year": "last year's rate by segment",
}


@dataclass(frozen=True)
class Rates:
    """A rate per cell of one or two category columns, drawn towards the overall rate by 20 rows' weight."""

    positions: tuple[int, ...] = ()
    overall: float = 0.5
    table: dict[tuple[int, ...], float] = field(default_factory=dict, repr=False)

    @classmethod
    def learn(cls, matrix: Floats, y: Vector, positions: tuple[int, ...]) -> Rates:
        """Learn the rates of `y` by the columns at `positions`; without any, the overall rate."""
        overall = float((y.sum() + 0.5) / (len(y) + 1.0))
        if not positions:
            return cls((), overall)
        cells = pd.DataFrame(_codes(matrix, positions)).assign(y=y).groupby(list(range(len(positions))))["y"]
        rates = (cells.sum() + 20 * overall) / (cells.count() + 20)
        keys = [k if isinstance(k, tuple) else (k,) for k in rates.index]
        return cls(positions, overall, {tuple(map(int, k)): float(r) for k, r in zip(keys, rates, strict=True)})

    def predict(self, matrix: Floats) -> Vector:
        """Return the rate of each row's cell; a cell that training never saw has the overall rate."""
        if not self.positions:
            return np.full(len(matrix), self.overall)
        cells, where = np.unique(_codes(matrix, self.positions), axis=0, return_inverse=True)
        rates = np.array([self.table.get(tuple(map(int, cell)), self.overall) for cell in cells])
        return rates[where.ravel()]


def _codes(matrix: Floats, positions: tuple[int, ...]) -> Codes:
    return np.nan_to_num(matrix[:, list(positions)], nan=-1.0).astype(np.int64)


@dataclass(frozen=True)
class Logistic:
    """Ridge logistic regression on a few columns: numbers clipped and scaled, missing and categories as flags."""

    positions: tuple[int, ...]
    levels: tuple[int, ...]  # number of categories, 0 for a number
    low: Vector
    high: Vector
    mean: Vector
    scale: Vector
    beta: Vector

    @classmethod
    def learn(cls, matrix: Floats, y: Vector, *, positions: tuple[int, ...], levels: tuple[int, ...]) -> Logistic:
        """Learn the coefficients on the columns at `positions`."""
        part = matrix[:, list(positions)].astype(np.float64)
        seen = [column[~np.isnan(column)] for column in part.T]
        seen = [column if len(column) else np.zeros(1) for column in seen]
        low, high = (np.array([np.quantile(column, q) for column in seen]) for q in (0.01, 0.99))
        clipped = [np.clip(c, a, b) for c, a, b in zip(seen, low, high, strict=True)]
        mean = np.array([c.mean() for c in clipped])
        scale = np.array([c.std() or 1.0 for c in clipped])
        blank = cls(positions, levels, low, high, mean, scale, np.zeros(0))
        Z = blank._design(matrix)
        penalty = np.r_[0.0, np.full(Z.shape[1] - 1, 1.0)]
        return cls(positions, levels, low, high, mean, scale, logistic_fit(Z, y, penalty=penalty))

    def _design(self, matrix: Floats) -> npt.NDArray[np.float64]:
        columns = [np.ones(len(matrix))]
        for i, (place, count) in enumerate(zip(self.positions, self.levels, strict=True)):
            x = matrix[:, place].astype(np.float64)
            if count:
                columns.extend((x == code).astype(np.float64) for code in range(count))
                continue
            z = (np.clip(x, self.low[i], self.high[i]) - self.mean[i]) / self.scale[i]
            columns.extend([np.nan_to_num(z, nan=0.0), np.isnan(x).astype(np.float64)])
        return np.column_stack(columns)

    def predict(self, matrix: Floats) -> Vector:
        """Return the probability of class 1, shape (n_rows,)."""
        eta = np.clip(self._design(matrix) @ self.beta, -13.8, 13.8)
        return np.asarray(1.0 / (1.0 + np.exp(-eta)))


@dataclass(frozen=True)
class Baselines:
    """The three baselines, trained on the rows the model was trained on.

    ``base_rate``: rate by ``line`` (overall where there is no such column). ``logistic``: regression on the 8 columns
    that the trees gained most from, so it is no straw man. ``last_year``: rate by ``line`` and ``region`` over
    the last 365 days of cutoffs (all rows where no cutoffs were given).
    """

    base_rate: Rates
    logistic: Logistic
    last_year: Rates
    features: tuple[str, ...]

    @classmethod
    def learn(cls, matrix: Floats, y: Vector, *, columns: Columns, gain: Vector,
              cutoff: pd.Series[pd.Timestamp] | None = None) -> Baselines:  # fmt: skip
        """Train all three; `gain` of shape (n_columns,) ranks the columns for the regression."""
        line, region = (columns.position(n) if n in columns.categories else None for n in (LINE, REGION))
        segment = tuple(p for p in (line, region) if p is not None)
        counts = [len(columns.categories.get(name, ())) for name in columns.names]
        usable = [i for i in np.argsort(-gain, kind="stable") if counts[i] <= 50]
        top = tuple(sorted(int(i) for i in usable[:8]))
        recent = np.ones(len(y), dtype=bool)
        if cutoff is not None:
            recent = (cutoff > cutoff.max() - pd.Timedelta(days=365)).to_numpy()
        return cls(
            Rates.learn(matrix, y, () if line is None else (line,)),
            Logistic.learn(matrix, y, positions=top, levels=tuple(counts[i] for i in top)),
            Rates.learn(matrix[recent], y[recent], segment),
            tuple(columns.names[i] for i in top),
        )

    def predict(self, matrix: Floats) -> dict[str, Vector]:
        """Return each baseline's probability of class 1, keyed by name."""
        return {name: getattr(self, name).predict(matrix) for name in NAMES}
