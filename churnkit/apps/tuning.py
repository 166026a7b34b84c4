"""Tune a target's settings on a book, and keep what was found for training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from churnkit.apps.checking import checked
from churnkit.apps.console import Steps
from churnkit.apps.training import Target, last_ripe_year, observed, untrained
from churnkit.book.open import open_book
from churnkit.errors import UsageError
from churnkit.models.tuning import Tuning, tune

TRIALS = ".trials"


def run_tuning(
    data: str, target: Target, output: Path, *, trials: int = 30, folds: int = 3, timeout: float | None = None,
    test_from: Any = None, seed: int = 0, data_cutoff: Any = None, settings: Path | None = None,
) -> tuple[Tuning, dict[str, Any]]:  # fmt: skip
    """Check a book, build the panel, try settings on the training period, and write the best ones.

    Parameters
    ----------
    data : path or URL of the book
    target : {"renewal", "churn"}
    output : path of a .json file to write; the trials lie beside it, and the same call goes on from them
    trials, folds, timeout
        As :func:`churnkit.tune` takes them.
    test_from : date, first day of the test period, of which nothing is used; the last ripe year if None
    seed, data_cutoff, settings
        As training takes them.

    Returns
    -------
    (Tuning, dict)
        The result, and what was written.

    Raises
    ------
    UsageError
        If Optuna is not installed, or the file cannot be written there.
    """
    if find_spec("optuna") is None:  # before minutes of work
        raise UsageError("Tuning is done by Optuna.", found="it is not installed",
                         fix="pip install 'insurance-churnkit[tune]'")  # fmt: skip
    if output.suffix != ".json" or not output.resolve().parent.is_dir():
        raise UsageError("Tuned settings are a .json file in a folder that exists.", found=str(output))
    steps = Steps()
    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    checked(book, steps)
    panel = observed(book, target, steps)
    begin = last_ripe_year(panel) if test_from is None else test_from
    with steps.step("tune", f"Trying settings of the {target} model"):
        done = tune(
            untrained(target, random_state=seed), panel, test_from=begin, trials=trials, folds=folds, timeout=timeout,
            storage=output.with_suffix(TRIALS), random_state=seed,
            progress=lambda at, of, best: steps.say(f"trial {at} of {of}: best log loss {best:.4f}"),
        )  # fmt: skip
    answer = {"target": target, "params": done.best_params, "trials": len(done.table), "difference": done.difference,
              "text": done.text}  # fmt: skip
    unfinished = output.with_suffix(".part")
    unfinished.write_text(json.dumps(answer, ensure_ascii=False, indent=1), encoding="utf-8")
    unfinished.replace(output)
    return done, answer


def tuned_params(path: Path | None, target: Target) -> Mapping[str, Any]:
    """Return the settings that :func:`run_tuning` wrote for a target; none without a file.

    Raises
    ------
    UsageError
        If the file is not of that kind, or of another target.
    """
    if path is None:
        return {}
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        params: dict[str, Any] = held["params"]
        of = held["target"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("Tuned settings come from churnkit tune.", found=f"another file, {path}") from error
    if of != target:
        raise UsageError("Settings are used for the target that they were tuned for.", found=f"{of}, not {target}",
                         where=str(path), fix=f"churnkit tune DATA --target {target} -o {path}")  # fmt: skip
    return params
