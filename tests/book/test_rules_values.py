"""CUR23, IDS24, CAT25, ABS26 and declared columns: each fault with its exact count, and the same book without it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnkit.book.check import check_book
from churnkit.book.open import open_book
from churnkit.book.settings import Settings
from tests.book.chains import chain_tables
from tests.books import needed


@pytest.fixture
def of(check):
    def told(tables, code):
        return [item for item in check(tables).items if item.code == code]

    return told


def _monthly(n=12, months=10, line="motor"):
    """Terms of one year that start in ten months, n in each."""
    tables = chain_tables(n * months, years=1, line=line)
    start = pd.Timestamp("2024-01-05") + pd.to_timedelta(np.arange(n * months) // n * 30.5, unit="D").floor("D")
    tables["terms"] = tables["terms"].assign(
        start_date=start, end_date=start + pd.DateOffset(years=1), issued_at=start, recorded_at=start,
        ended_date=pd.NaT, end_reason=None, ended_recorded_at=pd.NaT,
        premium=np.random.default_rng(0).lognormal(7, 0.6, n * months).round(2))  # fmt: skip
    return tables


def test_cur23_one_month_in_fen(of):
    tables = _monthly()
    assert of(tables, "CUR23") == []
    month = tables["terms"]["start_date"].dt.month == 4
    tables["terms"].loc[month, "premium"] *= 100
    (item,) = of(tables, "CUR23")
    assert (item.severity, item.count) == ("warning", int(month.sum()))
    assert "from 2024-04 to 2024-04" in item.found


@pytest.mark.parametrize("late", [True, False])
def test_cur23_the_smaller_side_of_a_change_is_in_the_wrong_unit(of, late):
    tables = _monthly()
    month = tables["terms"]["start_date"].dt.month
    wrong = month >= 8 if late else month <= 3
    tables["terms"].loc[wrong, "premium"] *= 100 if late else 0.01
    (item,) = of(tables, "CUR23")
    assert item.count == int(wrong.sum())


def test_cur23_one_line_of_two(of):
    motor, home = _monthly(), _monthly(line="home")
    home["terms"]["premium"] = home["terms"]["premium"] / 20
    for name in ("customers", "policies", "terms"):
        ids = [column for column in home[name] if column in ("customer_id", "policy_id", "term_id")]
        home[name] = home[name].assign(**{column: "h" + home[name][column] for column in ids})
    both = {name: pd.concat([motor[name], home[name]], ignore_index=True) for name in motor}
    assert of(both, "CUR23") == []
    wrong = both["terms"]["term_id"].str.startswith("h") & (both["terms"]["start_date"].dt.month == 6)
    both["terms"].loc[wrong, "premium"] *= 100
    assert of(both, "CUR23")[0].count == int(wrong.sum())


def test_cur23_few_terms_and_smaller_jumps_say_nothing(of):
    few = _monthly(n=9)
    few["terms"].loc[few["terms"]["start_date"].dt.month == 4, "premium"] *= 100
    assert of(few, "CUR23") == []
    tenfold = _monthly()
    tenfold["terms"].loc[tenfold["terms"]["start_date"].dt.month == 4, "premium"] *= 12
    assert of(tenfold, "CUR23") == []


def test_ids24_powers_of_ten(of, tables):
    tables["policies"]["agent_id"] = ["1.10105E+17", "1.10105e+17", "1E10", "A+B"]
    (item,) = of(tables, "IDS24")
    assert (item.severity, item.table, item.count) == ("error", "policies", 2)
    assert item.examples == ("row 1 '1.10105E+17'", "row 2 '1.10105e+17'")


def test_ids24_numbers_that_became_floats(of, tables):
    tables["policies"]["agent_id"] = [1.10105e17, 1.10106e17, 1001.0, None]
    assert of(tables, "IDS24")[0].count == 2


def test_ids24_last_digits_lost(of):
    tables = chain_tables(40, years=1)
    full = [f"1101051990010{i:05d}" for i in range(40)]  # 18 digits
    tables["policies"]["agent_id"] = full
    assert of(tables, "IDS24") == []
    tables["policies"]["agent_id"] = [number[:15] + "000" for number in full]
    (item,) = of(tables, "IDS24")
    assert (item.count, "keeps 15" in item.found) == (40, True)
    tables["policies"]["agent_id"] = [number[:15] for number in full]
    assert of(tables, "IDS24") == []
    tables["policies"]["agent_id"] = [number[:15] + "000" for number in full[:19]] + [None] * 21
    assert of(tables, "IDS24") == []  # too few to be a habit of the column


@pytest.mark.parametrize(
    ("table", "column", "severity"),
    [("policies", "line", "error"), ("surveys", "instrument", "error"), ("terms", "end_reason", "error"),
     ("interactions", "initiator", "warning"), ("claims", "decision", "warning"), ("outreach", "arm", "warning"),
     ("customers", "customer_type", "warning"), ("complaints", "source", "warning")],
)  # fmt: skip
def test_cat25_every_column_of_the_contract(of, tables, table, column, severity):
    tables[table].loc[0, column] = "Zzz "
    (item,) = of(needed(tables, table), "CAT25")
    assert (item.severity, item.table, item.count) == (severity, table, 1)
    assert item.examples == ("row 1 'Zzz '",)
    assert f'[{table}.values.{column}] in churnkit.toml, as "Zzz" = ' in item.fix


def test_cat25_the_mapping_it_names_is_its_cure(tables):
    tables["terms"].loc[0, "end_reason"] = "RENEWD"
    tables["policies"].loc[1, "line"] = " Home "  # read whatever its case
    (item,) = [item for item in check_book(open_book(tables, data_cutoff="2026-01-01")).items if item.code == "CAT25"]
    assert '"RENEWD" = "renewed"' in item.fix
    mapped = Settings(data_cutoff="2026-01-01", values={"terms": {"end_reason": {"RENEWD": "renewed"}}})
    assert check_book(open_book(tables, settings=mapped)).errors == ()


def test_abs26_an_empty_table_is_told(of, tables):
    tables["complaints"] = tables["complaints"].iloc[:0]
    (item,) = of(tables, "ABS26")
    assert (item.severity, item.table, "no rows" in item.found) == ("note", "complaints", True)


def test_col01_a_declared_column_that_is_missing(tables):
    settings = Settings(data_cutoff="2026-01-01", extra={"terms": {"vehicle_power": "number"}})
    (item,) = check_book(open_book(tables, settings=settings)).errors
    assert (item.code, "declared column vehicle_power is missing" in item.found) == ("COL01", True)


def test_rec17_declared_columns_are_as_of_the_extract(tables):
    settings = Settings(data_cutoff="2026-01-01", extra={"customers": {"vip": "category"}})
    tables["customers"]["vip"] = ["a", "b", "a"]
    (item,) = [each for each in check_book(open_book(tables, settings=settings)).items if each.code == "REC17"]
    assert (item.severity, item.table, item.count, "vip" in item.found) == ("note", "customers", 1, True)
