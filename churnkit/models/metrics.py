"""How good a model is on later rows: metrics with intervals, beside baselines, by lead and by line, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from churnkit.errors import ContractError, UsageError
from churnkit.models.baselines import NAMES
from churnkit.models.ceiling import Ceiling
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.scores import METRICS, Codes, Scorer, Vector, draws, interval, log_loss
from churnkit.models.verdict import Facts, ranking_by_lead, sentences
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
    """

    table: pd.DataFrame
    by_lead: pd.DataFrame
    by_line: pd.DataFrame
    metrics: Figures
    baselines: dict[str, Figures]
    text: str = field(default="")

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:.4f}', na_rep='')}\n\n{self.text}"


@dataclass(frozen=True)
class _Test:
    """Test rows with outcomes: predictions by name, customers, leads, lines, truth."""

    y: Vector
    p: dict[str, Vector]
    people: Codes
    lead: pd.Series[Any]
    line: pd.Series[Any]
    risk: int
    capacity: float
    truth: Vector | None

    @property
    def groups(self) -> int:
        return int(self.people.max()) + 1

    def scorer(self, name: str, rows: Any = slice(None)) -> Scorer:
        return Scorer(self.y[rows], self.p[name][rows], self.people[rows], risk=self.risk, capacity=self.capacity)


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
        ``average_precision_lapse`` of the lapse side. Metrics are those of :class:`~churnkit.models.scores.Scorer`.

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
    test = _prepare(model, panel, ceiling, capacity)
    sums = _Sums(test)
    leads = {value: np.flatnonzero(test.lead == value) for value in sorted(test.lead.dropna().unique())}
    scorers: dict[Any, Scorer] = {name: test.scorer(name) for name in ("model", *NAMES)}
    scorers |= {value: test.scorer("model", rows) for value, rows in leads.items()}
    points, linear = {key: scorer() for key, scorer in scorers.items()}, sums()
    boots: dict[Any, list[Vector]] = {key: [] for key in (*points, *linear)}
    for weights in draws(test.groups, n_boot=n_boot, random_state=random_state):
        for key, values in {**{k: scorer(weights) for k, scorer in scorers.items()}, **sums(weights)}.items():
            boots[key].append(values)
    named = {name: _figures(METRICS, points[name], boots[name]) for name in ("model", *NAMES)}
    gain = _figures(_GAIN, linear["gain"], boots["gain"]) if "gain" in linear else {}
    metrics, baselines = {**named.pop("model"), **gain}, named
    behind = _figures(("behind",), linear["behind"], boots["behind"])["behind"]
    facts = Facts(len(test.y), test.groups, model.event, metrics, baselines, behind, capacity)
    by_lead, by_line = _by_lead(test, leads, points, boots), _by_line(sums.lines, linear, boots["lines"])
    text = "\n".join([sentences(facts), *ranking_by_lead(by_lead)])
    return Evaluation(_table(metrics, baselines), by_lead, by_line, metrics, baselines, text)


def _prepare(model: RenewalModel | ChurnModel, panel: Panel, ceiling: Ceiling | None, capacity: float) -> _Test:
    known = panel.y.notna().to_numpy()
    y = np.asarray(panel.y, dtype=np.float64)[known]
    if not len(y) or y.min() == y.max():
        raise ContractError("CLS28: evaluation needs rows of both classes.", where="the test panel",
                            found=f"{int((y == 0).sum())} zeros and {int((y == 1).sum())} ones with known outcome",
                            fix="Choose a test period whose labels are ripe.")  # fmt: skip
    X, keys = panel.X[known], panel.keys[known]
    p = {"model": model.predict_proba(X)[:, 1], **model.baselines_.predict(model.columns_.matrix(X))}
    truth: Vector | None = None
    if ceiling is not None:
        if not (X.index.isin(ceiling.truth.index).all() and X.index.isin(ceiling.prediction.index).all()):
            raise UsageError("The ceiling has a truth and a prediction for every test row.",
                             found=f"{len(ceiling.truth)} truths for {len(X)} rows, indexed otherwise",
                             fix="Index both like panel.X.")  # fmt: skip
        truth = np.asarray(ceiling.truth.loc[X.index], dtype=np.float64)
        p["ceiling"] = np.asarray(ceiling.prediction.loc[X.index], dtype=np.float64)
    people = pd.factorize(panel.groups[known])[0]
    blank = pd.Series(np.nan, index=X.index)
    lead = keys.get("lead_days", blank).reset_index(drop=True)
    line = keys.get("line", blank).reset_index(drop=True)
    return _Test(y, p, people, lead, line, 1 if model.event == "churned" else 0, capacity, truth)


class _Sums:
    """Everything that is a sum over rows, by customer: loss against the logistic, losses under the truth, lapses."""

    def __init__(self, test: _Test) -> None:
        codes, self.lines = pd.factorize(test.line, sort=True)
        lapse, risk = (v if test.risk else 1.0 - v for v in (test.y, test.p["model"]))
        by_line = [v * (codes == i) for i in range(len(self.lines)) for v in (np.ones_like(lapse), lapse, risk)]
        losses = [log_loss(test.y, test.p["model"]) - log_loss(test.y, test.p["logistic"])]
        if test.truth is not None:
            losses += [log_loss(test.truth, test.p[k]) for k in ("base_rate", "model", "ceiling")]
            losses.append(log_loss(test.truth, test.truth))
        columns = [np.ones_like(lapse), *losses, *by_line]
        self._losses = len(losses)
        self._sums = np.column_stack([np.bincount(test.people, c, minlength=test.groups) for c in columns])

    def __call__(self, weights: Vector | None = None) -> dict[str, Vector]:
        total = (np.ones(len(self._sums)) if weights is None else weights) @ self._sums
        losses, lines = total[1 : 1 + self._losses] / total[0], total[1 + self._losses :].reshape(-1, 3)
        out = {"behind": losses[:1], "lines": lines[:, 1] / np.maximum(lines[:, 2], 1e-12), "counts": lines.ravel()}
        if self._losses > 1:
            base, mine, ceiling, truth = losses[1:]
            out["gain"] = np.array([(base - mine) / (base - ceiling), base, mine, ceiling, truth])
        return out


_GAIN = ("attainable_gain", "expected_log_loss_base", "expected_log_loss_model", "expected_log_loss_ceiling",
         "expected_log_loss_truth")  # fmt: skip


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


def _by_lead(test: _Test, leads: dict[Any, Codes], points: dict[Any, Vector],
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


def _by_line(lines: Any, point: dict[str, Vector], replicates: list[Vector]) -> pd.DataFrame:
    counts = point["counts"].reshape(-1, 3)
    ratios = _figures(tuple(map(str, lines)), point["lines"], replicates)
    table = pd.DataFrame({"n": counts[:, 0].astype(int), "observed": counts[:, 1], "expected": counts[:, 2]},
                         index=pd.Index(lines, name="line"))  # fmt: skip
    for name, key in (("observed_expected", "estimate"), ("low", "low"), ("high", "high")):
        table[name] = [ratios[str(line)][key] for line in lines]
    return table
