"""Monthly products: the chance of cancelling within a month, and of still being there some months on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel
from churnkit.models.life_tables import check_ahead

MONTH_DAYS = 365.25 / 12
_LATER = {"tenure_days": MONTH_DAYS, "customer_tenure_days": MONTH_DAYS, "term_number": 1.0}


class CancellationModel(ChurnModel):
    """Probability that a policy of monthly terms is left within a month; class 1 is *cancelled*.

    A :class:`ChurnModel` on the cancellation panel: a row per policy and month in force, so that the probability is
    the discrete-time hazard [1]_ ``h(t | x) = P(T = t | T >= t, x)``, months in force being among the features
    (``tenure_days``, ``term_number``). Months that end otherwise (death, the insurer) have no label: the hazard is that
    of leaving by one's own doing among those who do nothing else in that month. :func:`survival` goes on from it.

    References
    ----------
    .. [1] Singer, Willett (1993), It's about time: discrete-time survival analysis, J. Educational Statistics 18(2).

    Examples
    --------
    >>> CancellationModel(num_leaves=7).event
    'cancelled'
    """

    target, direction, event = "cancellation", -1, "cancelled"  # type: ignore[assignment]  # a third target


def survival(model: CancellationModel, X: pd.DataFrame, *, months: int = 12) -> pd.DataFrame:
    """Return the probability that each policy is still in force after 1, 2, … months.

    ``S(t) = (1 - h_1) ... (1 - h_t)``, ``h_k`` the model's hazard in the k-th month from now. Time goes on in the
    columns that are time itself (``tenure_days``, ``customer_tenure_days``, ``term_number``, ``cutoff_month``); all
    others stay as they are known now. Those who stay are the more loyal, which columns that stay do not learn: far
    ahead it errs on the low side. Exits that are not the customer's are taken to be absent.

    Parameters
    ----------
    model : CancellationModel, fitted
    X : DataFrame of shape (n_policies, n_features)
    months : int, how many ahead

    Returns
    -------
    DataFrame of shape (n_policies, months), columns 1 … months, indexed like X

    Raises
    ------
    UsageError
        If the model is of another kind, or months is not a whole number above 0.
    """
    if not isinstance(model, CancellationModel):
        raise UsageError("Survival month by month comes from a model of monthly cancellation.",
                         found=type(model).__name__, fix="Fit a CancellationModel on such a panel.")  # fmt: skip
    check_ahead(months)
    stays = [1.0 - model.predict_proba(_later(X, month))[:, 1] for month in range(months)]
    return pd.DataFrame(np.cumprod(stays, axis=0).T, index=X.index, columns=range(1, months + 1))


def _later(X: pd.DataFrame, months: int) -> pd.DataFrame:
    """The rows as they will be some months on, if nothing happens but time."""
    moved = {name: X[name] + months * step for name, step in _LATER.items() if name in X}
    if "cutoff_month" in X:
        moved["cutoff_month"] = (X["cutoff_month"] - 1 + months) % 12 + 1
    return X.assign(**moved)
