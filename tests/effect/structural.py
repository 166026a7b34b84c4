"""Data drawn from the structural model with a known slope: two shocks, satisfaction, a trait, renewal."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from churnkit.effect.lasting import least_squares
from churnkit.effect.shocks import logistic


def draw(seed, *, customers=2000, each=4, slope=0.5, p=(-0.5, -0.6), direct=(0.0, 0.0), trait=0.0, asked=0.5):
    """Return (theta, p): reduced form of all terms, and first stage of those whose satisfaction was told."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(customers), each)
    n = len(owner)
    loyal = rng.standard_normal(customers)[owner]
    exposed = rng.random((n, 2)) < np.array([0.6, 0.4])
    Z = rng.standard_normal((n, 2)) * np.array([0.7, 0.6]) * exposed
    S = Z @ np.array(p) + 0.5 * trait * loyal + 0.7 * rng.standard_normal(n)
    y = (rng.random(n) < expit(1.3 + slope * S + trait * loyal + Z @ np.array(direct))).astype(float)
    W = np.column_stack([np.ones(n), Z])
    theta = logistic(W, y, np.zeros(n), owner, customers).take(slice(1, None))
    told = rng.random(n) < asked
    first = least_squares(W[told], S[told] + rng.standard_normal(told.sum()), owner[told], customers)
    return theta, first.take(slice(1, None))


def marginal_slope(*, slope=0.5, p=(-0.5, -0.6), trait=0.0, seed=0):
    """The slope of the reduced form over the first stage as customers grow many."""
    theta, _ = draw(seed, customers=400_000, each=1, slope=slope, p=p, trait=trait)
    return float((theta.value / np.array(p)).mean())
