"""Estimators as scikit-learn has them; time and customers kept apart; the same numbers every time."""

import os
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from churnkit.errors import ContractError, UsageError
from churnkit.models import classifier
from churnkit.models.classifier import ChurnModel, RenewalModel, known_directions
from churnkit.models.schedule import Rows, split_later
from churnkit.models.trees import threads
from churnkit.panel import catalog
from churnkit.panel.feature import Feature

from .insurer import FEATURES


def fit(model, rows):
    return model.fit(rows[FEATURES], rows["y"], cutoff=rows["cutoff"], groups=rows["customer_id"])


def test_openmp_threads_wait_passively():
    assert os.environ["OMP_WAIT_POLICY"].lower() == "passive"


@pytest.mark.parametrize("kind", [RenewalModel, ChurnModel])
def test_constructors_only_store(kind):
    model = kind(num_leaves=7, calibration="sigmoid")
    assert clone(model).get_params() == model.get_params()
    assert [name for name in vars(model) if name.endswith("_")] == []


def test_what_fit_learns(model, train):
    assert model.classes_.tolist() == [0, 1]
    assert model.feature_names_in_.tolist() == FEATURES
    assert model.n_features_in_ == len(FEATURES)
    assert model.categories_ == {name: tuple(train[name].value_counts().index) for name in ("line", "region")}
    assert model.base_rate_ == pytest.approx(train["y"].mean())
    assert model.calibrated_on_ == "later rows"


def test_probabilities_are_pairs_that_sum_to_1(model, test_rows):
    p = model.predict_proba(test_rows[FEATURES])
    assert p.shape == (len(test_rows), 2)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (model.predict(test_rows[FEATURES]) == (p[:, 1] > 0.5)).all()


def test_the_model_finds_the_known_truth(model, test_rows):
    p = model.predict_proba(test_rows[FEATURES])[:, 1]
    base = test_rows["p"].groupby(test_rows["line"]).transform("mean")
    assert np.corrcoef(p, test_rows["p"])[0, 1] > np.corrcoef(base, test_rows["p"])[0, 1] + 0.1
    assert roc_auc_score(test_rows["y"], p) > 0.62
    assert p.mean() == pytest.approx(test_rows["p"].mean(), abs=0.02)


@pytest.mark.parametrize("call", ["predict", "predict_proba", "raw_score", "unsure"])
def test_not_fitted(call, train):
    with pytest.raises(NotFittedError):
        getattr(RenewalModel(), call)(train[FEATURES])


def test_the_same_seed_gives_the_same_numbers(model, train, test_rows):
    again = fit(clone(model), train)
    np.testing.assert_array_equal(again.predict_proba(test_rows[FEATURES]), model.predict_proba(test_rows[FEATURES]))
    other = fit(clone(model).set_params(random_state=1), train)
    assert np.abs(other.predict_proba(test_rows[FEATURES]) - model.predict_proba(test_rows[FEATURES])).max() > 1e-6


def test_order_of_columns_and_extra_ones_change_nothing(model, test_rows):
    X = test_rows[FEATURES]
    np.testing.assert_array_equal(model.predict_proba(X[FEATURES[::-1]].assign(more=1)), model.predict_proba(X))


def test_an_unseen_category_marks_the_row_unsure(model, test_rows):
    X = test_rows[FEATURES].head(3).assign(line=["boat", "home", "life"]).set_axis([7, 8, 9])
    assert model.unsure(X).to_dict() == {7: True, 8: False, 9: False}
    assert np.isfinite(model.predict_proba(X)).all()


def test_names_that_lightgbm_would_refuse(train):
    odd = train[FEATURES].rename(columns={"waiting": 'wait: "s", [x]', "tenure": "年资 {t}"})
    model = RenewalModel(n_estimators=10).fit(odd, train["y"])
    assert "年资 {t}" in model.feature_names_in_
    assert model.predict_proba(odd).shape == (len(odd), 2)


def test_arrays_have_no_names(train):
    X = train[["price_step", "waiting", "tenure"]].to_numpy()
    model = RenewalModel(n_estimators=10).fit(X, train["y"].to_numpy())
    assert not hasattr(model, "feature_names_in_")
    assert model.n_features_in_ == 3
    assert model.predict_proba(X[:2]).shape == (2, 2)


def test_a_pickled_model_predicts_the_same(model, test_rows):
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(test_rows[FEATURES]), model.predict_proba(test_rows[FEATURES]))


def test_without_cutoffs_calibration_is_cross_fitted_by_group(train, test_rows):
    model = RenewalModel(n_estimators=80).fit(train[FEATURES], train["y"], groups=train["customer_id"])
    assert model.calibrated_on_ == "held-out folds"
    p = model.predict_proba(test_rows[FEATURES])[:, 1]
    assert p.mean() == pytest.approx(test_rows["p"].mean(), abs=0.02)


def test_one_cutoff_for_all_falls_back_to_folds(train):
    one = np.full(len(train), "2022-01-01")
    no_lead = [f for f in FEATURES if f != "lead_days"]
    model = ChurnModel(n_estimators=20).fit(train[no_lead], train["y"], cutoff=one, groups=train["customer_id"])
    assert model.calibrated_on_ == "held-out folds"


def test_a_term_is_never_on_both_sides_of_the_calibration_split(train):
    due = (train["end_date"] - pd.Timestamp("1970-01-01")).dt.days.to_numpy(dtype=float)
    rows = Rows(np.zeros((len(train), 1), dtype=np.float32), train["y"].to_numpy(), train["lead_days"].to_numpy(),
                train["customer_id"].to_numpy(), due)  # fmt: skip
    early, late = split_later(rows, seed=0)
    assert (early | late).all()
    assert due[early].max() < due[late].min()
    assert rows.repeats == pytest.approx(3, abs=0.05)


def test_without_leads_the_sides_are_other_customers_too(train):
    due = (train["cutoff"] - pd.Timestamp("1970-01-01")).dt.days.to_numpy(dtype=float)
    people = train["customer_id"].to_numpy()
    rows = Rows(np.zeros((len(train), 1), dtype=np.float32), train["y"].to_numpy(), None, people, due)
    early, late = split_later(rows, seed=0)
    assert due[early].max() < due[late].min()
    assert not set(people[early]) & set(people[late])


def test_the_latest_level_is_what_is_predicted():
    rng = np.random.default_rng(4)
    X = pd.DataFrame({"a": rng.normal(size=9000)})
    cutoff = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(9000) // 10, unit="D")
    y = (rng.random(9000) < np.where(np.arange(9000) < 6000, 0.9, 0.7)).astype(float)
    model = RenewalModel(n_estimators=50).fit(X, y, cutoff=cutoff)
    assert model.predict_proba(X)[-500:, 1].mean() == pytest.approx(0.7, abs=0.04)
    assert model.base_rate_ > 0.8


def test_a_pattern_of_the_latest_snapshot_only_is_learnt():
    rng = np.random.default_rng(6)
    X = pd.DataFrame({"a": rng.normal(size=8000), "b": rng.normal(size=8000)})
    year = np.arange(8000) // 2000
    new = year == 3  # those who came last leave by b, and the others by a
    X["young"] = new.astype(float)
    chance = 1 / (1 + np.exp(-np.where(new, 2 * X["b"] - 2 * X["a"], 2 * X["a"])))
    y = (rng.random(8000) < chance).astype(float)
    cutoff = pd.Timestamp("2016-01-01") + pd.to_timedelta(365 * year, unit="D")
    model = ChurnModel().fit(X, y, cutoff=cutoff, groups=rng.permutation(8000))
    assert model.n_estimators_ > 30
    assert roc_auc_score(chance[new] > 0.5, model.predict_proba(X[new])[:, 1]) > 0.9


@pytest.fixture
def known(monkeypatch):
    def standard(target=None):
        return () if target == "churn" else (Feature("a", "observation", "attribute", column="age", sign=1),)

    monkeypatch.setattr(classifier.catalog, "standard_features", standard)


@pytest.mark.parametrize("kind", [RenewalModel, ChurnModel])
def test_known_signs_hold_on_every_path(kind, monkeypatch):
    feature = Feature("a", "observation", "attribute", column="age", sign=1)
    monkeypatch.setattr(classifier.catalog, "standard_features", lambda target=None: (feature,))
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=3000), "b": rng.normal(size=3000)})
    y = (rng.random(3000) < 0.5 + 0.2 * np.sin(3 * X["a"])).astype(float)
    grid = pd.DataFrame({"a": np.linspace(-3, 3, 200), "b": 0.0})
    steps = np.diff(kind(n_estimators=50).fit(X, y).predict_proba(grid)[:, 1])
    assert (steps * (1 if kind is RenewalModel else -1) >= 0).all()
    free = np.diff(kind(n_estimators=50, monotone=False).fit(X, y).predict_proba(grid)[:, 1])
    assert free.min() < 0 < free.max()


def test_a_sign_of_the_renewal_only_is_not_carried_to_churn(known):
    assert known_directions("renewal") == {"a": 1}
    assert known_directions("churn") == {}


def test_the_catalogs_own_signs():
    signs = known_directions("renewal")
    assert signs["offer_change"] == -1
    assert signs["csat_last"] == 1
    assert "offer_change" not in known_directions("churn")
    assert set(known_directions("churn")) <= {f.name for f in catalog.standard_features("churn")}


def test_faults_of_training_are_clear(train):
    X, y = train[FEATURES], train["y"]
    with pytest.raises(UsageError, match=r"dates in when"):
        RenewalModel().fit(X.assign(when=train["cutoff"]), y)
    with pytest.raises(ContractError, match="CLS28"):
        RenewalModel().fit(X, np.ones(len(X)))
    with pytest.raises(ContractError, match="CLS28"):
        RenewalModel().fit(X.head(60), np.r_[np.ones(11), np.zeros(49)])
    with pytest.raises(UsageError, match="cutoff has one value per row"):
        RenewalModel().fit(X, y, cutoff=train["cutoff"].head(5))
    with pytest.raises(UsageError, match="groups has one value per row"):
        RenewalModel().fit(X, y, groups=np.where(np.arange(len(X)) == 3, np.nan, 1.0))
    with pytest.raises(UsageError, match="cutoff holds dates"):
        RenewalModel().fit(X, y, cutoff=np.arange(len(X)))


def test_few_rows_are_allowed_on_request():
    X = pd.DataFrame({"a": np.arange(40.0)})
    model = RenewalModel(min_events=5, n_estimators=5).fit(X, np.tile([1.0, 0, 1, 1], 10))
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(0.75, abs=0.1)


def test_threads():
    assert threads(None) == threads(1) == 1
    assert threads(3) == 3
    assert threads(-1) == (os.cpu_count() or 1)


def test_the_interval_holds_the_probability_and_is_indexed_like_the_rows(model, panel):
    X = panel.X.iloc[:50].set_index(pd.Index(range(100, 150)))
    found, p = model.predict_interval(X), model.predict_proba(X)[:, 1]
    assert found.columns.tolist() == ["low", "high"]
    assert found.index.equals(X.index)
    assert ((found["low"] > 0) & (found["low"] < p) & (p < found["high"]) & (found["high"] < 1)).all()


def test_without_calibration_the_interval_is_empty(train, panel):
    model = RenewalModel(n_estimators=5, calibration="none").fit(train[FEATURES], train["y"])
    assert model.predict_interval(panel.X.iloc[:3]).isna().all(axis=None)
