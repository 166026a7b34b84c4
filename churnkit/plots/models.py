"""Pictures of models: how well they do, and what goes into a score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from churnkit.plots.axes import BLUE, GREY, axes_of


def reliability(curve: pd.DataFrame, *, outcome: str) -> Figure:
    """Draw `reliability_curve`: observed against predicted share with 95 % intervals."""
    figure, axes = axes_of(f"Reliability: {outcome}", "predicted share", "observed share")
    low, high = min(curve["predicted"].min(), curve["low"].min()), max(curve["predicted"].max(), curve["high"].max())
    axes.plot([low, high], [low, high], color=GREY, linewidth=1, label="perfect")
    around = np.array([curve["observed"] - curve["low"], curve["high"] - curve["observed"]]).clip(min=0)
    axes.errorbar(
        curve["predicted"], curve["observed"], yerr=around, color=BLUE, fmt="o-", capsize=2, label="model, 95 %"
    )
    axes.legend(frameon=False, loc="upper left")
    return figure


def gains(curve: pd.DataFrame, *, outcome: str) -> Figure:
    """Draw `gains_curve`: share of the lapses reached by contacting the rows at the highest risk."""
    figure, axes = axes_of("Who is reached", "share contacted, highest risk first", f"share of {outcome} reached")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, label="at random")
    axes.plot([0, *curve["contacted"]], [0, *curve["captured"]], color=BLUE, label="by the model")
    axes.legend(frameon=False, loc="lower right")
    return figure


def lift(curve: pd.DataFrame, *, outcome: str) -> Figure:
    """Draw `gains_curve` as lift: how many times chance the rows contacted hold."""
    figure, axes = axes_of("Lift", "share contacted, highest risk first", f"share of {outcome} / share contacted")
    axes.axhline(1, color=GREY, linewidth=1, label="at random")
    axes.plot(curve["contacted"], curve["lift"], "o-", color=BLUE, markersize=3, label="by the model")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="upper right")
    return figure


def precision_recall(curve: pd.DataFrame, *, outcome: str) -> Figure:
    """Draw `precision_recall_curve`: how many of those contacted are lapses, against the lapses reached."""
    figure, axes = axes_of(
        "Precision and recall", f"recall: share of {outcome} reached", f"precision: {outcome} reached / contacted"
    )
    axes.axhline(curve["precision"].iloc[-1], color=GREY, linewidth=1, label="at random")
    axes.plot(curve["recall"], curve["precision"], color=BLUE, label="by the model")
    axes.set(xlim=(0, 1), ylim=(0, None))
    axes.legend(frameon=False, loc="upper right")
    return figure


def importance(table: pd.Series[float], *, title: str = "Mean absolute contribution by reason group",
               unit: str = "log-odds") -> Figure:  # fmt: skip
    """Draw a bar per reason group, longest on top."""
    shown = table.sort_values().tail(15)
    figure, axes = axes_of(title, unit, "", size=(6.0, 0.32 * len(shown) + 1.2))
    axes.barh([str(name) for name in shown.index], shown.to_numpy(), color=BLUE)
    if shown.abs().max() >= 1000:  # money
        axes.locator_params(axis="x", nbins=5)
        axes.xaxis.set_major_formatter("{x:,.0f}")
    return figure


def beeswarm(contributions: pd.DataFrame, values: pd.DataFrame, *, most: int = 12) -> Figure:
    """Draw each row's contribution by feature, coloured by the rank of the feature's value (grey: missing).

    Parameters
    ----------
    contributions : DataFrame of shape (n_rows, n_features), log-odds
    values : DataFrame of the same columns, the feature values; texts are grey
    most : int, features shown
    """
    names = contributions.abs().mean().sort_values().tail(most).index
    figure, axes = axes_of("Contributions by feature", "log-odds", "", size=(7.0, 0.38 * len(names) + 1.2))
    jitter = np.random.default_rng(0).uniform(-0.32, 0.32, len(contributions))
    for row, name in enumerate(names):
        column = values[name]
        rank = column.rank(pct=True) if pd.api.types.is_numeric_dtype(column) else pd.Series(np.nan, index=column.index)
        missing = rank.isna().to_numpy()
        x = contributions[name].to_numpy()
        axes.scatter(x[missing], row + jitter[missing], s=4, color=GREY, linewidths=0)
        axes.scatter(x[~missing], row + jitter[~missing], s=4, c=rank[~missing], cmap="cividis", linewidths=0)
    axes.set_yticks(range(len(names)), list(names))
    axes.axvline(0, color=GREY, linewidth=1)
    return figure


def by_segment(table: pd.DataFrame, *, outcome: str, by: str = "line") -> Figure:
    """Draw observed against expected lapses per segment with 95 % intervals, such as ``Evaluation.by_line``."""
    figure, axes = axes_of(f"Observed / expected {outcome} by {by}", "ratio", "", size=(6.0, 0.5 * len(table) + 1.5))
    sides = [f"observed_expected_{side}" if f"observed_expected_{side}" in table else side for side in ("low", "high")]
    low, high = (table[side] for side in sides)
    ratio, rows = table["observed_expected"], np.arange(len(table))
    around = np.array([ratio - low, high - ratio]).clip(min=0)
    axes.errorbar(ratio, rows, xerr=around, fmt="o", color=BLUE, capsize=2)
    axes.set_yticks(rows, [f"{each:g} (n {n:,})" if isinstance(each, float) else f"{each} (n {n:,})"
                         for each, n in zip(table.index, table["n"], strict=True)])  # fmt: skip
    axes.axvline(1, color=GREY, linewidth=1)
    return figure


def shares(table: pd.DataFrame, *, title: str = "Share of the mean absolute contribution") -> Figure:
    """Draw ``Importance.table``, ``.stages`` or ``.features``: shares with 95 % intervals, the largest 15 on top."""
    shown = table.head(15).iloc[::-1]
    figure, axes = axes_of(title, "share", "", size=(6.5, 0.32 * len(shown) + 1.4))
    around = np.array([shown["share"] - shown["share_low"], shown["share_high"] - shown["share"]]).clip(min=0)
    axes.barh([str(name) for name in shown.index], shown["share"], xerr=around, color=BLUE, ecolor=GREY, capsize=2)
    axes.xaxis.set_major_formatter("{x:.0%}")
    return figure


def dependence(table: pd.DataFrame, *, feature: str) -> Figure:
    """Draw ``Dependence.table``: mean contribution with its 95 % interval, over the histogram of its values."""
    figure = Figure(figsize=(6.5, 5.0), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    at = np.arange(len(table))
    around = np.array([table["contribution"] - table["low"], table["high"] - table["contribution"]]).clip(min=0)
    above.errorbar(at, table["contribution"], yerr=around, fmt="o", color=BLUE, capsize=2)
    above.axhline(0, color=GREY, linewidth=1)
    above.set(title=f"Dependence on {feature}", ylabel="contribution, log-odds")
    below.bar(at, table["n"], color=GREY)
    below.set(ylabel="rows")
    below.set_xticks(at, table["value"], rotation=90, fontsize=7)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def interactions(table: pd.DataFrame) -> Figure:
    """Draw ``Interactions.table``: the pairs that act together most, with 95 % intervals."""
    shown = table.iloc[::-1]
    figure, axes = axes_of(
        "Interactions", "mean absolute interaction, log-odds", "", size=(7.0, 0.36 * len(shown) + 1.4)
    )
    around = np.array([shown["mean_abs"] - shown["low"], shown["high"] - shown["mean_abs"]]).clip(min=0)
    names = [f"{first} × {second}" for first, second in zip(shown["first"], shown["second"], strict=True)]
    axes.barh(names, shown["mean_abs"], xerr=around, color=BLUE, ecolor=GREY, capsize=2)
    return figure
