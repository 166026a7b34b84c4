"""From the books to figures by world, and what was promised of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from record import promise

MODELS = ("ours", "ceiling", "constant", "sbg")
NAMES = ("s1_error", "s5_error", "lifetime_spearman", "value_wape", "value_ratio")


def of_worlds(books: list[dict[str, Any]]) -> dict[str, float]:
    """Means over a world's books, with the standard error of the mean; and coverage, by world and pooled."""
    found: dict[str, float] = {"books": len(books), "policies": sum(book["policies"] for book in books)}
    for world in sorted({book["world"] for book in books}):
        mine = [book for book in books if book["world"] == world]
        found[f"world_{world}_books"] = len(mine)
        for model in MODELS:
            for name in NAMES:
                if model != "ceiling" or name in ("lifetime_spearman", "value_wape"):
                    found |= mean(f"world_{world}_{model}_{name}", [book["scores"][model][name] for book in mine])
        found |= mean(f"world_{world}_ours_s1_ratio", [book["scores"]["ours"]["s1_ratio"] for book in mine])
        found |= {f"world_{world}_{name}": held for name, held in coverage(mine).items()}
    return found | {f"all_worlds_{name}": held for name, held in coverage(books).items()}


def mean(name: str, values: list[float]) -> dict[str, float]:
    """The mean over books, and its 95 % interval by their spread."""
    n, centre = len(values), sum(values) / len(values)
    half = 1.96 * math.sqrt(sum((v - centre) ** 2 for v in values) / max(n - 1, 1) / n)
    return {name: float(centre), f"{name}_low": float(centre - half), f"{name}_high": float(centre + half)}


def coverage(books: list[dict[str, Any]]) -> dict[str, float]:
    """Share of 95 % intervals that hold the truth: of the book's sum, and of each line's."""
    rows = [(line["line"] == "all", line) for book in books for line in book["lines"]]
    found: dict[str, float] = {}
    for name, whole in (("total", True), ("lines", False)):
        mine = [line for is_whole, line in rows if is_whole == whole]
        found[f"{name}_intervals"] = len(mine)
        found[f"{name}_covered"] = sum(line["held"] for line in mine) / len(mine)
        found[f"{name}_half_width"] = sum((line["high"] - line["low"]) / 2 / abs(line["true"]) for line in mine) / len(
            mine
        )
    return found


def promises(figures: Mapping[str, float]) -> list[dict[str, Any]]:
    """Hold the figures against what was asked."""
    worlds = sorted({name[6] for name in figures if name.startswith("world_")})
    found = [promise("books of each world", ">= 15", min(int(figures[f"world_{w}_books"]) for w in worlds),
                     met=all(figures[f"world_{w}_books"] >= 15 for w in worlds))]  # fmt: skip
    for world in worlds:
        at = f"world_{world}"
        ours, best = f"{at}_ours", f"{at}_ceiling"
        level, first = 100 * figures[f"{ours}_s5_error"], 100 * figures[f"{ours}_s1_error"]
        rank = figures[f"{ours}_lifetime_spearman"] / figures[f"{best}_lifetime_spearman"]
        worth = figures[f"{ours}_value_wape"] / figures[f"{best}_value_wape"]
        found += [
            promise(f"S(5), mean error in world {world}", "within 1.5 pp", f"{level:+.2f} pp", met=abs(level) <= 1.5),
            promise(f"S(1), mean error in world {world}", "within 1 pp", f"{first:+.2f} pp", met=abs(first) <= 1),
            promise(f"rank of lifetime over the ceiling's, world {world}", ">= 0.95", round(rank, 3), met=rank >= 0.95),
            promise(f"value's WAPE over the ceiling's, world {world}", "<= 1.15", round(worth, 3), met=worth <= 1.15),
        ]
    for name, what in (("total", "the book's value"), ("lines", "each line's value")):
        held = figures[f"all_worlds_{name}_covered"]
        found.append(promise(f"95 % intervals of {what} that hold the truth", "90 … 98 %", f"{held:.1%}",
                             met=0.90 <= held <= 0.98))  # fmt: skip
    gap, low = 100 * figures["savings_gap_after_3"], figures["savings_observed_after_3_high"]
    found.append(promise("savings policies, 3 years from 2005: the wave was not foreseen, and it shows",
                         "predicted above Kaplan-Meier's interval", f"{gap:+.1f} pp",
                         met=figures["savings_predicted_after_3"] > low))  # fmt: skip
    for name, most in (("fit", 60), ("predict", 5), ("fit_and_intervals", 300)):
        seconds = figures.get(f"speed_{name}_seconds")
        told = "not measured" if seconds is None else round(seconds, 1)
        found.append(promise(f"100,000 customers: {name.replace('_', ' ')}, wall seconds on two cores", f"<= {most}",
                             told, met=seconds is not None and seconds <= most))  # fmt: skip
    return found
