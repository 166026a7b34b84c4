"""What is taken for the effect: raise the score and predict again, and the slope of its contributions. Associations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import UsageError
from churnkit.models.classifier import RenewalModel
from churnkit.models.reasons.explain import contributions
from churnkit.panel.panel import Panel

Codes = npt.NDArray[np.intp]
GROUPS = ("satisfaction", "satisfaction change")
SATISFIED = 75.0  # rating from which a customer counts as satisfied: CSAT 4 of 5
_RATING = "rating_last"
_LEAST = 50  # rows on either side below which nothing is said


@dataclass(frozen=True)
class Naive:
    """Two figures that users would compute anyway, in pp of renewal per +1 pp of satisfied customers.

    Attributes
    ----------
    raised : float, the score raised in the model, and predicted again
    slope : float, the contributions of the satisfaction columns, satisfied customers against the others
    rows, unsatisfied : int, observations with a score, and those of them below satisfied
    text : str
    """

    raised: float
    slope: float
    rows: int
    unsatisfied: int
    text: str


def naive_effects(model: RenewalModel, panel: Panel) -> Naive:
    """Compute what a model says of satisfaction when its score is moved by hand.

    *Raised*: each observation whose last answer was not satisfied gets, in every column of the satisfaction group, what
    satisfied customers have there on average, and is predicted again; the mean gain is what one percentage point more
    of satisfied customers would bring, were it so. *Slope*: the mean contribution of the group (SHAP, log-odds),
    satisfied less not satisfied, times the mean of p (1 - p). Neither knows who is unsatisfied for reasons that make
    him leave anyway, how noisy one answer is, or who never answers: they are associations.

    Parameters
    ----------
    model : RenewalModel, fitted
    panel : Panel, renewal observations with ``rating_last`` among their features

    Returns
    -------
    Naive

    Raises
    ------
    UsageError
        If the model was not trained on the last rating.
    """
    if _RATING not in model.columns_.names or _RATING not in panel.X:
        raise UsageError("Raising the score needs a model that was trained on it.", found=f"no {_RATING}",
                         fix="build_panel(book, 'renewal') of a book with surveys.")  # fmt: skip
    rating = panel.X[_RATING].to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(rating)
    happy, unhappy = np.flatnonzero(known & (rating >= SATISFIED)), np.flatnonzero(known & (rating < SATISFIED))
    if min(len(happy), len(unhappy)) < _LEAST:
        text = f"Too few answers to raise: {len(happy)} satisfied, {len(unhappy)} not, {_LEAST} of each are asked for."
        return Naive(np.nan, np.nan, int(known.sum()), len(unhappy), text)
    columns = [name for name in model.columns_.names if _group(model, name) in GROUPS]
    raised = _raised(model, panel.X, columns, happy, unhappy)
    slope = _slope(model, panel.X, columns, happy, unhappy)
    text = (
        f"Raise the score and predict again: {raised:+.3f} pp of renewal per +1 pp of satisfied customers; slope of the"
        f" contributions: {slope:+.3f} pp ({int(known.sum()):,} renewal observations with a score, {len(unhappy):,} not"
        " satisfied). Associations, not effects."
    )
    return Naive(raised, slope, int(known.sum()), len(unhappy), text)


def _group(model: RenewalModel, name: str) -> str:
    features = {each.name: each for each in model.features_ or ()}
    return str(features[name].group) if name in features else ""


def _raised(model: RenewalModel, X: pd.DataFrame, columns: list[str], happy: Codes, unhappy: Codes) -> float:
    """Mean gain of the unsatisfied, predicted with what the satisfied have; in 0 to 1, which is pp per pp."""
    before = X.iloc[unhappy]
    after = before.copy()
    for name in columns:
        if name not in model.columns_.categories and name in after:
            mean = float(np.nanmean(X[name].iloc[happy].to_numpy(dtype=np.float64, na_value=np.nan)))
            own = after[name].to_numpy(dtype=np.float64, na_value=np.nan)
            after[name] = np.where(np.isnan(own), own, mean)
    return float((model.predict_proba(after)[:, 1] - model.predict_proba(before)[:, 1]).mean())


def _slope(model: RenewalModel, X: pd.DataFrame, columns: list[str], happy: Codes, unhappy: Codes) -> float:
    rows = np.concatenate([happy, unhappy])
    parts = contributions(model, X.iloc[rows])[columns].sum(axis=1).to_numpy()
    p = model.predict_proba(X.iloc[rows])[:, 1]
    gap = parts[: len(happy)].mean() - parts[len(happy) :].mean()
    return float(gap * (p * (1 - p)).mean())
