"""The one door to MLflow's stores: opened for a while, quietly, the caller's own settings left as they were."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")  # a server that is not there is told in seconds

import mlflow
from mlflow.exceptions import MlflowException

from churnkit.apps.workspace import ADDRESS, ARTIFACTS, Workspace, folder_of, given, holds_runs, tracking_uri
from churnkit.errors import UsageError

_NOISY = ("alembic", "mlflow.store.db.utils", "mlflow.tracking.fluent", "mlflow.store.model_registry")


@contextmanager
def connected(workspace: Workspace = None, *, make: bool = False) -> Iterator[mlflow.MlflowClient]:
    """Point MLflow to a workspace and give a client of it; afterwards MLflow points to where it did before.

    Parameters
    ----------
    workspace : path, address or None
    make : bool, make the folder and its database where there is none

    Raises
    ------
    UsageError
        If there are no runs and none are to be made, or the server does not answer.
    """
    folder = folder_of(workspace)
    if folder is not None and make:
        folder.mkdir(parents=True, exist_ok=True)
    elif not holds_runs(workspace):
        raise UsageError("Runs lie in a workspace.", found=f"none in {given(workspace)}",
                         fix="Give the folder of mlflow.db, or the address of the tracking server.")  # fmt: skip
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    before = os.environ.get(ADDRESS)  # MLflow keeps its setting there too
    mlflow.set_tracking_uri(tracking_uri(workspace))
    try:
        client = mlflow.MlflowClient()
        if folder is None:
            _ask(client, given(workspace))
        yield client
    finally:
        mlflow.set_tracking_uri(None)
        if before is not None:
            os.environ[ADDRESS] = before


def _ask(client: mlflow.MlflowClient, address: str) -> None:
    try:
        client.search_experiments(max_results=1)
    except MlflowException as error:
        raise UsageError("A tracking server answers at its address.", where=address,
                         found=str(error).splitlines()[0][:200],
                         fix="Start it, or give the folder of a workspace.") from error  # fmt: skip


def experiment_of(name: str, workspace: Workspace) -> str:
    """Return the id of an experiment of the connected workspace, made if need be, its artifacts beside the database."""
    found = mlflow.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    folder = folder_of(workspace)
    place = None if folder is None else (folder / ARTIFACTS).as_uri()  # a server says itself where they go
    return str(mlflow.create_experiment(name, artifact_location=place))


def keep(files: Mapping[str, Any]) -> None:
    """Keep files with the active run, by name, whose ending says what is kept: picture, table, JSON or text."""
    with tempfile.TemporaryDirectory() as folder:
        for name, thing in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".png":
                thing.savefig(path, dpi=110)
            elif path.suffix == ".parquet":
                thing.to_parquet(path, index=False)
            elif path.suffix == ".csv":
                thing.to_csv(path)
            else:
                said = json.dumps(thing, ensure_ascii=False, indent=1) if path.suffix == ".json" else str(thing)
                path.write_text(said, encoding="utf-8")
        mlflow.log_artifacts(folder)


@contextmanager
def fetched(uri: str) -> Iterator[Path]:
    """Give a run's or a model's files, such as ``runs:/<id>/shap.parquet``, for a while.

    Raises
    ------
    FileNotFoundError
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            place = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))
        except MlflowException as error:
            raise FileNotFoundError(uri) from error
        yield place


def tags_and_metrics(client: mlflow.MlflowClient, run_id: str) -> tuple[dict[str, str], dict[str, float]]:
    """Return what a run was tagged with and how it was measured."""
    data = client.get_run(run_id).data
    return dict(data.tags), dict(data.metrics)
