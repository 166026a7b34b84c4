"""Every row of the table of verdicts, and what comes before it."""

from __future__ import annotations

import pytest

from churnkit.effect.verdict import ASSOCIATION, BOUNDS, EXPERIMENT, IDENTIFIED, REFUSED, Evidence, judge

TWO, ONE = ("queue_wait", "handler_load"), ("handler_load",)
ROWS = {
    "a lot, moved": (Evidence(("arm",), None, True, True, True), EXPERIMENT, "estimate"),
    "a lot, no control there": (Evidence(("arm",), None, None, True, None), EXPERIMENT, "estimate"),
    "two that agree": (Evidence(TWO, True, True, True, True), IDENTIFIED, "estimate"),
    "two that do not": (Evidence(TWO, False, True, True, True), BOUNDS, "union"),
    "two that do not, one trusted": (Evidence(TWO, False, True, True, True, "queue_wait"), IDENTIFIED, "estimate"),
    "one": (Evidence(ONE, None, True, True, True), IDENTIFIED, "estimate"),
    "one, nothing tested": (Evidence(ONE, None, None, True, True), BOUNDS, "union"),
    "control goes with the shocks": (Evidence(TWO, True, False, True, True), ASSOCIATION, "nothing"),
    "control goes with the arm": (Evidence(("arm",), None, False, True, True), ASSOCIATION, "nothing"),
    "control rejects before J": (Evidence(TWO, False, False, True, True, "queue_wait"), ASSOCIATION, "nothing"),
    "control rejects before F": (Evidence(TWO, True, False, False, True), ASSOCIATION, "nothing"),
    "weak": (Evidence(TWO, True, True, False, True), BOUNDS, "anderson_rubin"),
    "weak lot": (Evidence(("arm",), None, True, False, True), BOUNDS, "anderson_rubin"),
    "weak, though one is trusted": (Evidence(TWO, False, True, False, True, "queue_wait"), BOUNDS, "anderson_rubin"),
    "satisfaction fades": (Evidence(TWO, True, True, True, False), BOUNDS, "union"),
    "no shocks": (Evidence(), ASSOCIATION, "nothing"),
    "scores after the outcome": (Evidence(TWO, True, True, True, True, None, "scores came late"), REFUSED, "nothing"),
    "neither shocks nor times": (Evidence(untimed="scores came late"), REFUSED, "nothing"),
}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_table(row):
    evidence, kind, shown = ROWS[row]
    verdict = judge(evidence)
    assert (verdict.kind, verdict.shown) == (kind, shown)
    assert verdict.identified == (kind in (EXPERIMENT, IDENTIFIED))


def test_the_untested_exclusion_is_said_first_with_one_shock():
    assert judge(ROWS["one"][0]).reason.startswith("untested is that handler load acts only through satisfaction")


def test_a_trusted_shock_is_said_to_be_the_users_choice():
    assert (
        "by your choice waiting time acts only through satisfaction"
        in judge(ROWS["two that do not, one trusted"][0]).reason
    )


def test_trusting_a_shock_changes_nothing_where_the_shocks_agree():
    assert judge(Evidence(TWO, True, True, True, True, "queue_wait")) == judge(ROWS["two that agree"][0])


def test_a_missing_control_is_said():
    assert "no negative control" in judge(Evidence(TWO, True, None, True, True)).reason
