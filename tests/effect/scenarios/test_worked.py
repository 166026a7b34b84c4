"""What a scenario comes to where there is nothing to move, no money to tell, or a change that comes by steps."""

import numpy as np
import pytest

import churnkit as ck
from churnkit.effect.scenarios.hangs_on import hangs_on

FASTER = ck.Scenario("Faster").set("claim_cycle_days", 3, line="motor")


def test_a_scenario_that_moves_nobody_changes_nothing(prepared):
    """Nothing is set; or a share is set to what it is already, for everybody."""
    overdue = prepared.terms_.total("complaints_overdue").met.level[prepared.terms_.rows]
    line = prepared.terms_.frame["line"].to_numpy()
    asked = [ck.Scenario("nothing"), ck.Scenario("no time").change("wait_minutes", 0)]
    asked += [ck.Scenario(each).set("complaints_overdue", 0, line=each) for each in prepared.terms_.effect.terms_.lines
              if np.nansum(overdue[line == each]) == 0 and np.isfinite(overdue[line == each]).any()]  # fmt: skip
    table = prepared.evaluate(asked).table
    assert (table["change_pp"].abs() < 1e-12).all()
    assert (table["value_change"].abs() < 1e-6 * table["value_today"].abs()).all()


def test_a_change_of_premium_is_told_in_renewals_and_not_in_money(prepared):
    """What is given up in premium is in no figure of the value, so there must be none."""
    cut = ck.Scenario("cut").change("premium_change", -0.05).costing(fixed=100)
    both = ck.Scenario("both", (*cut.settings, *FASTER.settings))
    found = prepared.evaluate([cut, both])
    for _, row in found.table.iterrows():
        assert row["change_pp_low"] < row["change_pp"] < row["change_pp_high"]
        assert np.isfinite(row["policies_kept"])
        assert (
            row[["value_change", "value_pct", "net", "net_low", "net_high", "p_net", "break_even_share"]].isna().all()
        )
    assert found.text.count("what is given up in premium") == 2
    assert "nan" not in found.text and "value +" not in found.text
    table, net = hangs_on(prepared, cut)
    assert np.isnan(net) and table[["low", "high"]].drop(index="cost", errors="ignore").isna().all(axis=None)
    assert ck.lever_curve(prepared, "premium_change")["value_change"].isna().all()


def test_of_a_ramp_the_next_renewal_has_the_first_step(prepared):
    whole, ramp = prepared.evaluate([FASTER, ck.Scenario("r", FASTER.settings).lasting("ramp", ramp_years=10)]).worked
    assert ramp.row["change_pp"] == whole.row["change_pp"]
    assert ramp.row["policies_kept"] == pytest.approx(whole.row["policies_kept"] / 10)
    text = prepared.evaluate(ramp.scenario).text
    assert "pp) once whole, at renewal 10, of which 30% is reached at the last renewal" in text


def test_a_programme_is_for_those_whom_something_is_set_for(prepared):
    """In a population of all lines, a programme for motor costs what it costs in a population of motor alone."""
    dear = FASTER.costing(per_customer=2)
    wide, narrow = prepared.evaluate([dear, ck.Scenario("n", dear.settings, cost=dear.cost).among(line="motor")]).worked
    assert wide.cost == pytest.approx(narrow.cost)
    assert wide.policies > narrow.policies


def test_a_net_value_hangs_on_a_rate_that_can_be(prepared):
    table, _ = hangs_on(prepared, ck.Scenario("x", FASTER.settings, discount_rate=0.99))
    assert np.isfinite(table.loc["discount_rate", ["low", "high"]].astype(float)).all()
