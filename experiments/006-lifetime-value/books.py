"""One simulated insurer: values, baselines and intervals beside the truth, and what could at best be reached."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import churnkit as ck
from churnkit.simulate.truth import standing_values

CUSTOMERS, YEARS, REPLICATES, FOLDS = 20_000, 5, 100, 3
SURVIVAL = [f"s{t}" for t in range(1, YEARS + 1)]


def one_book(world: str, seed: int, *, customers: int = CUSTOMERS) -> dict[str, Any]:
    """Simulate, train on all but the last year as ``churnkit train`` does, value the policies in force, compare."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        book = ck.open_book(ck.simulate_book(root, customers=customers, seed=seed, world=world))
        panel = ck.build_panel(book, "renewal", keep_unlabelled=True)
        standing = ck.build_panel(book, "renewal", as_of=book.settings.data_cutoff)
        truth = pd.read_parquet(root / "truth" / "values.parquet")
        economics = ck.economics_table(book)
        shutil.rmtree(root / "book", ignore_errors=True)
    last = pd.Timestamp(panel.cutoff[panel.y.notna()].max()) - pd.Timedelta(days=365)
    train, _ = panel.split(test_from=last)
    model = ck.RenewalModel(random_state=seed).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups,
                                                   features=train.features)  # fmt: skip
    begun = time.process_time()
    value = ck.LifetimeValue(years=YEARS, economics=economics, random_state=seed).fit(panel, model,
                                                                                    replicates=REPLICATES)  # fmt: skip
    fitted = time.process_time()
    known = standing.take(standing.keys["policy_id"].isin(truth["policy_id"]).to_numpy())
    values = value.predict(known)
    true = standing_values(truth, known.keys)
    totals = value.totals(known, by="line")
    seconds = {"fit_seconds": fitted - begun, "value_seconds": time.process_time() - fitted}
    worth = Worth.of(values, true, value)
    found = {"ours": values, **baselines(panel, known, values, model, economics)}
    scores = {name: worth.scores(of) for name, of in found.items()}
    scores["ceiling"] = worth.ceiling(model, known)
    return {"world": world, "seed": seed, "policies": len(values), "scores": scores,
            "lines": worth.by_line(totals, values), "sigma": value.hazard_.frailty.sigma, **seconds}  # fmt: skip


def baselines(panel: Any, known: Any, values: pd.DataFrame, model: Any, economics: Any) -> dict[str, pd.DataFrame]:
    """Survival by a constant rate and by the shifted-beta-geometric, each by line, learnt from the same panel."""
    constant = ck.LifetimeValue(years=YEARS, economics=economics, hazard="constant").fit(panel, model).rates_
    line = known.keys["line"].astype(str)
    rate = line.map(constant).to_numpy(dtype=float)
    flat = pd.DataFrame(rate[:, None] ** np.arange(1, YEARS + 1), columns=SURVIVAL, index=values.index)
    tenure = known.X["tenure_days"].to_numpy(dtype=float) + known.keys["lead_days"].to_numpy(dtype=float)
    made = np.maximum(np.rint(tenure / known.X["term_days"].to_numpy(dtype=float)), 1.0) - 1.0
    beta = ck.ShiftedBetaGeometric().fit(ck.life_table(panel, crude=True)).predict(line, made, years=YEARS)
    return {"constant": flat, "sbg": beta.set_axis(values.index, axis=0)}


class Worth:
    """True survival and margins of the policies, and what a prediction of survival scores beside them."""

    def __init__(self, true: pd.DataFrame, yearly: Any, line: Any, customers: Any) -> None:
        self.true, self.yearly, self.line, self.customers = true[SURVIVAL].to_numpy(), yearly, line, customers
        self.value, self.lifetime = (yearly * self.true).sum(axis=1), self.true.sum(axis=1)

    @classmethod
    def of(cls, values: pd.DataFrame, true: pd.DataFrame, value: Any) -> Worth:
        """Take discounted margins of each policy and year out of the estimator's own economics: they are given."""
        figures = value.economics_.loc[values["line"].astype(str).to_list()]
        growth = 1 + figures["premium_growth"].to_numpy()
        kept = 1 - figures[["loss_ratio", "commission_ratio", "expense_ratio"]].sum(axis=1).to_numpy()
        premium, cost = values["premium"].to_numpy(), figures["service_cost_per_year"].to_numpy()
        yearly = np.column_stack([(premium * growth**t * kept - cost) / (1 + value.discount_rate) ** t
                                  for t in range(1, YEARS + 1)])  # fmt: skip
        worth = cls(true, yearly, values["line"].astype(str).to_numpy(), values["customer_id"].to_numpy())
        again = (yearly * values[SURVIVAL].to_numpy()).sum(axis=1)
        np.testing.assert_allclose(again, values["value"].to_numpy(), rtol=1e-9, atol=1e-6)
        return worth

    def scores(self, found: pd.DataFrame) -> dict[str, float]:
        """Level, rank and value of a prediction of survival."""
        survival = found[SURVIVAL].to_numpy()
        level = (survival - self.true).mean(axis=0)
        return {"s1_error": level[0], "s5_error": level[-1],
                "s1_ratio": self.true[:, 0].mean() / survival[:, 0].mean(),
                "lifetime_spearman": spearman(survival.sum(axis=1), self.lifetime),
                "value_wape": wape((self.yearly * survival).sum(axis=1), self.value),
                "value_ratio": float((self.yearly * survival).sum() / self.value.sum())}  # fmt: skip

    def ceiling(self, model: Any, known: Any) -> dict[str, float]:
        """What the same trees reach when they see the true survival of two thirds of the customers, for the others.

        They are trained on the share of its discounted margins that a policy will earn, which ranks lifetimes too: it
        is a weighted mean of survival.
        """
        whole = self.yearly.sum(axis=1)
        share = np.clip(self.value / np.where(np.abs(whole) > 1e-9, whole, 1.0), 0.0, 1.0)
        fold = pd.util.hash_array(np.asarray(self.customers, dtype=object)) % FOLDS
        earned = np.empty(len(share))
        for k in range(FOLDS):
            mine, rest = np.flatnonzero(fold == k), np.flatnonzero(fold != k)
            truth = pd.Series(share[rest])
            earned[mine] = ck.ceiling_predictions(model, known.X.iloc[rest], truth, known.X.iloc[mine])
        return {"lifetime_spearman": spearman(earned, self.lifetime), "value_wape": wape(earned * whole, self.value)}

    def by_line(self, totals: pd.DataFrame, values: pd.DataFrame) -> list[dict[str, Any]]:
        """True and estimated sums, and whether the interval holds the truth."""
        rows = []
        for name in totals.index:
            mine = np.ones(len(values), dtype=bool) if name == "all" else self.line == name
            each, true = totals.loc[name], float(self.value[mine].sum())
            survival = values[SURVIVAL].to_numpy()[mine].mean(axis=0) - self.true[mine].mean(axis=0)
            rows.append({"line": name, "policies": int(mine.sum()), "true": true, "value": float(each["value"]),
                         "low": float(each["low"]), "high": float(each["high"]),
                         "held": bool(each["low"] <= true <= each["high"]),
                         "s1_error": float(survival[0]), "s5_error": float(survival[-1])})  # fmt: skip
        return rows


def spearman(a: Any, b: Any) -> float:
    """Rank correlation."""
    return float(pd.Series(a).rank().corr(pd.Series(b).rank()))


def wape(estimated: Any, true: Any) -> float:
    """Sum of absolute errors over the sum of absolute truths."""
    return float(np.abs(estimated - true).sum() / np.abs(true).sum())
