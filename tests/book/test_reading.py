"""Every way of writing a value, against what a person reads in it."""

from datetime import datetime

import pandas as pd
import pytest

from churnkit.book.check import check_book
from churnkit.book.open import open_book
from tests.books import tiny_book_tables

DAY, SECOND = datetime(2024, 1, 5), datetime(2024, 1, 5, 8, 5, 9)


@pytest.fixture
def read(tmp_path):
    """Values of one column of a CSV file as the book reads them."""

    def column(values, name="issued_at", table="terms", **settings):
        tables = tiny_book_tables()
        frame = tables[table].head(1).loc[lambda f: f.index.repeat(len(values))].reset_index(drop=True)
        frame[name] = values
        frame.to_csv(tmp_path / f"{table}.csv", index=False)
        book = open_book(tmp_path, data_cutoff="2026-01-01", **settings)
        found = book.sql(f"SELECT {name} FROM raw_{table} ORDER BY _row")[name].to_pylist()
        return found, check_book(book)

    return column


MOMENTS = {
    "2024-01-05": DAY, "2024-01-05 08:05:09": SECOND, "2024-01-05T08:05:09": SECOND, "2024-1-5 8:5:9": SECOND,
    "2024/1/5": DAY,
    "2024/01/05 08:05:09": SECOND, "2024.1.5": DAY, "2024年1月5日": DAY,
    "2024年01月05日 08:05:09": SECOND,
    "2024年1月5日8时5分9秒": SECOND, "２０２４年１月５日": DAY,
    "２０２４／１／５": DAY,
    "20240105": DAY, "20240105080509": SECOND,
    "45296": DAY, "45296.5": datetime(2024, 1, 5, 12), "2024-01-05T00:05:09Z": SECOND,
    "2024-01-05 08:05:09+08:00": SECOND, "2024-01-04T19:05:09-0500": SECOND,
    "2024年1月4日24时": DAY, "2024-01-04 24:00": DAY, " 2024-01-05 ": DAY,
}  # fmt: skip
UNREAD = ("01/02/2024", "5.1.2024", "2024-02-30", "2024-13-01", "24-1-5", "2024-01-05 8:05:09 PM", "tomorrow",
          "2024-01-05 25:00:00", "1704412800")  # fmt: skip
NOTHING = ("NULL", "\\N", "N/A", "-", "—", "nan", "None", "空")
SENTINELS = ("9999-12-31", "1900-01-01", "0000-00-00", "99991231", "2999-12-31 00:00:00", "0001-01-01")


def test_moments_are_read_however_they_are_written(read):
    found, _ = read(list(MOMENTS))
    assert dict(zip(MOMENTS, found, strict=True)) == MOMENTS


def test_what_is_ambiguous_or_no_date_is_not_guessed(read):
    found, findings = read(list(UNREAD))
    assert dict.fromkeys(UNREAD) == dict(zip(UNREAD, found, strict=True))
    lost = [item for item in findings.errors if item.code == "TYP02" and "issued_at" in item.found]
    assert [item.count for item in lost] == [len(UNREAD)]
    assert lost[0].examples[0] == "line 2 '01/02/2024'"


def test_marks_for_empty_are_empty_and_counted(read):
    found, findings = read([*NOTHING, "2024-01-05"])
    assert found == [None] * len(NOTHING) + [DAY]
    note = next(item for item in findings.items if item.code == "TYP02" and item.severity == "note")
    assert f"issued_at {len(NOTHING)} x marks for empty" in note.found
    assert not [item for item in findings.errors if item.code == "TYP02" and "issued_at" in item.found]


def test_dates_that_stand_for_nothing_are_empty_with_a_warning(read):
    found, findings = read([*SENTINELS, "2024-01-05"])
    assert found == [None] * len(SENTINELS) + [DAY]
    assert [(item.severity, item.count) for item in findings.items if item.code == "SEN08"] == [
        ("warning", len(SENTINELS))
    ]


@pytest.mark.parametrize("moment", [pd.Timestamp("9999-12-31"), pd.Timestamp("1900-01-01")])
def test_sentinels_are_found_in_typed_tables_too(moment):
    tables = tiny_book_tables()
    tables["terms"] = tables["terms"].assign(offer_date=moment)
    findings = check_book(open_book(tables, data_cutoff="2026-01-01"))
    assert [(i.table, i.count) for i in findings.items if i.code == "SEN08"] == [("terms", len(tables["terms"]))]


AMOUNTS = {
    "1234.5": 1234.5, "1,234.50": 1234.5, "1,234,567": 1234567.0, "１２３４．５": 1234.5, "１，２３４": 1234.0,
    "123456%": 1234.56, "12.5万": 125000.0, "12.5万元": 125000.0, "1234.5678万": 12345678.0, "1.2亿": 1.2e8,
    "¥1,234": 1234.0, "￥12": 12.0, "1234元": 1234.0, "RMB 1,234.50": 1234.5, "(1,234.5)": -1234.5, "- 5": -5.0,
    "1e5": 1e5, " 12 ": 12.0, ".5": 0.5, "0": 0.0, "35％": 0.35,
}  # fmt: skip


def test_amounts_are_read_however_they_are_written(read):
    found, findings = read(list(AMOUNTS), name="sum_insured")
    assert dict(zip(AMOUNTS, found, strict=True)) == AMOUNTS
    note = next(i.found for i in findings.items if i.code == "TYP02" and i.severity == "note" and i.table == "terms")
    for words in ("5 x thousands separators", "3 x 万", "1 x 亿", "1 x percent signs", "1 x full-width percent signs"):
        assert words in note, note


NO_AMOUNTS = ("1.234,5", "12,34", "1,2345", "abc", "nan%", "inf", "1e400", "5天", "12 34 abc")


def test_amounts_that_are_ambiguous_are_not_guessed(read):
    found, findings = read(list(NO_AMOUNTS), name="sum_insured")
    assert dict(zip(NO_AMOUNTS, found, strict=True)) == dict.fromkeys(NO_AMOUNTS)
    lost = [i for i in findings.errors if i.code == "TYP02" and "sum_insured" in i.found]
    assert [item.count for item in lost] == [len(NO_AMOUNTS)]


YES_NO = {"是": True, "否": False, "有": True, "无": False, "Y": True, "n": False, "TRUE": True, "0": False, "１": True,
          "Ｎ": False, "√": True, "1.0": True}  # fmt: skip


def test_yes_and_no_in_two_languages(read):
    found, _ = read(list(YES_NO), name="do_not_call", table="customers")
    assert dict(zip(YES_NO, found, strict=True)) == YES_NO


def test_whole_numbers_are_whole(read):
    assert read(["1980", "1980.0", "１９８０", "1,980"], name="birth_year", table="customers")[0] == [1980] * 4
    found, findings = read(["1980.5"], name="birth_year", table="customers")
    assert found == [None]
    assert any(i.code == "TYP02" and "birth_year" in i.found for i in findings.errors)


def test_a_date_of_birth_gives_the_year(read):
    texts = ["1980", "1980-05-06", "1980年5月6日", "19800506", "1980/5/6", ""]
    found, findings = read(texts, name="birth_year", table="customers")
    assert found == [1980] * 5 + [None]
    note = next(i.found for i in findings.items if i.code == "TYP02" and i.severity == "note")
    assert "birth_year 3 x dates of birth, whose year is taken" in note
    found, findings = read(["spring", "9999-12-31", "1980.5"], name="birth_year", table="customers")
    assert found == [None] * 3
    assert [i.count for i in findings.errors if i.code == "TYP02" and "birth_year" in i.found] == [3]


def test_a_typed_date_of_birth_gives_the_year():
    tables = tiny_book_tables()
    tables["customers"] = tables["customers"].assign(birth_year=pd.Timestamp("1980-05-06"))
    book = open_book(tables, data_cutoff="2026-01-01")
    assert set(book.sql("SELECT birth_year FROM raw_customers")["birth_year"].to_pylist()) == {1980}
    assert not check_book(book).errors


def test_a_clean_file_takes_no_conversion(read):
    _, findings = read(["2024-01-05 08:05:09", "2024-01-05"])
    assert not [i for i in findings.items if i.code == "TYP02" and i.table == "terms"]


def test_categories_of_the_contract_are_read_in_any_case_and_mapped_in_any_case(tmp_path):
    tables = tiny_book_tables()
    lines = ["MOTOR", " motor ", "Car", "CAR"]
    tables["policies"] = tables["policies"].head(1).loc[lambda f: f.index.repeat(4)].assign(line=lines)
    tables["policies"].to_csv(tmp_path / "policies.csv", index=False)
    toml = 'data_cutoff = "2026-01-01"\n[policies.values.line]\ncar = "motor"\n'
    (tmp_path / "churnkit.toml").write_text(toml, encoding="utf-8")
    assert open_book(tmp_path).sql("SELECT line FROM raw_policies")["line"].to_pylist() == ["motor"] * 4


def test_a_scale_multiplies_amounts(tmp_path):
    tiny_book_tables()["terms"].assign(sum_insured=12.5).to_csv(tmp_path / "terms.csv", index=False)
    toml = 'data_cutoff = "2026-01-01"\n[terms.scale]\nsum_insured = 10000\n'
    (tmp_path / "churnkit.toml").write_text(toml, encoding="utf-8")
    assert set(open_book(tmp_path).sql("SELECT sum_insured FROM raw_terms")["sum_insured"].to_pylist()) == {125000.0}
