"""``churnkit panel``: a panel in a folder, told in words and in JSON."""

import json

import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.panel.build import build_panel
from churnkit.panel.panel import Panel
from tests.simulated import simulated

from .commands import churnkit


@pytest.fixture
def folder(tmp_path_factory):
    return simulated(tmp_path_factory, customers=300, years=3, seed=2)


def test_a_panel_goes_to_a_folder_and_is_the_panel(folder, tmp_path):
    to = tmp_path / "panel"
    done = churnkit("panel", folder, "--to", to, "--target", "churn", "--memory", "600MB", "--json")
    assert done.returncode == 0, done.stderr
    answer, panel = json.loads(done.stdout), Panel.read_parquet(to)
    want = build_panel(open_book(folder), "churn")
    pd.testing.assert_frame_equal(panel.X, want.X, check_exact=True)
    assert (answer["rows"], answer["features"]) == want.X.shape
    assert answer["rate"] == want.y.mean()
    again = churnkit("panel", folder, "--to", to, "--target", "churn", "--memory", "600MB")
    assert again.returncode == 0
    assert f"Panel(churn: {len(want):,} rows x {want.X.shape[1]} features" in again.stdout
    assert "Left out: " in again.stdout


def test_a_folder_with_another_panel_is_an_error_in_words(folder, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = churnkit("panel", folder, "--to", tmp_path, "--memory", "600MB")
    assert done.returncode == 2
    assert "empty folder" in done.stderr
    assert "Traceback" not in done.stderr
