"""From a matrix as people hold it to the plain floats that trees read, aligned by name."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import ContractError, LeakageError, UsageError
from churnkit.models.ranges import Range, learn_ranges
from churnkit.panel.feature import SENSITIVE

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.float64]
_NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")
_DATES = ("datetime64", "datetime", "date", "time", "timedelta64", "timedelta", "period", "interval")


def as_frame(X: Any) -> pd.DataFrame:
    """Return `X` as a DataFrame: itself, or a bare two-dimensional array with columns ``x0``, ``x1`` ...

    Parameters
    ----------
    X : DataFrame or array of shape (n_rows, n_columns)

    Raises
    ------
    UsageError
        If `X` is sparse, not two-dimensional, has no rows or no columns, or names a column twice.

    Examples
    --------
    >>> list(as_frame([[1.0, 2.0]]).columns)
    ['x0', 'x1']
    """
    if hasattr(X, "toarray"):
        raise UsageError("X is a DataFrame or a dense array.", found="a sparse matrix", fix="Pass X.toarray().")
    if isinstance(X, pd.DataFrame):
        frame = X if all(isinstance(c, str) for c in X.columns) else X.set_axis([str(c) for c in X.columns], axis=1)
    else:
        array = np.asarray(X)
        if np.iscomplexobj(array):
            raise UsageError("Complex data not supported.", found=f"{array.dtype}", where="X")
        if array.ndim != 2:
            raise UsageError("Expected 2D array, rows by columns.", found=f"{array.ndim} dimension(s)",
                             fix="Reshape your data: one row is X.reshape(1, -1).")  # fmt: skip
        frame = pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])
        frame = frame.infer_objects() if array.dtype == object else frame
    if not frame.shape[1] or not len(frame):
        empty = "sample" if not len(frame) else "feature"
        raise UsageError("X has at least one row and one column.",
                         found=f"0 {empty}(s) (shape={frame.shape}) while a minimum of 1 is required")  # fmt: skip
    if not frame.columns.is_unique:
        twice = sorted(set(frame.columns[frame.columns.duplicated()]))
        raise UsageError("A column name stands for one column.", found=f"twice: {', '.join(twice)}", where="X")
    return frame


def kind_of(column: pd.Series[Any]) -> str:
    """Say what a column holds: ``number``, ``category``, ``date``, ``empty`` or ``other``.

    Texts, pandas categories and truth values are categories; a column of objects is what its values are.

    Examples
    --------
    >>> kind_of(pd.Series([True, None], dtype=object)), kind_of(pd.Series([1, 2]))
    ('category', 'number')
    """
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(kind):
        return "category"
    if pd.api.types.is_complex_dtype(kind):
        return "other"
    if pd.api.types.is_numeric_dtype(kind):
        return "number"
    word = pd.api.types.infer_dtype(column, skipna=True)
    if word in _NUMBERS or word in _DATES:
        return "number" if word in _NUMBERS else "date"
    return {"empty": "empty", "string": "category", "boolean": "category", "mixed": "other", "complex": "other"}.get(
        word, "category"
    )


def _coded(column: pd.Series[Any]) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Codes into the distinct values as texts; -1 where the value is missing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.codes, dtype=np.intp), [str(c) for c in column.cat.categories]
    codes, values = pd.factorize(column, use_na_sentinel=True)
    return codes, [str(v) for v in values]


def _levels(column: pd.Series[Any]) -> tuple[str, ...]:
    """Categories in the order of their codes: the most frequent first, so that a model is the same in any language."""
    codes, values = _coded(column)
    count = np.bincount(codes[codes >= 0], minlength=len(values))
    present = [(values[i], int(count[i])) for i in np.flatnonzero(count)]
    if not (isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered):
        present.sort(key=lambda each: (-each[1], each[0]))
    return tuple(dict.fromkeys(value for value, _ in present))


@dataclass(frozen=True)
class Columns:
    """The columns of a training matrix: names, which are categories, and their codes, fixed once.

    Attributes
    ----------
    names : tuple of str
        In training order.
    categories : dict of str to tuple of str
        Category columns with their values; the position of a value is its code. An ordered pandas category keeps
        its order, everything else is ordered by frequency, then by name.
    named : bool
        Whether training saw names (a DataFrame) or a bare array.
    ranges : dict of str to Range
        Where the numbers of training lay.
    """

    names: tuple[str, ...]
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    empty: frozenset[str] = frozenset()
    named: bool = True
    ranges: dict[str, Range] = field(default_factory=dict, repr=False)

    @classmethod
    def learn(cls, X: Any) -> Columns:
        """Fix names, kinds and category codes on a training matrix.

        Raises
        ------
        UsageError
            If a column holds dates or anything else that is neither number nor category.
        """
        frame = as_frame(X)
        kinds = {name: kind_of(frame[name]) for name in frame}
        dates = [str(n) for n, kind in kinds.items() if kind == "date"]
        others = [str(n) for n, kind in kinds.items() if kind == "other"]
        if dates:
            raise UsageError("A feature is a number or a category, not a date.", found=f"dates in {', '.join(dates)}",
                             where="X", fix="Turn them into days before the cutoff, or drop them.")  # fmt: skip
        if others:
            raise UsageError("A feature is a number or a category.", found=f"other objects in {', '.join(others)}",
                             where="X", fix="Turn them into a string or a number, or drop them.")  # fmt: skip
        categories = {str(n): _levels(frame[n]) for n, kind in kinds.items() if kind == "category"}
        empty = frozenset(str(n) for n, kind in kinds.items() if kind == "empty")
        ranges = learn_ranges({str(n): frame[n] for n, kind in kinds.items() if kind == "number"})
        return cls(tuple(frame.columns), categories, empty, isinstance(X, pd.DataFrame), ranges)

    @property
    def inner(self) -> list[str]:
        """Names that LightGBM accepts, whatever the real ones hold."""
        return [f"f{i}" for i in range(len(self.names))]

    def position(self, name: str) -> int | None:
        """Return where a column stands, or None."""
        return self.names.index(name) if name in self.names else None

    def align(self, X: Any) -> pd.DataFrame:
        """Return the training columns of `X`, in training order; extra columns are left out.

        Raises
        ------
        UsageError
            Naming every missing column and every column of another kind at once.
        """
        frame = as_frame(X)
        if self.named != isinstance(X, pd.DataFrame):
            if self.named:
                raise UsageError("Columns are matched by name.", found="an array without names",
                                 fix="Pass a DataFrame with the training columns.")  # fmt: skip
            frame = as_frame(np.asarray(X))
        if not self.named and frame.shape[1] != len(self.names):
            raise UsageError(f"X has {frame.shape[1]} features, but this model is expecting {len(self.names)} "
                             "features as input.", fix="Pass the training columns, in training order.")  # fmt: skip
        faults = [f"missing: {', '.join(lost)}"] if (lost := [n for n in self.names if n not in frame.columns]) else []
        for name in self.names:
            if name in frame.columns and (fault := self._mismatch(name, frame[name])):
                faults.append(fault)
        if faults:
            raise UsageError("X has the columns of training, of the same kinds.", found="; ".join(faults), where="X",
                             fix="Build X with the features the model was trained on.")  # fmt: skip
        return frame[list(self.names)]

    def _mismatch(self, name: str, column: pd.Series[Any]) -> str:
        kind = kind_of(column)
        wanted = "category" if name in self.categories else "number"
        if name in self.empty or kind in (wanted, "empty"):
            return ""
        return f"{name} holds {kind} values ({column.dtype}), training had {wanted}"

    def matrix(self, X: Any) -> Floats:
        """Return `X` as float32 of shape (n_rows, n_columns): categories as codes, missing and unseen as NaN.

        Raises
        ------
        UsageError
            If columns differ from training, or a number is infinite.
        """
        frame = self.align(X)
        out = np.full(frame.shape, np.nan, dtype=np.float32, order="F")  # written, and read by trees, column by column
        for i, name in enumerate(self.names):
            if name in self.categories:
                codes, values = _coded(frame[name])
                lookup = {value: code for code, value in enumerate(self.categories[name])}
                out[:, i] = np.array([*(lookup.get(v, np.nan) for v in values), np.nan])[codes]
            elif name not in self.empty:
                with np.errstate(over="ignore"):
                    out[:, i] = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        infinite = [name for i, name in enumerate(self.names) if np.isinf(out[:, i]).any()]
        if infinite:
            raise UsageError("A number is finite or missing.", found=f"infinity in {', '.join(infinite)}", where="X",
                             fix="Replace infinite values by NaN.")  # fmt: skip
        return out

    def unseen_by_column(self, X: Any) -> dict[str, tuple[Bools, list[str]]]:
        """Rows with a value that training never saw, and the values, by category column that has some."""
        frame, found = self.align(X), {}
        for name, known in self.categories.items():
            codes, values = _coded(frame[name])
            rows = np.array([*(v not in known for v in values), False])[codes]
            if rows.any():
                found[name] = (rows, sorted({values[code] for code in np.unique(codes[rows])}))
        return found


def refuse_audit_columns(names: Iterable[str]) -> None:
    """Refuse columns that are for audits only, and warn of those whose names speak of one.

    Raises
    ------
    LeakageError
        Naming every such column at once.

    Examples
    --------
    >>> refuse_audit_columns(["age", "gender"])
    Traceback (most recent call last):
    ...
    churnkit.errors.LeakageError: Columns for audits only are never features. Found: gender (X). Drop them from X, and
    give them to by_group.
    """
    named = list(names)
    if held := [name for name in named if name.lower() in SENSITIVE]:
        raise LeakageError("Columns for audits only are never features.", found=", ".join(held), where="X",
                           fix="Drop them from X, and give them to by_group.")  # fmt: skip
    spoken = [name for name in named if SENSITIVE & set(re.split(r"[^a-z]+", name.lower()))]
    if spoken:
        warnings.warn(f"These columns of X may be for audits only, by their names: {', '.join(spoken)}.", stacklevel=3)


def check_labels(y: Any, rows: int, *, min_events: int) -> Labels:
    """Return the labels as floats 0.0 and 1.0.

    Raises
    ------
    UsageError
        If labels are missing, other than 0 and 1, or not one per row.
    ContractError
        CLS28: one class only, or fewer than `min_events` of the rarer one.
    """
    if y is None:
        raise UsageError("Training requires y to be passed, but the target y is None.")
    column = pd.Series(np.asarray(y).ravel() if not isinstance(y, pd.Series) else y.to_numpy(na_value=np.nan))
    if len(column) != rows:
        raise UsageError("There is one label per row.", found=f"{len(column)} labels, {rows} rows")
    if missing := int(column.isna().sum()):
        raise UsageError("Training labels are 0 or 1, never missing.", found=f"{missing:,} NaN of {rows:,}", where="y",
                         fix="Keep ripe rows only: X[y.notna()], y[y.notna()].")  # fmt: skip
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isin(values, (0.0, 1.0)).all():
        odd = ", ".join(sorted({repr(v) for v in column[~np.isin(values, (0.0, 1.0))].unique().tolist()})[:5])
        raise UsageError("Training labels are 0 or 1.", found=f"Unknown label type: {odd}", where="y")
    ones = int(values.sum())
    if min(ones, rows - ones) < max(min_events, 1):
        raise ContractError(
            f"CLS28: training needs both classes, and at least {max(min_events, 1)} rows of the rarer one.",
            found=f"{rows - ones:,} zeros and {ones:,} ones", where="y",
            fix="Use a longer history, wait until more labels are ripe, or lower min_events.")  # fmt: skip
    return values
