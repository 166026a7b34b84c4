"""How columns go back towards the mean, on series that are drawn so."""

import numpy as np
import pandas as pd
import pytest

from churnkit.value.ageing import FEWEST, Ageing, later_terms


def test_what_is_left_of_a_series_and_its_noise_are_found():
    """A first-order autoregression with coefficient 0.6: 0.6^h is left after h years, the variance is the rest."""
    rng = np.random.default_rng(0)
    x = [rng.normal(size=20_000)]
    for _ in range(3):
        x.append(0.5 + 0.6 * (x[-1] - 0.5) + 0.8 * rng.normal(size=20_000))
    one = np.zeros(20_000, dtype=np.intp)
    ageing = Ageing.learn([(x[0], x[h], one) for h in (1, 2, 3)], 1)
    assert ageing.keep == pytest.approx([1.0, 0.6, 0.36, 0.216], abs=0.03)
    assert ageing.noise == pytest.approx([0.0, 0.8, 0.8 * np.sqrt(1.36), 0.8 * np.sqrt(1.4896)], abs=0.02)
    aged, noise = ageing.apply(np.array([2.5, 2.5, 2.5]), np.array([0.0, 1.0, 0.5]), one[:3])
    assert aged == pytest.approx([2.5, 0.5 + 0.6 * 2.0, (2.5 + 1.7) / 2], abs=0.05)
    assert noise[0] == 0.0


def test_nothing_changes_where_nothing_is_known_and_the_last_horizon_goes_on():
    rng = np.random.default_rng(1)
    one = np.zeros(500, dtype=np.intp)
    few = (rng.normal(size=FEWEST - 1), rng.normal(size=FEWEST - 1), one[: FEWEST - 1])
    offset, line = rng.normal(size=5), one[:5]
    aged, noise = Ageing.learn([few], 1).apply(offset, np.full(5, 3.0), line)
    np.testing.assert_array_equal(aged, offset)
    assert not noise.any()
    many = (rng.normal(size=500), rng.normal(size=500), one)
    known = Ageing.learn([many, few], 1)
    np.testing.assert_array_equal(
        known.apply(offset, np.full(5, 4.0), line)[0], known.apply(offset, np.ones(5), line)[0]
    )
    assert len(Ageing.learn([(np.zeros(500), many[1], one)], 1).years) == 1


def test_lines_go_back_to_their_own_means():
    """Two lines at -1 and 1, of which 0.5 is left: from 0 each goes half of the way to its own; a third has few."""
    rng = np.random.default_rng(2)
    line = np.repeat([0, 1, 2], [10_000, 10_000, 20])
    mean = np.array([-1.0, 1.0, 5.0])[line]
    x = mean + rng.normal(size=len(line))
    y = mean + 0.5 * (x - mean) + 0.1 * rng.normal(size=len(line))
    aged, _ = Ageing.learn([(x, y, line)], 3).apply(np.zeros(4), np.ones(4), np.array([0, 1, 2, -1]))
    assert aged == pytest.approx([-0.5, 0.5, 0.0, 0.0], abs=0.02)


def test_a_later_term_is_of_the_same_customer_and_line_a_year_or_more_on():
    keys = pd.DataFrame({"customer_id": list("aaaabb"), "line": ["home", "home", "home", "motor", "home", "home"]})
    due = np.array([100.0, 470.0, 835.0, 465.0, 100.0, 600.0])
    assert [part.tolist() for part in later_terms(keys, due, 1)] == [[0, 1], [1, 2]]
    assert [part.tolist() for part in later_terms(keys, due, 2)] == [[0], [2]]
