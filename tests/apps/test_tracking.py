"""One run in a workspace of its own: figures, pictures, specs, a model that returns probabilities; nothing private."""

import numpy as np
import pandas as pd
import pytest

import churnkit as ck
from churnkit.errors import UsageError


@pytest.fixture(scope="module")
def trained(book_folder):
    book = ck.open_book(book_folder)
    panel = ck.build_panel(book, target="renewal", keep_unlabelled=True)
    train, test = panel.split(test_from="2025-08-01")
    model = ck.RenewalModel(n_estimators=40).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups)
    return model, train, test, ck.LifetimeValue(economics=book).fit(panel, model)


@pytest.fixture(scope="module")
def logged(trained, tmp_path_factory):
    import mlflow

    workspace = tmp_path_factory.mktemp("workspace")
    model, train, test, value = trained
    evaluation = ck.evaluate(model, test, n_boot=20)
    with ck.track("renewal", workspace=workspace) as run:
        uri = ck.log_model(model, train, test, evaluation=evaluation, value=value)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{workspace / 'mlflow.db'}")
    return workspace, client.get_run(run.info.run_id), uri, evaluation


def test_metrics_carry_their_intervals_and_baselines(logged):
    _, run, _, evaluation = logged
    figure = evaluation.metrics["auc"]
    assert run.data.metrics["auc"] == pytest.approx(figure["estimate"])
    assert run.data.metrics["auc_low"] == pytest.approx(figure["low"])
    assert "logistic_log_loss" in run.data.metrics


def test_tags_say_which_data_which_label_and_which_time(logged, trained):
    _, run, _, _ = logged
    tags = run.data.tags
    assert tags["churnkit.target"] == "renewal"
    assert tags["churnkit.data_fingerprint"] == trained[1].info["fingerprint"] != ""
    assert "[end - 60 days, end + grace)" in tags["churnkit.label"]
    assert tags["churnkit.train_cutoffs"].count("-") == 4


def test_plots_summary_and_dictionary_lie_in_the_workspace(logged):
    workspace, run, _, _ = logged
    files = {
        p.relative_to(workspace).as_posix().split("artifacts/", 2)[-1] for p in workspace.rglob("*") if p.is_file()
    }
    wanted = {"plots/reliability.png", "plots/gains.png", "plots/lines.png", "plots/shap_groups.png",
              "plots/shap_beeswarm.png", "shap_summary.json", "features.json", "evaluation.txt"}  # fmt: skip
    assert {w for w in wanted if not any(f.endswith(w) for f in files)} == set()
    assert "mlartifacts" in run.info.artifact_uri


def test_no_customer_leaves(logged, trained):
    workspace = logged[0]
    ids = set(trained[1].keys["customer_id"].head(50)) | set(trained[2].keys["policy_id"].head(50))
    for path in workspace.rglob("*"):
        if (path.is_file() and path.suffix in {".json", ".txt", ".yaml", ""}) or path.name in ("MLmodel", "mlflow.db"):
            text = path.read_bytes()
            assert not any(i.encode() in text for i in ids), path.name


def test_the_logged_model_returns_probabilities(logged, trained):
    import mlflow

    workspace, _, uri, _ = logged
    model, _, test, _ = trained
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{workspace / 'mlflow.db'}")
    try:
        loaded = mlflow.pyfunc.load_model(uri)
    finally:
        mlflow.set_tracking_uri(before)
    got = loaded.predict(test.X.head(50))
    np.testing.assert_allclose(got["probability"], model.predict_proba(test.X.head(50))[:, 1])
    assert loaded.metadata.signature.outputs.input_names() == ["probability"]


def test_the_workspace_gives_its_newest_model_and_value_back(logged, trained):
    from churnkit.apps.tracking import load_model

    model, value = load_model("renewal", workspace=logged[0])
    _, _, test, own = trained
    np.testing.assert_array_equal(model.predict_proba(test.X), trained[0].predict_proba(test.X))
    pd.testing.assert_frame_equal(value.predict(test), own.predict(test))


def test_logging_outside_a_run_says_how(trained):
    with pytest.raises(UsageError, match=r"with churnkit\.track"):
        ck.log_model(*trained[:3])


def test_tracking_leaves_the_callers_own_tracking_uri_alone(tmp_path):
    import mlflow

    before = mlflow.get_tracking_uri()
    with ck.track("empty", workspace=tmp_path):
        assert str(tmp_path) in mlflow.get_tracking_uri()
    assert mlflow.get_tracking_uri() == before
