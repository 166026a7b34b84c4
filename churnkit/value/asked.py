"""Rows to be valued: whose they are, what a year of each earns, and what its curve depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import UsageError
from churnkit.panel.panel import Panel
from churnkit.value.economics import margin
from churnkit.value.survival import Ahead

if TYPE_CHECKING:
    from churnkit.value.lifetime import LifetimeValue

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
_KEYS = ("entity", "customer_id", "policy_id", "term_id", "line", "cutoff", "end_date")


@dataclass(frozen=True)
class Asked:
    """Rows to be valued.

    Attributes
    ----------
    keys : DataFrame, those of a panel, indexed like X
    premium, first : arrays of shape (n_rows,), premium and the calibrated probability of the next renewal
    yearly : array of shape (n_rows, H), margins after each renewal
    line : Series
    ahead : Ahead, None where later years have a constant rate
    """

    keys: pd.DataFrame
    premium: Vector
    first: Vector
    yearly: Matrix
    line: pd.Series[Any]
    ahead: Ahead | None


def ask(value: LifetimeValue, X: Panel | pd.DataFrame, *, trees: bool = False) -> Asked:
    """Gather what rows need to be valued; with `trees` also what they do not know, which replicates need.

    Raises
    ------
    UsageError
        If ``premium`` or ``line`` is missing.
    """
    frame = X if isinstance(X, pd.DataFrame) else X.X
    keys = pd.DataFrame(index=frame.index)
    if not isinstance(X, pd.DataFrame):
        keys = X.keys[[k for k in _KEYS if k in X.keys]]
    lacking = [c for c in ("premium", "line") if c not in frame and c not in keys]
    if lacking:
        raise UsageError("Value needs each policy's premium and line.", found=f"no {' and no '.join(lacking)}",
                         where="X", fix="Add the column, premium in currency per year.")  # fmt: skip
    line = (keys["line"] if "line" in keys else frame["line"]).astype(str)
    premium = frame["premium"].to_numpy(dtype=np.float64, na_value=np.nan)
    first = value.model_.predict_proba(frame)[:, 1]
    figures = value.economics_.loc[line.where(line.isin(value.economics_.index), "other").to_list()]
    growth = 1.0 + figures["premium_growth"].to_numpy(dtype=np.float64)
    yearly = np.column_stack([margin(premium * growth**t, figures) for t in range(1, value.years + 1)])
    ahead = None
    if value.hazard_ is not None:
        known = frame[[c for c in ("customer_id", "cutoff") if c in frame]] if isinstance(X, pd.DataFrame) else keys
        ahead = value.hazard_.ahead(value.model_.columns_.matrix(frame), known, first, years=value.years,
                                    growth=growth, exits=value.exits_, line=line, trees=trees)  # fmt: skip
    return Asked(keys, premium, first, yearly, line, ahead)


def groups(by: Any, asked: Asked, X: Panel | pd.DataFrame) -> pd.Series[Any]:
    """Each row's group, as text: of a column by name, or as given.

    Raises
    ------
    UsageError
        If there is no such column, or there are not as many groups as rows.
    """
    frame = X if isinstance(X, pd.DataFrame) else X.X
    if not isinstance(by, str):
        given = pd.Series(by)
        if len(given) != len(frame):
            raise UsageError("Groups have one value per row.", found=f"{len(given)} for {len(frame)} rows")
        return pd.Series(given.to_numpy(), index=frame.index).astype("str")
    if by not in asked.keys and by not in frame:
        raise UsageError("Values are added up by a column, or by each row's group.", found=f"no column {by!r}",
                         fix="by='line', or a Series with a value per row.")  # fmt: skip
    return (asked.keys[by] if by in asked.keys else frame[by]).astype("str")
