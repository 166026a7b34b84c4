"""Checks: each assumption is an object with a name, a statistic, whether it passed, and a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from churnkit.effect.second_opinion import Control, SecondOpinion
from churnkit.effect.shocks import Fitted, ResidualShocks
from churnkit.effect.slopes import Slope, first_stage
from churnkit.effect.verdict import LEVEL, STRONG, words
from churnkit.models.nuisance import Bools

MOVED = 0.05
"""Share of the exposed that shocks must move as far as a scenario does, for it to be supported."""
_LEFT = 0.1
_SAYS = {True: "ok", False: "fails", None: "not tested"}


@dataclass(frozen=True)
class Check:
    """One assumption, tested.

    Attributes
    ----------
    name : str
    statistic : float, NaN where it could not be computed
    p_value : float, NaN where the check is no test
    passed : bool or None, None where it could not be tested
    sentence : str
    """

    name: str
    statistic: float
    p_value: float
    passed: bool | None
    sentence: str

    def __str__(self) -> str:
        return f"{self.name}: {_SAYS[self.passed]}: {self.sentence}"


@dataclass(frozen=True)
class Checks:
    """Checks in their order; ``checks["overlap"]`` is one of them."""

    each: tuple[Check, ...]

    def __getitem__(self, name: str) -> Check:
        return {check.name: check for check in self.each}[name]

    def __iter__(self) -> Iterator[Check]:
        return iter(self.each)

    def __len__(self) -> int:
        return len(self.each)

    @property
    def table(self) -> pd.DataFrame:
        """name, statistic, p_value, passed, sentence; a row per check."""
        columns = ["name", "statistic", "p_value", "passed", "sentence"]
        return pd.DataFrame([[getattr(check, name) for name in columns] for check in self], columns=columns)

    @property
    def text(self) -> str:
        """A line per check."""
        return "\n".join(map(str, self))

    def __str__(self) -> str:
        return self.text


def first_stage_check(p: Fitted, names: tuple[str, ...], weak: tuple[str, ...]) -> Check:
    """Whether the shocks move satisfaction enough: F of at least 10."""
    F = first_stage(p)
    aside = f"; {words(weak)} alone moves it too little and is set aside" if weak else ""
    return Check("first_stage", F, np.nan, F >= STRONG,
                 f"F {F:,.0f} of {words(names)} on satisfaction, {STRONG:.0f} are asked for{aside}")  # fmt: skip


def agreement_check(slope: Slope, names: tuple[str, ...]) -> Check:
    """Whether one slope serves all shocks: over-identification J."""
    if len(names) < 2:
        return Check("shocks_agree", np.nan, np.nan, None, f"{words(names)} alone cannot be held against another shock")
    passed = slope.p_value >= LEVEL
    agree = "agree on" if passed else "contradict each other on"
    return Check("shocks_agree", slope.J, slope.p_value, passed,
                 f"{words(names)} {agree} what satisfaction does (J {slope.J:.2f}, p {slope.p_value:.3f})")  # fmt: skip


def control_check(name: str, control: Control, *, what: str, chosen: str) -> Check:
    """Whether something that satisfaction cannot have moved goes with it all the same."""
    if not np.isfinite(control.statistic):
        return Check(name, np.nan, np.nan, None, f"the book has no {chosen} that differs, so nothing could be tested")
    passed = control.p_value >= LEVEL
    goes = "does not go" if passed else "goes"
    meaning = "" if passed else ": something unseen moves both"
    return Check(name, control.statistic, control.p_value, passed,
                 f"{chosen}, chosen at inception, {goes} with {what} (p {control.p_value:.3f}){meaning}")  # fmt: skip


def lasting_check(test: Control, slopes: Fitted | None) -> Check:
    """Whether what a shock does to satisfaction lasts until the renewal."""
    if slopes is None:
        return Check("lasting", np.nan, np.nan, None, "too few answers to tell whether what a shock does to them lasts")
    passed = test.p_value >= LEVEL
    says = "show as much of a shock soon after it as later" if passed else "show less of a shock the longer it is past"
    return Check("lasting", test.statistic, test.p_value, passed, f"answers {says} (p {test.p_value:.3f})")


def hausman_check(slope: Slope, second: SecondOpinion) -> Check:
    """Whether the estimate by shocks and the second opinion differ by more than chance (Hausman 1978)."""
    gap = slope.value - float(second.slope.value[0])
    influence = slope.influence - second.slope.influence[:, 0]
    z = gap / float(np.sqrt((influence**2).sum()) / len(influence))
    p_value = float(2 * norm.sf(abs(z)))
    passed = p_value >= LEVEL
    ratio = float(second.slope.value[0]) / slope.value if slope.value else np.nan
    says = "agrees with the shocks" if passed else "differs from the shocks, which see what nobody observed"
    return Check("hausman", z, p_value, passed,
                 f"the second opinion, {ratio:.2f} times the estimate, {says} (p {p_value:.3f})")  # fmt: skip


def overlap_check(shocks: ResidualShocks) -> Check:
    """Whether alike customers met unlike shocks: share of the shocks' variance that covariates leave."""
    least = float(shocks.left.min())
    passed = least >= _LEFT
    says = "alike customers met unlike shocks" if passed else "what falls on a customer is nearly settled by who it is"
    return Check("overlap", least, np.nan, passed, f"covariates leave {least:.0%} of the shocks' variance: {says}")


def support_check(moved: float, points: float) -> Check:
    """Whether shocks moved enough of the exposed as far as a scenario would."""
    passed = moved >= MOVED
    says = f"{points:+g} pp: {'within' if passed else 'beyond'} what was seen"
    return Check("support", moved, np.nan, passed, f"shocks moved {moved:.0%} of the exposed by as much as {says}")


def bounds_check(bounds: tuple[float, float] | None) -> Check:
    """How far something unseen, as strong as earlier satisfaction, would move the second opinion.

    Parameters
    ----------
    bounds : (low, high), its bounds in pp of renewal per pp, or None
    """
    if bounds is None:
        return Check("bounds", np.nan, np.nan, None, "too few earlier answers to say how far something unseen would go")
    low, high = bounds
    passed = bool(low > 0 or high < 0)
    return Check("bounds", low, np.nan, passed,
                 "were something unseen as strong as earlier satisfaction, the second opinion would lie between"
                 f" {low:+.2f} and {high:+.2f} pp per pp")  # fmt: skip


def share_moved(shocks: ResidualShocks, p: Fitted, shift: float, rows: Bools) -> float:
    """Share of the exposed rows whose satisfaction the shocks moved at least as far as `shift`, in its direction."""
    mine = rows & shocks.exposed.any(axis=1)
    moved = shocks.Z[mine] @ p.value
    return float((moved >= shift).mean() if shift >= 0 else (moved <= shift).mean()) if mine.any() else 0.0
