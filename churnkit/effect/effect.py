"""SatisfactionEffect: what a percentage point of satisfaction does to renewal, with its checks and its verdict."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from churnkit.book.open import Book
from churnkit.effect.checks import MOVED, Check, Checks, bounds_check, control_check, share_moved
from churnkit.effect.estimate import Estimate
from churnkit.effect.gains import Gains, PerPoint
from churnkit.effect.identify import Identified, identify
from churnkit.effect.latent import Latent, fit_latent
from churnkit.effect.latent_terms import latent_design
from churnkit.effect.second_opinion import SecondOpinion, chosen_before, negative_control, second_opinion
from churnkit.effect.shocks import by_whole_terms, fold_of, renewal_offset, residual_shocks
from churnkit.effect.slopes import line_error
from churnkit.effect.terms import SHOCKS, EffectTerms, effect_terms
from churnkit.effect.verdict import Evidence, judge
from churnkit.errors import UsageError
from churnkit.models.nuisance import Vector
from churnkit.models.trees import one_blas_thread, threads

_NOTHING = PerPoint(np.nan, np.nan, np.nan)
_HORIZON = "next renewal"
_TIMED = 0.5
"""Share of the scores that must be timed, and within cover, for any to be used."""
_LEAST = 100
"""Exposed renewals, of differing outcome, below which a shock is not used."""


class SatisfactionEffect(BaseEstimator):  # type: ignore[misc]
    """The causal effect of satisfaction on renewal, from service shocks.

    ``per_pp`` is ``R(d) - R(0)``, averaged over the renewals of the last year, in pp: R(d) is the renewal rate if
    latent satisfaction were shifted by d for all, and d moves the index of the policies in force by 1 pp. Shocks that
    fall on customers for reasons unrelated to them give it: what they do to renewal, over what they do to satisfaction.
    The horizon is the next renewal.

    Parameters
    ----------
    shocks : list of str, optional
        Of ``queue_wait``, ``handler_load`` and ``arm``; those that the book has if None. The arm of an experiment,
        if it moves satisfaction, is used alone and first.
    negative_control : str or None
        A column that satisfaction cannot have moved: ``auto_renew``, chosen at inception.
    trusted : str, optional
        The shock to go by should the shocks contradict each other. It is your choice, and the verdict says so.
    random_state : int
    n_jobs : int or None, threads; from two on, answers and trees are learnt beside each other

    Attributes
    ----------
    verdict : Verdict
    checks : Checks
    per_pp : PerPoint, pp of renewal per +1 pp of satisfaction: estimate, low, high
    table : DataFrame, by line and over all: line, estimate, low, high, renewals, customers, horizon, verdict
    identified_ : Identified or None, slopes in log-odds per unit of latent satisfaction, with each customer's influence
    second_opinion_ : SecondOpinion or None
    latent_ : Latent or None
    terms_ : EffectTerms
    offset_ : array of shape (n_terms,), log-odds of renewal by what was known before and by exposures; fold_, control_

    References
    ----------
    METHODS, section 5; Inoue, Solon (2010), Two-sample instrumental variables estimators, Rev. Econ. Stat. 92(3).
    """

    def __init__(
        self, shocks: Iterable[str] | None = None, negative_control: str | None = "auto_renew",
        trusted: str | None = None, random_state: int = 0, n_jobs: int | None = None,
    ) -> None:  # fmt: skip
        self.shocks = shocks
        self.negative_control = negative_control
        self.trusted = trusted
        self.random_state = random_state
        self.n_jobs = n_jobs

    @one_blas_thread
    def fit(self, book: Book, y: Any = None) -> SatisfactionEffect:
        """Estimate the effect in a book.

        Parameters
        ----------
        book : Book

        Raises
        ------
        UsageError
            If a shock, the trusted one or the negative control has a name that nothing has.
        ContractError
            If there is too little to learn from.
        """
        self._check_names()
        self.terms_ = terms = effect_terms(book)
        self.latent_: Latent | None = None
        self.second_opinion_: SecondOpinion | None = None
        self.identified_: Identified | None = None
        self._shifts: dict[float, Estimate] = {}
        self.fold_ = fold_of(terms, seed=self.random_state)
        how: dict[str, Any] = {"fold": self.fold_, "seed": self.random_state, "n_jobs": self.n_jobs}
        untimed = _untimed(terms)
        if untimed or not terms.invitations["answered"].any():
            self.verdict, self.checks = judge(Evidence(untimed=untimed, asked=False)), Checks(())
            self.offset_ = renewal_offset(terms, **how)
            self.control_ = chosen_before(terms, self.negative_control, **how)
            return self
        names = self._usable(terms)
        shocks = residual_shocks(terms, names, **how) if names else None
        design = latent_design(terms, {} if shocks is None else by_whole_terms(terms, shocks))
        with ThreadPoolExecutor(1) as beside:  # where there are two processors, the answers and the trees have one each
            answers = beside.submit(fit_latent, design) if threads(self.n_jobs) > 1 else None
            self.offset_ = offset = renewal_offset(terms, **how)
            self.control_ = control = chosen_before(terms, self.negative_control, **how)
            self.latent_ = fit_latent(design) if answers is None else answers.result()
        self.gains_ = Gains(offset[terms.reference], terms.line[terms.reference])
        self.second_opinion_ = second = second_opinion(terms, self.latent_.expected()[0], offset, **how)
        if shocks is not None:
            self.identified_ = identify(terms, shocks, self.latent_, offset, second=second, control=control,
                                        trusted=self.trusted)  # fmt: skip
        found = negative_control(terms, control, second.residual[:, None], (terms.exposed > 0).to_numpy())
        shown = control_check("control_on_second_opinion", found, what="expected satisfaction", chosen=control.name)
        checks: tuple[Check, ...] = () if self.identified_ is None else self.identified_.checks
        self.checks = Checks((*checks, shown, bounds_check(self._bounds())))
        self.verdict = judge(Evidence() if self.identified_ is None else self.identified_.evidence)
        return self

    def _check_names(self) -> None:
        asked = list(SHOCKS) if self.shocks is None else list(self.shocks)
        unknown = [name for name in [*asked, *([self.trusted] if self.trusted else [])] if name not in SHOCKS]
        if unknown or (self.trusted and self.trusted not in asked):
            raise UsageError("Shocks, and the trusted one among them, are known by name.",
                             found=", ".join(unknown) or f"trusted={self.trusted!r}, not among the shocks",
                             fix=f"Choose of {', '.join(SHOCKS)}.")  # fmt: skip
        if self.negative_control not in (None, "auto_renew"):
            raise UsageError("The negative control is a column chosen at inception.",
                             found=repr(self.negative_control), fix='"auto_renew", or None.')  # fmt: skip

    def _usable(self, terms: EffectTerms) -> tuple[str, ...]:
        """The shocks that were asked for and fell on enough renewals."""
        found = []
        for name in SHOCKS if self.shocks is None else self.shocks:
            if name in terms.shocks:
                mine = terms.decided & terms.shocks[name].exposed
                y, value = terms.y[mine], terms.shocks[name].value[mine]
                if mine.sum() >= _LEAST and 0 < y.mean() < 1 and np.ptp(value) > 0:
                    found.append(name)
        return tuple(found)

    @property
    def per_pp(self) -> PerPoint:
        """pp of renewal per +1 pp of satisfaction."""
        return self._change(1.0, None)

    @property
    def association(self) -> PerPoint:
        """The second opinion in pp of renewal per +1 pp of satisfaction: an association, never a substitute."""
        check_is_fitted(self, "terms_")
        if self.second_opinion_ is None:
            return _NOTHING
        own = self.second_opinion_.slope
        return self.gains_.per_shift(Estimate(float(own.value[0]), own.influence[:, 0]), self._shift(1.0))

    def by_line(self, points: float = 1.0) -> pd.DataFrame:
        """What `points` pp of satisfaction do to renewal, in pp: line, estimate, low, high, renewals, customers."""
        check_is_fitted(self, "terms_")
        terms, rows = self.terms_, []
        for line in (None, *range(len(terms.lines))):
            mine = terms.reference if line is None else terms.reference & (terms.line == line)
            rows.append(["all" if line is None else terms.lines[line], *self._change(points, line), int(mine.sum()),
                         len(np.unique(terms.customer[mine]))])  # fmt: skip
        return pd.DataFrame(rows, columns=["line", "estimate", "low", "high", "renewals", "customers"])

    @property
    def table(self) -> pd.DataFrame:
        """The effect of +1 pp by line, with counts, horizon and verdict."""
        return self.by_line().assign(horizon=_HORIZON, verdict=self.verdict.kind)

    def curve(self, points: Iterable[float] = (-10, -5, -3, -1, 1, 3, 5, 10)) -> pd.DataFrame:
        """The effect of several changes of the index.

        Parameters
        ----------
        points : iterable of float, in pp of satisfaction

        Returns
        -------
        DataFrame
            points, shift (of latent satisfaction), estimate, low, high (pp of renewal), supported (shocks moved at
            least 5 % of the exposed as far), verdict.
        """
        check_is_fitted(self, "terms_")
        rows = []
        for each in points:
            known = self.latent_ is not None
            shift = self._shift(float(each)).value if known else np.nan
            found = self.identified_
            moved = 0.0 if found is None else share_moved(found.shocks, found.stage, shift, self.terms_.decided)
            rows.append([float(each), shift, *self._change(float(each), None), moved >= MOVED, self.verdict.kind])
        return pd.DataFrame(rows, columns=["points", "shift", "estimate", "low", "high", "supported", "verdict"])

    def replicate(self, weights: Vector, points: float = 1.0) -> pd.Series[float]:
        """The effect by line, and over all, as other customers might have given it: one step, nuisances fixed.

        Parameters
        ----------
        weights : array of shape (n_customers,), mean 1, in the order of ``terms_.customer``
        points : float, pp of satisfaction

        Returns
        -------
        Series indexed by line, in pp; NaN where no estimate is shown
        """
        check_is_fitted(self, "terms_")
        lines = ("all", *self.terms_.lines)
        found = self.identified_
        if found is None or self.verdict.shown != "estimate":
            return pd.Series(np.nan, index=lines)
        shift = self._shift(points)
        move = shift.reweighted(weights)
        slopes = [own.reweighted(weights) for own in (found.slope, *found.pulled)]
        places = [None, *range(len(self.terms_.lines))]
        values = [self.gains_.change(float(slope * move), line) for slope, line in zip(slopes, places, strict=True)]
        return pd.Series(values, index=lines)

    def _change(self, points: float, line: int | None) -> PerPoint:
        """The effect of `points`, over one line or all, as the verdict lets it be shown."""
        check_is_fitted(self, "terms_")
        found, shown = self.identified_, self.verdict.shown
        if found is None or shown == "nothing":
            return _NOTHING
        shift = self._shift(points)
        if shown == "anderson_rubin":
            return self.gains_.between(found.weak, shift.value, line)
        if shown == "union":
            each = [self.gains_.per_shift(slope, shift, line) for slope in found.alone]
            return PerPoint(np.nan, min(one.low for one in each), max(one.high for one in each))
        if line is None:
            return self.gains_.per_shift(found.slope, shift)
        error = line_error(found.by_line[line], found.pulled[line], found.spread)
        return self.gains_.per_shift(found.pulled[line], shift, line, error=error)

    def _shift(self, points: float) -> Estimate:
        """The shift of satisfaction that moves the index of the policies in force by `points`."""
        assert self.latent_ is not None
        if points not in self._shifts:
            self._shifts[points] = self.latent_.shift_for(points, self.terms_.in_force)
        return self._shifts[points]

    def _bounds(self) -> tuple[float, float] | None:
        """The second opinion's interval, in pp per pp, were something unseen as strong as earlier satisfaction."""
        ends = None if self.second_opinion_ is None else self.second_opinion_.bounds
        if ends is None:
            return None
        low, high = (self.gains_.change(end * self._shift(1.0).value) for end in ends)
        return low, high

    @property
    def text(self) -> str:
        """The answer, its verdict and its checks, in words."""
        check_is_fitted(self, "terms_")
        if self.latent_ is None:
            return str(self.verdict)
        rows = self.terms_.reference
        counts = f"{int(rows.sum()):,} renewals of {len(np.unique(self.terms_.customer[rows])):,} customers"
        beside = f"association (double ML, no substitute): {self.association} renewal per pp"
        if self.verdict.shown == "nothing":
            return f"{self.verdict}\n{beside}, {counts}, {_HORIZON}\n{self.checks}"
        first = f"+1 pp satisfaction -> {self.per_pp} renewal, {counts}, {_HORIZON}"
        return f"{first}\n{self.verdict}\n{self.checks}\n{beside}"

    def __str__(self) -> str:
        return self.text if hasattr(self, "verdict") else repr(self)


def _untimed(terms: EffectTerms) -> str:
    """Why the scores cannot be used, if they cannot."""
    if not terms.scores or terms.timed >= _TIMED * terms.scores:
        return ""
    return (f"{terms.scores - terms.timed:,} of {terms.scores:,} scores were given after the end of cover or at an"
            " unknown time, so the outcome may have moved them")  # fmt: skip
