"""The record of a day: a trial gives way, nothing is written over, and damage is told in words."""

import pandas as pd
import pytest

import churnkit as ck
from churnkit.apps.retention import forgotten, import_outcomes, make_list, read_lists, told
from churnkit.errors import ContractError
from churnkit.retain.record import earlier_arms, events, keep_outcomes, kept_plan, lists, replaced
from tests.retain.made import AS_OF, tables
from tests.retain.test_cells_whose import filled, saved
from tests.retain.test_earlier import WEEK, week
from tests.retain.test_readout import final


@pytest.fixture(scope="module")
def made():
    return tables(250, seed=21)


@pytest.fixture
def day(made, tmp_path):
    """A function that makes a list of the day."""
    scores, book = week(made, 0)

    def make(**rules):
        return make_list(book, scores, tmp_path / "out.csv", tmp_path / "kept",
                         **{"capacity": 30, "holdout": 0.3, "explore": 0.0, **rules})  # fmt: skip

    return make


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "kept"


def again(plan):
    return plan.everyone.loc[plan.everyone["arm"] != "", "again"]


def test_a_trial_of_the_day_gives_way_to_the_list(day, kept, made):
    trial, real = day(capacity=10), day()
    assert lists(kept) == sorted([trial.list_id, real.list_id])
    assert replaced(kept) == {trial.list_id}
    assert not again(real).any()  # it has its own hold-out to compare with
    scores, book = week(made, 0)
    alone = ck.plan_retention(scores, book, capacity=30, holdout=0.3, explore=0.0)
    pd.testing.assert_frame_equal(real.everyone, alone.everyone)
    assert set(earlier_arms(kept, AS_OF + WEEK)["share"]) == {0.3}
    assert len(earlier_arms(kept, AS_OF + WEEK).query("arm == 'treat'")) == len(real.table)


def test_of_two_lists_of_a_day_the_one_made_last_counts(day, kept):
    trial, real = day(capacity=10), day()
    assert day().list_id == real.list_id
    assert replaced(kept) == {trial.list_id}
    assert day(capacity=10).list_id == trial.list_id
    assert replaced(kept) == {real.list_id}


def test_of_what_nobody_filled_in_the_later_one_is_read_out_wherever_its_outcomes_came_back(
    day, kept, made, tmp_path
):  # fmt: skip
    first, second = day(), day(language="zh")
    rows = filled(first, tmp_path / "list.csv")
    import_outcomes(saved(rows, tmp_path / "list.csv"), str(tmp_path), kept, to=tmp_path / "outreach.parquet")
    brought = pd.concat([made["outreach"], pd.read_parquet(tmp_path / "outreach.parquet")], ignore_index=True)
    over = final({**made, "outreach": brought}, second.policies["policy_id"][::2])
    over = ck.open_book(over, data_cutoff=AS_OF + pd.Timedelta("300D"))
    done = read_lists(over, kept, [])
    assert (done.lists, done.replaced) == ((second.list_id,), (first.list_id,))
    assert f"replaced by a later one of their day, before anything had come back of them: {first.list_id}" in (
        done.text
    )
    assert done.arms.loc["treat", "contacted"] == done.arms.loc["treat", "customers"] > 10
    assert "no outcomes were imported" not in done.text


def test_a_list_that_came_back_or_is_about_others_stays(day, kept):
    phone = {"channel": {"phone": 0}}
    agent = {"channel": {"agent": 0}}
    first, second = day(caps=phone), day(caps=agent)
    assert not set(first.table["customer_id"]) & set(second.table["customer_id"])
    assert replaced(kept) == set()
    keep_outcomes(kept, first.list_id, first.table[["customer_id"]])
    third = day(caps=phone, language="zh")
    assert replaced(kept) == set()
    assert again(third).any()


def test_a_list_that_is_kept_otherwise_is_refused_before_its_file_is_touched(day, kept, tmp_path, monkeypatch):
    monkeypatch.setenv("CHURNKIT_SALT", "a secret")
    plan = day()
    who = plan.table["customer_id"][0]
    forgotten(kept, who)
    (tmp_path / "out.csv").write_bytes(b"filled in by hand")
    with pytest.raises(ContractError, match="1 of its customers were forgotten on request since"):
        day()
    assert (tmp_path / "out.csv").read_bytes() == b"filled in by hand"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "out.csv"]
    said = told(kept, who, None)
    assert "forgotten on request" in said and "not scored" not in said
    assert "not scored" in told(kept, "nobody", None)


DAMAGES = ["{", "[]", '{"as_of": "2026-10-01"}', '{"as_of": "never", "rules": {}}', '{"as_of": null, "rules": 1}']


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_list_is_told_in_words(day, kept, damage, made, tmp_path):
    plan = day()
    (kept / "lists" / plan.list_id / "plan.json").write_text(damage)
    for read in (lambda: kept_plan(kept, plan.list_id), lambda: earlier_arms(kept, AS_OF + WEEK), day,
                 lambda: read_lists(week(made, 0)[1], kept, []), lambda: told(kept, "C0001", None)):  # fmt: skip
        with pytest.raises(ContractError, match=r"plan\.json.*restore the file from a copy"):
            read()


def test_damaged_rows_are_told_in_words(day, kept):
    plan = day()
    keep_outcomes(kept, plan.list_id, plan.table[["customer_id"]])
    (outcome,) = (kept / "outcomes").glob("*.parquet")
    outcome.write_bytes(b"PAR1")
    with pytest.raises(ContractError, match="restore the file"):
        told(kept, plan.table["customer_id"][0], None)
    (kept / "lists" / plan.list_id / "everyone.parquet").unlink()
    with pytest.raises(ContractError, match=r"everyone\.parquet"):
        kept_plan(kept, plan.list_id)
    assert [event["what"] for event in events(kept)] == ["list", "import"]
