"""People's judgement beside what happened: overrides, and the reasons that customers give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnkit.retain.cells import choice_of
from churnkit.retain.sheet import FILLED

_STATED = next(column for column in FILLED if column.name == "stated_reason")
_RIGHT_IF = {"renews_anyway": 1.0, "leaves_anyway": 0.0}
# Which of the model's groups mean what a customer would call so.
_MEANS = {
    "price": ("price", "price change", "payment"),
    "service": ("contacts", "contact channels", "contact topics", "waiting", "service handling", "resolution",
                "satisfaction", "satisfaction change", "complaints", "complaint handling"),
    "claim": ("claims", "claim handling", "claim outcomes"),
}  # fmt: skip


def judged_overrides(people: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Hold what people said when they overrode the list against what happened.

    Returns
    -------
    DataFrame indexed by override: customers, renewed and predicted (shares of policies), right (share of customers of
    whom the judgement came true; NaN for overrides that foretell nothing)
    """
    own = told[told["overridden"].isin([True])].drop_duplicates(["list_id", "customer_id"], keep="last")
    own = own.assign(override=[str(why).partition(":")[0] for why in own["override_reason"].fillna("not_called")])
    mine = people.merge(own[["list_id", "customer_id", "override"]], on=["list_id", "customer_id"])
    rows: dict[Any, Any] = {}
    for name, part in mine.groupby("override"):
        n = part["n"].sum()
        expected = _RIGHT_IF.get(str(name))
        right = np.nan if expected is None else float((part["renewed"] == expected * part["n"]).mean())
        rows[name] = (len(part), part["renewed"].sum() / n, part["expected"].sum() / n, right)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["customers", "renewed", "predicted", "right"])
    return table.rename_axis("override")


def judged_reasons(people: pd.DataFrame, cells: pd.DataFrame | None) -> pd.DataFrame:
    """Count the model's first reasons beside the reasons that customers gave.

    Returns
    -------
    DataFrame indexed by stated reason, a column per kind of the model's (price, service, claim, other); ``attrs`` holds
    agree and by_chance (shares) and customers. Empty where nothing was stated.
    """
    if cells is None or "stated_reason" not in cells or "group_1" not in people:
        return pd.DataFrame()
    said = cells.assign(stated_reason=[choice_of(str(cell), _STATED) for cell in cells["stated_reason"]])
    said = said[(said["stated_reason"] != "") & (said.get("counts", said["stated_reason"]) != "no")]
    both = people.merge(said.drop_duplicates("customer_id", keep="last")[["customer_id", "stated_reason"]],
                        on="customer_id")  # fmt: skip
    if both.empty:
        return pd.DataFrame()
    kind = {group: name for name, groups in _MEANS.items() for group in groups}
    model = both["group_1"].astype(str).map(kind).fillna("other").rename("model")
    table = pd.crosstab(both["stated_reason"], model)
    first, second = (each.value_counts(normalize=True) for each in (both["stated_reason"], model))
    table.attrs |= {"agree": float((both["stated_reason"].to_numpy() == model.to_numpy()).mean()),
                    "by_chance": float(first.mul(second, fill_value=0.0).sum()), "customers": len(both)}  # fmt: skip
    return table
