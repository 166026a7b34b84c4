"""What settings do to the terms of the last year: log-odds of renewal, satisfaction. Levers act jointly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.special import expit

from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.estimate import Z95, Estimate
from churnkit.effect.operations import SATISFACTION
from churnkit.effect.scenarios.drawn import other_slopes, other_terms, other_years
from churnkit.effect.scenarios.felt import Felt
from churnkit.effect.scenarios.last_year import LastYear, Scope
from churnkit.effect.scenarios.scenario import Setting
from churnkit.effect.scenarios.totals import Total
from churnkit.errors import UsageError
from churnkit.models.nuisance import Bools, Codes, Matrix, Vector


@dataclass(frozen=True)
class Terms(LastYear):
    """The renewals of the last year, and what each lever does to them.

    Attributes
    ----------
    felt : Felt or None
    odds : array of shape (n_reference,), log-odds of renewal by covariates and by the levels as they were
    draws : array of shape (n_replicates, n_customers), weights of customers less 1
    """

    felt: Felt | None
    odds: Vector
    draws: Matrix

    def change(self, settings: tuple[Setting, ...], scope: Scope, *, replicates: bool = True) -> Matrix:
        """By how much renewal of each line changes, in 0 to 1, shape (n_lines, 1 + n_replicates).

        Replicates hold what is not known of the slopes, that last year's terms are a draw of what befalls customers as
        this year's will be (another set of claims, another mean), and that years differ by more than that. NaN for
        satisfaction whose effect is not known. Where it is known by bounds, there are two columns: its ends, each
        further out by the 95 % interval of the operations that are set with it.
        """
        draws = self.draws if replicates else self.draws[:0]
        if not self.bounded(settings):
            return self._changed_renewal(settings, scope, draws)
        ends = self._changed_renewal(settings, scope, draws[:0])
        operations = tuple(setting for setting in settings if setting.lever != SATISFACTION)
        if not operations or len(draws) < 2 or ends.shape[1] < 2:
            return ends
        alone = self._changed_renewal(operations, scope, draws)[:, 1:].std(axis=1, ddof=1, keepdims=True)
        return np.asarray(np.sort(ends, axis=1) + Z95 * alone * np.array([-1.0, 1.0]))

    def _changed_renewal(self, settings: tuple[Setting, ...], scope: Scope, draws: Matrix) -> Matrix:
        """The same with these replicates; of bounds, at the estimate of all else."""
        terms, line, rows = self.effect.terms_, self.effect.terms_.line[self.rows], scope.reference
        parts = [*self._of_operations(settings, rows, draws), *self._of_satisfaction(settings, scope, draws)]
        count, lines = np.bincount(line[rows], minlength=len(terms.lines)), len(terms.lines)
        moving = np.flatnonzero(rows & (sum(np.abs(by) for by, _ in parts) > 0)) if parts else np.zeros(0, dtype=int)
        parts = [(by[moving], slopes) for by, slopes in parts]
        ends = max([1, *(slopes.shape[1] for _, slopes in parts)]) if not len(draws) else 1
        move = np.zeros((len(moving), ends))
        for by, slopes in parts:
            there = np.broadcast_to((by != 0)[:, None], move.shape)  # an end may be infinite
            slope = slopes[line[moving], :ends]
            move += np.multiply(by[:, None], slope, where=there, out=np.zeros_like(move))
        odds = self.odds if any(s.lever != SATISFACTION for s in settings) else self.effect.offset_[self.rows]
        own = odds[moving, None]
        gain = expit(own + move) - expit(own)
        total = np.array([gain[line[moving] == k].sum(axis=0) for k in range(lines)])
        found = np.asarray(total / np.maximum(count, 1)[:, None])
        if not len(draws):
            return found
        ahead = np.bincount(terms.line[terms.in_force][scope.standing], minlength=lines)
        off = other_terms(gain[:, 0], moving, terms.customer[self.rows], line, rows=np.flatnonzero(rows), ahead=ahead,
                          draws=draws)  # fmt: skip
        if parts:
            then = (own + move)[:, 0]
            sums = other_slopes(then, parts, line[moving], lines)
            sums += other_years(then, self._other_years(settings, rows, moving), parts, line[moving], lines, len(draws))
            off += sums / np.maximum(count, 1)[:, None]
        return np.hstack([found, found + off])

    def _other_years(self, settings: tuple[Setting, ...], rows: Bools, moving: Codes) -> list[tuple[Vector, float]]:
        """By operation: change of those who move in another year; usual difference of the share that meets it."""
        levels = self.levels(settings, rows, other_year=True)
        return [(by[moving], self.years[name].share) for name, by in levels.items()]

    def _of_operations(
        self, settings: tuple[Setting, ...], rows: Bools, draws: Matrix
    ) -> Iterator[tuple[Vector, Matrix]]:
        """By operation: change by reference renewal; slopes by line at the estimate and in each replicate."""
        for name, by in self.levels(settings, rows).items():
            yield by, self.once((name, len(draws)), partial(_drawn, self.totals[name], draws))

    def _of_satisfaction(
        self, settings: tuple[Setting, ...], scope: Scope, draws: Matrix
    ) -> Iterator[tuple[Vector, Matrix]]:
        """The same for each shift of satisfaction."""
        effect, found, lines = self.effect, self.effect.identified_, len(self.effect.terms_.lines)
        for setting in (s for s in settings if s.lever == SATISFACTION):
            mine = self.among(scope.reference, setting).astype(np.float64)
            if effect.verdict.shown == "nothing" or found is None:
                yield mine, np.full((lines, 1 + len(draws)), np.nan)
                continue
            shift = self.shift(setting, settings, scope)
            if effect.verdict.shown == "estimate":
                yield mine, shift * self.once((SATISFACTION, len(draws)), partial(_felt, effect, draws))
            else:
                ends = found.weak if effect.verdict.shown == "anderson_rubin" else _hull(found.alone)
                yield mine, np.tile(np.array(ends) * shift, (lines, 1))

    def shift(self, setting: Setting, settings: tuple[Setting, ...], scope: Scope) -> float:
        """The shift of satisfaction behind a setting; to a level: beyond what the operations that are set do to it."""
        assert self.felt is not None
        standing = scope.standing & self.chosen("standing", setting.where)
        if not standing.any():
            raise UsageError("Satisfaction is set for policies in force.", found=f"none for {setting.name}",
                             fix="Widen the setting's where.")  # fmt: skip
        if setting.by is not None:
            return self.felt.shift_for(setting.by, standing)
        mine = replace(scope, reference=self.among(scope.reference, setting))
        operations = tuple(s for s in settings if s.lever != SATISFACTION
                           and (mine.reference & self.chosen("frame", s.where)).any())  # fmt: skip
        already = self.index(operations, mine)[0] if operations else 0.0
        assert setting.to is not None
        return self.felt.shift_for(setting.to - self.felt.index(standing) - already, standing)

    def index(self, settings: tuple[Setting, ...], scope: Scope) -> tuple[float, float, float]:
        """By how many points the index of some reference renewals changes, with its 95 % interval; NaN if not known.

        The interval holds what is not known of the operations' effect on satisfaction; there is none without them.
        """
        rows = scope.reference
        if self.felt is None or not rows.any():
            return np.nan, np.nan, np.nan
        levels = self.levels(settings, rows)
        if any(name not in self.felt.slopes for name in levels):
            return np.nan, np.nan, np.nan
        moves = np.zeros(len(self.rows))
        for setting in (s for s in settings if s.lever == SATISFACTION):
            moves += self.shift(setting, settings, scope) * self.among(rows, setting)
        for name, by in levels.items():
            moves += by * self.felt.slopes[name].value
        value, variance = self.felt.moved(moves, rows), 0.0
        for name, by in levels.items():
            error = self.felt.slopes[name].error
            variance += (self.felt.moved(moves + error * by, rows) - value) ** 2
        half = Z95 * float(np.sqrt(variance)) or np.nan  # what is set itself has no interval
        return value, value - half, value + half

    def bounded(self, settings: tuple[Setting, ...]) -> bool:
        """Whether satisfaction is set whose effect is known by bounds only."""
        shown = self.effect.verdict.shown
        return any(s.lever == SATISFACTION for s in settings) and shown in ("union", "anderson_rubin")


def _drawn(total: Total, draws: Matrix) -> Matrix:
    """Slopes of an operation by line, shape (n_lines, 1 + n_replicates)."""
    slopes = np.array([_replicated(slope, draws) for slope in total.pulled])
    more = np.sqrt(np.maximum(np.square(total.errors) - [slope.error**2 for slope in total.pulled], 0.0))
    apart = np.random.default_rng(0).standard_normal((len(more), len(draws)))  # of how far a line was pulled
    slopes[:, 1:] += more[:, None] * apart
    return slopes


def _felt(effect: SatisfactionEffect, draws: Matrix) -> Matrix:
    """Slopes of a shift of satisfaction by line, likewise, with what is not known of the shift."""
    found, whole = effect.identified_, effect._shift(1.0)
    assert found is not None
    drawn = _replicated(whole, draws) / whole.value
    return np.array([_replicated(slope, draws) * drawn for slope in found.pulled])


def _replicated(own: Estimate, draws: Matrix) -> Vector:
    """A number at the estimate, and as each replicate's customers would have given it."""
    return np.append(own.value, own.value + draws @ own.influence / len(own.influence))


def _hull(alone: tuple[Estimate, ...]) -> tuple[float, float]:
    """The union of the shocks' own intervals."""
    return min(each.interval[0] for each in alone), max(each.interval[1] for each in alone)
