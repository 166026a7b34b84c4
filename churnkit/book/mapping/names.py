"""How a name of theirs is read: loosened, its unit taken off, and compared with what the field calls a column."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

from churnkit.book.mapping.categories import EXACT, PARTS
from churnkit.book.mapping.words import (
    HOURS,
    MONEY,
    OTHER_CHINESE,
    OTHER_ENGLISH,
    PERSONAL,
    PHRASES,
    SAME_CHINESE,
    SHARE,
    SHORT,
    TIME,
    WORDS,
)  # fmt: skip

_BRACKETS = re.compile(r"[(\[{【〔<《]([^)\]}】〕>》]*)[)\]}】〕>》]")
_TOKENS = {short: word for word, every in SHORT.items() for short in every.split()} | PHRASES
_OWNERS = {"customer", "client", "insured", "agent", "holder", "first", "last", "full", "contact", "driver"}
_REACHES = ("mobile", "phone", "telephone", "email", "address", "passport", "ssn", "wechat", "surname")
_FLAGS = {"flag", "flg", "ind", "indicator", "yn", "fl"}
_OTHER_CHINESE, _OTHER_ENGLISH = tuple(OTHER_CHINESE.split()), frozenset(OTHER_ENGLISH.split())


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
    for old, new in SAME_CHINESE:
        text = text.replace(old, new) if text != old else text
    text = re.sub(r"(?<=[一-鿿])号日$", "号", text)
    words = re.findall(r"[a-z0-9]+|[一-鿿]+", text)
    if len(words) > 1 and len(words[0]) == 1 and words[0] in "cntfdv":  # C_PLY_NO, T_CRT_TM
        words = words[1:]
    if len(words) > 1 and words[-1] in _FLAGS:
        words = words[:-1]
    return " ".join(_TOKENS.get(word, word) for word in words)


def unit(name: str) -> str:
    """Return what stands in brackets, or after an underscore at the end, if it is a unit; else ``""``.

    Examples
    --------
    >>> unit("保额（万元）"), unit("wait_min"), unit("policy_no")
    ('万元', 'min', '')
    """
    text = unicodedata.normalize("NFKC", name)
    every = {**MONEY, **TIME, **HOURS, **SHARE}
    inside = [word.strip().lower().removeprefix("单位:") for word in _BRACKETS.findall(text)]
    tail = re.split(r"[_\s/]", text.lower())[-1]
    found = [word for word in inside if word in every]
    return found[0] if found else tail if tail != text.lower() and len(tail) > 1 and tail in every else ""


def factor(column: str, kind: str, name: str) -> float:
    """By what their numbers are multiplied to become ours, as far as the header's unit says."""
    word = unit(name)
    if column.endswith("_seconds") or column == "queue_wait_mean":
        return TIME.get(word, 1.0)
    if column == "sla_hours":
        return HOURS.get(word, 1.0)
    if kind == "money":
        return MONEY.get(word, 1.0)
    return SHARE.get(word, 1.0) if kind == "number" else 1.0


@lru_cache(maxsize=50_000)
def likeness(theirs: str, ours: str, names: str, *, table: str = "") -> float:
    """How surely a header of theirs names the column of ours: 1 the very name, 0 nothing in common."""
    if spell(theirs) == ours:
        return 1.2
    name, best = loosen(theirs), 0.0
    stem = name.removesuffix("名称") if len(name) > 3 and not personal(theirs) else name
    for rank, known in enumerate(_loosened(f"{ours} {names}")):
        alike = max(_alike(name, known, table), _alike(stem, known, table) - 0.02)
        best = max(best, alike - min(rank, 30) * 0.003)
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
    """Whether a header names or reaches a person: a name, a number to call, an identity card.

    Examples
    --------
    >>> personal("投保人姓名"), personal("MOBILE_NO"), personal("agent_name"), personal("product_name")
    (True, True, True, False)
    """
    found = loosen(name)
    if re.search(r"[一-鿿]", found):
        return any(found.endswith(known) for known in _loosened(PERSONAL) if len(known) > 1)
    words = found.removesuffix(" number").split()
    if words[-1:] == ["name"] and words[0] in _OWNERS:
        return True
    return " ".join(words) in _loosened(PERSONAL) or words[-1:] in [[word] for word in _REACHES]


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
