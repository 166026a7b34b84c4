"""Random numbers that follow from a customer's own number: the same in any part of the rows, and in any estimate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def uniform(who: npt.NDArray[np.uint64], number: int) -> npt.NDArray[np.float64]:
    """One number from 0 up to 1 for each customer in the draw of that number, shape (n_rows,).

    A mixing of the customer's number with that of the draw, SplitMix64 [1]_.

    References
    ----------
    .. [1] Steele, Lea, Flood (2014), Fast splittable pseudorandom number generators, OOPSLA.

    Examples
    --------
    >>> got = uniform(np.arange(100_000, dtype=np.uint64), 7)
    >>> bool(abs(got.mean() - 0.5) < 0.005), bool(abs(got.var() - 1 / 12) < 0.001)
    (True, True)
    """
    x = who + np.uint64((number + 1) * 0x9E3779B97F4A7C15 % 2**64)
    for turn, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(turn))) * np.uint64(factor)
    return np.asarray(((x ^ (x >> np.uint64(31))) >> np.uint64(11)) / 2.0**53)
