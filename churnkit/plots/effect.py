"""Pictures of effects: the curve with its band, estimates side by side, checks as a list, the index by quarter."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from churnkit.plots.axes import BLUE, GREY, ORANGE, PALE, axes_of

_PASSED, _FAILED, _UNKNOWN = "#2E8B57", "#C0392B", GREY
_WIDE = 92  # characters of a sentence in the list of checks


def effect_curve(table: pd.DataFrame, *, effect: str, unit: str = "pp", verdict: str = "") -> Figure:
    """Draw what changes of the index do: estimate and 95 % band; dashed and pale beyond what shocks have moved.

    Parameters
    ----------
    table : DataFrame with points (pp of satisfaction), estimate, low, high and, where known, supported
    effect : str, what is changed; unit : str; verdict : str, under the title
    """
    rows = _through_nothing(table)
    x, supported = rows["points"].to_numpy(), rows["supported"].to_numpy(dtype=bool)
    title = f"Effect of satisfaction on {effect}" + (f"\n{verdict}" if verdict else "")
    figure, axes = axes_of(title, "change of the satisfaction index, pp", f"change of {effect}, {unit}")
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.fill_between(x, rows["low"], rows["high"], color=PALE, label="95 % interval")
    if rows["estimate"].notna().sum() > 1:
        beyond = "beyond what shocks have moved" if not supported.all() else None
        axes.plot(x, rows["estimate"], "--", color=BLUE, linewidth=1.2, label=beyond)
        axes.plot(x[supported], rows["estimate"][supported], "o-", color=BLUE, markersize=4, label="estimate")
    axes.legend(frameon=False)
    return figure


def _through_nothing(table: pd.DataFrame) -> pd.DataFrame:
    """The table in order, with the point at which nothing changes."""
    rows = table[["points", "estimate", "low", "high"]].assign(supported=table.get("supported", True))
    estimate = 0.0 if table["estimate"].notna().any() else np.nan
    nothing = pd.DataFrame({"points": [0.0], "estimate": [estimate], "low": [0.0], "high": [0.0], "supported": [True]})
    return pd.concat([rows, nothing]).sort_values("points", ignore_index=True)


def estimates(table: pd.DataFrame, *, unit: str) -> Figure:
    """Draw estimates of one effect side by side: what was identified dark, associations pale.

    Parameters
    ----------
    table : DataFrame indexed by what it is: estimate, low, high (NaN where there are none), causal (bool)
    """
    figure, axes = axes_of("The effect, and what is taken for it", unit, "", size=(7.0, 0.9 + 0.55 * len(table)))
    for place, (_, row) in enumerate(table[::-1].iterrows()):
        colour = BLUE if row["causal"] else ORANGE
        if np.isfinite(row["low"]):
            axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2)
        if np.isfinite(row["estimate"]):
            axes.plot(row["estimate"], place, "o", color=colour)
            axes.annotate(f"{row['estimate']:+.2f}", (row["estimate"], place), xytext=(0, 6), ha="center",
                          textcoords="offset points", fontsize=8)  # fmt: skip
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(table)), [str(name) for name in table.index[::-1]])
    axes.set_ylim(-0.6, len(table) - 0.4)
    return figure


def checks(table: pd.DataFrame) -> Figure:
    """Draw checks as a list with lights: passed green, failed red, not made grey.

    Parameters
    ----------
    table : DataFrame with name, passed (bool or None), sentence
    """
    said = [textwrap.wrap(f"{row['name'].replace('_', ' ')}: {row['sentence']}", _WIDE) for _, row in table.iterrows()]
    lines = sum(map(len, said)) + 0.6 * len(said)
    figure = Figure(figsize=(8.0, 0.4 + 0.2 * lines), layout="constrained")
    axes: Axes = figure.subplots()
    axes.set_axis_off()
    at = 0.0
    for passed, words in zip(table["passed"], said, strict=True):
        colour = _UNKNOWN if passed is None or pd.isna(passed) else _PASSED if passed else _FAILED
        axes.plot(0, -at - 0.5, "o", color=colour, markersize=9)
        axes.text(0.02, -at, "\n".join(words), va="top", fontsize=9)
        at += len(words) + 0.6
    axes.set(xlim=(-0.02, 1), ylim=(-lines - 0.2, 0.3))
    return figure


def index_by_quarter(table: pd.DataFrame) -> Figure:
    """Draw the satisfaction index by quarter, corrected with its interval, and the raw share of answers beside it.

    Parameters
    ----------
    table : DataFrame with quarter, level, low, high, raw (0 to 100)
    """
    figure, axes = axes_of("Satisfaction index by quarter", "", "satisfied, %", size=(8.0, 4.0))
    x = np.arange(len(table))
    axes.fill_between(x, table["low"], table["high"], color=PALE, label="95 % interval")
    axes.plot(x, table["level"], "o-", color=BLUE, markersize=4, label="corrected for who answers")
    axes.plot(x, table["raw"], "s--", color=ORANGE, markersize=3, label="raw, of those who answered")
    step = max(1, len(table) // 12)
    axes.set_xticks(x[::step], [str(quarter) for quarter in table["quarter"]][::step], rotation=45, ha="right")
    axes.legend(frameon=False)
    return figure
