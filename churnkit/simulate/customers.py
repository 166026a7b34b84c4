"""Customers with lasting traits, and the policies they take out."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from churnkit.simulate.service import Floats, Ints
from churnkit.simulate.worlds import World

Bools = npt.NDArray[np.bool_]

LINES = ("motor", "health", "home", "life")
MOTOR, HEALTH, HOME, LIFE = range(4)
LINE_SHARE = np.array([0.55, 0.17, 0.13, 0.15])
REGIONS = ("Beijing", "Chengdu", "Guangzhou", "Hangzhou", "Harbin", "Shanghai", "Wuhan", "Xian")
_REGION_SHARE = np.array([0.15, 0.12, 0.15, 0.12, 0.08, 0.18, 0.1, 0.1])
_REGION_EFFECT = np.array([-0.9, 0.5, -0.4, 0.8, 1.3, -1.2, 0.2, 0.6])  # standardised below
NORTH = np.array([1, 0, 0, 0, 1, 0, 0, 1])
CHANNELS = ("agent", "bank", "online", "phone")
_MEDIAN_PREMIUM = np.array([3200.0, 2400.0, 900.0, 5200.0])  # yuan a year
_SUM_INSURED = np.array([180_000.0, 300_000.0, 800_000.0, 250_000.0])
_MONTHLY_SHARE_OF_LIFE = 0.4
_MAX_ENTRY_LAG = 3 * 365


@dataclass(frozen=True)
class Customers:
    """Customers of one block; arrays of one length. ``loyalty`` and ``style`` are observed by nobody."""

    entry_day: Ints
    birth_year: Ints
    region: Ints
    wealth: Floats
    price_sensitivity: Floats
    loyalty: Floats
    style: Floats
    standing: Floats
    repelled_by_contact: Bools
    death_day: Ints
    female: Bools
    channel: Ints

    def __len__(self) -> int:
        return len(self.entry_day)

    def contact_effect(self) -> Floats:
        """Log-odds of renewal that one outreach contact adds; negative for those whom contact drives away."""
        return np.where(self.repelled_by_contact, -0.5, 0.55)


@dataclass(frozen=True)
class Policies:
    """Policies of one block; ``owner`` is the position of the customer."""

    owner: Ints
    line: Ints
    inception_day: Ints
    monthly: Bools
    base_premium: Floats
    sum_insured: Floats
    autopay: Bools
    channel: Ints
    agent: Ints

    def __len__(self) -> int:
        return len(self.owner)

    def take(self, positions: Ints | Bools) -> Policies:
        """Return the policies at these positions."""
        return Policies(**{f.name: getattr(self, f.name)[positions] for f in fields(self)})


def _standing(age: Floats, region: Ints, wealth: Floats) -> Floats:
    """Combine what is observed of a customer into one standardised score that confounds."""
    effect = _REGION_EFFECT - _REGION_SHARE @ _REGION_EFFECT
    effect = effect / np.sqrt(_REGION_SHARE @ effect**2)
    score: Floats = 0.65 * (age - 44.0) / 12.0 + 0.6 * effect[region] + 0.45 * wealth
    return score


def draw_customers(rng: np.random.Generator, n: int, *, first_day: int, last_day: int) -> Customers:
    """Draw ``n`` customers who enter evenly between two days (days since 1970)."""
    entry = rng.integers(first_day, last_day, n)
    age = np.clip(rng.normal(44.0, 12.0, n), 20, 80)
    region = rng.choice(len(REGIONS), n, p=_REGION_SHARE)
    wealth = rng.standard_normal(n)
    price = rng.standard_normal(n)
    loyalty = rng.standard_normal(n)
    yearly_death = 0.0015 * np.exp(0.05 * (age - 44.0))
    lifetime = rng.exponential(1.0, n) / yearly_death * 365.25
    channel_score = rng.gumbel(size=(n, 4)) + np.array([0.9, 0.1, 0.4, 0.2]) + np.outer(price, [-0.4, -0.2, 0.7, 0.2])
    return Customers(
        entry_day=entry,
        birth_year=(1970 + entry / 365.25 - age).astype(np.int64),
        region=region,
        wealth=wealth,
        price_sensitivity=price,
        loyalty=loyalty,
        style=rng.standard_normal(n),
        standing=_standing(age, region, wealth),
        repelled_by_contact=rng.random(n) < np.where(age < 35, 0.4, 0.14),
        death_day=entry + np.minimum(lifetime, 36500).astype(np.int64),
        female=rng.random(n) < 0.48,
        channel=channel_score.argmax(1),
    )


def draw_policies(rng: np.random.Generator, customers: Customers, world: World) -> Policies:
    """Draw one to three policies of different lines per customer."""
    n = len(customers)
    order = np.argsort(-(np.log(LINE_SHARE) + rng.gumbel(size=(n, 4))), axis=1)
    held = 1 + rng.choice(3, n, p=[0.62, 0.28, 0.10])
    owner = np.repeat(np.arange(n), 3)
    rank = np.tile(np.arange(3), n)
    keep = rank < held[owner]
    lag = np.where(rank == 0, 0, rng.integers(0, _MAX_ENTRY_LAG, len(owner)))
    spread = np.exp(0.35 * rng.standard_normal(len(owner)))
    monthly_draw, autopay_draw = rng.random((2, len(owner)))
    agent = rng.integers(0, 40, len(owner))
    line = order[owner, rank]
    premium = _MEDIAN_PREMIUM[line] * np.exp(0.25 * customers.wealth[owner]) * spread
    autopay_odds = -0.2 + world.negative_control * customers.loyalty[owner]
    made = Policies(
        owner=owner,
        line=line,
        inception_day=customers.entry_day[owner] + lag,
        monthly=(line == LIFE) & (monthly_draw < _MONTHLY_SHARE_OF_LIFE),
        base_premium=np.round(premium, 2),
        sum_insured=np.round(_SUM_INSURED[line] * np.exp(0.4 * customers.wealth[owner]) * np.sqrt(spread), -2),
        autopay=autopay_draw < 1 / (1 + np.exp(-autopay_odds)),
        channel=customers.channel[owner],
        agent=10 * customers.region[owner] + agent % 10,
    )
    return made.take(keep)
