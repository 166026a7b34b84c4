"""All terms of a book as arrays: what observations, labels and the state of a customer's cover are made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.book.open import Book
from churnkit.panel.arrays import DAY, NEVER, Bools, Floats, Ints, numbers
from churnkit.panel.spells import CANCELLED, last_of, taken_up
from churnkit.panel.ties import Ties, load_ties

CODES = """
WITH c AS (SELECT customer_id, row_number() OVER (ORDER BY customer_id) - 1 AS customer
           FROM (SELECT DISTINCT customer_id FROM customers)),
 p AS (SELECT *, row_number() OVER (ORDER BY policy_id) - 1 AS policy FROM policies
       WHERE superseded_at IS NULL QUALIFY row_number() OVER (PARTITION BY policy_id ORDER BY customer_id) = 1)"""
"""Common table expressions: dense codes of customers and policies, in the order of their ids."""


def moment(column: str, null: int = NEVER) -> str:
    """SQL of a timestamp as microseconds, null as `null`."""
    return f"coalesce(epoch_us({column}), {null})"


@dataclass(frozen=True)
class Terms:
    """One row per version of a term, in the order (customer, start, term); times in microseconds, codes dense.

    ``known_from``: when the version can first be seen (bound and recorded); ``superseded``: until when it counts.
    """

    table: pa.Table
    customer_ids: Any
    policy_ids: Any
    ties: Ties

    def ints(self, name: str) -> Ints:
        """A column of times or codes."""
        return np.asarray(self.table[name], dtype=np.int64)

    @cached_property
    def customer(self) -> Ints:
        """Customer codes."""
        return self.ints("customer")

    @cached_property
    def policy(self) -> Ints:
        """Policy codes."""
        return self.ints("policy")

    @cached_property
    def family(self) -> Ints:
        """Codes of policies under all their numbers."""
        return self.policy if self.ties.alone else self.ties.family[self.policy]

    @cached_property
    def term(self) -> Ints:
        """Term codes: versions of one term share a code."""
        return np.asarray(pd.factorize(self.table["term_id"].to_pandas())[0], dtype=np.int64)

    @cached_property
    def id_rank(self) -> Ints:
        """Order of the rows by term_id, as text."""
        rank = np.empty(len(self.term), dtype=np.int64)
        rank[np.asarray(pc.sort_indices(self.table["term_id"]), dtype=np.int64)] = np.arange(len(rank))
        return rank

    @cached_property
    def sold_term(self) -> Bools:
        """By term code: whether the term was really sold."""
        found = np.zeros(len(self.final_row), dtype=bool)
        found[self.term[self.sold]] = True
        return found

    @cached_property
    def start(self) -> Ints:
        """First moment of cover."""
        return self.ints("start_date")

    @cached_property
    def end(self) -> Ints:
        """Scheduled end."""
        return self.ints("end_date")

    @cached_property
    def ended(self) -> Ints:
        """Actual end, where one is stated."""
        return self.ints("ended_date")

    @cached_property
    def ended_seen(self) -> Ints:
        """From when the actual end is known."""
        return self.ints("ended_seen")

    @cached_property
    def superseded(self) -> Ints:
        """From when a later version replaces the row."""
        return self.ints("superseded")

    @cached_property
    def known_from(self) -> Ints:
        """From when the row is known."""
        return np.maximum(self.ints("issued_at"), self.ints("issued_seen"))

    @cached_property
    def premium(self) -> Floats:
        """Premium of the term."""
        return numbers(self.table["premium"])

    @cached_property
    def sum_insured(self) -> Floats:
        """Sum insured of the term, NaN where it is not stated."""
        return numbers(self.table["sum_insured"])

    def reason_is(self, *reasons: str) -> Bools:
        """Rows ended for one of the reasons."""
        hit = pc.is_in(self.table["end_reason"], value_set=pa.array(reasons, type=pa.string()))
        return np.asarray(hit, dtype=bool)

    @cached_property
    def final(self) -> Bools:
        """Last versions, one per term."""
        last = np.flatnonzero(self.superseded == NEVER)
        keep = np.zeros(len(self.term), dtype=bool)
        keep[last[np.unique(self.term[last], return_index=True)[1]]] = True
        return keep

    @cached_property
    def final_row(self) -> Ints:
        """Row of the last version, by term code."""
        rows = np.full(int(self.term.max(initial=-1)) + 1, -1, dtype=np.int64)
        last = np.flatnonzero(self.final)
        rows[self.term[last]] = last
        return rows

    @cached_property
    def never_sold(self) -> Bools:
        """Rows whose end says free look, or falls on their first day."""
        over: Bools = (self.ended < NEVER) & (self.reason_is("free_look") | (self.ended <= self.start))
        return over

    def known_unsold(self, rows: Ints, cutoff: Ints | int) -> Bools:
        """Rows whose free look, or end on the first day, is in the books before the cutoff."""
        known: Bools = self.never_sold[rows] & (self.ended_seen[rows] < cutoff)
        return known

    @cached_property
    def sold(self) -> Ints:
        """Rows of the last versions of terms that were really sold."""
        return np.flatnonzero(self.final & ~self.never_sold)

    @cached_property
    def cancelled(self) -> Ints:
        """When cover was cancelled ahead of its end in a way that may be taken back, ``NEVER`` if it was not."""
        early = (self.start < self.ended) & (self.ended < self.end)
        return np.where(early & self.reason_is(*CANCELLED), self.ended, NEVER)

    @cached_property
    def taken_up_by(self) -> Ints:
        """By term code: the code of the term that reinstates it, or -1."""
        found, rows = np.full(len(self.final_row), -1, dtype=np.int64), self.sold
        again = taken_up(self.family[rows], self.start[rows], self.end[rows], cancelled=self.cancelled[rows],
                         grace=self.grace[rows], rank=self.id_rank[rows])  # fmt: skip
        some = again >= 0
        found[self.term[rows[some]]] = self.term[rows[again[some]]]
        return found

    @cached_property
    def stands_in(self) -> Ints:
        """By term code: the code of the last term of its spell, itself where it was never reinstated."""
        return last_of(self.taken_up_by)

    @cached_property
    def grace(self) -> Ints:
        """Grace after the end, in microseconds: the policy's grace_days, else 60 days for life and 30 elsewhere."""
        days = numbers(self.table["grace_days"])
        life = np.asarray(pc.equal(self.table["line"], "life").fill_null(False), dtype=bool)
        return np.where(np.isnan(days), np.where(life, 60, 30), days).astype(np.int64) * DAY

    def known_over(self, rows: Ints, cutoff: Ints) -> Bools:
        """Rows whose end is in the books before the cutoff: past, or announced for another reason than running out."""
        past = (self.ended[rows] <= cutoff) | self._announced[rows]
        known: Bools = (self.ended[rows] < NEVER) & (self.ended_seen[rows] < cutoff) & past
        return known

    @cached_property
    def _announced(self) -> Bools:
        return np.asarray(pc.is_valid(self.table["end_reason"])) & ~self.reason_is("expired", "renewed")

    def visible(self, cutoff: Ints | int) -> Bools:
        """Rows that count at the cutoff: known, and not replaced by a later version."""
        seen: Bools = (self.known_from < cutoff) & (cutoff <= self.superseded)
        return seen

    def covered_until(self, cutoff: int) -> Ints:
        """End of cover as visible at the cutoff."""
        until: Ints = np.where(self.ended_seen < cutoff, np.minimum(self.end, self.ended), self.end)
        return until


def load_terms(book: Book) -> Terms:
    """Read all terms whose policy and customer are in the book."""
    query = f"""{CODES}
SELECT t.term_id, c.customer, p.policy, p.line, p.grace_days, coalesce(p.renewable, true) AS renewable,
  t.premium, t.sum_insured, t.offer_premium, t.end_reason,
  {moment("t.start_date")} AS start_date, {moment("t.end_date")} AS end_date, {moment("t.ended_date")} AS ended_date,
  {moment("t.ended_date_seen")} AS ended_seen, {moment("t.issued_at")} AS issued_at,
  {moment("t.issued_at_seen")} AS issued_seen, {moment("t.superseded_at")} AS superseded,
  {moment("t.offer_date")} AS offer_date, {moment("t.offer_date_seen")} AS offer_seen,
  {moment("p.inception_date")} AS inception
FROM terms AS t JOIN p ON t.policy_id = p.policy_id JOIN c ON p.customer_id = c.customer_id
WHERE t.start_date IS NOT NULL AND t.end_date IS NOT NULL
ORDER BY c.customer, t.start_date, t.term_id, t.superseded_at NULLS LAST"""
    customers = book.sql(f"{CODES} SELECT customer_id FROM c ORDER BY customer")["customer_id"]
    policies, ties = load_ties(book, CODES)
    return Terms(book.sql(query).combine_chunks(), customers.combine_chunks(), policies, ties)
