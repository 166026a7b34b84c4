"""One table's events as NumPy sees them: clocks in microseconds, conditions as masks, numbers in exact fixed point."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.errors import ContractError
from churnkit.panel.arrays import NEVER, Bools, Floats, Ints, Scalar, numbers
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
    order : int array, optional
        Rows of `events` to keep, and their order; every array below is in it, so that the rest reads memory in a row.
    """

    def __init__(self, events: pa.Table, name: str, order: Ints | None = None) -> None:
        self.events, self.name, self.order = events, name, order
        self._masks: dict[Where, Bools] = {}
        self._values: dict[str, Floats] = {}
        self._present: dict[str, Bools | None] = {}
        self._fixed: dict[str, tuple[Ints, Ints | None]] = {}
        self._largest: dict[str, float] = {}
        self._times: dict[str, Ints] = {}
        self._texts: dict[str, npt.NDArray[np.int32]] = {}
        self._words: dict[str, Any] = {}

    def __len__(self) -> int:
        return int(self.events.num_rows) if self.order is None else len(self.order)

    def _ordered(self, column: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        return column if self.order is None else column.take(self.order)

    @cached_property
    def customer(self) -> Ints:
        """Customer codes."""
        return self._ordered(np.asarray(self.events["customer"], dtype=np.int64))

    @cached_property
    def policy(self) -> Ints:
        """Policy codes, -1 where the row names no policy of its customer."""
        return self._ordered(np.asarray(self.events["policy"], dtype=np.int64))

    def time(self, column: str) -> Ints:
        """Microseconds of a clock, a seen-moment or ``superseded``."""
        if column not in self._times:
            self._times[column] = self._ordered(np.asarray(self.events[column], dtype=np.int64))
        return self._times[column]

    @cached_property
    def until(self) -> Ints | None:
        """The moment at which a later version replaces each row; None where no row is replaced."""
        replaced = np.asarray(self.events["superseded"], dtype=np.int64).min(initial=NEVER) < NEVER
        return self.time("superseded") if replaced else None

    def ranks(self, rows: Ints) -> Ints:
        """Order of the ids of rows of `events` among themselves, as text."""
        ids = self.events["id"].take(pa.array(rows)).combine_chunks()
        order = np.asarray(pc.sort_indices(ids), dtype=np.int64)
        codes = np.empty(len(rows), dtype=np.int64)
        texts = ids.take(pa.array(order))
        fresh = np.ones(len(rows), dtype=np.int64)
        fresh[1:] = np.asarray(pc.not_equal(texts[1:], texts[:-1])).astype(np.int64)
        codes[order] = np.cumsum(fresh)
        return codes

    def mask(self, where: Where) -> Bools:
        """Rows that satisfy a condition; a null satisfies none."""
        if where not in self._masks:
            if self.is_text(where.column):
                codes = self._codes(where.column)
                hits = _satisfied(self._words[where.column], where)
                one = int(np.argmax(hits)) if hits.sum() == 1 else -1  # a comparison is quicker than looking up
                self._masks[where] = codes == one if one >= 0 else np.append(hits, False)[codes]
            else:
                self._masks[where] = self._ordered(_satisfied(self.events[where.column], where))
        return self._masks[where]

    def is_text(self, column: str) -> bool:
        """Whether a column holds text."""
        kind = self.events.schema.field(column).type
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))

    def _codes(self, column: str) -> npt.NDArray[np.int32]:
        """A text column as places among its words, past the last one for null."""
        if column not in self._texts:
            words = pc.dictionary_encode(self.events[column]).combine_chunks()
            self._words[column] = words.dictionary
            codes = np.asarray(pc.fill_null(words.indices.cast(pa.int32()), len(words.dictionary)), dtype=np.int32)
            self._texts[column] = self._ordered(codes)
        return self._texts[column]

    def values(self, column: str) -> Floats:
        """A content column as floats, NaN for null; texts as codes (see :meth:`decode`)."""
        if column not in self._values:
            if self.is_text(column):
                values = self._codes(column).astype(np.float64)
                values[values == len(self._words[column])] = np.nan
            else:
                values = self._ordered(numbers(self.events[column]))
            self._values[column] = values
        return self._values[column]

    def present(self, column: str) -> Bools | None:
        """Rows in which the column is not null; None for all rows."""
        if column not in self._present:
            missing = np.isnan(self.values(column))
            self._present[column] = np.logical_not(missing, out=missing) if missing.any() else None
        return self._present[column]

    def decode(self, column: str, codes: Floats) -> Any:
        """Codes of a text column back as an Arrow text array."""
        self._codes(column)
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
            values -= coarse / _COARSE
            values *= _FINE
            fine = np.rint(values, out=values) if values.any() else None
            some = None if fine is None or not fine.any() else fine.astype(np.int64)
            self._fixed[column] = coarse.astype(np.int64), some
            self._largest[column] = float(np.abs(coarse, out=coarse).max(initial=0.0))
        return self._fixed[column]

    def largest(self, column: str) -> float:
        """The largest coarse part of a column."""
        self.fixed(column)
        return self._largest[column]


def _satisfied(column: Any, where: Where) -> Bools:
    if where.op == "in":
        assert isinstance(where.value, tuple)
        hit = pc.is_in(column, value_set=pa.array(where.value, type=column.type))
    else:
        hit = _COMPARE[where.op](column, pa.scalar(where.value))
    return np.asarray(pc.fill_null(hit, False), dtype=bool)


def from_fixed(coarse: Ints, fine: Ints | None) -> Floats:
    """Sums of :meth:`EventTable.fixed` back as floats."""
    total: Floats = coarse / _COARSE
    return total if fine is None else total + fine / _FINE


def is_final(table: EventTable) -> Bools | None:
    """Rows that no later version replaces; None for all rows."""
    final: Bools | None = None if table.until is None else table.until == NEVER
    return final
