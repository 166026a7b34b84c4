"""What a model rests on: how much each reason group, journey stage and column moves its predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.reasons.explain import KINDS, Groups
from churnkit.models.reasons.sample import Sample, summed
from churnkit.panel.feature import Feature

NO_STAGE = "no stage"
_MOST = 20_000  # rows looked at


@dataclass(frozen=True)
class Importance:
    """How much each part of what is known moves predictions.

    Attributes
    ----------
    table : DataFrame by reason group (touchpoint), largest first
        ``mean_abs``: the mean over rows of the absolute sum of the group's contributions, log-odds, with ``low`` and
        ``high`` (95 %, customers as units); ``share`` of the sum over groups, with ``share_low`` and ``share_high``;
        ``columns``, how many; ``kind``, changeable or background.
    stages : DataFrame by journey stage, the same without kind
        Columns that belong to no stage are ``no stage``.
    features : DataFrame by column, the same without columns and kind
    text : str
    """

    table: pd.DataFrame
    stages: pd.DataFrame
    features: pd.DataFrame
    text: str

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.round(4).to_string()}\n\n{self.text}"


def importance(model: RenewalModel | ChurnModel, X: Any, *, groups: Any = None, most: int = _MOST) -> Importance:
    """Measure how much each reason group, journey stage and column moves predictions. Associations, not causes.

    Parameters
    ----------
    model : RenewalModel or ChurnModel, fitted
    X : DataFrame or array of shape (n_rows, n_features), best the rows of a test period
    groups : array-like of shape (n_rows,), optional
        Customers, the units of the intervals (``panel.groups``); without them each row is its own.
    most : int, rows looked at, drawn at random with a fixed seed where there are more

    Returns
    -------
    Importance

    Raises
    ------
    UsageError
        If X does not fit the model, or groups has not one value per row.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"wait_mean_365d": rng.exponential(5, 2000), "age": rng.normal(45, 9, 2000)})
    >>> y = (rng.random(2000) < 1 / (1 + np.exp(-2 + 0.3 * X["wait_mean_365d"]))).astype(float)
    >>> found = importance(RenewalModel(n_estimators=40).fit(X, y), X)
    >>> found.table["kind"].to_dict(), found.stages.index[0]
    ({'waiting': 'changeable', 'customer': 'background'}, 'servicing')
    """
    sample = Sample.of(model, X, groups, most=most)
    of = Groups.of(model.columns_, model.describe)
    phi = sample.contributions()
    members = {name: columns.tolist() for name, columns in zip(of.names, of.members, strict=True)}
    stages: dict[str, list[int]] = {}
    for column in sorted(column for columns in members.values() for column in columns):
        stages.setdefault(_stage(of.features[column]), []).append(column)
    by_group, by_stage = (_table(sample, phi, each) for each in (members, stages))
    by_group["kind"] = by_group.index.map(dict(zip(of.names, of.kinds, strict=True)))
    shown = [column for columns in members.values() for column in columns]
    features = sample.shares(phi[shown], [model.columns_.names[column] for column in shown])
    return Importance(by_group, by_stage, features, _text(by_group, by_stage, sample.said))


def _stage(feature: Feature | None) -> str:
    return NO_STAGE if feature is None or not feature.stage else feature.stage


def _table(sample: Sample, phi: Any, members: dict[str, list[int]]) -> pd.DataFrame:
    table = sample.shares(summed(phi, members), list(members))
    table["columns"] = [len(members[str(name)]) for name in table.index]
    return table


def _text(groups: pd.DataFrame, stages: pd.DataFrame, said: str) -> str:
    largest, first = groups.head(3), stages.head(3)
    changeable = float(groups.loc[groups["kind"] == KINDS[0], "share"].sum())
    return "\n".join([
        f"Largest reason groups: {'; '.join(_share(largest, name) for name in largest.index)}.",
        f"By stage of the journey: {'; '.join(_share(first, name) for name in first.index)}.",
        f"Groups that tell of what the insurer decides or does: {changeable:.0%} of the sum over groups.",
        f"Shares of the mean absolute contribution in log-odds, of {said}; 95 % intervals by customer. Associations,"
        " not causes.",
    ])  # fmt: skip


def _share(table: pd.DataFrame, name: Any) -> str:
    row = table.loc[name]
    between = "" if np.isnan(row["share_low"]) else f" ({row['share_low']:.1%} … {row['share_high']:.1%})"
    return f"{name} {row['share']:.1%}{between}"
