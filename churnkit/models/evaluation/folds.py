"""Where the folds of a backtest lie, and whether there is enough to train and test on in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from churnkit.errors import ContractError, UsageError
from churnkit.panel.panel import Panel

MONTHS = {"quarter": 3, "year": 12}


@dataclass(frozen=True)
class Period:
    """Test rows with ``begin <= cutoff < end``; `begin` is the fold's date."""

    begin: pd.Timestamp
    end: pd.Timestamp


def periods(cutoff: pd.Series[Any], *, folds: int, every: Literal["quarter", "year"]) -> list[Period]:
    """Walk back from the last cutoff, quarter by quarter or year by year, and keep the last periods that hold rows.

    Examples
    --------
    >>> snapshots = pd.Series(pd.to_datetime(["2024-01-01", "2024-04-01", "2024-07-01"]))
    >>> [f"{period.begin:%Y-%m-%d}" for period in periods(snapshots, folds=2, every="quarter")]
    ['2024-04-01', '2024-07-01']

    Raises
    ------
    UsageError
        If there are fewer periods than folds.
    """
    if every not in MONTHS:
        raise UsageError("Origins are a quarter or a year apart.", found=repr(every), fix='every="quarter"')
    days = cutoff.drop_duplicates().sort_values()
    found: list[Period] = []
    back = 0
    while len(days) and len(found) < folds:
        high, low = (days.iloc[-1] - pd.DateOffset(months=MONTHS[every] * step) for step in (back, back + 1))
        if high < days.iloc[0]:
            break
        inside = days[(days > low) & (days <= high)]
        if len(inside):
            found.insert(0, Period(inside.iloc[0], high + pd.Timedelta(microseconds=1)))
        back += 1
    if len(found) < folds:
        raise UsageError(f"A backtest of {folds} folds needs as many {every}s with ripe labels.",
                         found=f"{len(found)}", fix=f"Ask for folds={max(len(found) - 1, 1)}.")  # fmt: skip
    return found


def require_folds(panel: Panel, spans: list[Period], *, tested: pd.Series[bool], learnt: pd.Series[bool],
                  least: int) -> None:  # fmt: skip
    """CLS28: refuse folds that cannot be trained or tested, all at once.

    Parameters
    ----------
    panel : Panel
    spans : list of Period
    tested, learnt : Series of bool of shape (n_rows,), rows that may be tested and trained on
    least : int, rows of the rarer class that training needs

    Raises
    ------
    ContractError
    """
    lacking = []
    for number, span in enumerate(spans, start=1):
        ripe = learnt & (panel.cutoff < span.begin) & (panel.keys["ripe_at"] <= span.begin)
        ours = tested & (panel.cutoff >= span.begin) & (panel.cutoff < span.end)
        for side, rows, need in (("train", ripe, max(least, 1)), ("test", ours, 1)):
            counts = {label: int((panel.y[rows] == label).sum()) for label in (0, 1)}
            if min(counts.values()) < need:
                found = f"{counts[0]:,} zeros and {counts[1]:,} ones to {side} on"
                lacking.append(f"fold {number} from {span.begin:%Y-%m-%d} has {found}")
    if lacking:
        raise ContractError(
            f"CLS28: every fold needs both classes, and at least {max(least, 1)} rows of the rarer one to train on.",
            found="; ".join(lacking),
            fix="Ask for fewer folds, or bring a longer history: labels must be ripe on the fold's date.",
        )
