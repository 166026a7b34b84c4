"""The next renewal at the level that the record shows: of what fell due last, and of each line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from churnkit.models.calibration import logistic_fit
from churnkit.models.classifier import RenewalModel
from churnkit.panel.panel import Panel
from churnkit.value.history import days
from churnkit.value.offsets import Hashes, hashed

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
LATE = 0.25  # share of the terms, those due last, that the level is learnt on
_LEVEL = 1.0  # before any data the level is the calibration's, give or take 1: few terms due last do not decide it
_SLOPE = 0.1**-2  # the calibration's own: before any data the slope is 1, give or take 0.1
_LINE = 0.3**-2  # the hazard's own: before any data lines differ by 0.3 from what the columns say of them
_CLIP = 13.8


@dataclass(frozen=True)
class Recalibration:
    """``logit P = odds + level + slope * (odds - centre) + level of the line``, odds the calibrated model's.

    Attributes
    ----------
    moves : array of shape (2 + n_lines,), level, slope, and levels of lines beside the common one
    centre : float, log-odds around which the slope turns
    """

    moves: Vector
    centre: float

    def apply(self, chance: Vector, line: Matrix, moves: Vector | None = None) -> Vector:
        """Probabilities after it, shape (n_rows,).

        Parameters
        ----------
        chance : array of shape (n_rows,), probabilities before
        line : array of shape (n_rows, n_lines), 1 in the column of a row's own line, less the columns' means
        moves : array of shape (2 + n_lines,), optional, others than its own

        Examples
        --------
        >>> half = Recalibration(np.array([0.0, 0.0, 0.4]), 0.0)
        >>> half.apply(np.array([0.5, 0.5]), np.array([[0.5], [-0.5]])).round(3).tolist()
        [0.55, 0.45]
        """
        level, slope, *lines = self.moves if moves is None else moves
        odds = log_odds(chance)
        return np.asarray(expit(odds + level + slope * (odds - self.centre) + line @ np.array(lines)))


@dataclass(frozen=True)
class Observed:
    """Outcomes beside the calibrated probability: each term once, and those due last at every lead.

    Attributes
    ----------
    people : array of shape (n_rows,), hashes of customers
    y : outcomes, 1 renewed; chance : calibrated probabilities; weight : of rows, those of a term sum to 1
    line : array of shape (n_rows, n_lines), 1 in the column of a row's own line, less the columns' means
    late : array of bool of shape (n_rows,), the rows that the level is learnt on
    """

    people: Hashes
    y: Vector
    chance: Vector
    weight: Vector
    line: Matrix
    late: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, panel: Panel, once: Codes, model: RenewalModel) -> Observed:
        """Look at a panel's ripe rows.

        Parameters
        ----------
        once : array of int, the panel's rows with a label, each term once
        """
        keys = panel.keys
        due = days(keys["cutoff"]) + keys["lead_days"].fillna(0).to_numpy(dtype=np.float64)
        late = (due >= np.quantile(due[once], 1 - LATE)) & panel.y.notna().to_numpy()
        taken = np.union1d(once, np.flatnonzero(late))
        rows = panel.take(taken)
        lines = np.unique(keys["line"].astype(str).to_numpy()[once])
        own = keys["line"].astype(str).to_numpy()[:, None] == lines
        weight = 1.0 / rows.keys.groupby("entity")["entity"].transform("size").to_numpy(dtype=np.float64)
        return cls(hashed(rows.keys["customer_id"]), np.asarray(rows.y, dtype=np.float64),
                   model.predict_proba(rows.X)[:, 1], weight, own[taken] - own[once].mean(axis=0),
                   late[taken])  # fmt: skip

    def recalibrated(self) -> Recalibration:
        """Learn the level from what fell due last, and levels of lines from all rows.

        A model is calibrated on what fell due last when it was trained; a record that has gone on since says more of
        the level. What a line's level is beside the common one trees know from all rows of the line; those that share
        what they learn between lines are drawn to the common level: little in a policy, but in a line's sum it does not
        cancel.
        """
        odds = log_odds(self.chance)
        centre = float(odds[self.late].mean())
        Z, kept = self._design(centre), [0, *range(2, 2 + self.line.shape[1])]  # the slope stays the calibration's
        moves = np.zeros(Z.shape[1])
        moves[kept] = logistic_fit(Z[:, kept], self.y, penalty=self._penalty[kept], weight=self.weight, offset=odds)
        return Recalibration(moves, centre)

    def influence(self, found: Recalibration, people: Hashes) -> Matrix:
        """By how much a customer's weight moves it: one Newton step of his score, shape (n_customers, 2 + n_lines).

        That of the slope is the calibration's own. The lines' part is that of the trees' own error that does not cancel
        in a line's sum.

        Parameters
        ----------
        people : array of shape (n_customers,), hashes in order, everybody's of the rows among them
        """
        Z, chance = self._design(found.centre), found.apply(self.chance, self.line)
        hessian = (Z.T * (self.weight * chance * (1 - chance))) @ Z + np.diag(self._penalty)
        scores, place = Z * (self.weight * (self.y - chance))[:, None], np.searchsorted(people, self.people)
        by = [np.bincount(place, column, minlength=len(people)) for column in scores.T]
        return np.asarray(np.column_stack(by) @ np.linalg.inv(hessian))

    def _design(self, centre: float) -> Matrix:
        late = self.late.astype(np.float64)
        return np.column_stack([late, late * (log_odds(self.chance) - centre), self.line])

    @property
    def _penalty(self) -> Vector:
        return np.array([_LEVEL, _SLOPE, *(_LINE for _ in range(self.line.shape[1]))])


def log_odds(chance: Vector) -> Vector:
    """Log-odds of chances, those of 0 and 1 finite."""
    return np.asarray(logit(np.clip(chance, expit(-_CLIP), expit(_CLIP))))
