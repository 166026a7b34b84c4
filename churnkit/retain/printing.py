"""How wide and high a text is in a spreadsheet: readers other than Excel take heights as they are written."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable

_LINE = 15.0  # points


def characters(text: str) -> int:
    """Width of a text in characters; a Chinese one takes two.

    Examples
    --------
    >>> characters("续保 ok")
    7
    """
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def height(cells: Iterable[tuple[str, float]]) -> float:
    """Height in points of a row of wrapped texts, each with the width of its column in characters.

    Examples
    --------
    >>> height([("a word", 10.0), ("nine words that need more than a single line", 20.0)])
    45.0
    """
    return _LINE * max((_lines(text, width) for text, width in cells), default=1)


def _lines(text: str, width: float) -> int:
    plain = "".join("xx" if characters(letter) == 2 else letter for letter in text)
    return max(len(textwrap.wrap(plain, max(int(width) - 1, 1))), 1)
