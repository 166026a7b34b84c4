"""A finding: what a rule found, what it does to the results, how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
