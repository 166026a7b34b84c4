"""Scenario: what an analyst sets, for whom, for how long and at what cost; to and from TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from churnkit.effect.operations import OPERATIONS, SATISFACTION
from churnkit.effect.scenarios.valid import PERMANENT, wrong
from churnkit.errors import UsageError

LEVERS = (SATISFACTION, *OPERATIONS)
Where = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Setting:
    """One lever, set for all it is set for: to a level, or by a change.

    Attributes
    ----------
    lever : str
    to : float or None, the level that everybody who meets it then has (of shares and the index: their mean)
    by : float or None, the change of the mean, in the lever's unit (satisfaction: points of the index)
    where : tuple of (column, values), or a mapping, for whom; empty: everybody of the scenario's population
    """

    lever: str
    to: float | None
    by: float | None
    where: Where = ()

    def __post_init__(self) -> None:
        if isinstance(self.where, Mapping):
            object.__setattr__(self, "where", as_where(self.where))
        for name in ("to", "by"):
            if isinstance(getattr(self, name), np.generic):  # of an array, which TOML does not know
                object.__setattr__(self, name, getattr(self, name).item())

    @property
    def name(self) -> str:
        """The lever, what is done to it, and for whom."""
        what = f"to {self.to:g}" if self.to is not None else f"by {self.by:+g}"
        return " ".join([self.lever, what, *([f"({told(self.where)})"] if self.where else [])])


@dataclass(frozen=True)
class Cost:
    """What a programme costs, currency per year in which it runs.

    Attributes
    ----------
    fixed : float
    per_customer : float, for each customer whom something is set for, while there
    per_contact : float, each time a policy of the population meets what is set (claims, calls), as in the last year
    """

    fixed: float = 0.0
    per_customer: float = 0.0
    per_contact: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """What is set, for whom, how long, at what cost; it never changes, each step gives another one.

    Attributes
    ----------
    name : str
    settings : tuple of Setting
    population : tuple of (column, values), or a mapping, whose policies; empty: all in force
    duration : {"permanent", "one-year", "ramp"}
        Held in every year; in the first only; or growing evenly until it is whole in year ``ramp_years``.
    ramp_years : int
    cost : Cost
    horizon : int or None, renewals ahead; None: those of the lifetime value
    discount_rate : float or None, per year; None: that of the lifetime value
    claimed : float or None
        pp of renewal per pp of satisfaction that somebody claims; it then takes the place of the estimate, and every
        figure says so.

    Examples
    --------
    >>> faster = Scenario("Motor claims in 3 days").set("claim_cycle_days", 3, line="motor").costing(fixed=2e6)
    >>> faster.settings[0].name
    'claim_cycle_days to 3 (line motor)'
    >>> Scenario.from_toml(faster.to_toml()) == faster
    True
    """

    name: str
    settings: tuple[Setting, ...] = ()
    population: Where = ()
    duration: str = PERMANENT
    ramp_years: int = 3
    cost: Cost = Cost()
    horizon: int | None = None
    discount_rate: float | None = None
    claimed: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.population, Mapping):
            object.__setattr__(self, "population", as_where(self.population))
        found_wrong = [*wrong(self)]
        if found_wrong:
            rule, found, fix = found_wrong[0]
            more = "; ".join(f"{rule} Found {found}." for rule, found, _ in found_wrong[1:])
            raise UsageError(rule, found=found + (f". Also: {more}" if more else ""), where=f"scenario {self.name!r}",
                             fix=fix)  # fmt: skip

    def set(self, lever: str, to: float, **where: Any) -> Scenario:
        """Set a lever to a level, for whom `where` says: ``set("claim_cycle_days", 3, line="motor")``."""
        return replace(self, settings=(*self.settings, Setting(lever, to, None, as_where(where))))

    def change(self, lever: str, by: float, **where: Any) -> Scenario:
        """Change a lever's mean: ``change("satisfaction", 4, line="motor")`` is 4 points more of the index."""
        return replace(self, settings=(*self.settings, Setting(lever, None, by, as_where(where))))

    def among(self, **where: Any) -> Scenario:
        """Choose the population: ``among(line=["motor", "home"])``."""
        return replace(self, population=as_where(where))

    def lasting(self, duration: str, *, ramp_years: int = 3) -> Scenario:
        """Choose how long it is held: permanent, one-year or ramp."""
        return replace(self, duration=duration, ramp_years=ramp_years)

    def costing(self, *, fixed: float = 0.0, per_customer: float = 0.0, per_contact: float = 0.0) -> Scenario:
        """Say what it costs a year."""
        return replace(self, cost=Cost(fixed, per_customer, per_contact))

    @classmethod
    def preset(cls, name: str) -> Scenario:
        """A scenario that is claimed, not estimated, by name: ``industry_claim``.

        The industry's claim is that +1 pp of satisfaction is +1.7 pp of renewal and +2.3 % of lifetime value.

        Raises
        ------
        UsageError
            If there is no such preset.
        """
        if name not in PRESETS:
            raise UsageError("A preset has a name.", found=repr(name), fix=f"Choose of {', '.join(PRESETS)}.")
        return PRESETS[name]

    def to_toml(self) -> str:
        """The scenario as TOML; what is left at its default is left out."""
        from churnkit.effect.scenarios.scenario_toml import written

        return written(self)

    @classmethod
    def from_toml(cls, source: str | Path) -> Scenario:
        """Read a scenario from TOML text, or from a file given as a path.

        Raises
        ------
        UsageError
            For text that is no TOML, unknown keys, levers, or settings that make no sense.
        """
        from churnkit.effect.scenarios.scenario_toml import read

        return read(source)


def told(where: Where) -> str:
    """For whom, in words."""
    return ", ".join(f"{column} {' or '.join(values)}" for column, values in where)


def as_where(where: Mapping[str, Any]) -> Where:
    """Columns with the values that are chosen, as texts."""
    return tuple((column, tuple(as_text(each) for each in (value if isinstance(value, list | tuple) else [value])))
                 for column, value in where.items())  # fmt: skip


def as_text(value: Any) -> str:
    """A value as a condition names it: 2025, not 2025.0, and every digit of a long number.

    Examples
    --------
    >>> as_text(2025.0), as_text(1234567), as_text(0.1), as_text("north")
    ('2025', '1234567', '0.1', 'north')
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    return str(int(value)) if number and float(value).is_integer() else str(value)


def told_settings(scenario: Scenario) -> str:
    """All that is set, in words."""
    return "; ".join(each.name for each in scenario.settings) or "nothing is set"


PRESETS = {
    "industry_claim": Scenario("Industry's claim: +1 point of satisfaction", (Setting(SATISFACTION, None, 1.0),),
                               claimed=1.7),
}  # fmt: skip
