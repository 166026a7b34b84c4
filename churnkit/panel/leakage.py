"""LEAK29: what knows the outcome. A feature that alone separates the label; a column written after customers left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.book.finding import Finding
from churnkit.book.open import Book
from churnkit.panel.feature import Feature
from churnkit.panel.panel import Panel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SEPARATES = 0.95  # area under the curve of one feature; honest ones of renewal stay below 0.7
FORESEES = 0.7  # the same of a column as of the extract for who leaves later, among those who stayed: honest 0.5 to 0.6
LEAST_ROWS = 50  # of either kind
MOST_ROWS = 50_000  # every k-th row of larger panels: the area is then known to about 0.002
LATER_DAYS = 365  # stayed at least so long before data_cutoff, so that there was time to leave


def leaking_features(X: pd.DataFrame, y: Any, *, features: Iterable[Feature] = (), groups: Any = None) -> list[Finding]:
    """Return a warning for every column that alone separates the label.

    A number is ranked (missing values once lowest, once highest); a category stands for its rate of the label among the
    customers of the other half. The area under the ROC curve, or one minus it, lies over 0.95.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_features)
    y : array-like of 0 and 1 of shape (n_rows,); rows without a label count for nothing
    features : iterable of Feature, what the columns are, for the names of their tables
    groups : array-like of shape (n_rows,), customers, never in both halves; every row by itself if None

    Examples
    --------
    >>> X = pd.DataFrame({"calls": [0.0, 1.0] * 100, "age": np.arange(200.0)})
    >>> [finding.code for finding in leaking_features(X, [0, 1] * 100)]
    ['LEAK29']
    """
    label: Floats = np.asarray(y, dtype=np.float64)
    rows = np.flatnonzero(~np.isnan(label))
    rows = rows[:: max(1, -(-len(rows) // MOST_ROWS))]
    label, tables = label[rows], {feature.name: feature.table for feature in features}
    if min(label.sum(), len(label) - label.sum()) < LEAST_ROWS:
        return []
    half = _codes(pd.Series(np.arange(len(X)) if groups is None else np.asarray(groups)).iloc[rows])[0] % 2
    found = []
    for name in X:
        area = _area_of(X[name].iloc[rows], label, half)
        if area > SEPARATES:
            found.append(Finding(
                "LEAK29", "warning", tables.get(str(name), "X"), f"{name} alone separates the label (AUC {area:.3f},"
                f" over {SEPARATES})", count=1, effect="the model would look near perfect and know nothing of tomorrow",
                fix="if it is filled after the outcome, say from when it is known (known_at), or leave it out",
            ))  # fmt: skip
    return found


def foreseeing_columns(book: Book, panel: Panel) -> list[Finding]:
    """Return a warning for every column as of the extract that tells who of those who stayed was gone later.

    Customer and policy columns without earlier versions say at every cutoff what was known at the extract. Among rows
    whose customers stayed, a year or more before data_cutoff, those who are without cover at data_cutoff are told from
    those who have it, within quarters of the cutoff, so that no drift over time counts. A trait does that hardly
    better than it tells who leaves next; a value written when somebody leaves does it well (area over 0.7).
    """
    columns = [f for f in panel.features if f.aggregate == "attribute" and f.table in ("customers", "policies")
               and _as_of_extract(book, f)]  # fmt: skip
    stayed = panel.y == (1 if panel.target == "renewal" else 0)
    rows = np.flatnonzero(stayed & (panel.cutoff < book.settings.data_cutoff - pd.Timedelta(days=LATER_DAYS)))
    rows = rows[:: max(1, -(-len(rows) // MOST_ROWS))]
    if not columns or not len(rows):
        return []
    people = panel.groups.iloc[rows]
    gone = np.asarray(~people.isin(_covered(book)), dtype=np.float64)
    half, quarter = _codes(people)[0] % 2, _codes(panel.cutoff.iloc[rows].dt.to_period("Q").astype("str"))[0]
    found = []
    for feature in columns:
        area = _area_of(panel.X[feature.name].iloc[rows], gone, half, quarter)
        if area > FORESEES:
            found.append(Finding(
                "LEAK29", "warning", feature.table, f"{feature.column} tells, of those who stayed, who was gone later"
                f" (AUC {area:.3f} within quarters, over {FORESEES})", count=1,
                effect="it is as of the extract, and seems to be written when somebody leaves: no scored customer has"
                " such a value yet", fix="give its earlier versions with recorded_at, say from when it is known"
                " (known_at), or leave it out"))  # fmt: skip
    return found


def _as_of_extract(book: Book, feature: Feature) -> bool:
    column = book.schema[feature.table].column(feature.column)
    return column is not None and not column.known_at and not book.repeats(feature.table)


def _covered(book: Book) -> list[str]:
    """Customers who have cover at data_cutoff, or had until 60 days before it and may still renew."""
    query = ("SELECT DISTINCT p.customer_id FROM terms AS t JOIN policies AS p ON t.policy_id = p.policy_id WHERE"
             " coalesce(t.ended_date, t.end_date) > $day AND t.end_date > $day")  # fmt: skip
    day = book.settings.data_cutoff - pd.Timedelta(days=60)
    return list(book.sql(query, day=day)["customer_id"].to_pylist())


def _area_of(column: pd.Series[Any], label: Floats, half: Ints, stratum: Ints | None = None) -> float:
    """The larger of the area under the curve and one minus it, within strata where given."""
    if column.isna().all():
        return 0.5
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        codes = np.unique(column.to_numpy(dtype=np.float64, na_value=np.nan), return_inverse=True)[1]
        missing = column.isna().to_numpy()
        return max(_area(order, label, stratum) for order in (codes, np.where(missing, -1, codes) + 1))
    rate = _rates(_codes(column)[0], label, half)
    return _area(np.unique(rate, return_inverse=True)[1], label, stratum)


def _area(order: Ints, label: Floats, stratum: Ints | None) -> float:
    """Mann and Whitney's statistic: the chance that a 1 ranks above a 0 of its stratum, ties counting half."""
    size = int(order.max()) + 1
    own = np.zeros(len(order), dtype=np.int64) if stratum is None else stratum
    cells, place = np.arange(size), order
    if stratum is not None:
        cells, place = np.unique(own * size + order, return_inverse=True)
    ones = np.bincount(place, label, len(cells))
    zeros = np.bincount(place, 1 - label, len(cells))
    first = np.r_[True, np.diff(cells // size) > 0]
    begin = np.maximum.accumulate(np.where(first, np.arange(len(cells)), 0))
    before = np.cumsum(zeros) - zeros
    above = float((ones * (before - before[begin] + zeros / 2)).sum())
    pairs = float((np.bincount(own, label) * np.bincount(own, 1 - label)).sum())
    return max(above / pairs, 1 - above / pairs) if pairs else 0.5


def _rates(codes: Ints, label: Floats, half: Ints) -> Floats:
    """Each category's rate of the label in the other half of the customers, drawn to the overall rate by 10 rows."""
    rate, overall = np.full(len(codes), label.mean()), float(label.mean())
    for side in (0, 1):
        other, size = half != side, int(codes.max()) + 1
        ones = np.bincount(codes[other], label[other], size)
        seen = np.bincount(codes[other], minlength=size)
        rate[half == side] = ((ones + 10 * overall) / (seen + 10))[codes[half == side]]
    return rate


def _codes(values: pd.Series[Any]) -> tuple[Ints, Any]:
    codes, levels = pd.factorize(values, use_na_sentinel=False)
    return np.asarray(codes, dtype=np.int64), levels
