"""Whom a setting is about, and the levels that it makes of theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnkit.effect.operations import OPERATIONS
from churnkit.effect.scenarios.scenario import Setting, Where, as_text
from churnkit.effect.scenarios.valid import LIMITS
from churnkit.effect.shocks import LEAST
from churnkit.errors import UsageError
from churnkit.models.nuisance import Bools, Vector

_PLACES = ("branch", "region", "channel", "product")


def texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Values as a population names them: 2025, not 2025.0; categories, so that choosing among them is quick.

    Examples
    --------
    >>> texts(pd.Series([2025.0, 0.5])).tolist()
    ['2025', '0.5']
    """
    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype("category")
    known = column.cat.categories
    if all(isinstance(each, str) for each in known):
        return column
    numbers = pd.api.types.is_numeric_dtype(known.dtype) and not pd.api.types.is_bool_dtype(known.dtype)
    names = [as_text(each) if numbers else str(each) for each in known]
    if len(set(names)) == len(names):
        return column.cat.rename_categories(names)
    return column.map(dict(zip(known, names, strict=True)), na_action="ignore").astype("category")


def as_masks(frame: pd.DataFrame, where: Where) -> Bools:
    """Rows whose columns have one of the values that are chosen for each."""
    chosen = np.ones(len(frame), dtype=bool)
    for name, values in where:
        column = texts(frame[name])
        known = column.cat.categories.isin(values)
        chosen &= np.append(known, False)[column.cat.codes.to_numpy()]  # -1, nothing known, is the last
    return chosen


def set_level(setting: Setting, level: Vector, h: Vector) -> tuple[Vector, Vector]:
    """Levels, and levels on the lever's scale, as a setting makes them.

    Durations and prices are then all the same, or all in proportion (prices: all by as much); shares are raised or
    lowered such that their mean is what is set, those furthest from it the most.

    Examples
    --------
    >>> days = np.array([2.0, 8.0])
    >>> set_level(Setting("claim_cycle_days", 3.0, None), days, np.log(days))[0].tolist()
    [3.0, 3.0]
    >>> level, h = set_level(Setting("claim_cycle_days", None, -1.0), days, np.log(days))
    >>> level.tolist(), (np.exp(h) / days).round(3).tolist()
    ([1.6, 6.4], [0.8, 0.8])
    >>> share = np.array([0.0, 1.0])
    >>> set_level(Setting("first_contact_resolution", 0.75, None), share, share)[0].tolist()
    [0.5, 1.0]
    """
    lever = OPERATIONS[setting.lever]
    mean = float(level.mean()) if len(level) else np.nan
    target = setting.to if setting.to is not None else mean + (setting.by or 0.0)
    if lever.scale == "share":
        target = min(max(target, 0.0), 1.0)
        up = level + (1.0 - level) * (target - mean) / max(1.0 - mean, 1e-9)
        moved = up if target >= mean else level * target / max(mean, 1e-9)
        return moved, lever.scaled(moved)
    if setting.to is not None or lever.scale == "change":
        moved = np.full(len(level), setting.to) if setting.to is not None else level + (setting.by or 0.0)
        return moved, lever.scaled(moved)
    factor = max(target, 1e-3) / max(mean, 1e-9)
    return level * factor, np.maximum(h + np.log(factor), np.log(lever.least))


def reachable(setting: Setting, level: Vector) -> None:
    """Refuse a change that leads where no level can be.

    Raises
    ------
    UsageError
        Naming today's level.
    """
    if setting.by is None:
        return
    now, scale = float(level.mean()), OPERATIONS[setting.lever].scale
    (low, high), _, words = LIMITS[scale]
    then = now + setting.by
    if not low <= then <= high or (scale == "log" and not then > 0):
        raise UsageError(f"{setting.lever} has a level that can be.", where=setting.name,
                         found=f"{now:.3g} would become {then:.3g}",
                         fix=f"Levels are {words}: change it by less, or set it to a level.")  # fmt: skip


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
        known = texts(frame[column])
        there = known.cat.categories[np.unique(known.cat.codes[known.cat.codes >= 0])]
        odd = [value for value in values if value not in there]
        if odd:
            some = ", ".join(sorted(there)[:12])
            raise UsageError("A population is chosen by values that somebody has.",
                             found=f"{column} {', '.join(odd)}", where=place, fix=f"There are {some}.")  # fmt: skip


def of_places(frame: pd.DataFrame, level: Vector) -> Vector:
    """By term: the mean level of its place, the finest that is known, of places with enough terms."""
    place = next((name for name in _PLACES if name in frame and len(frame[name].unique()) > 1), "line")
    group = frame["line"].astype("str") + " " + frame[place].astype("str")
    by = pd.Series(level).groupby(group.to_numpy())
    mean, size = by.transform("mean"), by.transform("size")
    return mean[size >= LEAST].to_numpy(dtype=np.float64)
