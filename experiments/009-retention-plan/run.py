"""Are the right customers called, and does the read-out tell? ``run.py [DATA] [--work FOLDER] [--output FOLDER]``.

Books are measured on every core the process may use, one each at a time, and every answer is a line of
``books.jsonl`` in the work folder, by default beside this file: a run reads what is there and measures what is missing.
In the environment: ``BOOKS`` (else 30); ``CUSTOMERS`` and ``SEEDS_FROM`` (else 300; 900 and more were used while it was
built) are for trials; ``MINUTES``: begin no book after so many; with ``QUIET=0`` seconds are not measured, which mean
something on a quiet machine only.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a book a core; before any library asks for threads
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from books import CUSTOMERS, PLAN, measured
from kept import Job, asked, measure_books, measured_alone, read
from pooling import pooled, promises
from record import arguments, write_result

WORLD = "F"
QUESTION = (
    "Is a list by expected value worth more, when the calls are made, than a list by risk or by value at risk; does "
    "the read-out's interval hold the renewals truly saved; and does one experiment teach whom not to call?"
)


def wanted() -> list[Job]:
    """World and seed of every book."""
    first = asked("SEEDS_FROM", 300)
    return [(WORLD, first + k, [PLAN]) for k in range(asked("BOOKS", 30))]


def main() -> None:
    """Measure what is not yet measured, hold it against the promises, write the result."""
    told, customers = arguments(HERE, work=HERE), asked("CUSTOMERS", CUSTOMERS)
    file = told.work / "books.jsonl"
    there = read(file, customers)
    todo = [job for job in wanted() if (PLAN, job[0], job[1]) not in there]
    kept = measure_books(file, todo, measured, customers=customers)
    books = [kept[PLAN, world, seed] for world, seed, _ in wanted() if (PLAN, world, seed) in kept]
    quiet = os.environ.get("QUIET") != "0"
    speed = measured_alone(HERE / "speed.py", told.work / "speed.json") if quiet else {}
    figures = pooled(books) | speed
    written = write_result(HERE, told.output, question=QUESTION, figures=figures, promises=promises(figures))
    print(f"written: {written}")


if __name__ == "__main__":
    main()
