"""Books that many tests share; simulated once per session."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pytest

from churnkit.simulate import simulate_book


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated insurer, world F, with its truth beside it."""
    root = tmp_path_factory.mktemp("insurer")
    simulate_book(root, customers=3000, years=5, seed=11)
    return root


@pytest.fixture(scope="session")
def book_folder(workspace: Path) -> Path:
    return workspace / "book"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of public data sets; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("CHURNKIT_DATA", Path(__file__).parents[1] / ".." / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip("public data sets not found: set CHURNKIT_DATA to their folder")
    return folder
