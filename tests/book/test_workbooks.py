"""Excel workbooks: cells as people typed them, sheets by name, and files that must not be opened."""

from __future__ import annotations

import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from churnkit.book.open import open_book
from churnkit.book.settings import Settings
from churnkit.errors import UsageError


def _open(folder, **settings):
    return open_book(folder, settings=Settings(data_cutoff="2026-01-01", **settings))


def _write(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)


def _source(book, table):
    return book._engine.sql(f"SELECT * FROM source_{table}").to_pylist()


CUSTOMERS = [["customer_id", "region"], ["c1", "华东"]]


def test_a_workbook_gives_the_same_book_as_the_frames(tables, open_tables, tmp_path):
    import pandas as pd

    with pd.ExcelWriter(tmp_path / "book.xlsx", engine="openpyxl") as writer:
        for name, frame in tables.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    book = _open(tmp_path)
    assert book.problems == ()
    assert book.fingerprint == open_tables(tables).fingerprint


def test_cells_become_the_texts_a_csv_file_would_hold(tmp_path):
    moment = datetime(2025, 3, 1, 9, 30)
    rows = [["customer_id", "a", "b", "c", "d", "e"],
            [1001, 0.1, True, date(2025, 3, 1), moment, "x"],
            [110105199001011230000, 1e6, False, None, "", "2025/3/1"]]  # fmt: skip
    _write(tmp_path / "customers.xlsx", Sheet1=rows)
    got = _source(_open(tmp_path), "customers")
    assert [list(row.values()) for row in got] == [
        [2, "1001", "0.1", "true", "2025-03-01", "2025-03-01 09:30:00", "x"],
        [3, "1.101051990010112e+20", "1000000", "false", None, None, "2025/3/1"],
    ]


def test_titles_blank_rows_and_cells_beside_the_table_are_left_out(tmp_path):
    rows = [
        [],
        ["客户清单"],
        [],
        ["customer_id", "region"],
        ["c1", "east", None, "checked"],
        [],
        ["c2", "west"],
        [None],
    ]
    _write(tmp_path / "customers.xlsx", Sheet1=rows)
    book = _open(tmp_path)
    assert _source(book, "customers") == [{"_row": 5, "customer_id": "c1", "region": "east"},
                                          {"_row": 7, "customer_id": "c2", "region": "west"}]  # fmt: skip
    assert book.sources["customers"].places([5, 7])[1] == "customers.xlsx sheet Sheet1 row 7"
    assert book.undeclared == {}


def test_sheets_are_found_by_name_or_named(tmp_path):
    policies = [["policy_id", "customer_id", "line"], ["p1", "c1", "motor"]]
    _write(tmp_path / "书.xlsx", **{" Customers": CUSTOMERS, "保单": policies, "说明": [["x"]]})
    book = _open(tmp_path, sheet={"policies": "保单"})
    assert book.tables == {"customers", "policies"}
    assert book.unknown == ("书.xlsx sheet 说明",)
    named = _open(tmp_path, file={"policies": "书.xlsx"}, sheet={"policies": "保单"})
    assert named.tables == book.tables


@pytest.mark.parametrize("file", [{"policies": "a.xlsx"}, {}])
def test_a_sheet_that_is_not_there_is_a_usage_error(tmp_path, file):
    _write(tmp_path / "a.xlsx", customers=CUSTOMERS, 保单=CUSTOMERS)
    with pytest.raises(UsageError, match=r"\[policies\] sheet names a sheet"):
        _open(tmp_path, file=file, sheet={"policies": "保险单"})


def test_among_several_sheets_none_is_guessed(tmp_path):
    _write(tmp_path / "customers.xlsx", 一=CUSTOMERS, 二=CUSTOMERS)
    (item,) = _open(tmp_path).problems
    assert "none of its 2 (一, 二) is named customers" in item.found
    assert item.fix == 'name the sheet: [customers] sheet = "一"'


def test_formulas_are_never_evaluated(tmp_path):
    rows = [["term_id", "premium"], ["t1", "=1+1"], ["t2", 5], ["t3", '=HYPERLINK("http://x")']]
    _write(tmp_path / "terms.xlsx", Sheet1=rows)
    book = _open(tmp_path)
    assert [row["premium"] for row in _source(book, "terms")] == [None, "5", None]
    (item,) = book.problems
    assert (item.severity, item.count, item.examples) == ("warning", 2, ("cell B2", "cell B4"))


def test_a_formula_counts_with_the_value_saved_with_it(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "terms.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["term_id", "premium"])
        page.write_row(1, 0, ["t1"])
        page.write_formula(1, 1, "=40+2", None, 42)
    book = _open(tmp_path)
    assert _source(book, "terms")[0]["premium"] == "42"
    assert book.problems == ()


def _repacked(path, change):
    """Write the workbook's parts again as `change(name, content)` says."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, change(name, content))


DOCTYPE = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp037"])
@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_entities_are_refused_in_any_part_and_encoding(tmp_path, part, encoding):
    _write(tmp_path / "customers.xlsx", Sheet1=CUSTOMERS)

    def change(name, content):
        if name != part:
            return content
        body = content.decode("utf-8").split("?>", 1)[-1]
        head = f'<?xml version="1.0" encoding="{encoding}"?>'
        whole = f"{head}{DOCTYPE}{body}"
        return whole.encode(encoding, "xmlcharrefreplace")

    _repacked(tmp_path / "customers.xlsx", change)
    (item,) = _open(tmp_path).problems
    assert "declares XML entities" in item.found or "does not open as a workbook" in item.found
    if encoding != "cp037":
        assert "declares XML entities" in item.found


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "customers.xlsx"
    _write(path, Sheet1=CUSTOMERS)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as parts,
        parts.open("xl/bomb.xml", "w", force_zip64=True) as out,
    ):
        for _ in range(100):
            out.write(b" " * (1 << 20))
    (item,) = _open(tmp_path).problems
    assert "which no honest workbook does" in item.found


def test_a_cell_far_out_costs_nothing(tmp_path):
    path = tmp_path / "customers.xlsx"
    _write(path, Sheet1=CUSTOMERS)
    far = b'<row r="99999999999"><c r="XFD99999999999" t="n"><v>1</v></c></row></sheetData>'
    wide = b'<row r="3"><c r="XFD3"><v>1</v></c></row>'

    def change(name, content):
        content = content.replace(b"</sheetData>", wide + far)
        return content.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')

    _repacked(path, change)
    assert len(_source(_open(tmp_path), "customers")) == 1


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"", "does not open"), (b"PK\x03\x04 not", "does not open"), (b"customer_id,region\nc1,x\n", "does not open"),
     (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password")],
)  # fmt: skip
def test_what_is_no_workbook_is_told(tmp_path, content, found):
    (tmp_path / "customers.xlsx").write_bytes(content)
    (item,) = _open(tmp_path).problems
    assert (item.code, item.severity) == ("TYP02", "error")
    assert found in item.found


@pytest.mark.parametrize("rows", [[], [[]], [["customer_id", "CUSTOMER_ID"]]])
def test_a_sheet_without_a_header_is_told(tmp_path, rows):
    _write(tmp_path / "customers.xlsx", Sheet1=rows)
    (item,) = _open(tmp_path).problems
    assert "customers.xlsx" in item.found
