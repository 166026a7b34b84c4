"""Durations that a book counts in whole days, on the scale that renewal follows."""

import numpy as np
import pytest

from churnkit.effect.operations import expected_log


def test_whole_days_stand_for_what_was_counted():
    """Log-normal days, median 5, as the simulator's claims: of each count, the mean logarithm of the days behind it."""
    days = np.exp(1.6 + 0.5 * np.random.default_rng(0).standard_normal(40_000))
    whole = np.rint(days)
    found = expected_log(whole)
    for count in range(1, 12):
        mine = np.log(days)[whole == count]
        assert found[whole == count] == pytest.approx(mine.mean(), abs=4 * mine.std() / np.sqrt(len(mine)) + 0.005)


def test_a_slope_on_whole_days_is_that_on_days():
    rng = np.random.default_rng(1)
    days = np.exp(1.6 + 0.5 * rng.standard_normal(40_000))
    whole = np.rint(days)
    plain, expected = (np.polyfit(h, np.log(days), 1)[0] for h in (np.log(np.maximum(whole, 0.5)), expected_log(whole)))
    assert plain < 0.98
    assert expected == pytest.approx(1, abs=0.005)


def test_counts_that_are_all_alike_are_themselves():
    assert np.exp(expected_log(np.full(10, 4.0))) == pytest.approx(4, abs=0.1)
    assert np.isfinite(expected_log(np.array([0.0, 400.0]))).all()
