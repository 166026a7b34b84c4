"""Contributions of a few customers' rows, kept under hashed ids, so that two runs can be compared row by row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.reasons.explain import contributions
from churnkit.panel.panel import Panel

ROWS = 1_000
PHI, BIAS = "phi.", "phi.bias"
_CHOICE = b"which customers"  # the same customers in every run; the ids are hashed with the secret salt


@dataclass(frozen=True)
class ShapSample:
    """What is kept of the sampled rows, and what only pictures are drawn from.

    Attributes
    ----------
    table : DataFrame, a row per sampled row of the panel, by hashed ids
        ``customer`` and ``row`` (hashes), ``lead_days`` and ``line`` where the panel has them, ``raw_score`` and
        contributions ``phi.<feature>`` and ``phi.bias`` in log-odds, ``probability`` (calibrated).
    X : DataFrame, the rows themselves, in the table's order; never stored
    groups : dict of str to str, the reason group of each feature
    """

    table: pd.DataFrame
    X: pd.DataFrame
    groups: dict[str, str]

    @property
    def contributions(self) -> pd.DataFrame:
        """One column per feature, log-odds."""
        return self.table[[f"{PHI}{name}" for name in self.groups]].set_axis(list(self.groups), axis=1)

    @property
    def by_group(self) -> pd.Series[float]:
        """Mean absolute contribution by reason group, log-odds, largest first."""
        sums = self.contributions.T.groupby(pd.Series(self.groups)).sum().T
        return sums.abs().mean().sort_values(ascending=False, kind="stable")


def shap_sample(model: RenewalModel | ChurnModel, panel: Panel, *, salt: bytes, rows: int = ROWS) -> ShapSample:
    """Explain all rows of some customers, chosen by a hash of their ids: the same in every run of the same rows.

    Parameters
    ----------
    model : RenewalModel or ChurnModel, fitted
    panel : Panel, the test rows
    salt : bytes, secret; without it a hash could be found out by trying ids
    rows : int, customers are taken until there are at least that many rows, if there are
    """
    sample = panel.take(np.flatnonzero(panel.groups.isin(_chosen(panel.groups, rows)).to_numpy()))
    keys = sample.keys
    row = keys["entity"].astype("str") + "|" + keys["cutoff"].astype("str")
    table = pd.DataFrame(
        {"customer": hashed(keys["customer_id"], salt), "row": hashed(row, salt)}
        | {name: keys[name].to_numpy() for name in ("lead_days", "line") if name in keys}
    )
    table["raw_score"], table["probability"] = model.raw_score(sample.X), model.predict_proba(sample.X)[:, 1]
    phi = contributions(model, sample.X).add_prefix(PHI).astype("float32")
    whole = pd.concat([table, phi.set_index(table.index)], axis=1)
    order = np.argsort(table["row"].to_numpy(dtype=str), kind="stable")  # not the panel's order, which tells of the ids
    groups = {name: (spec.group if (spec := model.describe(name)) and spec.group else name)
              for name in model.columns_.names}  # fmt: skip
    return ShapSample(whole.iloc[order].reset_index(drop=True), sample.X.iloc[order].reset_index(drop=True), groups)


def hashed(values: Iterable[object], salt: bytes) -> list[str]:
    """Return a hash of each value, 64 bits in hexadecimal, under a secret of at most 64 bytes.

    Examples
    --------
    >>> hashed(["C1"], b"salt") == hashed(["C1"], b"salt"), hashed(["C1"], b"salt") == hashed(["C1"], b"other")
    (True, False)
    """
    return [hashlib.blake2b(str(value).encode(), key=salt, digest_size=8).hexdigest() for value in values]


def _chosen(customers: pd.Series[str], rows: int) -> set[str]:
    count = customers.value_counts(sort=False)
    ids = count.index.to_numpy()
    order = np.argsort(np.array(hashed(ids, _CHOICE)), kind="stable")
    enough = int(np.searchsorted(np.cumsum(count.to_numpy()[order]), rows)) + 1
    return set(ids[order[:enough]])
