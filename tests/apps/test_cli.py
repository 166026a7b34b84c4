"""The command line as a user meets it: exit codes, clean standard output, nothing half-written, no traceback."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.apps.commands import churnkit, process, with_libraries


def refused(done, code, *words):
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    for word in words:
        assert word in done.stderr + done.stdout, (word, done.stderr, done.stdout)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    root = tmp_path_factory.mktemp("demo") / "demo"
    done = with_libraries("demo", root, "--customers", 600, "--years", 4, "--seed", 3, "--json")
    assert done.returncode == 0, done.stderr
    return root, json.loads(done.stdout), done


@pytest.fixture
def copied(demo, tmp_path):
    shutil.copytree(demo[0] / "book", tmp_path / "book")
    return tmp_path / "book"


def test_demo_prints_one_json_object_with_metrics_truth_paths_and_seconds(demo):
    root, answer, _ = demo
    for target in ("renewal", "churn"):
        figure = answer["targets"][target]["metrics"]["auc"]
        assert figure["low"] <= figure["estimate"] <= figure["high"]
        assert set(answer["targets"][target]["baselines"]) == {"base_rate", "logistic", "last_year"}
    truth = answer["truth"]
    assert truth["expected_log_loss_truth"] < truth["expected_log_loss_ceiling"] < truth["expected_log_loss_base"]
    assert truth["true_value"] > 0
    assert {"simulate", "check", "renewal panel", "renewal model", "score"} <= set(answer["seconds"])
    for place in answer["paths"].values():
        assert Path(place).exists(), place
    assert str(root) in answer["paths"]["book"]


def test_progress_goes_to_standard_error(demo):
    _, _, done = demo
    assert "Training the renewal model" in done.stderr
    assert done.stdout.lstrip().startswith("{")


def test_demo_writes_the_list_that_people_open(demo):
    root, answer, _ = demo
    contacts = pd.read_excel(root / "contacts.xlsx", sheet_name="List", dtype={"Customer": str})
    assert len(contacts) == answer["contacts"] <= 10
    ranked = contacts["Worth of a call"][: len(contacts) - 1]  # one call in fifty, at least one, is drawn at random
    assert ranked.is_monotonic_decreasing
    assert contacts["Customer"].str.startswith("C").all()
    assert contacts["Reason 1"].notna().all()


def test_demo_ends_with_a_scenario_and_its_workbook(demo):
    root, answer, _ = demo
    assert "claim_cycle_days to 3 (line motor)" in answer["scenario"]
    assert "renewals at 8.0% a year" in answer["scenario"]
    with pd.ExcelFile(root / "whatif.xlsx") as book:
        assert book.sheet_names[0] == "Scenarios"


@pytest.mark.recovery  # the demo once more, in a process of its own as users have it: half a minute
def test_a_second_demo_with_the_same_seed_gives_the_same_numbers(demo, tmp_path):
    _, first, _ = demo
    done = process("demo", tmp_path / "again", "--customers", 600, "--years", 4, "--seed", 3, "--json")
    moving = ("paths", "seconds", "models")
    one, two = ({k: v for k, v in each.items() if k not in moving} for each in (first, json.loads(done.stdout)))
    assert one == two


def test_check_passes_a_clean_book_and_says_so(demo):
    done = churnkit("check", demo[0] / "book")
    assert done.returncode == 0
    assert "0 errors" in done.stdout or "no findings" in done.stdout.lower() or done.stdout.strip(), done.stdout


def test_check_exits_1_on_errors_and_names_them(copied):
    terms = pd.read_parquet(copied / "terms.parquet")
    terms.loc[[5, 9], "end_date"] = terms.loc[[5, 9], "start_date"]
    terms.to_parquet(copied / "terms.parquet", index=False)
    refused(churnkit("check", copied), 1, "DAT09", "2")
    done = churnkit("check", copied, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["errors"] == 1


def test_score_writes_every_policy_in_force_with_reasons(demo, tmp_path):
    root, _, _ = demo
    out = tmp_path / "list.csv"
    done = churnkit("score", root / "book", "--as-of", "2026-10-01", "-o", out, "--workspace", root, "--language", "zh")
    assert done.returncode == 0, done.stderr
    scores = pd.read_csv(out, dtype=str)
    assert {"policy_id", "renewal", "unsure", "value", "reason_1", "as_of"} <= set(scores.columns)
    assert scores["renewal"].astype(float).between(0, 1).all()
    assert scores["reason_1"].str.contains("[一-鿿]").all()
    barred = pd.read_parquet(root / "book" / "customers.parquet").query("do_not_call")["customer_id"]
    marked = scores[scores["customer_id"].isin(barred)]
    assert len(marked) > 5
    assert (marked["do_not_contact"] == "do not call").all()
    again = tmp_path / "again.csv"
    churnkit("score", root / "book", "--as-of", "2026-10-01", "-o", again, "--workspace", root, "--language", "zh")
    assert out.read_bytes() == again.read_bytes()


def test_the_demos_models_are_registered_with_a_card_that_has_groups_figures(demo, tmp_path):
    root, answer, _ = demo
    assert answer["models"] == {"renewal": "models:/churnkit-renewal/1", "churn": "models:/churnkit-churn/1"}
    text = churnkit("card", "--workspace", root).stdout
    assert "| gender |" in text and "Not measured" not in text
    done = churnkit("card", "1", "--target", "churn", "--workspace", root, "-o", tmp_path / "card.html")
    assert done.returncode == 0 and "<h2>Fairness</h2>" in (tmp_path / "card.html").read_text(encoding="utf-8")
    refused(churnkit("card", "--workspace", root, "-o", tmp_path / "card.txt"), 2, ".html")
    assert set(pd.read_parquet(root / "scores.parquet")["model_version"]) == {"churnkit-renewal/1"}


def test_runs_are_compared_and_models_promoted_by_name(demo):
    root, _, _ = demo
    told = json.loads(churnkit("compare", "champion", "1", "--workspace", root, "--json").stdout)
    assert {row["difference"] for row in told["reasons"]} == {0}
    assert (
        "No reason's weight differs beyond what the choice of customers explains."
        in churnkit("compare", "1", "1", "--workspace", root).stdout
    )
    assert "was the champion already" in churnkit("promote", "1", "--as", "champion", "--workspace", root).stdout
    refused(churnkit("promote", "9", "--workspace", root), 2, "champion = 1")
    refused(churnkit("compare", "1", "challenger", "--workspace", root), 2, "challenger", "champion = 1")


def test_a_model_that_is_not_there_is_refused_with_those_that_are(demo, tmp_path):
    root, out = demo[0], tmp_path / "list.csv"
    words = ("score", root / "book", "--as-of", "2026-10-01", "-o", out, "--workspace", root, "--model")
    refused(churnkit(*words, "challenger"), 2, "champion = 1")
    assert not out.exists()


def test_settings_of_another_kind_or_target_are_refused_before_training(demo, tmp_path):
    other = tmp_path / "tuned.json"
    other.write_text(json.dumps({"target": "churn", "params": {"num_leaves": 4}}), encoding="utf-8")
    words = ("train", demo[0] / "book", "--workspace", tmp_path / "w", "--tuned", other)
    refused(churnkit(*words), 2, "churn, not renewal")
    other.write_text("{}", encoding="utf-8")
    refused(churnkit(*words), 2, "churnkit tune")
    refused(churnkit("tune", demo[0] / "book", "-o", tmp_path / "tuned.txt"), 2, ".json")


def test_train_prints_json_and_records_the_run(demo, tmp_path):
    done = churnkit("train", demo[0] / "book", "--target", "churn", "--workspace", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert 0.5 < answer["targets"]["churn"]["metrics"]["auc"]["estimate"] < 1
    assert (tmp_path / "mlflow.db").is_file()


def test_a_missing_folder_is_a_usage_error(tmp_path):
    refused(churnkit("check", tmp_path / "nowhere"), 2, "nowhere")
    refused(churnkit("train", tmp_path / "nowhere", "--workspace", tmp_path / "w"), 2, "nowhere")
    assert not (tmp_path / "w").exists()


def test_an_empty_folder_is_a_usage_error(tmp_path):
    refused(churnkit("check", tmp_path), 2)


def test_unknown_words_and_worlds_are_usage_errors(tmp_path):
    refused(churnkit("trian"), 2)
    refused(churnkit("demo", tmp_path / "d", "--world", "Z"), 2, "A, B, C")
    assert not (tmp_path / "d").exists()


def test_an_empty_table_a_wrong_type_and_a_corrupt_file_are_findings(copied):
    pd.read_parquet(copied / "customers.parquet").head(0).to_parquet(copied / "customers.parquet")
    refused(churnkit("check", copied), 1, "customers")
    shutil.copy(copied / "claims.parquet", copied / "spare.bin")
    (copied / "claims.parquet").write_bytes((copied / "spare.bin").read_bytes()[:200])
    refused(churnkit("train", copied, "--workspace", copied.parent / "w"), 1, "claims")
    assert not (copied.parent / "w").exists()


def test_a_text_where_a_number_belongs_is_shown(copied):
    terms = pd.read_parquet(copied / "terms.parquet")
    terms["premium"] = terms["premium"].astype("str")
    terms.loc[3, "premium"] = "on request"
    terms.to_parquet(copied / "terms.parquet", index=False)
    refused(churnkit("check", copied), 1, "TYP02", "on request")


def test_no_ripe_label_is_named(copied, tmp_path):
    done = churnkit("train", copied, "--target", "churn", "--data-cutoff", "2021-10-05", "--workspace", tmp_path / "w")
    refused(done, 1)
    assert not (tmp_path / "w").exists()


def test_scoring_without_a_model_says_how_to_train_one(demo, tmp_path):
    out = tmp_path / "list.xlsx"
    done = churnkit("score", demo[0] / "book", "--as-of", "2026-10-01", "-o", out, "--workspace", tmp_path)
    refused(done, 2, "churnkit train")
    assert not out.exists()


@pytest.mark.parametrize("day", ["01.10.2026", "1/2/2026", "2026", ""])
def test_a_day_that_means_two_days_is_refused(demo, tmp_path, day):
    root, _, _ = demo
    refused(
        churnkit("score", root / "book", "--as-of", day, "-o", tmp_path / "l.csv", "--workspace", root), 2, "2026-10-01"
    )


def test_a_file_in_place_of_a_workspace_is_refused_before_training(demo, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = churnkit("train", demo[0] / "book", "--workspace", tmp_path / "file")
    refused(done, 2, "A workspace is a folder")
    assert "Training" not in done.stderr
    refused(churnkit("demo", tmp_path / "file"), 2, "A workspace is a folder")
    refused(churnkit("check", tmp_path / "file"), 2, "folder of tables")


def test_the_hold_out_and_everybody_else_left_out_are_written_with_their_reasons(demo):
    root, answer, _ = demo
    contacts, left = (pd.read_excel(root / "contacts.xlsx", sheet_name=each, dtype=str) for each in (0, 1))
    assert len(left) == answer["left_out"]
    assert left["Reason"].str.startswith("hold-out").sum() > 20
    assert not set(contacts["Customer"]) & set(left["Customer"])


def test_a_bad_day_and_a_bad_ending_are_refused_before_any_work(demo, tmp_path):
    root, _, _ = demo
    refused(
        churnkit("score", root / "book", "--as-of", "2026-10-01", "-o", tmp_path / "list.doc", "--workspace", root),
        2,
        ".xlsx",
    )
    refused(
        churnkit("score", root / "book", "--as-of", "someday", "-o", tmp_path / "list.csv", "--workspace", root),
        2,
        "someday",
    )
    assert not list(tmp_path.iterdir())


def test_demo_never_overwrites_a_book_that_it_did_not_make(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "customers.csv").write_text("customer_id\n1\n", encoding="utf-8")
    refused(churnkit("demo", tmp_path, "--customers", 500), 2, "book")
    assert (tmp_path / "book" / "customers.csv").is_file()
