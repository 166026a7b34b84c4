"""One small insurer and one model for all tests of models."""

import pytest

from churnkit.models.classifier import RenewalModel

from .insurer import FEATURES, as_panel, insurer


@pytest.fixture(scope="session")
def rows():
    return insurer()


@pytest.fixture(scope="session")
def train(rows):
    return rows[rows["end_date"] < "2023-01-01"].reset_index(drop=True)


@pytest.fixture(scope="session")
def test_rows(rows):
    return rows[rows["cutoff"] >= "2023-01-01"].reset_index(drop=True)


@pytest.fixture(scope="session")
def model(train):
    return RenewalModel(n_estimators=150).fit(train[FEATURES], train["y"], cutoff=train["cutoff"],
                                              groups=train["customer_id"])  # fmt: skip


@pytest.fixture(scope="session")
def panel(test_rows):
    return as_panel(test_rows)
