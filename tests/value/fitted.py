"""Fixtures of tests of value and of effects: drawn lives, the policies in force at their end, what was learnt."""

import numpy as np
import pytest

from churnkit.models.classifier import RenewalModel
from churnkit.value.lifetime import LifetimeValue
from tests.value.lives import RECORD, drawn, observed


@pytest.fixture(scope="session")
def lives():
    return drawn(np.random.default_rng(1), 3000)


@pytest.fixture(scope="session")
def panel(lives):
    return observed(lives[0], y=1 - lives[0]["lapse"].to_numpy())


@pytest.fixture(scope="session")
def standing(lives):
    """Policies in force at the end of the record, and the true chance of each renewal to come."""
    return observed(lives[1].assign(year=RECORD), leads=(330.0,)), lives[1]["stay"].to_numpy()


@pytest.fixture(scope="session")
def model(panel):
    return RenewalModel(n_estimators=40).fit(panel.X, panel.y, cutoff=panel.cutoff, groups=panel.groups)


@pytest.fixture(scope="session")
def value(panel, model):
    return LifetimeValue(years=5).fit(panel, model, replicates=40)
