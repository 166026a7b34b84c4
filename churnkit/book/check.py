"""``check_book``: every rule, every finding, once."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment

from churnkit.book.engine import quote
from churnkit.book.finding import Failing, Filter, Finding
from churnkit.book.open import Book
from churnkit.book.rules import RULES
from churnkit.book.unused import unused
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
        lines = [f"{item.severity:<7}  {item}" for item in self.items] + [f"unused   {text}" for text in self.unused]
        return "\n".join([f"{self.source}: {self._summary}", *lines])

    @property
    def _summary(self) -> str:
        counts = [sum(item.severity == each for item in self.items) for each in _SEVERITIES]
        words = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in zip(counts, _SEVERITIES, strict=True) if n]
        return ", ".join(words) or "no findings"

    def to_html(self) -> str:
        """Return the findings as one self-contained page: no script, nothing loaded from elsewhere."""
        template = files("churnkit.book").joinpath("findings.html").read_text(encoding="utf-8")
        page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
        return page.render(source=self.source, summary=self._summary, items=self.items, unused=self.unused)

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
    asked: list[tuple[str, Failing]] = []
    for code, rule in RULES.items():
        try:
            for question in rule(book):
                if isinstance(question, Finding):
                    items.append(question)
                else:
                    asked.append((code, question))
        except ContractError as error:
            items += _damaged(book, error)
    counts = _counts(book, [question for _, question in asked])
    for code, question in asked:
        try:
            item = _ask(book, code, question, counts)
            items += [item] if item is not None else []
        except ContractError as error:
            items += _damaged(book, error)
    order = list(book.schema)
    unique = sorted(
        dict.fromkeys(items),
        key=lambda item: (_SEVERITIES.index(item.severity), order.index(item.table), item.code[-2:]),
    )
    return Findings(tuple(unique), source=book.source, unused=unused(book))


def _counts(book: Book, asked: Sequence[Failing]) -> dict[Filter, int]:
    """Failing rows of all plain filters, each relation read once."""
    found: dict[Filter, int] = {}
    by_relation: dict[str, list[Filter]] = {}
    for rows in dict.fromkeys(question.rows for question in asked):
        if isinstance(rows, Filter):
            by_relation.setdefault(rows.relation, []).append(rows)
    for relation, filters in by_relation.items():
        counted = ", ".join(f"count(*) FILTER (WHERE {each.where}) AS n{i}" for i, each in enumerate(filters))
        with contextlib.suppress(ContractError):  # then each is asked for itself, and what cannot be read is told
            row = book.records(f"SELECT {counted} FROM {relation}")[0]
            found.update({each: int(row[f"n{i}"]) for i, each in enumerate(filters)})
    return found


def _ask(book: Book, code: str, question: Failing, counts: Mapping[Filter, int]) -> Finding | None:
    total = book.rows(question.table)
    rows = question.rows
    if isinstance(rows, Filter) and rows in counts and not question.speaks(counts[rows], total):
        return None
    facts = "".join(f", {sql} AS {name}" for name, sql in question.facts.items())
    counted = book.records(f"SELECT count(*) AS count{facts} FROM ({question.query}) AS failing")[0]
    if not question.speaks(int(counted["count"]), total):
        return None
    shown = book.records(f"SELECT * FROM ({question.query}) AS failing ORDER BY _row LIMIT 5")
    places = book.sources[question.table].places(row["_row"] for row in shown)
    examples = tuple(f"{place}{_shown(row.get('value'))}" for place, row in zip(places, shown, strict=True))
    return question.finding(code, counted, total=total, examples=examples)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f" {value:%Y-%m-%d}" if value.time() == datetime.min.time() else f" {value:%Y-%m-%d %H:%M:%S}"
    text = str(value)
    return f" {text if len(text) <= 40 else text[:39] + '…'!r}"


def _damaged(book: Book, error: ContractError) -> list[Finding]:
    """Tell of the tables whose rows turn out to be unreadable; where there is none, the fault is not the data's."""
    found = book.once("damaged", lambda: _unreadable(book))
    if not found:
        raise error
    return found


def _unreadable(book: Book) -> list[Finding]:
    found = []
    for table in sorted(book.tables):
        try:
            names = ", ".join(quote(name) for name in book.sources[table].columns)
            book.sql(f"SELECT sum(hash({names})) AS h FROM source_{table}")
        except ContractError as error:
            found.append(Finding("TYP02", "error", table, f"the rows cannot be read: {error.found}", count=1,
                                 effect="nothing of this table can be used",
                                 fix="write the file again from its source"))  # fmt: skip
    return found
