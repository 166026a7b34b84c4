"""Who is observed when: terms up for renewal at stacked leads, customers at snapshots, everything in force on a day.

Policies of monthly terms have a file of their own, ``cancellations``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from churnkit.book.open import Book
from churnkit.errors import UsageError
from churnkit.moments import to_moment
from churnkit.panel.arrays import DAY, Bools, Ints
from churnkit.panel.kernel.streams import keys, order_of, seconds
from churnkit.panel.terms.successors import renewed_as_visible
from churnkit.panel.terms.terms import Terms, load_terms

SHORTEST_DAYS = 60


@dataclass(frozen=True)
class RiskSet:
    """Observations as arrays: row of the visible term version (churn: -1), customer, cutoff, lead."""

    row: Ints
    customer: Ints
    cutoff: Ints
    lead: Ints
    excluded: dict[str, int] = field(default_factory=dict)

    def take(self, rows: Ints) -> RiskSet:
        """Some of the observations."""
        return RiskSet(self.row[rows], self.customer[rows], self.cutoff[rows], self.lead[rows], self.excluded)


def renewal_observations(book: Book, leads: Iterable[int] | None = None) -> pd.DataFrame:
    """Terms up for renewal, each at its leads: in force, renewable, not ended and not renewed, as visible then.

    Parameters
    ----------
    book : Book
    leads : iterable of int, optional
        Days before the scheduled end; ``book.settings.renewal.leads`` if None.

    Returns
    -------
    DataFrame
        entity (term_id), customer_id, policy_id, term_id, line, cutoff, lead_days, end_date; in the order
        (customer_id, cutoff, entity).
    """
    terms = load_terms(book)
    return observation_frame(
        terms, in_order(terms, renewal_risk_set(terms, clean_leads(book, leads), data_cutoff(book)))
    )


def churn_observations(book: Book, snapshots: Iterable[Any] | None = None) -> pd.DataFrame:
    """Customers with visible cover at each snapshot.

    Parameters
    ----------
    book : Book
    snapshots : iterable of timestamps, optional
        Quarter starts (or 1 January, by ``book.settings.churn.snapshots``) from the first term to data_cutoff if None.

    Returns
    -------
    DataFrame
        The columns of :func:`renewal_observations`; entity is the customer, policy and term columns are null.
    """
    terms = load_terms(book)
    return observation_frame(terms, in_order(terms, churn_risk_set(terms, clean_snapshots(book, snapshots))))


def inforce_observations(book: Book, as_of: Any) -> pd.DataFrame:
    """Terms in force and open for renewal on a day, each with its own lead: what a score list is made from.

    Parameters
    ----------
    book : Book
    as_of : timestamp
        At most ``book.settings.data_cutoff``.
    """
    terms = load_terms(book)
    return observation_frame(terms, in_order(terms, inforce_risk_set(terms, clean_as_of(book, as_of))))


def renewal_risk_set(terms: Terms, leads: tuple[int, ...], until: int) -> RiskSet:
    """Terms at risk at each lead, with the left-out (term, lead) pairs counted by cause."""
    parts, excluded = [], Counter[str]()
    for lead in leads:
        cutoff = terms.end - lead * DAY
        rows = np.flatnonzero(cutoff <= until)
        unsold = ~terms.sold_term[terms.term[rows]]
        fine, out = _judged(terms, rows, cutoff[rows], unsold=unsold, not_begun=cutoff[rows] <= terms.start[rows])
        parts.append(RiskSet(fine, terms.customer[fine], cutoff[fine], np.full(len(fine), lead)))
        excluded.update(out)
    return _together(parts, dict(excluded))


def inforce_risk_set(terms: Terms, as_of: int) -> RiskSet:
    """Terms at risk on one day; lead is the whole days left."""
    rows = np.flatnonzero((terms.start <= as_of) & (as_of < terms.end))
    cutoff = np.full(len(rows), as_of, dtype=np.int64)
    unsold = terms.known_unsold(rows, cutoff)
    fine, out = _judged(terms, rows, cutoff, unsold=unsold, not_begun=np.zeros(len(rows), dtype=bool))
    return RiskSet(fine, terms.customer[fine], cutoff[: len(fine)], (terms.end[fine] - as_of) // DAY, dict(out))


def churn_risk_set(terms: Terms, snapshots: Ints, *, as_known: bool = False) -> RiskSet:
    """Customers with visible cover at each snapshot; a term that was never sold (as known then) is nobody's cover."""
    parts = []
    for snapshot in snapshots.tolist():
        inside = (terms.start <= snapshot) & (snapshot < terms.covered_until(snapshot))
        rows = np.flatnonzero(terms.visible(snapshot) & inside)
        unsold = terms.known_unsold(rows, snapshot) if as_known else ~terms.sold_term[terms.term[rows]]
        customer = terms.customer[rows[~unsold]]  # ascending, as the rows are
        customer = customer[np.diff(customer, prepend=-1) != 0]
        none = np.full(len(customer), -1, dtype=np.int64)
        parts.append(RiskSet(none, customer, np.full(len(customer), snapshot), none))
    return _together(parts, {})


def _judged(terms: Terms, rows: Ints, cutoff: Ints, *, unsold: Bools, not_begun: Bools) -> tuple[Ints, Counter[str]]:
    """Rows that are observations at their cutoffs, one version per term; and how many terms are not, by cause."""
    causes = [(unsold, "never_sold"), *_causes(terms, rows, cutoff, not_begun)]
    status = np.select([hit for hit, _ in causes], [name for _, name in causes], default="").astype("<U20")
    open_still = np.flatnonzero(status == "")
    renewed = renewed_as_visible(terms, rows[open_still], cutoff[open_still])
    status[open_still[renewed]] = "renewed_before"
    fine = rows[status == ""]
    fine = fine[_last_version(terms, fine)]
    observed = np.zeros(len(terms.final_row), dtype=bool)
    observed[terms.term[fine]] = True
    out = terms.final[rows] & ~observed[terms.term[rows]] & (status != "")
    return fine, Counter(status[out].tolist())


def _causes(terms: Terms, rows: Ints, cutoff: Ints, not_begun: Bools) -> list[tuple[Bools, str]]:
    """Why a version is no observation at its cutoff, the first that holds; being renewed already comes after these."""
    monthly = terms.end[rows] - terms.start[rows] < SHORTEST_DAYS * DAY
    return [(monthly, "monthly"), (not_begun, "shorter_than_lead"), *standing(terms, rows, cutoff)]


def standing(terms: Terms, rows: Ints, cutoff: Ints) -> list[tuple[Bools, str]]:
    """Why a version in force by its dates is nothing that a customer may leave, as visible; the first that holds."""
    visible = (terms.known_from[rows] < cutoff) & (cutoff <= terms.superseded[rows])
    over, term = terms.known_over(rows, cutoff), terms.term[rows]
    return [
        (~np.asarray(terms.table["renewable"], dtype=bool)[rows], "not_renewable"),
        (~visible, "not_yet_issued"),
        (over & (terms.taken_up_by[term] >= 0), "reinstated"),  # the term that took it up stands for it
        (over, "ended_before"),
    ]


def _last_version(terms: Terms, rows: Ints) -> Ints:
    """Positions in `rows` of the last version of each term."""
    order = np.lexsort((rows, terms.superseded[rows], terms.term[rows]))
    last = np.ones(len(order), dtype=bool)
    last[:-1] = np.diff(terms.term[rows][order]) != 0
    return np.sort(order[last])


def _together(parts: list[RiskSet], excluded: dict[str, int]) -> RiskSet:
    empty = np.zeros(0, dtype=np.int64)
    row, customer, cutoff, lead = (
        np.concatenate([empty, *(getattr(p, name) for p in parts)]) for name in ("row", "customer", "cutoff", "lead")
    )
    return RiskSet(row, customer, cutoff, lead, dict(sorted(excluded.items())))


def in_order(terms: Terms, risk: RiskSet) -> RiskSet:
    """The observations in the order (customer_id, cutoff, entity), whatever the order of the source."""

    def ties(some: Ints) -> tuple[Ints, ...]:
        rank = np.append(terms.id_rank, 0)  # the last place is for row -1
        return rank[risk.row[some]], risk.cutoff[some]

    order = order_of(keys(risk.customer, seconds(risk.cutoff)), ties)
    return risk if order is None else risk.take(order)


def observation_frame(terms: Terms, risk: RiskSet) -> pd.DataFrame:
    """Observations with their ids in words."""
    has = risk.row >= 0
    row = pa.array(np.maximum(risk.row, 0), mask=~has)
    customer = _texts(terms.customer_ids, pa.array(risk.customer))
    policy = _texts(terms.policy_ids, terms.table["policy"].combine_chunks().take(row))
    term, line = (_texts(terms.table[name].combine_chunks(), row) for name in ("term_id", "line"))
    end = pd.Series(np.where(has, terms.end[risk.row] if len(terms.end) else 0, 0).view("datetime64[us]")).where(has)
    entity = term if has.all() else term.where(has, customer) if has.any() else customer
    return pd.DataFrame({
        "entity": entity, "customer_id": customer, "policy_id": policy, "term_id": term,
        "line": line, "cutoff": risk.cutoff.view("datetime64[us]"),
        "lead_days": np.where(has, risk.lead, np.nan),
        "end_date": end,
    })  # fmt: skip


def _texts(values: Any, rows: pa.Array) -> pd.Series[Any]:
    """Texts at some rows, null where there is no row."""
    if rows.null_count == len(rows):
        return pd.Series(pa.nulls(len(rows), pa.string()).to_pandas(), dtype="str")
    found: pd.Series[Any] = values.take(rows).to_pandas().astype("str")
    return found


def data_cutoff(book: Book) -> int:
    """The book's data_cutoff in microseconds."""
    return int(np.datetime64(book.settings.data_cutoff, "us").astype(np.int64))


def clean_leads(book: Book, leads: Iterable[int] | None) -> tuple[int, ...]:
    """The leads asked for, or the book's."""
    wanted = tuple(book.settings.renewal.leads if leads is None else leads)
    if not wanted or any(int(lead) != lead or lead < 1 for lead in wanted):
        raise UsageError(
            "Leads are whole days before the end, at least 1.", found=repr(wanted), fix="leads=(14, 45, 90)"
        )
    return tuple(sorted({int(lead) for lead in wanted}))


def clean_as_of(book: Book, as_of: Any) -> int:
    """A day asked for, as microseconds in whole seconds."""
    moment = to_moment(as_of, name="as_of").floor("s")
    if moment.tzinfo is not None or moment > book.settings.data_cutoff:
        raise UsageError("as_of is a moment of the book's zone, not after its data_cutoff.", found=str(as_of),
                         fix=f"Use at most {book.settings.data_cutoff:%Y-%m-%d}.")  # fmt: skip
    return int(moment.as_unit("us").asm8.astype(np.int64))


def clean_snapshots(book: Book, snapshots: Iterable[Any] | None, *, monthly: bool = False) -> Ints:
    """The snapshots asked for, or the starts of quarters, years or months over the book's life."""
    if snapshots is not None:
        return np.unique(np.array([clean_as_of(book, s) for s in snapshots], dtype=np.int64))
    first = book.sql("SELECT min(start_date) AS first FROM terms WHERE end_date IS NOT NULL")["first"][0].as_py()
    if first is None:
        return np.zeros(0, dtype=np.int64)
    begin = pd.Timestamp(first)
    frequency = "MS" if monthly else "YS" if book.settings.churn.snapshots == "yearly" else "QS"
    moments = pd.date_range(begin.normalize(), book.settings.data_cutoff, freq=frequency)
    return moments.as_unit("us").to_numpy().astype(np.int64)
