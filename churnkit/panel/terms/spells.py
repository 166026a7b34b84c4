"""Reinstatement: a term cancelled and taken up again within grace is one spell of cover, its last term stands for it.

A term is taken up again if it was cancelled before its scheduled end by the customer, for nonpayment or by the insurer,
and another term of the same policy (under whatever number) starts in ``[ended_date, ended_date + grace]`` and is to end
within a day of the end that was scheduled; of several the first by (start, term_id). That term may be cancelled and
taken up again in its turn.
"""

from __future__ import annotations

import numpy as np

from churnkit.panel.arrays import DAY, NEVER, Ints
from churnkit.panel.kernel.streams import expand, keys, seconds

CANCELLED = ("customer_cancelled", "nonpayment", "insurer_cancelled")


def taken_up(policy: Ints, start: Ints, end: Ints, *, cancelled: Ints, grace: Ints, rank: Ints) -> Ints:
    """Position of the term that takes each one up again, or -1.

    Parameters
    ----------
    policy : int array
        What terms of one policy share.
    cancelled : int array
        When the term was cancelled, ``NEVER`` if it was not: after its start and before its end.
    rank : int array
        Order among terms that start together.
    """
    found = np.full(len(policy), -1, dtype=np.int64)
    broken = np.flatnonzero(cancelled < NEVER)
    if not len(broken):
        return found
    others = np.flatnonzero(np.isin(policy, policy[broken]))
    others = others[np.lexsort((rank[others], start[others], policy[others]))]
    key, until = keys(policy[others], seconds(start[others])), cancelled[broken] + grace[broken]
    low = np.searchsorted(key, keys(policy[broken], seconds(cancelled[broken])))
    high = np.searchsorted(key, keys(policy[broken], seconds(until)), side="right")
    which, at = expand(low, high)
    same = np.abs(end[others[at]] - end[broken[which]]) <= DAY
    which, first = np.unique(which[same], return_index=True)
    found[broken[which]] = others[at[same][first]]
    return found


def last_of(following: Ints) -> Ints:
    """Follow each code (-1: no further) to the last one.

    Examples
    --------
    >>> last_of(np.array([2, -1, 3, -1])).tolist()
    [3, 1, 3, 3]
    """
    last = np.where(following >= 0, following, np.arange(len(following)))
    while not np.array_equal(last, last[last]):
        last = last[last]
    return last
