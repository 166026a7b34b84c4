"""The model as MLflow keeps it: the estimator, the package's own code, what it needs, and what goes in and out."""

from __future__ import annotations

import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import mlflow
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

import churnkit
from churnkit.apps.pyfunc import SPOKEN, TOP
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.value.lifetime import LifetimeValue

REQUIRED = ("pandas", "numpy", "pyarrow", "scipy", "scikit-learn", "lightgbm", "mlflow",
            "duckdb", "joblib")  # fmt: skip


def versions() -> dict[str, str]:
    """Return the versions with which a model was made: of Python's packages that it needs, and of this one."""
    return {"churnkit": churnkit.__version__, **{name: version(name) for name in REQUIRED}}


def log_pyfunc(model: RenewalModel | ChurnModel, value: LifetimeValue | None) -> Any:
    """Log the model to the active run, so that it scores wherever it is loaded, with no more than it names.

    Returns
    -------
    mlflow.models.model.ModelInfo
    """
    package = Path(churnkit.__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        parts = {"model": model} | ({"value": value} if value is not None else {})
        paths = {}
        for name, part in parts.items():
            paths[name] = str(Path(folder) / f"{name}.joblib")
            joblib.dump(part, paths[name])
        with warnings.catch_warnings():  # MLflow asks for an input example: a customer's row, which must not leave
            warnings.simplefilter("ignore", UserWarning)
            return mlflow.pyfunc.log_model(
                name="model", python_model=str(package / "apps" / "pyfunc.py"), artifacts=paths,
                signature=_signature(model), code_paths=[str(package)],
                pip_requirements=[f"{name}=={version(name)}" for name in REQUIRED],
            )  # fmt: skip


def _signature(model: RenewalModel | ChurnModel) -> ModelSignature:
    """Numbers and texts, each of which may be missing; the scores; the language and kind of the reasons."""
    inputs = [
        ColSpec(DataType.string if name in model.categories_ else DataType.double, name, required=False)
        for name in model.columns_.names
    ]
    texts = [*(f"reason_{rank}" for rank in range(1, TOP + 1)), "not_for_money"]
    outputs = [ColSpec(DataType.double, name) for name in ("probability", "low", "high")]
    outputs += [ColSpec(DataType.boolean, "unsure"), *(ColSpec(DataType.string, name) for name in texts)]
    params = [ParamSpec(name, DataType.string, default) for name, default in SPOKEN.items()]
    return ModelSignature(Schema(inputs), Schema(outputs), ParamSchema(params))
