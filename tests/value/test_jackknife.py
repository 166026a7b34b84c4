"""The spread of learners that left customers out, against a standard error that is known."""

import numpy as np
import pytest

from churnkit.value.jackknife import Jackknife, draws
from churnkit.value.offsets import FOLDS


def test_draws_have_the_variance_of_a_mean_when_learners_are_means():
    """A learner is the mean of two thirds of 900 numbers: the mean of all has standard error 1 / 30."""
    rng, found = np.random.default_rng(0), []
    for _ in range(400):
        groups = rng.normal(size=(FOLDS, 900 // FOLDS)).mean(axis=1)
        out = (groups.sum() - groups) / (FOLDS - 1)
        found.append(((draws(200, 1) @ (out - out.mean())) ** 2).mean())
    assert np.sqrt(np.mean(found)) == pytest.approx(1 / 30, rel=0.1)


def test_what_a_learner_says_of_a_whole_line_is_no_error():
    """The hazard's level of a line is learnt given the offsets: only what differs from the record's mean is left."""
    rng = np.random.default_rng(1)
    line = np.repeat([0, 1], 500)
    shift = np.array([[0.3, -0.1, 0.2], [0.0, 0.4, -0.5]])
    offsets = rng.normal(size=(1000, 1)) + shift[line]
    found = Jackknife.learn([], offsets, line, 2)
    np.testing.assert_allclose(found.apply(offsets, np.zeros(1000), line), 0.0, atol=1e-12)
    other = offsets + np.array([0.2, 0.0, -0.2])
    np.testing.assert_allclose(
        found.apply(other, np.zeros(1000), line), np.tile([0.2, 0.0, -0.2], (1000, 1)), atol=1e-12
    )


def test_learners_that_age_alike_do_not_differ_in_later_years():
    rng = np.random.default_rng(2)
    now = rng.normal(size=1000)
    later = 0.5 * now + rng.normal(0, 0.1, 1000)
    line = np.zeros(1000, dtype=np.intp)
    pair = (np.column_stack([now] * FOLDS), np.column_stack([later] * FOLDS), line)
    alike = Jackknife.learn([pair], pair[0], line, 1)
    np.testing.assert_allclose(alike.apply(pair[0], np.ones(1000), line), 0.0, atol=1e-12)
    apart = pair[0].copy()
    apart[:, 0] *= 2.0  # this one spreads more now, and as much when the year has passed
    other = Jackknife.learn([(apart, pair[1], line)], pair[0], line, 1)
    assert np.abs(other.apply(apart, np.ones(1000), line)).max() < 0.05
