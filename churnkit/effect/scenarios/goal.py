"""The goal sought backwards: what a lever must be for policies to renew at a rate."""

from __future__ import annotations

from typing import Any

from scipy.optimize import brentq

from churnkit.effect.checks import MOVED
from churnkit.effect.operations import OPERATIONS, SATISFACTION
from churnkit.effect.scenarios.scenario import Scenario, Setting, told
from churnkit.effect.scenarios.whatif import WhatIf

_REACH = {SATISFACTION: (1.0, 99.0), "log": (0.05, 60.0), "share": (0.0, 1.0), "change": (-0.5, 1.0)}


def goal_seek(prepared: WhatIf, lever: str, renewal: float, **population: Any) -> str:
    """Say what a lever must be for the policies in force to renew at a rate.

    Parameters
    ----------
    prepared : WhatIf, fitted
    lever : str, set to one level for the whole population
    renewal : float, in 0 to 1
    **population : column and value, or values

    Returns
    -------
    str
        The level (of satisfaction: the index), today's, whether it was ever seen, and the verdict; or that no level
        goes so far.
    """
    start = Scenario("goal").among(**population)
    scope, _ = prepared.scope(start)
    now = prepared.terms_.level(Setting(lever, 0.0, None), scope)
    low, high = _REACH[lever if lever == SATISFACTION else OPERATIONS[lever].scale]
    today = prepared.renewal(start)
    reached = [prepared.renewal(start.set(lever, each)) for each in (low, high)]
    verdict = prepared.verdict(start.set(lever, low))
    if not min(reached) <= renewal <= max(reached):
        return (f"No {lever} gives {renewal:.1%} renewal: today it is {today:.1%}, and at most {max(reached):.1%}"
                f" ({verdict}).")  # fmt: skip
    level = float(brentq(lambda each: prepared.renewal(start.set(lever, each)) - renewal, low, high, xtol=1e-4))
    share = prepared.terms_.support(Setting(lever, level, None), scope)
    seen = f"{share:.1%} of the exposed were seen there" + ("" if share >= MOVED else ": beyond what was seen")
    unit = "points of the index" if lever == SATISFACTION else OPERATIONS[lever].unit
    for_whom = f" among {told(start.population)}" if start.population else ""
    return (f"{renewal:.1%} renewal{for_whom} (today {today:.1%}) needs {lever} at {level:.3g} {unit} instead of"
            f" {now:.3g}; {seen}; {verdict}.")  # fmt: skip
