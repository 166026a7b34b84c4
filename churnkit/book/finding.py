"""A finding: what a rule found, what it does to the results, how to fix it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """What one rule found in one table.

    Parameters
    ----------
    code, severity, table : str
        The rule's code, which never changes; ``error`` stops, ``warning`` goes on with a visible effect, ``note``.
    found : str
        What was found, with count and share in words.
    count : int
        Failing rows (or columns, or tables).
    share : float or None
        Failing rows as a share of the table's rows; None where rows are not what is counted.
    examples : tuple of str
        Up to five rows: ``line 18`` of a CSV file, ``row 17`` elsewhere, with the value where it helps.
    effect, fix : str
        What it does to the results; how to put it right.
    """

    code: str
    severity: Severity
    table: str
    found: str
    count: int
    share: float | None = None
    examples: tuple[str, ...] = ()
    effect: str = ""
    fix: str = ""

    def __str__(self) -> str:
        rows = f" ({', '.join(self.examples)})" if self.examples else ""
        tail = "".join(f" — {text}" for text in (self.effect, self.fix) if text)
        return f"{self.table} {self.code}: {self.found}{rows}{tail}"


Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Filter:
    """The rows of one relation for which a condition holds; all such questions to a relation are counted in one pass.

    Parameters
    ----------
    relation : str
        ``raw_<table>``, or the source itself.
    where : str
        SQL of the condition.
    value : str, optional
        SQL of what to show of a failing row.
    row : str
        SQL of the row's number.
    also : str, optional
        SQL of further columns, for facts.
    """

    relation: str
    where: str
    value: str = ""
    row: str = "_row"
    also: str = ""

    @property
    def sql(self) -> str:
        """The query that returns the rows."""
        value = f", {self.value} AS value" if self.value else ""
        value += f", {self.also}" if self.also else ""
        return f"SELECT {self.row} AS _row{value} FROM {self.relation} WHERE {self.where}"


@dataclass(frozen=True)
class Failing:
    """A rule's question to one table: a query that returns the failing rows, and what to say about them.

    Parameters
    ----------
    table : str
    rows : str or Filter
        Plain SQL that returns ``_row`` and, where it helps, ``value`` of every failing row.
    found, fix : str or function of the facts
        Sentences; ``{n}`` becomes ``3 of 4,005 rows (0.07 %)``, other names come from `facts`.
    effect : str
        What the rows do to the results.
    severity : {"error", "warning", "note"}
    error_above : float, optional
        Share of the table's rows above which it is an error whatever `severity` says.
    facts : mapping of name to SQL aggregate
        Further numbers about the failing rows, computed in the same pass.
    only_above : float
        Share of the table's rows up to which nothing is said: for what is a fault of a column, not of a row.
    least : int
        Rows that the table must have for anything to be said.
    column : str
        The column whose values are at fault, where ``--fix`` can mend them one by one.
    """

    table: str
    rows: str | Filter
    found: str | Callable[[Facts], str]
    effect: str
    fix: str | Callable[[Facts], str]
    severity: Severity = "error"
    error_above: float | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    only_above: float = 0.0
    least: int = 1
    column: str = ""

    @property
    def query(self) -> str:
        """The query that returns the failing rows."""
        return self.rows.sql if isinstance(self.rows, Filter) else self.rows

    def speaks(self, count: int, total: int) -> bool:
        """Whether so many failing rows of so many are a finding."""
        return count > 0 and total >= self.least and count > self.only_above * total

    def finding(self, code: str, facts: Facts, *, total: int, examples: tuple[str, ...]) -> Finding:
        """Turn the counted rows into a finding; `facts` holds ``count`` beside the asked ones."""
        count = int(facts["count"])
        share = count / total if total else 1.0
        stops = self.error_above is not None and share > self.error_above
        percent = f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"
        known = {**facts, "n": f"{count:,} of {total:,} rows ({percent} %)"}
        found, fix = (text(known) if callable(text) else text.format(**known) for text in (self.found, self.fix))
        return Finding(code, "error" if stops else self.severity, self.table, found, count=count, share=share,
                       examples=examples, effect=self.effect, fix=fix)  # fmt: skip
