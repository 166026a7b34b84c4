"""Policies of monthly terms at snapshots, and what becomes of them within a month: the definitions, word by word."""

from __future__ import annotations

from calendar import monthrange

from .outcomes import (
    OTHER_EXITS,
    covered_until,
    days,
    grace_of,
    known_to_be_over,
    never_sold,
    reinstated,
    sold_terms,
    successors,
    visibly_never_sold,
)

SHORTEST = 60


def month_later(moment):
    """The same day of the next month, its last day where it has no such day."""
    year, month = moment.year + moment.month // 12, moment.month % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def leavable(history, term, snapshot):
    """Whether a visible version of a term is monthly cover in force that a customer may leave."""
    monthly = (term["end_date"] - term["start_date"]) < days(SHORTEST)
    inside = term["start_date"] <= snapshot < term["end_date"]
    renewable = history.policy(term["policy_id"])["renewable"] is not False
    return monthly and inside and renewable and not known_to_be_over(term, snapshot)


def standing_for(terms):
    """Of several terms of a policy, the one that is observed."""
    return max(terms, key=lambda term: (term["end_date"], term["start_date"], term["term_id"]))


def observed(history, snapshot, *, sold):
    """The terms that stand for the policies at risk at a snapshot; `sold` tells what counts."""
    found = {}
    for versions in history.terms.values():
        term = history.as_known(versions, snapshot)
        if term is None or term["policy_id"] not in history.customer_of or not sold(term):
            continue
        if leavable(history, term, snapshot):
            found.setdefault(history.family[term["policy_id"]], []).append(term)
    return [standing_for(terms) for terms in found.values()]


def goes_on(history, term, heir):
    """Whether cover that ends goes on with the term's successor."""
    return heir["start_date"] < covered_until(term) + days(grace_of(history.policy(term["policy_id"])))


def last_of_cover(history, term, again, heirs):
    """The last term of the chain."""
    while True:
        following = again.get(term["term_id"]) or heirs.get(term["term_id"])
        if following is None:
            return term
        if term["term_id"] not in again and not goes_on(history, term, following):
            return term
        term = following


def label(history, own, last, snapshot):
    """(label, cause, ripe_at) of the policy of a term."""
    due = month_later(snapshot)
    ripe_at = due + days(grace_of(history.policy(own["policy_id"])) + history.slack_days)
    if ripe_at > history.data_cutoff:
        return None, "unripe", ripe_at
    over = covered_until(last)
    if over <= snapshot:
        return None, "ended_unseen", ripe_at
    if over > due:
        return 0.0, "", ripe_at
    if last["end_reason"] in OTHER_EXITS:
        return None, last["end_reason"], ripe_at
    return 1.0, "", ripe_at


def keys(history, term, snapshot):
    """What the observation is called."""
    policy = term["policy_id"]
    return {
        "entity": policy,
        "customer_id": history.customer_of[policy],
        "policy_id": policy,
        "term_id": term["term_id"],
        "line": history.policy(policy)["line"],
        "cutoff": snapshot,
        "lead_days": None,
        "end_date": term["end_date"],
    }


def cancellation_rows(history, snapshots):
    """All observations with label and cause, unripe ones too."""
    terms, rows = sold_terms(history), []
    again = reinstated(history, terms)
    heirs = successors(history, terms, again)
    for snapshot in snapshots:
        if snapshot > history.data_cutoff:
            continue
        for own in observed(history, snapshot, sold=lambda term: not never_sold(history.terms[term["term_id"]][-1])):
            last = last_of_cover(history, history.terms[own["term_id"]][-1], again, heirs)
            told = dict(zip(("label", "cause", "ripe_at"), label(history, own, last, snapshot), strict=True))
            rows.append(keys(history, own, snapshot) | told)
    return rows


def inforce_cancellation_rows(history, as_of):
    """The same on one day, with nothing later looked at."""
    found = observed(history, as_of, sold=lambda term: not visibly_never_sold(term, as_of))
    return [keys(history, own, as_of) for own in found]
