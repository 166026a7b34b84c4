"""DIR20, RES21, COV22, OUT27: each fault with its exact count, and the same book without it."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.book.chains import answers, chain_tables


@pytest.fixture
def book():
    return chain_tables(150, years=2) | {"surveys": answers(150)}


@pytest.fixture
def found(check):
    def told(tables, code):
        items = [item for item in check(tables).items if item.code == code]
        assert len(items) < 2
        return items[0] if items else None

    return told


def test_dir20_names_the_instrument_that_contradicts_the_others(found, book):
    assert found(book, "DIR20") is None
    surveys = book["surveys"]
    nps = surveys["instrument"] == "nps"
    surveys.loc[nps, "score"] = 10 - surveys["score"]
    item = found(book, "DIR20")
    assert (item.severity, item.count) == ("warning", 135)
    assert item.found.startswith("nps as high_good contradicts ces high_good (correlation -")
    assert "135 pairs" in item.found
    assert "set direction to high_bad for nps" in item.fix
    surveys["direction"] = nps.map({True: "high_bad", False: "high_good"})
    assert found(book, "DIR20") is None


def test_dir20_a_wrong_direction_is_a_contradiction(found, book):
    ces = book["surveys"]["instrument"] == "ces"
    book["surveys"]["direction"] = ces.map({True: "high_bad", False: "high_good"})
    assert "set direction to high_good for ces" in found(book, "DIR20").fix


def test_dir20_needs_a_hundred_answers_close_in_time(found):
    few = chain_tables(99, years=2) | {"surveys": answers(99)}
    nps = few["surveys"]["instrument"] == "nps"
    few["surveys"].loc[nps, "score"] = 10 - few["surveys"]["score"]
    assert found(few, "DIR20") is None
    apart = answers(150)
    nps = apart["instrument"] == "nps"
    apart.loc[nps, "score"] = 10 - apart["score"]
    apart.loc[nps, ["sent_at", "answered_at"]] -= pd.Timedelta(days=200)
    assert found(chain_tables(150, years=2) | {"surveys": apart}, "DIR20") is None


def test_res21_counts_the_invitations_when_all_are_answered(found, book):
    assert found(book, "RES21") is None
    only = book | {"surveys": book["surveys"][book["surveys"]["score"].notna()]}
    item = found(only, "RES21")
    assert (item.severity, item.count, item.share) == ("warning", 405, 1.0)
    few = book | {"surveys": only["surveys"].head(19)}
    assert found(few, "RES21") is None


def test_res21_one_instrument_beside_others(found, book):
    surveys = book["surveys"]
    book["surveys"] = surveys[(surveys["instrument"] != "nps") | surveys["score"].notna()]
    item = found(book, "RES21")
    assert (item.count, item.found.startswith("no invitation of nps is unanswered")) == (135, True)


def test_res21_a_question_skipped_is_an_answered_invitation(found, book):
    surveys = book["surveys"]
    book["surveys"] = surveys[surveys["score"].notna()].reset_index(drop=True)
    book["surveys"].loc[::20, "score"] = None
    assert found(book, "RES21").count == 405


def test_cov22_counts_who_never_answered(found, book):
    item = found(book, "COV22")
    assert (item.severity, item.table, item.count, item.share) == ("note", "surveys", 15, 0.1)
    assert item.found.startswith("90 % of the customers ever answered, 90 % in the last 12 months")
    assert item.examples[:2] == ("customers row 1", "customers row 11")
    old = book["surveys"].index < 300
    book["surveys"].loc[old, "answered_at"] = pd.Timestamp("2024-12-31")
    book["surveys"].loc[old, "sent_at"] = pd.Timestamp("2024-12-30")
    assert "90 % of the customers ever answered, 30 % in the last 12 months" in found(book, "COV22").found
    book["surveys"] = book["surveys"].drop(columns="score")
    assert found(book, "COV22") is None


def _calls(book, n, days, **columns):
    ends = book["terms"].tail(n)
    started = ends["end_date"] - pd.Timedelta(days=days)
    return pd.DataFrame({
        "interaction_id": [f"i{days}-{i}" for i in range(n)], "policy_id": ends["policy_id"],
        "customer_id": "c" + ends["policy_id"].str.slice(1), "started_at": started, "channel": "phone",
        "initiator": "company", "recorded_at": started, **columns})  # fmt: skip


@pytest.fixture
def short(book):
    return chain_tables(30)  # the last terms end in 2024


def test_out27_counts_the_insurers_calls_before_renewal(found, short):
    short["interactions"] = pd.concat([_calls(short, 20, 30), _calls(short, 10, 61)], ignore_index=True)
    item = found(short, "OUT27")
    assert (item.severity, item.table, item.count) == ("warning", "interactions", 20)
    short["interactions"].loc[:, "initiator"] = "customer"
    assert found(short, "OUT27") is None


def test_out27_calls_spread_over_the_year_are_service(found, short):
    spread = pd.concat([_calls(short, 10, days) for days in (20, 100, 200, 300)], ignore_index=True)
    short["interactions"] = spread
    assert found(short, "OUT27") is None
    short["interactions"] = spread.assign(topic=["renewal offer"] * 3 + ["claim"] * 37)
    assert found(short, "OUT27").count == 3


def test_out27_with_an_outreach_table_nothing_is_missing(found, short):
    short["interactions"] = _calls(short, 20, 30)
    short["outreach"] = pd.DataFrame({
        "action_id": ["a"], "customer_id": ["c0"], "campaign": ["x"], "arm": ["treat"], "action": ["call"],
        "assigned_at": pd.to_datetime(["2023-01-01"]), "recorded_at": pd.to_datetime(["2023-01-01"])})  # fmt: skip
    assert found(short, "OUT27") is None
