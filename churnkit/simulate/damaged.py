"""What a damage did, and how it chooses its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import UsageError
from churnkit.simulate.draft import Draft

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Damaged:
    """What was done to a book, and what a check of it should find.

    Parameters
    ----------
    code, table : str
        The finding's code and table.
    count : int
        The finding's count: rows as a rule; columns, files, tables or features where these are what is at fault.
    what : str
        One sentence.
    rows : tuple of int
        Rows of the damaged table that are at fault, numbered from 1; empty where it is not rows, or every one.
    """

    code: str
    table: str
    count: int
    what: str
    rows: tuple[int, ...] = ()

    @classmethod
    def at(cls, code: str, table: str, places: npt.ArrayLike, what: str) -> Damaged:
        """Say which rows are at fault, by position; ``{n}`` in `what` becomes their number.

        Raises
        ------
        UsageError
            If there is none.
        """
        rows = tuple(int(place) + 1 for place in np.asarray(places))
        if not rows:
            raise _too_small()
        return cls(code, table, len(rows), what.format(n=f"{len(rows):,}"), rows)


Apply = Callable[[Draft, np.random.Generator], Damaged]


@dataclass(frozen=True)
class Damage:
    """One known way in which a book goes wrong; ``apply`` does it to a draft."""

    code: str
    table: str
    what: str
    apply: Apply


def pick(rng: np.random.Generator, among: pd.Series, n: int) -> Ints:
    """Positions of up to `n` rows for which `among` holds, in order.

    Raises
    ------
    UsageError
        If there is none.
    """
    places = np.flatnonzero(among.to_numpy(dtype=bool))
    if not len(places):
        raise _too_small()
    return np.sort(rng.choice(places, size=min(n, len(places)), replace=False))


def put_at(frame: pd.DataFrame, places: npt.ArrayLike, **columns: Any) -> pd.DataFrame:
    """The frame with new values in some rows, by position."""
    changed = frame.copy()
    for name, values in columns.items():
        by_position = values.to_numpy() if isinstance(values, pd.Series) else values
        changed.iloc[np.asarray(places), list(changed.columns).index(name)] = by_position
    return changed


def appended(frame: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, Ints]:
    """The frame with rows after its last one, and their positions."""
    longer = pd.concat([frame, rows[[name for name in frame if name in rows]]], ignore_index=True)
    return longer, np.arange(len(frame), len(longer))


def days(values: npt.ArrayLike) -> pd.Series:
    """Numbers of days as time differences, by position."""
    return pd.Series(pd.to_timedelta(np.round(np.asarray(values, float) * 86_400).astype(np.int64), unit="s"))


def _too_small() -> UsageError:
    return UsageError("A damage needs rows that it can damage.", found="none in this book",
                      fix="Simulate more customers or more years.")  # fmt: skip
