"""CLS28: whether there is something to learn from, and from when there is more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnkit.errors import ContractError
from churnkit.panel.panel import Panel


def ripening(ripe_at: Any, unripe: Any) -> str:
    """Say how many labels are still to ripen, and when.

    Parameters
    ----------
    ripe_at : array-like of moments
    unripe : array-like of bool

    Examples
    --------
    >>> ripening(pd.to_datetime(["2026-03-01", "2026-05-01", "2025-01-01"]), [True, True, False])
    '2 more labels ripen, the first on 2026-03-01, half of them by 2026-03-01, the last on 2026-05-01'
    >>> ripening([], [])
    'no more labels ripen'
    """
    waiting = pd.Series(pd.to_datetime(np.asarray(ripe_at)))[np.asarray(unripe, dtype=bool)].dropna().sort_values()
    if waiting.empty:
        return "no more labels ripen"
    first, half, last = (f"{waiting.iloc[at]:%Y-%m-%d}" for at in (0, (len(waiting) - 1) // 2, -1))
    if len(waiting) == 1:
        return f"1 more label ripens, on {first}"
    return f"{len(waiting):,} more labels ripen, the first on {first}, half of them by {half}, the last on {last}"


def require_classes(panel: Panel, train: Panel, *, least: int) -> None:
    """CLS28: refuse to train on fewer than `least` rows of the rarer class, naming when more labels ripen.

    Parameters
    ----------
    panel : Panel with its unlabelled rows
    train : Panel, the rows to train on
    least : int

    Raises
    ------
    ContractError
    """
    ones = int((train.y == 1).sum())
    zeros = len(train) - ones
    if min(ones, zeros) >= max(least, 1):
        return
    raise ContractError(
        f"CLS28: training needs both classes, and at least {max(least, 1)} rows of the rarer one.",
        found=f"{train.y.name} = 1 in {ones:,} and 0 in {zeros:,} of {len(train):,} training rows;"
        f" {ripening(panel.keys['ripe_at'], panel.keys['cause'] == 'unripe')}",
        where=f"the {panel.target} panel",
        fix="Bring a longer history, wait for these labels, or check how terms follow each other and how they ended.",
    )
