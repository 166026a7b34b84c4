"""What a feature is: a spec. How it is computed is the kernel's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any, Literal, get_args

from churnkit.book.schema import SENSITIVE as SENSITIVE
from churnkit.book.schema import TABLES, Schema, Table
from churnkit.book.validate import near_miss
from churnkit.errors import LeakageError, UsageError
from churnkit.panel.derived.columns import CLOCKS, COLUMNS, CROSSING, CROSSING_SCOPES, known_clock

Aggregate = Literal["count", "sum", "mean", "std", "min", "max", "first", "last", "distinct", "share", "days_since",
                    "days_since_first", "gap_mean", "gap_max", "open", "slope", "attribute", "ratio",
                    "difference"]  # fmt: skip
Scope = Literal["customer", "policy", "household", "agent", "line"]
Op = Literal["==", "!=", "<", "<=", ">", ">=", "in"]
_NUMERIC = ("sum", "mean", "std", "min", "max", "slope")
_NEEDS_COLUMN = (*_NUMERIC, "first", "last", "distinct", "attribute")
_OF_PARTS = ("ratio", "difference")
_KINDS = {"number": "number", "integer": "number", "money": "number", "bool": "truth value", "date": "date",
          "ts": "date"}  # fmt: skip
_VALUES: dict[str, tuple[type, ...]] = {"number": (int, float), "truth value": (bool,), "text": (str,)}
_STATES = ("customers", "policies", "terms", "observation")
_ORDERED = {("claims", "decided_at", "paid_at")}  # the contract orders these two: decided is known once paid

OBSERVATION: dict[str, str] = {
    "lead_days": "days from the cutoff to the term's scheduled end",
    "cutoff_month": "month of the cutoff, 1 to 12",
    "term_days": "scheduled length of the observation's term",
    "tenure_days": "days from the policy's inception_date (else its first visible start) to the cutoff",
    "customer_tenure_days": "the same, earliest over the customer's policies with a visible term begun by the cutoff",
    "term_number": "visible terms of the policy with start_date <= cutoff",
    "policies_held": "policies of the customer with a visible term in force at the cutoff",
    "lines_held": "distinct lines of those policies",
    "premium_held": "sum of premium of the visible terms in force",
    "sum_insured_held": "sum of sum_insured of the visible terms in force, null where none of them states it",
    "days_to_next_end": "days from the cutoff to the earliest scheduled end among the terms in force",
    "premium_change": "premium / premium of the policy's visible term with the latest earlier start, - 1",
    "offer_change": "offer_premium / premium - 1 of the own term, null unless offer_date is visible",
    "age": "year of the cutoff - birth_year of the customer as visible",
}
"""What an observation itself says. In force: ``start_date <= cutoff < min(end_date, ended_date if visible)``."""


@dataclass(frozen=True)
class Where:
    """A condition on one column of a feature's table; a null never satisfies it."""

    column: str
    op: Op
    value: str | float | bool | tuple[str, ...]


@dataclass(frozen=True)
class Feature:
    """One column of a panel: which rows of which table, seen through which clock, aggregated how.

    A row counts if ``clock < cutoff``, it was recorded before the cutoff, and no later version of it was.

    Parameters
    ----------
    name : str
        The column's name in ``Panel.X``: ASCII, its own definition in brief (``complaints_365d``).
    table : str
        A table of the book; ``"observation"`` for what the observation itself says (see ``OBSERVATION``); ``"agents"``
        or ``"lines"`` for what happened to others, by month (see ``derived.CROSSING``); ``"panel"`` for what is made of
        two other features.
    aggregate : str
        ``count``, ``sum``, ``mean``, ``std`` (of a sample), ``min``, ``max``, ``first``, ``last``, ``distinct`` (number
        of different values) over the rows in the window, null values passed over; ``share`` of rows in the window that
        satisfy ``of``; ``days_since`` the latest row of the window, ``days_since_first``, counted from the cutoff;
        ``gap_mean`` and ``gap_max``: days between one row of the window and the next; ``open``: rows begun (``clock``)
        in the window and not ended (``end_clock``) as visible; ``slope`` of ``column``, least squares per 365 days
        within the window; ``attribute``: the value of a column of the observation's own customer, policy or term, null
        before its own clock; of a date, the days from it to the cutoff; ``ratio`` and ``difference`` of two ``parts``,
        null where one is null or the second of a ratio is 0.
    clock : str
        The clock through which rows are seen; empty means the table's first clock.
    column : str
        A column of the table, or a derived one (see ``panel/derived/columns.py``).
    days : int or None
        Window ``[cutoff - days, cutoff)``; None means the whole visible history.
    where : tuple of Where
        Rows that count at all.
    of : tuple of Where
        For ``share`` only: the numerator's further conditions.
    end_clock : str
        For ``open`` only: the clock that ends a row.
    scope : {"customer", "policy", "household", "agent", "line"}
        Whose rows: all of the customer's, those of this customer on the observation's policy, or those of everybody in
        the customer's household; the policy's agent and line, for the tables of that name only.
    parts : tuple of two Feature
        For ``ratio`` and ``difference`` only.
    group, stage, unit : str
        Reason group, journey stage and unit.
    sign : {-1, 0, 1}
        Known direction on the chance of **renewal** (the churn model turns it round); 0 where unknown.
    en, zh : str
        Sentence fragments with ``{value}``.
    schema : mapping of name to Table
        What there is to read: the contract, or ``book.schema`` for declared columns and tables.

    Raises
    ------
    LeakageError
        If a column is read through a clock at which it is not known yet, or is for audits only.
    UsageError
        If the spec names an unknown table, column, clock or aggregate, or lacks a part that its aggregate needs.

    Examples
    --------
    >>> Feature("paid_365d", table="claims", clock="paid_at", aggregate="sum", column="amount_paid", days=365).columns
    ('amount_paid',)
    >>> Feature("paid_365d", table="claims", aggregate="sum", column="amount_paid", days=365)
    Traceback (most recent call last):
    ...
    churnkit.errors.LeakageError: Feature 'paid_365d' reads claims.amount_paid through reported_at; it is known only
    from paid_at. Use clock="paid_at".
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
    scope: Scope = "customer"
    parts: tuple[Feature, ...] = ()
    group: str = ""
    stage: str = ""
    unit: str = ""
    sign: int = 0
    en: str = ""
    zh: str = ""
    schema: InitVar[Schema] = TABLES

    def __post_init__(self, schema: Schema) -> None:
        spec = schema.get(self.table) or CROSSING.get(self.table)
        if not self.clock and spec is not None and spec.clocks:
            object.__setattr__(self, "clock", spec.clocks[0])
        self.check(schema)

    def check(self, schema: Schema) -> None:
        """Refuse what cannot be read from tables like these, or not without seeing the future."""
        self._check_parts({**schema, **CROSSING})
        if self.table in ("observation", "panel"):
            return
        spec = CROSSING.get(self.table) or schema[self.table]
        self._check_names(spec)
        self._check_kinds(spec)
        self._refuse_leaks(spec)

    @classmethod
    def restored(cls, saved: Mapping[str, Any]) -> Feature:
        """Return a feature as a panel's file holds it; it was checked when its column was computed."""
        found = object.__new__(cls)
        for name, field in cls.__dataclass_fields__.items():
            if name != "schema":
                object.__setattr__(found, name, saved.get(name, field.default))
        for part in ("where", "of"):
            kept = tuple(Where(w["column"], w["op"], _hashable(w["value"])) for w in saved[part])
            object.__setattr__(found, part, kept)
        object.__setattr__(found, "parts", tuple(cls.restored(each) for each in saved.get("parts", ())))
        return found

    @property
    def numeric(self) -> bool:
        """Whether the column holds numbers; else categories."""
        if self.aggregate not in ("first", "last", "attribute") or self.table in ("observation", "panel"):
            return True
        spec = CROSSING.get(self.table) or TABLES.get(self.table)
        return spec is None or _kind(spec, self.column) != "text"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns whose content the feature reads, clocks not included."""
        own = (self.column,) if self.column else ()
        return tuple(dict.fromkeys((*own, *(w.column for w in self.where), *(w.column for w in self.of))))

    def _wrong(self, rule: str, *, found: str = "", fix: str = "") -> UsageError:
        return UsageError(rule, found=found, where=f"feature {self.name!r}", fix=fix)

    def _check_parts(self, schema: Schema) -> None:
        if self.table not in ("observation", "panel", *schema):
            raise self._wrong("A feature reads a table of the book.", found=repr(self.table),
                              fix=near_miss(self.table, (*schema, "observation", "panel")))  # fmt: skip
        if self.aggregate not in get_args(Aggregate):
            raise self._wrong("A feature has one of the aggregates.", found=repr(self.aggregate),
                              fix=near_miss(self.aggregate, get_args(Aggregate)))  # fmt: skip
        if self.scope not in get_args(Scope):
            raise self._wrong("The rows are the customer's, the policy's or the household's.", found=repr(self.scope),
                              fix='Use scope="customer", scope="policy" or scope="household".')  # fmt: skip
        if CROSSING_SCOPES.get(self.table, "") != (self.scope if self.scope in CROSSING_SCOPES.values() else ""):
            raise self._wrong("Tables agents and lines are read by agent and by line, and no other table is.",
                              found=f"table {self.table} by {self.scope}", fix='Use scope="customer".')  # fmt: skip
        combined, two = self.table == "panel", len(self.parts) == 2 and all(part.numeric for part in self.parts)
        if combined != (self.aggregate in _OF_PARTS) or combined != two or bool(self.parts) != combined:
            raise self._wrong('A ratio or difference has table="panel" and two numbers as parts, nothing else has.',
                              found=f"{self.aggregate} of {self.table}, {len(self.parts)} parts")  # fmt: skip
        if self.aggregate in _NEEDS_COLUMN and not self.column:
            raise self._wrong(f"Aggregate {self.aggregate!r} needs a column.", fix='Add column="...".')
        if self.table == "observation" and (self.aggregate != "attribute" or self.column not in OBSERVATION):
            raise self._wrong("An observation has these attributes only.", found=self.column or self.aggregate,
                              fix=f'Use aggregate="attribute", column one of: {", ".join(OBSERVATION)}.')  # fmt: skip
        if (self.aggregate == "attribute") != (self.table in _STATES) and self.table not in ("terms", "panel"):
            raise self._wrong("Attributes belong to customers, policies and terms, aggregates to events.",
                              found=f"{self.aggregate} of {self.table}")  # fmt: skip
        if self.aggregate == "open" and not self.end_clock:
            raise self._wrong("Aggregate 'open' needs to know what ends a row.", fix='Add end_clock="...".')
        if self.aggregate == "share" and not self.of:
            raise self._wrong("Aggregate 'share' needs the share of what.", fix="Add of=(Where(...),).")
        if self.days is not None and self.days <= 0:
            raise self._wrong("A window has at least one day.", found=f"days={self.days}")
        if self.aggregate == "attribute" and (self.days is not None or self.where or self.of):
            raise self._wrong("An attribute has no window and no conditions.")

    def _check_names(self, spec: Table) -> None:
        derived = [name for table, name in COLUMNS if table == self.table]
        for column in self.columns:
            if spec.column(column) is None and column not in derived:
                raise self._wrong(f"Table {self.table} has no such column.", found=repr(column),
                                  fix=near_miss(column, (*spec.column_names, *derived)))  # fmt: skip
        clocks = (*spec.clocks, *(name for table, name in CLOCKS if table == self.table))
        for clock in (self.clock, self.end_clock):
            if clock and clock not in clocks:
                raise self._wrong(f"Table {self.table} has no such clock.", found=repr(clock),
                                  fix=near_miss(clock, clocks))  # fmt: skip

    def _check_kinds(self, spec: Table) -> None:
        """Only numbers are summed, only what compares is compared."""
        if self.aggregate in _NUMERIC and _kind(spec, self.column) not in ("number", "truth value"):
            raise self._wrong(f"Aggregate {self.aggregate!r} reads numbers.",
                              found=f"{self.table}.{self.column}, a {_kind(spec, self.column)}",
                              fix='Use aggregate="last", "count" or "share".')  # fmt: skip
        if self.aggregate in ("first", "last", "distinct") and _kind(spec, self.column) == "date":
            raise self._wrong("The last value of a date is no feature.", found=f"{self.table}.{self.column}",
                              fix='Use aggregate="days_since" with a clock.')  # fmt: skip
        for condition in (*self.where, *self.of):
            kind, several = _kind(spec, condition.column), condition.op == "in"
            values: Any = condition.value if several and isinstance(condition.value, tuple) else (condition.value,)
            fine = all(isinstance(v, _VALUES.get(kind, ())) and isinstance(v, bool) == (kind == "truth value")
                       for v in values)  # fmt: skip
            if condition.op not in get_args(Op) or not fine or several != isinstance(condition.value, tuple):
                raise self._wrong("A condition compares a column with values of its own kind.",
                                  found=f"{condition.column} ({kind}) {condition.op} {condition.value!r}",
                                  fix=f"The comparisons are {', '.join(get_args(Op))}, the last with several values;"
                                  " dates are not compared.")  # fmt: skip

    def _refuse_leaks(self, spec: Table) -> None:
        for column in self.columns:
            declared = spec.column(column)
            if declared is not None and declared.audit_only:
                raise LeakageError(f"Column {self.table}.{column} is for audits only and never a feature.",
                                   where=f"feature {self.name!r}", fix="Drop the feature.")  # fmt: skip
            known = known_clock(spec, column)
            fine = known in ("", self.clock, *spec.clocks[:1]) or (self.table, known, self.clock) in _ORDERED
            if not fine and self.aggregate != "attribute":
                raise LeakageError(
                    f"Feature {self.name!r} reads {self.table}.{column} through {self.clock}; "
                    f"it is known only from {known}.",
                    fix=f'Use clock="{known}".',
                )


def _kind(spec: Table, column: str) -> str:
    found = spec.column(column)
    return _KINDS.get(found.type, "text") if found is not None else "number"  # derived columns are numbers


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
