"""What to do for whom: a table that the business edits, and the check that no customer is asked more than a new one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnkit.errors import ContractError, UsageError
from churnkit.panel.catalog import GROUPS
from churnkit.retain.suppression import Language

ANY = "any"
TIERS = ("high", "middle", "low")
KINDS = ("service", "discount")
COLUMNS = ("reason", "tier", "channel", "kind", "action", "cost", "concession", "accept")
# A first table to edit: service acts only, and one discount of nothing that shows where concessions go.
_DEFAULT = (
    ("complaint handling", ANY, "service", "say what became of the complaint, ask what is open",
     "说明投诉处理结果，询问遗留问题"),
    ("complaints", ANY, "service", "say what became of the complaint, ask what is open",
     "说明投诉处理结果，询问遗留问题"),
    ("claim handling", ANY, "service", "explain the claim, name a contact for what is open",
     "说明理赔情况，指定联系人"),
    ("claim outcomes", ANY, "service", "explain the claim's decision and the ways to appeal", "说明理赔结论及申诉途径"),
    ("waiting", ANY, "service", "offer a direct line for the open matter", "提供专属联系方式处理未决事项"),
    ("resolution", ANY, "service", "settle the open matter on this call", "本次通话解决未决问题"),
    ("service handling", ANY, "service", "settle the open matter on this call", "本次通话解决未决问题"),
    ("price change", ANY, "service", "go through cover and price, fit the cover to the need",
     "核对保障与保费，按需调整保障"),
    ("price", ANY, "service", "go through cover and price, fit the cover to the need", "核对保障与保费，按需调整保障"),
    ("payment", ANY, "service", "offer another way or date of paying", "提供其他缴费方式或日期"),
    ("price change", "high", "discount", "concession within the approved limit", "在授权范围内给予优惠"),
    (ANY, ANY, "service", "renewal call: ask what matters, answer open questions", "续保回访：了解需求，解答疑问"),
)  # fmt: skip


def default_actions(language: Language = "en") -> pd.DataFrame:
    """Return the table to start from: service acts by reason, and no money for concessions.

    Examples
    --------
    >>> default_actions().columns.tolist()
    ['reason', 'tier', 'channel', 'kind', 'action', 'cost', 'concession', 'accept']
    """
    rows = [(reason, tier, ANY, kind, en if language == "en" else zh, np.nan, 0.0, 0.0)
            for reason, tier, kind, en, zh in _DEFAULT]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read_actions(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read the table that the business edits, from a .csv or .xlsx file.

    Raises
    ------
    UsageError, ContractError
        If there is no such file, or the table is not one of actions.
    """
    file = Path(path)
    if not file.is_file() or file.suffix.lower() not in (".csv", ".xlsx"):
        raise UsageError("Actions come from a .csv or .xlsx file.", found=str(file), fix="Name one that exists.")
    try:
        frame = pd.read_excel(file) if file.suffix.lower() == ".xlsx" else pd.read_csv(file, encoding="utf-8-sig")
    except (ValueError, OSError, KeyError) as error:
        raise ContractError("A table of actions can be read.", found=str(error), where=str(file),
                            fix="Save it as .xlsx or as CSV in UTF-8.") from error  # fmt: skip
    return check_actions(frame, where=str(file))


def check_actions(frame: pd.DataFrame, *, where: str = "actions") -> pd.DataFrame:
    """Return a table of actions with every column, blanks filled in.

    Raises
    ------
    ContractError
        With everything that is wrong at once.
    """
    missing = [name for name in ("reason", "kind", "action") if name not in frame]
    if missing:
        raise ContractError("A table of actions has reason, kind and action.", found=f"no {', '.join(missing)}",
                            where=where, fix=f"Its columns are {', '.join(COLUMNS)}.")  # fmt: skip
    table = frame.reindex(columns=list(COLUMNS)).dropna(subset=["action"]).reset_index(drop=True)
    for name in ("reason", "tier", "channel"):
        table[name] = table[name].astype(object).where(table[name].notna(), ANY).astype(str).str.strip()
    table["kind"] = table["kind"].astype(str).str.strip()
    wrong = _unknown(table, "reason", {*GROUPS, ANY}) + _unknown(table, "tier", {*TIERS, ANY})
    wrong += _unknown(table, "kind", set(KINDS))
    for name, empty, most in (("cost", np.nan, np.inf), ("concession", 0.0, np.inf), ("accept", 1.0, 1.0)):
        number = pd.to_numeric(table[name], errors="coerce")
        bad = (number.isna() & table[name].notna()) | (number < 0) | (number > most)
        wrong += [f"{name} {value!r}" for value in table[name][bad]]
        table[name] = number.fillna(empty)
    if wrong:
        raise ContractError("Actions name known reasons, tiers and kinds, with costs of 0 or more.",
                            found="; ".join(dict.fromkeys(wrong)), where=where,
                            fix=f"Reasons: {', '.join(GROUPS)} or any; tiers: {', '.join(TIERS)} or any; kinds: "
                                f"{', '.join(KINDS)}; accept is a share.")  # fmt: skip
    if not len(table):
        raise ContractError("A table of actions has at least one row.", found="none", where=where)
    return table


def _unknown(table: pd.DataFrame, name: str, known: set[str]) -> list[str]:
    return [f"{name} {value!r}" for value in table[name] if value not in known]


def tiers(value: pd.Series) -> pd.Series:
    """Thirds by value, ties together; whoever has none is in the lowest.

    Examples
    --------
    >>> tiers(pd.Series([1.0, 5.0, 9.0])).tolist()
    ['low', 'middle', 'high']
    >>> tiers(pd.Series([np.nan, np.nan, 1.0, 5.0, 9.0])).tolist()
    ['low', 'low', 'low', 'middle', 'high']
    """
    rank = value.rank(pct=True).fillna(0.0)
    return pd.Series(np.select([rank > 2 / 3, rank > 1 / 3], ["high", "middle"], "low"), index=value.index)


def assign_actions(people: pd.DataFrame, table: pd.DataFrame, *, contact_cost: float) -> pd.DataFrame:
    """Give every customer an action: the first service act that fits, then the first discount that fits.

    Parameters
    ----------
    people : DataFrame with group_1 (where reasons have one), channel, given (value given renewal) and policies (number
        up for a contact)
    table : DataFrame, as `check_actions` returns it
    contact_cost : float, where the table gives none

    Returns
    -------
    DataFrame indexed like `people`: tier, a third by given of those who can be called about a policy; action, then (the
    discount after a service act), cost, concession (largest), incentive (``P(accept) x concession``)
    """
    given = people["given"].where(people["policies"] > 0)
    reason = _blank(people["group_1"]) if "group_1" in people else ""
    keys = pd.DataFrame({"reason": reason, "tier": tiers(given), "channel": _blank(people["channel"])})
    distinct = keys.drop_duplicates()
    rows = [_action(row, table, contact_cost) for row in distinct.to_dict("records")]
    found = pd.DataFrame(rows, columns=["action", "then", "cost", "concession", "incentive"], index=distinct.index)
    codes = keys.groupby(list(keys.columns), sort=False).ngroup().to_numpy()
    return pd.concat([keys["tier"], found.iloc[codes].set_axis(people.index)], axis=1)


def _blank(column: pd.Series) -> pd.Series:
    """Texts, "" where there is none: ``astype(str)`` leaves gaps as they are, and a group-by drops them."""
    return column.astype(str).fillna("")


def _action(who: dict[Any, str], table: pd.DataFrame, contact_cost: float) -> tuple[Any, ...]:
    fits = table[np.logical_and.reduce([table[name].isin([value, ANY]) for name, value in who.items()])]
    service, discount = (fits[fits["kind"] == kind].head(1).to_dict("records") for kind in KINDS)
    acts = [*service, *discount]
    if not acts:
        return "", "", contact_cost, 0.0, 0.0
    cost = acts[0]["cost"] if np.isfinite(acts[0]["cost"]) else contact_cost
    given: dict[Any, Any] = discount[0] if discount else {"action": "", "concession": 0.0, "accept": 0.0}
    then = given["action"] if service else ""
    return acts[0]["action"], then, float(cost), given["concession"], given["concession"] * given["accept"]


def price_check(rows: pd.DataFrame, new_business: pd.DataFrame | None, offered: pd.Series) -> pd.DataFrame:
    """Hold the renewal offers of policies against what a new customer would pay.

    Parameters
    ----------
    rows : DataFrame with customer_id, policy_id and open
    new_business : DataFrame with policy_id and new_business_price, or None
    offered : Series of the offer by policy_id

    Returns
    -------
    DataFrame indexed by customer_id: offer, new_business_price and excess of the policy that exceeds most

    Raises
    ------
    ContractError
        If the prices lack a column, or are no numbers.
    """
    if new_business is None:
        return pd.DataFrame(columns=["offer", "new_business_price", "excess"], index=pd.Index([], dtype="str"),
                            dtype=float)  # fmt: skip
    if not {"policy_id", "new_business_price"} <= set(new_business):
        raise ContractError("Prices are given by policy_id and new_business_price.",
                            found=", ".join(map(str, new_business)))  # fmt: skip
    price = pd.to_numeric(new_business["new_business_price"], errors="coerce")
    if price.isna().any() or (price < 0).any():
        raise ContractError("A new-business price is a number, 0 or more.", found=f"{int(price.isna().sum())} are not")
    price = price.set_axis(new_business["policy_id"].astype(str))
    mine = rows.loc[rows["open"], ["customer_id", "policy_id"]]
    mine = mine.assign(offer=mine["policy_id"].map(offered), new_business_price=mine["policy_id"].map(
        price[~price.index.duplicated(keep="last")]))  # fmt: skip
    mine = mine.assign(excess=mine["offer"] - mine["new_business_price"]).dropna(subset=["excess"])
    worst = mine.sort_values("excess", ascending=False, kind="stable").drop_duplicates("customer_id")
    return worst.set_index("customer_id")[["offer", "new_business_price", "excess"]]
