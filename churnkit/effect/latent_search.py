"""Maximum likelihood of the latent model: scoring with exact gradients, begun on some of the customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve
from scipy.special import ndtri

from churnkit.effect.latent_design import Floats, LatentDesign
from churnkit.effect.latent_likelihood import Layout, Sample, blocks

Flags = npt.NDArray[np.bool_]
_STEP = 0.5  # of the grid, in units of the first instrument's noise
_REACH = 4.5  # standard deviations of S that the grid reaches beyond the means
_SOME = 3000  # answered rounds with which the search begins
_ENOUGH = 1e-3  # gain in log-likelihood to be expected at which the search ends: a thirtieth of a standard error
_STEPS = 60
_STRIDE = 0.3  # of log s and the wave's variance in one step
_RIDGE = 1e-12
_FEW = 3  # answers of each level in the part
_FLOOR = 1e-4  # least variance of the wave


@dataclass(frozen=True)
class Peak:
    """Where the search ended.

    Attributes
    ----------
    theta, gradient : arrays of shape (k,)
    information : array of shape (k, k), sum of the outer products of the terms' scores, and of the prior
    held : bool array of shape (k,), what lies on its bound and is taken as known
    loglik : float
    grid : array of shape (n_nodes,)
    steps : int
    converged : bool
    """

    theta: Floats
    gradient: Floats
    information: Floats
    held: Flags
    loglik: float
    grid: Floats
    steps: int
    converged: bool


def search(design: LatentDesign, layout: Layout, weights: Floats | None) -> Peak:
    """Maximise the weighted likelihood of a design, first on a part of the customers, then on all.

    Scoring after Berndt, Hall, Hall and Hausman (1974): steps ``(sum s s' + prior)^-1 gradient``, damped after
    Marquardt where they do not climb. The information of the terms' scores is needed anyhow, so a step costs little
    more than a gradient, and from the peak of a part three or four steps reach that of the whole.
    """
    theta = _start(design, layout)
    prior = _prior(design, layout, theta)
    drawn = np.random.default_rng(0).random(design.customers)
    share = _SOME / max(int(design.answered.sum()), 1)
    while share < 0.5:
        part = design.take((drawn < share)[design.owner])
        if _every_level(part, layout):  # a level that nobody chose would close its cuts, and they hardly open again
            theta = _climb(part, layout, theta, prior=prior, weights=weights).theta
            break
        share *= 2
    return _climb(design, layout, theta, prior=prior, weights=weights)


def _every_level(design: LatentDesign, layout: Layout) -> bool:
    """Whether every level of every instrument was chosen by a few."""
    counts = (np.bincount(given[given >= 0], minlength=levels)
              for given, levels in zip(design.answers.T, layout.levels, strict=True))  # fmt: skip
    return all(int(each.min()) >= _FEW for each in counts)


def _start(design: LatentDesign, layout: Layout) -> Floats:
    """A start at which every answer has its share and nothing depends on anything."""
    theta, level = np.zeros(len(layout)), 0.0
    for m, places in enumerate(layout.cuts):
        given = design.answers[:, m]
        counts = np.bincount(given[given >= 0], minlength=layout.levels[m]) + 0.5
        loading = 1.0 if m == 0 else 0.9
        cuts = np.sqrt(1 + loading**2) * ndtri(np.cumsum(counts)[:-1] / counts.sum())
        if m == 0:
            level = -float(cuts[layout.satisfied - 1])
            theta[places[places >= 0]] = (cuts + level)[places >= 0]
        else:
            theta[places], theta[places[0] - 1] = cuts + loading * level, loading
    theta[0] = level
    if layout.visible >= 0:
        share = design.answered.mean()
        theta[layout.response.start] = np.log(share / (1 - share))
    if layout.wave:
        theta[layout.w2] = 0.25
    return theta


def _prior(design: LatentDesign, layout: Layout, start: Floats) -> tuple[Floats, Floats]:
    """Centre and precision of a weak prior, which speaks only where the answers do not.

    Standard deviations: an effect of one standard deviation of a column on S 5, of V on the log-odds of answering 2, of
    S on them 2 and of its square 1; log s 0.7, so that one answer alone is about half noise; the wave's variance 1; an
    instrument's log precision 0.5.
    """
    precision = np.full(len(start), 1e-4)
    precision[: layout.slopes] = np.maximum(design.columns.var(axis=0) / 25.0, 1e-4)
    precision[layout.spread] = 2.0
    if layout.visible >= 0:
        at = layout.response.start
        precision[at + 1 : at + 3] = 0.25, 1.0
        precision[at + 3 : layout.response.stop] = np.maximum(design.V.var(axis=0) / 4.0, 1e-4)
    if layout.wave:
        precision[layout.w2], precision[layout.w2 + 1 :] = 1.0, 4.0
    centre = np.where(precision > 1e-4, 0.0, start)
    return centre, precision


def _span(sample: Sample, layout: Layout, theta: Floats) -> tuple[float, float, float]:
    """Where satisfaction can lie, and its least standard deviation given the covariates."""
    mean, s = sample.D @ theta[: layout.slopes], layout.width(theta, sample.W)
    low, high = np.quantile(mean, [0.001, 0.999])
    wide = float(s.max())
    return (
        min(low - _REACH * wide, mean.min() - 2 * wide),
        max(high + _REACH * wide, mean.max() + 2 * wide),
        float(s.min()),
    )


def _grid(span: tuple[float, float, float]) -> Floats:
    """Nodes for S, evenly spaced: a sum over them is as good as an integral while posteriors are wider than a step."""
    low, high, s = span
    step = min(_STEP, s)
    return np.asarray(low - 0.4 * s + step * np.arange(int(np.ceil((high - low + 0.8 * s) / step)) + 1))


def _suits(grid: Floats, span: tuple[float, float, float]) -> bool:
    """Whether a grid reaches far enough and not much too far, in steps that are small enough."""
    low, high, s = span
    step = grid[1] - grid[0]
    wide = 1.5 * (high - low + s) + 1.0
    return bool(grid[0] <= low and grid[-1] >= high and grid[-1] - grid[0] < wide and step <= 1.1 * min(_STEP, s))


def _climb(design: LatentDesign, layout: Layout, theta: Floats, *, prior: tuple[Floats, Floats],
           weights: Floats | None) -> Peak:  # fmt: skip
    sample = Sample.of(design)
    grid = _grid(_span(sample, layout, theta))
    weight = np.ones(len(sample.D)) if weights is None else weights[sample.owner]
    damping, held = 0.0, np.zeros(len(theta), dtype=bool)
    value = _value(sample, layout, theta, grid=grid, weight=weight, prior=prior)
    gradient = information = np.zeros(0)
    for step in range(1, _STEPS + 1):
        span = _span(sample, layout, theta)
        if not _suits(grid, span):
            grid = _grid(span)
            value = _value(sample, layout, theta, grid=grid, weight=weight, prior=prior)
        gradient, information = _slopes(sample, layout, theta, grid=grid, weight=weight, prior=prior)
        held = _held(layout, theta, gradient)
        move = _move(gradient, information, layout, held=held, damping=damping)
        if float(move @ gradient) < _ENOUGH and damping < 1:
            return Peak(theta, gradient, information, held, value, grid, step, True)
        for _ in range(12):
            tried = _bounded(layout, theta + move)
            reached = _value(sample, layout, tried, grid=grid, weight=weight, prior=prior)
            if reached > value:
                break
            damping = max(4 * damping, 0.05)
            move = _move(gradient, information, layout, held=held, damping=damping)
        else:
            return Peak(theta, gradient, information, held, value, grid, step, False)
        theta, value = tried, reached
        damping = damping / 8 if damping > 0.01 else 0.0
    return Peak(theta, gradient, information, held, value, grid, _STEPS, False)


def _move(gradient: Floats, information: Floats, layout: Layout, *, held: Flags, damping: float) -> Floats:
    """The next step; s and the wave, on which all else leans, go no further than `_STRIDE` at once.

    Solved with each parameter in units of its own information, which may differ by many powers of ten.
    """
    free, move = ~held, np.zeros_like(gradient)
    unit = np.sqrt(np.diag(information)[free])
    scaled = information[np.ix_(free, free)] / np.outer(unit, unit)
    scaled[np.diag_indices(len(unit))] = 1.0 + max(damping, _RIDGE)
    move[free] = solve(scaled, gradient[free] / unit, assume_a="pos") / unit
    leaning = [layout.slopes, *([layout.w2] if layout.wave else [])]
    return move * min(1.0, _STRIDE / max(float(np.abs(move[leaning]).max()), 1e-12))


def _held(layout: Layout, theta: Floats, gradient: Floats) -> Flags:
    """A wave without variance stays so while that does not help; then nothing tells the noises apart."""
    held = np.zeros(len(theta), dtype=bool)
    if layout.wave and theta[layout.w2] <= _FLOOR and gradient[layout.w2] < 0:
        held[layout.w2 :] = True
    return held


def _bounded(layout: Layout, theta: Floats) -> Floats:
    theta = theta.copy()
    if layout.wave:
        theta[layout.w2] = max(theta[layout.w2], _FLOOR)
    return theta


def _allowed(layout: Layout, theta: Floats) -> bool:
    ordered = all((np.diff(scale.cuts) > 0).all() for scale in layout.scales(theta))
    return ordered and abs(theta[layout.slopes]) < 3.0


def _value(sample: Sample, layout: Layout, theta: Floats, *, grid: Floats, weight: Floats,
           prior: tuple[Floats, Floats]) -> float:  # fmt: skip
    """The logarithm of likelihood times prior; minus infinity outside the parameters' bounds."""
    if not _allowed(layout, theta):
        return -np.inf
    found = sum(float(weight[block.terms] @ block.loglik)
                for block in blocks(sample, theta, layout=layout, grid=grid, slopes=False))  # fmt: skip
    return found - float(prior[1] @ (theta - prior[0]) ** 2) / 2


def _slopes(sample: Sample, layout: Layout, theta: Floats, *, grid: Floats, weight: Floats,
            prior: tuple[Floats, Floats]) -> tuple[Floats, Floats]:  # fmt: skip
    gradient, information = -prior[1] * (theta - prior[0]), np.diag(prior[1])
    for block in blocks(sample, theta, layout=layout, grid=grid):
        scores = block.scores(block.weight)
        gradient += weight[block.terms] @ scores
        information += scores.T @ (weight[block.terms, None] * scores)
    return gradient, information
