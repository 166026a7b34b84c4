"""Tuning the trees' settings on rolling origins of the training period; the test period is never looked at."""

from __future__ import annotations

import hashlib
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import clone

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.folds import Period, periods, require_folds
from churnkit.models.evaluation.scores import Codes, Vector, draws, interval, log_loss
from churnkit.moments import to_moment
from churnkit.panel.panel import Panel

SPACE: dict[str, tuple[float, float, bool]] = {
    "learning_rate": (0.02, 0.2, True),
    "num_leaves": (4, 48, True),
    "min_child_samples": (20, 500, True),
    "feature_fraction": (0.2, 1.0, False),
    "bagging_fraction": (0.5, 1.0, False),
    "reg_lambda": (0.5, 100.0, True),
}
"""What is tuned: lowest and highest value, and whether it is sought on the logarithm. Settings outside widen it."""
_WHOLE = ("num_leaves", "min_child_samples")
_STUDY = "churnkit"


@dataclass(frozen=True)
class Tuning:
    """What tuning found.

    Attributes
    ----------
    model : RenewalModel or ChurnModel, not fitted, with the best settings
    best_params : dict of settings, the number of trees that fits the learning rate among them
    table : DataFrame, a row per trial, the best one first, index ``trial``; trial 0 is the model as it came
        ``log_loss`` (pooled over the folds' test rows) and the settings.
    difference : dict of ``estimate``, ``low``, ``high``
        Log loss of the best settings minus that of the model as it came, on the same rows; 95 %, customers drawn with
        replacement. The best of many trials was chosen on these rows: on later ones expect less.
    text : str, plain sentences
    """

    model: RenewalModel | ChurnModel
    best_params: dict[str, Any]
    table: pd.DataFrame
    difference: dict[str, float]
    text: str = field(default="")

    def __str__(self) -> str:
        """Return the sentences."""
        return self.text


def tune(model: RenewalModel | ChurnModel, panel: Panel, *, test_from: Any = None, trials: int = 30, folds: int = 3,
         every: Literal["quarter", "year"] = "quarter", storage: str | os.PathLike[str] | None = None,
         timeout: float | None = None, random_state: int = 0,
         progress: Callable[[int, int, float], None] | None = None) -> Tuning:  # fmt: skip
    """Look for better settings of the trees with Optuna's TPE [1]_ (extra ``tune``).

    Each trial trains on the rolling origins of :func:`~churnkit.models.evaluation.backtest.backtest`, with labels that
    were ripe on the fold's date, and its loss is the pooled log loss of the folds' test rows. The first trial is the
    model as it came. A trial depends on the trials before it and on nothing else, so a run that was stopped and goes on
    gives what it would have given.

    Parameters
    ----------
    model : RenewalModel or ChurnModel; its settings are the start, it is not changed
    panel : Panel
    test_from : timestamp, optional
        Begin of the test period: rows from there on, and labels that were not ripe then, are cut away first. None if
        the panel holds training rows only, as the first of ``panel.split(...)``.
    trials : int, in all, those already stored included
    folds, every : as :func:`~churnkit.models.evaluation.backtest.backtest` takes them
    storage : path, or URL of a database as ``sqlite:///trials.db``, optional
        Where trials are kept, a path in a journal of Optuna's; the same call with the same storage goes on. It holds
        settings and losses, no rows.
    timeout : float, seconds, optional
        No trial is begun after that; at least one is done.
    random_state : int
    progress : callable, optional
        Called as ``progress(done, trials, best)``. None writes a line for each trial on standard error.

    Returns
    -------
    Tuning

    Raises
    ------
    UsageError
        If Optuna is not installed, or the storage holds trials on other rows, folds or settings.
    ContractError
        CLS28, if a fold's training or test rows lack labels of both classes.

    References
    ----------
    .. [1] Bergstra et al. (2011), Algorithms for hyper-parameter optimization, NeurIPS 24.
    """
    optuna = _optuna()
    if trials < 1:
        raise UsageError("There is at least one trial.", found=f"trials={trials}")
    training = _training(panel, test_from)
    spans = periods(training.cutoff, folds=folds, every=every)
    everything = pd.Series(True, index=training.keys.index)
    require_folds(training, spans, tested=everything, learnt=everything, least=model.min_events)
    race = _Race(model, training, spans)
    study = optuna.create_study(study_name=_STUDY, storage=_storage(optuna, storage), direction="minimize",
                                load_if_exists=True)  # fmt: skip
    _same_question(study, race.question, storage)
    _run(study, race, trials=trials, timeout=timeout, seed=random_state, progress=progress or _told)
    best: dict[str, Any] = race.settings(study.best_trial.params)
    difference = race.difference(best, random_state)
    table = _table(study)
    tuned = clone(model).set_params(**best)
    return Tuning(tuned, best, table, difference, _text(race, table, best, difference, test_from))


class _Race:
    """The folds, and how a setting does on them."""

    def __init__(self, model: RenewalModel | ChurnModel, training: Panel, spans: list[Period]) -> None:
        self.model, self.rows = model, training
        self.folds = [training.split(test_from=span.begin, test_to=span.end) for span in spans]
        self.own = {name: model.get_params()[name] for name in SPACE}
        told = [f"{span.begin} {span.end}" for span in spans]
        content = pd.util.hash_pandas_object(training.X, index=False).to_numpy(dtype=np.uint64)
        labels = training.y.to_numpy(dtype=np.float64)
        asked = f"{training.target} {list(training.X)} {told} {sorted(model.get_params().items(), key=str)}"
        self.question = hashlib.sha256(content.tobytes() + labels.tobytes() + asked.encode()).hexdigest()

    def settings(self, params: dict[str, Any]) -> dict[str, Any]:
        """Settings with as many trees as the learning rate asks for; early stopping takes what it needs."""
        slower = self.own["learning_rate"] / params["learning_rate"]
        trees = math.ceil(self.model.n_estimators * max(slower, 1.0))
        return {name: params[name] for name in SPACE} | {"n_estimators": trees}

    def losses(self, settings: dict[str, Any]) -> Vector:
        """Log loss of each test row, fold by fold."""
        found = []
        for train, test in self.folds:
            fitted = clone(self.model).set_params(**settings)
            fitted.fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups, features=train.features or None)
            p = fitted.predict_proba(test.X)[:, 1]
            found.append(log_loss(np.asarray(test.y, dtype=np.float64), p))
        return np.concatenate(found)

    @property
    def customers(self) -> Codes:
        """Code of each test row's customer."""
        codes: Codes = pd.factorize(pd.concat([test.groups for _, test in self.folds]))[0]
        return codes

    def difference(self, best: dict[str, Any], seed: int) -> dict[str, float]:
        """How much less the best settings lose than the model as it came, with its interval."""
        own = self.settings(self.own)
        people = self.customers
        gap = np.zeros(len(people)) if best == own else self.losses(best) - self.losses(own)
        sums, counts = np.bincount(people, gap), np.bincount(people)
        boot = np.array([w @ sums / (w @ counts) for w in draws(len(sums), n_boot=200, random_state=seed)])
        low, high = interval(boot)
        return {"estimate": float(gap.mean()), "low": low, "high": high}


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UsageError("Tuning is done by Optuna.", found="it is not installed",
                         fix="pip install 'insurance-churnkit[tune]'") from error  # fmt: skip
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _training(panel: Panel, test_from: Any) -> Panel:
    """Labelled rows before the test period, with labels that were ripe when it began."""
    rows = panel.y.notna()
    if test_from is not None:
        begin = to_moment(test_from, name="test_from")
        rows &= (panel.cutoff < begin) & (panel.keys["ripe_at"] <= begin)
    if not rows.any():
        raise UsageError("Tuning needs labelled rows before the test period.", found=f"none before {test_from}")
    return panel.take(rows.to_numpy())


def _storage(optuna: Any, storage: str | os.PathLike[str] | None) -> Any:
    """None and URLs as Optuna takes them; a path is a journal, which needs no schema and survives a kill."""
    if storage is None or "://" in str(storage):
        return storage
    path = Path(storage).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))


def _same_question(study: Any, question: str, storage: Any) -> None:
    """Trials on other rows, folds or settings are not comparable: refuse to go on from them."""
    held = study.user_attrs.get("question")
    if held not in (None, question):
        raise UsageError("Trials go on with the rows, folds and model that they began with.",
                         found="trials of another panel, other folds or another model", where=str(storage),
                         fix="Give another storage, or delete that file.")  # fmt: skip
    study.set_user_attr("question", question)


def _run(study: Any, race: _Race, *, trials: int, timeout: float | None, seed: int,
         progress: Callable[[int, int, float], None]) -> None:  # fmt: skip
    """Do what is missing of the trials, one by one."""
    optuna = _optuna()
    state = optuna.trial.TrialState
    for stopped in study.get_trials(states=(state.RUNNING,)):
        study.tell(stopped.number, state=state.FAIL)
    space = {name: _distribution(optuna, name, race.own[name]) for name in SPACE}
    begun, first = time.monotonic(), len(study.get_trials(states=(state.COMPLETE,)))
    for done in range(first, trials):
        if timeout is not None and done > first and time.monotonic() - begun > timeout:
            break
        if done == 0:
            loss = float(race.losses(race.settings(race.own)).mean())
            study.add_trial(optuna.trial.create_trial(params=race.own, distributions=space, value=loss))
        else:
            study.sampler = optuna.samplers.TPESampler(seed=seed + done)  # as a run that never stopped would draw
            trial = study.ask(space)
            study.tell(trial, float(race.losses(race.settings(trial.params)).mean()))
        progress(done + 1, trials, study.best_value)


def _distribution(optuna: Any, name: str, own: float) -> Any:
    low, high, log = SPACE[name]
    low, high = min(low, own), max(high, own)
    if name in _WHOLE:
        return optuna.distributions.IntDistribution(int(low), int(high), log=log)
    return optuna.distributions.FloatDistribution(low, high, log=log and low > 0)


def _told(done: int, trials: int, best: float) -> None:
    print(f"trial {done} of {trials}: best log loss {best:.4f}", file=sys.stderr)


def _table(study: Any) -> pd.DataFrame:
    finished = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    rows = [{"trial": i, "log_loss": trial.value, **trial.params} for i, trial in enumerate(finished)]
    return pd.DataFrame(rows).set_index("trial").sort_values("log_loss", kind="stable")


def _text(race: _Race, table: pd.DataFrame, best: dict[str, Any], gap: dict[str, float], test_from: Any) -> str:
    people, untuned, least = race.customers, table["log_loss"].loc[0], table["log_loss"].iloc[0]
    tested = pd.concat([test.cutoff for _, test in race.folds])
    apart = "" if test_from is None else f"; nothing from {to_moment(test_from, name='test_from'):%Y-%m-%d} on was used"
    lines = [f"{len(table)} trials on {len(race.folds)} rolling folds, {len(people):,} test rows of"
             f" {len(np.unique(people)):,} customers from {tested.min():%Y-%m-%d} to {tested.max():%Y-%m-%d}"
             f"{apart}."]  # fmt: skip
    if table.index[0] == 0:
        return "\n".join([*lines, f"No trial beats the settings as they came (log loss {untuned:.4f})."])
    lines.append(f"Log loss {least:.4f}, as it came {untuned:.4f}: difference {gap['estimate']:+.4f}"
                 f" ({gap['low']:+.4f} … {gap['high']:+.4f}; 95 %, customers drawn with replacement).")  # fmt: skip
    lines.append("The interval holds 0: the settings as they came are good enough." if gap["high"] >= 0 else
                 f"It is the best of {len(table)} trials on these very rows: on later ones expect less.")  # fmt: skip
    return "\n".join([*lines, f"Settings: {', '.join(f'{name} {value:.4g}' for name, value in best.items())}."])
