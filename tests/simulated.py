"""Simulated books that tests only read: each is made once in a session, by the worker that needs it first."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from churnkit.simulate import simulate_book

Made = TypeVar("Made")


def simulated(factory: pytest.TempPathFactory, *, customers: int, years: int, seed: int, truth: bool = False) -> Path:
    """The folder of a simulated book, in world F; its truth lies beside it if asked for. It belongs to all: copy it."""
    with _alone(factory, f"simulated-{customers}-{years}-{seed}{'-truth' if truth else ''}") as home:
        if not (home / "made").exists():
            simulate_book(home, customers=customers, years=years, seed=seed, truth=truth)
            (home / "made").touch()
    return home / "book"


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[], Made]) -> Made:
    """What takes seconds to make, from the worker that made it."""
    with _alone(factory, name) as home:
        if not home.exists():
            found = make()
            home.write_bytes(pickle.dumps(found))
            return found
        again: Made = pickle.loads(home.read_bytes())
        return again


@contextmanager
def _alone(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A place that all workers share, while nobody else is at it."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # each worker has a folder of its own in it
    with open(root / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield root / name
