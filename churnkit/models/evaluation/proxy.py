"""How well the features tell what they must not hold: an audit column, foretold for customers held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.model_selection import StratifiedKFold

from churnkit.errors import UsageError
from churnkit.models.columns import Columns, Floats
from churnkit.models.evaluation.scores import METRICS, Scorer, Vector, draws, interval
from churnkit.models.trees import gains, raw_scores, train_trees
from churnkit.panel import catalog
from churnkit.panel.panel import Panel

FEWEST = 50  # customers of a value, and of the others
PARTLY, WELL = 0.55, 0.7
_FOLDS, _ROUNDS, _AUC = 5, 80, METRICS.index("auc")
_MOST = 20_000  # customers; the area is then known to about 0.008
_PARAMS = {"objective": "binary", "learning_rate": 0.1, "num_leaves": 8, "min_data_in_leaf": 20, "lambda_l2": 5.0,
           "feature_fraction": 0.6, "max_bin": 63, "num_threads": 1}  # fmt: skip


@dataclass(frozen=True)
class Proxy:
    """How well the features foretell audit columns.

    Attributes
    ----------
    table : DataFrame, a row per audit column and value, index (column, value)
        ``customers``, ``share`` with the value, ``auc`` with ``low`` and ``high`` (95 %, customers drawn with
        replacement), ``carried_by``: the reason groups with the largest shares of the trees' gain, with their shares.
        A column of two values has one row, for the rarer. A value of fewer than 50 customers has no figures, and
        ``note`` says ``too few``.
    importance : DataFrame, a row per reason group, a column per ``column=value``
        Shares of the gain.
    text : str, plain sentences
    """

    table: pd.DataFrame
    importance: pd.DataFrame
    text: str = field(default="")

    def __str__(self) -> str:
        """Return the sentences."""
        return self.text


def proxy(panel: Panel, audit: pd.DataFrame, *, n_boot: int = 200, random_state: int = 0) -> Proxy:
    """Foretell each audit column from the features: can a model act on what it was never given?

    A column that no feature holds may still be told by the others together (a region, a product). Trees learn each
    value against the others on each customer's latest row, five folds of customers, and are judged on customers they
    have not seen [1]_. An area under the curve of 0.5: not at all, 1: entirely. More than 20,000 customers are sampled.

    Parameters
    ----------
    panel : Panel
        Labels play no part.
    audit : DataFrame of shape (n_rows, n_columns), indexed like ``panel.X``
        From :func:`churnkit.panel.audit.audit_columns`. Missing values are left out.
    n_boot : int, bootstrap draws of customers
    random_state : int

    Returns
    -------
    Proxy

    Raises
    ------
    UsageError
        If `audit` is indexed otherwise, or is itself among the features.

    References
    ----------
    .. [1] Feldman et al. (2015), Certifying and removing disparate impact, KDD: predictability of the protected
       attribute bounds the disparate impact that is possible.
    """
    if not audit.index.equals(panel.X.index):
        raise UsageError("Audit columns are indexed like panel.X.", found=f"{len(audit)} rows for {len(panel)}",
                         fix="Use audit_columns(book, panel).")  # fmt: skip
    if held := [str(name) for name in audit if name in panel.X]:
        raise UsageError("An audit column is not a feature.", found=f"{', '.join(held)} in panel.X",
                         fix="Leave it out of the features.")  # fmt: skip
    rows = _latest(panel, random_state)
    X = panel.X.iloc[rows].reset_index(drop=True)
    matrix, names = Columns.learn(X).matrix(X), [str(name) for name in X]
    groups = _reason_groups(panel, names)
    told, shares = [], {}
    for column, value, label in _questions(audit.iloc[rows].reset_index(drop=True)):
        known = label.notna().to_numpy()
        y = np.asarray(label[known], dtype=np.float64)
        row: dict[str, Any] = {"column": column, "value": value, "customers": len(y)}
        if min(y.sum(), len(y) - y.sum()) < FEWEST:
            told.append(row | {"note": "too few"})
            continue
        p, gained = _foretold(matrix[known], y, random_state)
        share = pd.Series(gained, index=groups).groupby(level=0).sum().sort_values(ascending=False, kind="stable")
        shares[f"{column}={value}"] = share
        carried = ", ".join(f"{group} {part:.0%}" for group, part in share.head(3).items())
        told.append(row | {"share": y.mean(), **_area(y, p, n_boot, random_state), "carried_by": carried, "note": ""})
    wanted = ["column", "value", "customers", "share", "auc", "low", "high", "carried_by", "note"]
    table = pd.DataFrame(told, columns=wanted).set_index(["column", "value"])
    importance = pd.DataFrame(shares, index=pd.Index(sorted(set(groups)), name="group"))
    return Proxy(table, importance, _text(table))


def _latest(panel: Panel, seed: int) -> Any:
    """Position of each customer's latest row, of some customers where there are many."""
    order = np.lexsort((np.arange(len(panel)), panel.cutoff.to_numpy()))
    last = pd.Series(order, index=panel.groups.to_numpy()[order]).groupby(level=0).last().to_numpy()
    if len(last) > _MOST:
        last = np.random.default_rng(seed).choice(last, _MOST, replace=False)
    return np.sort(last)


def _questions(audit: pd.DataFrame) -> Iterator[tuple[str, str, pd.Series[Any]]]:
    """Each value of each column, and who has it; of two values the rarer."""
    for name in audit:
        column = audit[name]
        values = column.value_counts()
        ranked = sorted(values.index, key=lambda value: (values[value], str(value)))
        for value in ranked[:1] if len(ranked) == 2 else ranked:
            yield str(name), str(value), (column == value).astype(float).where(column.notna())


def _foretold(matrix: Floats, y: Vector, seed: int) -> tuple[Vector, Vector]:
    """Probabilities for customers held out, and each feature's share of the gain."""
    p, gained = np.empty(len(y)), np.zeros(matrix.shape[1])
    for fit, held in StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(matrix, y):
        booster = train_trees({**_PARAMS, "seed": seed}, matrix[fit], y[fit], rounds=_ROUNDS)
        p[held] = expit(raw_scores(booster, matrix[held]))
        gained += gains(booster)
    return p, gained / max(gained.sum(), 1e-12)


def _area(y: Vector, p: Vector, n_boot: int, seed: int) -> dict[str, float]:
    scorer = Scorer(y, p, np.arange(len(y)), risk=1)
    boot = np.array([scorer(w)[_AUC] for w in draws(len(y), n_boot=n_boot, random_state=seed)])
    low, high = interval(boot)
    return {"auc": float(scorer()[_AUC]), "low": low, "high": high}


def _reason_groups(panel: Panel, names: list[str]) -> list[str]:
    """The reason group of each column; a column that nobody described is its own."""
    given = {feature.name: feature for feature in panel.features}
    found = [given.get(name) or catalog.describe(name) for name in names]
    return [each.group if each is not None and each.group else name for each, name in zip(found, names, strict=True)]


def _text(table: pd.DataFrame) -> str:
    lines: list[str] = []
    row: Any
    for row in table.itertuples():
        column, value = row.Index
        if row.note:
            lines.append(f"{column} {value}: too few, fewer than {FEWEST} customers with or without it.")
            continue
        told = f"AUC {row.auc:.2f} ({row.low:.2f} … {row.high:.2f})"
        people = f"{row.customers:,} customers, {row.share:.0%} of them with it"
        if row.low <= 0.5:
            lines.append(f"The features do not tell {column} {value}: {told} on {people}.")
            continue
        word = "hardly tell" if row.high < PARTLY else "tell in part" if row.auc < WELL else "tell well"
        lines.append(f"The features {word} {column} {value}: {told} on {people}; by gain, most by {row.carried_by}.")
    return "\n".join([*lines, "The column itself is no feature. What tells it is associated with it, no more."])
