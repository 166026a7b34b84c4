"""How well each feature alone tells the outcome, and how much of that is gone when it is known 30 days earlier.

What knows the end is not weaker a month before it by a little, as what was lived through is; it is gone. So each row is
matched with the row of the same term (or customer) 30 days before, and the two areas under the curve are compared on
the same rows, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from churnkit.panel.leaks.areas import Floats, Ints, area, codes_of, error_of, orders_of
from churnkit.panel.panel import Panel

EARLIER_DAYS = 30
LEAST_ROWS = 50  # of either outcome
MOST_ROWS = 50_000  # of larger panels some customers with all their rows: the area is then known to about 0.003
COLUMNS = ("feature", "lead_days", "rows", "auc", "auc_30d_earlier", "drop", "drop_low", "drop_high")


def strengths(pairs: Iterable[tuple[Panel, Panel]]) -> pd.DataFrame:
    """Return each feature's area under the curve, and the part of it that is gone 30 days earlier.

    Parameters
    ----------
    pairs : iterable of (near, far) Panel
        Rows with outcome, and among the others the rows of the same entities 30 days before; a pair per lead.

    Returns
    -------
    DataFrame, a row per feature that has values, with fewer than 50 rows of either outcome none
        ``auc``: a number is ranked (missing values lowest or highest, whichever tells more), a category stands for its
        rate among the other half of the customers; turned so that it is at least 0.5. ``auc_30d_earlier``: the same
        way round. ``drop``: their difference, with an interval that holds for all features and leads together (95 %,
        Bonferroni), customers being the independent units. Of the leads, the one with the strongest sign of a leak:
        an area over 0.95, else the largest lower end of the drop.
    """
    found = []
    for near, far in pairs:
        rows = _matched(near, far)
        label = rows.label
        if min(label.sum(), len(label) - label.sum()) >= LEAST_ROWS:
            found += [rows.compared(str(name)) for name in near.X if not rows.near[name].isna().all()]
    table = pd.DataFrame(found, columns=["feature", "lead_days", "rows", "auc", "auc_30d_earlier", "error"])
    width = norm.isf(0.025 / max(len(table), 1)) * table.pop("error")
    table["drop"] = table["auc"] - table["auc_30d_earlier"]
    table["drop_low"], table["drop_high"] = table["drop"] - width, table["drop"] + width
    worst = np.where(table["auc"] > 0.95, 1 + table["auc"], table["drop_low"])
    first = table.iloc[np.argsort(-worst, kind="stable")].drop_duplicates("feature").sort_index()
    return first.reset_index(drop=True)[list(COLUMNS)]


class _Rows:
    """Features of the same rows now and 30 days earlier, their outcomes and customers."""

    def __init__(self, near: pd.DataFrame, far: pd.DataFrame, label: Floats, people: Ints, lead: float) -> None:
        self.near, self.far, self.label, self.people, self.lead = near, far, label, people, lead

    def compared(self, name: str) -> tuple[Any, ...]:
        half = self.people % 2
        now = [area(order, self.label) for order in orders_of(self.near[name], self.label, half)]
        best = max(range(len(now)), key=lambda i: abs(now[i][0] - 0.5))
        then = 0.5, np.zeros(len(self.label))
        if not self.far[name].isna().all():
            before = orders_of(self.far[name], self.label, half)
            then = area(before[min(best, len(before) - 1)], self.label)
        up = now[best][0] >= 0.5
        auc, earlier = (each if up else 1 - each for each in (now[best][0], then[0]))
        error = error_of(now[best][1] - then[1], self.people)
        return name, self.lead, len(self.label), auc, earlier, error


def _matched(near: Panel, far: Panel) -> _Rows:
    """The rows of `near` that have an outcome and a row in `far`, 30 days before; of too many, some customers'."""
    before = pd.MultiIndex.from_arrays([far.keys["entity"], far.cutoff])
    earlier = near.cutoff - pd.Timedelta(days=EARLIER_DAYS)
    at = before.get_indexer(pd.MultiIndex.from_arrays([near.keys["entity"], earlier]))
    rows = np.flatnonzero((at >= 0) & near.y.notna().to_numpy())
    rows = rows[sampled(near.groups.iloc[rows], MOST_ROWS)]
    people = codes_of(near.groups.iloc[rows])[0]
    lead = float(near.keys["lead_days"].iloc[rows].mean()) if len(rows) else np.nan
    label: Floats = np.asarray(near.y.iloc[rows], dtype=np.float64)
    now, then = near.X.iloc[rows].reset_index(drop=True), far.X.iloc[at[rows]].reset_index(drop=True)
    return _Rows(now, then, label, people, lead)


def sampled(people: pd.Series[Any], most: int) -> Ints:
    """Positions of all rows of evenly spaced customers, about `most` rows; all rows where there are no more."""
    codes, share = codes_of(people)[0], min(1.0, most / max(len(people), 1))
    return np.flatnonzero(np.floor((codes + 1) * share) > np.floor(codes * share))
