"""The public face is frozen; importing it is quick because it loads nothing heavy."""

import subprocess
import sys

import pytest

import churnkit as ck

NAMES = [
    "Backtest", "Book", "CancellationModel", "Ceiling", "ChurnModel", "ChurnkitError", "ContractError",
    "Evaluation", "Feature", "Findings", "LeakageError", "LifetimeValue", "Panel", "RenewalModel",
    "SatisfactionEffect", "SatisfactionIndex", "Scenario", "ShiftedBetaGeometric", "UpliftModel", "UsageError",
    "WhatIf", "Where", "World", "audit_columns", "backtest", "build_panel", "by_group", "ceiling_predictions",
    "check_book", "check_survival", "cohort_counts", "compare_runs", "compare_survival", "contributions",
    "dependence", "economics_table", "effect_on_value", "evaluate", "expected_loss_ratios", "experiment_size",
    "explain_value", "find_leaks", "goal_seek", "hangs_on", "importance", "interactions", "journey", "lever_curve",
    "life_table", "lifetime_gains", "load_model", "log_backtest", "log_model", "naive_effects", "observed_renewals",
    "open_book", "plan_retention", "policy_values", "promote", "proxy", "read_out", "read_outcomes", "reasons",
    "revalue", "roll_up", "score", "sensitivity", "simulate_book", "standard_features", "survival",
    "survival_scores", "track", "tune", "value_at_risk", "value_change", "what_if", "write_list",
]  # fmt: skip
HEAVY = (
    "pandas",
    "numpy",
    "pyarrow",
    "sklearn",
    "scipy",
    "lightgbm",
    "shap",
    "mlflow",
    "matplotlib",
    "duckdb",
)


def test_public_names_are_frozen():
    assert ck.__all__ == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_documented(name):
    thing = getattr(ck, name)
    assert (thing.__doc__ or "").strip(), name


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(AttributeError, match="open_book"):
        ck.nonsense  # noqa: B018


@pytest.mark.parametrize("module", ["churnkit", "churnkit.apps.cli"])
def test_importing_loads_no_heavy_library(module):
    code = f"import {module}, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_loads_no_heavy_library():
    code = (
        "import sys\nfrom churnkit.apps.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    assert "score" in done.stdout
