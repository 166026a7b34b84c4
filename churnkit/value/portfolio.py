"""The book as a portfolio: values rolled up, value at risk by due month, and what changed between two dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnkit.errors import ContractError, UsageError
from churnkit.value.economics import DISCOUNT_RATE
from churnkit.value.sensitivity import survival_of

_PARTS = ("renewal", "margin", "mix")


def roll_up(values: pd.DataFrame, by: Any = "customer_id") -> pd.DataFrame:
    """Add up values by policy, customer or segment.

    Intervals are not added up: the interval of a sum is not the sum of intervals.

    Parameters
    ----------
    values : DataFrame, as ``LifetimeValue.predict`` returns it
    by : name or names of columns, or Series of shape (n_rows,)

    Returns
    -------
    DataFrame indexed by `by`, most valuable first, ties by name
        ``policies`` and, where known, ``customers``; ``premium``, ``margin`` (of the first renewal's year) and
        ``value``, sums in currency; ``expected_lifetime`` and ``s1``, means over policies; ``losing``, policies with a
        negative margin; ``without_value``, policies that have none, in no sum and no mean.

    Examples
    --------
    >>> values = pd.DataFrame({"customer_id": ["a", "a", "b"], "premium": [100.0, 50, 70], "margin": [9.0, -1, 6],
    ...                        "value": [20.0, -2, 10], "expected_lifetime": [3.0, 2, 2], "s1": [0.9, 0.8, 0.7]})
    >>> roll_up(values)[["policies", "value", "expected_lifetime", "losing"]]
                 policies  value  expected_lifetime  losing
    customer_id
    a                   2   18.0                2.5       1
    b                   1   10.0                2.0       0
    """
    keys = [by] if isinstance(by, pd.Series) else [values[name] for name in ([by] if isinstance(by, str) else by)]
    known = values["value"].notna()
    rows = values.where(known)
    table = pd.DataFrame({"policies": values.groupby(keys).size()})
    if "customer_id" in values and "customer_id" not in table.index.names:
        table["customers"] = values.groupby(keys)["customer_id"].nunique()
    grouped = rows.groupby(keys)
    table = table.join(grouped[["premium", "margin", "value"]].sum())
    table = table.join(grouped[["expected_lifetime", "s1"]].mean())
    table["losing"] = (values["margin"].where(known) < 0).groupby(keys).sum()
    table["without_value"] = (~known).groupby(keys).sum()
    return table.sort_index().sort_values("value", ascending=False, kind="stable")


def value_at_risk(values: pd.DataFrame) -> pd.DataFrame:
    """Add up, by the month in which policies fall due, what their lapse would cost.

    A policy that lapses costs its value given renewal, ``value / s1``; it does so with the chance ``1 - s1``. Policies
    of negative value put none at risk.

    Parameters
    ----------
    values : DataFrame, as ``LifetimeValue.predict`` returns it of a panel: with ``end_date``

    Returns
    -------
    DataFrame indexed by due month (2026-10)
        ``policies``, ``lapses`` expected, ``value`` if all renew, ``at_risk`` of it (currency), ``share``, at_risk over
        value, and ``losing``, policies of negative value, which are in neither.

    Examples
    --------
    >>> due = pd.to_datetime(["2026-10-05", "2026-10-20", "2026-11-01"])
    >>> value_at_risk(pd.DataFrame({"end_date": due, "value": [80.0, 90, -5], "s1": [0.8, 0.9, 0.5]})).round(2)
             policies  lapses  value  at_risk  share  losing
    due
    2026-10         2     0.3  200.0     30.0   0.15       0
    2026-11         1     0.5    0.0      0.0    NaN       1
    """
    if "end_date" not in values:
        raise UsageError("Value by due month needs the end of each term.", found="no column end_date",
                         fix="Predict a panel, whose keys hold it.")  # fmt: skip
    rows = values[values["value"].notna() & values["end_date"].notna()]
    given = (rows["value"] / rows["s1"]).where(rows["s1"] > 0, 0.0).clip(lower=0.0)
    table = pd.DataFrame({
        "policies": 1, "lapses": 1.0 - rows["s1"], "value": given, "at_risk": given * (1.0 - rows["s1"]),
        "losing": (rows["value"] < 0).astype(int),
    }).groupby(rows["end_date"].dt.strftime("%Y-%m").rename("due")).sum()  # fmt: skip
    table.insert(4, "share", table["at_risk"] / table["value"].where(table["value"] > 0))
    return table


@dataclass(frozen=True)
class ValueChange:
    """What changed the value of a book between two dates; renewal + margin + mix = after - before, exactly.

    Attributes
    ----------
    table : DataFrame indexed by segment, "all" last
        ``before`` and ``after``, the value then and now; ``renewal``, ``margin`` and ``mix``, and ``change``, their
        sum; ``policies_before`` and ``policies_after``. Currency.
    mix : DataFrame
        Who came and who went: ``policies`` and ``value`` of new customers, of further policies of customers who were
        there, of policies given up by customers who stay, and of customers lost (value: what it was before, negative).
    text : str
    """

    table: pd.DataFrame
    mix: pd.DataFrame
    text: str

    def __str__(self) -> str:
        """Return the tables and the sentences."""
        shown = [each.to_string(float_format=lambda v: f"{v:,.0f}") for each in (self.table, self.mix)]
        return "\n\n".join([*shown, self.text])


def value_change(before: pd.DataFrame, after: pd.DataFrame, *, by: str = "line", key: str = "policy_id",
                 discount_rate: float = DISCOUNT_RATE) -> ValueChange:  # fmt: skip
    """Split the change of a book's value between two dates into renewal, margin and mix.

    A policy's value is ``A u``: ``A = sum over t of S(t) / (1 + d)^t``, its discounted expected renewals, times ``u``,
    the level margin that they earn (premium and its growth, ratios, cost of service). Of policies in both books
    ``renewal = (A1 - A0) (u0 + u1) / 2`` and ``margin = (u1 - u0) (A0 + A1) / 2``, the Shapley values of the two
    factors [1]_; ``mix`` is the value of the policies that came minus the value of those that went. Policies without a
    value are in no book.

    Parameters
    ----------
    before, after : DataFrame, as ``LifetimeValue.predict`` returns it of the policies in force on either date
    by : str, a column of both: the segments. A policy whose segment changed is counted in the new one.
    key : str, the column that names a policy on both dates
    discount_rate : float per year, the one of the values

    Raises
    ------
    UsageError
        If a column is missing, or the horizons differ.
    ContractError
        If a policy comes twice in a book.

    References
    ----------
    .. [1] Albrecht, François, Schoors (2002), A Shapley decomposition of carbon emissions without residuals, Energy
       Policy 30, for sums of products.
    """
    old, new = (_factors(each, key, by, discount_rate, name) for each, name in ((before, "before"), (after, "after")))
    years, later = (survival_of(each).shape[1] for each in (before, after))
    if years != later:
        raise UsageError("Both books are valued over the same horizon.", found=f"{years} and {later} renewals")
    both = old.add_suffix("_0").merge(new.add_suffix("_1"), how="outer", left_index=True, right_index=True)
    stays = both["value_0"].notna() & both["value_1"].notna()
    a0, a1, u0, u1 = (both[name].where(stays) for name in ("renewals_0", "renewals_1", "level_0", "level_1"))
    parts = pd.DataFrame({
        "before": both["value_0"].fillna(0.0), "renewal": ((a1 - a0) * (u0 + u1) / 2).fillna(0.0),
        "margin": ((u1 - u0) * (a0 + a1) / 2).fillna(0.0),
        "mix": (both["value_1"].fillna(0.0) - both["value_0"].fillna(0.0)).mask(stays, 0.0),
        "after": both["value_1"].fillna(0.0), "policies_before": both["value_0"].notna().astype(int),
        "policies_after": both["value_1"].notna().astype(int),
    })  # fmt: skip
    segment = both["segment_1"].where(both["segment_1"].notna(), both["segment_0"])
    table = parts.groupby(segment.rename(by)).sum()
    table.loc["all"] = parts.sum()
    table = table.astype({"policies_before": int, "policies_after": int})
    table.insert(4, "change", table[list(_PARTS)].sum(axis=1))
    mix = _came_and_went(both)
    unknown = tuple(int(each["value"].isna().sum()) for each in (before, after))
    return ValueChange(table, mix, _text(table, mix, years, discount_rate, unknown))


def _factors(values: pd.DataFrame, key: str, by: str, discount_rate: float, name: str) -> pd.DataFrame:
    """Each policy's value as discounted expected renewals times the level margin, indexed by policy."""
    lacking = [column for column in (key, by, "value", "margin") if column not in values]
    if lacking:
        raise UsageError("A change of value needs each policy's key, segment, value and margin.",
                         found=f"no {', '.join(lacking)}", where=name)  # fmt: skip
    rows = values[values["value"].notna()]
    twice = rows[key][rows[key].duplicated()]
    if len(twice):
        raise ContractError("A policy comes once in a book.", found=f"{len(twice)} times more, first {twice.iloc[0]!r}",
                            where=name, fix="Predict the policies in force on one day.")  # fmt: skip
    survival = survival_of(rows)
    renewals = survival @ (1.0 + discount_rate) ** -np.arange(1.0, survival.shape[1] + 1)
    value = rows["value"].to_numpy(dtype=np.float64)
    level = np.divide(value, renewals, out=rows["margin"].to_numpy(dtype=np.float64).copy(), where=renewals > 0)
    customer = rows["customer_id"].to_numpy() if "customer_id" in rows else rows[key].to_numpy()
    return pd.DataFrame({"value": value, "renewals": renewals, "level": level, "customer": customer,
                         "segment": rows[by].astype("str").to_numpy()},
                        index=pd.Index(rows[key], name=key))  # fmt: skip


def _came_and_went(both: pd.DataFrame) -> pd.DataFrame:
    was, now = both["value_0"].notna(), both["value_1"].notna()
    known = both["customer_1"].isin(set(both["customer_0"][was]))
    stays = both["customer_0"].isin(set(both["customer_1"][now]))
    rows = {"new customers": (now & ~was & ~known, "value_1", 1),
            "further policies": (now & ~was & known, "value_1", 1),
            "policies given up": (was & ~now & stays, "value_0", -1),
            "customers lost": (was & ~now & ~stays, "value_0", -1)}  # fmt: skip
    return pd.DataFrame({name: {"policies": int(mine.sum()), "value": sign * float(both[column][mine].sum())}
                         for name, (mine, column, sign) in rows.items()}).T.astype({"policies": int})  # fmt: skip


def _text(table: pd.DataFrame, mix: pd.DataFrame, years: int, discount_rate: float, unknown: tuple[int, ...]) -> str:
    whole = table.loc["all"]
    share = whole["change"] / whole["before"] if whole["before"] > 0 else float("nan")
    per_cent = "" if np.isnan(share) else f" ({share:+.1%})"
    parts = ", ".join(f"{name} {whole[name]:+,.0f}" for name in _PARTS)
    who = ", ".join(f"{name} {row['value']:+,.0f} ({row['policies']:,.0f} policies)" for name, row in mix.iterrows())
    lines = table.drop(index="all")
    largest = lines.loc[lines["change"].abs().sort_values(ascending=False, kind="stable").index[:3], "change"]
    said = [
        f"The book's value went from {whole['before']:,.0f} ({whole['policies_before']:,.0f} policies) to "
        f"{whole['after']:,.0f} ({whole['policies_after']:,.0f}): {whole['change']:+,.0f}{per_cent}, of which {parts}.",
        f"Mix is who came and went: {who}.",
        f"By {table.index.name}: {', '.join(f'{name} {each:+,.0f}' for name, each in largest.items())}.",
        f"Value over {years} renewals at {discount_rate:.1%} a year, current term excluded.",
    ]
    if any(unknown):
        said.append(f"Without a value, and so in no book: {unknown[0]:,} policies before, {unknown[1]:,} after.")
    return "\n".join(said)
