"""A small insurer whose renewal probabilities are known, as a matrix of stacked leads."""

import numpy as np
import pandas as pd
from scipy.special import expit

from churnkit.panel.panel import Panel

FEATURES = ["lead_days", "line", "region", "price_step", "waiting", "score", "tenure", "noise"]


def insurer(customers=2500, *, years=3, seed=0, strength=1.0):
    """Return stacked renewal rows with the true probability ``p``, the outcome ``y`` and their keys."""
    rng = np.random.default_rng(seed)
    line = rng.choice(["home", "life", "motor"], customers)
    region = rng.choice(["east", "north", "south", "west"], customers)
    parts = []
    for year in range(years):
        mood, step = rng.normal(0, 1, customers), rng.normal(0.04, 0.1, customers)
        level = pd.Series(line).map({"home": 1.6, "life": 2.2, "motor": 0.9}).to_numpy()
        tenure = rng.integers(0, 9, customers).astype(float)
        p = expit(level + strength * (0.8 * np.tanh(mood) - 4 * step + 0.1 * (tenure - 4)))
        y = (rng.random(customers) < p).astype(float)
        end = pd.Timestamp("2021-01-01") + pd.to_timedelta(365 * year + rng.integers(0, 365, customers), unit="D")
        for lead in (14, 90, 330):
            heard = rng.random(customers) > lead / 400
            parts.append(pd.DataFrame({
                "customer_id": np.arange(customers), "end_date": end,
                "cutoff": end - pd.Timedelta(days=lead), "p": p, "y": y,
                "lead_days": float(lead), "line": line, "region": region,
                "price_step": np.where(lead < 30, step, np.nan),
                "waiting": np.where(heard, np.exp(1 - mood + rng.normal(0, 0.3, customers)), np.nan),
                "score": np.where(heard & (rng.random(customers) < 0.5), np.round(7 + 2 * mood), np.nan),
                "tenure": tenure, "noise": rng.normal(0, 1, customers).round(2),
            }))  # fmt: skip
    return pd.concat(parts).sort_values(["customer_id", "cutoff"], kind="stable").reset_index(drop=True)


def as_panel(rows, *, target="renewal"):
    """Dress rows as a panel."""
    rows = rows.reset_index(drop=True)
    keys = rows[["customer_id", "line", "cutoff", "lead_days", "end_date"]].assign(
        entity=rows["customer_id"].astype(str) + rows["end_date"].astype(str), cause=""
    )
    return Panel(X=rows[FEATURES], y=rows["y"], keys=keys, target=target)
