"""Who must not be contacted, and why: asked when a list is made, and once more when it leaves the house."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from churnkit.book.open import Book

Language = Literal["en", "zh"]
GAP_DAYS, YEARLY = 30, 4  # days without a contact after a contact; contacts in 365 days

# In the order in which they are told: what binds most comes first. Who may ever be told is not part of the text:
# nobody reads off a list that a customer is vulnerable.
PEOPLE: dict[str, tuple[str, str]] = {
    "unknown": ("not in the table of customers", "不在客户表中"),
    "deceased": ("deceased", "已故"),
    "do_not_call": ("do not call", "禁止致电"),
    "opt_out": ("marketing opt-out", "拒绝营销"),
    "person_decides": ("refused automated decisions: for a person to decide", "拒绝自动化决策：由人工决定"),
    "specialist": ("for the specialist team's own list", "由专员团队单独联系"),
    "complaint": ("open complaint: settle it first", "投诉未结：先处理投诉"),
    "injury": ("open claim with bodily injury: the claim handler speaks first", "人伤赔案未结：由理赔人员先联系"),
    "lately": ("contacted within the last {gap} days", "最近{gap}天内已联系"),
    "listed": ("on a list of the last {gap} days", "最近{gap}天内已在名单"),
    "often": ("contacted {yearly} times within a year", "一年内已联系{yearly}次"),
    "home_listed": ("somebody of the household is on a list of the last {gap} days", "最近{gap}天内家庭成员已在名单"),
}
COVER: dict[str, tuple[str, str]] = {
    "renewed": ("already renewed", "已续保"),
    "declined": ("the insurer does not renew", "公司不予续保"),
    "ended": ("the policy has ended", "保单已终止"),
    "past_due": ("the day of renewal has passed", "已过到期日"),
}
_LATEST = "(superseded_at IS NULL OR superseded_at >= $as_of)"
_CUSTOMERS = """
SELECT customer_id, coalesce(household_id, customer_id) AS household_id, deceased_date IS NOT NULL AS deceased,
       coalesce(do_not_call, false) AS do_not_call, coalesce(marketing_opt_out, false) AS opt_out,
       coalesce(automated_decision_opt_out, false) AS person_decides, coalesce(vulnerable, false) AS specialist
FROM customers ORDER BY customer_id, superseded_at NULLS LAST, recorded_at NULLS FIRST
"""
_COMPLAINTS = f"""
SELECT DISTINCT customer_id FROM complaints
WHERE received_at < $as_of AND received_at_seen < $as_of AND {_LATEST}
  AND (decided_at IS NULL OR NOT (decided_at < $as_of AND decided_at_seen < $as_of))
"""
_INJURIES = f"""
SELECT DISTINCT customer_id FROM claims
WHERE bodily_injury AND reported_at_seen < $as_of AND {_LATEST}
  AND NOT coalesce(closed_at_seen < $as_of, false)
  AND NOT coalesce(closed_at IS NULL AND paid_at_seen < $as_of, false)
  AND NOT coalesce(decision IN ('denied', 'withdrawn') AND decided_at_seen < $as_of, false)
"""
_CONTACTS = f"""
SELECT customer_id, max(contacted_at) AS latest, count(*) AS contacts FROM outreach
WHERE contacted_at < $as_of AND contacted_at >= $as_of::TIMESTAMP - INTERVAL 365 DAY AND {_LATEST} GROUP BY customer_id
"""
# Of what is in the books, not of what was known at the cutoff: a filled list may have come back this morning.
_ASKED = "SELECT DISTINCT customer_id FROM raw_outreach WHERE outcome = 'do_not_call'"
# Whoever has one term that ends late enough has not been renewed: only the few with a second one come back.
_RENEWED = f"""
WITH seen AS (SELECT policy_id, end_date FROM terms WHERE issued_at_seen < $as_of AND end_date >= $since AND {_LATEST}),
 again AS (SELECT policy_id, max(end_date) AS until FROM seen GROUP BY policy_id HAVING count(*) > 1),
 under AS (SELECT p.previous_policy_id AS policy_id, s.end_date AS until FROM seen AS s
           JOIN policies AS p ON p.policy_id = s.policy_id WHERE p.previous_policy_id IS NOT NULL)
SELECT policy_id, max(until) AS until FROM (SELECT * FROM again UNION ALL SELECT * FROM under) AS known
GROUP BY policy_id
"""
_ENDED = f"""
SELECT policy_id, max(end_date) AS end_date,
       bool_or(end_reason IN ('insurer_declined', 'insurer_cancelled')) AS declined
FROM terms WHERE ended_date_seen < $as_of AND end_date >= $since AND {_LATEST}
  AND coalesce(end_reason, 'unknown') NOT IN ('renewed', 'expired')
GROUP BY policy_id
"""


def reason_texts(language: Language, *, gap: int = GAP_DAYS, yearly: int = YEARLY) -> dict[str, str]:
    """Return the text of every reason for which somebody must not be contacted.

    Examples
    --------
    >>> reason_texts("en", gap=14)["lately"]
    'contacted within the last 14 days'
    """
    at = 0 if language == "en" else 1
    return {code: texts[at].format(gap=gap, yearly=yearly) for code, texts in (PEOPLE | COVER).items()}


def barred(book: Book, as_of: pd.Timestamp, *, gap: int = GAP_DAYS, yearly: int = YEARLY) -> pd.DataFrame:
    """Return every customer of a book with every reason against a contact on a day.

    An opt-out counts from the moment it is in the books, whatever the day; an event if it was visible before the day.

    Parameters
    ----------
    book : Book
    as_of : Timestamp
    gap : int, days without a contact after a contact
    yearly : int, contacts in 365 days after which there is none

    Returns
    -------
    DataFrame with customer_id, household_id and one truth value per code of ``PEOPLE``; ``unknown``, ``listed`` and
    ``home_listed`` are no matter of a book, and false.
    """
    people: pd.DataFrame = book.sql(_CUSTOMERS).to_pandas()
    if book.repeats("customers"):
        people = people.drop_duplicates("customer_id", keep="last", ignore_index=True)
    for code, table, query in (("complaint", "complaints", _COMPLAINTS), ("injury", "claims", _INJURIES)):
        people[code] = False
        if book.has(table):
            people[code] = people["customer_id"].isin(book.sql(query, as_of=as_of).to_pandas()["customer_id"])
    people[["lately", "often", "unknown", "listed", "home_listed"]] = False
    if book.has("outreach"):
        made = book.sql(_CONTACTS, as_of=as_of).to_pandas().set_index("customer_id")
        late = made.index[pd.to_datetime(made["latest"]) >= as_of - pd.Timedelta(days=gap)]
        people["lately"] = people["customer_id"].isin(late)
        people["often"] = people["customer_id"].isin(made.index[made["contacts"] >= yearly])
        people["do_not_call"] |= people["customer_id"].isin(book.sql(_ASKED).to_pandas()["customer_id"])
    return people


def first_reason(flags: pd.DataFrame) -> pd.Series:
    """Return the name of the first column that is true in each row, "" where none is.

    Examples
    --------
    >>> first_reason(pd.DataFrame({"a": [False, False], "b": [True, False]})).tolist()
    ['b', '']
    """
    matrix = flags.to_numpy(dtype=bool)
    at = np.where(matrix.any(axis=1), matrix.argmax(axis=1), len(flags.columns))
    return pd.Series(np.array([*flags.columns, ""], dtype=object)[at], index=flags.index)


def cover_state(book: Book, policies: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Say of each policy up for renewal whether there is still something to renew, as visible on a day.

    Parameters
    ----------
    policies : DataFrame with policy_id and end_date, the scheduled end of the term that is up for renewal

    Returns
    -------
    Series indexed like `policies`: "renewed", "declined", "ended", "past_due" or ""
    """
    ids, ends = policies["policy_id"], policies["end_date"].to_numpy()
    since = policies["end_date"].min() if len(policies) else as_of
    until = book.sql(_RENEWED, as_of=as_of, since=since).to_pandas().set_index("policy_id").reindex(ids)["until"]
    ended = book.sql(_ENDED, as_of=as_of, since=since).to_pandas().set_index("policy_id").reindex(ids)
    renewed = until.to_numpy().astype("datetime64[us]") > ends
    over = ended["end_date"].to_numpy().astype("datetime64[us]") >= ends
    declined = over & ended["declined"].isin([True]).to_numpy()
    past = ends.astype("datetime64[us]") < np.datetime64(as_of, "us")
    flags = pd.DataFrame({"renewed": renewed, "declined": declined, "ended": over, "past_due": past},
                         index=policies.index)  # fmt: skip
    return first_reason(flags)


def suppressed(book: Book, as_of: pd.Timestamp, *, language: Language = "en") -> pd.DataFrame:
    """Return each customer's household and, where contact is ruled out on a day, the first reason in words.

    Returns
    -------
    DataFrame with customer_id, household_id and reason (None where contact is allowed).
    """
    people = barred(book, as_of)
    codes = first_reason(people[list(PEOPLE)])
    texts = reason_texts(language)
    people["reason"] = codes.map(lambda code: texts.get(code)).astype(object).where(codes != "", None)
    return people[["customer_id", "household_id", "reason"]]
