"""Test rows with outcomes beside what was predicted for them, of one model or of several folds together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from churnkit.errors import ContractError, UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.base_rates import BaseRates
from churnkit.models.evaluation.ceiling import Ceiling
from churnkit.models.evaluation.scores import Codes, Scorer, Vector, log_loss
from churnkit.panel.panel import Panel

GAIN = ("attainable_gain", "expected_log_loss_base", "expected_log_loss_model", "expected_log_loss_ceiling",
        "expected_log_loss_truth")  # fmt: skip


@dataclass(frozen=True)
class Predicted:
    """Rows with known outcome: probabilities of class 1 by name (model, baselines, ceiling), customers, leads, lines.

    ``rates`` are the training's. Of several folds together they are the first one's: what was known before all of them.
    """

    y: Vector
    p: dict[str, Vector] = field(repr=False)
    customer: pd.Series[Any] = field(repr=False)
    lead: pd.Series[Any] = field(repr=False)
    line: pd.Series[Any] = field(repr=False)
    cutoff: pd.Series[Any] = field(repr=False)
    event: str
    rates: BaseRates = field(repr=False)
    truth: Vector | None = field(default=None, repr=False)

    @classmethod
    def of(cls, model: RenewalModel | ChurnModel, panel: Panel, ceiling: Ceiling | None = None) -> Predicted:
        """Predict a test panel's rows with known outcome, with the model and its baselines.

        Raises
        ------
        ContractError
            CLS28, if no row has an outcome, or all have the same.
        UsageError
            If the ceiling is not indexed like the panel's X.
        """
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
        blank = pd.Series(np.nan, index=X.index)
        lead, line, cutoff = (keys.get(n, blank).reset_index(drop=True) for n in ("lead_days", "line", "cutoff"))
        customer = panel.groups[known].reset_index(drop=True)
        return cls(y, p, customer, lead, line, cutoff, model.event, model.base_rates_, truth)

    @classmethod
    def together(cls, parts: Sequence[Predicted]) -> Predicted:
        """Rows of several folds, each predicted by its own fold's model."""
        if len(parts) == 1:
            return parts[0]
        whole = {
            name: pd.concat([getattr(part, name) for part in parts], ignore_index=True)
            for name in ("customer", "lead", "line", "cutoff")
        }
        p = {name: np.concatenate([part.p[name] for part in parts]) for name in parts[0].p}
        truths = [part.truth for part in parts if part.truth is not None]
        truth = np.concatenate(truths) if truths else None
        y = np.concatenate([part.y for part in parts])
        return cls(y, p, event=parts[0].event, rates=parts[0].rates, truth=truth, **whole)

    def take(self, rows: Any) -> Predicted:
        """Return some of the rows, by mask or positions."""
        at = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows)
        columns = {name: getattr(self, name).iloc[at].reset_index(drop=True)
                   for name in ("customer", "lead", "line", "cutoff")}  # fmt: skip
        return replace(self, y=self.y[at], p={name: p[at] for name, p in self.p.items()},
                       truth=None if self.truth is None else self.truth[at], **columns)  # fmt: skip

    @cached_property
    def people(self) -> Codes:
        """Customers as codes."""
        return np.asarray(pd.factorize(self.customer)[0], dtype=np.intp)

    @property
    def groups(self) -> int:
        """Number of customers."""
        return int(self.people.max()) + 1

    @property
    def risk(self) -> int:
        """The class that is the lapse."""
        return 0 if self.event == "renewed" else 1

    def scorer(self, name: str, rows: Any = slice(None), *, capacity: float = 0.1) -> Scorer:
        """Return the metrics of one prediction on some of the rows, as a function of weights by customer."""
        return Scorer(self.y[rows], self.p[name][rows], self.people[rows], risk=self.risk, capacity=capacity)


class Sums:
    """Everything that is a sum over rows, by customer: loss against the logistic, losses under the truth, lapses.

    Lapses observed and expected are counted by `segment`, an array or Series of shape (n_rows,), as by line.
    """

    def __init__(self, test: Predicted, segment: Any) -> None:
        codes, self.names = pd.factorize(segment, sort=True)
        lapse, risk = (v if test.risk else 1.0 - v for v in (test.y, test.p["model"]))
        counted = [v * (codes == i) for i in range(len(self.names)) for v in (np.ones_like(lapse), lapse, risk)]
        losses = [log_loss(test.y, test.p["model"]) - log_loss(test.y, test.p["logistic"])]
        if test.truth is not None:
            losses += [log_loss(test.truth, test.p[k]) for k in ("base_rate", "model", "ceiling")]
            losses.append(log_loss(test.truth, test.truth))
        columns = [np.ones_like(lapse), *losses, *counted]
        self._losses = len(losses)
        self._sums = np.column_stack([np.bincount(test.people, c, minlength=test.groups) for c in columns])

    def __call__(self, weights: Vector | None = None) -> dict[str, Vector]:
        """Return what the sums say for weights by customer: behind, segments, counts, and with a truth the gain."""
        total = (np.ones(len(self._sums)) if weights is None else weights) @ self._sums
        losses, counted = total[1 : 1 + self._losses] / total[0], total[1 + self._losses :].reshape(-1, 3)
        ratios = counted[:, 1] / np.maximum(counted[:, 2], 1e-12)
        out = {"behind": losses[:1], "segments": ratios, "counts": counted.ravel()}
        if self._losses > 1:
            base, mine, ceiling, truth = losses[1:]
            out["gain"] = np.array([(base - mine) / (base - ceiling), base, mine, ceiling, truth])
        return out
