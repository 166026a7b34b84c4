"""How far a year of an operation lies from the year before it, beyond who was drawn: staff, storms, winters.

A scenario takes last year's terms for those that are coming. But what made a handler slow made him slow for everybody:
the mean level, and the share of customers that meets the operation at all, differ from year to year by more than which
customers were drawn. How much more is told by history itself: at every month, twelve months of terms beside the twelve
before them, less what sampling alone leads to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnkit.effect.scenarios.totals import Met
from churnkit.effect.terms import EffectTerms
from churnkit.models.nuisance import Codes, Matrix

_YEAR, _MONTH_DAYS = 12, 365 / 12


@dataclass(frozen=True)
class Years:
    """Standard deviation of the difference between a year and the next; 0 where history does not hold two of them.

    Attributes
    ----------
    level : float, of the mean level of those who met the operation, on the lever's scale
    share : float, of the share that met it, relative to that share
    """

    level: float
    share: float


def between_years(terms: EffectTerms, met: Met) -> Years:
    """Compare each twelve months of terms with the twelve before; pooled over lines by how many met the operation."""
    rows = np.flatnonzero(terms.decided)
    ago = _months_ago(terms, rows)
    # A term that ended within a year of the first level that is known began before levels were kept.
    months = int(ago[met.known[rows]].max(initial=0)) - _YEAR
    if months < 2 * _YEAR:
        return Years(0.0, 0.0)
    rows, ago = rows[ago < months], ago[ago < months]
    at, lines = terms.line[rows] * months + ago, len(terms.lines)
    known, h = met.known[rows], np.nan_to_num(met.h[rows])
    n, who, k, total, square = (_by_year(at, each, lines, months) for each in (
        np.ones(len(rows)), met.met[rows], known, known * h, known * h**2))  # fmt: skip
    mean, share = total / np.maximum(k, 1), who / np.maximum(n, 1)
    usual = np.maximum(share.mean(axis=1, keepdims=True), 1e-9)
    return Years(_beyond(mean, (square / np.maximum(k, 1) - mean**2) / np.maximum(k, 1), k),
                 _beyond(share / usual, share * (1 - share) / np.maximum(n, 1) / usual**2, who))  # fmt: skip


def _months_ago(terms: EffectTerms, rows: Codes) -> Codes:
    """Whole months from each term's end to the last one's."""
    days = terms.keys["end"].to_numpy()[rows].astype("datetime64[D]").astype(np.int64)
    return np.asarray((days.max(initial=0) - days) // _MONTH_DAYS, dtype=np.intp)


def _by_year(at: Codes, weight: np.ndarray, lines: int, months: int) -> Matrix:
    """Sums over twelve months, by line and by the month that they begin with, shape (n_lines, n_months - 11)."""
    by_month = np.bincount(at, weight.astype(np.float64), lines * months).reshape(lines, months)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(by_month, _YEAR, axis=1).sum(axis=2))


def _beyond(mean: Matrix, sampling: Matrix, weight: Matrix) -> float:
    """Root mean square of the difference of years, less what sampling leads to; 0 where that is all of it."""
    excess = (mean[:, _YEAR:] - mean[:, :-_YEAR]) ** 2 - sampling[:, _YEAR:] - sampling[:, :-_YEAR]
    of = np.minimum(weight[:, _YEAR:], weight[:, :-_YEAR])
    return float(np.sqrt(max(float((excess * of).sum()) / max(float(of.sum()), 1.0), 0.0)))
