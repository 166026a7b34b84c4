"""Contributions are exact whatever computes them; reasons speak of figures, never of causes."""

import itertools
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnkit.errors import UsageError
from churnkit.models import classifier
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.reasons import explain
from churnkit.models.reasons.explain import SENSITIVE, contributions, reasons
from churnkit.models.reasons.wording import fragment, number, settled
from churnkit.panel import catalog
from churnkit.panel.feature import Feature

from ..insurer import FEATURES

COLUMNS = ["row", "rank", "group", "kind", "contribution", "direction", "text"]


@pytest.fixture(scope="module", name="X")
def matrix(test_rows):
    return test_rows[FEATURES]


@pytest.fixture(scope="module")
def table(model, X):
    return reasons(model, X, top=4)


def test_contributions_sum_to_the_raw_score(model, X):
    np.testing.assert_allclose(contributions(model, X.head(500)).sum(axis=1), model.raw_score(X.head(500)), atol=1e-9)
    np.testing.assert_allclose(contributions(model, X).sum(axis=1), model.raw_score(X), atol=5e-5)


def test_large_and_small_batches_agree(model, X):
    assert len(X) > explain.FEW_ROWS
    small = pd.concat([contributions(model, X.iloc[i : i + 1000]) for i in range(0, len(X), 1000)])
    pd.testing.assert_frame_equal(contributions(model, X), small, atol=5e-5, rtol=0)


def test_contributions_equal_those_of_shap(model, X):
    with warnings.catch_warnings():  # shap's own, about matplotlib and about its return type
        warnings.simplefilter("ignore")
        import shap

        theirs = shap.TreeExplainer(model.booster_).shap_values(model.columns_.matrix(X.head(300)))
    np.testing.assert_allclose(contributions(model, X.head(300)).to_numpy()[:, :-1], theirs, atol=5e-5)


def _expected(node, x, known):
    """Path-dependent expectation of a tree when only the columns in `known` are followed."""
    if "leaf_value" in node:
        return node["leaf_value"]
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return _expected(left if x[node["split_feature"]] <= node["threshold"] else right, x, known)
    a, b = (child.get("internal_count", child.get("leaf_count")) for child in (left, right))
    return (a * _expected(left, x, known) + b * _expected(right, x, known)) / (a + b)


def test_contributions_are_shapley_values_by_enumeration(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 4)).astype(np.float32)
    y = (rng.random(800) < 1 / (1 + np.exp(-X[:, 0] * X[:, 1] - X[:, 2]))).astype(float)
    model = RenewalModel(n_estimators=6, min_child_samples=30, learning_rate=0.3).fit(X, y)
    trees = [tree["tree_structure"] for tree in model.booster_.dump_model()["tree_info"]]
    value = {s: np.array([sum(_expected(t, x, s) for t in trees) for x in X[:5]])
             for k in range(5) for s in map(frozenset, itertools.combinations(range(4), k))}  # fmt: skip
    slow = np.zeros((5, 4))
    for j, (s, v) in itertools.product(range(4), value.items()):
        if j not in s:
            slow[:, j] += math.factorial(len(s)) * math.factorial(3 - len(s)) / 24 * (value[s | {j}] - v)
    np.testing.assert_allclose(contributions(model, X[:5]).to_numpy()[:, :-1], slow, atol=1e-9)
    monkeypatch.setattr(explain, "FEW_ROWS", 0)
    np.testing.assert_allclose(contributions(model, X[:5]).to_numpy()[:, :-1], slow, atol=5e-5)


def test_a_deep_model_keeps_the_sum(train, X):
    deep = RenewalModel(n_estimators=4, num_leaves=60, max_depth=60, min_child_samples=5)
    deep.fit(train[FEATURES], train["y"])
    assert deep.recipe(deep.columns_).params["max_depth"] == 16
    np.testing.assert_allclose(contributions(deep, X).sum(axis=1), deep.raw_score(X), atol=5e-5)


def test_reasons_sum_the_groups_of_the_catalog(model, X):
    specs = [Feature(name, "observation", "attribute", column="age", group="price and wait", en="{value}", zh="{value}")
             for name in ("price_step", "waiting")]  # fmt: skip
    table = reasons(model, X.head(50), top=20, catalog=specs).query("group == 'price and wait'")
    parts = contributions(model, X.head(50))[["price_step", "waiting"]].sum(axis=1)
    np.testing.assert_allclose(table["contribution"], parts.loc[table["row"]], atol=1e-12)


def test_ranks_are_by_size_ties_by_name(table):
    assert list(table.columns) == COLUMNS
    for _, told in table.groupby("row"):
        assert told["rank"].tolist() == list(range(1, len(told) + 1))
        order = list(zip(-told["contribution"].abs().round(3), told["group"], strict=True))
        assert order == sorted(order)


def test_direction_is_towards_staying_or_leaving(table):
    told = table[table["group"] != ""]
    assert ((told["contribution"] > 0) == (told["direction"] == "stay")).all()
    assert told["text"].str.contains("renew more often").eq(told["direction"] == "stay").all()


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_row_order_and_company_change_nothing(model, X, seed):
    some = X.sample(200, random_state=seed)
    alone = reasons(model, some.head(40))
    again = reasons(model, some.iloc[::-1]).query("row in @some.index[:40]")
    key = ["row", "rank"]
    pd.testing.assert_frame_equal(alone.sort_values(key, ignore_index=True), again.sort_values(key, ignore_index=True))


def test_no_single_strong_reason_where_true(train, X):
    model = RenewalModel(n_estimators=1, learning_rate=0.001, early_stopping_rounds=1, refit=False)
    model.fit(train[FEATURES], train["y"])
    table = reasons(model, X.head(5))
    assert len(table) == 5
    assert set(table["text"]) == {"No single strong reason"}
    assert set(reasons(model, X.head(5), language="zh")["text"]) == {"没有单一的突出原因"}


def test_toward_leaving_keeps_only_what_goes_with_leaving(model, X):
    table = reasons(model, X.head(300), toward="leave")
    assert set(table["direction"]) == {"leave", ""}


def test_the_churn_models_words_are_turned_round(train):
    X, y = train[FEATURES], 1 - train["y"]
    table = reasons(ChurnModel(n_estimators=60).fit(X, y), X.head(100))
    told = table[table["group"] != ""]
    assert ((told["contribution"] > 0) == (told["direction"] == "leave")).all()
    assert told["text"].str.endswith("leave more often").eq(told["direction"] == "leave").all()


def test_a_foreign_column_speaks_by_name_and_value(model, X):
    one = X.assign(waiting=55.123, tenure=0.0).head(200)
    texts = reasons(model, one, top=8)["text"]
    assert texts.str.startswith("waiting is 55.1;").any()


def test_missing_figures_are_worded_not_printed(model, X):
    nothing = pd.Series([None] * 100, dtype="str", index=X.index[:100])
    blank = X.head(100).assign(score=np.nan, waiting=np.nan, line=nothing)
    for language, words in (("en", "nothing on record"), ("zh", "暂无记录")):
        texts = reasons(model, blank, top=8, language=language)["text"]
        assert texts.str.contains(words).any()
        assert not texts.str.contains("nan|None|<NA>").any()


def test_sensitive_columns_are_never_told(train, monkeypatch):
    monkeypatch.setattr(classifier, "refuse_audit_columns", lambda names: None)  # a model from before they were refused
    X = train[FEATURES].rename(columns={"waiting": "gender", "tenure": "vulnerable"})
    table = reasons(RenewalModel(n_estimators=60).fit(X, train["y"]), X.head(300), top=20)
    assert not table["group"].isin(["gender", "vulnerable"]).any()
    assert not table["text"].str.contains("gender|vulnerable").any()


def test_every_audit_column_of_the_contract_is_sensitive():
    from churnkit.book.schema import TABLES

    assert {c.name for table in TABLES.values() for c in table.columns if c.audit_only} <= SENSITIVE


@pytest.mark.parametrize("feature", catalog.standard_features(), ids=lambda f: f.name)
def test_catalog_sentences_hold_the_figure_and_no_cause(feature):
    value = "motor" if feature.unit == "text" else 1.0
    for language in ("en", "zh"):
        said, silent = (fragment(feature.name, v, feature, language) for v in (value, None))
        assert "{" not in said + silent
        assert said != silent
        for word in ("because", "due to", "caus", "would", "因为", "由于", "导致", "所以"):
            assert word not in said + silent


def test_figures_as_people_write_them():
    csat, change = catalog.describe("csat_last"), catalog.describe("premium_change")
    assert fragment("csat_last", 75.0, csat, "en").startswith("Last CSAT answer")
    assert fragment("csat_last", None, csat, "en").endswith("no survey answer yet")
    assert fragment("csat_last", None, csat, "zh").endswith("尚无问卷回答")
    assert fragment("premium_change", 0.0834, change, "en").endswith("+8.3%")
    assert fragment("line", "motor", catalog.describe("line"), "zh") == "险种：车险"
    assert fragment("auto_renew", 1.0, catalog.describe("auto_renew"), "zh").endswith("是")
    assert [number(v) for v in (1234567.0, 0.5, 12.34, 0.004)] == ["1,234,567", "0.5", "12.3", "0.004"]


def test_unknown_language_is_refused(model, X):
    with pytest.raises(UsageError, match="'fr'"):
        reasons(model, X, language="fr")


def test_an_array_without_names_can_be_explained():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2))
    y = (X[:, 0] + rng.normal(size=600) > 0).astype(float)
    table = reasons(RenewalModel(n_estimators=50, min_child_samples=20).fit(X, y), X[:10])
    assert table["text"].str.startswith("x0 is").any()


def test_a_reason_is_changeable_or_background(model, X):
    named = {"price_step": "price", "waiting": "waiting", "tenure": "relationship"}
    specs = [Feature(name, "observation", "attribute", column="age", group=group, en="{value}", zh="{value}")
             for name, group in named.items()]  # fmt: skip
    kinds = {"price": "changeable", "waiting": "changeable", "relationship": "background", "region": "background"}
    whole = reasons(model, X.head(100), top=20, catalog=specs)
    told = whole[whole["group"].isin(kinds)]
    assert (told["kind"] == told["group"].map(kinds)).all()
    for kind in ("changeable", "background"):
        some = reasons(model, X.head(100), top=20, catalog=specs, kind=kind)
        assert set(some["kind"]) <= {kind, ""}
        wanted = whole[whole["kind"] == kind]
        kept = some[some["kind"] == kind].merge(wanted, on=["row", "group"], suffixes=("", "_whole"))
        pd.testing.assert_series_equal(kept["contribution"], kept["contribution_whole"], check_names=False)
        assert len(kept) == (some["kind"] == kind).sum() > 0
    with pytest.raises(UsageError, match="'weather'"):
        reasons(model, X, kind="weather")


def test_every_group_of_the_catalog_is_of_a_kind():
    assert set(catalog.GROUPS) > catalog.CHANGEABLE
    background = set(catalog.GROUPS) - catalog.CHANGEABLE
    assert {"customer", "relationship", "timing", "policy", "holdings"} <= background


@settings(max_examples=300, deadline=None)
@given(value=st.one_of(st.floats(-2e5, 2e5), st.floats(-1.2, 1.2), st.floats(9, 11), st.floats(99, 101), st.just(-0.0)),
       unit=st.sampled_from(["", "share", "change", "days", "money"]))  # fmt: skip
def test_a_figure_rounded_beforehand_is_written_the_same(value, unit):
    value = round(value, 7)  # further digits could stand on the edge between two roundings
    assert number(float(settled(np.array([value]), unit)[0]), unit) == number(value, unit)
