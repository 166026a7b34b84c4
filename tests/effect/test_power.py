"""How many customers an experiment needs: against published values, and against experiments drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from churnkit.effect.power import experiment_size
from churnkit.errors import UsageError


def test_the_size_is_the_one_that_r_documents():
    """R's help of power.prop.test: p1 = .50, p2 = .75, power = .90 needs n = 76.7 in each group."""
    found = experiment_size(25.0, renewal=0.50, power=0.90)
    assert found.treated == found.held_out == 77


def test_the_power_is_what_was_asked_for():
    asked = experiment_size(4.0, renewal=0.8, reached=0.7, power=0.8, treated=0.3)
    rng, times = np.random.default_rng(0), 4000
    reached = rng.binomial(asked.treated, 0.7, times)
    kept = rng.binomial(reached, 0.84) + rng.binomial(asked.treated - reached, 0.8)
    held = rng.binomial(asked.held_out, 0.8, times)
    a, b, n, m = kept / asked.treated, held / asked.held_out, asked.treated, asked.held_out
    q = (kept + held) / (n + m)
    z = (a - b) / np.sqrt(q * (1 - q) * (1 / n + 1 / m))
    power = (np.abs(z) > norm.ppf(0.975)).mean()
    assert abs(power - 0.8) < 4 * np.sqrt(0.8 * 0.2 / times)


def test_reaching_half_needs_four_times_as_many_but_for_the_variance():
    whole, half = experiment_size(2.0, renewal=0.815), experiment_size(2.0, renewal=0.815, reached=0.5)
    assert half.difference == pytest.approx(1.0)
    assert 4.0 < half.customers / whole.customers < 4.3


def test_households_multiply_by_the_design_effect():
    alone = experiment_size(2.0, renewal=0.815)
    together = experiment_size(2.0, renewal=0.815, household=1.5, correlation=0.2)
    assert together.design_effect == pytest.approx(1.1)
    assert together.treated == pytest.approx(1.1 * alone.treated, abs=2)
    assert f"{together.customers:,}" in together.text
    assert together.table["customers"].item() == together.customers


@pytest.mark.parametrize("asked", [{"reached": 60}, {"power": 1.0}, {"correlation": -0.1}, {"household": 0.5}])
def test_shares_are_shares(asked):
    with pytest.raises(UsageError):
        experiment_size(2.0, renewal=0.815, **asked)


def test_renewal_stays_below_one():
    with pytest.raises(UsageError, match="smaller effect"):
        experiment_size(30.0, renewal=0.815)
