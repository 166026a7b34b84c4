"""Scenario: what an analyst sets, for whom, for how long and at what cost; to and from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from churnkit.effect.operations import OPERATIONS, SATISFACTION
from churnkit.errors import UsageError

PERMANENT, ONE_YEAR, RAMP = "permanent", "one-year", "ramp"
DURATIONS = (PERMANENT, ONE_YEAR, RAMP)
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
    where : tuple of (column, values), for whom; empty: everybody of the scenario's population
    """

    lever: str
    to: float | None
    by: float | None
    where: Where = ()

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
    per_customer : float, for each policy of the population that is still there
    per_contact : float, for each of them that meets a lever (claims, calls), as often as in the last year
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
    population : tuple of (column, values), whose policies; empty: all in force
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
        wrong = [*_wrong(self)]
        if wrong:
            rule, found, fix = wrong[0]
            more = "; ".join(f"{rule} Found {found}." for rule, found, _ in wrong[1:])
            raise UsageError(rule, found=found + (f". Also: {more}" if more else ""), where=f"scenario {self.name!r}",
                             fix=fix)  # fmt: skip

    def set(self, lever: str, to: float, **where: Any) -> Scenario:
        """Set a lever to a level, for whom `where` says: ``set("claim_cycle_days", 3, line="motor")``."""
        return replace(self, settings=(*self.settings, Setting(lever, float(to), None, as_where(where))))

    def change(self, lever: str, by: float, **where: Any) -> Scenario:
        """Change a lever's mean: ``change("satisfaction", 4, line="motor")`` is 4 points more of the index."""
        return replace(self, settings=(*self.settings, Setting(lever, None, float(by), as_where(where))))

    def among(self, **where: Any) -> Scenario:
        """Choose the population: ``among(line=["motor", "home"])``."""
        return replace(self, population=as_where(where))

    def lasting(self, duration: str, *, ramp_years: int = 3) -> Scenario:
        """Choose how long it is held: permanent, one-year or ramp."""
        return replace(self, duration=duration, ramp_years=ramp_years)

    def costing(self, *, fixed: float = 0.0, per_customer: float = 0.0, per_contact: float = 0.0) -> Scenario:
        """Say what it costs a year."""
        return replace(self, cost=Cost(float(fixed), float(per_customer), float(per_contact)))

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
        told_of: dict[str, Any] = {"name": self.name}
        plain = Scenario(self.name)
        for each in ("duration", "ramp_years", "horizon", "discount_rate", "claimed"):
            if getattr(self, each) != getattr(plain, each):
                told_of[each] = getattr(self, each)
        if self.population:
            told_of["population"] = {column: list(values) for column, values in self.population}
        cost = {each.name: getattr(self.cost, each.name) for each in fields(Cost) if getattr(self.cost, each.name)}
        if cost:
            told_of["cost"] = cost
        told_of["set"] = [_setting_table(each) for each in self.settings]
        return tomli_w.dumps(told_of)

    @classmethod
    def from_toml(cls, source: str | Path) -> Scenario:
        """Read a scenario from TOML text, or from a file given as a path.

        Raises
        ------
        UsageError
            For text that is no TOML, unknown keys, levers, or settings that make no sense.
        """
        where = str(source) if isinstance(source, Path) else "the scenario's text"
        try:
            table = tomllib.loads(source.read_text(encoding="utf-8") if isinstance(source, Path) else source)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError("A scenario is a TOML file.", found=str(error), where=where) from None
        return _of_table(table, where)


def told(where: Where) -> str:
    """For whom, in words."""
    return ", ".join(f"{column} {' or '.join(values)}" for column, values in where)


def as_where(where: Mapping[str, Any]) -> Where:
    """Columns with the values that are chosen, as texts."""
    return tuple((column, tuple(map(str, value if isinstance(value, list | tuple) else [value])))
                 for column, value in where.items())  # fmt: skip


def _setting_table(setting: Setting) -> dict[str, Any]:
    found: dict[str, Any] = {"lever": setting.lever}
    found |= {"to": setting.to} if setting.to is not None else {"by": setting.by}
    if setting.where:
        found["where"] = {column: list(values) for column, values in setting.where}
    return found


def _of_table(table: dict[str, Any], where: str) -> Scenario:
    known = {"name", "duration", "ramp_years", "horizon", "discount_rate", "claimed", "population", "cost", "set"}
    odd = sorted(set(table) - known)
    odd += [f"cost.{key}" for key in table.get("cost", {}) if key not in {each.name for each in fields(Cost)}]
    odd += [f"set.{key}" for each in table.get("set", []) for key in each if key not in ("lever", "to", "by", "where")]
    if odd or not isinstance(table.get("name"), str):
        raise UsageError("A scenario has a name, and keys that are known.",
                         found=f"unknown {', '.join(odd)}" if odd else "no name", where=where,
                         fix=f"Keys are {', '.join(sorted(known))}; of [[set]]: lever, to or by, where.")  # fmt: skip
    settings = tuple(Setting(str(each.get("lever")), _number(each.get("to")), _number(each.get("by")),
                             as_where(each.get("where", {}))) for each in table.get("set", []))  # fmt: skip
    plain = {key: table[key] for key in ("duration", "ramp_years", "horizon", "discount_rate", "claimed")
             if key in table}  # fmt: skip
    cost = Cost(**{key: float(value) for key, value in table.get("cost", {}).items()})
    return Scenario(table["name"], settings, as_where(table.get("population", {})), cost=cost, **plain)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _wrong(scenario: Scenario) -> Any:
    """What is wrong with a scenario: rule, found, fix."""
    for each in scenario.settings:
        if each.lever not in LEVERS:
            yield "A lever has a name.", repr(each.lever), f"Choose of {', '.join(LEVERS)}."
        elif (each.to is None) == (each.by is None) or not np.isfinite((each.to or 0.0) + (each.by or 0.0)):
            yield "A lever is set to a level, or by a change: one number.", repr(each), "Give to or by."
        elif each.to is not None and not _possible(each.lever, each.to):
            yield f"{each.lever} has a level that can be.", f"{each.to:g}", _RANGES[_kind(each.lever)]
    if scenario.duration not in DURATIONS or scenario.ramp_years < 1:
        yield (
            "A scenario is permanent, one-year, or a ramp over whole years.",
            f"{scenario.duration!r}, ramp_years {scenario.ramp_years}",
            f"Choose of {', '.join(DURATIONS)}.",
        )
    if min(scenario.cost.fixed, scenario.cost.per_customer, scenario.cost.per_contact) < 0:
        yield "A cost is 0 or more.", repr(scenario.cost), "Savings belong to the economics."
    if scenario.horizon is not None and (int(scenario.horizon) != scenario.horizon or scenario.horizon < 1):
        yield "The horizon is a whole number of renewals.", repr(scenario.horizon), "Give 1 or more."
    if scenario.discount_rate is not None and not scenario.discount_rate > -1:
        yield "The discount rate is a share per year, above -1.", repr(scenario.discount_rate), "Give 0.08 for 8 %."
    if scenario.claimed is not None and any(each.lever != SATISFACTION or each.to is not None
                                            for each in scenario.settings):  # fmt: skip
        yield (
            "A claim is about points of satisfaction.",
            told_settings(scenario),
            'Set nothing but satisfaction, by a change: change("satisfaction", 1).',
        )


_RANGES = {"log": "Give 0 or more, in the lever's unit.", "share": "Give a share from 0 to 1.",
           "change": "Give a share of the premium above -1: 0.05 for 5 % more.",
           "points": "Give points of the index, between 0 and 100."}  # fmt: skip


def _kind(lever: str) -> str:
    return "points" if lever == SATISFACTION else OPERATIONS[lever].scale


def _possible(lever: str, to: float) -> bool:
    low, high = {"log": (0.0, np.inf), "share": (0.0, 1.0), "change": (-0.95, np.inf), "points": (0.0, 100.0)}[
        _kind(lever)
    ]
    return bool(low <= to <= high)


def told_settings(scenario: Scenario) -> str:
    """All that is set, in words."""
    return "; ".join(each.name for each in scenario.settings) or "nothing is set"


PRESETS = {
    "industry_claim": Scenario("Industry's claim: +1 point of satisfaction", (Setting(SATISFACTION, None, 1.0),),
                               claimed=1.7),
}  # fmt: skip
