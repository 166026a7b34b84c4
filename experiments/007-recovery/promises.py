"""What was promised of the figures. No threshold was chosen on the seeds that are reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pooling import CONFOUNDED, DURATIONS, INDEXED, RECOVERED
from record import promise

Figures = Mapping[str, float]
Promise = dict[str, Any]
MISSPECIFIED, WORLDS = "HI", "ABCDEFGHI"
BOOKS, VALUE_BOOKS, COVERED = 40, 20, 34


def promises(figures: Figures) -> list[Promise]:
    """Hold the figures against what was asked; what was not measured is not met."""
    few = [min(int(figures.get(f"world_{w}_{name}", 0)) for w in worlds)
           for name, worlds in (("books", WORLDS), ("value_books", RECOVERED))]  # fmt: skip
    return [
        promise("books of each world", f">= {BOOKS}", few[0], met=few[0] >= BOOKS),
        promise("books of each world with elasticity", f">= {VALUE_BOOKS}", few[1], met=few[1] >= VALUE_BOOKS),
        *of_effect(figures), *of_misspecified(figures), *of_verdicts(figures), *of_index(figures),
        *of_control(figures), *of_value(figures),
        bound("100,000 customers: one fit without bootstrap, wall seconds on two cores", "<= 90",
              figures.get("speed_effect_seconds"), 0, 90, "{:.1f}"),
    ]  # fmt: skip


def of_effect(figures: Figures) -> Iterator[Promise]:
    """The effect on renewal, and its interval, in each of worlds A to F."""
    for world in RECOVERED:
        at, said = f"world_{world}_effect", f"effect on renewal, world {world}"
        yield within(f"{said}: mean bias", 10, figures, f"{at}_bias", percent=True)
        yield bound(f"{said}: RMSE", "<= 15 %", figures.get(f"{at}_rmse"), 0, 0.15, "{:.1%}")
        held, of = figures.get(f"{at}_covered"), figures.get(f"{at}_intervals", 0)
        yield promise(f"{said}: intervals that hold the truth", f">= {COVERED} of {BOOKS}",
                      "not measured" if held is None else f"{held:.0f} of {of:.0f}",
                      met=held is not None and of > 0 and held / of >= COVERED / BOOKS)  # fmt: skip
        yield bound(f"{said}: half-width over 1.96 times the spread of estimates", "0.85 … 1.3",
                    figures.get(f"{at}_half_width_ratio"), 0.85, 1.3, "{:.2f}")  # fmt: skip
    yield bound("effect on renewal, worlds A to F: intervals that hold the truth", "91 … 98.5 %",
                figures.get("worlds_A_to_F_effect_coverage"), 0.91, 0.985, "{:.1%}")  # fmt: skip


def of_misspecified(figures: Figures) -> Iterator[Promise]:
    """Worlds H and I: right where it is called identified, or hardly ever called so."""
    for world in MISSPECIFIED:
        sure = figures.get(f"world_{world}_identified")
        bias = figures.get(f"world_{world}_identified_effect_bias")
        told = "not measured" if sure is None else f"identified in {sure:.0%}"
        told += "" if bias is None else f", bias there {100 * bias:+.1f} %"
        right = sure is not None and (sure <= 0.2 or (bias is not None and abs(bias) <= 0.2))
        yield promise(f"world {world}, misspecified: bias of what is identified, or not identified",
                      "within 20 %, or in at most 20 % of books", told, met=right)  # fmt: skip


def of_verdicts(figures: Figures) -> Iterator[Promise]:
    """How often the verdict is "identified"."""
    for world in RECOVERED:
        yield bound(f'verdict "identified", world {world}', ">= 85 % of books",
                    figures.get(f"world_{world}_identified"), 0.85, 1, "{:.1%}")  # fmt: skip
    yield bound('verdict "identified", world G, no shock named as trusted', "<= 20 % of books",
                figures.get("world_G_identified"), 0, 0.2, "{:.1%}")  # fmt: skip


def of_index(figures: Figures) -> Iterator[Promise]:
    """The index in worlds E and F."""
    for world in INDEXED:
        yield within(f"satisfaction index, world {world}: mean error", 1.5, figures, f"world_{world}_index_error")
    yield bound("satisfaction index, worlds E and F: intervals that hold the truth", "88 … 99 %",
                figures.get("worlds_E_and_F_index_coverage"), 0.88, 0.99, "{:.1%}")  # fmt: skip


def of_control(figures: Figures) -> Iterator[Promise]:
    """The negative control at the 1 % level."""
    for world in CONFOUNDED:
        yield bound(f"negative control on the second opinion fails, world {world}", ">= 90 % of books",
                    figures.get(f"world_{world}_control_fails_on_second_opinion"), 0.9, 1, "{:.1%}")  # fmt: skip
    yield bound("negative control on valid shocks fails, worlds A to F", "<= 5 % of books",
                figures.get("worlds_A_to_F_control_fails_on_shocks"), 0, 0.05, "{:.1%}")  # fmt: skip


def of_value(figures: Figures) -> Iterator[Promise]:
    """The elasticity of lifetime value in worlds A to F."""
    for duration, name in DURATIONS.items():
        for world in RECOVERED:
            yield within(f"{duration} elasticity of lifetime value, world {world}: mean bias", 20, figures,
                         f"world_{world}_{name}_value_bias", percent=True)  # fmt: skip
        yield bound(f"{duration} elasticity, worlds A to F: intervals that hold the truth", ">= 85 %",
                    figures.get(f"worlds_A_to_F_{name}_value_coverage"), 0.85, 1, "{:.1%}")  # fmt: skip


def within(what: str, most: float, figures: Figures, name: str, *, percent: bool = False) -> Promise:
    """A promise that a figure is within so much of 0, shown with its interval."""
    value, factor, unit = figures.get(name), 100 if percent else 1, "%" if percent else "points"
    if value is None:
        return promise(what, f"within {most} {unit}", "not measured", met=False)
    told = f"{factor * value:+.1f} {unit}" if percent else f"{value:+.2f} {unit}"
    if f"{name}_low" in figures:
        low, high = (factor * figures[f"{name}_{end}"] for end in ("low", "high"))
        told += f" ({low:+.1f} … {high:+.1f})" if percent else f" ({low:+.2f} … {high:+.2f})"
    return promise(what, f"within {most} {unit}", told, met=abs(factor * value) <= most)


def bound(what: str, target: str, value: float | None, low: float, high: float, shape: str) -> Promise:
    """A promise that a figure lies between two ends."""
    told = "not measured" if value is None else shape.format(value)
    return promise(what, target, told, met=value is not None and low <= value <= high)
