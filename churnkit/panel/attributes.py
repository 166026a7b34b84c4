"""Values of the observation's own customer, policy or term, as the books had them at the cutoff."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.panel.arrays import DAY, Ints, numbers

KNOWN = "{} known"
"""Name of the column with the moment from which another one is known; no declared name has a blank."""


class StateTable:
    """Versions of the rows of customers or policies, found by code and cutoff.

    Parameters
    ----------
    versions : Arrow table
        As the rows of :func:`churnkit.panel.load.state_query`.
    owner : int array
        Code of the customer or policy of each version, -1 for those that nobody asks for.
    """

    def __init__(self, versions: pa.Table, owner: Ints) -> None:
        known, until = (np.asarray(versions[name], dtype=np.int64) for name in ("known_from", "superseded"))
        lasting = np.flatnonzero((until > known) & (owner >= 0))  # replaced before it was known: it never counts
        lasting = lasting[np.lexsort((known[lasting], owner[lasting]))]
        self.versions = versions.take(pa.array(lasting)).combine_chunks()
        self._owner, self._known, self._until = owner[lasting], known[lasting], until[lasting]

    def rows(self, wanted: Ints, cutoff: Ints) -> Ints:
        """Row of the version of each code that counts at each cutoff, -1 where there is none."""
        row = self._search(self._owner, self._known, wanted, cutoff)
        fine = (row >= 0) & (wanted >= 0)
        fine[fine] &= (self._owner[row[fine]] == wanted[fine]) & (cutoff[fine] <= self._until[row[fine]])
        return np.where(fine, row, -1).astype(np.int64)

    @staticmethod
    def _search(owner: Ints, known: Ints, wanted: Ints, cutoff: Ints) -> Ints:
        """Position of the last (owner, known) with this owner and ``known < cutoff``, less one where none."""
        if np.all(owner[1:] > owner[:-1]):  # one version each: the usual book
            at = np.searchsorted(owner, wanted, side="right") - 1
            return np.where((at >= 0) & (known[at] < cutoff), at, -1) if len(owner) else np.full(len(wanted), -1)
        moments, rank = np.unique(known, return_inverse=True)
        key = owner * (len(moments) + 1) + rank
        below = np.searchsorted(moments, cutoff)
        found: Ints = np.searchsorted(key, wanted * (len(moments) + 1) + below) - 1
        return found

    def column(self, name: str, rows: Ints, cutoff: Ints) -> Any:
        """A column at those rows, see :func:`column_at`."""
        return column_at(self.versions, name, rows, cutoff)


def column_at(versions: pa.Table, name: str, rows: Ints, cutoff: Ints) -> Any:
    """A column at those rows: Arrow text for categories, else float64 with NaN; null before its own clock.

    Of a date, the days from it to the cutoff; negative where it lies ahead.
    """
    known = rows >= 0
    if KNOWN.format(name) in versions.column_names:
        since = np.asarray(versions[KNOWN.format(name)], dtype=np.int64)
        known[known] &= since[rows[known]] < cutoff[known]
    taken = versions[name].combine_chunks().take(pa.array(np.maximum(rows, 0), mask=~known))
    if pa.types.is_timestamp(taken.type):
        at = numbers(pc.cast(pc.cast(taken, pa.timestamp("us")), pa.int64()))
        return pa.array((cutoff - at) / DAY)
    if pa.types.is_string(taken.type) or pa.types.is_large_string(taken.type):
        return taken.cast(pa.string())
    return pa.array(numbers(taken))
