"""Whose rows belong together: the code of every customer, and the bucket of customers in which its rows are worked on.

Customers who share a household or whose policies name each other are tied, and lie in one bucket next to each other.
Codes follow (first id of the tied, own id), buckets are ranges of codes: whatever their number, the panels of all
buckets one after the other are the same panel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from churnkit.book.open import Book
from churnkit.panel.arrays import Ints

_WEIGHTS = """SELECT p.customer_id, count(*) AS n FROM terms AS t JOIN policies AS p ON t.policy_id = p.policy_id
GROUP BY p.customer_id"""
_NAMING = """SELECT DISTINCT a.customer_id AS one, b.customer_id AS other
FROM policies AS a JOIN policies AS b ON a.previous_policy_id = b.policy_id WHERE a.customer_id <> b.customer_id"""
_HOUSEHOLDS = "SELECT DISTINCT customer_id AS one, household_id AS other FROM customers WHERE household_id IS NOT NULL"


@dataclass(frozen=True)
class Owners:
    """A relation of the engine with customer_id, customer (its code) and bucket; and how many customers each has."""

    relation: str
    sizes: tuple[int, ...]

    @property
    def buckets(self) -> range:
        """The buckets."""
        return range(len(self.sizes))


def load_owners(book: Book, *, buckets: int = 1, households: bool = False) -> Owners:
    """Give every customer its code and bucket, on the engine.

    Parameters
    ----------
    book : Book
    buckets : int
        Ranges with about as many terms each.
    households : bool
        Whether members of a household are tied.
    """
    return book.once(f"owners {buckets} {households}", lambda: _laid(book, buckets, households=households))


def _laid(book: Book, buckets: int, *, households: bool) -> Owners:
    ids = book.sql("SELECT DISTINCT customer_id FROM customers WHERE customer_id IS NOT NULL ORDER BY customer_id")
    found = ids["customer_id"].combine_chunks()
    root = _roots(found, _links(book, found, households=households))
    order = np.lexsort((np.arange(len(root)), root))
    bucket = np.zeros(len(order), dtype=np.int64)
    if buckets > 1:
        counted = book.sql(_WEIGHTS)
        weight = np.ones(len(order))
        at = np.asarray(pc.fill_null(pc.index_in(counted["customer_id"], value_set=found), -1), dtype=np.int64)
        weight[at[at >= 0]] += np.asarray(counted["n"], dtype=np.int64)[at >= 0]
        begin = np.cumsum(weight[order]) - weight[order]
        first = np.searchsorted(root[order], root[order])  # all that are tied go where the first of them goes
        bucket = (begin[first] * buckets / weight.sum()).astype(np.int64)
    relation = f"owners_{buckets}_{int(households)}"
    code = pa.array(np.arange(len(order), dtype=np.int64))
    columns = {"customer_id": found.take(pa.array(order)), "customer": code, "bucket": pa.array(bucket)}
    book.lay(relation, pa.table(columns))
    return Owners(relation, tuple(np.bincount(bucket, minlength=buckets).tolist()))


def _links(book: Book, ids: pa.Array, *, households: bool) -> Iterator[tuple[Ints, Ints, int]]:
    """Pairs of places that are tied, and how many places there are on the right."""
    if book.has_column("policies", "previous_policy_id"):
        pairs = book.sql(_NAMING)
        yield _places(pairs["one"], ids), _places(pairs["other"], ids), 0
    if households and book.has_column("customers", "household_id"):
        pairs = book.sql(_HOUSEHOLDS)
        names = pc.dictionary_encode(pairs["other"].combine_chunks())
        yield _places(pairs["one"], ids), np.asarray(names.indices, dtype=np.int64), len(names.dictionary)


def _places(column: pa.ChunkedArray, ids: pa.Array) -> Ints:
    return np.asarray(pc.fill_null(pc.index_in(column.combine_chunks(), value_set=ids), -1), dtype=np.int64)


def _roots(ids: pa.Array, links: Iterator[tuple[Ints, Ints, int]]) -> Ints:
    """The first place among all that are tied to each place."""
    size, here, there = len(ids), [], []
    for one, other, more in links:
        fine = (one >= 0) & (other >= 0)
        here.append(one[fine])
        there.append(other[fine] + (size if more else 0))
        size += more
    if not sum(map(len, here)):
        return np.arange(len(ids))
    edges = coo_array((np.ones(sum(map(len, here))), (np.concatenate(here), np.concatenate(there))), shape=(size, size))
    group = connected_components(edges, directed=False)[1][: len(ids)]
    first = np.full(int(group.max(initial=-1)) + 1, len(ids), dtype=np.int64)
    np.minimum.at(first, group, np.arange(len(ids)))
    found: Ints = first[group]
    return found
