"""The panel of a book on Spark is the panel of the same book here, value for value, in as many parts as one likes."""

from __future__ import annotations

import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.book.settings import RenewalSettings, Settings
from churnkit.panel.build import build_panel
from churnkit.panel.panel import Panel
from tests.oracle.books import hostile_book

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def books(spark):
    """One hostile book here and on Spark: rows late, corrected and out of order, renewals in the household."""
    hostile = hostile_book(10)
    assert hostile.variant == "recorded"
    assert "household" in hostile.match
    settings = Settings(data_cutoff=hostile.data_cutoff, delay_days=hostile.delay_days,
                        renewal=RenewalSettings(match=hostile.match))  # fmt: skip
    books = [open_book(hostile.tables, settings=settings, spark=each) for each in (None, spark)]
    yield books
    for book in books:
        book.close()


def same(there, here):
    assert len(here) > 100
    pd.testing.assert_frame_equal(there.X, here.X, check_exact=True)
    pd.testing.assert_series_equal(there.y, here.y, check_exact=True)
    pd.testing.assert_frame_equal(there.keys, here.keys, check_exact=True)
    assert there.features == here.features
    # Each engine hashes in its own way: a fingerprint is compared with one of the same engine only.
    assert {name for name in here.info if there.info[name] != here.info[name]} == {"fingerprint"}


def test_the_churn_panel_of_a_book_on_spark_is_the_same(books):
    here, there = (build_panel(book, "churn") for book in books)
    same(there, here)
    assert len(list(there.parts())) == 2  # one for each of the session's two threads


def test_the_renewal_panel_of_a_book_on_spark_is_the_same_in_parts_that_go_to_a_folder(books, tmp_path):
    told = []
    here = build_panel(books[0], "renewal")
    there = build_panel(books[1], "renewal", partitions=3, to=tmp_path / "panel",
                        progress=lambda done, parts: told.append((done, parts)))  # fmt: skip
    same(there, here)
    assert told == [(1, 3), (2, 3), (3, 3)]
    same(Panel.read_parquet(tmp_path / "panel"), here)
