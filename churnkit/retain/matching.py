"""Whom each row of a filled list is about: by its reference, else by its customer; nobody is guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

import pandas as pd

from churnkit.book.finding import Finding
from churnkit.retain.cells import choice_of, same_id
from churnkit.retain.doubts import TABLE, of_rows
from churnkit.retain.plan import RetentionPlan
from churnkit.retain.record import FORGOTTEN
from churnkit.retain.sheet import FILLED, action_ids

_RECORD = "is kept in the record only"
_OUTCOME = next(column for column in FILLED if column.name == "outcome")


@dataclass(frozen=True)
class Known:
    """What is known of customers beyond the list.

    Attributes
    ----------
    of_book : function of customers' ids to those that the book has; asked only about customers whom the list did not
        know. None: those that the plan was made from.
    forgotten : function of a customer's id to whether the customer was forgotten on request
    asked : function of actions to those in which the customer asked not to be called, as it was imported before
    """

    of_book: Callable[[list[str]], Collection[str]] | None = None
    forgotten: Callable[[str], bool] = lambda _: False
    asked: Callable[[Collection[str]], Collection[str]] = lambda _: ()


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
    against = _against(table["customer_id"], who, everyone["customer_id"])
    findings = _contradictions(table["customer_id"], who, against & filled)
    who = who.mask(against, None)
    typed, found = _typed(table["customer_id"].where(who.isna() & ~against, ""), filled, plan, known)
    who = who.fillna(typed)
    rows = table.assign(customer_id=who, added=~who.isin(set(listed)))
    nobody = who.isna() & ~against & (stray | (table["customer_id"] == ""))
    findings += found + of_rows("LST06", "warning", rows.index[nobody & filled], "names no customer", _RECORD,
                                "write the customer's number into it")  # fmt: skip
    findings += of_rows("LST09", "warning", rows.index[stray], "has the reference of another list",
                        "is read by its customer, if it names one", "import it with its own list")  # fmt: skip
    rows, repeated = _once(rows[who.notna() & (filled | ~rows["added"])], filled)
    return rows, who, findings + repeated


def _once(rows: pd.DataFrame, filled: pd.Series) -> tuple[pd.DataFrame, list[Finding]]:
    """One row per customer: one that asked for no more calls before any other, then the last that is filled in."""
    asked = rows["outcome"].map(lambda cell: choice_of(cell, _OUTCOME) == "do_not_call").astype(bool)
    order = filled.reindex(rows.index).astype(int) + asked
    last = rows.assign(order=order).sort_values("order", kind="stable").drop_duplicates("customer_id", keep="last")
    twice = rows.index.difference(last.index)
    findings = of_rows("LST05", "warning", twice[filled.reindex(twice).to_numpy(dtype=bool)], "repeats a customer",
                       f"{_RECORD}; the customer's last filled row counts, or the one that asked not to be called",
                       "keep one row per customer")  # fmt: skip
    return rows.loc[rows.index.isin(last.index)], findings


def _against(cells: pd.Series, who: pd.Series, everyone: pd.Series) -> pd.Series:
    """Rows whose customer is another one than their reference's, as when one column is sorted without the others.

    What a spreadsheet makes of a number is no contradiction: zeros taken off, digits rounded away.
    """
    other = cells.index[who.notna() & (cells != "") & (cells != who)]
    ids, whole = set(everyone), bool(cells.str.startswith("0").any())
    doubted = [row for row in other if not same_id(cells[row], who[row])
               or (cells[row] in ids and (whole or cells[row].lstrip("0") != who[row].lstrip("0")))]  # fmt: skip
    return pd.Series(cells.index.isin(doubted), index=cells.index)


def _contradictions(cells: pd.Series, who: pd.Series, doubted: pd.Series) -> list[Finding]:
    return [Finding("LST15", "warning", TABLE, f"a row names {cells[row]!r} and has the reference of {who[row]!r}", 1,
                    examples=(f"row {row}",), effect=f"it counts for neither: it {_RECORD}",
                    fix="put the customer right, or blank it, and import it again")
            for row in cells.index[doubted]]  # fmt: skip


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
