"""Is the value right in level, rank and uncertainty? ``run.py [DATA] --work FOLDER [--output FOLDER]``.

Books are measured on every core the process may use, one each at a time, and kept in the work folder; a run that was
stopped goes on where it ended. ``BOOKS`` in the environment: books per world, else 15. Seeds begin at 100: on 0 to 9
causes of error were looked for, on 700 and more their cures.
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
from pooling import of_worlds, promises
from record import arguments, write_result
from savings import savings_curve
from speed import measured_speed

WORLDS, BOOKS, FIRST_SEED = "ABCDEFG", int(os.environ.get("BOOKS", "15")), 100
QUESTION = (
    "Is the value of a book's customers right in level (survival after five renewals), in rank (expected lifetime) and "
    "in its uncertainty, in each world, and what happens on real policies when the market swings?"
)


def keep(file: Path, answer: dict[str, Any]) -> None:
    """Write an answer whole or not at all."""
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(answer), encoding="utf-8")
    unfinished.replace(file)


def kept(file: Path, measure: Any) -> dict[str, Any]:
    """Return what was measured before, else measure and keep it."""
    if not file.is_file():
        keep(file, measure())
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def measure_books(work: Path) -> list[dict[str, Any]]:
    """Measure the books that are missing, seed by seed, and say how far it is."""
    wanted = [(world, seed) for seed in range(FIRST_SEED, FIRST_SEED + BOOKS) for world in WORLDS]
    todo = [(w, s) for w, s in wanted if not (work / f"{w}{s}.json").is_file()]
    begun = time.perf_counter()
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=get_context("spawn")) as pool:
        running = {pool.submit(one_book, world, seed): (world, seed) for world, seed in todo}
        for done, future in enumerate(as_completed(running), start=1):
            world, seed = running[future]
            keep(work / f"{world}{seed}.json", future.result())
            left = (time.perf_counter() - begun) / done * (len(todo) - done) / 60
            print(f"{world}{seed}: {done}/{len(todo)}, about {left:.0f} minutes left", file=sys.stderr, flush=True)
    return [json.loads((work / f"{w}{s}.json").read_text(encoding="utf-8")) for w, s in wanted]


def main() -> None:
    """Measure what is not yet measured, hold it against the promises, write the result.

    Seconds mean something on a quiet machine only: with ``QUIET=0`` in the environment they are not measured, and the
    result says so.
    """
    asked = arguments(HERE, work=True)
    asked.work.mkdir(parents=True, exist_ok=True)
    savings = kept(asked.work / "savings.json", lambda: savings_curve(asked.data))
    books = measure_books(asked.work)
    quiet = os.environ.get("QUIET") != "0"
    speed = kept(asked.work / "speed.json", measured_speed) if quiet else {}
    figures = of_worlds(books) | savings | speed
    written = write_result(HERE, asked.output, question=QUESTION, figures=figures, promises=promises(figures))
    print(f"written: {written}")


if __name__ == "__main__":
    main()
