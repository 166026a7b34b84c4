"""What happened in each term, for effects: its invitations and answers, its service, and the shocks that fell on it.

The unit is the sold term at lead 0. A row of the book **belongs** to a term if all of this holds:

- it happened, by its first clock, in the term's ``[start, end)``, where ``end`` is the end of cover: the scheduled end
  ``E``, or the day on which the term ended before that. What comes after somebody left is no experience of the term;
- it is a row as last known at the book's data cutoff: recorded before it, in the last version recorded before it;
- it names the term's policy (under any of its numbers), and the policy is the row's customer's. A row that names no
  policy of its customer belongs to **every** policy that the customer then has in force, undivided; ``terms`` says to
  how many, for weights. Of one policy's overlapping terms the one that began last has the row.

What became of a row (an answer, a payment, a resolution) counts if it did before the term's end and was recorded before
the data cutoff. No outcome is here: labels are joined by term_id, and `labels` says which terms have one.

Exposures, by term. ``contacts``: begun by the customer. ``calls``: those that stood in a queue (queue, wait_seconds or
queue_wait_mean is given); ``wait_mean``: their own wait_seconds. ``contacts_judged``: those on a known topic whose 7
days are over by the end of the term and the data cutoff; ``first_contact_resolution``: share of them that were resolved
within the 7 days and not followed by another contact of the customer on the topic, as in ``panel/derived/columns.py``.
``claims``: reported; ``claims_paid``, ``claims_denied``: of those, paid or denied in the term; ``claim_cycle_days``:
mean working days from report to payment of those paid; ``amount_claimed``: mean. ``complaints``: received. A mean is
null where there is nothing to average; ``contacted``, ``called``, ``claimed``, ``settled``, ``complained`` say who was
exposed.

Shocks, by row and, as means, by term:

- ``queue_wait``, of a call: queue_wait_mean where given (``stated``), else the mean wait_seconds of the calls of the
  **other** callers in the same queue and half-day (before noon, after noon), all calls of the own customer left out;
  null under five others. Cell: queue x half-day. Who calls is no accident: control for ``calls``.
- ``handler_load``, of a claim: as given, else the handler's other claims with ``reported_at <= now < closed``, where a
  claim without closed_at closes when it is paid, denied or withdrawn. Cell: handler x month.
- ``arm``, of an assignment by lot: 1 for treat, 0 for holdout, compared within a campaign (``place``). By term, its
  first assignment. Cell: campaign x household (customers without one: themselves).
- an outage would be the third of METHODS' shocks; no table of the contract tells of one, so there is none.

Invitations. One round is what one customer was sent at one moment: its answers share their ``round``. An answer that
exists but came after the term's end, or at an unknown time, is ``unusable``: neither answered nor unanswered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from churnkit.book.open import Book
from churnkit.panel.arrays import NEVER, Ints
from churnkit.panel.derived.derive import derive
from churnkit.panel.exposures.rows import Units, codes_of, load_customers, load_policies, load_rows, load_units
from churnkit.panel.exposures.service import claims, complaints, contacts, count, moments, outreach, together
from churnkit.panel.exposures.shocks import cells

_SURVEY = ("answered_at", "instrument", "touchpoint", "dimension", "claim_id", "interaction_id", "scale_min",
           "scale_max", "direction", "score")  # fmt: skip
_NEEDS: dict[str, tuple[str, tuple[tuple[str, ...], ...], tuple[str, ...]]] = {
    "contacts": ("interactions", (), ("contacts", "contacted")),
    "calls": ("interactions", (("queue",), ("wait_seconds",), ("queue_wait_mean",)), ("calls", "called", "wait_mean")),
    "first_contact_resolution": ("interactions", (("topic", "resolved", "resolved_at"),),
                                 ("contacts_judged", "first_contact_resolution")),
    "queue_wait": ("interactions", (("queue_wait_mean",), ("queue", "wait_seconds")), ("queue_wait", "queue_waits")),
    "claims": ("claims", (), ("claims", "claimed", "amount_claimed")),
    "claim_cycle_days": ("claims", (("paid_at",),), ("claims_paid", "settled", "claim_cycle_days")),
    "claims_denied": ("claims", (("decision", "decided_at"),), ("claims_denied",)),
    "handler_load": ("claims", (("handler_load",), ("handler_id",)), ("handler_load", "handler_loads")),
    "complaints": ("complaints", (), ("complaints", "complained")),
    "arm": ("outreach", (), ("arm", "campaign", "assigned_at")),
    "invitations": ("surveys", (), ("invitations",)),
    "answers": ("surveys", (("score", "answered_at"),), ("answers",)),
}  # fmt: skip
"""By what is measured: its table, the sets of columns of which one must be there, and the columns by term."""
_FLAGS = {"contacted": "contacts", "called": "calls", "claimed": "claims", "settled": "claims_paid",
          "complained": "complaints"}  # fmt: skip


@dataclass(frozen=True)
class Exposures:
    """What happened in each sold term; the module's docstring defines every column.

    Attributes
    ----------
    terms : DataFrame
        One row per sold term, by (customer_id, start, term_id): customer_id, policy_id, term_id, ``spell`` (the term
        that stands for it, another one if it was cancelled and reinstated), line, region (as known before the start),
        auto_renew (as the policy's first version has it: a negative control), start, end, E; the exposures, flags and
        shocks.
    invitations : DataFrame
        One row per question put and term, by (term, response_id): term_id, customer_id, response_id, round, instrument,
        touchpoint, dimension, sent_at, answered, answered_at, unusable, rating (0 worst, 100 best), score, scale_min,
        scale_max, direction, after_contact (a contact triggered it), interaction_id, claim_id, terms.
    shocks : DataFrame
        One row per call, claim or assignment and term, by (shock, term, event_id): term_id, customer_id, shock,
        event_id, at, value, stated, others (other callers), cell (a code, -1 for unknown), place (queue, handler or
        campaign), channel, severity (amount_claimed), hour, weekday (0 is Monday), month, terms.
    absent : mapping of str to str
        What this book cannot say, and why; its columns are null, never 0.
    """

    terms: pd.DataFrame
    invitations: pd.DataFrame
    shocks: pd.DataFrame
    absent: Mapping[str, str]


def exposures(book: Book) -> Exposures:
    """Collect the invitations, exposures and shocks of every sold term of a book.

    Parameters
    ----------
    book : Book

    Returns
    -------
    Exposures
    """
    units, absent = load_units(book), _absent(book)
    frame, household = _keys(book, units)
    columns: dict[str, Any] = complaints(book, units)
    shocks = []
    for found, shock in (contacts(book, units), claims(book, units), outreach(book, units, household)):
        columns |= found
        shocks.append(shock)
    asked, invitations = _invitations(book, units)
    columns |= asked
    for name, (_, _, names) in _NEEDS.items():
        frame |= {each: _column(each, {} if name in absent else columns, len(units)) for each in names}
    terms = pd.DataFrame(frame, copy=False)
    return Exposures(terms, _with_keys(terms, invitations), _with_keys(terms, together(shocks)), absent)


def _absent(book: Book) -> dict[str, str]:
    """What the book cannot say, and why."""
    absent = {"outage": "no table of the contract tells of outages"}
    for name, (table, ways, _) in _NEEDS.items():
        lacking = [[column for column in way if not book.has_column(table, column)] for way in ways]
        if not book.has(table):
            absent[name] = f"table {table} is absent"
        elif lacking and all(lacking):
            words = dict.fromkeys(f"{table}.{column}" for way in lacking for column in way)
            absent[name] = f"{' and '.join(words)} {'is' if len(words) == 1 else 'are'} absent"
    return absent


def _keys(book: Book, units: Units) -> tuple[dict[str, Any], Ints]:
    """Columns that say which term it is; and a code for its customer's household."""
    terms, rows = units.terms, pa.array(units.rows)
    known = load_customers(book, units)
    house = codes_of(known["household_id"])[0]
    term_id = terms.table["term_id"].combine_chunks()
    spell = terms.final_row[terms.stands_in[terms.term[units.rows]]]
    texts = {
        "customer_id": terms.customer_ids.take(pa.array(units.customer)),
        "policy_id": terms.policy_ids.take(pa.array(terms.policy[units.rows])), "term_id": term_id.take(rows),
        "spell": term_id.take(pa.array(spell)), "line": terms.table["line"].combine_chunks().take(rows),
        "region": known["region"],
    }  # fmt: skip
    frame: dict[str, Any] = {name: column.to_pandas().astype("str") for name, column in texts.items()}
    chosen = load_policies(book, units, ("auto_renew",))["auto_renew"]
    frame["auto_renew"] = chosen.combine_chunks().to_pandas().astype("boolean")
    frame |= {"start": moments(units.start), "end": moments(units.end), "E": moments(terms.end[units.rows])}
    return frame, np.where(house >= 0, house, house.max(initial=-1) + 1 + units.customer)


def _column(name: str, columns: Mapping[str, Any], size: int) -> Any:
    """A column by term; all null where there is nothing to make it of."""
    if name in _FLAGS:
        found = columns.get(_FLAGS[name])
        return pd.array([None] * size if found is None else found > 0, dtype="boolean")
    if name in ("arm", "campaign"):
        return columns.get(name, pd.Series([None] * size, dtype="str"))
    if name == "assigned_at":
        return columns.get(name, pd.Series([pd.NaT] * size, dtype="datetime64[us]"))
    return columns.get(name, np.full(size, np.nan))


def _invitations(book: Book, units: Units) -> tuple[dict[str, Any], pd.DataFrame]:
    """Invitations and answers counted by term; and one row per question and term."""
    rows = load_rows(book, units, "surveys", _SURVEY)
    score, event = rows.values("score"), rows.event
    scored, answered_at = ~np.isnan(score)[event], rows.known("answered_at", units)[event]
    answered = scored & (answered_at < units.end[rows.term])
    rating = derive("surveys", rows.table, {"rating"}, np.zeros(0, dtype=np.int64))["rating"].to_numpy()
    sent = np.unique(rows.when, return_inverse=True)[1]
    frame = {
        "term": rows.term, "response_id": rows.text("id"), "round": cells(rows.who, sent)[event],
        "instrument": rows.category("instrument"), "touchpoint": rows.category("touchpoint"),
        "dimension": rows.category("dimension"), "sent_at": moments(rows.when[event]), "answered": answered,
        "answered_at": moments(np.where(answered, answered_at, NEVER)), "unusable": scored & ~answered,
        "rating": np.where(answered, rating[event], np.nan), "score": np.where(answered, score[event], np.nan),
        "scale_min": rows.values("scale_min")[event], "scale_max": rows.values("scale_max")[event],
        "direction": rows.category("direction"), "after_contact": rows.codes("interaction_id")[event] >= 0,
        "interaction_id": rows.text("interaction_id"), "claim_id": rows.text("claim_id"), "terms": rows.shared,
    }  # fmt: skip
    counted = {"invitations": count(units, rows), "answers": count(units, rows.among(answered))}
    return counted, pd.DataFrame(frame, copy=False)


def _with_keys(terms: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows by term with the term's keys in front."""
    at = frame.pop("term").to_numpy()
    for place, name in enumerate(("term_id", "customer_id")):
        frame.insert(place, name, terms[name].take(at).reset_index(drop=True))
    return frame
