"""Reasons in plain words, English and Chinese: figures, missing values, and no word of cause."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import numpy.typing as npt

from churnkit.panel.feature import Feature

Vector = npt.NDArray[np.float64]
LANGUAGES = ("en", "zh")
NONE_STRONG = {"en": "No single strong reason", "zh": "没有单一的突出原因"}
_TAILS = {
    ("en", "renewed", "stay"): "; such customers renew more often",
    ("en", "renewed", "leave"): "; such customers renew less often",
    ("en", "churned", "stay"): "; such customers leave less often",
    ("en", "churned", "leave"): "; such customers leave more often",
    ("en", "cancelled", "stay"): "; such policies are cancelled less often",
    ("en", "cancelled", "leave"): "; such policies are cancelled more often",
    ("zh", "renewed", "stay"): "；此类客户续保较多",
    ("zh", "renewed", "leave"): "；此类客户续保较少",
    ("zh", "churned", "stay"): "；此类客户流失较少",
    ("zh", "churned", "leave"): "；此类客户流失较多",
    ("zh", "cancelled", "stay"): "；此类保单退保较少",
    ("zh", "cancelled", "leave"): "；此类保单退保较多",
}
_YES = {"en": ("no", "yes"), "zh": ("否", "是")}
_NONE_YET = {
    ("en", "surveys"): "no survey answer yet", ("zh", "surveys"): "尚无问卷回答",
    ("en", "claims"): "no such claim yet", ("zh", "claims"): "尚无此类赔案",
    ("en", "complaints"): "no such complaint yet", ("zh", "complaints"): "尚无此类投诉",
    ("en", "interactions"): "no such contact yet", ("zh", "interactions"): "尚无此类联系",
    ("en", ""): "nothing on record", ("zh", ""): "暂无记录",
}  # fmt: skip
_CHINESE = {
    "motor": "车险", "motor_compulsory": "交强险", "home": "家财险",
    "accident": "意外险", "health": "健康险", "life": "寿险",
    "savings": "储蓄型保险", "annuity": "年金险",
    "travel": "旅行险", "liability": "责任险", "property": "财产险", "other": "其他",
    "annual": "年缴", "semiannual": "半年缴", "quarterly": "季缴", "monthly": "月缴", "single": "趸缴",
    "person": "个人", "company": "企业",
}  # fmt: skip


_DOUBTS = {
    ("en", "unseen"): "{name}: {value} was never seen in training",
    ("en", "far"): "{name}: {value} is far from training's {least} to {most}",
    ("en", "missing"): "{name}: missing, which it never was in training",
    ("zh", "unseen"): "{name}：训练数据中从未出现{value}",
    ("zh", "far"): "{name}：{value}远离训练数据的范围{least}至{most}",
    ("zh", "missing"): "{name}：缺失，训练数据中从未缺失",
}


def doubt(kind: str, name: str, language: str, *, value: Any = None, least: float = 0.0, most: float = 0.0) -> str:
    """Say why a prediction is unsure: a value ``unseen`` or ``far`` from those of training, or ``missing`` for once.

    Examples
    --------
    >>> doubt("far", "premium", "en", value=1e6, least=210.0, most=8_800.0)
    "premium: 1,000,000 is far from training's 210 to 8,800"
    """
    shown = {"value": _shown(value, "", language), "least": number(least), "most": number(most)}
    return _DOUBTS[language, kind].format(name=name, **shown)


def tail(direction: str, event: str, language: str) -> str:
    """Say what goes with what was said of the customer; nothing without a direction.

    Examples
    --------
    >>> "Complaints so far: 2" + tail("leave", "renewed", "en")
    'Complaints so far: 2; such customers renew less often'
    """
    return _TAILS.get((language, event, direction), "")


def number(value: float, unit: str = "") -> str:
    """Write a figure as people do: thousands apart, no digits that nobody needs.

    Examples
    --------
    >>> number(12345.678), number(3.0), number(0.256), number(41.7, "days")
    ('12,346', '3', '0.26', '42')
    >>> number(0.256, "share"), number(0.04, "change"), number(-0.04, "change")
    ('26%', '+4%', '-4%')
    """
    if unit in ("share", "%", "change"):
        digits = 0 if abs(value) >= 0.0995 or round(value, 2) == round(value, 3) else 1
        return f"{value * 100:{'+' if unit == 'change' else ''}.{digits}f}%"
    if float(value).is_integer() or abs(value) >= 100 or (unit in ("days", "seconds", "years") and abs(value) >= 10):
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.2f}".rstrip("0").removesuffix(".") if abs(value) >= 0.01 else f"{value:.2g}"


def settled(values: Vector, unit: str) -> Vector:
    """Round figures as :func:`number` writes them, so that equal texts are made once.

    Examples
    --------
    >>> settled(np.array([12345.678, 41.73, 3.14159, 0.00123]), "").tolist()
    [12346.0, 41.7, 3.14, 0.00123]
    """
    size = np.abs(values)
    if unit in ("share", "%", "change"):
        short = (size >= 0.0995) | (np.round(values, 2) == np.round(values, 3))
        return _rounded(values, np.where(short, 2, 3))
    whole = (size >= 100) | ((size >= 10) & (unit in ("days", "seconds", "years")))
    return np.where(size >= 0.01, _rounded(values, np.where(whole, 0, np.where(size >= 10, 1, 2))), values)


def _rounded(values: Vector, digits: npt.NDArray[np.intp]) -> Vector:
    """Round, but for figures half-way, whose last digit Python decides when it writes them."""
    scaled = values * 10.0**digits
    half_way = np.abs(np.abs(scaled - np.floor(scaled)) - 0.5) < 1e-6
    return np.where(half_way, values, np.round(scaled) / 10.0**digits)


def fragment(name: str, value: Any, feature: Feature | None, language: str) -> str:
    """Say what is known of one column: the catalog's words with the value, or name and value.

    Examples
    --------
    >>> fragment("engine_power", 85.0, None, "en"), fragment("engine_power", None, None, "en")
    ('engine_power is 85', 'engine_power: nothing on record')
    """
    template = "" if feature is None else (feature.en if language == "en" else feature.zh)
    colon = ": " if language == "en" else "："
    if not template:
        if value is None:
            return f"{name}{colon}{_NONE_YET[language, '']}"
        return f"{name}{' is ' if language == 'en' else '为'}{_shown(value, '', language)}"
    table, unit = ("", "") if feature is None else (feature.table, feature.unit)
    if value is None:
        topic = template.partition("{value}")[0].strip(" ：:") or name
        text = f"{topic}{colon}{_NONE_YET.get((language, table), _NONE_YET[language, ''])}"
    else:
        text = template.replace("{value}", _shown(value, unit, language))
    return text[:1].upper() + text[1:]


def _shown(value: Any, unit: str, language: str) -> str:
    if type(value).__name__ in ("bool", "bool_") or (unit == "flag" and value in (0, 1)):
        return _YES[language][int(value)]
    if isinstance(value, numbers.Real):
        return number(float(value), unit)
    if unit == "text":
        return _CHINESE.get(str(value), str(value)) if language == "zh" else str(value).replace("_", " ")
    return str(value)
