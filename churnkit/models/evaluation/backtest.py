"""How good a model would have been, had it been trained again and again: rolling origins that know their past only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import clone

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.base_rates import Drift
from churnkit.models.evaluation.ceiling import Ceiling, ceiling_predictions
from churnkit.models.evaluation.exits import competing_exits
from churnkit.models.evaluation.folds import Period, periods, require_folds
from churnkit.models.evaluation.metrics import Evaluation, Figures, measured, measured_by
from churnkit.models.evaluation.predicted import Predicted
from churnkit.models.evaluation.told import by_fold, sentences
from churnkit.models.evaluation.verdict import Mark
from churnkit.panel.panel import Panel

_YEAR = pd.DateOffset(months=12)
_ROW = "_row"


@dataclass(frozen=True)
class Fold:
    """One origin: what was trained on its day, and how it did until the next.

    Attributes
    ----------
    number : int, from 1, in the order of time
    train_from, train_to : Timestamp, first and last cutoff of the training rows
    test_from, test_to : Timestamp
        The test rows' cutoffs lie in ``[test_from, test_to)``; every training label was ripe on ``test_from``.
    train_rows : int
    model : RenewalModel or ChurnModel, fitted
    evaluation : Evaluation, of the test rows
    test : Panel, the test rows with their labels
    predicted : Predicted, the same rows beside what was predicted
    """

    number: int
    train_from: pd.Timestamp
    train_to: pd.Timestamp
    test_from: pd.Timestamp
    test_to: pd.Timestamp
    train_rows: int
    model: RenewalModel | ChurnModel
    evaluation: Evaluation
    test: Panel = field(repr=False)
    predicted: Predicted = field(repr=False)


@dataclass(frozen=True)
class Backtest:
    """A model's metrics over several folds, in tables and in words.

    Attributes
    ----------
    folds : tuple of Fold, in the order of time
    pooled : Evaluation
        Of all folds' test rows together, each predicted once, by its own fold's model; :attr:`table`, :attr:`metrics`
        and :attr:`baselines` are its own.
    by_fold : DataFrame, a row per fold
        Dates, rows, log loss, calibration slope, AUC and observed/expected lapses with intervals, the baselines' log
        loss, the base rate in training and in the test, and the exits.
    by_lead, by_line : DataFrame
        As :class:`Evaluation` has them, and the exits.
    exits : DataFrame indexed by (by, group)
        What became of all rows at risk: competing exits and unripe rows are counted beside the rate, in none of them.
    mark : Mark
        Of the test rows of the last ripe year: whether the probabilities are fit for money.
    judged_on : Evaluation, of those rows
    text : str, plain sentences
    """

    folds: tuple[Fold, ...]
    pooled: Evaluation
    judged_on: Evaluation
    by_fold: pd.DataFrame
    by_lead: pd.DataFrame
    by_line: pd.DataFrame
    exits: pd.DataFrame
    text: str = field(default="")

    @property
    def rows(self) -> Predicted:
        """The test rows of all folds beside what was predicted for them."""
        return Predicted.together([fold.predicted for fold in self.folds])

    @property
    def table(self) -> pd.DataFrame:
        """Metrics of all test rows with intervals, beside three baselines."""
        return self.pooled.table

    @property
    def metrics(self) -> Figures:
        """The pooled metrics: {name: {"estimate", "low", "high"}}."""
        return self.pooled.metrics

    @property
    def baselines(self) -> dict[str, Figures]:
        """The pooled metrics of the baselines."""
        return self.pooled.baselines

    @property
    def mark(self) -> Mark:
        """Whether the probabilities are fit for money, judged on the last ripe year."""
        return self.judged_on.mark

    @property
    def drift(self) -> Drift | None:
        """The base rate of the last ripe year beside that of the training before it."""
        return self.judged_on.drift

    def by(self, column: str, *, n_boot: int = 200, random_state: int = 0) -> pd.DataFrame:
        """Count lapses observed and expected by the values of a column of the panel.

        Parameters
        ----------
        column : str, a category among the features or keys
        n_boot, random_state : as :func:`backtest` takes them

        Returns
        -------
        DataFrame, a row per value, with ``n``, ``observed``, ``expected``, ``observed_expected``, ``low``, ``high``
            Rows without a value are left out.

        Raises
        ------
        UsageError
            If there is no such column, or it holds numbers.
        """
        parts = [fold.test.X.get(column, fold.test.keys.get(column)) for fold in self.folds]
        if any(part is None or pd.api.types.is_float_dtype(part) for part in parts):
            raise UsageError("A segment is a category among the features or keys of the panel.", found=repr(column))
        segment = pd.concat([part for part in parts if part is not None], ignore_index=True).rename(column)
        return measured_by(self.rows, segment, n_boot=n_boot, random_state=random_state)

    def __str__(self) -> str:
        """Return the pooled table and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:.4f}', na_rep='')}\n\n{self.text}"


def backtest(model: RenewalModel | ChurnModel, panel: Panel, *, folds: int = 4,
             every: Literal["quarter", "year"] = "quarter", leads: Iterable[float] | None = None,
             train_leads: Iterable[float] | None = None, truth: pd.Series[float] | None = None, capacity: float = 0.1,
             n_boot: int = 200, random_state: int = 0,
             progress: Callable[[int, int], None] | None = None) -> Backtest:  # fmt: skip
    """Train a model at several origins and measure each until the next one.

    The last `folds` periods before the last ripe label that hold test rows are tested. A period's origin is its
    first test row's cutoff: a copy of the model is trained on the rows before it whose labels were **ripe on that
    day** (purge), and predicts the period's rows. The default, four quarters, tiles the last ripe year, on which the
    mark for money rests. Where snapshots are a year apart, four folds are the last four snapshots.

    Parameters
    ----------
    model : RenewalModel or ChurnModel; its settings are what is used, it is not changed
    panel : Panel
        Built with ``keep_unlabelled=True``, its other exits and unripe rows are counted beside the rates.
    folds : int
    every : {"quarter", "year"}, how far origins are apart
    leads : iterable of float, optional
        Renewal: measure at these leads only; all that the panel holds if None.
    train_leads : iterable of float, optional
        Renewal: train on these leads only.
    truth : Series of float, optional
        For simulated books: true probability of class 1 of each row, indexed like ``panel.X``. Gives the attainable
        gain, with a ceiling model trained at every origin.
    capacity, n_boot, random_state
        As :func:`evaluate` takes them; intervals draw customers with replacement over all folds together.
    progress : callable, optional, called as ``progress(done, folds)``

    Returns
    -------
    Backtest

    Raises
    ------
    UsageError
        If there are fewer periods, or a lead or setting makes no sense.
    ContractError
        CLS28, if a fold's training or test rows lack labels of both classes; all such folds are named.
    """
    if folds < 1 or not 0 < capacity <= 1:
        raise UsageError("There is at least one fold; capacity is a share of the rows, above 0 and at most 1.",
                         found=f"folds={folds}, capacity={capacity}")  # fmt: skip
    if truth is not None and not truth.index.equals(panel.X.index):
        raise UsageError("The truth is indexed like the panel's X.", found=f"{len(truth)} of {len(panel)} rows")
    tested, learnt = _at_leads(panel, leads, name="leads"), _at_leads(panel, train_leads, name="train_leads")
    spans = periods(panel.cutoff[tested & panel.y.notna()], folds=folds, every=every)
    require_folds(panel, spans, tested=tested, learnt=learnt, least=model.min_events)
    numbered = replace(panel, keys=panel.keys.assign(**{_ROW: np.arange(len(panel))}))
    how = {"capacity": capacity, "n_boot": n_boot, "random_state": random_state}
    done = []
    for number, span in enumerate(spans, start=1):
        done.append(_fold(model, numbered, span, number=number, tested=tested, learnt=learnt, truth=truth, how=how))
        if progress is not None:
            progress(number, len(spans))
    return _together(tuple(done), panel, spans, tested=tested, how=how)


def _at_leads(panel: Panel, leads: Iterable[float] | None, *, name: str) -> pd.Series[bool]:
    """Rows at some leads, all if None."""
    if leads is None:
        return pd.Series(True, index=panel.keys.index)
    wanted, have = {float(lead) for lead in leads}, set(panel.keys["lead_days"].dropna().unique().tolist())
    if not wanted or wanted - have:
        shown = ", ".join(f"{lead:g}" for lead in sorted(have)) or "none"
        raise UsageError(f"{name} are leads that the panel was built with.", found=f"{sorted(wanted)}; it has {shown}",
                         fix="Build it with build_panel(book, target, leads=...).")  # fmt: skip
    return panel.keys["lead_days"].isin(wanted)


def _fold(model: RenewalModel | ChurnModel, panel: Panel, span: Period, *, number: int, tested: pd.Series[bool],
          learnt: pd.Series[bool], truth: pd.Series[float] | None, how: dict[str, Any]) -> Fold:  # fmt: skip
    train, test = panel.split(test_from=span.begin, test_to=span.end)
    train, test = train.take(learnt.to_numpy()[train.keys[_ROW]]), test.take(tested.to_numpy()[test.keys[_ROW]])
    fitted = clone(model).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups, features=train.features)
    ceiling = None
    if truth is not None:
        true, best = (truth.iloc[part.keys[_ROW]].set_axis(part.X.index) for part in (test, train))
        ceiling = Ceiling(true, ceiling_predictions(fitted, train.X, best, test.X))
    predicted = Predicted.of(fitted, test, ceiling)
    return Fold(number, train.cutoff.min(), train.cutoff.max(), span.begin, span.end, len(train), fitted,
                measured(predicted, **how), replace(test, keys=test.keys.drop(columns=_ROW)), predicted)  # fmt: skip


def _together(done: tuple[Fold, ...], panel: Panel, spans: list[Period], *, tested: pd.Series[bool],
              how: dict[str, Any]) -> Backtest:  # fmt: skip
    parts = [fold.predicted for fold in done]
    pooled = measured(Predicted.together(parts), **how)
    begin = max(part.cutoff.max() for part in parts) - _YEAR
    late = [part.take((part.cutoff > begin).to_numpy()) for part in parts if (part.cutoff > begin).any()]
    whole = sum(len(part.y) for part in late) == sum(len(part.y) for part in parts)
    judged_on = pooled if whole else measured(Predicted.together(late), **how)
    number = pd.Series(np.nan, index=panel.keys.index)
    for place, span in enumerate(spans, start=1):
        number[tested & (panel.cutoff >= span.begin) & (panel.cutoff < span.end)] = place
    at = number.notna()
    keys = panel.keys[at]
    groups = {"fold": number[at], "lead": keys["lead_days"], "line": keys["line"]}
    exits = competing_exits(panel.y[at], keys, groups, target=panel.target)
    by_lead, by_line = _beside(pooled.by_lead, exits, "lead"), _beside(pooled.by_line, exits, "line")
    text = sentences(done, pooled, judged_on, exits, target=panel.target)
    return Backtest(done, pooled, judged_on, _beside(by_fold(done), exits, "fold"), by_lead, by_line, exits, text)


def _beside(table: pd.DataFrame, exits: pd.DataFrame, by: str) -> pd.DataFrame:
    """Put the exits of each group beside its rates."""
    mine = exits[exits.index.get_level_values("by") == by].droplevel("by")
    return table.join(mine[["at_risk", "other_exits", "unripe"]])
