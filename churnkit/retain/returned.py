"""What came back of customers who are compared, with whichever list: contacts, overrides, and what they cost."""

from __future__ import annotations

import pandas as pd

from churnkit.book.open import Book

_OUTREACH = """
SELECT campaign, customer_id, contacted_at IS NOT NULL AS contacted, coalesce(cost, 0) AS cost,
       coalesce(offer_value, 0) AS offer, overridden, override_reason
FROM outreach WHERE superseded_at IS NULL AND campaign LIKE 'L%'
"""
_COLUMNS = ("campaign", "customer_id", "contacted", "cost", "offer", "overridden", "override_reason")
_CAMPAIGN = r"^(L(\d{8})-[0-9a-f]+)(?:-random|-added)?$"  # those drawn and those added are named after their list


def returned(book: Book, people: pd.DataFrame) -> pd.DataFrame:
    """Return what came back of customers between the day of their list and their renewal.

    A list made twice on a day, or again in another language, is filled in as one of the two: a row counts for the
    comparison that its customer is in, its own list's before any other.

    Parameters
    ----------
    people : DataFrame with list_id, customer_id, arm, since (day of the list) and until (last of the renewals)

    Returns
    -------
    DataFrame, rows of ``outreach`` with the list_id, arm and since of the comparison, and made, the day of the list
    with which they came back
    """
    rows = book.sql(_OUTREACH).to_pandas() if book.has("outreach") else pd.DataFrame(columns=list(_COLUMNS))
    named = rows["campaign"].astype("str").str.extract(_CAMPAIGN)
    rows = rows.assign(own=named[0], made=pd.to_datetime(named[1], format="%Y%m%d", errors="coerce"), row=rows.index)
    compared = people[["list_id", "customer_id", "arm", "since", "until"]]
    compared = compared.assign(since=compared["since"].dt.normalize())
    both = rows.assign(customer_id=rows["customer_id"].astype("str")).merge(compared, on="customer_id")
    both["own"] = both["own"] == both["list_id"]
    both = both[both["own"] | ((both["since"] <= both["made"]) & (both["made"] <= both["until"]))]
    return both.sort_values(["own", "since"], kind="stable").drop_duplicates("row", keep="last")


def contact_cost(people: pd.DataFrame, back: pd.DataFrame) -> tuple[float, int]:
    """Return what contacts of assigned customers cost, and of how many nothing came back: they count as called.

    Parameters
    ----------
    people : DataFrame with list_id, customer_id, arm, cost and incentive, as the list expected them
    back : DataFrame, what `returned` says of them
    """
    assigned = people[people["arm"] == "treat"].set_index(["list_id", "customer_id"])
    back = back.set_index(["list_id", "customer_id"])
    back = back[back.index.isin(assigned.index)]
    silent = assigned[~assigned.index.isin(back.index[back["own"] | (back["made"] == back["since"])])]
    known = float((back["cost"] + back["offer"]).sum())
    return known + float((silent["cost"] + silent["incentive"]).sum()), len(silent)


def contacted(people: pd.DataFrame, back: pd.DataFrame) -> pd.Series:
    """Return by arm how many customers were contacted; a held-out one may have been by mistake."""
    called = back.loc[back["contacted"].astype(bool), ["list_id", "customer_id"]].drop_duplicates()
    return people.merge(called, on=["list_id", "customer_id"])["arm"].value_counts()
