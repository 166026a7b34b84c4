"""Cover: terms that overlap, that are one and the same, that were never sold, taken back or ended without a reason."""

from __future__ import annotations

from collections.abc import Iterator

from churnkit.book.finding import Failing, Filter
from churnkit.book.open import Book
from churnkit.book.rules.tables import CANCELLED, NEVER_SOLD, held_terms, listed, ready, sold_terms


def overlapping_terms(book: Book) -> Iterator[Failing]:
    """OVL10: terms that start two days or more before an earlier term of the same policy is over.

    A term is over at its ended_date, else its end_date. Of terms with the same start and end (END13) only the first
    counts; a single day belongs to GAP11.
    """
    if not ready(book, "terms"):
        return
    yield Failing(
        "terms", f"SELECT _row, start_date AS value FROM (SELECT _row, start_date, max(until) OVER (PARTITION BY"
        " policy_id ORDER BY start_date, _row ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered FROM"
        " (SELECT _row, policy_id, start_date, CASE WHEN ended_date < end_date THEN ended_date ELSE end_date END"
        " AS until, row_number() OVER (PARTITION BY policy_id, start_date, end_date ORDER BY _row) AS place"
        f" FROM {sold_terms(book)} AS t) AS u WHERE place = 1) AS w WHERE covered > start_date + INTERVAL 1 DAY",
        "the term starts while an earlier one of its policy still runs in {n}",
        "a renewal would be seen where there is none, and cover counted twice",
        "end the earlier term (ended_date), or give covers that run side by side a policy_id each")  # fmt: skip


def terms_but_for_premium(book: Book) -> Iterator[Failing]:
    """END13: terms with the policy, start and end of another one; all but the first are counted."""
    if not ready(book, "terms"):
        return
    yield Failing(
        "terms", "SELECT _row, term_id AS value FROM (SELECT _row, term_id, row_number() OVER (PARTITION BY policy_id,"
        f" start_date, end_date ORDER BY _row) AS place FROM {sold_terms(book)} AS t) AS u WHERE place > 1",
        "same policy, start and end as another term, as when endorsements are exported as terms: {n}",
        "each would be a renewal decision of its own", "keep one row per period of cover, or give its versions one"
        " term_id and a recorded_at each", severity="warning")  # fmt: skip


def never_sold(book: Book) -> Iterator[Failing]:
    """NTU14: terms ended by free look, or on or before the day they start."""
    if ready(book, "terms"):
        yield Failing(
            "terms", Filter("raw_terms", NEVER_SOLD, "end_reason"),
            "ended in free look or on the first day, so never really sold: {n}",
            "left out of what is due for renewal and of churn", "nothing to do", severity="note")  # fmt: skip


def reinstated_terms(book: Book) -> Iterator[Failing]:
    """REI15: terms that take up a cancelled one again.

    A term of the same policy (or its previous_policy_id, or, where renewal.match names it, the same customer, line and
    object) that starts within the grace period from the day on which the other was cancelled, and is to end within a
    day of the end that the other had.
    """
    if not ready(book, "terms", "policies", "customers"):
        return
    ties = ["b.policy_id = a.policy_id", "b.previous_policy_id = a.policy_id"]
    if "object" in book.settings.renewal.match:
        ties.append("(b.customer_id = a.customer_id AND b.line = a.line AND b.object_id = a.object_id)")
    pairs = " UNION ".join(
        f"SELECT b._row, b.start_date AS value FROM held AS b JOIN held AS a ON {tie} WHERE b.term_id <> a.term_id"
        f" AND a.end_reason IN ({listed(CANCELLED)}) AND a.ended_date > a.start_date AND a.ended_date < a.end_date"
        " AND b.start_date >= a.ended_date AND date_diff('day', a.ended_date, b.start_date) <= a.grace_days"
        " AND abs(date_diff('day', a.end_date, b.end_date)) <= 1" for tie in ties)  # fmt: skip
    yield Failing("terms", f"WITH held AS {held_terms(book)} {pairs}",
                  "takes up a cancelled term again within grace: {n}", "the two are one spell of cover: no renewal, no"
                  " churn", "nothing to do", severity="note")  # fmt: skip


def ends_without_reason(book: Book) -> Iterator[Failing]:
    """RSN16: terms with an ended_date and no end_reason."""
    if book.has_column("terms", "ended_date"):
        yield Failing(
            "terms", Filter("raw_terms", "ended_date IS NOT NULL AND end_reason IS NULL", "ended_date"),
            "ended without an end_reason: {n}",
            "taken for the customer's decision: a death or a total loss among them counts as a lapse",
            "fill end_reason, with unknown where nobody knows", severity="warning")  # fmt: skip
