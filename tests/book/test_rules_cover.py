"""OVL10, END13, NTU14, REI15, RSN16: each fault with its exact count, and the same book without it."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.book.chains import chain_tables

DAY = pd.Timedelta(days=1)


@pytest.fixture
def found(check):
    """Count and rows of one code in a book of renewed terms."""

    def told(tables, code, **settings):
        items = [item for item in check(tables, **settings).items if item.code == code]
        assert len(items) < 2
        return (items[0].severity, items[0].count, items[0].examples) if items else None

    return told


@pytest.fixture
def book():
    return chain_tables(6)


def _cancel(terms, row, on, reason="nonpayment"):
    terms.loc[row, ["ended_date", "end_reason", "ended_recorded_at"]] = [pd.Timestamp(on), reason, pd.Timestamp(on)]


def test_clean_chains_have_no_finding(check, book):
    assert {item.code for item in check(book).items} == {"ABS26"}


def test_ovl10_counts_the_later_term(found, book):
    book["terms"].loc[6, "start_date"] -= 2 * DAY  # the second term of p0
    assert found(book, "OVL10") == ("error", 1, ("row 7 2021-12-30",))
    book["terms"].loc[6, "start_date"] += DAY
    assert found(book, "OVL10") is None  # one day over is GAP11's business


def test_ovl10_a_long_term_covers_several(found, book):
    book["terms"].loc[0, ["end_date", "ended_date"]] = pd.Timestamp("2025-01-01")
    assert found(book, "OVL10")[1] == 2


def test_ovl10_an_ended_term_is_over(found, book):
    _cancel(book["terms"], 6, "2022-06-01", "customer_cancelled")
    book["terms"].loc[12, "start_date"] = pd.Timestamp("2022-09-01")
    assert found(book, "OVL10") is None


def test_ovl10_policies_side_by_side_and_versions_are_no_overlap(found, book):
    over = pd.Timestamp("2022-01-11")
    later = book["terms"].iloc[[0]].assign(premium=1100.0, recorded_at=pd.Timestamp("2021-02-01"), end_date=over,
                                           ended_date=over)  # fmt: skip
    book["terms"] = pd.concat([book["terms"], later], ignore_index=True)
    assert found(book, "OVL10")[2] == ("row 7 2022-01-01",)  # against the last version, which ends ten days later
    book["terms"].loc[18, ["end_date", "ended_date"]] = pd.Timestamp("2022-01-01")
    assert found(book, "OVL10") is None


def test_ovl10_monthly_terms_follow_each_other(found, book):
    start = pd.Series(pd.date_range("2024-01-01", periods=12, freq="MS"))
    book["terms"] = pd.DataFrame({
        "term_id": [f"m{i}" for i in range(12)], "policy_id": "p0", "issued_at": start, "start_date": start,
        "end_date": start + pd.DateOffset(months=1), "premium": 80.0, "recorded_at": start})  # fmt: skip
    assert found(book, "OVL10") is None


def test_end13_counts_the_endorsements(found, book):
    more = book["terms"].iloc[[2, 2, 9]].assign(term_id=["e1", "e2", "e3"], premium=[1010.0, 1020.0, 1030.0])
    book["terms"] = pd.concat([book["terms"], more], ignore_index=True)
    assert found(book, "END13") == ("warning", 3, ("row 19 'e1'", "row 20 'e2'", "row 21 'e3'"))
    assert found(book, "OVL10") is None
    book["terms"].loc[18:, "end_date"] += 40 * DAY
    assert found(book, "END13")[1] == 1  # e1 and e2 are still alike


def test_ntu14_free_look_and_the_first_day(found, book):
    _cancel(book["terms"], 15, "2023-02-25", "free_look")
    _cancel(book["terms"], 16, book["terms"].loc[16, "start_date"], "customer_cancelled")
    assert found(book, "NTU14") == ("note", 2, ("row 16 'free_look'", "row 17 'customer_cancelled'"))
    _cancel(book["terms"], 16, book["terms"].loc[16, "start_date"] + DAY, "customer_cancelled")
    assert found(book, "NTU14")[1] == 1


def _reinstated(book, row, ended, again, **change):
    old = book["terms"].iloc[[row]]
    _cancel(book["terms"], row, ended)
    again = pd.Timestamp(again)
    new = old.assign(term_id="again", start_date=again, issued_at=again, recorded_at=again, **change)
    book["terms"] = pd.concat([book["terms"], new], ignore_index=True)


@pytest.mark.parametrize(("again", "count"), [("2023-07-01", 1), ("2023-07-31", 1), ("2023-08-01", None)])
def test_rei15_within_the_grace_of_thirty_days(found, book, again, count):
    _reinstated(book, 12, "2023-07-01", again)
    told = found(book, "REI15")
    assert told == (("note", 1, (f"row 19 {again}",)) if count else None)
    assert found(book, "OVL10") is None


def test_rei15_grace_is_the_policys_own_and_longer_for_life(found, book):
    _reinstated(book, 12, "2023-07-01", "2023-08-20")
    assert found(book, "REI15") is None
    life = book | {"policies": book["policies"].assign(line="life")}
    assert found(life, "REI15")[1] == 1
    own = book | {"policies": book["policies"].assign(grace_days=90)}
    assert found(own, "REI15")[1] == 1


def test_rei15_a_renewal_or_a_new_term_is_none(found, book):
    _reinstated(book, 12, "2023-12-20", "2023-12-30", end_date=pd.Timestamp("2024-12-30"))
    assert found(book, "REI15") is None  # it ends a year later: sold anew
    book["terms"].loc[12, "end_reason"] = "death"
    book["terms"].loc[18, "end_date"] = book["terms"].loc[12, "end_date"]
    assert found(book, "REI15") is None  # nobody takes up what death ended


def test_rei15_under_another_number_where_objects_tie(found, book):
    from churnkit.book.settings import RenewalSettings, Settings

    _reinstated(book, 12, "2023-07-01", "2023-07-11", policy_id="p0b")
    other = book["policies"].iloc[[0]].assign(policy_id="p0b")
    book["policies"] = pd.concat([book["policies"], other], ignore_index=True)
    assert found(book, "REI15") is None
    tied = Settings(data_cutoff="2026-01-01", renewal=RenewalSettings(match=("object",)))
    assert found(book, "REI15", settings=tied)[1] == 1
    book["policies"]["previous_policy_id"] = [None] * 6 + ["p0"]
    assert found(book, "REI15")[1] == 1


def test_rsn16_counts_ended_terms_without_reason(found, book):
    book["terms"].loc[[1, 4], "end_reason"] = None
    assert found(book, "RSN16") == ("warning", 2, ("row 2 2022-01-11", "row 5 2022-02-10"))
    del book["terms"]["end_reason"]
    assert found(book, "RSN16")[1] == book["terms"]["ended_date"].notna().sum()
    del book["terms"]["ended_date"]
    assert found(book, "RSN16") is None
