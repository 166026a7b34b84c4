"""What makes sense in a scenario, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from churnkit.effect.operations import OPERATIONS, SATISFACTION
from churnkit.effect.to_value import ONE_YEAR as ONE_YEAR
from churnkit.effect.to_value import PERMANENT as PERMANENT

if TYPE_CHECKING:
    from churnkit.effect.scenarios.scenario import Scenario, Setting

RAMP = "ramp"
DURATIONS = (PERMANENT, ONE_YEAR, RAMP)
Wrong = tuple[str, str, str]
"""The rule, what was found, how to mend it."""
LIMITS = {  # by scale: of a level, of a change, and in words
    "log": ((0.0, 1e6), (-1e6, 1e6), "0 or more, in the lever's unit"),
    "share": ((0.0, 1.0), (-1.0, 1.0), "a share from 0 to 1: 0.89 for 89 %"),
    "change": ((-0.95, 10.0), (-0.95, 10.0), "a share of the premium above -0.95: 0.05 for 5 % more"),
    "points": ((0.0, 100.0), (-100.0, 100.0), "points of the index, from 0 to 100"),
}


def finite(value: Any, *, whole: bool = False) -> bool:
    """Whether a value is a number that can be counted with.

    Examples
    --------
    >>> finite(3), finite(0.5), finite(0.5, whole=True), finite(True), finite("3"), finite(float("nan"))
    (True, True, False, False, False, False)
    """
    kind = int if whole else (int, float)
    return isinstance(value, kind) and not isinstance(value, bool) and abs(value) < 1e15


def wrong(scenario: Scenario) -> Iterator[Wrong]:
    """Everything in a scenario that makes no sense."""
    kinds = [*_wrong_kinds(scenario)]
    yield from kinds
    if kinds:
        return
    for setting in scenario.settings:
        yield from _wrong_setting(setting)
    years = scenario.ramp_years
    if scenario.duration not in DURATIONS or not finite(years, whole=True) or years < 1:
        yield ("A scenario is permanent, one-year, or a ramp over whole years.",
               f"{scenario.duration!r}, ramp_years {years!r}", f"Choose of {', '.join(DURATIONS)}.")  # fmt: skip
    cost = scenario.cost
    if not all(finite(each) and each >= 0 for each in (cost.fixed, cost.per_customer, cost.per_contact)):
        yield "A cost is a number, 0 or more.", repr(cost), "Savings belong to the economics."
    horizon, rate = scenario.horizon, scenario.discount_rate
    if horizon is not None and (not finite(horizon, whole=True) or horizon < 1):
        yield "The horizon is a whole number of renewals.", repr(horizon), "Give 1 or more."
    if rate is not None and (not finite(rate) or not -1 < rate < 1):
        yield "The discount rate is a share per year, between -1 and 1.", repr(rate), "Give 0.08 for 8 %."
    for where in (scenario.population, *(setting.where for setting in scenario.settings)):
        if not _pairs(where):
            yield "A condition is a column with its values.", repr(where), 'Give {"line": ["motor", "home"]}.'
            continue
        for column, values in where:
            if not values:
                yield "A condition names a value.", f"none for {column}", f"Leave {column} out, or name one."
    yield from _wrong_claim(scenario)


def _wrong_kinds(scenario: Scenario) -> Iterator[Wrong]:
    """Parts of another kind than they can be; of those nothing else can be asked."""
    from churnkit.effect.scenarios.scenario import Cost, Setting

    if not isinstance(scenario.name, str):
        yield "A scenario has a name.", repr(scenario.name), 'Give a text: Scenario("Motor claims in 3 days").'
    settings = scenario.settings
    if not isinstance(settings, tuple) or not all(isinstance(each, Setting) for each in settings):
        yield "What is set are settings.", repr(settings), "Use .set(lever, to), .change(lever, by), or Setting(...)."
    if not isinstance(scenario.cost, Cost):
        yield "A cost is fixed, per customer or per contact.", repr(scenario.cost), "Use .costing(...), or Cost(...)."


def _pairs(where: object) -> bool:
    return isinstance(where, tuple) and all(
        isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], tuple)
        for pair in where
    )


def _wrong_setting(setting: Setting) -> Iterator[Wrong]:
    given = [each for each in (setting.to, setting.by) if each is not None]
    if setting.lever not in (SATISFACTION, *OPERATIONS):
        yield "A lever has a name.", repr(setting.lever), f"Choose of {', '.join((SATISFACTION, *OPERATIONS))}."
    elif len(given) != 1 or not finite(given[0]):
        found = f"to {setting.to!r} and by {setting.by!r}"
        yield f"{setting.lever} is set to a level, or by a change: one number.", found, "Give to, or by."
    else:
        level, change, words = LIMITS["points" if setting.lever == SATISFACTION else OPERATIONS[setting.lever].scale]
        low, high = level if setting.to is not None else change
        if not low <= given[0] <= high:
            yield f"{setting.lever} has a level that can be.", f"{given[0]:g}", f"Give {words}."


def _wrong_claim(scenario: Scenario) -> Iterator[Wrong]:
    if scenario.claimed is None:
        return
    settings = scenario.settings
    if not finite(scenario.claimed):
        yield "What is claimed is a number, pp of renewal per pp.", repr(scenario.claimed), "Give 1.7, say."
    if not settings or any(s.lever != SATISFACTION or s.to is not None or s.where for s in settings):
        yield ("A claim is about points of satisfaction, of the whole population.",
               "; ".join(setting.name for setting in settings) or "nothing is set",
               'Set nothing but satisfaction, by a change and for all: change("satisfaction", 1).')  # fmt: skip
