"""An insurer's export, from `churnkit map` and one edit to a model: the same as from the clean book behind it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from churnkit.apps.cli import app
from churnkit.book.check import check_book
from churnkit.book.open import open_book
from churnkit.simulate import simulate_book, ugly_export

pytestmark = pytest.mark.recovery


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("ugly")
    clean = simulate_book(root, customers=2_000, years=6, seed=3)
    ugly_export(clean, root / "ugly")
    return clean, root / "ugly"


def run(*words):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_map_one_edit_and_train_give_the_metrics_of_the_clean_twin(folders, tmp_path):
    clean, ugly = folders
    told = run("map", ugly)
    assert "to confirm   data_cutoff" in told
    settings = ugly / "churnkit.toml"
    edited, times = re.subn(r"^# data_cutoff", "data_cutoff", settings.read_text(encoding="utf-8"), flags=re.M)
    assert times == 1  # the one edit
    settings.write_text(edited, encoding="utf-8")
    findings = check_book(open_book(ugly))
    assert not findings.errors
    assert not findings.warnings
    forms = " ".join(item.found for item in findings.items if item.code == "TYP02")
    for word in (
        "percent signs",
        "万",
        "2024年1月5日",
        "2024/1/5",
        "yyyymmdd",
        "thousands separators",
        "full-width",
        "是/否",
    ):
        assert word in forms
    assert {item.table for item in findings.items if item.code == "ENC03"} == set(open_book(ugly).tables)

    trained = [json.loads(run("train", folder, "--json", "--workspace", tmp_path / name))["targets"]["renewal"]
               for name, folder in (("ours", clean), ("theirs", ugly))]  # fmt: skip
    for part in ("metrics", "baselines", "excluded", "train_rows", "test_rows"):
        assert trained[0][part] == trained[1][part]


def test_the_export_keeps_nothing_of_the_clean_book_but_the_facts(folders):
    clean, ugly = folders
    assert not {path.name for path in clean.iterdir()} & {path.name for path in Path(ugly).iterdir()} - {
        "churnkit.toml"
    }
    with pytest.raises(UnicodeDecodeError):
        (ugly / "承保明细.csv").read_text(encoding="utf-8")
