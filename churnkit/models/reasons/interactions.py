"""Which columns act together: Shapley interactions of pairs, exact, on some rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.columns import Bools, Floats
from churnkit.models.reasons.sample import Sample
from churnkit.models.reasons.splits import Tree, read_trees
from churnkit.panel.feature import SENSITIVE

Vector = npt.NDArray[np.float64]
Pair = tuple[int, int]
_MOST = 1_000  # rows looked at


@dataclass(frozen=True)
class Interactions:
    """Which pairs of columns act together, beyond what each does alone.

    Attributes
    ----------
    table : DataFrame, a row per pair, strongest first
        ``first`` and ``second``; ``mean_abs``, the mean over rows of the pair's absolute interaction in log-odds, with
        ``low`` and ``high`` (95 %, customers as units).
    text : str
    """

    table: pd.DataFrame
    text: str

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.round(4).to_string(index=False)}\n\n{self.text}"


def interactions(model: RenewalModel | ChurnModel, X: Any, *, groups: Any = None, top: int = 10,
                 most: int = _MOST) -> Interactions:  # fmt: skip
    """Find the pairs of columns that act together most.

    The Shapley interaction of a pair [1]_, path-dependent: how much more both are worth together than each alone,
    averaged over what else is known. It is the sum of the two halves that ``shap`` gives.

    Parameters
    ----------
    model : RenewalModel or ChurnModel, fitted
    X : DataFrame or array of shape (n_rows, n_features), best the rows of a test period
    groups
        As :func:`churnkit.importance` takes them.
    top : int, pairs told
    most : int, rows looked at, drawn at random with a fixed seed where there are more

    Returns
    -------
    Interactions

    Raises
    ------
    UsageError
        If top is below 1, or a tree decides by category.

    References
    ----------
    .. [1] Fujimoto, Kojadinovic and Marichal (2006), Axiomatic characterizations of probabilistic and cardinal-
       probabilistic interaction indices, Games and Economic Behavior 55(1).
    """
    if top < 1:
        raise UsageError("At least one pair is told.", found=f"top={top}")
    sample = Sample.of(model, X, groups, most=most)
    found = pair_values(model, sample.matrix)
    names = model.columns_.names
    shown = [pair for pair in sorted(found) if not SENSITIVE & {names[at].lower() for at in pair}]
    if shown:
        sizes = sample.means(np.abs(np.stack([found[pair] for pair in shown])))
    else:
        sizes = pd.DataFrame({"mean": [], "low": [], "high": []}, dtype=np.float64)
    table = pd.DataFrame({
        "first": pd.Series([names[pair[0]] for pair in shown], dtype="str"),
        "second": pd.Series([names[pair[1]] for pair in shown], dtype="str"),
        "mean_abs": sizes["mean"], "low": sizes["low"].clip(lower=0), "high": sizes["high"],
    }).sort_values("mean_abs", ascending=False, kind="stable").head(top).reset_index(drop=True)  # fmt: skip
    return Interactions(table, _text(table, len(shown), sample.said))


def pair_values(model: RenewalModel | ChurnModel, matrix: Floats) -> dict[Pair, Vector]:
    """Return the interaction in log-odds of each pair of columns that decide together anywhere, by row."""
    trees = read_trees(model.booster_)
    if trees is None:
        raise UsageError("Interactions are of trees that decide by numbers.", found="a tree that decides by category")
    data = np.ascontiguousarray(matrix.T)
    found: dict[Pair, Vector] = {}
    for tree in trees:
        left = tree.goes_left(data)
        for leaf, edges in tree.paths():
            for pair, values in _of_leaf(tree, edges, left):
                found[pair] = found.get(pair, 0.0) + tree.value[leaf] * values
    return found


def _of_leaf(tree: Tree, edges: tuple[tuple[int, bool], ...], left: Bools) -> list[tuple[Pair, Vector]]:
    """Interactions on the path of a leaf of value 1; letters are those of :mod:`churnkit.models.reasons.shapley`."""
    columns = sorted({int(tree.column[node]) for node, _ in edges})
    if len(columns) < 2:
        return []
    o, z = np.ones((len(columns), left.shape[1]), dtype=np.bool_), np.ones(len(columns))
    for node, goes in edges:
        at = columns.index(int(tree.column[node]))
        o[at] &= left[node] == goes
        z[at] *= tree.passes[node, 0 if goes else 1]
    points, weights = np.polynomial.legendre.leggauss(len(columns) // 2)
    t = (points + 1) / 2
    factors = o[:, :, None] * t + z[:, None, None] * (1 - t)
    product, apart = factors.prod(axis=0), o - z[:, None]
    pairs = list(combinations(range(len(columns)), 2))
    first, second = (np.array(each) for each in zip(*pairs, strict=True))
    values = apart[first] * apart[second] * ((product / (factors[first] * factors[second])) @ (weights / 2))
    return [((columns[i], columns[j]), each) for (i, j), each in zip(pairs, values, strict=True)]


def _text(table: pd.DataFrame, pairs: int, said: str) -> str:
    if not len(table):
        return f"No two columns decide together in any tree. Of {said}."
    best = table.iloc[0]
    return (f"Of {pairs:,} pairs that decide together, {best['first']} and {best['second']} act together most: "
            f"{best['mean_abs']:.3f} ({best['low']:.3f} … {best['high']:.3f}) in log-odds on average.\n"
            f"Of {said}; 95 % intervals by customer. Associations, not causes.")  # fmt: skip
