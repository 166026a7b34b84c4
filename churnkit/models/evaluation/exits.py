"""Who left otherwise: rows whose label is empty, counted beside every rate and mixed into none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from churnkit.models.evaluation.base_rates import Share

UNRIPE, UNKNOWN = "unripe", "without_label"
SIDES = {"renewal": ("renewed", "lapsed"), "churn": ("stayed", "churned"),
         "cancellation": ("stayed", "cancelled")}  # fmt: skip


def competing_exits(y: pd.Series[Any], keys: pd.DataFrame, groups: Mapping[str, Any], *, target: str) -> pd.DataFrame:
    """Count what became of the rows at risk.

    Parameters
    ----------
    y : Series of shape (n_rows,), 1, 0 or NaN
    keys : DataFrame of shape (n_rows, ...), a panel's keys, with ``cause`` where the label is empty
    groups : mapping of a division's name to its groups, an array or Series of shape (n_rows,)
    target : {"renewal", "churn", "cancellation"}

    Returns
    -------
    DataFrame indexed by (by, group), the first row being all
        ``at_risk`` rows; of them ``renewed`` and ``lapsed`` (``stayed`` and ``churned``), one column per cause of
        another exit, ``other_exits`` together and ``unripe``; they add up. ``rate`` is lapsed / (renewed + lapsed),
        with ``low`` and ``high`` (95 %, a customer's rows being one unit).
    """
    stay, leave = SIDES[target]
    gone = y.to_numpy() == (0 if target == "renewal" else 1)
    known = y.notna().to_numpy()
    cause = keys["cause"].fillna("").to_numpy(dtype=object) if "cause" in keys else np.full(len(y), "", dtype=object)
    state = np.where(known, np.where(gone, leave, stay), np.where(cause == "", UNKNOWN, cause))
    people = pd.factorize(keys["customer_id"])[0]
    causes = sorted(set(state[~known]) - {UNRIPE})
    rows = []
    for by, codes in {"all": np.full(len(y), "all", dtype=object), **groups}.items():
        values = pd.Series(codes).reset_index(drop=True)
        for group in sorted(values.dropna().unique()):
            mine = (values == group).to_numpy()
            counts = {name: int((state[mine] == name).sum()) for name in (stay, leave, *causes, UNRIPE)}
            share = Share.of(gone[mine & known].astype(np.float64), people[mine & known])
            rows.append({"by": by, "group": group, "at_risk": int(mine.sum()), **counts,
                         "other_exits": sum(counts[name] for name in causes), "rate": share.rate,
                         "low": share.bounds[0], "high": share.bounds[1]})  # fmt: skip
    return pd.DataFrame(rows).set_index(["by", "group"])


def exits_sentence(exits: pd.DataFrame, *, target: str) -> str:
    """Say how many rows were at risk and what became of them."""
    whole, (stay, leave) = exits.iloc[0], SIDES[target]
    fixed = {"at_risk", stay, leave, "other_exits", UNRIPE, "rate", "low", "high"}
    others = ", ".join(f"{name} {int(whole[name]):,}" for name in map(str, exits) if name not in fixed and whole[name])
    return (
        f"Of {int(whole['at_risk']):,} rows at risk {int(whole[stay]):,} {stay} and {int(whole[leave]):,} {leave}; "
        f"other exits, in no rate: {others or 'none'}; not yet ripe, in no rate: {int(whole[UNRIPE]):,}."
    )
