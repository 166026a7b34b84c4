"""Whether an uplift ranks: the Qini curve, its coefficient with interval, and what policies are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import UsageError

Vector = npt.NDArray[np.float64]
DRAWS, POINTS = 300, 100


@dataclass(frozen=True)
class Qini:
    """How well an uplift ranks those whom a contact changes.

    Attributes
    ----------
    curve : DataFrame with share (contacted, best first), gained (renewals per customer of all) and random (the same
        share contacted at random)
    coefficient, low, high : float, area between the two, with its 95 % interval
    """

    curve: pd.DataFrame
    coefficient: float
    low: float
    high: float


def qini(
    uplift: Any, treated: Any, y: Any, *, expected: Any = 0.0, groups: Any = None, draws: int = DRAWS,
    random_state: int = 0,
) -> Qini:  # fmt: skip
    """Rank by an uplift that did not see these outcomes, and add up what contacting the best first gains.

    With the share e contacted at random, ``(y - b)(w / e - (1 - w) / (1 - e))`` has the uplift as its mean, for any b
    known before; the curve is its running mean, best first. Intervals draw rows, or groups of rows, with replacement.

    Parameters
    ----------
    uplift : array of shape (n_rows,)
    treated : array of bool of shape (n_rows,)
    y : array of shape (n_rows,)
    expected : array or float, chance of renewal known before; takes noise out
    groups : array of shape (n_rows,), optional, customers, if one may have several rows
    draws : int, for the interval
    random_state : int

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, w = rng.uniform(-0.4, 0.4, 3000), rng.random(3000) < 0.5
    >>> y = rng.random(3000) < 0.5 + x * w
    >>> found = qini(x, w, y)
    >>> found.low > 0, bool(qini(-x, w, y).high < 0)
    (True, True)
    """
    changed = _changed(treated, y, expected)
    order = np.argsort(-np.asarray(uplift, dtype=np.float64), kind="stable")
    rng = np.random.default_rng([random_state, 33])
    areas, who = np.empty(draws), np.arange(len(order)) if groups is None else pd.factorize(np.asarray(groups))[0]
    size = int(who.max(initial=-1)) + 1
    for k in range(draws):
        many = rng.multinomial(size, np.full(size, 1 / size))[who]
        areas[k] = _area(changed[order], many[order].astype(np.float64))
    gained = np.r_[0.0, changed[order].cumsum()] / len(order)
    at = np.unique(np.linspace(0, len(order), POINTS + 1).astype(int))
    curve = pd.DataFrame({"share": at / len(order), "gained": gained[at], "random": at / len(order) * gained[-1]})
    low, high = np.quantile(areas, (0.025, 0.975))
    return Qini(curve, _area(changed[order], np.ones(len(order))), float(low), float(high))


def _area(changed: Vector, many: Vector) -> float:
    """Area between the curve and the straight line, each row counted `many` times."""
    total = many.sum()
    gained, share = np.cumsum(changed * many) / total, np.cumsum(many) / total
    return float(((gained - share * gained[-1]) * many).sum() / total)


def _changed(treated: Any, y: Any, expected: Any) -> Vector:
    arm, label = np.asarray(treated, dtype=bool), np.asarray(y, dtype=np.float64)
    share = arm.mean()
    if not 0 < share < 1 or len(arm) != len(label):
        raise UsageError("An experiment has rows in both arms.", found=f"{int(arm.sum())} of {len(arm)} contacted")
    return np.asarray((label - expected) * np.where(arm, 1 / share, -1 / (1 - share)), dtype=np.float64)


def policy_values(
    rankings: Mapping[str, Any], treated: Any, y: Any, *, gain: Any, cost: float, shares: tuple[float, ...],
    expected: Any = 0.0,
) -> pd.DataFrame:  # fmt: skip
    """Estimate, on an experiment, what it is worth to contact the best by several rankings.

    Parameters
    ----------
    rankings : mapping of a policy's name to an array of shape (n_rows,), larger first
    treated, y, expected : as :func:`qini` takes them
    gain : array of shape (n_rows,), currency that a renewal is worth
    cost : float, currency per contact
    shares : shares of the customers contacted

    Returns
    -------
    DataFrame indexed by (policy, share): contacts, value per contact (currency, net), low, high (95 %)

    Examples
    --------
    >>> x, w = np.tile([-1.0, 1.0], 50), np.arange(100) % 4 < 2
    >>> table = policy_values({"x": x, "reverse": -x}, w, (x > 0) & w, gain=np.full(100, 10.0), cost=1.0, shares=(0.5,))
    >>> table["value"].round(1).tolist()
    [9.0, -1.0]
    """
    worth = _changed(treated, y, expected) * np.asarray(gain, dtype=np.float64) - cost
    rows: dict[tuple[str, float], Any] = {}
    for name, ranking in rankings.items():
        order = np.argsort(-np.asarray(ranking, dtype=np.float64), kind="stable")
        for share in shares:
            mine = worth[order[: max(2, round(share * len(order)))]]
            half = 1.96 * float(mine.std(ddof=1)) / np.sqrt(len(mine))
            rows[name, share] = (len(mine), float(mine.mean()), float(mine.mean()) - half, float(mine.mean()) + half)
    index = pd.MultiIndex.from_tuples(rows, names=["policy", "share"])
    return pd.DataFrame(list(rows.values()), index=index, columns=["contacts", "value", "low", "high"])
