"""Where levers stand, who was seen where they are set, and how often they are met."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.effect.checks import share_moved
from churnkit.effect.operations import OPERATIONS, SATISFACTION
from churnkit.effect.scenarios.last_year import Scope
from churnkit.effect.scenarios.levels import of_places
from churnkit.effect.scenarios.moves import Terms
from churnkit.effect.scenarios.scenario import Setting
from churnkit.effect.scenarios.totals import Total
from churnkit.effect.terms import EffectTerms
from churnkit.models.nuisance import Bools, Vector


def level_today(terms: Terms, setting: Setting, scope: Scope) -> float:
    """Where the lever stands today among those it is set for; NaN where that is not known."""
    if setting.lever == SATISFACTION:
        standing = scope.standing & terms.chosen("standing", setting.where)
        return np.nan if terms.felt is None else terms.felt.index(standing)
    level = terms.total(setting.lever).met.level[terms.rows][terms.among(scope.reference, setting)]
    return float(np.nanmean(level)) if (~np.isnan(level)).any() else np.nan


def share_seen(terms: Terms, setting: Setting, scope: Scope) -> float:
    """Share of the exposed, over all years, that were seen at or beyond where a setting leads."""
    if setting.lever == SATISFACTION:
        found = terms.effect.identified_
        if found is None:
            return 0.0
        shift = terms.shift(setting, (setting,), scope)
        return share_moved(found.shocks, found.stage, shift, terms.effect.terms_.decided)
    met = terms.total(setting.lever).met
    mine = met.known & terms.chosen("everybody", (*scope.where, *setting.where))
    now = level_today(terms, setting, scope)
    target = setting.to if setting.to is not None else now + (setting.by or 0.0)
    level = met.level[mine]
    if met.lever.scale == "share":  # of one term it is all or nothing: the places that reached it count
        level = of_places(terms.everybody[mine], level)
    if not len(level) or np.isnan(now):
        return 0.0
    return float((level <= target).mean() if target < now else (level >= target).mean())


def times_met(terms: Terms, settings: tuple[Setting, ...], rows: Bools) -> float:
    """How often a renewal of the population meets, in a year, what is set: claims, contacts, or once a term.

    A call that waits and is settled is one call; of complaints it is known whether there was one that was due.
    """
    exposed = terms.effect.terms_.exposed.iloc[terms.rows]
    found: dict[str, tuple[Vector, Bools]] = {}
    for setting in settings:
        column = "contacts" if setting.lever in (SATISFACTION, "wait_minutes") else OPERATIONS[setting.lever].met
        own = exposed[column] if column in exposed else pd.Series(terms.total(setting.lever).met.met[terms.rows])
        name = column or setting.lever
        before = found[name][1] if name in found else np.zeros(len(terms.rows), dtype=bool)
        found[name] = own.to_numpy(dtype=np.float64), before | terms.among(rows, setting)
    count = sum((np.where(mine, own, 0.0) for own, mine in found.values()), np.zeros(len(terms.rows)))
    return float(count[rows].mean()) if rows.any() else 0.0


def level_table(terms: EffectTerms, totals: dict[str, Total], by: str = "line") -> pd.DataFrame:
    """Every operation's level today, over all and by group: in the terms of the last year that met it.

    Parameters
    ----------
    by : str, a column of ``EffectTerms.before``

    Returns
    -------
    DataFrame
        lever, the group, level (mean, in ``unit``), low, high (5 and 95 % of the terms), met (terms), known (of those,
        with a level), unit, stage, acts_through, verdict.
    """
    rows, group = [], terms.before[by].astype("str").fillna("unknown").to_numpy(dtype=object)
    for name, total in totals.items():
        met, lever = total.met, total.met.lever
        here = terms.reference & met.met
        for each in ("all", *sorted(set(group[here]))):
            mine = here if each == "all" else here & (group == each)
            level = met.level[mine & met.known]
            if len(level):
                low, high = np.quantile(level, (0.05, 0.95))
                rows.append(
                    [
                        name,
                        each,
                        float(level.mean()),
                        float(low),
                        float(high),
                        int(mine.sum()),
                        len(level),
                        lever.unit,
                        lever.stage,
                        "satisfaction -> renewal -> value",
                        total.verdict.kind,
                    ]
                )
    return pd.DataFrame(rows, columns=["lever", by, "level", "low", "high", "met", "known", "unit", "stage",
                                       "acts_through", "verdict"])  # fmt: skip
