"""Metrics of probabilities, and all of their bootstrap replicates from one sort.

Everything is a function of weights by customer: with weight 1 for each it is the metric, with the counts of a draw of
customers with replacement it is a bootstrap replicate.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from churnkit.models.calibration import logistic_fit

Vector = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

METRICS = (
    "log_loss", "brier", "calibration_intercept", "calibration_slope", "ece", "auc", "average_precision",
    "average_precision_lapse", "lift", "captured", "observed_expected",
)  # fmt: skip
_BINS = 10


def bounded(p: Vector) -> Vector:
    """Keep probabilities a millionth away from 0 and 1, so that every log loss is finite."""
    return np.clip(np.asarray(p, dtype=np.float64), 1e-6, 1 - 1e-6)


def log_loss(y: Vector, p: Vector) -> Vector:
    """Log loss row by row; `y` may be an outcome or a true probability (then it is the expected loss).

    Examples
    --------
    >>> log_loss(np.array([1.0, 0.5]), np.array([0.5, 0.5])).round(4).tolist()
    [0.6931, 0.6931]
    """
    p = bounded(p)
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log1p(-p)))


def draws(groups: int, *, n_boot: int, random_state: int) -> Iterator[Vector]:
    """Yield `n_boot` weights by group of shape (groups,): how often each is drawn with replacement."""
    rng = np.random.default_rng(random_state)
    for _ in range(n_boot):
        yield np.bincount(rng.integers(0, groups, groups), minlength=groups).astype(np.float64)


class Scorer:
    """All metrics of one prediction on one set of rows, as a function of weights by customer.

    Calibration intercept and slope of a replicate are one Newton step from the estimate, which is exact to the
    second order in the sampling error [1]_. ``calibration_intercept`` is calibration in the large: the shift of the
    log-odds at slope 1 that makes expected equal observed; ``calibration_slope`` is the coefficient of the predicted
    log-odds in a logistic regression of the outcome. ``ece`` is the mean absolute gap between observed and predicted
    over ten groups of equal size. ``lift`` and ``captured`` belong to the share `capacity` of rows with the highest
    risk (ties shared evenly): their lapse rate over everybody's, and their share of all lapses.
    ``observed_expected`` counts lapses.

    Parameters
    ----------
    y, p : arrays of shape (n_rows,), outcome (0, 1) and probability of class 1
    groups : array of int of shape (n_rows,), customers' codes
    risk : {0, 1}, the class that is the lapse: 0 for renewals, 1 for churn
    capacity : float, share of rows that the team can contact

    References
    ----------
    .. [1] Davison and Hinkley (1997), Bootstrap Methods and their Application, section 2.7.
    """

    def __init__(self, y: Vector, p: Vector, groups: Codes, *, risk: int, capacity: float = 0.1) -> None:
        self.risk, self.capacity = risk, capacity
        p = bounded(p)
        lapse, q = (y, p) if risk == 1 else (1.0 - y, 1.0 - p)
        order = np.argsort(-q, kind="stable")
        self._groups, self._lapse, self._risks = groups[order], lapse[order], q[order]
        self._ends = np.flatnonzero(np.r_[np.diff(q[order]) != 0, True])
        self._cuts = self._bins(len(y))
        self._sums = self._by_group(y, p, lapse, q, groups)

    def _bins(self, n: int) -> Codes:
        wanted = np.linspace(0, n, _BINS + 1)[1:]
        places = np.minimum(np.searchsorted(self._ends + 1, wanted, side="left"), len(self._ends) - 1)
        return np.unique(places)

    def _by_group(self, y: Vector, p: Vector, lapse: Vector, q: Vector, groups: Codes) -> npt.NDArray[np.float64]:
        z = np.asarray(logit(p))
        Z = np.column_stack([np.ones_like(z), z])
        flat = np.ptp(z) < 1e-9 or y.min() == y.max()
        self._beta = np.full(2, np.nan) if flat else logistic_fit(Z, y, penalty=np.zeros(2))
        one_class = y.min() == y.max()
        self._shift = np.nan if one_class else float(logistic_fit(Z[:, :1], y, penalty=np.zeros(1), offset=z)[0])
        fit = expit(Z @ np.nan_to_num(self._beta))
        shifted = expit(z + np.nan_to_num(self._shift))
        v, u = fit * (1 - fit), shifted * (1 - shifted)
        columns = [np.ones_like(y), log_loss(y, p), (y - p) ** 2, lapse, q, y - fit, z * (y - fit), v, v * z, v * z * z,
                   y - shifted, u]  # fmt: skip
        size = int(groups.max()) + 1
        return np.column_stack([np.bincount(groups, c, minlength=size) for c in columns])

    def __call__(self, weights: Vector | None = None) -> Vector:
        """Return the metrics in the order of ``METRICS``; NaN where one class only was drawn."""
        size = len(self._sums)
        w = np.ones(size) if weights is None else weights[:size]
        n, loss, square, lapses, expected, g0, g1, h00, h01, h11, r, hr = w @ self._sums
        if not 0 < lapses < n:
            blank = [np.nan] * 8
            return np.array([loss / max(n, 1), square / max(n, 1), *blank, lapses / max(expected, 1e-12)])
        det = h00 * h11 - h01 * h01
        slope = self._beta[1] + (h00 * g1 - h01 * g0) / det if det > 1e-9 * h00 * h11 else np.nan
        row = w[self._groups]
        total, hits = np.cumsum(row)[self._ends], np.cumsum(row * self._lapse)[self._ends]
        gap = self._gap(row, hits) / n
        return np.array([loss / n, square / n, self._shift + r / hr, slope, gap, *self._rank(total, hits),
                         lapses / expected])  # fmt: skip

    def _gap(self, row: Vector, hits: Vector) -> float:
        starts = np.r_[0, self._ends[self._cuts[:-1]] + 1]
        predicted = np.add.reduceat(row * self._risks, starts)
        return float(np.abs(np.diff(hits[self._cuts], prepend=0.0) - predicted).sum())

    def _rank(self, total: Vector, hits: Vector) -> list[float]:
        misses, n, k = total - hits, total[-1], hits[-1]
        new_hits, new_misses = np.diff(hits, prepend=0.0), np.diff(misses, prepend=0.0)
        auc = float((new_misses * (hits - new_hits / 2)).sum() / (k * (n - k)))
        lapse_side = float((new_hits * hits / np.maximum(total, 1e-12)).sum() / k)
        if self.risk:
            class_one = lapse_side
        else:
            below = n - total + new_hits + new_misses  # rows of this risk or less
            stayed = (n - k) - misses + new_misses
            class_one = float((new_misses * stayed / np.maximum(below, 1e-12)).sum() / (n - k))
        caught = float(np.interp(self.capacity * n, np.r_[0.0, total], np.r_[0.0, hits])) / k
        return [auc, class_one, lapse_side, caught / self.capacity, caught]


def score(y: Vector, p: Vector, *, risk: int, capacity: float = 0.1) -> dict[str, float]:
    """Return all metrics of a prediction, by name. See :class:`Scorer`.

    Examples
    --------
    >>> y, p = np.array([1.0, 1, 1, 0]), np.array([0.9, 0.8, 0.6, 0.7])
    >>> round(score(y, p, risk=0)["auc"], 4)
    0.6667
    """
    values = Scorer(y, p, np.arange(len(y)), risk=risk, capacity=capacity)()
    return dict(zip(METRICS, values.tolist(), strict=True))


def interval(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of replicates, those that could not be computed left out."""
    good = values[np.isfinite(values)]
    if not len(good):
        return float("nan"), float("nan")
    low, high = np.quantile(good, [0.025, 0.975])
    return float(low), float(high)
