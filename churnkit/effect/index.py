"""The satisfaction index: the share of policies in force whose CSAT would be 4 or 5, corrected for who answers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator

from churnkit.book.open import Book
from churnkit.effect.estimate import Estimate
from churnkit.effect.latent import Latent, Rows, fit_latent
from churnkit.effect.latent_design import Floats
from churnkit.effect.latent_terms import SurveyRounds, last_moment, latent_design, survey_rounds
from churnkit.effect.terms import EffectTerms, effect_terms
from churnkit.errors import UsageError
from churnkit.models.trees import one_blas_thread

_FEW = 50  # policies or answers of a group below which no figure is shown
_DECILES = 10
_BLOCK = 20_000


class SatisfactionIndex(BaseEstimator):  # type: ignore[misc]
    """Satisfaction of the policies in force at the data cutoff, from every invitation and answer of the book.

    ``I = 100 x mean over policies of P(CSAT >= 4 | data)``: each policy counts once, by the satisfaction of its
    current term as a whole, and an answer's own noise and its wave's are part of the chance. What was not answered
    counts too, by the model of `churnkit.effect.latent.fit_latent`.

    Parameters
    ----------
    response : bool
        Whether unanswered invitations are known and tell something. Without them those who answered are taken to
        stand for all with the same covariates.

    Attributes
    ----------
    latent_ : Latent, the fit
    terms_ : EffectTerms
    rounds_ : SurveyRounds
    index_ : Estimate, the index with its influence by customer

    Examples
    --------
    >>> import tempfile
    >>> import churnkit as ck
    >>> book = ck.open_book(ck.simulate_book(tempfile.mkdtemp(), customers=400, world="B", truth=False))
    >>> index = SatisfactionIndex().fit(book)
    >>> bool(index.low < index.level < index.high)
    True
    >>> list(index.table(by="line").columns)
    ['line', 'level', 'low', 'high', 'policies', 'raw', 'answers']
    """

    def __init__(self, *, response: bool = True) -> None:
        self.response = response

    @one_blas_thread
    def fit(self, book: Book | EffectTerms) -> Self:
        """Learn latent satisfaction from a book, or from its table of terms.

        Raises
        ------
        ContractError
            If there are no answers, or all are alike.
        """
        self.terms_ = effect_terms(book) if isinstance(book, Book) else book
        self.rounds_: SurveyRounds = survey_rounds(self.terms_.invitations)
        design = latent_design(self.terms_, rounds=self.rounds_)
        self.latent_: Latent = fit_latent(design, response=self.response)
        self.index_: Estimate = self.latent_.index(self.terms_.in_force)
        return self

    @property
    def level(self) -> float:
        """The index, 0 to 100."""
        return self.index_.value

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.index_.interval[0]

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.index_.interval[1]

    @property
    def raw(self) -> float:
        """Satisfied share of the answers in the same terms, in %, not corrected; ``answers`` is their number."""
        return self._raw(self.terms_.in_force[self._round_term])[0]

    @property
    def answers(self) -> int:
        """Number of answers behind `raw`."""
        return self._raw(self.terms_.in_force[self._round_term])[1]

    def table(self, by: str | None = None) -> pd.DataFrame:
        """The index with its interval, and the raw share beside it.

        Parameters
        ----------
        by : str
            ``line`` or any other column known when a term began (region, channel, …); ``quarter``: the policies in
            force at the end of each, beside the answers to what was sent in it; ``touchpoint``: raw only, since a
            policy has one satisfaction and not one by touchpoint.

        Returns
        -------
        DataFrame with the group, level, low, high (0 to 100), policies, raw (%), answers; NaN below 50 policies, or
        50 answers for `raw`.

        Raises
        ------
        UsageError
            If there is no such column.
        """
        if by == "quarter":
            return self._by_quarter()
        if by == "touchpoint":
            touchpoint = self.rounds_.frame["touchpoint"].astype("str")
            return pd.DataFrame([
                {by: each, **self._row(None, (touchpoint == each).to_numpy())}
                for each in sorted(touchpoint.dropna().unique())
            ])  # fmt: skip
        inside = self.terms_.in_force
        if by is None:
            return pd.DataFrame([self._row(inside, inside[self._round_term])])
        group = self._column(by)
        rows = [(each, inside & (group == each).to_numpy()) for each in sorted(group[inside].dropna().unique())]
        return pd.DataFrame([{by: each, **self._row(mine, mine[self._round_term])} for each, mine in rows])

    @property
    def text(self) -> str:
        """What was found, in sentences, and what it assumes."""
        latent, day = self.latent_, last_moment(self.terms_)
        asked = latent.design.answered
        found = (
            f"Satisfaction index {self.level:.1f} (95 % {self.low:.1f} … {self.high:.1f}) of 100 on {day:%Y-%m-%d}, "
            f"{self.terms_.in_force.sum():,} policies in force. Of the {self.answers:,} answers in their terms "
            f"{self.raw:.1f} % are satisfied; {asked.mean():.0%} of {len(asked):,} invitation rounds were answered."
        )
        search = "" if latent.peak.converged else " The search did not end at a maximum: do not rely on these figures."
        return "\n".join([found + search, "It assumes:", *(f"- {each}" for each in latent.assumes)])

    def __str__(self) -> str:
        return self.text

    def parameters(self) -> pd.DataFrame:
        """Every parameter of the fit with its standard error: slopes, response, loadings, cuts, wave."""
        return pd.DataFrame([{"parameter": n, "value": v, "error": e} for n, (v, e) in self.latent_.table().items()])

    def response_by_shock(self) -> pd.DataFrame:
        """Answers observed and fitted, by tenths of what the shocks did to satisfaction.

        Shocks move satisfaction and nothing else, so who answers among the shocked tells how satisfaction decides on
        answering: where observed and fitted part, the parabola does not hold.

        Returns
        -------
        DataFrame with decile, shift (mean of Z p), rounds, observed and fitted (share answered)
        """
        latent = self.latent_
        if latent.layout.visible < 0 or not latent.design.z_names:
            return pd.DataFrame(columns=["decile", "shift", "rounds", "observed", "fitted"])
        shift = (latent.design.Z @ latent.first_stage)[self._round_term]
        hit = np.flatnonzero((latent.design.Z != 0).any(axis=1)[self._round_term])
        decile = pd.qcut(pd.Series(shift[hit]).rank(method="first"), _DECILES, labels=range(1, _DECILES + 1))
        observed, fitted = latent.design.answered[hit], _expected_response(latent, hit)
        frame = pd.DataFrame({"decile": decile.astype(int), "shift": shift[hit]})
        frame = frame.assign(observed=observed, fitted=fitted)
        by = frame.groupby("decile")
        found = by.mean().reset_index()
        found.insert(2, "rounds", by.size().to_numpy())
        return found

    @property
    def _round_term(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        return self.latent_.design.round_term

    def _column(self, by: str) -> pd.Series[Any]:
        for frame in (self.terms_.before, self.terms_.keys):
            if by in frame:
                return frame[by]
        known = ["quarter", "touchpoint", *self.terms_.before.columns]
        raise UsageError("An index is shown by a column that was known when the term began.", found=repr(by),
                         fix=f"Choose one of {', '.join(known)}.")  # fmt: skip

    def _row(self, terms: Rows | None, rounds: Rows) -> dict[str, float]:
        """The figures of some terms and some rounds."""
        raw, answers = self._raw(rounds)
        policies = 0 if terms is None else int(terms.sum())
        level = low = high = np.nan
        if terms is not None and policies >= _FEW:
            found = self.latent_.index(terms)
            level, (low, high) = found.value, found.interval
        return {"level": level, "low": max(low, 0.0), "high": min(high, 100.0), "policies": policies,
                "raw": raw if answers >= _FEW else np.nan, "answers": answers}  # fmt: skip

    def _raw(self, rounds: Rows) -> tuple[float, int]:
        first = self.rounds_.answers[:, 0]
        given = first[rounds & (first >= 0)]
        return float(100 * (given >= self.rounds_.instruments[0].satisfied).mean()) if len(given) else np.nan, len(
            given
        )

    def _by_quarter(self) -> pd.DataFrame:
        sent = self.rounds_.frame["sent_at"].dt.to_period("Q")
        start, end = self.terms_.keys["start"], self.terms_.keys["end"]
        rows = []
        for quarter in pd.period_range(sent.min(), last_moment(self.terms_).to_period("Q"), freq="Q"):
            last = min(quarter.end_time, last_moment(self.terms_))
            held = ((start <= last) & (end > last)).to_numpy()
            rows.append({"quarter": str(quarter), **self._row(held, (sent == quarter).to_numpy())})
        return pd.DataFrame(rows)


def _expected_response(latent: Latent, rounds: np.ndarray[Any, np.dtype[np.int64]]) -> Floats:
    """Chance of an answer to each round over the satisfaction that covariates and shocks let expect."""
    design, layout, grid = latent.design, latent.layout, latent.peak.grid
    mean = design.columns @ latent.theta[: layout.slopes]
    a, s = latent.theta[layout.response], layout.width(latent.theta, design.widths)[:, None]
    found = np.empty(len(rounds))
    for begin in range(0, len(rounds), _BLOCK):
        some = rounds[begin : begin + _BLOCK]
        weight = np.exp(-0.5 * ((grid - mean[design.round_term[some], None]) / s[design.round_term[some]]) ** 2)
        odds = a[0] + a[1] * grid + a[2] * grid**2 + (design.V[some] @ a[3:])[:, None]
        found[begin : begin + _BLOCK] = (weight * expit(odds)).sum(axis=1) / weight.sum(axis=1)
    return found
