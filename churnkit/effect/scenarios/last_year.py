"""The terms of the last year: whom settings are about, and how the levels of operations that they met change."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.operations import SATISFACTION
from churnkit.effect.scenarios.levels import as_masks, checked, reachable, set_level, texts
from churnkit.effect.scenarios.scenario import Setting, Where, told
from churnkit.effect.scenarios.totals import Total
from churnkit.effect.scenarios.years import Years, between_years
from churnkit.errors import UsageError
from churnkit.models.nuisance import Bools, Vector

Kept = TypeVar("Kept")
_MOST = 64


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
class LastYear:
    """The renewals of the last year, as they met operations.

    Attributes
    ----------
    effect : SatisfactionEffect
    totals : mapping of lever to Total
    kept : dict, what was worked out before: the parts of a scenario ask the same again and again
    """

    effect: SatisfactionEffect
    totals: dict[str, Total]
    kept: dict[Hashable, Any] = field(init=False, default_factory=dict, repr=False)

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

    def once(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What was made for a key before, or is now; nobody changes it."""
        if key not in self.kept:
            if len(self.kept) >= _MOST:
                self.kept.clear()
            made = self.kept[key] = make()
            if isinstance(made, np.ndarray):
                made.setflags(write=False)
        found: Kept = self.kept[key]
        return found

    def chosen(self, of: str, where: Where, place: str = "scenario") -> Bools:
        """Rows of ``frame``, ``standing`` or ``everybody`` that a condition chooses.

        Raises
        ------
        UsageError
            If there is no such column or value.
        """

        def make() -> Bools:
            checked(self.frame, where, place)
            return as_masks(getattr(self, of), where)

        return self.once((of, where), make)

    def scope(self, where: Where, place: str) -> Scope:
        """Whom a condition chooses.

        Raises
        ------
        UsageError
            If there is no such column or value, or nobody is left.
        """
        found = Scope(where, self.chosen("frame", where, place), self.chosen("standing", where))
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
        found = rows & self.chosen("frame", setting.where, where)
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
            If a lever is set twice for somebody, or for nobody who met it, or changed by more than there is.
        """
        self._once(settings, rows)
        found = {}
        for name in dict.fromkeys(s.lever for s in settings if s.lever != SATISFACTION):
            own = tuple(setting for setting in settings if setting.lever == name)
            key = ("levels", own, other_year, rows.tobytes())
            found[name] = self.once(key, partial(self._changed, own, rows, other_year))
        return found

    def _changed(self, settings: tuple[Setting, ...], rows: Bools, other_year: bool) -> Vector:
        """The change of the one lever that all of the settings are about."""
        name = settings[0].lever
        met = self.total(name).met
        level, h = met.level[self.rows].copy(), met.h[self.rows].copy()
        if other_year:
            level, h = met.lever.shifted(level, self.years[name].level), h + self.years[name].level
        was = h.copy()
        for setting in settings:
            mine = self.among(rows, setting) & ~np.isnan(h)
            if not mine.any():
                raise UsageError("An operation is set for somebody who met it in the last year.",
                                 found=f"nobody with a level for {setting.name}",
                                 fix="Widen the setting's where.")  # fmt: skip
            if not other_year:
                reachable(setting, level[mine])
            level[mine], h[mine] = set_level(setting, level[mine], h[mine])
        return self._filled(h - was, met.met[self.rows] & rows, settings)

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

    def _filled(self, change: Vector, met: Bools, settings: tuple[Setting, ...]) -> Vector:
        """The change, for the unknown that of their line."""
        line = self.effect.terms_.line[self.rows]
        inside = np.zeros(len(met), dtype=bool)
        for setting in settings:
            inside |= met & self.chosen("frame", setting.where)
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
