"""LEAK29: what knows the outcome. A feature that alone separates the label; a column written after customers left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from churnkit.book.finding import Finding
from churnkit.book.open import Book
from churnkit.panel.feature import Feature
from churnkit.panel.leaks.areas import Floats, Ints, area, codes_of, error_of, largest_area, orders_of
from churnkit.panel.panel import Panel

SEPARATES = 0.95  # area under the curve of one feature; honest ones of renewal stay below 0.7
FORESEES = 0.7  # the same of a column as of the extract for who leaves later, among those who stayed: honest 0.5 to 0.6
SURELY = 0.6  # where the interval of such an area begins at least
LEAST_ROWS = 50  # of either kind
MOST_ROWS = 50_000  # every k-th row of larger panels: the area is then known to about 0.002
_KEYS = {"agent": "policies", "household": "customers"}  # which table names the agent, the household
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
    half = codes_of(pd.Series(np.arange(len(X)) if groups is None else np.asarray(groups)).iloc[rows])[0] % 2
    found = []
    for name in X:
        auc = largest_area(X[name].iloc[rows], label, half)
        if auc > SEPARATES:
            found.append(separating(str(name), tables.get(str(name), "X"), auc))
    return found


def separating(name: str, table: str, auc: float) -> Finding:
    """Say that a feature alone separates the label."""
    return Finding(
        "LEAK29", "warning", table, f"{name} alone separates the label (AUC {auc:.3f}, over {SEPARATES})", count=1,
        effect="the model would look near perfect and know nothing of tomorrow",
        fix="if it is filled after the outcome, say from when it is known (known_at), or leave it out",
    )  # fmt: skip


def foreseeing_columns(book: Book, panel: Panel) -> list[Finding]:
    """Return a warning for every column as of the extract that tells who of those who stayed was gone later.

    Those are the columns whose area (:func:`foresights`) lies over 0.7, and its interval over 0.6.
    """
    columns = {feature.name: feature for feature in panel.features}
    told = foresights(book, panel)
    surely = told[(told["auc"] > FORESEES) & (told["low"] > SURELY)]
    return [foreseeing(columns[name], auc) for name, auc in zip(surely["feature"], surely["auc"], strict=True)]


def foreseeing(feature: Feature, auc: float) -> Finding:
    """Say that something as of the extract tells who was gone later."""
    what, table, its = feature.column, feature.table, "it is"
    if feature.aggregate != "attribute":
        what, table, its = feature.name, _KEYS[_scope(feature)], f"whose {_scope(feature)} it speaks of is"
    return Finding(
        "LEAK29", "warning", table, f"{what} tells, of those who stayed, who was gone later (AUC {auc:.3f} within"
        f" quarters, over {FORESEES})", count=1,
        effect=f"{its} as of the extract, and seems to be written when somebody leaves: no scored customer has such a"
        " value yet", fix="give its earlier versions with recorded_at, say from when it is known (known_at), or leave"
        " it out",
    )  # fmt: skip


def foresights(book: Book, panel: Panel) -> pd.DataFrame:
    """Return how well each column as of the extract tells who of those who stayed was gone later.

    Customer and policy columns without earlier versions say at every cutoff what was known at the extract, and so does
    what is counted by agent or household where policies or customers have no earlier versions. Among rows
    whose customers stayed, a year or more before data_cutoff, those who are without cover at data_cutoff are told from
    those who have it, within quarters of the cutoff, so that no drift over time counts. A trait does that hardly
    better than it tells who leaves next; a value written when somebody leaves does it well.

    Returns
    -------
    DataFrame
        ``feature``, ``auc`` and ``low``, the lower end of its interval (four standard errors, by customer).
    """
    columns = [f for f in panel.features if _as_of_extract(book, f)]
    stayed = panel.y == (1 if panel.target == "renewal" else 0)
    rows = np.flatnonzero(stayed & (panel.cutoff < book.settings.data_cutoff - pd.Timedelta(days=LATER_DAYS)))
    rows = rows[:: max(1, -(-len(rows) // MOST_ROWS))]
    found: list[tuple[str, float, float]] = []
    if columns and len(rows):
        people = codes_of(panel.groups.iloc[rows])[0]
        gone = np.asarray(~panel.groups.iloc[rows].isin(_covered(book)), dtype=np.float64)
        quarter = codes_of(panel.cutoff.iloc[rows].dt.to_period("Q").astype("str"))[0]
        found = [(f.name, *_told(panel.X[f.name].iloc[rows], gone, people, quarter)) for f in columns]
    return pd.DataFrame(found, columns=["feature", "auc", "low"])


def _told(column: pd.Series[Any], gone: Floats, people: Ints, quarter: Ints) -> tuple[float, float]:
    """The largest area and the lower end of its interval."""
    best = 0.5, 0.5
    for order in orders_of(column, gone, people % 2) if column.notna().any() else ():
        auc, errors = area(order, gone, quarter)
        best = max(best, (max(auc, 1 - auc), max(auc, 1 - auc) - 4 * error_of(errors, people)))
    return best


def _as_of_extract(book: Book, feature: Feature) -> bool:
    if feature.aggregate != "attribute":
        table = _KEYS.get(_scope(feature))
        return table is not None and not book.repeats(table)
    column = book.schema[feature.table].column(feature.column) if feature.table in _KEYS.values() else None
    return column is not None and not column.known_at and not book.repeats(feature.table)


def _scope(feature: Feature) -> str:
    """Whose rows a feature speaks of; of one made of two, the one that goes beyond the customer."""
    return next((scope for scope in map(_scope, feature.parts) if scope in _KEYS), feature.scope)


def _covered(book: Book) -> list[str]:
    """Customers who have cover at data_cutoff, or had until 60 days before it and may still renew."""
    query = ("SELECT DISTINCT p.customer_id FROM terms AS t JOIN policies AS p ON t.policy_id = p.policy_id WHERE"
             " coalesce(t.ended_date, t.end_date) > $day AND t.end_date > $day")  # fmt: skip
    day = book.settings.data_cutoff - pd.Timedelta(days=60)
    return list(book.sql(query, day=day)["customer_id"].to_pylist())
