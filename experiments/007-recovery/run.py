"""Is the effect of satisfaction found, with its uncertainty? ``run.py [DATA] [--work FOLDER] [--output FOLDER]``.

Books are measured on every core the process may use, one each at a time, and every answer is a line of
``books.jsonl`` in the work folder, by default beside this file: a run reads what is there and measures what is missing,
seed by seed over all worlds. In the environment: ``BOOKS`` per world (else 40), ``VALUE_BOOKS`` of worlds A to F whose
elasticity is measured too (else 20), ``HALF_BOOKS`` with a negative control of half the strength (else 10);
``CUSTOMERS``, ``WORLDS`` and ``SEEDS_FROM`` are for trials; ``MINUTES``: begin no book after so many.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a book a core; before any library asks for threads
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from books import CUSTOMERS, EFFECT, HALF, VALUE, measured
from pooling import of_worlds
from promises import promises
from record import arguments, write_result
from speed import measured_speed

QUESTION = (
    "Is the effect of satisfaction on renewal and on lifetime value found in each world, does its interval hold the "
    "truth, and does the verdict say so where it cannot be known?"
)
Key = tuple[str, str, int]
Job = tuple[str, int, list[str]]


def asked(name: str, otherwise: int) -> int:
    """A number from the environment."""
    return int(os.environ.get(name, otherwise))


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


def rounded(value: Any) -> Any:
    """Keep six digits, and nothing where there is no number."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value.item() if hasattr(value, "item") else value


def read(file: Path, customers: int) -> dict[Key, dict[str, Any]]:
    """The answers kept so far, of books of that size; a line that was cut off is measured again."""
    found: dict[Key, dict[str, Any]] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            answer = json.loads(line)
        except json.JSONDecodeError:
            continue
        if answer["customers"] == customers:
            found[answer["part"], answer["world"], answer["seed"]] = answer
    return found


def append(file: Path, answers: list[dict[str, Any]]) -> None:
    """Add a line for each answer; what an earlier run left unfinished stays a line of its own."""
    cut_off = file.is_file() and file.read_bytes()[-1:] not in (b"\n", b"")
    lines = [json.dumps(rounded(answer), separators=(",", ":"), allow_nan=False) for answer in answers]
    with file.open("a", encoding="utf-8") as kept:
        kept.write("\n" * cut_off + "\n".join([*lines, ""]))


def missing(kept: dict[Key, dict[str, Any]]) -> Iterator[Job]:
    """The jobs with the parts that are not there yet."""
    for world, seed, parts in wanted():
        left = [part for part in parts if (part, world, seed) not in kept]
        if left:
            yield world, seed, left


def measure_books(file: Path, customers: int) -> dict[Key, dict[str, Any]]:
    """Measure what is missing, a book a core, and say how far it is; begins no book when its minutes are over."""
    todo, begun, limit = list(missing(read(file, customers))), time.perf_counter(), asked("MINUTES", 10**6) * 60
    cores, running, done = len(os.sched_getaffinity(0)), dict[Future[Any], Job](), 0
    left = iter(todo)
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn"), max_tasks_per_child=20) as pool:
        while True:
            while len(running) < cores and time.perf_counter() - begun < limit and (job := next(left, None)):
                running[pool.submit(measured, *job, customers=customers)] = job
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                world, seed, parts = running.pop(future)
                append(file, future.result())
                done += 1
                minutes = (time.perf_counter() - begun) / done * (len(todo) - done) / 60
                print(f"{world}{seed} {'+'.join(parts)}: {done}/{len(todo)}, about {minutes:.0f} minutes left",
                      file=sys.stderr, flush=True)  # fmt: skip
    return read(file, customers)


def main() -> None:
    """Measure what is not yet measured, hold it against the promises, write the result.

    Seconds mean something on a quiet machine only: with ``QUIET=0`` in the environment they are not measured, and the
    result says so.
    """
    told, customers = arguments(HERE, work=HERE), asked("CUSTOMERS", CUSTOMERS)
    told.work.mkdir(parents=True, exist_ok=True)
    kept = measure_books(told.work / "books.jsonl", customers)
    keys = [(part, world, seed) for world, seed, parts in wanted() for part in parts]
    books = [kept[key] for key in keys if key in kept]
    speed = measured_speed(told.work / "speed.json") if os.environ.get("QUIET") != "0" else {}
    figures = of_worlds(books) | speed
    written = write_result(HERE, told.output, question=QUESTION, figures=figures, promises=promises(figures))
    print(f"written: {written}")


if __name__ == "__main__":
    main()
