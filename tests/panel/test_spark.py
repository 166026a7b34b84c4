"""The panel of a book on Spark is the panel of the same book here, value for value."""

from __future__ import annotations

import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.book.settings import Settings
from churnkit.panel.build import build_panel
from tests.oracle.books import hostile_book

pytestmark = pytest.mark.spark


@pytest.mark.parametrize("target", ["renewal", "churn"])
def test_the_panel_of_a_book_on_spark_is_the_same(target, spark):
    hostile = hostile_book(7)
    settings = Settings(data_cutoff=hostile.data_cutoff, delay_days=hostile.delay_days)
    here, there = (
        build_panel(open_book(hostile.tables, settings=settings, spark=each), target) for each in (None, spark)
    )
    assert len(here.X)
    pd.testing.assert_frame_equal(there.X, here.X, check_exact=True)
    pd.testing.assert_series_equal(there.y, here.y, check_exact=True)
    pd.testing.assert_frame_equal(there.keys, here.keys, check_exact=True)
    # Each engine hashes in its own way: a fingerprint is compared with one of the same engine only.
    assert {name for name in here.info if there.info[name] != here.info[name]} == {"fingerprint"}
