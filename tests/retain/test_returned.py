"""What came back of those who are compared: with whichever list of the day, in whichever arm, and nobody's twice."""

import numpy as np
import pandas as pd
import pytest

import churnkit as ck
from churnkit.retain.outcomes import read_outcomes
from churnkit.retain.readout import read_out
from churnkit.retain.returned import returned
from tests.retain.made import AS_OF, book_of, scores_of, tables
from tests.retain.test_cells_whose import filled, saved
from tests.retain.test_readout import final

NOW = AS_OF + pd.Timedelta("10D")


@pytest.fixture(scope="module")
def made():
    return tables(700, seed=4)


@pytest.fixture(scope="module")
def lists(made):
    """The list of a day in both languages, the second made knowing of the first."""
    first = ck.plan_retention(scores_of(made), book_of(made), capacity=150, holdout=0.3)
    second = ck.plan_retention(scores_of(made), book_of(made), capacity=150, holdout=0.3, language="zh",
                               earlier=first.everyone[["customer_id", "arm"]])  # fmt: skip
    return first, second


@pytest.fixture(scope="module")
def over(made, lists):
    rows = pd.concat([plan.policies for plan in lists]).drop_duplicates("policy_id")
    renewed = rows.loc[np.random.default_rng(4).random(len(rows)) < rows["renewal"], "policy_id"]
    return final(made, renewed)


def outreach_of(plan, path, **more):
    """Rows of a list that came back filled in, with rows below it for whom somebody added."""
    write = filled(plan, path)
    head = {"en": ("Customer", "Called on"), "zh": ("客户号", "联系日期")}[plan.rules.language]
    write = write.drop(columns=[name for name in ("Called on", "Outcome") if plan.rules.language == "zh"])
    write[head[1]] = "2026-10-02"
    below = pd.DataFrame([{head[0]: who, head[1]: "2026-10-03"} for who in more.get("added", ())])
    rows = pd.concat([write, below]).fillna("")
    return read_outcomes(saved(rows, path), plan, recorded_at=NOW).outreach


def book_with(over, *outreach):
    given = {**over, "outreach": pd.concat([over["outreach"], *outreach], ignore_index=True)}
    return ck.open_book(given, data_cutoff=AS_OF + pd.Timedelta("300D"))


def test_a_held_out_customer_who_was_called_is_counted_and_said(lists, over, tmp_path):
    plan = lists[0]
    held = plan.everyone.loc[(plan.everyone["arm"] == "holdout") & (plan.everyone["chosen"] == "rank"), "customer_id"]
    back = outreach_of(plan, tmp_path / "list.csv", added=held[:3])
    done = read_out(plan, book_with(over, back))
    assert done.arms["contacted"].to_dict() == {"holdout": 3, "treat": done.arms.loc["treat", "customers"]}
    assert "3 of the held-out customers were contacted all the same: the difference is diluted" in done.text
    assert "added" not in done.overrides.index
    none = read_out(plan, book_with(over, outreach_of(plan, tmp_path / "list.csv")))
    assert none.arms.loc["holdout", "contacted"] == 0
    assert "diluted" not in none.text
    assert done.cost == none.cost  # what is compared is what the assigned cost


def test_outcomes_count_with_whichever_list_of_the_day_they_came_back(lists, over, tmp_path):
    first, second = lists
    mine = read_out(first, book_with(over, outreach_of(first, tmp_path / "list.csv")))
    book = book_with(over, outreach_of(second, tmp_path / "list.csv"))
    for done in (read_out([first, second], book), read_out(first, book)):
        pd.testing.assert_frame_equal(done.table, mine.table)
        pd.testing.assert_frame_equal(done.arms, mine.arms)
        assert done.cost_known and "no outcomes" not in done.text


def test_of_how_many_nothing_came_back_is_said(lists, over, tmp_path):
    plan = lists[0]
    nothing = read_out(plan, book_with(over))
    everybody = int(nothing.arms.loc["treat", "customers"])
    assert (nothing.silent, nothing.cost_known) == (everybody, False)
    assert "(every assigned one counted as called: no outcomes were imported)" in nothing.text
    back = outreach_of(plan, tmp_path / "list.csv")
    gone = back["campaign"].eq(plan.list_id) & back["arm"].eq("treat")
    some = read_out(plan, book_with(over, back.drop(back.index[gone][:2])))
    assert some.silent == 2
    assert "(2 of the assigned counted as called: no outcomes were imported)" in some.text
    without = {name: frame for name, frame in over.items() if name != "outreach"}
    assert read_out(plan, ck.open_book(without, data_cutoff=AS_OF + pd.Timedelta("300D"))).silent == everybody


def test_a_contact_counts_for_one_comparison_its_own_before_that_of_an_earlier_list():
    day = [pd.Timestamp(each) for each in ("2026-10-01", "2026-10-08", "2026-12-01")]
    names = ["L20261001-aaaaaa", "L20261008-bbbbbb"]
    people = pd.DataFrame({"list_id": [*names, names[0]], "customer_id": ["a", "a", "b"], "arm": "treat",
                           "since": [day[0], day[1], day[0]],
                           "until": [day[2], day[2], day[0] + pd.Timedelta("4D")]})  # fmt: skip
    campaigns = [names[0], f"{names[1]}-random", names[1], "L20260901-cccccc", "Leaflet"]
    outreach = pd.DataFrame({"action_id": [f"x{k}" for k in range(5)], "customer_id": ["a", "a", "b", "a", "a"],
                             "campaign": campaigns, "arm": "treat", "assigned_at": day[0], "contacted_at": day[1],
                             "action": "call", "recorded_at": day[1]})  # fmt: skip
    given = {**tables(3), "outreach": outreach}
    back = returned(ck.open_book(given, data_cutoff=day[2]), people)
    assert back[["customer_id", "list_id"]].to_numpy().tolist() == [["a", names[0]], ["a", names[1]]]
