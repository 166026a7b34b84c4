"""Metrics against scikit-learn, hand-worked numbers, and a slow bootstrap that repeats rows."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from churnkit.models.evaluation.scores import METRICS, Scorer, draws, interval, log_loss, score


@pytest.fixture(params=["distinct", "ties"])
def sample(request):
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(400), rng.integers(1, 8, 400))
    z = rng.normal(1.2, 1, len(groups)) + rng.normal(0, 0.5, 400)[groups]
    y = (rng.random(len(z)) < expit(z)).astype(float)
    p = expit(0.8 * z + 0.2)
    return y, (np.round(p, 1).clip(0.1, 0.9) if request.param == "ties" else p), groups


@pytest.mark.parametrize("risk", [0, 1])
def test_against_scikit_learn(sample, risk):
    y, p, _ = sample
    ours = score(y, p, risk=risk)
    lapse, q = (y, p) if risk else (1 - y, 1 - p)
    assert ours["log_loss"] == pytest.approx(sk.log_loss(y, p))
    assert ours["brier"] == pytest.approx(sk.brier_score_loss(y, p))
    assert ours["auc"] == pytest.approx(sk.roc_auc_score(y, p))
    assert ours["average_precision"] == pytest.approx(sk.average_precision_score(y, p))
    assert ours["average_precision_lapse"] == pytest.approx(sk.average_precision_score(lapse, np.round(q, 12)))
    assert ours["observed_expected"] == pytest.approx(lapse.sum() / q.sum())
    line = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logit(p)[:, None], y)
    assert ours["calibration_slope"] == pytest.approx(line.coef_[0, 0], abs=1e-4)


def test_calibration_in_the_large_makes_the_sums_agree(sample):
    y, p, _ = sample
    shift = score(y, p, risk=0)["calibration_intercept"]
    assert expit(logit(p) + shift).sum() == pytest.approx(y.sum(), rel=1e-6)


def test_lift_and_captured_by_hand():
    # risks .9 .8 .5 .5 .1, lapses 1 1 1 0 0; 60 % of five rows are three: two surely, one of the tied pair by half
    y, p = 1 - np.array([1.0, 1, 1, 0, 0]), 1 - np.array([0.9, 0.8, 0.5, 0.5, 0.1])
    ours = score(y, p, risk=0, capacity=0.6)
    assert ours["captured"] == pytest.approx(2.5 / 3)
    assert ours["lift"] == pytest.approx(2.5 / 3 / 0.6)


def test_ece_by_hand():
    # two groups of predictions, 0.2 and 0.6, with rates 0.5 and 0.5: gaps .3 and .1, each half of the rows
    y, p = np.tile([0.0, 1.0], 20), np.repeat([0.2, 0.6], 20)
    assert score(y, p, risk=1)["ece"] == pytest.approx(0.2)


def test_expected_log_loss_under_the_truth_is_least_at_the_truth():
    truth = np.array([0.3])
    assert log_loss(truth, truth)[0] == pytest.approx(-(0.3 * np.log(0.3) + 0.7 * np.log(0.7)))
    assert log_loss(truth, truth)[0] < min(log_loss(truth, truth + d)[0] for d in (-0.05, 0.05))


def test_a_weight_is_a_repeated_customer(sample):
    y, p, groups = sample
    weights = next(draws(400, n_boot=1, random_state=3))
    fast = dict(zip(METRICS, Scorer(y, p, groups, risk=0)(weights), strict=True))
    again = np.repeat(np.arange(len(y)), weights[groups].astype(int))
    slow = score(y[again], p[again], risk=0)
    for name in METRICS:
        tolerance = {"calibration_slope": 0.03, "calibration_intercept": 0.01, "ece": 0.02}.get(name, 1e-9)
        assert fast[name] == pytest.approx(slow[name], abs=tolerance), name


def test_intervals_equal_those_of_the_slow_bootstrap(sample):
    y, p, groups = sample
    scorer = Scorer(y, p, groups, risk=0)
    fast, slow = [], []
    for weights in draws(400, n_boot=200, random_state=0):
        fast.append(scorer(weights))
        again = np.repeat(np.arange(len(y)), weights[groups].astype(int))
        slow.append(list(score(y[again], p[again], risk=0).values()))
    for name, a, b in zip(METRICS, np.array(fast).T, np.array(slow).T, strict=True):
        if name != "ece":  # bins stay where they are
            width = np.subtract(*interval(b)[::-1])
            np.testing.assert_allclose(interval(a), interval(b), atol=0.05 * width, err_msg=name)


def test_draws_keep_the_number_of_customers_and_the_seed():
    first, again = (np.array(list(draws(50, n_boot=5, random_state=7))) for _ in range(2))
    assert (first.sum(axis=1) == 50).all()
    np.testing.assert_array_equal(first, again)


def test_the_slope_interval_covers_1_when_the_truth_predicts():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(40):
        p = expit(rng.normal(1, 1, 600))
        y = (rng.random(600) < p).astype(float)
        scorer = Scorer(y, p, np.arange(600), risk=0)
        slope = METRICS.index("calibration_slope")
        low, high = interval(np.array([scorer(w)[slope] for w in draws(600, n_boot=100, random_state=0)]))
        covered += low <= 1 <= high
    assert covered >= 33


def test_constant_predictions_have_no_slope_but_all_else():
    ours = score(np.array([1.0, 0, 1, 1]), np.full(4, 0.75), risk=0)
    assert np.isnan(ours["calibration_slope"])
    assert ours["auc"] == 0.5
    assert ours["observed_expected"] == 1


def test_one_class_gives_no_rank_metrics_but_does_not_fail():
    ours = score(np.ones(4), np.linspace(0.2, 0.8, 4), risk=0)
    assert np.isnan(ours["auc"])
    assert np.isfinite(ours["log_loss"])
