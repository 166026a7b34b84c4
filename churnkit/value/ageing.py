"""What a customer's columns will say years from now: they go back towards the mean, and drift apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
FEWEST = 200  # pairs of terms from which a horizon is learnt; beyond, the last one that has as many
_SLACK = 65  # days by which a later term may fall due beside the year


@dataclass(frozen=True)
class Ageing:
    """``offset then = level of the line + keep * offset moved from now + noise``, by years, among those still there.

    Columns that stay as stated are known now and will be others then: a bad year is followed by an ordinary one, of the
    customer's own line: lines do not go back to a mean of all. How much of the offset is left after 1, 2, ... years is
    measured within lines on pairs of terms of the same policies in the record, by least squares; today everything is,
    and between whole years straight lines join what was found.

    Attributes
    ----------
    years : array of shape (m,), 0, 1, 2, ...
    level : array of shape (m, n_lines + 1), in log-odds; the last column is for lines not known, or with few pairs
    keep, noise : arrays of shape (m,), noise a standard deviation in log-odds
    """

    years: Vector
    level: Matrix
    keep: Vector
    noise: Vector

    @classmethod
    def learn(cls, pairs: list[tuple[Vector, Vector, Codes]], lines: int) -> Ageing:
        """Learn from (offset moved, offset found, line) at 1, 2, ... years; horizons with few pairs are left out.

        Parameters
        ----------
        pairs : list of (array, array, array of int), of shape (n_pairs,) each
        lines : int, number of line codes
        """
        years, levels, keeps, noises = [0.0], [np.zeros(lines + 1)], [1.0], [0.0]
        for ahead, (moved, fresh, line) in enumerate(pairs, start=1):
            if len(moved) < FEWEST or moved.std() < 1e-9:
                break
            before, after = (means(each, line, lines) for each in (moved, fresh))
            within, then = moved - before[line], fresh - after[line]
            keep = float((within * then).sum() / (within**2).sum())
            years.append(float(ahead))
            keeps.append(keep)
            levels.append(after - keep * before)
            noises.append(float((then - keep * within).std()))
        return cls(np.array(years), np.array(levels), np.array(keeps), np.array(noises))

    def apply(self, offset: Vector, years: Vector, line: Codes) -> tuple[Vector, Vector]:
        """Return the offset as expected after some years, and the standard deviation of what it will be.

        Parameters
        ----------
        offset, years : arrays of shape (n_rows,)
        line : int array of shape (n_rows,), -1 for one that is not known
        """
        keep, noise = (np.interp(years, self.years, part) for part in (self.keep, self.noise))
        level = np.empty(len(offset))
        for code in np.unique(line):
            mine = line == code
            level[mine] = np.interp(years[mine], self.years, self.level[:, code])
        return level + keep * offset, noise


def means(values: Vector, line: Codes, lines: int) -> Vector:
    """Mean by line, that of all where there are few; and that of all, shape (n_lines + 1,)."""
    count = np.bincount(line, minlength=lines)
    by = np.bincount(line, values, lines) / np.maximum(count, 1)
    return np.append(np.where(count >= FEWEST, by, values.mean()), values.mean())


def shrink(noise: Vector) -> Vector:
    """Factor on log-odds by which a normal deviation of them is averaged over.

    ``E[expit(eta + e)]`` is close to ``expit(eta / sqrt(1 + pi v / 8))``, e normal with variance v [1]_: within 0.001
    for a standard deviation of 0.4 in log-odds, 0.003 for 0.8.

    References
    ----------
    .. [1] MacKay (1992), The evidence framework applied to classification networks, Neural Computation 4(5).

    Examples
    --------
    >>> shrink(np.array([0.0, 1.0])).round(3).tolist()
    [1.0, 0.847]
    """
    return np.asarray(1.0 / np.sqrt(1.0 + np.pi / 8 * noise**2))


def later_terms(keys: pd.DataFrame, due: Vector, years: int) -> tuple[Codes, Codes]:
    """Rows of terms, and of the term of the same customer and line that falls due that many years later.

    Policies may have a new number at each renewal, so a term is followed by customer and line.

    Parameters
    ----------
    keys : DataFrame with customer_id and line, one row per term
    due : array of shape (n_rows,), days

    Returns
    -------
    (earlier, later) : positions
    """
    rows = pd.DataFrame({"who": keys["customer_id"].to_numpy(), "line": keys["line"].to_numpy(), "due": due})
    rows = rows.assign(at=np.arange(len(rows)))
    both = rows.merge(rows, on=["who", "line"], suffixes=("", "_later"))
    gap = (both["due_later"] - both["due"] - 365.25 * years).abs()
    both = both.assign(gap=gap)[gap <= _SLACK].sort_values(["at", "gap"], kind="stable").drop_duplicates("at")
    return both["at"].to_numpy(dtype=np.intp), both["at_later"].to_numpy(dtype=np.intp)
