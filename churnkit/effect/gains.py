"""From a slope in log-odds per unit of satisfaction to percentage points of renewal per percentage point of index.

The effect of a common shift of satisfaction is ``R(shift) - R(0)``, averaged over the reference renewals: with slope
beta and log-odds o of each renewal, ``mean(expit(o + beta shift) - expit(o))``. Log-odds and slope are both what is
left after what nobody observed is averaged over, so their product is the marginal change that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from churnkit.effect.estimate import Z95, Estimate
from churnkit.models.nuisance import Codes, Vector

_STEP = 1e-5


class PerPoint(NamedTuple):
    """pp of renewal, with its 95 % interval; NaN where there is no estimate, or nothing at all."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        middle = f"{self.estimate:+.2f} pp" if np.isfinite(self.estimate) else "no single estimate,"
        return f"{middle} (95 % {self.low:+.2f} … {self.high:+.2f})"


@dataclass(frozen=True)
class Gains:
    """The reference renewals.

    Attributes
    ----------
    offset : array of shape (n_reference,), log-odds of renewal
    line : int array of shape (n_reference,), line codes
    """

    offset: Vector
    line: Codes

    def change(self, move: float, line: int | None = None) -> float:
        """pp of renewal by which log-odds moved by `move` change the mean, over one line or all."""
        own = self.offset if line is None else self.offset[self.line == line]
        return float(100 * (expit(own + move) - expit(own)).mean()) if len(own) else np.nan

    def per_shift(
        self, slope: Estimate, shift: Estimate, line: int | None = None, *, error: float | None = None
    ) -> PerPoint:
        """The change by a shift of satisfaction, by the delta method.

        Parameters
        ----------
        slope, shift : Estimate, by the same customers
        line : int, optional
        error : float, optional, the slope's standard error where that is more than its influence says
        """
        move = slope.value * shift.value
        rate = (self.change(move + _STEP, line) - self.change(move - _STEP, line)) / (2 * _STEP)
        influence = shift.value * slope.influence + slope.value * shift.influence
        variance = float((influence**2).sum()) / len(influence) ** 2
        if error is not None:
            own = float((slope.influence**2).sum()) / len(influence) ** 2
            variance += shift.value**2 * max(error**2 - own, 0.0)
        half, value = Z95 * abs(rate) * float(np.sqrt(variance)), self.change(move, line)
        return PerPoint(value, value - half, value + half)

    def between(self, slopes: tuple[float, float], shift: float, line: int | None = None) -> PerPoint:
        """The interval of the change if the slope lies between two."""
        ends = [self.change(slope * shift if shift else 0.0, line) for slope in slopes]
        return PerPoint(np.nan, min(ends), max(ends))
