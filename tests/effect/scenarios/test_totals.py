"""Total effects of operations: known slopes are found, what a shock tests is identified, the rest is an association."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

import churnkit as ck
from churnkit.effect.checks import Checks
from churnkit.effect.operations import OPERATIONS
from churnkit.effect.scenarios.felt import Felt
from churnkit.effect.scenarios.totals import total_effects, verdict_of
from tests.simulated import simulated


def test_slopes_of_the_simulator_are_found(prepared):
    """Log-odds per unit in world B: 0.55 of satisfaction on average, -0.9 per log day, -0.45 per log minute waited."""
    for name, truth in (("claim_cycle_days", -0.9 * 0.55), ("wait_minutes", -0.45 * 0.55)):
        slope = prepared.totals_[name].slope
        assert abs(slope.value - truth) < 3 * slope.error
        assert slope.value < -2 * slope.error
    price = prepared.totals_["premium_change"].slope
    assert -4.5 < price.value < -2


def test_what_a_shock_moves_is_tested_and_the_rest_is_an_association(prepared):
    kinds = {name: total.verdict.kind for name, total in prepared.totals_.items()}
    assert kinds["claim_cycle_days"] == kinds["wait_minutes"] == "identified under named assumptions"
    assert kinds["first_contact_resolution"] == kinds["premium_change"] == "association only"
    checks = prepared.totals_["claim_cycle_days"].checks
    assert checks["shock_agrees"].passed
    assert prepared.totals_["premium_change"].checks["shock_agrees"].passed is None


def test_the_same_book_gives_the_same_slopes(insurer, prepared):
    again = total_effects(insurer[0])
    assert list(again) == list(prepared.totals_)
    for name, total in again.items():
        np.testing.assert_array_equal(total.slope.value, prepared.totals_[name].slope.value)


def test_what_covariates_do_not_agree_on_is_an_association(prepared):
    total = prepared.totals_["claim_cycle_days"]
    checks = Checks(tuple(replace(check, passed=False) if check.name == "doubly_robust" else check
                          for check in total.checks))  # fmt: skip
    assert verdict_of(total.met, total.checks, total.by_shock).kind == "identified under named assumptions"
    assert verdict_of(total.met, checks, total.by_shock).kind == "association only"
    assert verdict_of(total.met, total.checks, None).kind == "association only"


def test_levels_have_units_and_ranges(prepared):
    levers = prepared.levers()
    assert set(levers["lever"]) >= {"satisfaction", "claim_cycle_days", "wait_minutes", "first_contact_resolution"}
    motor = levers.query("lever == 'claim_cycle_days' and line == 'motor'").iloc[0]
    assert motor["low"] < motor["level"] < motor["high"]
    assert motor["unit"] == OPERATIONS["claim_cycle_days"].unit
    assert 4.5 < motor["level"] < 7
    assert motor["known"] <= motor["met"]
    assert 60 < levers.query("lever == 'satisfaction' and line == 'all'")["level"].iloc[0] < 85


@pytest.mark.parametrize(("scale", "level", "found"), [("claim_cycle_days", 0.0, np.log(0.5)),
                                                       ("first_contact_resolution", 0.3, 0.3),
                                                       ("premium_change", 0.1, np.log(1.1))])  # fmt: skip
def test_each_lever_has_its_scale(scale, level, found):
    assert OPERATIONS[scale].scaled(level) == pytest.approx(found)


def test_a_book_without_surveys_has_total_effects_and_no_satisfaction(tmp_path, tmp_path_factory):
    """Nobody was asked: nothing is said of satisfaction, and an operation's total effect needs none of it."""
    shutil.copytree(simulated(tmp_path_factory, customers=1500, years=5, seed=1), tmp_path / "book")
    (tmp_path / "book" / "surveys.parquet").unlink()
    effect = ck.SatisfactionEffect().fit(ck.open_book(tmp_path / "book"))
    assert effect.verdict.kind == "association only"
    assert "no answers to surveys" in effect.verdict.reason
    totals = total_effects(effect)
    assert {"wait_minutes", "premium_change"} <= set(totals)
    assert totals["premium_change"].slope.value < 0
    assert Felt.of(effect, totals) is None
    assert totals["premium_change"].verdict.kind == "association only"
