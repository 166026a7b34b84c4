"""Simulated books that tests only read: each is made once in a session, by the worker that needs it first."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from churnkit.simulate import simulate_book


def simulated(factory: pytest.TempPathFactory, *, customers: int, years: int, seed: int, truth: bool = False) -> Path:
    """The folder of a simulated book, in world F; its truth lies beside it if asked for. It belongs to all: copy it."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # each worker has a folder of its own in it
    home = root / f"simulated-{customers}-{years}-{seed}{'-truth' if truth else ''}"
    with open(f"{home}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "made").exists():
            simulate_book(home, customers=customers, years=years, seed=seed, truth=truth)
            (home / "made").touch()
    return home / "book"
