"""What settings do to the terms of the last year: levels, log-odds of renewal, satisfaction. Levers act jointly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import expit

from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.estimate import Z95, Estimate
from churnkit.effect.operations import SATISFACTION
from churnkit.effect.scenarios.drawn import other_slopes, other_terms, other_years
from churnkit.effect.scenarios.felt import Felt
from churnkit.effect.scenarios.levels import as_masks, checked, set_level, texts
from churnkit.effect.scenarios.scenario import Setting, Where, told
from churnkit.effect.scenarios.totals import Total
from churnkit.effect.scenarios.years import Years, between_years
from churnkit.errors import UsageError
from churnkit.models.nuisance import Bools, Codes, Matrix, Vector


@dataclass(frozen=True)
class Scope:
    """Whom a scenario is about: its condition, which reference renewals and which policies in force.

    Attributes
    ----------
    where : tuple of (column, values)
    reference : bool array of shape (n_reference,)
    standing : bool array of shape (n_in_force,)
    """

    where: Where
    reference: Bools
    standing: Bools


@dataclass(frozen=True)
class Terms:
    """The renewals of the last year, as they met operations, and what each lever does to them.

    Attributes
    ----------
    effect : SatisfactionEffect
    totals : mapping of lever to Total
    felt : Felt or None
    odds : array of shape (n_reference,), log-odds of renewal by covariates and by the levels as they were
    draws : array of shape (n_replicates, n_customers), weights of customers less 1
    """

    effect: SatisfactionEffect
    totals: dict[str, Total]
    felt: Felt | None
    odds: Vector
    draws: Matrix

    @cached_property
    def rows(self) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Positions of the reference renewals among all terms."""
        return np.flatnonzero(self.effect.terms_.reference)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """What a population is chosen by, by reference renewal."""
        return self.columns(self.effect.terms_.reference)

    @cached_property
    def standing(self) -> pd.DataFrame:
        """The same of the policies in force."""
        return self.columns(self.effect.terms_.in_force)

    @cached_property
    def everybody(self) -> pd.DataFrame:
        """The same of all terms: what was known before they began, ``line`` among it, as texts."""
        return self.effect.terms_.before.apply(texts)

    @cached_property
    def years(self) -> dict[str, Years]:
        """By operation, how far a year lies from the one before."""
        return {name: between_years(self.effect.terms_, total.met) for name, total in self.totals.items()}

    def columns(self, rows: Bools) -> pd.DataFrame:
        """The same of some terms."""
        return self.everybody[rows].reset_index(drop=True)

    def scope(self, where: Where, place: str) -> Scope:
        """Whom a condition chooses.

        Raises
        ------
        UsageError
            If there is no such column or value, or nobody is left.
        """
        checked(self.frame, where, place)
        found = Scope(where, as_masks(self.frame, where), as_masks(self.standing, where))
        if not found.reference.any() or not found.standing.any():
            raise UsageError("A population has policies in force, and renewals of the last year.",
                             found=f"none with {told(where)}", where=place, fix="Widen the population.")  # fmt: skip
        return found

    def among(self, rows: Bools, setting: Setting, where: str = "scenario") -> Bools:
        """Those of the reference renewals `rows` for which a setting holds.

        Raises
        ------
        UsageError
            If there is no such column, or nobody is left.
        """
        checked(self.frame, setting.where, where)
        found = rows & as_masks(self.frame, setting.where)
        if not found.any():
            raise UsageError("A setting holds for somebody.", found=f"nobody for {setting.name}", where=where,
                             fix="Widen the setting's where, or the population.")  # fmt: skip
        return found

    def levels(
        self, settings: tuple[Setting, ...], rows: Bools, *, other_year: bool = False
    ) -> dict[str, Vector]:  # fmt: skip
        """By operation: by how much each reference renewal's level changes, on the lever's scale; 0 where it does not.

        Who met the operation without a known level (a claim that was denied, or is not paid yet) changes by as much as
        those of his line whose level is known. In another year, all levels would have been a usual difference between
        years higher before they were set.

        Raises
        ------
        UsageError
            If a lever is set twice for somebody, or for nobody who met it.
        """
        self._once(settings, rows)
        found = {}
        for name in dict.fromkeys(s.lever for s in settings if s.lever != SATISFACTION):
            met = self.total(name).met
            level, h = met.level[self.rows].copy(), met.h[self.rows].copy()
            if other_year:
                level, h = met.lever.shifted(level, self.years[name].level), h + self.years[name].level
            was = h.copy()
            for setting in (s for s in settings if s.lever == name):
                mine = self.among(rows, setting) & ~np.isnan(h)
                if not mine.any():
                    raise UsageError("An operation is set for somebody who met it in the last year.",
                                     found=f"nobody with a level for {setting.name}",
                                     fix="Widen the setting's where.")  # fmt: skip
                level[mine], h[mine] = set_level(setting, level[mine], h[mine])
            found[name] = self._filled(h - was, met.met[self.rows] & rows, settings, name)
        return found

    def _once(self, settings: tuple[Setting, ...], rows: Bools) -> None:
        """Refuse two settings of one lever for the same renewals."""
        for name in dict.fromkeys(setting.lever for setting in settings):
            taken = np.zeros(len(self.rows), dtype=bool)
            for setting in (s for s in settings if s.lever == name):
                mine = self.among(rows, setting)
                if (taken & mine).any():
                    raise UsageError("A lever is set once for each customer.",
                                     found=f"{setting.name}, and {name} before it for some of the same",
                                     fix="Give the settings of a lever conditions that do not overlap.")  # fmt: skip
                taken |= mine

    def _filled(self, change: Vector, met: Bools, settings: tuple[Setting, ...], name: str) -> Vector:
        """The change, for the unknown that of their line."""
        line = self.effect.terms_.line[self.rows]
        inside = np.zeros(len(met), dtype=bool)
        for setting in (s for s in settings if s.lever == name):
            inside |= met & as_masks(self.frame, setting.where)
        known = inside & ~np.isnan(change)
        lines = len(self.effect.terms_.lines)
        mean = np.bincount(line[known], change[known], lines) / np.maximum(np.bincount(line[known], minlength=lines), 1)
        return np.where(known, change, np.where(inside, mean[line], 0.0))

    def total(self, name: str) -> Total:
        """The effect of an operation, if the book tells of it."""
        if name not in self.totals:
            raise UsageError("A lever can be set where the book tells of it.",
                             found=f"{name}: too few renewals with a level, or none",
                             fix=f"This book has {', '.join([SATISFACTION, *self.totals])}.")  # fmt: skip
        return self.totals[name]

    def change(self, settings: tuple[Setting, ...], scope: Scope, *, replicates: bool = True) -> Matrix:
        """By how much renewal of each line changes, in 0 to 1, shape (n_lines, 1 + n_replicates).

        Replicates hold what is not known of the slopes, that last year's terms are a draw of what befalls customers as
        this year's will be (another set of claims, another mean), and that years differ by more than that. NaN for
        satisfaction whose effect is not known. Where it is known by bounds, there are two columns: its ends.
        """
        terms, line, rows = self.effect.terms_, self.effect.terms_.line[self.rows], scope.reference
        draws = self.draws if replicates and not self.bounded(settings) else self.draws[:0]
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
            total = self.totals[name]
            slopes = np.array([_replicated(slope, draws) for slope in total.pulled])
            more = np.sqrt(np.maximum(np.square(total.errors) - [slope.error**2 for slope in total.pulled], 0.0))
            apart = np.random.default_rng(0).standard_normal((len(more), len(draws)))  # of how far a line was pulled
            slopes[:, 1:] += more[:, None] * apart
            yield by, slopes

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
                whole = effect._shift(1.0)
                drawn = shift * (_replicated(whole, draws) / whole.value)
                yield mine, np.array([_replicated(slope, draws) * drawn for slope in found.pulled])
            else:
                ends = found.weak if effect.verdict.shown == "anderson_rubin" else _hull(found.alone)
                yield mine, np.tile(np.array(ends) * shift, (lines, 1))

    def shift(self, setting: Setting, settings: tuple[Setting, ...], scope: Scope) -> float:
        """The shift of satisfaction behind a setting; to a level: beyond what the operations that are set do to it."""
        assert self.felt is not None
        standing = scope.standing & as_masks(self.standing, setting.where)
        if not standing.any():
            raise UsageError("Satisfaction is set for policies in force.", found=f"none for {setting.name}",
                             fix="Widen the setting's where.")  # fmt: skip
        if setting.by is not None:
            return self.felt.shift_for(setting.by, standing)
        mine = replace(scope, reference=self.among(scope.reference, setting))
        operations = tuple(s for s in settings if s.lever != SATISFACTION
                           and (mine.reference & as_masks(self.frame, s.where)).any())  # fmt: skip
        already = self.index(operations, mine)[0] if operations else 0.0
        assert setting.to is not None
        return self.felt.shift_for(setting.to - self.felt.index(standing) - already, standing)

    def index(self, settings: tuple[Setting, ...], scope: Scope) -> tuple[float, float, float]:
        """By how many points the index of some reference renewals changes, with its 95 % interval; NaN if not known.

        The interval holds what is not known of the operations' effect on satisfaction.
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
        half = Z95 * float(np.sqrt(variance))
        return value, value - half, value + half

    def bounded(self, settings: tuple[Setting, ...]) -> bool:
        """Whether satisfaction is set whose effect is known by bounds only."""
        shown = self.effect.verdict.shown
        return any(s.lever == SATISFACTION for s in settings) and shown in ("union", "anderson_rubin")


def _replicated(own: Estimate, draws: Matrix) -> Vector:
    """A number at the estimate, and as each replicate's customers would have given it."""
    return np.append(own.value, own.value + draws @ own.influence / len(own.influence))


def _hull(alone: tuple[Estimate, ...]) -> tuple[float, float]:
    """The union of the shocks' own intervals."""
    return min(each.interval[0] for each in alone), max(each.interval[1] for each in alone)
