"""All terms of a book as arrays: what observations, labels and the state of a customer's cover are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.book.engine import quote
from churnkit.book.open import Book
from churnkit.panel.arrays import DAY, NEVER, Bools, Floats, Ints, numbers
from churnkit.panel.attributes import KNOWN
from churnkit.panel.kernel.streams import keys, order_of, seconds
from churnkit.panel.load import moment, owned, places
from churnkit.panel.owners import Owners, load_owners
from churnkit.panel.terms.spells import CANCELLED, last_of, taken_up
from churnkit.panel.terms.ties import Ties, tie_queries, ties_of

OWN = "own {}"
"""Name under which a column of terms that an attribute reads lies beside the columns that terms always have."""


@dataclass(frozen=True)
class Terms:
    """One row per version of a term, in the order (customer, start, term); times in microseconds, codes dense.

    ``known_from``: when the version can first be seen (bound and recorded); ``superseded``: until when it counts.
    ``first``: the code in the book of the customer whose code is 0 here.
    """

    table: pa.Table
    customer_ids: Any
    policy_ids: Any
    ties: Ties
    first: int = 0

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
    def line(self) -> Ints:
        """Codes of lines, -1 for none."""
        indices = pc.dictionary_encode(self.table["line"]).combine_chunks().indices
        return np.asarray(pc.fill_null(indices, -1), dtype=np.int64)

    @cached_property
    def term(self) -> Ints:
        """Term codes: versions of one term share a code."""
        if (self.superseded == NEVER).all():  # one version each
            return np.arange(len(self.superseded))
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


def term_queries(book: Book, owners: Owners, columns: Iterable[str] = ()) -> dict[str, str]:
    """Queries for the terms whose policy and customer are in the book, with further columns for attributes."""
    listed = []
    for name in sorted(set(columns)):
        listed.append(f"e.{quote(name)} AS {quote(OWN.format(name))}")
        column = book.schema["terms"].column(name)
        if column is not None and column.known_at:
            own = (f"e.{quote(column.known_at)}", f"e.{quote(column.known_at + '_seen')}")
            listed.append(f"greatest({moment(own[0])}, {moment(own[1])}) AS {quote(KNOWN.format(OWN.format(name)))}")
    terms = f"""SELECT o.bucket, o.customer, e.term_id, e.policy_id, p.line, p.grace_days,
  coalesce(p.renewable, true) AS renewable, e.premium, e.sum_insured, e.offer_premium, e.end_reason,
  {moment("e.start_date")} AS start_date, {moment("e.end_date")} AS end_date, {moment("e.ended_date")} AS ended_date,
  {moment("e.ended_date_seen")} AS ended_seen, {moment("e.issued_at")} AS issued_at,
  {moment("e.issued_at_seen")} AS issued_seen, {moment("e.superseded_at")} AS superseded,
  {moment("e.offer_date")} AS offer_date, {moment("e.offer_date_seen")} AS offer_seen,
  {moment("p.inception_date")} AS inception{"".join(f", {each}" for each in listed)}
FROM {owned(book, "terms", owners)} WHERE e.start_date IS NOT NULL AND e.end_date IS NOT NULL"""
    customers = f"SELECT bucket, customer, customer_id FROM {owners.relation}"
    return {"customers": customers, "terms": terms, **tie_queries(book, owners)}


def terms_of(tables: Mapping[str, pa.Table], match: tuple[str, ...]) -> Terms:
    """Make arrays of a bucket's rows, as :func:`term_queries` reads them; codes count from 0 in every bucket."""
    customers = tables["customers"].sort_by("customer").combine_chunks()
    first = int(customers["customer"][0].as_py()) if customers.num_rows else 0
    policies, ties = ties_of(tables, match, first=first)
    rows = tables["terms"].combine_chunks()
    customer = np.asarray(rows["customer"], dtype=np.int64) - first
    rows = rows.set_column(rows.schema.get_field_index("customer"), "customer", pa.array(customer))
    rows = rows.append_column("policy", pa.array(places(rows["policy_id"], policies))).drop_columns("policy_id")
    ids = customers["customer_id"].combine_chunks()
    return Terms(rows.take(pa.array(_order(rows, customer))).combine_chunks(), ids, policies, ties, first)


def _order(rows: pa.Table, customer: Ints) -> Ints:
    """The order (customer, start, term_id, superseded); texts are looked at only where terms begin together."""
    start, superseded = (np.asarray(rows[name], dtype=np.int64) for name in ("start_date", "superseded"))

    def ties(some: Ints) -> tuple[Ints, ...]:
        ids = pc.rank(rows["term_id"].take(pa.array(some)).combine_chunks(), tiebreaker="dense")
        return superseded[some], np.asarray(ids), start[some]

    order = order_of(keys(customer, seconds(start)), ties)
    return np.arange(len(customer)) if order is None else order


def load_terms(book: Book) -> Terms:
    """Read all terms of a book."""
    match = book.settings.renewal.match
    queries = term_queries(book, load_owners(book, households="household" in match))
    return terms_of({name: book.sql(query) for name, query in queries.items()}, match)
