"""Scenario: what is set goes to TOML and comes back; what makes no sense is refused in words, all of it at once."""

import numpy as np
import pytest

from churnkit.effect.scenarios.scenario import Scenario, Setting
from churnkit.errors import UsageError

WHOLE = (
    Scenario("All of it", horizon=3, discount_rate=0.05).set("claim_cycle_days", 3, line="motor")
    .change("satisfaction", 2.5, line=["motor", "home"], region="Beijing").among(line=["motor", "home"])
    .lasting("ramp", ramp_years=2).costing(fixed=1000, per_customer=0.5, per_contact=3)
)  # fmt: skip


def test_a_scenario_comes_back_from_toml_as_it_was(tmp_path):
    assert Scenario.from_toml(WHOLE.to_toml()) == WHOLE
    file = tmp_path / "scenario.toml"
    file.write_text(WHOLE.to_toml(), encoding="utf-8")
    assert Scenario.from_toml(file) == WHOLE
    assert Scenario.from_toml('name = "x"\n[[set]]\nlever = "wait_minutes"\nby = -1\n').settings == (
        Setting("wait_minutes", None, -1.0),
    )


def test_a_scenario_never_changes():
    before = Scenario("x")
    after = before.set("claim_cycle_days", 3)
    assert before.settings == ()
    assert after.settings[0].name == "claim_cycle_days to 3"
    with pytest.raises(AttributeError):
        after.name = "y"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name = 3", "no name"), ("[[set]]\nlever = 'wait_minutes'\nto = 1", "no name"),
        ("name = 'x'\ncolour = 'red'", "unknown colour"), ("name = 'x'\n[cost]\nfix = 3", "unknown cost.fix"),
        ("name = 'x'\n[[set]]\nlever = 'wait'\nto = 1", "'wait'"),
        ("name = 'x'\n[[set]]\nlever = 'wait_minutes'", "to None and by None"),
        ("name = 'x'\n[[set]]\nlever = 'wait_minutes'\nto = 1\nby = 2", "to 1 and by 2"),
        ("name = 'x'\n[[set]]\nlever = 'first_contact_resolution'\nto = 89", "89"),
        ("name = 'x'\n[[set]]\nlever = 'claim_cycle_days'\nto = -1", "-1"),
        ("name = 'x'\nduration = 'for ever'", "for ever"), ("name = 'x'\nhorizon = 0", "Found: 0"),
        ("name = 'x'\n[cost]\nfixed = -5", "-5"), ("name =", "end of document"),
        ("name = 'x'\nhorizon = 2.5", "horizon = 2.5, not a whole number"),
        ("name = 'x'\nhorizon = nan", "horizon = nan"),
        ("name = 'x'\ncost = 5", "cost = 5, not a table"), ("name = 'x'\ncost = {fixed = 'a'}", "cost.fixed = 'a'"),
        ("name = 'x'\npopulation = 'motor'", "population = 'motor', not a table"), ("name = 'x'\nset = 3", "as .*set"),
        ("name = 'x'\n[set]\nlever = 'wait_minutes'", "as .*set"), ("name = 'x'\n[[set]]\nto = 3", "without lever"),
        ("name = 'x'\n[[set]]\nlever = 'wait_minutes'\nto = '3'", "set.to = '3', not a number"),
        ("name = 'x'\n[[set]]\nlever = 'wait_minutes'\nto = 3\nwhere = 'motor'", "set.where = 'motor'"),
        ("name = 'x'\ndiscount_rate = 8", "Found: 8"), ("name = 'x'\n[population]\nline = []", "none for line"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(text, found):
    with pytest.raises(UsageError, match=found):
        Scenario.from_toml(text)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(UsageError) as caught:
        Scenario("x", (Setting("wait", 1.0, None), Setting("claim_cycle_days", -2.0, None)), duration="never")
    for each in ("'wait'", "-2", "never"):
        assert each in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="TOML"):
        Scenario.from_toml(tmp_path / "none.toml")


def test_a_claim_is_about_points_of_satisfaction():
    assert Scenario.preset("industry_claim").claimed == 1.7
    with pytest.raises(UsageError, match="points of satisfaction"):
        Scenario("x", (Setting("claim_cycle_days", 3.0, None),), claimed=1.7)
    with pytest.raises(UsageError, match="industry_claim"):
        Scenario.preset("nonsense")


def test_a_file_of_another_editor_is_read(tmp_path):
    """With a byte order mark, as an editor may begin a file."""
    file = tmp_path / "scenario.toml"
    file.write_text(WHOLE.to_toml(), encoding="utf-8-sig")
    assert Scenario.from_toml(file) == WHOLE


def test_a_condition_may_be_a_number():
    assert Scenario("x").among(year=2025, policies=[1, 2.0]).population == (
        ("year", ("2025",)),
        ("policies", ("1", "2")),
    )


def test_what_is_no_number_is_refused_in_python_too():
    for wrong in (lambda: Scenario("x").set("wait_minutes", "a"), lambda: Scenario("x").costing(fixed="a"),
                  lambda: Scenario("x").change("satisfaction", float("nan"))):  # fmt: skip
        with pytest.raises(UsageError):
            wrong()


@pytest.mark.parametrize(("make", "rule"), [
    (lambda: Scenario(None), "has a name"), (lambda: Scenario("x", "abc"), "are settings"),
    (lambda: Scenario("x", cost={"fixed": 1}), "fixed, per customer"), (lambda: Scenario("x", cost=5), "per contact"),
])  # fmt: skip
def test_parts_of_another_kind_are_refused_in_words(make, rule):
    with pytest.raises(UsageError, match=rule):
        make()


def test_a_number_of_an_array_is_a_number():
    given = Scenario("x").set("wait_minutes", np.int64(3))
    assert Scenario.from_toml(given.to_toml()) == given == Scenario("x").set("wait_minutes", 3)


def test_a_condition_may_be_a_mapping_and_nothing_else_that_is_no_condition():
    given = Scenario("x", population={"line": ["motor", "home"], "year": 2025})
    assert given == Scenario("x").among(line=["motor", "home"], year=2025)
    assert Setting("wait_minutes", 1.0, None, {"line": "motor"}).where == (("line", ("motor",)),)
    for odd in ("motor", ("line", "motor"), (("line", "motor"),)):
        with pytest.raises(UsageError, match="a column with its values"):
            Scenario("x", population=odd)
