"""The goal sought backwards: what a lever must be for policies to renew at a rate."""

from __future__ import annotations

from typing import Any

from scipy.optimize import brentq

from churnkit.effect.checks import MOVED
from churnkit.effect.operations import OPERATIONS, SATISFACTION
from churnkit.effect.scenarios.scenario import LEVERS, Scenario, Setting, told
from churnkit.effect.scenarios.seen import level_today, share_seen
from churnkit.effect.scenarios.valid import finite
from churnkit.effect.scenarios.whatif import WhatIf
from churnkit.errors import UsageError

_REACH = {"log": (0.05, 60.0), "share": (0.0, 1.0), "change": (-0.5, 1.0)}


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
    if not finite(renewal) or not 0 < renewal < 1:
        raise UsageError("A renewal rate is a share.", found=repr(renewal), fix="Give 0.85 for 85 %.")
    if lever not in LEVERS:
        raise UsageError("A lever has a name.", found=repr(lever), fix=f"Choose of {', '.join(LEVERS)}.")
    if lever == SATISFACTION and prepared.effect_.verdict.shown != "estimate":
        return f"What {lever} must be for {renewal:.1%} renewal cannot be told: {prepared.effect_.verdict}."
    start = Scenario("goal").among(**population)
    scope, _ = prepared.scope(start)
    now = level_today(prepared.terms_, Setting(lever, 0.0, None), scope)
    if lever == SATISFACTION:
        assert prepared.terms_.felt is not None
        low, high = (now + 0.99 * each for each in prepared.terms_.felt.reach(scope.standing))
    else:
        low, high = _REACH[OPERATIONS[lever].scale]
    today = prepared.renewal(start)
    reached = [prepared.renewal(start.set(lever, each)) for each in (low, high)]
    verdict = prepared.verdict(start.set(lever, low))
    if not min(reached) <= renewal <= max(reached):
        return (f"No {lever} gives {renewal:.1%} renewal: today it is {today:.1%}, its reach is"
                f" {min(reached):.1%} … {max(reached):.1%}"
                f" ({verdict}).")  # fmt: skip
    level = float(brentq(lambda each: prepared.renewal(start.set(lever, each)) - renewal, low, high, xtol=1e-4))
    share = share_seen(prepared.terms_, Setting(lever, level, None), scope)
    seen = f"{share:.1%} of the exposed were seen there" + ("" if share >= MOVED else ": beyond what was seen")
    unit = "points of the index" if lever == SATISFACTION else OPERATIONS[lever].unit
    for_whom = f" among {told(start.population)}" if start.population else ""
    return (f"{renewal:.1%} renewal{for_whom} (today {today:.1%}) needs {lever} at {level:.3g} {unit} instead of"
            f" {now:.3g}; {seen}; {verdict}.")  # fmt: skip
