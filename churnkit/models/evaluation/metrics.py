"""How good a model is on later rows: metrics with intervals, beside baselines, by lead and by line, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.base_rates import Drift
from churnkit.models.evaluation.baselines import NAMES
from churnkit.models.evaluation.ceiling import Ceiling
from churnkit.models.evaluation.predicted import GAIN, Predicted, Sums
from churnkit.models.evaluation.scores import METRICS, Codes, Scorer, Vector, draws, interval, log_loss
from churnkit.models.evaluation.verdict import UNJUDGED, Facts, Mark, mark, ranking_by_lead, sentences
from churnkit.panel.panel import Panel

Figures = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Evaluation:
    """A model's metrics on a test panel, in a table and in words.

    Attributes
    ----------
    table : DataFrame, a row per metric
        Columns ``model``, ``low``, ``high`` (95 %, customers drawn with replacement) and one per baseline. With a
        ceiling also the row ``attainable_gain`` and expected log losses under the truth.
    by_lead : DataFrame, a row per lead, each on its own risk set
        ``n``, log loss, calibration slope, AUC and observed/expected lapses with intervals, the baselines' log loss.
    by_line : DataFrame, a row per line
        ``n``, observed and expected lapses, their ratio with interval.
    metrics : dict of {name: {"estimate", "low", "high"}}
    baselines : dict of {baseline: {name: {"estimate", "low", "high"}}}
    text : str, plain sentences
    mark : Mark, whether the calibration on these rows makes the probabilities fit for money
    drift : Drift or None, the base rate of these rows beside the training's
    """

    table: pd.DataFrame
    by_lead: pd.DataFrame
    by_line: pd.DataFrame
    metrics: Figures
    baselines: dict[str, Figures]
    text: str = field(default="")
    mark: Mark = UNJUDGED
    drift: Drift | None = None

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:.4f}', na_rep='')}\n\n{self.text}"


def evaluate(model: RenewalModel | ChurnModel, panel: Panel, *, ceiling: Ceiling | None = None, capacity: float = 0.1,
             n_boot: int = 200, random_state: int = 0) -> Evaluation:  # fmt: skip
    """Evaluate a fitted model on a test panel.

    Parameters
    ----------
    model : RenewalModel or ChurnModel, fitted; its baselines were trained on the same rows as the model
    panel : Panel
        Rows without outcome are left out.
    ceiling : Ceiling, optional
        For simulated books: gives the attainable gain ``(LL_base - LL_model) / (LL_base - LL_ceiling)``, expected
        log losses under the true probability, base = base rate by line.
    capacity : float, share of rows that the team can contact, for lift and captured lapses
    n_boot : int, bootstrap draws of customers
    random_state : int

    Returns
    -------
    Evaluation
        "Lapses" are terms not renewed, or customers churned. ``average_precision`` is of class 1 (renewed, or churned),
        ``average_precision_lapse`` of the lapse side. Metrics are those of
        :class:`~churnkit.models.evaluation.scores.Scorer`.

    Raises
    ------
    ContractError
        CLS28, if no row has an outcome, or all have the same.
    UsageError
        If the ceiling is not indexed like the panel's X.
    """
    check_is_fitted(model, "booster_")
    if not 0 < capacity <= 1:
        raise UsageError("capacity is a share of the rows, above 0 and at most 1.", found=f"{capacity}")
    test = Predicted.of(model, panel, ceiling)
    return measured(test, capacity=capacity, n_boot=n_boot, random_state=random_state)


def measured(test: Predicted, *, capacity: float = 0.1, n_boot: int = 200, random_state: int = 0) -> Evaluation:
    """Measure predictions that are there: of one model's test rows, or of the folds of a backtest together.

    Parameters
    ----------
    test : Predicted
    capacity, n_boot, random_state
        As :func:`evaluate` takes them.
    """
    sums = Sums(test, test.line)
    leads = {value: np.flatnonzero(test.lead == value) for value in sorted(test.lead.dropna().unique())}
    scorers: dict[Any, Scorer] = {name: test.scorer(name, capacity=capacity) for name in ("model", *NAMES)}
    scorers |= {value: test.scorer("model", rows, capacity=capacity) for value, rows in leads.items()}
    points, linear = {key: scorer() for key, scorer in scorers.items()}, sums()
    boots: dict[Any, list[Vector]] = {key: [] for key in (*points, *linear)}
    for weights in draws(test.groups, n_boot=n_boot, random_state=random_state):
        for key, values in {**{k: scorer(weights) for k, scorer in scorers.items()}, **sums(weights)}.items():
            boots[key].append(values)
    named = {name: _figures(METRICS, points[name], boots[name]) for name in ("model", *NAMES)}
    gain = _figures(GAIN, linear["gain"], boots["gain"]) if "gain" in linear else {}
    metrics, baselines = {**named.pop("model"), **gain}, named
    behind = _figures(("behind",), linear["behind"], boots["behind"])["behind"]
    drift = test.rates.against(test.y, test.people, test.lead.to_numpy(np.float64), event=test.event)
    facts = Facts(len(test.y), test.groups, test.event, metrics, baselines, behind, capacity, drift)
    by_lead, by_line = _by_lead(test, leads, points, boots), _segments(sums, linear, boots["segments"], "line")
    text = "\n".join([sentences(facts), *ranking_by_lead(by_lead)])
    table = _table(metrics, baselines)
    return Evaluation(table, by_lead, by_line, metrics, baselines, text, mark(facts), drift)


def measured_by(test: Predicted, segment: pd.Series[Any], *, n_boot: int = 200, random_state: int = 0) -> pd.DataFrame:
    """Count lapses observed and expected by segment, a Series of categories with one value per test row.

    Returns
    -------
    DataFrame, a row per segment
        ``n`` rows, ``observed`` and ``expected`` lapses, ``observed_expected`` with ``low`` and ``high``.
    """
    sums = Sums(test, segment.reset_index(drop=True))
    boots = [sums(w)["segments"] for w in draws(test.groups, n_boot=n_boot, random_state=random_state)]
    return _segments(sums, sums(), boots, str(segment.name))


def _figures(names: tuple[str, ...], point: Vector, replicates: list[Vector]) -> Figures:
    boot = np.array(replicates) if replicates else np.full((1, len(names)), np.nan)
    out = {}
    for i, name in enumerate(names):
        low, high = interval(boot[:, i])
        out[name] = {"estimate": float(point[i]), "low": low, "high": high}
    return out


def _table(metrics: Figures, baselines: dict[str, Figures]) -> pd.DataFrame:
    table = pd.DataFrame(metrics).T.rename(columns={"estimate": "model"})
    for name, figures in baselines.items():
        table[name] = pd.Series({metric: f["estimate"] for metric, f in figures.items()})
    table.index.name = "metric"
    return table


def _by_lead(test: Predicted, leads: dict[Any, Codes], points: dict[Any, Vector],
             boots: dict[Any, list[Vector]]) -> pd.DataFrame:  # fmt: skip
    rows = []
    for lead, where in leads.items():
        row: dict[str, float] = {"lead_days": lead, "n": len(where)}
        figures = _figures(METRICS, points[lead], boots[lead])
        for name in ("log_loss", "calibration_slope", "auc", "observed_expected"):
            row |= {name: figures[name]["estimate"], f"{name}_low": figures[name]["low"],
                    f"{name}_high": figures[name]["high"]}  # fmt: skip
        for name in NAMES:
            row[f"log_loss_{name}"] = float(log_loss(test.y[where], test.p[name][where]).mean())
        rows.append(row)
    return pd.DataFrame(rows).set_index("lead_days") if rows else pd.DataFrame()


def _segments(sums: Sums, point: dict[str, Vector], replicates: list[Vector], name: str) -> pd.DataFrame:
    counts = point["counts"].reshape(-1, 3)
    ratios = _figures(tuple(map(str, sums.names)), point["segments"], replicates)
    table = pd.DataFrame({"n": counts[:, 0].astype(int), "observed": counts[:, 1], "expected": counts[:, 2]},
                         index=pd.Index(sums.names, name=name))  # fmt: skip
    for column, key in (("observed_expected", "estimate"), ("low", "low"), ("high", "high")):
        table[column] = [ratios[str(each)][key] for each in sums.names]
    return table
