"""How sure a value is: a weighted bootstrap by customer, one Newton step from the optimum for each replicate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from churnkit.value.draws import uniform
from churnkit.value.offsets import Hashes

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
_PENALTY = np.array([0.0, 100.0])  # the calibration's own: before any data the slope is 1, give or take 0.1
_LINE_PENALTY = 1 / 0.3**2  # the hazard's own: before any data lines differ by 0.3 from what the columns say of them
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
    lines : array of shape (n_replicates, n_lines), levels of lines beside the common one
    centre : float, calibrated log-odds around which the slope turns
    seed : int, of the draws of what customers are like

    References
    ----------
    .. [1] Rubin (1981), The Bayesian bootstrap, Annals of Statistics 9(1).
    .. [2] Kline, Santos (2012), A score based approach to wild bootstrap inference, J. Econometric Methods 1(1).
    """

    theta: Matrix
    shift: Matrix
    lines: Matrix
    centre: float
    seed: int = 0

    def __len__(self) -> int:
        return len(self.theta)

    def draw(self, replicate: int) -> int:
        """Number of the draw of what customers are like."""
        return self.seed * len(self) + replicate

    def first(self, replicate: int, chance: Vector, line: Matrix) -> Vector:
        """The calibrated probability of the next renewal in a replicate, shape (n_rows,).

        Parameters
        ----------
        line : array of shape (n_rows, n_lines), 1 in the column of a row's own line, less the columns' means
        """
        odds = log_odds(chance)
        level, slope = self.shift[replicate]
        return np.asarray(expit(odds + level + slope * (odds - self.centre) + line @ self.lines[replicate]))


@dataclass(frozen=True)
class Calibrated:
    """The rows behind the calibrated probability.

    Attributes
    ----------
    people : array of shape (n_rows,), customer codes; y : outcomes; chance : calibrated probabilities
    line : array of shape (n_rows, n_lines), 1 in the column of a row's own line, less the columns' means
    late : array of bool of shape (n_rows,), the rows that level and slope are learnt on
    """

    people: Codes
    y: Vector
    chance: Vector
    line: Matrix
    late: npt.NDArray[np.bool_]

    def influence(self, customers: int) -> tuple[Matrix, float]:
        """What each customer's weight does to level, slope and lines, and the centre of the slope.

        Level and slope are the calibration's. What a line's level is beside the common one the trees know from all rows
        of the line, and no better than a level of its own would, learnt from the same rows: that is the part of the
        trees' own error that does not cancel in a line's sum.

        Returns
        -------
        (influence, centre) : array of shape (n_customers, 2 + n_lines), and float
        """
        odds = log_odds(self.chance)
        centre = float(odds[self.late].mean())
        common = np.column_stack([np.ones(len(odds)), odds - centre])[self.late]
        parts = [self._steps(self.late, common, _PENALTY, customers),
                 self._steps(np.ones(len(odds), dtype=bool), self.line, np.full(self.line.shape[1], _LINE_PENALTY),
                             customers)]  # fmt: skip
        return np.column_stack(parts), centre

    def _steps(self, rows: npt.NDArray[np.bool_], Z: Matrix, penalty: Vector, customers: int) -> Matrix:
        """One Newton step of each customer's score, shape (n_customers, k)."""
        chance = self.chance[rows]
        hessian = (Z.T * (chance * (1 - chance))) @ Z + np.diag(penalty)
        scores = Z * (self.y[rows] - chance)[:, None]
        by = [np.bincount(self.people[rows], column, minlength=customers) for column in scores.T]
        return np.column_stack(by) @ np.linalg.inv(hessian) if by else np.zeros((customers, 0))


def log_odds(chance: Vector) -> Vector:
    """Log-odds of chances, those of 0 and 1 finite."""
    return np.asarray(logit(np.clip(chance, expit(-_CLIP), expit(_CLIP))))


def weights(people: Hashes, *, replicate: int, seed: int) -> Vector:
    """Weights of customers in a replicate, exponential with mean 1, shape (n_customers,).

    They follow from the customer's own number: whatever else is estimated of the same customers can have the same
    weights.
    """
    number = (seed << 32) + replicate + (1 << 31)  # another draw than that of what customers are like
    return np.asarray(-np.log1p(-uniform(people, number)))


def replicate(
    theta: Vector, covariance: Matrix, scores: Matrix, people: Hashes, calibrated: Calibrated, *, replicates: int,
    random_state: int, progress: Callable[[str], None],
) -> Replicates:  # fmt: skip
    """Draw weights and take the steps.

    Parameters
    ----------
    theta : array of shape (k + 1,); covariance : array of shape (k + 1, k + 1), the inverse of the information
    scores : array of shape (n_customers, k + 1), of each customer at `theta`; people : their hashes
    calibrated : Calibrated, its customers' codes being positions in `scores`
    replicates, random_state : int

    Returns
    -------
    Replicates
    """
    progress(f"intervals: {replicates} replicates, each one Newton step")
    levels, centre = calibrated.influence(len(scores))
    moves = np.column_stack([scores @ covariance, levels])
    drawn = (weights(people, replicate=k, seed=random_state) - 1.0 for k in range(replicates))
    steps = np.array([each @ moves for each in drawn])
    steps = steps.reshape(replicates, moves.shape[1])
    found = theta + steps[:, : len(theta)]
    found[:, -1] = np.abs(found[:, -1])  # the likelihood is even in sigma
    shift, lines = steps[:, len(theta) : len(theta) + 2], steps[:, len(theta) + 2 :]
    return Replicates(found, shift, lines, centre, random_state)
