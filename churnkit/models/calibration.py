"""From the raw scores of trees to probabilities that can be multiplied by money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
MANY_EVENTS = 5_000
_MOST_BENDS = 8
_CLIP = 13.8  # log-odds of one in a million


@dataclass(frozen=True)
class Calibrator:
    """A monotone map from raw score to probability, strictly inside (0, 1).

    ``logit P(y = 1) = level + h(intercept + slope * score + lead_shift * g(lead) + bend(lead))``

    with ``g(lead) = log(1 + lead_days) - lead_centre``: information ages with the lead, so the level may differ by
    lead, smoothly, and any lead can be scored. ``bend`` is what the leads have beside that straight line, for at the
    short ones those who renewed early are gone: a level at each of ``bends``, joined by straight lines. ``h`` is the
    identity (``sigmoid``, Platt's scaling [1]_), or joins the blocks of an isotonic regression by straight lines on the
    logit scale (``isotonic``; centred, as in [2]_), with slope 1 beyond the outermost blocks, so that order is kept and
    no probability reaches 0 or 1.

    ``covariance`` is that of (intercept, slope, lead_shift, bends) by the sandwich of [3]_, a customer's rows being one
    unit, for stacked leads tell of one outcome; ``errors`` are those of the isotonic blocks, in log-odds. A level that
    was set again keeps them: it solves the same equation, on the same outcomes.

    References
    ----------
    .. [1] Platt (1999), Probabilistic outputs for support vector machines.
    .. [2] Oron and Flournoy (2017), Centered isotonic regression, Statistics in Biopharmaceutical Research 9(3).
    .. [3] Liang and Zeger (1986), Longitudinal data analysis using generalized linear models, Biometrika 73(1).
    """

    kind: str = "none"
    intercept: float = 0.0
    slope: float = 1.0
    lead_shift: float = 0.0
    lead_centre: float = 0.0
    level: float = 0.0
    knots: tuple[tuple[float, float], ...] = field(default=(), repr=False)
    bends: tuple[tuple[float, float], ...] = ()  # log(1 + lead), level
    covariance: tuple[tuple[float, ...], ...] = field(default=(), repr=False)
    errors: tuple[float, ...] = field(default=(), repr=False)

    def predict(self, score: Vector, lead: Vector | None = None) -> Vector:
        """Return the probability of class 1 for raw scores (log-odds) of shape (n_rows,).

        Examples
        --------
        >>> Calibrator(intercept=0.5).predict(np.array([-0.5])).tolist()
        [0.5]
        """
        return np.asarray(expit(np.clip(self._logit(score, lead), -_CLIP, _CLIP)), dtype=np.float64)

    def interval(self, score: Vector, lead: Vector | None = None) -> tuple[Vector, Vector]:
        """Return the ends of the 95 % interval of the calibrated probability, each of shape (n_rows,).

        It is the calibration's own sampling error, on the logit scale: how well the rows it was learnt on tell how
        often rows of this score are of class 1. What the trees do not know of a row is not in it. NaN where nothing was
        learnt.
        """
        eta, wide = self._logit(score, lead), 1.959964 * self._error(score, lead)
        low, high = (expit(np.clip(eta + side * wide, -_CLIP, _CLIP)) for side in (-1.0, 1.0))
        return np.asarray(low), np.asarray(high)

    def _error(self, score: Vector, lead: Vector | None) -> Vector:
        """Standard error of the calibrated log-odds."""
        score = np.asarray(score, dtype=np.float64)
        if not self.covariance:
            return np.full(len(score), np.nan)
        covariance, rows = np.array(self.covariance), len(score)
        parts = [np.ones(rows), score, self._ages(lead, rows), *_hats(self._logs(lead, rows), self.bends).T]
        Z = np.column_stack(parts)[:, : len(covariance)]
        if not self.knots:
            return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", Z, covariance, Z)))
        block = np.interp(self._eta(score, lead), np.array(self.knots)[:, 0], self.errors)
        by_lead = np.einsum("ij,jk,ik->i", Z[:, 2:], covariance[2:, 2:], Z[:, 2:])
        return np.asarray(np.sqrt(block**2 + by_lead))

    def _logs(self, lead: Vector | None, rows: int) -> Vector:
        """``log(1 + lead)``; the centre where there is no lead."""
        if lead is None:
            return np.full(rows, self.lead_centre)
        return np.asarray(np.log1p(np.nan_to_num(lead, nan=np.expm1(self.lead_centre))))

    def _ages(self, lead: Vector | None, rows: int) -> Vector:
        """``g(lead)``; 0 where there is no lead."""
        return np.asarray(self._logs(lead, rows) - self.lead_centre)

    def _eta(self, score: Vector, lead: Vector | None) -> Vector:
        eta = self.intercept + self.slope * np.asarray(score, dtype=np.float64)
        if self.lead_shift:
            eta = eta + self.lead_shift * self._ages(lead, len(eta))
        levels = np.array([level for _, level in self.bends])
        return np.asarray(eta + _hats(self._logs(lead, len(eta)), self.bends) @ levels)

    def _logit(self, score: Vector, lead: Vector | None) -> Vector:
        eta = self._eta(score, lead)
        if not self.knots:
            return eta + self.level
        x, y = np.array(self.knots).T
        beyond = np.minimum(eta - x[0], 0.0) + np.maximum(eta - x[-1], 0.0)
        return np.asarray(np.interp(eta, x, y) + beyond + self.level)

    def recentred(self, score: Vector, y: Vector, lead: Vector | None = None) -> Calibrator:
        """Return the calibrator with its level moved so that expected and observed sums of `y` agree."""
        eta = self._logit(score, lead) - self.level
        level = 0.0
        for _ in range(50):
            p = expit(eta + level)
            step = float((y - p).sum() / max((p * (1 - p)).sum(), 1e-9))
            level += float(np.clip(step, -1.0, 1.0))
            if abs(step) < 1e-10:
                break
        return replace(self, level=level)


def logistic_fit(Z: npt.NDArray[np.float64], y: Vector, *, penalty: Vector, weight: Vector | None = None,
                 offset: Vector | float = 0.0) -> Vector:  # fmt: skip
    """Logistic regression by Newton's method: ``argmin -loglik + sum(penalty * beta^2) / 2``.

    Parameters
    ----------
    Z : array of shape (n_rows, k), the intercept among its columns if one is wanted
    y : array of shape (n_rows,), 0 and 1 or probabilities
    penalty : array of shape (k,), 0 for free coefficients
    weight : array of shape (n_rows,), optional
    offset : array of shape (n_rows,), added to the log-odds as it is

    Returns
    -------
    array of shape (k,)

    Examples
    --------
    >>> logistic_fit(np.ones((4, 1)), np.array([1.0, 0, 0, 0]), penalty=np.zeros(1)).round(4).tolist()
    [-1.0986]
    """
    w = np.ones(len(y)) if weight is None else weight
    beta = np.zeros(Z.shape[1])
    ridge = np.maximum(penalty, 1e-9)

    def loss(b: Vector) -> float:
        eta = offset + Z @ b
        return float(w @ (np.logaddexp(0.0, eta) - y * eta) + (ridge * b**2).sum() / 2)

    now = loss(beta)
    for _ in range(50):
        p = expit(offset + Z @ beta)
        gradient = Z.T @ (w * (y - p)) - ridge * beta
        hessian = Z.T @ (Z * (w * p * (1 - p))[:, None]) + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while (new := loss(beta + size * step)) > now + 1e-12 * abs(now) and size > 1e-6:
            size /= 2
        beta, gain, now = beta + size * step, now - new, new
        if gain < 1e-10 * (abs(now) + 1):
            break
    return beta


def fit_calibrator(score: Vector, y: Vector, *, lead: Vector | None = None, kind: str = "auto",
                   repeats: float = 1.0, people: Codes | None = None) -> Calibrator:  # fmt: skip
    """Learn a :class:`Calibrator` on scores of rows that the trees did not see.

    Parameters
    ----------
    score, y : arrays of shape (n_rows,), raw scores in log-odds and outcomes 0 or 1
    lead : array of shape (n_rows,), optional
        Lead in days; a shift by lead is learnt if it varies, drawn gently towards none.
    kind : {"auto", "isotonic", "sigmoid", "none"}
        ``auto`` takes isotonic with more than 5,000 events of the rarer class.
    repeats : float
        How many rows tell of one outcome (stacked leads): events are counted once.
    people : array of int of shape (n_rows,), optional
        Customers' codes, for the errors.

    Raises
    ------
    ValueError
        If `kind` is another word.
    """
    if kind not in ("auto", "isotonic", "sigmoid", "none"):
        raise ValueError(f"calibration is auto, isotonic, sigmoid or none, not {kind!r}.")
    if kind == "none" or y.min() == y.max():
        return Calibrator()
    events = min(y.sum(), len(y) - y.sum()) / repeats
    fitted = _sigmoid(score, y, lead, repeats, people)
    if kind == "sigmoid" or (kind == "auto" and events <= MANY_EVENTS):
        return fitted
    knots, errors = _knots(fitted._eta(score, lead), y, repeats=repeats, people=people)
    return replace(fitted, kind="isotonic", knots=knots, errors=errors)


def _sigmoid(score: Vector, y: Vector, lead: Vector | None, repeats: float, people: Codes | None) -> Calibrator:
    centre, columns, places, contrasts = 0.0, [np.ones(len(y)), score], np.zeros(0), np.zeros((0, 0))
    if lead is not None and np.nanmin(lead) < np.nanmax(lead):
        logs = np.log1p(lead)
        centre = float(np.nanmean(logs))
        logs = np.nan_to_num(logs, nan=centre)
        places, contrasts = _bends(logs)
        columns += [logs - centre, *(_hats(logs, [(x, 0.0) for x in places]) @ contrasts).T]
    # repeated rows are one outcome; before any data the slope is 1, shift and bends 0, each give or take 0.1
    weight = np.full(len(y), 1.0 / repeats)
    Z = np.column_stack(columns)
    penalty = np.r_[0.0, np.full(Z.shape[1] - 1, 100.0)]
    beta = logistic_fit(Z, y, penalty=penalty, weight=weight, offset=score)  # what comes on top of slope 1
    slope = max(1.0 + float(beta[1]), 1e-3)
    shift = float(beta[2]) if Z.shape[1] > 2 else 0.0
    levels = contrasts @ beta[3:]
    bends = tuple((float(x), float(level)) for x, level in zip(places, levels, strict=True))
    sandwich = _sandwich(Z, y, expit(score + Z @ beta), penalty=penalty, repeats=repeats, people=people)
    if len(bends):  # from contrasts to levels
        out = np.eye(3 + len(bends), Z.shape[1])
        out[3:, 3:] = contrasts
        sandwich = out @ sandwich @ out.T
    rows = tuple(tuple(map(float, row)) for row in sandwich)
    fitted = Calibrator("sigmoid", float(beta[0]), slope, shift, centre, bends=bends, covariance=rows)
    return fitted if slope > 1e-3 else fitted.recentred(score, y, lead)


def _bends(logs: Vector) -> tuple[Vector, Matrix]:
    """Where levels by lead are learnt, and the directions in which they may leave a straight line."""
    places = np.unique(logs)
    if len(places) > _MOST_BENDS:
        places = np.unique(np.quantile(logs, np.linspace(0, 1, _MOST_BENDS)))
    straight = np.column_stack([np.ones(len(places)), places])
    if len(places) < 3:
        return np.zeros(0), np.zeros((0, 0))
    return places, np.linalg.svd(straight)[0][:, 2:]


def _hats(logs: Vector, bends: Sequence[tuple[float, float]]) -> Matrix:
    """Weights of the levels at some leads, shape (n_rows, n_levels): straight lines between them, flat beyond."""
    places = [place for place, _ in bends]
    return np.array([np.interp(logs, places, unit) for unit in np.eye(len(places))]).reshape(len(places), len(logs)).T


def _sandwich(Z: Matrix, y: Vector, p: Vector, *, penalty: Vector, repeats: float,
              people: Codes | None) -> Matrix:  # fmt: skip
    """Covariance of penalised coefficients, what the penalty knew beforehand counted as one more observation."""
    bread = np.linalg.inv((Z.T * (p * (1 - p))) @ Z / repeats + np.diag(penalty))
    units = _by_unit(Z * ((y - p) / repeats)[:, None], people)
    alike = 1.0 if people is not None else repeats
    return np.asarray(bread @ (alike * units.T @ units + np.diag(penalty)) @ bread)


def _by_unit(rows: Matrix, people: Codes | None) -> Matrix:
    """Sums of rows by customer."""
    if people is None:
        return rows
    codes = np.unique(people, return_inverse=True)[1]
    return np.column_stack([np.bincount(codes, column) for column in rows.T])


def _knots(eta: Vector, y: Vector, *, repeats: float, people: Codes | None,
           bins: int = 60) -> tuple[tuple[tuple[float, float], ...], tuple[float, ...]]:  # fmt: skip
    """Centred isotonic regression of `y` on `bins` equal groups of `eta`: its blocks (eta, logit), and their errors."""
    order = np.argsort(eta, kind="stable")
    groups = [g for g in np.array_split(order, min(bins, len(order))) if len(g)]
    blocks: list[list[float]] = []  # rows, sum of eta, sum of y
    for rows in groups:
        blocks.append([len(rows), float(eta[rows].sum()), float(y[rows].sum())])
        while len(blocks) > 1 and blocks[-2][2] / blocks[-2][0] >= blocks[-1][2] / blocks[-1][0]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    x = np.array([b[1] / b[0] for b in blocks])
    rate = np.array([(b[2] + 0.5) / (b[0] + 1.0) for b in blocks])
    keep = np.r_[True, np.diff(np.maximum.accumulate(rate)) > 0] & np.r_[True, np.diff(x) > 0]
    errors, ends = [], np.cumsum([int(b[0]) for b in blocks])
    for rows, p in zip(np.split(order, ends[:-1]), rate, strict=True):
        units = _by_unit((y[rows] - p)[:, None], None if people is None else people[rows])
        alike = 1.0 if people is not None else repeats
        errors.append(float(np.sqrt(alike * (units**2).sum()) / (len(rows) * p * (1 - p))))
    knots = tuple((float(a), float(b)) for a, b in zip(x[keep], logit(rate[keep]), strict=True))
    return knots, tuple(np.array(errors)[keep].tolist())
