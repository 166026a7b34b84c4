"""Premium earned and claims by line, product and calendar year, as known on a day."""

from __future__ import annotations

import pandas as pd

from churnkit.book.open import Book
from churnkit.panel.arrays import NEVER
from churnkit.panel.load import final_policies, moment

_KEYS = ["line", "product", "year"]


def loss_history(book: Book, *, until: pd.Timestamp, years_to: int) -> pd.DataFrame:
    """Sum up what was earned and what claims cost, year by year.

    A term's premium is earned evenly over its days of cover. A claim belongs to the year in which it occurred, else was
    reported; it costs what was paid, what is claimed while it is open, nothing once denied or withdrawn.

    Parameters
    ----------
    book : Book
    until : timestamp; only what was recorded before it is used
    years_to : int, the first calendar year that is left out

    Returns
    -------
    DataFrame with line, product ("" for none), year, premium, cost (currency) and claims (number)
        No row at all if the book has no claims.
    """
    first = book.sql("SELECT min(start_date) AS first FROM terms")["first"][0].as_py()
    years = range(pd.Timestamp(first).year, years_to) if first is not None and book.has("claims") else range(0)
    parts = []
    for year in years:
        earned, claims = (_asked(book, query(book, year, until), year) for query in (_earned, _claims))
        parts.append(earned.join(claims, how="left").fillna(0.0).reset_index())
    empty = pd.DataFrame({**dict.fromkeys(_KEYS, pd.Series(dtype="str")), "premium": [], "cost": [], "claims": []})
    return pd.concat(parts, ignore_index=True) if parts else empty


def _asked(book: Book, query: str, year: int) -> pd.DataFrame:
    found = book.sql(query).to_pandas()
    found = found.assign(product=found["product"].astype("str").fillna(""), year=year)
    summed: pd.DataFrame = found.groupby(_KEYS).sum(numeric_only=True).astype("float64")
    return summed


def _moment(when: pd.Timestamp) -> str:
    return f"TIMESTAMP '{when}'"


def _known(clock: str, until: pd.Timestamp) -> str:
    at = _moment(until)
    return f"e.{clock}_seen < {at} AND (e.superseded_at IS NULL OR e.superseded_at >= {at})"


def _span(year: int) -> tuple[int, int]:
    """A calendar year in microseconds."""
    low, high = (pd.Timestamp(year=each, month=1, day=1).value // 1000 for each in (year, year + 1))
    return low, high


def _earned(book: Book, year: int, until: pd.Timestamp) -> str:
    """Premium of each term in proportion to the part of it that was covered in the year."""
    low, high = _span(year)
    start, end = moment("e.start_date"), moment("e.end_date")
    ended = f"CASE WHEN e.ended_date_seen < {_moment(until)} THEN {moment('e.ended_date')} ELSE {NEVER} END"
    covered = f"greatest(least({end}, {ended}, {high}) - greatest({start}, {low}), 0)"
    return (f"SELECT p.line, p.product, sum(e.premium * {covered} / greatest({end} - {start}, 1)) AS premium"
            f" FROM terms AS e JOIN {final_policies(book)} AS p ON e.policy_id = p.policy_id"
            f" WHERE {_known('issued_at', until)} AND {start} < {high} AND {end} > {low} GROUP BY p.line, p.product"
            )  # fmt: skip


def _claims(book: Book, year: int, until: pd.Timestamp) -> str:
    """Claims that occurred in the year: number, and cost as known."""
    (low, high), at = _span(year), _moment(until)
    cost = (f"CASE WHEN e.paid_at_seen < {at} THEN coalesce(e.amount_paid, 0)"
            f" WHEN e.decided_at_seen < {at} AND e.decision IN ('denied', 'withdrawn') THEN 0"
            " ELSE coalesce(e.amount_claimed, 0) END")  # fmt: skip
    when = moment("coalesce(e.occurred_at, e.reported_at)")
    return (f"SELECT p.line, p.product, sum({cost}) AS cost, count(*) AS claims"
            f" FROM claims AS e JOIN {final_policies(book)} AS p ON e.policy_id = p.policy_id"
            f" WHERE {_known('reported_at', until)} AND {when} >= {low} AND {when} < {high}"
            " GROUP BY p.line, p.product")  # fmt: skip
