"""A total split among what brought it about: parts that add up, whatever order they are thought of in."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial

from churnkit.effect.scenarios.scenario import Setting

MOST = 6
"""Settings beyond which a total is not split among them: 2 to their number are worked out."""


def attributed(
    settings: tuple[Setting, ...], gain: Callable[[tuple[Setting, ...]], float]
) -> tuple[tuple[str, float], ...]:
    """Split the gain of all settings by Shapley's average over the orders in which they may be set [1]_.

    Parameters
    ----------
    settings : tuple of Setting
    gain : function of some of the settings, 0 for none

    Returns
    -------
    tuple of (name, part); the parts add up to the gain of all

    References
    ----------
    .. [1] Shapley (1953), A value for n-person games, Contributions to the Theory of Games 2.

    Examples
    --------
    >>> one, other = Setting("satisfaction", None, 1.0), Setting("wait_minutes", 1.0, None)
    >>> attributed((one, other), lambda some: {0: 0.0, 1: 4.0, 2: 6.0}[len(some)])
    (('satisfaction by +1', 3.0), ('wait_minutes to 1', 3.0))
    """
    n = len(settings)
    gains = {chosen: gain(tuple(settings[k] for k in chosen))
             for size in range(n + 1) for chosen in combinations(range(n), size)}  # fmt: skip
    return tuple((settings[k].name, _part(gains, k, n)) for k in range(n))


def _part(gains: dict[tuple[int, ...], float], player: int, n: int) -> float:
    total = 0.0
    for chosen, gain in gains.items():
        if player not in chosen:
            share = factorial(len(chosen)) * factorial(n - len(chosen) - 1) / factorial(n)
            total += share * (gains[tuple(sorted((*chosen, player)))] - gain)
    return total
