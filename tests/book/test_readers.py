"""Reading files: the shapes that CSV takes, and files that do not read."""

from __future__ import annotations

import pandas as pd
import pytest

from churnkit.book.check import check_book
from churnkit.book.open import open_book
from churnkit.errors import ContractError
from tests.books import needed


def _only(book, code):
    return _one(check_book(book), code)


def _one(findings, code):
    found = [item for item in findings.errors if item.code == code]
    assert len(found) == 1, findings.text
    return found[0]


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8-sig"), (";", "utf-8"), ("\t", "utf-8"), ("|", "utf-8")]
)
def test_csv_with_a_mark_or_another_delimiter(tables, open_tables, write, delimiter, encoding):
    tables = needed(tables)
    folder = write(tables)
    tables["customers"]["region"] = ["华东", "a,b;c|d", 'say "hi"\nthere']
    tables["customers"].to_csv(folder / "customers.csv", index=False, sep=delimiter, encoding=encoding)
    assert open_book(folder).fingerprint == open_tables(tables).fingerprint


def test_a_written_index_is_an_undeclared_column(tables, write):
    folder = write(tables)
    tables["customers"].to_csv(folder / "customers.csv")
    assert open_book(folder).undeclared == {"customers": ["unnamed_1"]}


def test_file_lines_count_blank_lines_and_breaks_within_quotes(tables, write):
    folder = write(needed(tables))
    text = 'policy_id,customer_id,line,product\np1,c1,motor,"a\nb"\n\np2,c1,home,x\np9,nobody,home,y\n'
    text += "p3,c2,motor,\np4,c3,property,\n"
    (folder / "policies.csv").write_text(text, encoding="utf-8")
    assert _only(open_book(folder), "FK06").examples == ("line 6 'nobody'",)


@pytest.mark.parametrize(
    ("content", "code", "found"),
    [
        (b"customer_id,region\nc1,east\nc2\n", "TYP02", "line 3 has 1 field where the header has 2"),
        (b"customer_id,region\nc1,a,b\n", "TYP02", "line 2 has 3 fields where the header has 2"),
        (b"customer_id,region\nc1,\xff\xff\n", "ENC03", "not UTF-8 from byte 23, in line 2, nor GB18030 throughout"),
        (b"", "TYP02", "it is empty"),
        (b"customer_id,Customer_ID\nc1,c1\n", "TYP02", "two columns share the name customer_id"),
    ],
)
def test_a_csv_that_does_not_read_is_a_finding(tables, write, content, code, found):
    folder = write(needed(tables))
    (folder / "customers.csv").write_bytes(content)
    book = open_book(folder)
    assert not book.has("customers")
    findings = check_book(book)
    item = _one(findings, code)
    assert item.table == "customers"
    assert found in item.found
    with pytest.raises(ContractError, match=r"customers\.csv"):
        findings.raise_if_errors()


def test_a_corrupt_parquet_is_a_finding(tables, write):
    folder = write(needed(tables, "claims"), "parquet")
    (folder / "claims.parquet").write_bytes(b"PAR1 this is not Parquet")
    item = _only(open_book(folder), "TYP02")
    assert item.table == "claims"
    assert "claims.parquet does not read as Parquet" in item.found


def test_a_parquet_whose_rows_are_damaged_is_a_finding(tables, write):
    folder = write(needed(tables, "claims"), "parquet")
    path = folder / "claims.parquet"
    content = bytearray(path.read_bytes())
    content[4:400] = bytes(396)
    path.write_bytes(content)
    items = [item for item in check_book(open_book(folder)).errors if "cannot be read" in item.found]
    assert {item.table for item in items} == {"claims"}


def test_a_table_that_is_there_twice_is_a_finding(tables, write):
    folder = write(needed(tables))
    tables["terms"].to_parquet(folder / "terms.parquet")
    item = _only(open_book(folder), "COL01")
    assert "as terms.csv and terms.parquet" in item.found


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame([[1, 2]], columns=["customer_id", "Customer_ID"])])
def test_a_frame_that_is_no_table_is_a_finding(tables, open_tables, frame):
    tables["customers"] = frame
    assert _only(open_tables(needed(tables)), "TYP02").table == "customers"


@pytest.mark.parametrize("value", [b"x", [1], 10**30, pd.Timedelta(days=1), float("inf"), "  ", pd.Interval(1, 2)])
@pytest.mark.parametrize("column", ["start_date", "premium"])
def test_whatever_lies_in_a_column_is_a_finding_and_no_traceback(tables, open_tables, column, value):
    frame = tables["terms"].astype({column: object})
    frame[column] = [value, *frame[column].iloc[1:]]
    tables["terms"] = frame
    found = check_book(open_tables(needed(tables))).errors
    assert {item.code for item in found} <= {"TYP02"}
    assert found or (column, value) == ("premium", 10**30)
