"""GAP11 and LNK12: how terms follow each other, by which day and under which number."""

from __future__ import annotations

import pandas as pd
import pytest

from churnkit.book.check import check_book
from churnkit.book.open import open_book
from churnkit.book.settings import RenewalSettings, Settings
from tests.book.chains import chain_tables, under_new_numbers

DAY = pd.Timedelta(days=1)


def _found(tables, code, **settings):
    made = Settings(**{"data_cutoff": "2026-01-01", **settings})
    items = [item for item in check_book(open_book(tables, settings=made)).items if item.code == code]
    assert len(items) < 2
    return items[0] if items else None


def _inclusive(tables):
    return tables | {"terms": tables["terms"].assign(end_date=tables["terms"]["end_date"] - DAY)}


def test_gap11_counts_the_renewals_and_names_the_setting():
    tables = chain_tables(30)
    assert _found(tables, "GAP11") is None
    item = _found(_inclusive(tables), "GAP11")
    assert (item.severity, item.count, item.examples[0]) == ("warning", 60, "row 31 2022-01-01")
    assert 'end_date_is = "last_covered_day"' in item.fix
    assert _found(_inclusive(tables), "GAP11", end_date_is="last_covered_day") is None


def test_gap11_late_renewals_do_not_hide_it():
    tables = _inclusive(chain_tables(30))
    tables["terms"].loc[30:44, "start_date"] += 12 * DAY
    assert _found(tables, "GAP11").count == 45


def test_gap11_a_few_gaps_are_no_habit():
    tables = chain_tables(60)
    tables["terms"].loc[60:90, "start_date"] += DAY  # 31 of 120
    assert _found(tables, "GAP11") is None
    assert _found(_inclusive(chain_tables(9)), "GAP11") is None  # 18 renewals say nothing


def test_gap11_a_wrong_setting_is_told_too():
    item = _found(chain_tables(30), "GAP11", end_date_is="last_covered_day")
    assert (item.count, item.severity) == (60, "warning")
    assert 'end_date_is = "exclusive"' in item.fix
    assert _found(chain_tables(30), "OVL10", end_date_is="last_covered_day") is None


@pytest.mark.parametrize("tie", ["object", "line", "household"])
def test_gap11_sees_through_new_policy_numbers(tie):
    tables = under_new_numbers(_inclusive(chain_tables(30)))
    if tie != "object":
        tables["policies"] = tables["policies"].drop(columns="object_id")
    if tie == "household":
        tables["customers"]["household_id"] = tables["customers"]["customer_id"]
        tables = _new_customers(tables)
    assert _found(tables, "GAP11").count == 60


def _new_customers(tables):
    """Every policy under a customer number of its own, in the household of old."""
    policies = tables["policies"]
    number = "n" + policies["policy_id"]
    house = tables["customers"].set_index("customer_id")["household_id"]
    customers = tables["customers"].iloc[[0] * len(policies)].assign(
        customer_id=number.to_numpy(), household_id=policies["customer_id"].map(house).to_numpy())  # fmt: skip
    return tables | {"policies": policies.assign(customer_id=number), "customers": customers}


def test_lnk12_counts_what_only_the_object_ties_and_names_the_setting():
    assert _found(chain_tables(30), "LNK12") is None
    tables = under_new_numbers(chain_tables(30))
    item = _found(tables, "LNK12")
    assert (item.severity, item.count, item.examples[0]) == ("error", 60, "row 1 'q0-0'")
    assert 'match = ["object"] under [renewal]' in item.fix
    assert "motor 67 %" in item.found  # 60 of the 90 terms, all of which ran out
    assert _found(tables, "LNK12", renewal=RenewalSettings(match=("object",))) is None


def test_lnk12_without_objects_the_line_then_the_household():
    tables = under_new_numbers(chain_tables(30))
    tables["policies"] = tables["policies"].drop(columns="object_id")
    assert 'match = ["line"]' in _found(tables, "LNK12").fix
    tables["customers"]["household_id"] = tables["customers"]["customer_id"]
    item = _found(_new_customers(tables), "LNK12")
    assert ('match = ["household"]' in item.fix, item.count) == (True, 60)


def test_lnk12_previous_policy_id_is_a_link():
    tables = under_new_numbers(chain_tables(30))
    before = tables["terms"]["policy_id"].shift(30)
    tables["policies"] = tables["policies"].assign(previous_policy_id=before.to_numpy())
    assert _found(tables, "LNK12") is None


def test_lnk12_looks_at_each_line():
    motor, home = chain_tables(30), under_new_numbers(chain_tables(30, line="home"))
    home["policies"] = home["policies"].assign(customer_id="d" + home["policies"]["customer_id"].str.slice(1))
    home["terms"] = home["terms"].assign(term_id="h" + home["terms"]["term_id"])
    home["customers"] = home["customers"].assign(customer_id="d" + home["customers"]["customer_id"].str.slice(1))
    both = {name: pd.concat([motor[name], home[name]], ignore_index=True) for name in motor}
    item = _found(both, "LNK12")
    assert item.count == 60
    assert "home 67 %" in item.found
    assert "motor" not in item.found


def test_lnk12_nobody_renews_and_what_may_not_be_renewed_is_no_fault():
    tables = under_new_numbers(chain_tables(30))
    travel = tables | {"policies": tables["policies"].assign(renewable=False)}
    assert _found(travel, "LNK12") is None
    leaving = chain_tables(90, years=1)
    assert _found(leaving, "LNK12") is None
