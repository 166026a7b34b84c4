"""Scenarios kept as a run: what was set, the table, the pictures, the sentences; no row of a customer."""

from __future__ import annotations

from collections.abc import Mapping

import mlflow

from churnkit.apps.tracking_store import keep
from churnkit.effect.scenarios.result import ScenarioResult
from churnkit.plots import Figure

_KEPT = ("change_pp", "change_pp_low", "change_pp_high", "value_change", "cost", "net", "p_net")


def log_scenarios(result: ScenarioResult, pictures: Mapping[str, Figure]) -> None:
    """Log scenarios to the active run: TOML, metrics by number, the weakest verdicts, table, waterfall and plots."""
    mlflow.set_tags({"churnkit.kind": "scenarios", "churnkit.verdict": ", ".join(result.table["verdict"]),
                     "mlflow.note.content": result.text})  # fmt: skip
    metrics = {f"scenario_{number}_{name}": float(row[name])
               for number, row in enumerate(result.table.to_dict("records"), start=1) for name in _KEPT
               if row[name] == row[name]}  # fmt: skip
    mlflow.log_metrics(metrics)
    keep({f"scenarios/scenario_{number}.toml": each.scenario.to_toml()
          for number, each in enumerate(result.worked, start=1)}
         | {f"plots/{name}.png": figure for name, figure in pictures.items()}
         | {"tables/scenarios.csv": result.table.reset_index(), "tables/waterfall.csv": result.waterfall,
            "scenarios.txt": result.text})  # fmt: skip
