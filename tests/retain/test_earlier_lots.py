"""Whoever was told "hold-out: never contacted" is not called, and no share of the held grows for it."""

import pandas as pd
import pytest

import churnkit as ck
from churnkit.retain.earlier import lots_before
from churnkit.retain.record import earlier_arms, keep_plan
from tests.retain.made import AS_OF, tables
from tests.retain.test_earlier import WEEK, week

SHARE = 0.25


@pytest.fixture(scope="module")
def made():
    return tables(400, seed=21)


@pytest.fixture(scope="module")
def weeks(made, tmp_path_factory):
    """Three weekly lists and their record; each team draws with another seed."""
    folder, plans = tmp_path_factory.mktemp("kept"), []
    for number in range(3):
        scores, book = week(made, number)
        plans.append(ck.plan_retention(scores, book, capacity=25, holdout=SHARE, random_state=number,
                                       earlier=earlier_arms(folder, AS_OF + number * WEEK)))  # fmt: skip
        keep_plan(folder, plans[-1])
        book.close()
    return folder, plans


def of_arm(plan, arm):
    return set(plan.everyone.loc[plan.everyone["arm"] == arm, "customer_id"])


def test_who_was_told_never_contacted_is_on_no_later_list(weeks):
    _, plans = weeks
    for k, plan in enumerate(plans[:-1]):
        told = set(plan.left_out.loc[plan.left_out["reason"].str.startswith("hold-out"), "customer_id"])
        assert told > of_arm(plan, "holdout")  # many of them would not have been listed that week
        for later in plans[k + 1 :]:
            assert not told & of_arm(later, "treat")


def test_lots_of_all_are_kept_so_that_the_share_stays(weeks):
    _, plans = weeks
    homes = [plan.everyone.groupby("household_id")["held"].first() for plan in plans]
    for later in homes[1:]:
        both = homes[0].index.intersection(later.index)
        assert (homes[0][both] == later[both]).all()
    assert homes[-1].mean() == pytest.approx(SHARE, abs=0.02)


def test_whoever_was_held_and_not_compared_is_compared_when_they_would_be_listed(weeks):
    _, (first, second, third) = weeks
    late = of_arm(second, "holdout") | of_arm(third, "holdout")
    held = set(first.everyone.loc[first.everyone["held"], "customer_id"])
    assert late
    assert late <= held - of_arm(first, "holdout")
    assert not of_arm(second, "holdout") & of_arm(third, "holdout")


def test_another_share_draws_anew_and_keeps_the_arms(weeks, made):
    folder, (first, *_) = weeks
    scores, book = week(made, 3)
    earlier = earlier_arms(folder, AS_OF + 3 * WEEK)
    more = ck.plan_retention(scores, book, capacity=25, holdout=0.6, earlier=earlier).everyone
    fresh = more[~more["again"]]
    assert fresh.groupby("household_id")["held"].first().mean() == pytest.approx(0.6, abs=0.02)
    assert more.set_index("customer_id")["held"].loc[sorted(of_arm(first, "holdout"))].all()
    assert not more.set_index("customer_id")["held"].loc[sorted(of_arm(first, "treat"))].any()


def test_a_list_without_a_hold_out_draws_no_lots(made, tmp_path):
    scores, book = week(made, 0)
    keep_plan(tmp_path, ck.plan_retention(scores, book, capacity=25, holdout=SHARE))
    before = earlier_arms(tmp_path, AS_OF)
    keep_plan(tmp_path, ck.plan_retention(scores, book, capacity=5, holdout=0, earlier=before))
    after = earlier_arms(tmp_path, AS_OF)
    lots = before[before["arm"] == ""].merge(after[after["arm"] == ""], on="customer_id")
    assert len(lots) > 100
    assert (lots["held_x"] == lots["held_y"]).all() and (lots["share_y"] == SHARE).all()


def test_the_lot_of_a_household_is_its_hold_out_before_its_call():
    flags = pd.DataFrame({"customer_id": list("abcd"), "household_id": ["h", "h", "k", "k"]})
    earlier = pd.DataFrame({"customer_id": list("abcx"), "arm": ["treat", "holdout", "", ""],
                            "held": [False, True, True, True], "share": [0.1, 0.1, 0.1, 0.2]})  # fmt: skip
    lots = lots_before(earlier, flags, 0.1)
    assert lots.to_dict("index") == {"h": {"held": True, "compared": True}, "k": {"held": True, "compared": False}}
    alone = lots_before(earlier[["customer_id", "arm"]], flags, 0.1)
    assert alone.index.tolist() == ["h"]
    assert lots_before(None, flags, 0.1).empty
