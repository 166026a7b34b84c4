"""MLflow: what was trained, on what, how good it is, why, and the model itself; runs of models and of backtests.

Nothing private leaves: no row, id or comment is logged, only figures, pictures, specs, contributions under hashed ids,
and the model.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset

from churnkit.apps.card import expiry, model_card
from churnkit.apps.figures import of_predictions, of_reasons, of_segments, outcomes
from churnkit.apps.registry import MARK, register
from churnkit.apps.shap_sample import ShapSample, shap_sample
from churnkit.apps.tracking_model import log_pyfunc, versions
from churnkit.apps.tracking_store import connected, experiment_of, keep
from churnkit.apps.workspace import Workspace, salt_of
from churnkit.book.finding import Finding
from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.backtest import Backtest, Fold
from churnkit.models.evaluation.fairness import ByGroup
from churnkit.models.evaluation.metrics import Evaluation, evaluate
from churnkit.models.evaluation.verdict import UNJUDGED
from churnkit.panel.feature import Feature
from churnkit.panel.panel import Panel
from churnkit.value.lifetime import LifetimeValue
from churnkit.value.sealing import sealed

KIND, NOTE = "churnkit.kind", "mlflow.note.content"


@contextmanager
def track(name: str, *, workspace: Workspace = None, run_name: str = "") -> Iterator[mlflow.ActiveRun]:
    """Open an MLflow run, in a folder with a database of its own or on a tracking server.

    Parameters
    ----------
    name : str, the experiment
    workspace : path or address, optional
        A folder, in which ``mlflow.db`` and ``mlartifacts`` lie, or an address such as ``http://127.0.0.1:5000``.
        If None, ``$MLFLOW_TRACKING_URI`` where it is set, else the current folder.
    run_name : str, that of the experiment if empty

    Yields
    ------
    mlflow.ActiveRun

    Raises
    ------
    UsageError
        If the server does not answer.

    Examples
    --------
    >>> with track("renewal", workspace=tmp) as run:  # doctest: +SKIP
    ...     log_model(model, train, test)
    """
    with (
        connected(workspace, make=True),
        mlflow.start_run(experiment_id=experiment_of(name, workspace), run_name=run_name or name) as run,
    ):
        yield run


def log_model(
    model: RenewalModel | ChurnModel, train: Panel, test: Panel, *, evaluation: Evaluation | None = None,
    value: LifetimeValue | None = None, findings: Sequence[Finding] = (), backtest: Backtest | None = None,
    fairness: ByGroup | None = None,
) -> str:  # fmt: skip
    """Log a fitted model to the active run and register it: params, metrics, plots, reasons, card, the model.

    A model that no evaluation has judged takes over the mark of this one. The first model of a target becomes the
    ``champion``, each later one the ``challenger`` (:func:`churnkit.promote`).

    Parameters
    ----------
    model : fitted on ``train``
    train, test : Panel
    evaluation : Evaluation, made from ``test`` if None
    value : LifetimeValue, kept beside the model where given
    findings : sequence of Finding, what was found at training (LEAK29)
    backtest : Backtest of the same settings, for the card
    fairness : ByGroup, audit columns measured on the test rows, for the card and as a table

    Returns
    -------
    str, URI of the registered version, such as ``models:/churnkit-renewal/2``
        ``mlflow.pyfunc.load_model(uri).predict(X)`` gives probability, interval, unsure mark and reasons.

    Raises
    ------
    UsageError
        If there is no active run.
    """
    run = _active("log_model")
    done = evaluation or evaluate(model, test)
    if model.mark_ == UNJUDGED:
        model.judged(done)
    mark = "" if model.mark_.for_money else model.mark_.text
    mlflow.log_params(_params(model))
    mlflow.log_metrics(metrics_of(done.table))
    mlflow.set_tags(_tags(train, test) | {KIND: "model", MARK: mark, "churnkit.calibrated_on": model.calibrated_on_,
                                          NOTE: _note(done.text, mark)})  # fmt: skip
    _name_data(train)
    salt = salt_of(mlflow.get_tracking_uri())
    sample = shap_sample(model, test, salt=salt)
    card = model_card(model, train, test, done, backtest=backtest, fairness=fairness, findings=findings,
                      importance=sample.by_group)  # fmt: skip
    said = {"findings.txt": "\n".join(map(str, findings))} if findings else {}
    fair = {"tables/fairness.csv": fairness.table} if fairness is not None else {}
    measured = _measured(done, *outcomes(model, test), event=model.event)
    keep(_described(model) | measured | _explained(sample) | said | fair
         | {"card.md": card.markdown, "card.html": card.html})  # fmt: skip
    logged = log_pyfunc(model, None if value is None else sealed(value, salt))
    version = register(
        logged.model_uri, train.target, run_id=run.info.run_id, mark=mark, description=_note(done.text, mark)
    )
    mlflow.set_tag("churnkit.model", f"{version.name}/{version.version}")
    return f"models:/{version.name}/{version.version}"


def log_backtest(backtest: Backtest) -> str:
    """Log a backtest to the active run, each of its folds to a run under it.

    The run has the pooled metrics, tables and plots, and the contributions of the last fold's model on its test rows;
    a fold's run has its dates and metrics.

    Returns
    -------
    str, id of the run

    Raises
    ------
    UsageError
        If there is no active run.
    """
    run = _active("log_backtest")
    last = backtest.folds[-1]
    mark = "" if backtest.mark.for_money else backtest.mark.text
    mlflow.log_params({"folds": len(backtest.folds), **_params(last.model, fitted=False)})
    mlflow.log_metrics(metrics_of(backtest.table))
    known = {"churnkit.test_cutoffs": _window(backtest.folds[0].test_from, last.test_to),
             "churnkit.test_rows": str(sum(len(fold.test) for fold in backtest.folds))}  # fmt: skip
    mlflow.set_tags(_of_panel(last.test) | known | {KIND: "backtest", MARK: mark, NOTE: _note(backtest.text, mark)})
    parts = [(fold.predicted.y, fold.predicted.p["model"]) for fold in backtest.folds]
    y, p = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    tables = {"tables/by_fold.csv": backtest.by_fold, "tables/exits.csv": backtest.exits}
    _name_data(last.test)
    sample = shap_sample(last.model, last.test, salt=salt_of(mlflow.get_tracking_uri()))
    keep(_described(last.model) | _measured(backtest, y, p, event=last.model.event) | _explained(sample) | tables)
    for fold in backtest.folds:
        _log_fold(fold, experiment=run.info.experiment_id)
    return str(run.info.run_id)


def _log_fold(fold: Fold, *, experiment: str) -> None:
    with mlflow.start_run(experiment_id=experiment, run_name=f"fold {fold.number}", nested=True):
        mlflow.log_params({"fold": fold.number, **_params(fold.model)})
        mlflow.log_metrics(metrics_of(fold.evaluation.table))
        mark = fold.evaluation.mark
        mlflow.set_tags(_of_panel(fold.test) | {
            KIND: "fold", MARK: "" if mark.for_money else mark.text, "churnkit.train_rows": str(fold.train_rows),
            "churnkit.test_rows": str(len(fold.test)), NOTE: _note(fold.evaluation.text),
            "churnkit.train_cutoffs": _window(fold.train_from, fold.train_to),
            "churnkit.test_cutoffs": _window(fold.test_from, fold.test_to)})  # fmt: skip
        keep({"evaluation.txt": fold.evaluation, "tables/by_lead.csv": fold.evaluation.by_lead,
              "tables/by_line.csv": fold.evaluation.by_line})  # fmt: skip


def _active(caller: str) -> Any:
    run = mlflow.active_run()
    if run is None:
        raise UsageError(f"{caller} writes to an active run.", found="none",
                         fix='Call it inside: with churnkit.track("renewal"): ...')  # fmt: skip
    return run


def _name_data(panel: Panel) -> None:
    """Name the book by its fingerprint as the run's data set; nothing of it is logged."""
    if fingerprint := str(panel.info.get("fingerprint", "")):
        book = MetaDataset(CodeDatasetSource({}), name=f"{panel.target} panel", digest=fingerprint[:36])
        mlflow.log_input(book, context="training")


def metrics_of(table: pd.DataFrame) -> dict[str, float]:
    """Return a table of metrics flat: ``auc``, ``auc_low``, ``auc_high``, and a baseline's as ``logistic_auc``.

    Examples
    --------
    >>> metrics_of(pd.DataFrame({"model": [0.7], "low": [0.6], "high": [0.8], "logistic": [0.65]}, index=["auc"]))
    {'auc': 0.7, 'auc_low': 0.6, 'auc_high': 0.8, 'logistic_auc': 0.65}
    """
    named = {"model": "{}", "low": "{}_low", "high": "{}_high"}
    flat = {named.get(str(column), f"{column}_{{}}").format(metric): float(figure)
            for metric, row in table.iterrows() for column, figure in row.items()}  # fmt: skip
    return {name: figure for name, figure in flat.items() if np.isfinite(figure)}


def _params(model: RenewalModel | ChurnModel, *, fitted: bool = True) -> dict[str, Any]:
    learnt = {"trees": model.n_estimators_, "calibration_kind": model.calibrator_.kind} if fitted else {}
    return {"model": type(model).__name__, **model.get_params(), **learnt}


def _of_panel(panel: Panel) -> dict[str, str]:
    info = panel.info
    cutoff = str(info.get("data_cutoff", ""))
    return {"churnkit.target": panel.target, "churnkit.version": versions()["churnkit"],
            "churnkit.data_fingerprint": str(info.get("fingerprint", "")), "churnkit.data_cutoff": cutoff,
            "churnkit.expires": expiry(cutoff), "churnkit.label": str(info.get("label", "")),
            "churnkit.excluded": json.dumps(info.get("excluded", {}))}  # fmt: skip


def _tags(train: Panel, test: Panel) -> dict[str, str]:
    sides = {"train": train, "test": test}
    windows = {
        f"churnkit.{side}_cutoffs": _window(part.cutoff.min(), part.cutoff.max()) for side, part in sides.items()
    }
    return _of_panel(train) | windows | {f"churnkit.{side}_rows": str(len(part)) for side, part in sides.items()}


def _window(begin: pd.Timestamp, end: pd.Timestamp) -> str:
    return f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}"


def _note(text: str, mark: str = "") -> str:
    """What MLflow shows as the description of a run, in Markdown."""
    lines = text.splitlines()
    return "\n\n".join([f"**{mark}**", *lines] if mark and mark not in lines else lines)


def _described(model: RenewalModel | ChurnModel) -> dict[str, Any]:
    """What the model is made of: its features, and the versions that made it."""
    entries = [_entry(name, model.describe(name)) for name in model.columns_.names]
    made = {"python": platform.python_version(), "platform": platform.platform(), **versions()}
    return {"features.json": {"features": entries}, "environment.json": made}


def _entry(name: str, spec: Feature | None) -> dict[str, Any]:
    if spec is None:
        return {"name": name}
    return {"name": name, "table": spec.table, "aggregate": spec.aggregate, "column": spec.column, "clock": spec.clock,
            "days": spec.days, "group": spec.group, "stage": spec.stage, "unit": spec.unit, "sign": spec.sign,
            "en": spec.en, "zh": spec.zh}  # fmt: skip


def _measured(done: Evaluation | Backtest, y: Any, p: Any, *, event: str) -> dict[str, Any]:
    tables = {"lead": done.by_lead, "line": done.by_line}
    return {
        "evaluation.txt": done, "tables/metrics.csv": done.table,
        **{f"tables/by_{name}.csv": table for name, table in tables.items() if len(table)},
        **of_predictions(y, p, event=event), **of_segments(tables, event=event),
    }  # fmt: skip


def _explained(sample: ShapSample) -> dict[str, Any]:
    summary = {"rows": len(sample.table), "customers": int(sample.table["customer"].nunique()), "unit": "log-odds",
               "mean_absolute": {name: round(float(size), 6) for name, size in sample.by_group.items()}}  # fmt: skip
    return {"shap.parquet": sample.table, "shap_summary.json": summary, **of_reasons(sample)}
