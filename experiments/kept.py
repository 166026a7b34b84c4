"""Answers that a long run keeps: a line each, so that a run that was stopped goes on; a book a core."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Any

Key = tuple[str, str, int]
"""Part, world and seed of an answer."""
Job = tuple[str, int, list[str]]
"""World, seed, and the parts to measure."""


def asked(name: str, otherwise: int) -> int:
    """A number from the environment."""
    return int(os.environ.get(name, otherwise))


def rounded(value: Any) -> Any:
    """Keep six digits, and nothing where there is no number."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value.item() if hasattr(value, "item") else value


def read(file: Path, customers: int) -> dict[Key, dict[str, Any]]:
    """The answers kept so far, of books of that size; a line that was cut off is measured again."""
    found: dict[Key, dict[str, Any]] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            answer = json.loads(line)
        except json.JSONDecodeError:
            continue
        if answer["customers"] == customers:
            found[answer["part"], answer["world"], answer["seed"]] = answer
    return found


def append(file: Path, answers: list[dict[str, Any]]) -> None:
    """Add a line for each answer; what an earlier run left unfinished stays a line of its own."""
    cut_off = file.is_file() and file.read_bytes()[-1:] not in (b"\n", b"")
    lines = [json.dumps(rounded(answer), separators=(",", ":"), allow_nan=False) for answer in answers]
    with file.open("a", encoding="utf-8") as kept:
        kept.write("\n" * cut_off + "\n".join([*lines, ""]))


def measure_books(
    file: Path, todo: list[Job], measured: Callable[..., list[dict[str, Any]]], *, customers: int
) -> dict[Key, dict[str, Any]]:
    """Measure what is missing, a book a core, and say how far it is; begins no book when its minutes are over.

    ``MINUTES`` in the environment says how many; ``measured`` takes world, seed, parts and ``customers``.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    begun, limit = time.perf_counter(), asked("MINUTES", 10**6) * 60
    cores, running, done = len(os.sched_getaffinity(0)), dict[Future[Any], Job](), 0
    left = iter(todo)
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn"), max_tasks_per_child=20) as pool:
        while True:
            while len(running) < cores and time.perf_counter() - begun < limit and (job := next(left, None)):
                running[pool.submit(measured, *job, customers=customers)] = job
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                world, seed, parts = running.pop(future)
                append(file, future.result())
                done += 1
                minutes = (time.perf_counter() - begun) / done * (len(todo) - done) / 60
                print(f"{world}{seed} {'+'.join(parts)}: {done}/{len(todo)}, about {minutes:.0f} minutes left",
                      file=sys.stderr, flush=True)  # fmt: skip
    return read(file, customers)


def measured_alone(script: Path, file: Path) -> dict[str, float]:
    """Run a script by itself, for threads are decided before a library is loaded; its last line is kept in `file`."""
    if not file.is_file():
        path = os.pathsep.join([str(script.parents[2]), str(script.parents[1]), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive", "PYTHONPATH": path}
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=True)
        file.write_text(done.stdout.splitlines()[-1] + "\n", encoding="utf-8")
    found: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    return found
