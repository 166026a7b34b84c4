"""Renewals drawn from the very model of frailty, seen through a record that begins in the middle of lives."""

import numpy as np
import pandas as pd
from scipy.special import expit

from churnkit.panel.panel import Panel

LEVEL, COEFFICIENT, SIGMA = -1.2, 0.9, 0.8
BEGIN = pd.Timestamp("2020-01-01")
RECORD, BURN_IN = 6, 12  # years seen, and years of entries before them


def drawn(rng, customers, *, policies=2, sigma=SIGMA):
    """Customers enter evenly over burn-in and record, hold policies that renew every year, and lapse for good.

    Hazard of lapse: ``logit h = LEVEL + COEFFICIENT * x + b``, x a policy's own and known, b the customer's.

    Returns
    -------
    (rows, standing): renewals decided within the record (customer, policy, year, tenure, x, lapse), and policies in
    force at its end (customer, policy, tenure, x, stay: the true chance of each renewal to come).
    """
    owner = np.repeat(np.arange(customers), policies)
    start = np.repeat(rng.integers(-BURN_IN, RECORD, customers), policies)
    b = np.repeat(rng.normal(0, sigma, customers), policies)
    x = rng.normal(0, 0.7, len(owner))
    hazard = expit(LEVEL + COEFFICIENT * x + b)
    alive, rows = np.ones(len(owner), bool), []
    for year in range(-BURN_IN, RECORD):
        up = np.flatnonzero(alive & (start <= year))
        lapse = rng.random(len(up)) < hazard[up]
        alive[up[lapse]] = False
        if year >= 0:
            rows.append(pd.DataFrame({"customer": owner[up], "policy": up, "year": year, "tenure": year - start[up],
                                      "x": x[up], "lapse": lapse.astype(float)}))  # fmt: skip
    standing = pd.DataFrame({"customer": owner, "policy": np.arange(len(owner)), "tenure": RECORD - start, "x": x,
                             "stay": 1 - hazard})[alive]  # fmt: skip
    return pd.concat(rows, ignore_index=True), standing.reset_index(drop=True)


def with_entry(rows):
    """The rows with each customer's tenure where the record begins."""
    entry = rows.sort_values("year", kind="stable").groupby("customer")["tenure"].first()
    return rows.assign(entry=rows["customer"].map(entry))


def design(rows, *, entry):
    """Level, x, log tenure and log tenure at entry."""
    return np.column_stack([np.ones(len(rows)), rows["x"], np.log1p(rows["tenure"]), np.log1p(entry)])


def observed(lives, *, y=None, leads=(14.0, 330.0), seed=0):
    """A renewal panel of drawn lives: a row for each lead, in year ``year`` of the record."""
    rng = np.random.default_rng(seed)
    line = np.array(["home", "motor"])[lives["policy"] % 2]
    premium = np.round(rng.uniform(50, 3000, lives["policy"].max() + 1)[lives["policy"]], 2)
    parts = []
    for lead in leads:
        due = BEGIN + pd.to_timedelta(365 * (lives["year"] + 1), unit="D")
        days = 365.0 * (lives["tenure"] + 1) - lead
        X = pd.DataFrame({"lead_days": lead, "line": line, "premium": premium, "x": lives["x"], "tenure_days": days,
                          "customer_tenure_days": days})  # fmt: skip
        keys = pd.DataFrame({"entity": [f"T{p}-{t}" for p, t in zip(lives["policy"], lives["year"], strict=True)],
                             "customer_id": "C" + lives["customer"].astype(str), "policy_id": lives["policy"],
                             "line": line, "cutoff": due - pd.Timedelta(days=lead), "lead_days": lead,
                             "end_date": due, "ripe_at": due + pd.Timedelta(days=37), "cause": ""})  # fmt: skip
        parts.append((X, keys, np.full(len(X), np.nan) if y is None else y))
    X, keys = (pd.concat([part[k] for part in parts], ignore_index=True) for k in (0, 1))
    return Panel(X=X, y=pd.Series(np.concatenate([part[2] for part in parts]), name="renewed"), keys=keys,
                 target="renewal")  # fmt: skip
