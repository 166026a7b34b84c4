"""Economics by line: the insurer's own where given, documented defaults elsewhere, marked as such."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import ContractError, UsageError
from churnkit.value.economics import RATIOS, economics_table, margin


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


def test_a_table_that_was_made_here_goes_in_again():
    table = economics_table(pd.DataFrame({"line": ["home"], "loss_ratio": [0.33]}))
    pd.testing.assert_frame_equal(economics_table(table).drop(columns="origin"), table.drop(columns="origin"))


def test_faults_are_named_together():
    bad = pd.DataFrame({"line": ["home", "motor"], "loss_ratio": [-0.1, 0.5], "expense_ratio": [0.1, np.inf]})
    with pytest.raises(ContractError, match="loss_ratio of home; expense_ratio of motor"):
        economics_table(bad)
    with pytest.raises(UsageError, match="column 'line'"):
        economics_table(pd.DataFrame({"product": ["a"]}))
    with pytest.raises(UsageError, match="list"):
        economics_table([1])
