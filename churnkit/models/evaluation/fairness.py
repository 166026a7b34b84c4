"""Whom a model selects, misses and misprices: overall and by group, in one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm
from sklearn.utils.validation import check_is_fitted

from churnkit.errors import ContractError, UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.scores import Vector, draws, interval
from churnkit.models.evaluation.verdict import LAPSES
from churnkit.panel.panel import Panel

FEWEST = 50  # customers; groups of fewer are shown without figures
MOST_GROUPS = 200
MEASURES = ("selected", "miss_rate", "observed_expected")
ALL = ("all", "all")
UNKNOWN = "not known"
_FEW_VALUES = 10  # a number with more values is cut at its quartiles
_TITLES = {"selected": "Selection", "miss_rate": "Misses", "observed_expected": "Calibration"}
Cube = npt.NDArray[np.float64]  # of counts: shape (..., n_groups, 5)


@dataclass(frozen=True)
class ByGroup:
    """A model's selection, misses and calibration, overall and by group.

    Attributes
    ----------
    table : DataFrame, a row per group, the first one overall, index (column, group)
        ``n`` rows, ``customers``, ``lapses``, ``expected`` lapses, ``lapse_rate``; then ``selected`` (share of rows
        selected at capacity), ``miss_rate`` (share of lapses not selected) and ``observed_expected`` lapses, each
        with ``_low`` and ``_high`` (95 %) and with its difference to the overall figure, ``_gap``, ``_gap_low``,
        ``_gap_high``. Shares are between 0 and 1. Groups of fewer than 50 customers have counts of rows and customers
        only, and ``note`` says ``too few``.
    threshold : float, the risk of lapse from which rows are selected, the same for all groups
    text : str, plain sentences
    """

    table: pd.DataFrame
    threshold: float
    text: str = field(default="")

    def __str__(self) -> str:
        """Return the sentences."""
        return self.text


def by_group(model: RenewalModel | ChurnModel, panel: Panel, groups: pd.DataFrame | Iterable[str], *,
             capacity: float = 0.1, n_boot: int = 200, random_state: int = 0) -> ByGroup:  # fmt: skip
    """Compare groups of customers: how many are selected, how many lapses are missed, how calibration holds.

    Rows at the highest risk are selected, a share `capacity` of all, by one threshold for everybody [1]_. Intervals are
    95 %, customers drawn with replacement, the threshold held where it is. A difference between groups is a
    description: it does not say why, and equal figures do not say that a list is fair.

    Parameters
    ----------
    model : RenewalModel or ChurnModel, fitted
    panel : Panel
        A test panel; rows without outcome are left out.
    groups : DataFrame of shape (n_rows, n_columns) indexed like ``panel.X``, or names of columns
        Each column is one division into groups: audit columns (:func:`churnkit.panel.audit.audit_columns`), or names
        of columns of the panel's keys and features, as ``["line", "region"]``. A number with more than ten values is
        cut at its quartiles; a missing value is the group ``not known``.
    capacity : float, share of rows that the team can contact
    n_boot : int, bootstrap draws of customers
    random_state : int

    Returns
    -------
    ByGroup

    Raises
    ------
    UsageError
        If a column is not there, is indexed otherwise, or has more than 200 groups; if capacity is no share.
    ContractError
        CLS28, if no row has lapsed.

    References
    ----------
    .. [1] Barocas, Hardt and Narayanan (2023), Fairness and Machine Learning, chapter 3: selection rates, error rates
       and calibration cannot all be equal where base rates differ.
    """
    check_is_fitted(model, "booster_")
    if not 0 < capacity <= 1:
        raise UsageError("capacity is a share of the rows, above 0 and at most 1.", found=f"{capacity}")
    known = panel.y.notna().to_numpy()
    divisions = {name: _labels(column[known]) for name, column in _columns(panel, groups).items()}
    y, p = np.asarray(panel.y, dtype=np.float64)[known], model.predict_proba(panel.X[known])[:, 1]
    lapse, risk = (1.0 - y, 1.0 - p) if model.event == "renewed" else (y, p)
    if not lapse.sum():
        raise ContractError("CLS28: misses are a share of lapses.", where="the test panel", found="no lapse",
                            fix="Choose a test period whose labels are ripe.")  # fmt: skip
    chosen, threshold = _selected(risk, capacity)
    measured = np.column_stack([np.ones_like(lapse), lapse, risk, chosen, lapse * (1.0 - chosen)])
    people = pd.factorize(panel.groups[known])[0]
    everybody = pd.Series(ALL[1], index=range(len(y)))
    parts = [_Part(measured, people, labels, name=name) for name, labels in ({ALL[0]: everybody} | divisions).items()]
    boots: list[list[Cube]] = [[] for _ in parts]
    for weights in draws(int(people.max()) + 1, n_boot=n_boot, random_state=random_state):
        for part, kept in zip(parts, boots, strict=True):
            kept.append(_ratios(part.sums(weights)))
    cubes = [np.array(kept) for kept in boots]
    rows = [row for part, cube in zip(parts, cubes, strict=True) for row in part.rows(cube, cubes[0])]
    table = pd.DataFrame(rows).set_index(["column", "group"])
    text = _text(table, lapses=LAPSES[model.event], threshold=threshold, capacity=capacity)
    return ByGroup(table.drop(columns=[f"{name}_error" for name in MEASURES]), threshold, text)


class _Part:
    """One division of the rows: what is counted, by customer and group."""

    def __init__(self, measured: Cube, people: npt.NDArray[np.intp], labels: pd.Series[Any], *, name: str) -> None:
        self.name = name
        codes, values = pd.factorize(labels, sort=True)
        self.groups = [str(value) for value in values]
        self._owner, cell = np.unique(people * len(values) + codes, return_inverse=True)
        self._sums = np.column_stack([np.bincount(cell, column) for column in measured.T])
        self._person, self._group = np.divmod(self._owner, len(values))

    def sums(self, weights: Vector) -> Cube:
        """Weighted counts by group, shape (n_groups, 5)."""
        weighed = self._sums * weights[self._person][:, None]
        return np.column_stack([np.bincount(self._group, column, minlength=len(self.groups)) for column in weighed.T])

    def rows(self, boot: Cube, whole: Cube) -> list[dict[str, Any]]:
        """The table's rows: figures, intervals and differences to the whole."""
        everybody = np.ones(int(self._person.max()) + 1)
        counts, people = self.sums(everybody), np.bincount(self._group, minlength=len(self.groups))
        ratios, overall = _ratios(counts), _ratios(counts.sum(axis=0, keepdims=True))[0]
        found = []
        for i, group in enumerate(self.groups):
            n, lapses, expected = counts[i, :3]
            row: dict[str, Any] = {"column": self.name, "group": group, "n": int(n), "customers": int(people[i])}
            few = people[i] < FEWEST
            told = (np.nan,) * 3 if few else (lapses, expected, lapses / n)
            row |= dict(zip(("lapses", "expected", "lapse_rate"), told, strict=True))
            for j, name in enumerate(MEASURES):
                gaps = boot[:, i, j] - whole[:, 0, j]
                error = float(np.nanstd(gaps)) if np.isfinite(gaps).any() else np.nan
                figures = (ratios[i, j], *interval(boot[:, i, j]), ratios[i, j] - overall[j], *interval(gaps), error)
                ends = ("", "_low", "_high", "_gap", "_gap_low", "_gap_high", "_error")
                row |= {f"{name}{end}": np.nan if few else v for end, v in zip(ends, figures, strict=True)}
            found.append(row | {"note": "too few" if few else ""})
        return found


def _ratios(counts: Cube) -> Cube:
    """Share selected, share of lapses missed, observed over expected; NaN where there is nothing to divide by."""
    n, lapses, expected, chosen, missed = np.moveaxis(counts, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = [a / np.where(b > 0, b, np.nan) for a, b in ((chosen, n), (missed, lapses), (lapses, expected))]
    return np.stack(parts, axis=-1)


def _selected(risk: Vector, capacity: float) -> tuple[Vector, float]:
    """How much of each row is selected (rows at the threshold share what is left) and the threshold."""
    places = capacity * len(risk)
    threshold = float(np.sort(risk)[::-1][int(np.ceil(places)) - 1])
    above, at = risk > threshold, risk == threshold
    return np.where(at, (places - above.sum()) / at.sum(), above.astype(np.float64)), threshold


def _columns(panel: Panel, groups: pd.DataFrame | Iterable[str]) -> dict[str, pd.Series[Any]]:
    if isinstance(groups, pd.DataFrame):
        if not groups.index.equals(panel.X.index):
            raise UsageError("Groups are indexed like panel.X.", found=f"{len(groups)} rows for {len(panel)}",
                             fix="Use audit_columns(book, panel), or reindex them.")  # fmt: skip
        return {str(name): groups[name] for name in groups}
    names = [groups] if isinstance(groups, str) else list(groups)
    lost = [name for name in names if name not in panel.keys and name not in panel.X]
    if lost or not names:
        raise UsageError("Groups are columns of the panel's keys or features, or a DataFrame.",
                         found=", ".join(map(str, lost)) or "none",
                         fix="Audit columns come from audit_columns(book, panel).")  # fmt: skip
    return {name: panel.keys[name] if name in panel.keys else panel.X[name] for name in names}


def _labels(column: pd.Series[Any]) -> pd.Series[Any]:
    """A group's name for each row."""
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind):
        named = column.map({True: "yes", False: "no"})
    elif pd.api.types.is_numeric_dtype(kind) and column.nunique() > _FEW_VALUES:
        named, order = _quartiles(column)
        return named.cat.set_categories([*order, UNKNOWN], ordered=True).fillna(UNKNOWN).reset_index(drop=True)
    else:
        named = column.map(lambda value: f"{value:g}" if isinstance(value, float) else str(value), na_action="ignore")
    if named.nunique() > MOST_GROUPS:
        raise UsageError(f"A division has at most {MOST_GROUPS} groups.", found=f"{named.nunique():,}",
                         where=f"column {column.name!r}", fix="Join small groups, cut numbers.")  # fmt: skip
    return named.astype(object).where(named.notna(), UNKNOWN).reset_index(drop=True)


def _quartiles(column: pd.Series[Any]) -> tuple[pd.Series[Any], list[str]]:
    """Bands at the quartiles, named by the values in them, and the names in order."""
    band = pd.qcut(column, 4, labels=False, duplicates="drop")
    ends = column.groupby(band).agg(["min", "max"])
    names = {code: f"{low:g} to {high:g}" for code, low, high in ends.itertuples()}
    return band.map(names).astype("category"), list(names.values())


def _text(table: pd.DataFrame, *, lapses: str, threshold: float, capacity: float) -> str:
    first, groups = table.iloc[0], table.iloc[1:]
    shown = groups[groups["note"] == ""]
    lines = [
        f"{first['n']:,} rows of {first['customers']:,} customers; {capacity:.0%} of the rows are selected, those at a"
        f" risk of {threshold:.2f} or more, the same for all; intervals are 95 %, customers drawn with replacement.",
        f"Overall {first['miss_rate']:.0%} ({first['miss_rate_low']:.0%} … {first['miss_rate_high']:.0%}) of"
        f" {first['lapses']:,.0f} {lapses} are missed; observed/expected {first['observed_expected']:.2f}"
        f" ({first['observed_expected_low']:.2f} … {first['observed_expected_high']:.2f}).",
    ]
    lines += [_widest(shown, name, lapses) for name in MEASURES if shown[f"{name}_gap"].notna().any()]
    few = [f"{column} {group}" for column, group in groups.index[groups["note"] != ""]]
    if few:
        more = f" and {len(few) - 10} more" if len(few) > 10 else ""
        lines.append(f"Too few (under {FEWEST} customers), without figures: {', '.join(few[:10])}{more}.")
    lines.append("These are differences between groups; they do not say why.")
    return "\n".join(lines)


def _widest(shown: pd.DataFrame, name: str, lapses: str) -> str:
    """Name the widest difference, among those that are clear when all groups are looked at together."""
    gap, error = shown[f"{name}_gap"], shown[f"{name}_error"]
    clear = shown[gap.abs() > norm.isf(0.025 / len(shown)) * error]
    pool = clear if len(clear) else shown[gap.notna()]
    row = pool.iloc[int(np.nanargmax(pool[f"{name}_gap"].abs()))]
    low, high = row[f"{name}_gap_low"], row[f"{name}_gap_high"]
    if name == "observed_expected":
        told = f"observed/expected {row[name]:.2f} ({row[f'{name}_low']:.2f} … {row[f'{name}_high']:.2f})"
        far = f"{row[f'{name}_gap']:+.2f} ({low:+.2f} … {high:+.2f})"
    else:
        what = f"of {row['n']:,.0f} rows selected" if name == "selected" else f"of {row['lapses']:,.0f} {lapses} missed"
        told = f"{row[name]:.0%} ({row[f'{name}_low']:.0%} … {row[f'{name}_high']:.0%}) {what}"
        far = f"{100 * row[f'{name}_gap']:+.1f} pp ({100 * low:+.1f} … {100 * high:+.1f})"
    some = f"{len(clear)} of {len(shown)} groups differ{'s' if len(clear) == 1 else ''}"
    many = some if len(clear) else f"none of {len(shown)} groups differs"
    at: Any = row.name
    return (f"{_TITLES[name]}: {many} clearly from the whole, all of them looked at together; the widest is"
            f" {at[0]} {at[1]}: {told}, {far}.")  # fmt: skip
