"""A made-up insurer in which every reason against a contact occurs, and its scores."""

import numpy as np
import pandas as pd

import churnkit as ck

AS_OF = pd.Timestamp("2026-10-01")
LINES = ("motor", "home", "health", "life")


def tables(customers=300, seed=0):
    """The tables of the book: one or two policies each, flags, complaints, claims and contacts drawn at random."""
    rng = np.random.default_rng(seed)
    ids = [f"C{k:04d}" for k in range(customers)]
    shared = np.where(rng.random(customers) < 0.25, np.maximum(np.arange(customers) - 1, 0), np.arange(customers))
    flags = rng.random((5, customers)) < 0.05
    people = pd.DataFrame(
        {
            "customer_id": ids,
            "household_id": [f"H{k:04d}" for k in shared],
            "customer_type": "person",
            "do_not_call": flags[0],
            "marketing_opt_out": flags[1],
            "automated_decision_opt_out": flags[2],
            "vulnerable": flags[3],
            "deceased_date": pd.Series(np.where(flags[4], "2026-06-01", None)),
            "recorded_at": pd.Timestamp("2020-01-01"),
        }
    )
    owner = np.concatenate([np.arange(customers), rng.integers(0, customers, customers // 3)])
    n = len(owner)
    policies = pd.DataFrame(
        {
            "policy_id": [f"P{k:05d}" for k in range(n)],
            "customer_id": np.array(ids)[owner],
            "line": np.array(LINES)[rng.integers(0, 4, n)],
            "channel": np.array(["agent", "phone"])[rng.integers(0, 2, n)],
            "branch": np.array(["B1", "B2", "B3"])[rng.integers(0, 3, n)],
            "agent_id": np.array([f"A{k}" for k in range(6)])[rng.integers(0, 6, n)],
            "renewable": True,
            "recorded_at": pd.Timestamp("2020-01-01"),
        }
    )
    return {"customers": people, "policies": policies, **_terms(policies, rng), **_events(ids, policies, rng)}


def _terms(policies, rng):
    n = len(policies)
    end = AS_OF + pd.to_timedelta(rng.integers(1, 150, n), unit="D")
    terms = pd.DataFrame(
        {
            "term_id": "T" + policies["policy_id"],
            "policy_id": policies["policy_id"],
            "issued_at": end - pd.Timedelta("380D"),
            "start_date": end - pd.Timedelta("365D"),
            "end_date": end,
            "premium": 1000.0,
            "offer_date": end - pd.Timedelta("200D"),
            "offer_premium": 1100.0,
            "ended_date": pd.NaT,
            "end_reason": None,
            "ended_recorded_at": pd.NaT,
            "recorded_at": end - pd.Timedelta("380D"),
        }
    )
    fate = rng.random(n)
    for low, high, reason in ((0.0, 0.05, "insurer_declined"), (0.05, 0.1, "customer_cancelled")):
        mine = (fate >= low) & (fate < high)
        terms.loc[mine, "end_reason"] = reason
        terms.loc[mine, ["ended_date", "ended_recorded_at"]] = AS_OF - pd.Timedelta("5D")
    again = terms[(fate >= 0.1) & (fate < 0.18)]
    next_ = again.assign(
        term_id="N" + again["policy_id"],
        issued_at=AS_OF - pd.Timedelta("3D"),
        start_date=again["end_date"],
        end_date=again["end_date"] + pd.Timedelta("365D"),
        offer_date=pd.NaT,
        offer_premium=np.nan,
        recorded_at=AS_OF - pd.Timedelta("3D"),
    )
    return {"terms": pd.concat([terms, next_], ignore_index=True)}


def _events(ids, policies, rng):
    pick = [rng.choice(ids, len(ids) // 15, replace=False) for _ in range(3)]
    late = AS_OF - pd.Timedelta("10D")
    complaints = pd.DataFrame(
        {
            "complaint_id": [f"M{k}" for k in range(len(pick[0]))],
            "customer_id": pick[0],
            "received_at": late,
            "decided_at": pd.NaT,
            "source": "company",
            "recorded_at": late,
        }
    )
    owned = policies.drop_duplicates("customer_id").set_index("customer_id")["policy_id"]
    claims = pd.DataFrame(
        {
            "claim_id": [f"L{k}" for k in range(len(pick[1]))],
            "policy_id": owned[pick[1]].to_numpy(),
            "customer_id": pick[1],
            "reported_at": late,
            "closed_at": pd.NaT,
            "bodily_injury": True,
            "recorded_at": late,
        }
    )
    outreach = pd.DataFrame(
        {
            "action_id": [f"O{k}" for k in range(len(pick[2]))],
            "customer_id": pick[2],
            "campaign": "autumn",
            "arm": "treat",
            "assigned_at": late,
            "contacted_at": late,
            "action": "call",
            "recorded_at": late,
        }
    )
    return {"complaints": complaints, "claims": claims, "outreach": outreach}


def book_of(given):
    """Open tables as a book."""
    return ck.open_book(given, data_cutoff=AS_OF)


def scores_of(given, seed=0):
    """Scores of every policy, those without anything left to renew among them: a plan has to find out."""
    rng = np.random.default_rng([seed, 1])
    policies = given["policies"]
    ends = given["terms"].drop_duplicates("policy_id").set_index("policy_id")["end_date"]
    renewal = rng.uniform(0.05, 0.98, len(policies))
    groups = np.array(["price change", "waiting", "complaints"])[rng.integers(0, 3, len(policies))]
    return policies[["policy_id", "customer_id", "line"]].assign(
        renewal=renewal,
        s1=renewal,
        value=renewal * rng.uniform(200, 9000, len(policies)),
        as_of=AS_OF,
        end_date=policies["policy_id"].map(ends),
        reason_1="premium 8 % up",
        reason_2="waited 9 minutes",
        group_1=groups,
    )
