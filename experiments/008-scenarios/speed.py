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
    """Simulate, prepare, then time one lever, and two with their parts: never the same question twice."""
    from books import MOTOR, ready

    import churnkit as ck

    with tempfile.TemporaryDirectory() as folder:
        book = ck.open_book(ck.simulate_book(Path(folder), customers=CUSTOMERS, seed=0, world="F", truth=False))
        prepared = ready(book, 0)
        taken: dict[str, list[float]] = {"one": [], "two": []}
        for k in range(ROUNDS):
            one = ck.Scenario("cycle").set("claim_cycle_days", 3 + 0.05 * k, **MOTOR)
            two = one.change("satisfaction", 8 + 0.5 * k)
            for name, scenario in (("one", one), ("two", two)):
                begun = time.perf_counter()
                prepared.evaluate(scenario)
                taken[name].append(time.perf_counter() - begun)
    seconds = {f"speed_{name}_lever_seconds": sorted(each)[ROUNDS // 2] for name, each in taken.items()}
    print(json.dumps({"speed_policies": len(prepared.policies_), **seconds}))


if __name__ == "__main__":
    main()
