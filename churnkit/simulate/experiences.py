"""What happens to a policy within one term: contacts that wait and are or are not resolved, claims that take time.

Arrays of events carry ``policy``, the position of the policy in the year's arrays. Nothing that an intervention changes
decides how many random numbers are drawn, so the same customers can be drawn again under do(...).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnkit.simulate.customers import HEALTH, HOME, LIFE, MOTOR, NORTH, Bools
from churnkit.simulate.service import HANDLERS_PER_LINE, MEAN_LOAD, MEAN_WAIT, Floats, Ints, Service
from churnkit.simulate.worlds import World

CLAIMS_PER_YEAR = np.array([0.30, 0.40, 0.10, 0.05])
_MEDIAN_CLAIM = np.array([4200.0, 1800.0, 3000.0, 9000.0])
_RELATIVE_CYCLE = np.array([1.0, 0.7, 1.4, 1.8])  # against motor
RESOLVED_SHARE = 0.68
_TOTAL_LOSS = np.array([0.02, 0.0, 0.004, 0.0])
LAST_CLAIM_DAY, LAST_CONTACT_DAY = 300, 335  # experiences end before the offer decides
TOPICS = ("billing", "claim", "cover", "other")
CONTACT_CHANNELS = ("phone", "chat", "branch")


@dataclass(frozen=True)
class Claims:
    """Claims of one year of policies; ``cycle`` in working days from reported to paid."""

    policy: Ints
    day: Ints
    second: Ints
    severity: Floats
    handler: Ints
    handler_load: Ints
    cycle: Floats
    denied: Bools
    total_loss: Bools
    paid_share: Floats
    injury: Bools


@dataclass(frozen=True)
class Contacts:
    """Contacts begun by customers; ``wait`` and ``queue_mean`` in seconds, NaN where nobody queues."""

    policy: Ints
    day: Ints
    second: Ints
    topic: Ints
    channel: Ints
    queue: Ints
    wait: Floats
    queue_mean: Floats
    handle: Floats
    resolved: Bools
    resolved_draw: Floats
    repeat_after: Ints
    repeat_resolved: Bools
    transfers: Ints

    @property
    def waits(self) -> Bools:
        """Whether the contact stood in a queue."""
        return self.channel < 2


def draw_claims(
    rng: np.random.Generator, service: Service, world: World, *, line: Ints, start: Ints, risk: Floats
) -> Claims:
    """Draw the claims of one term per policy; ``risk`` multiplies the line's frequency."""
    count = np.minimum(rng.poisson(CLAIMS_PER_YEAR[line] * risk), 3)
    policy = np.repeat(np.arange(len(line)), count)
    n, of_line = len(policy), line[policy]
    day = start[policy] + rng.integers(0, LAST_CLAIM_DAY, n)
    severity = np.exp(0.9 * rng.standard_normal(n))
    handler = of_line * HANDLERS_PER_LINE + rng.integers(0, HANDLERS_PER_LINE, n)
    load = rng.poisson(service.open_claims(handler, day))
    pace = (np.maximum(load, 1) / MEAN_LOAD) ** 0.6 * severity**0.1 * np.exp(0.28 * rng.standard_normal(n))
    denied_draw, loss_draw, share_draw, injury_draw = rng.random((4, n))
    return Claims(
        policy=policy,
        day=day,
        second=rng.integers(8 * 3600, 20 * 3600, n),
        severity=np.round(_MEDIAN_CLAIM[of_line] * severity, 2),
        handler=handler,
        handler_load=load,
        cycle=np.maximum(world.claim_days * _RELATIVE_CYCLE[of_line] * pace, 0.3),
        denied=denied_draw < 0.06,
        total_loss=loss_draw < _TOTAL_LOSS[of_line],
        paid_share=np.where(share_draw < 0.2, 0.7, 1.0),
        injury=(of_line == MOTOR) & (injury_draw < 0.03),
    )


def _queue(topic: Ints, line: Ints, region: Ints) -> Ints:
    general = np.where(NORTH[region] == 1, 0, 1) + np.where(topic == 1, 2, 0)
    return np.where(line == HEALTH, 4, np.where(line == LIFE, 5, general))


def draw_contacts(
    rng: np.random.Generator, service: Service, *, line: Ints, start: Ints, region: Ints, claims: Claims
) -> Contacts:
    """Draw the contacts of one term per policy; claims bring contacts of their own."""
    claimed = np.bincount(claims.policy, minlength=len(line))
    count = np.minimum(rng.poisson(0.85 + 0.8 * claimed + 0.15 * (line == HOME)), 8)
    policy = np.repeat(np.arange(len(line)), count)
    n = len(policy)
    day = start[policy] + rng.integers(0, LAST_CONTACT_DAY, n)
    hour = rng.choice(10, n, p=[0.1, 0.16, 0.13, 0.08, 0.06, 0.09, 0.13, 0.12, 0.08, 0.05])
    topic = np.where(rng.random(n) < 0.5 * (claimed[policy] > 0), 1, rng.choice([0, 2, 3], n, p=[0.35, 0.4, 0.25]))
    channel = rng.choice(3, n, p=[0.68, 0.2, 0.12])
    queue = _queue(topic, line[policy], region[policy])
    mean = service.mean_wait(queue, day, hour) * np.where(channel == 1, 0.5, 1.0)
    own = mean * rng.gamma(2.0, 0.5, n)
    others = mean * np.exp(0.08 * rng.standard_normal(n))
    resolved_draw, repeat_draw, again_draw = rng.random((3, n))
    queued = channel < 2
    return Contacts(
        policy=policy,
        day=day,
        second=(9 + hour) * 3600 + rng.integers(0, 3600, n),
        topic=topic,
        channel=channel,
        queue=queue,
        wait=np.where(queued, np.round(np.maximum(own, 1.0)), np.nan),
        queue_mean=np.where(queued, np.round(others, 1), np.nan),
        handle=np.round(rng.gamma(3.0, 110.0, n)),
        resolved=resolved_draw < RESOLVED_SHARE,
        resolved_draw=resolved_draw,
        repeat_after=np.where(repeat_draw < 0.7, rng.integers(1, 7, n), 0),
        repeat_resolved=again_draw < 0.75,
        transfers=rng.poisson(0.2, n),
    )


@dataclass(frozen=True)
class Marks:
    """What the events of a term leave on satisfaction: one row an event, with the moment and its share."""

    policy: Ints
    moment: Floats
    effect: Floats


WAIT_EFFECT, UNRESOLVED_EFFECT, DELAY_EFFECT, DENIAL_EFFECT = -0.45, -0.6, -0.9, -0.5


def _mean_weight(policy: Ints, counts: Bools, policies: int) -> Floats:
    total = np.bincount(policy[counts], minlength=policies)
    weight: Floats = counts / np.maximum(total[policy], 1)
    return weight


def delay_of(claims: Claims, line: Ints, cycle: Floats) -> Floats:
    """Log delay of each claim against what its line is used to (5 working days in motor)."""
    delay: Floats = np.log(cycle / (5.0 * _RELATIVE_CYCLE[line[claims.policy]]))
    return delay


def marks_of(claims: Claims, contacts: Contacts, *, line: Ints, cycle: Floats, resolved: Bools) -> Marks:
    """Return the marks that contacts and claims leave; means over the contacts, and over the claims, of a term."""
    n = len(line)
    queued = contacts.waits
    waited = np.log(np.where(queued, contacts.wait, MEAN_WAIT) / MEAN_WAIT) * _mean_weight(contacts.policy, queued, n)
    everyone = np.ones(len(contacts.policy), bool)
    unresolved = (RESOLVED_SHARE - resolved) * _mean_weight(contacts.policy, everyone, n)
    weight = _mean_weight(claims.policy, np.ones(len(claims.policy), bool), n)
    of_claims = (DELAY_EFFECT * delay_of(claims, line, cycle) + DENIAL_EFFECT * claims.denied) * weight
    return Marks(
        policy=np.concatenate([contacts.policy, claims.policy]),
        moment=np.concatenate([contacts.day + contacts.second / 86400, claims.day + 1.4 * cycle]),
        effect=np.concatenate([WAIT_EFFECT * waited + UNRESOLVED_EFFECT * unresolved, of_claims]),
    )
