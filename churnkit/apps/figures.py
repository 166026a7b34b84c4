"""The pictures of a run, by the name under which they are kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit import plots
from churnkit.apps.shap_sample import ShapSample
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.curves import gains_curve, precision_recall_curve, reliability_curve
from churnkit.models.evaluation.verdict import LAPSES
from churnkit.panel.panel import Panel

Vector = npt.NDArray[np.float64]
Figures = dict[str, plots.Figure]


def outcomes(model: RenewalModel | ChurnModel, panel: Panel) -> tuple[Vector, Vector]:
    """Return outcome and predicted probability of the rows whose outcome is known."""
    known = panel.y.notna().to_numpy()
    return np.asarray(panel.y, dtype=np.float64)[known], model.predict_proba(panel.X[known])[:, 1]


def lapses_of(event: str) -> str:
    """What the lapse side is called."""
    return LAPSES[event]


def of_predictions(y: Vector, p: Vector, *, event: str) -> Figures:
    """Draw reliability, gains, lift, precision and recall of predictions on rows with known outcome.

    Parameters
    ----------
    y, p : arrays of shape (n_rows,), outcome and predicted probability of class 1
    event : {"renewed", "churned", "cancelled"}, what class 1 is
    """
    risk, lapse = (1 - p, 1 - y) if event == "renewed" else (p, y)
    reached, outcome = gains_curve(risk, lapse), lapses_of(event)
    return {
        "plots/reliability.png": plots.reliability(reliability_curve(y, p), outcome=event),
        "plots/gains.png": plots.gains(reached, outcome=outcome),
        "plots/lift.png": plots.lift(reached, outcome=outcome),
        "plots/precision_recall.png": plots.precision_recall(precision_recall_curve(risk, lapse), outcome=outcome),
    }


def of_segments(tables: dict[str, pd.DataFrame], *, event: str) -> Figures:
    """Draw observed/expected lapses by segment, a picture per table that has any: ``plots/by_<name>.png``."""
    return {
        f"plots/by_{name}.png": plots.by_segment(table, outcome=lapses_of(event), by=name)
        for name, table in tables.items()
        if len(table)
    }


def of_reasons(sample: ShapSample) -> Figures:
    """Draw the sampled contributions: bars by reason group, a swarm by feature."""
    return {
        "plots/shap_groups.png": plots.importance(sample.by_group),
        "plots/shap_beeswarm.png": plots.beeswarm(sample.contributions, sample.X),
    }
