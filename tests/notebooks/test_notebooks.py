"""Every notebook runs whole; errors propagate."""

import runpy
from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.py"))
SAID = {
    "01_five_minute_tour": ("customers to contact",),
    "02_runs_and_versions": ("Backtest of 4 folds", "Reasons that", "is the champion now", "churnkit-renewal/2"),
}


def test_there_are_notebooks_and_they_read_as_percent_scripts():
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        cells = jupytext.read(path).cells
        assert {"markdown", "code"} == {cell.cell_type for cell in cells}, path.name
        assert "try next" in cells[-1].source, path.name


@pytest.mark.notebooks
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_whole(path, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CHURNKIT_TOUR_CUSTOMERS", "2500")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    runpy.run_path(str(path), run_name="__main__")
    told = capsys.readouterr().out
    assert [said for said in (*SAID[path.stem], "models:/") if said not in told] == []
