"""How the catalog is written: what features of an area share is said once, then a feature is one entry.

A text may hold ``{span}``: "in the last year", "so far".

>>> contact = Area("interactions", "contacts", "servicing")
>>> contact("calls_30d", "count", "calls {span}: {value}", "{span}来电{value}次", days=30).en
'calls in the last 30 days: {value}'
>>> [f.name for f in contact.over((90, 365, None), "calls", "count", "calls {span}: {value}", "{span}来电{value}次")]
['calls_90d', 'calls_365d', 'calls_all']
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from churnkit.panel.feature import Feature, Where

SPANS: dict[int | None, tuple[str, str]] = {
    30: ("in the last 30 days", "近30天"),
    90: ("in the last 90 days", "近90天"),
    365: ("in the last year", "近一年"),
    730: ("over two years", "近两年"),
    None: ("so far", "历史"),
}
"""How a window is said; None is the whole history."""
_UNITS = {"count": "count", "open": "count", "distinct": "count", "days_since": "days", "days_since_first": "days",
          "gap_mean": "days", "gap_max": "days", "share": "share"}  # fmt: skip


class Area:
    """What features of one area share: table, reason group, journey stage and, if given, further parts of the spec.

    Calling it makes one feature, :meth:`over` one per window, with the window's name in theirs. The unit may be left
    out where the aggregate says it.
    """

    def __init__(self, table: str, group: str, stage: str, **shared: Any) -> None:
        self.shared: dict[str, Any] = {"table": table, "group": group, "stage": stage, **shared}

    def __call__(self, name: str, aggregate: str, en: str, zh: str, **spec: Any) -> Feature:
        """Make one feature."""
        whole = {"unit": _UNITS.get(aggregate, ""), **self.shared, **spec}
        span, zh_span = SPANS[whole.get("days")]
        return Feature(name, aggregate=aggregate, en=en.replace("{span}", span),  # type: ignore[arg-type]
                       zh=zh.replace("{span}", zh_span), **whole)  # fmt: skip

    def over(self, windows: Iterable[int | None], stem: str, aggregate: str, en: str, zh: str,
             **spec: Any) -> tuple[Feature, ...]:  # fmt: skip
        """Make one feature per window: ``stem_30d``, ``stem_all``."""
        return tuple(
            self(f"{stem}_{f'{days}d' if days else 'all'}", aggregate, en, zh, days=days, **spec) for days in windows
        )


def own(name: str, group: str, stage: str, unit: str, en: str, zh: str, *, sign: int = 0) -> Feature:
    """An attribute of the observation itself (see ``feature.OBSERVATION``)."""
    return Feature(name, "observation", "attribute", column=name, group=group, stage=stage, unit=unit, sign=sign, en=en,
                   zh=zh)  # fmt: skip


def attribute(
    table: str, column: str, group: str, stage: str, unit: str, en: str, zh: str, *, name: str = ""
) -> Feature:
    """An attribute of the own customer, policy or term."""
    return Feature(name or column, table, "attribute", column=column, group=group, stage=stage, unit=unit, en=en, zh=zh)


def two(name: str, aggregate: str, parts: tuple[Feature, Feature], group: str, stage: str, unit: str, en: str, zh: str,
        *, sign: int = 0) -> Feature:  # fmt: skip
    """A ratio or difference of two features."""
    return Feature(name, "panel", aggregate, parts=parts, group=group, stage=stage, unit=unit, sign=sign,  # type: ignore[arg-type]
                   en=en, zh=zh)  # fmt: skip


def named(*features: Feature) -> dict[str, Feature]:
    """Features by name, for those that are made of them."""
    return {feature.name: feature for feature in features}


def equals(column: str, value: str | float | bool) -> tuple[Where, ...]:
    """The condition that a column has a value."""
    return (Where(column, "==", value),)


def among(column: str, *values: str) -> tuple[Where, ...]:
    """The condition that a column has one of several values."""
    return (Where(column, "in", values),)
