"""From the raw scores of trees to probabilities that can be multiplied by money."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Vector = npt.NDArray[np.float64]
MANY_EVENTS = 5_000
_CLIP = 13.8  # log-odds of one in a million


@dataclass(frozen=True)
class Calibrator:
    """A monotone map from raw score to probability, strictly inside (0, 1).

    ``logit P(y = 1) = level + h(intercept + slope * score + lead_shift * g(lead))``

    with ``g(lead) = log(1 + lead_days) - lead_centre``: information ages with the lead, so the level may differ by
    lead, smoothly, and any lead can be scored. ``h`` is the identity (``sigmoid``, Platt's scaling [1]_), or joins
    the blocks of an isotonic regression by straight lines on the logit scale (``isotonic``; centred, as in [2]_),
    with slope 1 beyond the outermost blocks, so that order is kept and no probability reaches 0 or 1.

    References
    ----------
    .. [1] Platt (1999), Probabilistic outputs for support vector machines.
    .. [2] Oron and Flournoy (2017), Centered isotonic regression, Statistics in Biopharmaceutical Research 9(3).
    """

    kind: str = "none"
    intercept: float = 0.0
    slope: float = 1.0
    lead_shift: float = 0.0
    lead_centre: float = 0.0
    level: float = 0.0
    knots: tuple[tuple[float, float], ...] = field(default=(), repr=False)

    def predict(self, score: Vector, lead: Vector | None = None) -> Vector:
        """Return the probability of class 1 for raw scores (log-odds) of shape (n_rows,).

        Examples
        --------
        >>> Calibrator(intercept=0.5).predict(np.array([-0.5])).tolist()
        [0.5]
        """
        return np.asarray(expit(np.clip(self._logit(score, lead), -_CLIP, _CLIP)), dtype=np.float64)

    def _logit(self, score: Vector, lead: Vector | None) -> Vector:
        eta = self.intercept + self.slope * np.asarray(score, dtype=np.float64)
        if lead is not None and self.lead_shift:
            eta = eta + self.lead_shift * (np.log1p(np.nan_to_num(lead, nan=np.expm1(self.lead_centre)))
                                           - self.lead_centre)  # fmt: skip
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
                   repeats: float = 1.0) -> Calibrator:  # fmt: skip
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
    fitted = _sigmoid(score, y, lead, repeats)
    if kind == "sigmoid" or (kind == "auto" and events <= MANY_EVENTS):
        return fitted
    return replace(fitted, kind="isotonic", knots=_knots(fitted._logit(score, lead), y))


def _sigmoid(score: Vector, y: Vector, lead: Vector | None, repeats: float) -> Calibrator:
    centre = 0.0
    columns = [np.ones(len(y)), score]
    if lead is not None and np.nanmin(lead) < np.nanmax(lead):
        logs = np.log1p(lead)
        centre = float(np.nanmean(logs))
        columns.append(np.nan_to_num(logs - centre, nan=0.0))
    # repeated rows are one outcome; before any data the slope is 1 and the shift 0, each give or take 0.1
    weight = np.full(len(y), 1.0 / repeats)
    Z = np.column_stack(columns)
    penalty = np.array([0.0, 100.0, 100.0])[: Z.shape[1]]
    beta = logistic_fit(Z, y, penalty=penalty, weight=weight, offset=score)  # what comes on top of slope 1
    slope = max(1.0 + float(beta[1]), 1e-3)
    shift = float(beta[2]) if Z.shape[1] == 3 else 0.0
    fitted = Calibrator("sigmoid", float(beta[0]), slope, shift, centre)
    return fitted if slope > 1e-3 else fitted.recentred(score, y, lead)


def _knots(eta: Vector, y: Vector, *, bins: int = 60) -> tuple[tuple[float, float], ...]:
    """Centred isotonic regression of `y` on `bins` equal groups of `eta`, as (eta, logit) of its blocks."""
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
    return tuple((float(a), float(b)) for a, b in zip(x[keep], logit(rate[keep]), strict=True))
