"""How long an evaluation takes: 100,000 policies in force, prepared once, in a process of its own that may use both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CUSTOMERS, ROUNDS = 192_000, 7


def measured_speed(file: Path) -> dict[str, float]:
    """Run this file by itself, for threads are decided before a library is loaded; an answer is kept in `file`."""
    if not file.is_file():
        path = os.pathsep.join([str(HERE.parents[1]), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive", "PYTHONPATH": path}
        done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, env=environment, check=True)
        file.write_text(done.stdout.splitlines()[-1] + "\n", encoding="utf-8")
    found: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Simulate, prepare, then time one lever, and two with their parts."""
    from books import BOTH, FASTER, ready

    import churnkit as ck

    with tempfile.TemporaryDirectory() as folder:
        book = ck.open_book(ck.simulate_book(Path(folder), customers=CUSTOMERS, seed=0, world="F", truth=False))
        prepared = ready(book, 0)
        seconds = {}
        for name, scenario in (("one", FASTER), ("two", BOTH)):
            taken = []
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                prepared.evaluate(scenario)
                taken.append(time.perf_counter() - begun)
            seconds[f"speed_{name}_lever_seconds"] = sorted(taken)[ROUNDS // 2]
    print(json.dumps({"speed_policies": len(prepared.policies_), **seconds}))


if __name__ == "__main__":
    main()
