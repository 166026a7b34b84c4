"""What a model says when its score is moved by hand, against the same done with the truth it was drawn from."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from churnkit.effect.naive import naive_effects
from churnkit.errors import UsageError
from churnkit.models.classifier import RenewalModel
from churnkit.panel.catalog import standard_features
from churnkit.panel.panel import Panel

SLOPE = 0.02  # log-odds of renewal per point of rating


@pytest.fixture(scope="module")
def told():
    """Renewals that hang on a score, which half of the customers gave."""
    rng = np.random.default_rng(4)
    n = 12_000
    rating = rng.choice([0.0, 25.0, 50.0, 75.0, 100.0], n, p=[0.05, 0.1, 0.15, 0.4, 0.3])
    age = rng.uniform(20, 80, n)
    y = rng.random(n) < expit(0.8 + SLOPE * (rating - 60) + 0.02 * (age - 50))
    rating[rng.random(n) < 0.5] = np.nan
    X = pd.DataFrame({"rating_last": rating, "age": age})
    cutoff = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n) // 20, unit="D")
    keys = pd.DataFrame({"entity": np.arange(n).astype(str), "customer_id": np.arange(n).astype(str), "cutoff": cutoff})
    panel = Panel(X=X, y=pd.Series(y.astype(float)), keys=keys, target="renewal")
    features = [each for each in standard_features("renewal") if each.name in ("rating_last", "age")]
    model = RenewalModel().fit(X, panel.y, cutoff=panel.cutoff, groups=panel.groups, features=features)
    return model, panel


def test_raising_the_score_is_predicting_the_unsatisfied_with_the_satisfieds_score(told):
    """Trees that were stopped early say less than the truth of which they were drawn, and of the same kind."""
    (model, panel), found = told, naive_effects(*told)
    X = panel.X[panel.X["rating_last"].notna()]
    happy = X["rating_last"] >= 75
    level, sad = X["rating_last"][happy].mean(), X[~happy]
    odds = 0.8 + 0.02 * (sad["age"] - 50)
    gain = expit(odds + SLOPE * (level - 60)) - expit(odds + SLOPE * (sad["rating_last"] - 60))
    again = model.predict_proba(sad.assign(rating_last=level))[:, 1] - model.predict_proba(sad)[:, 1]
    assert found.raised == pytest.approx(again.mean(), abs=1e-9)
    assert 0.5 * gain.mean() < found.raised < 1.1 * gain.mean()
    assert found.slope == pytest.approx(found.raised, rel=0.35)  # the middle of p (1 - p) stands for all
    assert (found.rows, found.unsatisfied) == (len(X), (~happy).sum())
    assert "Associations, not effects" in found.text


def test_too_few_answers_say_nothing(told):
    model, panel = told
    few = dataclasses.replace(panel, X=panel.X.assign(rating_last=np.nan))
    found = naive_effects(model, few)
    assert np.isnan(found.raised)
    assert "Too few answers" in found.text


def test_a_model_without_the_score_is_refused(told):
    panel = told[1]
    bare = Panel(X=panel.X[["age"]], y=panel.y, keys=panel.keys, target="renewal")
    other = RenewalModel(n_estimators=5).fit(bare.X, bare.y, cutoff=bare.cutoff, groups=bare.groups)
    with pytest.raises(UsageError, match="trained on it"):
        naive_effects(other, bare)
