"""Areas under the ROC curve of single columns, with what each row adds to their error."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def area(order: Ints, label: Floats, stratum: Ints | None = None) -> tuple[float, Floats]:
    """Mann and Whitney's statistic: the chance that a 1 ranks above a 0 of its stratum, ties counting half.

    Returns
    -------
    estimate : float
        0.5 where there is no pair.
    errors : array of shape (n_rows,)
        What each row adds to the error of the estimate [1]_; they sum to 0. Summed by customer and squared they give
        the variance with customers as clusters [2]_; those of two areas may be subtracted.

    References
    ----------
    .. [1] DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44.
    .. [2] Obuchowski (1997), Nonparametric analysis of clustered ROC curve data, Biometrics 53.

    Examples
    --------
    >>> area(np.array([0, 1, 1, 2]), np.array([0.0, 0.0, 1.0, 1.0]))[0]
    0.875
    """
    size = int(order.max()) + 1
    own = np.zeros(len(order), dtype=np.int64) if stratum is None else stratum
    cells, place = np.arange(size, dtype=np.int64), order
    if stratum is not None:
        cells, place = np.unique(own * size + order, return_inverse=True)
    ones, zeros = (np.bincount(place, each, len(cells)) for each in (label, 1 - label))
    n_ones, n_zeros = np.bincount(own, label), np.bincount(own, 1 - label)
    pairs = float((n_ones * n_zeros).sum())
    if not pairs:
        return 0.5, np.zeros(len(order))
    of = cells // size
    first = np.r_[True, np.diff(of) > 0]
    begin = np.maximum.accumulate(np.where(first, np.arange(len(cells)), 0))
    lower_zeros, lower_ones = (np.cumsum(each) - each for each in (zeros, ones))
    below = lower_zeros - lower_zeros[begin] + zeros / 2
    above = n_ones[of] - (lower_ones - lower_ones[begin]) - ones / 2
    won = np.bincount(of, ones * below, len(n_ones)) / np.maximum(n_ones * n_zeros, 1)
    errors = np.where(label == 1, below[place] - (won * n_zeros)[own], above[place] - (won * n_ones)[own]) / pairs
    return float((ones * below).sum()) / pairs, errors


def error_of(errors: Floats, people: Ints) -> float:
    """Standard error from the rows' errors, customers (codes from 0) being the independent units."""
    sums = np.bincount(people, errors)
    return float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)))


def orders_of(column: pd.Series[Any], label: Floats, half: Ints) -> tuple[Ints, ...]:
    """The ranks in which a column may speak: a number's, missing values once lowest, once highest; a category's by its
    rate of the label in the other half of the customers.
    """  # fmt: skip
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = np.unique(column.to_numpy(dtype=np.float64, na_value=np.nan), return_inverse=True)[1]
        missing = column.isna().to_numpy()
        return (values, np.where(missing, -1, values) + 1) if missing.any() else (values,)
    rate = _rates(codes_of(column)[0], label, half)
    return (np.unique(rate, return_inverse=True)[1],)


def largest_area(column: pd.Series[Any], label: Floats, half: Ints, stratum: Ints | None = None) -> float:
    """The larger of the area under the curve and one minus it, within strata where given."""
    if column.isna().all():
        return 0.5
    found = [area(order, label, stratum)[0] for order in orders_of(column, label, half)]
    return max(max(each, 1 - each) for each in found)


def codes_of(values: pd.Series[Any]) -> tuple[Ints, Any]:
    """Whole numbers from 0 for the different values of a column, a missing one among them."""
    codes, levels = pd.factorize(values, use_na_sentinel=False)
    return np.asarray(codes, dtype=np.int64), levels


def _rates(codes: Ints, label: Floats, half: Ints) -> Floats:
    """Each category's rate of the label in the other half of the customers, drawn to the overall rate by 10 rows."""
    rate, overall = np.full(len(codes), label.mean()), float(label.mean())
    for side in (0, 1):
        other, size = half != side, int(codes.max()) + 1
        ones = np.bincount(codes[other], label[other], size)
        seen = np.bincount(codes[other], minlength=size)
        rate[half == side] = ((ones + 10 * overall) / (seen + 10))[codes[half == side]]
    return rate
