"""Value if renewal were moved: by how much the log-odds of staying must be lifted, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from churnkit.errors import UsageError
from churnkit.panel.panel import Panel
from churnkit.value.asked import Asked, ask
from churnkit.value.frailty import NODES, standard_nodes
from churnkit.value.hazard import Hazard
from churnkit.value.history import posterior
from churnkit.value.lifetime import LifetimeValue
from churnkit.value.survival import Ahead, at_first, decided, lifted

Vector = npt.NDArray[np.float64]
_STEPS, _WIDEST = 8, 6.0


@dataclass(frozen=True)
class Begun:
    """Policies before their next renewal, whatever then moves it.

    Attributes
    ----------
    ahead : Ahead, what curves depend on
    theta : array of shape (k + 1,), parameters
    weight : array of shape (n_rows, n_nodes), of frailty given each customer's history
    eta : array of shape (n_rows,), log-odds of lapse at the next renewal, before frailty
    """

    ahead: Ahead
    theta: Vector
    weight: Vector
    eta: Vector


@dataclass(frozen=True)
class Movable:
    """Policies whose renewal may be moved, at the estimate or in a replicate of the value's bootstrap.

    A change of renewal is marginal: a mean over customers of whom we do not know what they are like. What happens to
    each is conditional: a common lift of the log-odds of staying. Frailty lies between the two, so the lift is solved
    such that renewal, integrated over it, changes as it should, line by line [1]_; the same lift in later years, among
    those who are left then, is the same change of what customers decide by. Who cancels before the end of a term
    decides nothing at it: of the term under way what is left of it counts, of later ones the whole year.

    Attributes
    ----------
    value : LifetimeValue, fitted, with a hazard
    asked : Asked, the policies
    line : int array of shape (n_rows,), position in `lines`
    lines : tuple of str
    early : array of shape (n_rows, H), chance of being cancelled before each renewal is decided

    References
    ----------
    .. [1] Zeger, Liang, Albert (1988), Models for longitudinal data: a generalized estimating equation approach,
       Biometrics 44(4), on marginal and conditional slopes.
    """

    value: LifetimeValue
    asked: Asked
    line: npt.NDArray[np.intp]
    lines: tuple[str, ...]
    early: Vector
    _last: dict[int | None, Begun] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, value: LifetimeValue, X: Panel | pd.DataFrame, *, early: pd.Series[float] | None = None) -> Movable:
        """Gather policies.

        Parameters
        ----------
        value : LifetimeValue
        X : as ``LifetimeValue.predict`` takes it
        early : Series indexed by line, share of terms cancelled by the customer before their end; ``all`` for lines
            that are not in it. None: nobody cancels.

        Raises
        ------
        UsageError
            If the value has a constant rate, which knows no log-odds.
        """
        asked = ask(value, X, trees=value.replicates_ is not None)
        if asked.ahead is None:
            raise UsageError("Moving renewal needs a hazard.", found=f"hazard={value.hazard!r}",
                             fix='LifetimeValue(hazard="trees")')  # fmt: skip
        codes, lines = pd.factorize(asked.line, sort=True)
        share = pd.Series({"all": 0.0}) if early is None else early
        yearly = share.reindex(list(lines)).fillna(share["all"]).to_numpy(dtype=np.float64)[codes]
        left = np.ones((len(codes), value.years))
        left[:, 0] = _left(asked.keys)
        return cls(value, asked, codes, tuple(map(str, lines)), yearly[:, None] * left)

    @property
    def replicates(self) -> int:
        """How many replicates there are."""
        return 0 if self.value.replicates_ is None else len(self.value.replicates_)

    def lift_for(self, change: Vector, replicate: int | None = None) -> Vector:
        """The lift of log-odds at which the next renewal of each line changes as asked.

        Parameters
        ----------
        change : array of shape (n_lines,), of the mean chance of renewing of those who come to decide, in 0 to 1
        replicate : int, optional

        Returns
        -------
        array of shape (n_lines,); at most 6 in size, where no lift reaches the change
        """
        at = self._at(replicate)
        weight, left = at.weight, 1.0 - self.early[:, 0]
        stay = expit(-(at.eta[:, None] + at.theta[-1] * standard_nodes(NODES)[0]))
        p = decided(stay, self.early[:, :1])
        odds = p / (1.0 - p)
        size = np.bincount(self.line, left, len(self.lines))

        def mean(of: Any) -> Vector:
            return np.asarray(np.bincount(self.line, left * (weight * of).sum(axis=1), len(self.lines)) / size)

        base, lift = mean(p), np.zeros(len(self.lines))
        for _ in range(_STEPS):
            moved = odds * np.exp(lift)[self.line][:, None]
            moved /= 1.0 + moved
            gap, slope = change - (mean(moved) - base), mean(moved * (1 - moved))
            lift = np.clip(lift + np.clip(gap / np.maximum(slope, 1e-9), -1.0, 1.0), -_WIDEST, _WIDEST)
        return np.asarray(lift)

    @property
    def reached(self) -> Vector:
        """Share of each line's policies that come to their renewal and decide, shape (n_lines,)."""
        size = np.bincount(self.line, minlength=len(self.lines))
        return np.asarray(np.bincount(self.line, 1.0 - self.early[:, 0], len(self.lines)) / size)

    def stays(self, lift: Vector, replicate: int | None = None) -> Vector:
        """Chances of the next renewal with it lifted, other exits apart, shape (n_rows,).

        Parameters
        ----------
        lift : array of shape (n_lines,), of log-odds
        replicate : int, optional
        """
        at = self._at(replicate)
        stay = expit(-(at.eta[:, None] + at.theta[-1] * standard_nodes(NODES)[0]))
        moved = lifted(stay, lift[self.line][:, None], self.early[:, :1])
        return np.asarray((at.weight * moved).sum(axis=1))

    def survival(self) -> Vector:
        """Chances of being renewed 1 to H times as it is, shape (n_rows, H)."""
        at = self._at(None)
        return self._hazard.curves(at.ahead, at.theta, None, begin=(at.weight, at.eta))

    def worth(self, lift: Vector | None = None, *, once: bool = False, held: Vector | None = None,
              replicate: int | None = None) -> Vector:  # fmt: skip
        """Values of the policies with renewal lifted, shape (n_rows,).

        Parameters
        ----------
        lift : array of shape (n_lines,), of log-odds; None: none
        once : bool, at the next renewal only instead of every one
        held : array of shape (H,), share of the lift that is there at each renewal; it goes before `once`
        replicate : int, optional, in which each customer is as the replicate draws him, the same with any lift
        """
        at = self._at(replicate)
        ahead, draw = at.ahead, None
        if replicate is not None and self.value.replicates_ is not None:
            draw = self.value.replicates_.draw(replicate)
        if lift is not None:
            years = np.arange(self.value.years)
            share = np.where((years == 0) | (not once), 1.0, 0.0) if held is None else held
            ahead = replace(ahead, lift=lift[self.line][:, None] * share, early=self.early)
        survival = self._hazard.curves(ahead, at.theta, draw, begin=(at.weight, at.eta))
        return self.value.worth_of(self.asked, survival)

    def _at(self, replicate: int | None) -> Begun:
        """How the policies stand at the estimate or in a replicate; that of the last one asked for is kept."""
        if replicate not in self._last:
            ahead, many, theta = self.asked.ahead, self.value.replicates_, self._hazard.frailty.theta
            assert ahead is not None
            if replicate is not None and many is not None:
                ahead, theta = many.at(replicate, ahead), many.theta[replicate]
            weight = posterior(ahead.mine, theta, NODES)
            self._last.clear()
            self._last[replicate] = Begun(ahead, theta, weight, at_first(ahead, theta, weight))
        return self._last[replicate]

    @property
    def _hazard(self) -> Hazard:
        assert self.value.hazard_ is not None
        return self.value.hazard_


def _left(keys: pd.DataFrame) -> Vector:
    """Share of a year that is left until each policy's renewal; half of it where that is not known."""
    if not {"end_date", "cutoff"} <= set(keys):
        return np.full(len(keys), 0.5)
    years = (keys["end_date"] - keys["cutoff"]).dt.total_seconds() / (365 * 86_400)
    return np.asarray(years.clip(0.0, 1.0).fillna(0.5), dtype=np.float64)
