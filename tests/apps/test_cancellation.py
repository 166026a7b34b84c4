"""Monthly products of the simulated insurer, from the book to a score list, beside the truth."""

from __future__ import annotations

import pandas as pd
import pytest

from churnkit.apps.scoring import score
from churnkit.book.open import open_book
from churnkit.models.cancellation import CancellationModel, survival
from churnkit.models.life_tables import life_table
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features

FEATURES = standard_features("cancellation", groups=("timing", "relationship", "holdings", "price"))
AS_OF = "2026-10-01"


@pytest.fixture(scope="module")
def book(book_folder):
    return open_book(book_folder)


@pytest.fixture(scope="module")
def panel(book):
    return build_panel(book, "cancellation", features=FEATURES, keep_unlabelled=True)


@pytest.fixture(scope="module")
def model(panel):
    ripe = panel.take(panel.y.notna())
    model = CancellationModel(n_estimators=60)
    return model.fit(ripe.X, ripe.y, cutoff=ripe.cutoff, groups=ripe.groups, features=ripe.features)


def test_the_rate_is_that_of_the_truth(panel, workspace):
    """A term of a month is renewed with the truth's probability; so much is left each month, give or take 3 errors."""
    truth = pd.read_parquet(workspace / "truth" / "terms.parquet").set_index("term_id")["renewal"]
    found = life_table(panel)
    row = found.table.loc["life"].sum()
    expected = 1 - truth.reindex(panel.keys["term_id"][panel.y.notna()]).mean()
    error = (expected * (1 - expected) / row["at_risk"]) ** 0.5
    assert row["at_risk"] > 3000
    assert abs(row["cancelled"] / row["at_risk"] - expected) < 3 * error


def test_every_policy_in_force_is_scored(book, model):
    rows = score(book, model, as_of=AS_OF)
    now = build_panel(book, "cancellation", features=FEATURES, as_of=AS_OF)
    assert set(rows["policy_id"]) == set(now.keys["policy_id"]) and len(rows) == len(now)
    assert rows["cancellation"].is_monotonic_decreasing and rows["cancellation"].between(0, 1).all()
    ahead = survival(model, now.X, months=12)
    assert (ahead.diff(axis=1).iloc[:, 1:] <= 0).all(axis=None)
    assert 0.5 < ahead[12].mean() < 1
