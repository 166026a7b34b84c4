"""Where training's numbers lay, so that rows and columns that lie elsewhere are noticed at scoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Vector = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
SHIFTED = 0.25  # population stability index above which, by custom, a column counts as moved
_SAMPLED = 20_000  # rows that the quantiles are taken of
_TAIL = 0.005
_CUTS = np.linspace(0.1, 0.9, 9)
_FEW = 500
_HALF = 0.5  # rows added to a bin, so that an empty one can be compared


@dataclass(frozen=True)
class Range:
    """Where one column lay in training.

    Attributes
    ----------
    least, most : float, NaN if there was no value
    low, high : float, the 0.5 % and 99.5 % quantiles
    cuts : tuple of float, distinct deciles
    shares : tuple of float
        Share of rows up to each cut (a value at a cut lies below it), above the last, and missing.
    """

    least: float
    most: float
    low: float
    high: float
    cuts: tuple[float, ...]
    shares: tuple[float, ...]

    @classmethod
    def of(cls, values: Vector) -> Range:
        """Learn where values lie; quantiles of 20,000 of them at even distances.

        Examples
        --------
        >>> Range.of(np.arange(11.0)).cuts
        (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)
        """
        there = values[np.isfinite(values)]
        if not len(there):
            return cls(np.nan, np.nan, np.nan, np.nan, (), (0.0, 1.0))
        least, most = float(there.min()), float(there.max())
        some = np.sort(there[:: -(-len(there) // _SAMPLED)])
        low, *middle, high = np.quantile(some, [_TAIL, *_CUTS, 1 - _TAIL], method="inverted_cdf").tolist()
        cuts = tuple(dict.fromkeys(middle))
        within = np.diff(np.concatenate([[0], np.searchsorted(some, cuts, side="right"), [len(some)]])) / len(some)
        told = len(there) / len(values)
        return cls(least, most, low, high, cuts, (*(within * told).tolist(), 1 - told))

    @property
    def never_missing(self) -> bool:
        """Whether every row of training had a value."""
        return self.shares[-1] == 0

    def counts(self, values: Vector) -> list[int]:
        """Count rows as `shares` does."""
        there = values[~np.isnan(values)]
        bins = np.bincount(np.searchsorted(self.cuts, there, side="left"), minlength=len(self.cuts) + 1)
        return [*bins.tolist(), len(values) - len(there)]

    def shift(self, counts: Sequence[int]) -> float:
        """Return the population stability index ``sum (q - p) ln(q / p)`` of rows (q) against training (p) [1]_.

        Over the bins of rows that have a value; where more rows are without one than in training, the two bins of with
        and without come on top. Fewer do no harm: a record that goes on knows more of everybody. Half a row is added to
        each bin, to training's as well. Fewer than 500 are not judged: chance moves them.

        References
        ----------
        .. [1] Siddiqi (2006), Credit Risk Scorecards, chapter 9.

        Examples
        --------
        >>> lay = Range.of(np.arange(1000.0))
        >>> round(lay.shift(lay.counts(np.arange(1000.0))), 3), round(lay.shift(lay.counts(np.arange(1000.0) + 300)), 1)
        (0.0, 1.9)
        """
        found, before = np.asarray(counts, dtype=np.float64), np.asarray(self.shares)
        index = _stability(found[:-1], before[:-1]) if found[:-1].sum() >= _FEW else 0.0
        if found[-1] > before[-1] * found.sum() and found.sum() >= _FEW:
            index += _stability(*(np.array([each[:-1].sum(), each[-1]]) for each in (found, before)))
        return index

    def far(self, values: Vector) -> Bools:
        """Say which values lie beyond all of training's, by more than the width of its 0.5 % to 99.5 % range."""
        width = self.high - self.low
        return (values < self.least - width) | (values > self.most + width)


def _stability(found: Vector, before: Vector) -> float:
    """The index of counts against shares, which are made to sum to one."""
    rows, bins = found.sum(), len(found)
    q = (found + _HALF) / (rows + _HALF * bins)
    p = (before / max(before.sum(), 1e-300) * rows + _HALF) / (rows + _HALF * bins)
    return float(((q - p) * np.log(q / p)).sum())


def learn_ranges(columns: Mapping[str, pd.Series[Any]]) -> dict[str, Range]:
    """Learn the ranges of number columns by name."""
    found = {}
    for name, column in columns.items():
        found[name] = Range.of(np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan)))
    return found
