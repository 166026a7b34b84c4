"""What if: scenarios on one book, prepared once and asked often."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from churnkit.effect.checks import MOVED
from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.operations import SATISFACTION
from churnkit.effect.scenarios.felt import Felt
from churnkit.effect.scenarios.last_year import Scope
from churnkit.effect.scenarios.levels import as_masks, checked, texts
from churnkit.effect.scenarios.moves import Terms
from churnkit.effect.scenarios.responses import Responses
from churnkit.effect.scenarios.result import ScenarioResult, described
from churnkit.effect.scenarios.scenario import Scenario, told
from churnkit.effect.scenarios.seen import level_table
from churnkit.effect.scenarios.totals import log_odds, total_effects
from churnkit.effect.scenarios.valid import ONE_YEAR
from churnkit.effect.scenarios.worked import work_out
from churnkit.effect.to_value import REPLICATES, cancelled_early
from churnkit.effect.verdict import ASSOCIATION, BOUNDS, EXPERIMENT, IDENTIFIED, REFUSED
from churnkit.errors import UsageError
from churnkit.models.nuisance import Bools, Matrix
from churnkit.models.trees import one_blas_thread
from churnkit.panel.panel import Panel
from churnkit.value.lifetime import LifetimeValue
from churnkit.value.lifted import Movable
from churnkit.value.offsets import hashed
from churnkit.value.replicates import weights

CLAIMED = "claimed, not estimated"
_WEAKEST = (CLAIMED, REFUSED, ASSOCIATION, BOUNDS, IDENTIFIED, EXPERIMENT)
Progress = Callable[[str], None]


class WhatIf:
    """Levers of a book, and what scenarios on them do to renewal and to value.

    Levers lie on one small graph, operation -> satisfaction -> renewal -> value. Several are set jointly, on the
    log-odds of each renewal of the last year, and never summed. What that does to the renewal of a line is carried to
    the policies in force as :func:`~churnkit.effect.to_value.effect_on_value` does.

    Parameters
    ----------
    replicates : int, of the bootstrap behind the intervals, at most as many as the value has
    currency : str, the unit that is printed

    Attributes
    ----------
    totals_ : mapping of lever to Total, effects of operations
    terms_ : Terms, the renewals of the last year

    Examples
    --------
    >>> WhatIf(replicates=0).replicates
    0
    """

    def __init__(self, *, replicates: int = REPLICATES, currency: str = "currency") -> None:
        self.replicates = replicates
        self.currency = currency

    @one_blas_thread
    def fit(self, effect: SatisfactionEffect, value: LifetimeValue, policies: Panel,
            progress: Progress | None = None) -> WhatIf:  # fmt: skip
        """Estimate what operations do, and how value answers to renewal.

        Parameters
        ----------
        effect : SatisfactionEffect, fitted, whatever its verdict
        value : LifetimeValue, fitted on the same book, with replicates
        policies : Panel, the policies in force: ``build_panel(book, "renewal", as_of=...)``
        progress : callable, optional, given a sentence at each step
        """
        say = progress or (lambda sentence: None)
        say("what if: estimating the total effect of each operation")
        self.effect_, self.value_, self.policies_ = effect, value, policies
        self.totals_ = total_effects(effect)
        say("what if: estimating what operations do to satisfaction")
        felt = Felt.of(effect, self.totals_)
        self.terms_ = Terms(effect, self.totals_, felt, log_odds(effect, self.totals_), self._draws())
        self._early = cancelled_early(effect.terms_)
        self._frame = self._columns()
        self._responses: dict[tuple[Any, ...], Responses] = {}
        say(f"what if: working out how value answers to renewal, {len(self._draws())} replicates")
        self.response(Scenario("as it is"))
        return self

    def _draws(self) -> Matrix:
        """Weights of customers less 1, those of the value's replicates, shape (n_replicates, n_customers)."""
        many, terms = self.value_.replicates_, self.effect_.terms_
        count = 0 if many is None else min(self.replicates, len(many))
        first = pd.Series(terms.keys["customer_id"].to_numpy()).groupby(terms.customer).first()
        people, seed = hashed(first), 0 if many is None else many.seed
        found = [weights(people, replicate=k, seed=seed) - 1.0 for k in range(count)]
        return np.array(found).reshape(count, len(people))

    def _columns(self) -> pd.DataFrame:
        """What populations are chosen by, by policy in force: as it was known before its term began."""
        terms = self.effect_.terms_
        known = terms.before[terms.in_force].set_index(terms.keys["term_id"][terms.in_force])
        return known.reindex(self.policies_.keys["term_id"]).reset_index(drop=True).apply(texts)

    def response(self, scenario: Scenario, *, replicates: bool = True) -> Responses:
        """How value answers, at the scenario's horizon, rate and duration."""
        value = self.value_
        years = scenario.horizon or value.years
        rate = value.discount_rate if scenario.discount_rate is None else scenario.discount_rate
        if years > value.years:
            raise UsageError("A scenario looks no further than the lifetime value.",
                             found=f"horizon {years}, of a value over {value.years} renewals",
                             fix=f"LifetimeValue(years={years})")  # fmt: skip
        ramp = scenario.ramp_years if scenario.duration not in (ONE_YEAR, "permanent") else 1
        count = len(self.terms_.draws) if replicates else 0
        key = (years, rate, scenario.duration, ramp, count)
        if key not in self._responses:
            own = copy.copy(value)
            own.years, own.discount_rate = years, rate
            policies = Movable.of(own, self.policies_, early=self._early)
            self._responses[key] = Responses.of(policies, duration=scenario.duration, ramp_years=ramp,
                                                replicates=count)  # fmt: skip
        return self._responses[key]

    def levers(self, by: str = "line") -> pd.DataFrame:
        """What can be set, over all and by group: level today, seen range, counts, unit, stage, acts_through, verdict.

        Parameters
        ----------
        by : str, a column known before a term began: line, region, branch, channel, …

        Raises
        ------
        UsageError
            If there is no such column.
        """
        checked(self.terms_.frame, ((by, ()),), "levers")
        table, felt = level_table(self.effect_.terms_, self.totals_, by), self.terms_.felt
        if felt is None:
            return table
        rows, group = [], self.terms_.standing[by].astype("str").to_numpy()
        for name in ("all", *sorted(set(table[by]) - {"all"})):
            mine = np.ones(len(group), dtype=bool) if name == "all" else group == name
            if mine.any():
                rows.append([SATISFACTION, name, felt.index(mine), np.nan, np.nan, int(mine.sum()), int(mine.sum()),
                             "points", "all", "renewal -> value", self.effect_.verdict.kind])  # fmt: skip
        return pd.concat([pd.DataFrame(rows, columns=table.columns), table], ignore_index=True)

    def evaluate(self, scenarios: Iterable[Scenario] | Scenario, *, strict: bool = False) -> ScenarioResult:
        """Evaluate scenarios on the policies in force.

        Parameters
        ----------
        scenarios : Scenario, or several
        strict : bool, whether a setting beyond what was seen is refused instead of flagged

        Returns
        -------
        ScenarioResult

        Raises
        ------
        UsageError
            For a population, lever or horizon that the book does not have; with `strict`, for a setting that fewer
            than 5 % of the exposed were seen at or beyond.
        """
        several = [scenarios] if isinstance(scenarios, Scenario) else list(scenarios)
        worked = [work_out(self, each) for each in several]
        beyond = [f"{each.scenario.name}: {setting.name}, {share:.1%} of the exposed were seen there"
                  for each in worked for setting, share in each.supports if share < MOVED]  # fmt: skip
        if strict and beyond:
            raise UsageError(f"A setting lies where at least {MOVED:.0%} of the exposed were seen.",
                             found="; ".join(beyond), fix="Set it nearer, or leave out --strict.")  # fmt: skip
        return described(worked, currency=self.currency)

    def scope(self, scenario: Scenario) -> tuple[Scope, Bools]:
        """Whom a scenario is about: among the terms, and which of the policies in force."""
        scope = self.terms_.scope(scenario.population, f"scenario {scenario.name!r}")
        rows = as_masks(self._frame, scenario.population)
        if not rows.any():
            raise UsageError("A population has policies up for renewal.", found=told(scenario.population) or "none",
                             where=f"scenario {scenario.name!r}", fix="Widen the population.")  # fmt: skip
        return scope, rows

    def meant(self, scenario: Scenario) -> Bools:
        """Those of its policies that something is set for."""
        where = [setting.where for setting in scenario.settings]
        some = [as_masks(self._frame, each) for each in where] or [np.zeros(len(self._frame), dtype=bool)]
        return np.asarray(as_masks(self._frame, scenario.population) & np.logical_or.reduce(some))

    def change(self, scenario: Scenario, scope: Scope, *, replicates: bool = True) -> Matrix:
        """Change of renewal by line of the terms, in 0 to 1; of a claim, as claimed."""
        if scenario.claimed is None:
            return self.terms_.change(scenario.settings, scope, replicates=replicates)
        points = sum(setting.by or 0.0 for setting in scenario.settings)
        return np.full((len(self.effect_.terms_.lines), 1), scenario.claimed * points / 100)

    def by_line(self, responses: Responses, change: Matrix, scenario: Scenario, scope: Scope) -> Matrix:
        """The same by line of the policies; a line without renewals last year has the mean change, if it is meant."""
        terms = self.effect_.terms_
        place = {line: k for k, line in enumerate(terms.lines)}
        count = np.bincount(terms.line[terms.reference][scope.reference], minlength=len(terms.lines))
        mean = (count @ np.nan_to_num(change)) / max(count.sum(), 1)

        def of(line: str) -> Matrix:
            if scenario.claimed is not None or (line in place and count[place[line]]):
                return np.asarray(change[place.get(line, 0)])
            meant = any(line in dict(setting.where).get("line", (line,)) for setting in scenario.settings)
            return np.asarray(mean if meant else np.zeros_like(mean))

        return np.array([of(line) for line in responses.policies.lines])

    def verdict(self, scenario: Scenario) -> str:
        """The weakest of the verdicts of what is set."""
        kinds = [CLAIMED] if scenario.claimed is not None else [kind for _, kind, _ in self.kinds(scenario)]
        return min(kinds, key=_WEAKEST.index) if kinds else "nothing is set"

    def kinds(self, scenario: Scenario) -> list[tuple[str, str, str]]:
        """Of each lever that is set: its name, verdict and reason."""
        own = self.effect_.verdict
        return [(name, own.kind, own.reason) if name == SATISFACTION
                else (name, self.totals_[name].verdict.kind, self.totals_[name].verdict.reason)
                for name in dict.fromkeys(setting.lever for setting in scenario.settings)]  # fmt: skip

    def renewal(self, scenario: Scenario) -> float:
        """The renewal rate of a scenario's policies, at the estimate; NaN where only bounds are known."""
        scope, rows = self.scope(scenario)
        if self.terms_.bounded(scenario.settings):
            return np.nan
        responses = self.response(scenario)
        change = self.by_line(responses, self.change(scenario, scope, replicates=False), scenario, scope)
        answer = responses.answer(rows, change[:, :1])
        return answer.renewal + float(answer.change[0])


def what_if(
    scenarios: Iterable[Scenario] | Scenario,
    effect: SatisfactionEffect,
    value: LifetimeValue,
    policies: Panel,
    *,
    strict: bool = False,
    replicates: int = REPLICATES,
    currency: str = "currency",
    progress: Progress | None = None,
) -> ScenarioResult:
    """Evaluate scenarios: what they do to renewal and value, what they cost, how sure that is.

    Parameters
    ----------
    scenarios : Scenario, or several
    effect : SatisfactionEffect, fitted
    value : LifetimeValue, fitted on the same book
    policies : Panel, the policies in force
    strict : bool, refuse settings beyond what was seen
    replicates : int, of the bootstrap behind the intervals
    currency : str, the unit that is printed
    progress : callable, optional

    Returns
    -------
    ScenarioResult

    See Also
    --------
    WhatIf : prepared once, for many questions.
    """
    prepared = WhatIf(replicates=replicates, currency=currency).fit(effect, value, policies, progress)
    return prepared.evaluate(scenarios, strict=strict)
