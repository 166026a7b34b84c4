"""Contacts, claims, complaints and outreach of each sold term: what happened to it, and the shocks among it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from churnkit.book.open import Book
from churnkit.panel.arrays import DAY, NEVER, Bools, Floats, Ints
from churnkit.panel.derived.columns import REPEAT_DAYS
from churnkit.panel.derived.derive import derive
from churnkit.panel.exposures.rows import Rows, Units, load_rows, load_working_days
from churnkit.panel.exposures.shocks import cells, followed, months, open_claims, others_wait

Found = tuple[dict[str, Any], dict[str, Any]]
"""Columns by term, and columns of the shock's rows."""
ARMS = ("holdout", "treat")
_CONTACT = ("queue", "channel", "topic", "wait_seconds", "queue_wait_mean", "resolved", "resolved_at")
_CLAIM = ("decided_at", "paid_at", "closed_at", "decision", "amount_claimed", "handler_id", "handler_load")


def contacts(book: Book, units: Units) -> Found:
    """Contacts by customers, their waiting and resolution; the shock ``queue_wait``."""
    rows = load_rows(book, units, "interactions", _CONTACT, where="e.initiator = 'customer'")
    wait, stated, queue = rows.values("wait_seconds"), rows.values("queue_wait_mean"), rows.codes("queue")
    cell = cells(queue, rows.when // (DAY // 2))
    left_out, others = others_wait(cell, rows.who, wait)
    value = np.where(np.isnan(stated), left_out, stated)
    calls = rows.only((queue >= 0) | ~np.isnan(wait) | ~np.isnan(stated))
    columns = {
        "contacts": count(units, rows), "calls": count(units, calls), "wait_mean": mean(units, calls, wait),
        **_resolution(units, rows), "queue_wait": mean(units, calls, value),
        "queue_waits": count(units, calls.only(~np.isnan(value))),
    }  # fmt: skip
    return columns, _shock("queue_wait", calls, value=value, stated=~np.isnan(stated), others=others, place="queue",
                           cell=cell[calls.event], channel=calls.category("channel"))  # fmt: skip


def _resolution(units: Units, rows: Rows) -> dict[str, Floats]:
    """Contacts on a known topic whose week is over by the end of the term, and the share that settled the matter."""
    topic, over = rows.codes("topic"), rows.when + REPEAT_DAYS * DAY
    resolved = (rows.values("resolved") == 1) & (rows.known("resolved_at", units) <= over)
    end = np.minimum(units.end, units.until)
    judged = rows.among((topic >= 0)[rows.event] & (over[rows.event] <= end[rows.term]))
    settled = resolved & ~followed(topic, rows.who, rows.when)
    return {"contacts_judged": count(units, judged),
            "first_contact_resolution": mean(units, judged, settled.astype(np.float64))}  # fmt: skip


def claims(book: Book, units: Units) -> Found:
    """Claims reported, their cycle and denial; the shock ``handler_load``."""
    rows = load_rows(book, units, "claims", _CLAIM)
    cycle = derive("claims", rows.table, {"cycle_days"}, load_working_days(book, rows))["cycle_days"].to_numpy()
    amount, stated, handler = rows.values("amount_claimed"), rows.values("handler_load"), rows.codes("handler_id")
    value = np.where(np.isnan(stated), open_claims(handler, rows.when, _closed(rows, units)), stated)
    paid = rows.among(rows.known("paid_at", units)[rows.event] < units.end[rows.term])
    denied = rows.only(rows.is_("decision", "denied"))
    denied = denied.among(denied.known("decided_at", units)[denied.event] < units.end[denied.term])
    columns = {
        "claims": count(units, rows), "claims_paid": count(units, paid),
        "claims_denied": count(units, denied),
        "claim_cycle_days": mean(units, paid, cycle), "amount_claimed": mean(units, rows, amount),
        "handler_load": mean(units, rows, value), "handler_loads": count(units, rows.only(~np.isnan(value))),
    }  # fmt: skip
    return columns, _shock("handler_load", rows, value=value, stated=~np.isnan(stated), place="handler_id",
                           cell=cells(handler, months(rows.when))[rows.event], severity=amount)  # fmt: skip


def _closed(rows: Rows, units: Units) -> Ints:
    """When each claim was closed: closed_at, else paid_at, else the decision not to pay; never before its report."""
    without = np.where(rows.is_("decision", "denied", "withdrawn"), rows.known("decided_at", units), NEVER)
    closed, paid = rows.known("closed_at", units), rows.known("paid_at", units)
    return np.maximum(np.where(closed < NEVER, closed, np.where(paid < NEVER, paid, without)), rows.when)


def complaints(book: Book, units: Units) -> dict[str, Any]:
    """Complaints received."""
    return {"complaints": count(units, load_rows(book, units, "complaints", ()))}


def outreach(book: Book, units: Units, household: Ints) -> Found:
    """The arm first assigned in the term; the shock ``arm``, 1 for treat and 0 for holdout."""
    rows = load_rows(book, units, "outreach", ("arm", "campaign", "channel"))
    rows = rows.only(rows.is_("arm", *ARMS))
    order = np.lexsort((rows.event, rows.when[rows.event], rows.term))
    first = order[np.unique(rows.term[order], return_index=True)[1]]
    event = np.full(len(units), -1, dtype=np.int64)
    event[rows.term[first]] = rows.event[first]
    place, at = pa.array(np.maximum(event, 0), mask=event < 0), np.append(rows.when, NEVER)[event]
    columns = {name: rows.table[name].combine_chunks().take(place).to_pandas().astype("str")
               for name in ("arm", "campaign")}  # fmt: skip
    columns["assigned_at"] = moments(at)
    cell = cells(rows.codes("campaign")[rows.event], household[rows.term])
    return columns, _shock("arm", rows, value=rows.is_("arm", "treat").astype(np.float64), stated=rows.when < NEVER,
                           place="campaign", cell=cell, channel=rows.category("channel"))  # fmt: skip


def moments(at: Ints) -> pd.Series:
    """Microseconds as moments, ``NEVER`` as missing."""
    return pd.Series(np.where(at < NEVER, at, np.iinfo(np.int64).min).view("datetime64[us]"))


def count(units: Units, rows: Rows) -> Floats:
    """Rows by term."""
    found: Floats = np.bincount(rows.term, minlength=len(units)).astype(np.float64)
    return found


def mean(units: Units, rows: Rows, values: Floats) -> Floats:
    """Mean of the known values (by row) of each term, NaN without any."""
    known = rows.only(~np.isnan(values))
    n = count(units, known)
    total = np.bincount(known.term, values[known.event], len(units))
    found: Floats = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
    return found


def _shock(name: str, rows: Rows, *, value: Floats, stated: Bools, place: str, cell: Ints, others: Ints | None = None,
           channel: pd.Series | None = None, severity: Floats | None = None) -> dict[str, Any]:  # fmt: skip
    """One row per pair of event and term, with what the event's clock says of season, weekday and hour."""
    event = rows.event
    at = rows.when[event].view("datetime64[us]")
    day, none = at.astype("datetime64[D]"), np.full(len(event), np.nan)
    names, no_names = pd.Index([name], dtype="str"), pd.Index([], dtype="str")
    nowhere = pd.Series(pd.Categorical.from_codes(np.full(len(event), -1), categories=no_names))
    return {
        "term": rows.term, "shock": pd.Series(pd.Categorical.from_codes(event * 0, categories=names)),
        "event_id": rows.text("id"), "at": at, "value": value[event], "stated": stated[event],
        "others": none if others is None else others[event].astype(np.float64), "cell": cell,
        "place": rows.category(place), "channel": nowhere if channel is None else channel,
        "severity": none if severity is None else severity[event],
        "hour": (at - day).astype("timedelta64[h]").astype(np.int8),
        "weekday": ((day.astype(np.int64) + 3) % 7).astype(np.int8),
        "month": (at.astype("datetime64[M]").astype(np.int64) % 12 + 1).astype(np.int8), "terms": rows.shared,
    }  # fmt: skip


def together(shocks: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows of several shocks one after the other, categories in one coding."""
    columns: dict[str, Any] = {}
    for name in list(shocks[0]):
        parts = [each.pop(name) for each in shocks]  # let go of at once: these are the largest arrays there are
        if not isinstance(parts[0], pd.Series):
            columns[name] = np.concatenate(parts)
        elif isinstance(parts[0].dtype, pd.CategoricalDtype):
            columns[name] = pd.api.types.union_categoricals(parts)
        else:
            columns[name] = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(columns, copy=False)
