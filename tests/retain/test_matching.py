"""Whom a row is about: a request for no more calls wins, and a row that names two customers is nobody's."""

import pandas as pd
import pytest

import churnkit as ck
from churnkit.apps.retention import import_outcomes
from churnkit.retain.audit import audit
from churnkit.retain.judged import judged_reasons
from churnkit.retain.outcomes import read_outcomes
from churnkit.retain.record import keep_plan
from tests.retain.made import AS_OF, book_of, scores_of, tables
from tests.retain.test_cells_whose import filled, said, saved

NOW = AS_OF + pd.Timedelta("10D")
ASKED = "asked not to be called"


@pytest.fixture(scope="module")
def made():
    return tables(300, seed=2)


@pytest.fixture(scope="module")
def plan(made):
    return ck.plan_retention(scores_of(made), book_of(made), capacity=20)


@pytest.fixture
def rows(plan, tmp_path):
    return filled(plan, tmp_path / "list.csv")


def read(rows, plan, tmp_path):
    return read_outcomes(saved(rows, tmp_path / "list.csv"), plan, recorded_at=NOW)


def outcome(back, customer):
    return back.outreach.set_index("customer_id").loc[customer, "outcome"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_who_asked_for_no_more_calls_in_any_row_is_not_called(rows, plan, tmp_path, order):
    twice = pd.concat([rows[:1].assign(Outcome=[ASKED, "undecided"][k]) for k in order])
    back = read(pd.concat([rows[1:], twice]), plan, tmp_path)
    assert outcome(back, rows["Customer"][0]) == "do_not_call"
    assert said(back) == [("LST05", "warning", 1)]
    assert back.cells["counts"].tolist().count("no") == 1


def test_a_row_that_names_two_customers_is_booked_on_neither(rows, plan, tmp_path):
    first, second = rows["Customer"][:2]
    swapped = rows.assign(Customer=[second, first, *rows["Customer"][2:]], **{"Reason the customer gives": "price"})
    back = read(swapped, plan, tmp_path)
    assert said(back) == [("LST15", "warning", 1)] * 2
    assert f"names '{second}' and has the reference of '{first}' (row 2)" in back.text
    assert pd.isna(outcome(back, first)) and pd.isna(outcome(back, second))
    assert (back.outreach["outcome"] == "undecided").sum() == len(rows) - 2
    assert back.cells["counts"].tolist() == ["no", "no", *["yes"] * (len(rows) - 2)]
    assert back.cells["customer_id"][0] == second  # as it was typed: an audit and a request to be forgotten find it
    people = plan.everyone.loc[plan.everyone["arm"] == "treat", ["customer_id", "group_1"]]
    assert judged_reasons(people, back.cells).attrs["customers"] == len(rows) - 2


def test_a_row_of_another_customer_than_its_reference_is_doubted_though_nobody_knows_that_customer(
    rows, plan, tmp_path
):  # fmt: skip
    back = read(rows.assign(Customer=["C99999", "", *rows["Customer"][2:]]), plan, tmp_path)
    assert said(back) == [("LST15", "warning", 1)]
    assert (back.outreach["outcome"] == "undecided").sum() == len(rows) - 1  # a blank customer contradicts nothing


@pytest.mark.parametrize(
    ("number", "typed"),
    [("0042", "42"), ("c42", " C42"), ("440301199001011234", "4.40301E+17"), ("=42", "'=42"),
     ("440301199001011234", "440301199001011000")],
)  # fmt: skip
def test_what_a_spreadsheet_makes_of_a_number_contradicts_no_reference(made, tmp_path, number, typed):
    mine = scores_of(made)["customer_id"].iloc[0]
    given = {name: frame.assign(customer_id=frame["customer_id"].replace(mine, number)) if "customer_id" in frame
             else frame for name, frame in made.items()}  # fmt: skip
    given["customers"] = given["customers"].assign(deceased_date=None, do_not_call=False, marketing_opt_out=False,
                                                   automated_decision_opt_out=False, vulnerable=False)  # fmt: skip
    scores = scores_of(given)
    given = {**given, "terms": given["terms"].drop_duplicates("policy_id").assign(ended_date=pd.NaT, end_reason=None),
             "complaints": given["complaints"][:0], "claims": given["claims"][:0],
             "outreach": given["outreach"][:0]}  # fmt: skip
    plan = ck.plan_retention(scores, book_of(given), capacity=300, holdout=0, due_within_days=400)
    rows = filled(plan, tmp_path / "list.csv")
    back = read(rows.assign(Customer=rows["Customer"].replace({number: typed, f"'{number}": typed})), plan, tmp_path)
    assert number in set(plan.table["customer_id"])
    assert said(back) == []
    assert outcome(back, number) == "undecided"


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("instead", ["", "undecided"])
def test_a_request_that_is_not_there_any_more_stays_and_how_to_take_it_back_is_said(
    rows, plan, tmp_path, instead, ending
):  # fmt: skip
    keep_plan(tmp_path / "kept", plan)
    to = tmp_path / f"outreach.{ending}"
    told = []
    for cell in (ASKED, ASKED, instead):
        saved(rows.assign(Outcome=[cell, *rows["Outcome"][1:]]), tmp_path / "list.csv")
        told.append(import_outcomes(tmp_path / "list.csv", str(tmp_path), tmp_path / "kept", to=to)[0])
    assert [said(back) for back in told] == [[], [], [("LST16", "warning", 1)]]
    (found,) = told[-1].findings
    assert "outreach" in found.fix and found.examples == ("row 2",)
    out = pd.read_parquet(to) if ending == "parquet" else pd.read_csv(to)
    taken = out.assign(outcome=out["outcome"].replace("do_not_call", "undecided"))  # taken back as it was said
    taken.to_parquet(to) if ending == "parquet" else taken.to_csv(to, index=False)
    assert import_outcomes(tmp_path / "list.csv", str(tmp_path), tmp_path / "kept", to=to)[0].findings == ()


def test_an_audit_says_which_row_does_not_count(rows, plan, tmp_path):
    keep_plan(tmp_path / "kept", plan)
    saved(rows.assign(Customer=[rows["Customer"][1], *rows["Customer"][1:]]), tmp_path / "list.csv")
    import_outcomes(tmp_path / "list.csv", str(tmp_path), tmp_path / "kept", to=tmp_path / "outreach.csv")
    came = [line for line in audit(tmp_path / "kept", rows["Customer"][1]).splitlines() if "came back" in line]
    assert ["not counted" in line for line in came] == [True, False]
