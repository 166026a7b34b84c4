"""What falls on customers for reasons unrelated to them: others' waiting, handlers' open claims; and its cells."""

from __future__ import annotations

import numpy as np

from churnkit.panel.arrays import DAY, NEVER, Bools, Floats, Ints
from churnkit.panel.derived.columns import REPEAT_DAYS

OTHERS = 5
"""Others who must have called in a queue and half-day before their waiting says anything."""


def others_wait(cell: Ints, caller: Ints, wait: Floats) -> tuple[Floats, Ints]:
    """Mean waiting of the other callers in the same cell, and how many there are.

    Parameters
    ----------
    cell, caller : int arrays
        Where and when each call waited, -1 for unknown; who called, -1 for nobody known, whose call tells nothing.
    wait : float array
        NaN for unknown.

    Returns
    -------
    mean : float array
        Over the calls of the others, **all** calls of the caller left out; NaN where fewer than five others called.
    others : int array

    Examples
    --------
    The first caller called twice, and the others' waiting is the mean of 1, 2, 3, 4 and 5; the last call is elsewhere.

    >>> cell, caller = np.array([0, 0, 0, 0, 0, 0, 0, 1]), np.array([0, 0, 1, 2, 3, 4, 5, 0])
    >>> mean, others = others_wait(cell, caller, np.array([9.0, 8, 1, 2, 3, 4, 5, 7]))
    >>> mean[[0, 1, 7]].tolist(), others.tolist()
    ([3.0, 3.0, nan], [5, 5, 5, 5, 5, 5, 5, 0])
    """
    asked = np.flatnonzero((cell >= 0) & (caller >= 0))
    known, size = ~np.isnan(wait[asked]), int(caller.max(initial=-1)) + 1
    pair, own = np.unique(cell[asked] * size + caller[asked], return_inverse=True)
    here = pair // max(size, 1)
    own_calls, own_wait = np.bincount(own, known), np.bincount(own, np.where(known, wait[asked], 0.0))
    calls, waited, callers = (np.bincount(here, each) for each in (own_calls, own_wait, own_calls > 0))
    rest, left = callers[here] - (own_calls > 0), calls[here] - own_calls
    enough = rest >= OTHERS
    found = np.divide(waited[here] - own_wait, left, out=np.full(len(pair), np.nan), where=enough)
    mean, others = np.full(len(cell), np.nan), np.zeros(len(cell), dtype=np.int64)
    mean[asked], others[asked] = found[own], rest[own].astype(np.int64)
    return mean, others


def open_claims(handler: Ints, reported: Ints, closed: Ints) -> Floats:
    """Other claims of the handler that are open when each claim is reported: ``reported <= now < closed``.

    Parameters
    ----------
    handler : int array, -1 for unknown
    reported, closed : int arrays
        ``NEVER`` for a claim that is not closed.

    Returns
    -------
    float array, NaN without a handler

    Examples
    --------
    >>> open_claims(np.array([0, 0, 0, -1]), np.array([1, 2, 5, 5]), np.array([5, 9, 9, 9])).tolist()
    [0.0, 1.0, 1.0, nan]
    """
    moments, rank = np.unique(np.concatenate([reported, closed]), return_inverse=True)
    begun, over = np.split(handler * (len(moments) + 1) + rank.reshape(2, -1), 2)
    begun, over = begun[0], over[0]
    known = handler >= 0
    before, past = np.sort(begun[known]), np.sort(over[known & (closed < NEVER)])
    since = handler * (len(moments) + 1)
    count = _upto(before, begun) - _upto(before, since - 1) - _upto(past, begun) + _upto(past, since - 1)
    own = (reported < closed).astype(np.int64)
    return np.where(known, count - own, np.nan)


def _upto(ordered: Ints, value: Ints) -> Ints:
    return np.searchsorted(ordered, value, side="right")


def followed(topic: Ints, caller: Ints, at: Ints) -> Bools:
    """Whether the same caller had another contact on the same topic in the 7 days after: ``(at, at + 7 days]``.

    Parameters
    ----------
    topic, caller : int arrays, -1 for unknown: such a contact is not followed
    at : int array, microseconds

    Examples
    --------
    >>> at = np.array([0, 7, 14, 15, 15]) * 86_400_000_000
    >>> followed(np.array([0, 0, 0, 1, 1]), np.zeros(5, int), at).tolist()
    [True, True, False, False, False]
    """
    found = np.zeros(len(at), dtype=bool)
    rows = np.flatnonzero((topic >= 0) & (caller >= 0))
    group = caller * (int(topic.max(initial=0)) + 1) + topic
    rows = rows[np.lexsort((at[rows], group[rows]))]
    group, at = group[rows], at[rows]
    fresh = np.append(True, (np.diff(group) != 0) | (np.diff(at) != 0))[: len(rows)]
    begins = np.flatnonzero(fresh)  # of the contacts of one moment
    near = (np.diff(group[begins]) == 0) & (np.diff(at[begins]) <= REPEAT_DAYS * DAY)
    found[rows] = np.append(near, False)[np.cumsum(fresh) - 1]
    return found


def cells(place: Ints, period: Ints) -> Ints:
    """Codes of (place, period) pairs in their order, -1 where the place is unknown."""
    found = np.full(len(place), -1, dtype=np.int64)
    known = place >= 0
    if known.any():
        least = int(period[known].min())
        wide = place[known] * (int(period[known].max()) - least + 1) + period[known] - least
        found[known] = np.unique(wide, return_inverse=True)[1]
    return found


def months(at: Ints) -> Ints:
    """Calendar months since 1970."""
    return at.view("datetime64[us]").astype("datetime64[M]").astype(np.int64)
