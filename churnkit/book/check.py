"""``check_book``: every rule, every finding, once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import pandas as pd

from churnkit.book.finding import Failing, Finding
from churnkit.book.open import Book
from churnkit.book.rules import RULES
from churnkit.errors import ContractError

_SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Findings:
    """What `check_book` found: errors first, then warnings and notes, in the contract's order of tables.

    Attributes
    ----------
    items : tuple of Finding
    source : str
        The book.
    unused : tuple of str
        Columns and files that are not of the contract: kept, not used.
    """

    items: tuple[Finding, ...]
    source: str = ""
    unused: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop the book."""
        return tuple(item for item in self.items if item.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings with which the work goes on, visibly changed."""
        return tuple(item for item in self.items if item.severity == "warning")

    @property
    def table(self) -> pd.DataFrame:
        """One row per finding."""
        names = [each.name for each in fields(Finding)]
        rows = [[getattr(item, name) for name in names] for item in self.items]
        return pd.DataFrame(rows, columns=names)

    @property
    def text(self) -> str:
        """The findings for people, one line each."""
        counts = [sum(item.severity == each for item in self.items) for each in _SEVERITIES]
        words = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in zip(counts, _SEVERITIES, strict=True) if n]
        lines = [f"{item.severity:<7}  {item}" for item in self.items] + [f"unused   {text}" for text in self.unused]
        return "\n".join([f"{self.source}: {', '.join(words) or 'no findings'}", *lines])

    def __str__(self) -> str:
        return self.text

    def raise_if_errors(self) -> None:
        """Raise one ContractError that lists every error.

        Raises
        ------
        ContractError
            If any finding is an error.
        """
        errors = self.errors
        if not errors:
            return
        stop = "1 finding stops" if len(errors) == 1 else f"{len(errors)} findings stop"
        more = len(self.warnings)
        also = f" ({more} more {'is a warning' if more == 1 else 'are warnings'}: churnkit check {self.source})"
        lines = "\n".join(f"  {item}" for item in errors)
        raise ContractError(f"{stop} this book{also if more else ''}\n{lines}")


def check_book(book: Book) -> Findings:
    """Run every rule of the contract over a book and return every finding.

    Parameters
    ----------
    book : Book

    Returns
    -------
    Findings

    Examples
    --------
    >>> import pandas as pd
    >>> from churnkit.book.open import open_book
    >>> book = open_book({"customers": pd.DataFrame({"customer_id": ["a", "a"]})}, data_cutoff="2026-01-01")
    >>> [f"{item.table} {item.code}" for item in check_book(book).errors]
    ['policies COL01', 'terms COL01']
    """
    items = list(book.problems)
    for code, rule in RULES.items():
        try:
            for question in rule(book):
                item = question if isinstance(question, Finding) else _ask(book, code, question)
                if item is not None:
                    items.append(item)
        except ContractError:
            damaged = _damaged(book)  # rows that turn out to be unreadable; anything else is not the data's fault
            if not damaged:
                raise
            items += damaged
    order = list(book.schema)
    unique = sorted(dict.fromkeys(items), key=lambda item: (_SEVERITIES.index(item.severity), order.index(item.table)))
    return Findings(tuple(unique), source=book.source, unused=_unused(book))


def _unused(book: Book) -> tuple[str, ...]:
    columns = [f"{table}: {', '.join(names)} — not in the contract; to use one as a contract column, map it under"
               f" [{table}.columns] in churnkit.toml" for table, names in book.undeclared.items()]  # fmt: skip
    files = [f"{', '.join(book.unknown)} — no table of the contract"] if book.unknown else []
    return (*columns, *files)


def _ask(book: Book, code: str, question: Failing) -> Finding | None:
    facts = "".join(f", {sql} AS {name}" for name, sql in question.facts.items())
    counted = book.sql(f"SELECT count(*) AS count{facts} FROM ({question.rows}) AS failing").to_pylist()[0]
    if not counted["count"]:
        return None
    shown = book.sql(f"SELECT * FROM ({question.rows}) AS failing ORDER BY _row LIMIT 5").to_pylist()
    places = book.sources[question.table].places(row["_row"] for row in shown)
    examples = tuple(f"{place}{_shown(row.get('value'))}" for place, row in zip(places, shown, strict=True))
    return question.finding(code, counted, total=book.rows(question.table), examples=examples)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f" {value:%Y-%m-%d}" if value.time() == datetime.min.time() else f" {value:%Y-%m-%d %H:%M:%S}"
    text = str(value)
    return f" {text if len(text) <= 40 else text[:39] + '…'!r}"


def _damaged(book: Book) -> list[Finding]:
    """Read every row of every table, and tell of the tables where that fails."""
    found = []
    for table in sorted(book.tables):
        try:
            book.sql(f"SELECT sum(hash(s)) AS h FROM source_{table} AS s")
        except ContractError as error:
            found.append(Finding("TYP02", "error", table, f"the rows cannot be read: {error.found}", count=1,
                                 effect="nothing of this table can be used",
                                 fix="write the file again from its source"))  # fmt: skip
    return found
