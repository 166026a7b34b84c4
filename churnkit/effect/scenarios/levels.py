"""Whom a setting is about, and the levels that it makes of theirs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.effect.operations import OPERATIONS
from churnkit.effect.scenarios.scenario import Setting, Where
from churnkit.effect.shocks import LEAST
from churnkit.errors import UsageError
from churnkit.models.nuisance import Bools, Vector

_PLACES = ("branch", "region", "channel", "product")


def as_masks(frame: pd.DataFrame, where: Where) -> Bools:
    """Rows whose columns have one of the values that are chosen for each."""
    chosen = np.ones(len(frame), dtype=bool)
    for column, values in where:
        chosen &= frame[column].astype("str").isin(values).to_numpy()
    return chosen


def set_level(setting: Setting, level: Vector) -> Vector:
    """Levels as a setting makes them: durations and prices all the same or all in proportion, shares by their mean.

    Examples
    --------
    >>> set_level(Setting("claim_cycle_days", 3.0, None), np.array([2.0, 8.0])).tolist()
    [3.0, 3.0]
    >>> set_level(Setting("claim_cycle_days", None, -1.0), np.array([2.0, 8.0])).tolist()
    [1.6, 6.4]
    >>> set_level(Setting("first_contact_resolution", 0.75, None), np.array([0.0, 1.0])).tolist()
    [0.5, 1.0]
    """
    scale = OPERATIONS[setting.lever].scale
    mean = float(level.mean()) if len(level) else np.nan
    target = setting.to if setting.to is not None else mean + (setting.by or 0.0)
    if scale == "share":
        target = min(max(target, 0.0), 1.0)
        up = level + (1.0 - level) * (target - mean) / max(1.0 - mean, 1e-9)
        return up if target >= mean else level * target / max(mean, 1e-9)
    if setting.to is not None:
        return np.full(len(level), setting.to)
    return level * max(target, 0.0) / max(mean, 1e-9) if scale == "log" else level + (setting.by or 0.0)


def checked(frame: pd.DataFrame, where: Where, place: str) -> None:
    """Refuse columns and values that nobody has.

    Raises
    ------
    UsageError
        Naming what there is.
    """
    for column, values in where:
        if column not in frame:
            raise UsageError("A population is chosen by what was known before a term began.", found=repr(column),
                             where=place, fix=f"Choose of {', '.join(map(str, frame.columns))}.")  # fmt: skip
        known = frame[column].astype("str")
        odd = [value for value in values if not (known == value).any()]
        if odd:
            some = ", ".join(sorted(known.dropna().unique())[:12])
            raise UsageError("A population is chosen by values that somebody has.",
                             found=f"{column} {', '.join(odd)}", where=place, fix=f"There are {some}.")  # fmt: skip


def of_places(frame: pd.DataFrame, level: Vector) -> Vector:
    """By term: the mean level of its place, the finest that is known, of places with enough terms."""
    place = next((name for name in _PLACES if name in frame and len(frame[name].unique()) > 1), "line")
    group = frame["line"].astype("str") + " " + frame[place].astype("str")
    by = pd.Series(level).groupby(group.to_numpy())
    mean, size = by.transform("mean"), by.transform("size")
    return mean[size >= LEAST].to_numpy(dtype=np.float64)
