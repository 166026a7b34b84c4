"""How one column acts: its contribution against its value, over the histogram of where the data are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.reasons.sample import Sample
from churnkit.models.reasons.wording import number
from churnkit.panel.feature import SENSITIVE

Codes = npt.NDArray[np.intp]
MISSING = "missing"
_MOST, _BINS, _FEW, _ENDS = 20_000, 20, 50, (0.01, 0.99)


@dataclass(frozen=True)
class Dependence:
    """How one column's contribution goes with its value.

    Attributes
    ----------
    table : DataFrame, a row per range of values or per category, and one for missing values where there are any
        ``value`` in words; ``least`` and ``most``, the range of numbers (NaN otherwise); ``n`` rows and their
        ``share``: the histogram; ``contribution``, the mean in log-odds, with ``low`` and ``high`` (95 %, customers as
        units); ``spread``, its standard deviation between rows: what other columns make of the same value.
    feature : str
    text : str
    """

    table: pd.DataFrame
    feature: str
    text: str

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.round(4).to_string(index=False)}\n\n{self.text}"


def dependence(model: RenewalModel | ChurnModel, X: Any, feature: str, *, groups: Any = None,
               most: int = _MOST) -> Dependence:  # fmt: skip
    """Show how a column's contribution goes with its value. An association, not a cause.

    Numbers are told one by one if there are up to 20 of them, else in 20 ranges of the same width between the 1 % and
    99 % quantiles, the outer ones open; categories by frequency.

    Parameters
    ----------
    model : RenewalModel or ChurnModel, fitted
    X : DataFrame or array of shape (n_rows, n_features), best the rows of a test period
    feature : str, a column of training
    groups, most
        As :func:`churnkit.importance` takes them.

    Returns
    -------
    Dependence

    Raises
    ------
    UsageError
        If the model has no such column, or it is for audits only.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"wait": rng.exponential(5, 2000)})
    >>> y = (rng.random(2000) < 1 / (1 + np.exp(-2 + 0.3 * X["wait"]))).astype(float)
    >>> found = dependence(RenewalModel(n_estimators=40).fit(X, y), X, "wait").table
    >>> len(found), bool(found["contribution"].iloc[0] > 0 > found["contribution"].iloc[-1])
    (20, True)
    """
    place = model.columns_.position(feature) if hasattr(model, "columns_") else None
    if place is None or feature.lower() in SENSITIVE:
        raise UsageError("Dependence is shown of a column that the model was trained on.", found=repr(feature),
                         fix="Take one of importance(model, X).features.")  # fmt: skip
    sample = Sample.of(model, X, groups, most=most)
    values, phi = sample.frame.iloc[:, place], sample.contributions()[place]
    codes, bins = _categories(values) if feature in model.columns_.categories else _ranges(values)
    rows = []
    for code, words in bins.items():
        mine = codes == code
        part = Sample(model, sample.frame, sample.matrix, pd.factorize(sample.units[mine])[0], "")
        mean, low, high = part.means(phi[mine][None, :]).iloc[0]
        rows.append({**words, "n": int(mine.sum()), "share": float(mine.mean()), "contribution": mean, "low": low,
                     "high": high, "spread": float(phi[mine].std())})  # fmt: skip
    table = pd.DataFrame(rows)
    return Dependence(table, feature, _text(feature, table, sample.said))


def _categories(values: pd.Series[Any]) -> tuple[Codes, dict[int, dict[str, Any]]]:
    texts = values.astype("str").where(values.notna())
    names = texts.value_counts().index
    codes = pd.Categorical(texts, categories=names).codes.astype(np.intp)
    bins = {at: {"value": str(name), "least": np.nan, "most": np.nan} for at, name in enumerate(names)}
    return codes, bins | _missing(codes)


def _ranges(column: pd.Series[Any]) -> tuple[Codes, dict[int, dict[str, Any]]]:
    figures = column.to_numpy(dtype=np.float64, na_value=np.nan)
    there = figures[~np.isnan(figures)]
    if not len(there):
        return np.full(len(figures), -1), _missing(np.array([-1]))
    values = np.unique(there)
    if len(values) > _BINS:
        first, last = np.quantile(there, _ENDS, method="inverted_cdf")
        values = np.linspace(first, last, _BINS + 1)[1:]
    cuts = values[:-1]
    codes = np.where(np.isnan(figures), -1, np.searchsorted(cuts, figures, side="left"))
    bins = {}
    for code in np.unique(codes[codes >= 0]):
        mine = figures[codes == code]
        least, most = float(mine.min()), float(mine.max())
        words = number(least) if least == most else f"{number(least)} … {number(most)}"
        bins[int(code)] = {"value": words, "least": least, "most": most}
    return codes, bins | _missing(codes)


def _missing(codes: Codes) -> dict[int, dict[str, Any]]:
    return {-1: {"value": MISSING, "least": np.nan, "most": np.nan}} if (codes < 0).any() else {}


def _text(feature: str, table: pd.DataFrame, said: str) -> str:
    told = table[table["n"] >= _FEW].sort_values("contribution", kind="stable")
    lines = []
    if len(told) > 1:
        least, largest = (_end(told.iloc[at]) for at in (0, -1))
        lines.append(f"{feature} goes with contributions from {least} to {largest} in log-odds.")
    else:
        lines.append(f"{feature}: too few different values with {_FEW} rows or more to compare.")
    return "\n".join([*lines, f"Of {said}; 95 % intervals by customer. An association, not a cause."])


def _end(row: pd.Series[Any]) -> str:
    between = f"{row['low']:+.2f} … {row['high']:+.2f}"
    return f"{row['contribution']:+.2f} ({between}) at {row['value']} (n {row['n']:,})"
