"""MLflow: what was trained, on what, how good it is, why, and the model itself. SQLite and files in the workspace.

Nothing private leaves: no row, id or comment is logged, only figures, pictures, specs and the model.
"""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import logging

import mlflow
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema

import churnkit
from churnkit import plots
from churnkit.book.finding import Finding
from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.curves import gains_curve, reliability_curve
from churnkit.models.explain import contributions
from churnkit.models.metrics import Evaluation, evaluate
from churnkit.panel.feature import Feature
from churnkit.panel.panel import Panel
from churnkit.value.lifetime import LifetimeValue

DATABASE, ARTIFACTS = "mlflow.db", "mlartifacts"
_REQUIRED = ("pandas", "numpy", "pyarrow", "scipy", "scikit-learn", "lightgbm", "shap", "woodelf-explainer", "mlflow",
             "duckdb", "joblib")  # fmt: skip
_SHAP_ROWS = 500


@contextmanager
def track(name: str, *, workspace: str | Path = ".") -> Iterator[mlflow.ActiveRun]:
    """Open an MLflow run in the workspace's own database.

    Parameters
    ----------
    name : str, experiment and run name
    workspace : path; ``mlflow.db`` and ``mlartifacts`` lie in it

    Yields
    ------
    mlflow.ActiveRun

    Examples
    --------
    >>> with track("renewal", workspace=tmp) as run:  # doctest: +SKIP
    ...     log_model(model, train, test)
    """
    before = mlflow.get_tracking_uri()
    experiment = _open(Path(workspace), name)
    try:
        with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
            yield run
    finally:
        mlflow.set_tracking_uri(before)


def _open(workspace: Path, name: str) -> str:
    """Point MLflow to the workspace and return the id of the experiment, made if need be."""
    root = workspace.expanduser().resolve()
    root.mkdir(parents=True, exist_ok=True)
    for noisy in ("alembic", "mlflow.store.db.utils", "mlflow.tracking.fluent"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    mlflow.set_tracking_uri(f"sqlite:///{root / DATABASE}")
    found = mlflow.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(mlflow.create_experiment(name, artifact_location=(root / ARTIFACTS).as_uri()))


def log_model(
    model: RenewalModel | ChurnModel,
    train: Panel,
    test: Panel,
    *,
    evaluation: Evaluation | None = None,
    value: LifetimeValue | None = None,
    findings: Sequence[Finding] = (),
) -> str:
    """Log a fitted model to the active run: params, metrics with intervals, plots, SHAP summary, tags, the model.

    Parameters
    ----------
    model : fitted on ``train``
    train, test : Panel
    evaluation : Evaluation, made from ``test`` if None
    value : LifetimeValue, kept beside the model where given
    findings : sequence of Finding, what was found at training (LEAK29)

    Returns
    -------
    str, URI of the logged model: ``mlflow.pyfunc.load_model(uri).predict(X)`` returns probabilities.

    Raises
    ------
    UsageError
        If there is no active run.
    """
    if mlflow.active_run() is None:
        raise UsageError("log_model writes to an active run.", found="none",
                         fix='Call it inside: with churnkit.track("renewal"): ...')  # fmt: skip
    done = evaluation or evaluate(model, test)
    mlflow.log_params({"model": type(model).__name__, **model.get_params(), "trees": model.n_estimators_,
                       "calibration_kind": model.calibrator_.kind})  # fmt: skip
    mlflow.log_metrics(_metrics(done))
    mlflow.set_tags(_tags(model, train, test))
    mlflow.log_text(str(done), "evaluation.txt")
    if findings:
        mlflow.log_text("\n".join(str(finding) for finding in findings), "findings.txt")
    mlflow.log_dict(
        {"features": [_entry(name, model.describe(name)) for name in model.columns_.names]}, "features.json"
    )
    _log_plots(model, test, done)
    return _log_pyfunc(model, value)


def _metrics(done: Evaluation) -> dict[str, float]:
    flat: dict[str, float] = {}
    for name, figure in done.metrics.items():
        flat |= {name: figure["estimate"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]}
    for baseline, figures in done.baselines.items():
        flat |= {f"{baseline}_{name}": figure["estimate"] for name, figure in figures.items()}
    return {name: float(figure) for name, figure in flat.items() if np.isfinite(figure)}


def _tags(model: RenewalModel | ChurnModel, train: Panel, test: Panel) -> dict[str, str]:
    info = train.info
    return {
        "churnkit.target": train.target,
        "churnkit.version": churnkit.__version__,
        "churnkit.data_fingerprint": str(info.get("fingerprint", "")),
        "churnkit.data_cutoff": str(info.get("data_cutoff", "")),
        "churnkit.label": str(info.get("label", "")),
        "churnkit.excluded": json.dumps(info.get("excluded", {})),
        "churnkit.train_cutoffs": f"{train.cutoff.min():%Y-%m-%d} to {train.cutoff.max():%Y-%m-%d}",
        "churnkit.test_cutoffs": f"{test.cutoff.min():%Y-%m-%d} to {test.cutoff.max():%Y-%m-%d}",
        "churnkit.train_rows": str(len(train)),
        "churnkit.test_rows": str(len(test)),
        "churnkit.calibrated_on": model.calibrated_on_,
    }


def _entry(name: str, spec: Feature | None) -> dict[str, Any]:
    if spec is None:
        return {"name": name}
    return {"name": name, "table": spec.table, "aggregate": spec.aggregate, "column": spec.column, "clock": spec.clock,
            "days": spec.days, "group": spec.group, "sign": spec.sign, "en": spec.en, "zh": spec.zh}  # fmt: skip


def _log_plots(model: RenewalModel | ChurnModel, test: Panel, done: Evaluation) -> None:
    known = test.take(test.y.notna().to_numpy())
    y, p = known.y.to_numpy(dtype=np.float64), model.predict_proba(known.X)[:, 1]
    risk, lapse = (p, y) if model.event == "churned" else (1 - p, 1 - y)
    outcome = "churned customers" if model.event == "churned" else "lapses"
    mlflow.log_figure(plots.reliability(reliability_curve(y, p), outcome=model.event), "plots/reliability.png")
    mlflow.log_figure(plots.gains(gains_curve(risk, lapse), outcome=outcome), "plots/gains.png")
    if len(done.by_line):
        mlflow.log_figure(plots.by_segment(done.by_line, outcome=outcome), "plots/lines.png")
    sample = np.sort(np.random.default_rng(0).choice(len(known), min(_SHAP_ROWS, len(known)), replace=False))
    values = known.X.iloc[sample]
    shap = contributions(model, values).drop(columns="bias")
    groups = pd.Series(
        {name: (spec and spec.group) or name for name in shap.columns for spec in [model.describe(name)]}
    )
    by_group = shap.T.groupby(groups).sum().T.abs().mean().sort_values(ascending=False)
    mlflow.log_figure(plots.importance(by_group), "plots/shap_groups.png")
    mlflow.log_figure(plots.beeswarm(shap, values), "plots/shap_beeswarm.png")
    summary = {"rows": len(sample), "unit": "log-odds", "mean_absolute": by_group.round(6).to_dict()}
    mlflow.log_dict(summary, "shap_summary.json")


def _log_pyfunc(model: RenewalModel | ChurnModel, value: LifetimeValue | None) -> str:
    columns = [
        ColSpec(DataType.string if name in model.categories_ else DataType.double, name, required=False)
        for name in model.columns_.names
    ]
    signature = ModelSignature(Schema(columns), Schema([ColSpec(DataType.double, "probability")]))
    package = Path(churnkit.__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        parts = {"model": model} | ({"value": value} if value is not None else {})
        paths = {}
        for name, part in parts.items():
            paths[name] = str(Path(folder) / f"{name}.joblib")
            joblib.dump(part, paths[name])
        with warnings.catch_warnings():  # MLflow asks for an input example: a customer's row, which must not leave
            warnings.simplefilter("ignore", UserWarning)
            logged = mlflow.pyfunc.log_model(
                name="model", python_model=str(package / "apps" / "pyfunc.py"), artifacts=paths, signature=signature,
                code_paths=[str(package)], pip_requirements=[f"{name}=={version(name)}" for name in _REQUIRED],
            )  # fmt: skip
    mlflow.set_tag("churnkit.model_uri", logged.model_uri)
    return str(logged.model_uri)


def load_model(target: str, *, workspace: str | Path = ".") -> tuple[Any, LifetimeValue | None]:
    """Load the workspace's newest model for a target, and the lifetime value that was kept beside it.

    Raises
    ------
    UsageError
        If the workspace holds none.
    """
    root = Path(workspace).expanduser().resolve()
    missing = UsageError(f"Scoring needs a trained {target} model.", found="none", where=str(workspace),
                         fix=f"Train one: churnkit train DATA --target {target} --workspace {workspace}")  # fmt: skip
    if not (root / DATABASE).is_file():
        raise missing
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{root / DATABASE}")
    try:
        wanted = f"tags.`churnkit.target` = '{target}' and attributes.status = 'FINISHED'"
        found = mlflow.search_runs(search_all_experiments=True, filter_string=wanted, output_format="list",
                                   order_by=["attributes.start_time DESC"], max_results=1)  # fmt: skip
        if not found or "churnkit.model_uri" not in found[0].data.tags:
            raise missing
        folder = Path(mlflow.artifacts.download_artifacts(found[0].data.tags["churnkit.model_uri"])) / "artifacts"
    finally:
        mlflow.set_tracking_uri(before)
    kept = folder / "value.joblib"
    return joblib.load(folder / "model.joblib"), joblib.load(kept) if kept.is_file() else None
