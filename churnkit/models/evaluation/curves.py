"""Tables behind the pictures of a model: reliability, cumulative gains and lift, precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Vector = npt.NDArray[np.floating[Any]]


def reliability_curve(y: Vector, p: Vector, *, bins: int = 10) -> pd.DataFrame:
    """Observed against predicted share, in bins of equal size by prediction.

    Parameters
    ----------
    y : array of shape (n_rows,), 0 or 1
    p : array of shape (n_rows,), predicted probability of 1
    bins : int

    Returns
    -------
    DataFrame, one row per bin: predicted, observed, n, and low and high (Wilson's 95 % interval [1]_).

    References
    ----------
    .. [1] Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.

    Examples
    --------
    >>> y, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    >>> reliability_curve(y, p, bins=2)[["predicted", "observed", "n"]]
       predicted  observed  n
    0       0.15       0.0  2
    1       0.85       1.0  2
    """
    order = np.argsort(p, kind="stable")
    rows = []
    for part in np.array_split(order, min(bins, len(order))):
        n, share = len(part), float(np.mean(y[part]))
        middle, half = share + 1.92 / n, 1.96 * np.sqrt(share * (1 - share) / n + 0.96 / n**2)
        low, high = (middle - half) / (1 + 3.84 / n), (middle + half) / (1 + 3.84 / n)
        rows.append((float(np.mean(p[part])), share, n, max(0.0, low), min(1.0, high)))
    return pd.DataFrame(rows, columns=["predicted", "observed", "n", "low", "high"])


def gains_curve(risk: Vector, lapse: Vector, *, points: int = 20) -> pd.DataFrame:
    """Share of all lapses that are reached by contacting the rows at the highest risk.

    Parameters
    ----------
    risk, lapse : arrays of shape (n_rows,), predicted risk, and 1 where it came true
    points : int

    Returns
    -------
    DataFrame: contacted (share of rows), captured (share of lapses), lift.

    Examples
    --------
    >>> gains_curve(np.array([0.9, 0.8, 0.2, 0.1]), np.array([1, 0, 1, 0]), points=2)
       contacted  captured  lift
    0        0.5       0.5   1.0
    1        1.0       1.0   1.0
    """
    found = np.cumsum(lapse[np.argsort(-risk, kind="stable")])
    share = np.arange(1, points + 1) / points
    captured = found[np.maximum((share * len(risk)).round().astype(int), 1) - 1] / max(found[-1], 1)
    return pd.DataFrame({"contacted": share, "captured": captured, "lift": captured / share})


def precision_recall_curve(risk: Vector, lapse: Vector, *, points: int = 100) -> pd.DataFrame:
    """Precision and recall of the lapses, contacting ever more of the rows at the highest risk.

    Parameters
    ----------
    risk, lapse : arrays of shape (n_rows,), predicted risk, and 1 where it came true
    points : int, at most; rows of the same risk are contacted together

    Returns
    -------
    DataFrame: threshold (risk from which rows are contacted), recall (share of lapses), precision (lapses among them).

    Examples
    --------
    >>> precision_recall_curve(np.array([0.9, 0.8, 0.2, 0.1]), np.array([1, 0, 1, 0]))
       threshold  recall  precision
    0        0.9     0.5   1.000000
    1        0.8     0.5   0.500000
    2        0.2     1.0   0.666667
    3        0.1     1.0   0.500000
    """
    order = np.argsort(-risk, kind="stable")
    found, sorted_risk = np.cumsum(lapse[order]), risk[order]
    ends = np.flatnonzero(np.r_[np.diff(sorted_risk) != 0, True])
    kept = ends[np.unique(np.linspace(0, len(ends) - 1, min(points, len(ends))).round().astype(int))]
    return pd.DataFrame({"threshold": sorted_risk[kept], "recall": found[kept] / max(found[-1], 1),
                         "precision": found[kept] / (kept + 1)})  # fmt: skip
