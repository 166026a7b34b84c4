"""Events as the books show them: claims, contacts, surveys, complaints, outreach, cut at the data cutoff.

Rows enter the books a little after they happen, some of them days later; whatever enters after the data cutoff is
not there yet.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.simulate.endings import ASSIGN_DAYS_BEFORE
from churnkit.simulate.experiences import CONTACT_CHANNELS, TOPICS
from churnkit.simulate.insurer import Year
from churnkit.simulate.service import QUEUES, Floats
from churnkit.simulate.surveys import INSTRUMENTS, Complaints, Rounds
from churnkit.simulate.tables import Ids, moments, names
from churnkit.simulate.window import Window

_DAY = 86400
_OCCASIONS = ("service_contact", "claim_settlement", "relationship")
_DIMENSIONS = ("after_contact", "after_claim", "yearly")


def _late(rng: np.random.Generator, n: int, *, share: float = 0.04) -> Floats:
    """Days until a row is in the books: minutes as a rule, days for a few."""
    days = np.where(rng.random(n) < share, rng.uniform(1, 12, n), rng.uniform(0.001, 0.05, n))
    return np.asarray(days)


def working_days_later(days: Floats, working: Floats) -> Floats:
    """Moment that lies a number of working days (Monday to Friday, to the nearest whole) after a moment."""
    whole = np.rint(working).astype(np.int64)
    start = np.floor(days).astype(np.int64)
    landed = np.busday_offset(start.astype("datetime64[D]"), whole, roll="forward").astype(np.int64)
    return np.asarray(landed + 0.55 + 0.35 * (working - whole))


def _cut(frame: pd.DataFrame, window: Window, *, clock: str, seen: str = "recorded_at") -> pd.DataFrame:
    first, last = moments(np.array([window.first_day, window.last_day], float))
    inside = (frame[clock] >= first) & (frame[clock] < last) & (frame[seen] < last)
    kept: pd.DataFrame = frame.loc[inside]
    return kept


def _known(values: pd.Series | np.ndarray, when: np.ndarray, window: Window) -> pd.Series:
    """Blank what is known only after the data cutoff."""
    return pd.Series(values).where(when < moments(np.array([float(window.last_day)]))[0])


def claims_table(year: Year, ids: Ids, window: Window, rng: np.random.Generator) -> pd.DataFrame:
    """Claims of one year; decided at 60 % of the cycle, paid at its end, denied ones never paid."""
    c, n = year.claims, len(year.claims.policy)
    reported = c.day + c.second / _DAY
    before_end = reported < year.ended[c.policy]
    decided = np.maximum(working_days_later(reported, 0.6 * c.cycle), reported + 0.01)
    paid = np.maximum(working_days_later(reported, c.cycle), decided)
    closing = np.where(c.denied, decided, paid) + 0.02
    decided_at, closed_at = moments(decided), moments(closing)
    paid_at = moments(np.where(c.denied, np.nan, paid))
    decision = np.where(c.denied, "denied", np.where(c.paid_share < 1, "partly_paid", "paid"))
    frame = pd.DataFrame({
        "claim_id": claim_ids(year, ids), "policy_id": ids.policy[year.position[c.policy]],
        "customer_id": ids.customer[year.policies.owner[c.policy]], "reported_at": moments(reported),
        "decided_at": _known(decided_at, decided_at, window), "paid_at": _known(paid_at, paid_at, window),
        "closed_at": _known(closed_at, closed_at, window),
        "occurred_at": moments(reported - rng.exponential(1.0, n)), "decision": _known(decision, decided_at, window),
        "amount_claimed": c.severity,
        "amount_paid": _known(np.where(c.denied, np.nan, np.round(c.severity * c.paid_share, 2)), paid_at, window),
        "handler_id": names("K", c.handler, width=3), "handler_load": c.handler_load.astype(float),
        "bodily_injury": c.injury, "recorded_at": moments(reported + _late(rng, n)),
    })  # fmt: skip
    return _cut(frame[before_end], window, clock="reported_at")


def claim_ids(year: Year, ids: Ids) -> np.ndarray:
    """Ids of a year's claims, by position."""
    c = year.claims
    rank = np.arange(len(c.policy)) - np.searchsorted(c.policy, c.policy)
    policy = pd.Series(ids.policy[year.position[c.policy]]).str.slice(1)
    return ("K" + policy + "-" + pd.Series(year.state.years[c.policy] * 4 + rank).astype("str")).to_numpy()


def contact_ids(year: Year, ids: Ids) -> np.ndarray:
    """Ids of a year's contacts, by position."""
    c = year.contacts
    rank = np.arange(len(c.policy)) - np.searchsorted(c.policy, c.policy)
    policy = pd.Series(ids.policy[year.position[c.policy]]).str.slice(1)
    return ("I" + policy + "-" + pd.Series(year.state.years[c.policy] * 10 + rank).astype("str")).to_numpy()


def interactions_table(year: Year, ids: Ids, window: Window, rng: np.random.Generator) -> pd.DataFrame:
    """Contacts of one year, with the repeats that unresolved ones bring within a week."""
    c, made = year.contacts, contact_ids(year, ids)
    again = np.flatnonzero(~c.resolved & (c.repeat_after > 0))
    pick = np.concatenate([np.arange(len(c.policy)), again])
    repeat = np.arange(len(pick)) >= len(c.policy)
    started = (c.day + c.second / _DAY)[pick] + np.where(repeat, c.repeat_after[pick], 0)
    before_end = started < year.ended[c.policy[pick]]
    resolved = np.where(repeat, c.repeat_resolved[pick], c.resolved[pick])
    handle = c.handle[pick]
    resolved_at = moments(np.where(resolved, started + (np.nan_to_num(c.wait[pick]) + handle) / _DAY, np.nan))
    n = len(pick)
    frame = pd.DataFrame({
        "interaction_id": pd.Series(made[pick]) + np.where(repeat, "r", ""),
        "customer_id": ids.customer[year.policies.owner[c.policy[pick]]],
        "policy_id": ids.policy[year.position[c.policy[pick]]], "started_at": moments(started),
        "channel": np.array(CONTACT_CHANNELS)[c.channel[pick]],
        "queue": pd.Series(np.array(QUEUES)[c.queue[pick]]).where(c.waits[pick]), "touchpoint": "service_contact",
        "topic": np.array(TOPICS)[c.topic[pick]], "initiator": "customer", "wait_seconds": c.wait[pick],
        "queue_wait_mean": c.queue_mean[pick], "handle_seconds": handle, "transfers": c.transfers[pick],
        "resolved": pd.Series(resolved), "resolved_at": resolved_at, "recorded_at": moments(started + _late(rng, n)),
    })  # fmt: skip
    return _cut(frame[before_end], window, clock="started_at")


def surveys_table(year: Year, rounds: Rounds, ids: Ids, window: Window, rng: np.random.Generator) -> pd.DataFrame:
    """One row per invitation and question, answered or not."""
    row, question = np.nonzero(rounds.asked)
    score = rounds.score[row, question]
    policy, event, occasion = rounds.policy[row], rounds.event[row], rounds.occasion[row]
    answered_at = moments(np.where(np.isnan(score), np.nan, rounds.answered[row]))
    none = np.array([None], object)
    contacts, claims = np.concatenate([contact_ids(year, ids), none]), np.concatenate([claim_ids(year, ids), none])
    round_number = pd.Series(np.arange(len(rounds.policy))[row]).astype("str")
    owner_policy = pd.Series(ids.policy[year.position[policy]])
    sent = rounds.sent[row]
    frame = pd.DataFrame({
        "response_id": "R" + owner_policy.str.slice(1) + "-" + pd.Series(year.state.years[policy]).astype("str")
        + "-" + round_number + "-" + pd.Series(np.array(INSTRUMENTS)[question]),
        "customer_id": ids.customer[year.policies.owner[policy]], "policy_id": owner_policy,
        "claim_id": claims[np.where(occasion == 1, event, -1)],
        "interaction_id": contacts[np.where(occasion == 0, event, -1)],
        "instrument": np.array(INSTRUMENTS)[question], "touchpoint": np.array(_OCCASIONS)[occasion],
        "dimension": np.array(_DIMENSIONS)[occasion], "sent_at": moments(sent),
        "answered_at": _known(answered_at, answered_at, window), "score": _known(score, answered_at, window),
        "mode": "text_message", "recorded_at": moments(sent + _late(rng, len(rounds.policy), share=0.02)[row]),
    })  # fmt: skip
    return _cut(frame[sent < year.ended[policy]], window, clock="sent_at")


def complaints_table(year: Year, made: Complaints, ids: Ids, window: Window, rng: np.random.Generator) -> pd.DataFrame:
    """Complaints of one year."""
    n = len(made.policy)
    policy = pd.Series(ids.policy[year.position[made.policy]])
    decided_at = moments(made.decided)
    outcome = np.array(["upheld", "partly", "rejected"])[np.searchsorted([0.35, 0.6], made.upheld)]
    paid = np.where(made.upheld < 0.35, np.round(rng.gamma(2.0, 150.0, n), 2), np.nan)
    escalated = moments(np.where(made.escalates, made.received + 0.6 * (made.decided - made.received), np.nan))
    frame = pd.DataFrame({
        "complaint_id": "Q" + policy.str.slice(1) + "-" + pd.Series(year.state.years[made.policy]).astype("str"),
        "customer_id": ids.customer[year.policies.owner[made.policy]], "policy_id": policy,
        "received_at": moments(made.received), "decided_at": _known(decided_at, decided_at, window),
        "escalated_at": _known(escalated, escalated, window),
        "source": np.array(["company", "regulator", "association", "media"])[made.source],
        "category": np.array(["waiting", "claim_delay", "price", "advice"])[made.category],
        "due_at": moments(made.received + 15.0), "outcome": _known(outcome, decided_at, window),
        "compensation": _known(paid, decided_at, window), "recorded_at": moments(made.received + _late(rng, n)),
    })  # fmt: skip
    return _cut(frame[made.received < year.ended[made.policy]], window, clock="received_at")


def outreach_table(year: Year, ids: Ids, window: Window, rng: np.random.Generator) -> pd.DataFrame:
    """The pilot: contacts before renewal, tried on a random few, with a random hold-out."""
    policy = np.flatnonzero(year.assigned & (year.ended > year.end - ASSIGN_DAYS_BEFORE))
    n = len(policy)
    assigned = year.end[policy] - ASSIGN_DAYS_BEFORE + 0.35
    treated = year.treated[policy]
    contacted = moments(np.where(treated, assigned + rng.uniform(1, 6, n), np.nan))
    frame = pd.DataFrame({
        "action_id": "O" + pd.Series(ids.policy[year.position[policy]]).str.slice(1) + "-"
        + pd.Series(year.state.years[policy]).astype("str"),
        "customer_id": ids.customer[year.policies.owner[policy]], "policy_id": ids.policy[year.position[policy]],
        "campaign": "renewal_pilot", "arm": np.where(treated, "treat", "holdout"), "assigned_at": moments(assigned),
        "contacted_at": _known(contacted, contacted, window), "action": np.where(treated, "service_call", "none"),
        "channel": "phone", "recorded_at": moments(assigned + 0.01),
    })  # fmt: skip
    return _cut(frame, window, clock="assigned_at")
