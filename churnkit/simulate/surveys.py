"""Who is asked, who answers, and what they say; and who complains.

An invitation round asks one to three questions at once. Its answers are ordered cuts of latent satisfaction plus noise
of their own, noise shared within the round, and the customer's style.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnkit.simulate.customers import Bools, Customers
from churnkit.simulate.insurer import Year, expit
from churnkit.simulate.service import Floats, Ints
from churnkit.simulate.worlds import World

CONTACT, CLAIM, YEARLY = range(3)
INSTRUMENTS = ("csat", "nps", "ces")
LOADINGS = np.array([1.0, 0.9, 0.7])
# Cuts relative to the instrument's loading times the CSAT threshold (the cut between CSAT 3 and 4).
_CUTS = (
    np.array([-1.5, -0.9, 0.0, 1.0]),
    np.array([-2.4, -2.0, -1.65, -1.35, -1.05, -0.75, -0.4, 0.05, 0.6, 1.2]),
    np.array([-1.7, -1.2, -0.75, -0.3, 0.2, 0.9]),
)
_LOWEST = (1, 0, 1)
_ASKED = np.array([[1, 0, 1], [1, 1, 1], [1, 1, 0]], bool)  # occasion x instrument


@dataclass(frozen=True)
class Rounds:
    """Invitation rounds of one year; ``score`` is NaN where a question was not answered, ``asked`` where not put."""

    policy: Ints
    occasion: Ints
    event: Ints  # position of the contact or claim behind it, -1 for the yearly round
    sent: Floats  # days
    answered: Floats
    satisfaction: Floats
    answer_chance: Floats
    asked: Bools
    score: Floats


def satisfaction_at(world: World, year: Year, policy: Ints, moment: Floats) -> Floats:
    """Latent satisfaction of policies at moments of their term; constant unless experiences fade."""
    if world.within_term_decay == 0:
        return year.satisfaction[policy]
    marks = year.marks
    order = np.argsort(marks.policy, kind="stable")
    begin = np.searchsorted(marks.policy[order], policy, "left")
    count = np.searchsorted(marks.policy[order], policy, "right") - begin
    row = np.repeat(np.arange(len(policy)), count)
    mark = order[np.repeat(begin - np.cumsum(count) + count, count) + np.arange(count.sum())]
    age = moment[row] - marks.moment[mark]
    effect = np.where(age >= 0, marks.effect[mark] * np.exp(-world.within_term_decay * age / 365.25), 0.0)
    level: Floats = year.base[policy] + np.bincount(row, effect, len(policy))
    return level


def response_odds(world: World, satisfaction: Floats, age: Floats) -> Floats:
    """Log-odds of answering but for the intercept: the unhappy and, less so, the very happy answer more."""
    s = satisfaction - 0.4
    shape = -0.4 * s + 0.14 * s**2 if world.response_shape == "quadratic" else 1.2 * (s < -0.5) + 0.4 * (s > 1.5)
    odds: Floats = world.nonrandom_response * np.minimum(shape, 6.0) + 0.25 * (age - 44) / 12
    return odds


def draw_rounds(rng: np.random.Generator, world: World, customers: Customers, year: Year) -> Rounds:
    """Draw the invitation rounds of one year and their answers."""
    contacts, claims, n = year.contacts, year.claims, len(year.end)
    after_contact = np.flatnonzero(rng.random(len(contacts.policy)) < 0.4)
    after_claim = np.flatnonzero(rng.random(len(claims.policy)) < 0.75)
    yearly = np.flatnonzero(rng.random(n) < 0.8)
    policy = np.concatenate([contacts.policy[after_contact], claims.policy[after_claim], yearly])
    occasion = np.repeat([CONTACT, CLAIM, YEARLY], [len(after_contact), len(after_claim), len(yearly)])
    sent = np.concatenate([
        contacts.day[after_contact] + 1.0,
        claims.day[after_claim] + np.ceil(1.4 * claims.cycle[after_claim]) + 2.0,
        year.state.start[yearly] + rng.integers(20, 331, len(yearly)),
    ])  # fmt: skip
    sent = np.minimum(sent, year.end[policy] - 3.0) + rng.uniform(9, 20, len(policy)) / 24
    event = np.concatenate([after_contact, after_claim, np.full(len(yearly), -1)])
    owner = year.policies.owner[policy]
    level = satisfaction_at(world, year, policy, sent)
    age = sent / 365.25 + 1970 - customers.birth_year[owner]
    chance = expit(world.answer_intercept + response_odds(world, level, age))
    answers = rng.random(len(policy)) < chance
    shared = world.wave_noise * rng.standard_normal(len(policy)) + world.response_style * customers.style[owner]
    own = world.survey_noise * rng.standard_normal((len(policy), 3))
    skipped = rng.random((len(policy), 3)) < np.array([0.0, 0.05, 0.05])
    asked = _ASKED[occasion]
    felt = [LOADINGS[k] * level + shared + own[:, k] for k in range(3)]
    cuts = [LOADINGS[k] * world.csat_threshold + _CUTS[k] for k in range(3)]
    score = np.column_stack([_LOWEST[k] + np.searchsorted(cuts[k], felt[k]) for k in range(3)]).astype(float)
    score[~(answers[:, None] & asked & ~skipped)] = np.nan
    answered = sent + rng.exponential(1.2, len(policy))
    return Rounds(policy, occasion, event, sent, answered, level, chance, asked, score)


@dataclass(frozen=True)
class Complaints:
    """Complaints of one year; they follow from dissatisfaction and cause nothing."""

    policy: Ints
    received: Floats
    decided: Floats
    source: Ints
    category: Ints
    upheld: Floats
    escalates: Bools


def draw_complaints(rng: np.random.Generator, world: World, year: Year) -> Complaints:
    """Draw complaints: the lower satisfaction after the term's experiences, the likelier."""
    chance = expit(-4.0 - 0.9 * year.satisfaction)
    complains, when = rng.random((2, len(year.end)))
    policy = np.flatnonzero(complains < chance)
    n = len(policy)
    length = year.end[policy] - year.state.start[policy]
    received = year.state.start[policy] + 20 + when[policy] * (length - 50) + 0.3
    return Complaints(
        policy=policy,
        received=received,
        decided=received + 2 + rng.gamma(2.0, 5.0, n),
        source=np.searchsorted([0.86, 0.96, 0.99], rng.random(n)),
        category=rng.integers(0, 4, n),
        upheld=rng.random(n),
        escalates=rng.random(n) < 0.12,
    )
