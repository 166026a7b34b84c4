"""churnkit: renewal, churn, lifetime value and the effect of satisfaction, from an insurer's own histories.

Public names are loaded on first use, so that ``import churnkit`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Book": "churnkit.book.open",
    "open_book": "churnkit.book.open",
    "Findings": "churnkit.book.check",
    "check_book": "churnkit.book.check",
    "Feature": "churnkit.panel.feature",
    "Where": "churnkit.panel.feature",
    "Panel": "churnkit.panel.panel",
    "build_panel": "churnkit.panel.build",
    "standard_features": "churnkit.panel.catalog",
    "RenewalModel": "churnkit.models.classifier",
    "ChurnModel": "churnkit.models.classifier",
    "CancellationModel": "churnkit.models.cancellation",
    "life_table": "churnkit.models.life_tables",
    "survival": "churnkit.models.cancellation",
    "Ceiling": "churnkit.models.evaluation.ceiling",
    "ceiling_predictions": "churnkit.models.evaluation.ceiling",
    "Evaluation": "churnkit.models.evaluation.metrics",
    "evaluate": "churnkit.models.evaluation.metrics",
    "Backtest": "churnkit.models.evaluation.backtest",
    "backtest": "churnkit.models.evaluation.backtest",
    "by_group": "churnkit.models.evaluation.fairness",
    "proxy": "churnkit.models.evaluation.proxy",
    "audit_columns": "churnkit.panel.audit",
    "tune": "churnkit.models.tuning",
    "contributions": "churnkit.models.reasons.explain",
    "reasons": "churnkit.models.reasons.explain",
    "importance": "churnkit.models.reasons.importance",
    "dependence": "churnkit.models.reasons.dependence",
    "interactions": "churnkit.models.reasons.interactions",
    "LifetimeValue": "churnkit.value.lifetime",
    "ShiftedBetaGeometric": "churnkit.value.sbg",
    "cohort_counts": "churnkit.value.sbg",
    "compare_survival": "churnkit.value.sbg",
    "check_survival": "churnkit.value.observed",
    "observed_renewals": "churnkit.value.observed",
    "survival_scores": "churnkit.value.observed",
    "lifetime_gains": "churnkit.value.observed",
    "economics_table": "churnkit.value.economics",
    "expected_loss_ratios": "churnkit.value.experience",
    "sensitivity": "churnkit.value.sensitivity",
    "revalue": "churnkit.value.sensitivity",
    "explain_value": "churnkit.value.explained",
    "roll_up": "churnkit.value.portfolio",
    "value_at_risk": "churnkit.value.portfolio",
    "value_change": "churnkit.value.portfolio",
    "SatisfactionEffect": "churnkit.effect.effect",
    "SatisfactionIndex": "churnkit.effect.index",
    "effect_on_value": "churnkit.effect.to_value",
    "naive_effects": "churnkit.effect.naive",
    "experiment_size": "churnkit.effect.power",
    "Scenario": "churnkit.effect.scenarios.scenario",
    "WhatIf": "churnkit.effect.scenarios.whatif",
    "what_if": "churnkit.effect.scenarios.whatif",
    "goal_seek": "churnkit.effect.scenarios.goal",
    "hangs_on": "churnkit.effect.scenarios.hangs_on",
    "journey": "churnkit.effect.scenarios.journey",
    "lever_curve": "churnkit.effect.scenarios.curve",
    "plan_retention": "churnkit.retain.plan",
    "write_list": "churnkit.retain.workbook",
    "read_outcomes": "churnkit.retain.outcomes",
    "read_out": "churnkit.retain.readout",
    "UpliftModel": "churnkit.models.uplift",
    "policy_values": "churnkit.models.qini",
    "find_leaks": "churnkit.apps.leaks",
    "score": "churnkit.apps.scoring",
    "track": "churnkit.apps.tracking",
    "log_model": "churnkit.apps.tracking",
    "log_backtest": "churnkit.apps.tracking",
    "load_model": "churnkit.apps.registry",
    "promote": "churnkit.apps.registry",
    "compare_runs": "churnkit.apps.comparing",
    "simulate_book": "churnkit.simulate.book",
    "World": "churnkit.simulate.worlds",
    "ChurnkitError": "churnkit.errors",
    "ContractError": "churnkit.errors",
    "LeakageError": "churnkit.errors",
    "UsageError": "churnkit.errors",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'churnkit' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


if TYPE_CHECKING:
    from churnkit.apps.comparing import compare_runs as compare_runs
    from churnkit.apps.leaks import find_leaks as find_leaks
    from churnkit.apps.registry import load_model as load_model
    from churnkit.apps.registry import promote as promote
    from churnkit.apps.scoring import score as score
    from churnkit.apps.tracking import log_backtest as log_backtest
    from churnkit.apps.tracking import log_model as log_model
    from churnkit.apps.tracking import track as track
    from churnkit.book.check import Findings as Findings
    from churnkit.book.check import check_book as check_book
    from churnkit.book.open import Book as Book
    from churnkit.book.open import open_book as open_book
    from churnkit.effect.effect import SatisfactionEffect as SatisfactionEffect
    from churnkit.effect.index import SatisfactionIndex as SatisfactionIndex
    from churnkit.effect.naive import naive_effects as naive_effects
    from churnkit.effect.power import experiment_size as experiment_size
    from churnkit.effect.scenarios.curve import lever_curve as lever_curve
    from churnkit.effect.scenarios.goal import goal_seek as goal_seek
    from churnkit.effect.scenarios.hangs_on import hangs_on as hangs_on
    from churnkit.effect.scenarios.journey import journey as journey
    from churnkit.effect.scenarios.scenario import Scenario as Scenario
    from churnkit.effect.scenarios.whatif import WhatIf as WhatIf
    from churnkit.effect.scenarios.whatif import what_if as what_if
    from churnkit.effect.to_value import effect_on_value as effect_on_value
    from churnkit.errors import ChurnkitError as ChurnkitError
    from churnkit.errors import ContractError as ContractError
    from churnkit.errors import LeakageError as LeakageError
    from churnkit.errors import UsageError as UsageError
    from churnkit.models.cancellation import CancellationModel as CancellationModel
    from churnkit.models.cancellation import survival as survival
    from churnkit.models.classifier import ChurnModel as ChurnModel
    from churnkit.models.classifier import RenewalModel as RenewalModel
    from churnkit.models.evaluation.backtest import Backtest as Backtest
    from churnkit.models.evaluation.backtest import backtest as backtest
    from churnkit.models.evaluation.ceiling import Ceiling as Ceiling
    from churnkit.models.evaluation.ceiling import ceiling_predictions as ceiling_predictions
    from churnkit.models.evaluation.fairness import by_group as by_group
    from churnkit.models.evaluation.metrics import Evaluation as Evaluation
    from churnkit.models.evaluation.metrics import evaluate as evaluate
    from churnkit.models.evaluation.proxy import proxy as proxy
    from churnkit.models.life_tables import life_table as life_table
    from churnkit.models.qini import policy_values as policy_values
    from churnkit.models.reasons.dependence import dependence as dependence
    from churnkit.models.reasons.explain import contributions as contributions
    from churnkit.models.reasons.explain import reasons as reasons
    from churnkit.models.reasons.importance import importance as importance
    from churnkit.models.reasons.interactions import interactions as interactions
    from churnkit.models.tuning import tune as tune
    from churnkit.models.uplift import UpliftModel as UpliftModel
    from churnkit.panel.audit import audit_columns as audit_columns
    from churnkit.panel.build import build_panel as build_panel
    from churnkit.panel.catalog import standard_features as standard_features
    from churnkit.panel.feature import Feature as Feature
    from churnkit.panel.feature import Where as Where
    from churnkit.panel.panel import Panel as Panel
    from churnkit.retain.outcomes import read_outcomes as read_outcomes
    from churnkit.retain.plan import plan_retention as plan_retention
    from churnkit.retain.readout import read_out as read_out
    from churnkit.retain.workbook import write_list as write_list
    from churnkit.simulate.book import simulate_book as simulate_book
    from churnkit.simulate.worlds import World as World
    from churnkit.value.economics import economics_table as economics_table
    from churnkit.value.experience import expected_loss_ratios as expected_loss_ratios
    from churnkit.value.explained import explain_value as explain_value
    from churnkit.value.lifetime import LifetimeValue as LifetimeValue
    from churnkit.value.observed import check_survival as check_survival
    from churnkit.value.observed import lifetime_gains as lifetime_gains
    from churnkit.value.observed import observed_renewals as observed_renewals
    from churnkit.value.observed import survival_scores as survival_scores
    from churnkit.value.portfolio import roll_up as roll_up
    from churnkit.value.portfolio import value_at_risk as value_at_risk
    from churnkit.value.portfolio import value_change as value_change
    from churnkit.value.sbg import ShiftedBetaGeometric as ShiftedBetaGeometric
    from churnkit.value.sbg import cohort_counts as cohort_counts
    from churnkit.value.sbg import compare_survival as compare_survival
    from churnkit.value.sensitivity import revalue as revalue
    from churnkit.value.sensitivity import sensitivity as sensitivity
