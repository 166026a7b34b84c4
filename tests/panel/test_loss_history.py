"""Premium earned and claims by year, from a tiny book by hand, as known on a day."""

import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.panel.loss_history import loss_history
from tests.books import DATA_CUTOFF, tiny_book_tables


@pytest.fixture(scope="module")
def book():
    return open_book(tiny_book_tables(), data_cutoff=DATA_CUTOFF)


def test_premium_is_earned_by_the_day_and_a_claim_costs_what_is_known(book):
    found = loss_history(book, until=pd.Timestamp(DATA_CUTOFF), years_to=2026).set_index(["line", "year"])
    assert found.loc[("motor", 2023), "premium"] == pytest.approx(1000 * 306 / 366)
    # the rest of t1, t2 from March on, t4 (366 days long) from 15 January on
    assert found.loc[("motor", 2024), "premium"] == pytest.approx(1000 * 60 / 366 + 1050 * 306 / 365 + 800 * 352 / 366)
    assert found.loc[("home", 2025), "premium"] == pytest.approx(400 * 40 / 365)  # cancelled on 10 February
    assert found.loc[("motor", 2024), ["cost", "claims"]].tolist() == [450, 1]
    assert found.loc[("motor", 2025), ["cost", "claims"]].tolist() == [900, 1]  # open: what is claimed
    assert found.loc[("home", 2024), "cost"] == 0


def test_what_is_recorded_later_is_not_known(book):
    at = pd.Timestamp("2024-04-07")
    found = loss_history(book, until=at, years_to=2025).set_index(["line", "year"])
    assert found.loc[("motor", 2024), "cost"] == 500  # decided, not yet paid
    assert ("home", 2024) not in found.index  # bound in May
    assert loss_history(book, until=pd.Timestamp("2024-04-02"), years_to=2025)["claims"].sum() == 0


def test_nothing_is_paid_for_a_denied_claim_and_no_claims_are_no_history():
    tables = tiny_book_tables()
    tables["claims"]["decision"] = ["denied", None]
    tables["claims"]["paid_at"] = pd.NaT
    denied = loss_history(open_book(tables, data_cutoff=DATA_CUTOFF), until=pd.Timestamp(DATA_CUTOFF), years_to=2025)
    assert denied["cost"].sum() == 0 and denied["claims"].sum() == 1
    del tables["claims"]
    none = loss_history(open_book(tables, data_cutoff=DATA_CUTOFF), until=pd.Timestamp(DATA_CUTOFF), years_to=2025)
    assert not len(none) and {"line", "product", "year", "premium", "cost", "claims"} == set(none)
