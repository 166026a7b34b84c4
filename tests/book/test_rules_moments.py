"""FUT07, LATE18 and FK06 beyond the first clock and key: each fault with its exact count, and without it."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.books import needed


@pytest.fixture
def of(check):
    def told(tables, code):
        return [item for item in check(tables).items if item.code == code]

    return told


def _contacts(tables, n, hour):
    """n contacts, from the given hour on over ten hours, all in 2024."""
    started = pd.Timestamp("2024-02-01") + pd.to_timedelta([i * 24 + hour + i % 10 for i in range(n)], unit="h")
    tables["interactions"] = pd.DataFrame({
        "interaction_id": [f"i{i}" for i in range(n)], "customer_id": "c1", "started_at": started, "channel": "phone",
        "initiator": "customer", "recorded_at": started})  # fmt: skip
    return needed(tables, "interactions")


@pytest.mark.parametrize(
    ("table", "column", "effect"),
    [("claims", "decided_at", "not yet known"), ("claims", "paid_at", "not yet known"),
     ("claims", "closed_at", "not yet known"), ("claims", "recorded_at", "not visible"),
     ("terms", "ended_recorded_at", "not yet known"), ("terms", "offer_date", "not yet known"),
     ("surveys", "answered_at", "not yet known")],
)  # fmt: skip
def test_fut07_looks_at_every_clock(of, tables, table, column, effect):
    tables[table].loc[0, column] = pd.Timestamp("2026-03-01")
    (item,) = of(needed(tables, table), "FUT07")
    assert (item.table, item.count, item.examples) == (table, 1, ("row 1 2026-03-01",))
    assert item.found.startswith(f"{column} not before data_cutoff")
    assert effect in item.effect


def test_fut07_counts_a_row_once(of, tables):
    tables["claims"].loc[0, ["reported_at", "decided_at", "paid_at", "closed_at", "recorded_at"]] = pd.Timestamp(
        "2026-03-01"
    )
    (item,) = of(tables, "FUT07")
    assert (item.count, item.effect) == (1, "they are dropped")


def test_fut07_an_end_may_be_announced(of, tables):
    tables["terms"].loc[5, ["ended_date", "end_reason", "ended_recorded_at"]] = [
        pd.Timestamp("2026-02-01"), "customer_cancelled", pd.Timestamp("2025-12-20")]  # fmt: skip
    assert of(tables, "FUT07") == []


def _outreach(tables, days, action="L20260101-ab12cd-0123456789"):
    """Contacts assigned on some days, the book ending with 2025, recorded ten days later."""
    days = pd.to_datetime(days)
    tables["outreach"] = pd.DataFrame({
        "action_id": [f"{action[:-1]}{k}" for k in range(len(days))], "customer_id": "c1", "campaign": action[:16],
        "arm": "treat", "assigned_at": days, "contacted_at": days + pd.Timedelta("2D"), "action": "call",
        "recorded_at": days + pd.Timedelta("10D")})  # fmt: skip
    return tables


def test_fut07_what_an_import_brought_after_the_extract_is_no_fault(of, tables):
    (item,) = of(_outreach(tables, ["2026-01-01"] * 4), "FUT07")
    assert (item.severity, item.count) == ("note", 4)
    assert "time zone" not in item.found + item.fix


@pytest.mark.parametrize(
    ("days", "action"),
    [
        (["2026-01-01"], "spring-1"), (["2026-01-02"], "L20260101-ab12cd-0123456789"),
        (["2026-01-01 08:00"], "L20260101-ab12cd-0123456789"), (["2026-01-01 16:00"], "L20260102-ab12cd-0123456789"),
    ],
)  # fmt: skip
def test_fut07_any_other_outreach_after_the_cutoff_is_one(of, tables, days, action):
    (item,) = of(_outreach(tables, days, action), "FUT07")
    assert (item.severity, item.count, item.effect) == ("error", 1, "they are dropped")


@pytest.mark.parametrize(("hour", "night", "side"), [(1, 84, "behind"), (17, 72, "ahead"), (14, 0, ""), (9, 0, "")])
def test_fut07_contacts_at_night(of, tables, hour, night, side):
    items = of(_contacts(tables, 120, hour), "FUT07")
    assert [item.count for item in items] == ([night] if night else [])
    if night:
        assert (items[0].severity, f"eight hours {side}" in items[0].found) == ("warning", True)


def test_fut07_few_contacts_and_contacts_by_day_without_hours_say_nothing(of, tables):
    assert of(_contacts(tables, 99, 1), "FUT07") == []
    dates = _contacts(tables, 120, 0)
    dates["interactions"]["started_at"] = dates["interactions"]["started_at"].dt.normalize()
    assert of(dates, "FUT07") == []


def test_fut07_days_written_as_utc_in_timestamps(of, tables):
    moved = _contacts(tables, 120, 0)
    moved["interactions"]["started_at"] = moved["interactions"]["started_at"].dt.normalize() - pd.Timedelta(hours=8)
    (item,) = of(moved, "FUT07")
    assert (item.count, "16:00:00" in item.found) == (120, True)


@pytest.mark.parametrize(("table", "column"), [("policies", "inception_date"), ("terms", "ended_date")])
def test_fut07_every_date_at_sixteen(of, tables, table, column):
    filled = tables[table][column].notna()
    tables[table][column] -= pd.Timedelta(hours=8)
    (item,) = of(tables, "FUT07")
    assert (item.table, item.count, "16:00" in item.found) == (table, int(filled.sum()), True)


@pytest.mark.parametrize(
    ("table", "clock", "recorded"),
    [("claims", "reported_at", "recorded_at"), ("terms", "issued_at", "recorded_at"),
     ("terms", "ended_date", "ended_recorded_at")],
)  # fmt: skip
def test_late18_more_than_thirty_days(of, tables, table, clock, recorded):
    tables[table].loc[0, recorded] = tables[table].loc[0, clock] + pd.Timedelta(days=30)
    tables = needed(tables, table)
    assert of(tables, "LATE18") == []
    tables[table].loc[0, recorded] += pd.Timedelta(seconds=1)
    (item,) = of(tables, "LATE18")
    assert (item.severity, item.table, item.count) == ("note", table, 1)
    assert clock in item.found


def test_late18_a_clock_with_a_recording_time_of_its_own(of, tables):
    tables["claims"]["paid_at_recorded_at"] = tables["claims"]["paid_at"] + pd.Timedelta(days=40)
    (item,) = of(tables, "LATE18")
    assert (item.count, "paid_at" in item.found) == (1, True)


def test_fk06_claims_and_contacts_too(of, tables):
    tables["surveys"]["claim_id"] = ["l1", "l9", None]
    tables["surveys"]["interaction_id"] = ["i9", None, None]
    for row in range(3):
        tables["surveys"].loc[row, "sent_at"] = pd.Timestamp("2025-05-01")
    tables["surveys"]["answered_at"] = tables["surveys"]["answered_at"] + pd.DateOffset(years=2)
    found = {(item.table, item.count, item.found.split(" ")[0]) for item in of(tables, "FK06")}
    assert found == {("surveys", 1, "claim_id"), ("surveys", 1, "interaction_id")}
    del tables["claims"]
    assert [item.found.split(" ")[0] for item in of(tables, "FK06")] == ["interaction_id"]


@pytest.mark.parametrize("sent", ["2024-06-01", "2025-12-10"])
def test_fk06_what_happened_before_the_extract_or_is_not_entered_yet(of, tables, sent):
    tables["surveys"]["claim_id"] = "l9"
    tables["surveys"]["sent_at"] = tables["surveys"]["recorded_at"] = pd.Timestamp(sent)
    tables["surveys"]["answered_at"] = tables["surveys"]["answered_at"].where(lambda at: at.isna(), pd.Timestamp(sent))
    assert of(tables, "FK06") == []
