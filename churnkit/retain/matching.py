"""Whom each row of a filled list is about: by its reference, else by its customer; nobody is guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

import pandas as pd

from churnkit.book.finding import Finding
from churnkit.retain.doubts import of_rows
from churnkit.retain.forgetting import FORGOTTEN
from churnkit.retain.plan import RetentionPlan
from churnkit.retain.sheet import FILLED, action_ids

_RECORD = "is kept in the record only"


@dataclass(frozen=True)
class Known:
    """What is known of customers beyond the list.

    Attributes
    ----------
    of_book : function of customers' ids to those that the book has; asked only about customers whom the list did not
        know. None: those that the plan was made from.
    forgotten : function of a customer's id to whether the customer was forgotten on request
    """

    of_book: Callable[[list[str]], Collection[str]] | None = None
    forgotten: Callable[[str], bool] = lambda _: False


def without_forgotten(table: pd.DataFrame, plan: RetentionPlan, known: Known) -> tuple[pd.DataFrame, list[Finding]]:
    """The list without rows of customers who were forgotten: an old file does not bring them back.

    A row without its customer is known by a reference of this list that leads to nobody any more.
    """
    everyone = plan.everyone["customer_id"]
    gone = table["customer_id"].map(lambda who: who != "" and known.forgotten(who)).astype(bool)
    if everyone.str.startswith(FORGOTTEN).any():
        mine = table["action_id"].str.startswith(plan.list_id)
        lost = mine & ~table["action_id"].isin(action_ids(plan.list_id, everyone))
        gone |= lost & ~table["customer_id"].isin(everyone)
    said = of_rows("LST13", "note", table.index[gone], "is about a customer who was forgotten on request",
                   "is not read and not kept", "delete it from the file too")  # fmt: skip
    return table[~gone], said


def matched(
    table: pd.DataFrame, plan: RetentionPlan, known: Known
) -> tuple[pd.DataFrame, pd.Series, list[Finding]]:  # fmt: skip
    """The rows that count, with the customer each is about; nobody's, unknown and repeated ones are said.

    Returns
    -------
    rows : DataFrame, rows of the table that are about a customer, one per customer, with customer_id and added
    who : Series, the customer of every row, None where it is nobody's
    findings : list of Finding
    """
    everyone = plan.everyone
    listed = everyone.loc[everyone["arm"] == "treat", "customer_id"]
    filled = (table[[column.name for column in FILLED]] != "").any(axis=1)
    by_reference = pd.Series(listed.to_numpy(), index=action_ids(plan.list_id, listed).to_numpy())
    who = table["action_id"].map(by_reference).astype(object)
    stray = who.isna() & (table["action_id"] != "")
    typed, findings = _typed(table["customer_id"].where(who.isna(), ""), filled, plan, known)
    who = who.fillna(typed)
    rows = table.assign(customer_id=who, added=~who.isin(set(listed)))
    nobody = who.isna() & (stray | (table["customer_id"] == ""))
    findings += of_rows("LST06", "warning", rows.index[nobody & filled], "names no customer", _RECORD,
                        "write the customer's number into it")  # fmt: skip
    findings += of_rows("LST09", "warning", rows.index[stray], "has the reference of another list",
                        "is read by its customer, if it names one", "import it with its own list")  # fmt: skip
    rows, filled = rows[who.notna()], filled[who.notna()]
    rows = rows[filled | ~rows["added"]]
    order = filled.reindex(rows.index).astype(int)
    last = rows.assign(filled=order).sort_values("filled", kind="stable").drop_duplicates("customer_id", keep="last")
    twice = rows.index.difference(last.index)
    findings += of_rows("LST05", "warning", twice[filled.reindex(twice).to_numpy(dtype=bool)], "repeats a customer",
                        f"{_RECORD}; the customer's last filled row counts", "keep one row per customer")  # fmt: skip
    return rows.loc[rows.index.isin(last.index)], who, findings


def _typed(
    cells: pd.Series, filled: pd.Series, plan: RetentionPlan, known: Known
) -> tuple[pd.Series, list[Finding]]:  # fmt: skip
    """Customers as they are typed; zeros that a spreadsheet took off are put back where only one customer fits."""
    everyone = plan.everyone["customer_id"].astype("str")
    fits = Counter(everyone.str.lstrip("0"))
    short = dict(zip(everyone.str.lstrip("0"), everyone, strict=True))
    taken_off = bool(everyone.str.startswith("0").any()) and not bool(cells.str.startswith("0").any())
    asked = cells[(cells != "") & filled]
    exact = cells.isin(set(everyone))
    unclear = (cells != "") & (cells.str.lstrip("0").map(fits) > 1) & (~exact | taken_off)
    restored = ~exact & (cells.str.lstrip("0").map(fits) == 1) & (cells != "")
    strange = sorted(set(asked[~exact & ~unclear & ~restored]))
    in_book = set(plan.known if known.of_book is None else known.of_book(strange) if strange else ())
    unknown = cells.isin(strange) & ~cells.isin(in_book)
    who = cells.mask(restored, cells.str.lstrip("0").map(short)).astype(object)
    who = who.mask((cells == "") | unclear | unknown, None)
    findings = of_rows("LST14", "note", cells.index[restored & filled], "names its customer without leading zeros",
                       "counts: only one customer fits", "keep customers' numbers as text")  # fmt: skip
    findings += of_rows("LST14", "warning", cells.index[unclear & filled], "lost leading zeros: two customers fit",
                        _RECORD, "write the customer's whole number into it, as text")  # fmt: skip
    findings += of_rows("LST07", "warning", cells.index[unknown & filled], "adds a customer unknown to the book",
                        _RECORD, "check the number and import it again")  # fmt: skip
    return who, findings
