"""What every reader of a book hands on: a loaded table, or the finding that says why it does not read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from churnkit.book.finding import Finding, Severity

UNUSABLE = "nothing of this table can be used"
# Names that the engine or the readers give to columns of their own.
_RESERVED = {"rowid", "_row", "file_index", "file_row_number", "filename"}


@dataclass(frozen=True)
class Loaded:
    """A table on the engine, as ``source_<table>``, and how it was written where it came from.

    ``kind`` is ``csv``, ``parquet``, ``excel``, ``frame``, ``spark``, ``duckdb`` or ``sql``. Of a CSV file there are
    ``encoding``, ``delimiter``, the lines ``skipped`` above its header, and ``even``: whether each of its rows is one
    line. ``sheet`` is that of a workbook; ``notes`` are findings that do not keep the table from use.
    """

    table: str
    kind: str
    files: tuple[Path, ...] = ()
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    skipped: int = 0
    even: bool = False
    sheet: str = ""
    notes: tuple[Finding, ...] = ()


class Unreadable(Exception):  # noqa: N818 - carried to the findings, never shown as an error
    """A table does not read; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(str(finding))


def problem(
    code: str, table: str, found: str, *, fix: str, effect: str = UNUSABLE, severity: Severity = "error",
    count: int = 1, examples: tuple[str, ...] = (),
) -> Finding:  # fmt: skip
    """Return the finding of a reader."""
    return Finding(code, severity, table, found, count=count, examples=examples, effect=effect, fix=fix)


def distinct(names: list[str]) -> list[str]:
    """Keep names off the engine's own, and refuse two that differ in case and blanks only.

    Raises
    ------
    ValueError
        Naming the names that come twice.

    Examples
    --------
    >>> distinct(["customer_id", "", "rowid"])
    ['customer_id', 'unnamed_2', 'rowid_']
    """
    names = [name if name.strip() else f"unnamed_{i}" for i, name in enumerate(names, start=1)]
    names = [f"{name}_" if name.strip().lower() in _RESERVED else name for name in names]
    lower = [name.strip().lower() for name in names]
    twice = sorted({name for name in lower if lower.count(name) > 1})
    if twice:
        raise ValueError(f"two columns share the name {', '.join(twice[:5])}")
    return names
