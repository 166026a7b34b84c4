"""A year that lies apart from the one before is told from customers that were drawn differently."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from churnkit.effect.scenarios.drawn import other_years
from churnkit.effect.scenarios.years import Years, between_years

LINES, A_MONTH, LEVEL, SHARE = 3, 150, 0.15, 0.25


def history(seed, *, months=96, apart=0.0):
    """Terms of three lines; every calendar year has a level and a share of its own, `apart` times the usual ones."""
    rng = np.random.default_rng(seed)
    line, month = (each.ravel() for each in np.indices((LINES, months * A_MONTH)))
    month = month // A_MONTH
    year = (month + rng.integers(0, 12)) // 12
    of_level, of_share = apart * rng.standard_normal((2, LINES, months))
    met = rng.random(len(line)) < SHARE * np.exp(0.12 * of_share[line, year])
    h = 1.6 + LEVEL * of_level[line, year] + 0.5 * rng.standard_normal(len(line))
    days = 365 / 12 * (months - 1 - month) + rng.uniform(0, 30, len(line))
    end = np.datetime64("2026-01-01") - days.astype("m8[D]")
    terms = SimpleNamespace(line=line, lines=tuple("abc"), decided=np.ones(len(line), dtype=bool),
                            keys=pd.DataFrame({"end": end}))  # fmt: skip
    known = met & (rng.random(len(line)) < 0.9)
    return terms, SimpleNamespace(h=np.where(known, h, np.nan), met=met, known=known)


def test_years_that_differ_are_found():
    # Twelve months that begin a share u into a calendar year differ from the next twelve by a variance of (1 - u)^2
    # + (1 - 2u)^2 + u^2 times that of a year, which is 1 on average. 20 histories of eight years.
    found = [between_years(*history(seed, apart=1.0)) for seed in range(20)]
    assert np.mean([each.level**2 for each in found]) ** 0.5 == pytest.approx(LEVEL, rel=0.2)
    assert np.mean([each.share**2 for each in found]) ** 0.5 == pytest.approx(0.12, rel=0.2)


def test_other_customers_are_no_other_years():
    found = [between_years(*history(seed)) for seed in range(20)]
    assert np.mean([each.level for each in found]) < 0.02 and np.mean([each.share for each in found]) < 0.03


def test_a_history_of_less_than_two_whole_years_says_nothing():
    assert between_years(*history(0, months=34, apart=1.0)) == Years(0.0, 0.0)


def test_another_year_moves_chances_as_its_levels_do():
    rng = np.random.default_rng(5)
    line, own = rng.integers(0, 2, 4_000), rng.normal(1.3, 0.7, 4_000)
    by, slopes = rng.normal(-0.5, 0.2, 4_000), np.array([[-0.5, 0.0], [-0.3, 0.0]])
    moved = own + by * slopes[line, 0]
    found = other_years(moved, [(by - 0.06, 0.02)], [(by, slopes)], line, 2, 20_000)
    slow = np.bincount(line, expit(moved - 0.06 * slopes[line, 0]) - expit(moved))
    more = 0.02 * np.bincount(line, expit(moved) - expit(own))
    np.testing.assert_allclose(found.std(axis=1), np.hypot(slow, more), rtol=0.03)
    assert np.corrcoef(found)[0, 1] > 0.99  # what holds up one line holds up all
