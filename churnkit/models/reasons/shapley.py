"""Exact Shapley values of trees, from tables: every pattern of decisions is worked out once, then rows look theirs up.

A leaf is reached, or not, by the decisions on its path; a column lets a row through if all of its conditions there
hold. Let ``o_i`` say whether those of column i hold (0 or 1), and ``z_i`` be the share of training rows that pass them.
A leaf of value v is worth ``v prod_{i in S} o_i prod_{i not in S} z_i`` when the columns of S are known, and by the
multilinear extension [1]_ the Shapley value of column i is

``phi_i = v (o_i - z_i) int_0^1 prod_{j != i} (t o_j + (1 - t) z_j) dt``,

a polynomial in t, so that a few Gauss points are exact. These are the path-dependent values of Tree SHAP [2]_. As
in [3]_ they depend on a row through the pattern of its decisions alone: a table holds all patterns of a piece of tree.

References
----------
.. [1] Owen (1972), Multilinear extensions of games, Management Science 18(5).
.. [2] Lundberg et al. (2020), From local explanations to global understanding, Nature Machine Intelligence 2.
.. [3] Nadel and Wettenstein (2025), From decision trees to Boolean logic: a fast and unified SHAP algorithm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from churnkit.models.reasons.splits import Tree, read_trees

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
Edges = tuple[tuple[int, bool], ...]  # node, and whether to its left
AT_ONCE = 8_192  # rows looked up together, so that what is worked on stays in the processor's cache
_BITS, _LEAST = 9, 3  # decisions in a table; with more there are fewer tables, which the cache no longer holds
_CELLS = 1 << 26  # of all tables; where trees are so deep that there would be more, LightGBM explains them


@dataclass(frozen=True)
class _Piece:
    """Some of a tree's nodes that hang together, with the leaves beneath them.

    Attributes
    ----------
    bits : tuple of edges
        What a pattern is made of, highest bit first: for each column that decides above the piece, whether the row
        follows all of its edges; for each node of the piece, whether it goes left.
    above : dict of column to the place of its bit
    inner : dict of node to the place of its bit
    leaves : tuple of (leaf, edges from the root)
    """

    bits: tuple[Edges, ...]
    above: dict[int, int]
    inner: dict[int, int]
    leaves: tuple[tuple[int, Edges], ...]

    @property
    def cells(self) -> int:
        """Numbers in its table, at most."""
        return len(self.bits) << len(self.bits)


def _pieces(tree: Tree) -> Iterator[_Piece]:
    """Cut a tree into pieces of few decisions, from the top; small branches are taken whole where they fit."""
    sizes = _sizes(tree)
    waiting: list[tuple[int, Edges]] = [(0, ())]
    while waiting:
        top, path = waiting.pop()
        columns = tuple(dict.fromkeys(int(tree.column[node]) for node, _ in path))
        room = max(_BITS - len(columns), _LEAST)
        nodes: list[int] = []
        leaves: list[tuple[int, Edges]] = []
        edge = [(top, path)]
        while edge:
            at = min(range(len(edge)), key=lambda i: sizes.get(edge[i][0], 0))
            node, edges = edge.pop(at)
            if node < 0:
                leaves.append((~node, edges))
            elif len(nodes) < room:
                nodes.append(node)
                edge += [(int(tree.children[node, side]), (*edges, (node, side == 0))) for side in (0, 1)]
            else:
                waiting.append((node, edges))
        bits = [tuple(step for step in path if tree.column[step[0]] == column) for column in columns]
        bits += [((node, True),) for node in nodes]
        yield _Piece(tuple(bits), {column: at for at, column in enumerate(columns)},
                     {node: at + len(columns) for at, node in enumerate(nodes)}, tuple(leaves))  # fmt: skip


def _sizes(tree: Tree) -> dict[int, int]:
    """How many nodes hang under each node, itself included."""
    order, sizes = [0], dict[int, int]()
    for node in order:
        order += [int(child) for child in tree.children[node] if child >= 0]
    for node in reversed(order):
        sizes[node] = 1 + sum(sizes[int(child)] for child in tree.children[node] if child >= 0)
    return sizes


@dataclass(frozen=True)
class _Leaf:
    """A leaf's part in its piece: columns that decide on its path, shares that pass, and each pattern's own pattern."""

    columns: tuple[int, ...]
    passes: Vector  # z by column
    own: Codes  # of shape (n_patterns,): which of the conditions hold, as a number, the first column's bit highest


def _leaf(tree: Tree, piece: _Piece, edges: Edges) -> _Leaf:
    bits = np.arange(len(piece.bits) - 1, -1, -1)[:, None]
    holds = (np.arange(1 << len(piece.bits)) >> bits & 1).astype(np.bool_)
    columns = tuple(dict.fromkeys(int(tree.column[node]) for node, _ in edges))
    passes, own = np.ones(len(columns)), np.zeros(holds.shape[1], dtype=np.intp)
    for at, column in enumerate(columns):
        bit = holds[piece.above[column]] if column in piece.above else np.ones(holds.shape[1], dtype=np.bool_)
        for node, left in edges:
            if tree.column[node] == column:
                passes[at] *= tree.passes[node, 0 if left else 1]
                if node in piece.inner:
                    bit = bit & (holds[piece.inner[node]] == left)
        own += own + bit
    return _Leaf(columns, passes, own)


@cache
def _points(number: int) -> tuple[Vector, Vector]:
    """Gauss points on 0 … 1 and their weights."""
    points, weights = np.polynomial.legendre.leggauss(number)
    return (points + 1) / 2, weights / 2


def _phi(passes: Matrix) -> Matrix:
    """Values of every pattern for leaves of value 1, shape (n_leaves, k, 2**k), given ``z`` of shape (n_leaves, k)."""
    leaves, k = passes.shape
    t, weights = _points((k + 1) // 2)
    z = passes[:, :, None, None]
    holds = np.array([0.0, 1.0])[:, None]
    factors = t * holds + (1 - t) * z  # of shape (n_leaves, k, 2, n_points)
    product = np.ones((leaves, 1, len(t)))
    for at in range(k):
        product = (product[:, :, None] * factors[:, at, None]).reshape(leaves, -1, len(t))
    own = weights * (holds - z) / factors
    both = product @ own.reshape(leaves, 2 * k, -1).swapaxes(1, 2)
    bits = np.arange(1 << k)[:, None] >> np.arange(k - 1, -1, -1) & 1
    chosen = np.take_along_axis(both.reshape(leaves, 1 << k, k, 2), bits[None, :, :, None], axis=3)
    return np.ascontiguousarray(chosen[:, :, :, 0].swapaxes(1, 2))


@dataclass(frozen=True)
class _Table:
    """Values of every pattern of a piece, shape (n_columns, n_patterns), and where each row stands in the whole."""

    bits: tuple[Edges, ...]
    places: tuple[int, ...]
    values: Matrix


@dataclass(frozen=True)
class Tables:
    """Shapley values of a booster's columns, ready to be looked up.

    Attributes
    ----------
    columns : tuple of int
        Columns that decide anywhere, in order; the others' values are zero.
    """

    columns: tuple[int, ...]
    trees: tuple[tuple[Tree, tuple[_Table, ...]], ...]

    @classmethod
    def of(cls, booster: lgb.Booster) -> Tables | None:
        """Work out the tables; None where the trees are too deep for them, or decide by category."""
        trees = read_trees(booster)
        if trees is None or sum(piece.cells for tree in trees for piece in _pieces(tree)) > _CELLS:
            return None
        columns = tuple(sorted({int(column) for tree in trees for column in tree.column}))
        place = {column: at for at, column in enumerate(columns)}
        return cls(columns, tuple((tree, tuple(_tables(tree, place))) for tree in trees))  # fmt: skip

    def look_up(self, matrix: Floats) -> Matrix:
        """Return the values of some rows, shape (n_columns, n_rows), in log-odds; best with `AT_ONCE` rows.

        Each row's values depend on that row alone, to the last digit.
        """
        data = np.ascontiguousarray(matrix.T)
        out = np.zeros((len(self.columns), data.shape[1]))
        each, index = np.empty(data.shape[1]), np.empty(data.shape[1], dtype=np.intp)
        for tree, tables in self.trees:
            left = tree.goes_left(data)
            sides = (~left, left)
            for table in tables:
                np.copyto(index, _patterns(table.bits, sides))
                for place, values in zip(table.places, table.values, strict=True):
                    np.take(values, index, out=each, mode="clip")
                    out[place] += each
        return out


def _tables(tree: Tree, place: dict[int, int]) -> Iterator[_Table]:
    """Tables of a tree's pieces; leaves whose paths have as many columns are worked out together."""
    pieces = [piece for piece in _pieces(tree) if piece.leaves]
    leaves = [[_leaf(tree, piece, edges) for _, edges in piece.leaves] for piece in pieces]
    numbers = [number for piece in pieces for number, _ in piece.leaves]
    every = [leaf for some in leaves for leaf in some]
    phi: dict[int, Matrix] = {}
    for width in {len(leaf.columns) for leaf in every}:
        alike = [at for at, leaf in enumerate(every) if len(leaf.columns) == width]
        phi |= dict(zip(alike, _phi(np.stack([every[at].passes for at in alike])), strict=True))
    at = 0
    for piece, some in zip(pieces, leaves, strict=True):
        columns = sorted({column for leaf in some for column in leaf.columns})
        values = np.zeros((len(columns), 1 << len(piece.bits)))
        for leaf in some:
            for column, row in zip(leaf.columns, phi.pop(at), strict=True):
                values[columns.index(column)] += (tree.value[numbers[at]] * row)[leaf.own]
            at += 1
        yield _Table(piece.bits, tuple(place[column] for column in columns), values)


def _patterns(bits: tuple[Edges, ...], sides: tuple[Bools, Bools]) -> npt.NDArray[Any]:
    """Read each row's decisions as a number, the first bit highest."""
    rows = sides[0].shape[1]
    pattern = np.zeros(rows, dtype=np.uint8 if len(bits) <= 8 else np.uint16 if len(bits) <= 16 else np.uint32)
    for edges in bits:
        node, left = edges[0]
        holds = sides[left][node]
        for node, left in edges[1:]:
            holds = holds & sides[left][node]
        np.add(pattern, pattern, out=pattern)
        np.add(pattern, holds.view(np.uint8), out=pattern)
    return pattern


_known: WeakKeyDictionary[lgb.Booster, Tables | None] = WeakKeyDictionary()


def tables_of(booster: lgb.Booster) -> Tables | None:
    """Return the tables of a booster's columns, worked out once per booster: parts of a book ask again and again."""
    if booster not in _known:
        _known[booster] = Tables.of(booster)
    return _known[booster]
