"""The model as MLflow serves it: probabilities, not classes. MLflow runs this file to build the model."""

from __future__ import annotations

from typing import Any

import joblib
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class Probability(PythonModel):  # type: ignore[misc]
    """Returns the calibrated probability that a term is renewed, or that a customer churns."""

    def load_context(self, context: Any) -> None:
        """Load the estimator that was logged."""
        self.model = joblib.load(context.artifacts["model"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return one column, ``probability``, indexed like the input."""
        probability = self.model.predict_proba(model_input)[:, 1]
        return pd.DataFrame({"probability": probability}, index=model_input.index)


set_model(Probability())
