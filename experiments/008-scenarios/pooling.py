"""From answers, a book each, to figures by world, and to what was promised of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from record import promise

Answer = Mapping[str, Any]
WORLDS, BOOKS = "ABCDEFG", 15
UNLIKE = "ABCG"
"""Worlds whose renewals differ; B, D and E share theirs, and so do C and F."""


def of_worlds(books: list[Answer]) -> dict[str, float]:
    """All figures."""
    found: dict[str, float] = {"books": len(books)}
    for world in sorted({book["world"] for book in books}):
        mine = [book for book in books if book["world"] == world]
        found |= {f"world_{world}_{name}": value for name, value in world_figures(mine).items()}
    if not books:
        return found
    found |= {name: centre([float(test(book)) for book in books]) for name, test in _SHARES.items()}
    return found | {"seconds_fit": centre([book["seconds_fit"] for book in books])}


def of_intervals(books: list[Answer]) -> dict[str, float]:
    """How often intervals of renewal hold the truth, and how wide they are beside the spread of the estimates."""
    if len(books) < 3:
        return {"intervals": len(books)}
    inside = [low <= true <= high for _, low, high, true in (book["faster"]["renewal"] for book in books)]
    half = [(book["faster"]["renewal"][2] - book["faster"]["renewal"][1]) / 2 for book in books]
    off = [book["faster"]["renewal"][0] - book["faster"]["renewal"][3] for book in books]
    return {"intervals": len(books), "faster_coverage": sum(inside) / len(inside),
            "faster_half_width_ratio": centre(half) / (1.96 * spread(off)),
            "between_years": math.sqrt(centre([book["between_years"] ** 2 for book in books]))}  # fmt: skip


_SHARES = {
    "fastest_flagged": lambda book: not book["fastest"]["supported"], "fastest_refused": lambda book: book["refused"],
    "fastest_in_support": lambda book: book["fastest"]["in_support"], "same_again": lambda book: book["same_again"],
    "adds_up": lambda book: book["adds_up"], "faster_supported": lambda book: book["faster"]["supported"],
}  # fmt: skip


def world_figures(books: list[Answer]) -> dict[str, float]:
    """One world: relative bias of renewal and index under a faster cycle, of joint settings, and of their sum."""
    found: dict[str, float] = {"books": len(books)}
    found |= mean("faster", [book["faster"]["renewal"][3] for book in books], interval=False)
    found |= mean("faster_bias", [ratio(book["faster"]["renewal"]) for book in books])
    found |= mean("index_bias", [book["faster"]["index"][0] / book["faster"]["index"][1] - 1 for book in books
                                 if book["faster"]["index"][0] is not None])  # fmt: skip
    known = [book for book in books if book["both"]["renewal"][0] is not None]
    found |= mean("joint_bias", [ratio(book["both"]["renewal"]) for book in known])
    summed = [[book["faster"]["renewal"][0] + book["happier"]["renewal"][0], book["both"]["renewal"][3]]
              for book in known]  # fmt: skip
    found |= mean("sum_bias", [one / true - 1 for one, true in summed])
    found["joint_shown"] = len(known) / len(books)
    found["mediated_told"] = centre([float("not told" not in book["mediated"]) for book in books])
    return found


def ratio(row: list[float]) -> float:
    """Estimate over truth, less 1."""
    return row[0] / row[3] - 1


def promises(figures: Mapping[str, float]) -> list[dict[str, Any]]:
    """Hold the figures against what was asked; what was not measured is not met."""
    fewest = min(int(figures.get(f"world_{world}_books", 0)) for world in WORLDS)
    found = [promise("books of each world", f">= {BOOKS}", fewest, met=fewest >= BOOKS)]
    for world in WORLDS:
        found.append(within(f"do(motor claim cycle := 3 days), renewal, world {world}: mean bias", 15, figures,
                            f"world_{world}_faster_bias"))  # fmt: skip
    for world in WORLDS:
        found.append(within(f"the same, change of the index, world {world}: mean bias", 5, figures,
                            f"world_{world}_index_bias"))  # fmt: skip
    for world in "ABCDEF":
        found.append(within(f"cycle and satisfaction set jointly, world {world}: mean bias", 20, figures,
                            f"world_{world}_joint_bias"))  # fmt: skip
    found.append(between(f"intervals that hold the truth, worlds {UNLIKE}", figures, "faster_coverage", 0.9, 0.985))
    found.append(between("half-width over 1.96 times the spread of estimates", figures, "faster_half_width_ratio",
                         0.85, 1.3))  # fmt: skip
    for what, name, whole in (
        ("cycle of 1 day: flagged as not seen", "fastest_flagged", 1.0),
        ("cycle of 1 day: refused where settings must have been seen", "fastest_refused", 1.0),
        ("bars of a waterfall add up", "adds_up", 1.0),
        ("the same figures again, from TOML", "same_again", 1.0),
        ("world G: mediated share not told", "world_G_mediated_told", 0.0),
        ("quotes: answered as association only, with the reason", "quotes_association_only", 1),
    ):
        value = figures.get(name)
        found.append(promise(what, "always", "not measured" if value is None else f"{abs(1 - whole - value):.0%}",
                             met=value == whole))  # fmt: skip
    value = figures.get("speed_two_lever_seconds")
    told = "not measured" if value is None else f"{1000 * value:.0f} ms"
    policies = figures.get("speed_policies", 0)
    found.append(promise("one evaluation at 100,000 policies", "<= 300 ms", f"{told} ({policies:,.0f} policies)",
                         met=value is not None and value <= 0.3 and policies >= 100_000))  # fmt: skip
    return found


def within(what: str, most: float, figures: Mapping[str, float], name: str) -> dict[str, Any]:
    """A promise that a relative bias is within so many per cent of 0, shown with its interval."""
    if name not in figures:
        return promise(what, f"within {most} %", "not measured", met=False)
    value, low, high = (100 * figures.get(each, math.nan) for each in (name, f"{name}_low", f"{name}_high"))
    return promise(what, f"within {most} %", f"{value:+.1f} % ({low:+.1f} … {high:+.1f})", met=abs(value) <= most)


def between(what: str, figures: Mapping[str, float], name: str, low: float, high: float) -> dict[str, Any]:
    """A promise that a figure lies between two ends."""
    value = figures.get(name)
    return promise(what, f"{low:g} … {high:g}", "not measured" if value is None else f"{value:.3f}",
                   met=value is not None and low <= value <= high)  # fmt: skip


def mean(name: str, values: Iterable[float], *, interval: bool = True) -> dict[str, float]:
    """The mean over books, and its 95 % interval by their spread."""
    known = list(values)
    if not known:
        return {}
    found = {name: centre(known)}
    if interval and len(known) > 1:
        half = 1.96 * spread(known) / math.sqrt(len(known))
        found |= {f"{name}_low": found[name] - half, f"{name}_high": found[name] + half}
    return found


def centre(values: list[float]) -> float:
    """The mean."""
    return sum(values) / len(values)


def spread(values: list[float]) -> float:
    """The standard deviation."""
    middle = centre(values)
    return math.sqrt(sum((each - middle) ** 2 for each in values) / (len(values) - 1))
