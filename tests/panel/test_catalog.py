"""The standard features are complete, bilingual, distinct, and promise nothing."""

import re

import pytest

from churnkit.book.schema import TABLES
from churnkit.errors import UsageError
from churnkit.panel.catalog import GROUPS, STAGES, UNITS, describe, of_one_policy, standard_features
from churnkit.panel.catalog.definition import definition
from churnkit.panel.feature import Feature

ALL = standard_features()


@pytest.mark.parametrize("feature", ALL, ids=lambda f: f.name)
def test_every_feature_has_group_stage_unit_and_both_texts(feature):
    assert feature.group in GROUPS
    assert feature.stage in STAGES
    assert feature.unit in UNITS
    assert feature.en.count("{value}") == feature.zh.count("{value}") == 1
    assert re.search(r"[\u4e00-\u9fff]", feature.zh)
    assert feature.en.isascii()
    assert re.fullmatch(r"[a-z][a-z0-9_]*", feature.name)


def test_there_are_about_two_hundred_in_about_25_groups():
    assert 180 <= len(standard_features("renewal")) <= 220
    assert 22 <= len(GROUPS) <= 28
    assert {f.group for f in ALL} == set(GROUPS)
    assert {f.stage for f in ALL} == set(STAGES)


def test_no_two_are_defined_alike():
    lines = [definition(f) for f in ALL]
    assert len(lines) == len(set(lines))
    assert all(line and "\n" not in line for line in lines)


def test_names_are_their_own():
    names = [f.name for f in ALL]
    assert len(names) == len(set(names))
    assert len({(f.en, f.zh) for f in ALL}) == len(names)


@pytest.mark.parametrize("feature", ALL, ids=lambda f: f.name)
def test_texts_name_no_remedy(feature):
    assert not re.search(r"\b(should|would|keep|retain|offer them|call them|improve|reduce)\b", feature.en)
    assert not re.search(r"(应该|建议|挽留|留住)", feature.zh)


def test_windows_and_texts_agree():
    words = {30: "30 days", 90: "90 days", 365: "year", 730: "two years"}
    for feature in ALL:
        if feature.days is not None:
            assert words[feature.days] in feature.en
            assert feature.name.endswith(f"_{feature.days}d")


def test_satisfaction_is_good_and_waiting_and_price_rises_are_bad():
    for feature in ALL:
        if feature.group == "satisfaction":
            assert feature.sign == 1
        if feature.group == "waiting":
            assert feature.sign == -1
    assert describe("premium_change").sign == describe("offer_change").sign == -1
    assert describe("contacts_365d").sign == 0


def every(features):
    """The features and what they are made of."""
    return [part for f in features for part in (f, *every(f.parts))]


def test_every_event_table_speaks():
    used = {f.table for f in every(ALL)}
    events = {name for name, table in TABLES.items() if table.clocks} | {"customers", "policies", "observation"}
    assert used == events | {"agents", "lines", "panel"}


def test_a_churn_row_has_nothing_of_one_policy():
    for feature in every(standard_features("churn")):
        assert feature.scope in ("customer", "household")
        assert not (feature.aggregate == "attribute" and feature.table in ("policies", "terms"))
    assert len(standard_features("churn")) >= 150


def test_a_part_of_one_policy_makes_the_whole_of_one_policy():
    held = Feature("held", "observation", "attribute", column="premium_held")
    for part in (Feature("a", "terms", "attribute", column="premium"), describe("csat_policy_last"),
                 Feature("c", "lines", "last", column="premium_median", scope="line"), describe("lead_days"),
                 describe("agent_terms_over_365d")):  # fmt: skip
        assert of_one_policy(part)
        assert of_one_policy(Feature("f", "panel", "ratio", parts=(part, held)))
        assert of_one_policy(Feature("f", "panel", "difference", parts=(held, part)))
    assert not of_one_policy(Feature("f", "panel", "ratio", parts=(held, held)))


def test_groups_are_chosen_and_left_out_by_name():
    chosen = standard_features("renewal", groups=("waiting", "agent"), without="wait_last")
    assert {f.group for f in chosen} == {"waiting", "agent"}
    assert "wait_last" not in [f.name for f in chosen]
    assert standard_features("churn", groups="agent") == ()
    rest = standard_features("renewal", without=("waiting", "agent", "lead_days"))
    assert (
        len(rest)
        == len(standard_features("renewal")) - len(standard_features("renewal", groups=("waiting", "agent"))) - 1
    )
    assert len(standard_features("renewal", groups=())) == 0


@pytest.mark.parametrize(
    ("choice", "said"),
    [({"groups": "wating"}, "'waiting'"), ({"without": ["csat_lst"]}, "'csat_last'"),
     ({"groups": "csat_last"}, "Found: 'csat_last'"), ({"without": "complaint"}, "'complaints'")],
)  # fmt: skip
def test_a_name_that_is_none_is_refused_with_a_near_one(choice, said):
    with pytest.raises(UsageError, match=said):
        standard_features(**choice)


def test_levers_of_scenarios_are_there_under_their_names():
    assert describe("first_contact_resolution_365d").column == "first_contact_resolution"
    assert describe("claim_cycle_days_mean_365d").column == "cycle_days"


def test_describe_knows_its_own_and_nothing_else():
    assert describe("complaints_365d").zh == "近一年投诉{value}次"
    assert describe("engine_power") is None
