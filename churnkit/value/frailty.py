"""A logistic regression with a Gaussian intercept per customer: maximum likelihood by Gauss-Hermite quadrature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from churnkit.models.calibration import logistic_fit

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
NODES = 15
_LEAST = 1e-300  # a chance of nothing has a logarithm
_START = 0.5  # sigma at which the search begins; at 0 its gradient vanishes


def standard_nodes(nodes: int = NODES) -> tuple[Vector, Vector]:
    """Nodes and weights of the standard normal distribution.

    Exact for polynomials of degree up to ``2 nodes - 1``; the rule of Gauss and Hermite for the weight
    ``exp(-z^2 / 2)``, weights summing to 1.

    Examples
    --------
    >>> z, w = standard_nodes(5)
    >>> round(float((w * z**4).sum()), 12)
    3.0
    """
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    return z, w / w.sum()


@dataclass(frozen=True)
class Sample:
    """Rows of one likelihood, a customer's rows lying together.

    Attributes
    ----------
    Z : array of shape (n_rows, k), the design
    y : array of shape (n_rows,), 0 or 1
    starts : array of shape (n_customers,), the first row of each customer
    """

    Z: Matrix
    y: Vector
    starts: Codes

    @classmethod
    def of(cls, Z: Matrix, y: Vector, people: Codes) -> Sample:
        """Sort rows by customer, keeping their order within one."""
        order = np.argsort(people, kind="stable")
        return cls(np.ascontiguousarray(Z[order]), y[order], np.flatnonzero(np.diff(people[order], prepend=-1)))

    @property
    def owner(self) -> Codes:
        """Customer of each row, by position."""
        sizes = np.diff(np.append(self.starts, len(self.y)))
        return np.repeat(np.arange(len(self.starts)), sizes)


@dataclass(frozen=True)
class Frailty:
    """``logit P(y = 1 | b) = z'beta + b``, ``b ~ Normal(0, sigma^2)`` for each customer, shared by all of its rows.

    Attributes
    ----------
    names : tuple of str, of the columns of the design
    beta : array of shape (k,)
    sigma : float
    covariance : array of shape (k + 1, k + 1), of (beta, sigma): the inverse of the observed information
    loglik : float, without the penalty
    """

    names: tuple[str, ...]
    beta: Vector
    sigma: float
    covariance: Matrix
    loglik: float

    @property
    def theta(self) -> Vector:
        """Beta and sigma, shape (k + 1,)."""
        return np.append(self.beta, self.sigma)

    @property
    def errors(self) -> dict[str, float]:
        """Standard errors by name, from the Hessian; NaN where the likelihood is flat."""
        with np.errstate(invalid="ignore"):
            sizes = np.sqrt(np.diag(self.covariance))
        return dict(zip((*self.names, "sigma"), sizes.tolist(), strict=True))


def fit_frailty(
    Z: Matrix, y: Vector, people: Codes, *, names: tuple[str, ...], centre: Vector, spread: Vector, nodes: int = NODES
) -> Frailty:
    """Maximum likelihood of a random-intercept logistic regression.

    ``log L = sum over customers of log sum over q of w_q prod_j P(y_j | z_j'beta + sigma z_q)`` [1]_, by L-BFGS with
    the exact gradient, drawn towards `centre` by a normal prior with standard deviations `spread` (infinite: not at
    all).

    Parameters
    ----------
    Z : array of shape (n_rows, k); y : array of shape (n_rows,), 0 or 1; people : array of int of shape (n_rows,)
    names : k names of the columns
    centre, spread : arrays of shape (k + 1,), of the prior of (beta, sigma)
    nodes : int, of the quadrature

    Returns
    -------
    Frailty

    References
    ----------
    .. [1] Rabe-Hesketh, Skrondal, Pickles (2002), Reliable estimation of generalized linear mixed models using
       adaptive quadrature, Stata Journal 2(1).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> people = np.repeat(np.arange(4000), 5)
    >>> eta = -1.0 + np.repeat(rng.normal(0, 0.8, 4000), 5)
    >>> y = (rng.random(20000) < 1 / (1 + np.exp(-eta))).astype(float)
    >>> flat = np.full(2, np.inf)
    >>> done = fit_frailty(np.ones((20000, 1)), y, people, names=("level",), centre=np.zeros(2), spread=flat)
    >>> bool(abs(done.sigma - 0.8) < 0.1), bool(abs(done.beta[0] + 1.0) < 0.1)
    (True, True)
    """
    sample = Sample.of(Z, y, people)
    ridge = 1.0 / spread**2

    def cost(theta: Vector) -> tuple[float, Vector]:
        value, scores = log_likelihood(theta, sample, nodes=nodes)
        off = theta - centre
        return float(-value.sum() + (ridge * off**2).sum() / 2), -scores.sum(axis=0) + ridge * off

    start = np.append(logistic_fit(Z, y, penalty=ridge[:-1], offset=Z @ centre[:-1]) + centre[:-1], _START)
    done = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-11, "gtol": 1e-4})
    theta = np.append(done.x[:-1], abs(done.x[-1]))  # the likelihood is even in sigma
    value, _ = log_likelihood(theta, sample, nodes=nodes)
    bread = np.asarray(np.linalg.pinv(_hessian(lambda t: cost(t)[1], theta)), dtype=np.float64)
    return Frailty(names, theta[:-1], float(theta[-1]), bread, float(value.sum()))


def log_likelihood(theta: Vector, sample: Sample, *, nodes: int = NODES) -> tuple[Vector, Matrix]:
    """Log-likelihood and score of each customer.

    Returns
    -------
    (values, scores) : arrays of shape (n_customers,) and (n_customers, k + 1)
    """
    z, w = standard_nodes(nodes)
    fixed = sample.Z @ theta[:-1]
    sign = np.where(sample.y > 0.5, 1.0, -1.0)[:, None]
    chance = expit(sign * (fixed[:, None] + theta[-1] * z))  # of what happened
    joint = np.add.reduceat(np.log(np.maximum(chance, _LEAST)), sample.starts, axis=0) + np.log(w)
    top = joint.max(axis=1)
    weight = np.exp(joint - top[:, None])
    total = weight.sum(axis=1)
    weight /= total[:, None]
    pull = sign * (1.0 - chance) * weight[sample.owner]
    rows = np.column_stack([sample.Z * pull.sum(axis=1)[:, None], pull @ z])
    return top + np.log(total), np.add.reduceat(rows, sample.starts, axis=0)


def log_bernoulli(eta: Matrix, y: Vector) -> Matrix:
    """``log P(y)`` at log-odds `eta` of shape (n_rows, n_nodes)."""
    return np.asarray(np.log(np.maximum(expit(np.where(y[:, None] > 0.5, eta, -eta)), _LEAST)))


def _hessian(gradient: object, theta: Vector) -> Matrix:
    """Central differences of an exact gradient."""
    assert callable(gradient)
    steps = 1e-4 * np.maximum(1.0, np.abs(theta))
    columns = []
    for k, step in enumerate(steps):
        move = np.zeros_like(theta)
        move[k] = step
        columns.append((gradient(theta + move) - gradient(theta - move)) / (2 * step))
    found = np.array(columns)
    return np.asarray((found + found.T) / 2)
