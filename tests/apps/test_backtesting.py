"""`churnkit backtest`: a book beside its truth, what is told, and the answer for JSON."""

import json
from unittest import mock

import pytest

from churnkit.apps import backtesting
from churnkit.apps.backtesting import run_backtest
from churnkit.apps.console import Steps
from churnkit.models.classifier import RenewalModel

from .commands import churnkit


@pytest.fixture(scope="module")
def ran(workspace, tmp_path_factory):
    """One origin, few trees: the way through, not the accuracy."""
    settings = tmp_path_factory.mktemp("settings") / "churnkit.toml"
    said = (workspace / "book" / "churnkit.toml").read_text(encoding="utf-8")
    settings.write_text(f"{said}\n[renewal]\nleads = [45]\n", encoding="utf-8")
    quick = RenewalModel(n_estimators=15, learning_rate=0.3)
    with mock.patch.object(backtesting, "untrained", return_value=quick):
        return run_backtest(workspace / "book", folds=1, leads=(45,), truth=workspace / "truth", settings=settings,
                            tracked=False, steps=Steps(quiet=True))  # fmt: skip


def test_the_answer_holds_folds_leads_exits_and_the_mark(ran):
    done, answer = ran
    answer = json.loads(json.dumps(answer, default=str))
    assert [row["fold"] for row in answer["by_fold"]] == [1]
    assert [row["lead_days"] for row in answer["by_lead"]] == [45]
    assert answer["rows"] == answer["by_fold"][0]["n"] == len(done.folds[0].test)
    whole = answer["exits"][0]
    causes = whole["renewed"] + whole["lapsed"] + whole["other_exits"] + whole["unripe"]
    assert whole["at_risk"] == causes > answer["rows"]
    assert answer["mark"]["text"] == done.mark.text
    assert set(answer["baselines"]) == {"base_rate", "logistic", "last_year"}


def test_the_truth_beside_the_book_gives_the_attainable_gain(ran):
    metrics = ran[1]["metrics"]
    loss = {name: metrics[f"expected_log_loss_{name}"]["estimate"] for name in ("truth", "ceiling", "base")}
    assert loss["truth"] < loss["ceiling"] < loss["base"]
    assert metrics["attainable_gain"]["estimate"] > 0


def test_the_command_asks_for_what_it_was_told_and_shows_folds_and_leads(ran):
    with mock.patch.object(backtesting, "run_backtest", return_value=ran) as asked:
        shown = churnkit("backtest", "BOOK", "--folds", 1, "--lead", 45, "--every", "year", "--no-track")
        answer = json.loads(churnkit("backtest", "BOOK", "--json").stdout)
    first, second = (call.kwargs for call in asked.call_args_list)
    assert (first["folds"], first["leads"], first["every"], first["tracked"]) == (1, [45], "year", False)
    assert (second["folds"], second["leads"], second["tracked"]) == (4, (60, 45, 30, 14), True)
    for words in ("By fold", "By lead", "Backtest of 1 fold ", "other exits, in no rate:", ran[0].mark.text):
        assert words in shown.stdout
    assert answer["rows"] == ran[1]["rows"]


def test_a_truth_that_is_none_is_refused_before_any_work(workspace):
    for words in (("--truth", workspace / "nowhere"), ("--truth", workspace / "truth", "--target", "churn")):
        done = churnkit("backtest", workspace / "book", *words)
        assert done.returncode == 2
        assert "The truth is the folder" in done.stderr
