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
from churnkit.retain.cells import choice_of, date_of, number_of
from churnkit.retain.contacts import outreach_of, undated
from churnkit.retain.doubts import TABLE, doubts, of_rows
from churnkit.retain.headings import read_list
from churnkit.retain.matching import Known, matched, without_forgotten
from churnkit.retain.plan import RetentionPlan
from churnkit.retain.sheet import FILLED, SheetColumn, action_ids


@dataclass(frozen=True)
class Outcomes:
    """What a filled list says.

    Attributes
    ----------
    list_id : str
    outreach : DataFrame, rows of the contract's ``outreach``: every customer of the list (filled in or not, since all
        were assigned), those added by hand, and the hold-out who would have been listed
    cells : DataFrame
        What was read of each row, as it was typed, other columns too; counts is "no" where a row is only kept.
    findings : tuple of Finding, what did not read or is doubtful
    filled, overridden, added : int, rows with anything filled in, overridden, added by hand
    undated : frozenset of str, references of contacts without a day, which count on the day of the import
    """

    list_id: str
    outreach: pd.DataFrame
    cells: pd.DataFrame
    findings: tuple[Finding, ...]
    filled: int
    overridden: int
    added: int
    undated: frozenset[str] = frozenset()

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
    table, _ = read_list(path)
    found = Counter(str(cell).rpartition("-")[0] for cell in table["action_id"] if cell.count("-") == 2)
    if not found:
        raise ContractError("A filled list says in each row which list it answers.", found="no reference in any row",
                            where=str(path), fix="Keep the column Reference (编号), or name the list with --list."
                            )  # fmt: skip
    return found.most_common(1)[0][0]


def read_outcomes(
    path: str | os.PathLike[str], plan: RetentionPlan, *, recorded_at: Any = None, zone: str = "Asia/Shanghai",
    known: Known | None = None,
) -> Outcomes:  # fmt: skip
    """Read a filled list.

    Rows may have been sorted or parted over several sheets, columns renamed, moved or added, customers added below.
    What does not read (an outcome that is none of the words, a date that is none) is a finding and left empty; the rest
    of its row counts.

    Parameters
    ----------
    path : .xlsx or .csv
    plan : RetentionPlan, the list that was sent out
    recorded_at : date, optional; now, in the book's zone, if None
    zone : IANA name of the book's time zone
    known : Known, optional, whom the book knows and who was forgotten

    Returns
    -------
    Outcomes

    Raises
    ------
    UsageError, ContractError
        If the file is no list.
    """
    now = pd.Timestamp.now(zone).tz_localize(None).floor("s") if recorded_at is None else pd.Timestamp(recorded_at)
    now, known = max(now, plan.as_of), known or Known()
    table, findings = read_list(path)
    table, gone = without_forgotten(table, plan, known)
    rows, who, found = matched(table, plan, known)
    findings += gone + found
    values, found = _values(rows, plan, now)
    any_filled = values.drop(columns=["customer_id", "added"]).notna().any(axis=1)
    values["undated"] = undated(values)
    values.loc[values["undated"], "contacted_at"] = max(now.normalize(), plan.as_of)
    findings += found + doubts(values, plan) + _taken_back(values, plan, known)
    without_day = action_ids(plan.list_id, values.loc[values["undated"], "customer_id"])
    counts = np.where(table.index.isin(rows.index), "yes", "no")
    cells = table.assign(customer_id=who.fillna(table["customer_id"]), counts=counts).reset_index()
    return Outcomes(plan.list_id, outreach_of(values, plan, now), cells, tuple(findings), int(any_filled.sum()),
                    int(values["override"].notna().sum()), int(values["added"].sum()),
                    frozenset(without_day))  # fmt: skip


def _taken_back(values: pd.DataFrame, plan: RetentionPlan, known: Known) -> list[Finding]:
    """Requests for no more calls that an earlier import brought, and that are not there any more: they stay."""
    actions = action_ids(plan.list_id, values["customer_id"])
    back = actions.isin(list(known.asked(actions))) & (values["outcome"] != "do_not_call")
    return of_rows("LST16", "warning", values.index[back], "takes back that the customer asked not to be called",
                   "the request stays, and the customer is not called",
                   "if it was a mistake, take do_not_call out of the customer's rows in the book's outreach"
                   )  # fmt: skip


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
