"""Findings on a filled list: what reads well and is doubtful."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnkit.book.finding import Finding
from churnkit.retain.plan import RetentionPlan
from churnkit.retain.wording import texts

TABLE = "list"
# Reasons for which somebody is not on the list and may be called all the same.
_ROOM = ("capacity", "budget", "not_due", "no_value", "channel", "branch", "agent_id")


def of_rows(code: str, severity: Any, rows: Any, what: str, effect: str, fix: str) -> list[Finding]:
    """Return one finding about some rows of a list, none if there are none."""
    shown = tuple(f"row {row}" for row in list(rows)[:5])
    found = f"{len(rows):,} rows: each {what}" if len(rows) > 1 else f"a row {what}"
    return [Finding(code, severity, TABLE, found, len(rows), None, shown, effect, fix)] if len(rows) else []


def doubts(values: pd.DataFrame, plan: RetentionPlan) -> list[Finding]:
    """Say what is doubtful: calls of who is held out or must not be called, late ones, undated ones, bare overrides.

    Parameters
    ----------
    values : DataFrame, one row per row of the list that counts, indexed by it
    plan : RetentionPlan
    """
    findings = _added(values, plan)
    late = values["contacted_at"].map(lambda day: day is not None and day > plan.expires)
    late = values.index[late.to_numpy(dtype=bool) & ~values["undated"].to_numpy(dtype=bool)]
    findings += of_rows("LST08", "note", late, f"was called after {plan.expires:%Y-%m-%d}", "counts",
                        "ask for a new list when one has expired")  # fmt: skip
    findings += of_rows("LST11", "warning", values.index[values["undated"]], "tells of a call and not of its day",
                        "counts on the day of the import", "write the day and import it again")  # fmt: skip
    bare = values["override"].notna() & values["override_reason"].isna() & ~values["added"]
    return findings + of_rows("LST10", "note", values.index[bare], "is overridden without a reason", "counts",
                              "write why: the read-out holds reasons against what happened")  # fmt: skip


def _added(values: pd.DataFrame, plan: RetentionPlan) -> list[Finding]:
    """Customers added by hand whom nobody should have called."""
    said = texts(plan.rules)
    codes = values["customer_id"].map(plan.everyone.set_index("customer_id")["code"].to_dict())
    findings = []
    for row in values.index[values["added"]]:
        if pd.isna(codes[row]):
            findings += of_rows("LST07", "warning", [row], "adds a customer whom the list did not know",
                                "counts: the book has the customer", "check the number")  # fmt: skip
        elif codes[row] not in _ROOM:
            spoilt = ", and the hold-out is no longer untouched" if codes[row] == "holdout" else ""
            findings += of_rows("LST07", "warning", [row], f"adds a customer left out as: {said[codes[row]]}",
                                f"counts as a contact{spoilt}", "do not call them again")  # fmt: skip
    return findings
