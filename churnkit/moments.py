"""Days and moments that people write: ISO dates and nothing else, since 01.10.2026 means two different days."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from churnkit.errors import UsageError

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?([+-]\d{2}:\d{2}|Z)?")


def to_moment(value: Any, *, name: str) -> pd.Timestamp:
    """Read a date or timestamp; a text must be ISO.

    Parameters
    ----------
    value : str, date, datetime or Timestamp
    name : str, what it is called in the message

    Raises
    ------
    UsageError
        If it is none, or a text that is not ISO.

    Examples
    --------
    >>> to_moment("2026-10-01", name="as_of")
    Timestamp('2026-10-01 00:00:00')
    >>> to_moment("01.10.2026", name="as_of")
    Traceback (most recent call last):
    ...
    churnkit.errors.UsageError: as_of is a date written 2026-10-01. Found: '01.10.2026'. Write year-month-day.
    """
    wrong = UsageError(f"{name} is a date written 2026-10-01.", found=repr(value), fix="Write year-month-day.")
    if isinstance(value, str) and not _ISO.fullmatch(value.strip()):
        raise wrong
    try:
        moment = pd.Timestamp(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise wrong from error
    if pd.isna(moment) or isinstance(value, int | float):
        raise wrong
    return moment
