"""Pictures of lifetime value: survival, gains, money at risk, assumptions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from churnkit.plots.axes import BLUE, GREY, ORANGE, PALE, axes_of, short, unit_for


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
    figure, axes = axes_of("Who stays is found", "share of policies, longest expected lifetime first",
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
    scale, word = unit_for(float(shown["value"].max()))
    figure, axes = axes_of(
        "Value at risk by due month", "", f"{word}{unit}", size=(max(5.0, 0.55 * len(shown) + 1.6), 4)
    )
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
    axes.set_title(f"Value at risk by due month: {short(shown['at_risk'].sum())} {unit} in all")
    return figure


def tornado(table: pd.DataFrame, *, base: float, unit: str = "currency", most: int = 12) -> Figure:
    """Draw ``Sensitivity.table``: what the total becomes with each assumption moved down and up, widest on top."""
    shown = table.head(most).iloc[::-1]
    scale, word = unit_for(abs(base))
    note = "        * in part a default, not the insurer's own" if (shown["assumed"] != "").any() else ""
    figure, axes = axes_of(f"What the value of {short(base)} {unit} hangs on", f"{word}{unit}{note}", "",
                         size=(7.6, 0.42 * len(shown) + 1.7))  # fmt: skip
    for row, (_, each) in enumerate(shown.iterrows()):
        for side, color in (("low", BLUE), ("high", ORANGE)):
            change, end = each[f"change_{side}"] / scale, each[side] / scale
            axes.barh(row, change, left=base / scale, color=color, height=0.62)
            right = change > 0 or (change == 0 and side == "high")
            axes.annotate(short(each[side]), (end, row), xytext=(4 if right else -4, 0), textcoords="offset points",
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
