"""What all pictures share: colours, axes, and money on an axis."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, GREY, ORANGE, PALE = "#0072B2", "#8A94A6", "#D55E00", "#DCE3EC"


def axes_of(title: str, x: str, y: str, *, size: tuple[float, float] = (6.0, 4.5)) -> tuple[Figure, Axes]:
    """An empty figure with its axes, named."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def short(money: float) -> str:
    """Money in three digits: 5.11m, 640k, 95."""
    for size, word in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(money) >= 0.9995 * size:
            return f"{money / size:,.3g}{word}" if abs(money) < 999.5 * size else f"{money / size:,.0f}{word}"
    return f"{money:,.3g}"


def unit_for(largest: float) -> tuple[float, str]:
    """A unit in which money has few digits, and its word."""
    for size, word in ((1e9, "billions of "), (1e6, "millions of "), (1e3, "thousands of ")):
        if largest >= 2 * size:
            return size, word
    return 1.0, ""
