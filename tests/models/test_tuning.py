"""Tuning never looks at the test period, goes on where it stopped, and says honestly what it gained."""

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import ContractError, UsageError
from churnkit.models import tuning
from churnkit.models.classifier import RenewalModel
from churnkit.models.evaluation.folds import periods
from churnkit.models.evaluation.scores import log_loss
from churnkit.models.tuning import SPACE, tune

from .insurer import as_panel, insurer

pytest.importorskip("optuna", reason="optuna is not installed: pip install '.[tune]'")

pytestmark = pytest.mark.recovery  # trains dozens of models
TEST_FROM = pd.Timestamp("2022-12-01")
START = RenewalModel(n_estimators=8, learning_rate=0.2, min_events=5)


def silent(done, trials, best):
    pass


@pytest.fixture(scope="module")
def panel():
    """300 customers, labels ripe a month after the end."""
    made = as_panel(insurer(300, seed=5))
    return dataclasses.replace(made, keys=made.keys.assign(ripe_at=made.keys["end_date"] + pd.Timedelta(days=30)))


def ask(panel, **more):
    return tune(START, panel, **{"test_from": TEST_FROM, "trials": 3, "folds": 2, "progress": silent, **more})


@pytest.fixture(scope="module")
def found(panel):
    return ask(panel)


def test_the_test_period_changes_nothing(panel, found):
    """Its labels are turned round, its features scrambled; so are the labels that were unripe when it began."""
    unseen = (panel.cutoff >= TEST_FROM) | (panel.keys["ripe_at"] > TEST_FROM)
    assert unseen.any()
    assert (unseen & (panel.cutoff < TEST_FROM)).any()
    X = panel.X.assign(tenure=panel.X["tenure"].where(~unseen, 99.0))
    other = ask(dataclasses.replace(panel, y=panel.y.where(~unseen, 1 - panel.y), X=X))
    pd.testing.assert_frame_equal(found.table, other.table)
    assert (found.best_params, found.difference, found.text) == (other.best_params, other.difference, other.text)


def test_what_lies_before_it_does_change_the_answer(panel, found):
    seen = panel.keys["ripe_at"] <= TEST_FROM - pd.Timedelta(days=60)
    other = ask(dataclasses.replace(panel, y=panel.y.where(~seen, 1 - panel.y)), trials=1)
    assert other.table["log_loss"].loc[0] != found.table["log_loss"].loc[0]


def test_trial_0_is_the_model_as_it_came_on_the_folds_of_a_backtest(panel, found):
    training = panel.take((panel.cutoff < TEST_FROM) & (panel.keys["ripe_at"] <= TEST_FROM))
    losses = []
    for span in periods(training.cutoff, folds=2, every="quarter"):
        train, test = training.split(test_from=span.begin, test_to=span.end)
        fitted = RenewalModel(**START.get_params()).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups)
        losses.append(log_loss(test.y.to_numpy(), fitted.predict_proba(test.X)[:, 1]))
    assert found.table["log_loss"].loc[0] == pytest.approx(np.concatenate(losses).mean())
    assert {name: found.table[name].loc[0] for name in SPACE} == {name: getattr(START, name) for name in SPACE}


def test_the_best_trial_is_the_answer(panel, found):
    assert found.table["log_loss"].is_monotonic_increasing
    assert sorted(found.table.index) == [0, 1, 2]
    first = found.table.iloc[0]
    assert {name: found.best_params[name] for name in SPACE} == {name: first[name] for name in SPACE}
    assert {name: found.model.get_params()[name] for name in found.best_params} == found.best_params
    assert not hasattr(found.model, "booster_")
    gap = first["log_loss"] - found.table["log_loss"].loc[0]
    assert found.difference["estimate"] == pytest.approx(gap, abs=1e-9)
    assert found.difference["low"] <= found.difference["estimate"] <= found.difference["high"]
    assert "3 trials on 2 rolling folds" in found.text
    assert "nothing from 2022-12-01 on was used" in found.text
    assert START.learning_rate == 0.2


def test_a_slower_learner_may_grow_more_trees():
    race = object.__new__(tuning._Race)
    race.model, race.own = START, {name: getattr(START, name) for name in SPACE}
    assert race.settings({**race.own, "learning_rate": 0.05})["n_estimators"] == 32
    assert race.settings({**race.own, "learning_rate": 0.4})["n_estimators"] == 8


def test_a_run_that_was_stopped_goes_on_to_the_same_end(panel, found, tmp_path, monkeypatch):
    store = tmp_path / "deep" / "trials.log"
    ask(panel, storage=store, trials=1)
    scored = tuning._Race.losses
    monkeypatch.setattr(tuning._Race, "losses", lambda race, settings: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # stopped in the middle of a trial
        ask(panel, storage=store, trials=2)
    done = []
    monkeypatch.setattr(tuning._Race, "losses", lambda race, settings: done.append(settings) or scored(race, settings))
    again = ask(panel, storage=store)
    pd.testing.assert_frame_equal(again.table, found.table)
    assert again.best_params == found.best_params
    assert len(done) <= 4  # two trials, and the best beside the first
    with pytest.raises(UsageError, match="another panel, other folds or another model"):
        ask(panel, storage=store, folds=1)


def test_trials_are_kept_in_a_database_too(panel, found, tmp_path):
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    first = ask(panel, storage=url, trials=1)
    assert (tmp_path / "trials.db").stat().st_size > 0
    told = []
    again = ask(panel, storage=url, trials=1, progress=lambda *said: told.append(said))
    assert told == []
    pd.testing.assert_frame_equal(first.table, again.table)
    assert again.table["log_loss"].loc[0] == found.table["log_loss"].loc[0]


def test_time_that_is_up_begins_no_trial(panel, found):
    told = []
    out = ask(panel, timeout=0.0, progress=lambda done, trials, best: told.append((done, trials, best)))
    assert told == [(1, 3, out.table["log_loss"].loc[0])]
    assert "No trial beats the settings as they came" in out.text
    assert out.difference == {"estimate": 0.0, "low": 0.0, "high": 0.0}
    assert out.best_params == {name: getattr(START, name) for name in (*SPACE, "n_estimators")}


def test_without_optuna_the_extra_is_named(panel, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match=r"pip install 'insurance-churnkit\[tune\]'"):
        ask(panel)


def test_faults_are_clear(panel):
    with pytest.raises(UsageError, match="at least one trial"):
        ask(panel, trials=0)
    with pytest.raises(UsageError, match="before the test period"):
        ask(panel, test_from="1999-01-01")
    with pytest.raises(ContractError, match="CLS28"):
        tune(RenewalModel(min_events=5000), panel, test_from=TEST_FROM, folds=2, progress=silent)
