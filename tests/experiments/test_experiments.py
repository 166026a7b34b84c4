"""Experiments: their results have a shape, their READMEs say what was measured, and a second run measures it again."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDERS = {path.name: path for path in sorted((Path(__file__).parents[2] / "experiments").glob("00[1245]-*"))}
SLOW = "004-eudirectlapse"  # minutes: not run again by the tests
BEGIN, END = "<!-- figures: written by run.py -->", "<!-- end of figures -->"
each = pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS.keys())


def result_of(folder):
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def readme_of(folder):
    """The prose of a README, and the table of figures that run.py writes."""
    before, rest = (folder / "README.md").read_text(encoding="utf-8").split(BEGIN)
    table, after = rest.split(END)
    return before + after, table


def shown_as(number, value):
    """Whether a figure, or the same in percent, is written so."""
    digits = len(number.partition(".")[2])
    return number in (f"{value:.{digits}f}", f"{100 * value:.{digits}f}")


def test_all_are_there():
    assert list(FOLDERS) == ["001-eusaving-surrender", "002-ravenstack", "004-eudirectlapse", "005-telco"]


@each
def test_result_has_its_shape(folder):
    result = result_of(folder)
    assert list(result) == ["question", "command", "date", "versions", "figures", "promises"]
    assert result["command"] == f"python experiments/{folder.name}/run.py"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", result["date"])
    assert {"churnkit", "python", "lightgbm"} <= set(result["versions"])
    assert all(type(value) in (int, float) for value in result["figures"].values())
    for promise in result["promises"]:
        assert list(promise) == ["what", "target", "measured", "met"]
        assert type(promise["met"]) is bool


@each
def test_intervals_hold_their_estimates(folder):
    figures = result_of(folder)["figures"]
    held = [name for name in figures if f"{name}_low" in figures]
    assert len(held) > 5
    for name in held:
        assert figures[f"{name}_low"] <= figures[name] <= figures[f"{name}_high"], name


@each
def test_the_readme_shows_every_figure_and_promise(folder):
    result, (_, table) = result_of(folder), readme_of(folder)
    rows = dict(re.findall(r"^\| (\w+) \| ([-\d.,]+) \|", table, flags=re.M))
    figures = {n: v for n, v in result["figures"].items() if not (n.endswith(("_low", "_high")))}
    assert set(rows) == set(figures)
    for name, value in figures.items():
        assert rows[name] == (f"{value:,}" if isinstance(value, int) else f"{value:.4f}"), name
    for promise in result["promises"]:
        met = "met" if promise["met"] else "**missed**"
        assert f"| {promise['what']} | {promise['target']} | {promise['measured']} | {met} |" in table


@each
def test_numbers_in_the_prose_were_measured(folder):
    result, (prose, _) = result_of(folder), readme_of(folder)
    targets = re.findall(r"\d+\.\d+", " ".join(p["target"] for p in result["promises"]))
    for number in re.findall(r"(?<![\w.])\d+\.\d+", prose):
        assert number in targets or any(shown_as(number, v) for v in result["figures"].values()), number


def test_the_result_says_that_calibration_broke():
    said = [p for p in result_of(FOLDERS["001-eusaving-surrender"])["promises"] if "calibration broke" in p["what"]]
    assert len(said) == 3
    for promise in said:
        assert promise["met"]
        assert promise["measured"].startswith("Calibration broke: ")


def test_the_leak_finder_names_the_score_first():
    leak = result_of(FOLDERS["005-telco"])["promises"][0]
    assert (leak["target"], leak["met"]) == ("satisfaction_score", True)
    assert leak["measured"].startswith("customers LEAK29: satisfaction_score tells")


@each
def test_nothing_of_a_machine_is_kept(folder):
    for path in [*folder.glob("*.*"), folder.parent / "record.py"]:
        assert not re.search(r"/(home|tmp|work|root|Users)/|https?://", path.read_text(encoding="utf-8")), path.name


@pytest.mark.notebooks
@pytest.mark.parametrize("folder", [f for n, f in FOLDERS.items() if n != SLOW], ids=[n for n in FOLDERS if n != SLOW])
def test_a_second_run_gives_the_same_figures(folder, data_folder, tmp_path):
    call = [sys.executable, str(folder / "run.py"), str(data_folder), "--output", str(tmp_path)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kept, now = result_of(folder), json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert set(now["figures"]) == set(kept["figures"])
    for name, value in kept["figures"].items():
        tight = 0 if isinstance(value, int) and "trees" not in name else 2e-3 * max(1.0, abs(value))
        assert now["figures"][name] == pytest.approx(value, rel=0, abs=tight), name
    assert [p["met"] for p in now["promises"]] == [p["met"] for p in kept["promises"]]
