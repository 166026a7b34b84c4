"""Checking a book for people: findings on the screen, as a page, and a cleaned copy; and before other work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from churnkit.apps.console import Steps
from churnkit.apps.output import check_page, write_page
from churnkit.book.check import Findings, check_book
from churnkit.book.fix import check_target, fix_book, log_of
from churnkit.book.open import Book, open_book
from churnkit.panel.extra import declared_features


def check_data(
    data: str | Path,
    *,
    data_cutoff: Any = None,
    settings: Path | None = None,
    report: Path | None = None,
    fix: Path | None = None,
    tell: bool = True,
) -> tuple[Findings, dict[str, Any]]:
    """Check a book, and write the report and the cleaned copy that were asked for.

    Returns
    -------
    findings : Findings
        Of the book, or of its cleaned copy where one was made: what is left to be done.
    answer : dict
        The same for JSON.
    """
    if report is not None:
        check_page(report)
    if fix is not None:
        check_target(fix)
    steps = Steps()
    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    with steps.step("check", f"Checking {book.source}"):
        findings = check_book(book)
    if tell:
        print(findings.text)
    answer: dict[str, Any] = {"errors": len(findings.errors), "findings": findings.table.to_dict("records")}
    if report is not None:
        write_page(findings.to_html(), report)
        answer["report"] = str(report)
    if fix is None:
        return findings, answer
    with steps.step("fix", f"Writing a cleaned copy to {fix}"):
        log = fix_book(book, fix)
        left = check_book(open_book(fix))
    answer |= {"fixed": str(fix), "log": str(log_of(fix)), "changes": len(log), "left": left.table.to_dict("records")}
    if tell:
        counts = ", ".join(f"{n:,} {code}" for code, n in log["code"].value_counts().sort_index().items())
        print(
            f"\n{len(log):,} changes ({counts or 'none'}), each in {log_of(fix)}\nWhat the copy still has:\n{left.text}"
        )
    return left, answer


def checked(book: Book, steps: Steps) -> Findings:
    """Check a book, say what was found, and stop at errors; features that cannot be are refused at once."""
    declared_features(book, "renewal")
    with steps.step("check", "Checking the book"):
        findings = check_book(book)
    if len(findings.items):
        steps.say(findings.text)
    findings.raise_if_errors()
    return findings
