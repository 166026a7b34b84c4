"""Why a prediction is what it is: exact contributions, summed by reason group, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_is_fitted
from woodelf import WoodelfExplainer

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.columns import Columns, Floats
from churnkit.models.trees import frame_of, threads
from churnkit.models.wording import LANGUAGES, NONE_STRONG, fragment, tail
from churnkit.panel.feature import SENSITIVE, Feature

Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
FEW_ROWS = 2_000  # below, LightGBM's own contributions are faster than woodelf's fixed cost
STRONG = 0.1  # log-odds; a tenth, about 10 % of the odds


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
        below 2,000 rows, the same numbers from woodelf [2]_ (single precision, within 5e-5) above.

    References
    ----------
    .. [1] Lundberg et al. (2020), From local explanations to global understanding, Nature Machine Intelligence 2.
    .. [2] Nadel and Wettenstein (2025), From decision trees to Boolean logic: a fast and unified SHAP algorithm.
    """
    check_is_fitted(model, "booster_")
    matrix = model.columns_.matrix(X)
    index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(matrix))
    few = (len(matrix) if rows is None else rows) < FEW_ROWS
    values = _by_lightgbm(model, matrix) if few else _by_woodelf(model, matrix)
    return pd.DataFrame(values, index=index, columns=[*model.columns_.names, "bias"])


def _by_lightgbm(model: RenewalModel | ChurnModel, matrix: Floats) -> Matrix:
    values = model.booster_.predict(frame_of(matrix), pred_contrib=True, num_threads=threads(model.n_jobs),
                                    validate_features=True)  # fmt: skip
    return np.asarray(values, dtype=np.float64)


def _by_woodelf(model: RenewalModel | ChurnModel, matrix: Floats) -> Matrix:
    bias = _by_lightgbm(model, matrix[:1])[:, -1]
    frame = frame_of(matrix)[model.booster_.feature_name()]
    explainer = WoodelfExplainer(model.booster_, feature_perturbation="tree_path_dependent")
    values = np.asarray(explainer.shap_values(frame, verbose=False), dtype=np.float64)
    return np.column_stack([values, np.full(len(matrix), bias[0])])


@dataclass(frozen=True)
class _Groups:
    """Columns by reason group, in order of the groups' names."""

    names: tuple[str, ...]
    members: tuple[Codes, ...]
    features: tuple[Feature | None, ...]  # by column

    @classmethod
    def of(cls, columns: Columns, describe: Callable[[str], Feature | None]) -> _Groups:
        features = tuple(describe(name) for name in columns.names)
        labels = [f.group if f is not None and f.group else n for n, f in zip(columns.names, features, strict=True)]
        shown = [i for i, name in enumerate(columns.names) if name.lower() not in SENSITIVE]
        names = tuple(sorted({labels[i] for i in shown}))
        return cls(names, tuple(np.array([i for i in shown if labels[i] == n], dtype=np.intp) for n in names), features)


def reasons(model: RenewalModel | ChurnModel, X: Any, *, top: int = 3, language: Literal["en", "zh"] = "en",
            catalog: Iterable[Feature] | None = None,
            toward: Literal["both", "leave"] = "both", rows: int | None = None) -> pd.DataFrame:  # fmt: skip
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
    rows : int, optional
        As :func:`contributions` takes it.

    Returns
    -------
    DataFrame, one row per (row of X, rank)
        ``row`` (index label of X), ``rank`` (1 first), ``group``, ``contribution`` (log-odds of class 1), ``direction``
        (``stay`` or ``leave``) and ``text``. Where no group moves the log-odds by 0.1, one row without group says
        that there is no single strong reason. Ordered by size to three digits, ties by the group's name.

    Raises
    ------
    UsageError
        If language, top or toward is none of the above, or X does not fit the model.
    """
    if language not in LANGUAGES or top < 1 or toward not in ("both", "leave"):
        raise UsageError("reasons takes top >= 1, language 'en' or 'zh', toward 'both' or 'leave'.",
                         found=f"top={top}, language={language!r}, toward={toward!r}")  # fmt: skip
    table = contributions(model, X, rows=rows)
    describe = model.describe if catalog is None else {f.name: f for f in catalog}.get
    groups = _Groups.of(model.columns_, describe)
    parts = table.to_numpy()[:, :-1]
    sums = np.zeros((len(parts), len(groups.names)))
    for i, members in enumerate(groups.members):
        sums[:, i] = parts[:, members].sum(axis=1)
    stay = 1 if model.event == "renewed" else -1
    picked = _pick(sums, top=top, only=-stay if toward == "leave" else 0)
    words = _say(model, X, parts, groups, picked, language=language)
    at, g = picked["at"].to_numpy(), picked["g"].to_numpy()
    size = np.where(g >= 0, sums[at, g], 0.0) if groups.names else np.zeros(len(g))
    way = np.where(g < 0, 0, np.sign(size) * stay).astype(int)
    tails = np.array([tail(d, model.event, language) for d in ("", "stay", "leave")], dtype=object)
    group = np.array([*groups.names, ""], dtype=object)[g]
    direction = np.array(["", "stay", "leave"], dtype=object)[way]
    return pd.DataFrame({"row": table.index.to_numpy()[at], "rank": picked["rank"].to_numpy(), "group": group,
                         "contribution": size, "direction": direction, "text": words + tails[way]})  # fmt: skip


def _pick(sums: Matrix, *, top: int, only: int) -> pd.DataFrame:
    """Positions of the groups that are told for each row: size to three digits, ties by name."""
    size = np.abs(np.round(sums, 3))
    if only:
        size = np.where(np.sign(sums) == only, size, 0.0)
    weak = (size.max(axis=1, initial=0.0) < STRONG) if sums.shape[1] else np.ones(len(sums), dtype=bool)
    order = np.argsort(-size, axis=1, kind="stable")[:, :top]
    rows, ranks = np.nonzero((np.take_along_axis(size, order, axis=1) > 0) & ~weak[:, None])
    told = pd.DataFrame({"at": rows, "rank": ranks + 1, "g": order[rows, ranks]})
    silent = pd.DataFrame({"at": np.flatnonzero(weak), "rank": 1, "g": -1})
    return pd.concat([told, silent]).sort_values(["at", "rank"], kind="stable").reset_index(drop=True)


def _say(model: RenewalModel | ChurnModel, X: Any, parts: Matrix, groups: _Groups, picked: pd.DataFrame, *,
         language: str) -> npt.NDArray[np.object_]:  # fmt: skip
    """Words of each picked reason. It speaks through the first column that moves most in its group's direction."""
    frame = model.columns_.align(X)
    missing = frame.isna().to_numpy()
    words = np.full(len(picked), NONE_STRONG[language], dtype=object)
    speaker = np.full(len(picked), -1)
    for g, members in enumerate(groups.members):
        at = np.flatnonzero(picked["g"] == g)
        rows = picked["at"].to_numpy()[at]
        pulls = parts[np.ix_(rows, members)]
        pulls = np.round(pulls * np.sign(pulls.sum(axis=1))[:, None], 3)
        pulls = np.where(missing[np.ix_(rows, members)] & (pulls > 0), pulls / 1e3, pulls)  # figures speak first
        speaker[at] = members[np.argmax(pulls, axis=1)] if len(rows) else -1
    for column in np.unique(speaker[speaker >= 0]):
        at = np.flatnonzero(speaker == column)
        values = frame.iloc[picked["at"].to_numpy()[at], column]
        codes, distinct = pd.factorize(values, use_na_sentinel=True)
        name = model.columns_.names[column]
        texts = [fragment(name, v, groups.features[column], language) for v in [*distinct, None]]
        words[at] = np.array(texts, dtype=object)[codes]
    return words
