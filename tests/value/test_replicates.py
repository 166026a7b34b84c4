"""The one-step bootstrap against standard errors that are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from churnkit.value.frailty import Sample, fit_frailty, log_likelihood
from churnkit.value.history import Mine
from churnkit.value.recalibration import Observed, Recalibration
from churnkit.value.replicates import Replicates, replicate
from churnkit.value.survival import Ahead
from tests.value.lives import drawn


def calibration(people, y, chance):
    """Rows of one line, all of them late."""
    flat = np.ones(len(y))
    return Observed(np.asarray(people, dtype=np.uint64), y, chance, flat, np.zeros((len(y), 1)), flat > 0)


def influence(people, y, chance, customers, *, weight=1.0):
    rows = calibration(people, y, chance)
    rows = replace(rows, weight=weight * rows.weight)
    return rows.influence(rows.recalibrated(), numbered(customers))


def numbered(customers):
    return np.arange(customers, dtype=np.uint64)


def quiet(sentence):
    return None


@pytest.fixture(scope="module")
def fitted():
    rows, _ = drawn(np.random.default_rng(2), 3000)
    Z = np.column_stack([np.ones(len(rows)), rows["x"]])
    people = np.unique(rows["customer"], return_inverse=True)[1]
    y = rows["lapse"].to_numpy()
    done = fit_frailty(Z, y, people, names=("level", "x"), centre=np.zeros(3), spread=np.full(3, np.inf))
    return done, Sample.of(Z, y, people)


def test_replicates_spread_as_the_standard_errors_say(fitted):
    done, sample = fitted
    scores = log_likelihood(done.theta, sample)[1]
    n = len(scores)
    rng = np.random.default_rng(0)
    chance = np.full(n, 0.7)
    calibrated = calibration(np.arange(n), (rng.random(n) < 0.7).astype(float), chance)
    many = replicate(
        done.theta,
        done.covariance,
        scores,
        numbered(len(scores)),
        calibrated,
        calibrated.recalibrated(),
        replicates=600,
        random_state=0,
        progress=quiet,
    )
    found, known = many.theta.std(axis=0), list(done.errors.values())
    np.testing.assert_allclose(found, known, rtol=0.2)
    assert many.theta.mean(axis=0) == pytest.approx(done.theta, abs=0.02)
    # one chance for all: a mean of n draws of variance p (1 - p), on the logit scale; all slopes are alike
    assert many.moves[:, 0].std() == pytest.approx(1 / np.sqrt(n * 0.7 * 0.3), rel=0.2)


def test_a_step_goes_where_the_weighted_likelihood_has_its_top(fitted):
    """A fit of weighted customers, by doubling a third of them, against one step with the same weights."""
    done, sample = fitted
    scores = log_likelihood(done.theta, sample)[1]
    twice = np.random.default_rng(5).random(len(scores)) < 1 / 3
    step = done.theta + (twice * 1.0) @ scores @ done.covariance / (4 / 3)
    doubled = np.concatenate([np.arange(len(sample.y)), np.flatnonzero(twice[sample.owner])])
    people = np.concatenate([sample.owner, sample.owner[twice[sample.owner]] + len(scores)])
    again = fit_frailty(sample.Z[doubled], sample.y[doubled], people, names=("level", "x"), centre=np.zeros(3),
                        spread=np.full(3, np.inf))  # fmt: skip
    errors = np.array(list(done.errors.values()))
    assert (abs(again.theta - step) / errors).max() < 0.3
    assert (abs(again.theta - done.theta) / errors).max() > 0.3


def test_a_customer_with_more_rows_counts_as_one_unit():
    y, chance = np.repeat([1.0, 0.0], [70, 30]), np.full(100, 0.7)
    alone = influence(np.arange(100), y, chance, 100)
    fourfold = influence(np.repeat(np.arange(100), 4), np.repeat(y, 4), np.repeat(chance, 4), 100, weight=0.25)
    np.testing.assert_allclose(alone[:, 0], fourfold[:, 0])


def test_the_same_seed_gives_the_same_replicates_and_another_others(fitted):
    done, sample = fitted
    scores = log_likelihood(done.theta, sample)[1]
    calibrated = calibration(np.arange(2), np.array([1.0, 0.0]), np.array([0.6, 0.5]))

    def some(seed):
        return replicate(done.theta, done.covariance, scores, numbered(len(scores)), calibrated,
                         calibrated.recalibrated(), replicates=3, random_state=seed, progress=quiet)  # fmt: skip

    np.testing.assert_array_equal(some(1).theta, some(1).theta)
    assert (some(1).theta != some(2).theta).all()
    assert (some(1).theta[:, -1] >= 0).all()


def test_a_replicate_moves_the_next_renewal_and_what_the_trees_say_of_it_and_of_later_ones():
    moves, trees = np.array([[0.2, 0.1, 0.4, 0.0]]), np.array([[0.5, -1.0, 0.0]])
    many = Replicates(np.zeros((1, 5)), moves, Recalibration(np.zeros(4), 1.0), trees)
    designs = [np.array([[1.0, 0.3, 0.5, -0.5], [1.0, 0.7, -0.5, 0.5]]) for _ in range(2)]
    wander = [np.array([[0.1, 0.0, 0.0], [0.0, 0.1, 0.0]]), np.array([[0.2, 0.0, -0.2], [0.0, 0.0, 0.0]])]
    nothing = Mine(np.zeros((0, 4)), np.zeros(0), np.zeros(2, dtype=np.int64), np.full(2, np.nan))
    flat = np.ones((2, 2))
    asked = Ahead(np.array([0.5, expit(1.0)]), designs, 0 * flat, flat, nothing, numbered(2), wander=wander)
    got = many.at(0, asked)
    assert logit(got.first) == pytest.approx([0.2 - 0.1 + 0.2 - 0.05, 1.2 - 0.2 + 0.1])
    assert got.designs[1][:, 1] == pytest.approx([0.3 + 0.1, 0.7])
    assert asked.designs[1][:, 1] == pytest.approx([0.3, 0.7])  # what was asked stays as it is
