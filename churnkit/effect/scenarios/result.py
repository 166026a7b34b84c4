"""ScenarioResult: what scenarios came to, as a table and in sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from churnkit.effect.checks import MOVED
from churnkit.effect.estimate import Z95
from churnkit.effect.scenarios.responses import Answer, held_for
from churnkit.effect.scenarios.scenario import Cost, Scenario, Setting, told, told_settings
from churnkit.effect.scenarios.valid import ONE_YEAR, PERMANENT
from churnkit.effect.verdict import ASSOCIATION

Range = tuple[float, float, float]
COLUMNS = (
    "policies", "renewal_today", "renewal_then", "change_pp", "change_pp_low", "change_pp_high", "policies_kept",
    "policies_kept_low", "policies_kept_high", "value_today", "value_change", "value_change_low", "value_change_high",
    "value_pct", "index_change", "index_change_low", "index_change_high", "cost", "net", "net_low", "net_high", "p_net",
    "break_even_share", "in_support", "supported", "horizon", "discount_rate", "duration", "verdict",
)  # fmt: skip


@dataclass(frozen=True)
class Programme:
    """What a scenario's programme costs, and over what.

    Attributes
    ----------
    cost : Cost, per year
    years : float, the programme's years, each discounted to today
    policy_years : float, the same times the policies that are still there at the start of each
    contacts : float, how often one of them meets in a year what is set
    customer_years : float, the same as `policy_years` of the customers whom something is set for
    """

    cost: Cost
    years: float
    policy_years: float
    contacts: float
    customer_years: float

    @property
    def total(self) -> float:
        """Cost of the whole programme, discounted, currency."""
        met = self.contacts * self.policy_years
        return self.cost.fixed * self.years + self.cost.per_customer * self.customer_years + self.cost.per_contact * met


@dataclass(frozen=True)
class Worked:
    """One scenario, worked out.

    Attributes
    ----------
    scenario : Scenario
    policies : int
    answer : Answer
    bounded : bool, the two columns of `answer` are the ends of what is known, and there is no estimate
    verdict : str, the weakest of what is set
    index : (estimate, low, high), change of the index in points
    levels : tuple of float, where each lever that is set stands today
    supports : tuple of (Setting, share of the exposed seen at or beyond it)
    mediated : mapping of operation to sentence, how much runs through satisfaction, or why that is not told
    reasons : tuple of str, why each lever has its verdict
    programme : Programme
    parts : tuple of (name, currency), the value's change split among settings
    years, discount_rate : horizon
    """

    scenario: Scenario
    policies: int
    answer: Answer
    bounded: bool
    verdict: str
    index: Range
    levels: tuple[float, ...]
    supports: tuple[tuple[Setting, float], ...]
    mediated: dict[str, str]
    reasons: tuple[str, ...]
    programme: Programme
    parts: tuple[tuple[str, float], ...]
    years: int
    discount_rate: float

    @property
    def cost(self) -> float:
        """Cost over the programme's years, discounted."""
        return self.programme.total

    @property
    def change(self) -> Range:
        """Change of the renewal rate in pp."""
        return self._range(100 * self.answer.change)

    @property
    def gain(self) -> Range:
        """Change of value, currency."""
        return self._range(self.answer.gain)

    def _range(self, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Range:
        """Estimate and 95 % interval: 1.96 standard deviations of the replicates; of bounds, their ends."""
        if self.bounded:
            return np.nan, float(values.min()), float(values.max())
        half = Z95 * float(values[1:].std(ddof=1)) if len(values) > 2 else np.nan
        return float(values[0]), float(values[0]) - half, float(values[0]) + half

    @property
    def at_once(self) -> float:
        """Share of the change that is there at the next renewal: of a ramp, its first step."""
        return float(held_for(1, self.scenario.duration, self.scenario.ramp_years)[0])

    @property
    def row(self) -> dict[str, object]:
        """The scenario's row of the table."""
        n, answer = self.policies * self.at_once, self.answer
        (pp, pp_low, pp_high), (gain, low, high) = self.change, self.gain
        share = min((share for _, share in self.supports), default=np.nan)
        net = gain - self.cost
        error = (high - low) / (2 * Z95)
        sure = not self.bounded and error > 0
        return dict(zip(COLUMNS, (
            self.policies, answer.renewal, answer.renewal + pp / 100, pp, pp_low, pp_high,
            n * pp / 100, n * pp_low / 100, n * pp_high / 100, answer.value, gain, low, high,
            100 * gain / answer.value if answer.value > 0 else np.nan,
            *self.index, self.cost, net, low - self.cost, high - self.cost,
            float(norm.cdf(net / error)) if sure else np.nan, self.cost / gain if gain > 0 else np.nan, share,
            bool(share >= MOVED) if share == share else None, self.years, self.discount_rate, self.scenario.duration,
            self.verdict), strict=True))  # fmt: skip


@dataclass(frozen=True)
class ScenarioResult:
    """What scenarios came to.

    Attributes
    ----------
    table : DataFrame indexed by scenario
        ``policies``; ``renewal_today``, ``renewal_then`` (mean chance of the next renewal, other exits apart; of a ramp
        once it is whole); ``change_pp``, likewise; ``policies_kept`` at the next renewal; ``value_today`` and
        ``value_change`` over the ``horizon`` at ``discount_rate`` (currency), ``value_pct``; NaN where premiums change;
        ``index_change`` (points, of the renewals of the last year); ``cost`` over the programme's years, discounted;
        ``net``; ``p_net``, chance that it is above 0 by a normal interval;
        ``break_even_share``, the share of the effect that must come true to pay the cost; ``in_support``, the least
        share of the exposed seen at or beyond a setting, and whether that is enough; ``verdict``, the weakest of the
        levers'. With ``_low`` and ``_high`` where there is a 95 % interval.
    worked : tuple of Worked, behind it
    text : str, sentences
    """

    table: pd.DataFrame
    worked: tuple[Worked, ...]
    text: str

    def __str__(self) -> str:
        """Return the table and the sentences."""
        few = ["policies", "renewal_today", "change_pp", "change_pp_low", "change_pp_high", "value_change", "cost",
               "net", "p_net", "supported", "verdict"]  # fmt: skip
        return f"{self.table[few].to_string(float_format=lambda v: f'{v:,.3f}', na_rep='')}\n\n{self.text}"

    @property
    def waterfall(self) -> pd.DataFrame:
        """Bars from today's value to each scenario's: scenario, bar, amount; parts and cost add up to the last bar."""
        rows = []
        for each in self.worked:
            gain = each.gain[0]
            parts = each.parts or tuple((s.name, gain) for s in each.scenario.settings[:1])
            if len(each.scenario.settings) > 1 and not each.parts:
                parts = ((told_settings(each.scenario), gain),)
            cost = [("cost", -each.cost)] if each.cost else []
            bars = [("today", each.answer.value), *parts, *cost, ("then", each.answer.value + gain - each.cost)]
            rows += [(each.scenario.name, *bar) for bar in bars]
        return pd.DataFrame(rows, columns=["scenario", "bar", "amount"])


def described(worked: list[Worked], *, currency: str) -> ScenarioResult:
    """Gather scenarios into a result."""
    names = [each.scenario.name for each in worked]
    table = pd.DataFrame([each.row for each in worked], index=pd.Index(names, name="scenario"), columns=list(COLUMNS))
    return ScenarioResult(table, tuple(worked), "\n\n".join(_sentences(each, currency) for each in worked))


def _sentences(each: Worked, currency: str) -> str:
    """One scenario in words: what it does, what it costs, how far to trust it."""
    scenario, row = each.scenario, each.row
    whom = told(scenario.population) or "all policies in force"
    known = np.isfinite(row["change_pp_low"]) if each.bounded else np.isfinite(each.change[0])  # type: ignore[call-overload]
    head = f"{scenario.name} ({told_settings(scenario)}; {whom}, {each.policies:,} policies; {held(scenario)}): "
    if not known:
        return "\n  ".join([head + "what it does is not shown.", *(f"{reason}." for reason in each.reasons)])
    over = f"over {each.years} renewals at {each.discount_rate:.1%} a year"
    renewal = f"renewal {each.answer.renewal:.1%} {_with(each.change, '+.2f', ' pp')}{_whole(each)}"
    money = np.isfinite(each.gain).any()
    worth = f", value {_with(each.gain, '+,.0f', ' ' + currency)} {over}{_percent(each)}" if money else ""
    said = [f"{head}{renewal}{worth}."]
    if np.isfinite(each.index[0]):
        said.append(f"Satisfaction index of the last year's renewals {_with(each.index, '+.2f', ' points')}.")
    if each.cost and not money:
        said.append(f"Cost {each.cost:,.0f} {currency}.")
    elif each.cost:
        said.append(_net(each, row, currency))
    if each.scenario.claimed == Scenario.preset("industry_claim").claimed and each.answer.value > 0:
        said.append(consistency(each))
    said += [_supported(setting, share, now)
             for (setting, share), now in zip(each.supports, each.levels, strict=True)]  # fmt: skip
    said += [f"{name}: {sentence}." for name, sentence in each.mediated.items()]
    said += [f"{each.verdict.capitalize()}.", *(f"{reason}." for reason in each.reasons)]
    if each.verdict == ASSOCIATION:
        said.append("An association is what went together in this book; what a change would bring may differ.")
    return "\n  ".join(said)


def _supported(setting: Setting, share: float, now: float) -> str:
    """Where a lever stands, and how many were seen where it is set."""
    seen = f"{setting.name} (today {now:.3g}): {share:.1%} of the exposed were seen at or beyond it"
    return seen + (f"; under {MOVED:.0%} it is beyond what was seen, and a guess." if share < MOVED else ".")


def held(scenario: Scenario) -> str:
    """How long, in words."""
    if scenario.duration == PERMANENT:
        return "held for good"
    return "held for one year" if scenario.duration == ONE_YEAR else f"whole from year {scenario.ramp_years} on"


def _whole(each: Worked) -> str:
    """Of a ramp: when it is whole, and whether that is looked at."""
    if each.at_once == 1:
        return ""
    year = each.scenario.ramp_years
    beyond = f", of which {each.years / year:.0%} is reached at the last renewal" if year > each.years else ""
    return f" once whole, at renewal {year}{beyond}"


def _with(values: Range, shape: str, unit: str) -> str:
    """A figure with its interval."""
    middle, low, high = values
    around = f"{low:{shape}} … {high:{shape}}{unit}"
    if not np.isfinite(middle):
        return f"between {around}"
    return f"{middle:{shape}}{unit}" + (f" (95 % {around})" if np.isfinite(low) else "")


def _percent(each: Worked) -> str:
    """The change in % of the value, which has to be one that is above 0."""
    if each.answer.value < 0:
        return "; under these economics the policies lose money, so that fewer renewals raise the value"
    if not each.answer.value or not np.isfinite(each.gain[0]):
        return ""
    return f" ({100 * each.gain[0] / each.answer.value:+.2f} %)"


def _net(each: Worked, row: dict[str, object], currency: str) -> str:
    chance = f", above 0 with a chance of {row['p_net']:.0%}" if row["p_net"] == row["p_net"] else ""
    even = row["break_even_share"]
    needed = f" It pays if {even:.0%} of the effect comes true." if even == even else ""
    net = tuple(float(row[name]) for name in ("net", "net_low", "net_high"))  # type: ignore[arg-type]
    return f"Cost {each.cost:,.0f} {currency}, net {_with(net, '+,.0f', '')}{chance}.{needed}"  # type: ignore[arg-type]


def consistency(each: Worked) -> str:
    """Whether a claim of renewal and one of value can be one, by how value answers to renewal in this book."""
    gain, pp = 100 * each.gain[0] / each.answer.value, each.change[0]
    points = sum(setting.by or 0.0 for setting in each.scenario.settings)
    value = CLAIMED_VALUE * points
    needed = pp * value / gain if gain else np.nan
    fits = abs(gain / value - 1) < 0.2 if value else False
    says = "the two claims describe the same thing" if fits else "the two claims do not describe the same thing"
    return (f"Consistency: in this book {pp:+.2f} pp of renewal, {held(each.scenario)}, are {gain:+.1f} % of value"
            f" over {each.years} renewals; the {value:+.1f} % that are claimed with it need {needed:+.2f} pp:"
            f" {says}.")  # fmt: skip


CLAIMED_VALUE = 2.3
"""% of value per point of satisfaction that the industry claims."""
