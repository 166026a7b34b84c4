"""The likelihood of what every term was asked and answered, its scores, and the posterior of satisfaction on a grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.special import ndtr

from churnkit.effect.latent_answers import AnswerTable, Scale, tabulate
from churnkit.effect.latent_design import Floats, Ints, LatentDesign

_BLOCK = 1500  # terms worked on at once: what is made of them stays in the cache
_TINY = 1e-290


@dataclass(frozen=True)
class Layout:
    """Where each parameter lies in theta.

    ``theta = (beta of X and Z, log s: constant, W, response: constant, S, S^2, V, by instrument: loading (not of the
    first), cuts (of the first without the one that is 0), w2, log of the first instrument's noise over each other's)``.
    """

    names: tuple[str, ...]
    slopes: int
    visible: int  # columns of V; -1 without a model of response
    levels: tuple[int, ...]
    satisfied: int
    wave: bool
    widths: int  # columns of W

    @classmethod
    def of(cls, design: LatentDesign, *, response: bool, wave: bool) -> Layout:
        """Lay out the parameters of a design."""
        first, *others = design.instruments
        names = [*design.x_names, *design.z_names, "log s", *(f"log s {name}" for name in design.w_names)]
        if response:
            names += ["response", "response S", "response S^2", *(f"response {name}" for name in design.v_names)]
        for each in design.instruments:
            names += [] if each is first else [f"{each.name} loading"]
            names += [f"{each.name} cut {k}" for k in range(1, each.levels) if each is not first or k != each.satisfied]
        if wave:
            names += ["w2", *(f"{each.name} log precision" for each in others)]
        return cls(tuple(names), design.X.shape[1] + design.Z.shape[1], design.V.shape[1] if response else -1,
                   tuple(each.levels for each in design.instruments), first.satisfied, wave,
                   len(design.w_names))  # fmt: skip

    def __len__(self) -> int:
        return len(self.names)

    @property
    def response(self) -> slice:
        """The parameters of answering; empty without a model of it."""
        return slice(self.spread.stop, self.spread.stop + (3 + self.visible if self.visible >= 0 else 0))

    @property
    def spread(self) -> slice:
        """The parameters of log s."""
        return slice(self.slopes, self.slopes + 1 + self.widths)

    def width(self, theta: Floats, W: Floats) -> Floats:
        """Standard deviation of S given the covariates, shape (n_terms,)."""
        return np.asarray(np.exp(theta[self.slopes] + W @ theta[self.slopes + 1 : self.spread.stop]))

    @cached_property
    def cuts(self) -> list[Ints]:
        """By instrument, the place of each cut, -1 for the one that is 0."""
        at, found = self.response.stop, []
        for m, levels in enumerate(self.levels):
            places = np.arange(levels - 1) + at + (m > 0)
            if m == 0:
                places[self.satisfied - 1 :] -= 1
                places[self.satisfied - 1] = -1
            found.append(places)
            at += levels - 2 if m == 0 else levels
        return found

    @property
    def w2(self) -> int:
        """The place of the wave's variance."""
        return len(self.names) - len(self.levels)

    def scales(self, theta: Floats) -> list[Scale]:
        """The instruments in units of their own noise."""
        found = []
        width = np.sqrt(theta[self.w2]) if self.wave else 0.0
        for m, places in enumerate(self.cuts):
            cuts = np.where(places >= 0, theta[places], 0.0)
            precision = np.exp(theta[self.w2 + m]) if self.wave and m else 1.0
            found.append(Scale(1.0 if m == 0 else float(theta[places[0] - 1]), float(width * precision), cuts))
        return found

    def satisfied_at(self, theta: Floats, S: Floats) -> tuple[Floats, Floats]:
        """Chance of a satisfied answer at S over its own noise and the wave's, and its derivative by w2."""
        noise = np.sqrt(1.0 + (theta[self.w2] if self.wave else 0.0))
        z = S / noise
        return ndtr(z), np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * -0.5 * z / noise**2


@dataclass(frozen=True)
class Sample:
    """A design in the order in which it is worked through: terms by customer, rounds by term, patterns coded."""

    D: Floats
    W: Floats
    owner: Ints
    V: Floats
    start: Ints  # of each term's rounds; one more than there are terms
    pattern: Ints  # by round, -1 for not answered
    patterns: Ints
    order: Ints  # of the terms in the design
    customers: int

    @classmethod
    def of(cls, design: LatentDesign) -> Sample:
        """Sort a design."""
        order = np.argsort(design.owner, kind="stable")
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        term = rank[design.round_term]
        rounds = np.argsort(term, kind="stable")
        start = np.searchsorted(term[rounds], np.arange(len(order) + 1))
        answered = design.answered[rounds]
        patterns, code = np.unique(design.answers[rounds][answered], axis=0, return_inverse=True)
        pattern = np.full(len(rounds), -1)
        pattern[answered] = code.reshape(-1)
        return cls(design.columns[order], design.widths[order], design.owner[order], design.V[rounds], start, pattern,
                   patterns, order, design.customers)  # fmt: skip


class Block:
    """Some terms in a row: the posterior of S on the grid, and sums over it."""

    def __init__(self, sample: Sample, terms: slice, theta: Floats, *, layout: Layout, grid: Floats,
                 table: AnswerTable) -> None:  # fmt: skip
        self.sample, self.terms, self.layout, self.grid, self.table = sample, terms, layout, grid, table
        self.scales = layout.scales(theta)
        self.w2 = float(theta[layout.w2]) if layout.wave else 0.0
        self.s = layout.width(theta, sample.W[terms])
        self.powers = np.column_stack([np.ones_like(grid), grid, grid**2])
        self.mean = sample.D[terms] @ theta[: layout.slopes]
        self.rounds = slice(sample.start[terms.start], sample.start[terms.stop])
        self.count = np.diff(sample.start[terms.start : terms.stop + 1])
        self.pattern = sample.pattern[self.rounds]
        self.answered = np.flatnonzero(self.pattern >= 0)
        weight = np.exp(-0.5 * ((grid - self.mean[:, None]) / self.s[:, None]) ** 2)
        weight *= ((grid[1] - grid[0]) / (self.s * np.sqrt(2 * np.pi)))[:, None]
        first, told = np.cumsum(self.count) - self.count, self._told(theta)
        for k in range(int(self.count.max(initial=0))):  # the first round of every term, then the second
            rows = np.flatnonzero(self.count > k)
            weight[rows] *= told[first[rows] + k]
        total = weight.sum(axis=1)
        self.loglik = np.log(np.maximum(total, _TINY))
        self.weight = weight / np.maximum(total, _TINY)[:, None]

    def _told(self, theta: Floats) -> Floats:
        """Likelihood of each round at each node; keeps the chance of answering."""
        if self.layout.visible >= 0:
            a = theta[self.layout.response]
            with np.errstate(over="ignore"):
                fixed = np.exp(-(self.sample.V[self.rounds] @ a[3:]))
                self.chance = np.outer(fixed, np.exp(-(a[0] + a[1] * self.grid + a[2] * self.grid**2)))
            self.chance += 1.0
            np.reciprocal(self.chance, out=self.chance)
            told = 1.0 - self.chance
            told[self.answered] = self.chance[self.answered]
        else:
            told = np.ones((len(self.pattern), len(self.grid)))
        told[self.answered] *= self.table.chance[self.pattern[self.answered]]
        return told

    def scores(self, weight: Floats) -> Floats:
        """Complete-data scores summed over nodes with `weight`, shape (n_terms, k).

        With the posterior they are the scores of the likelihood; with the posterior times ``f - E f`` they are the
        derivatives of ``E f``.
        """
        layout, sample = self.layout, self.sample
        found = np.zeros((len(self.mean), len(layout)))
        total, first, second = (weight @ self.powers).T
        found[:, : layout.slopes] = sample.D[self.terms] * ((first - self.mean * total) / self.s**2)[:, None]
        second += self.mean * (self.mean * total - 2 * first)
        wider = second / self.s**2 - total
        found[:, layout.slopes] = wider
        found[:, layout.slopes + 1 : layout.spread.stop] = sample.W[self.terms] * wider[:, None]
        if len(self.pattern) == 0:
            return found
        term = np.repeat(np.arange(len(self.count)), self.count)
        if layout.visible >= 0:
            self._answering(found, weight, term)
        if len(self.answered):
            self._answers(found, weight[term[self.answered]], term[self.answered])
        return found

    def _answering(self, found: Floats, weight: Floats, term: Ints) -> None:
        moments = -((weight[term] * self.chance) @ self.powers)
        moments[self.answered] += (weight @ self.powers)[term[self.answered]]
        rows = np.hstack([moments, self.sample.V[self.rounds] * moments[:, :1]])
        start = np.append(0, np.cumsum(self.count))
        by_term = csr_array((np.ones(len(term)), np.arange(len(term)), start), (len(self.count), len(term)))
        found[:, self.layout.response] = by_term @ rows

    def _answers(self, found: Floats, weight: Floats, term: Ints) -> None:
        pattern, layout = self.pattern[self.answered], self.layout
        slopes = np.matmul(weight[:, None, :], self.table.slopes[pattern])[:, 0]
        flat, width = found.reshape(-1), len(layout)
        for m, (places, scale) in enumerate(zip(layout.cuts, self.scales, strict=True)):
            level = self.sample.patterns[pattern, m]
            above, below, loading, wave = slopes[:, 4 * m : 4 * m + 4].T
            ends = np.concatenate([[-1], places, [-1]])  # the lowest level has no cut below it, the highest none above
            for end, value in ((ends[level + 1], above), (ends[level], below)):
                keep = (level >= 0) & (end >= 0)
                np.add.at(flat, term[keep] * width + end[keep], value[keep])
            if m:
                np.add.at(flat, term * width + places[0] - 1, loading)
            if layout.wave:
                np.add.at(flat, term * width + layout.w2, wave * scale.wave / (2 * self.w2))
                if m:
                    np.add.at(flat, term * width + layout.w2 + m, wave * scale.wave)


def blocks(sample: Sample, theta: Floats, *, layout: Layout, grid: Floats, slopes: bool = True) -> Iterator[Block]:
    """Work through the terms."""
    table = tabulate(layout.scales(theta), sample.patterns, grid, slopes=slopes)
    for begin in range(0, len(sample.D), _BLOCK):
        yield Block(sample, slice(begin, min(begin + _BLOCK, len(sample.D))), theta, layout=layout, grid=grid,
                    table=table)  # fmt: skip
