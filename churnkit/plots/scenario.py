"""Pictures of scenarios: where the value comes from, and scenarios beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from churnkit.plots.axes import BLUE, GREY, ORANGE, PALE, axes_of, short, unit_for

_DARK = "#3C4858"


def waterfall(table: pd.DataFrame, *, unit: str = "currency") -> Figure:
    """Draw one scenario of ``ScenarioResult.waterfall``: today's value, what each setting adds, cost, the value then.

    The axis is cut where bars would be hardly seen, and says so.
    """
    name = str(table["scenario"].iloc[0])
    amount, bars = table["amount"].to_numpy(dtype=np.float64), [str(each) for each in table["bar"]]
    scale, word = unit_for(float(np.nanmax(np.abs(amount))))
    figure, axes = axes_of(f"Where the value comes from: {name}", "", f"{word}{unit}",
                           size=(max(5.5, 1.35 * len(bars)), 4.2))  # fmt: skip
    level, lows, highs = amount[0], [amount[0], amount[-1]], [amount[0], amount[-1]]
    for at, each in enumerate(amount):
        whole = at in (0, len(bars) - 1)
        begin, end = (0.0, each) if whole else (level, level + each)
        color = GREY if at == 0 else _DARK if whole else BLUE if each >= 0 else ORANGE
        axes.bar(at, (end - begin) / scale, bottom=begin / scale, color=color, width=0.66)
        said = f"{each / scale:,.4g}" if whole else f"{'+' if each >= 0 else '−'}{short(abs(each))}"
        axes.annotate(said, (at, max(begin, end) / scale), xytext=(0, 3), textcoords="offset points", ha="center",
                      fontsize=9)  # fmt: skip
        level = end
        lows.append(min(begin, end) if not whole else each)
        highs.append(max(begin, end))
    spread = max(highs) - min(lows)
    cut = spread > 0 and min(lows) > 4 * spread
    bottom = min(lows) - 0.35 * spread if cut else min(0.0, min(lows) - 0.1 * spread)
    axes.set_ylim(bottom / scale, (max(highs) + 0.15 * spread) / scale if spread else None)
    axes.set_xticks(range(len(bars)), [_folded(bar) for bar in bars], fontsize=8)
    axes.yaxis.set_major_formatter("{x:,g}")
    if cut:
        axes.set_xlabel("the axis is cut: bars show change, not the size of the whole", fontsize=8, color=GREY)
    return figure


def comparison(table: pd.DataFrame, *, unit: str = "currency") -> Figure:
    """Draw ``ScenarioResult.table``: net value of scenarios with their intervals; hollow where beyond what was seen."""
    shown = table.iloc[::-1]
    scale, word = unit_for(float(np.nanmax(np.abs(shown[["net_low", "net_high", "net"]].to_numpy(dtype=np.float64)))))
    figure, axes = axes_of("Net value of scenarios", f"{word}{unit}, 95 % interval", "",
                           size=(7.2, 0.7 * len(shown) + 1.6))  # fmt: skip
    said: list[str] = []
    for at, (name, row) in enumerate(shown.iterrows()):
        sound = row["supported"] is not False and "not estimated" not in str(row["verdict"])
        ends = [row["net_low"] / scale, row["net_high"] / scale]
        axes.plot(ends, [at, at], color=BLUE if sound else ORANGE, linewidth=2, linestyle="-" if sound else "--")
        axes.plot(
            row["net"] / scale, at, "o", color=BLUE if sound else ORANGE, markerfacecolor=None if sound else "white"
        )
        said.append(f"{_folded(str(name), 30)}\n{row['change_pp']:+.2f} pp renewal\n{row['verdict']}")
    axes.axvline(0, color="#333333", linewidth=0.8)
    axes.set_yticks(range(len(shown)), said, fontsize=8)
    axes.set_ylim(-0.6, len(shown) - 0.3)
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.margins(x=0.2)
    return figure


def lever_curve(table: pd.DataFrame, *, effect: str = "the next renewal", unit: str = "pp") -> Figure:
    """Draw what a lever's levels would do, with the 95 % band; shaded where hardly anybody was seen, today as a line.

    Parameters
    ----------
    table : DataFrame as ``churnkit.lever_curve`` gives it
    effect : str, what is changed; unit : str
    """
    told = table.attrs
    what = f"{told['lever'].replace('_', ' ')}, {told['population']}: {told['verdict']}"
    along = f"{'change, ' if told['lever'] == 'satisfaction' else ''}{told['unit']}"
    figure, axes = axes_of(f"Effect on {effect}\n{what}", along, f"change of {effect}, {unit}")
    x, seen = table["level"].to_numpy(dtype=np.float64), table["supported"].to_numpy(dtype=bool)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.fill_between(x, table["low"], table["high"], color=PALE, label="95 % interval")
    axes.plot(x, table["estimate"], "--", color=BLUE, linewidth=1.2)
    axes.plot(x[seen], table["estimate"][seen], "o", color=BLUE, markersize=4, label="estimate")
    edges = np.concatenate([x[:1], (x[1:] + x[:-1]) / 2, x[-1:]])
    for k in np.flatnonzero(~seen):
        first = k == np.flatnonzero(~seen)[0]
        axes.axvspan(edges[k], edges[k + 1], color=ORANGE, alpha=0.12, linewidth=0,
                     label="hardly anybody was seen there" if first else None)  # fmt: skip
    axes.axvline(told["today"], color=_DARK, linewidth=1, linestyle=":", label="today's mean")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _folded(text: str, width: int = 16) -> str:
    """Text over several lines, broken at spaces."""
    lines = [""]
    for each in text.replace("_", " ").split():
        if lines[-1] and len(lines[-1]) + len(each) + 1 > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {each}".strip()
    return "\n".join(lines)
