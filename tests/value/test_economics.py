"""Economics by line: the insurer's own where given, documented defaults elsewhere, marked as such."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import ContractError, UsageError
from churnkit.value.economics import RATIOS, economics_table, figures_of, margin


def test_defaults_are_assumed_and_cover_every_line_of_the_contract():
    from churnkit.book.schema import LINES

    table = economics_table()
    assert set(table.index) == set(LINES)
    assert set(table["origin"]) == {"assumed"}
    assert (table[list(RATIOS)].sum(axis=1) < 1).all()


def test_margin_by_hand():
    figures = economics_table(pd.DataFrame({"line": ["home"], "loss_ratio": [0.5], "commission_ratio": [0.1],
                                            "expense_ratio": [0.15], "service_cost_per_year": [40.0]}))  # fmt: skip
    assert figures.loc["home", "origin"] == "given"
    assert margin(np.array([1000.0, 100.0]), figures.loc[["home", "home"]]).round(9).tolist() == [210.0, -15.0]


def test_what_is_not_given_is_assumed_and_said():
    table = economics_table(pd.DataFrame({"line": ["home", "drones"], "loss_ratio": [0.5, 0.4]}))
    defaults = economics_table()
    assert table.loc["home", "origin"] == "partly given"
    assert table.loc["home", "expense_ratio"] == defaults.loc["home", "expense_ratio"]
    assert table.loc["drones", "expense_ratio"] == defaults.loc["other", "expense_ratio"]
    assert table.loc["motor", "origin"] == "assumed"


def test_the_latest_valid_row_counts_and_the_line_goes_before_its_products():
    given = pd.DataFrame({"line": ["home", "home", "home", "motor", "motor"], "product": [None, None, "flat", "a", "b"],
                          "loss_ratio": [0.6, 0.5, 0.1, 0.2, 0.4],
                          "valid_from": ["2023-01-01", "2024-01-01", "2024-01-01", None, None]})  # fmt: skip
    table = economics_table(given)
    assert table.loc["home", "loss_ratio"] == 0.5
    assert table.loc["motor", "loss_ratio"] == pytest.approx(0.3)


def test_a_book_gives_its_own_table_if_it_has_one():
    rows = pd.DataFrame({"line": ["home"], "loss_ratio": [0.33]})
    book = SimpleNamespace(has=lambda name: name == "economics",
                           sql=lambda query: SimpleNamespace(to_pandas=lambda: rows))  # fmt: skip
    assert economics_table(book).loc["home", "loss_ratio"] == 0.33
    assert economics_table(SimpleNamespace(has=lambda name: False))["origin"].eq("assumed").all()


@pytest.mark.parametrize("by_product", [False, True])
def test_a_table_that_was_made_here_goes_in_again_and_what_was_assumed_stays_so(by_product):
    given = pd.DataFrame({"line": ["home", "home"], "product": ["flat", None], "loss_ratio": [0.33, 0.4]})
    table = economics_table(given, by_product=by_product)
    pd.testing.assert_frame_equal(economics_table(table, by_product=by_product), table)
    assert "loss_ratio" not in table["assumed"].iloc[list(table.index.get_level_values(0)).index("home")]


def test_an_assumed_figure_that_is_changed_is_stated():
    table = economics_table()
    table.loc["motor", "expense_ratio"] = 0.11
    again = economics_table(table).loc["motor"]
    assert again["origin"] == "partly given" and "expense_ratio" not in again["assumed"]
    assert "loss_ratio" in again["assumed"]


def test_the_row_of_the_valuation_date_counts():
    given = pd.DataFrame({"line": ["home", "home", "motor"], "loss_ratio": [0.6, 0.5, 0.7],
                          "valid_from": ["2023-01-01", "2024-01-01", "2025-01-01"]})  # fmt: skip
    for day, home, motor in (("2022-12-31", 0.45, 0.65), ("2023-01-01", 0.6, 0.65), ("2024-06-01", 0.5, 0.65),
                             ("2025-01-01", 0.5, 0.7)):  # fmt: skip
        assert economics_table(given, as_of=day).loc[["home", "motor"], "loss_ratio"].tolist() == [home, motor]
    assert economics_table(given, as_of="2022-12-31").loc["home", "origin"] == "assumed"


def test_products_take_from_their_line_what_they_do_not_state():
    given = pd.DataFrame({"line": ["home", "home", "home", "motor"], "product": [None, "flat", "house", "van"],
                          "loss_ratio": [0.5, 0.3, np.nan, 0.8], "expense_ratio": [0.2, np.nan, 0.1, 0.3]})  # fmt: skip
    table = economics_table(given, by_product=True)
    assert table.loc[("home", "flat"), ["loss_ratio", "expense_ratio"]].tolist() == [0.3, 0.2]
    assert table.loc[("home", "house"), ["loss_ratio", "expense_ratio"]].tolist() == [0.5, 0.1]
    assert table.loc[("motor", ""), "loss_ratio"] == table.loc[("motor", "van"), "loss_ratio"] == 0.8
    rows = figures_of(["motor", "home", "home", "boat"], table, ["bus", "flat", np.nan, "flat"])
    assert rows["loss_ratio"].tolist() == [0.8, 0.3, 0.5, 0.6]
    assert figures_of(["boat"], economics_table(given))["loss_ratio"].tolist() == [0.6]


def test_the_discount_rate_is_the_lines_own_or_eight_per_cent():
    table = economics_table(pd.DataFrame({"line": ["life"], "discount_rate": [0.03]}))
    assert table.loc[["life", "motor"], "discount_rate"].tolist() == [0.03, 0.08]
    with pytest.raises(ContractError, match="discount_rate of life"):
        economics_table(pd.DataFrame({"line": ["life"], "discount_rate": [-1.5]}))


def test_faults_are_named_together():
    bad = pd.DataFrame({"line": ["home", "motor"], "loss_ratio": [-0.1, 0.5], "expense_ratio": [0.1, np.inf]})
    with pytest.raises(ContractError, match="loss_ratio of home; expense_ratio of motor"):
        economics_table(bad)
    with pytest.raises(UsageError, match="column 'line'"):
        economics_table(pd.DataFrame({"product": ["a"]}))
    with pytest.raises(UsageError, match="list"):
        economics_table([1])
