"""Levels that can be, and values as they are named."""

import pandas as pd
import pytest

import churnkit as ck
from churnkit.effect.scenarios.levels import texts
from churnkit.errors import UsageError


@pytest.mark.parametrize(("lever", "by"), [("claim_cycle_days", -10), ("first_contact_resolution", 1),
                                           ("complaints_overdue", -1)])  # fmt: skip
def test_a_change_leads_where_a_level_can_be(prepared, lever, by):
    with pytest.raises(UsageError, match="would become"):
        prepared.evaluate(ck.Scenario("x").change(lever, by))


def test_no_change_is_worth_more_than_the_best_level(prepared):
    """All but all of the delay taken away, by a change or by a level: durations count down to half a day."""
    now = prepared.evaluate(ck.Scenario("x").set("claim_cycle_days", 3, line="motor")).worked[0].levels[0]
    least = ck.Scenario("to").set("claim_cycle_days", 0, line="motor")
    off = ck.Scenario("by").change("claim_cycle_days", 0.01 - now, line="motor")
    table = prepared.evaluate([least, off]).table
    assert table["change_pp"]["by"] <= table["change_pp"]["to"] + 1e-9


def test_long_numbers_keep_their_digits():
    """Sums insured of 1,000,400 and 1,000,449, and a branch's number."""
    assert texts(pd.Series([1000400.0, 1000449.0])).tolist() == ["1000400", "1000449"]
    assert ck.Scenario("x").among(branch=12345678901).population == (("branch", ("12345678901",)),)
