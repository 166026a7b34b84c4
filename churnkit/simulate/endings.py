"""How a term ends: renewed early, in time or late, lapsed, or ended by something else first."""

from __future__ import annotations

import numpy as np

from churnkit.simulate.customers import Bools
from churnkit.simulate.experiences import Claims
from churnkit.simulate.service import Floats, Ints

NONE, CANCELLED, TOTAL_LOSS, DEATH, FREE_LOOK, DECLINED, LAPSED, RENEWED = range(8)
DECLINE_DAYS_BEFORE, ASSIGN_DAYS_BEFORE = 35, 40
CANCEL_FROM, CANCEL_TO = 15, 350  # days into the term between which customers cancel
_NEVER = 10**7


def one_year_later(day: Ints) -> Ints:
    """Same date a year on (29 February becomes 28)."""
    dates = day.astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    into = (dates - month).astype(np.int64)
    target = month + 12
    length = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64)
    later: Ints = (target.astype("datetime64[D]") + np.minimum(into, length - 1)).astype(np.int64)
    return later


def issue_days(rng: np.random.Generator, n: int) -> Ints:
    """Days before the end on which a renewal is bound: 12 % early, 10 % late but within grace."""
    kind, early, usual, late = (
        rng.random(n), rng.integers(31, 59, n), rng.integers(1, 31, n), -rng.integers(1, 21, n),
    )  # fmt: skip
    return np.where(kind < 0.12, early, np.where(kind < 0.90, usual, late))


def issued_within(days: float) -> float:
    """P(a renewal is bound at or after ``days`` before the end): what is left of the renewers at that lead."""
    early = 0.12 * np.clip((days - 30) / 28, 0, 1)
    usual = 0.78 * np.clip(days / 30, 0, 1)
    return float(0.10 + early + usual)


def exits(
    claims: Claims, draws: Floats, *, start: Ints, end: Ints, years: Ints, monthly: Bools, cancel: Floats, death: Ints
) -> tuple[Ints, Ints]:
    """Return how and when each policy leaves during the term: whatever comes first, ``NONE`` if nothing does."""
    n = len(start)
    cancelled = start + CANCEL_FROM + (draws[1] * (CANCEL_TO - CANCEL_FROM)).astype(np.int64)
    loss = np.full(n, _NEVER)
    hit = claims.total_loss
    np.minimum.at(loss, claims.policy[hit], claims.day[hit] + np.ceil(1.4 * claims.cycle[hit]).astype(np.int64))
    free = start + 1 + (draws[3] * 9).astype(np.int64)
    declines = (draws[4] < decline_chance(claims, n)) & ~monthly
    # in the order CANCELLED, TOTAL_LOSS, DEATH, FREE_LOOK, DECLINED
    days = np.stack([
        np.where(draws[0] < cancel, cancelled, _NEVER), loss, death,
        np.where((years == 0) & (draws[2] < 0.012), free, _NEVER), np.where(declines, end, _NEVER),
    ])  # fmt: skip
    first = days.argmin(0)
    when = days[first, np.arange(n)]
    leaves = (when < end) | ((first == DECLINED - 1) & (when == end))
    return np.where(leaves, first + 1, NONE), np.where(leaves, when, end)


def decline_chance(claims: Claims, policies: int) -> Floats:
    """Chance that the insurer declines to renew: higher after two claims in a term."""
    many = np.bincount(claims.policy, minlength=policies) >= 2
    return np.where(many, 0.038, 0.008)
