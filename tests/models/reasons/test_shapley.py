"""Tables give the contributions of LightGBM itself, row by row, whatever the trees are like."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from churnkit.models.reasons import explain, shapley
from churnkit.models.reasons.explain import contributions, reasons
from churnkit.models.reasons.shapley import Tables
from churnkit.models.reasons.splits import read_trees
from churnkit.models.trees import frame_of, train_trees

from ..insurer import FEATURES


def booster(X, *, rounds=8, seed=0, **params):
    y = (
        np.nan_to_num(X[:, 0] * X[:, 1] + np.sin(X[:, 2])) + np.random.default_rng(seed).normal(size=len(X)) > 0
    ).astype(float)
    params = {"objective": "binary", "num_leaves": 31, "max_depth": 16, "min_data_in_leaf": 5, **params}
    return train_trees(params, X, y, rounds=rounds)


def numbers(rows=3000, columns=6, *, seed=0, missing=0.2):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns)).astype(np.float32)
    X[:, columns // 2 :] = np.round(X[:, columns // 2 :])
    X[rng.random(X.shape) < missing] = np.nan
    return X


def theirs(model, X):
    return model.predict(frame_of(X), pred_contrib=True)[:, :-1]


def ours(model, X):
    tables = Tables.of(model)
    out = np.zeros(X.shape)
    out[:, list(tables.columns)] = tables.look_up(X).T
    return out


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"num_leaves": 2},
        {"num_leaves": 8, "max_depth": 8},
        {"num_leaves": 60},
        {"monotone_constraints": [1] + [0] * 5},
    ],
    ids=["usual", "stumps", "shipped", "wide", "monotone"],
)
def test_tables_equal_lightgbms_contributions(params):
    X = numbers()
    model = booster(X, **params)
    np.testing.assert_allclose(ours(model, X[:300]), theirs(model, X[:300]), atol=1e-12)


def test_a_value_missing_only_at_scoring_goes_where_lightgbm_sends_it():
    X = numbers(missing=0.0)
    model = booster(X)
    X[:300][np.random.default_rng(1).random((300, 6)) < 0.5] = np.nan
    np.testing.assert_allclose(ours(model, X[:300]), theirs(model, X[:300]), atol=1e-12)


def test_neighbouring_floats_fall_on_the_side_of_lightgbms_double():
    near = np.float32(1e7) + np.arange(4, dtype=np.float32)  # a threshold between two of them is no float
    X = np.column_stack([np.repeat(near, 500), np.tile(near, 500), np.zeros(2000)]).astype(np.float32)
    y = np.isin(X[:, 0], near[[1, 3]]).astype(float)
    model = train_trees({"objective": "binary", "min_data_in_leaf": 5, "max_depth": 4}, X, y, rounds=3)
    np.testing.assert_allclose(ours(model, X), theirs(model, X), atol=1e-12)


def test_long_chains_of_decisions_are_exact_up_to_the_deepest_trees_there_are():
    rng = np.random.default_rng(0)
    X = rng.random((4000, 20)).astype(np.float32)
    y = (X[:, :17] > 0.1).all(axis=1).astype(float)  # one column after the other: a tree as deep as it is allowed
    model = train_trees(
        {"objective": "binary", "num_leaves": 18, "max_depth": 16, "min_data_in_leaf": 5}, X, y, rounds=2
    )
    deepest = max(len({int(t.column[n]) for n, _ in edges}) for t in read_trees(model)
                  for piece in shapley._pieces(t) for _, edges in piece.leaves)  # fmt: skip
    assert deepest >= 14
    np.testing.assert_allclose(ours(model, X[:200]), theirs(model, X[:200]), atol=1e-12)


def test_a_tree_too_deep_for_tables_is_left_to_lightgbm(monkeypatch, model, test_rows):
    X = test_rows[FEATURES].head(1200)
    table = contributions(model, X)
    monkeypatch.setattr(shapley, "_CELLS", 10)
    monkeypatch.setattr(shapley, "_known", {})
    assert shapley.tables_of(model.booster_) is None
    pd.testing.assert_frame_equal(contributions(model, X), table, atol=1e-12, rtol=0)


def test_trees_that_decide_by_category_are_left_to_lightgbm():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 9, 2000), rng.normal(size=2000)])
    data = lgb.Dataset(X, label=(np.isin(X[:, 0], [1, 4, 8]) ^ (X[:, 1] > 1)).astype(float), categorical_feature=[0])
    assert Tables.of(lgb.train({"objective": "binary", "verbosity": -1}, data, num_boost_round=2)) is None


def test_a_row_has_the_same_contributions_to_the_last_digit_in_any_company(model, test_rows):
    matrix = model.columns_.matrix(test_rows[FEATURES].head(2000))
    tables = shapley.tables_of(model.booster_)
    whole = tables.look_up(matrix)
    order = np.random.default_rng(0).permutation(2000)
    np.testing.assert_array_equal(tables.look_up(matrix[order]), whole[:, order])
    np.testing.assert_array_equal(tables.look_up(matrix[7:8]), whole[:, 7:8])


def test_both_ways_tell_the_same_reasons_in_the_same_order(monkeypatch, model, test_rows):
    X = test_rows[FEATURES].head(1500)
    told = {}
    for few in (0, 10_000):
        monkeypatch.setattr(explain, "FEW_ROWS", few)
        told[few] = reasons(model, X, top=5)
    pd.testing.assert_frame_equal(told[0].drop(columns="contribution"), told[10_000].drop(columns="contribution"))
    np.testing.assert_allclose(told[0]["contribution"], told[10_000]["contribution"], atol=5e-5)


def test_early_stopped_trees_are_the_trees_that_predict():
    X = numbers()
    y = (np.nan_to_num(X[:, 0]) + np.random.default_rng(0).normal(size=len(X)) > 0).astype(float)
    model = train_trees({"objective": "binary", "metric": "binary_logloss"}, X[:2000], y[:2000], rounds=60,
                        valid=(X[2000:], y[2000:]), patience=5)  # fmt: skip
    assert len(read_trees(model)) == model.best_iteration < 60
    np.testing.assert_allclose(ours(model, X[:200]), theirs(model, X[:200]), atol=1e-12)
