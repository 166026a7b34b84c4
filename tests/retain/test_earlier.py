"""Lists of several weeks: arms are kept, nobody is compared twice, who is being called is left alone."""

import numpy as np
import pandas as pd
import pytest

import churnkit as ck
from churnkit.apps.retention import make_list
from churnkit.errors import ContractError
from churnkit.retain.readout import read_out
from churnkit.retain.record import earlier_arms, keep_plan, kept_plan, lists
from tests.retain.made import AS_OF, book_of, scores_of, tables
from tests.retain.test_readout import final

WEEK = pd.Timedelta("7D")


@pytest.fixture(scope="module")
def made():
    return tables(1200, seed=21)


def week(made, number):
    day = AS_OF + number * WEEK
    return scores_of(made).assign(as_of=day), ck.open_book(made, data_cutoff=day)


def test_the_same_list_made_again_is_the_same_list(made, tmp_path):
    scores, book = week(made, 0)
    first = make_list(book, scores, tmp_path / "a.xlsx", tmp_path / "kept", capacity=60)
    second = make_list(book, scores, tmp_path / "b.xlsx", tmp_path / "kept", capacity=60)
    assert first.list_id == second.list_id
    assert lists(tmp_path / "kept") == [first.list_id]
    other = make_list(book, scores.assign(value=2 * scores["value"]), tmp_path / "c.xlsx", tmp_path / "kept",
                      capacity=60)  # fmt: skip
    assert other.list_id != first.list_id


def test_a_record_is_never_written_over(made, tmp_path):
    plan = ck.plan_retention(*week(made, 0), capacity=40)
    keep_plan(tmp_path, plan)
    keep_plan(tmp_path, plan)
    changed = plan.everyone.assign(expected_value=0.0)
    with pytest.raises(ContractError, match="kept once"):
        keep_plan(tmp_path, type(plan)(changed, plan.policies, plan.list_id, plan.as_of, plan.rules, plan.measured))
    pd.testing.assert_frame_equal(kept_plan(tmp_path, plan.list_id).everyone, plan.everyone, check_dtype=False)
    more = scores_of(made).assign(reason_1="another")
    assert ck.plan_retention(more, book_of(made), capacity=40).list_id != plan.list_id


def test_next_week_leaves_alone_who_is_being_called_and_compares_nobody_twice(made, tmp_path):
    first = make_list(*reversed(week(made, 0)), tmp_path / "a.xlsx", tmp_path / "kept", capacity=80, holdout=0.3)
    second = make_list(*reversed(week(made, 1)), tmp_path / "b.xlsx", tmp_path / "kept", capacity=80, holdout=0.3)
    assert set(first.table["customer_id"]).isdisjoint(second.table["customer_id"])
    assert "on a list of the last 30 days" in second.why(first.table["customer_id"][0])
    one, two = (set(plan.everyone.loc[plan.everyone["arm"] == "holdout", "customer_id"]) for plan in (first, second))
    assert one and two and not one & two
    held = second.everyone.set_index("customer_id").loc[sorted(one)]
    assert held["held"].all() and not (held["arm"] == "treat").any()


@pytest.fixture(scope="module")
def large_homes():
    """Households of four, without a complaint, an injury or a contact."""
    made = tables(300, seed=21)
    people = made["customers"].assign(household_id=[f"H{k // 4:04d}" for k in range(300)])
    return {name: made[name] for name in ("policies", "terms")} | {"customers": people}


@pytest.mark.parametrize("per_household", [1, 2])
def test_a_household_is_called_no_more_often_however_many_lists(large_homes, per_household):
    days = [AS_OF + n * WEEK for n in (0, 1, 6)]
    earlier, plans = None, []
    for day in days:
        scores, book = scores_of(large_homes).assign(as_of=day), ck.open_book(large_homes, data_cutoff=day)
        plans.append(ck.plan_retention(scores, book, capacity=30, per_household=per_household, holdout=0,
                                       earlier=earlier, due_within_days=150))  # fmt: skip
        rows = plans[-1].everyone.query("arm == 'treat'")[["customer_id", "household_id", "arm"]]
        earlier = pd.concat([earlier, rows.assign(as_of=day)])
    homes = earlier.groupby("as_of")["household_id"].value_counts().unstack("as_of", fill_value=0)
    assert min((homes[day] > 0).sum() for day in days) > 10
    assert (homes[days[0]] + homes[days[1]]).max() == per_household
    assert ((homes[days[0]] > 0) & (homes[days[2]] > 0)).any()  # longer ago than the gap
    said = plans[1].left_out.set_index("customer_id")["reason"]
    full = homes.index[homes[days[0]] == per_household]
    at_home = plans[1].everyone[plans[1].everyone["household_id"].isin(full)]["customer_id"]
    others = at_home[~at_home.isin(plans[0].table["customer_id"])]
    told = said[others].value_counts()
    assert told["somebody of the household is on a list of the last 30 days"] > 2
    assert not said[at_home].str.contains("another member").any()


def test_that_somebody_of_the_household_is_on_a_list_is_said_in_chinese_too(large_homes):
    scores, book = scores_of(large_homes), ck.open_book(large_homes, data_cutoff=AS_OF)
    one = scores["customer_id"].iloc[[0]].to_frame().assign(arm="treat", as_of=AS_OF - WEEK)
    plan = ck.plan_retention(scores, book, earlier=one, language="zh", due_within_days=150)
    assert "最近30天内家庭成员已在名单" in plan.why("C0001")
    assert plan.why("C0000").endswith("最近30天内已在名单")


def test_a_held_household_stays_held_by_whatever_frame_says_so(made):
    scores, book = week(made, 0)
    first = ck.plan_retention(scores, book, capacity=150, holdout=0.3, random_state=1)
    held = first.everyone.loc[first.everyone["arm"] == "holdout", ["customer_id", "household_id"]]
    both = pd.concat([first.everyone, first.everyone])[["customer_id", "arm"]]
    alone = scores[~scores["customer_id"].isin(held["customer_id"])]  # the held themselves are not scored any more
    for given, rows in ((both, scores), (first.everyone, alone)):
        again = ck.plan_retention(rows, book, capacity=150, holdout=0.3, random_state=2, earlier=given)
        homes = again.everyone.loc[again.everyone["arm"] == "treat", "household_id"]
        assert len(homes)
        assert not set(homes) & set(held["household_id"])


def test_an_experiment_lasts_as_long_as_its_own_list_says(made, tmp_path):
    plan = ck.plan_retention(*week(made, 0), capacity=40, due_within_days=20)
    keep_plan(tmp_path, plan)
    assert len(earlier_arms(tmp_path, AS_OF + pd.Timedelta("79D")))
    assert not len(earlier_arms(tmp_path, AS_OF + pd.Timedelta("80D")))


@pytest.fixture(scope="module")
def over(made):
    """Two lists of one week, and the book when all is over: nobody gained by being called."""
    scores, book = week(made, 0)
    plans = [ck.plan_retention(scores, book, capacity=250, holdout=0.3, language=each) for each in ("en", "zh")]
    rows = plans[0].policies
    renewed = rows.loc[np.random.default_rng(4).random(len(rows)) < rows["renewal"], "policy_id"]
    return plans, ck.open_book(final(made, renewed), data_cutoff=AS_OF + pd.Timedelta("300D"))


def test_a_renewal_counts_once_however_many_lists_are_about_it(over):
    (first, second), later = over
    alone, both = read_out(first, later), read_out([second, first], later)
    np.testing.assert_array_equal(alone.table, both.table)
    assert alone.arms.loc["treat", "customers"] == both.arms.loc["treat", "customers"]


def test_a_list_without_a_hold_out_is_left_out_and_named(over, made):
    (first, _), later = over
    idle = ck.plan_retention(*week(made, 0), capacity=30, holdout=0)
    both = read_out([idle, first], later)
    np.testing.assert_array_equal(both.table, read_out(first, later).table)
    assert idle.list_id in both.text
    with pytest.raises(ContractError, match="held out"):
        read_out(idle, later)
