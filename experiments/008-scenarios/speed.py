"""How long an evaluation takes: 100,000 policies in force, prepared once, in a process of its own that may use both."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

CUSTOMERS, ROUNDS = 192_000, 7


def measured_speed(file: Path) -> dict[str, float]:
    """Seconds, as this file prints them when it is run by itself; an answer is kept in `file`."""
    from kept import measured_alone

    return measured_alone(Path(__file__).resolve(), file)


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
