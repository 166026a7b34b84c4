"""Expected loss ratios: by hand, and better than either side on draws of the model itself."""

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.errors import UsageError
from churnkit.value.economics import economics_table
from churnkit.value.experience import credible, expected_loss_ratios
from tests.books import DATA_CUTOFF, tiny_book_tables


@pytest.fixture(scope="module")
def book():
    return open_book(tiny_book_tables(), data_cutoff=DATA_CUTOFF)


def rows(*values):
    columns = ["line", "year", "premium", "cost", "claims"]
    return pd.DataFrame(list(values), columns=columns).set_index(["line", "year"])


def test_credibility_by_hand():
    years = rows(("home", 2023, 100, 40, 4), ("home", 2024, 100, 60, 6), ("motor", 2023, 400, 320, 9),
                 ("motor", 2024, 400, 320, 9))  # fmt: skip
    stated = economics_table(pd.DataFrame({"line": ["home", "motor"], "loss_ratio": [0.3, 0.7]}))
    found = credible(years, stated)
    within = (100 * 0.1**2 + 100 * 0.1**2) / 2
    between = (200 * 0.2**2 + 800 * 0.1**2 - 2 * within) / 1000
    assert (found.within, found.between) == (pytest.approx(within), pytest.approx(between))
    z = [200 / (200 + within / between), 800 / (800 + within / between)]
    assert found.table["credibility"].tolist() == pytest.approx(z)
    assert found.table["expected"].tolist() == pytest.approx([0.3 + z[0] * 0.2, 0.7 + z[1] * 0.1])
    assert found.economics.loc["home", "loss_ratio"] == pytest.approx(0.3 + z[0] * 0.2)
    assert f"home {found.table.loc['home', 'expected']:.1%} (own 50.0%, stated 30.0%, credibility" in found.text


def test_expected_ratios_err_less_than_either_side_on_draws_of_the_model():
    """150 lines with own ratios around the stated ones: sd .15 between, 6,000 within (variance times premium)."""
    rng = np.random.default_rng(0)
    lines = [f"l{i}" for i in range(150)]
    stated = rng.uniform(0.4, 0.8, 150)
    true = stated + rng.normal(0, 0.15, 150)
    premium = rng.uniform(1e4, 3e5, (150, 4))
    ratio = true[:, None] + rng.normal(0, 1, (150, 4)) * np.sqrt(6_000 / premium)
    years = pd.DataFrame({"line": np.repeat(lines, 4), "year": np.tile(range(4), 150), "premium": premium.ravel(),
                          "cost": (ratio * premium).ravel(), "claims": 1})  # fmt: skip
    found = credible(years, economics_table(pd.DataFrame({"line": lines, "loss_ratio": stated})))
    table = found.table.loc[lines]
    assert found.within == pytest.approx(6_000, rel=0.15)
    assert found.between == pytest.approx(0.15**2, rel=0.3)
    error = {name: np.mean((table[name] - true) ** 2) for name in ("expected", "observed", "stated")}
    assert error["expected"] < 0.9 * error["observed"] and error["expected"] < 0.5 * error["stated"]


def test_ratios_that_differ_no_more_than_years_do_are_not_believed():
    years = rows(("home", 2023, 100, 10, 1), ("home", 2024, 100, 90, 9))
    found = credible(years, economics_table(pd.DataFrame({"line": ["home"], "loss_ratio": [0.45]})))
    assert (found.between, found.table.loc["home", "credibility"]) == (0, 0)
    assert found.table.loc["home", "expected"] == 0.45
    assert "credibility 0" in found.text


def test_a_default_is_marked_until_the_book_says_more():
    years = rows(("motor", 2023, 1e6, 3e5, 90), ("motor", 2024, 1e6, 3.1e5, 90), ("life", 2023, 1e6, 0, 0),
                 ("life", 2024, 1e6, 0, 0))  # fmt: skip
    found = credible(years, economics_table())
    assert found.table["assumed"].all()
    assert "loss_ratio" not in found.economics.loc["motor", "assumed"].split(", ")
    assert "loss_ratio" in found.economics.loc["life", "assumed"].split(", ")  # saved up
    assert found.table.loc["life", ["credibility", "expected"]].tolist() == [0, 0.55]
    assert "premiums of life are saved up" in found.text


def test_a_line_or_product_without_economics_starts_from_what_stands_for_it():
    years = rows(("boat", 2023, 1e6, 3e5, 90), ("boat", 2024, 1e6, 3.1e5, 90))
    assert credible(years, economics_table()).table.loc["boat", "stated"] == 0.6
    products = years.reset_index().assign(line="home", product="flat").set_index(["line", "product", "year"])
    found = credible(products, economics_table(by_product=True))
    assert found.table.loc[("home", "flat"), "stated"] == 0.45
    assert found.economics.loc[("home", "flat"), "loss_ratio"] == found.table.loc[("home", "flat"), "expected"]
    assert found.economics.loc[("home", ""), "loss_ratio"] == 0.45


def test_a_book_from_its_tables(book):
    found = expected_loss_ratios(book)
    assert found.table.loc["motor", ["years", "claims", "cost"]].tolist() == [2, 1, 450]  # 2025 is too young
    assert found.table["stated"].to_dict() == {"home": 0.4, "motor": 0.6}
    few = expected_loss_ratios(book, as_of="2024-08-01")
    assert few.table["credibility"].eq(0).all() and "credibility 0" in few.text
    silent = {name: table for name, table in tiny_book_tables().items() if name != "claims"}
    none = expected_loss_ratios(open_book(silent, data_cutoff=DATA_CUTOFF))
    assert none.economics.loc["motor", "loss_ratio"] == 0.6 and not len(none.table)


def test_a_table_without_its_columns_is_refused():
    with pytest.raises(UsageError, match="cost"):
        credible(pd.DataFrame({"line": ["home"], "premium": [1.0]}), economics_table())
