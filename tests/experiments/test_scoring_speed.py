"""The speed of training, scores and reasons: its result has a shape, and its README shows just that."""

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "experiments" / "011-scoring-speed"


def test_the_readme_shows_what_was_measured(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER.parent), *sys.path])
    from record import with_figures

    result = json.loads((FOLDER / "result.json").read_text(encoding="utf-8"))
    assert result["command"] == "python experiments/011-scoring-speed/run.py"
    assert len(result["promises"]) == 14
    for name in ("wide", "shipped"):
        assert result["figures"][f"{name}_reasons_changed"] == 0
        assert result["figures"][f"{name}_largest_difference"] <= 5e-5
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert text == with_figures(text, result, "least … most of the rounds")
