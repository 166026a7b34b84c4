"""What satisfaction does to lifetime value: the effect on renewal, carried through the hazard to money."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.estimate import Z95
from churnkit.effect.terms import EffectTerms
from churnkit.panel.panel import Panel
from churnkit.value.asked import groups
from churnkit.value.lifetime import LifetimeValue
from churnkit.value.lifted import Movable
from churnkit.value.offsets import hashed
from churnkit.value.replicates import weights

Vector = npt.NDArray[np.float64]
Progress = Callable[[str], None]
POINTS = (-5.0, -3.0, -1.0, 1.0, 3.0, 5.0, 10.0)
PERMANENT, ONE_YEAR = "permanent", "one-year"
REPLICATES = 60
_MOST_EARLY = 0.95
"""Share of a line that may be taken to cancel before its end; a line of a few terms may have lost them all."""


@dataclass(frozen=True)
class ValueEffect:
    """Elasticity of lifetime value: ratios of sums, in % of the value as it is.

    Attributes
    ----------
    table : DataFrame indexed by (group, duration, points), all policies first
        ``policies``; ``renewal``, change of the next renewal's rate in pp; ``value``, change of the sum of lifetime
        values in %, with its 95 % interval ``low``, ``high``; ``money``, the same in currency. NaN as far as the
        verdict lets nothing be shown.
    verdict : str, of the effect
    years : int, renewals ahead; discount_rate : float, per year
    text : str, sentences
    """

    table: pd.DataFrame
    verdict: str
    years: int
    discount_rate: float
    text: str

    def at(self, duration: str, *, points: float = 1.0, group: str = "all") -> dict[str, float]:
        """One row of the table."""
        rows = self.curve(duration, group=group).rename(columns={"estimate": "value"})
        row = rows[rows["points"] == points].drop(columns=["group", "duration"]).iloc[0]
        return {str(name): float(value) for name, value in row.to_dict().items()}

    def curve(self, duration: str, *, group: str = "all") -> pd.DataFrame:
        """The rows of one group and duration, by points, with their figures as ``estimate``, ``low`` and ``high``."""
        rows = self.table.reset_index()
        rows = rows[(rows["group"] == group) & (rows["duration"] == duration)]
        return rows.rename(columns={"value": "estimate"}).reset_index(drop=True)

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:,.3f}', na_rep='')}\n\n{self.text}"


def effect_on_value(
    effect: SatisfactionEffect, value: LifetimeValue, X: Panel | pd.DataFrame, *, points: Iterable[float] = POINTS,
    by: Any = "line", replicates: int = REPLICATES, progress: Progress | None = None,
) -> ValueEffect:  # fmt: skip
    """Carry the effect on renewal to the lifetime value of policies.

    The effect is the marginal change by line among terms that come to their end; policies that are cancelled before
    (the yearly share of their line, of the term under way as much of it as is left) it does not reach. It is turned
    into a lift of each customer's log-odds of deciding for a renewal, on the hazard with frailty
    (:class:`~churnkit.value.lifted.Movable`): held in every year (**permanent**), or at the next renewal only
    (**one-year**); the two differ by more than a factor of 2, so a figure without its label means nothing.
    ``elasticity = 100 * (sum of values with the lift / sum without - 1)``. Intervals: weighted one-step bootstrap by
    customer over index, effect, frailty, hazard and calibration, with the same weights in all; trees and nuisances
    fixed; 1.96 standard deviations of the replicates to both sides. Where the verdict shows an interval only, its ends
    are carried instead.

    Parameters
    ----------
    effect : SatisfactionEffect, fitted
    value : LifetimeValue, fitted on the same book, with replicates
    X : Panel or DataFrame, the policies, as ``LifetimeValue.predict`` takes them: those in force
    points : iterable of float, changes of the satisfaction index in pp, none 0
    by : str or Series, the groups beside all: a column (``line``) or each row's group (segment)
    replicates : int, at most as many as the value has
    progress : callable, optional, given a sentence when the time of a replicate is known, and as they are done

    Returns
    -------
    ValueEffect
    """
    policies = Movable.of(value, X, early=cancelled_early(effect.terms_))
    asked = Carried(policies, effect, tuple(float(each) for each in points))
    group = groups(by, policies.asked, X).to_numpy()
    masks = {"all": np.ones(len(group), dtype=bool)} | {each: group == each for each in sorted(set(group))}
    shown = effect.verdict.shown
    if shown == "nothing":
        table = asked.nothing(masks)
    elif shown == "estimate":
        table = asked.estimated(masks, min(replicates, policies.replicates), progress or (lambda sentence: None))
    else:
        table = asked.between(masks)
    return ValueEffect(table, str(effect.verdict), value.years, value.discount_rate,
                       described(table, effect, value))  # fmt: skip


@dataclass(frozen=True)
class Carried:
    """Policies, an effect and the changes of the index to carry."""

    policies: Movable
    effect: SatisfactionEffect
    points: tuple[float, ...]

    def estimated(self, masks: dict[str, Any], replicates: int, say: Progress) -> pd.DataFrame:
        """The table with intervals from replicates."""
        at = self._sums({each: self._changes(self.effect.by_line(each)) for each in self.points}, masks, None)
        half = np.full(len(at), np.nan)
        if replicates > 1:
            half = Z95 * self._replicated(masks, replicates, say).std(axis=0, ddof=1)
        return at.assign(low=at["value"] - half, high=at["value"] + half)

    def between(self, masks: dict[str, Any]) -> pd.DataFrame:
        """The table where the effect has ends only."""
        ends = []
        for end in ("low", "high"):
            tables = {each: self.effect.by_line(each) for each in self.points}
            changes = {each: self._changes(table.assign(estimate=table[end])) for each, table in tables.items()}
            ends.append(self._sums(changes, masks, None)["value"])
        table = self.nothing(masks)
        both = np.column_stack(ends)
        return table.assign(low=both.min(axis=1), high=both.max(axis=1))

    def nothing(self, masks: dict[str, Any]) -> pd.DataFrame:
        """The table with no figure but the counts."""
        rows = [(name, duration, each, int(mine.sum())) for name, mine in masks.items()
                for duration in (PERMANENT, ONE_YEAR) for each in self.points]  # fmt: skip
        table = pd.DataFrame(rows, columns=["group", "duration", "points", "policies"])
        table = table.set_index(["group", "duration", "points"])
        return table.assign(renewal=np.nan, value=np.nan, low=np.nan, high=np.nan, money=np.nan)

    def _changes(self, table: pd.DataFrame) -> Vector:
        """The change of renewal of each of the policies' lines, in 0 to 1; a line that is not known has that of all."""
        return self._by_line(table.set_index("line")["estimate"])

    def _by_line(self, change: pd.Series[float]) -> Vector:
        known = change.reindex(list(self.policies.lines)).fillna(change["all"])
        return known.to_numpy(dtype=np.float64) / 100

    def _sums(self, changes: dict[float, Vector], masks: dict[str, Any], replicate: int | None) -> pd.DataFrame:
        """Values with and without each change, summed by group."""
        policies = self.policies
        before = policies.worth(replicate=replicate)
        known = ~np.isnan(before)
        found = {}
        for each, change in changes.items():
            lift = policies.lift_for(change, replicate)
            moved = (change * policies.reached)[policies.line]
            for duration in (PERMANENT, ONE_YEAR):
                gain = policies.worth(lift, once=duration == ONE_YEAR, replicate=replicate) - before
                for name, mine in masks.items():
                    money, base = float(gain[mine & known].sum()), float(before[mine & known].sum())
                    found[name, duration, each] = (100 * float(moved[mine].mean()), 100 * money / base, money)
        table = self.nothing(masks)
        figures = np.array([found[key] for key in table.index])
        return table.assign(renewal=figures[:, 0], value=figures[:, 1], money=figures[:, 2])

    def _replicated(self, masks: dict[str, Any], replicates: int, say: Progress) -> Vector:
        """Elasticities in each replicate, shape (n_replicates, n_rows of the table)."""
        people = self._people()
        many, found = self.policies.value.replicates_, []
        for k in range(replicates):
            begun = time.perf_counter()
            assert many is not None
            weight = weights(people, replicate=k, seed=many.seed)
            changes = {each: self._by_line(self.effect.replicate(weight, each)) for each in self.points}
            found.append(self._sums(changes, masks, k)["value"].to_numpy(dtype=np.float64))
            if k == 0:
                one = time.perf_counter() - begun
                minutes = one * replicates / 60
                say(f"effect on value: one replicate took {one:.2g} s, {replicates} take about {minutes:.1f} minutes")
            elif (k + 1) % 20 == 0:
                say(f"effect on value: {k + 1}/{replicates} replicates")
        return np.array(found)

    def _people(self) -> npt.NDArray[np.uint64]:
        """Hash of each customer, in the order of the effect's codes."""
        terms = self.effect.terms_
        first = pd.Series(terms.keys["customer_id"].to_numpy()).groupby(terms.customer).first()
        return hashed(first)


def cancelled_early(terms: EffectTerms) -> pd.Series[float]:
    """Share of terms by line, and of ``all``, that the customer cancels before their end."""
    rows = ~np.isnan(terms.y) & ~terms.short & (terms.decided | (terms.y == 0))
    early = pd.Series(~terms.decided[rows]).groupby(terms.keys["line"].to_numpy()[rows]).mean()
    early["all"] = float((~terms.decided[rows]).mean())
    return early.clip(upper=_MOST_EARLY).astype("float64")


def described(table: pd.DataFrame, effect: SatisfactionEffect, value: LifetimeValue) -> str:
    """The answer first, then what it means."""
    horizon = f"over {value.years} renewals at {value.discount_rate:.1%} a year"
    if effect.verdict.shown == "nothing":
        return f"What satisfaction does to lifetime value is not shown: {effect.verdict}."
    flat = table.reset_index()
    nearest = min(flat["points"].unique(), key=lambda each: abs(each - 1.0))
    said = []
    for duration in (PERMANENT, ONE_YEAR):
        row = flat[(flat["group"] == "all") & (flat["duration"] == duration) & (flat["points"] == nearest)].iloc[0]
        middle = f"{row['value']:+.2f} %" if np.isfinite(row["value"]) else "no single estimate,"
        said.append(f"{nearest:+g} pp of satisfaction, {duration}: {middle} of lifetime value (95 % {row['low']:+.2f} …"
                    f" {row['high']:+.2f}), {int(row['policies']):,} policies, {horizon}")  # fmt: skip
    return "\n".join([*said, str(effect.verdict)])
