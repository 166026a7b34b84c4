"""How renewal and value of each policy answer to a lift of the log-odds of renewal: worked out once, then looked up."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from churnkit.effect.scenarios.valid import ONE_YEAR, RAMP
from churnkit.models.nuisance import Bools, Matrix, Vector
from churnkit.value.lifted import Movable

_LIFTS = np.array([-3.0, -1.5, -0.7, -0.3, 0.0, 0.3, 0.7, 1.5, 3.0])
_STEP = 0.5
_ITERATIONS = 8
_POPULATIONS = 64  # whose sums are kept


@dataclass(frozen=True)
class Answer:
    """What a change of renewal comes to; first element the estimate, then the replicates.

    Attributes
    ----------
    renewal : float, mean chance of the next renewal as it is
    change : array of shape (1 + n_replicates,), of that chance, in 0 to 1
    value : float, sum of the values as they are, currency
    gain : array of shape (1 + n_replicates,), change of that sum
    survival : array of shape (H,), mean chance of being renewed 1 to H times
    """

    renewal: float
    change: Vector
    value: float
    gain: Vector
    survival: Vector


@dataclass(frozen=True)
class _Sums:
    """Over the policies of one line: those who come to decide, and kept and worth by lift, also in each replicate."""

    deciding: float
    keep: CubicSpline
    worth: CubicSpline
    keeps: Matrix
    worths: Matrix


@dataclass(frozen=True)
class Responses:
    """Chance of the next renewal and value of every policy, at lifts of the log-odds of its decision.

    At the estimate on a grid of lifts, in each replicate at three of them: by how much a replicate differs from the
    estimate is close to a parabola, so that a sum over policies takes no model then. Held in single precision: 100,000
    policies and 60 replicates take 150 MB.

    Attributes
    ----------
    policies : Movable
    keep, worth : arrays of shape (n_lifts, n_policies), at the estimate
    keeps, worths : arrays of shape (3, n_replicates, n_policies), at lifts -h, 0, h
    survival : array of shape (n_policies, H)
    """

    policies: Movable
    keep: Matrix
    worth: Matrix
    keeps: npt.NDArray[np.float32]
    worths: npt.NDArray[np.float32]
    survival: Matrix
    sums: dict[bytes, list[_Sums]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, policies: Movable, *, duration: str, ramp_years: int, replicates: int) -> Responses:
        """Work out the responses for a lift held as long as `duration` says."""
        held = held_for(policies.value.years, duration, ramp_years)
        lines = np.ones(len(policies.lines))
        count = min(replicates, policies.replicates)
        both = [(policies.stays(lines * each), policies.worth(lines * each, held=held)) for each in _LIFTS]
        keeps = np.empty((3, count, len(policies.line)), dtype=np.float32)
        worths = np.empty_like(keeps)
        for k in range(count):
            for at, lift in enumerate((-_STEP, 0.0, _STEP)):
                keeps[at, k] = policies.stays(lines * lift, k)
                worths[at, k] = np.nan_to_num(policies.worth(lines * lift, held=held, replicate=k))
        keep, worth = (np.array(each) for each in zip(*both, strict=True))
        return cls(policies, keep, np.nan_to_num(worth), keeps, worths, policies.survival())

    def answer(self, rows: Bools, change: Matrix, *, ends: bool = False) -> Answer:
        """Add up what a change of renewal by line does to some policies.

        Parameters
        ----------
        rows : bool array of shape (n_policies,)
        change : array of shape (n_lines, 1 + n_replicates), of the chance of renewing of those who come to decide, in
            0 to 1; NaN for a line whose change is not known
        ends : bool, whether the columns are the ends of what is known instead, all of them at the estimate
        """
        middle = len(_LIFTS) // 2
        moved, gain = np.zeros(change.shape[1]), np.zeros(change.shape[1])
        for line, sums in enumerate(self._sums(rows)):
            if sums.deciding and (np.isnan(change[line]).any() or change[line].any()):
                wanted = change[line] * sums.deciding
                kept, worth = _line(sums, wanted, 0 if ends else len(wanted) - 1)
                moved, gain = moved + kept, gain + worth
        n = max(int(rows.sum()), 1)
        return Answer(float(self.keep[middle, rows].sum() / n), moved / n, float(self.worth[middle, rows].sum()), gain,
                      self.survival[rows].mean(axis=0))  # fmt: skip

    def _sums(self, rows: Bools) -> list[_Sums]:
        """Sums over some policies by line: once for all scenarios on one population."""
        key = rows.tobytes()
        if key not in self.sums:
            if len(self.sums) >= _POPULATIONS:
                self.sums.clear()
            self.sums[key] = [self._of_line(np.flatnonzero(rows & (self.policies.line == line)))
                              for line in range(len(self.policies.lines))]  # fmt: skip
        return self.sums[key]

    def _of_line(self, mine: npt.NDArray[np.intp]) -> _Sums:
        keep, worth = self.keep[:, mine].sum(axis=1), self.worth[:, mine].sum(axis=1)
        middle = len(_LIFTS) // 2
        keeps, worths = (part[:, :, mine].sum(axis=2, dtype=np.float64) for part in (self.keeps, self.worths))
        return _Sums(float((1.0 - self.policies.early[mine, 0]).sum()), CubicSpline(_LIFTS, keep - keep[middle]),
                     CubicSpline(_LIFTS, worth - worth[middle]), keeps, worths)  # fmt: skip


def _line(sums: _Sums, wanted: Vector, replicates: int) -> tuple[Vector, Vector]:
    """Policies kept and value gained by the policies of one line, at the estimate and in the last replicates."""
    of_keep, of_worth, at_estimate = sums.keep, sums.worth, len(wanted) - replicates
    kept = np.clip(wanted, float(of_keep(_LIFTS[0])), float(of_keep(_LIFTS[-1])))  # nobody is kept who is not there
    gain = np.empty(len(wanted))
    lifts = [_root(of_keep, each) for each in kept[:at_estimate]]
    gain[:at_estimate] = [float(of_worth(each)) for each in lifts]
    if replicates:
        lift = _Beside.of(of_keep, sums.keeps).root(kept[at_estimate:], lifts[0])
        gain[at_estimate:] = _Beside.of(of_worth, sums.worths).at(lift)
    return kept, gain


def held_for(years: int, duration: str, ramp_years: int) -> Vector:
    """Share of a lift that is there at each renewal, shape (H,).

    Examples
    --------
    >>> held_for(4, "ramp", 2).tolist()
    [0.5, 1.0, 1.0, 1.0]
    """
    at = np.arange(1, years + 1)
    if duration == ONE_YEAR:
        return np.asarray(at == 1, dtype=np.float64)
    return np.asarray(np.minimum(at / ramp_years, 1.0)) if duration == RAMP else np.ones(years)


def _root(of: CubicSpline, wanted: float) -> float:
    """The lift at which a line's renewals change as wanted; the widest on its side where none does."""
    if np.isnan(wanted):
        return np.nan
    low, high = float(of(_LIFTS[0])), float(of(_LIFTS[-1]))
    if not low < wanted < high:
        return float(_LIFTS[0] if wanted <= low else _LIFTS[-1])
    return float(brentq(lambda lift: float(of(lift)) - wanted, _LIFTS[0], _LIFTS[-1], xtol=1e-9))


@dataclass(frozen=True)
class _Beside:
    """A curve in each replicate: that of the estimate, and beside it a parabola through three lifts."""

    curve: CubicSpline
    slope: Vector
    bend: Vector

    @classmethod
    def of(cls, curve: CubicSpline, at: Matrix) -> _Beside:
        """From values at lifts -h, 0 and h, shape (3, n_replicates)."""
        gap = at - at[1] - curve(np.array([-_STEP, 0.0, _STEP]))[:, None]
        return cls(curve, (gap[2] - gap[0]) / (2 * _STEP), (gap[2] + gap[0]) / (2 * _STEP**2))

    def at(self, lift: Vector) -> Vector:
        """Change of each replicate's curve at its lift."""
        return np.asarray(self.curve(lift) + self.slope * lift + self.bend * lift**2)

    def root(self, wanted: Vector, start: float) -> Vector:
        """Lifts at which the curves have changed as wanted, by Newton from that of the estimate."""
        lift, least = np.full(len(wanted), start), 1e-9 + 1e-3 * float(self.curve(0.0, 1))
        for _ in range(_ITERATIONS):
            steep = np.maximum(self.curve(lift, 1) + self.slope + 2 * self.bend * lift, least)
            lift = np.clip(lift - np.clip((self.at(lift) - wanted) / steep, -0.5, 0.5), _LIFTS[0], _LIFTS[-1])
        return np.asarray(lift)
