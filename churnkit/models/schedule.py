"""In which order rows are used: trees first, calibration on later rows, and then the trees once more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import GroupKFold, StratifiedKFold

from churnkit.models.calibration import Calibrator, fit_calibrator
from churnkit.models.columns import Bools, Floats
from churnkit.models.trees import raw_scores, train_trees

Vector = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
_FOLDS = 4


@dataclass(frozen=True)
class Rows:
    """Training rows: matrix, labels, and where known the lead, the customer and when the outcome falls due."""

    matrix: Floats
    y: Vector
    lead: Vector | None = None
    people: Codes | None = None
    due: Vector | None = None  # in days

    def take(self, mask: Bools | Codes) -> Rows:
        """Return some of the rows."""
        return Rows(
            self.matrix[mask], self.y[mask],
            None if self.lead is None else self.lead[mask],
            None if self.people is None else self.people[mask],
            None if self.due is None else self.due[mask],
        )  # fmt: skip

    @property
    def rarer(self) -> int:
        """Rows of the rarer class."""
        ones = int(self.y.sum())
        return min(ones, len(self.y) - ones)

    @property
    def repeats(self) -> float:
        """How many rows tell of one outcome: with stacked leads, the rows per customer and due date."""
        if self.lead is None or len(np.unique(self.lead)) == 1:
            return 1.0
        if self.people is None or self.due is None:
            return float(max(1, min(len(np.unique(self.lead)), 5)))
        return max(1.0, len(self.y) / len(np.unique(np.column_stack([self.people, self.due]), axis=0)))


@dataclass(frozen=True)
class Recipe:
    """Settings of one training: the trees' own, how many at most, when to stop, which calibration."""

    params: Mapping[str, Any]
    rounds: int
    patience: int
    calibration: str
    refit: bool
    seed: int

    def trees(self, rows: Rows, valid: Rows | None = None, *, rounds: int | None = None) -> lgb.Booster:
        """Train the trees, stopping early on `valid`."""
        held = None if valid is None else (valid.matrix, valid.y)
        return train_trees(self.params, rows.matrix, rows.y, rounds=rounds or self.rounds, valid=held,
                           patience=self.patience)  # fmt: skip

    def scores(self, booster: lgb.Booster, rows: Rows) -> Vector:
        """Raw scores of rows."""
        return raw_scores(booster, rows.matrix, n_jobs=int(self.params["num_threads"]))


@dataclass(frozen=True)
class Trained:
    """What comes out: the trees, the calibration, how many trees, and on which rows the calibration was learnt."""

    booster: lgb.Booster
    calibrator: Calibrator
    rounds: int
    on: str


def train(recipe: Recipe, rows: Rows) -> Trained:
    """Train by time where due dates are known and reach far enough, else across customers."""
    parts = None if rows.due is None else split_later(rows, seed=recipe.seed)
    return train_across(recipe, rows) if parts is None else train_later(recipe, rows, *parts)


def split_later(rows: Rows, *, seed: int) -> tuple[Bools, Bools] | None:
    """Split into earlier rows for the trees and later rows for stopping and calibration.

    By due date (cutoff plus lead), not by cutoff: with stacked leads a term has a row at 330 days and one at
    14, and both carry the same outcome, so they belong on the same side. Where rows have no lead (snapshots, whose
    outcome windows overlap) the later side is a third of the customers and the earlier side the others.
    None if no split at 25 to 50 % leaves 50 rows of the rarer class on each side.
    """
    assert rows.due is not None
    mine = np.ones(len(rows.y), dtype=bool)
    if rows.lead is None and rows.people is not None:
        mine = np.random.default_rng(seed).random(rows.people.max() + 1)[rows.people] < 1 / 3
    apart = mine.all()
    for share in (0.25, 0.35, 0.5):
        late = rows.due >= np.quantile(rows.due, 1 - share)
        early, held = ~late & (mine if apart else ~mine), late & mine
        if held.any() and early.any() and min(rows.take(held).rarer, rows.take(early).rarer) >= 50:
            return early, held
    return None


def train_later(recipe: Recipe, rows: Rows, early: Bools, late: Bools) -> Trained:
    """Trees on earlier rows, stopped and calibrated on later ones, then the trees once more on all rows."""
    held = rows.take(late)
    booster, best = _stopped(recipe, rows, early, held)
    calibrator = fit_calibrator(recipe.scores(booster, held), held.y, lead=held.lead, kind=recipe.calibration,
                                repeats=held.repeats, people=held.people)  # fmt: skip
    if recipe.refit:
        booster = recipe.trees(rows, rounds=best)
        if recipe.calibration != "none":
            calibrator = calibrator.recentred(recipe.scores(booster, held), held.y, held.lead)
    return Trained(booster, calibrator, best, "later rows")


def _stopped(recipe: Recipe, rows: Rows, early: Bools, held: Rows) -> tuple[lgb.Booster, int]:
    """Trees on earlier rows, and how many: as many as serve the later rows best.

    Without leads the two sides are other customers, so the number may be found with all snapshots of the others: the
    trees are trained once more on all rows, and where habits change quickly, trees that never saw the latest
    snapshot would stop after a handful. The calibration's trees still see earlier rows only.
    """
    if rows.lead is None and rows.people is not None and held.people is not None:
        others = ~np.isin(rows.people, held.people)
        if others.any() and rows.take(others).rarer >= 50:
            best = max(recipe.trees(rows.take(others), held).best_iteration, 1)
            return recipe.trees(rows.take(early), rounds=best), best
    booster = recipe.trees(rows.take(early), held)
    return booster, max(booster.best_iteration, 1)


def train_across(recipe: Recipe, rows: Rows) -> Trained:
    """Calibrate on scores that trees of other customers gave, then train the trees on all rows."""
    out, counts = np.empty(len(rows.y)), []
    for fit, held in _folds(rows, recipe.seed):
        booster = recipe.trees(rows.take(fit), rows.take(held))
        counts.append(max(booster.best_iteration, 1))
        out[held] = recipe.scores(booster, rows.take(held))
    calibrator = fit_calibrator(out, rows.y, lead=rows.lead, kind=recipe.calibration, repeats=rows.repeats,
                                people=rows.people)  # fmt: skip
    rounds = int(np.median(counts))
    return Trained(recipe.trees(rows, rounds=rounds), calibrator, rounds, "held-out folds")


def _folds(rows: Rows, seed: int) -> Iterator[tuple[Codes, Codes]]:
    if rows.people is not None and len(np.unique(rows.people)) >= _FOLDS:
        folds = GroupKFold(_FOLDS, shuffle=True, random_state=seed)
        yield from folds.split(rows.matrix, rows.y, rows.people)
    elif rows.rarer >= _FOLDS:
        yield from StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(rows.matrix, rows.y)
    else:
        everything = np.arange(len(rows.y))
        yield everything, everything


def due_days(cutoff: pd.Series[pd.Timestamp] | None, lead: Vector | None) -> Vector | None:
    """Return when each outcome falls due, in days: cutoff plus lead where there is one; None without cutoffs."""
    if cutoff is None:
        return None
    days = (cutoff - pd.Timestamp("1970-01-01")).dt.total_seconds().to_numpy() / 86_400
    return np.asarray(days if lead is None else days + np.nan_to_num(lead, nan=0.0), dtype=np.float64)
