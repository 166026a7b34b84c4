"""The one door to the future: what became of an observation, once that can no longer change.

Renewal. ``renewed = 1`` if another term starts in ``[E - 60, E + grace)`` and is matched to this one (see
``successors``); null with its cause if the term ended by ``OTHER_EXITS``; else 0, whatever the customer's way out:
expired, cancelled, surrendered, not paid, without a reason. Ripe if ``E + grace + slack <= data_cutoff``; an unripe
label is null, never 0, and "unripe" is its cause before any other. A term that was cancelled and reinstated within
grace (see ``spells``) is one spell with the term that took it up: it has that one's label, cause and ripening.

Churn. Cover of a customer is the union of ``[start, min(end, ended_date))`` over the terms really sold. The first run
of at least ``gap`` days without cover that begins by ``snapshot + horizon``, and is not over at the snapshot, decides:
null with its cause if a term that ended as the run began did so by death, by the insurer or with its object, else
``churned = 1``. A run that had begun unseen before the snapshot counts: as visible, the customer was there. Between a
cancellation and its reinstatement there is no gap. Ripe if
``snapshot + horizon + gap + slack <= data_cutoff``.

Cancellation. A policy's cover goes on from term to term: to the one that takes a cancelled one up again, and to the
one that renews it if that starts before the end of cover (the actual one) + grace. The last term of that chain says
when cover ended, ``min(end, ended)``, and why. ``cancelled = 1`` if that was in ``(snapshot, snapshot + 1 month]``,
null with its cause if it ended by ``OTHER_EXITS``, null as "ended_unseen" if it had ended by the snapshot already,
unseen; else 0. Months are those of the calendar: the windows of month starts leave no day out and have none twice. Ripe
if ``snapshot + 1 month + grace + slack <= data_cutoff``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from churnkit.book.settings import ChurnSettings
from churnkit.panel.arrays import DAY, NEVER, Floats, Ints
from churnkit.panel.cancellations import month_later
from churnkit.panel.kernel.streams import keys, seconds
from churnkit.panel.observations import RiskSet
from churnkit.panel.terms.spells import last_of
from churnkit.panel.terms.successors import successors
from churnkit.panel.terms.terms import Terms

OTHER_EXITS = ("insurer_declined", "insurer_cancelled", "death", "total_loss", "object_sold", "matured", "replaced")
CHURN_EXITS = OTHER_EXITS[:-1]  # a replaced policy is no exit of the customer: cover goes on, or it does not


@dataclass(frozen=True)
class Labels:
    """Label (NaN: none), cause of a missing label ("" if none), and when the label is final, per observation."""

    y: Floats
    cause: Any
    ripe_at: Ints


def renewal_labels(terms: Terms, risk: RiskSet, *, slack_days: int, until: int) -> Labels:
    """Label terms up for renewal: 1 renewed, 0 not."""
    term = terms.stands_in[terms.term[risk.row]]
    last = terms.final_row[term]
    ripe_at = terms.end[last] + terms.grace[last] + slack_days * DAY
    renewed = successors(terms)[term] >= 0
    y, cause = np.where(renewed, 1.0, 0.0), np.full(len(term), "", dtype=object)
    for reason in OTHER_EXITS:
        gone = terms.reason_is(reason)[last] & ~renewed
        y[gone], cause[gone] = np.nan, reason
    return _ripe_only(y, cause, ripe_at, until)


def churn_labels(terms: Terms, risk: RiskSet, *, settings: ChurnSettings, until: int) -> Labels:
    """Label customers at snapshots: 1 churned, 0 not."""
    horizon, gap = settings.horizon_days * DAY, settings.gap_days * DAY
    ripe_at = risk.cutoff + horizon + gap + settings.slack_days * DAY
    customer, end, again, reason = _uncovered(terms, gap)
    y, cause = np.zeros(len(risk.cutoff)), np.full(len(risk.cutoff), "", dtype=object)
    first = np.searchsorted(keys(customer, seconds(again)), keys(risk.customer, seconds(risk.cutoff)), side="right")
    some = np.flatnonzero(first < len(customer))
    run = first[some]
    hit = (customer[run] == risk.customer[some]) & (end[run] <= risk.cutoff[some] + horizon)
    some, run = some[hit], run[hit]
    y[some] = np.where(reason[run] == len(CHURN_EXITS), 1.0, np.nan)
    cause[some] = np.array([*CHURN_EXITS, ""], dtype=object)[reason[run]]
    return _ripe_only(y, cause, ripe_at, until)


def cancellation_labels(terms: Terms, risk: RiskSet, *, slack_days: int, until: int) -> Labels:
    """Label policies of monthly terms: 1 the customer leaves within a month, 0 not."""
    own = terms.final_row[terms.term[risk.row]]
    due = month_later(risk.cutoff)
    last = terms.final_row[_last_of_cover(terms)[terms.term[own]]]
    over = np.minimum(terms.end, terms.ended)[last]
    gone = over <= due
    y, cause = np.where(gone, 1.0, 0.0), np.full(len(own), "", dtype=object)
    for reason in OTHER_EXITS:
        other = gone & terms.reason_is(reason)[last]
        y[other], cause[other] = np.nan, reason
    unseen = over <= risk.cutoff
    y[unseen], cause[unseen] = np.nan, "ended_unseen"
    return _ripe_only(y, cause, due + terms.grace[own] + slack_days * DAY, until)


def _last_of_cover(terms: Terms) -> Ints:
    """By term code: the last term that cover goes on to, itself if there is none."""
    own, heir, row = np.arange(len(terms.final_row)), successors(terms), terms.final_row
    over = np.minimum(terms.end, terms.ended)[row] + terms.grace[row]
    renewed = (heir >= 0) & (terms.start[row[heir]] < over)
    return last_of(np.where(terms.stands_in != own, terms.stands_in, np.where(renewed, heir, -1)))


def _ripe_only(y: Floats, cause: Any, ripe_at: Ints, until: int) -> Labels:
    unripe = ripe_at > until
    y[unripe], cause[unripe] = np.nan, "unripe"
    return Labels(y, cause, ripe_at)


def _covered_until(terms: Terms) -> Ints:
    """End of cover of each row; that of a reinstated term reaches to the term that takes it up."""
    until, following = np.minimum(terms.end, terms.ended), terms.taken_up_by[terms.term]
    again = following >= 0
    until[again] = terms.start[terms.final_row[following[again]]]
    return until


def _uncovered(terms: Terms, gap: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Runs without cover of at least `gap`: customer, begin, next cover (``NEVER``: none), place of the cause."""
    rows = terms.sold
    until = _covered_until(terms)
    rows = rows[until[rows] > terms.start[rows]]
    if not len(rows):
        none = np.zeros(0, dtype=np.int64)
        return none, none, none, none
    owner, start, stop = terms.customer[rows], terms.start[rows], until[rows]
    reach = np.maximum.accumulate(keys(owner, seconds(stop)))
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = keys(owner, seconds(start))[1:] > reach[:-1]
    run = np.cumsum(fresh) - 1
    begin = np.flatnonzero(fresh)
    end = np.maximum.reduceat(stop, begin)
    customer = owner[begin]
    again = np.append(start[begin][1:], NEVER)
    again[np.append(customer[1:] != customer[:-1], True)] = NEVER
    reason = np.full(len(begin), len(CHURN_EXITS), dtype=np.int64)
    leaving = (stop == end[run]) & (terms.ended[rows] < NEVER)
    for place, name in enumerate(CHURN_EXITS):
        np.minimum.at(reason, run[leaving & terms.reason_is(name)[rows]], place)
    long = again - end >= gap
    return customer[long], end[long], again[long], reason[long]
