"""One year of policies after the other: experiences, satisfaction, price, exits, renewal.

The equations, for policy p in term t (all arrays run over the policies still in force):

``S = mean + D``, ``mean = 0.4 conf standing + 0.5 trait loyalty + line``,
``D = 0.6 D[t-1] + marks of this term's experiences + innovation``,
``logit P(renew) = intercept + line + b_line (1 - exp(-0.2 S)) / 0.2 - (3 + sensitivity) price change + 0.35 standing
+ 0.6 trait loyalty + 0.15 log(1 + years) + competitor's offer + contact - direct delay``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from churnkit.simulate.customers import LINES, Bools, Customers, Policies, draw_customers, draw_policies
from churnkit.simulate.endings import LAPSED, NONE, RENEWED, exits, issue_days, one_year_later
from churnkit.simulate.experiences import Claims, Contacts, Marks, delay_of, draw_claims, draw_contacts, marks_of
from churnkit.simulate.service import Floats, Ints, Service
from churnkit.simulate.worlds import World

SATISFACTION_SLOPE = np.array([0.60, 0.55, 0.50, 0.50])
_LINE_INTERCEPT = np.array([0.0, 0.2, 0.35, 0.4])
_LINE_MEAN = np.array([-0.05, 0.0, 0.1, 0.05])
_CURVATURE = 0.2
PERSISTENCE, INNOVATION = 0.6, 0.6
_CANCEL_BY_LINE = np.array([1.2, 0.8, 0.8, 0.7])


@dataclass(frozen=True)
class Do:
    """An intervention: what is set, in the terms that are looked at, everything before left as it was.

    ``satisfaction`` shifts latent satisfaction; ``claim_cycle_days`` sets every claim's cycle (working days, of
    ``line`` only if given); ``first_contact_resolution`` sets the share of contacts resolved; ``contact`` sets the
    outreach contact of everybody.
    """

    satisfaction: float = 0.0
    claim_cycle_days: float | None = None
    line: str | None = None
    first_contact_resolution: float | None = None
    contact: bool | None = None


AS_IT_WAS = Do()


@dataclass(frozen=True)
class State:
    """Where each policy in force stands at the start of a term."""

    start: Ints
    deviation: Floats
    premium: Floats
    years: Ints

    def take(self, positions: Ints | Bools) -> State:
        """Return the state of the policies at these positions."""
        return State(**{f.name: getattr(self, f.name)[positions] for f in fields(self)})


@dataclass(frozen=True)
class Year:
    """One term of each policy: what happened, and the truth behind it."""

    policies: Policies
    position: Ints  # of each policy in its block
    state: State
    end: Ints
    claims: Claims
    contacts: Contacts
    marks: Marks
    base: Floats  # satisfaction without this term's marks
    satisfaction: Floats  # at the end of the term
    price_change: Floats
    renewal: Floats  # P(renew | no other exit)
    renewal_do: Floats  # the same under do(...)
    satisfaction_do: Floats
    cancel: Floats  # P(mid-term cancellation in this term)
    outcome: Ints
    ended: Ints
    issue_before: Ints  # days before the end on which the successor is bound; negative: after it
    lapse_month: Ints
    assigned: Bools
    treated: Bools
    offer_before: Ints
    next_start: Ints

    def next_state(self, mean: Floats) -> State:
        """Return the state at the start of the next term."""
        premium = np.round(self.state.premium * np.exp(self.price_change), 2)
        return State(self.next_start, self.satisfaction - mean, premium, self.state.years + 1)


def expit(x: Floats) -> Floats:
    """Logistic function."""
    p: Floats = 1.0 / (1.0 + np.exp(-x))
    return p


def concave(satisfaction: Floats) -> Floats:
    """Satisfaction as renewal feels it: losses weigh more than gains."""
    felt: Floats = (1.0 - np.exp(-_CURVATURE * satisfaction)) / _CURVATURE
    return felt


def lasting_mean(world: World, customers: Customers, policies: Policies) -> Floats:
    """Lasting level of satisfaction of each policy's owner."""
    owner = policies.owner
    mean: Floats = (
        0.4 * world.observed_confounding * customers.standing[owner]
        + 0.5 * world.latent_trait * customers.loyalty[owner]
        + _LINE_MEAN[policies.line]
    )
    return mean


def faded(world: World, marks: Marks, at: Floats, policies: int) -> Floats:
    """Sum of the marks per policy as they weigh at moment ``at`` (days): whole, unless experiences fade."""
    effect = marks.effect
    if world.within_term_decay > 0:
        age = at[marks.policy] - marks.moment
        effect = np.where(age >= 0, effect * np.exp(-world.within_term_decay * age / 365.25), 0.0)
    return np.bincount(marks.policy, weights=effect, minlength=policies).astype(np.float64)


@dataclass(frozen=True)
class _Outlook:
    """All that renewal depends on in one term, so that it can be asked again under do(...)."""

    world: World
    customers: Customers
    policies: Policies
    claims: Claims
    contacts: Contacts
    base: Floats
    end: Ints
    price: Floats
    years: Ints
    competitor: Floats

    def under(self, do: Do, treated: Bools) -> tuple[Marks, Floats, Floats]:
        """Return the marks, satisfaction at the end of the term, and the probability of renewal."""
        n, line = len(self.policies), self.policies.line
        cycle, resolved = self._experiences(do)
        contacted = treated if do.contact is None else np.full(n, do.contact)
        marks = marks_of(self.claims, self.contacts, line=line, cycle=cycle, resolved=resolved)
        satisfaction = self.base + do.satisfaction + faded(self.world, marks, self.end.astype(float), n)
        claimed = np.maximum(np.bincount(self.claims.policy, minlength=n), 1)
        delay = np.bincount(self.claims.policy, delay_of(self.claims, line, cycle), n) / claimed
        return marks, satisfaction, expit(self._log_odds(satisfaction, contacted, delay))

    def _experiences(self, do: Do) -> tuple[Floats, Bools]:
        cycle, resolved = self.claims.cycle, self.contacts.resolved
        if do.claim_cycle_days is not None:
            chosen = np.full(len(cycle), True)
            if do.line is not None:
                chosen = self.policies.line[self.claims.policy] == LINES.index(do.line)
            cycle = np.where(chosen, do.claim_cycle_days, cycle)
        if do.first_contact_resolution is not None:
            resolved = self.contacts.resolved_draw < do.first_contact_resolution
        return cycle, resolved

    def _log_odds(self, satisfaction: Floats, contacted: Bools, delay: Floats) -> Floats:
        world, customers, owner, line = self.world, self.customers, self.policies.owner, self.policies.line
        odds: Floats = (
            world.renewal_intercept
            + _LINE_INTERCEPT[line]
            + SATISFACTION_SLOPE[line] * concave(satisfaction)
            - (3.0 + customers.price_sensitivity[owner]) * self.price
            + 0.35 * customers.standing[owner]
            + 0.6 * world.latent_trait * customers.loyalty[owner]
            + 0.15 * np.log1p(self.years)
            + 0.4 * self.competitor
            + customers.contact_effect()[owner] * contacted
            - world.direct_delay_effect * delay
        )
        return odds


def _innovation(rng: np.random.Generator, world: World, n: int) -> Floats:
    normal, gamma = rng.standard_normal(n), rng.gamma(1.5, 1.0, n)
    return INNOVATION * (-(gamma - 1.5) / np.sqrt(1.5) if world.skewed_satisfaction else normal)


def policy_year(
    world: World, service: Service, rng: np.random.Generator, *, customers: Customers, policies: Policies,
    position: Ints, state: State, pilot: tuple[int, int], do: Do = AS_IT_WAS,
) -> Year:  # fmt: skip
    """Draw one term of every policy; ``pilot`` are the first and last day on which outreach is tried at random."""
    n, owner, line = len(policies), policies.owner, policies.line
    start, end = state.start, one_year_later(state.start)
    risk = np.exp(-0.12 * customers.standing[owner])
    claims = draw_claims(rng, service, world, line=line, start=start, risk=risk)
    contacts = draw_contacts(rng, service, line=line, start=start, region=customers.region[owner], claims=claims)
    base = lasting_mean(world, customers, policies) + PERSISTENCE * state.deviation + _innovation(rng, world, n)
    price_noise, competitor = rng.standard_normal((2, n))
    draws = rng.random((8, n))
    issue, offer_before = issue_days(rng, n), rng.integers(28, 34, n)

    claimed = np.bincount(claims.policy, minlength=n)
    price = np.clip(0.03 + 0.07 * price_noise + 0.08 * np.minimum(claimed, 2), -0.2, 0.5)
    assigned = (draws[5] < 0.06) & ~policies.monthly & (end > pilot[0]) & (end < pilot[1]) & (issue <= 30)
    treated = assigned & (draws[6] < 0.8)
    outlook = _Outlook(world, customers, policies, claims, contacts, base, end, price, state.years, competitor)
    marks, satisfaction, renewal = outlook.under(AS_IT_WAS, treated)
    _, satisfaction_do, renewal_do = outlook.under(do, treated)
    cancel = np.where(policies.monthly, 0.0, world.exit_rate * _CANCEL_BY_LINE[line]
                      * np.exp(0.3 * customers.price_sensitivity[owner]))  # fmt: skip
    outcome, ended = exits(claims, draws, start=start, end=end, years=state.years, monthly=policies.monthly,
                           cancel=cancel, death=customers.death_day[owner])  # fmt: skip
    # A monthly product is renewed month by month: the same yearly probability, spread evenly over twelve decisions.
    monthly_lapse = np.ceil(12 * np.log(draws[7]) / np.log(renewal))
    lapse_month = np.where(policies.monthly, monthly_lapse, np.where(draws[7] < renewal, 13, 12))
    outcome = np.where(outcome != NONE, outcome, np.where(lapse_month > 12, RENEWED, LAPSED))
    month_end = start + np.round(np.clip(lapse_month, 1, 12) / 12 * (end - start)).astype(np.int64)
    ended = np.where((outcome == LAPSED) & policies.monthly, month_end, ended)
    late = (outcome == RENEWED) & (issue < 0) & ~policies.monthly
    return Year(
        policies=policies, position=position, state=state, end=end, claims=claims, contacts=contacts, marks=marks,
        base=base, satisfaction=satisfaction, price_change=price, renewal=renewal, renewal_do=renewal_do,
        satisfaction_do=satisfaction_do, cancel=cancel, outcome=outcome, ended=ended, issue_before=issue,
        lapse_month=np.minimum(lapse_month, 13).astype(np.int64), assigned=assigned, treated=treated,
        offer_before=offer_before, next_start=np.where(late, end - issue, end),
    )  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One block of customers with its policies and their terms, burn-in included."""

    customers: Customers
    policies: Policies
    years: list[Year]


def draw_block(
    world: World,
    service: Service,
    *,
    seed: int,
    block: int,
    size: int,
    first_day: int,
    last_day: int,
    do: Do = AS_IT_WAS,
) -> Block:
    """Draw ``size`` customers who enter between two days, and all their terms that start before the last day."""
    rng = np.random.default_rng([seed, 1, block])
    customers = draw_customers(rng, size, first_day=first_day, last_day=last_day)
    policies = draw_policies(rng, customers, world)
    return Block(customers, policies, list(_years(world, service, customers, policies, seed=seed, block=block,
                                                  last_day=last_day, do=do)))  # fmt: skip


def _years(
    world: World, service: Service, customers: Customers, policies: Policies, *, seed: int, block: int, last_day: int,
    do: Do,
) -> Iterator[Year]:  # fmt: skip
    n = len(policies)
    rng = np.random.default_rng([seed, 2, block])
    spread = INNOVATION / np.sqrt(1 - PERSISTENCE**2)
    state = State(policies.inception_day, spread * rng.standard_normal(n), policies.base_premium, np.zeros(n, np.int64))
    position = np.arange(n)
    pilot = (last_day - 3 * 365, last_day)
    for k in range(100):
        active = (state.start < last_day) & (customers.death_day[policies.owner[position]] > state.start)
        position, state = position[active], state.take(active)
        if len(position) == 0:
            return
        rng = np.random.default_rng([seed, 3, block, k])
        year = policy_year(world, service, rng, customers=customers, policies=policies.take(position),
                           position=position, state=state, pilot=pilot, do=do)  # fmt: skip
        yield year
        stays = year.outcome == RENEWED
        state = year.next_state(lasting_mean(world, customers, year.policies)).take(stays)
        position = position[stays]
