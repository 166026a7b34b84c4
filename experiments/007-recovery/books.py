"""One simulated insurer: the effect of satisfaction, its index, its checks and its worth, each beside the truth."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
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
from churnkit.value.economics import margin

CUSTOMERS, YEARS, REPLICATES, HALF_CONTROL, TRUSTED = 20_000, 5, 60, 0.3, "queue_wait"
EFFECT, VALUE, HALF = "effect", "value", "half"
SURVIVAL = [f"s{t}" for t in range(1, YEARS + 1)]
DURATIONS = {"permanent": "do", "one-year": "once"}


def measured(world: str, seed: int, parts: Iterable[str], *, customers: int = CUSTOMERS) -> list[dict[str, Any]]:
    """Simulate a book and measure the parts that are asked for, an answer each.

    ``effect``: effect, checks, verdict and index; ``value``: the elasticity of lifetime value; ``half``: the effect in
    the same world with a negative control of half the strength.
    """
    clock, answers = Clock(), []
    chosen = replace(get_world(world), negative_control=HALF_CONTROL) if HALF in parts else get_world(world)
    with tempfile.TemporaryDirectory() as folder:
        place = ck.simulate_book(folder, customers=customers, seed=seed, world=chosen, truth=False)
        book = ck.open_book(place)
        shared = {"world": world, "seed": seed, "customers": customers, "code": code_state(),
                  "seconds_simulate": clock.lap()}  # fmt: skip
        effect = ck.SatisfactionEffect(random_state=seed).fit(book)
        shared |= {"seconds_effect": clock.lap(), "verdict": effect.verdict.kind}
        if HALF in parts:
            return [{"part": HALF, **shared, "checks": checked(effect)}]
        truth = Truth(world, seed, customers)
        shared["seconds_true_shift"] = clock.lap()
        if EFFECT in parts:
            answers.append({"part": EFFECT, **shared, **effect_beside(effect, truth, clock)})
        if VALUE in parts:
            answers.append({"part": VALUE, **shared, **worth_beside(book, effect, truth, clock)})
    return answers


def code_state() -> str:
    """The version, and a mark that differs if any of the package's files do."""
    root = Path(ck.__file__).parent
    mark = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        mark.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return f"{ck.__version__}-{mark.hexdigest()[:8]}"


class Clock:
    """Seconds of this process's work since it was last asked."""

    def __init__(self) -> None:
        self.at = time.process_time()

    def lap(self) -> float:
        """Return them."""
        before, self.at = self.at, time.process_time()
        return self.at - before


class Truth:
    """What nobody knows of a book: as ``truth/effects.parquet`` and ``values.parquet`` have it, of +1 pp only."""

    def __init__(self, world: str, seed: int, customers: int) -> None:
        self.world = get_world(world)
        self.book: dict[str, Any] = {"seed": seed, "customers": customers, "window": Window()}
        terms = true_terms(self.world, **self.book)
        level = terms.loc[Reference.of(terms, self.book["window"]).in_force, "satisfaction"].to_numpy()
        satisfied = norm.cdf((level - self.world.csat_threshold) / answer_noise(self.world))
        self.index, self.do = float(100 * satisfied.mean()), Do(satisfaction=index_shift(self.world, level, 1.0))

    def per_pp(self) -> float:
        """The effect of +1 pp of satisfaction on renewal, in pp."""
        terms = true_terms(self.world, **self.book, do=self.do)
        due = Reference.of(terms, self.book["window"]).renewals
        return float(100 * (terms["renewal_do"] - terms["renewal"])[due].mean())

    def values(self) -> pd.DataFrame:
        """Chances of being renewed 1 to 5 times, as it is and with +1 pp, held in every year or in the first."""
        return true_values(self.world, **self.book, do=self.do)


def effect_beside(effect: ck.SatisfactionEffect, truth: Truth, clock: Clock) -> dict[str, Any]:
    """The effect as shown, the estimate by shocks whatever the verdict, index and checks, beside the truth."""
    index = ck.SatisfactionIndex().fit(effect.terms_)
    found = {"shown": list(effect.per_pp), **by_shocks(effect), "association": list(effect.association),
             "checks": checked(effect), "index": [index.level, index.low, index.high, index.raw],
             "seconds_index": clock.lap()}  # fmt: skip
    return {**found, "true": truth.per_pp(), "true_index": truth.index, "seconds_truth": clock.lap()}


def by_shocks(effect: ck.SatisfactionEffect) -> dict[str, Any]:
    """In pp per pp: by all shocks in use (``estimate``), by each alone, and as shown if one had been trusted.

    A trusted shock is gone by where the shocks contradict each other; the estimate is then that of the shock alone.
    """
    found, nothing = effect.identified_, [None, None, None]
    if found is None:
        return {"estimate": nothing, "alone": {}, "trusted": nothing}
    shift = effect.latent_.shift_for(1.0, effect.terms_.in_force)
    alone = {name: list(effect.gains_.per_shift(slope, shift))
             for name, slope in zip(found.shocks.names, found.alone, strict=True)}  # fmt: skip
    own = list(effect.gains_.per_shift(found.slope, shift))
    contradict = effect.checks["shocks_agree"].passed is False
    return {"estimate": own, "alone": alone, "trusted": alone.get(TRUSTED, nothing) if contradict else own}


def checked(effect: ck.SatisfactionEffect) -> dict[str, list[Any]]:
    """Of each check: statistic, p and whether it passed."""
    return {check.name: [check.statistic, check.p_value, check.passed] for check in effect.checks}


def worth_beside(book: ck.Book, effect: ck.SatisfactionEffect, truth: Truth, clock: Clock) -> dict[str, Any]:
    """The elasticity of the policies in force, trained and valued as ``churnkit effect`` does, beside the truth."""
    panel = ck.build_panel(book, "renewal", keep_unlabelled=True)
    standing = ck.build_panel(book, "renewal", as_of=book.settings.data_cutoff)
    last = pd.Timestamp(panel.cutoff[panel.y.notna()].max()) - pd.Timedelta(days=365)
    train, _ = panel.split(test_from=last)
    seed, seconds = effect.random_state, {"seconds_panel": clock.lap()}
    model = ck.RenewalModel(random_state=seed).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups,
                                                   features=train.features)  # fmt: skip
    seconds["seconds_model"] = clock.lap()
    value = ck.LifetimeValue(years=YEARS, economics=book, random_state=seed).fit(panel, model, replicates=REPLICATES)
    seconds["seconds_fit"] = clock.lap()
    true = truth.values()
    known = standing.take(standing.keys["policy_id"].isin(true["policy_id"]).to_numpy())
    seconds["seconds_truth"] = clock.lap()
    worth = ck.effect_on_value(effect, value, known, points=(1.0,), replicates=REPLICATES)
    found = dict(elasticities(worth, true_elasticities(value, known, true)))
    return {**found, "policies": len(known), **seconds, "seconds_worth": clock.lap()}


def elasticities(worth: Any, true: Mapping[str, float]) -> Iterator[tuple[str, Any]]:
    """By duration: elasticity, low, high and the truth, in % of lifetime value per pp of satisfaction."""
    for duration in DURATIONS:
        row = worth.at(duration)
        yield duration, [row["value"], row["low"], row["high"], true[duration]]
    yield "renewal", [worth.at("permanent")["renewal"], true["renewal"]]


def true_elasticities(value: ck.LifetimeValue, known: ck.Panel, true: pd.DataFrame) -> dict[str, float]:
    """The same ratios of sums with the true chances, by the same policies and economics; and the pp of renewal.

    Of all it is known that they have not been renewed yet, with +1 pp as without.
    """
    figures = value.economics_.loc[known.keys["line"].astype(str).to_list()]
    premium, growth = known.X["premium"].to_numpy(dtype=float), 1 + figures["premium_growth"].to_numpy()
    yearly = np.column_stack([margin(premium * growth**t, figures) / (1 + value.discount_rate) ** t
                              for t in range(1, value.years + 1)])  # fmt: skip
    before = standing_values(true, known.keys).to_numpy()
    found, rows = {}, ~np.isnan(premium)
    for duration, name in DURATIONS.items():
        moved = true[["policy_id", *(f"{s}_{name}" for s in SURVIVAL)]].set_axis(["policy_id", *SURVIVAL], axis=1)
        after = standing_values(moved, known.keys).to_numpy()
        found[duration] = float(100 * ((yearly * after)[rows].sum() / (yearly * before)[rows].sum() - 1))
        found["renewal"] = float(100 * (after - before)[:, 0].mean())
    return found
