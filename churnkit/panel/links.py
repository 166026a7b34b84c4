"""Whose rows count besides an observation's own: the household of its customer, the agent and the line of its policy.

A link is what the first version of a customer's or policy's row says: one written in later, perhaps because of what
came to pass, changes no feature of earlier days. It is known from when that version was recorded (without a recording
time: from the beginning); an observation before that has no household, agent or line, and null features of it. A
member's events count for the household from when both they and the member's own link are known. Whether a contact is a
repeated one is asked of each member alone.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.book.open import Book
from churnkit.panel.arrays import FIRST, NEVER, Ints
from churnkit.panel.feature import Feature
from churnkit.panel.load import final_policies
from churnkit.panel.owners import Owners
from churnkit.panel.terms.versions import first_versions

LINKED = {"household": ("customers", "household_id"), "agent": ("policies", "agent_id"), "line": ("policies", "line")}
"""By scope: the table whose rows are linked, and the column that names what they are linked to."""


def link_query(book: Book, scope: str, owners: Owners) -> str:
    """Query the id of every linked customer or policy, ``member``; ``owner``; ``known_from`` (microseconds)."""
    table, column = LINKED[scope]
    key = book.schema[table].key
    rows = first_versions(book, table, {key: key, "owner": column, "known": "recorded_at"})
    whose = f"({rows}) AS v"
    if table == "policies":
        whose += f" JOIN {final_policies(book)} AS p ON v.policy_id = p.policy_id"
    customer = "p.customer_id" if table == "policies" else "v.customer_id"
    return f"""SELECT o.bucket, v.{key} AS member, v.owner, coalesce(epoch_us(v.known), {FIRST}) AS known_from
FROM {whose} JOIN {owners.relation} AS o ON {customer} = o.customer_id WHERE v.owner IS NOT NULL"""


def for_kernel(feature: Feature, name: str) -> Feature:
    """Return the feature for a kernel to which owners are customers, under a name of its own among the others.

    It was checked as it is: an agent's feature would not be allowed the scope of a customer. Parts of two combined
    features may bear one name.
    """
    found = copy(feature)
    object.__setattr__(found, "name", name)
    if feature.scope in LINKED:
        object.__setattr__(found, "scope", "customer")
    return found


@dataclass(frozen=True)
class Links:
    """Who belongs to whom: codes of members, ascending, codes of their owners, since when; and the owners' names."""

    member: Ints
    owner: Ints
    known_from: Ints
    names: pa.Array

    @classmethod
    def of(cls, member: Ints, rows: pa.Table) -> Links:
        """Make links of rows of :func:`link_query` and the codes of their customers or policies, -1 for others'.

        Owners' codes count from 0 in the order of their names.
        """
        order = np.argsort(member, kind="stable")
        order = order[member[order] >= 0]
        owner = rows["owner"].combine_chunks().take(pa.array(order)).cast(pa.string())
        names = owner.unique()
        names = names.take(pc.sort_indices(names))
        code = np.asarray(pc.index_in(owner, value_set=names), dtype=np.int64)
        return cls(member[order], code, np.asarray(rows["known_from"], dtype=np.int64)[order], names)

    def owner_of(self, member: Ints, cutoff: Ints) -> Ints:
        """Code of the owner of each member at each cutoff, -1 where none is known."""
        row = self._rows(member)
        known = row >= 0
        known[known] &= self.known_from[row[known]] < cutoff[known]
        found = np.full(len(member), -1, dtype=np.int64)
        found[known] = self.owner[row[known]]
        return found

    def events_of_owners(self, events: pa.Table) -> pa.Table:
        """Turn customers' events into those of their households; members without one are left out.

        Parameters
        ----------
        events : Arrow table
            See :class:`churnkit.panel.kernel.events.EventTable`.

        Returns
        -------
        Arrow table
            ``customer`` is the household's code, and no ``C_seen`` lies before the member's ``known_from``.
        """
        row = self._rows(np.asarray(events["customer"], dtype=np.int64))
        mine, row = events.filter(pa.array(row >= 0)), row[row >= 0]
        columns: dict[str, Any] = {name: mine[name] for name in mine.column_names}
        columns["customer"] = pa.array(self.owner[row])
        for name in mine.column_names:
            seen = f"{name}_seen"
            if seen in columns and pa.types.is_int64(columns[seen].type):  # of a clock, not a column of that name
                late = np.maximum(np.asarray(columns[seen], dtype=np.int64), self.known_from[row])
                columns[seen] = pa.array(late)
        return pa.table(columns)

    def monthly_events(self, monthly: pa.Table) -> pa.Table:
        """Turn rows of :func:`churnkit.panel.crossing.load_crossing` into events of these owners, others' left out."""
        code = pc.fill_null(pc.index_in(monthly["owner"], value_set=self.names), -1)
        mine = monthly.filter(pc.greater_equal(code, 0))
        size = mine.num_rows
        own = {"customer": pc.cast(code.filter(pc.greater_equal(code, 0)), pa.int64()), "id": mine["owner"],
               "policy": pa.array(np.full(size, -1, dtype=np.int64)), "known_at_seen": mine["known_at"],
               "superseded": pa.array(np.full(size, NEVER, dtype=np.int64))}  # fmt: skip
        return pa.table({**own, **{name: mine[name] for name in mine.column_names if name != "owner"}})

    def _rows(self, member: Ints) -> Ints:
        """Row of each member's link, or -1."""
        if not len(self.member):
            return np.full(len(member), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.member, member), len(self.member) - 1)
        return np.where(self.member[at] == member, at, -1).astype(np.int64)
