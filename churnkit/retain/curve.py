"""Expected value by length of the list, with the capacity on it."""

from __future__ import annotations

import numpy as np
import pandas as pd

POINTS = 200


def _ordered(people: pd.DataFrame) -> pd.DataFrame:
    """Those who may be contacted, listed ones first in their order, then the others best first."""
    may = people[people["free"] & ~people["held"]]
    listed = may[may["arm"] == "treat"].sort_values("expected_value", ascending=False, kind="stable")
    rest = may[may["arm"] != "treat"].sort_values("expected_value", ascending=False, kind="stable")
    return pd.concat([listed, rest])


def curve_of(people: pd.DataFrame) -> pd.DataFrame:
    """Return expected value by length: the list as it is, then the best of the others as if caps had room.

    Returns
    -------
    DataFrame with contacts, expected_value (sum), next_contact (of the one that follows), on_list; at most 200 lengths,
    the length of the list always among them
    """
    order = _ordered(people)
    worth = np.r_[0.0, order["expected_value"].to_numpy().cumsum()]
    size = int((order["arm"] == "treat").sum())
    at = np.unique(np.r_[np.linspace(0, len(order), min(POINTS, len(order) + 1)).astype(int), size])
    following = np.r_[order["expected_value"].to_numpy(), 0.0]
    return pd.DataFrame({"contacts": at, "expected_value": worth[at], "next_contact": following[at],
                         "on_list": at <= size})  # fmt: skip


def next_worth(people: pd.DataFrame, many: int) -> float:
    """Return what the next contacts would add, if caps had room for them."""
    order = _ordered(people)
    return float(order.loc[order["arm"] != "treat", "expected_value"].head(many).sum())
