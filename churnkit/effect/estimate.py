"""A number with what each customer does to it: its error, its interval, and what other customers would have given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Z95 = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A number and how each customer moves it: reweighted, it is ``value + mean((w - 1) * influence)``.

    Attributes
    ----------
    value : float
    influence : array of shape (n_customers,)
    """

    value: float
    influence: npt.NDArray[np.float64]

    @property
    def error(self) -> float:
        """Standard error, robust to what a customer's terms share."""
        return float(np.sqrt((self.influence**2).sum()) / len(self.influence))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval."""
        return self.value - Z95 * self.error, self.value + Z95 * self.error

    def reweighted(self, weights: npt.NDArray[np.float64]) -> float:
        """The number as customers of these weights, of mean 1, would have given it: one step."""
        return float(self.value + (weights - 1) @ self.influence / len(weights))
