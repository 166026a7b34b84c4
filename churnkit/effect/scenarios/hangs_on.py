"""What a scenario's net value hangs on: one figure moved down and up at a time, the data of a tornado."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from churnkit.effect.scenarios.scenario import Scenario
from churnkit.effect.scenarios.whatif import WhatIf
from churnkit.effect.scenarios.worked import net

_MARGIN, _COST, _RATE, _MOST = 0.1, 0.2, 0.02, 0.999


def hangs_on(prepared: WhatIf, scenario: Scenario) -> tuple[pd.DataFrame, float]:
    """Move the effect to the ends of its interval, margin by a tenth, cost by a fifth, the rate by 2 pp, the horizon.

    Parameters
    ----------
    prepared : WhatIf, fitted
    scenario : Scenario

    Returns
    -------
    table : DataFrame indexed by what is moved, widest first, as ``churnkit.plots.tornado`` draws it
        ``step`` in words; ``low`` and ``high``, net value with it moved down and up (currency); ``change_low``,
        ``change_high``, less the net as it stands; ``swing``, between the two; ``assumed``. NaN where no net is known.
    net : float, as it stands; NaN where bounds only are known, or premiums change
    """
    worked = prepared.evaluate(scenario).worked[0]
    gain, low, high = worked.gain
    base = gain - worked.cost
    rate = worked.discount_rate
    ends = "the ends of what is known" if worked.bounded else "95 %"
    rows = {"effect": (ends, low - worked.cost, high - worked.cost),
            "margin": ("±10 %", (1 - _MARGIN) * gain - worked.cost, (1 + _MARGIN) * gain - worked.cost)}  # fmt: skip
    if worked.cost:
        rows["cost"] = ("±20 %", gain - (1 - _COST) * worked.cost, gain - (1 + _COST) * worked.cost)
    lower, higher = (net(prepared, replace(scenario, discount_rate=float(np.clip(rate + step, -_MOST, _MOST))))
                     for step in (-_RATE, _RATE))  # fmt: skip
    rows["discount_rate"] = ("±2 pp", lower, higher)
    if worked.years > 1:
        longer = min(worked.years + 1, prepared.value_.years)
        nearer, farther = (net(prepared, replace(scenario, horizon=years)) for years in (worked.years - 1, longer))
        rows["horizon"] = (f"{worked.years - 1} … {longer} renewals", nearer, farther)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["step", "low", "high"])
    table = table.assign(change_low=table["low"] - base, change_high=table["high"] - base, assumed="")
    table["swing"] = (table["high"] - table["low"]).abs()
    return table.sort_values("swing", ascending=False, kind="stable").rename_axis("assumption"), base
