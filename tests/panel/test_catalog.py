"""The standard features are complete, bilingual, and promise nothing."""

import re

import pytest

from churnkit.book.schema import TABLES
from churnkit.panel.catalog import GROUPS, STAGES, UNITS, describe, standard_features

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


def test_every_event_table_speaks():
    used = {f.table for f in ALL}
    events = {name for name, table in TABLES.items() if table.clocks} | {"customers", "policies", "observation"}
    assert used == events


def test_a_churn_row_has_nothing_of_one_policy():
    for feature in standard_features("churn"):
        assert feature.scope == "customer"
        assert not (feature.aggregate == "attribute" and feature.table in ("policies", "terms"))
    assert len(standard_features("churn")) >= 50
    assert len(standard_features("renewal")) >= 60


def test_describe_knows_its_own_and_nothing_else():
    assert describe("complaints_365d").zh == "近一年投诉{value}次"
    assert describe("engine_power") is None
