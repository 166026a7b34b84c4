"""Values of the observation's own customer, policy and term, and of the observation itself."""

from __future__ import annotations

from datetime import datetime

from churnkit.book.schema import clock_of

from .history import current, happened
from .outcomes import reinstated, visibly_never_sold


def attribute(history, feature, observation):
    """An attribute as known at the cutoff: float, str or None."""
    if feature.table == "observation":
        return OBSERVED[feature.column](history, observation)
    versions = {
        "customers": lambda: history.customers.get(observation["customer_id"], []),
        "policies": lambda: history.policies.get(observation["policy_id"], []),
        "terms": lambda: history.terms.get(observation["term_id"], []),
    }[feature.table]()
    row = history.as_known(versions, observation["cutoff"])
    if row is None:
        return None
    clock = clock_of(feature.table, feature.column)
    if clock and not happened(row, clock, observation["cutoff"]):
        return None
    found = row[feature.column]
    if isinstance(found, datetime):
        return days_between(found, observation["cutoff"])
    return found if found is None or isinstance(found, str) else float(found)


def days_between(start, end):
    """Days as a float."""
    return (end - start).total_seconds() / 86400


def visible_terms(history, observation, policy_id=None):
    """Terms of the customer (of one policy under all its numbers) in the books before the cutoff, as visible then."""
    cutoff = observation["cutoff"]
    rows = history.by_customer["terms"].get(observation["customer_id"], [])
    rows = [row for row in rows if happened(row, "issued_at", cutoff) and current(row, cutoff)]
    rows = [row for row in rows if not visibly_never_sold(row, cutoff)]
    return [row for row in rows if policy_id is None or history.family[row["policy_id"]] == history.family[policy_id]]


def visible_spells(history, observation):
    """Begun terms of the own policy, those that were taken up again left out."""
    cutoff = observation["cutoff"]
    rows = visible_terms(history, observation, observation["policy_id"])
    rows = [row for row in rows if row["start_date"] <= cutoff]
    rows.sort(key=lambda row: (row["start_date"], row["term_id"]))
    again = reinstated(history, rows, known=lambda row: row["seen"]["ended_date"] < cutoff)
    return [row for row in rows if row["term_id"] not in again]


def in_force(history, observation):
    """Visible terms with ``start_date <= cutoff < min(end_date, ended_date if visible)``."""
    cutoff, found = observation["cutoff"], []
    for row in visible_terms(history, observation):
        over = row["ended_date"] is not None and row["seen"]["ended_date"] < cutoff
        until = min(row["end_date"], row["ended_date"]) if over else row["end_date"]
        if row["start_date"] <= cutoff < until:
            found.append(row)
    return found


def policy_then(history, policy_id, cutoff):
    """The policy as visible at the cutoff; its first version stands for the time before."""
    versions = history.policies[policy_id]
    return history.as_known(versions, cutoff) or versions[0]


def _begin(history, observation, policy_id=None):
    """When it began: the least of the begun numbers' inceptions or, of those without, first visible starts."""
    cutoff = observation["cutoff"]
    rows = [row for row in visible_terms(history, observation, policy_id) if row["start_date"] <= cutoff]
    starts = [policy_then(history, row["policy_id"], cutoff)["inception_date"] or row["start_date"] for row in rows]
    return min(starts, default=None)


def _own_term(history, observation):
    return history.as_known(history.terms.get(observation["term_id"], []), observation["cutoff"])


def _tenure(history, observation):
    if observation["policy_id"] is None:
        return None
    return days_between(_begin(history, observation, observation["policy_id"]), observation["cutoff"])


def _customer_tenure(history, observation):
    begin = _begin(history, observation)
    return None if begin is None else days_between(begin, observation["cutoff"])


def _term_number(history, observation):
    if observation["policy_id"] is None:
        return None
    return float(len(visible_spells(history, observation)))


def _lines_held(history, observation):
    cutoff = observation["cutoff"]
    policies = {row["policy_id"] for row in in_force(history, observation)}
    return float(len({policy_then(history, policy_id, cutoff)["line"] for policy_id in policies}))


def _insured_held(history, observation):
    stated = [row["sum_insured"] for row in in_force(history, observation) if row["sum_insured"] is not None]
    return sum(stated) if stated else None


def _next_end(history, observation):
    ends = [row["end_date"] for row in in_force(history, observation)]
    return days_between(observation["cutoff"], min(ends)) if ends else None


def _premium_change(history, observation):
    own = _own_term(history, observation)
    if own is None:
        return None
    earlier = [row for row in visible_spells(history, observation) if row["start_date"] < own["start_date"]]
    if not earlier:
        return None
    before = max(earlier, key=lambda row: (row["start_date"], row["term_id"]))["premium"]
    return own["premium"] / before - 1 if before else None


def _offer_change(history, observation):
    own = _own_term(history, observation)
    if own is None or own["offer_premium"] is None or not happened(own, "offer_date", observation["cutoff"]):
        return None
    return own["offer_premium"] / own["premium"] - 1


def _age(history, observation):
    customer = history.as_known(history.customers.get(observation["customer_id"], []), observation["cutoff"])
    if customer is None or customer["birth_year"] is None:
        return None
    return observation["cutoff"].year - customer["birth_year"]


def _term_days(history, observation):
    own = _own_term(history, observation)
    return None if own is None else days_between(own["start_date"], own["end_date"])


OBSERVED = {
    "lead_days": lambda history, observation: observation["lead_days"],
    "cutoff_month": lambda history, observation: observation["cutoff"].month,
    "term_days": _term_days,
    "tenure_days": _tenure,
    "customer_tenure_days": _customer_tenure,
    "term_number": _term_number,
    "policies_held": lambda history, obs: len({history.family[row["policy_id"]] for row in in_force(history, obs)}),
    "lines_held": _lines_held,
    "premium_held": lambda history, obs: sum(row["premium"] for row in in_force(history, obs)),
    "sum_insured_held": _insured_held,
    "days_to_next_end": _next_end,
    "premium_change": _premium_change,
    "offer_change": _offer_change,
    "age": _age,
}
