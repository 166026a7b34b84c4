"""What leaves the house works there: a tracking server, a model in an environment of its own, a model over HTTP."""

import json
import os
import subprocess
import sys
import urllib.request

import numpy as np
import pandas as pd
import pytest

import churnkit as ck
from tests.apps.commands import churnkit
from tests.apps.serving import served

pytestmark = pytest.mark.serve


@pytest.fixture(scope="module")
def trained(book_folder):
    book = ck.open_book(book_folder)
    panel = ck.build_panel(book, target="renewal", leads=[45, 180], keep_unlabelled=True)
    train, test = panel.split(test_from="2025-08-01")
    model = ck.RenewalModel(n_estimators=60)
    model.fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups, features=train.features)
    return model, train, test, ck.evaluate(model, test, n_boot=20), ck.LifetimeValue(economics=book).fit(panel, model)


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory):
    """The files of a logged model, and nothing else of the workspace."""
    import mlflow

    model, train, test, evaluation, value = trained
    root = tmp_path_factory.mktemp("away")
    with ck.track("renewal", workspace=root / "workspace"):
        uri = ck.log_model(model, train, test, evaluation=evaluation, value=value)
        mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(root / "model"))
    return root / "model"


@pytest.fixture(scope="module")
def rows(trained):
    return trained[2].X.head(200)


@pytest.fixture(scope="module")
def expected(trained, rows):
    """What the model itself says of the rows."""
    model = trained[0]
    told = ck.reasons(model, rows).pivot(index="row", columns="rank", values="text")
    scores = model.predict_interval(rows).assign(probability=model.predict_proba(rows)[:, 1], reason_1=told[1])
    return scores.reset_index(drop=True)


def agrees(got, expected):
    for name in ("probability", "low", "high"):
        np.testing.assert_array_equal(got[name].to_numpy(float), expected[name].to_numpy())
    assert got["reason_1"].tolist() == expected["reason_1"].tolist()


def test_a_tracking_server_keeps_runs_models_and_artifacts(trained, rows, expected, tmp_path, monkeypatch):
    import mlflow

    model, train, test, evaluation, value = trained
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    words = ("server", "--backend-store-uri", f"sqlite:///{tmp_path}/server.db", "--artifacts-destination",
             str(tmp_path / "stored"), "--workers", "1")  # fmt: skip
    with served(*words, cwd=tmp_path, health="/health", log=tmp_path / "log") as address:
        with ck.track("renewal", workspace=address) as run:
            uri = ck.log_model(model, train, test, evaluation=evaluation, value=value)
            assert run.info.artifact_uri.startswith("mlflow-artifacts:")
            agrees(mlflow.pyfunc.load_model(uri).predict(rows), expected)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with ck.track("renewal"):
            ck.log_model(model, train, test, evaluation=evaluation)
        kept = ck.load_model("renewal")
        np.testing.assert_array_equal(kept.model.predict_proba(rows)[:, 1], expected["probability"])
        pd.testing.assert_frame_equal(kept.value.predict(test), value.predict(test))
        assert churnkit("promote", "challenger").stdout.startswith("churnkit-renewal version 2 is the champion now")
        assert ck.load_model("renewal", workspace=address).version == "churnkit-renewal/2"
        assert (ck.compare_runs("1", "champion").table["difference"] == 0).all()
        assert churnkit("card", "2", "--workspace", address).stdout.startswith("# Model card: renewal")
    assert list((tmp_path / "stored").rglob("card.html")) and not (tmp_path / "mlartifacts").exists()
    assert (tmp_path / "config" / "churnkit" / ".churnkit_salt").is_file()


def test_a_fresh_environment_with_only_the_logged_requirements_scores_the_same(folder, rows, expected, tmp_path):
    python = tmp_path / "fresh" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "fresh"], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", folder / "requirements.txt"], check=True)
    rows.to_parquet(tmp_path / "rows.parquet")
    code = ("import sys, mlflow, pandas as pd, importlib.util; assert importlib.util.find_spec('churnkit') is None;"
            "model = mlflow.pyfunc.load_model(sys.argv[1]);"
            "model.predict(pd.read_parquet('rows.parquet')).to_parquet('scores.parquet')")  # fmt: skip
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([python, "-c", code, folder], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    agrees(pd.read_parquet(tmp_path / "scores.parquet"), expected)


def test_a_model_served_over_http_scores_the_same(folder, rows, expected, tmp_path):
    words = ("models", "serve", "--model-uri", str(folder), "--env-manager", "local")
    with served(*words, cwd=tmp_path, health="/ping", log=tmp_path / "log") as address:
        data = [[None if pd.isna(each) else each for each in row] for row in rows.to_numpy(dtype=object).tolist()]
        body = {"dataframe_split": {"columns": list(rows.columns), "data": data}}
        got = asked(address, body)
        agrees(got, expected)
        assert list(got.columns) == ["probability", "low", "high", "unsure", "reason_1", "reason_2", "reason_3",
                                     "not_for_money"]  # fmt: skip
        chinese = asked(address, body | {"params": {"language": "zh"}})
        assert chinese["reason_1"].str.contains("[一-鿿]").all()


def asked(address, body):
    request = urllib.request.Request(
        f"{address}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return pd.DataFrame(json.loads(answer.read())["predictions"])
