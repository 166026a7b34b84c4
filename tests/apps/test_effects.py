"""What is said, shown and kept of an effect: the answer first, associations named, no figure where none is known."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churnkit.apps.effects import Measured
from churnkit.apps.report import effect_report
from churnkit.effect.checks import Check, Checks
from churnkit.effect.gains import PerPoint
from churnkit.effect.naive import Naive
from churnkit.effect.to_value import ONE_YEAR, PERMANENT, ValueEffect
from churnkit.effect.verdict import Evidence, judge

SHOCKS = ("queue_wait", "handler_load")
NAIVE = Naive(0.1, 0.08, 900, 300, "Raise the score: +0.100 pp. Associations, not effects.")


def estimated(evidence, per_pp):
    """An effect as it was estimated, without a book."""
    verdict = judge(evidence)
    rows = [["all", *per_pp, 2000, 1800], ["motor", *per_pp, 2000, 1800]]
    table = pd.DataFrame(rows, columns=["line", "estimate", "low", "high", "renewals", "customers"])
    curve = pd.DataFrame({"points": [-1.0, 1.0, 5.0], "shift": [-0.05, 0.05, 0.2], "estimate": [-0.3, 0.3, 1.4],
                          "low": [-0.4, 0.2, 1.0], "high": [-0.2, 0.4, 1.8], "supported": [True, True, False],
                          "verdict": verdict.kind})  # fmt: skip
    made = [("first_stage", True), ("shocks_agree", False), ("hausman", None)]
    checks = Checks(tuple(Check(name, 9.0, 0.01, passed, f"{name} was looked at") for name, passed in made))
    return SimpleNamespace(
        verdict=verdict, per_pp=PerPoint(*per_pp), association=PerPoint(0.43, 0.4, 0.47), checks=checks,
        table=table.assign(horizon="next renewal", verdict=verdict.kind), curve=lambda: curve,
        text=f"+1 pp satisfaction -> …\n{verdict}", latent_=SimpleNamespace(assumes=("Satisfaction is normal.",)),
        terms_=SimpleNamespace(shocks=dict.fromkeys(SHOCKS)), trusted=None,
    )  # fmt: skip


def carried(value, low, high):
    rows = [("all", duration, 1.0, 900, 0.3, value * k, low * k, high * k, 1e4 * k)
            for duration, k in ((PERMANENT, 1.0), (ONE_YEAR, 0.4))]  # fmt: skip
    columns = ["group", "duration", "points", "policies", "renewal", "value", "low", "high", "money"]
    table = pd.DataFrame(rows, columns=columns).set_index(["group", "duration", "points"])
    return ValueEffect(table, "verdict", 5, 0.08, "+1 pp, permanent: …\n+1 pp, one-year: …")


@pytest.fixture(scope="module")
def identified():
    found = estimated(Evidence(SHOCKS, agree=True, control=True, strong=True), (0.3, 0.2, 0.4))
    return Measured(found, None, carried(0.6, 0.4, 0.8), NAIVE)


@pytest.fixture(scope="module")
def unknown():
    return Measured(estimated(Evidence(), (np.nan, np.nan, np.nan)), None, None, None, ("The value is left out: why",))


def test_the_answer_has_effect_worth_interval_duration_and_verdict(identified):
    for part in ("renewal by +0.30 pp (95 % +0.20 … +0.40)", "+0.60 % (+0.40 … +0.80) if held for good",
                 "+0.24 % (+0.16 … +0.32) if held for one year", "identified under named assumptions"):  # fmt: skip
        assert part in identified.answer


def test_ends_only_are_said_as_such():
    found = estimated(Evidence(SHOCKS, agree=False, control=True, strong=True), (np.nan, 0.1, 0.5))
    answer = Measured(found, None, carried(np.nan, 0.2, 1.0), None).answer
    assert "between +0.10 … +0.50 pp" in answer
    assert "between +0.20 … +1.00 % if held for good" in answer
    assert "bounds" in answer


def test_nothing_is_answered_where_nothing_is_known(unknown):
    assert unknown.answer.startswith("This book does not tell what satisfaction does to renewal (association only")
    assert unknown.metrics == {}
    assert set(unknown.figures) == {"beside", "checks"}


def test_what_is_taken_for_the_effect_stands_beside_it_with_its_ratio(identified):
    table = identified.beside
    assert table["causal"].tolist() == [True, False, False, False, False]
    assert table["ratio"].round(2).tolist() == [1.0, 1.43, 0.33, 0.27, 5.67]
    assert all("association" in name or "claim" in name for name in table.index[1:])


def test_metrics_are_figures_with_their_intervals(identified):
    assert identified.metrics["effect_per_pp_low"] == 0.2
    assert identified.metrics["value_elasticity_one_year"] == pytest.approx(0.24)
    assert identified.metrics["naive_raised"] == 0.1


@pytest.mark.parametrize("which", ["identified", "unknown"])
def test_the_reports_first_sentence_is_the_answer_and_nothing_comes_from_elsewhere(which, request):
    measured = request.getfixturevalue(which)
    page = effect_report(measured)
    first = re.search(r"<p[^>]*>(.*?)</p>", page, re.DOTALL)
    assert first is not None
    assert first.group(1).strip() == measured.answer
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "nan" not in re.sub(r"data:[^\"]*", "", page)


@pytest.mark.recovery
def test_the_command_measures_reports_and_records(workspace, tmp_path, capsys):
    """On 3,000 customers of world F, whatever the verdict; the run holds no id of a customer."""
    import json
    import sys

    import mlflow

    from churnkit.apps.cli import main

    report, place = tmp_path / "effect.html", tmp_path / "runs"
    words = ["effect", str(workspace / "book"), "--workspace", str(place), "-o", str(report), "--replicates", "4"]
    before, sys.argv = sys.argv, ["churnkit", *words, "--json"]
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before
    assert ended.value.code == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["answer"] in report.read_text(encoding="utf-8")
    assert answer["left_out"] == []
    client = mlflow.MlflowClient(f"sqlite:///{place}/mlflow.db")
    experiment = client.get_experiment_by_name("effect")
    run = client.search_runs([experiment.experiment_id])[0]
    assert run.data.tags["churnkit.verdict"] == answer["verdict"]["kind"]
    assert run.data.metrics["index"] == pytest.approx(answer["metrics"]["index"])
    some = pd.read_parquet(workspace / "book" / "customers.parquet")["customer_id"].head(200)
    for file in place.rglob("*"):
        if file.suffix in (".csv", ".txt", ".html"):
            assert not any(each in file.read_text(encoding="utf-8") for each in some), file
