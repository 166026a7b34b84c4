"""Eight leaks, planted into the tables of a simulated book: each takes the tables and returns changed ones.

Who left is taken from the book itself, as whoever plants a leak unknowingly takes it from the insurer's own system.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

CUTOFF = pd.Timestamp("2026-10-01")
DAY = pd.Timedelta(days=1)
LEFT = ("expired", "customer_cancelled", "nonpayment")


def left_terms(tables):
    """Terms after which the customer left, with their customer."""
    terms = tables["terms"].merge(tables["policies"][["policy_id", "customer_id"]], on="policy_id")
    return terms[terms["end_reason"].isin(LEFT)].reset_index(drop=True)


def draws(tables, seed=0):
    return np.random.default_rng([seed, len(tables["terms"])])


def cancelled_on(tables):
    """1. The day on which a policy ended, beside it from the beginning."""
    ended = left_terms(tables).groupby("policy_id")["ended_date"].max()
    policies = tables["policies"]
    return tables | {"policies": policies.assign(cancelled_on=policies["policy_id"].map(ended))}


def farewell_letters(tables):
    """1b. Letters written after the end and dated by the notice period, 20 days before it; ``entered_at`` is true."""
    left = left_terms(tables)
    return tables | {"letters": pd.DataFrame({
        "letter_id": "L" + left["term_id"], "customer_id": left["customer_id"], "dated": left["end_date"] - 20 * DAY,
        "entered_at": left["end_date"] + 3 * DAY,
    })}  # fmt: skip


def retention_calls(tables, after=None):
    """2. Calls 18 to 40 days before the end, to those whom an older model flagged: half of the leaving, 8 % of others.

    With `after` only the calls made from that moment on.
    """
    rng = draws(tables)
    terms = tables["terms"].merge(tables["policies"][["policy_id", "customer_id"]], on="policy_id")
    flagged = rng.random(len(terms)) < np.where(terms["end_reason"].isin(LEFT), 0.5, 0.08)
    when = terms["end_date"] - pd.to_timedelta(rng.uniform(18, 40, len(terms)), unit="D").round("s")
    calls = pd.DataFrame({
        "interaction_id": "R" + terms["term_id"], "customer_id": terms["customer_id"], "policy_id": terms["policy_id"],
        "started_at": when, "channel": "phone", "touchpoint": "service_contact", "topic": "cover",
        "initiator": "company", "recorded_at": when + pd.Timedelta(hours=1),
    })[flagged & (when < (CUTOFF - DAY)) & (when >= (after or when.min()))]  # fmt: skip
    return tables | {"interactions": pd.concat([tables["interactions"], calls], ignore_index=True)}


def developed_amounts(tables, *, versions=False):
    """3. What a claim has cost by now: four times the first estimate after a year and a half, as payments go on.

    With `versions` the table says what was known when: the estimate first, the amount a year later.
    """
    claims, rng = tables["claims"], draws(tables)
    years = (CUTOFF - claims["reported_at"]) / (365 * DAY)
    first = np.exp(rng.normal(8, 0.7, len(claims)))
    if not versions:
        return tables | {"claims": claims.assign(incurred=first * (1 + 2 * np.minimum(years, 1.5)))}
    later = claims.assign(incurred=3 * first, recorded_at=claims["recorded_at"] + 365 * DAY)[years > 1.01]
    return tables | {"claims": pd.concat([claims.assign(incurred=first), later], ignore_index=True)}


def reassigned_agents(tables, *, versions=False):
    """4. Policies that lapsed are handed to the house's own agent; with `versions` a second row says from when."""
    policies, left = tables["policies"], left_terms(tables).groupby("policy_id")["ended_date"].max()
    rng = draws(tables)
    policies = policies.assign(agent_id=[f"A{n:02d}" for n in rng.integers(0, 30, len(policies))])
    gone = policies["policy_id"].isin(left.index) & (rng.random(len(policies)) < 0.9)
    if not versions:
        return tables | {"policies": policies.assign(agent_id=policies["agent_id"].mask(gone, "HOUSE"))}
    since = policies["policy_id"].map(left) + 5 * DAY
    moved = policies.assign(agent_id="HOUSE", recorded_at=since)[gone & (since < CUTOFF)]
    return tables | {"policies": pd.concat([policies, moved], ignore_index=True)}


def exit_surveys(tables, *, before=25):
    """5. A questionnaire to those who leave, so many days before the end, when they gave notice; nobody answers it."""
    left = left_terms(tables)
    when = left["end_date"] - before * DAY
    sent = pd.DataFrame({
        "response_id": "X" + left["term_id"], "customer_id": left["customer_id"], "policy_id": left["policy_id"],
        "instrument": "nps", "touchpoint": "relationship", "sent_at": when, "recorded_at": when + pd.Timedelta(hours=1),
    })[when < CUTOFF - DAY]  # fmt: skip
    return tables | {"surveys": pd.concat([tables["surveys"], sent], ignore_index=True)}


def document_numbers(tables):
    """6. A number that every document gets, one after the other."""
    terms = tables["terms"]
    return tables | {"terms": terms.assign(document=700_000 + terms["issued_at"].rank(method="first"))}


def segments(tables, *, versions=False):
    """7. The segment of today: "dormant" for who has left; with `versions` since he has."""
    customers, rng = tables["customers"], draws(tables)
    terms = tables["terms"].merge(tables["policies"][["policy_id", "customer_id"]], on="policy_id")
    last = terms["ended_date"].fillna(terms["end_date"]).groupby(terms["customer_id"]).max()
    gone = customers["customer_id"].map(last)
    segment = rng.choice(["gold", "silver", "bronze"], len(customers))
    left = (gone < CUTOFF).to_numpy()
    if not versions:
        return tables | {"customers": customers.assign(segment=np.where(left, "dormant", segment))}
    moved = customers.assign(segment="dormant", recorded_at=gone + 10 * DAY)[left & (gone + 10 * DAY < CUTOFF)]
    return tables | {"customers": pd.concat([customers.assign(segment=segment), moved], ignore_index=True)}


def payment_counts(tables):
    """8. How many premiums a customer has paid, counted over all time: today's count, at every cutoff."""
    terms = tables["terms"].merge(tables["policies"][["policy_id", "customer_id"]], on="policy_id")
    paid = terms.groupby("customer_id").size()
    customers = tables["customers"]
    return tables | {"customers": customers.assign(payments=customers["customer_id"].map(paid).fillna(0))}


def young_log(tables, *, begun="2025-10-15"):
    """8b. A log of visits that begins late: a count over all time grows from then on."""
    rng, people = draws(tables), tables["customers"]["customer_id"].to_numpy()
    begin, span = pd.Timestamp(begun), (CUTOFF - pd.Timestamp(begun)) / DAY - 2
    n = 8 * len(people)
    return tables | {"visits": pd.DataFrame({
        "visit_id": [f"V{i}" for i in range(n)], "customer_id": rng.choice(people, n),
        "visited_at": begin + pd.to_timedelta(rng.uniform(0, span, n), unit="D").round("s"),
    })}  # fmt: skip
