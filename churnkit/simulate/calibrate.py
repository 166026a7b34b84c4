"""Solve a world's intercepts for the industry's published levels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from churnkit.simulate.customers import MOTOR
from churnkit.simulate.endings import LAPSED, RENEWED
from churnkit.simulate.insurer import Block, draw_block, expit
from churnkit.simulate.service import Floats, Ints, Service
from churnkit.simulate.surveys import draw_rounds, response_odds
from churnkit.simulate.window import Window
from churnkit.simulate.worlds import TARGETS, World

_GAP, _HORIZON = 90, 365
_WITHOUT_FAULT = (1,)  # cancelled by the customer: the only mid-term exit that is churn


@dataclass(frozen=True)
class Levels:
    """What a world's book shows over the observed years."""

    renewal: float
    churn: float
    index: float
    raw_index: float
    claim_cycle_days: float
    answer_rate: float


def answer_noise(world: World) -> float:
    """Standard deviation of a CSAT answer around latent satisfaction."""
    return float(np.sqrt(world.survey_noise**2 + world.wave_noise**2 + world.response_style**2))


def index_of(world: World, satisfaction: Floats) -> float:
    """Return the satisfaction index, 0 to 1: share whose CSAT would be 4 or 5."""
    return float(norm.cdf((satisfaction - world.csat_threshold) / answer_noise(world)).mean())


def customer_churn(block: Block, window: Window) -> float:
    """Share of customers in cover at quarter starts who lose all cover for 90 days within the next year."""
    policies = block.policies
    leave = np.full(len(policies), 10**7)
    fault = np.zeros(len(policies), bool)
    for year in block.years:
        gone = year.outcome != RENEWED
        leave[year.position[gone]] = year.ended[gone]
        fault[year.position[gone]] = ~np.isin(year.outcome[gone], (*_WITHOUT_FAULT, LAPSED))
    owner = policies.owner
    shares = []
    for snapshot in range(window.first_day, window.last_day - _HORIZON - _GAP, 91):
        held = (policies.inception_day <= snapshot) & (leave > snapshot)
        starts = np.where(leave > policies.inception_day, policies.inception_day, 10**7)
        in_cover = np.bincount(owner[held], minlength=len(block.customers)) > 0
        begins, blamed = _gap_starts(owner, starts, leave, fault, snapshot, len(block.customers))
        known = in_cover & ~(blamed & begins)
        shares.append((begins & known).sum() / known.sum())
    return float(np.mean(shares))


def _gap_starts(
    owner: Ints, starts: Ints, leave: Ints, fault: np.ndarray, snapshot: int, customers: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return per customer whether a gap begins within the horizon, and whether by death or the insurer's doing."""
    begins, blamed = np.zeros(customers, bool), np.zeros(customers, bool)
    for i in np.flatnonzero((leave > snapshot) & (leave <= snapshot + _HORIZON)):
        mine = np.arange(max(0, int(i) - 2), min(len(owner), int(i) + 3))
        mine = mine[owner[mine] == owner[i]]
        if not np.any((starts[mine] < leave[i] + _GAP) & (leave[mine] > leave[i])):
            begins[owner[i]] = True
            blamed[owner[i]] |= fault[i]
    return begins, blamed


def _blocks(world: World, seed: int, customers: int, window: Window) -> Block:
    service = Service.draw(seed, first_day=window.burn_in_day, days=window.days, lines=4)
    return draw_block(world, service, seed=seed, block=0, size=customers, first_day=window.burn_in_day,
                      last_day=window.last_day)  # fmt: skip


def measure(world: World, *, seed: int = 90210, customers: int = 60_000, window: Window | None = None) -> Levels:
    """Simulate a world and measure the levels that `TARGETS` names."""
    return _measure(world, _blocks(world, seed, customers, window or Window()), window or Window(), seed)[0]


def _measure(world: World, block: Block, window: Window, seed: int) -> tuple[Levels, dict[str, Floats]]:
    renewal, cycles, level, odds, chance, raw = [], [], [], [], [], []
    for k, year in enumerate(block.years):
        seen = (year.end > window.first_day) & (year.end < window.last_day)
        decided = seen & ~year.policies.monthly & np.isin(year.outcome, (LAPSED, RENEWED))
        renewal.append(year.renewal[decided])
        motor = seen[year.claims.policy] & (year.policies.line[year.claims.policy] == MOTOR)
        cycles.append(year.claims.cycle[motor])
        in_force = (year.state.start <= window.last_day) & (year.end > window.last_day)
        level.append(year.satisfaction[in_force])
        rounds = draw_rounds(np.random.default_rng([seed, 4, 0, k]), world, block.customers, year)
        asked = seen[rounds.policy]
        age = rounds.sent / 365.25 + 1970 - block.customers.birth_year[year.policies.owner[rounds.policy]]
        odds.append(response_odds(world, rounds.satisfaction, age)[asked])
        chance.append(rounds.answer_chance[asked])
        raw.append(rounds.score[asked, 0])
    names = ("renewal", "cycles", "level", "odds", "chance", "raw")
    lists = (renewal, cycles, level, odds, chance, raw)
    parts = {name: np.concatenate(values) for name, values in zip(names, lists, strict=True)}
    answered = parts["raw"][~np.isnan(parts["raw"])]
    levels = Levels(
        renewal=float(parts["renewal"].mean()), churn=customer_churn(block, window),
        index=index_of(world, parts["level"]), raw_index=float((answered >= 4).mean()),
        claim_cycle_days=float(parts["cycles"].mean()), answer_rate=float(parts["chance"].mean()),
    )  # fmt: skip
    return levels, parts


def calibrate(world: World, *, seed: int = 90210, customers: int = 60_000, rounds: int = 8) -> World:
    """Return the world with its five intercepts solved for `TARGETS` and its own answer rate.

    Renewal and churn depend on each other, so both are moved together, by damped Newton steps on common draws.
    """
    window = Window()
    for _ in range(rounds):
        block = _blocks(world, seed, customers, window)
        levels, parts = _measure(world, block, window, seed)
        noise = answer_noise(world)
        cut = brentq(lambda t, n=noise, s=parts["level"]: norm.cdf((s - t) / n).mean() - TARGETS["index"], -5, 5)
        rate = world.answer_rate
        answer = brentq(lambda a, o=parts["odds"], r=rate: expit(a + o).mean() - r, -12, 8)
        logit = np.log(TARGETS["renewal"] / (1 - TARGETS["renewal"])) - np.log(levels.renewal / (1 - levels.renewal))
        world = replace(
            world,
            renewal_intercept=round(world.renewal_intercept + 1.1 * float(logit), 5),
            exit_rate=round(max(0.0, world.exit_rate + 1.2 * (TARGETS["churn"] - levels.churn)), 5),
            csat_threshold=round(float(cut), 5),
            claim_days=round(world.claim_days * TARGETS["claim_cycle_days"] / levels.claim_cycle_days, 5),
            answer_intercept=round(float(answer), 5),
        )
    return world
