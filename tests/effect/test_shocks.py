"""Two-sample slopes on data drawn from the structural model: estimate, coverage, weak and invalid shocks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from churnkit.effect.estimate import Estimate
from churnkit.effect.gains import Gains
from churnkit.effect.shocks import Fitted, logistic
from churnkit.effect.slopes import (
    Slope,
    anderson_rubin,
    between,
    first_stage,
    line_error,
    shrink,
    surely_between,
    two_sample,
)
from tests.effect.structural import draw, marginal_slope

TIMES = 200


@pytest.fixture(scope="module")
def drawn():
    return [draw(seed, trait=0.6) for seed in range(TIMES)]


@pytest.fixture(scope="module")
def truth():
    return marginal_slope(trait=0.6)


@pytest.fixture(scope="module")
def slopes(drawn):
    return [two_sample(theta, p) for theta, p in drawn]


def test_the_slope_is_recovered_under_a_trait_that_nobody_observes(slopes, truth):
    """Known: what the same two regressions give on 400,000 customers."""
    found = np.array([slope.value for slope in slopes])
    assert abs(found.mean() - truth) < 4 * found.std() / np.sqrt(TIMES)
    assert truth < 0.5  # what is averaged over flattens the slope that the model was drawn with


def test_the_interval_covers_as_often_as_it_says(slopes, truth):
    covered = np.mean([low < truth < high for low, high in (slope.interval for slope in slopes)])
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / TIMES)
    spread = np.std([slope.value for slope in slopes])
    assert 0.85 < np.mean([slope.error for slope in slopes]) / spread < 1.2


def test_valid_shocks_are_rejected_as_rarely_as_the_level_says(slopes):
    rejected = np.mean([slope.p_value < 0.05 for slope in slopes])
    assert rejected < 0.05 + 4 * np.sqrt(0.05 * 0.95 / TIMES)


def test_a_shock_that_also_acts_past_satisfaction_is_found():
    found = [two_sample(*draw(seed, customers=4000, direct=(0.0, -0.4))) for seed in range(20)]
    assert np.mean([slope.p_value < 0.01 for slope in found]) > 0.9


def test_permuted_shocks_are_weak_and_their_interval_is_open():
    theta, p = draw(3, p=(0.0, 0.0))
    assert first_stage(p) < 10
    low, high = anderson_rubin(theta, p)
    assert low == -np.inf
    assert high == np.inf


def test_the_interval_for_weak_shocks_is_the_usual_one_where_they_are_strong(drawn):
    theta, p = drawn[0]
    one = two_sample(theta.take([0]), p.take([0]))
    assert anderson_rubin(theta.take([0]), p.take([0])) == pytest.approx(one.interval, abs=0.35 * one.error)


def test_the_interval_for_weak_shocks_holds_its_level():
    """With shocks a tenth as strong, where the usual interval cannot be relied on."""
    truth, covered = 0.5, []
    for seed in range(60):
        low, high = anderson_rubin(*draw(seed, p=(-0.05, -0.06)))
        covered.append(not low > truth and not high < truth)
    assert np.mean(covered) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 60)


def test_influences_are_what_reweighting_does():
    """One step with a customer's weights is what the weighted regression gives, but for terms of second order."""
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(500), 3)
    W = np.column_stack([np.ones(1500), rng.standard_normal(1500)])
    y = (rng.random(1500) < expit(0.5 + 0.4 * W[:, 1])).astype(float)
    fitted = logistic(W, y, np.zeros(1500), owner, 500)
    twice = np.isin(owner, np.arange(25))
    again = logistic(np.vstack([W, W[twice]]), np.append(y, y[twice]), np.zeros(1500 + twice.sum()),
                     np.append(owner, owner[twice]), 500)  # fmt: skip
    weights = np.where(np.arange(500) < 25, 2.0, 1.0)
    step = fitted.value + ((weights - 1)[:, None] * fitted.influence).mean(axis=0)
    assert step == pytest.approx(again.value, abs=0.1 * fitted.errors.min())


def lines_of(values, errors, customers=400):
    found = []
    for place, (value, error) in enumerate(zip(values, errors, strict=True)):
        influence = np.zeros(customers)
        influence[place] = error * customers
        found.append(Slope(value, influence, np.nan, np.nan, np.ones(1)))
    return tuple(found)


def test_lines_that_differ_by_chance_are_pulled_together_and_others_stay():
    common = lines_of([0.5], [0.05])[0]
    alike = lines_of([0.45, 0.5, 0.55, 0.52], [0.1] * 4)
    assert between(alike) == 0
    assert [line.value for line in shrink(alike, common, between(alike))] == [0.5] * 4
    apart = lines_of([0.1, 0.9, 0.2, 0.8], [0.02] * 4)
    pulled = shrink(apart, common, between(apart))
    assert [line.value for line in pulled] == pytest.approx([0.1, 0.9, 0.2, 0.8], abs=0.01)
    assert line_error(apart[0], pulled[0], between(apart)) == pytest.approx(0.02, rel=0.05)
    assert shrink((None, *apart[1:]), common, between(apart))[0] == common


def test_a_few_lines_are_never_taken_for_one():
    """The penalised likelihood against a grid of it; on a far larger scale of differences both spreads agree."""
    alike, common = lines_of([0.45, 0.5, 0.55, 0.52], [0.1] * 4), lines_of([0.5], [0.05])[0]
    sd = np.linspace(0.001, 1, 20_000)
    likelihood = -1.5 * np.log(sd**2 + 0.01) - 0.0053 / 2 / (sd**2 + 0.01)  # 0.0053: squares about the mean, 0.505
    assert surely_between(alike) == pytest.approx(sd[(likelihood + np.log(sd)).argmax()] ** 2, rel=0.01)
    assert 0.45 < shrink(alike, common, surely_between(alike))[0].value < 0.5
    apart = lines_of(np.linspace(-5, 5, 40), [0.02] * 40)
    assert surely_between(apart) == pytest.approx(between(apart), rel=0.1)
    assert surely_between((None, alike[0])) == 0


def test_dersimonian_and_lairds_spread_is_the_textbooks():
    """By hand: values 0, 1, 2 with errors 0.5: Q 8, so (8 - 2) / (12 - 48 / 12) = 0.75."""
    assert between(lines_of([0.0, 1.0, 2.0], [0.5] * 3)) == pytest.approx(0.75)


def test_the_change_in_renewal_is_the_mean_of_the_moved_chances():
    gains = Gains(np.array([0.0, 2.0]), np.array([0, 1]))
    slope, shift = Estimate(0.5, np.array([0.3, -0.3])), Estimate(0.2, np.array([0.0, 0.0]))
    want = 100 * (expit([0.1, 2.1]) - expit([0.0, 2.0]))
    assert gains.per_shift(slope, shift).estimate == pytest.approx(want.mean())
    assert gains.per_shift(slope, shift, 1).estimate == pytest.approx(want[1])
    found = gains.per_shift(slope, shift)
    rate = 100 * (expit([0.1, 2.1]) * (1 - expit([0.1, 2.1]))).mean()
    half = 1.959964 * rate * 0.2 * np.sqrt(2 * 0.3**2) / 2
    assert found.high - found.estimate == pytest.approx(half, rel=1e-4)
    assert gains.between((-np.inf, 0.5), 0.2).low == pytest.approx(-100 * expit([0.0, 2.0]).mean())


def test_a_fitted_part_keeps_its_customers():
    fitted = Fitted(np.array([1.0, 2.0]), np.ones((5, 2)))
    assert fitted.take([1]).value.tolist() == [2.0]
    assert fitted.take([1]).influence.shape == (5, 1)
