"""How long an effect takes: 100,000 customers on two cores, in a process of its own that may use both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CUSTOMERS = 100_000


def measured_speed(file: Path) -> dict[str, float]:
    """Run this file by itself, for threads are decided before a library is loaded; an answer is kept in `file`."""
    if not file.is_file():
        path = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive", "PYTHONPATH": path}
        done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, env=environment, check=True)
        file.write_text(done.stdout.splitlines()[-1] + "\n", encoding="utf-8")
    found: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Simulate, then time the effect's fit, which reads the book, and the index on top of it."""
    import churnkit as ck

    with tempfile.TemporaryDirectory() as folder:
        book = ck.open_book(ck.simulate_book(Path(folder), customers=CUSTOMERS, seed=0, world="F", truth=False))
        begun = time.perf_counter()
        effect = ck.SatisfactionEffect(n_jobs=2).fit(book)
        effect.table  # noqa: B018  with its figures by line
        fitted = time.perf_counter()
        ck.SatisfactionIndex().fit(effect.terms_)
        indexed = time.perf_counter()
    print(json.dumps({"speed_customers": CUSTOMERS, "speed_terms": len(effect.terms_),
                      "speed_effect_seconds": fitted - begun, "speed_index_seconds": indexed - fitted}))  # fmt: skip


if __name__ == "__main__":
    main()
