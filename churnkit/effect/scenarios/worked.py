"""One scenario worked out: what it does, what it costs, how it splits, how far it is to be trusted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from churnkit.effect.operations import PREMIUM, SATISFACTION
from churnkit.effect.scenarios.attribution import MOST, attributed
from churnkit.effect.scenarios.felt import mediated_share
from churnkit.effect.scenarios.last_year import Scope
from churnkit.effect.scenarios.responses import Answer, Responses, held_for
from churnkit.effect.scenarios.result import Programme, Worked
from churnkit.effect.scenarios.scenario import Scenario, Setting
from churnkit.effect.scenarios.seen import level_today, share_seen, times_met
from churnkit.models.nuisance import Bools, Matrix

if TYPE_CHECKING:
    from churnkit.effect.scenarios.whatif import WhatIf

_UNKNOWN = (np.nan, np.nan, np.nan)


def work_out(prepared: WhatIf, scenario: Scenario) -> Worked:
    """Evaluate one scenario on the policies in force."""
    scope, rows = prepared.scope(scenario)
    responses, settings, terms = prepared.response(scenario), scenario.settings, prepared.terms_
    estimated = scenario.claimed is None
    bounded = estimated and terms.bounded(settings)
    operations = dict.fromkeys(s.lever for s in settings if s.lever != SATISFACTION)
    change = prepared.by_line(responses, prepared.change(scenario, scope), scenario, scope)
    answer = _answered(scenario, responses, rows, change, ends=bounded)
    return Worked(
        scenario=scenario, policies=int(rows.sum()),
        answer=answer, bounded=bounded, verdict=prepared.verdict(scenario),
        index=terms.index(settings, scope) if estimated else _UNKNOWN,
        levels=tuple(level_today(terms, s, scope) for s in settings) if estimated else (),
        supports=tuple((s, share_seen(terms, s, scope)) for s in settings) if estimated else (),
        mediated={name: mediated_share(prepared.effect_, prepared.totals_[name], terms.felt)[1] for name in operations},
        reasons=_reasons(prepared, scenario), programme=programme(prepared, scenario, responses),
        parts=_parts(prepared, scenario, responses, float(answer.gain[0])) if estimated else (),
        discount_rate=responses.policies.value.discount_rate, years=responses.policies.value.years,
    )  # fmt: skip


def programme(prepared: WhatIf, scenario: Scenario, responses: Responses) -> Programme:
    """Over what the programme costs: its years, discounted, and who is still there at the start of each."""
    scope, rows = prepared.scope(scenario)
    meant = prepared.meant(scenario)
    rate = responses.policies.value.discount_rate
    held = held_for(responses.survival.shape[1], scenario.duration, scenario.ramp_years)
    years = np.arange(int((held > 0).sum()))
    discount = (1 + rate) ** -years.astype(np.float64)

    def there(some: Bools) -> float:
        """Of one of them, the years in which it is still there, discounted."""
        return float((np.append(1.0, responses.survival[some].mean(axis=0))[years] * discount).sum())

    customers = prepared.policies_.keys["customer_id"][meant].nunique()
    return Programme(scenario.cost, float(discount.sum()), float(rows.sum() * there(rows)),
                     times_met(prepared.terms_, scenario.settings, scope.reference),
                     customers * there(meant) if customers else 0.0)  # fmt: skip


def gain(prepared: WhatIf, scenario: Scenario, scope: Scope, rows: Bools, responses: Responses) -> float:
    """The change of value at the estimate, currency."""
    change = prepared.by_line(responses, prepared.change(scenario, scope, replicates=False), scenario, scope)
    if prepared.terms_.bounded(scenario.settings):
        return np.nan
    return float(_answered(scenario, responses, rows, change[:, :1]).gain[0])


def _answered(scenario: Scenario, responses: Responses, rows: Bools, change: Matrix, *, ends: bool = False) -> Answer:
    """What a change of renewal comes to; not in money where premiums change, for what is given up is not counted."""
    answer = responses.answer(rows, change, ends=ends)
    if not any(setting.lever == PREMIUM for setting in scenario.settings):
        return answer
    return replace(answer, gain=np.full_like(answer.gain, np.nan))


def net(prepared: WhatIf, scenario: Scenario) -> float:
    """The change of value at the estimate, less the cost, currency."""
    responses = prepared.response(scenario, replicates=False)
    return (
        gain(prepared, scenario, *prepared.scope(scenario), responses) - programme(prepared, scenario, responses).total
    )


def _parts(
    prepared: WhatIf, scenario: Scenario, responses: Responses, whole: float
) -> tuple[tuple[str, float], ...]:  # fmt: skip
    """The value's change, `whole`, split among settings; nothing where there is one, or too many, or no estimate."""
    settings = scenario.settings
    if not 1 < len(settings) <= MOST or np.isnan(whole) or prepared.terms_.bounded(settings):
        return ()
    scope, rows = prepared.scope(scenario)

    def of(some: tuple[Setting, ...]) -> float:
        if len(some) in (0, len(settings)):
            return whole if some else 0.0
        return gain(prepared, replace(scenario, settings=some), scope, rows, responses)

    return attributed(settings, of)


def _reasons(prepared: WhatIf, scenario: Scenario) -> tuple[str, ...]:
    if scenario.claimed is not None:
        return (f"{scenario.claimed:g} pp of renewal per pp of satisfaction are claimed; no data of this book stands"
                " behind them",)  # fmt: skip
    said = tuple(f"{name}: {kind}: {reason}" for name, kind, reason in prepared.kinds(scenario))
    if any(setting.lever == PREMIUM for setting in scenario.settings):
        said += ("Its value is not told: what is given up in premium, or asked, is not counted",)
    return said
