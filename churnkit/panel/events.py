"""One table's events as NumPy sees them: clocks in microseconds, conditions as masks, numbers in exact fixed point."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.errors import ContractError
from churnkit.panel.arrays import NEVER, Bools, Floats, Ints, numbers
from churnkit.panel.feature import Where

_COMPARE = {"==": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater,
            ">=": pc.greater_equal}  # fmt: skip
_COARSE, _FINE = 1e6, 1e15  # a number is coarse / 1e6 + fine / 1e15: money to the cent has no fine part
_LARGEST = 1e12


class EventTable:
    """Rows of one table, with what the aggregates need of them worked out once.

    Parameters
    ----------
    events : Arrow table
        int64 ``customer`` and ``policy`` codes (-1: none), ``id``, int64 microseconds ``superseded`` and, per clock
        ``C``, ``C`` and ``C_seen`` (``NEVER`` for null), and content columns as they are.
    name : str
        The table's name, for messages.
    """

    def __init__(self, events: pa.Table, name: str) -> None:
        self.events, self.name = events, name
        self._masks: dict[Where, Bools] = {}
        self._values: dict[str, Floats] = {}
        self._fixed: dict[str, tuple[Ints, Ints | None]] = {}
        self._times: dict[str, Ints] = {}
        self._words: dict[str, Any] = {}

    def __len__(self) -> int:
        return int(self.events.num_rows)

    @cached_property
    def customer(self) -> Ints:
        """Customer codes."""
        return np.asarray(self.events["customer"], dtype=np.int64)

    @cached_property
    def policy(self) -> Ints:
        """Policy codes, -1 where the row names no policy of its customer."""
        return np.asarray(self.events["policy"], dtype=np.int64)

    def time(self, column: str) -> Ints:
        """Microseconds of a clock, a seen-moment or ``superseded``."""
        if column not in self._times:
            self._times[column] = np.asarray(self.events[column], dtype=np.int64)
        return self._times[column]

    def ranks(self, rows: Ints) -> Ints:
        """Order of the rows' ids among themselves, as text."""
        ids = self.events["id"].take(pa.array(rows)).combine_chunks()
        order = np.asarray(pc.sort_indices(ids), dtype=np.int64)
        codes = np.empty(len(rows), dtype=np.int64)
        texts = ids.take(pa.array(order))
        fresh = np.ones(len(rows), dtype=np.int64)
        fresh[1:] = np.asarray(pc.not_equal(texts[1:], texts[:-1])).astype(np.int64)
        codes[order] = np.cumsum(fresh)
        return codes

    def mask(self, conditions: tuple[Where, ...]) -> Bools:
        """Rows that satisfy all conditions; a null satisfies none."""
        found = np.ones(len(self), dtype=bool)
        for condition in conditions:
            if condition not in self._masks:
                self._masks[condition] = self._condition(condition)
            found = found & self._masks[condition]
        return found

    def _condition(self, where: Where) -> Bools:
        column = self.events[where.column]
        if where.op == "in":
            assert isinstance(where.value, tuple)
            hit = pc.is_in(column, value_set=pa.array(where.value, type=column.type))
        else:
            hit = _COMPARE[where.op](column, pa.scalar(where.value))
        return np.asarray(pc.fill_null(hit, False), dtype=bool)

    def is_text(self, column: str) -> bool:
        """Whether a column holds text."""
        kind = self.events.schema.field(column).type
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))

    def values(self, column: str) -> Floats:
        """A content column as floats, NaN for null; texts as codes (see :meth:`decode`)."""
        if column not in self._values:
            if self.is_text(column):
                words = pc.dictionary_encode(self.events[column]).combine_chunks()
                self._words[column] = words.dictionary
                self._values[column] = numbers(words.indices)
            else:
                self._values[column] = numbers(self.events[column])
        return self._values[column]

    def decode(self, column: str, codes: Floats) -> Any:
        """Codes of a text column back as an Arrow text array."""
        self.values(column)
        indices = pa.array(np.nan_to_num(codes, nan=0).astype(np.int64), mask=np.isnan(codes))
        return self._words[column].take(indices).cast(pa.string())

    def fixed(self, column: str) -> tuple[Ints, Ints | None]:
        """A number column as two integers, null as 0: sums of integers are exact and the same in any partition."""
        if column not in self._fixed:
            values = np.nan_to_num(self.values(column), nan=0.0)
            if len(values) and np.abs(values).max() >= _LARGEST:
                raise ContractError("Numbers that are summed lie below 1e12.", found=f"{np.abs(values).max():.4g}",
                                    where=f"{self.name}.{column}", fix="Fix the source.")  # fmt: skip
            coarse = np.rint(values * _COARSE)
            fine = np.rint((values - coarse / _COARSE) * _FINE).astype(np.int64)
            self._fixed[column] = coarse.astype(np.int64), (fine if fine.any() else None)
        return self._fixed[column]


def from_fixed(coarse: Ints, fine: Ints | None) -> Floats:
    """Sums of :meth:`EventTable.fixed` back as floats."""
    total: Floats = coarse / _COARSE
    return total if fine is None else total + fine / _FINE


def is_final(table: EventTable) -> Bools:
    """Rows that no later version replaces."""
    final: Bools = table.time("superseded") == NEVER
    return final
