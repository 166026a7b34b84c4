"""Values of the observation's own customer, policy or term, as the books had them at the cutoff."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.panel.arrays import DAY, Ints, numbers

KNOWN = "{} known"
"""Name of the column with the moment from which another one is known; no declared name has a blank."""


class StateTable:
    """Versions of the rows of customers, policies or terms, found by id and cutoff.

    Parameters
    ----------
    table : str
    versions : Arrow table
        As :func:`churnkit.panel.load.load_state` gives it.
    """

    def __init__(self, table: str, versions: pa.Table) -> None:
        self.table = table
        known, until = (np.asarray(versions[name], dtype=np.int64) for name in ("known_from", "superseded"))
        lasting = np.flatnonzero(until > known)  # a version replaced before it was known never counts
        self.versions = versions.take(pa.array(lasting)).combine_chunks()
        self._known, self._until = known[lasting], until[lasting]
        self._ids = pd.Index(self.versions["id"].to_pandas())

    def rows(self, ids: Any, cutoff: Ints) -> Ints:
        """Row of the version of each id that counts at each cutoff, -1 where there is none."""
        unique = self._ids.unique()
        owner = unique.get_indexer(self._ids)
        wanted = unique.get_indexer(ids)
        order = np.lexsort((self._known, owner))
        found = self._search(owner[order], self._known[order], wanted, cutoff)
        row = np.where(found >= 0, order[found] if len(order) else -1, -1)
        fine = (row >= 0) & (wanted >= 0)
        fine[fine] &= (owner[row[fine]] == wanted[fine]) & (cutoff[fine] <= self._until[row[fine]])
        return np.where(fine, row, -1).astype(np.int64)

    @staticmethod
    def _search(owner: Ints, known: Ints, wanted: Ints, cutoff: Ints) -> Ints:
        """Position of the last (owner, known) with this owner and ``known < cutoff``, less one where none."""
        if len(owner) == len(np.unique(owner)):  # one version each: the usual book
            at = np.searchsorted(owner, wanted, side="right") - 1
            return np.where((at >= 0) & (known[at] < cutoff), at, -1) if len(owner) else np.full(len(wanted), -1)
        moments, rank = np.unique(known, return_inverse=True)
        key = owner.astype(np.int64) * (len(moments) + 1) + rank
        below = np.searchsorted(moments, cutoff)
        found: Ints = np.searchsorted(key, wanted.astype(np.int64) * (len(moments) + 1) + below) - 1
        return found

    def column(self, name: str, rows: Ints, cutoff: Ints) -> Any:
        """A column at those rows: Arrow text for categories, else float64 with NaN; null before its own clock.

        Of a date, the days from it to the cutoff; negative where it lies ahead.
        """
        known = rows >= 0
        if KNOWN.format(name) in self.versions.column_names:
            since = np.asarray(self.versions[KNOWN.format(name)], dtype=np.int64)
            known[known] &= since[rows[known]] < cutoff[known]
        taken = self.versions[name].combine_chunks().take(pa.array(np.maximum(rows, 0), mask=~known))
        if pa.types.is_timestamp(taken.type):
            at = numbers(pc.cast(pc.cast(taken, pa.timestamp("us")), pa.int64()))
            return pa.array((cutoff - at) / DAY)
        if pa.types.is_string(taken.type) or pa.types.is_large_string(taken.type):
            return taken.cast(pa.string())
        return pa.array(numbers(taken))
