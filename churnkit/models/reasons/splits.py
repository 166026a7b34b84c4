"""The trees of a booster as arrays: which column decides where, at what threshold, and who passed in training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_CATEGORICAL, _DEFAULT_LEFT, _NAN = 1, 2, 2  # in LightGBM's decision_type: bit 0, bit 1, bits 2 and 3


@dataclass(frozen=True)
class Tree:
    """One tree. A child that is no inner node but leaf ``k`` is written ``~k``.

    Attributes
    ----------
    column : array of int of shape (n_nodes,), which column decides
    threshold : array of float32 of shape (n_nodes,)
        At most this goes left; rounded down, so that a float32 goes where LightGBM's double would send it.
    nan_left : array of bool of shape (n_nodes,), where a missing value goes
    children : array of int of shape (n_nodes, 2), left and right
    passes : array of float of shape (n_nodes, 2), share of the node's training rows that go there
    value : array of float of shape (n_leaves,), log-odds
    """

    column: Ints
    threshold: Floats
    nan_left: Bools
    children: Ints
    passes: Vector
    value: Vector

    def goes_left(self, data: Floats) -> Bools:
        """Say at which nodes which rows go left, shape (n_nodes, n_rows); `data` has a row per column."""
        found = np.empty((len(self.column), data.shape[1]), dtype=np.bool_)
        for node, (column, threshold) in enumerate(zip(self.column, self.threshold, strict=True)):
            if self.nan_left[node]:
                np.greater(data[column], threshold, out=found[node])
                np.logical_not(found[node], out=found[node])
            else:
                np.less_equal(data[column], threshold, out=found[node])
        return found

    def paths(self) -> Iterator[tuple[int, tuple[tuple[int, bool], ...]]]:
        """Give each leaf with the edges that lead to it: nodes, and whether to their left."""
        waiting: list[tuple[int, tuple[tuple[int, bool], ...]]] = [(0, ())]
        while waiting:
            node, edges = waiting.pop()
            if node < 0:
                yield ~node, edges
            else:
                waiting += [(int(self.children[node, side]), (*edges, (node, side == 0))) for side in (1, 0)]


def read_trees(booster: lgb.Booster) -> tuple[Tree, ...] | None:
    """Return the trees that predict, or None where one decides by category, which floats cannot follow.

    Trees without a decision are left out.
    """
    texts = booster.model_to_string().split("\nend of trees")[0].split("\nTree=")[1:]
    trees = []
    for text in texts:
        fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        if int(fields["num_leaves"]) == 1:
            continue
        kinds = np.array(fields["decision_type"].split(), dtype=np.intp)
        if (kinds & _CATEGORICAL).any():
            return None
        trees.append(_tree(fields, kinds))
    return tuple(trees)


def _tree(fields: dict[str, str], kinds: Ints) -> Tree:
    threshold = _numbers(fields, "threshold")
    children = np.column_stack([_numbers(fields, side).astype(np.intp) for side in ("left_child", "right_child")])
    inner, leaf = _numbers(fields, "internal_count"), _numbers(fields, "leaf_count")
    counts = np.where(children >= 0, inner[np.maximum(children, 0)], leaf[np.maximum(~children, 0)])
    # where training had no missing value, LightGBM reads one as zero
    nan_left = np.where(kinds >> 2 == _NAN, (kinds & _DEFAULT_LEFT) > 0, threshold >= 0)
    return Tree(_numbers(fields, "split_feature").astype(np.intp), _rounded_down(threshold), nan_left, children,
                counts / inner[:, None], _numbers(fields, "leaf_value"))  # fmt: skip


def _numbers(fields: dict[str, str], name: str) -> Vector:
    return np.array(fields[name].split(), dtype=np.float64)


def _rounded_down(threshold: Vector) -> Floats:
    with np.errstate(over="ignore"):
        near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)
