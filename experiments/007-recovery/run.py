"""Is the effect of satisfaction found, with its uncertainty? ``run.py [DATA] [--work FOLDER] [--output FOLDER]``.

Books are measured on every core the process may use, one each at a time, and every answer is a line of
``books.jsonl`` in the work folder, by default beside this file: a run reads what is there and measures what is missing,
seed by seed over all worlds. In the environment: ``BOOKS`` per world (else 40), ``VALUE_BOOKS`` of worlds A to F whose
elasticity is measured too (else 20), ``HALF_BOOKS`` with a negative control of half the strength (else 10);
``CUSTOMERS``, ``WORLDS`` and ``SEEDS_FROM`` are for trials; ``MINUTES``: begin no book after so many.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a book a core; before any library asks for threads
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from books import CUSTOMERS, EFFECT, HALF, VALUE, measured
from kept import Job, Key, asked, measure_books, read
from pooling import of_worlds
from promises import promises
from record import arguments, write_result
from speed import measured_speed

QUESTION = (
    "Is the effect of satisfaction on renewal and on lifetime value found in each world, does its interval hold the "
    "truth, and does the verdict say so where it cannot be known?"
)


def wanted() -> list[Job]:
    """World, seed and parts of every book, seed by seed."""
    first, found = asked("SEEDS_FROM", 0), []
    for k in range(max(asked("BOOKS", 40), asked("VALUE_BOOKS", 20), asked("HALF_BOOKS", 10))):
        for world in os.environ.get("WORLDS", "ABCDEFGHI"):
            parts = [EFFECT] if k < asked("BOOKS", 40) else []
            parts += [VALUE] if world in "ABCDEF" and k < asked("VALUE_BOOKS", 20) else []
            found.append((world, first + k, parts))
            if world in "CFG" and k < asked("HALF_BOOKS", 10):
                found.append((world, first + k, [HALF]))
    return [job for job in found if job[2]]


def missing(kept: dict[Key, dict[str, Any]]) -> Iterator[Job]:
    """The jobs with the parts that are not there yet."""
    for world, seed, parts in wanted():
        left = [part for part in parts if (part, world, seed) not in kept]
        if left:
            yield world, seed, left


def main() -> None:
    """Measure what is not yet measured, hold it against the promises, write the result.

    Seconds mean something on a quiet machine only: with ``QUIET=0`` in the environment they are not measured, and the
    result says so.
    """
    told, customers = arguments(HERE, work=HERE), asked("CUSTOMERS", CUSTOMERS)
    file = told.work / "books.jsonl"
    kept = measure_books(file, list(missing(read(file, customers))), measured, customers=customers)
    keys = [(part, world, seed) for world, seed, parts in wanted() for part in parts]
    books = [kept[key] for key in keys if key in kept]
    speed = measured_speed(told.work / "speed.json") if os.environ.get("QUIET") != "0" else {}
    figures = of_worlds(books) | speed
    written = write_result(HERE, told.output, question=QUESTION, figures=figures, promises=promises(figures))
    print(f"written: {written}")


if __name__ == "__main__":
    main()
