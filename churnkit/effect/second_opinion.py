"""A second opinion by double machine learning, never a substitute: renewal on expected satisfaction.

Expected satisfaction, ``E[S | data]``, less what covariates say of it, takes the place of the shocks' residuals [1]_.
That is right if covariates say all there is to say: of what moves both satisfaction and renewal and is seen by nobody
it knows nothing. So it stands beside the estimate by shocks, its negative control shows whether something unseen is at
work, and it is said how far something unseen as strong as earlier satisfaction would move it [2]_.

References
----------
.. [1] Chernozhukov et al. (2018), Double/debiased machine learning, Econometrics Journal 21(1).
.. [2] Cinelli, Hazlett (2020), Making sense of sensitivity, J. Royal Statistical Society B 82(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from scipy.stats import chi2

from churnkit.effect.estimate import Z95
from churnkit.effect.shocks import Fitted, covariates, logistic
from churnkit.effect.terms import EffectTerms
from churnkit.models.nuisance import Bools, Codes, Matrix, Vector, cross_fitted

LEAST = 200
"""Rows with and without a control, or with earlier answers, below which nothing is said of it."""


@dataclass(frozen=True)
class SecondOpinion:
    """The slope by double machine learning.

    Attributes
    ----------
    slope : Fitted, of shape (1,), log-odds of renewal per unit of satisfaction; its influence takes ``E[S | data]`` as
        given
    residual : array of shape (n_terms,), expected satisfaction less what covariates say of it, 0 for short terms
    left : float, share of its variance that covariates leave
    bounds : tuple of float or None
        The interval's ends if something unseen were as strong as earlier satisfaction; None where hardly any earlier
        answer is known.
    """

    slope: Fitted
    residual: Vector
    left: float
    bounds: tuple[float, float] | None


@dataclass(frozen=True)
class Control:
    """What a negative control says: something chosen before, which satisfaction cannot have moved.

    Attributes
    ----------
    statistic, p_value : float, Wald statistic and its p; NaN where the control is unknown or never differs
    df : int
    """

    statistic: float
    p_value: float
    df: int


def second_opinion(terms: EffectTerms, expected: Vector, offset: Vector, *, fold: Codes, seed: int = 0,
                   n_jobs: int | None = 1) -> SecondOpinion:  # fmt: skip
    """Regress renewal on what covariates do not say of expected satisfaction.

    Parameters
    ----------
    terms : EffectTerms
    expected : array of shape (n_terms,), ``E[S | data]``
    offset : array of shape (n_terms,), log-odds of renewal by covariates, learnt on other customers
    fold : int array of shape (n_terms,)

    Returns
    -------
    SecondOpinion
    """
    rows = np.flatnonzero(~terms.short)
    residual = np.zeros(len(terms))
    told = cross_fitted(
        covariates(terms, rows), expected[rows], fold[rows], kind="regression", seed=seed, n_jobs=n_jobs
    )
    residual[rows] = expected[rows] - told
    used = np.flatnonzero(terms.decided)
    W = np.column_stack([np.ones(len(used)), residual[used]])
    slope = logistic(W, terms.y[used], offset[used], terms.customer[used], terms.customers).take([1])
    left = float(residual[used].var() / max(float(expected[used].var()), 1e-12))
    bounds = _bounds(terms, residual, offset, slope, fold=fold, seed=seed, n_jobs=n_jobs)
    return SecondOpinion(slope, residual, left, bounds)


def _bounds(terms: EffectTerms, residual: Vector, offset: Vector, slope: Fitted, *, fold: Codes, seed: int,
            n_jobs: int | None) -> tuple[float, float] | None:  # fmt: skip
    """The interval if something unseen explained as much of satisfaction and of renewal as earlier answers do."""
    earlier = earlier_answers(terms)
    rows = np.flatnonzero(terms.decided & ~np.isnan(earlier))
    if len(rows) < LEAST:
        return None
    U = earlier[rows] - cross_fitted(covariates(terms, rows), earlier[rows], fold[rows], kind="regression", seed=seed,
                                     n_jobs=n_jobs)  # fmt: skip
    beta, half = float(slope.value[0]), Z95 * float(slope.errors[0])
    chance = expit(offset[rows] + beta * residual[rows])
    weight = np.sqrt(chance * (1 - chance))
    D, U, y = residual[rows] * weight, U * weight, (terms.y[rows] - chance) / weight
    of_D, of_y = _r2(D, U), _r2(y, U - D * (D @ U) / (D @ D))
    bias = float(np.sqrt(of_y * of_D / max(1 - of_D, 1e-9)) * y.std() / D.std())
    return beta - half - bias, beta + half + bias


def _r2(a: Vector, b: Vector) -> float:
    return float((a @ b) ** 2 / max(float((a @ a) * (b @ b)), 1e-12))


def earlier_answers(terms: EffectTerms) -> Vector:
    """Mean rating (0 … 100) of what the customer answered on the policy's terms before, NaN for none; (n_terms,)."""
    told = terms.invitations[terms.invitations["answered"].to_numpy() & terms.invitations["rating"].notna().to_numpy()]
    row = told["row"].to_numpy()
    total = np.bincount(row, told["rating"].to_numpy(dtype=np.float64), len(terms))
    count = np.bincount(row, minlength=len(terms)).astype(np.float64)
    policy = np.unique(terms.keys["policy_id"].to_numpy(dtype=object).astype(str), return_inverse=True)[1]
    order = np.lexsort((terms.keys["start"].to_numpy(), policy))
    before = []
    for each in (total, count):
        running = np.cumsum(each[order]) - each[order]
        fresh = np.append(True, np.diff(policy[order]) != 0)
        base = np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))
        mine = np.empty(len(order))
        mine[order] = running - running[base]
        before.append(mine)
    found = np.full(len(terms), np.nan)
    np.divide(before[0], before[1], out=found, where=before[1] > 0.5)
    return found


@dataclass(frozen=True)
class Chosen:
    """The negative control: its name, its values by term, its log-odds by covariates; None where nothing is known.

    Attributes
    ----------
    name : str
    value : array of shape (n_terms,), 1, 0 or NaN, or None
    expected : array of shape (n_terms,), learnt on other customers, or None
    """

    name: str
    value: Vector | None = None
    expected: Vector | None = None


def chosen_before(terms: EffectTerms, name: str | None, *, fold: Codes, seed: int = 0,
                  n_jobs: int | None = 1) -> Chosen:  # fmt: skip
    """The negative control and what was known before the term, and its exposures, say of it."""
    if name is None:
        return Chosen("negative control")
    value = terms.keys[name].to_numpy(dtype=np.float64, na_value=np.nan)
    rows = np.flatnonzero(~terms.short)
    known = ~np.isnan(value[rows])
    if min((value[rows] == 1).sum(), (value[rows] == 0).sum()) < LEAST:
        return Chosen(name)
    found = np.zeros(len(terms))
    found[rows] = cross_fitted(covariates(terms, rows), np.nan_to_num(value[rows]), fold[rows], kind="binary",
                               learn=known, seed=seed, n_jobs=n_jobs)  # fmt: skip
    return Chosen(name, value, found)


def negative_control(terms: EffectTerms, chosen: Chosen, moved: Matrix, beside: Bools) -> Control:
    """Whether residuals tell of something that was chosen before them and that they cannot have moved.

    Parameters
    ----------
    terms : EffectTerms
    chosen : Chosen
    moved : array of shape (n_terms, m), residuals of shocks or of satisfaction
    beside : bool array of shape (n_terms, k), having been exposed

    Returns
    -------
    Control
    """
    m = moved.shape[1]
    if chosen.value is None or chosen.expected is None:
        return Control(np.nan, np.nan, m)
    rows = np.flatnonzero(~terms.short & ~np.isnan(chosen.value))
    W = np.column_stack([np.ones(len(rows)), beside[rows], moved[rows]])
    found = logistic(W, chosen.value[rows], chosen.expected[rows], terms.customer[rows], terms.customers)
    found = found.take(slice(W.shape[1] - m, None))
    wald = float(found.value @ np.linalg.solve(found.covariance, found.value))
    return Control(wald, float(chi2.sf(wald, m)), m)
