"""A lever's curve is the scenarios it is made of; where nobody was seen is flagged and shaded."""

import numpy as np
import pytest

import churnkit as ck
from churnkit import plots
from churnkit.errors import UsageError


@pytest.fixture(scope="module")
def cycle(prepared):
    return ck.lever_curve(prepared, "claim_cycle_days", line="motor")


def test_each_point_is_a_scenario(prepared, cycle):
    scenario = ck.Scenario("one").among(line="motor").set("claim_cycle_days", float(cycle["level"].iloc[2]))
    row = prepared.evaluate(scenario).table.iloc[0]
    names = {"estimate": "change_pp", "low": "change_pp_low", "high": "change_pp_high", "value_change": "value_change"}
    for mine, theirs in names.items():
        assert cycle[mine].iloc[2] == row[theirs]


def test_slower_claims_renew_less_through_nothing_at_todays_level(cycle):
    assert (np.diff(cycle["estimate"]) < 0).all()
    assert cycle["level"].is_monotonic_increasing and cycle["level"].iloc[0] < cycle.attrs["today"]
    assert cycle["estimate"].iloc[0] > 0 > cycle["estimate"].iloc[-1]
    assert cycle.attrs["unit"] == "working days"


def test_the_fastest_and_the_slowest_hundredth_are_beyond_what_was_seen(cycle):
    """1 % of the terms were that fast or slow, 5 % are asked for."""
    assert not cycle["supported"].iloc[[0, -1]].any()
    assert cycle["supported"].iloc[3:-3].all()
    figure = plots.lever_curve(cycle)
    labels = [each.get_text() for each in figure.axes[0].get_legend().get_texts()]
    assert labels == ["95 % interval", "estimate", "hardly anybody was seen there", "today's mean"]


def test_satisfaction_is_changed_not_set(prepared):
    curve = ck.lever_curve(prepared, "satisfaction")
    assert curve["level"].tolist() == [-5, -2, -1, 1, 2, 5, 10]
    assert curve.attrs["today"] == 0
    with pytest.raises(UsageError, match="lever"):
        ck.lever_curve(prepared, "charm")
