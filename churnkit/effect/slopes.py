"""From two samples to one slope: what shocks do to renewal over what they do to satisfaction.

The reduced form ``theta`` (log-odds of renewal per unit of shock, on all renewals) and the first stage ``p``
(satisfaction per unit of shock, from the answers) have one slope ``beta`` between them, ``theta = beta p``, if each
shock acts on renewal through satisfaction only. With several shocks the slope minimises ``Q(beta) = g' V(beta)^-1 g``,
``g = theta - beta p`` and V its covariance at beta [1]_. Its least value is the test J of that one slope serves them
all; and all beta with ``Q(beta)`` below a quantile of chi squared are an interval that holds whatever the strength of
the shocks [2]_. Both samples are of the same customers, so V comes from their influences on g.

References
----------
.. [1] Hansen, Heaton, Yaron (1996), Finite-sample properties of some alternative GMM estimators, J. Business & Economic
   Statistics 14(3); Inoue, Solon (2010), Two-sample instrumental variables estimators, Rev. Econ. Stat. 92(3).
.. [2] Anderson, Rubin (1949), Estimation of the parameters of a single equation ..., Annals of Math. Statistics 20(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import chi2

from churnkit.effect.estimate import Estimate
from churnkit.effect.shocks import Fitted
from churnkit.models.nuisance import Matrix, Vector

_WIDE = 50.0


@dataclass(frozen=True)
class Slope(Estimate):
    """Log-odds of renewal per unit of satisfaction.

    Attributes
    ----------
    J, p_value : float, that one slope serves all shocks; NaN with one shock
    weight : array of shape (m,), share of each shock in the slope
    """

    J: float
    p_value: float
    weight: Vector


def two_sample(theta: Fitted, p: Fitted) -> Slope:
    """One slope from the reduced form and the first stage of m shocks.

    Parameters
    ----------
    theta, p : Fitted, of shape (m,), influences by the same customers

    Returns
    -------
    Slope
    """
    both = TwoSamples.of(theta, p)
    start = both.pooled(both.pooled(0.0))
    wide = 5 * max(abs(start), both.error(start))
    found = minimize_scalar(both.distance, bounds=(start - wide, start + wide), method="bounded",
                            options={"xatol": 1e-7})  # fmt: skip
    beta, m = float(found.x), len(p.value)
    pull = np.linalg.solve(both.covariance(beta), p.value)
    influence = (theta.influence - beta * p.influence) @ pull / (p.value @ pull)
    J = both.distance(beta) if m > 1 else np.nan
    return Slope(beta, influence, J, float(chi2.sf(J, m - 1)) if m > 1 else np.nan,
                 p.value * pull / (p.value @ pull))  # fmt: skip


@dataclass(frozen=True)
class TwoSamples:
    """Reduced form and first stage with the covariances of and between them, shapes (m,) and (m, m)."""

    theta: Vector
    p: Vector
    of_theta: Matrix
    of_both: Matrix
    of_p: Matrix

    @classmethod
    def of(cls, theta: Fitted, p: Fitted) -> TwoSamples:
        """From influences by the same customers."""
        both = theta.influence.T @ p.influence / len(p.influence) ** 2
        return cls(theta.value, p.value, theta.covariance, both + both.T, p.covariance)

    def covariance(self, beta: float) -> Matrix:
        """``V(beta)``, of ``theta - beta p``."""
        return self.of_theta - beta * self.of_both + beta**2 * self.of_p

    def distance(self, beta: float) -> float:
        """``Q(beta)``: how far theta is from what the slope and p make it; chi squared of m."""
        gap = self.theta - beta * self.p
        return float(gap @ np.linalg.solve(self.covariance(beta), gap))

    def pooled(self, beta: float) -> float:
        """The slope with the weights that are best at beta."""
        pull = np.linalg.solve(self.covariance(beta), self.p)
        return float(self.theta @ pull / (self.p @ pull))

    def error(self, beta: float) -> float:
        """Standard error of the slope at beta."""
        return float(1 / np.sqrt(self.p @ np.linalg.solve(self.covariance(beta), self.p)))


def anderson_rubin(theta: Fitted, p: Fitted, *, level: float = 0.95) -> tuple[float, float]:
    """All slopes that the data do not reject, however weak the shocks; infinite where they reject none on that side.

    Parameters
    ----------
    theta, p : Fitted, of shape (m,)

    Returns
    -------
    low, high : float
        The hull of the interval; all slopes if none is left, for then the shocks contradict each other.
    """
    top = float(chi2.ppf(level, len(p.value)))
    scale = max(float(np.abs(theta.value).max()), float(theta.errors.max())) / max(float(np.abs(p.value).max()), 1e-9)
    half = scale * np.sinh(np.linspace(0, np.arcsinh(_WIDE), 400))
    both = TwoSamples.of(theta, p)
    grid = np.sort(np.concatenate([-half[1:], half, [both.pooled(0.0)]]))
    inside = np.array([both.distance(b) <= top for b in grid])
    if not inside.any():
        return -np.inf, np.inf
    low, high = np.flatnonzero(inside)[[0, -1]]
    return (-np.inf if low == 0 else _edge(both, top, grid[low], grid[low - 1]),
            np.inf if high == len(grid) - 1 else _edge(both, top, grid[high], grid[high + 1]))  # fmt: skip


def _edge(both: TwoSamples, top: float, inner: float, outer: float) -> float:
    """Where the distance crosses `top` between a slope inside and one outside."""
    for _ in range(40):
        middle = (inner + outer) / 2
        inner, outer = (middle, outer) if both.distance(middle) <= top else (inner, middle)
    return float(inner)


def first_stage(p: Fitted) -> float:
    """F of the first stage: the Wald statistic that no shock moves satisfaction, by the number of shocks."""
    return float(p.value @ np.linalg.solve(p.covariance, p.value) / len(p.value))


def shrink(lines: tuple[Slope | None, ...], common: Slope, spread: float) -> tuple[Slope, ...]:
    """Pull the lines' slopes towards the common one, the more the less they differ.

    A line without a slope of its own has the common one. The influence of a line's slope carries its share of both;
    how far the line may be from what it is pulled to is added in ``line_error``.

    Parameters
    ----------
    lines : tuple of Slope or None; common : Slope
    spread : float, variance of the slope between lines, as `between` or `surely_between` gives it
    """
    found = []
    for own in lines:
        if own is None:
            found.append(common)
            continue
        share = spread / (spread + own.error**2)
        value = share * own.value + (1 - share) * common.value
        influence = share * own.influence + (1 - share) * common.influence
        found.append(Slope(value, influence, own.J, own.p_value, own.weight))
    return tuple(found)


def between(lines: tuple[Slope | None, ...]) -> float:
    """Variance of the slope between lines beyond chance, by moments [1]_; often 0, for lines are few.

    References
    ----------
    .. [1] DerSimonian, Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7(3).
    """
    known = [own for own in lines if own is not None]
    if len(known) < 2:
        return 0.0
    value, w = np.array([own.value for own in known]), np.array([own.error**-2.0 for own in known])
    centre = (w * value).sum() / w.sum()
    excess = (w * (value - centre) ** 2).sum() - (len(known) - 1)
    return float(max(0.0, excess / (w.sum() - (w**2).sum() / w.sum())))


def surely_between(lines: tuple[Slope | None, ...]) -> float:
    """Variance of the slope between lines, never 0: restricted likelihood times the standard deviation [1]_.

    A scenario is mostly about one line, whose slope is then nearly its own: what a few lines' likelihood cannot tell
    from no difference at all would otherwise be taken for none, and the line's effect for the average one.

    References
    ----------
    .. [1] Chung, Rabe-Hesketh, Dorie, Gelman, Liu (2013), A nondegenerate penalized likelihood estimator for variance
       parameters in multilevel models, Psychometrika 78(4).
    """
    known = [own for own in lines if own is not None]
    if len(known) < 2:
        return 0.0
    value, error = np.array([own.value for own in known]), np.array([own.error for own in known])

    def against(log_sd: float) -> float:
        w = 1 / (np.exp(2 * log_sd) + error**2)
        off = value - (w * value).sum() / w.sum()
        return float((np.log(w.sum()) - np.log(w).sum() + (w * off**2).sum()) / 2 - log_sd)

    ends = np.log(error.min() / 100), np.log(10 * max(error.max(), np.ptp(value)))
    return float(np.exp(2 * minimize_scalar(against, bounds=ends, method="bounded").x))


def line_error(own: Slope | None, pulled: Slope, spread: float) -> float:
    """Standard error of a line's slope: of what it is made of, and of how far it was pulled.

    Parameters
    ----------
    own : Slope or None, of the line alone; pulled : Slope, as `shrink` gives it
    spread : float, as it was pulled with
    """
    share = 0.0 if own is None else spread / (spread + own.error**2)
    return float(np.sqrt(pulled.error**2 + (1 - share) ** 2 * spread))
