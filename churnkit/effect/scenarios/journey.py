"""Break points of the journey: where service falls short of its own best, and what bringing it up would return.

A point of the journey is an operation in one place: the claim cycle of motor in the north, the waiting of health
customers in the south. Its target is the level that the best quarter of the same operation's points reach (terms
counted, not places), within its line for durations, which differ by nature; or the service level that the book's
touchpoints state, where that is nearer. What it would return, in index, renewal and value, is the scenario that sets
the point to its target. A **break** is a point that lies beyond its target by more than chance (at the 1 % level over
all points, the target's own error counted) and whose return is above 0 by its 95 % interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from churnkit.effect.operations import OPERATIONS, Lever
from churnkit.effect.scenarios.scenario import Scenario
from churnkit.effect.scenarios.whatif import WhatIf
from churnkit.effect.verdict import LEVEL
from churnkit.errors import UsageError
from churnkit.models.nuisance import Bools, Vector

_LEAST = 50
"""Terms below which a place is no point."""
_HOURS = 8.0
_MAPPED = ("claim_cycle_days", "wait_minutes", "first_contact_resolution", "complaints_overdue")


@dataclass(frozen=True)
class Journey:
    """The points of the journey and its breaks.

    Attributes
    ----------
    table : DataFrame, most value at stake first
        ``stage``, ``lever``, ``place``; ``level`` and ``target`` (mean, in ``unit``; no target where there is neither
        another place nor a stated service level to compare with), ``met`` (terms of the last year);
        ``index`` (points that the population's index would gain), ``renewal`` (pp), ``value``, ``value_low``,
        ``value_high`` (currency, held for good); ``in_support``, ``verdict``, ``owner``; ``breaks``.
    text : str
    """

    table: pd.DataFrame
    text: str

    def __str__(self) -> str:
        """Return the breaks and the sentences."""
        shown = self.table[self.table["breaks"]].drop(columns=["breaks"])
        return f"{shown.to_string(index=False, float_format=lambda v: f'{v:,.2f}')}\n\n{self.text}"


def journey(prepared: WhatIf, *, by: tuple[str, ...] = ("line", "region")) -> Journey:
    """Find the break points of the journey.

    Parameters
    ----------
    prepared : WhatIf, fitted
    by : tuple of str, columns that make a place: line, region, branch, channel, …

    Raises
    ------
    UsageError
        If there is no such column, or none is named.
    """
    terms = prepared.terms_
    if not by:
        raise UsageError("A place is made of at least one column.", found="by=()", fix='Give by=("line", "region").')
    odd = [name for name in by if name not in terms.frame]
    if odd:
        raise UsageError("A place is made of what was known before a term began.", found=", ".join(odd),
                         fix=f"Choose of {', '.join(map(str, terms.frame.columns))}.")  # fmt: skip
    rows = []
    for name in _MAPPED:
        if name in prepared.totals_:
            rows += _points(prepared, OPERATIONS[name], by)
    columns = ["stage", "lever", "place", "level", "target", "unit", "met", "index", "renewal", "value", "value_low",
               "value_high", "in_support", "verdict", "owner", "z"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).sort_values("value", ascending=False, kind="stable")
    z = table.pop("z").to_numpy(dtype=np.float64)
    table["breaks"] = (norm.sf(z) < LEVEL / max(len(table), 1)) & (table["value_low"] > 0).to_numpy()
    return Journey(table.reset_index(drop=True), _told(table, by))


def _points(prepared: WhatIf, lever: Lever, by: tuple[str, ...]) -> list[list[object]]:
    """One operation's points."""
    terms = prepared.terms_
    met = prepared.totals_[lever.name].met
    level = met.level[terms.rows]
    known = ~np.isnan(level)
    frame = terms.frame[list(by)].astype("str")
    known &= frame.notna().all(axis=1).to_numpy()  # a place that is not known is none
    frame = frame.fillna("unknown")
    place = frame.agg(" · ".join, axis=1).to_numpy(dtype=object)
    names, size = np.unique(place[known].astype(str), return_counts=True)
    several = [str(name) for name, n in zip(names, size, strict=True) if n >= _LEAST]
    found = []
    for name in several:
        mine = known & (place == name)
        values = frame[place == name].iloc[0].to_dict()
        same = known & np.isin(place, several)
        if lever.scale == "log" and "line" in values:
            same &= (frame["line"] == values["line"]).to_numpy()
        target, error = _target(prepared, lever, level, place, same)
        found.append(_point(prepared, lever, values, level[mine], target, error))
    return found


def _target(prepared: WhatIf, lever: Lever, level: Vector, place: np.ndarray[tuple[int], np.dtype[np.object_]],
            same: Bools) -> tuple[float, float]:  # fmt: skip
    """The level that the places of the best quarter of terms reach, or the stated service level; its standard error."""
    by = pd.Series(level[same]).groupby(place[same]).agg(["mean", "size", "std"])
    by = by.sort_values("mean", ascending=lever.good < 0)
    best = by[by["size"].cumsum() >= 0.25 * by["size"].sum()].iloc[0]
    target, error = float(best["mean"]), float(best["std"] / np.sqrt(best["size"]))
    stated = _stated(prepared, lever)
    if len(by) == 1:  # a place alone is its own best quarter
        return (np.nan, 0.0) if stated is None else (stated, 0.0)
    return (target, error) if stated is None or stated <= target else (stated, 0.0)


def _stated(prepared: WhatIf, lever: Lever) -> float | None:
    """The service level of the lever's stage, 8 hours a working day; only claims' cycles are stated like that."""
    places = prepared.effect_.terms_.places
    hours = places["sla_hours"][places["journey_stage"] == lever.stage].dropna()
    return float(hours.max()) / _HOURS if lever.name == "claim_cycle_days" and len(hours) else None


def _point(prepared: WhatIf, lever: Lever, where: dict[str, str], level: Vector, target: float,
           error: float) -> list[object]:  # fmt: skip
    """One point: where it stands, its target, and what bringing it there would return."""
    now = float(level.mean())
    short = (now - target) * -lever.good
    z = short / max(float(np.hypot(level.std(ddof=1) / np.sqrt(len(level)), error)), 1e-12)
    head = [lever.stage, lever.name, " · ".join(where.values()), now, target, lever.unit, len(level)]
    verdict, owner = prepared.totals_[lever.name].verdict.kind, _owner(prepared, lever)
    if np.isnan(target) or short <= 0:
        return [*head, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, verdict, owner, z]
    row = prepared.evaluate(Scenario(lever.name).change(lever.name, target - now, **where)).table.iloc[0]
    return [*head, row["index_change"], row["change_pp"], row["value_change"], row["value_change_low"],
            row["value_change_high"], row["in_support"], verdict, owner, z]  # fmt: skip


def _owner(prepared: WhatIf, lever: Lever) -> str:
    """The department of the lever's stage, as the book's touchpoints name it."""
    places = prepared.effect_.terms_.places
    named = places["department"][places["journey_stage"] == lever.stage].dropna().unique()
    return ", ".join(map(str, named)) or "not named in the book's touchpoints"


def _told(table: pd.DataFrame, by: tuple[str, ...]) -> str:
    """How many points, how many breaks, and the first of them."""
    breaks = table[table["breaks"]]
    said = [f"{len(table)} points of the journey ({len(table['lever'].unique())} operations by {' and '.join(by)}),"
            f" {len(breaks)} breaks."]  # fmt: skip
    alone = int(table["target"].isna().sum())
    if alone:
        said.append(f"{alone} of them have no other place to be compared with, nor a stated service level: choose finer"
                    " places.")  # fmt: skip
    for row in breaks.head(3).to_dict("records"):
        said.append(f"{row['lever']} in {row['place']}: {row['level']:.2f} {row['unit']} where the target is"
                    f" {row['target']:.2f}; bringing it there is worth {row['value']:,.0f} ({row['value_low']:,.0f} …"
                    f" {row['value_high']:,.0f}), owner {row['owner']}, {row['verdict']}.")  # fmt: skip
    if not len(breaks):
        said.append("No place falls short of its target by more than chance.")
    return " ".join(said)
