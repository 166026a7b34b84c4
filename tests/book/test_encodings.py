"""Encodings and shapes of CSV: read as they were written, or told where they cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from churnkit.book.csvs import lines_of, read_csv
from churnkit.book.encodings import look
from churnkit.book.engine import Engine
from churnkit.book.open import open_book
from churnkit.book.settings import Settings
from churnkit.errors import UsageError

ROWS = [("c1", "华东", None), ("c2", "内蒙古", 'say "hi"'), ("c3", "香港岛,九龙", "x")]
TEXT = 'customer_id,region,gender\nc1,华东,\nc2,内蒙古,"say ""hi"""\nc3,"香港岛,九龙",x\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "churnkit.toml").write_text('data_cutoff = "2026-01-01"\n')
    return tmp_path


def _rows(book):
    return [tuple(row.values()) for row in book._engine.sql("SELECT * FROM source_customers").to_pylist()]


def _problem(book, code):
    found = [item for item in book.problems if item.code == code]
    assert len(found) == 1, book.problems
    return found[0]


@pytest.mark.parametrize(
    ("encoding", "bom", "noted"),
    [("utf-8", b"", ""), ("utf-8-sig", b"", ""), ("gb18030", b"", "GB18030"), ("gbk", b"", "GB18030"),
     ("utf-16", b"", "UTF-16"), ("utf-16-be", b"\xfe\xff", "UTF-16")],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end_gives_the_same_rows(folder, encoding, bom, noted, end):
    (folder / "customers.csv").write_bytes(bom + TEXT.replace("\n", end).encode(encoding))
    book = open_book(folder)
    assert _rows(book) == ROWS
    if not noted:
        assert book.problems == ()
        return
    item = _problem(book, "ENC03")
    assert (item.severity, item.table) == ("note", "customers")
    assert f"read as {noted}" in item.found
    assert "华东" in item.examples[0]
    assert list(book._engine.folder.glob("*.csv")) == []  # the copy in UTF-8 is gone


def test_an_encoding_may_be_told_and_is_then_no_news(folder):
    (folder / "customers.csv").write_bytes("customer_id,region\nc1,香港島\n".encode("big5"))
    book = open_book(folder, settings=Settings(data_cutoff="2026-01-01", encoding={"customers": "big5"}))
    assert _rows(book) == [("c1", "香港島")]
    assert book.problems == ()


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64", "\0"])
def test_an_encoding_that_is_none_is_a_usage_error(folder, name):
    (folder / "customers.csv").write_text(TEXT)
    with pytest.raises(UsageError, match="encoding names an encoding"):
        open_book(folder, settings=Settings(data_cutoff="2026-01-01", encoding={"customers": name}))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"customer_id,region\nc1,east\nc2,\xff\xff\n", r"byte 31, in line 3, nor GB18030"),
        (b"customer_id,region\nc1,\xed\xa0\x80\n", "not UTF-8"),  # a lone surrogate
        (
            "customer_id,region\nc1,华东\nc2,内蒙古\n".encode()[:-2] + b"\n",
            "byte 39, in line 3, though the rest is",
        ),  # cut within a character
        ("customer_id,region\nc1,华东\n".encode("utf-16-le"), "NUL characters, the first in line 1"),
        (b"customer_id,region\nc1,east\nc2,\0\0\0\n", "3 NUL characters, the first in line 3"),
        (b"\xff\xfec\0u\0s", "not UTF-16"),
    ],
)
def test_what_no_encoding_reads_is_told_with_its_place(folder, content, found):
    (folder / "customers.csv").write_bytes(content)
    book = open_book(folder)
    assert not book.has("customers")
    item = _problem(book, "ENC03")
    assert item.severity == "error"
    assert found in item.found


def test_one_damaged_byte_makes_no_gb18030_of_utf8(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name\n" + "甲乙,".encode() * 50 + b"\x81\x40" + "丙丁\n".encode())
    with pytest.raises(Exception, match="not UTF-8 from byte 359"):
        look(path)


def test_a_character_across_two_blocks_is_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_bytes("id,名称\n1,华东𠀀\n".encode("gb18030"))
    for size in (1, 2, 3, 5, 7):
        monkeypatch.setattr("churnkit.book.encodings._BLOCK", size)
        assert look(path).encoding == "gb18030"
    path.write_bytes("id,名称\n1,华东\n".encode("gb18030") + b"\xff\n")
    for size in (1, 2, 3, 5, 7):
        monkeypatch.setattr("churnkit.book.encodings._BLOCK", size)
        with pytest.raises(Exception, match="byte 4, in line 1"):
            look(path)


def test_a_mark_in_the_middle_is_left_out_and_told(folder):
    (folder / "customers.csv").write_text(TEXT.replace("c2", "\ufeffc2"), encoding="utf-8")
    book = open_book(folder)
    assert _rows(book) == ROWS
    item = _problem(book, "ENC03")
    assert (item.severity, item.examples) == ("warning", ("line 3",))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_line_ends_may_be_mixed(folder, encoding):
    lines = TEXT.encode(encoding).split(b"\n")
    (folder / "customers.csv").write_bytes(lines[0] + b"\n" + lines[1] + b"\r\n" + lines[2] + b"\r" + lines[3])
    assert _rows(open_book(folder)) == ROWS


def test_a_title_above_the_header_is_passed_over_and_told(folder):
    (folder / "customers.csv").write_text("\n承保清单,,\n\n" + TEXT, encoding="gb18030")
    book = open_book(folder)
    assert _rows(book) == ROWS
    assert "line 4" in _problem(book, "COL01").found
    assert book.sources["customers"].places([1, 3]) == ["line 5", "line 7"]


def test_places_are_lines_of_the_file_as_it_was_written(folder):
    text = 'customer_id,region\r\nc1,"内\r\n蒙"\r\n\r\nc2,"华\n东"\r\nc3,x\r\n'
    for encoding in ("gb18030", "utf-16"):
        (folder / "customers.csv").write_bytes(text.encode(encoding))
        book = open_book(folder)
        assert book.rows("customers") == 3
        assert book.sources["customers"].places([3, 1, 2]) == ["line 7", "line 2", "line 5"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('a,b\n1,2\n"x\ny",2,3\n4\n', "line 3 has 3 fields where the header has 2, and 1 more such lines"),
        ('a,b\n1,2\n3,"open\n4,5\n', "in or after line 3"),
    ],
)
def test_records_that_do_not_fit_are_told_by_line(folder, content, found):
    (folder / "calendar.csv").write_text(content)
    assert found in _problem(open_book(folder), "TYP02").found


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("text", "even"),
    [("a,b\n1,2\n3,4\n", True), ("a,b\n1,2\n3,4", True), ("t\na,b\n1,2\n3,4\n", True),
     ("a,b\n1,2\n\n3,4\n", False), ('a,b\n1,"2\n"\n3,4\n', False)],
)  # fmt: skip
def test_a_file_of_one_line_per_row_is_not_read_again_for_places(tmp_path, monkeypatch, end, text, even):
    path = tmp_path / "terms.csv"
    path.write_bytes(text.replace("\n", end).encode())
    loaded = read_csv(Engine(), "terms", path)
    assert loaded.even is even
    found = lines_of(loaded, [1, 2], width=2)
    assert found == lines_of(replace(loaded, even=False), [1, 2], width=2)
    path.unlink()
    if even:
        assert lines_of(loaded, [1, 2], width=2) == found


def test_a_large_gb18030_file_is_never_held_in_memory(tmp_path):
    import tracemalloc

    path = tmp_path / "terms.csv"
    row = "保单号一二三四五,客户名称六七八九十,".encode("gb18030") + b"x" * 200 + b"\n"
    with path.open("wb") as file:
        file.write(b"term_id,name,rest\n")
        for _ in range(200):
            file.write(row * 500)
    engine = Engine()
    tracemalloc.start()
    read_csv(engine, "terms", path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 20e6
    assert peak < 12e6
    assert engine.sql("SELECT count(*) AS n FROM source_terms").to_pylist() == [{"n": 100_000}]
