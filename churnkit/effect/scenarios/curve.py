"""A lever over its range: what each level would do, and where nobody was seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnkit.effect.operations import OPERATIONS, SATISFACTION
from churnkit.effect.scenarios.scenario import LEVERS, Scenario, as_where, told
from churnkit.effect.scenarios.whatif import WhatIf
from churnkit.errors import UsageError

_POINTS = (-5.0, -2.0, -1.0, 1.0, 2.0, 5.0, 10.0)
_SEEN, _STEPS = (0.01, 0.99), 9


def lever_curve(prepared: WhatIf, lever: str, **where: Any) -> pd.DataFrame:
    """Set a lever to one level after another, the same for everybody.

    At today's mean that is not nothing: who was served faster than it would wait longer, and is more.

    Parameters
    ----------
    prepared : WhatIf, fitted
    lever : str
    **where : column and value, or values: the population, ``line="motor"``; else all policies in force

    Returns
    -------
    DataFrame
        ``level``, in the lever's unit (of satisfaction: points of change), from what 1 % of the terms that met it were
        below to what 1 % were above; ``estimate``, ``low``, ``high``, change of the next renewal in pp;
        ``value_change`` with ``_low`` and ``_high``, currency; ``in_support``, share of the exposed seen at or beyond;
        ``supported``. ``attrs`` keeps the lever, its unit, today's level, the verdict and for whom.

    Raises
    ------
    UsageError
        If the book does not tell of the lever, or nobody is chosen.
    """
    if lever not in LEVERS:
        raise UsageError("A lever has a name.", found=repr(lever), fix=f"Choose of {', '.join(LEVERS)}.")
    levels = _levels(prepared, lever)
    result = prepared.evaluate([_at(lever, level, where) for level in levels])
    table, worked = result.table, result.worked[0]
    rows = table[["value_change", "value_change_low", "value_change_high", "in_support", "supported"]]
    rows = rows.reset_index(drop=True).assign(
        level=levels, estimate=table["change_pp"].to_numpy(), low=table["change_pp_low"].to_numpy(),
        high=table["change_pp_high"].to_numpy())  # fmt: skip
    rows.attrs = {"lever": lever, "unit": "points of the index" if lever == SATISFACTION else OPERATIONS[lever].unit,
                  "today": 0.0 if lever == SATISFACTION else worked.levels[0], "verdict": worked.verdict,
                  "population": told(as_where(where)) or "all policies in force"}  # fmt: skip
    first = ["level", "estimate", "low", "high"]
    return rows[[*first, *rows.columns.difference(first, sort=False)]]


def _at(lever: str, level: float, where: dict[str, Any]) -> Scenario:
    """One point of the curve."""
    start = Scenario(f"{lever} {level:g}").among(**where)
    return start.change(lever, level) if lever == SATISFACTION else start.set(lever, level)


def _levels(prepared: WhatIf, lever: str) -> list[float]:
    """Levels to set, over what terms of all years met."""
    if lever == SATISFACTION:
        return list(_POINTS)
    met = prepared.terms_.total(lever).met
    low, high = np.quantile(met.level[met.known], _SEEN)
    between = np.geomspace if met.lever.scale == "log" and low > 0 else np.linspace
    return [float(f"{each:.3g}") for each in np.unique(between(low, high, _STEPS))]
