"""Importance, dependence and interactions: what they add up to, where intervals come from, and what they never show."""

import warnings

import numpy as np
import pandas as pd
import pytest

from churnkit import plots
from churnkit.errors import UsageError
from churnkit.models.classifier import RenewalModel
from churnkit.models.reasons.dependence import dependence
from churnkit.models.reasons.explain import contributions
from churnkit.models.reasons.importance import importance
from churnkit.models.reasons.interactions import interactions, pair_values
from churnkit.panel.feature import Feature

from ..insurer import FEATURES


@pytest.fixture(scope="module", name="X")
def matrix(test_rows):
    return test_rows[FEATURES].head(1500)


@pytest.fixture(scope="module")
def people(test_rows):
    return test_rows["customer_id"].head(1500)


@pytest.fixture(scope="module")
def staged(train):
    parts = {
        "price_step": ("price change", "renewal"),
        "waiting": ("waiting", "servicing"),
        "score": ("waiting", "claim"),
    }
    said = {"aggregate": "attribute", "column": "age", "en": "{value}", "zh": "{value}"}
    specs = [Feature(name, "observation", group=group, stage=stage, **said) for name, (group, stage) in parts.items()]
    return RenewalModel(n_estimators=60).fit(train[FEATURES], train["y"], features=specs)


def test_importance_is_the_mean_absolute_sum_of_a_group(staged, X, people):
    found, phi = importance(staged, X, groups=people), contributions(staged, X)
    by_hand = phi[["waiting", "score"]].sum(axis=1).abs().mean()
    assert found.table.loc["waiting", "mean_abs"] == pytest.approx(by_hand)
    assert found.table.loc["waiting", ["columns", "kind"]].tolist() == [2, "changeable"]
    assert found.features.loc["score", "mean_abs"] == pytest.approx(phi["score"].abs().mean())


def test_shares_by_stage_and_touchpoint_sum_to_one(staged, X, people):
    found = importance(staged, X, groups=people)
    assert {"renewal", "servicing", "claim", "no stage"} <= set(found.stages.index)
    for table in (found.table, found.stages, found.features):
        assert table["share"].sum() == pytest.approx(1)
        assert table["mean_abs"].is_monotonic_decreasing
        assert (table["share_low"] <= table["share"]).all()
        assert (table["share"] <= table["share_high"]).all()
    assert f"servicing {found.stages.loc['servicing', 'share']:.1%}" in found.text
    assert "1,500 rows of " in found.text


def test_intervals_are_those_of_drawing_customers(staged, X, people):
    table = importance(staged, X, groups=people).table
    size = contributions(staged, X)[["waiting", "score"]].sum(axis=1).abs().groupby(people.to_numpy())
    sums, counts = size.sum().to_numpy(), size.size().to_numpy()
    draws = np.random.default_rng(0).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=2000)
    low, high = np.quantile((draws @ sums) / (draws @ counts), [0.025, 0.975])
    row = table.loc["waiting"]
    assert row["high"] - row["low"] == pytest.approx(high - low, rel=0.1)
    assert [row["low"], row["high"]] == pytest.approx([low, high], rel=0.02)


def test_dependence_is_contribution_by_value_over_the_histogram(staged, X, people):
    table, phi = dependence(staged, X, "waiting", groups=people).table, contributions(staged, X)["waiting"]
    assert table["n"].sum() == len(X)
    assert table["share"].sum() == pytest.approx(1)
    assert (table["n"] * table["contribution"]).sum() == pytest.approx(phi.sum())
    last = table.iloc[-1]
    assert (last["value"], last["n"]) == ("missing", X["waiting"].isna().sum())
    assert last["contribution"] == pytest.approx(phi[X["waiting"].isna()].mean())
    assert (table["least"].dropna().to_numpy()[1:] > table["most"].dropna().to_numpy()[:-1]).all()
    assert table["n"].iloc[:5].sum() > 2 * table["n"].iloc[5:-1].sum()  # waiting is skewed, and the histogram shows it
    steps = dependence(staged, X, "tenure", groups=people).table
    assert steps["value"].tolist() == [str(year) for year in range(9)]
    named = dependence(staged, X, "line", groups=people).table
    assert named.set_index("value")["n"].to_dict() == X["line"].value_counts().to_dict()


def test_dependence_of_what_is_no_column_is_refused(staged, X):
    for name in ("weather", "gender"):
        with pytest.raises(UsageError, match=f"'{name}'"):
            dependence(staged, X, name)


def test_interactions_are_twice_the_halves_of_shap(model, X):
    some = X.head(60)
    with warnings.catch_warnings():  # shap's own, about matplotlib and about its return type
        warnings.simplefilter("ignore")
        import shap

        halves = shap.TreeExplainer(model.booster_).shap_interaction_values(model.columns_.matrix(some))
    found = pair_values(model, model.columns_.matrix(some))
    for (i, j), values in found.items():
        np.testing.assert_allclose(values, 2 * halves[:, i, j], atol=5e-5)
    told = interactions(model, some, top=3)
    sizes = {pair: np.abs(values).mean() for pair, values in found.items()}
    (i, j), most = max(sizes.items(), key=lambda each: each[1])
    best = told.table.iloc[0]
    assert (best["first"], best["second"]) == (model.columns_.names[i], model.columns_.names[j])
    assert best["mean_abs"] == pytest.approx(most)
    assert len(told.table) == 3


def test_trees_of_one_decision_have_no_interactions(train, X):
    stumps = RenewalModel(n_estimators=20, num_leaves=2).fit(train[FEATURES], train["y"])
    found = interactions(stumps, X.head(20))
    assert found.table.empty
    assert found.text.startswith("No two columns decide together")


def test_a_sample_is_the_same_each_time_and_says_so(staged, X, people):
    first, again = (importance(staged, X, groups=people, most=300) for _ in range(2))
    pd.testing.assert_frame_equal(first.table, again.table)
    assert "300 of 1,500 rows of " in first.text
    with pytest.raises(UsageError, match="5 values for 1500 rows"):
        importance(staged, X, groups=people.head(5))


def test_no_text_says_cause(staged, X):
    told = [importance(staged, X).text, dependence(staged, X, "score").text, interactions(staged, X.head(50)).text]
    for text in told:
        assert "ssociation" in text
        assert "not causes" in text or "not a cause" in text


def test_each_table_becomes_a_figure(staged, X, tmp_path):
    found = importance(staged, X)
    figures = [plots.shares(found.table), plots.shares(found.stages), plots.interactions(interactions(staged, X).table),
               plots.dependence(dependence(staged, X, "waiting").table, feature="waiting")]  # fmt: skip
    for at, figure in enumerate(figures):
        figure.savefig(tmp_path / f"{at}.png", dpi=90)
        assert figure.axes[0].get_title()
