"""Latent satisfaction of every term, from who was asked, who answered and what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import inv
from scipy.optimize import brentq

from churnkit.effect.estimate import Estimate
from churnkit.effect.latent_assumes import settle
from churnkit.effect.latent_design import Floats, LatentDesign
from churnkit.effect.latent_likelihood import Block, Layout, Sample, blocks
from churnkit.effect.latent_search import Peak, search

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Latent:
    """Latent satisfaction as fitted; units are the own noise of one answer to the first instrument, 0 is its cut.

    Attributes
    ----------
    design : LatentDesign
    layout : Layout, where each parameter lies in theta
    peak : Peak, the maximum of the likelihood
    influence : array of shape (n_customers, k)
    assumes : tuple of str, what this fit takes for granted, in sentences
    """

    design: LatentDesign
    layout: Layout
    peak: Peak
    influence: Floats
    assumes: tuple[str, ...]

    @property
    def theta(self) -> Floats:
        """All parameters, shape (k,); their names are ``layout.names``."""
        return self.peak.theta

    @property
    def covariance(self) -> Floats:
        """Covariance of theta, robust to what a customer's terms share, shape (k, k)."""
        found: Floats = self.influence.T @ self.influence / len(self.influence) ** 2
        return found

    @property
    def shock_places(self) -> slice:
        """Where the first stage lies in theta."""
        return slice(self.design.X.shape[1], self.layout.slopes)

    @property
    def first_stage(self) -> Floats:
        """Effect of each shock on S, shape (m,)."""
        return self.theta[self.shock_places]

    def table(self) -> dict[str, tuple[float, float]]:
        """Value and standard error by name of the parameter."""
        errors = np.sqrt(np.diag(self.covariance))
        return {n: (float(t), float(e)) for n, t, e in zip(self.layout.names, self.theta, errors, strict=True)}

    def expected(self) -> tuple[Floats, Floats]:
        """``E[S | data]`` and its standard deviation given the parameters, shape (n_terms,) each."""
        mean, spread = np.empty(len(self.design)), np.empty(len(self.design))
        sample = self._sample
        for block in self._blocks(sample):
            rows, S = sample.order[block.terms], self.peak.grid
            mean[rows] = block.weight @ S
            spread[rows] = np.sqrt(np.maximum(block.weight @ S**2 - mean[rows] ** 2, 0.0))
        return mean, spread

    def posterior(self, rows: Rows) -> Floats:
        """Weight of each node of ``peak.grid`` given the data, of some terms, shape (n_rows, n_nodes)."""
        sample = Sample.of(self.design.take(rows))
        found = np.empty((len(sample.D), len(self.peak.grid)))
        for block in self._blocks(sample):
            found[sample.order[block.terms]] = block.weight
        return found

    def satisfied(self, shift: float = 0.0) -> Floats:
        """Chance given the data that each term's CSAT would be satisfied, were S moved by `shift`; (n_terms,)."""
        found, sample = np.empty(len(self.design)), self._sample
        chance = self.layout.satisfied_at(self.theta, self.peak.grid + shift)[0]
        for block in self._blocks(sample):
            found[sample.order[block.terms]] = block.weight @ chance
        return found

    def index(self, rows: Rows | None = None) -> Estimate:
        """The index over some terms: 100 x mean chance that their CSAT would be satisfied, from 0 to 100."""
        return self.mean_of(lambda S: self._points(S), rows)

    def kappa(self, rows: Rows | None = None) -> Estimate:
        """Index points per unit of S: the slope of the index in a common shift."""
        step = 1e-3
        return self.mean_of(lambda S: _minus(self._points(S + step), self._points(S - step), 2 * step), rows)

    def shift_for(self, points: float, rows: Rows | None = None) -> Estimate:
        """The common shift of S at which the index moves by `points`."""

        def gap(shift: float) -> Callable[[Floats], tuple[Floats, Floats]]:
            return lambda S: _minus(self._points(S + shift), self._points(S), 1.0)

        weight = self._mean_weight(rows)
        shift = float(brentq(lambda d: float(weight @ gap(d)(self.peak.grid)[0]) - points, -30, 30, xtol=1e-8))
        step = 1e-3
        slope = float(weight @ _minus(self._points(self.peak.grid + shift + step),
                                      self._points(self.peak.grid + shift - step), 2 * step)[0])  # fmt: skip
        return Estimate(shift, -self.mean_of(gap(shift), rows).influence / slope)

    def mean_of(self, f: Callable[[Floats], tuple[Floats, Floats]], rows: Rows | None = None) -> Estimate:
        """Mean over some terms of ``E[f(S) | data]``, with its influence.

        The derivative of a posterior mean by the parameters is its covariance with the complete-data score.

        Parameters
        ----------
        f : function of S, shape (n_nodes,), that gives f and its derivative by the wave's variance
        rows : bool array of shape (n_terms,); without it all terms
        """
        rows = np.ones(len(self.design), dtype=bool) if rows is None else rows
        sample = Sample.of(self.design.take(rows))
        values, slope = f(self.peak.grid)
        mean, gradient = np.empty(len(sample.D)), np.zeros(len(self.layout))
        for block in self._blocks(sample):
            mean[block.terms] = block.weight @ values
            tilted = block.weight * (values - mean[block.terms, None])
            gradient += block.scores(tilted).sum(axis=0)
            if self.layout.wave:
                gradient[self.layout.w2] += float((block.weight @ slope).sum())
        value, customers = float(mean.mean()), self.design.customers
        own = np.bincount(sample.owner, mean - value, minlength=customers) * customers / len(mean)
        return Estimate(value, own + self.influence @ (gradient / len(mean)))

    def _points(self, S: Floats) -> tuple[Floats, Floats]:
        chance, slope = self.layout.satisfied_at(self.theta, S)
        return 100.0 * chance, 100.0 * slope

    def _mean_weight(self, rows: Rows | None) -> Floats:
        """Posterior weight of each node, averaged over some terms."""
        rows = np.ones(len(self.design), dtype=bool) if rows is None else rows
        sample = Sample.of(self.design.take(rows))
        total: Floats = sum((b.weight.sum(axis=0) for b in self._blocks(sample)), np.zeros(len(self.peak.grid)))
        return total / len(sample.D)

    @cached_property
    def _sample(self) -> Sample:
        return Sample.of(self.design)

    def _blocks(self, sample: Sample) -> Iterator[Block]:
        return blocks(sample, self.theta, layout=self.layout, grid=self.peak.grid)


def fit_latent(design: LatentDesign, *, weights: Floats | None = None, response: bool = True) -> Latent:
    """Fit latent satisfaction by maximum likelihood.

    ``S_i ~ Normal(X_i b + Z_i p, s_i^2)``, ``log s_i = W_i g``, for each term. A round is answered with log-odds
    ``a0 + a1 S + a2 S^2 + V c``, and its answers are ordered probits of ``loading S + u + noise`` with a wave
    ``u ~ Normal(0, w2)`` of their own round. S is integrated out on an evenly spaced grid, the wave by Gauss and
    Hermite. Scale and origin are those of the first instrument: its loading and the standard deviation of its own noise
    are 1, its cut below "satisfied" is 0.

    Terms enter one by one; what a customer's terms share is left to the standard errors.

    Parameters
    ----------
    design : LatentDesign
    weights : array of shape (n_customers,), e.g. of a bootstrap
    response : bool, whether the design's unanswered rounds are known and tell something

    Returns
    -------
    Latent

    References
    ----------
    .. [1] Berndt, Hall, Hall, Hausman (1974), Estimation and inference in nonlinear structural models, Annals of
       Economic and Social Measurement 3(4).
    .. [2] Little, Rubin (2019), Statistical Analysis with Missing Data, chapter 15, on selection models.
    """
    told = np.bincount(design.round_term, minlength=len(design)) > 0
    asked = design.take(told)
    layout, assumes = settle(asked, response=response)
    if layout.visible < 0:
        asked = design.take(np.bincount(design.round_term[design.answered], minlength=len(design)) > 0)
    peak = search(asked, layout, weights)
    return Latent(design, layout, peak, _influence(asked, layout, peak), assumes)


def _influence(design: LatentDesign, layout: Layout, peak: Peak) -> Floats:
    """``n * information^-1 * score`` of each customer; 0 for what lies on its bound."""
    sample, free = Sample.of(design), ~peak.held
    bread = np.zeros_like(peak.information)
    bread[np.ix_(free, free)] = inv(peak.information[np.ix_(free, free)])
    found = np.zeros((design.customers, len(layout)))
    for block in blocks(sample, peak.theta, layout=layout, grid=peak.grid):
        np.add.at(found, sample.owner[block.terms], block.scores(block.weight))
    return found @ bread * design.customers


def _minus(a: tuple[Floats, Floats], b: tuple[Floats, Floats], over: float) -> tuple[Floats, Floats]:
    return (a[0] - b[0]) / over, (a[1] - b[1]) / over
