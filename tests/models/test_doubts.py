"""Rows and columns that lie where training did not are noticed; what lies where it did is left in peace."""

import numpy as np
import pytest

from churnkit.models.doubts import counts, doubts
from churnkit.models.ranges import SHIFTED, Range
from churnkit.models.trees import gains

from .insurer import FEATURES


@pytest.fixture(scope="module")
def gain(model):
    return gains(model.booster_)


def test_rows_like_those_of_training_raise_no_doubt(model, gain, train):
    assert set(doubts(model.columns_, train[FEATURES], gain)) == {""}


def test_a_doubt_names_the_column_and_the_value(model, gain, test_rows):
    X = test_rows[FEATURES].head(4).copy()
    X["line"] = ["boat", "home", "home", "home"]
    X["tenure"] = [1.0, 400.0, np.nan, 2.0]
    said = doubts(model.columns_, X, gain)
    assert said[0] == "line: boat was never seen in training"
    assert said[1] == "tenure: 400 is far from training's 0 to 8"
    assert said[2] == "tenure: missing, which it never was in training"
    assert said[3] == ""
    assert doubts(model.columns_, X, gain, language="zh")[1] == "tenure：400远离训练数据的范围0至8"
    assert model.unsure(X).tolist() == [True, True, True, False]


def test_what_the_trees_hardly_use_raises_no_doubt(model, gain, test_rows):
    X = test_rows[FEATURES].head(5)
    nothing = np.where(np.array(model.columns_.names) == "tenure", 0.0, gain)
    assert set(doubts(model.columns_, X.assign(tenure=400.0), nothing)) == {""}


def test_counts_of_parts_add_up(model, gain, test_rows):
    X = test_rows[FEATURES]
    whole, parts = counts(model.columns_, X, gain), [counts(model.columns_, X[i::3], gain) for i in range(3)]
    assert whole == {name: np.sum([part[name] for part in parts], axis=0).tolist() for name in whole}
    assert all(sum(each) == len(X) for each in whole.values())


def test_the_index_is_that_of_the_formula():
    lay = Range.of(np.arange(1000.0))
    q = np.array([300, 200, 100, 100, 100, 50, 50, 50, 25, 25, 0])
    p = np.array(lay.shares[:-1])
    by_hand = np.sum((q[:-1] / 1000 - p) * np.log(q[:-1] / 1000 / p))
    assert lay.shift(q) == pytest.approx(by_hand, abs=0.01)  # half a row is added to each bin


def test_another_unit_moves_a_column_and_chance_does_not():
    rng = np.random.default_rng(0)
    lay = Range.of(rng.lognormal(size=5000))
    assert lay.shift(lay.counts(rng.lognormal(size=500))) < SHIFTED / 2
    assert lay.shift(lay.counts(100 * rng.lognormal(size=500))) > 1
    assert lay.shift(lay.counts(100 * rng.lognormal(size=400))) == 0  # too few to judge


def test_more_missing_than_in_training_counts_and_fewer_do_not():
    values = np.where(np.arange(4000) % 2, np.arange(4000.0), np.nan)
    lay = Range.of(values)
    assert lay.shift(lay.counts(np.arange(4000.0))) < 0.01
    assert lay.shift(lay.counts(np.where(np.arange(4000) % 10, np.nan, values))) > SHIFTED


def test_a_column_without_values_is_no_ground_for_anything():
    lay = Range.of(np.full(10, np.nan))
    assert not lay.far(np.array([1.0, np.nan])).any()
    assert lay.shift(lay.counts(np.full(10, np.nan))) == 0


def test_ranges_are_learnt_of_numbers_only(model):
    assert set(model.columns_.ranges) == set(FEATURES) - set(model.categories_)
