"""The way back: a list filled as people fill lists is read whole, what does not read is said, and twice is once."""

import random

import openpyxl
import pandas as pd
import pytest

import churnkit as ck
from churnkit.errors import ContractError, UsageError
from churnkit.retain.outcomes import list_of, read_outcomes
from churnkit.retain.outreach import append_outreach, outreach_file
from churnkit.retain.workbook import write_list
from tests.retain.made import AS_OF, book_of, scores_of, tables

NOW = AS_OF + pd.Timedelta("10D")


@pytest.fixture(scope="module")
def made():
    return tables(300, seed=2)


@pytest.fixture(scope="module")
def plan(made):
    return ck.plan_retention(scores_of(made), book_of(made), capacity=40)


def rows_of(sheet):
    head, *rows = (list(row) for row in sheet.iter_rows(values_only=True))
    return head, [dict(zip(head, row, strict=True)) for row in rows]


def saved(path, head, rows):
    book = openpyxl.Workbook()
    book.active.append(head)
    for row in rows:
        book.active.append([row.get(name) for name in head])
    book.save(path)
    return path


def listed(plan, folder):
    """Headings and rows of the list as it was written."""
    write_list(plan, folder / "written.xlsx")
    return rows_of(openpyxl.load_workbook(folder / "written.xlsx").worksheets[0])


def filled(plan, path):
    """The list as somebody fills it: every second row, two outcomes mistyped, rows sorted anew, a column added."""
    write_list(plan, path)
    head, rows = rows_of(openpyxl.load_workbook(path).worksheets[0])
    for k, row in enumerate(rows[::2]):
        row |= {"Called on": AS_OF.to_pydatetime() + pd.Timedelta(days=k % 8), "Reached": "yes",
                "Outcome": "says will renew", "Reason the customer gives": "price"}  # fmt: skip
    rows[0]["Outcome"], rows[4]["Outcome"] = "sais will renew", "mabye"
    rows[1] |= {"Override": "not called: renews anyway", "Why overridden": "talked last week, at 'Li'"}
    head = ["My mark", *head]
    rows[3]["My mark"] = "call again"
    random.Random(1).shuffle(rows)
    return saved(path, head, rows)


def test_the_round_trip(plan, tmp_path):
    path = filled(plan, tmp_path / "list.xlsx")
    assert list_of(path) == plan.list_id
    back = read_outcomes(path, plan, recorded_at=NOW)
    assert [(each.code, each.severity) for each in back.findings] == [("LST03", "note"), *[("LST04", "warning")] * 2]
    assert {"'sais will renew'", "'mabye'"} == {each.found.split(" is ")[1] for each in back.findings[1:]}
    assert "one of: renewed, says will renew" in back.text
    treated = back.outreach[back.outreach["arm"] == "treat"].set_index("customer_id")
    assert set(treated.index) == set(plan.table["customer_id"])
    assert treated["outcome"].value_counts().to_dict() == {"will_renew": 18}
    assert treated["contacted_at"].notna().sum() == 20
    assert (back.filled, back.overridden, back.added) == (21, 1, 0)
    said = treated.loc[treated["overridden"].astype(bool), "override_reason"].tolist()
    assert said == ["renews_anyway: talked last week, at 'Li'"]
    assert back.cells["other:My mark"].tolist().count("call again") == 1
    held = back.outreach[back.outreach["arm"] == "holdout"]
    assert set(held["customer_id"]) == set(plan.everyone.query("arm == 'holdout'")["customer_id"])
    assert held["contacted_at"].isna().all()


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_second_import_adds_nothing_and_a_correction_is_a_version(made, plan, tmp_path, ending):
    file = tmp_path / f"outreach.{ending}"
    made["outreach"].to_parquet(file) if ending == "parquet" else made["outreach"].to_csv(file, index=False)
    path = filled(plan, tmp_path / "list.xlsx")
    back = read_outcomes(path, plan, recorded_at=NOW)
    assert append_outreach(file, back.outreach) == len(back.outreach)
    bytes_before = file.read_bytes()
    assert append_outreach(file, read_outcomes(path, plan, recorded_at=NOW + pd.Timedelta("1D")).outreach) == 0
    assert file.read_bytes() == bytes_before
    book = openpyxl.load_workbook(path)
    head, rows = rows_of(book.worksheets[0])
    wrong = next(row for row in rows if row["Outcome"] == "mabye")
    wrong["Outcome"] = "undecided"
    saved(path, head, rows)
    later = NOW + pd.Timedelta("2D")
    assert append_outreach(file, read_outcomes(path, plan, recorded_at=later).outreach) == 1
    read = pd.read_parquet(file) if ending == "parquet" else pd.read_csv(file)
    read = {**made, "outreach": read}
    known = ck.open_book(read, data_cutoff=AS_OF + pd.Timedelta("30D"))
    versions = known.sql(f"SELECT outcome, superseded_at FROM outreach WHERE customer_id = '{wrong['Customer']}'"
                         f" AND campaign = '{plan.list_id}' ORDER BY recorded_at").to_pylist()  # fmt: skip
    assert [each["outcome"] for each in versions] == [None, "undecided"]
    assert versions[0]["superseded_at"] == later
    assert not [each for each in ck.check_book(known).errors if each.table == "outreach"]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_two_people_send_back_a_part_each_and_neither_takes_away_what_the_other_wrote(plan, tmp_path, ending):
    head, rows = listed(plan, tmp_path)
    for row in rows:
        row |= {"Called on": "2026-10-02", "Outcome": "says will renew"}
    file = tmp_path / f"outreach.{ending}"
    for k, part in enumerate((rows[:20], rows[20:], rows[:20])):
        path = saved(tmp_path / f"{k}.xlsx", head, part)
        append_outreach(file, read_outcomes(path, plan, recorded_at=NOW + pd.Timedelta(hours=k)).outreach)
    read = pd.read_parquet(file) if ending == "parquet" else pd.read_csv(file)
    latest = read.drop_duplicates("action_id", keep="last")
    assert (latest["outcome"] == "will_renew").sum() == 40
    assert len(read) == len(latest) + 20  # what Li wrote, everybody else blank; then what Wang wrote; then nothing


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_call_without_a_day_is_a_contact_on_the_day_of_the_import_and_stays_there(made, plan, tmp_path, ending):
    head, rows = listed(plan, tmp_path)
    rows[0]["Reached"] = rows[1]["Reached"] = "yes"
    rows[2]["Outcome"] = "says will renew"
    rows[3]["Outcome"] = "not reached"
    rows[4] |= {"Outcome": "renewed", "Override": "not called: renews anyway", "Why overridden": "her son told us"}
    rows[5] |= {"Outcome": "renewed", "Reached": "no"}
    path, file = saved(tmp_path / "list.xlsx", head, rows), tmp_path / f"outreach.{ending}"
    back = read_outcomes(path, plan, recorded_at=NOW)
    assert [(each.code, each.count) for each in back.findings] == [("LST11", 3)]
    called = back.outreach[back.outreach["contacted_at"].notna()]
    assert called["contacted_at"].tolist() == [NOW.normalize()] * 3
    assert called["cost"].gt(0).all()
    append_outreach(file, back.outreach, undated=back.undated)
    again = read_outcomes(path, plan, recorded_at=NOW + pd.Timedelta("2D"))
    assert append_outreach(file, again.outreach, undated=again.undated) == 0
    rows[1]["Outcome"] = "undecided"  # filled in later: the contact stays on its day
    again = read_outcomes(saved(path, head, rows), plan, recorded_at=NOW + pd.Timedelta("3D"))
    assert append_outreach(file, again.outreach, undated=again.undated) == 1
    read = pd.read_parquet(file) if ending == "parquet" else pd.read_csv(file)
    assert pd.to_datetime(read["contacted_at"]).dropna().unique().tolist() == [NOW.normalize()]
    later = ck.open_book({**made, "outreach": back.outreach}, data_cutoff=NOW + pd.Timedelta("11D"))
    next_list = ck.plan_retention(scores_of(made).assign(as_of=NOW + pd.Timedelta("11D")), later, capacity=300)
    assert not set(called["customer_id"]) & set(next_list.table["customer_id"])
    early = read_outcomes(path, plan, recorded_at=AS_OF - pd.Timedelta("1D"))
    assert early.outreach["contacted_at"].dropna().unique().tolist() == [AS_OF]


def test_renamed_columns_are_found_by_heading_or_by_what_they_hold(plan, tmp_path):
    path = filled(plan, tmp_path / "list.xlsx")
    head, rows = rows_of(openpyxl.load_workbook(path).worksheets[0])
    names = {"Outcome": "What happened", "Reference": "X", "Called on": "Date", "Customer": "Who"}
    rows = [{names.get(name, name): value for name, value in row.items()} for row in rows]
    back = read_outcomes(saved(path, [names.get(name, name) for name in head], rows), plan, recorded_at=NOW)
    notes = [each.found for each in back.findings if each.code == "LST02"]
    assert len(notes) == 2
    assert "'What happened' is read as outcome" in " ".join(notes)
    assert (back.outreach["outcome"] == "will_renew").sum() == 18


def test_added_and_repeated_rows_and_those_of_the_hold_out_are_said(plan, tmp_path):
    path = filled(plan, tmp_path / "list.xlsx")
    head, rows = rows_of(openpyxl.load_workbook(path).worksheets[0])
    everyone = plan.everyone
    mine = everyone.loc[everyone["code"] == "capacity", "customer_id"].iloc[0]
    held = everyone.loc[everyone["arm"] == "holdout", "customer_id"].iloc[0]
    call = {"Called on": "2026/10/5", "Outcome": "renewed", "Note": "asked for it"}
    done = next(row for row in rows if row["Outcome"] == "says will renew")
    rows += [
        {"Customer": mine, **call},
        {"Customer": held, **call},
        {"Customer": "unknown", **call},
        call,
        dict(done),
    ]
    rows[-1] |= call
    back = read_outcomes(saved(path, head, rows), plan, recorded_at=NOW)
    codes = [each.code for each in back.findings]
    assert codes.count("LST07") == 2  # the hold-out, and nobody's customer
    assert codes.count("LST06") == codes.count("LST05") == 1
    assert "hold-out is no longer untouched" in back.text
    assert back.added == 2
    assert "unknown" not in set(back.outreach["customer_id"])
    assert "unknown" in set(back.cells["customer_id"])
    outreach = back.outreach.set_index("customer_id")
    assert outreach.loc[mine, ["arm", "override_reason"]].tolist() == ["treat", "added"]
    assert outreach.loc[mine, "campaign"] == f"{plan.list_id}-added"
    assert outreach.loc[held, ["arm", "contacted_at"]].tolist() == ["holdout", pd.Timestamp("2026-10-05")]
    assert outreach.loc[done["Customer"], "outcome"] == "renewed"
    assert len(back.cells) == len(rows)


@pytest.mark.parametrize(
    ("column", "cell", "what"),
    [
        ("Called on", "05.10.2026", "a date as"), ("Called on", "2026-09-01", "a day from 2026-10-01"),
        ("Called on", "2027-01-01", "a day from"), ("Concession given", "-5", "0 or more"),
        ("Concession given", "much", "0 or more"), ("Concession given", "12,5", "0 or more"),
        ("Concession given", "1.200,50", "0 or more"), ("Reached", "maybe", "one of: yes, no"),
        ("Override", "no", "one of"), ("Reason the customer gives", "the weather", "one of: price"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_read_is_a_finding_and_the_rest_counts(plan, tmp_path, column, cell, what):
    path = tmp_path / "list.xlsx"
    write_list(plan, path)
    head, rows = rows_of(openpyxl.load_workbook(path).worksheets[0])
    rows[5] |= {"Called on": "2026-10-02", "Outcome": "undecided", column: cell}
    back = read_outcomes(saved(path, head, rows), plan, recorded_at=NOW)
    assert [each.code for each in back.findings] == ["LST04", *["LST11"] * (column == "Called on")]
    assert what in back.findings[0].fix
    assert "row 7" in back.findings[0].examples
    assert back.outreach["outcome"].notna().sum() == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_chinese_csv_comes_back(made, tmp_path, encoding):
    plan = ck.plan_retention(scores_of(made), book_of(made), capacity=5, language="zh")
    path = tmp_path / "list.csv"
    write_list(plan, path, encoding=encoding)
    lines = path.read_bytes().decode(encoding).splitlines()
    at = lines[0].split(",").index("结果")
    cells = lines[1].split(",")
    cells[at], cells[at - 2], cells[-1] = "表示将续保", "2026年10月3日", "'=SUM(A1)"
    path.write_bytes("\n".join([lines[0], ",".join(cells), *lines[2:]]).encode(encoding))
    back = read_outcomes(path, plan, recorded_at=NOW)
    assert back.findings == ()
    assert back.outreach["outcome"].dropna().tolist() == ["will_renew"]
    assert "=SUM(A1)" in back.cells["note"].tolist()


def test_who_asked_not_to_be_called_is_never_listed_again(made, plan, tmp_path):
    path = tmp_path / "list.xlsx"
    write_list(plan, path)
    head, rows = rows_of(openpyxl.load_workbook(path).worksheets[0])
    rows[0] |= {"Called on": "2026-10-02", "Outcome": "asked not to be called"}
    back = read_outcomes(saved(path, head, rows), plan, recorded_at=NOW)
    outreach = pd.concat([made["outreach"], back.outreach], ignore_index=True)
    later = ck.open_book({**made, "outreach": outreach}, data_cutoff=AS_OF + pd.Timedelta("60D"))
    scores = scores_of(made).assign(as_of=AS_OF + pd.Timedelta("60D"))
    again = ck.plan_retention(scores, later, capacity=300, due_within_days=400)
    assert "do not call" in again.why(rows[0]["Customer"])


def test_a_held_out_customer_called_by_mistake_is_told_whole(made, plan, tmp_path):
    head, rows = listed(plan, tmp_path)
    held = plan.everyone.loc[plan.everyone["arm"] == "holdout", "customer_id"].iloc[0]
    rows.append({"Customer": held, "Called on": "2026-10-03", "Reached": "yes", "Outcome": "asked not to be called",
                 "Concession given": 50, "Why overridden": "took her for another"})  # fmt: skip
    back = read_outcomes(saved(tmp_path / "list.xlsx", head, rows), plan, recorded_at=NOW)
    row = back.outreach.set_index("customer_id").loc[held]
    assert row[["arm", "reached", "outcome", "offer_value"]].tolist() == ["holdout", True, "do_not_call", 50]
    assert row[["action", "override_reason"]].tolist() == ["call", "added: took her for another"]
    outreach = pd.concat([made["outreach"], back.outreach], ignore_index=True)
    later = ck.open_book({**made, "outreach": outreach}, data_cutoff=AS_OF + pd.Timedelta("60D"))
    scores = scores_of(made).assign(as_of=AS_OF + pd.Timedelta("60D"))
    again = ck.plan_retention(scores, later, capacity=300, due_within_days=400, holdout=0)
    assert "do not call" in again.why(held)


def test_what_is_no_list_is_refused_without_a_traceback(plan, tmp_path):
    with pytest.raises(UsageError, match=r"\.xlsx or \.csv"):
        read_outcomes(tmp_path / "none.xlsx", plan)
    (tmp_path / "bad.xlsx").write_bytes(b"PK nonsense")
    with pytest.raises(ContractError, match="workbook can be read"):
        read_outcomes(tmp_path / "bad.xlsx", plan)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ContractError, match="reference or the customer"):
        read_outcomes(tmp_path / "other.csv", plan)
    (tmp_path / "who.csv").write_text("Customer,Outcome\nC0001,renewed\n")
    with pytest.raises(ContractError, match="which list"):
        list_of(tmp_path / "who.csv")


def test_outcomes_go_only_where_the_contract_names_the_columns(tmp_path):
    with pytest.raises(UsageError, match="--to"):
        outreach_file("postgresql://someone@host/book")
    (tmp_path / "churnkit.toml").write_text('data_cutoff = "2026-10-01"\n')
    (tmp_path / "customers.csv").write_text("customer_id\na\n")
    assert outreach_file(tmp_path) == tmp_path / "outreach.parquet"
    (tmp_path / "outreach.csv").write_text("action_id\n")
    assert outreach_file(tmp_path).name == "outreach.csv"
    (tmp_path / "churnkit.toml").write_text('data_cutoff = "2026-10-01"\n[outreach.columns]\naction_id = "编号"\n')
    with pytest.raises(UsageError, match="columns"):
        outreach_file(tmp_path)
