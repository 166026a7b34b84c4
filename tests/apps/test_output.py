import openpyxl
import pandas as pd
import pytest

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
