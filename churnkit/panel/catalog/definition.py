"""A feature's definition in one line, read from its spec; rows are the customer's unless it says otherwise."""

from __future__ import annotations

from churnkit.panel.feature import OBSERVATION, Feature, Where

_NAMED = {
    "count": "number of", "open": "number of", "distinct": "different", "days_since": "days since the last of",
    "days_since_first": "days since the first of", "gap_mean": "mean days between", "gap_max": "most days between",
    "slope": "change a year of", "std": "standard deviation of",
}  # fmt: skip


def definition(feature: Feature) -> str:
    """Say in one line what a feature is.

    Examples
    --------
    >>> definition(Feature("f", "claims", "sum", clock="paid_at", column="amount_paid", days=365, scope="policy"))
    'sum of claims.amount_paid by paid_at in 365 days, of the policy'
    >>> print(definition(Feature("f", "surveys", "share", clock="answered_at", of=(Where("score", ">=", 4),))))
    share with score >= 4 of surveys by answered_at ever
    """
    if feature.table == "panel":
        sign = "/" if feature.aggregate == "ratio" else "-"
        return f" {sign} ".join(f"[{definition(part)}]" for part in feature.parts)
    if feature.table == "observation":
        return OBSERVATION[feature.column]
    if feature.aggregate == "attribute":
        since = "days from " if feature.unit == "days" and feature.column.endswith(("_date", "_at")) else ""
        return f"{since}{feature.table}.{feature.column} as known at the cutoff"
    what = f"{feature.table}.{feature.column}" if feature.column else feature.table
    head = _NAMED.get(feature.aggregate, f"{feature.aggregate} of")
    if feature.aggregate == "share":
        head = f"share with {_said(feature.of)} of"
    begun = f" by {feature.clock}" + (f" and not {feature.end_clock}" if feature.aggregate == "open" else "")
    where = f" where {_said(feature.where)}" if feature.where else ""
    window = f" in {feature.days} days" if feature.days else " ever"
    whose = f", of the {feature.scope}" if feature.scope != "customer" else ""
    return f"{head} {what}{where}{begun}{window}{whose}"


def _said(conditions: tuple[Where, ...]) -> str:
    return " and ".join(f"{w.column} {w.op} {_value(w.value)}" for w in conditions)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(str, value))})"
    return f"{value:g}" if isinstance(value, float) else str(value)
