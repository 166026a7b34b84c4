"""One peer, one run, in a process of its own: ``measure.py PEER TASK.json`` prints what it took as JSON.

Imports and the reading of specs come before the clock; saving for the comparison comes after it. CPU seconds are user
and system time of this process and its children; the peak is the largest resident memory of the process's life.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any


def cpu_seconds() -> float:
    """User and system time so far, children included."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)


def peak_bytes() -> int:
    """Largest resident memory so far; of this program where the kernel says so, for a fork may count its parent's."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measured(name: str, task: dict[str, Any]) -> dict[str, Any]:
    """Run a peer over a task."""
    peer = importlib.import_module(f"peers.{name}")
    ready = peer.prepare(task)
    before = peak_bytes()
    cpu, wall = cpu_seconds(), time.perf_counter()
    found = peer.run(task, ready)
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    peak = peak_bytes()
    rows, columns = peer.shape(found)
    if task["keep"] and task["end"] == "memory":
        peer.save(found, Path(task["result"]))
    return {"cpu": cpu, "wall": wall, "peak": peak, "before": before, "rows": rows, "columns": columns,
            "versions": {package: version(package) for package in peer.PACKAGES}}  # fmt: skip


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    answer = measured(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
    print("\n" + json.dumps(answer))
