"""Where a prediction stands on ground that training did not cover: rows to be unsure of, columns that have moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.models.columns import Columns
from churnkit.models.ranges import Range
from churnkit.models.reasons.wording import doubt

Vector = npt.NDArray[np.float64]
IMPORTANT = 0.01  # share of all gain from which a number column counts


def doubts(columns: Columns, X: Any, gain: Vector, *, language: str = "en") -> list[str]:
    """Say for each row why its prediction is unsure; empty where nothing is known against it.

    A category that training never saw; of a number column with at least 1 % of the trees' gain, a value beyond all of
    training's by more than the width of its 0.5 % to 99.5 % range, or a missing one where training had none.

    Parameters
    ----------
    columns : Columns
    X : DataFrame or array of shape (n_rows, n_features)
    gain : array of shape (n_features,), total gain by column
    language : {"en", "zh"}

    Returns
    -------
    list of str, one per row
    """
    frame = columns.align(X)
    found: list[list[str]] = [[] for _ in range(len(frame))]
    for name, (rows, _) in columns.unseen_by_column(X).items():
        for row in np.flatnonzero(rows):
            found[row].append(doubt("unseen", name, language, value=frame[name].iloc[row]))
    for name, lay in _important(columns, gain).items():
        values = _values(frame[name])
        for row in np.flatnonzero(lay.far(values)):
            found[row].append(doubt("far", name, language, value=values[row], least=lay.least, most=lay.most))
        if lay.never_missing:
            for row in np.flatnonzero(np.isnan(values)):
                found[row].append(doubt("missing", name, language))
    between = "; " if language == "en" else "；"
    return [between.join(each) for each in found]


def counts(columns: Columns, X: Any, gain: Vector) -> dict[str, list[int]]:
    """Count rows between the deciles of training, by number column that matters; counts of parts add up.

    See :meth:`Range.shift`, which makes one figure of them.
    """
    frame = columns.align(X)
    return {name: lay.counts(_values(frame[name])) for name, lay in _important(columns, gain).items()}


def _important(columns: Columns, gain: Vector) -> dict[str, Range]:
    least = IMPORTANT * max(float(gain.sum()), 1e-300)
    return {name: columns.ranges[name] for name, each in zip(columns.names, gain, strict=True)
            if each >= least and name in columns.ranges}  # fmt: skip


def _values(column: pd.Series[Any]) -> Vector:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)
