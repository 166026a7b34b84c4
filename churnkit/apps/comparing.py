"""Two runs beside each other: metrics, which reasons grew or shrank, which customers moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.apps.registry import find_run
from churnkit.apps.shap_sample import BIAS, PHI
from churnkit.apps.tracking_store import connected, fetched, tags_and_metrics
from churnkit.apps.workspace import Workspace
from churnkit.errors import UsageError

Matrix = npt.NDArray[np.float64]
SHOWN, MOVED = 5, 0.05  # reasons and customers told; what counts as moved, as a fraction
_FIXED = ("These intervals are of the sampled customers, with both models as they are: the same settings trained with "
          "another seed move reasons too.")  # fmt: skip
_SAME = {"data_fingerprint": "data", "label": "label", "test_cutoffs": "test period"}
_TOLD = {"log_loss": ("Log loss", 4), "auc": ("AUC", 3), "calibration_slope": ("Calibration slope", 2),
         "observed_expected": ("Observed/expected lapses", 2)}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Run b beside run a.

    Attributes
    ----------
    table : DataFrame, a row per reason group, the largest change first
        ``a`` and ``b``, mean absolute contribution (log-odds) in each run's sample; ``difference``, b minus a, with
        ``low`` and ``high`` (95 %, a customer's rows being one unit, the same customer in both runs one and the same).
        The models are held as they are: what another seed or other training rows would do is not in the interval.
    metrics : DataFrame, a row per metric
        ``a``, ``a_low``, ``a_high``, ``b``, ``b_low``, ``b_high`` and ``difference``.
    customers : DataFrame, a row per row that both samples hold, the largest change first
        ``customer`` and ``row`` (hashes), ``lead_days``, ``line``, probabilities ``a`` and ``b``, ``difference`` and
        ``reason``, the group whose contribution changed most, empty where nothing changed.
    text : str, plain sentences
    """

    table: pd.DataFrame
    metrics: pd.DataFrame
    customers: pd.DataFrame
    text: str

    def __str__(self) -> str:
        """Return the tables' heads and the sentences."""
        parts = [self.metrics.to_string(float_format=lambda v: f"{v:.4f}", na_rep=""),
                 self.table.head(10).to_string(float_format=lambda v: f"{v:.3f}"), self.text]  # fmt: skip
        return "\n\n".join(parts)


@dataclass(frozen=True)
class _Side:
    """One run: its name, tags, metrics, and the sample's contributions by reason group."""

    name: str
    tags: dict[str, str]
    metrics: dict[str, float]
    sample: pd.DataFrame
    groups: pd.DataFrame


def compare_runs(a: str, b: str, *, target: str = "renewal", workspace: Workspace = None) -> Comparison:
    """Compare two tracked runs: of models, or of backtests.

    Rows are matched by the hashes under which their contributions were stored, so that no id is needed; runs that were
    logged under another salt have no row in common.

    Parameters
    ----------
    a, b : str
        Ids of runs, or ``champion``, ``challenger`` or a version number of the target's models.
    target : {"renewal", "churn"}
    workspace : path, address of a tracking server, or None as :func:`track` takes it

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError
        If a run is not there, or has no contributions.
    """
    with connected(workspace) as client:
        one, two = (_side(client, which, target) for which in (a, b))
    both = list(one.groups.columns.union(two.groups.columns, sort=False))
    sums = [side.groups.reindex(columns=both, fill_value=0.0) for side in (one, two)]
    table, metrics = _reasons(one, two, sums), _metrics(one.metrics, two.metrics)
    customers = _customers(one.sample, two.sample, sums)
    return Comparison(table, metrics, customers, _text(one, two, table, metrics, customers))


def _side(client: Any, which: str, target: str) -> _Side:
    run = find_run(client, target, which)
    tags, metrics = tags_and_metrics(client, run)
    try:
        with fetched(f"runs:/{run}/shap.parquet") as file, fetched(f"runs:/{run}/features.json") as dictionary:
            sample = pd.read_parquet(file).set_index("row", drop=False)
            entries = pd.read_json(dictionary)["features"]
    except FileNotFoundError as error:
        raise UsageError("A run that is compared has contributions of its own.", found=f"none in run {run}",
                         fix="Compare runs of models or of backtests, not of single folds.") from error  # fmt: skip
    group = {entry["name"]: entry.get("group") or entry["name"] for entry in entries}
    phi = sample[[name for name in map(str, sample) if name.startswith(PHI) and name != BIAS]].astype("float64")
    sums = phi.rename(columns=lambda name: name.removeprefix(PHI)).T.groupby(pd.Series(group)).sum().T
    return _Side(which if which == run else f"{which} ({run[:8]})", tags, metrics, sample, sums)


def _reasons(one: _Side, two: _Side, sums: list[pd.DataFrame]) -> pd.DataFrame:
    """Mean absolute contributions, and the error of their difference from each customer's share in it."""
    means, shares = [], []
    for side, values in zip((one, two), sums, strict=True):
        size = values.abs()
        means.append(size.mean())
        shares.append((size - size.mean()).groupby(side.sample["customer"]).sum() / len(size))
    error = np.sqrt((shares[1].sub(shares[0], fill_value=0.0) ** 2).sum())
    table = pd.DataFrame({"a": means[0], "b": means[1], "difference": means[1] - means[0]}).rename_axis("group")
    table["low"], table["high"] = table["difference"] - 1.96 * error, table["difference"] + 1.96 * error
    order = np.argsort(-table["difference"].abs().round(6).to_numpy(), kind="stable")
    return table.iloc[order]


def _metrics(a: dict[str, float], b: dict[str, float]) -> pd.DataFrame:
    names = [name for name in a if name in b and f"{name}_low" in a and f"{name}_low" in b]
    rows = {name: {f"{side}{end}": of.get(f"{name}{end}", np.nan) for side, of in (("a", a), ("b", b))
                   for end in ("", "_low", "_high")} for name in sorted(names)}  # fmt: skip
    columns = ["a", "a_low", "a_high", "b", "b_low", "b_high"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("metric")
    return table.assign(difference=table["b"] - table["a"])


def _customers(a: pd.DataFrame, b: pd.DataFrame, sums: list[pd.DataFrame]) -> pd.DataFrame:
    common = a.index.intersection(b.index)
    moved = sums[1].loc[common] - sums[0].loc[common]
    keys = a.loc[common, [name for name in ("customer", "row", "lead_days", "line") if name in a]]
    table = keys.assign(a=a.loc[common, "probability"], b=b.loc[common, "probability"])
    table["difference"] = table["b"] - table["a"]
    most = moved.abs().idxmax(axis=1) if len(common) else pd.Series(dtype="str")
    table["reason"] = most.where(table["difference"] != 0, "")
    order = np.argsort(-table["difference"].abs().round(6).to_numpy(), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def _text(one: _Side, two: _Side, table: pd.DataFrame, metrics: pd.DataFrame, customers: pd.DataFrame) -> str:
    lines = [f"a is {one.name}, b is {two.name}.", _same_rows(one.tags, two.tags)]
    lines += [_side_by_side(name, metrics.loc[name]) for name in _TOLD if name in metrics.index]
    lines += _grown(table) + _moved(customers)
    marks = [f"{name}: {side.tags[key]}" for name, side in (("a", one), ("b", two))
             for key in ("churnkit.not_for_money",) if side.tags.get(key)]  # fmt: skip
    return "\n".join([*lines, *marks, "Reasons are associations."])


def _same_rows(a: dict[str, str], b: dict[str, str]) -> str:
    other = [word for tag, word in _SAME.items() if a.get(f"churnkit.{tag}") != b.get(f"churnkit.{tag}")]
    if not other:
        return "Both were measured on the same data, label and test period."
    return f"They differ in {', '.join(other)}: what follows is not the models' doing alone."


def _side_by_side(name: str, row: Any) -> str:
    title, digits = _TOLD[name]
    a, b = (f"{row[s]:.{digits}f} ({row[f'{s}_low']:.{digits}f} … {row[f'{s}_high']:.{digits}f})" for s in "ab")
    apart = row["a_low"] > row["b_high"] or row["b_low"] > row["a_high"]
    return f"{title}: a {a}, b {b}; the intervals {'do not meet' if apart else 'overlap'}."


def _grown(table: pd.DataFrame) -> list[str]:
    """Name the reasons whose weight differs beyond what the choice of customers explains."""
    lines = []
    for word, rows in (("grew", table[table["low"] > 0]), ("shrank", table[table["high"] < 0])):
        sizes = rows.head(SHOWN)[["difference", "low", "high"]].abs()
        each = [f"{name} by {by:.3f} ({min(ends):.3f} … {max(ends):.3f})"
                for name, by, *ends in sizes.itertuples()]  # fmt: skip
        more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        if each:
            lines.append(f"Reasons that {word}, mean absolute contribution in log-odds: {', '.join(each)}{more}.")
    return [*lines, _FIXED] if lines else ["No reason's weight differs beyond what the choice of customers explains."]


def _moved(customers: pd.DataFrame) -> list[str]:
    if not len(customers):
        return ["The samples have no row in common: other test rows, or another salt."]
    far = customers[customers["difference"].abs() >= MOVED]
    lines = [f"Of {len(customers):,} rows of {customers['customer'].nunique():,} customers in both samples, "
             f"{len(far):,} moved by {100 * MOVED:.0f} pp or more."]  # fmt: skip
    first = customers.drop_duplicates("customer").head(SHOWN)
    told = [f"{row['customer']} from {row['a']:.1%} to {row['b']:.1%} ({100 * row['difference']:+.1f} pp, "
            f"{row['reason']})" for row in first.to_dict("records") if row["reason"]]  # fmt: skip
    return [*lines, f"Moved most: {'; '.join(told)}."] if told else lines
