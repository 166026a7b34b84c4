"""Replicates worked out from sums are those worked out one by one."""

import numpy as np
import pytest
from scipy.special import expit

from churnkit.effect.scenarios.drawn import other_slopes, other_terms

N, LINES, REPLICATES = 3_000, 2, 40


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(3)
    line, own = rng.integers(0, LINES, N), rng.normal(1.3, 0.7, N)
    parts = []
    for size, slope, error in ((0.6, -0.5, 0.07), (1.0, 0.25, 0.04)):
        by = np.where(rng.random(N) < 0.5, rng.normal(0, size, N), 0.0)
        parts.append((by, slope + error * np.c_[np.zeros(LINES), rng.standard_normal((LINES, REPLICATES))]))
    return rng, line, own, parts


def test_slopes_that_differ_a_little_are_carried_to_second_order(made):
    _, line, own, parts = made
    move = sum(by[:, None] * slopes[line] for by, slopes in parts)
    exact = expit(own[:, None] + move)
    slow = np.array([(exact[line == k, 1:] - exact[line == k, :1]).sum(axis=0) for k in range(LINES)])
    quick = other_slopes(own + move[:, 0], parts, line, LINES)
    np.testing.assert_allclose(quick, slow, atol=0.01 * slow.std())


def test_what_is_not_known_stays_unknown_only_where_it_is_set(made):
    _, line, own, parts = made
    by = np.where(line == 0, 1.0, 0.0)
    unknown = (by, np.full((LINES, 1 + REPLICATES), np.nan))
    found = other_slopes(own, [parts[0], unknown], line, LINES)
    assert np.isnan(found[0]).all() and np.isfinite(found[1]).all()


def test_other_terms_are_a_bootstrap_of_customers(made):
    rng, line, own, _parts = made
    who, rows = rng.integers(0, 900, N), np.flatnonzero(rng.random(N) < 0.8)
    moving = rows[::3]
    gain = expit(own[moving] + 0.3) - expit(own[moving])
    draws, ahead = rng.exponential(size=(REPLICATES, 900)) - 1, np.array([700, 10**9])
    slow = np.zeros((LINES, REPLICATES))
    for k in range(LINES):
        mine, move = rows[line[rows] == k], line[moving] == k
        mean = gain[move].sum() / len(mine)
        for r in range(REPLICATES):
            slow[k, r] = (draws[r, who[moving[move]]] @ gain[move] - mean * draws[r, who[mine]].sum()) / len(mine)
        slow[k] *= np.sqrt(1 + len(mine) / ahead[k])
    quick = other_terms(gain, moving, who, line, rows=rows, ahead=ahead, draws=draws)
    np.testing.assert_allclose(quick, slow, atol=1e-12)
