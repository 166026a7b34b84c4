"""The model as MLflow serves it: the columns of a panel in; probability, interval, mark and reasons out.

MLflow runs this file to build the model, wherever it is loaded.
"""

from __future__ import annotations

from typing import Any

import joblib
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from churnkit.models.reasons.explain import reasons

TOP = 3
SPOKEN = {"language": "en", "toward": "both"}


class Scores(PythonModel):  # type: ignore[misc]
    """Scores rows of a panel: the calibrated probability that a term is renewed, or that a customer churns."""

    def load_context(self, context: Any) -> None:
        """Load the estimator that was logged."""
        self.model = joblib.load(context.artifacts["model"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return the scores, indexed like the input.

        Parameters
        ----------
        context : PythonModelContext
        model_input : DataFrame of shape (n_rows, n_features), the columns of ``Panel.X`` in any order
        params : dict, optional
            ``language``, "en" or "zh"; ``toward``, "both" or "leave" (only reasons that go with lapse or churn).

        Returns
        -------
        DataFrame of shape (n_rows, 8)
            ``probability`` of class 1; ``low`` and ``high``, its 95 % interval; ``unsure``; ``reason_1`` …
            ``reason_3``, None where there are fewer; ``not_for_money``, why not, empty where it may be used for money.
        """
        X = model_input.reset_index(drop=True)
        scores = pd.DataFrame({"probability": self.model.predict_proba(X)[:, 1]}).join(self.model.predict_interval(X))
        scores["unsure"] = self.model.unsure(X)
        told = reasons(self.model, X, top=TOP, **(SPOKEN | (params or {})))
        texts = told.pivot(index="row", columns="rank", values="text").reindex(columns=range(1, TOP + 1))
        for rank in texts:
            scores[f"reason_{rank}"] = texts[rank].astype(object).where(texts[rank].notna(), None)
        mark = self.model.mark_
        return scores.assign(not_for_money="" if mark.for_money else mark.text).set_index(model_input.index)


set_model(Scores())
