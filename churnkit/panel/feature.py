"""What a feature is: a spec. How it is computed is the kernel's business."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from churnkit.book.schema import TABLES, clock_of
from churnkit.errors import LeakageError, UsageError

Aggregate = Literal["count", "sum", "mean", "min", "max", "last", "share", "days_since", "open", "slope", "attribute"]
Op = Literal["==", "!=", "<", "<=", ">", ">=", "in"]
_NEEDS_COLUMN = ("sum", "mean", "min", "max", "last", "slope", "attribute")


@dataclass(frozen=True)
class Where:
    """A condition on one column of a feature's table; a null never satisfies it."""

    column: str
    op: Op
    value: str | float | bool | tuple[str, ...]


@dataclass(frozen=True)
class Feature:
    """One column of a panel: which rows of which table, seen through which clock, aggregated how.

    Parameters
    ----------
    name : str
        The column's name in ``Panel.X``: ASCII, its own definition in brief (``complaints_365d``).
    table : str
        A table of the book, or ``"observation"`` for what the observation itself says (``lead_days``).
    aggregate : str
        ``count``, ``sum``, ``mean``, ``min``, ``max``, ``last`` over the rows in the window; ``share`` of rows in
        the window that satisfy ``of``; ``days_since`` the latest row, counted from the cutoff; ``open``: rows begun (``clock``)
        and not ended (``end_clock``) as visible; ``slope`` of ``column`` per year within the window;
        ``attribute``: the value of a column of the observation's own customer, policy or term.
    clock : str
        The clock through which rows are seen; empty means the table's first clock.
    days : int or None
        Window ``[cutoff - days, cutoff)``; None means the whole visible history.
    where : tuple of Where
        Rows that count at all.
    of : tuple of Where
        For ``share`` only: the numerator's further conditions.
    scope : {"customer", "policy"}
        Whose rows: all of the customer's, or those of the observation's policy only.
    group, stage, unit : str
        Reason group, journey stage and unit.
    sign : {-1, 0, 1}
        Known direction on the chance of **renewal** (the churn model turns it round); 0 where unknown.
    en, zh : str
        Sentence fragments with ``{value}``.

    Raises
    ------
    LeakageError
        If a column is read through a clock earlier than the one from which it is known.
    """

    name: str
    table: str
    aggregate: Aggregate
    clock: str = ""
    column: str = ""
    days: int | None = None
    where: tuple[Where, ...] = ()
    of: tuple[Where, ...] = ()
    end_clock: str = ""
    scope: Literal["customer", "policy"] = "customer"
    group: str = ""
    stage: str = ""
    unit: str = ""
    sign: int = 0
    en: str = ""
    zh: str = ""

    def __post_init__(self) -> None:
        if self.aggregate in _NEEDS_COLUMN and not self.column:
            raise UsageError(f"Aggregate {self.aggregate!r} needs a column.", where=f"feature {self.name!r}",
                             fix='Add column="...".')  # fmt: skip
        if self.table == "observation":
            return
        if self.table not in TABLES:
            raise UsageError("A feature reads a table of the book.", found=f"{self.table!r}",
                             where=f"feature {self.name!r}", fix=f"Choose one of: {', '.join(TABLES)}.")  # fmt: skip
        if not self.clock and TABLES[self.table].clocks:
            object.__setattr__(self, "clock", TABLES[self.table].clocks[0])
        self._refuse_leaks()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns whose content the feature reads, clocks not included."""
        own = (self.column,) if self.column else ()
        return tuple(dict.fromkeys((*own, *(w.column for w in self.where), *(w.column for w in self.of))))

    def _refuse_leaks(self) -> None:
        spec = TABLES[self.table]
        for column in self.columns:
            known = clock_of(self.table, column)
            if spec.column(column) is None:
                continue
            if spec.column(column).audit_only:  # type: ignore[union-attr]
                raise LeakageError(f"Column {self.table}.{column} is for audits only and never a feature.",
                                   where=f"feature {self.name!r}", fix="Drop the feature.")  # fmt: skip
            later = known and self.clock in spec.clocks and spec.clocks.index(known) > spec.clocks.index(self.clock)
            if later and self.aggregate != "attribute":
                raise LeakageError(
                    f"Feature {self.name!r} reads {self.table}.{column} through {self.clock}; "
                    f"it is known only from {known}.",
                    fix=f'Use clock="{known}".',
                )
