"""What operations do to satisfaction: the index if levels were others, and what of an effect runs through it.

Latent satisfaction is fitted once more, with each operation's level less what covariates say of it in place of the
shocks: its slope is what a unit of it does to satisfaction, of those whose level is known as of those who never
answered. The index of terms whose level changes is then the mean chance, over the posterior of each term's
satisfaction, that an answer would be satisfied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import csr_array

from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.estimate import Z95, Estimate
from churnkit.effect.gains import PerPoint
from churnkit.effect.latent import Latent, fit_latent
from churnkit.effect.latent_terms import latent_design
from churnkit.effect.scenarios.totals import CONSEQUENCES, Total
from churnkit.effect.slopes import two_sample
from churnkit.effect.verdict import words
from churnkit.errors import UsageError
from churnkit.models.nuisance import Bools, Matrix, Vector

_FINE, _WIDEST, _STEPS = 2_000, 6.0, 400


@dataclass(frozen=True)
class Scale:
    """A scale of latent satisfaction: its nodes, and the chance of a satisfied answer on a finer grid."""

    grid: Vector
    fine: Vector
    chance: Vector

    @classmethod
    def of(cls, latent: Latent) -> Scale:
        """The scale of a fit."""
        grid = latent.peak.grid
        fine = np.linspace(grid[0] - 6, grid[-1] + 6, _FINE)
        return cls(grid, fine, latent.layout.satisfied_at(latent.theta, fine)[0])

    def satisfied(self, moves: Vector | float = 0.0) -> Vector:
        """Chance of a satisfied answer at each node moved so far; a row for each of several moves."""
        return np.asarray(np.interp(self.grid + moves, self.fine, self.chance))


@dataclass(frozen=True)
class Felt:
    """Satisfaction of some terms, and what operations do to it.

    Attributes
    ----------
    slopes : mapping of lever to Estimate, latent satisfaction per unit of the lever's scale
    weight : array of shape (n_reference, n_nodes), posterior of satisfaction of the reference renewals, as operations
        explain it; scale : Scale, its own
    standing : array of shape (n_in_force, n_nodes), of the policies in force, as shocks explain it, for the effect per
        unit of satisfaction is on that scale; own : Scale, its own
    """

    slopes: dict[str, Estimate]
    weight: Matrix
    scale: Scale
    standing: Matrix
    own: Scale

    @classmethod
    def of(cls, effect: SatisfactionEffect, totals: dict[str, Total]) -> Felt | None:
        """Fit what operations do to satisfaction; None where nobody's satisfaction is known."""
        first, terms = effect.latent_, effect.terms_
        if first is None:
            return None
        latent, slopes = _slopes(effect, totals, first)
        return cls(slopes, latent.posterior(terms.reference).astype(np.float32), Scale.of(latent),
                   first.posterior(terms.in_force).astype(np.float32), Scale.of(first))  # fmt: skip

    def index(self, rows: Bools) -> float:
        """Points of the index of some policies in force."""
        return float(100 * self._mean(rows) @ self.own.satisfied()) if rows.any() else np.nan

    def _mean(self, rows: Bools) -> Vector:
        """Mean posterior of some policies in force, shape (n_nodes,)."""
        return np.asarray((rows.astype(np.float32) @ self.standing) / rows.sum(), dtype=np.float64)

    def reach(self, rows: Bools) -> tuple[float, float]:
        """By how many points the index of some policies in force can fall and rise."""
        mean = self._mean(rows)
        low, high = (
            float(100 * mean @ (self.own.satisfied(end) - self.own.satisfied())) for end in (-_WIDEST, _WIDEST)
        )
        return low, high

    def shift_for(self, points: float, rows: Bools) -> float:
        """The common shift of satisfaction that moves the index of some policies in force by `points`."""
        mean = self._mean(rows)
        now = float(mean @ self.own.satisfied())
        low, high = self.reach(rows)
        if not low < points < high:
            raise UsageError("The index can move so far.", found=f"{points:+.1f} points",
                             fix=f"Here it can move between {low:+.1f} and {high:+.1f}.")  # fmt: skip
        return float(brentq(lambda d: 100 * (float(mean @ self.own.satisfied(d)) - now) - points, -_WIDEST, _WIDEST))

    def moved(self, moves: Vector, rows: Bools) -> float:
        """By how many points the index of some reference renewals changes if each one's satisfaction moves so far."""
        mine = np.flatnonzero(rows & (moves != 0))
        if not len(mine):
            return 0.0
        # Moves lie between steps so fine that the mean chance is straight between them.
        steps = np.linspace(moves[mine].min(), moves[mine].max() + 1e-9, _STEPS)
        at = (moves[mine] - steps[0]) / (steps[1] - steps[0])
        low = np.minimum(at.astype(np.intp), _STEPS - 2)
        row, share = np.arange(len(mine)), at - low
        between = csr_array((np.r_[1 - share, share].astype(np.float32), (np.r_[low, low + 1], np.r_[row, row])),
                            shape=(_STEPS, len(mine)))  # fmt: skip
        weight = np.asarray(between @ self.weight[mine], dtype=np.float64)
        after = (weight * (self.scale.satisfied(steps[:, None]) - self.scale.satisfied())).sum()
        return float(100 * after / rows.sum())


def _slopes(
    effect: SatisfactionEffect, totals: dict[str, Total], without: Latent
) -> tuple[Latent, dict[str, Estimate]]:
    """Satisfaction as operations explain it, and their slopes; `without` them where there are none."""
    terms = effect.terms_
    whole = ~terms.in_force & (terms.keys["end"] == terms.keys["E"]).to_numpy()
    columns = {name: total.met.residual * whole for name, total in totals.items() if name not in CONSEQUENCES}
    columns = {name: column for name, column in columns.items() if np.count_nonzero(column)}
    if not columns:
        return without, {}
    rest = {f"{name} so far": totals[name].met.residual * ~whole for name in columns}
    rest = {name: column for name, column in rest.items() if np.count_nonzero(column) > len(terms) / 100}
    latent = fit_latent(latent_design(terms, columns | rest))
    first = latent.shock_places.start
    return latent, {name: Estimate(float(latent.theta[first + k]), latent.influence[:, first + k])
                    for k, name in enumerate(columns)}  # fmt: skip


def mediated_share(effect: SatisfactionEffect, total: Total, felt: Felt | None) -> tuple[PerPoint | None, str]:
    """The share of an operation's effect that runs through satisfaction, in 0 to 1 and beyond; or why it is not told.

    What it does to satisfaction, times what satisfaction does to renewal by a **shock other than the one that moves
    it**, over its total effect. It is told only where that shock may be trusted: the shocks agree, or it is the one
    that was named.

    Returns
    -------
    (PerPoint or None, sentence)
    """
    lever, found = total.met.lever, effect.identified_
    if abs(total.slope.value) < Z95 * total.slope.error:
        return None, "how much of it runs through satisfaction is not told: its total effect may be nothing"
    if felt is None or lever.name not in felt.slopes or found is None or effect.verdict.shown != "estimate":
        return None, f"how much of it runs through satisfaction is not told ({effect.verdict.kind})"
    agree = effect.checks["shocks_agree"].passed
    names = found.shocks.names if agree is not False else tuple(n for n in found.shocks.names if n == effect.trusted)
    others = [found.shocks.names.index(name) for name in names if name != lever.shock]
    if not others:
        return None, ("how much of it runs through satisfaction is not told: no trusted shock other than the one that"
                      " moves it")  # fmt: skip
    beta = two_sample(found.reduced.slopes.take(others), found.stage.take(others))
    p, slope = felt.slopes[lever.name], total.slope
    share = p.value * beta.value / slope.value
    influence = (p.influence * beta.value + p.value * beta.influence - share * slope.influence) / slope.value
    error = float(np.sqrt((influence**2).sum()) / len(influence))
    by = words(tuple(found.shocks.names[k] for k in others))
    told = PerPoint(share, share - Z95 * error, share + Z95 * error)
    much, tell = round(share, 2) + 0.0, "tells" if len(others) == 1 else "tell"  # no -0 %
    return told, (f"{much:.0%} of it (95 % {told.low:.0%} … {told.high:.0%}) runs through satisfaction, by what"
                  f" {by} {tell} of satisfaction and renewal")  # fmt: skip
