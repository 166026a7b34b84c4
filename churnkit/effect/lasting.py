"""Whether what a shock does to satisfaction lasts: the estimator takes satisfaction as constant within a term.

If it fades, answers given soon after a shock show more of it than is left at the renewal, and the effect per point is
understated. Each answer is regressed on the shocks that came before it in its term, on the same times the years since,
and on those that came after it; without fading the years since change nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import chi2

from churnkit.effect.second_opinion import Control
from churnkit.effect.shocks import Fitted, ResidualShocks
from churnkit.effect.terms import EffectTerms
from churnkit.models.nuisance import Codes, Matrix, Vector

LEAST = 500
"""Answers on terms that a shock fell on below which nothing is said."""
_YEAR = 365.25 * 86_400e6  # microseconds


def fading(terms: EffectTerms, shocks: ResidualShocks) -> tuple[Control, Fitted | None]:
    """Test that the years since a shock change nothing of what it does to an answer.

    Parameters
    ----------
    terms : EffectTerms
    shocks : ResidualShocks

    Returns
    -------
    test : Control
        The Wald statistic over all shocks; NaN with too few answers.
    slopes : Fitted or None
        Rating points (of 100) per unit of shock, and their change per year since: first all shocks, then all changes.
    """
    answers = _answers(terms)
    row = answers["row"].to_numpy()
    if not len(row):
        return Control(np.nan, np.nan, len(shocks.names)), None
    columns, m = [_touchpoints(answers), shocks.exposed[row].astype(np.float64)], len(shocks.names)
    before, since, after = (
        np.column_stack(each) for each in zip(*(_apart(answers, e) for e in shocks.events), strict=True)
    )
    if min((np.abs(before) > 0).sum(axis=0)) < LEAST:
        return Control(np.nan, np.nan, m), None
    W = np.hstack([*columns, after, before, since])
    found = least_squares(W, answers["rating"].to_numpy(dtype=np.float64), terms.customer[row], terms.customers)
    found = found.take(slice(W.shape[1] - 2 * m, None))
    change = found.take(slice(m, None))
    wald = float(change.value @ np.linalg.solve(change.covariance, change.value))
    return Control(wald, float(chi2.sf(wald, m)), m), found


def _answers(terms: EffectTerms) -> pd.DataFrame:
    """Answers to the question most often answered, on terms that are over."""
    asked, over = terms.invitations, ~terms.in_force & ~terms.short
    rows = asked["answered"].to_numpy() & asked["rating"].notna().to_numpy() & over[asked["row"].to_numpy()]
    if rows.any():
        most = asked["instrument"].to_numpy()[rows]
        names, counts = np.unique(most.astype(str), return_counts=True)
        rows &= (asked["instrument"] == names[counts.argmax()]).to_numpy()
    return pd.DataFrame(asked.loc[rows].reset_index(drop=True))


def _touchpoints(answers: pd.DataFrame) -> Matrix:
    """A constant, and an indicator of each occasion but the first."""
    codes = answers["touchpoint"].cat.codes.to_numpy()
    kept = [k for k in np.unique(codes)[1:] if (codes == k).sum() > 1]
    return np.column_stack([np.ones(len(codes)), *((codes == k).astype(np.float64) for k in kept)])


def _apart(answers: pd.DataFrame, events: pd.DataFrame) -> tuple[Vector, Vector, Vector]:
    """By answer: what had fallen on its term before it, the same times the years since, and what fell after."""
    asked = pd.DataFrame({"answer": np.arange(len(answers)), "row": answers["row"].to_numpy(),
                          "sent": answers["sent_at"].to_numpy("datetime64[us]").astype(np.int64)})  # fmt: skip
    pairs = asked.merge(events.assign(at=events["at"].to_numpy("datetime64[us]").astype(np.int64)), on="row")
    answer, years = pairs["answer"].to_numpy(), (pairs["sent"] - pairs["at"]).to_numpy() / _YEAR
    part = pairs["part"].to_numpy(dtype=np.float64)

    def total(values: Vector) -> Vector:
        return np.bincount(answer, values, len(answers)).astype(np.float64)

    past = years >= 0
    return total(part * past), total(part * past * years), total(part * ~past)


def least_squares(W: Matrix, y: Vector, owner: Codes, customers: int) -> Fitted:
    """Least squares with each customer's influence."""
    bread = np.linalg.pinv(W.T @ W, hermitian=True)
    value = bread @ (W.T @ y)
    scores = W * (y - W @ value)[:, None]
    by = np.column_stack([np.bincount(owner, column, customers) for column in scores.T])
    return Fitted(value, by @ bread * customers)
