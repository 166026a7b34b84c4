"""How a name of theirs is read: loosened, its unit taken off, and compared with what the field calls a column."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

from churnkit.book.mapping.categories import EXACT, PARTS
from churnkit.book.mapping.words import PERSONAL, WORDS

_BRACKETS = re.compile(r"[(\[{【〔<《]([^)\]}】〕>》]*)[)\]}】〕>》]")
_CHINESE = (
    ("保险单", "保单"), ("保险合同", "保单"), ("流水号", "号"), ("号码", "号"), ("编号", "号"), ("代码", "号"), ("编码", "号"), ("代号", "号"),
    ("工号", "号"), ("标识号", "号"), ("日期", "日"), ("时间", "日"), ("时刻", "日"), ("时点", "日"), ("年月日", "日"), ("金额", "额"),
    ("交费", "缴费"), ("被保人", "被保险人"), ("的", ""), ("是否", ""), ("标志", ""), ("标识", ""),
)  # fmt: skip
_TOKENS = {
    "no": "number", "num": "number", "nbr": "number", "nr": "number", "id": "number", "cd": "code", "cde": "code",
    "dt": "date", "tm": "date", "time": "date", "at": "date", "on": "date", "ts": "date", "datetime": "date", "day": "date",
    "prem": "premium", "prm": "premium", "pol": "policy", "plcy": "policy", "ply": "policy", "polno": "policy number",
    "cust": "customer", "cst": "customer", "clnt": "client", "eff": "effective", "exp": "expiry", "expiration": "expiry",
    "expire": "expiry", "clm": "claim", "amt": "amount", "amnt": "amount", "desc": "description", "typ": "type",
    "cat": "category", "chnl": "channel", "chan": "channel", "agt": "agent", "br": "branch", "brch": "branch", "beg": "begin",
    "bgn": "begin", "sum_ins": "sum insured", "si": "sum insured", "rsn": "reason", "cncl": "cancel", "canc": "cancel",
    "cancelation": "cancellation", "insd": "insured", "lob": "line of business", "prod": "product", "freq": "frequency",
    "ann": "annual", "yr": "year", "sts": "status", "stat": "status", "rec": "recorded", "resp": "response",
    "policyholder": "policyholder", "licence": "license", "organisation": "organization", "centre": "center",
    "sec": "seconds", "secs": "seconds", "mins": "minutes",
}  # fmt: skip
_OTHER_CHINESE = ("上年", "去年", "上期", "上次", "上一", "上张", "历史", "累计", "次数", "率", "系数", "折扣", "平均", "预计", "计划", "应收",
                  "未决", "目标", "最近", "首次", "首年", "最后", "排名", "等级", "原", "旧", "再保", "共保", "分保", "对手", "竞品",
                  "税", "手续费", "佣金", "现金价值", "下次", "下期", "续保", "报价", "个数", "件数", "天数", "类型", "方式", "状态",
                  "原因", "名", "姓名", "机", "证件", "更新", "修改")  # fmt: skip
_OTHER_ENGLISH = {"last", "prior", "previous", "prev", "old", "avg", "average", "mean", "count", "ratio", "rate", "discount",
                  "factor", "lag", "flag", "cumulative", "past", "next", "target", "competitor", "first", "reinsurance",
                  "tax", "commission", "update", "updated", "modified", "score", "max", "min", "name", "offer", "quote",
                  "days", "months", "years", "indicator", "cancel", "cancellation", "reason", "status", "type"}  # fmt: skip
_UNITS_MONEY = {"元": 1.0, "人民币元": 1.0, "万元": 1e4, "万": 1e4, "千元": 1e3, "百万元": 1e6, "亿元": 1e8, "亿": 1e8, "分": 0.01, "角": 0.1,
                "rmb": 1.0, "cny": 1.0, "yuan": 1.0, "k": 1e3, "thousand": 1e3, "thousands": 1e3, "m": 1e6, "million": 1e6,
                "millions": 1e6, "cents": 0.01, "fen": 0.01, "wan": 1e4, "10k": 1e4, "eur": 1.0, "usd": 1.0}  # fmt: skip
_UNITS_TIME = {"毫秒": 0.001, "ms": 0.001, "秒": 1.0, "s": 1.0, "sec": 1.0, "seconds": 1.0, "分": 60.0, "分钟": 60.0, "min": 60.0,
               "mins": 60.0, "minutes": 60.0, "小时": 3600.0, "时": 3600.0, "h": 3600.0, "hours": 3600.0}  # fmt: skip
_UNITS_DAY = {"小时": 1.0, "h": 1.0, "hours": 1.0, "天": 24.0, "日": 24.0, "days": 24.0, "工作日": 24.0}
_UNITS_SHARE = {"%": 0.01, "百分比": 0.01, "percent": 0.01, "‰": 0.001}


def spell(name: str) -> str:
    """Return a name without width, case and outer blanks: what is compared first."""
    return unicodedata.normalize("NFKC", name).strip().strip("\ufeff").lower()


@lru_cache(maxsize=20_000)
def loosen(name: str) -> str:
    """Return the canonical form in which two names of one thing are alike.

    Examples
    --------
    >>> loosen("起保日期") == loosen("起保时间"), loosen("PolicyNo") == loosen("policy_id"), loosen("保费(元)")
    (True, True, '保费')
    """
    text = _BRACKETS.sub(" ", unicodedata.normalize("NFKC", name)).strip("\ufeff ")
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text).lower()
    text = re.sub(r"(?<=[一-鿿])\s*(id|no\.?|code)\b", "号", text)
    for old, new in _CHINESE:
        text = text.replace(old, new) if text != old else text
    text = re.sub(r"(?<=[一-鿿])号日$", "号", text)
    words = re.findall(r"[a-z0-9]+|[一-鿿]+", text)
    if len(words) > 1 and len(words[0]) == 1 and words[0] in "cntfdv":  # C_PLY_NO, T_CRT_TM
        words = words[1:]
    return " ".join(_TOKENS.get(word, word) for word in words)


def unit(name: str) -> str:
    """Return what stands in brackets, or after an underscore at the end, if it is a unit; else ``""``.

    Examples
    --------
    >>> unit("保额（万元）"), unit("wait_min"), unit("policy_no")
    ('万元', 'min', '')
    """
    text = unicodedata.normalize("NFKC", name)
    every = {**_UNITS_MONEY, **_UNITS_TIME, **_UNITS_DAY, **_UNITS_SHARE}
    inside = [word.strip().lower().removeprefix("单位:") for word in _BRACKETS.findall(text)]
    tail = re.split(r"[_\s/]", text.lower())[-1]
    found = [word for word in inside if word in every]
    return found[0] if found else tail if tail != text.lower() and len(tail) > 1 and tail in every else ""


def factor(column: str, kind: str, name: str) -> float:
    """By what their numbers are multiplied to become ours, as far as the header's unit says."""
    word = unit(name)
    if column.endswith("_seconds") or column == "queue_wait_mean":
        return _UNITS_TIME.get(word, 1.0)
    if column == "sla_hours":
        return _UNITS_DAY.get(word, 1.0)
    if kind == "money":
        return _UNITS_MONEY.get(word, 1.0)
    return _UNITS_SHARE.get(word, 1.0) if kind == "number" else 1.0


@lru_cache(maxsize=50_000)
def likeness(theirs: str, ours: str, names: str, *, table: str = "") -> float:
    """How surely a header of theirs names the column of ours: 1 the very name, 0 nothing in common."""
    if spell(theirs) == ours:
        return 1.2
    name, best = loosen(theirs), 0.0
    for rank, known in enumerate(_loosened(f"{ours} {names}")):
        best = max(best, _alike(name, known, table) - min(rank, 30) * 0.003)
    return best


@lru_cache
def _loosened(names: str) -> tuple[str, ...]:
    return tuple(loosen(name) for name in names.split())


def _alike(name: str, known: str, table: str) -> float:
    if not name or not known:
        return 0.0
    if name == known:
        return 1.0
    if name.replace(" ", "") == known.replace(" ", ""):
        return 0.98
    if re.search(r"[一-鿿]", known):
        return _alike_chinese(name, known)
    return _alike_english(name.split(), known.split(), table)


def _alike_chinese(name: str, known: str) -> float:
    if len(known) < 2 or known not in name:
        near = min(len(name), len(known)) >= 4 and abs(len(name) - len(known)) <= 1 and not _other(name, known)
        return 0.62 if near and SequenceMatcher(None, name, known).ratio() >= 0.86 else 0.0
    if _other(name, known):
        return 0.0
    rest = len(name) - len(known)
    base = 0.86 if name.endswith(known) else 0.68
    return max(base - 0.04 * rest - (0.1 if len(known) == 2 else 0.0), 0.0)


def _other(name: str, known: str) -> bool:
    """Whether what the name has more than the known one makes it something else: 上年保费 is no 保费."""
    rest = name.replace(known, "", 1) if known in name else name
    return any(word in rest and word not in known for word in _OTHER_CHINESE)


def _alike_english(name: list[str], known: list[str], table: str) -> float:
    own = set(loosen(table.rstrip("s")).split()) | {"the", "of", "is", "policy" if table == "terms" else "", "current"}
    rest = [word for word in name if word not in known]
    if set(rest) & _OTHER_ENGLISH:
        return 0.0
    if set(known) <= set(name) and (len(known) > 1 or len(name) == len(known)):
        return 0.85 - 0.1 * len([word for word in rest if word not in own])
    if len(known) == 1 and known[0] in name and len(known[0]) > 4 and not [w for w in rest if w not in own]:
        return 0.8
    one, other = " ".join(name), " ".join(known)
    if len(name) == len(known) and len(other) >= 6 and abs(len(one) - len(other)) <= 2:
        return 0.7 if SequenceMatcher(None, one, other).ratio() >= 0.9 else 0.0
    return 0.0


@lru_cache(maxsize=5_000)
def personal(name: str) -> bool:
    """Whether a header names or reaches a person: a name, a number to call, an identity card."""
    found = loosen(name)
    return any(
        found == known or (re.search(r"[一-鿿]", known) and found.endswith(known) and len(known) > 1)
        for known in _loosened(PERSONAL)
    )


def meaning(column: str, value: str) -> str | None:
    """What a value of theirs is in the contract's words for the column; None where it is not known.

    Examples
    --------
    >>> meaning("line", "机动车综合商业保险"), meaning("end_reason", "犹豫期退保"), meaning("line", "?")
    ('motor', 'free_look', None)
    """
    text = re.sub(r"[\s_\-/.·]+", "", spell(value))
    if text in _exact(column):
        return _exact(column)[text]
    spaced = spell(value).replace("_", " ")
    return next((ours for part, ours in PARTS.get(column, ()) if part in spaced), None)


@lru_cache
def _exact(column: str) -> dict[str, str]:
    """The field's words for a category, the earlier meaning where two share one."""
    pairs = [(word, ours) for ours, names in EXACT.get(column, {}).items() for word in (ours, *names.split())]
    return {re.sub(r"[_\-]", "", word): ours for word, ours in reversed(pairs) if word}


def english(name: str, at: int) -> str:
    """Return a name of letters for an extra column: theirs if it is one, its words in English, else ``column_7``.

    Examples
    --------
    >>> english("Vehicle Power(kW)", 7), english("车辆功率", 7), english("甲乙丙", 7)
    ('vehicle_power', 'vehicle_power', 'column_7')
    """
    text = _BRACKETS.sub(" ", unicodedata.normalize("NFKC", name)).strip()
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    if re.search(r"[一-鿿]", text):
        words, place = [], 0
        while place < len(text):
            size = next((n for n in (4, 3, 2, 1) if text[place : place + n] in WORDS), 0)
            latin = re.match(r"[A-Za-z0-9]+", text[place:])
            if size:
                words.append(WORDS[text[place : place + size]])
            elif latin:
                words.append(latin[0])
            elif text[place] not in "的_- ":
                return f"column_{at}"
            place += size or (len(latin[0]) if latin else 1)
        text = "_".join(dict.fromkeys(words))
    found = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", text.lower())).strip("_")
    return found if re.fullmatch(r"[a-z][a-z0-9_]*", found) else f"column_{at}"
