"""How sure a value is: a weighted bootstrap by customer, one Newton step from the optimum for each replicate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from churnkit.value.draws import uniform
from churnkit.value.jackknife import draws
from churnkit.value.offsets import Hashes
from churnkit.value.recalibration import Observed, Recalibration
from churnkit.value.survival import Ahead

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Replicates:
    """Parameters as other customers might have given them, and how far trees of theirs might be from these.

    Customers are weighted by draws of the exponential distribution with mean 1, the Bayesian bootstrap [1]_ before
    it is scaled; from the optimum one step of Newton, with the Hessian of all customers, goes to where the weighted
    likelihood would have its own: ``theta_r = theta + H^-1 sum_i (w_i - 1) score_i`` [2]_. Hazard, frailty and
    calibration of a replicate have the same weights, so what a customer does to one he does to the others. Trees
    are not grown anew: by how far they may be off is drawn from a jackknife
    (:class:`~churnkit.value.jackknife.Jackknife`). What each customer is like is then drawn from his posterior: a
    book's value also depends on who happens to be in it.

    Attributes
    ----------
    theta : array of shape (n_replicates, k + 1), beta and sigma of the hazard
    moves : array of shape (n_replicates, 2 + n_lines), of the recalibration: on top of what it does
    recalibration : Recalibration
    trees : array of shape (n_replicates, n_learners), weights on what learners differ by
    seed : int, of the draws of what customers are like

    References
    ----------
    .. [1] Rubin (1981), The Bayesian bootstrap, Annals of Statistics 9(1).
    .. [2] Kline, Santos (2012), A score based approach to wild bootstrap inference, J. Econometric Methods 1(1).
    """

    theta: Matrix
    moves: Matrix
    recalibration: Recalibration
    trees: Matrix
    seed: int = 0

    def __len__(self) -> int:
        return len(self.theta)

    def draw(self, replicate: int) -> int:
        """Number of the draw of what customers are like."""
        return self.seed * len(self) + replicate

    def at(self, replicate: int, ahead: Ahead) -> Ahead:
        """What the curves of some policies depend on in a replicate, beside its `theta`."""
        line = ahead.designs[0][:, -(self.moves.shape[1] - 2) :]
        first = self.recalibration.apply(ahead.first, line, self.moves[replicate])
        return replace(ahead, first=first).with_trees(self.trees[replicate])


def weights(people: Hashes, *, replicate: int, seed: int) -> Vector:
    """Weights of customers in a replicate, exponential with mean 1, shape (n_customers,).

    They follow from the customer's own number: whatever else is estimated of the same customers can have the same
    weights.
    """
    number = (seed << 32) + replicate + (1 << 31)  # another draw than that of what customers are like
    return np.asarray(-np.log1p(-uniform(people, number)))


def replicate(
    theta: Vector, covariance: Matrix, scores: Matrix, people: Hashes, observed: Observed,
    recalibration: Recalibration, *, replicates: int, random_state: int, progress: Callable[[str], None],
) -> Replicates:  # fmt: skip
    """Draw weights and take the steps.

    Parameters
    ----------
    theta : array of shape (k + 1,); covariance : array of shape (k + 1, k + 1), the inverse of the information
    scores : array of shape (n_customers, k + 1), of each customer at `theta`; people : their hashes
    observed : Observed, of the same customers
    recalibration : Recalibration, learnt on them
    replicates, random_state : int

    Returns
    -------
    Replicates
    """
    progress(f"intervals: {replicates} replicates, each one Newton step")
    moves = np.column_stack([scores @ covariance, observed.influence(recalibration, people)])
    drawn = (weights(people, replicate=k, seed=random_state) - 1.0 for k in range(replicates))
    steps = np.array([each @ moves for each in drawn])
    steps = steps.reshape(replicates, moves.shape[1])
    found = theta + steps[:, : len(theta)]
    found[:, -1] = np.abs(found[:, -1])  # the likelihood is even in sigma
    return Replicates(found, steps[:, len(theta) :], recalibration, draws(replicates, random_state), random_state)
