"""How long it takes to plan for a million scored customers."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd

import churnkit as ck

CUSTOMERS = 1_000_000
AS_OF = pd.Timestamp("2026-10-01")


def measured_speed() -> dict[str, float]:
    """Make up a book and its scores; plan under caps and a budget; wall and processor seconds."""
    rng = np.random.default_rng(0)
    number = pd.Series(np.arange(CUSTOMERS)).astype(str).str.zfill(7)
    shared = np.where(rng.random(CUSTOMERS) < 0.2, np.maximum(np.arange(CUSTOMERS) - 1, 0), np.arange(CUSTOMERS))
    customers = pd.DataFrame({
        "customer_id": "C" + number, "household_id": "H" + number.take(shared).reset_index(drop=True),
        "customer_type": "person", **{name: rng.random(CUSTOMERS) < share for name, share in (
            ("do_not_call", 0.04), ("marketing_opt_out", 0.06), ("automated_decision_opt_out", 0.01),
            ("vulnerable", 0.03))},
    })  # fmt: skip
    owner = np.r_[np.arange(CUSTOMERS), rng.integers(0, CUSTOMERS, CUSTOMERS // 3)]
    many = len(owner)
    ids = "P" + pd.Series(np.arange(many)).astype(str).str.zfill(7)
    policies = pd.DataFrame({
        "policy_id": ids, "customer_id": customers["customer_id"].to_numpy()[owner],
        "line": np.array(["motor", "home", "health", "life"])[rng.integers(0, 4, many)],
        "channel": np.array(["agent", "bank", "online", "phone"])[rng.integers(0, 4, many)],
        "branch": np.array([f"B{k:02d}" for k in range(30)])[rng.integers(0, 30, many)],
        "agent_id": np.array([f"A{k:04d}" for k in range(2000)])[rng.integers(0, 2000, many)], "renewable": True,
    })  # fmt: skip
    end = AS_OF + pd.to_timedelta(rng.integers(1, 365, many), unit="D")
    year = pd.Timedelta(days=365)
    terms = pd.DataFrame({"term_id": "T" + ids, "policy_id": ids, "start_date": end - year, "end_date": end,
                          "premium": 1000.0, "recorded_at": end - year - pd.Timedelta(days=15)})  # fmt: skip
    renewal = rng.uniform(0.2, 0.98, many)
    scores = policies[["policy_id", "customer_id", "line"]].assign(
        renewal=renewal, s1=renewal, value=renewal * rng.lognormal(7, 1, many), end_date=end, as_of=AS_OF,
        reason_1="premium up", reason_2="waited long",
        group_1=np.array(["price change", "waiting", "claims"])[rng.integers(0, 3, many)],
    )  # fmt: skip
    book = ck.open_book({"customers": customers, "policies": policies, "terms": terms}, data_cutoff=AS_OF)
    wall, cpu = time.perf_counter(), time.process_time()
    plan = ck.plan_retention(scores, book, capacity=20_000, caps={"branch": 1000, "agent_id": 30}, budget=600_000)
    seconds = {"speed_plan_seconds": time.perf_counter() - wall, "speed_plan_cpu_seconds": time.process_time() - cpu}
    return {"speed_customers": CUSTOMERS, "speed_listed": len(plan.table), **seconds}


if __name__ == "__main__":
    print(json.dumps(measured_speed()))
