"""Agents, lines and households from the words that define them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from fractions import Fraction
from statistics import median

from .history import recorded

LEFT = ("customer_cancelled", "nonpayment", "surrendered")
COUNTS = ("terms_over", "exits", "expired", "complaints", "contacts", "ratings", "rating_sum")


def next_month(at, months=1):
    """The first moment of the month some months after the one of that moment."""
    number = at.year * 12 + at.month - 1 + months
    return datetime(number // 12, number % 12 + 1, 1)


def first_that_has(versions, clock):
    """The first version whose clock ran out, else None."""
    return next((row for row in sorted(versions, key=recorded) if row[clock] is not None), None)


def of_the_book(history, name):
    """The versions of each row of a table, by key; none where the table is absent."""
    return list(history._versions(name).values()) if name in history.rows else []


def first_policy(history, policy_id):
    """The first version of a policy, else None."""
    return history.policies[policy_id][0] if policy_id in history.policies else None


def term_known(term):
    """From when a version of a term is in the books."""
    return max(term["issued_at"], term["seen"]["issued_at"])


def end_known(term):
    """From when its end is past and in the books."""
    return max(term["ended_date"], term["seen"]["ended_date"], term_known(term))


def what_happened(history):
    """Yield (name, policy_id, moment, number) of all that is counted for agents."""
    for versions in of_the_book(history, "terms"):
        first, ended = first_that_has(versions, "end_date"), first_that_has(versions, "ended_date")
        over = max(first["end_date"], term_known(first))
        if ended is not None:
            over = min(over, end_known(ended))
            if ended["end_reason"] in LEFT:
                yield "exits", ended["policy_id"], end_known(ended), 1
            if ended["end_reason"] == "expired":
                yield "expired", ended["policy_id"], end_known(ended), 1
        yield "terms_over", first["policy_id"], over, 1
    for name, table, clock in (("complaints", "complaints", "received_at"), ("contacts", "interactions", "started_at")):
        for versions in of_the_book(history, table):
            row = first_that_has(versions, clock)
            if row is not None and (name == "complaints" or row["initiator"] == "customer"):
                yield name, row["policy_id"], max(row[clock], row["seen"][clock]), 1
    for policy_id, at, rating in answers(history):
        yield "ratings", policy_id, at, 1
        yield "rating_sum", policy_id, at, rating


def answers(history):
    """Yield (policy_id, moment, rating to the ninth decimal) of all answers on the scale."""
    for versions in of_the_book(history, "surveys"):
        row = first_that_has(versions, "answered_at")
        if row is not None and row["rating"] is not None and 0 <= row["rating"] <= 100:
            rating = round(Fraction(row["rating"]), 9)
            yield row["policy_id"], max(row["answered_at"], row["seen"]["answered_at"]), rating


def month_known(policy, at):
    """When the month is over in which both the policy and what happened on it were known."""
    return next_month(at if policy["recorded_at"] is None else max(at, policy["recorded_at"]))


def agents(history):
    """{agent: {known_at: row}}."""
    found = defaultdict(dict)
    for name, policy_id, at, number in what_happened(history):
        policy = first_policy(history, policy_id)
        if policy is None or policy["agent_id"] is None:
            continue
        known_at = month_known(policy, at)
        if known_at <= history.data_cutoff:
            row = found[policy["agent_id"]].setdefault(known_at, dict.fromkeys(COUNTS, 0))
            row[name] += number
    return found


def lines(history):
    """{line: {known_at: row}}."""
    premiums, ratings = defaultdict(list), defaultdict(list)
    for versions in of_the_book(history, "terms"):
        first = first_that_has(versions, "end_date")
        policy = first_policy(history, first["policy_id"])
        if policy is not None and first["premium"] is not None:
            premiums[policy["line"]].append((month_known(policy, term_known(first)), first["premium"]))
    for policy_id, at, rating in answers(history):
        policy = first_policy(history, policy_id)
        if policy is not None:
            ratings[policy["line"]].append((month_known(policy, at), rating))
    found = defaultdict(dict)
    for line in {*premiums, *ratings}:
        busy = {known_at for known_at, _ in premiums[line] + ratings[line]}
        for known_at in sorted({next_month(at, later) for at in busy for later in range(12)}):
            if known_at > history.data_cutoff:
                continue
            begin = next_month(known_at, -11)
            paid = [number for at, number in premiums[line] if begin <= at <= known_at]
            said = [number for at, number in ratings[line] if begin <= at <= known_at]
            found[line][known_at] = {
                "premium_median": median(paid) if paid else None,
                "rating_mean": sum(said) / len(said) if said else None,
            }
    return found


def monthly(history, table):
    """{owner: rows in the order of their months}, as rows of a table with the clock known_at."""
    if table not in history.crossing:
        key, found = ("agent_id", agents(history)) if table == "agents" else ("line", lines(history))
        history.crossing[table] = {
            owner: [
                {key: owner, "known_at": at, "seen": {"known_at": at}, "replaced_at": None}
                | {name: None if number is None else float(number) for name, number in row.items()}
                for at, row in sorted(months.items())
            ]
            for owner, months in found.items()
        }
    return history.crossing[table]


def owner_of(history, scope, observation):
    """The household, agent or line of an observation, None where it has none that is known."""
    if scope == "household":
        return household(history, observation["customer_id"], observation["cutoff"])
    if observation["policy_id"] is None:
        return None
    policy = first_policy(history, observation["policy_id"])
    known = policy["recorded_at"] is None or policy["recorded_at"] < observation["cutoff"]
    return policy["agent_id" if scope == "agent" else "line"] if known else None


def link(history, customer_id):
    """(household, known from) by the first version of a customer; from the beginning where nothing is recorded."""
    first = history.customers[customer_id][0] if customer_id in history.customers else None
    if first is None or first["household_id"] is None:
        return None
    return first["household_id"], first["recorded_at"] or datetime.min


def household(history, customer_id, cutoff):
    """The household of a customer, once that is known."""
    found = link(history, customer_id)
    return found[0] if found and found[1] < cutoff else None


def household_rows(history, table, observation):
    """The events of all members whose link is known, each seen no earlier than the link."""
    cutoff, own = observation["cutoff"], owner_of(history, "household", observation)
    for customer_id in sorted(history.customers):
        if own is None or household(history, customer_id, cutoff) != own:
            continue
        since = link(history, customer_id)[1]
        for row in history.by_customer[table].get(customer_id, []):
            yield row | {"seen": {clock: max(at, since) for clock, at in row["seen"].items()}}
