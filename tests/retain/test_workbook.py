"""The workbook: three sheets, texts as texts, dates as dates, drop-downs, and what prints."""

import datetime as dt
from dataclasses import replace
from unittest import mock

import numpy as np
import openpyxl
import pytest

import churnkit as ck
from churnkit.errors import UsageError
from churnkit.retain.guide import guide
from churnkit.retain.sheet import OUTCOMES, OVERRIDES
from churnkit.retain.workbook import check_list, write_list
from tests.retain.made import book_of, scores_of, tables


@pytest.fixture(scope="module")
def planned():
    """A plan in which texts look like formulas and ids like numbers."""
    made = tables(200)
    number = {who: f"00{k:05d}" for k, who in enumerate(made["customers"]["customer_id"])}
    for frame in made.values():
        if "customer_id" in frame:
            frame["customer_id"] = frame["customer_id"].map(number)
    scores = scores_of(made).assign(reason_1="=1+1", reason_2='@HYPERLINK("x")')
    return {language: ck.plan_retention(scores, book_of(made), capacity=30, language=language)
            for language in ("en", "zh")}  # fmt: skip


def opened(plan, folder):
    write_list(plan, folder / "list.xlsx")
    return openpyxl.load_workbook(folder / "list.xlsx")


def test_three_sheets_with_frozen_headers_and_filters(planned, tmp_path):
    book = opened(planned["en"], tmp_path)
    assert book.sheetnames == ["List", "Left out and why", "How to read this"]
    first, second, third = book
    assert (first.freeze_panes, second.freeze_panes) == ("C2", "A2")
    assert first.auto_filter.ref == first.dimensions
    assert second.max_row == len(planned["en"].left_out) + 1
    said = " ".join(str(cell) for row in third.iter_rows(values_only=True) for cell in row)
    assert planned["en"].list_id in said
    assert "2026-10-15" in said  # the day from which the list is too old
    for reason, count in planned["en"].left_out["reason"].value_counts().items():
        assert any(row[:2] == (reason, f"{count:,}") for row in third.iter_rows(values_only=True))


def test_texts_are_texts_ids_keep_their_zeros_and_dates_are_dates(planned, tmp_path):
    sheet = opened(planned["en"], tmp_path)["List"]
    head = [cell.value for cell in sheet[1]]
    rows = [dict(zip(head, row, strict=True)) for row in sheet.iter_rows(min_row=2)]
    for row in rows:
        assert row["Customer"].data_type == "s"
        assert row["Customer"].value.startswith("00")
        assert isinstance(row["Due"].value, dt.datetime)
        assert row["Due"].number_format == "yyyy-mm-dd"
        assert (row["Reason 1"].value, row["Reason 1"].data_type) == ("=1+1", "s")
        assert row["Worth of a call"].number_format == "#,##0"
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize(("language", "place"), [("en", 0), ("zh", 1)])
def test_outcome_and_override_are_chosen_from_drop_downs(planned, tmp_path, language, place):
    sheet = opened(planned[language], tmp_path).worksheets[0]
    offered = [each.formula1.strip('"').split(",") for each in sheet.data_validations.dataValidation
               if each.type == "list"]  # fmt: skip
    assert [words[place] for words in OUTCOMES.values()] in offered
    assert [words[place] for words in OVERRIDES.values()] in offered
    for each in sheet.data_validations.dataValidation:
        assert each.formula1 is None or len(each.formula1) <= 257  # Excel's limit, quotes included


def test_it_prints_on_landscape_pages_with_the_header_on_each(planned, tmp_path):
    first, *others = opened(planned["en"], tmp_path)
    for sheet in (first, *others):
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.print_title_rows == "$1:$1"
        assert planned["en"].list_id in sheet.oddFooter.left.text
    for sheet in others:
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert first.print_title_cols == "$A:$B"
    ends = [first.cell(1, each.id).value for each in first.col_breaks.brk]
    assert ends == ["Reason 2", "Reference"]  # whom and why; the rest; what came of it


def test_wrapped_texts_have_rows_high_enough(planned, tmp_path):
    """Readers other than Excel take heights as they are written; looked at in one of them."""
    for sheet in opened(planned["en"], tmp_path).worksheets[::2]:
        for row in range(1, sheet.max_row + 1):
            longest = max(len(str(cell.value or "")) / sheet.column_dimensions[cell.column_letter].width
                          for cell in sheet[row])  # fmt: skip
            assert (sheet.row_dimensions[row].height or 15) >= 15 * min(np.ceil(longest), 2)


def test_a_chinese_list_speaks_chinese_throughout(planned, tmp_path):
    book = opened(planned["zh"], tmp_path)
    assert book.sheetnames == ["名单", "未列入及原因", "使用说明"]
    for cell in book["名单"][1]:
        assert not any("a" <= letter.lower() <= "z" for letter in cell.value), cell.value
    told = [row[1] for row in book["使用说明"].iter_rows(values_only=True) if row[1]]
    assert sum(any("一" <= letter <= "鿿" for letter in text) for text in told) >= 10


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_guide_says_whom_the_second_sheet_has_and_whether_anybody_is_held_out(planned, language):
    plan = planned[language]
    idle = replace(plan, everyone=plan.everyone.replace({"code": {"holdout": "capacity"}}))
    words = {"en": ("who was scored", "by lot, to see", "Nobody is held out"),
             "zh": ("已评分", "请勿自行添加", "未设随机对照")}[language]  # fmt: skip
    for each, has in ((plan, (True, True, False)), (idle, (True, False, True))):
        said = " ".join(right for _, right in guide(each, left_out_rows=9))
        assert tuple(word in said for word in words) == has


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_csv_guards_texts_in_either_encoding(planned, tmp_path, encoding):
    write_list(planned["zh"], tmp_path / "list.csv", encoding=encoding)
    raw = (tmp_path / "list.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    lines = raw.decode(encoding).splitlines()
    assert lines[0].startswith("序号,客户号,险种")
    assert len(lines) == 31
    assert "'=1+1" in lines[1]
    assert ",=1+1" not in raw.decode(encoding)


def test_the_same_list_gives_the_same_bytes_and_a_failure_leaves_nothing(planned, tmp_path, monkeypatch):
    for name in ("one.xlsx", "two.xlsx"):
        write_list(planned["en"], tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    monkeypatch.setattr("churnkit.retain.workbook.guide", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_list(planned["en"], tmp_path / "three.xlsx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.xlsx", "two.xlsx"]


def test_whoever_must_not_be_called_any_more_is_taken_off_at_export(tmp_path):
    made = tables(150)
    plan = ck.plan_retention(scores_of(made), book_of(made), capacity=20)
    gone = plan.table["customer_id"][0]
    made["customers"]["do_not_call"] |= made["customers"]["customer_id"] == gone
    written = write_list(plan, tmp_path / "list.xlsx", book=book_of(made))
    sheet = openpyxl.load_workbook(tmp_path / "list.xlsx")["List"]
    assert gone not in {row[1] for row in sheet.iter_rows(values_only=True)}
    assert len(written.table) == len(plan.table) - 1


@pytest.mark.parametrize("name", ["list.xlsx", "list.csv"])
def test_a_file_that_cannot_be_written_is_said_in_words(planned, tmp_path, monkeypatch, name):
    with pytest.raises(UsageError, match=r"nothing can be written as /proc/list"):
        check_list(f"/proc/{name}")
    with pytest.raises(UsageError, match=r"may be written\. Found: .*too long"):
        write_list(planned["en"], tmp_path / f"{'a' * 250}{name}")
    monkeypatch.setattr("pathlib.Path.write_bytes", mock.Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(UsageError, match="No space left"):
        write_list(planned["en"], tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_where_it_cannot_be_written_is_said_first(planned, tmp_path):
    plan = planned["en"]
    with pytest.raises(UsageError, match=r"\.xlsx or \.csv"):
        write_list(plan, tmp_path / "list.ods")
    with pytest.raises(UsageError, match="folder that exists"):
        write_list(plan, tmp_path / "none" / "list.xlsx")
    with pytest.raises(UsageError, match="gb18030"):
        write_list(plan, tmp_path / "list.csv", encoding="latin-1")


@pytest.mark.parametrize("rules", [{"budget": 0}, {"caps": {"branch": 0}}, {"save_rate": 0}, {"due_within_days": 0}])
def test_an_empty_list_is_a_workbook_too(tmp_path, rules):
    made = tables(60)
    book = book_of(made)
    plan = ck.plan_retention(scores_of(made), book, **rules)
    written = write_list(plan, tmp_path / "list.xlsx", book=book)
    assert len(written.table) == 0
    first, second, _ = openpyxl.load_workbook(tmp_path / "list.xlsx")
    assert first.max_row == 1
    told = [row[:2] for row in second.iter_rows(min_row=2, values_only=True)]
    assert told == list(written.left_out[["customer_id", "reason"]].itertuples(index=False, name=None))
    assert len(told) == made["policies"]["customer_id"].nunique()


def test_a_list_that_is_emptied_at_export_is_a_workbook_too(tmp_path):
    made = tables(60)
    plan = ck.plan_retention(scores_of(made), book_of(made), capacity=5)
    made["customers"]["do_not_call"] = True
    for name in ("list.xlsx", "list.csv"):
        assert write_list(plan, tmp_path / name, book=book_of(made)).table.empty
        assert len(plan.table)
    assert len((tmp_path / "list.csv").read_text(encoding="utf-8-sig").splitlines()) == 1
