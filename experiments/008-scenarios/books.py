"""One simulated insurer: scenarios on its operations, each beside the same customers drawn again under do(...)."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

import churnkit as ck
from churnkit.simulate.calibrate import answer_noise
from churnkit.simulate.insurer import Do
from churnkit.simulate.truth import Reference, index_shift, standing_values, true_terms, true_values
from churnkit.simulate.window import Window
from churnkit.simulate.worlds import get_world

CUSTOMERS, REPLICATES, POINTS = 20_000, 60, 10.0
SCENARIOS = "scenarios"
MOTOR = {"line": "motor"}
FASTER = ck.Scenario("cycle 3 days").set("claim_cycle_days", 3, **MOTOR)
FASTEST = ck.Scenario("cycle 1 day").set("claim_cycle_days", 1, **MOTOR)
HAPPIER = ck.Scenario("satisfaction +10").change("satisfaction", POINTS)
BOTH = ck.Scenario("both", (*FASTER.settings, *HAPPIER.settings))
FEW = ("line", "product", "channel", "region", "tenure_days", "premium", "offer_change", "age", "rating_last",
       "claims_365d", "contacts_365d", "lead_days")  # fmt: skip


def measured(world: str, seed: int, parts: Iterable[str], *, customers: int = CUSTOMERS) -> list[dict[str, Any]]:
    """Simulate a book, evaluate the scenarios, and draw the same customers again under each."""
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        book = ck.open_book(ck.simulate_book(folder, customers=customers, seed=seed, world=world, truth=False))
        prepared = ready(book, seed)
        fitted = time.process_time() - begun
        result = prepared.evaluate([FASTER, FASTEST, HAPPIER, BOTH])
        again = prepared.evaluate(ck.Scenario.from_toml(FASTER.to_toml()))
        answer = {"part": SCENARIOS, "world": world, "seed": seed, "customers": customers, "version": ck.__version__,
                  "seconds_fit": fitted, "refused": refused(prepared), "same_again": same(result, again),
                  "adds_up": adds_up(result), "verdict": result.table["verdict"].iloc[0],
                  "between_years": prepared.terms_.years["claim_cycle_days"].level,
                  "mediated": result.worked[0].mediated["claim_cycle_days"]}  # fmt: skip
        truth = Truth(world, seed, customers, prepared)
        for name, scenario in (("faster", FASTER), ("fastest", FASTEST), ("happier", HAPPIER), ("both", BOTH)):
            answer[name] = beside(result.table.loc[scenario.name], truth, name)
    return [answer | {"seconds": time.process_time() - begun}]


def ready(book: ck.Book, seed: int) -> ck.WhatIf:
    """Effect, value and levers of a book. The value rests on few features: what is asked of it is renewal."""
    effect = ck.SatisfactionEffect(random_state=seed).fit(book)
    names = {each.name for each in ck.standard_features("renewal")} & set(FEW)
    features = [each for each in ck.standard_features("renewal") if each.name in names]
    panel = ck.build_panel(book, "renewal", features=features, keep_unlabelled=True)
    policies = ck.build_panel(book, "renewal", features=features, as_of=book.settings.data_cutoff)
    train, _ = panel.split(test_from=pd.Timestamp(panel.cutoff[panel.y.notna()].max()) - pd.Timedelta(days=365))
    model = ck.RenewalModel(random_state=seed).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups,
                                                   features=train.features)  # fmt: skip
    value = ck.LifetimeValue(economics=book, random_state=seed).fit(panel, model, replicates=REPLICATES)
    return ck.WhatIf(replicates=REPLICATES).fit(effect, value, policies)


def refused(prepared: ck.WhatIf) -> bool:
    """Whether a cycle of one day is refused where settings must have been seen."""
    try:
        prepared.evaluate(FASTEST, strict=True)
    except ck.UsageError:
        return True
    return False


def same(result: Any, again: Any) -> bool:
    """Whether a scenario read back from TOML has the very same figures."""
    one, other = result.table.iloc[0], again.table.iloc[0]
    return bool(all(one[name] == other[name] or (one[name] != one[name] and other[name] != other[name])
                    for name in result.table))  # fmt: skip


def adds_up(result: Any) -> bool:
    """Whether the bars of each waterfall lead from today's value to the one then, to the last digits."""
    for _, bars in result.waterfall.groupby("scenario", sort=False):
        amount = bars["amount"].to_numpy()
        if np.isfinite(amount).all() and abs(amount[:-1].sum() - amount[-1]) > 1e-9 * abs(amount[-1]):
            return False
    return True


class Truth:
    """The same draws under do(...): renewal of the policies in force, and the index of the last year's renewals."""

    def __init__(self, world: str, seed: int, customers: int, prepared: ck.WhatIf) -> None:
        self.world, self.prepared = get_world(world), prepared
        self.book: dict[str, Any] = {"seed": seed, "customers": customers, "window": Window()}
        terms = true_terms(self.world, **self.book)
        level = terms.loc[Reference.of(terms, self.book["window"]).in_force, "satisfaction"].to_numpy()
        shift = index_shift(self.world, level, POINTS)
        self.do = {
            "faster": Do(claim_cycle_days=3.0, **MOTOR),
            "fastest": Do(claim_cycle_days=1.0, **MOTOR),
            "happier": Do(satisfaction=shift),
            "both": Do(satisfaction=shift, claim_cycle_days=3.0, **MOTOR),
        }

    def renewal(self, name: str) -> float:
        """pp of the next renewal of the policies that both know."""
        true = true_values(self.world, **self.book, do=self.do[name], replicates=1)
        keys = self.prepared.policies_.keys
        before = standing_values(true, keys)["s1"]
        moved = true[["policy_id"]].assign(**{f"s{t}": true[f"s{t}_do"] for t in range(1, 6)})
        return float(100 * (standing_values(moved, keys)["s1"] - before).mean())

    def index(self, name: str) -> float:
        """Points of the index of the renewals decided in the last year."""
        terms = true_terms(self.world, **self.book, do=self.do[name])
        due = Reference.of(terms, self.book["window"]).renewals
        satisfied = [norm.cdf((terms[column][due] - self.world.csat_threshold) / answer_noise(self.world)).mean()
                     for column in ("satisfaction", "satisfaction_do")]  # fmt: skip
        return float(100 * (satisfied[1] - satisfied[0]))


def beside(row: pd.Series[Any], truth: Truth, name: str) -> dict[str, Any]:
    """Renewal and index as estimated, with interval, and the truth of what is held against it."""
    renewal = truth.renewal(name) if name in ("faster", "both") else None
    index = truth.index(name) if name == "faster" else None
    return {"renewal": [row["change_pp"], row["change_pp_low"], row["change_pp_high"], renewal],
            "index": [row["index_change"], index], "in_support": row["in_support"],
            "supported": row["supported"]}  # fmt: skip
