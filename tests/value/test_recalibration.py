"""Level and lines that are known, in rows drawn for it."""

import numpy as np
import pytest
from scipy.special import expit, logit

from churnkit.value.recalibration import Observed, log_odds

N = 40_000


def observed(level_then, level_now, of_line):
    """Two lines alike in number; the last quarter of the rows has a level of its own."""
    rng = np.random.default_rng(4)
    late = np.arange(N) >= 3 * N // 4
    second = rng.random(N) < 0.5
    odds = rng.normal(1.3, 0.6, N)
    truth = odds + np.where(late, level_now, level_then) + np.where(second, of_line, -of_line)
    y = (rng.random(N) < expit(truth)).astype(float)
    line = np.column_stack([~second, second]) - 0.5
    return Observed(np.arange(N, dtype=np.uint64), y, expit(odds), np.ones(N), line, late)


def test_the_level_is_that_of_what_fell_due_last_and_lines_those_of_all():
    rows = observed(-0.3, 0.3, 0.2)
    found = rows.recalibrated()
    level, slope, *lines = found.moves
    assert level == pytest.approx(0.3, abs=0.09)  # three standard errors: 1 / sqrt(10,000 * 0.17) is 0.025
    assert slope == 0.0  # at other leads it is another
    assert lines[1] - lines[0] == pytest.approx(0.4, abs=0.08)
    got = found.apply(rows.chance, rows.line)[rows.late]
    assert got.mean() == pytest.approx(rows.y[rows.late].mean(), abs=0.006)


def test_a_customers_influence_is_what_the_fit_without_him_would_change():
    rows = observed(0.0, 0.0, 0.1)
    found, out = rows.recalibrated(), np.arange(N) % 50 == 0
    step = -rows.influence(found, rows.people)[out].sum(axis=0)
    rest = Observed(*(part[~out] for part in vars(rows).values()))
    again = rest.recalibrated().moves - found.moves
    assert step[[0, 2, 3]] == pytest.approx(again[[0, 2, 3]], abs=2e-3)
    assert abs(again[0]) > 1e-4


def test_log_odds_are_finite():
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()
    assert log_odds(np.array([0.3])) == pytest.approx(logit([0.3]))


def test_few_terms_that_all_were_renewed_do_not_promise_renewal():
    flat, late = np.ones(40), np.arange(40) >= 30
    rows = Observed(np.arange(40, dtype=np.uint64), flat, 0.8 * flat, flat, np.zeros((40, 1)), late)
    found = rows.recalibrated()
    assert 0 < found.moves[0] < 2
    assert found.apply(rows.chance, rows.line).max() < 0.97
