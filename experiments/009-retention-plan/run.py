"""Are the right customers called, and does the read-out tell? ``run.py [DATA] --work FOLDER [--output FOLDER]``.

Books are measured on every core the process may use, one each at a time, and kept in the work folder; a run that was
stopped goes on where it ended. ``BOOKS`` in the environment: how many, else 30. Seeds begin at 300; 900 and more were
used while it was built.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a book a core; before any library asks for threads
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from books import one_book
from pooling import pooled, promises
from record import arguments, write_result
from speed import measured_speed

BOOKS, FIRST_SEED = int(os.environ.get("BOOKS", "30")), int(os.environ.get("FIRST_SEED", "300"))
QUESTION = (
    "Is a list by expected value worth more, when the calls are made, than a list by risk or by value at risk; does "
    "the read-out's interval hold the renewals truly saved; and does one experiment teach whom not to call?"
)


def keep(file: Path, answer: dict[str, Any]) -> None:
    """Write an answer whole or not at all."""
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(answer), encoding="utf-8")
    unfinished.replace(file)


def measure_books(work: Path) -> list[dict[str, Any]]:
    """Measure the books that are missing, seed by seed, and say how far it is."""
    wanted = range(FIRST_SEED, FIRST_SEED + BOOKS)
    todo = [seed for seed in wanted if not (work / f"{seed}.json").is_file()]
    begun = time.perf_counter()
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=get_context("spawn")) as pool:
        running = {pool.submit(one_book, seed): seed for seed in todo}
        for done, future in enumerate(as_completed(running), start=1):
            keep(work / f"{running[future]}.json", future.result())
            left = (time.perf_counter() - begun) / done * (len(todo) - done) / 60
            print(f"{running[future]}: {done}/{len(todo)}, about {left:.0f} minutes left", file=sys.stderr, flush=True)
    return [json.loads((work / f"{seed}.json").read_text(encoding="utf-8")) for seed in wanted]


def main() -> None:
    """Measure what is not yet measured, hold it against the promises, write the result.

    Seconds mean something on a quiet machine only: with ``QUIET=0`` in the environment they are not measured, and the
    result says so.
    """
    asked = arguments(HERE, work=True)
    asked.work.mkdir(parents=True, exist_ok=True)
    speed: dict[str, float] = {}
    if os.environ.get("QUIET") != "0":
        file = asked.work / "speed.json"
        if not file.is_file():
            keep(file, measured_speed())
        speed = json.loads(file.read_text(encoding="utf-8"))
    figures = pooled(measure_books(asked.work)) | speed
    written = write_result(HERE, asked.output, question=QUESTION, figures=figures, promises=promises(figures))
    print(f"written: {written}")


if __name__ == "__main__":
    main()
