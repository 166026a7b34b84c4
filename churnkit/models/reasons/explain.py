"""Why a prediction is what it is: exact contributions, summed by reason group, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.columns import Bools, Columns, Floats
from churnkit.models.reasons.shapley import AT_ONCE, tables_of
from churnkit.models.reasons.wording import LANGUAGES, NONE_STRONG, fragment, settled, tail
from churnkit.models.trees import frame_of, threads
from churnkit.panel.catalog import kind_of_group
from churnkit.panel.feature import SENSITIVE, Feature

Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
FEW_ROWS = 1_000  # below, LightGBM's own contributions are there sooner than the tables
STRONG = 0.1  # log-odds; a tenth, about 10 % of the odds
KINDS = ("changeable", "background")


def contributions(model: RenewalModel | ChurnModel, X: Any, *, rows: int | None = None) -> pd.DataFrame:
    """Exact SHAP values in log-odds: what each column adds to the raw score, path-dependent [1]_.

    Parameters
    ----------
    model : RenewalModel or ChurnModel, fitted
    X : DataFrame or array of shape (n_rows, n_features)
    rows : int, optional
        How many there are in all, where X is a part of them: parts of any size are then explained in the same way.

    Returns
    -------
    DataFrame of shape (n_rows, n_features + 1), indexed like X
        One column per training column and ``bias``; rows sum to ``model.raw_score(X)``. LightGBM's ``pred_contrib``
        below 1,000 rows, above them the same numbers from tables, some ten times sooner
        (:mod:`churnkit.models.reasons.shapley`).

    References
    ----------
    .. [1] Lundberg et al. (2020), From local explanations to global understanding, Nature Machine Intelligence 2.
    """
    check_is_fitted(model, "booster_")
    matrix = model.columns_.matrix(X)
    index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(matrix))
    values = np.empty((len(model.columns_.names) + 1, len(matrix)))
    values[-1] = _by_lightgbm(model, matrix[:1])[-1]
    for first, parts in explained(model, matrix, rows=rows):
        values[:-1, first : first + parts.shape[1]] = parts
    return pd.DataFrame(values.T, index=index, columns=[*model.columns_.names, "bias"], copy=False)


def explained(model: RenewalModel | ChurnModel, matrix: Floats, *,
              rows: int | None = None) -> Iterator[tuple[int, Matrix]]:  # fmt: skip
    """Give the contributions of a model's matrix some rows at a time: the first row, and a row per **column**.

    However many rows there are and in whatever order, a row's contributions are the same to the last digit.
    """
    few = (len(matrix) if rows is None else rows) < FEW_ROWS
    tables = None if few else tables_of(model.booster_)
    for first in range(0, len(matrix), AT_ONCE):
        some = matrix[first : first + AT_ONCE]
        if tables is None:
            yield first, _by_lightgbm(model, some)[:-1]
        else:
            parts = np.zeros((matrix.shape[1], len(some)))
            parts[list(tables.columns)] = tables.look_up(some)
            yield first, parts


def _by_lightgbm(model: RenewalModel | ChurnModel, matrix: Floats) -> Matrix:
    values = model.booster_.predict(frame_of(matrix), pred_contrib=True, num_threads=threads(model.n_jobs),
                                    validate_features=True)  # fmt: skip
    return np.ascontiguousarray(np.asarray(values, dtype=np.float64).T)


@dataclass(frozen=True)
class Groups:
    """Columns by reason group, in order of the groups' names.

    Attributes
    ----------
    names : tuple of str
    members : tuple of arrays of int, each group's columns; sensitive and audit columns are in none
    features : tuple of Feature or None, by column
    kinds : tuple of {"changeable", "background"}, by group
    """

    names: tuple[str, ...]
    members: tuple[Codes, ...]
    features: tuple[Feature | None, ...]
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, columns: Columns, describe: Callable[[str], Feature | None]) -> Groups:
        """Group a model's columns; one that is not described, or has no group, is its own."""
        features = tuple(describe(name) for name in columns.names)
        labels = [f.group if f is not None and f.group else n for n, f in zip(columns.names, features, strict=True)]
        shown = [i for i, name in enumerate(columns.names) if name.lower() not in SENSITIVE]
        names = tuple(sorted({labels[i] for i in shown}))
        members = tuple(np.array([i for i in shown if labels[i] == n], dtype=np.intp) for n in names)
        return cls(names, members, features, tuple(kind_of_group(name) for name in names))

    def sums(self, parts: Matrix) -> Matrix:
        """Sum contributions, a row per column, to a row per group; column by column: companions change nothing."""
        out = np.zeros((len(self.names), parts.shape[1]))
        for at, members in enumerate(self.members):
            for column in members:
                out[at] += parts[column]
        return out


def reasons(model: RenewalModel | ChurnModel, X: Any, *, top: int = 3, language: Literal["en", "zh"] = "en",
            catalog: Iterable[Feature] | None = None, toward: Literal["both", "leave"] = "both",
            kind: Literal["both", "changeable", "background"] = "both", rows: int | None = None,
            ) -> pd.DataFrame:  # fmt: skip
    """Top reasons per row in plain words, with the customer's own figures. Associations, not causes.

    Parameters
    ----------
    model : RenewalModel or ChurnModel, fitted
    X : DataFrame or array of shape (n_rows, n_features)
    top : int, reasons per row at most
    language : {"en", "zh"}
    catalog : iterable of Feature, optional
        Groups and texts; those of the model if None: the features it was fitted with, else the standard ones. A column
        outside them is its own group and speaks by name and value. Sensitive and audit columns are never shown.
    toward : {"both", "leave"}
        ``leave`` keeps only reasons that go with lapse or churn, for contact lists.
    kind : {"both", "changeable", "background"}
        ``changeable`` keeps only what the insurer decides or does (service, price, handling of claims), so that a
        caller has something to talk about; ``background`` only what it finds (age, tenure, season). Neither says that a
        change would keep the customer.
    rows : int, optional
        As :func:`contributions` takes it.

    Returns
    -------
    DataFrame, one row per (row of X, rank)
        ``row`` (index label of X), ``rank`` (1 first), ``group``, ``kind``, ``contribution`` (log-odds of class 1),
        ``direction`` (``stay`` or ``leave``) and ``text``. Where no group moves the log-odds by 0.1, one row without
        group says that there is no single strong reason. Ordered by size to three digits, ties by the group's name.

    Raises
    ------
    UsageError
        If language, top, toward or kind is none of the above, or X does not fit the model.
    """
    if language not in LANGUAGES or top < 1 or toward not in ("both", "leave") or kind not in ("both", *KINDS):
        raise UsageError("reasons takes top >= 1, language 'en' or 'zh', toward 'both' or 'leave', kind 'both', "
                         "'changeable' or 'background'.",
                         found=f"top={top}, language={language!r}, toward={toward!r}, kind={kind!r}")  # fmt: skip
    check_is_fitted(model, "booster_")
    describe = model.describe if catalog is None else {f.name: f for f in catalog}.get
    groups = Groups.of(model.columns_, describe)
    frame = model.columns_.align(X)
    matrix = model.columns_.matrix(X)
    missing = {model.columns_.names.index(name): frame[name].isna().to_numpy() for name in model.columns_.categories}
    stay = 1 if model.event == "renewed" else -1
    told = [_told(groups, parts, matrix, missing, first=first, top=top, kind=kind,
                  only=-stay if toward == "leave" else 0)
            for first, parts in explained(model, matrix, rows=rows)]  # fmt: skip
    at, rank, g, size, speaker = (np.concatenate(column) for column in zip(*told, strict=True))
    way = np.where(g < 0, 0, np.sign(size) * stay).astype(np.intp)
    index = X.index.to_numpy() if isinstance(X, pd.DataFrame) else np.arange(len(matrix))
    return pd.DataFrame({
        "row": index[at], "rank": rank, "group": _words([*groups.names, ""], g),
        "kind": _words([*groups.kinds, ""], g), "contribution": size, "direction": _words(["", "stay", "leave"], way),
        "text": _say(model, frame, groups, at, speaker, way, language=language),
    })  # fmt: skip


def _words(words: list[str], codes: Codes) -> pd.Series[str]:
    return pd.Series(pd.array(words, dtype="str")[codes])


_Told = tuple[Codes, Codes, Codes, Matrix, Codes]


def _told(groups: Groups, parts: Matrix, matrix: Floats, missing: dict[int, Bools], *, first: int, top: int, only: int,
          kind: str) -> _Told:  # fmt: skip
    """What is told of some rows: row, rank, group (-1 for none), its size, and the column that speaks for it."""
    sums = groups.sums(parts)
    size = np.abs(np.round(sums, 3))
    if only:
        size[np.sign(sums) != only] = 0.0
    size[[at for at, each in enumerate(groups.kinds) if kind not in ("both", each)]] = 0.0
    weak = size.max(axis=0, initial=0.0) < STRONG
    order = _largest(size, top)
    rows, ranks = np.nonzero((np.take_along_axis(size.T, order, axis=1) > 0) & ~weak[:, None])
    silent = np.flatnonzero(weak)
    at = np.concatenate([rows, silent])
    g = np.concatenate([order[rows, ranks], np.full(len(silent), -1)])
    rank = np.concatenate([ranks, np.zeros(len(silent), dtype=np.intp)]) + 1
    line = np.argsort(at, kind="stable")
    at, g, rank = at[line], g[line], rank[line]
    amount = np.where(g >= 0, sums[g, at], 0.0) if groups.names else np.zeros(len(g))
    return at + first, rank, g, amount, _speakers(groups, parts, matrix, missing, at, g, first=first)


def _largest(size: Matrix, top: int) -> Codes:
    """Places of the largest sizes of each row, largest first, shape (n_rows, top); of equal ones the first name."""
    many = len(size)
    keys = np.rint(size * 1000).astype(np.int64) * many + np.arange(many - 1, -1, -1)[:, None]
    keys = np.ascontiguousarray(keys.T)
    among = np.argpartition(keys, many - top, axis=1)[:, many - top :] if top < many else np.arange(many)[None, :]
    among = np.broadcast_to(among, (len(keys), among.shape[1]))
    order = np.argsort(-np.take_along_axis(keys, among, axis=1), axis=1)
    return np.take_along_axis(among, order, axis=1)


def _speakers(groups: Groups, parts: Matrix, matrix: Floats, missing: dict[int, Bools], at: Codes, g: Codes, *,
              first: int) -> Codes:  # fmt: skip
    """Of each told group the first column that moves most in the group's direction; one with a figure goes first."""
    speaker = np.full(len(g), -1)
    for group in np.unique(g[g >= 0]):
        members, place = groups.members[group], np.flatnonzero(g == group)
        pulls = parts[np.ix_(members, at[place])]
        pulls = np.round(pulls * np.sign(pulls.sum(axis=0)), 3)
        rows = at[place] + first
        none = np.stack([missing[c][rows] if c in missing else np.isnan(matrix[rows, c]) for c in members])
        speaker[place] = members[np.argmax(np.where(none & (pulls > 0), pulls / 1e3, pulls), axis=0)]
    return speaker


def _say(model: RenewalModel | ChurnModel, frame: pd.DataFrame, groups: Groups, at: Codes, speaker: Codes, way: Codes,
         *, language: str) -> pd.Series[str]:  # fmt: skip
    """Words of each reason; a text is made once for all who have the same figure."""
    texts, codes = [NONE_STRONG[language]], np.zeros(len(at), dtype=np.intp)
    tails = [tail(direction, model.event, language) for direction in ("", "stay", "leave")]
    for column in np.unique(speaker[speaker >= 0]):
        place = np.flatnonzero(speaker == column)
        name, feature = model.columns_.names[column], groups.features[column]
        values = frame.iloc[at[place], column]
        if pd.api.types.is_float_dtype(values.dtype):
            shown = values.to_numpy(dtype=np.float64, na_value=np.nan)
            values = pd.Series(settled(shown, "" if feature is None else feature.unit))
        figures, distinct = pd.factorize(values, use_na_sentinel=True)
        both, pairs = pd.factorize(figures * 3 + way[place] % 3)
        codes[place] = both + len(texts)
        told = [*distinct, None]
        texts += [fragment(name, told[pair // 3], feature, language) + tails[pair % 3] for pair in pairs]
    return _words(texts, codes)
