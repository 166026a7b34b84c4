"""Which rows the hazard is learnt on, and that what is said of a customer never rests on his own outcomes."""

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import ContractError
from churnkit.models.classifier import RenewalModel
from churnkit.models.columns import Columns
from churnkit.value.hazard import once, tenures
from churnkit.value.history import days
from churnkit.value.offsets import FOLDS, Offsets, folds, hashed


def test_each_term_once_at_its_longest_lead_with_a_label():
    keys = pd.DataFrame({"entity": list("aabbbc"), "lead_days": [14.0, 330.0, 14.0, 90.0, 330.0, 14.0]})
    y = pd.Series([1.0, 0.0, 1.0, 1.0, np.nan, np.nan])
    assert once(keys, y).tolist() == [1, 3]
    with pytest.raises(ContractError, match="ripe"):
        once(keys, y * np.nan)


def test_tenures_stand_in_for_each_other_and_are_nothing_where_there_is_none():
    X = pd.DataFrame({"tenure_days": [365.25, np.nan, np.nan], "customer_tenure_days": [np.nan, 730.5, np.nan]})
    columns = Columns.learn(X)
    assert [part.tolist() for part in tenures(columns.matrix(X), columns)] == [[1, 2, 0], [1, 2, 0]]
    bare = Columns.learn(X.rename(columns={"tenure_days": "a", "customer_tenure_days": "b"}))
    matrix = bare.matrix(X.set_axis(["a", "b"], axis=1))
    assert [part.tolist() for part in tenures(matrix, bare)] == [[0, 0, 0], [0, 0, 0]]


def test_days_are_whole_and_no_date_is_none():
    assert days(pd.to_datetime(pd.Series(["1970-01-02 23:00", None]))).tolist() == [1, 0]


def test_folds_hold_together_a_customer_in_any_table():
    people = pd.Series([f"C{i:06d}" for i in range(8000)])
    fold = folds(hashed(people))
    counts = np.bincount(fold, minlength=FOLDS)
    assert counts.min() > 0.9 * len(people) / FOLDS
    some = people.sample(100, random_state=0)
    assert (folds(hashed(some)) == fold[some.index]).all()


@pytest.fixture(scope="module")
def noise():
    """Outcomes that nothing tells: each customer's column is his own, so that trees may learn them by heart."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"own": np.repeat(rng.permutation(1500) * 1.0, 4), "other": rng.normal(size=6000)})
    y = np.repeat((rng.random(1500) < 0.7).astype(float), 4)
    people = hashed(pd.Series(np.repeat(np.arange(1500), 4)))
    model = RenewalModel(n_estimators=60, num_leaves=60, min_child_samples=4, reg_lambda=0.0).fit(X, y)
    model.n_estimators_ = 60
    return X, y, people, model


@pytest.mark.parametrize("kind", ["trees", "logistic"])
def test_an_offset_never_rests_on_the_customers_own_outcomes(noise, kind):
    X, y, people, model = noise
    matrix = model.columns_.matrix(X)
    offsets = Offsets.learn(matrix, y, people, model=model, kind=kind, progress=lambda sentence: None)
    apart = np.corrcoef(offsets.lapse(matrix, people), y)[0, 1]
    assert abs(apart) < 0.15
    if kind == "trees":  # the same trees do know it by heart, where they saw him
        assert np.corrcoef(offsets.lapse(matrix, None), y)[0, 1] < -0.3


def test_an_offset_of_a_row_is_the_same_alone(noise):
    X, y, people, model = noise
    matrix = model.columns_.matrix(X)
    offsets = Offsets.learn(matrix, y, people, model=model, kind="trees", progress=lambda sentence: None)
    whole = offsets.lapse(matrix, people)
    alone = [offsets.lapse(matrix[i : i + 1], people[i : i + 1])[0] for i in range(20)]
    np.testing.assert_array_equal(whole[:20], alone)
