"""Value explained: it adds up whatever value does, is the integral that it claims to be, is bounded near nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from churnkit.errors import UsageError
from churnkit.models.classifier import RenewalModel
from churnkit.models.reasons.explain import contributions
from churnkit.panel.feature import Feature, Where
from churnkit.value.explained import NEAR, aumann_shapley, explain_value


def steps(logit):
    """What an isotonic calibration makes of a score, five renewals on."""
    p = np.round(expit(logit) * 8) / 8
    return 500 * (p[..., None] ** np.arange(1, 6)).sum(axis=-1) - 120


def smooth(logit):
    return 500 * (expit(logit)[..., None] ** np.arange(1, 6)).sum(axis=-1) - 120


numbers = st.floats(-3, 3).map(lambda x: round(x, 3))


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=6), numbers, st.sampled_from([steps, smooth]), st.booleans())
def test_shares_add_up_to_the_difference_whatever_is_drawn(phi, base, value_at, cancel):
    row = np.array([[*phi, -sum(phi) if cancel else 0.0]])
    found = aumann_shapley(row, np.array([base]), value_at)
    shares = found.summed([str(i) for i in range(row.shape[1])]).to_numpy()
    gain = value_at(np.array([base + row.sum()])) - value_at(np.array([base]))
    np.testing.assert_allclose(shares.sum(axis=1), gain, atol=1e-9)
    np.testing.assert_allclose(found.summed(["all"] * row.shape[1])["all"], gain, atol=1e-9)
    assert np.isfinite(shares).all()
    # bounded by the size of the contribution and the steepest that value gets over a step of `near`
    steepest = 500 * 5 / NEAR
    assert (np.abs(shares) <= np.abs(row) * 2 * steepest + 1e-9).all()


def test_away_from_nothing_it_is_the_ratio_of_the_methods():
    phi, base = np.array([[1.0, -0.4, 0.2], [-2.0, 0.5, 0.1]]), np.array([0.3, 0.3])
    found = aumann_shapley(phi, base, smooth).summed(["a", "b", "c"]).to_numpy()
    gain = smooth(base + phi.sum(axis=1)) - smooth(base)
    np.testing.assert_allclose(found, phi / phi.sum(axis=1, keepdims=True) * gain[:, None])


@pytest.mark.parametrize("last", [0.0, -0.58, -0.6, -0.62, 1.0])
def test_it_is_the_integral_of_the_slope_along_the_way(last):
    """Aumann-Shapley: phi_g times the mean of value's derivative from the base to the score, by differences."""
    phi, base = np.array([[0.9, -0.3, last]]), np.array([0.4])
    way = base + (np.arange(2_000) + 0.5) / 2_000 * phi.sum()
    slope = ((smooth(way + 1e-5) - smooth(way - 1e-5)) / 2e-5).mean()
    found = aumann_shapley(phi, base, smooth).summed(["a", "b", "c"]).to_numpy()
    np.testing.assert_allclose(found[0], phi[0] * slope, rtol=2e-3, atol=1e-9)


def test_contributions_that_cancel_out_have_money_and_sum_to_nothing():
    found = aumann_shapley(np.array([[0.5, -0.5], [0.0, 0.0]]), np.zeros(2), smooth).summed(["a", "b"]).to_numpy()
    assert found[0, 0] > 50 and found[0].sum() == 0
    assert found[1].tolist() == [0, 0]


def test_a_step_at_the_base_does_not_blow_shares_up():
    """Value jumps by 100 between the base and a score 1e-9 above it: the ratio of the two is 1e11."""

    def jump(logit):
        return np.where(logit > 0, 100.0, 0.0)

    found = aumann_shapley(np.array([[0.5, -0.5 + 1e-9]]), np.zeros(1), jump).summed(["a", "b"]).to_numpy()
    assert found.sum() == pytest.approx(100)
    assert np.abs(found).max() < 0.5 * 100 / (2 * NEAR) + 100


def test_continuous_where_the_two_rules_meet():
    def share(total):
        return aumann_shapley(np.array([[0.6, total - 0.6]]), np.zeros(1), smooth).summed(["a", "b"])["a"].iloc[0]

    assert share(NEAR - 1e-9) == pytest.approx(share(NEAR + 1e-9), rel=1e-3)


SAID = {"en": "{value}", "zh": "{value}"}
CLAIM = (Where("touchpoint", "==", "claim_call"),)
FEATURES = (
    Feature("score", "observation", "attribute", column="age", group="satisfaction", stage="servicing", **SAID),
    Feature("step", "observation", "attribute", column="age", group="price change", stage="renewal", **SAID),
    Feature("calls", "interactions", "count", days=365, where=CLAIM, group="contacts", stage="servicing", **SAID),
)


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    n = 1_500
    X = pd.DataFrame({"score": rng.normal(0, 1, n), "step": rng.normal(0, 1, n), "calls": rng.poisson(1.0, n),
                      "own": rng.normal(0, 1, n)}, dtype=float)  # fmt: skip
    y = (rng.random(n) < expit(1 + X["score"] - 0.7 * X["step"] - 0.3 * X["calls"])).astype(float)
    premium = rng.uniform(100, 3_000, n)

    def value_at(logit):
        return premium * 0.2 * smooth(logit) / 100

    return RenewalModel(n_estimators=40).fit(X, y, features=FEATURES), X, value_at


@pytest.fixture(scope="module")
def explained(fitted):
    model, X, value_at = fitted
    return explain_value(model, X, value_at, years=5, discount_rate=0.08, currency="yuan")


def test_every_policy_and_every_table_adds_up(fitted, explained):
    model, X, value_at = fitted
    groups = explained.policies.drop(columns=["base", "value"])
    np.testing.assert_allclose(explained.policies["value"], value_at(model.raw_score(X)), rtol=1e-9)
    np.testing.assert_allclose(groups.sum(axis=1) + explained.policies["base"], explained.policies["value"])
    gap = explained.value - explained.base
    assert explained.table["money"].sum() == pytest.approx(gap)
    assert explained.stages["money"].sum() == pytest.approx(gap)
    np.testing.assert_allclose(explained.table["up"] + explained.table["down"], explained.table["money"])
    assert explained.table["share"].sum() == pytest.approx(1)


def test_groups_stages_and_touchpoints_are_those_of_the_features(fitted, explained):
    model, X, _ = fitted
    assert set(explained.table.index) == {"satisfaction", "price change", "contacts", "own"}
    assert set(explained.stages.index) == {"servicing", "renewal", "no stage"}
    assert explained.touchpoints.index.tolist() == ["claim_call"]
    assert explained.touchpoints.loc["claim_call", "money"] == pytest.approx(explained.table.loc["contacts", "money"])
    assert explained.table.loc["satisfaction", ["kind", "n", "unit", "horizon", "discount_rate"]].tolist() == [
        "changeable", 1_500, "yuan", 5, 0.08,
    ]  # fmt: skip
    sign = np.sign(contributions(model, X)["score"].to_numpy())
    assert (np.sign(explained.policies["satisfaction"]) == sign).mean() > 0.99  # more log-odds, more money


def test_the_text_is_an_association_with_horizon_and_rate(explained):
    assert "An association" in explained.text and "cause" not in explained.text
    assert "Over 5 renewals at 8.0% a year, current term excluded." in explained.text
    money = explained.table.loc["satisfaction", "money"]
    assert f"With stated satisfaction goes {money:+,.0f} yuan" in explained.text
    assert explained.metrics["value_with_satisfaction"] == money
    assert "value_with_price_change" in explained.metrics


def test_customers_are_sums_of_their_policies(explained):
    customers = pd.Series(np.arange(1_500) // 3)
    table = explained.by_customer(customers)
    assert table["satisfaction"].sum() == pytest.approx(explained.table.loc["satisfaction", "money"])
    np.testing.assert_allclose(table.loc[1], explained.policies.iloc[3:6].sum())


def test_policies_without_a_value_are_in_no_sum(fitted):
    model, X, value_at = fitted
    gone = np.arange(len(X)) < 100

    def partly(logit):
        return np.where(gone, np.nan, value_at(logit))

    found = explain_value(model, X, partly, years=5, discount_rate=0.08)
    assert found.value == pytest.approx(value_at(model.raw_score(X))[~gone].sum())
    assert found.table["n"].iloc[0] == 1_400 and "100 policies have no value" in found.text
    assert found.policies["satisfaction"].isna().sum() == 100


def test_a_value_per_policy_is_asked_for(fitted):
    model, X, _ = fitted
    with pytest.raises(UsageError, match=r"shape \(\) for \(1500,\)"):
        explain_value(model, X, lambda logit: logit.sum(), years=5, discount_rate=0.08)
