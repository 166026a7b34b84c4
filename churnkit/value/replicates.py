"""How sure a value is: a weighted bootstrap by customer, one Newton step from the optimum for each replicate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
_PENALTY = np.array([0.0, 100.0])  # the calibration's own: before any data the slope is 1, give or take 0.1
_CLIP = 13.8


@dataclass(frozen=True)
class Replicates:
    """Parameters as other customers might have given them; the trees stay as they are.

    Customers are weighted by draws of the exponential distribution with mean 1, the Bayesian bootstrap [1]_ before
    it is scaled; from the optimum one step of Newton, with the Hessian of all customers, goes to where the weighted
    likelihood would have its own: ``theta_r = theta + H^-1 sum_i (w_i - 1) score_i`` [2]_. Hazard, frailty and
    calibration of a replicate have the same weights, so what a customer does to one he does to the others. What each
    customer is like is then drawn from his posterior: a book's value also depends on who happens to be in it.

    Attributes
    ----------
    theta : array of shape (n_replicates, k + 1), beta and sigma of the hazard
    shift : array of shape (n_replicates, 2), level and slope on the calibrated log-odds
    centre : float, calibrated log-odds around which the slope turns
    seed : int, of the draws of what customers are like

    References
    ----------
    .. [1] Rubin (1981), The Bayesian bootstrap, Annals of Statistics 9(1).
    .. [2] Kline, Santos (2012), A score based approach to wild bootstrap inference, J. Econometric Methods 1(1).
    """

    theta: Matrix
    shift: Matrix
    centre: float
    seed: int = 0

    def __len__(self) -> int:
        return len(self.theta)

    def first(self, replicate: int, chance: Vector) -> Vector:
        """The calibrated probability of the next renewal in a replicate, shape (n_rows,)."""
        odds = logit(np.clip(chance, expit(-_CLIP), expit(_CLIP)))
        level, slope = self.shift[replicate]
        return np.asarray(expit(odds + level + slope * (odds - self.centre)))


@dataclass(frozen=True)
class Calibrated:
    """The rows behind the calibration's level and slope: customer codes, outcomes, calibrated probabilities."""

    people: Codes
    y: Vector
    chance: Vector

    def influence(self, customers: int) -> tuple[Matrix, float]:
        """What each customer's weight does to level and slope, shape (n_customers, 2), and the centre of the slope."""
        odds = logit(np.clip(self.chance, expit(-_CLIP), expit(_CLIP)))
        centre = float(odds.mean())
        Z = np.column_stack([np.ones(len(odds)), odds - centre])
        hessian = (Z.T * (self.chance * (1 - self.chance))) @ Z + np.diag(_PENALTY)
        scores = Z * (self.y - self.chance)[:, None]
        by = np.column_stack([np.bincount(self.people, column, minlength=customers) for column in scores.T])
        return by @ np.linalg.inv(hessian), centre


def replicate(
    theta: Vector, covariance: Matrix, scores: Matrix, calibrated: Calibrated, *, replicates: int, random_state: int,
    progress: Callable[[str], None],
) -> Replicates:  # fmt: skip
    """Draw weights and take the steps.

    Parameters
    ----------
    theta : array of shape (k + 1,); covariance : array of shape (k + 1, k + 1), the inverse of the information
    scores : array of shape (n_customers, k + 1), of each customer at `theta`
    calibrated : Calibrated, its customers' codes being positions in `scores`
    replicates, random_state : int

    Returns
    -------
    Replicates
    """
    progress(f"intervals: {replicates} replicates, each one Newton step")
    level, centre = calibrated.influence(len(scores))
    moves = np.column_stack([scores @ covariance, level])
    rng = np.random.default_rng([random_state, 6])
    steps = np.array([(rng.exponential(size=len(scores)) - 1.0) @ moves for _ in range(replicates)])
    steps = steps.reshape(replicates, moves.shape[1])
    found = theta + steps[:, : len(theta)]
    found[:, -1] = np.abs(found[:, -1])  # the likelihood is even in sigma
    return Replicates(found, steps[:, len(theta) :], centre, random_state)
