"""What ties policies to each other: how a renewal under another number is found, and which numbers are one policy.

A family is one policy of one customer under all its numbers: those that previous_policy_id ties together and, where
the settings match by object, those of one line and object; never by line or household alone, which tie policies that
live side by side. What features say of "the policy" they say of its family.

Nothing of the future enters by it. A policy hangs on at most one thing: on the policy that it names, else on its
object. So one that is entered later hangs itself onto a family and never joins two of them, and all it brings along are
its own terms and events, which are invisible until they are known. (A policy entered after one that names it would be
the exception.) And it hangs where the first version of its row says: an object id written in later, perhaps because the
policy was renewed, changes no feature of earlier days. Renewals are matched by the last version, as all outcomes are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from churnkit.book.open import Book
from churnkit.panel.arrays import Ints
from churnkit.panel.load import final_policies, places
from churnkit.panel.owners import Owners

_HOUSEHOLDS = """LEFT JOIN (SELECT customer_id, household_id FROM customers WHERE superseded_at IS NULL
  QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY household_id) = 1) AS h
  ON p.customer_id = h.customer_id"""
_FIRST = """(SELECT * FROM policies
  QUALIFY row_number() OVER (PARTITION BY policy_id ORDER BY recorded_at NULLS FIRST, superseded_at NULLS LAST,
                             previous_policy_id, line, object_id) = 1)"""


@dataclass(frozen=True)
class Ties:
    """By policy code: customer, the policy that it names as its previous one, what it shares, family; -1 for none."""

    customer: Ints
    previous: Ints
    shared: Mapping[str, Ints]
    family: Ints

    @cached_property
    def alone(self) -> bool:
        """Whether every policy is a family of its own, and its code the family's."""
        return bool(np.array_equal(self.family, np.arange(len(self.family))))

    @cached_property
    def ways(self) -> list[tuple[Ints, Ints]]:
        """Ways in which a term finds the one that renews it, in order: what it asks for, what others answer to."""
        own = np.arange(len(self.family))
        found = [(own, own)]
        if (self.previous >= 0).any():
            found.append((own, self.previous))
        return found + [(code, code) for code in self.shared.values()]

    @cached_property
    def cluster(self) -> Ints:
        """A code per policy, shared by all policies that may meet in some way."""
        if len(self.ways) == 1 and self.alone:
            return self.family
        size = len(self.family)
        groups = [np.where(self.previous >= 0, self.previous, np.arange(size)), *self.shared.values(), self.family]
        policies, nodes, more = [], [], size
        for place, code in enumerate(groups):
            some = np.flatnonzero(code >= 0)
            policies.append(some)
            nodes.append(code[some] + (more if place else 0))  # the first names policies, the others things shared
            more += int(code.max(initial=-1)) + 1 if place else 0
        return _components(np.concatenate(policies), np.concatenate(nodes), more)[:size]


def tie_queries(book: Book, owners: Owners) -> dict[str, str]:
    """Queries for what the last version of each policy says of its ties, and the first where there are several."""
    household = "household" in book.settings.renewal.match
    final = final_policies(book)
    found = {"policies": _query(owners, household=household, source=final, final=final)}
    if book.repeats("policies"):
        found["first policies"] = _query(owners, source=_FIRST, final=final)
    return found


def ties_of(tables: Mapping[str, pa.Table], match: tuple[str, ...], *, first: int) -> tuple[Any, Ties]:
    """Make of a bucket's policies their ids in the order of their codes, and what ties them.

    Parameters
    ----------
    first : int
        The customer's code that counts as 0.
    """
    final, things_of = (
        tables.get(name, tables["policies"]).sort_by("policy_id") for name in ("policies", "first policies")
    )
    ids = final["policy_id"].combine_chunks()
    customer = np.asarray(final["customer"], dtype=np.int64) - first
    final = final.set_column(final.schema.get_field_index("customer"), "customer", pa.array(customer))
    things_of = things_of.set_column(things_of.schema.get_field_index("customer"), "customer", pa.array(customer))
    shared = {
        "object": lambda: _combined(final, "customer", "line", "object_id"),
        "line": lambda: _combined(final, "customer", "line"),
        "household": lambda: _combined(final, "household_id", "line"),
    }
    things = _combined(things_of, "customer", "line", "object_id") if "object" in match else None
    family = families(customer, places(things_of["previous_policy_id"], ids), things)
    previous = places(final["previous_policy_id"], ids)
    previous = np.where(previous == np.arange(len(previous)), -1, previous)
    return ids, Ties(customer, previous, {way: shared[way]() for way in match}, family)


def families(customer: Ints, previous: Ints, things: Ints | None) -> Ints:
    """A code per policy, the same for all numbers of one policy.

    Examples
    --------
    The second policy names the first; the third shares an object with it; the fourth names one of another customer.

    >>> families(np.array([0, 0, 0, 1]), np.array([-1, 0, -1, 0]), np.array([7, -1, 7, -1])).tolist()
    [0, 0, 0, 1]
    """
    size = len(customer)
    own = np.arange(size)
    named = (previous >= 0) & (previous != own)
    named[named] &= customer[previous[named]] == customer[named]
    if things is None or not (things >= 0).any():
        return _components(own[named], previous[named], size) if named.any() else own
    hangs_on = np.where(named, previous, np.where(things >= 0, size + things, own))
    return _components(own, hangs_on, size + int(things.max()) + 1)[:size]


def _query(owners: Owners, *, source: str, final: str, household: bool = False) -> str:
    return f"""SELECT o.bucket, p.policy_id, o.customer, v.line, v.object_id, v.previous_policy_id
  {", h.household_id" if household else ""}
FROM {source} AS v JOIN {final} AS p ON v.policy_id = p.policy_id
  JOIN {owners.relation} AS o ON p.customer_id = o.customer_id {_HOUSEHOLDS if household else ""}"""


def _combined(table: pa.Table, *names: str) -> Ints:
    """One code per combination of values, -1 where one of them is null."""
    code, none = np.zeros(table.num_rows, dtype=np.int64), np.zeros(table.num_rows, dtype=bool)
    for name in names:
        indices = pc.dictionary_encode(table[name].combine_chunks()).indices
        place = np.asarray(pc.fill_null(indices, -1), dtype=np.int64)
        none |= place < 0
        code = np.unique(code * (int(place.max(initial=0)) + 1) + place, return_inverse=True)[1].astype(np.int64)
    return np.where(none, -1, code)


def _components(here: Ints, there: Ints, size: int) -> Ints:
    edges = coo_array((np.ones(len(here)), (here, there)), shape=(size, size))
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)
