"""CLS28: whether there is something to learn from, and from when there is more."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from churnkit.errors import ContractError
from churnkit.panel.panel import Panel


def ripening(waiting: Mapping[str, int]) -> str:
    """Say how many labels are still to ripen, and when.

    Parameters
    ----------
    waiting : mapping of day (``YYYY-MM-DD``) to number of labels that ripen on it

    Examples
    --------
    >>> ripening({"2026-05-01": 1, "2026-03-01": 1})
    '2 more labels ripen, the first on 2026-03-01, half of them by 2026-03-01, the last on 2026-05-01'
    >>> ripening({})
    'no more labels ripen'
    """
    days = sorted(waiting)
    if not days:
        return "no more labels ripen"
    total, reached = sum(waiting.values()), accumulate(waiting[day] for day in days)
    if total == 1:
        return f"1 more label ripens, on {days[0]}"
    half = next(day for day, so_far in zip(days, reached, strict=True) if 2 * so_far >= total)
    return f"{total:,} more labels ripen, the first on {days[0]}, half of them by {half}, the last on {days[-1]}"


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
    unripe = panel.keys["ripe_at"][panel.keys["cause"] == "unripe"].dropna()
    raise ContractError(
        f"CLS28: training needs both classes, and at least {max(least, 1)} rows of the rarer one.",
        found=f"{train.y.name} = 1 in {ones:,} and 0 in {zeros:,} of {len(train):,} training rows;"
        f" {ripening(unripe.dt.strftime('%Y-%m-%d').value_counts().to_dict())}",
        where=f"the {panel.target} panel",
        fix="Bring a longer history, wait for these labels, or check how terms follow each other and how they ended.",
    )
