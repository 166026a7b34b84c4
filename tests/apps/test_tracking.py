"""One workspace of its own with two models and a backtest: figures, pictures, specs, a model that scores, versions."""

import dataclasses
import json
import os
import stat
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest

import churnkit as ck
from churnkit.apps.registry import card_of, standing
from churnkit.apps.shap_sample import shap_sample
from churnkit.errors import UsageError
from tests.models.insurer import as_panel, insurer


@pytest.fixture(scope="module")
def trained():
    """Two models on rows of an insurer with eight features, and a backtest of two quarters."""
    rows = insurer(700, seed=3)
    rows["customer_id"] = "C" + rows["customer_id"].astype(str).str.zfill(7)
    info = {"data_cutoff": "2024-03-01 00:00:00", "fingerprint": "f00d", "label": "renewed = 1: again"}
    panel = dataclasses.replace(as_panel(rows), info=info)
    panel.keys["ripe_at"] = panel.keys["end_date"] + pd.Timedelta(days=37)
    train, test = panel.split(test_from="2023-03-01")
    test = test.take(test.groups < "C0000400")
    model, other = (
        ck.RenewalModel(n_estimators=trees).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups)
        for trees in (60, 8)
    )
    folds = ck.backtest(ck.RenewalModel(n_estimators=20), panel, folds=2, n_boot=10)
    return model, other, train, test, ck.LifetimeValue(years=3, hazard="constant").fit(panel, model), folds


@pytest.fixture(scope="module")
def logged(trained, tmp_path_factory):
    """The workspace, the first model's run and URI, the backtest's run, the first model's evaluation."""
    import mlflow

    workspace = tmp_path_factory.mktemp("workspace")
    model, other, train, test, value, folds = trained
    evaluation = ck.evaluate(model, test, n_boot=20)
    with ck.track("renewal", workspace=workspace) as run:
        uri = ck.log_model(model, train, test, evaluation=evaluation, value=value, backtest=folds)
    with mock.patch("matplotlib.figure.Figure.savefig"):  # drawing takes longest, and is looked at in the first run
        with ck.track("renewal", workspace=workspace, run_name="fewer trees"):
            ck.log_model(other, train, test, evaluation=ck.evaluate(other, test, n_boot=5))
        with ck.track("renewal", workspace=workspace, run_name="backtest"):
            tested = ck.log_backtest(folds)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{workspace / 'mlflow.db'}")
    return workspace, client.get_run(run.info.run_id), uri, client.get_run(tested), evaluation


@pytest.fixture(scope="module")
def loaded(logged):
    import mlflow

    with ck.track("unused", workspace=logged[0]):
        return mlflow.pyfunc.load_model(logged[2])


def artifact(run, name):
    return Path(run.info.artifact_uri.removeprefix("file://")) / name


def test_metrics_carry_their_intervals_and_baselines(logged):
    _, run, _, _, evaluation = logged
    figure = evaluation.metrics["auc"]
    assert run.data.metrics["auc"] == pytest.approx(figure["estimate"])
    assert run.data.metrics["auc_low"] == pytest.approx(figure["low"])
    assert run.data.metrics["auc_high"] == pytest.approx(figure["high"])
    assert "logistic_log_loss" in run.data.metrics


def test_tags_say_which_data_which_label_which_time_and_whether_it_is_for_money(logged, trained):
    tags = logged[1].data.tags
    assert tags["churnkit.target"] == "renewal"
    assert tags["churnkit.data_fingerprint"] == "f00d"
    assert tags["churnkit.label"] == "renewed = 1: again"
    assert [given.dataset.digest for given in logged[1].inputs.dataset_inputs] == ["f00d"]
    assert tags["churnkit.train_cutoffs"].count("-") == 4
    assert tags["churnkit.expires"] == "2025-03-01"  # the data end on 2024-03-01; a model is valid for a year
    mark = trained[0].mark_
    assert mark == logged[4].mark
    assert tags["churnkit.not_for_money"] == ("" if mark.for_money else mark.text)
    assert "Log loss" in tags["mlflow.note.content"]


def test_plots_tables_card_dictionary_and_versions_lie_with_the_run(logged):
    run = logged[1]
    names = ["plots/reliability.png", "plots/gains.png", "plots/lift.png", "plots/precision_recall.png",
             "plots/by_line.png", "plots/by_lead.png", "plots/shap_groups.png", "plots/shap_beeswarm.png",
             "shap_summary.json", "shap.parquet", "features.json", "environment.json", "evaluation.txt",
             "tables/metrics.csv", "tables/by_lead.csv", "tables/by_line.csv", "card.md", "card.html"]  # fmt: skip
    assert [name for name in names if not artifact(run, name).is_file()] == []
    entries = json.loads(artifact(run, "features.json").read_text())["features"]
    lead = next(entry for entry in entries if entry["name"] == "lead_days")
    assert {"name", "group", "stage", "sign", "en", "zh"} <= set(lead)
    assert json.loads(artifact(run, "environment.json").read_text())["lightgbm"]


def test_no_customer_leaves(logged, trained):
    workspace, keys = logged[0], pd.concat([part.keys for part in trained[2:4]])
    ids = {i.encode() for name in ("customer_id", "entity") for i in keys[name].unique()}
    some = sorted(ids)[::7]
    looked = 0
    for path in workspace.rglob("*"):
        if path.is_file() and path.suffix not in (".parquet", ".png", ".py"):
            data, looked = path.read_bytes(), looked + 1
            assert not any(each in data for each in some), path.name
    assert looked > 30
    for path in workspace.rglob("*.parquet"):
        texts = pd.read_parquet(path, columns=["customer", "row"])
        assert texts.map(len).eq(16).all(axis=None) and texts.map(lambda each: int(each, 16) >= 0).all(axis=None)


def test_sampled_contributions_sum_to_the_raw_score_and_are_the_same_in_every_run(logged, trained):
    stored = pd.read_parquet(artifact(logged[1], "shap.parquet"))
    phi = stored.filter(like="phi.")
    np.testing.assert_allclose(phi.sum(axis=1), stored["raw_score"], atol=1e-4)
    test = trained[3]
    shuffled = test.take(np.random.default_rng(1).permutation(len(test)))
    one, two = (shap_sample(trained[0], panel, salt=b"salt", rows=100).table for panel in (test, shuffled))
    pd.testing.assert_frame_equal(one, two)
    assert 100 <= len(one) < 120
    other = shap_sample(trained[0], test, salt=b"another", rows=100).table
    assert sorted(other["raw_score"]) == sorted(one["raw_score"])
    assert not set(other["customer"]) & set(one["customer"])


def test_the_salt_is_kept_by_its_owner_and_never_logged(logged):
    file = logged[0] / ".churnkit_salt"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    secret = file.read_bytes()
    assert not any(secret in p.read_bytes() for p in logged[0].rglob("*") if p.is_file() and p != file)


def test_a_backtest_is_a_run_with_one_run_per_fold_under_it(logged, trained):
    import mlflow

    workspace, _, _, parent, _ = logged
    folds = trained[5]
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{workspace / 'mlflow.db'}")
    under = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    by_fold = {run.data.params["fold"]: run for run in under}
    assert set(by_fold) == {"1", "2"}
    for fold in folds.folds:
        run = by_fold[str(fold.number)]
        assert run.data.metrics["auc_low"] == pytest.approx(fold.evaluation.metrics["auc"]["low"])
        assert run.data.tags["churnkit.test_cutoffs"].startswith(f"{fold.test_from:%Y-%m-%d}")
    assert parent.data.metrics["log_loss"] == pytest.approx(folds.metrics["log_loss"]["estimate"])
    assert parent.data.tags["churnkit.not_for_money"] == ("" if folds.mark.for_money else folds.mark.text)
    assert artifact(parent, "tables/by_fold.csv").is_file() and artifact(parent, "tables/exits.csv").is_file()


def test_the_logged_model_gives_probability_interval_and_reasons_from_a_panel(loaded, trained):
    model, test = trained[0], trained[3]
    X = test.X.head(40)
    got = loaded.predict(X)
    np.testing.assert_array_equal(got["probability"], model.predict_proba(X)[:, 1])
    np.testing.assert_array_equal(got[["low", "high"]], model.predict_interval(X))
    assert (got["low"] <= got["probability"]).all() and (got["probability"] <= got["high"]).all()
    assert got["unsure"].tolist() == model.unsure(X).tolist()
    told = ck.reasons(model, X).query("rank == 1").set_index("row")["text"]
    assert got["reason_1"].tolist() == told.tolist()
    assert set(got["not_for_money"]) == {"" if model.mark_.for_money else model.mark_.text}
    assert loaded.metadata.signature.outputs.input_names() == list(got.columns)


def test_the_logged_model_takes_columns_in_any_order_and_speaks_chinese(loaded, trained):
    X = trained[3].X.iloc[10:20]
    got = loaded.predict(X[sorted(X.columns, reverse=True)].rename(index=lambda i: f"row {i}"), {"language": "zh"})
    np.testing.assert_array_equal(got["probability"], loaded.predict(X)["probability"])
    assert got.index[0] == "row 10"
    assert got["reason_1"].str.contains("[一-鿿]").all()
    strange = X.assign(region="Atlantis")
    assert loaded.predict(strange)["unsure"].all()


def test_the_first_model_is_champion_and_the_next_its_challenger(logged, trained):
    workspace, run, uri, _, _ = logged
    assert uri == "models:/churnkit-renewal/1"
    champion, challenger = (ck.load_model("renewal", workspace=workspace, model=name) for name in (None, "challenger"))
    assert (champion.version, challenger.version) == ("churnkit-renewal/1", "churnkit-renewal/2")
    test = trained[3]
    np.testing.assert_array_equal(champion.model.predict_proba(test.X), trained[0].predict_proba(test.X))
    np.testing.assert_array_equal(challenger.model.predict_proba(test.X), trained[1].predict_proba(test.X))
    assert champion.value.get_params() == trained[4].get_params()
    assert champion.model.mark_ == trained[0].mark_
    assert challenger.value is None
    for name in ("1", run.info.run_id, "churnkit-renewal/1", "champion"):
        assert ck.load_model("renewal", workspace=workspace, model=name).version == champion.version
    with pytest.raises(UsageError, match=r"challenger = 2, champion = 1"):
        ck.load_model("renewal", workspace=workspace, model="7")
    with pytest.raises(UsageError, match="churnkit train"):
        ck.load_model("churn", workspace=workspace)


def test_promotion_moves_the_champion_and_notes_the_former_one(logged):
    import mlflow

    workspace = logged[0]
    assert "the challenger; version 1 is the champion" in standing("models:/churnkit-renewal/2", workspace=workspace)
    done = ck.promote("challenger", workspace=workspace)
    assert (done.version, done.former) == ("2", "1")
    assert "version 2 is the champion now; before it was version 1" in done.text
    assert ck.load_model("renewal", workspace=workspace).version == "churnkit-renewal/2"
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{workspace / 'mlflow.db'}")
    assert client.get_model_version("churnkit-renewal", "2").tags["churnkit.former_champion"] == "1"
    with pytest.raises(UsageError, match="'challenger'"):
        ck.load_model("renewal", workspace=workspace, model="challenger")
    ck.promote("1", workspace=workspace)
    ck.promote("2", workspace=workspace, alias="challenger")
    assert ck.load_model("renewal", workspace=workspace).version == "churnkit-renewal/1"
    with pytest.raises(UsageError, match="champion or challenger"):
        ck.promote("1", workspace=workspace, alias="winner")


def test_two_runs_are_compared_by_metric_reason_and_customer(logged, trained):
    done = ck.compare_runs("1", "2", workspace=logged[0])
    a, b = (ck.contributions(model, trained[3].X).drop(columns="bias") for model in trained[:2])
    groups = pd.Series({name: (spec.group if (spec := trained[0].describe(name)) else name) for name in a})
    sizes = [each.T.groupby(groups).sum().T.abs().mean() for each in (a, b)]
    # the sample has all test rows here, so the table is what one computes from the models themselves
    np.testing.assert_allclose(done.table["a"], sizes[0][done.table.index], atol=1e-4)
    np.testing.assert_allclose(done.table["difference"], (sizes[1] - sizes[0])[done.table.index], atol=1e-4)
    assert (done.table["low"] <= done.table["difference"]).all()
    p, q = (model.predict_proba(trained[3].X)[:, 1] for model in trained[:2])
    assert done.customers["difference"].abs().round(6).is_monotonic_decreasing
    assert done.customers["difference"].iloc[0] == pytest.approx((q - p)[np.argmax(np.abs(q - p))])
    assert done.metrics.loc["auc", "a_low"] < done.metrics.loc["auc", "a"] < done.metrics.loc["auc", "a_high"]
    assert "Both were measured on the same data, label and test period." in done.text
    assert "Reasons that shrank" in done.text and " pp, " in done.text
    assert "the same settings trained with another seed move reasons too" in done.text


def test_a_run_beside_itself_and_beside_a_backtest(logged):
    same = ck.compare_runs("1", "champion", workspace=logged[0])
    assert (same.table["difference"] == 0).all() and (same.customers["difference"] == 0).all()
    assert "No reason's weight differs beyond what the choice of customers explains." in same.text
    other = ck.compare_runs("1", logged[3].info.run_id, workspace=logged[0])
    assert "They differ in test period" in other.text
    with pytest.raises(UsageError, match="no run"):
        ck.compare_runs("1", "0" * 32, workspace=logged[0])


def test_the_card_comes_back_as_text_and_as_a_page(logged):
    assert card_of("champion", workspace=logged[0]).startswith("# Model card: renewal")
    assert card_of("1", workspace=logged[0], page=True).startswith("<!doctype html>")
    with pytest.raises(UsageError, match="A card is logged with a model"):
        card_of(logged[3].info.run_id, workspace=logged[0])


def test_logging_outside_a_run_says_how(trained):
    with pytest.raises(UsageError, match=r"with churnkit\.track"):
        ck.log_model(trained[0], *trained[2:4])


def test_tracking_leaves_the_callers_own_settings_alone(logged, monkeypatch):
    import mlflow

    workspace, before = logged[0], mlflow.get_tracking_uri()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with ck.track("empty", workspace=workspace):
        assert str(workspace) in mlflow.get_tracking_uri()
    assert mlflow.get_tracking_uri() == before and "MLFLOW_TRACKING_URI" not in os.environ
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{workspace}/mlflow.db")
    with ck.track("empty") as run:
        assert str(workspace) in mlflow.get_tracking_uri() and str(workspace) in run.info.artifact_uri
    assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{workspace}/mlflow.db"


def test_a_server_that_is_not_there_and_a_folder_without_runs_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with (
        pytest.raises(UsageError, match="A tracking server answers at its address"),
        ck.track("empty", workspace="http://127.0.0.1:9"),
    ):
        pass
    with pytest.raises(UsageError, match="Runs lie in a workspace"):
        ck.compare_runs("1", "2", workspace=tmp_path)
    assert not list(tmp_path.iterdir())
