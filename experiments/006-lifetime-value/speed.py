"""How long a value takes: 100,000 customers on two cores, in a process of its own that may use both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).resolve().parent
CUSTOMERS, REPLICATES = 100_000, 100


def measured_speed() -> dict[str, float]:
    """Run this file by itself: threads are decided before a library is loaded."""
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive",
                   "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])}  # fmt: skip
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, env=environment, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Simulate, train, then time the value's fit, its prediction and its intervals."""
    import pandas as pd

    import churnkit as ck

    with tempfile.TemporaryDirectory() as folder:
        book = ck.open_book(ck.simulate_book(Path(folder), customers=CUSTOMERS, seed=0, world="F"))
        panel = ck.build_panel(book, "renewal", keep_unlabelled=True)
        standing = ck.build_panel(book, "renewal", as_of=book.settings.data_cutoff)
    last = pd.Timestamp(panel.cutoff[panel.y.notna()].max()) - pd.Timedelta(days=365)
    train, _ = panel.split(test_from=last)
    model = ck.RenewalModel(random_state=0, n_jobs=2).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups,
                                                          features=train.features)  # fmt: skip
    seconds = [time.perf_counter()]
    ck.LifetimeValue().fit(panel, model, replicates=0)
    seconds.append(time.perf_counter())
    value = ck.LifetimeValue().fit(panel, model, replicates=REPLICATES)
    seconds.append(time.perf_counter())
    value.predict(standing)
    seconds.append(time.perf_counter())
    value.predict(standing, intervals=True)
    seconds.append(time.perf_counter())
    fit, again, predict, intervals = (b - a for a, b in pairwise(seconds))
    print(json.dumps({"speed_customers": CUSTOMERS, "speed_policies": len(standing), "speed_terms": len(panel),
                      "speed_fit_seconds": fit, "speed_predict_seconds": predict,
                      "speed_fit_and_intervals_seconds": again + intervals}))  # fmt: skip


if __name__ == "__main__":
    main()
