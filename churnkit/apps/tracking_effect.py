"""What satisfaction does, kept as a run: figures, verdict, tables, pictures, the report; no row of a customer."""

from __future__ import annotations

import mlflow

from churnkit.apps.effects import Measured
from churnkit.apps.report import effect_report
from churnkit.apps.tracking_store import keep


def log_effect(measured: Measured) -> None:
    """Log an effect to the active run: params, metrics, the verdict as a tag, tables, plots, ``report.html``."""
    verdict = measured.effect.verdict
    mlflow.log_params({"shocks": ", ".join(measured.effect.terms_.shocks) or "none",
                       "trusted": measured.effect.trusted or "none"})  # fmt: skip
    mlflow.set_tags({"churnkit.kind": "effect", "churnkit.verdict": verdict.kind, "mlflow.note.content": measured.text})
    mlflow.log_metrics(measured.metrics)
    keep({f"tables/{name}.csv": table for name, table in measured.tables.items()}
         | {f"plots/{name}.png": figure for name, figure in measured.figures.items()}
         | {"effect.txt": measured.text, "report.html": effect_report(measured)})  # fmt: skip
