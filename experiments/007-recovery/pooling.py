"""From the books to figures by world, each beside how sure it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

Answer = dict[str, Any]
RECOVERED, CONFOUNDED, INDEXED = "ABCDEF", "CFG", "EF"
DURATIONS = {"permanent": "permanent", "one-year": "one_year"}
IDENTIFIED = "identified"


def of_worlds(answers: list[Answer]) -> dict[str, float]:
    """Figures of each world, and over worlds, from the answers of all books."""
    effects, values, halves = (by_world(answers, part) for part in ("effect", "value", "half"))
    found: dict[str, float] = {"states_of_the_code": len({answer["code"] for answer in answers})}
    for world, books in effects.items():
        found |= named(f"world_{world}", effect_figures(books) | check_figures(books) | index_figures(books))
    found |= named("worlds_A_to_F", over_worlds(several(effects, RECOVERED)))
    found |= named("worlds_E_and_F", held("index", index_rows(several(effects, INDEXED))))
    for world, books in values.items():
        found |= named(f"world_{world}", value_figures(books))
    for duration, name in DURATIONS.items():
        rows = [book[duration] for book in several(values, RECOVERED)]
        found |= named("worlds_A_to_F", held(f"{name}_value", [(*row[1:3], row[3]) for row in rows]))
    for world, books in halves.items():
        found[f"world_{world}_half_books"] = len(books)
        found |= named(f"world_{world}_half", share("control_fails_on_second_opinion", books,
                                                    failed("control_on_second_opinion")))  # fmt: skip
    return found | seconds(answers)


def by_world(answers: Iterable[Answer], part: str) -> dict[str, list[Answer]]:
    """The answers of one part, world by world."""
    mine = [answer for answer in answers if answer["part"] == part]
    return {world: [a for a in mine if a["world"] == world] for world in sorted({a["world"] for a in mine})}


def several(books: dict[str, list[Answer]], worlds: str) -> list[Answer]:
    """The books of several worlds."""
    return [book for world in worlds for book in books.get(world, [])]


def named(before: str, figures: dict[str, float]) -> dict[str, float]:
    """The same figures, named after a world."""
    return {f"{before}_{name}": value for name, value in figures.items()}


def effect_figures(books: list[Answer]) -> dict[str, float]:
    """How near the effect on renewal is to the truth: of the estimate by shocks, of what is shown, of the association.

    Bias and root mean square are relative to each book's own truth. The estimate by shocks is taken whatever the
    verdict, so that nothing is chosen by it.
    """
    found: dict[str, float] = {"books": len(books), "effect": centre([book["true"] for book in books])}
    rows = [(*book["estimate"], book["true"]) for book in books if book["estimate"][0] is not None]
    found |= near("effect", [(one[0], one[3]) for one in rows])
    found |= held("effect", [one[1:] for one in rows])
    off = [one[0] - one[3] for one in rows]
    if len(rows) > 2:
        found["effect_half_width_ratio"] = centre([(one[2] - one[1]) / 2 for one in rows]) / (1.96 * spread(off))
    found |= share("identified", books, identified)
    sure = [book for book in books if identified(book)]
    found |= near("identified_effect", [(book["shown"][0], book["true"]) for book in sure])
    found |= held("shown", [(*book["shown"][1:], book["true"]) for book in books])
    trusted = [(*book["trusted"], book["true"]) for book in books if book["trusted"][0] is not None]
    found |= near("trusted_effect", [(one[0], one[3]) for one in trusted])
    found |= held("trusted_effect", [one[1:] for one in trusted])
    return found | near("association", [(book["association"][0], book["true"]) for book in books])


def check_figures(books: list[Answer]) -> dict[str, float]:
    """How often a check fails, and the first stage's F."""
    found = share("control_fails_on_second_opinion", books, failed("control_on_second_opinion"))
    found |= share("control_fails_on_shocks", books, failed("control_on_shock"))
    found |= share("shocks_contradict", books, failed("shocks_agree"))
    found |= share("shocks_fade", books, failed("lasting"))
    F = [book["checks"]["first_stage"][0] for book in books if "first_stage" in book["checks"]]
    return found | ({"first_stage_F": centre(F)} if F else {})


def index_rows(books: list[Answer]) -> list[tuple[Any, ...]]:
    """Ends of the index's interval, and the truth."""
    return [(*book["index"][1:3], book["true_index"]) for book in books]


def index_figures(books: list[Answer]) -> dict[str, float]:
    """How far index and raw index are off, in points."""
    found = mean("index_error", [book["index"][0] - book["true_index"] for book in books])
    raw = [book["index"][3] - book["true_index"] for book in books if book["index"][3] is not None]
    return found | mean("raw_index_error", raw) | held("index", index_rows(books))


def value_figures(books: list[Answer]) -> dict[str, float]:
    """How near the elasticities of lifetime value are to the truth."""
    found: dict[str, float] = {"value_books": len(books)}
    for duration, name in DURATIONS.items():
        rows = [book[duration] for book in books]
        found[f"{name}_value"] = centre([row[3] for row in rows])
        found |= near(f"{name}_value", [(row[0], row[3]) for row in rows])
        found |= held(f"{name}_value", [tuple(row[1:]) for row in rows])
    return found | near("value_renewal", [tuple(book["renewal"]) for book in books])


def over_worlds(books: list[Answer]) -> dict[str, float]:
    """Over all books of several worlds: intervals that hold, and checks that fail."""
    rows = [(*book["estimate"][1:], book["true"]) for book in books]
    found = held("effect", rows) | share("identified", books, identified)
    for name, check in (("control_fails_on_shocks", "control_on_shock"), ("shocks_contradict", "shocks_agree"),
                        ("shocks_fade", "lasting")):  # fmt: skip
        found |= share(name, books, failed(check))
    return found


def near(name: str, rows: Iterable[tuple[Any, ...]]) -> dict[str, float]:
    """Mean relative bias and root mean square of (estimate, truth)."""
    off = [estimate / true - 1 for estimate, true in rows if estimate is not None]
    if not off:
        return {}
    return mean(f"{name}_bias", off) | {f"{name}_rmse": math.sqrt(centre([each**2 for each in off]))}


def held(name: str, rows: Iterable[tuple[Any, ...]]) -> dict[str, float]:
    """Of the intervals (low, high, truth) that there are: their number, how many hold the truth, and the share."""
    inside = [low <= true <= high for low, high, true in rows if low is not None and high is not None]
    if not inside:
        return {}
    return {f"{name}_intervals": len(inside), f"{name}_covered": sum(inside),
            f"{name}_coverage": sum(inside) / len(inside)}  # fmt: skip


def share(name: str, books: list[Answer], of: Callable[[Answer], bool | None]) -> dict[str, float]:
    """The share of the books of which it holds, with Wilson's 95 % interval, among those that can tell."""
    told = [each for each in map(of, books) if each is not None]
    if not told:
        return {}
    n, p, z = len(told), sum(told) / len(told), 1.96
    middle, half = (p + z**2 / (2 * n)), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    return {name: p, f"{name}_low": max(min(low, p), 0.0), f"{name}_high": min(max(high, p), 1.0)}


def identified(book: Answer) -> bool:
    """Whether an estimate stands."""
    return str(book["verdict"]).startswith(IDENTIFIED)


def failed(check: str) -> Callable[[Answer], bool | None]:
    """Whether a check fails; None where it was not made."""

    def of(book: Answer) -> bool | None:
        passed = book["checks"].get(check, [None, None, None])[2]
        return None if passed is None else not passed

    return of


def mean(name: str, values: list[float]) -> dict[str, float]:
    """The mean over books, and its 95 % interval by their spread; no interval of one book."""
    if not values:
        return {}
    found, middle = {name: centre(values)}, centre(values)
    if len(values) > 1:
        half = 1.96 * spread(values) / math.sqrt(len(values))
        found |= {f"{name}_low": middle - half, f"{name}_high": middle + half}
    return found


def centre(values: list[float]) -> float:
    """The mean."""
    return sum(values) / len(values)


def spread(values: list[float]) -> float:
    """The standard deviation."""
    middle = centre(values)
    return math.sqrt(sum((each - middle) ** 2 for each in values) / (len(values) - 1))


def seconds(answers: list[Answer]) -> dict[str, float]:
    """Mean CPU seconds of the steps of a book, by part."""
    found: dict[str, float] = {}
    for part in sorted({answer["part"] for answer in answers}):
        mine = [answer for answer in answers if answer["part"] == part]
        for step in [name for name in mine[0] if name.startswith("seconds_")]:
            found[f"{part}_{step}"] = centre([answer[step] for answer in mine])
    return found
