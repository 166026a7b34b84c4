"""What replicates of a change of renewal are: slopes not known for sure, other customers' terms, other years."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from churnkit.models.nuisance import Codes, Matrix, Vector

Part = tuple[Vector, Matrix]
"""A lever's change by term, shape (n_terms,), and its slopes by line, shape (n_lines, 1 + n_replicates)."""


def other_slopes(odds: Vector, parts: list[Part], line: Codes, lines: int) -> Matrix:
    """By how much the sum of chances differs by line in each replicate of the slopes, shape (n_lines, n_replicates).

    To second order about the estimate, at the log-odds that it leads to: sums over terms are taken once, not for each
    replicate, which no evaluation would have the time for.
    """
    chance = expit(odds)
    first = chance * (1 - chance)
    second = first * (1 - 2 * chance) / 2
    off = [slopes[:, 1:] - slopes[:, :1] for _, slopes in parts]
    found = np.zeros_like(off[0])
    for k, (by, _) in enumerate(parts):
        found += _times(np.bincount(line, first * by, lines), off[k])
        for other, (also, _) in enumerate(parts):
            found += _times(np.bincount(line, second * by * also, lines), off[k] * off[other])
    return found


def other_years(
    odds: Vector, years: list[tuple[Vector, float]], parts: list[Part], line: Codes, lines: int, count: int
) -> Matrix:
    """By how much the sum of chances differs by line where the year is another, shape (n_lines, n_replicates).

    All lines at once, as if the same held up all of them: a year is higher or lower, and more or fewer meet it.

    Parameters
    ----------
    odds : array of shape (n_terms,), log-odds where the settings lead to
    years : list of (change by term in a year that lies a usual difference higher, usual relative difference of the
        share that meets the operation), the operations first among `parts`
    count : int, number of replicates
    """
    chance = expit(odds)
    first, found = chance * (1 - chance), np.zeros((lines, count))
    z = np.random.default_rng(1).standard_normal((len(years), 2, count))
    for (higher, share), (by, slopes), (of_level, of_share) in zip(years, parts[: len(years)], z, strict=True):
        first_by = first * slopes[line, 0]
        found += np.bincount(line, first_by * (higher - by), lines)[:, None] * of_level
        found += share * np.bincount(line, first_by * by, lines)[:, None] * of_share
    return found


def _times(sums: np.ndarray, off: Matrix) -> Matrix:
    """Their product; nothing where nothing is set, though its slope be unknown."""
    return np.asarray(np.where(sums[:, None] == 0, 0.0, sums[:, None] * off))


def other_terms(
    gain: Vector, moving: Codes, who: Codes, line: Codes, *, rows: Codes, ahead: np.ndarray, draws: Matrix
) -> Matrix:
    """How far other customers' terms would have led, by line and replicate, shape (n_lines, n_replicates).

    Last year's terms are a draw of what befalls customers, and so are those of the policies in force: their mean is
    off by as much again, the more the fewer they are.

    Parameters
    ----------
    gain : array of shape (n_moving,); moving : their positions among the terms
    who, line : int arrays of shape (n_terms,), customer and line of every term
    rows : int array, positions of the terms of the population
    ahead : array of shape (n_lines,), policies in force of the population
    draws : array of shape (n_replicates, n_customers), weights less 1
    """
    lines = len(ahead)
    count = np.bincount(line[rows], minlength=lines)
    mean = np.bincount(line[moving], gain, lines) / np.maximum(count, 1)
    size = draws.shape[1] * lines
    told = np.zeros(size)
    told += np.bincount(who[moving] * lines + line[moving], gain, size)  # of nobody they are whole numbers
    told -= np.bincount(who[rows] * lines + line[rows], minlength=size) * np.tile(mean, draws.shape[1])
    off = draws @ told.reshape(-1, lines)
    wider = np.sqrt(1 + count / np.maximum(ahead, 1)) / np.maximum(count, 1)
    return np.asarray((off * wider).T)
