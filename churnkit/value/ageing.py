"""What a customer's columns will say years from now: they go back towards the mean, and drift apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Vector = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
FEWEST = 200  # pairs of terms from which a horizon is learnt; beyond, the last one that has as many
_SLACK = 65  # days by which a later term may fall due beside the year


@dataclass(frozen=True)
class Ageing:
    """``offset then = level + keep * offset moved from now + noise``, by years between, among those still there.

    Columns that stay as stated are known now and will be others then: a bad year is followed by an ordinary one. How
    much of the offset is left after 1, 2, ... years is measured on pairs of terms of the same policies in the record,
    by least squares; today everything is, and between whole years straight lines join what was found.

    Attributes
    ----------
    years : array of shape (m,), 0, 1, 2, ...
    level, keep, noise : arrays of shape (m,), in log-odds; noise is a standard deviation
    """

    years: Vector
    level: Vector
    keep: Vector
    noise: Vector

    @classmethod
    def learn(cls, pairs: list[tuple[Vector, Vector]]) -> Ageing:
        """Learn from (offset moved, offset found) at 1, 2, ... years; horizons with few pairs are left to the last."""
        found = [(0.0, 0.0, 1.0, 0.0)]
        for years, (moved, fresh) in enumerate(pairs, start=1):
            if len(moved) < FEWEST or moved.std() < 1e-9:
                break
            keep = float(np.cov(moved, fresh)[0, 1] / moved.var(ddof=1))
            level = float(fresh.mean() - keep * moved.mean())
            found.append((float(years), level, keep, float((fresh - level - keep * moved).std())))
        return cls(*np.array(found).T)

    def apply(self, offset: Vector, years: Vector) -> tuple[Vector, Vector]:
        """Return the offset as expected after some years, and the standard deviation of what it will be."""
        level, keep, noise = (np.interp(years, self.years, part) for part in (self.level, self.keep, self.noise))
        return level + keep * offset, noise


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
