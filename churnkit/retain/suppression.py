"""Who must not be contacted, and why."""

from __future__ import annotations

import pandas as pd

from churnkit.book.open import Book

_CUSTOMERS = """
SELECT customer_id, coalesce(household_id, customer_id) AS household_id,
       CASE WHEN deceased_date IS NOT NULL AND deceased_date < $as_of THEN 'deceased'
            WHEN do_not_call THEN 'do not call'
            WHEN marketing_opt_out THEN 'marketing opt-out'
            WHEN automated_decision_opt_out THEN 'refused automated decisions: for a person to decide' END AS reason
FROM customers ORDER BY customer_id, superseded_at NULLS LAST, recorded_at NULLS FIRST
"""
_OPEN = """
SELECT DISTINCT customer_id FROM complaints
WHERE received_at < $as_of AND received_at_seen < $as_of
  AND (decided_at IS NULL OR NOT (decided_at < $as_of AND decided_at_seen < $as_of))
"""


def suppressed(book: Book, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return each customer's household and, where contact is ruled out on a day, the first reason.

    Returns
    -------
    DataFrame with customer_id, household_id and reason (None where contact is allowed).
    """
    people: pd.DataFrame = book.sql(_CUSTOMERS, as_of=as_of).to_pandas().drop_duplicates("customer_id", keep="last")
    if book.has("complaints"):
        complaining = set(book.sql(_OPEN, as_of=as_of).to_pandas()["customer_id"])
        blocked = people["customer_id"].isin(complaining) & people["reason"].isna()
        people["reason"] = people["reason"].mask(blocked, "open complaint: settle it first")
    return people
