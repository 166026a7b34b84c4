"""What tells the rows to be scored from the same day's rows of earlier years, feature by feature.

The rows compared have the same season and the same mix of leads. What still separates them alone is an id in time
order, a counter that starts when the record starts, a value that goes on being written for years (claims as developed
later), or honest drift; a model trained on it meets values it has never seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from churnkit.panel.leaks.areas import area, codes_of, error_of, orders_of
from churnkit.panel.leaks.strength import LEAST_ROWS, MOST_ROWS, sampled
from churnkit.panel.panel import Panel

COLUMNS = ("feature", "separates_time", "separates_time_low")


def separations(past: list[Panel], present: Panel) -> pd.DataFrame:
    """Return for each feature the area under the curve of "this row is of today".

    Parameters
    ----------
    past : list of Panel
        Rows in force on the same day of earlier years.
    present : Panel
        Rows to be scored.

    Returns
    -------
    DataFrame, a row per feature
        ``separates_time``: at least 0.5; of the values among rows that have one, or of whether there is one, whichever
        is more. ``separates_time_low``: the lower end of its interval, which holds for all features together (95 %,
        Bonferroni), a customer's rows of all years counting as one unit. NaN with fewer than 50 rows on a side.
    """
    panels = [_some(panel) for panel in (*past, present)]
    people = codes_of(pd.concat([panel.groups for panel in panels], ignore_index=True))[0]
    today = np.repeat([0.0] * len(past) + [1.0], [len(panel) for panel in panels])
    z = float(norm.isf(0.025 / (2 * max(present.X.shape[1], 1))))
    found = []
    for name in present.X:
        column = pd.concat([panel.X[name] for panel in panels], ignore_index=True)
        there = column.notna().to_numpy()
        flag = pd.Series(there.astype(np.float64))
        ways = [_apart(column[there], today[there], people[there]), _apart(flag, today, people)]
        known = [(abs(auc - 0.5), error) for auc, error in ways if error == error]
        far, error = max(known, key=lambda way: (max(way[0] - z * way[1], 0.0), way[0]), default=(np.nan, np.nan))
        found.append((name, 0.5 + far, 0.5 + max(far - z * error, 0.0) if known else np.nan))
    return pd.DataFrame(found, columns=list(COLUMNS))


def _some(panel: Panel) -> Panel:
    return panel.take(sampled(panel.groups, MOST_ROWS))


def _apart(column: pd.Series[Any], today: Any, people: Any) -> tuple[float, float]:
    """The area and its error, NaN where there are too few rows."""
    if min(today.sum(), len(today) - today.sum()) < LEAST_ROWS:
        return np.nan, np.nan
    auc, errors = area(orders_of(column, today, people % 2)[0], today)
    return auc, error_of(errors, people)
