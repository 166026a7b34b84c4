"""How long an effect takes: 100,000 customers on two cores, in a process of its own that may use both."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

CUSTOMERS = 100_000


def measured_speed(file: Path) -> dict[str, float]:
    """Seconds, as this file prints them when it is run by itself; an answer is kept in `file`."""
    from kept import measured_alone

    return measured_alone(Path(__file__).resolve(), file)


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
