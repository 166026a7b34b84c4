"""Would the models have held, year after year, in every world? ``run.py [DATA] --work FOLDER [--output FOLDER]``."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from pooling import mean_of, named, of_book, of_world
from record import arguments, churnkit, promise, write_result

import churnkit as ck

WORLDS, SEEDS = "ABCDEFGHI", (0, 1, 2, 3, 4)
CUSTOMERS = 12_000
LEADS = (60, 45, 30, 14)
GAIN = dict.fromkeys("ABC", 0.85) | dict.fromkeys("DEFGHI", 0.80)
POOLED, MET = (0.95, 1.05), (0.9, 1.1)
QUESTION = (
    "Trained again at every origin, how much of the attainable gain does the untuned renewal model reach in each "
    "world, and does its calibration hold by fold and lead?"
)
KEPT = ("rows", "customers", "metrics", "baselines", "by_fold", "by_lead", "exits", "mark", "drift", "text", "seconds")


def kept(file: Path, measure: Any) -> dict[str, Any]:
    """Return what was measured before, else measure and keep it."""
    if not file.is_file():
        begun = time.perf_counter()
        answer = {name: value for name, value in measure().items() if name in KEPT}
        unfinished = file.with_suffix(".part")
        unfinished.write_text(json.dumps(answer), encoding="utf-8")
        unfinished.replace(file)
        print(f"{file.stem}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def simulated(world: str, seed: int, work: Path) -> dict[str, Any]:
    """Simulate an insurer, backtest it beside its truth, and remove it."""
    folder = work / f"book-{world}{seed}"
    book = ck.simulate_book(folder, customers=CUSTOMERS, seed=seed, world=world)
    with (book / "churnkit.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"\n[renewal]\nleads = {sorted(LEADS)}\n")
    asked = [word for lead in LEADS for word in ("--lead", lead)]
    _, answer = churnkit("backtest", book, "--truth", folder / "truth", "--no-track", "--folds", 2, "--every", "year",
                         "--seed", seed, *asked)  # fmt: skip
    shutil.rmtree(folder)
    return dict(answer)


def savings(data: Path, work: Path) -> dict[str, Any]:
    """Backtest the savings policies at their last four snapshots."""
    folder = work / "book-eusaving"
    shutil.rmtree(folder, ignore_errors=True)
    converter("001-eusaving-surrender").write_book(data, folder)
    _, answer = churnkit("backtest", folder, "--target", "churn", "--folds", 4, "--no-track")
    shutil.rmtree(folder)
    return dict(answer)


def subscriptions(data: Path, work: Path) -> dict[str, Any]:
    """Backtest churn of the subscriptions at their last two snapshots."""
    folder, maker = work / "book-ravenstack", converter("002-ravenstack")
    shutil.rmtree(folder, ignore_errors=True)
    maker.write_book(maker.read_tables(data), folder, clean=True)
    _, answer = churnkit("backtest", folder, "--target", "churn", "--folds", 2, "--no-track")
    shutil.rmtree(folder)
    return dict(answer)


def converter(experiment: str) -> Any:
    """The module of another experiment that turns its data into a book."""
    spec = importlib.util.spec_from_file_location(f"book_of_{experiment[:3]}", HERE.parent / experiment / "book.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def promises(figures: dict[str, float], slope: dict[str, float], europe: dict[str, Any]) -> list[dict[str, Any]]:
    """Hold the figures against what was asked."""
    found = []
    for world, least in GAIN.items():
        gain = figures[f"world_{world}_attainable_gain"]
        what = f"attainable gain in world {world}, mean of five seeds"
        found.append(promise(what, f">= {least}", round(gain, 4), met=gain >= least))
    pooled = slope["estimate"]
    found.append(promise("calibration slope pooled over worlds", "0.95 … 1.05", round(pooled, 4),
                         met=POOLED[0] <= pooled <= POOLED[1]))  # fmt: skip
    for world in WORLDS:
        key = f"world_{world}_calibration_slope"
        low, high = figures[f"{key}_low"], figures[f"{key}_high"]
        found.append(promise(f"the slope's interval in world {world} meets the gate", "0.9 … 1.1",
                             f"{low:.3f} … {high:.3f}", met=low <= MET[1] and high >= MET[0]))  # fmt: skip
    mark = europe["mark"]
    found.append(promise("savings policies: not for money, and the drift is named", "the base rate drifted",
                         mark["text"], met=not mark["for_money"] and "base rate drifted" in mark["text"]))  # fmt: skip
    return found


def main() -> None:
    """Measure what is not yet measured, hold it against the promises, write the result."""
    asked = arguments(HERE, work=True)
    work: Path = asked.work
    work.mkdir(parents=True, exist_ok=True)
    europe = kept(work / "eusaving.json", lambda: savings(asked.data, work))
    raven = kept(work / "ravenstack.json", lambda: subscriptions(asked.data, work))
    books: dict[str, list[Any]] = {world: [] for world in WORLDS}
    for seed in SEEDS:
        for world in WORLDS:
            books[world].append(kept(work / f"{world}{seed}.json", lambda w=world, s=seed: simulated(w, s, work)))
    slope = mean_of([book["metrics"]["calibration_slope"] for of in books.values() for book in of])
    figures = named("all_worlds", "calibration_slope", slope)
    for world, mine in books.items():
        figures |= of_world(world, mine)
    figures |= of_book("eusaving", europe) | of_book("ravenstack", raven)
    written = write_result(HERE, asked.output, question=QUESTION, figures=figures,
                           promises=promises(figures, slope, europe))  # fmt: skip
    print(f"written: {written}")


if __name__ == "__main__":
    main()
