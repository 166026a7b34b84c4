"""What a caller gives to ``fit`` beside X and y, read once: dates, customers, specs of the columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import UsageError
from churnkit.panel.feature import Feature


def given_dates(cutoff: Any, rows: int) -> pd.Series[pd.Timestamp] | None:
    """Return cutoffs as dates, one per row."""
    if cutoff is None:
        return None
    column = _one_per_row(cutoff, rows, "cutoff")
    try:
        if pd.api.types.is_numeric_dtype(column.dtype):
            raise TypeError("numbers")
        return pd.to_datetime(column)
    except (TypeError, ValueError) as error:
        raise UsageError("cutoff holds dates.", found=f"{column.dtype} ({error})") from error


def given_people(groups: Any, rows: int) -> npt.NDArray[np.intp] | None:
    """Return customers as codes, one per row."""
    return None if groups is None else pd.factorize(_one_per_row(groups, rows, "groups"))[0]


def given_specs(features: Iterable[Feature] | None) -> tuple[Feature, ...] | None:
    """Return the specs behind the columns."""
    if features is None:
        return None
    found = (features,) if isinstance(features, str | Feature) else tuple(features)
    if not all(isinstance(feature, Feature) for feature in found):
        raise UsageError("features are the specs behind the columns of X.", found=type(found[0]).__name__,
                         fix="Pass features=panel.features.")  # fmt: skip
    return found


def _one_per_row(values: Any, rows: int, name: str) -> pd.Series[Any]:
    column = pd.Series(values).reset_index(drop=True)
    missing = int(column.isna().sum())
    if len(column) != rows or missing:
        raise UsageError(f"{name} has one value per row, none missing.",
                         found=f"{len(column)} values, {missing} of them missing, for {rows} rows")  # fmt: skip
    return column
