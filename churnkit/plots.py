"""A result table in, a matplotlib figure out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

BLUE, GREY, ORANGE, PALE = "#0072B2", "#8A94A6", "#D55E00", "#DCE3EC"


def _axes(title: str, x: str, y: str, *, size: tuple[float, float] = (6.0, 4.5)) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def reliability(curve: pd.DataFrame, *, outcome: str) -> Figure:
    """Draw `reliability_curve`: observed against predicted share with 95 % intervals."""
    figure, axes = _axes(f"Reliability: {outcome}", "predicted share", "observed share")
    low, high = min(curve["predicted"].min(), curve["low"].min()), max(curve["predicted"].max(), curve["high"].max())
    axes.plot([low, high], [low, high], color=GREY, linewidth=1, label="perfect")
    around = np.array([curve["observed"] - curve["low"], curve["high"] - curve["observed"]]).clip(min=0)
    axes.errorbar(
        curve["predicted"], curve["observed"], yerr=around, color=BLUE, fmt="o-", capsize=2, label="model, 95 %"
    )
    axes.legend(frameon=False)
    return figure


def gains(curve: pd.DataFrame, *, outcome: str) -> Figure:
    """Draw `gains_curve`: share of the lapses reached by contacting the rows at the highest risk."""
    figure, axes = _axes("Who is reached", "share contacted, highest risk first", f"share of {outcome} reached")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, label="at random")
    axes.plot([0, *curve["contacted"]], [0, *curve["captured"]], color=BLUE, label="by the model")
    axes.legend(frameon=False)
    return figure


def lift(curve: pd.DataFrame, *, outcome: str) -> Figure:
    """Draw `gains_curve` as lift: how many times chance the rows contacted hold."""
    figure, axes = _axes("Lift", "share contacted, highest risk first", f"share of {outcome} / share contacted")
    axes.axhline(1, color=GREY, linewidth=1, label="at random")
    axes.plot(curve["contacted"], curve["lift"], "o-", color=BLUE, markersize=3, label="by the model")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def precision_recall(curve: pd.DataFrame, *, outcome: str) -> Figure:
    """Draw `precision_recall_curve`: how many of those contacted are lapses, against the lapses reached."""
    figure, axes = _axes(
        "Precision and recall", f"recall: share of {outcome} reached", f"precision: {outcome} reached / contacted"
    )
    axes.axhline(curve["precision"].iloc[-1], color=GREY, linewidth=1, label="at random")
    axes.plot(curve["recall"], curve["precision"], color=BLUE, label="by the model")
    axes.set(xlim=(0, 1), ylim=(0, None))
    axes.legend(frameon=False)
    return figure


def importance(table: pd.Series[float], *, title: str = "Mean absolute contribution by reason group",
               unit: str = "log-odds") -> Figure:  # fmt: skip
    """Draw a bar per reason group, longest on top."""
    shown = table.sort_values().tail(15)
    figure, axes = _axes(title, unit, "", size=(6.0, 0.32 * len(shown) + 1.2))
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
    figure, axes = _axes("Contributions by feature", "log-odds", "", size=(7.0, 0.38 * len(names) + 1.2))
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
    figure, axes = _axes(f"Observed / expected {outcome} by {by}", "ratio", "", size=(6.0, 0.5 * len(table) + 1.5))
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
    figure, axes = _axes(title, "share", "", size=(6.5, 0.32 * len(shown) + 1.4))
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
    figure, axes = _axes("Interactions", "mean absolute interaction, log-odds", "", size=(7.0, 0.36 * len(shown) + 1.4))
    around = np.array([shown["mean_abs"] - shown["low"], shown["high"] - shown["mean_abs"]]).clip(min=0)
    names = [f"{first} × {second}" for first, second in zip(shown["first"], shown["second"], strict=True)]
    axes.barh(names, shown["mean_abs"], xerr=around, color=BLUE, ecolor=GREY, capsize=2)
    return figure


def survival(table: pd.DataFrame, *, segments: Sequence[str] | None = None, most: int = 6) -> Figure:
    """Draw ``SurvivalCheck.table``: predicted survival on Kaplan-Meier's with its 95 % band, a panel per segment.

    Parameters
    ----------
    table : DataFrame indexed by (segment, renewal): at_risk, observed, low, high, predicted
    segments : names of those to draw, optional; else the `most` with the most policies, all of them together first
    """
    first = table["at_risk"].groupby(level=0).first().drop(index="all", errors="ignore").nlargest(most).index
    whole = [name for name in ("all",) if name in table.index]
    shown = [str(name) for name in (segments if segments is not None else [*whole, *first][:most])]
    across = min(len(shown), 3)
    down = -(-len(shown) // across)
    figure = Figure(figsize=(3.3 * across + 0.4, 2.7 * down + 0.8), layout="constrained")
    grid = np.ravel(figure.subplots(down, across, sharey=True, squeeze=False))
    for axes, name in zip(grid, shown, strict=False):
        _survival_of(axes, table[table.index.get_level_values(0) == name].droplevel(0), name)
        axes.set_xlim(-0.1, table.index.get_level_values(1).max() + 0.3)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    figure.suptitle("Survival: predicted, and observed since", fontsize=12)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def _survival_of(axes: Axes, rows: pd.DataFrame, name: str) -> None:
    """One segment's predicted and observed survival; the gap is orange where the interval does not hold it."""
    at = rows.index.to_numpy(dtype=np.float64)
    axes.plot(np.r_[0, at], np.r_[1.0, rows["predicted"]], color=BLUE, linewidth=2, label="predicted")
    around = np.array([rows["observed"] - rows["low"], rows["high"] - rows["observed"]]).clip(min=0)
    axes.errorbar(at, rows["observed"], yerr=np.nan_to_num(around), fmt="o", color="#4A5361", markersize=4.5, capsize=3,
                  linewidth=1.2, label="observed (Kaplan-Meier, 95 %)")  # fmt: skip
    end = rows.iloc[-1]
    fits = not (end["predicted"] < end["low"] or end["predicted"] > end["high"])
    axes.text(0.97, 0.95, f"after {at[-1]:.0f}: {100 * end['gap']:+.1f} pp", ha="right", va="top", fontsize=9,
              transform=axes.transAxes, color=BLUE if fits else ORANGE)  # fmt: skip
    axes.set_title(f"{name} (n {int(rows['at_risk'].iloc[0]):,})", fontsize=10)
    axes.set(ylim=(0, 1.04), xlabel="renewals ahead")
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)


def lifetime_gains(table: pd.DataFrame, *, years: int) -> Figure:
    """Draw ``LifetimeGains.table``: share of all renewals made by those of the longest expected lifetime."""
    figure, axes = _axes("Who stays is found", "share of policies, longest expected lifetime first",
                         f"share of their renewals over {years}")  # fmt: skip
    at, captured, best = (np.r_[0.0, table[name]] for name in ("chosen", "captured", "at_best"))
    axes.plot(at, best, color=GREY, linewidth=1, linestyle="--", label="had renewals been known")
    axes.fill_between(at, at, captured, color=PALE, linewidth=0)
    axes.plot(at, captured, color=BLUE, linewidth=2, label="by expected lifetime")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, label="at random")
    half = int(np.abs(at - 0.5).argmin())
    axes.plot(at[half], captured[half], "o", color=BLUE)
    axes.annotate(f"{at[half]:.0%} of policies,\n{captured[half]:.1%} of renewals", (at[half], captured[half]),
                  xytext=(46, -92), textcoords="offset points", fontsize=9, color=BLUE,
                  arrowprops={"arrowstyle": "-", "color": BLUE, "linewidth": 0.8})  # fmt: skip
    axes.set(xlim=(0, 1.01), ylim=(0, 1.02))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False, loc="lower right")
    return figure


def value_at_risk(table: pd.DataFrame, *, unit: str = "currency", most: int = 18) -> Figure:
    """Draw ``value_at_risk``: by due month, the value if all renew and the part that lapses are expected to cost."""
    shown = table.head(most)
    scale, word = _scale(float(shown["value"].max()))
    figure, axes = _axes("Value at risk by due month", "", f"{word}{unit}", size=(max(5.0, 0.55 * len(shown) + 1.6), 4))
    at = np.arange(len(shown))
    axes.bar(at, shown["value"] / scale, color=PALE, width=0.75, label="value if all renew")
    axes.bar(at, shown["at_risk"] / scale, color=ORANGE, width=0.75, label="at risk")
    for place, risk, share in zip(at.tolist(), shown["at_risk"] / scale, shown["share"], strict=True):
        if share == share:
            axes.text(place, risk, f"{share:.0%}", ha="center", va="bottom", fontsize=8, color=ORANGE)
    axes.set_xticks(at, list(shown.index), rotation=45 if len(shown) > 6 else 0, fontsize=9)
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.margins(y=0.2)
    axes.legend(frameon=False, loc="upper right", ncols=2)
    axes.set_title(f"Value at risk by due month: {_short(shown['at_risk'].sum())} {unit} in all")
    return figure


def tornado(table: pd.DataFrame, *, base: float, unit: str = "currency", most: int = 12) -> Figure:
    """Draw ``Sensitivity.table``: what the total becomes with each assumption moved down and up, widest on top."""
    shown = table.head(most).iloc[::-1]
    scale, word = _scale(abs(base))
    note = "        * in part a default, not the insurer's own" if (shown["assumed"] != "").any() else ""
    figure, axes = _axes(f"What the value of {_short(base)} {unit} hangs on", f"{word}{unit}{note}", "",
                         size=(7.6, 0.42 * len(shown) + 1.7))  # fmt: skip
    for row, (_, each) in enumerate(shown.iterrows()):
        for side, color in (("low", BLUE), ("high", ORANGE)):
            change, end = each[f"change_{side}"] / scale, each[side] / scale
            axes.barh(row, change, left=base / scale, color=color, height=0.62)
            right = change > 0 or (change == 0 and side == "high")
            axes.annotate(_short(each[side]), (end, row), xytext=(4 if right else -4, 0), textcoords="offset points",
                          ha="left" if right else "right", va="center", fontsize=8, color=color)  # fmt: skip
    axes.axvline(base / scale, color="#333333", linewidth=1)
    assumed = [" *" if each else "" for each in shown["assumed"]]
    axes.set_yticks(range(len(shown)), [f"{str(name).replace('_', ' ')} {step}{mark}" for name, step, mark in
                                        zip(shown.index, shown["step"], assumed, strict=True)])  # fmt: skip
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.12)
    axes.legend(handles=[Patch(color=BLUE, label="moved down"), Patch(color=ORANGE, label="moved up")], frameon=False,
                loc="lower right", fontsize=9)  # fmt: skip
    return figure


def _short(money: float) -> str:
    """Money in three digits: 5.11m, 640k, 95."""
    for scale, word in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(money) >= 0.9995 * scale:
            return f"{money / scale:,.3g}{word}" if abs(money) < 999.5 * scale else f"{money / scale:,.0f}{word}"
    return f"{money:,.3g}"


def _scale(largest: float) -> tuple[float, str]:
    """A unit in which money has few digits, and its word."""
    for scale, word in ((1e9, "billions of "), (1e6, "millions of "), (1e3, "thousands of ")):
        if largest >= 2 * scale:
            return scale, word
    return 1.0, ""
