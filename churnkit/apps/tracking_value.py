"""What the book is worth, kept beside the model that says so: figures, tables and pictures, no row of a customer."""

from __future__ import annotations

import mlflow

from churnkit import plots
from churnkit.apps.tracking_store import keep
from churnkit.apps.valuing import Valued


def log_value(valued: Valued) -> None:
    """Log a book's value to the active run: metrics, ``value.txt``, tables and plots under ``value/``."""
    mlflow.log_metrics(valued.metrics)
    tables = {f"value/{name}.csv": table for name, table in valued.tables.items()}
    pictures = {
        "value/tornado.png": plots.tornado(valued.sensitivity.table, base=valued.sensitivity.base,
                                           unit=valued.currency),
        "value/at_risk.png": plots.value_at_risk(valued.at_risk, unit=valued.currency),
        "value/by_reason.png": plots.importance(valued.explained.table["money"],
                                               title="Money that goes with each reason group",
                                               unit=valued.currency),
    }  # fmt: skip
    keep({"value.txt": valued.text} | tables | pictures)
