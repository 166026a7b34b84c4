"""Are scenarios right? ``run.py [DATA] [--work FOLDER] [--output FOLDER]``.

Books are measured on every core the process may use, one each at a time, and every answer is a line of
``books.jsonl`` in the work folder, by default beside this file: a run reads what is there and measures what is missing.
Intervals are held against books of their own, drawn after intervals were last changed, in the worlds whose renewals
differ. In the environment: ``BOOKS`` per world (else 15); ``CUSTOMERS``, ``WORLDS`` and ``SEEDS_FROM`` (else 20) are
for trials; ``MINUTES``: begin no book after so many; with ``QUIET=0`` seconds are not measured, which mean something on
a quiet machine only.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a book a core; before any library asks for threads
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from books import CUSTOMERS, SCENARIOS, measured
from kept import Job, asked, measure_books, read
from pooling import BOOKS, UNLIKE, WORLDS, of_intervals, of_worlds, promises
from quotes import quotes_scenario
from record import arguments, write_result
from speed import measured_speed

QUESTION = (
    "Is the total effect of a faster claim cycle right in each world, are its interval and the joint effect of two "
    "levers, and is it said where nobody was seen?"
)


def wanted() -> list[Job]:
    """World and seed of every book, seed by seed; last those that intervals are held against."""
    worlds, first, books = os.environ.get("WORLDS", WORLDS), asked("SEEDS_FROM", 20), asked("BOOKS", BOOKS)
    found = [(world, first + k, [SCENARIOS]) for k in range(books) for world in worlds]
    return found + [(world, first + books + k, [SCENARIOS]) for k in range(books) for world in worlds
                    if world in UNLIKE]  # fmt: skip


def main() -> None:
    """Measure what is not yet measured, hold it against the promises, write the result."""
    told, customers = arguments(HERE, work=HERE), asked("CUSTOMERS", CUSTOMERS)
    file = told.work / "books.jsonl"
    there = read(file, customers)
    todo = [job for job in wanted() if (SCENARIOS, job[0], job[1]) not in there]
    kept = measure_books(file, todo, measured, customers=customers)
    books = [kept[SCENARIOS, world, seed] for world, seed, _ in wanted() if (SCENARIOS, world, seed) in kept]
    speed = measured_speed(told.work / "speed.json") if os.environ.get("QUIET") != "0" else {}
    held = [book for book in books if book["seed"] >= asked("SEEDS_FROM", 20) + asked("BOOKS", BOOKS)]
    figures = of_worlds(books) | of_intervals(held) | speed | quotes_scenario(told.data)
    written = write_result(HERE, told.output, question=QUESTION, figures=figures, promises=promises(figures))
    print(f"written: {written}")


if __name__ == "__main__":
    main()
