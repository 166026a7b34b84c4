"""From one year's hazard to the curve: staying probabilities multiplied up, node by node of the frailty."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from churnkit.models.columns import Columns, Floats
from churnkit.value.ageing import shrink
from churnkit.value.draws import uniform
from churnkit.value.frailty import standard_nodes
from churnkit.value.history import Mine
from churnkit.value.offsets import Hashes
from churnkit.value.recalibration import log_odds

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
_CLIP = 13.8
OFFSET = 1  # its column of the design
_ALONG = {"tenure_days": 1.0, "customer_tenure_days": 1.0, "age": 1 / 365.25}  # what a day adds
_PREMIUMS = ("premium", "premium_held", "premium_per_policy", "premium_to_line", "premium_rate")
_OFFERS = ("offer_to_line", "offer_change", "offer_premium", "days_since_offer")
_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Ahead:
    """All that the curve of some policies depends on, but for the parameters.

    Attributes
    ----------
    first : array of shape (n_rows,), the calibrated probability of the next renewal
    designs : list of H arrays of shape (n_rows, k), of the hazard of lapse at each renewal
    noise : array of shape (n_rows, H), standard deviation of what the offset will be
    stays : array of shape (n_rows, H), chance that no other exit comes before each renewal
    mine : Mine, what is known of the customers
    who : array of shape (n_rows,), a number for each customer
    lift : array of shape (n_rows, H), log-odds of staying that are added at each renewal, None for none
    wander : list of H arrays of shape (n_rows, n_learners), offsets as other trees would have them, None: not asked for
    early : array of shape (n_rows, H), chance of being cancelled before each renewal is decided, which no lift reaches;
        None for none
    """

    first: Vector
    designs: list[Matrix]
    noise: Matrix
    stays: Matrix
    mine: Mine
    who: Hashes
    lift: Matrix | None = None
    wander: list[Matrix] | None = None
    early: Matrix | None = None

    def take(self, rows: slice) -> Ahead:
        """Some of the policies."""
        designs = [design[rows] for design in self.designs]
        lift, early = (None if each is None else each[rows] for each in (self.lift, self.early))
        wander = None if self.wander is None else [part[rows] for part in self.wander]
        return Ahead(self.first[rows], designs, self.noise[rows], self.stays[rows], self.mine.take(rows),
                     self.who[rows], lift, wander, early)  # fmt: skip

    def with_trees(self, weight: Vector) -> Ahead:
        """The same policies as other trees would have them: weights on the learners' differences."""
        if self.wander is None:
            return self
        moves = [each @ weight for each in self.wander]
        first = expit(log_odds(self.first) - moves[0])
        designs = [design.copy() for design in self.designs]
        for design, move in zip(designs, moves, strict=True):
            design[:, OFFSET] += move
        return replace(self, first=first, designs=designs)


def survive(
    ahead: Ahead, theta: Vector, weight: Matrix, draw: int | None = None, *, eta: Vector | None = None
) -> Matrix:
    """Survival after each of H renewals, shape (n_rows, H).

    ``S(1)`` is the calibrated model times the chance that no other exit comes first. That probability is spread over
    the nodes by a shift d of the hazard, each row's own, ``sum_q w_q (1 - h_q) = P`` with ``logit h_q = z'beta + d +
    sigma z_q``: survivors of the first renewal sort by frailty as the model has it, at the level that the calibrated
    model says. Later ``S(t) = S(t - 1) * stays(t) * sum_q w_q(t) (1 - h_q(t))``, ``w_q(t + 1)`` proportional to
    ``w_q(t) (1 - h_q(t))``: who is left is the more loyal. A lift moves what is decided at the renewal (`lifted`).

    Parameters
    ----------
    theta : array of shape (k + 1,), beta and sigma
    weight : array of shape (n_rows, n_nodes), the posterior
    draw : int, optional
        Instead of averaging, let each customer be what the draw of that number makes him, out of his posterior.
    eta : array of shape (n_rows,), optional, what `at_first` says, where it is known
    """
    z, _ = standard_nodes(weight.shape[1])
    spread, w = theta[-1] * z, weight
    out = np.empty((len(weight), len(ahead.designs)))
    so_far = np.ones(len(weight))
    as_is = draw is None and ahead.lift is None
    first = at_first(ahead, theta, w) if eta is None else eta
    for t, design in enumerate(ahead.designs):
        eta = (design * theta[:-1]).sum(axis=1) if t else first
        w = w if t or draw is None else drawn(w, ahead.who, draw)
        less = shrink(theta[OFFSET] * ahead.noise[:, t])[:, None]
        stay = expit(-less * (eta[:, None] + spread))
        if ahead.lift is not None:
            stay = lifted(stay, less * ahead.lift[:, t, None], 0.0 if ahead.early is None else ahead.early[:, t, None])
        joint = w * stay
        stayed = joint.sum(axis=1)
        w = joint / stayed[:, None]
        so_far = so_far * ahead.stays[:, t] * (ahead.first if t == 0 and as_is else stayed)
        out[:, t] = so_far
    return out


def lifted(stay: Matrix, lift: Matrix, early: Matrix | float) -> Matrix:
    """Chances of staying if the log-odds of the decision at the renewal are lifted.

    Who stays was not cancelled before, and then decided to: ``stay = (1 - early) p``. A lift reaches p only:
    ``stay + (1 - early) (expit(logit p + lift) - p)``. Where the model says that more stay than the share of early
    cancellations leaves, hardly anybody is left to be moved.

    Examples
    --------
    >>> float(lifted(np.array([[0.72]]), np.array([[np.log(2.25)]]), 0.1)[0, 0].round(3))
    0.81
    """
    p = decided(stay, early)
    odds = p / (1.0 - p) * np.exp(lift)
    return np.asarray(stay + (1.0 - early) * (odds / (1.0 + odds) - p))


def decided(stay: Matrix, early: Matrix | float) -> Matrix:
    """Chance of renewing of those who were not cancelled before, from the chance of staying."""
    return np.asarray(np.minimum(stay / (1.0 - early), 1.0 - 1e-9))


def at_first(ahead: Ahead, theta: Vector, weight: Matrix) -> Vector:
    """Log-odds of lapse at the first renewal, before frailty, at the level of the calibrated model; (n_rows,)."""
    eta = (ahead.designs[0] * theta[:-1]).sum(axis=1)
    return np.asarray(eta + _shift(eta, theta[-1] * standard_nodes(weight.shape[1])[0], weight, ahead.first))


def drawn(weight: Matrix, who: Hashes, number: int) -> Matrix:
    """One node for each customer, drawn from the weights, shape (n_rows, n_nodes); policies of one have the same."""
    node = (np.cumsum(weight, axis=1) <= uniform(who, number)[:, None]).sum(axis=1)
    return np.asarray(np.eye(weight.shape[1])[np.minimum(node, weight.shape[1] - 1)])


def _shift(eta: Vector, spread: Vector, w: Matrix, first: Vector) -> Vector:
    """The shift d at which the hazard, averaged over the nodes, agrees with the calibrated model; by Newton."""
    wanted = np.clip(first, expit(-_CLIP), expit(_CLIP))
    d = -logit(wanted) - eta - (w * spread).sum(axis=1)
    for _ in range(4):
        p = expit(-((eta + d)[:, None] + spread))
        mean = (w * p).sum(axis=1)
        slope = (w * p * (1 - p)).sum(axis=1)
        gap = (logit(np.clip(mean, 1e-12, 1 - 1e-12)) - logit(wanted)) * mean * (1 - mean) / np.maximum(slope, 1e-12)
        d = d + np.clip(gap, -2.0, 2.0)
    return np.asarray(d)


def moved(matrix: Floats, columns: Columns, days: Vector, *, terms: int, lead: float, growth: Vector) -> Floats:
    """The columns as they will stand `days` from now, `terms` renewals on, `lead` days before the next one.

    Tenure, age, the term's number, the month and premiums go on; the lead is the new one; offers are not made yet;
    the rest stays as stated.

    Parameters
    ----------
    matrix : array of shape (n_rows, n_columns), float32, as ``columns`` makes it
    days : array of shape (n_rows,)
    growth : array of shape (n_rows,), factor on premiums
    """
    out = matrix.copy(order="F")
    places = {name: place for place, name in enumerate(columns.names)}

    def change(name: str, values: Vector) -> None:
        if name in places and name not in columns.categories:
            out[:, places[name]] = values

    def now(name: str) -> Vector:
        return matrix[:, places[name]].astype(np.float64) if name in places else np.zeros(len(matrix))

    for name, step in _ALONG.items():
        change(name, now(name) + days * step)
    change("term_number", now("term_number") + terms)
    change("cutoff_month", (now("cutoff_month") - 1 + np.round(days / _MONTH)) % 12 + 1)
    change("lead_days", np.full(len(matrix), lead))
    for name in _PREMIUMS:
        change(name, now(name) * growth)
    for name in _OFFERS:
        change(name, np.full(len(matrix), np.nan))
    return out
