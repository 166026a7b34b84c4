"""Sheets and columns as people leave them: every sheet is read, and no column is lost without a word."""

import openpyxl
import pandas as pd
import pytest

import churnkit as ck
from churnkit.errors import ContractError, UsageError
from churnkit.retain.headings import read_list
from churnkit.retain.outcomes import list_of, read_outcomes
from churnkit.retain.workbook import write_list
from tests.retain.made import AS_OF, book_of, scores_of, tables

NOW = AS_OF + pd.Timedelta("10D")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The plan, the headings of its list, and its rows, each with a call."""
    given = tables(300, seed=2)
    plan = ck.plan_retention(scores_of(given), book_of(given), capacity=20)
    path = tmp_path_factory.mktemp("list") / "list.xlsx"
    write_list(plan, path)
    book = openpyxl.load_workbook(path)
    sheets = {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}
    head, *rows = sheets["List"]
    for row in rows:
        row[head.index("Called on")], row[head.index("Outcome")] = "2026-10-02", "says will renew"
    return plan, head, rows, sheets["Left out and why"]


def saved(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def renamed(head, **names):
    return [names.get(name.replace(" ", "_"), name) for name in head]


def said(back, code):
    return [each for each in back.findings if each.code == code]


def test_rows_parted_over_sheets_are_all_read(made, tmp_path):
    plan, head, rows, left_out = made
    title = ["what Wang did"]
    path = saved(tmp_path / "list.xlsx", Left_out_and_why=left_out, Li=[head, *rows[:9]],
                 Wang=[title, ["Mark", *head], *(["x", *row] for row in rows[9:])], Notes=[["buy milk"]])  # fmt: skip
    assert list_of(path) == plan.list_id
    back = read_outcomes(path, plan, recorded_at=NOW)
    assert (back.outreach["outcome"] == "will_renew").sum() == len(rows) == back.filled
    assert [(each.code, each.severity) for each in back.findings] == [("LST03", "note")]
    assert "'Mark' of sheet 'Wang'" in back.text
    assert back.cells["row"].tolist()[8:10] == ["10 of Li", "3 of Wang"]


@pytest.mark.parametrize("name", ["Left out and why", "未列入及原因", "Sheet1"])
def test_whoever_was_left_out_is_no_row_of_the_list(made, tmp_path, name):
    _, head, rows, left_out = made
    path = saved(tmp_path / "list.xlsx", **{name: left_out, "List": [head, *rows]})
    table, findings = read_list(path)
    assert (len(table), findings) == (len(rows), [])
    who = [renamed(head, Reference="X", Customer="Who"), *rows]
    assert len(read_list(saved(tmp_path / "list.xlsx", **{name: left_out, "List": who}))[0]) == len(rows)


def test_a_sheet_without_headings_is_said(made, tmp_path):
    plan, head, rows, _ = made
    back = read_outcomes(saved(tmp_path / "list.xlsx", Li=[head, *rows[:9]], Wang=rows[9:]), plan, recorded_at=NOW)
    assert "sheet 'Wang'" in said(back, "LST12")[0].found


def test_a_column_renamed_beyond_recognition_is_said_and_kept(made, tmp_path):
    plan, head, rows, _ = made
    path = saved(tmp_path / "list.xlsx", List=[renamed(head, Called_on="Phoned"), *rows])
    back = read_outcomes(path, plan, recorded_at=NOW)
    (found,) = said(back, "LST03")
    assert (found.severity, found.fix) == ("warning", "rename it if it is one of: Called on")
    assert back.cells["other:Phoned"].eq("2026-10-02").all()


@pytest.mark.parametrize(
    ("heading", "cell"),
    [("Date", None), ("Date", "2026-10-09"), ("Result", "ok"), ("Action", "to do"), ("Ref", "see file")],
)
def test_an_own_column_takes_the_place_of_none_of_the_lists(made, tmp_path, heading, cell):
    plan, head, rows, _ = made
    path = saved(tmp_path / "list.xlsx", List=[[heading, *head], *([cell, *row] for row in rows)])
    assert list_of(path) == plan.list_id
    back = read_outcomes(path, plan, recorded_at=NOW)
    called = back.outreach[back.outreach["contacted_at"].notna()]
    assert called["contacted_at"].unique().tolist() == [pd.Timestamp("2026-10-02")]
    assert (called["outcome"] == "will_renew").sum() == len(rows)
    assert [each.severity for each in said(back, "LST03")] == ["note"] * (cell is not None)
    assert cell is None or back.cells[f"other:{heading}"].eq(cell).all()


def test_an_own_date_beside_a_blank_column_of_the_lists_is_asked_about(made, tmp_path):
    plan, head, rows, _ = made
    at = head.index("Called on")
    blank = [[*row[:at], None, *row[at + 1 :]] for row in rows]
    path = saved(tmp_path / "list.xlsx", List=[["Date", *head], *(["2026-10-02", *row] for row in blank)])
    (found,) = said(read_outcomes(path, plan, recorded_at=NOW), "LST03")
    assert (found.severity, found.fix) == ("warning", "rename it if it is one of: Called on")


def test_own_columns_of_one_heading_are_all_kept(made, tmp_path):
    plan, head, rows, _ = made
    own = ["Mark", "Mark", "Value", "Outcome", None]
    path = saved(tmp_path / "l.xlsx", List=[[*own, *head], *(["1st", "2nd", "mine", "hm", "5", *row] for row in rows)])
    back = read_outcomes(path, plan, recorded_at=NOW)
    assert (back.outreach["outcome"] == "will_renew").sum() == len(rows)
    for name, cell in {"Mark": "1st", "Mark (2)": "2nd", "Value": "mine", "Outcome": "hm", "column 5": "5"}.items():
        assert back.cells[f"other:{name}"].eq(cell).all()
    asked = [each.found for each in said(back, "LST03") if each.severity == "warning"]
    assert asked == ["column 'column 5' is none of the list's"]  # an amount: it may be the concession


def test_one_cell_for_several_rows_is_said_where_it_is_read(made, tmp_path):
    plan, head, rows, _ = made
    blank = [[*row[: head.index("Called on")], *[None] * len(row[head.index("Called on") :])] for row in rows]
    path = saved(tmp_path / "list.xlsx", Li=[["of this week"], head, *blank], Wang=[head])
    book = openpyxl.load_workbook(path)
    sheet, at = book["Li"], head.index("Outcome") + 1
    sheet.cell(4, at, "undecided")
    for first, last, column in ((4, 6, at), (8, 9, at), (1, 1, 1), (10, 12, len(head) + 1)):
        if column > len(head):
            sheet.cell(first, column, "mine")  # an own column: nothing of it is read
        sheet.merge_cells(start_row=first, end_row=last, start_column=column, end_column=column + (first == 1))
    book.save(path)
    back = read_outcomes(path, plan, recorded_at=NOW)
    (found,) = said(back, "LST17")
    assert "rows 4 to 6 have one cell in column 'Outcome' of sheet 'Li'" in found.found
    assert (found.severity, found.count, found.examples) == ("warning", 2, ("row 5", "row 6"))
    assert (back.outreach["outcome"] == "undecided").sum() == 1


def test_a_file_of_another_kind_is_to_be_saved_as_a_workbook(tmp_path):
    for name in ("list.ods", "list.xlsm"):
        (tmp_path / name).write_bytes(b"PK")
        with pytest.raises(UsageError, match=r"save it as \.xlsx"):
            read_list(tmp_path / name)
    with pytest.raises(UsageError, match="Name one that exists"):
        read_list(tmp_path / "none.ods")


def test_a_list_without_references_is_told_which_column_has_them(tmp_path):
    (tmp_path / "who.csv").write_text("Customer,Outcome\nC0001,renewed\n")
    with pytest.raises(ContractError, match="Keep the column Reference"):
        list_of(tmp_path / "who.csv")
