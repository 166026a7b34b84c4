"""Thirty damages, each found under its code with its count and rows; in clean books nothing beyond notes."""

from __future__ import annotations

import pytest

from churnkit.book.check import check_book
from churnkit.book.open import open_book
from churnkit.book.rules import RULES
from churnkit.simulate import WORLDS, simulate_book
from churnkit.simulate.messy import DAMAGES, TOGETHER, damage, messy_book
from tests.simulated import simulated

LATER = {"CLS28", "LEAK29", "DRF30"}  # found at training and scoring: tests/apps/test_findings.py


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return simulated(tmp_path_factory, customers=900, years=3, seed=8)


@pytest.fixture(scope="module")
def clean_findings(clean):
    return check_book(open_book(clean))


def _loud(findings):
    return [item for item in findings.items if item.severity != "note"]


def test_every_code_is_looked_for_somewhere():
    assert set(DAMAGES) == set(RULES) | LATER | {"ENC03"}


# Those that can live together are found so below, and one by one among the slow proofs.
ALONE = [pytest.param(code, marks=pytest.mark.recovery) if code in TOGETHER else code for code in DAMAGES
         if code not in LATER]  # fmt: skip


@pytest.mark.parametrize("code", ALONE)
def test_the_damage_is_found_with_its_count_and_rows_and_nothing_else(code, clean, clean_findings, tmp_path):
    done = damage(clean, tmp_path / "twin", code, seed=3)
    findings = check_book(open_book(tmp_path / "twin"))
    (item,) = [item for item in findings.items if item.code == code and item not in clean_findings.items]
    assert (item.table, item.count) == (done.table, done.count)
    assert {each.code for each in _loud(findings)} <= {code}
    if done.rows:
        numbers = [int(example.split(" ")[1]) - example.startswith("line ") for example in item.examples]
        assert numbers == sorted(done.rows)[:5]


@pytest.mark.parametrize("code", sorted(LATER))
def test_what_shows_in_training_or_scoring_stops_no_check(code, clean, tmp_path):
    damage(clean, tmp_path / "twin", code, seed=3)
    assert _loud(check_book(open_book(tmp_path / "twin"))) == []


def test_all_that_can_live_together_are_found_together(clean, tmp_path):
    done = {each.code: each for each in messy_book(clean, tmp_path / "messy", seed=3)}
    findings = check_book(open_book(tmp_path / "messy"))
    assert findings.errors == ()
    found = {(item.code, item.table, item.count) for item in findings.items}
    for code in set(TOGETHER) - LATER:
        assert (code, done[code].table, done[code].count) in found, findings.text


EACH = [world if world in "AF" else pytest.param(world, marks=pytest.mark.recovery) for world in sorted(WORLDS)]


@pytest.mark.parametrize("world", EACH)
def test_nothing_is_found_in_a_clean_world_beyond_notes(world, tmp_path):
    folder = simulate_book(tmp_path, customers=300, years=4, seed=ord(world), world=world, truth=False)
    findings = check_book(open_book(folder))
    assert _loud(findings) == [], findings.text
    assert {item.code for item in findings.items} == {"NTU14", "COV22"}
