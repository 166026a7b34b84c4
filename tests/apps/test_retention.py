"""The retention team's week on the command line: plan, import, import again, read out, audit, forget."""

import json
import shutil

import numpy as np
import openpyxl
import pandas as pd
import pytest

import churnkit as ck
from churnkit.apps.retention import caps_of
from churnkit.errors import ContractError, UsageError
from churnkit.retain.audit import audit
from churnkit.retain.record import events, kept_plan, lists
from tests.apps.commands import churnkit
from tests.retain.made import AS_OF, scores_of, tables

DAY = f"{AS_OF:%Y-%m-%d}"


def written(folder, made, cutoff=AS_OF):
    folder.mkdir(exist_ok=True)
    for name, frame in made.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "churnkit.toml").write_text(f'data_cutoff = "{cutoff:%Y-%m-%d}"\n')
    return folder


@pytest.fixture(scope="module")
def week(tmp_path_factory):
    """A book, its scores, a list of 60 and its record."""
    root = tmp_path_factory.mktemp("week")
    made = tables(900, seed=5)
    written(root / "book", made)
    scores_of(made).to_parquet(root / "scores.parquet")
    done = churnkit("plan", root / "book", "--scores", root / "scores.parquet", "-o", root / "list.xlsx", "--capacity",
                    90, "--cap", "branch=60", "--holdout", 0.25, "--record", root / "kept", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return root, made, json.loads(done.stdout)


@pytest.fixture
def copied(week, tmp_path):
    root, made, answer = week
    shutil.copytree(root, tmp_path / "week")
    return tmp_path / "week", made, answer


def fill(path):
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    at = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, 40):
        sheet.cell(row, at["Called on"], AS_OF.to_pydatetime())
        sheet.cell(row, at["Outcome"], "says will renew" if row != 9 else "dunno")
        sheet.cell(row, at["Reason the customer gives"], "price")
    sheet.cell(40, at["Override"], "not called: renews anyway")
    sheet.cell(40, at["Why overridden"], "spoke to her")
    book.save(path)


def later(folder, made, record, name):
    """The book after everything is final: the treated renew more often than the held out."""
    plan = kept_plan(record, name)
    rng = np.random.default_rng(0)
    arms = plan.policies.merge(plan.everyone[["customer_id", "arm"]])
    renewed = rng.random(len(arms)) < np.where(arms["arm"] == "treat", 0.85, 0.35)
    due = made["terms"].merge(arms.loc[renewed, ["policy_id"]])
    due = due[due["end_date"] > AS_OF]
    again = due.assign(term_id="X" + due["policy_id"], start_date=due["end_date"], issued_at=due["end_date"],
                       end_date=due["end_date"] + pd.Timedelta("365D"), recorded_at=due["end_date"],
                       offer_date=pd.NaT, offer_premium=np.nan)  # fmt: skip
    over = made["terms"].copy()
    mine = over["end_date"].gt(AS_OF) & over["ended_date"].isna() & over["policy_id"].isin(arms["policy_id"])
    over.loc[mine, "ended_date"] = over.loc[mine, "ended_recorded_at"] = over.loc[mine, "end_date"]
    over.loc[mine, "end_reason"] = np.where(over.loc[mine, "policy_id"].isin(due["policy_id"]), "renewed", "expired")
    terms = pd.concat([over, again], ignore_index=True)
    return written(folder, {"terms": terms}, AS_OF + pd.Timedelta("300D"))


def test_a_list_says_which_trial_it_replaces(copied):
    """Another capacity on the same day, before anything came back: the command says so, and next time no more."""
    root, _, answer = copied
    asked = ("plan", root / "book", "--scores", root / "scores.parquet", "-o", root / "b.xlsx", "--capacity", 80,
             "--holdout", 0.25, "--record", root / "kept")  # fmt: skip
    assert f"takes the place of {answer['list']}" in churnkit(*asked).stdout
    assert json.loads(churnkit(*asked, "--json").stdout)["replaces"] == []
    assert answer["replaces"] == []


def test_plan_writes_the_list_keeps_it_and_counts_everybody(week):
    root, made, answer = week
    sheet = openpyxl.load_workbook(root / "list.xlsx")["List"]
    assert sheet.max_row - 1 == answer["listed"] <= 90
    assert answer["listed"] + sum(answer["left_out"].values()) == made["policies"]["customer_id"].nunique()
    assert lists(root / "kept") == [answer["list"]]
    assert events(root / "kept")[0]["listed"] == answer["listed"]


def test_a_week_from_list_to_read_out(copied):
    root, made, answer = copied
    fill(root / "list.xlsx")
    call = ("outcomes", "import", root / "list.xlsx", root / "book", "--record", root / "kept")
    first = churnkit(*call, "--json")
    assert first.returncode == 0, first.stderr
    back = json.loads(first.stdout)
    assert (back["filled"], back["overridden"], len(back["findings"])) == (39, 1, 1)
    assert "'dunno'" in back["findings"][0]
    before = (root / "book" / "outreach.parquet").read_bytes()
    second = churnkit(*call)
    assert "0 rows written" in second.stdout
    assert "there already" in second.stdout
    assert (root / "book" / "outreach.parquet").read_bytes() == before
    assert [event["what"] for event in events(root / "kept")] == ["list", "import"]
    later(root / "book", made, root / "kept", answer["list"])
    done = churnkit("readout", root / "book", "--record", root / "kept", "--json")
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    saved = read["table"]["renewals_saved"]
    assert 0 < saved["low"] < saved["estimate"] < saved["high"]
    assert read["arms"]["treat"]["contacted"] == 38
    assert read["overrides"]["renews_anyway"]["customers"] == 1
    assert "as assigned" in read["text"]
    assert "by chance" in read["text"]


def test_an_import_stops_no_check_while_the_extract_is_the_same(copied):
    root, _, answer = copied
    fill(root / "list.xlsx")
    book = openpyxl.load_workbook(root / "list.xlsx")
    at = {cell.value: cell.column for cell in book.worksheets[0][1]}
    below = book.worksheets[0].max_row + 1
    for k, who in enumerate(("C99999", kept_plan(root / "kept", answer["list"]).left_out["customer_id"].iloc[0])):
        book.worksheets[0].cell(below + k, at["Customer"], who)
        book.worksheets[0].cell(below + k, at["Outcome"], "renewed")
    book.save(root / "list.xlsx")
    done = churnkit("outcomes", "import", root / "list.xlsx", root / "book", "--record", root / "kept")
    assert done.returncode == 0, done.stderr
    assert "unknown to the book" in done.stdout
    told = ck.check_book(ck.open_book(root / "book"))
    assert not [each for each in told.items if each.table == "outreach" and each.severity != "note"]


def test_a_customer_may_be_told_and_forgotten(copied):
    root, _, answer = copied
    plan = kept_plan(root / "kept", answer["list"])
    someone, other = plan.table["customer_id"][:2]
    call = ("audit", "--customer", someone, "--record", root / "kept", "--workspace", root)
    done = churnkit(*call, "--date", DAY)
    assert done.returncode == 0, done.stderr
    for text in (answer["list"], "on the list, rank 1", "reason: premium 8 % up", "proposed:", "associations"):
        assert text in done.stdout
    left = plan.left_out.query("reason == 'do not call'")["customer_id"].iloc[0]
    assert "do not call" in audit(root / "kept", left, AS_OF)
    assert "not scored" in audit(root / "kept", "nobody", AS_OF)
    gone = churnkit(*call, "--forget")
    assert gone.returncode == 0, gone.stderr
    after = churnkit(*call, "--date", DAY).stdout
    assert "forgotten on request" in after and "not scored" not in after
    for file in (root / "kept").rglob("*"):
        assert file.is_dir() or someone.encode() not in file.read_bytes(), file
    assert "rank 2" in audit(root / "kept", other, AS_OF)
    assert "Somebody changed" not in audit(root / "kept", other, AS_OF)
    assert len(kept_plan(root / "kept", answer["list"]).everyone) == len(plan.everyone)


def test_a_record_that_was_changed_says_so(copied):
    root, _, answer = copied
    file = root / "kept" / "lists" / answer["list"] / "everyone.parquet"
    rows = pd.read_parquet(file)
    rows.assign(expected_value=0.0).to_parquet(file, index=False)
    assert "Somebody changed them" in audit(root / "kept", rows["customer_id"][0], AS_OF)
    log = root / "kept" / "events.jsonl"
    log.write_text(log.read_text().replace('"listed": ', '"listed": 1') * 2)
    with pytest.raises(ContractError, match="line 2"):
        events(root / "kept")


def test_a_record_whose_end_was_cut_off_says_so(copied):
    root, _, answer = copied
    someone = kept_plan(root / "kept", answer["list"]).table["customer_id"].iloc[0]
    assert "cut off" not in audit(root / "kept", someone, AS_OF)
    log = root / "kept" / "events.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))
    assert f"No event tells of lists/{answer['list']}" in audit(root / "kept", someone, AS_OF)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (("--budget", 0), "over the budget"),
        (("--cap", "branch=0"), "no capacity left in the branch"),
        (("--save-rate", 0), "expected value not positive"),
        (("--due-within", 0), "no renewal due within 0 days"),
    ],
)
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_an_empty_list_is_written_and_kept_with_its_reasons(week, tmp_path, rule, said, ending):
    root = week[0]
    done = churnkit("plan", root / "book", "--scores", root / "scores.parquet", "-o", tmp_path / f"list.{ending}",
                    "--record", tmp_path / "kept", "--json", *rule)  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["listed"] == 0
    assert answer["left_out"][said] > 0
    assert (tmp_path / f"list.{ending}").is_file()
    assert said in kept_plan(tmp_path / "kept", answer["list"]).text


def test_scores_from_csv_and_parquet_give_the_list_that_is_kept(week, tmp_path):
    root, made, _ = week
    scores = scores_of(made)
    scores.loc[::3, ["group_1", "reason_2"]] = ""
    scores.to_csv(tmp_path / "scores.csv", index=False)
    scores.to_parquet(tmp_path / "scores.parquet", index=False)
    for name in ("scores.parquet", "scores.csv"):
        done = churnkit("plan", root / "book", "--scores", tmp_path / name, "-o", tmp_path / "list.csv", "--record",
                        tmp_path / "kept")  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert len(lists(tmp_path / "kept")) == 1


def test_next_weeks_list_keeps_the_arms(copied):
    root, made, answer = copied
    first = kept_plan(root / "kept", answer["list"])
    scores_of(made).assign(as_of=AS_OF + pd.Timedelta("7D")).to_parquet(root / "scores.parquet")
    (root / "book" / "churnkit.toml").write_text('data_cutoff = "2026-10-08"\n')
    done = churnkit("plan", root / "book", "--scores", root / "scores.parquet", "-o", root / "second.csv", "--seed", 9,
                    "--capacity", 90, "--holdout", 0.25, "--record", root / "kept", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    second = kept_plan(root / "kept", json.loads(done.stdout)["list"]).everyone.set_index("customer_id")
    held = first.everyone.loc[first.everyone["arm"] == "holdout", "customer_id"]
    assert len(held) > 5
    assert second.loc[held, "held"].all()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "BOOK", "--scores", "none.parquet", "-o", "list.xlsx"), "churnkit score writes"),
        (("plan", "BOOK", "--scores", "SCORES", "-o", "list.ods"), ".xlsx or .csv"),
        (("plan", "BOOK", "--scores", "none.parquet", "-o", "/proc/list.xlsx"), "can be written as /proc/list.xlsx"),
        (("plan", "BOOK", "--scores", "none.parquet", "-o", "list.xlsx", "--record", "/proc/r"), "--record"),
        (("plan", "BOOK", "--scores", "SCORES", "-o", "list.xlsx", "--record", "SCORES/r"), "Not a directory"),
        (("plan", "BOOK", "--scores", "SCORES", "-o", "list.xlsx", "--cap", "branch"), "branch=40"),
        (("plan", "BOOK", "--scores", "SCORES", "-o", "list.xlsx", "--cap", "branch:b1=1"), "branch: B1, B2, B3"),
        (("plan", "BOOK", "--scores", "SCORES", "-o", "list.xlsx", "--cap", "branch: B1=1"), "Found: branch ' B1'"),
        (("plan", "BOOK", "--scores", "SCORES", "-o", "list.xlsx", "--budget", "nan"), "budget=nan"),
        (("plan", "BOOK", "--scores", "SCORES", "-o", "list.xlsx", "--valid", "9999999"), "valid_days=9999999"),
        (("plan", "BOOK", "--scores", "SCORES", "-o", "list.xlsx", "--capacity", "0"), "capacity is at least 1"),
        (("plan", "BOOK", "--scores", "SCORES", "-o", "list.xlsx", "--actions", "no.csv"), "Actions come from"),
        (("plan", "BOOK", "--scores", "SCORES", "-o", "list.xlsx", "--new-business", "no.csv"), "no.csv"),
        (("outcomes", "import", "no.xlsx", "BOOK"), ".xlsx or .csv"),
        (("outcomes", "import", "LIST", "BOOK", "--list", "L1", "--record", "empty"), "no list 'L1'"),
        (("readout", "BOOK", "--record", "empty"), "lists that were kept"),
        (("audit", "--customer", "C1", "--record", "empty"), "a list that was kept"),
        (("audit", "--customer", "C1", "--record", "RECORD", "--date", "01.10.2026"), "2026-10-01"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(week, tmp_path, words, said):
    root = week[0]
    places = {"BOOK": root / "book", "SCORES": root / "scores.parquet", "LIST": root / "list.xlsx",
              "RECORD": root / "kept"}  # fmt: skip
    words = [places.get(word, word.replace("SCORES/", f"{places['SCORES']}/")) for word in words]
    done = churnkit(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.xlsx"))


@pytest.mark.parametrize("words", [["branch=3", "branch:B1=4"], ["branch:B1=3", "branch:B1=4"], ["branch:=4"]])
def test_caps_that_contradict_each_other_or_name_nothing_are_refused(words):
    with pytest.raises(UsageError, match="branch=40"):
        caps_of(words)
