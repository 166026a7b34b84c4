import zipfile

import openpyxl
import pandas as pd
import pytest

from churnkit.apps import output
from churnkit.apps.output import check_output, write_table
from churnkit.errors import UsageError

NASTY = pd.DataFrame(
    {"customer_id": ["=1+1", "@SUM(A1)", "007"], "reason_1": ["+86 10", "plain", "-"], "value": [1.5, 2, 3]}
)


def test_no_text_becomes_a_formula_in_excel(tmp_path):
    path = write_table(NASTY, tmp_path / "list.xlsx")
    sheet = openpyxl.load_workbook(path).active
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
    assert [cell.value for cell in cells[::3]] == ["=1+1", "@SUM(A1)", "007"]
    assert all(cell.data_type in ("s", "n") for cell in cells)
    assert sheet.freeze_panes == "B2"


def test_no_text_begins_like_a_formula_in_csv(tmp_path):
    path = write_table(NASTY, tmp_path / "list.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(path, dtype=str)
    assert list(back["customer_id"]) == ["'=1+1", "'@SUM(A1)", "007"]


def test_a_failed_write_leaves_the_old_list_and_nothing_else(tmp_path, monkeypatch):
    path = write_table(NASTY, tmp_path / "list.parquet")
    before = path.read_bytes()
    monkeypatch.setattr(pd.DataFrame, "to_parquet", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_table(NASTY.head(1), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["list.parquet"]


def test_an_unknown_ending_or_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="xlsx"):
        check_output(tmp_path / "list.doc")
    with pytest.raises(UsageError, match="no folder"):
        check_output(tmp_path / "nowhere" / "list.csv")


SCORES = pd.DataFrame({
    "customer_id": ["C1", "C2"], "end_date": pd.to_datetime(["2026-11-23", "2026-12-01"]),
    "renewal": [0.5512, 0.75], "low": [0.52, 0.7], "high": [0.58, 0.79], "unsure": [False, True],
    "value": [4116.4, 12.0], "reason_1": ["近一年投诉2次；此类客户续保较少", None],
})  # fmt: skip


@pytest.mark.parametrize("kind", output.KINDS)
def test_the_same_table_gives_the_same_bytes(kind, tmp_path):
    first, again = (write_table(SCORES, tmp_path / f"{name}{kind}").read_bytes() for name in ("first", "again"))
    assert first == again


def test_a_workbook_does_not_hold_the_moment_of_its_writing(tmp_path):
    with zipfile.ZipFile(write_table(SCORES, tmp_path / "list.xlsx")) as file:
        assert b"2000-01-01T00:00:00Z</dcterms:created>" in file.read("docProps/core.xml")
        assert {each.date_time[0] for each in file.infolist()} == {1980}


def test_a_workbook_is_ready_for_the_eye(tmp_path):
    sheet = openpyxl.load_workbook(write_table(SCORES, tmp_path / "list.xlsx")).active
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:H3"
    assert [sheet.cell(2, at).number_format for at in (3, 4, 5, 7)] == ["0.0%", "0.0%", "0.0%", "#,##0"]
    assert sheet["B2"].number_format == "yyyy-mm-dd"
    assert sheet["H2"].value == "近一年投诉2次；此类客户续保较少"
    assert 30 <= sheet.column_dimensions["H"].width <= 60  # sixteen characters, most of them of double width


def test_a_long_csv_is_written_some_rows_at_a_time(tmp_path, monkeypatch):
    whole = write_table(SCORES, tmp_path / "whole.csv").read_bytes()
    monkeypatch.setattr(output, "_AT_ONCE", 1)
    assert write_table(SCORES, tmp_path / "parts.csv").read_bytes() == whole
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "whole.csv", parse_dates=["end_date"]), SCORES,
                                  check_dtype=False)  # fmt: skip


def test_more_rows_than_a_sheet_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(output, "_SHEET", 1)
    with pytest.raises(UsageError, match=r"2 rows.*\.parquet or \.csv"):
        write_table(SCORES, tmp_path / "list.xlsx")
