"""Backtest a model on a book, or on a simulated one beside its truth, and track it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from churnkit.apps.checking import checked
from churnkit.apps.console import Steps
from churnkit.apps.tracking import log_backtest, track
from churnkit.apps.training import Target, observed, untrained
from churnkit.apps.workspace import Workspace, check_workspace
from churnkit.book.open import Book, open_book
from churnkit.errors import UsageError
from churnkit.models.evaluation.backtest import Backtest, backtest
from churnkit.panel.panel import Panel
from churnkit.simulate.truth import observation_probability

LEADS = (60, 45, 30, 14)


def run_backtest(
    data: str | Path | Book, *, target: Target = "renewal", folds: int = 4,
    every: Literal["quarter", "year"] = "quarter", leads: Iterable[int] = LEADS, truth: Path | None = None,
    workspace: Workspace = None, tracked: bool = True, seed: int = 0, data_cutoff: Any = None,
    settings: Path | None = None, steps: Steps | None = None,
) -> tuple[Backtest, dict[str, Any]]:  # fmt: skip
    """Check a book, build the panel, train at every origin, measure, and record the runs.

    Parameters
    ----------
    data : path, URL or Book
    target : {"renewal", "churn"}
    folds, every
        As :func:`~churnkit.models.evaluation.backtest.backtest` takes them.
    leads : iterable of int
        Renewal: measured at these, trained on them and on the book's own leads: a lead that training never saw is told
        apart from its neighbours by nothing.
    truth : path, optional
        The ``truth`` folder of a simulated book: gives the attainable gain of the renewal model.
    workspace : folder or address of a tracking server
    tracked : bool, record the runs in MLflow
    seed : int
    data_cutoff, settings
        As :func:`open_book` takes them.
    steps : Steps, optional, where progress is told

    Returns
    -------
    (Backtest, dict)
        The result, and the same for JSON.

    Raises
    ------
    UsageError
        If a truth is given for churn or is not one, or the workspace cannot be.
    ContractError
        If the book has errors, or labels are too few for the folds.
    """
    terms = _truth(truth, target)
    if tracked:
        check_workspace(workspace)
    steps = Steps() if steps is None else steps
    book = data if isinstance(data, Book) else open_book(data, data_cutoff=data_cutoff, settings=settings)
    checked(book, steps)
    asked = tuple(sorted({int(lead) for lead in leads})) if target == "renewal" else None
    panel = observed(book, target, steps, leads=None if asked is None else {*book.settings.renewal.leads, *asked})
    with steps.step(f"{target} backtest", f"Training at {folds} origins and measuring until the next") as progress:
        done = backtest(untrained(target, random_state=seed), panel, folds=folds, every=every, leads=asked,
                        truth=_known(terms, panel), random_state=seed, progress=progress)  # fmt: skip
    answer = answer_of(done) | {"target": target, "seed": seed}
    if tracked:
        with (
            steps.step("tracking", "Recording the backtest in MLflow"),
            track(target, workspace=workspace, run_name="backtest"),
        ):
            answer["run"] = log_backtest(done)
    return done, answer | {"seconds": steps.seconds}


def answer_of(done: Backtest) -> dict[str, Any]:
    """Return a backtest's figures for JSON."""
    tables = {name: getattr(done, name).reset_index().to_dict("records")
              for name in ("by_fold", "by_lead", "by_line", "exits")}  # fmt: skip
    return {
        "folds": len(done.folds), "rows": len(done.rows.y), "customers": done.rows.groups,
        "metrics": done.metrics, "baselines": done.baselines, **tables,
        "mark": {"for_money": done.mark.for_money, "text": done.mark.text},
        "last_ripe_year": done.judged_on.metrics, "drift": "" if done.drift is None else done.drift.text,
        "text": done.text,
    }  # fmt: skip


def _truth(folder: Path | None, target: Target) -> pd.DataFrame | None:
    if folder is None:
        return None
    file = Path(folder) / "terms.parquet"
    if target != "renewal" or not file.is_file():
        raise UsageError("The truth is the folder that simulating a book wrote beside it, and knows renewals.",
                         found=f"target {target}" if target != "renewal" else f"no {file}",
                         fix="Leave --truth away, or give the workspace's truth folder.")  # fmt: skip
    return pd.read_parquet(file)


def _known(terms: pd.DataFrame | None, panel: Panel) -> pd.Series[Any] | None:
    return None if terms is None else observation_probability(terms, panel.keys).set_axis(panel.X.index)
