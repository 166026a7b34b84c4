"""Greedy choice under capacity, caps and budget: best first, each taken if every limit still has room for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.retain.rules import Rules

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
TAKEN = ""
FULL, MONEY, HOUSEHOLD = "capacity", "budget", "household"


class Limits:
    """Room that is left while customers are taken, in the order in which they come.

    Held customers take no room, and are taken if there is room for them at that moment: they are who would have been
    listed by the same rule.
    """

    def __init__(self, people: pd.DataFrame, rules: Rules) -> None:
        self.capacity, self.budget = rules.capacity, rules.budget
        self.money = np.inf if rules.budget is None else float(rules.budget)
        self.cost: list[float] = people["cost"].tolist()
        self.held: list[bool] = people["held"].tolist()
        self.home: list[int] = pd.factorize(people["household_id"])[0].tolist()
        self.per_household = rules.per_household
        self.at_home: dict[int, int] = dict(zip(self.home, people["at_home"].tolist(), strict=True))
        self.groups: dict[str, tuple[list[int], list[float]]] = {}
        for name, cap in rules.caps.items():
            codes, values = pd.factorize(people[name], use_na_sentinel=False)
            room = [cap.get(str(value), np.inf) if isinstance(cap, Mapping) else (cap if value == value else np.inf)
                    for value in values]  # fmt: skip
            self.groups[name] = (codes.tolist(), [float(each) for each in room])

    def take(self, order: Sequence[int], many: int) -> dict[int, str]:
        """Go through customers in an order until `many` are taken; say of each whom it passed: TAKEN, or what was full.

        Whoever comes after the last one taken is not in the answer.
        """
        said: dict[int, str] = {}
        taken = 0
        for at in order:
            if taken >= many:
                break
            said[at] = full = self._full(at)
            if full == TAKEN:
                self.at_home[self.home[at]] += 1
                if not self.held[at]:
                    taken += 1
                    self.money -= self.cost[at]
                    for codes, room in self.groups.values():
                        room[codes[at]] -= 1
        return said

    def _full(self, at: int) -> str:
        if self.at_home[self.home[at]] >= self.per_household:
            return HOUSEHOLD
        for name, (codes, room) in self.groups.items():
            if room[codes[at]] < 1:
                return name
        return MONEY if self.cost[at] > self.money else TAKEN


def choose(people: pd.DataFrame, rules: Rules) -> tuple[pd.Series, pd.Series]:
    """Choose the list among customers who may be contacted and are worth it, and say who would have been on it.

    Parameters
    ----------
    people : DataFrame with expected_value, cost, held, household_id, channel, branch, agent_id, at_home (members of the
        household on other lists of these weeks) and free (may be contacted and is worth it)
    rules : Rules

    Returns
    -------
    chosen : Series of str: "rank", "random" (explored) or ""; of held customers: how they would have been chosen
    full : Series of str: of those who are free and not chosen, which limit left no room
    """
    limits = Limits(people, rules)
    free = np.flatnonzero(people["free"].to_numpy())
    order = free[np.argsort(-people["expected_value"].to_numpy()[free], kind="stable")]
    explored = int(np.floor(rules.explore * rules.capacity + 0.5))
    ranked = limits.take(order.tolist(), rules.capacity - explored)
    rest = np.array([at for at in order.tolist() if at not in ranked and not limits.held[at]], dtype=np.intp)
    rest = np.sort(rest)[np.random.default_rng([rules.random_state, 10]).permutation(len(rest))]
    drawn = limits.take(rest.tolist(), explored)
    chosen, full = np.full(len(people), "", dtype=object), np.full(len(people), "", dtype=object)
    full[free] = FULL
    for said, how in ((ranked, "rank"), (drawn, "random")):
        for at, why in said.items():
            chosen[at], full[at] = (how, "") if why == TAKEN else ("", why)
    return pd.Series(chosen, index=people.index), pd.Series(full, index=people.index)
