"""The total effect of each operation on renewal: of all its ways, through satisfaction or past it.

The log-odds of renewal of a term are ``o + sum_j (beta_j h_j)``: o, what covariates and having met each operation say,
learnt on other customers; h_j, the operation's level on its scale. The slope comes from the level less what covariates
say of it, beside the offset o, so that errors of either enter by their product only [1]_; the slope of the level as it
stands, which leans on o alone, is put beside it (check ``doubly_robust``). Operations enter together, since they are
set together; complaints are a consequence of the others and enter apart. Slopes are by line, pulled a little towards
the common one. It is an effect as far as a level falls on customers for no other reason than what covariates tell.
Where a service shock moves the level, what the shock does to renewal over what it does to the level is the same effect
without that assumption, and whether the two agree is a check; where nothing tests it, the verdict is "association
only".

References
----------
.. [1] Chernozhukov et al. (2018), Double/debiased machine learning, Econometrics Journal 21(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from churnkit.effect.checks import Check, Checks, control_check
from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.estimate import Z95
from churnkit.effect.operations import OPERATIONS, Lever
from churnkit.effect.second_opinion import negative_control
from churnkit.effect.shocks import LEAST, Fitted, covariates, logistic, residual_shocks
from churnkit.effect.slopes import Slope, first_stage, line_error, shrink, surely_between
from churnkit.effect.terms import EffectTerms
from churnkit.effect.verdict import ASSOCIATION, IDENTIFIED, LEVEL, STRONG, WORDS, Verdict
from churnkit.models.nuisance import Bools, Codes, Matrix, Vector, cross_fitted

CONSEQUENCES = ("complaints_overdue",)


@dataclass(frozen=True)
class Met:
    """One operation's levels.

    Attributes
    ----------
    lever : Lever
    level : array of shape (n_terms,), in the lever's unit, NaN where it is not known
    h : array of shape (n_terms,), the level on its scale, NaN likewise
    met : bool array of shape (n_terms,), who met the operation, its level known or not
    residual : array of shape (n_terms,), h less what covariates say of it, 0 where it is not known
    left : float, share of h's variance that covariates leave
    """

    lever: Lever
    level: Vector
    h: Vector
    met: Bools
    residual: Vector
    left: float

    @property
    def known(self) -> Bools:
        """Where the level is known."""
        return ~np.isnan(self.h)


@dataclass(frozen=True)
class Total:
    """The total effect of one operation, in log-odds of renewal per unit of its scale.

    Attributes
    ----------
    met : Met
    slope : Slope, common to all lines
    pulled : tuple of Slope, by line, pulled towards the common one; errors : tuple of float, their standard errors
    plain : Slope, common, of the level as it stands, by the outcome's covariates alone
    by_shock : Slope or None, by the shock that moves the operation
    checks : Checks
    verdict : Verdict
    """

    met: Met
    slope: Slope
    pulled: tuple[Slope, ...]
    errors: tuple[float, ...]
    plain: Slope
    by_shock: Slope | None
    checks: Checks
    verdict: Verdict


def total_effects(effect: SatisfactionEffect) -> dict[str, Total]:
    """Estimate the total effect of every operation that enough renewals met.

    Parameters
    ----------
    effect : SatisfactionEffect, fitted; whatever its verdict

    Returns
    -------
    dict of name to Total
    """
    terms, found = effect.terms_, {}
    everything = [_met(effect, OPERATIONS[str(name)]) for name in terms.operations.level]
    usable = [met for met in everything if _enough(terms, met)]
    first = [met for met in usable if met.lever.name not in CONSEQUENCES]
    for met in usable:
        beside = first if met in first else [*first, met]
        found[met.lever.name] = _total(effect, met, beside)
    return found


def _met(effect: SatisfactionEffect, lever: Lever) -> Met:
    terms = effect.terms_
    both = (terms.operations.level, terms.operations.scaled)
    level, h = (np.where(terms.short, np.nan, each[lever.name].to_numpy(dtype=np.float64)) for each in both)
    rows = np.flatnonzero(~np.isnan(h))
    residual, left = np.zeros(len(level)), 0.0
    if len(rows) >= LEAST and np.ptp(h[rows]) > 0:
        told = cross_fitted(covariates(terms, rows), h[rows], effect.fold_[rows], kind="regression",
                            seed=effect.random_state, n_jobs=effect.n_jobs)  # fmt: skip
        residual[rows] = h[rows] - told
        left = float(np.var(residual[rows]) / max(float(np.var(h[rows])), 1e-12))
    exposed = terms.exposed[lever.met].to_numpy() > 0 if lever.met in terms.exposed else ~np.isnan(h)
    return Met(lever, level, h, (exposed | ~np.isnan(h)) & ~terms.short, residual, left)


def _enough(terms: EffectTerms, met: Met) -> bool:
    """Whether enough renewals, of differing outcome, met it at differing levels."""
    mine = terms.decided & met.known
    return bool(mine.sum() >= 2 * LEAST and 0 < terms.y[mine].mean() < 1 and np.ptp(met.h[mine]) > 0 and met.left > 0)


def _total(effect: SatisfactionEffect, met: Met, beside: list[Met]) -> Total:
    terms, place = effect.terms_, beside.index(met)
    robust = [each.residual for each in beside]
    plain = [*robust[:place], _about_line(terms, met), *robust[place + 1 :]]
    slope, by_line = _slopes(effect, beside, robust, place)
    of_plain = _slopes(effect, beside, plain, place)[0]
    shock = _by_shock(effect, met)
    checks = _checks(effect, met, slope, of_plain, shock)
    spread = surely_between(by_line)
    pulled = shrink(by_line, slope, spread)
    errors = tuple(line_error(own, one, spread) for own, one in zip(by_line, pulled, strict=True))
    return Total(met, slope, pulled, errors, of_plain, shock, checks, verdict_of(met, checks, shock))


def _about_line(terms: EffectTerms, met: Met) -> Vector:
    """The level less its line's mean, 0 where it is not known."""
    known, lines = met.known, len(terms.lines)
    count = np.maximum(np.bincount(terms.line[known], minlength=lines), 1)
    mean = np.bincount(terms.line[known], met.h[known], lines) / count
    return np.where(known, np.nan_to_num(met.h) - mean[terms.line], 0.0)


def _slopes(
    effect: SatisfactionEffect, beside: list[Met], columns: list[Vector], place: int
) -> tuple[Slope, tuple[Slope | None, ...]]:
    """The slope of one column, common and by line, the others beside it."""
    terms = effect.terms_
    flags = [each.known.astype(np.float64) for each in beside if not each.known[terms.decided].all()]
    W: Matrix = np.column_stack([np.ones(len(terms)), *flags, *columns])
    at, by_line = W.shape[1] - len(columns) + place, []

    def one(rows: Codes) -> Slope:
        fitted = logistic(W[rows], terms.y[rows], effect.offset_[rows], terms.customer[rows], terms.customers)
        return _slope(fitted, at)

    rows = np.flatnonzero(terms.decided)
    for k in range(len(terms.lines)):
        mine = rows[terms.line[rows] == k]
        known = beside[place].known[mine]
        enough = known.sum() >= 2 * LEAST and 0 < terms.y[mine][known].mean() < 1
        by_line.append(one(mine) if enough else None)
    return one(rows), tuple(by_line)


def _slope(fitted: Fitted, at: int) -> Slope:
    return Slope(float(fitted.value[at]), fitted.influence[:, at], np.nan, np.nan, np.ones(1))


def _by_shock(effect: SatisfactionEffect, met: Met) -> Slope | None:
    """What the shock does to renewal over what it does to the operation, of those who met both."""
    terms, name = effect.terms_, met.lever.shock
    if name not in terms.shocks:
        return None
    shocks = residual_shocks(terms, (name,), fold=effect.fold_, seed=effect.random_state, n_jobs=effect.n_jobs)
    Z = shocks.Z[:, 0]
    rows = np.flatnonzero(terms.decided & met.known & shocks.exposed[:, 0])
    if len(rows) < 2 * LEAST or not 0 < terms.y[rows].mean() < 1 or not np.ptp(Z[rows]) > 0:
        return None
    z, h = Z[rows] - Z[rows].mean(), met.residual[rows]
    own = np.bincount(terms.customer[rows], z * (h - z * (z @ h) / (z @ z)), terms.customers) / (z @ z)
    p = Fitted(np.array([z @ h / (z @ z)]), own[:, None] * terms.customers)
    if first_stage(p) < STRONG:
        return None
    W = np.column_stack([np.ones(len(rows)), z])
    theta = logistic(W, terms.y[rows], effect.offset_[rows], terms.customer[rows], terms.customers).take([1])
    value = float(theta.value[0] / p.value[0])
    influence = (theta.influence - value * p.influence)[:, 0] / p.value[0]
    found = Slope(value, influence, np.nan, np.nan, np.ones(1))
    return found if Z95 * found.error < abs(found.value) else None  # what agrees with anything tests nothing


def _checks(effect: SatisfactionEffect, met: Met, slope: Slope, plain: Slope, shock: Slope | None) -> Checks:
    terms, control = effect.terms_, effect.control_
    found = negative_control(terms, control, met.residual[:, None], met.known[:, None])
    name = met.lever.words
    passed = met.left >= 0.1
    says = "alike customers met unlike levels" if passed else "a customer's level is nearly settled by who it is"
    return Checks((
        _same("doubly_robust", slope, plain, "covariates on either side lead to the same slope",
              "what covariates say of the outcome and of the level lead to different slopes"),
        control_check("control_on_operation", found, what=f"the {name}", chosen=control.name),
        _same("shock_agrees", slope, shock, f"{WORDS.get(met.lever.shock, '')}, which moves it, gives the same slope",
              f"{WORDS.get(met.lever.shock, '')}, which moves it, gives another slope"),
        Check("overlap", met.left, np.nan, passed, f"covariates leave {met.left:.0%} of its variance: {says}"),
    ))  # fmt: skip


def _same(name: str, slope: Slope, other: Slope | None, same: str, differs: str) -> Check:
    """Whether two slopes differ by more than chance (Hausman 1978)."""
    if other is None:
        return Check(
            name, np.nan, np.nan, None, "nothing in the book moves it enough for reasons unrelated to customers"
        )
    influence = slope.influence - other.influence
    error = max(float(np.sqrt((influence**2).sum()) / len(influence)), 1e-12)
    z = (slope.value - other.value) / error
    p_value = float(2 * norm.sf(abs(z)))
    passed = p_value >= LEVEL
    beside = f"({other.value:+.2f} beside {slope.value:+.2f}, p {p_value:.3f})"
    return Check(name, z, p_value, passed, f"{same if passed else differs} {beside}")


def verdict_of(met: Met, checks: Checks, shock: Slope | None) -> Verdict:
    """Identified where a shock tests it and agrees, and no negative control goes with it."""
    name = met.lever.words
    if checks["control_on_operation"].passed is False:
        return Verdict(ASSOCIATION, f"the negative control, which it cannot have moved, goes with the {name}",
                       "estimate")  # fmt: skip
    if checks["doubly_robust"].passed is False:
        return Verdict(ASSOCIATION, checks["doubly_robust"].sentence, "estimate")
    if checks["overlap"].passed is False:
        return Verdict(ASSOCIATION, f"the {name} is nearly settled by who the customer is", "estimate")
    if shock is None:
        return Verdict(ASSOCIATION, f"nothing in the book moves the {name} enough for reasons unrelated to customers,"
                       " so what else it goes with could not be told apart", "estimate")  # fmt: skip
    if checks["shock_agrees"].passed is False:
        return Verdict(ASSOCIATION, f"{WORDS[met.lever.shock]}, which moves the {name}, says otherwise", "estimate")
    untested = "; no negative control was there" if checks["control_on_operation"].passed is None else ""
    return Verdict(IDENTIFIED, f"the {name} is as good as random among customers alike in what was known before, and"
                   f" {WORDS[met.lever.shock]}, which moves it, says the same{untested}", "estimate")  # fmt: skip


def log_odds(effect: SatisfactionEffect, totals: dict[str, Total]) -> Vector:
    """Log-odds of renewal of the reference renewals by covariates and by the levels they met, shape (n_reference,)."""
    terms = effect.terms_
    beside = [each.met for name, each in totals.items() if name not in CONSEQUENCES]
    if not beside:
        return np.asarray(effect.offset_[terms.reference])
    flags = [each.known.astype(np.float64) for each in beside if not each.known[terms.decided].all()]
    W: Matrix = np.column_stack([np.ones(len(terms)), *flags, *(each.residual for each in beside)])
    rows = np.flatnonzero(terms.decided)
    fitted = logistic(W[rows], terms.y[rows], effect.offset_[rows], terms.customer[rows], terms.customers)
    return np.asarray((effect.offset_ + W @ fitted.value)[terms.reference])
