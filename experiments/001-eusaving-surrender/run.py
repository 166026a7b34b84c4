"""Does a surrender model survive rates that swing from 5.5 to 24 % a year? ``run.py [DATA] [--output FOLDER]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from book import write_book
from record import arguments, churnkit, promise, spread, write_result

import churnkit as ck

QUESTION = "Trained on 2001-05, does a surrender model rank and price the savings policies of 2006 and 2007?"
TRAIN_FROM, TEST_FROM, LAST = 2001, 2006, 2007
FLOOR, BRIER = 0.682, 0.133  # untuned LightGBM on the same snapshots, 2007
SEEDS = range(5)
METRICS = ("auc", "log_loss", "brier", "calibration_slope", "calibration_intercept", "observed_expected", "lift")


def through_the_command_line(book: Path, workspace: Path) -> tuple[dict[str, float], str]:
    """Check and train as an analyst would; return figures, and what the evaluation said."""
    _, findings = churnkit("check", book)
    severity = [one["severity"] for one in findings["findings"]]
    begin = f"{TEST_FROM}-01-01"
    _, answer = churnkit("train", book, "--target", "churn", "--test-from", begin, "--workspace", workspace)
    done = answer["targets"]["churn"]
    figures = {f"check_{kind}s": severity.count(kind) for kind in ("error", "warning", "note")}
    figures |= {f"command_line_{name}": done[name] for name in ("train_rows", "test_rows")}
    return figures | spread(done["metrics"], METRICS, before="command_line_"), done["text"]


def of_year(panel: ck.Panel, year: int) -> ck.Panel:
    """Return the rows of one snapshot."""
    return panel.take((panel.cutoff.dt.year == year).to_numpy())


def fitted(train: ck.Panel, seed: int = 0) -> ck.ChurnModel:
    """Train with the settings as they come."""
    model = ck.ChurnModel(random_state=seed)
    return model.fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups)


def year_by_year(book: Path) -> tuple[dict[str, float], dict[int, ck.Evaluation]]:
    """Train on the snapshots of 2001-05, test 2006 and 2007 apart; return figures and evaluations."""
    panel = ck.build_panel(ck.open_book(book), "churn", snapshots=[f"{y}-01-01" for y in range(TRAIN_FROM, LAST + 1)])
    train, test = panel.split(test_from=f"{TEST_FROM}-01-01")
    figures: dict[str, float] = {"train_rows": len(train), "features": panel.X.shape[1]}
    figures["excluded_death"] = panel.info["excluded"]["death"]
    for year in range(TRAIN_FROM, LAST + 1):
        mine = of_year(panel, year)
        figures |= {f"rows_{year}": len(mine), f"rate_{year}": float(mine.y.mean())}
    model = fitted(train)
    figures["trees"] = model.n_estimators_
    said = {}
    for year in range(TEST_FROM, LAST + 1):
        mine = of_year(test, year)
        said[year] = done = ck.evaluate(model, mine)
        figures |= {f"predicted_{year}": float(model.predict_proba(mine.X)[:, 1].mean())}
        figures |= spread(done.metrics, METRICS, after=f"_{year}")
        figures |= {f"{kind}_{name}_{year}": done.baselines[kind][name]["estimate"]
                    for kind in ("base_rate", "logistic") for name in ("log_loss", "brier")}  # fmt: skip
    return figures | other_seeds(train, of_year(test, LAST)) | retrained(panel), said


def other_seeds(train: ck.Panel, test: ck.Panel) -> dict[str, float]:
    """How much of the AUC is the draw of the trees."""
    found = [ck.evaluate(fitted(train, s), test, n_boot=2).metrics["auc"]["estimate"] for s in SEEDS]
    return {"seeds": len(SEEDS), f"auc_{LAST}_mean_of_seeds": float(np.mean(found)),
            f"auc_{LAST}_least_of_seeds": min(found), f"auc_{LAST}_most_of_seeds": max(found)}  # fmt: skip


def retrained(panel: ck.Panel) -> dict[str, float]:
    """What a team that trains again every January would have had in 2007."""
    train, test = panel.split(test_from=f"{LAST}-01-01")
    done = ck.evaluate(fitted(train), test)
    return {"retrained_train_rows": len(train)} | spread(done.metrics, METRICS, before="retrained_", after=f"_{LAST}")


def promises(figures: dict[str, float], said: dict[int, ck.Evaluation], text: str) -> list[dict[str, Any]]:
    """Hold the figures against what was asked."""

    def sentence(words: str) -> str:
        found = [line for line in words.splitlines() if line.startswith("Calibration")]
        return found[0] if found else "nothing"

    auc, brier = figures[f"auc_{LAST}"], figures[f"brier_{LAST}"]
    broke = {year: sentence(done.text) for year, done in said.items()} | {0: sentence(text)}
    kept = [promise(f"AUC in {LAST}", f">= {FLOOR}", round(auc, 4), met=auc >= FLOOR),
            promise(f"Brier score in {LAST}", f"<= {BRIER}", round(brier, 4), met=brier <= BRIER)]  # fmt: skip
    for year, words in broke.items():
        where = f"the evaluation of {year}" if year else "the command line's evaluation of both years"
        kept.append(promise(f"{where} says that calibration broke", "Calibration broke", words,
                            met=words.startswith("Calibration broke")))  # fmt: skip
    no_errors = figures["check_errors"] == 0
    return [*kept, promise("the check finds no errors in the book", "0", figures["check_errors"], met=no_errors)]


def main() -> None:
    """Run the experiment and write its result."""
    asked = arguments(HERE)
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book"
        figures: dict[str, float] = dict(write_book(asked.data, book))
        more, text = through_the_command_line(book, Path(folder) / "workspace")
        by_year, said = year_by_year(book)
    figures |= by_year | more
    kept = promises(figures, said, text)
    written = write_result(HERE, asked.output, question=QUESTION, figures=figures, promises=kept)
    print(f"written: {written}")


if __name__ == "__main__":
    main()
