"""Calibration recovers known distortions, keeps order, and never says 0 or 1."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from churnkit.models.calibration import Calibrator, fit_calibrator, logistic_fit


@pytest.fixture
def draw():
    def make(a, b, n=60_000, seed=0):
        rng = np.random.default_rng(seed)
        score = rng.normal(1.5, 0.8, n)
        return score, (rng.random(n) < expit(a + b * score)).astype(float)

    return make


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (-0.4, 0.7), (0.5, 1.3)])
def test_sigmoid_recovers_the_distortion(draw, a, b):
    fitted = fit_calibrator(*draw(a, b), kind="sigmoid")
    assert fitted.slope == pytest.approx(b, abs=0.05)
    assert fitted.intercept == pytest.approx(a, abs=0.08)


def test_little_data_stays_near_slope_1(draw):
    score, y = draw(0.0, 0.2, n=300)
    assert 0.6 < fit_calibrator(score, y).slope < 1


def test_the_level_may_differ_by_lead(draw):
    rng = np.random.default_rng(1)
    score = rng.normal(1.5, 0.8, 60_000)
    lead = rng.choice([14.0, 90.0, 330.0], 60_000)
    y = (rng.random(60_000) < expit(score + 0.3 * (np.log1p(lead) - 4))).astype(float)
    blind, aware = fit_calibrator(score, y), fit_calibrator(score, y, lead=lead)
    assert aware.lead_shift == pytest.approx(0.3, abs=0.03)
    for value in (14, 90, 330):
        at = lead == value
        assert y[at].mean() == pytest.approx(aware.predict(score, lead)[at].mean(), abs=0.01)
    assert abs(y[lead == 14].mean() - blind.predict(score)[lead == 14].mean()) > 0.03
    between = aware.predict(np.zeros(2), np.array([30.0, 31.0]))
    assert between[0] < between[1]  # any lead can be scored


def test_a_missing_lead_has_the_middle_level():
    shifted = Calibrator("sigmoid", lead_shift=0.5, lead_centre=4.0)
    assert shifted.predict(np.zeros(1), np.array([np.nan])).tolist() == [0.5]


@pytest.mark.parametrize("kind", ["isotonic", "sigmoid"])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(20, 400), bend=st.floats(-2, 3))
def test_order_is_kept_and_every_log_loss_is_finite(kind, seed, n, bend):
    rng = np.random.default_rng(seed)
    score = rng.normal(0, 1, n)
    y = (rng.random(n) < expit(bend * score)).astype(float)
    fitted = fit_calibrator(score, y, kind=kind)
    p = fitted.predict(np.linspace(-100, 100, 2001))
    assert (np.diff(p) >= 0).all()
    assert 0 < p.min() <= p.max() < 1
    middle = fitted.predict(np.linspace(-2, 2, 401))
    assert (np.diff(middle) > 0).all()


def test_isotonic_follows_a_bend_that_sigmoid_cannot():
    rng = np.random.default_rng(2)
    score = rng.uniform(-3, 3, 80_000)
    truth = expit(np.where(score > 0, 2 * score, 0.2 * score))
    y = (rng.random(80_000) < truth).astype(float)
    error = {k: np.abs(fit_calibrator(score, y, kind=k).predict(score) - truth).mean() for k in ("sigmoid", "isotonic")}
    assert error["isotonic"] < 0.01 < error["sigmoid"]


def test_auto_takes_isotonic_only_with_many_outcomes_however_often_repeated(draw):
    score, y = draw(0.0, 1.0)
    assert min(y.sum(), (1 - y).sum()) > 10_000
    assert fit_calibrator(score, y).kind == "isotonic"
    assert fit_calibrator(score, y, repeats=5.0).kind == "sigmoid"


def test_recentring_makes_expected_equal_observed(draw):
    score, y = draw(0.7, 1.0, n=5000)
    moved = Calibrator().recentred(score, y)
    assert moved.predict(score).sum() == pytest.approx(y.sum(), rel=1e-9)
    assert Calibrator().predict(score).sum() != pytest.approx(y.sum(), rel=0.01)


def test_the_wrong_way_round_is_never_followed(draw):
    score, y = draw(0.0, 1.0, n=20_000)
    fitted = fit_calibrator(-score, y, kind="sigmoid")
    assert fitted.slope > 0
    assert fitted.predict(-score).mean() == pytest.approx(y.mean(), abs=1e-6)


def test_none_is_the_trees_own_probability():
    assert fit_calibrator(np.array([0.3, 1.0]), np.array([0.0, 1.0]), kind="none").predict(
        logit(np.array([0.25]))
    ).tolist() == pytest.approx([0.25])


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="platt"):
        fit_calibrator(np.zeros(2), np.array([0.0, 1.0]), kind="platt")


def test_newton_equals_scikit_learn():
    rng = np.random.default_rng(3)
    Z = rng.normal(size=(500, 3))
    y = (rng.random(500) < expit(Z @ [1.0, -2.0, 0.0] + 0.5)).astype(float)
    other = LogisticRegression(C=0.5, tol=1e-10, max_iter=1000).fit(Z, y)
    ours = logistic_fit(np.column_stack([np.ones(500), Z]), y, penalty=np.array([0, 2.0, 2.0, 2.0]))
    np.testing.assert_allclose(ours, np.r_[other.intercept_, other.coef_[0]], atol=1e-5)


def test_the_interval_covers_the_true_curve_however_often_an_outcome_is_repeated():
    """200 draws from the calibrator's own model: the 95 % interval holds the true chance in 93 to 98 % of them."""
    rng, at, age = np.random.default_rng(4), np.linspace(-1, 4, 6), np.full(6, 45.0)
    truth, held = expit(0.3 + 1.1 * at + 0.05 * (np.log1p(age) - 4)), []
    for _ in range(200):
        score = rng.normal(1.5, 0.8, 400)
        once = rng.random(400)  # one outcome stands behind a customer's three leads
        scores, lead, u = np.repeat(score, 3), np.tile([14.0, 90.0, 330.0], 400), np.repeat(once, 3)
        y = (u < expit(0.3 + 1.1 * scores + 0.05 * (np.log1p(lead) - 4))).astype(float)
        people = np.repeat(np.arange(400), 3)
        fitted = fit_calibrator(scores, y, lead=lead, kind="sigmoid", repeats=3.0, people=people)
        low, high = fitted.interval(at, age)
        held.append((low <= truth) & (truth <= high))
    assert 0.93 <= np.mean(held) <= 0.975
    assert (np.mean(held, axis=0) > 0.9).all()


def test_isotonic_blocks_have_errors_too(draw):
    truth, held = expit(0.4 + 0.9 * np.linspace(0.5, 2.5, 9)), []
    for seed in range(20):
        score, y = draw(0.4, 0.9, n=30_000, seed=seed)
        fitted = fit_calibrator(score, y, kind="isotonic", people=np.arange(30_000))
        low, high = fitted.interval(np.linspace(0.5, 2.5, 9))
        held.append((low <= truth) & (truth <= high))
        assert (low < fitted.predict(np.linspace(0.5, 2.5, 9))).all()
    assert np.mean(held) > 0.9


def test_without_calibration_there_is_no_interval():
    assert np.isnan(fit_calibrator(np.zeros(2), np.array([0.0, 1.0]), kind="none").interval(np.zeros(3))).all()


def test_a_bend_in_the_lead_is_followed_and_other_leads_lie_between():
    """At 14 days those who renewed early are gone: more lapses there than a straight line in the lead allows."""
    rng = np.random.default_rng(6)
    score, lead = rng.normal(1.5, 0.8, 60_000), rng.choice([14.0, 45.0, 90.0, 330.0], 60_000)
    y = (rng.random(60_000) < expit(score + np.where(lead == 14, -0.3, 0.1))).astype(float)
    fitted = fit_calibrator(score, y, lead=lead, kind="sigmoid")
    for value in (14, 45, 90, 330):
        at = lead == value
        assert fitted.predict(score[at], lead[at]).mean() == pytest.approx(y[at].mean(), abs=0.006)
    one, between, other = fitted.predict(np.ones(3), np.array([14.0, 30.0, 45.0]))
    assert one < between < other
    low, high = fitted.interval(np.ones(2), np.array([14.0, 330.0]))
    truth = expit(1.0 + np.array([-0.3, 0.1]))
    assert ((low < truth) & (truth < high)).all()
