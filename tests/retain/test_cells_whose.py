"""Whose row it is: ids that a spreadsheet made numbers, customers nobody knows, campaigns, and the book's own clock."""

import os
import time
from dataclasses import replace

import pandas as pd
import pytest

import churnkit as ck
from churnkit.retain.matching import Known
from churnkit.retain.outcomes import read_outcomes
from churnkit.retain.workbook import write_list
from tests.retain.made import AS_OF, book_of, scores_of, tables

NOW = AS_OF + pd.Timedelta("10D")


@pytest.fixture(scope="module")
def made():
    """The tables of customers whose numbers begin with zeros."""
    given = tables(300, seed=2)
    return {name: frame.assign(customer_id=frame["customer_id"].str.replace("C", "00")) if "customer_id" in frame
            else frame for name, frame in given.items()}  # fmt: skip


@pytest.fixture(scope="module")
def plan(made):
    return ck.plan_retention(scores_of(made), book_of(made), capacity=40, explore=0.1)


def filled(plan, path):
    """The list as texts, every row filled in."""
    write_list(plan, path)
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    return rows.assign(**{"Called on": "2026-10-02", "Outcome": "undecided"})


def saved(rows, path):
    rows.to_csv(path, index=False)
    return path


def said(back):
    return [(each.code, each.severity, each.count) for each in back.findings]


def test_numbers_that_lost_their_zeros_find_their_customers(plan, tmp_path):
    rows = filled(plan, tmp_path / "list.csv").drop(columns="Reference")
    rows["Customer"] = rows["Customer"].str.lstrip("0")
    back = read_outcomes(saved(rows, tmp_path / "list.csv"), plan, recorded_at=NOW)
    assert said(back) == [("LST14", "note", len(rows))]
    assert (back.added, back.filled) == (0, len(rows))
    assert (back.outreach["outcome"] == "undecided").sum() == len(rows)


def test_where_two_customers_fit_neither_is_taken(plan, tmp_path):
    first, second = plan.table["customer_id"][:2]
    other = plan.everyone.assign(customer_id=plan.everyone["customer_id"].replace(second, first.lstrip("0")))
    twins = replace(plan, everyone=other)
    rows = filled(plan, tmp_path / "list.csv").drop(columns="Reference")
    rows["Customer"] = rows["Customer"].str.lstrip("0")
    back = read_outcomes(saved(rows[:1], tmp_path / "list.csv"), twins, recorded_at=NOW)
    assert said(back) == [("LST14", "warning", 1)]
    assert back.outreach["outcome"].isna().all()
    assert back.cells["outcome"].tolist() == ["undecided"]
    rows["Customer"] = plan.table["customer_id"]  # with its zeros it is one of them
    back = read_outcomes(saved(rows[:1], tmp_path / "list.csv"), twins, recorded_at=NOW)
    assert said(back) == []


def test_only_customers_whom_the_book_has_come_into_it(made, plan, tmp_path):
    rows = filled(plan, tmp_path / "list.csv")[:1]
    more = rows.assign(Reference="", Customer="C99999")
    known = rows.assign(Reference="", Customer="new one")
    path = saved(pd.concat([rows, more, known]), tmp_path / "list.csv")
    asked = []

    def of_book(customers):
        asked.extend(customers)
        return {"new one"}

    back = read_outcomes(path, plan, recorded_at=NOW, known=Known(of_book))
    assert asked == ["C99999", "new one"]
    assert said(back) == [("LST07", "warning", 1), ("LST07", "warning", 1)]
    assert "unknown to the book (row 3)" in back.text
    assert back.outreach["outcome"].notna().sum() == 2
    assert "C99999" not in set(back.outreach["customer_id"])
    assert "C99999" in set(back.cells["customer_id"])


def test_whom_no_lot_assigned_is_of_another_campaign(made, plan, tmp_path):
    added = plan.everyone.loc[plan.everyone["code"] == "capacity", "customer_id"].iloc[0]
    rows = filled(plan, tmp_path / "list.csv")
    rows = pd.concat([rows, rows[:1].assign(Reference="", Customer=added)])
    back = read_outcomes(saved(rows, tmp_path / "list.csv"), plan, recorded_at=NOW)
    campaign = back.outreach.set_index("customer_id")["campaign"]
    chosen = plan.everyone.set_index("customer_id")["chosen"]
    assert campaign[added] == f"{plan.list_id}-added"
    drawn = chosen.index[chosen == "random"].intersection(campaign.index)
    assert len(drawn) > 0
    assert campaign[drawn].eq(f"{plan.list_id}-random").all()
    own = back.outreach[back.outreach["campaign"] == plan.list_id]
    assert chosen[own["customer_id"]].eq("rank").all()
    assert set(own["arm"]) == {"treat", "holdout"}


def test_today_is_the_books_day(plan, tmp_path, monkeypatch):
    today = pd.Timestamp.now("Pacific/Kiritimati").tz_localize(None).normalize()  # nowhere is it later
    early = replace(plan, as_of=today - pd.Timedelta("3D"))
    rows = filled(plan, tmp_path / "list.csv").assign(**{"Called on": f"{today:%Y-%m-%d}", "Reference": ""})
    path = saved(rows, tmp_path / "list.csv")
    before = os.environ.get("TZ")
    try:
        monkeypatch.setenv("TZ", "Pacific/Pago_Pago")  # nowhere is it earlier: a day and an hour
        time.tzset()
        back = read_outcomes(path, early, zone="Pacific/Kiritimati")
    finally:
        monkeypatch.undo()
        assert os.environ.get("TZ") == before
        time.tzset()
    assert said(back) == []
    assert (back.outreach["contacted_at"] == today).sum() == len(rows)
