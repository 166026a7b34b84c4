"""Bounds are as wide as all that they hold; what is set has no interval."""

import numpy as np
import pytest

import churnkit as ck
from tests.effect.scenarios.test_whatif import BOTH, FASTER, HAPPIER, doubted


def test_bounds_hold_the_error_of_the_operations_that_are_set_with_them(prepared):
    """Jointly no narrower than satisfaction's ends and the operation's interval together, but for the curve."""
    other = doubted(prepared, "union")
    table = other.evaluate([FASTER, HAPPIER, BOTH]).table
    width = table["change_pp_high"] - table["change_pp_low"]
    assert width["Both"] > max(width["Faster"], width["Happier"])
    assert width["Both"] == pytest.approx(width["Faster"] + width["Happier"], rel=0.25)


def test_of_bounds_no_end_is_taken_for_the_estimate(prepared):
    other = doubted(prepared, "anderson_rubin")
    assert np.isnan(other.renewal(HAPPIER))
    table, net = ck.hangs_on(other, HAPPIER)
    assert np.isnan(net)
    assert table.drop(index="effect")[["low", "high"]].isna().all(axis=None)
    assert table.loc["effect", "step"] == "the ends of what is known"


def test_the_index_that_is_set_has_no_interval(prepared):
    table = prepared.evaluate([HAPPIER, FASTER]).table
    assert np.isfinite(table["index_change"]).all()
    assert table[["index_change_low", "index_change_high"]].isna().all(axis=1).to_list() == [True, False]
