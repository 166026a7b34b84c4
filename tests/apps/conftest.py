"""What the tests of the applications share: MLflow's database, which is made once and then copied."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from churnkit.apps import tracking_store
from churnkit.apps.workspace import DATABASE, Workspace, folder_of, tracking_uri


@pytest.fixture(scope="session", autouse=True)
def made_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give each new workspace a copy of an empty database: to run MLflow's migrations takes two seconds each time.

    Commands in processes of their own make theirs themselves.
    """
    root = tmp_path_factory.getbasetemp()
    home = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    empty = home / "empty-mlflow.db"

    def prepared(workspace: Workspace = None) -> str:
        folder = folder_of(workspace)
        if folder is not None and folder.is_dir() and not (folder / DATABASE).exists():
            _copy(empty, folder / DATABASE)
        return tracking_uri(workspace)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracking_store, "tracking_uri", prepared)
        yield


def _copy(empty: Path, to: Path) -> None:
    with open(f"{empty}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not empty.exists():
            from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

            made = empty.with_suffix(".new")
            SqlAlchemyStore(f"sqlite:///{made}", str(empty.parent / "mlruns")).engine.dispose()
            made.rename(empty)
    shutil.copy(empty, to)
