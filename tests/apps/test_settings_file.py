"""churnkit map and churnkit init as a user meets them: one file, written whole, never over another."""

import json
import re
import resource

import pytest

from tests.apps.commands import churnkit, process
from tests.book.exports import names, write_export
from tests.simulated import simulated


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return simulated(tmp_path_factory, customers=300, years=3, seed=2)


@pytest.fixture
def export(clean, tmp_path):
    return write_export(clean, tmp_path / "导出", "chinese")


@pytest.mark.recovery
def test_map_then_one_edit_then_check(export):
    done = churnkit("map", export)
    assert done.returncode == 0, done.stderr
    settings = export / "churnkit.toml"
    assert settings.is_file()
    for words in (
        "policies",
        "保单主表.csv",
        "the last covered day",
        "Next: confirm data_cutoff",
        f"churnkit check {export}",
    ):
        assert words in done.stdout, words
    refused = churnkit("check", export)
    assert refused.returncode == 2 and "needs data_cutoff" in refused.stderr
    settings.write_text(re.sub(r"(?m)^# (data_cutoff)", r"\1", settings.read_text(encoding="utf-8")), encoding="utf-8")
    done = churnkit("check", export)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [path for path in export.iterdir() if path.name.startswith(".")], "a file was left half-written"


def test_map_never_writes_over_settings_unless_forced(export):
    mine = 'data_cutoff = "2026-01-01"\ncurrency = "EUR"\n[terms.columns]\npremium = "应收日期"\n'
    (export / "churnkit.toml").write_text(mine, encoding="utf-8")
    done = churnkit("map", export)
    assert done.returncode == 0, done.stderr
    assert (export / "churnkit.toml").read_text(encoding="utf-8") == mine
    assert (export / "churnkit.guess.toml").is_file()
    assert "stays as it is" in done.stdout and "--force" in done.stdout
    assert "terms.columns.premium: '应收日期', the guess '签单保费(元)'" in churnkit("map", export, "--json").stdout
    forced = churnkit("map", export, "--force")
    assert forced.returncode == 0
    assert "签单保费(元)" in (export / "churnkit.toml").read_text(encoding="utf-8")


def test_map_answers_in_json_and_writes_where_it_is_told(export, tmp_path):
    out = tmp_path / "guess.toml"
    done = churnkit("map", export, "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["written"] == str(out) and out.is_file()
    assert not (export / "churnkit.toml").exists()
    assert answer["columns"]["terms"] == names("chinese", "terms")
    assert answer["missing"] == {}


@pytest.mark.parametrize("words", [("map", "nowhere"), ("init", "nowhere"), ("map",)])
def test_what_is_not_there_is_a_usage_error(tmp_path, words):
    done = churnkit(words[0], *(tmp_path / word for word in words[1:]))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_to_write_to_or_none_is_refused_before_any_work(export, tmp_path):
    for output in (tmp_path, tmp_path / "none" / "x.toml"):
        done = churnkit("map", export, "-o", output)
        assert done.returncode == 2, output
        assert "Settings are written" in done.stderr and "Looking" not in done.stderr


def test_init_writes_every_key_explained_and_never_over_settings(tmp_path):
    done = churnkit("init", tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "churnkit.toml").read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if line and not line.startswith("#")], "nothing is set yet"
    assert "end_date_is" in text and "[terms.columns]" in text and "[tables.web_visits]" in text
    (tmp_path / "churnkit.toml").write_text("mine", encoding="utf-8")
    done = churnkit("init", tmp_path)
    assert done.returncode == 2 and "--force" in done.stderr
    assert (tmp_path / "churnkit.toml").read_text(encoding="utf-8") == "mine"
    assert churnkit("init", tmp_path, "--force").returncode == 0


def test_help_names_both_and_takes_less_than_half_a_second_of_work():
    spent = []
    for _ in range(3):
        begun = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = process("--help")
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime)
        assert "map" in done.stdout and "init" in done.stdout
    assert min(spent) < 0.5, spent
