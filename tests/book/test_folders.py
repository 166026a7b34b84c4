"""Which file holds which table, and what is said of files that hold none."""

from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churnkit.book.open import open_book
from churnkit.book.settings import Settings
from churnkit.errors import UsageError

CUSTOMERS = "customer_id,region\nc1,east\n"


def _open(folder, **settings):
    return open_book(folder, settings=Settings(data_cutoff="2026-01-01", **settings))


def _found(book, table):
    found = [item for item in book.problems if item.table == table and item.severity == "error"]
    assert len(found) == 1, book.problems
    return f"{found[0].found} — {found[0].fix}"


def test_two_tables_may_share_a_file_whose_name_says_neither(tmp_path):
    text = "保单号,投保人,险种,保单号次,起期,止期,保费,车牌\nP1,c1,motor,P1-1,2024-01-01,2025-01-01,900,x\n"
    (tmp_path / "承保明细.csv").write_text(text, encoding="gb18030")
    (tmp_path / "customers.csv").write_text(CUSTOMERS)
    columns = {
        "policies": {"policy_id": "保单号", "customer_id": "投保人", "line": "险种"},
        "terms": {"term_id": "保单号次", "policy_id": "保单号", "start_date": "起期", "end_date": "止期",
                  "premium": "保费"},
    }  # fmt: skip
    book = _open(tmp_path, file={"policies": "承保明细.csv", "terms": "承保明细.csv"}, columns=columns)
    assert book.tables == {"customers", "policies", "terms"}
    assert book.unknown == ()
    assert book.undeclared == {"policies": ["车牌"], "terms": ["车牌"]}
    assert book.sources["policies"].shared == ("terms",)
    assert book.sql("SELECT premium FROM terms").to_pylist() == [{"premium": 900.0}]


def test_a_table_named_in_the_settings_is_not_looked_for_by_its_name(tmp_path):
    (tmp_path / "customers.csv").write_text(CUSTOMERS)
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "kunden.txt").write_text("customer_id\tregion\nc7\twest\n")
    book = _open(tmp_path, file={"customers": "exports/kunden.txt"})
    assert book.unknown == ("customers.csv",)
    assert book.sql("SELECT customer_id FROM customers").to_pylist() == [{"customer_id": "c7"}]


@pytest.mark.parametrize("name", ["../customers.csv", "/etc/passwd", "C:\\customers.csv", "a/../../customers.csv",
                                  "\\\\host\\share.csv", "a\0b"])  # fmt: skip
def test_a_path_in_a_setting_cannot_leave_the_folder(tmp_path, name):
    folder = tmp_path / "book"
    folder.mkdir()
    for each in (tmp_path, folder):
        (each / "customers.csv").write_text(CUSTOMERS)
    with pytest.raises(UsageError, match=r"\[customers\] file names a file of the book's folder"):
        _open(folder, file={"customers": name})


def test_a_link_in_a_setting_cannot_leave_the_folder(tmp_path):
    folder = tmp_path / "book"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text(CUSTOMERS)
    os.symlink(tmp_path / "secret.csv", folder / "inner.csv")
    with pytest.raises(UsageError, match="a link out of it"):
        _open(folder, file={"customers": "inner.csv"})


def test_a_file_that_is_not_there_names_the_near_miss(tmp_path):
    (tmp_path / "kunden.csv").write_text(CUSTOMERS)
    with pytest.raises(UsageError, match=r"no 'kunde\.csv'.*Did you mean 'kunden\.csv'"):
        _open(tmp_path, file={"customers": "kunde.csv"})


def test_a_setting_cannot_name_what_is_no_table(tmp_path):
    (tmp_path / "customers.docx").write_text("x")
    with pytest.raises(UsageError, match=r"names a CSV, Parquet or \.xlsx file"):
        _open(tmp_path, file={"customers": "customers.docx"})


def test_own_tables_are_found_by_their_name(tmp_path):
    (tmp_path / "web_visits.csv").write_text("visit_id,customer_id,visited_at,page\nv1,c1,2025-01-01,home\n")
    own = {"web_visits": {"key": "visit_id", "clocks": ["visited_at"], "columns": {"page": "category"}}}
    assert _open(tmp_path, tables=own).tables == {"web_visits"}


def test_what_bears_a_tables_name_and_is_none_says_what_to_do(tmp_path):
    (tmp_path / "customers.csv").write_text(CUSTOMERS)
    (tmp_path / "terms.csv").mkdir()
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "part1.csv").write_text("policy_id\n")
    (tmp_path / "claims.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    (tmp_path / "surveys.csv.gz").write_bytes(b"x")
    (tmp_path / "outreach.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    (tmp_path / "complaints").mkdir()
    (tmp_path / "complaints" / "letter.pdf").write_text("x")  # attachments are no table
    book = _open(tmp_path)
    assert "terms.csv is a folder without Parquet files: it is empty" in _found(book, "terms")
    assert "it holds part1.csv — put one file beside it, as policies.csv" in _found(book, "policies")
    assert "claims.xls is of a kind that is not read, .xls — save it as .xlsx or CSV" in _found(book, "claims")
    assert "unpack it" in _found(book, "surveys")
    assert "protected by a password" in _found(book, "outreach")
    assert not [item for item in book.problems if item.table == "complaints"]


def test_what_reads_counts_before_what_does_not(tmp_path):
    (tmp_path / "customers.csv").write_text(CUSTOMERS)
    (tmp_path / "customers.xls").write_bytes(b"old")
    book = _open(tmp_path)
    assert book.tables == {"customers"}
    assert book.problems == ()


def test_a_folder_that_spark_wrote_is_a_table(tmp_path):
    (tmp_path / "customers.parquet").mkdir()
    pq.write_table(pa.table({"customer_id": ["c1"]}), tmp_path / "customers.parquet" / "part-0.snappy.parquet")
    assert _open(tmp_path).tables == {"customers"}
