"""What the record tells and forgets: imports by their own day, and nobody back who was forgotten."""

from unittest import mock

import openpyxl
import pandas as pd
import pytest

from churnkit.apps.retention import forgotten, import_outcomes, make_list, told
from churnkit.retain.record import events, kept_outcomes, kept_plan, lists
from tests.retain.made import AS_OF, book_of, scores_of, tables

DAY = f"{AS_OF:%Y-%m-%d}"
TYPED = "Mrs Wang, tel 13800000000"


@pytest.fixture(scope="module")
def made():
    return tables(300, seed=2)


@pytest.fixture
def week(made, tmp_path, monkeypatch):
    """A folder with a book, a list and its record; whose first row anybody fills in as people do."""
    monkeypatch.setenv("CHURNKIT_SALT", "a secret")
    for name, frame in made.items():
        (tmp_path / "book").mkdir(exist_ok=True)
        frame.to_parquet(tmp_path / "book" / f"{name}.parquet", index=False)
    (tmp_path / "book" / "churnkit.toml").write_text(f'data_cutoff = "{DAY}"\n')
    plan = make_list(book_of(made), scores_of(made), tmp_path / "list.xlsx", tmp_path / "kept", capacity=20)
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    sheet = book.worksheets[0]
    at = {cell.value: cell.column for cell in sheet[1]}
    for name, cell in {"Called on": f"2026-10-02 {TYPED}", "Outcome": TYPED, "Reached": "yes", "Concession given": 50,
                       "Reason the customer gives": TYPED, "Override": TYPED, "Note": TYPED,
                       "Why overridden": TYPED}.items():  # fmt: skip
        sheet.cell(2, at[name], cell)
    sheet.cell(1, sheet.max_column + 1, "Mine")
    sheet.cell(2, sheet.max_column, TYPED)
    sheet.append([None] * (at["Reference"] - 1) + [sheet.cell(2, at["Reference"]).value, "2026-10-03", TYPED])
    sheet.cell(3, at["Outcome"], "undecided")
    book.save(tmp_path / "list.xlsx")
    return tmp_path, plan


@pytest.mark.parametrize("broken", ["keep_plan", "write_list"])
def test_no_file_is_left_that_the_record_does_not_know(made, tmp_path, monkeypatch, broken):
    given, places = (book_of(made), scores_of(made)), (tmp_path / "list.xlsx", tmp_path / "kept")
    with monkeypatch.context() as patch:
        patch.setattr(f"churnkit.apps.retention.{broken}", mock.Mock(side_effect=OSError(28, "No space left")))
        with pytest.raises(OSError, match="No space"):
            make_list(*given, *places, capacity=20)
    assert not places[0].exists()
    before = lists(places[1])
    plan = make_list(*given, *places, capacity=20)
    assert places[0].exists()
    assert lists(places[1]) == [plan.list_id]
    assert before in ([], [plan.list_id])  # made again it is the list that was kept


def brought(folder, list_id=None):
    return import_outcomes(folder / "list.xlsx", str(folder / "book"), folder / "kept", list_id=list_id)


def test_an_audit_of_a_day_tells_nothing_that_came_back_later(week):
    folder, plan = week
    brought(folder)
    who = plan.table["customer_id"][0]
    assert "came back" not in told(folder / "kept", who, DAY)
    assert f"note {TYPED}" in told(folder / "kept", who, None)
    day = pd.Timestamp(events(folder / "kept")[-1]["on"])
    assert "came back" in told(folder / "kept", who, f"{day:%Y-%m-%d}")
    assert "came back" not in told(folder / "kept", who, f"{day - pd.Timedelta('1min')}")


def test_what_was_typed_about_somebody_is_forgotten_with_them(week):
    folder, plan = week
    brought(folder)
    who = plan.table["customer_id"][0]
    assert forgotten(folder / "kept", who) == 2
    ((_, cells),) = kept_outcomes(folder / "kept", plan.list_id)
    for file in (folder / "kept").rglob("*"):
        assert file.is_dir() or not any(word.encode() in file.read_bytes() for word in (who, TYPED)), file
    mine = cells[cells["customer_id"].str.startswith("forgotten-")]
    assert len(mine) == 2  # the row, and the one below the list that repeats its reference
    told_plainly = mine.iloc[0][["contacted_at", "reached", "offer_value"]].tolist()
    assert told_plainly == ["2026-10-02", "yes", "50"]
    assert "undecided" in cells["outcome"].tolist()


@pytest.mark.parametrize("hidden", ["", "Customer", "Reference"])
def test_an_old_file_brings_nobody_back(week, hidden):
    folder, plan = week
    who = plan.table["customer_id"][0]
    forgotten(folder / "kept", who)
    book = openpyxl.load_workbook(folder / "list.xlsx")
    sheet = book.worksheets[0]
    at = {cell.value: cell.column for cell in sheet[1]}
    if hidden:
        sheet.delete_cols(at[hidden])
    if hidden == "Reference":  # then the row below the list names nobody at all
        sheet.delete_rows(sheet.max_row)
    book.save(folder / "list.xlsx")
    back, added, target = brought(folder, plan.list_id)
    assert "LST13" in [each.code for each in back.findings]
    outreach = pd.read_parquet(target)
    new = outreach[outreach["campaign"].str.startswith(plan.list_id)]
    assert len(new) == added
    assert who not in set(new["customer_id"])
    assert not new["customer_id"].str.startswith("forgotten-").any()
    assert (new["outcome"] == "undecided").sum() == 1
    ((_, cells),) = kept_outcomes(folder / "kept", plan.list_id)
    assert who not in set(cells["customer_id"])
    assert not (cells == TYPED).any(axis=None)
    assert len(kept_plan(folder / "kept", plan.list_id).everyone) == len(plan.everyone)
