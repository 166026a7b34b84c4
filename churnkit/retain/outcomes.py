"""The way back: a filled list becomes rows of ``outreach``, and whatever does not read is said, never dropped."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnkit.book.finding import Finding
from churnkit.errors import ContractError
from churnkit.retain.cells import choice_of, date_of, named, number_of, read_cells
from churnkit.retain.plan import RetentionPlan
from churnkit.retain.sheet import FILLED, SheetColumn, action_ids
from churnkit.retain.wording import texts

TABLE = "list"
OUTREACH = ("action_id", "customer_id", "policy_id", "campaign", "arm", "assigned_at", "contacted_at", "action",
            "channel", "reached", "outcome", "offer_value", "cost", "overridden", "override_reason",
            "recorded_at")  # fmt: skip
_OVERRIDE = "{override}: {override_reason}"


@dataclass(frozen=True)
class Outcomes:
    """What a filled list says.

    Attributes
    ----------
    list_id : str
    outreach : DataFrame, rows of the contract's ``outreach``: every customer of the list (filled in or not, since all
        were assigned), those added by hand, and the hold-out who would have been listed
    cells : DataFrame, what was read of each row, as it was typed, other columns too
    findings : tuple of Finding, what did not read or is doubtful
    filled, overridden, added : int, rows with anything filled in, overridden, added by hand
    """

    list_id: str
    outreach: pd.DataFrame
    cells: pd.DataFrame
    findings: tuple[Finding, ...]
    filled: int
    overridden: int
    added: int

    @property
    def text(self) -> str:
        """What was read, in a sentence, and every finding."""
        said = (
            f"{self.list_id}: {self.filled:,} rows filled in, {self.overridden:,} overridden, {self.added:,} added by "
            f"hand, {len(self.findings)} findings"
        )
        return "\n".join([said, *(f"{each.severity:<7}  {each}" for each in self.findings)])


def list_of(path: str | os.PathLike[str]) -> str:
    """Return the list that a file answers: that of most of its references.

    Raises
    ------
    ContractError
        If no row has a reference.
    """
    table, _, _ = named(read_cells(path))
    found = Counter(str(cell).rpartition("-")[0] for cell in table["action_id"] if cell.count("-") == 2)
    if not found:
        raise ContractError("A filled list says in each row which list it answers.", found="no reference in any row",
                            where=str(path), fix="Keep the first column, or name the list with --list.")  # fmt: skip
    return found.most_common(1)[0][0]


def read_outcomes(
    path: str | os.PathLike[str], plan: RetentionPlan, *, recorded_at: Any = None
) -> Outcomes:  # fmt: skip
    """Read a filled list.

    Rows may have been sorted, columns renamed, moved or added, customers added below. What does not read (an outcome
    that is none of the words, a date that is none) is a finding and left empty; the rest of its row counts.

    Parameters
    ----------
    path : .xlsx or .csv
    plan : RetentionPlan, the list that was sent out
    recorded_at : date, optional; now if None

    Returns
    -------
    Outcomes

    Raises
    ------
    UsageError, ContractError
        If the file is no list.
    """
    now = max(pd.Timestamp.now().floor("s") if recorded_at is None else pd.Timestamp(recorded_at), plan.as_of)
    table, guessed, _ = named(read_cells(path))
    findings = [_note(name, heading) for name, heading in guessed.items()]
    rows, found = _matched(table, plan)
    findings += found
    values, found = _values(rows, plan, now)
    findings += found + _doubts(rows, values, plan)
    treated = _treated(values, plan, now)
    outreach = pd.concat([treated, _held(values, plan, now)], ignore_index=True)[list(OUTREACH)]
    cells = table.reset_index().assign(customer_id=rows["customer_id"].reindex(table.index).fillna(
        table["customer_id"]).to_numpy())  # fmt: skip
    any_filled = (values.drop(columns=["customer_id", "added"]).notna()).any(axis=1)
    return Outcomes(plan.list_id, outreach, cells, tuple(findings), int(any_filled.sum()),
                    int(values["override"].notna().sum()), int(values["added"].sum()))  # fmt: skip


def _note(name: str, heading: str) -> Finding:
    return Finding("LST02", "note", TABLE, f"column {heading!r} is read as {name}, by what its cells hold", 1,
                   effect="its values count", fix="rename it if it is something else")  # fmt: skip


def _matched(table: pd.DataFrame, plan: RetentionPlan) -> tuple[pd.DataFrame, list[Finding]]:
    """The rows with the customer each is about: by reference, else by customer; nobody's and repeated rows are said."""
    everyone = plan.everyone
    listed = everyone.loc[everyone["arm"] == "treat", "customer_id"]
    by_reference = pd.Series(listed.to_numpy(), index=action_ids(plan.list_id, listed).to_numpy())
    who = table["action_id"].map(by_reference)
    stray = who.isna() & (table["action_id"] != "")
    who = who.fillna(table["customer_id"].where(table["customer_id"] != "")).astype(object)
    rows = table.assign(customer_id=who, added=~who.isin(set(listed)))
    filled = (table[[column.name for column in FILLED]] != "").any(axis=1)
    nobody = who.isna()
    findings = _rows("LST06", "warning", rows.index[nobody & filled], "names no customer", "is kept in the record only",
                     "write the customer's number into it")  # fmt: skip
    findings += _rows("LST09", "warning", rows.index[stray], "has the reference of another list",
                      "is read by its customer, if it names one", "import it with its own list")  # fmt: skip
    rows, filled = rows[~nobody], filled[~nobody]
    rows = rows[filled | ~rows["added"]]
    order = filled.reindex(rows.index).astype(int)
    last = rows.assign(filled=order).sort_values("filled", kind="stable").drop_duplicates("customer_id", keep="last")
    twice = rows.index.difference(last.index)
    findings += _rows("LST05", "warning", twice[filled.reindex(twice).to_numpy(dtype=bool)], "repeats a customer",
                      "is kept in the record only; the customer's last filled row counts",
                      "keep one row per customer")  # fmt: skip
    return rows.loc[rows.index.intersection(last.index)], findings


def _values(rows: pd.DataFrame, plan: RetentionPlan, now: pd.Timestamp) -> tuple[pd.DataFrame, list[Finding]]:
    """What was filled in, as values; each cell that does not read is a finding of its own."""
    values, findings = rows[["customer_id", "added"]].copy(), []
    for column in FILLED:
        read = [_value(cell, column, plan, now) if cell else (None, "") for cell in rows[column.name]]
        values[column.name] = pd.Series([value for value, _ in read], index=rows.index, dtype=object)
        for row, cell, (_, wrong) in zip(rows.index, rows[column.name], read, strict=True):
            if wrong:
                findings.append(Finding("LST04", "warning", TABLE, f"{column.name} in row {row} is {cell!r}", 1,
                                        examples=(f"row {row}",), effect="left empty, the rest of the row counts",
                                        fix=wrong))  # fmt: skip
    values.loc[values["added"], "override"] = "added"
    return values, findings


def _value(cell: str, column: SheetColumn, plan: RetentionPlan, now: pd.Timestamp) -> tuple[Any, str]:
    """The value of a cell, or what it may be."""
    place = 0 if plan.rules.language == "en" else 1
    if column.kind == "choice":
        code = choice_of(cell, column)
        return (code, "") if code else (None, f"one of: {', '.join(words[place] for _, words in column.choices)}")
    if column.kind == "date":
        day = date_of(cell)
        if day is None:
            return None, "a date as 2026-10-05"
        if not plan.as_of.normalize() <= day <= now:
            return None, f"a day from {plan.as_of:%Y-%m-%d} to {now:%Y-%m-%d}"
        return day, ""
    if column.kind == "money":
        amount = number_of(cell)
        return (None, "an amount of 0 or more") if amount is None else (amount, "")
    return cell, ""


def _doubts(rows: pd.DataFrame, values: pd.DataFrame, plan: RetentionPlan) -> list[Finding]:
    """What reads well and is doubtful: calls of who is held out or must not be called, late ones, bare overrides."""
    said, everyone = texts(plan.rules), plan.everyone.set_index("customer_id")
    codes = values["customer_id"].map(everyone["code"].to_dict())
    findings = []
    for row in rows.index[values["added"]]:
        if pd.isna(codes[row]):
            findings += _rows("LST07", "warning", [row], "adds a customer whom the list did not know",
                              "counts as a contact", "check the number")  # fmt: skip
        elif codes[row] not in ("capacity", "budget", "not_due", "no_value", "channel", "branch", "agent_id"):
            findings += _rows("LST07", "warning", [row], f"adds a customer left out as: {said[codes[row]]}",
                              "counts as a contact" + (", and the hold-out is no longer untouched"
                                                       if codes[row] == "holdout" else ""),
                              "do not call them again")  # fmt: skip
    late = values["contacted_at"].map(lambda day: day is not None and day > plan.expires)
    findings += _rows(
        "LST08", "note", rows.index[late.to_numpy(dtype=bool)], f"was called after {plan.expires:%Y-%m-%d}", "counts",
        "ask for a new list when one has expired",
    )  # fmt: skip
    bare = values["override"].notna() & values["override_reason"].isna() & ~values["added"]
    return findings + _rows("LST10", "note", rows.index[bare], "is overridden without a reason", "counts",
                            "write why: the read-out holds reasons against what happened")  # fmt: skip


def _rows(code: str, severity: Any, rows: Any, what: str, effect: str, fix: str) -> list[Finding]:
    shown = tuple(f"row {row}" for row in list(rows)[:5])
    found = f"{len(rows):,} rows: each {what}" if len(rows) > 1 else f"a row {what}"
    return [Finding(code, severity, TABLE, found, len(rows), None, shown, effect, fix)] if len(rows) else []


def _treated(values: pd.DataFrame, plan: RetentionPlan, now: pd.Timestamp) -> pd.DataFrame:
    """Everybody who was assigned, and who was added, with what was filled in."""
    everyone = plan.everyone
    listed = everyone[everyone["arm"] == "treat"]
    held = set(everyone.loc[everyone["arm"] == "holdout", "customer_id"])
    added = values.loc[values["added"] & ~values["customer_id"].isin(held), "customer_id"]
    who = pd.concat([listed["customer_id"], added], ignore_index=True).astype("str")
    back = values.drop(columns="added").drop_duplicates("customer_id").set_index("customer_id").reindex(who)
    back = back.reset_index(drop=True)
    asked = everyone.set_index("customer_id").reindex(who).reset_index(drop=True)
    rows = _assigned(who, plan, now).assign(
        arm="treat", action=asked["action"].where(asked["action"].fillna("") != "", "call"),
        contacted_at=pd.to_datetime(back["contacted_at"]).astype("datetime64[us]"),
        reached=back["reached"].map({"yes": True, "no": False}), outcome=back["outcome"],
        offer_value=back["offer_value"].astype(float), overridden=back["override"].notna(),
        override_reason=pd.Series(map(_reason, back["override"], back["override_reason"]), dtype=object),
    )  # fmt: skip
    return rows.assign(cost=asked["cost"].astype(float).where(rows["contacted_at"].notna(), 0.0))


def _reason(override: Any, why: Any) -> str | None:
    parts = [str(each) for each in (override, why) if isinstance(each, str)]
    return ": ".join(parts) or None


def _held(values: pd.DataFrame, plan: RetentionPlan, now: pd.Timestamp) -> pd.DataFrame:
    who = plan.everyone.loc[plan.everyone["arm"] == "holdout", "customer_id"].reset_index(drop=True)
    called = values.drop_duplicates("customer_id").set_index("customer_id")["contacted_at"].reindex(who)
    return _assigned(who, plan, now).assign(
        arm="holdout", action="none", contacted_at=pd.to_datetime(called.to_numpy()).astype("datetime64[us]"),
        reached=None, outcome=None, offer_value=np.nan, cost=0.0, overridden=False, override_reason=None,
    )  # fmt: skip


def _assigned(who: pd.Series, plan: RetentionPlan, now: pd.Timestamp) -> pd.DataFrame:
    """What is the same in both arms; a policy is named where the contact was about one only."""
    due = plan.policies.groupby("customer_id")["policy_id"].agg(["first", "size"])
    policy = who.map(due.loc[due["size"] == 1, "first"].to_dict())
    return pd.DataFrame({"action_id": action_ids(plan.list_id, who), "customer_id": who, "policy_id": policy,
                         "campaign": plan.list_id, "assigned_at": plan.as_of, "channel": "phone",
                         "recorded_at": now})  # fmt: skip
