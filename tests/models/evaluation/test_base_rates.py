"""The base rate of training beside that of later rows: what moved, by how much, beyond chance."""

import numpy as np
import pandas as pd
import pytest

from churnkit.models.evaluation.base_rates import BaseRates, Drift, Share


def test_a_customers_rows_are_one_unit():
    y = np.repeat([1.0, 0.0, 0.0, 1.0, 1.0], 4)
    apart, together = Share.of(y), Share.of(y, np.repeat(np.arange(5), 4))
    assert apart.rate == together.rate == 0.6
    assert together.error == pytest.approx(np.sqrt(0.6 * 0.4 / 4))  # of five outcomes, not of twenty
    assert apart.error < together.error


def test_other_leads_are_no_drift():
    """Early renewers have left the short leads, so their lapse rate is higher whatever the market does."""
    rng = np.random.default_rng(0)
    lead = np.repeat([14.0, 330.0], 4000)
    y = (rng.random(8000) < np.where(lead == 14, 0.7, 0.9)).astype(float)
    rates = BaseRates.learn(y, lead=lead)
    now = lead == 14
    drift = rates.against(y[now], np.arange(4000), lead[now], event="renewed")
    assert drift.training.rate == pytest.approx(1 - y[now].mean())
    assert not drift.moved
    assert "no drift to speak of" in drift.text
    blind = BaseRates.learn(y).against(y[now], np.arange(4000), lead[now], event="renewed")
    assert blind.moved


def test_the_training_s_last_year_is_named():
    cutoff = pd.Series(np.repeat(pd.to_datetime(["2003-01-01", "2004-01-01", "2005-01-01"]), 1000))
    y = np.r_[np.arange(1000) < 170, np.arange(1000) < 80, np.arange(1000) < 240].astype(float)
    later = (np.arange(2000) < 110).astype(float)
    drift = BaseRates.learn(y, cutoff=cutoff).against(later, np.arange(2000), None, event="churned")
    assert drift.text.startswith("The churn rate fell from 16.3% in training (24.0% in its last year) to 5.5% (4.5% … ")
    assert drift.text.endswith("6.5%, 2,000 rows), -10.8 pp: the base rate drifted.")


@pytest.mark.parametrize(("later", "moved"), [(Share(0.20, 0.002, 9), True), (Share(0.168, 0.001, 9), False),
                                              (Share(0.20, 0.02, 9), False)])  # fmt: skip
def test_moved_is_beyond_chance_and_more_than_a_twentieth(later, moved):
    assert Drift("lapse rate", Share(0.165, 0.001, 9), later).moved == moved
