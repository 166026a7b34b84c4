"""Reasons in plain words, English and Chinese: figures, missing values, and no word of cause."""

from __future__ import annotations

import numbers
from typing import Any

from churnkit.panel.feature import Feature

LANGUAGES = ("en", "zh")
NONE_STRONG = {"en": "no single strong reason", "zh": "没有单一的突出原因"}
_TAILS = {
    ("en", "renewed", "stay"): "; such customers renew more often",
    ("en", "renewed", "leave"): "; such customers renew less often",
    ("en", "churned", "stay"): "; such customers leave less often",
    ("en", "churned", "leave"): "; such customers leave more often",
    ("zh", "renewed", "stay"): "；此类客户续保较多",
    ("zh", "renewed", "leave"): "；此类客户续保较少",
    ("zh", "churned", "stay"): "；此类客户流失较少",
    ("zh", "churned", "leave"): "；此类客户流失较多",
}
_YES = {"en": ("no", "yes"), "zh": ("否", "是")}
_MISSING = {"en": "nothing on record", "zh": "暂无记录"}


def sentence(words: str, direction: str, event: str, language: str) -> str:
    """Join what is known of the customer with what goes with it.

    Examples
    --------
    >>> sentence("2 complaints within a year", "leave", "renewed", "en")
    '2 complaints within a year; such customers renew less often'
    >>> sentence("no single strong reason", "", "renewed", "en")
    'No single strong reason'
    """
    text = words + _TAILS.get((language, event, direction), "")
    return text[:1].upper() + text[1:]


def number(value: float, *, share: bool = False) -> str:
    """Write a figure as people do: thousands apart, no digits that nobody needs.

    Examples
    --------
    >>> number(12345.678), number(3.0), number(0.256), number(0.256, share=True)
    ('12,346', '3', '0.26', '26%')
    """
    if share:
        return f"{value * 100:.0f}%" if abs(value) >= 0.0095 or value == 0 else f"{value * 100:.2g}%"
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.2f}".rstrip("0").removesuffix(".") if abs(value) >= 0.01 else f"{value:.2g}"


def fragment(name: str, value: Any, feature: Feature | None, language: str) -> str:
    """Say what is known of one column: the catalog's words with the value, or name and value.

    Examples
    --------
    >>> fragment("engine_power", 85.0, None, "en"), fragment("engine_power", None, None, "en")
    ('engine_power is 85', 'engine_power: nothing on record')
    """
    template = "" if feature is None else (feature.en if language == "en" else feature.zh)
    if value is None:
        return _absent(name, template, language)
    text = _shown(value, feature, language)
    if template:
        return template.replace("{value}", text)
    return f"{name} is {text}" if language == "en" else f"{name}为{text}"


def _shown(value: Any, feature: Feature | None, language: str) -> str:
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return _YES[language][int(value)]
    if isinstance(value, numbers.Real):
        share = feature is not None and (feature.aggregate == "share" or feature.unit in ("share", "%"))
        return number(float(value), share=share)
    return str(value)


def _absent(name: str, template: str, language: str) -> str:
    if not template:
        return f"{name}{': ' if language == 'en' else '：'}{_MISSING[language]}"
    before, _, after = template.partition("{value}")
    topic = " ".join(f"{before.strip()} … {after.strip()}".strip(" …:：").split())
    return f"{topic}: {_MISSING['en']}" if language == "en" else f"{topic}：{_MISSING['zh']}"
