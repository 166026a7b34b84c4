"""The random hold-out: whole households, the same share at every level of risk, drawn before anything is ranked."""

from __future__ import annotations

import numpy as np
import pandas as pd

STRATA = 5


def draw_holdout(
    home: pd.Series, risk: pd.Series, *, share: float, random_state: int, earlier: pd.Series | None = None
) -> pd.Series:
    """Draw households that are never contacted.

    Households are put into fifths by their customers' highest risk; in each fifth the share is drawn at random. The
    draw depends on the households' names, their order by risk and the seed, on nothing else. Whoever drew a lot for an
    earlier list keeps it: a held household that is called three weeks later measures nothing.

    Parameters
    ----------
    home : Series of str, the household of each customer
    risk : Series of float, indexed alike
    share : float
    random_state : int
    earlier : Series of bool, optional
        Whether it is held out, by household, of lists whose experiment is not over.

    Returns
    -------
    Series of bool, indexed like `home`

    Examples
    --------
    >>> home = pd.Series([f"h{k // 2}" for k in range(40)])
    >>> held = draw_holdout(home, pd.Series(np.linspace(0, 1, 40)), share=0.25, random_state=1)
    >>> int(held.sum()), bool((held.groupby(home).nunique() == 1).all())
    (10, True)
    """
    codes, names = pd.factorize(home, sort=True)
    highest = np.full(len(names), -np.inf)
    np.maximum.at(highest, codes, risk.to_numpy(dtype=np.float64))
    before = pd.Series(index=names, dtype=object) if earlier is None else earlier.reindex(names)
    held = np.array(before.isin([True]), dtype=bool)
    fresh = np.flatnonzero(before.isna().to_numpy())
    order = fresh[np.argsort(-highest[fresh], kind="stable")]
    rng = np.random.default_rng([random_state, 9])
    rounding, draw = rng.random(STRATA), rng.random(len(names))
    for stratum, up in zip(np.array_split(order, STRATA), rounding, strict=True):
        many = int(np.floor(share * len(stratum) + up))  # rounded at random: few households have their chance too
        held[stratum[np.argsort(draw[stratum], kind="stable")[:many]]] = True
    return pd.Series(held[codes], index=home.index)
