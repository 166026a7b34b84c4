"""The insurer's service, shared by all customers: waiting by queue and hour, claim handlers' load by week.

These are the shocks: they vary for reasons that have nothing to do with the customer who meets them, once region,
season and line are held fixed. Every block of customers meets the same service, so a book streams block by block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

QUEUES = ("general_north", "general_south", "claims_north", "claims_south", "health", "life")
HANDLERS_PER_LINE = 12
MEAN_LOAD = 14.0
MEAN_WAIT = 90.0
_HOUR_EFFECT = np.array([0.1, 0.3, 0.25, 0.0, -0.3, -0.1, 0.15, 0.25, 0.1, -0.25])  # from 9 to 18 o'clock


def _autoregressive(rng: np.random.Generator, shape: tuple[int, int], *, persistence: float, sd: float) -> Floats:
    noise = rng.standard_normal(shape) * sd * np.sqrt(1 - persistence**2)
    state = np.empty(shape)
    state[:, 0] = rng.standard_normal(shape[0]) * sd
    for t in range(1, shape[1]):
        state[:, t] = persistence * state[:, t - 1] + noise[:, t]
    return state


@dataclass(frozen=True)
class Service:
    """Queues and handlers over the whole simulated time.

    ``queue_state`` has shape (queues, half-days), ``handler_state`` (handlers, weeks), both on the log scale.
    """

    first_day: int
    queue_state: Floats
    handler_state: Floats

    @classmethod
    def draw(cls, seed: int, *, first_day: int, days: int, lines: int) -> Service:
        """Draw the service of one insurer for ``days`` days from ``first_day`` (days since 1970)."""
        rng = np.random.default_rng([seed, 77])
        return cls(
            first_day=first_day,
            queue_state=_autoregressive(rng, (len(QUEUES), 2 * days), persistence=0.6, sd=0.75),
            handler_state=_autoregressive(rng, (lines * HANDLERS_PER_LINE, days // 7 + 2), persistence=0.85, sd=0.55),
        )

    def mean_wait(self, queue: Ints, day: Ints, hour: Ints) -> Floats:
        """Expected waiting, in seconds, in a queue at an hour (0 = 9 o'clock) of a day."""
        halfday = 2 * (day - self.first_day) + (hour >= 4)
        season = 0.2 * np.cos(2 * np.pi * (day % 365) / 365.25)
        monday = 0.2 * ((day + 3) % 7 == 0)
        level: Floats = np.log(MEAN_WAIT) - 0.28 + _HOUR_EFFECT[hour] + season + monday
        waits: Floats = np.exp(level + self.queue_state[queue, halfday])
        return waits

    def open_claims(self, handler: Ints, day: Ints) -> Floats:
        """Expected number of open claims of a handler in the week of a day."""
        load: Floats = MEAN_LOAD * np.exp(self.handler_state[handler, (day - self.first_day) // 7] - 0.15)
        return load
