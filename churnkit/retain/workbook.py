"""The plan as a workbook that a team works in and sends back, or as CSV; written whole or not at all."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal

import pandas as pd

from churnkit.book.open import Book
from churnkit.errors import UsageError
from churnkit.retain.guide import guide
from churnkit.retain.plan import RetentionPlan
from churnkit.retain.printing import characters, height
from churnkit.retain.sheet import REST, SheetColumn, sheet_of
from churnkit.retain.suppression import Language

SHEETS = {"en": ("List", "Left out and why", "How to read this"), "zh": ("名单", "未列入及原因", "使用说明")}
ENCODINGS = ("utf-8-sig", "gb18030")
LEFT_OUT_ROWS = 200_000  # more than anybody filters in Excel; the record has everybody
_SPARE = 200  # rows below the list in which people add customers: they have the drop-downs too
_SCALE = 60  # per cent in print
_TEXT = 27  # characters of a column of sentences, which wrap
_WIDTHS = {"rank": 8, "action": _TEXT, "then": _TEXT, "note": _TEXT, "price_check": 24, "action_id": 16}
_FORMATS = {"date": "yyyy-mm-dd", "share": "0.0%", "money": "#,##0", "number": "0", "text": "@", "choice": "@"}


def write_list(
    plan: RetentionPlan, path: str | os.PathLike[str], *, book: Book | None = None,
    encoding: Literal["utf-8-sig", "gb18030"] = "utf-8-sig",
) -> RetentionPlan:  # fmt: skip
    """Write the list for the people who call: a workbook of three sheets (.xlsx), or the list alone (.csv).

    Texts stay texts: none becomes a formula, and in CSV a text that begins like one is guarded by an apostrophe. Dates
    are dates, ids are texts. Outcome, override and the customer's reason are chosen from drop-downs.

    Parameters
    ----------
    plan : RetentionPlan
    path : .xlsx or .csv, in a folder that exists
    book : Book, optional, as it is now: whoever must not be contacted any more is taken off first
    encoding : {"utf-8-sig", "gb18030"}, of CSV

    Returns
    -------
    RetentionPlan
        What was written.

    Raises
    ------
    UsageError
        If the ending, the folder or the encoding is none, nothing can be written there, or the list has expired by the
        book's day.
    """
    target = check_list(path, encoding)
    now = plan if book is None else up_to_date(plan, book)
    write: Callable[[Path], None] = _workbook(now) if target.suffix.lower() == ".xlsx" else _csv(now, encoding)
    unfinished = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        write(unfinished)
        unfinished.replace(target)
    except OSError as error:
        raise UsageError("A list is written where a file may be written.", found=f"{target}: {error.strerror}",
                         fix="Close it if it is open elsewhere, or name another.") from error  # fmt: skip
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return now


def up_to_date(plan: RetentionPlan, book: Book) -> RetentionPlan:
    """Return a plan as it may leave the house by what the book knows now.

    Raises
    ------
    UsageError
        If it has expired by the book's day.
    """
    day = book.settings.data_cutoff
    if day > plan.expires:
        raise UsageError("A list is exported until it expires.", found=f"{plan.list_id}, valid until"
                         f" {plan.expires:%Y-%m-%d}; the book reaches {day:%Y-%m-%d}",
                         fix="Make a new list.")  # fmt: skip
    return plan.rechecked(book)


def check_list(path: str | os.PathLike[str], encoding: str = ENCODINGS[0]) -> Path:
    """Return the path if a list can be written there, before any work is done.

    Raises
    ------
    UsageError
        If the ending, the folder or the encoding is none, or nothing can be written into the folder.
    """
    target = Path(path)
    if target.suffix.lower() not in (".xlsx", ".csv") or os.path.isdir(target):
        raise UsageError("A list is written as .xlsx or .csv.", found=str(target), fix="Name it list.xlsx.")
    folder = target.resolve().parent
    if not os.path.isdir(folder):
        raise UsageError("A list is written into a folder that exists.", found=f"no folder {folder}")
    if why := unwritable(folder, target.name):
        raise UsageError("A list is written where a file may be written.", found=why, fix="Name another.")
    if encoding not in ENCODINGS:
        raise UsageError(f"CSV is written as {' or '.join(ENCODINGS)}.", found=repr(encoding))
    return target


def unwritable(folder: Path, name: str = "") -> str:
    """Say why no file of a name can be written into a folder, "" where one can: tried, for permissions do not tell."""
    try:
        with NamedTemporaryFile(dir=folder, prefix=f".{name}-"):  # as it is written at first
            return ""
    except OSError as error:
        return f"nothing can be written as {folder / name} ({error.strerror})"


def guarded(value: Any) -> Any:
    """Put an apostrophe before a text that a spreadsheet would take for a formula.

    Examples
    --------
    >>> guarded("=1+1"), guarded("plain"), guarded(-3)
    ("'=1+1", 'plain', -3)
    """
    return f"'{value}" if isinstance(value, str) and value[:1] and value[:1] in "=+-@\t\r" else value


def _csv(plan: RetentionPlan, encoding: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        table, columns = sheet_of(plan)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([column.heading(plan.rules.language) for column in columns])
        shown = [[_plain(value, column) for value in table[column.name]] for column in columns]
        writer.writerows(zip(*shown, strict=True))
        path.write_bytes(text.getvalue().encode(encoding, errors="replace"))

    return write


def _plain(value: Any, column: SheetColumn) -> Any:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    if column.kind == "date":
        return f"{value:%Y-%m-%d}"
    if column.kind in ("money", "share"):
        return round(float(value), 2 if column.kind == "money" else 4)
    return guarded(value)


def _workbook(plan: RetentionPlan) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        import xlsxwriter

        whole = io.BytesIO()  # xlsxwriter's own error of a file that cannot be written is no OSError
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
                   "in_memory": True}  # fmt: skip
        with xlsxwriter.Workbook(whole, options) as book:
            # The list's own day, not the moment of writing: the same list gives the same bytes.
            book.set_properties({"title": plan.list_id, "created": plan.as_of.to_pydatetime().replace(tzinfo=UTC)})
            names = SHEETS[plan.rules.language]
            styles = {kind: book.add_format({"num_format": form, "valign": "top", "text_wrap": kind == "text"})
                      for kind, form in _FORMATS.items()}  # fmt: skip
            styles["head"] = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
            styles["fill"] = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1,
                                              "bg_color": "#FFF2CC"})  # fmt: skip
            _list_sheet(book.add_worksheet(names[0]), plan, styles)
            _left_out_sheet(book.add_worksheet(names[1]), plan, styles)
            _guide_sheet(book.add_worksheet(names[2]), plan, styles)
        path.write_bytes(whole.getvalue())

    return write


def _list_sheet(sheet: Any, plan: RetentionPlan, styles: dict[str, Any]) -> None:
    table, columns = sheet_of(plan)
    language = plan.rules.language
    names = [column.name for column in columns]
    filled, rest = names.index("contacted_at"), names.index("action_id") - sum(c.name in names for c in REST[:-1])
    widths = [_width(column, table[column.name], language) for column in columns]
    for at, (column, width) in enumerate(zip(columns, widths, strict=True)):
        sheet.write_string(0, at, column.heading(language), styles["fill" if at >= filled else "head"])
        sheet.set_column(at, at, width, styles[column.kind])
        for row, value in enumerate(table[column.name].tolist(), start=1):
            _write(sheet, row, at, value, column, styles)
        _allow(sheet, at, column, len(table) + _SPARE, plan)
    texts = [(column.name, width) for column, width in zip(columns, widths, strict=True) if column.kind == "text"]
    for row, values in enumerate(zip(*(table[name] for name, _ in texts), strict=True), start=1):
        sheet.set_row(row, height((str(value), width) for value, (_, width) in zip(values, texts, strict=True)
                                  if value == value and value is not None))  # fmt: skip
    sheet.set_row(0, height((c.heading(language), width - 3) for c, width in zip(columns, widths, strict=True)))
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, len(table), len(columns) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"B1:B{len(table) + 1}"})
    _printed(sheet, plan)
    sheet.set_print_scale(_SCALE)  # sheets of paper side by side: whom and why; the rest; what came of it
    sheet.set_v_pagebreaks([rest, filled])
    sheet.repeat_columns(0, 1)


def _write(sheet: Any, row: int, at: int, value: Any, column: SheetColumn, styles: dict[str, Any]) -> None:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return
    if column.kind == "date":
        sheet.write_datetime(row, at, value.to_pydatetime(), styles["date"])
    elif column.kind in ("number", "money", "share"):
        sheet.write_number(row, at, float(value), styles[column.kind])
    else:
        sheet.write_string(row, at, str(value), styles["text"])


def _allow(sheet: Any, at: int, column: SheetColumn, last: int, plan: RetentionPlan) -> None:
    """Drop-downs and limits of what may be typed. They warn: what a person insists on is read back and judged there."""
    place = 0 if plan.rules.language == "en" else 1
    if column.kind == "choice":
        words = [texts[place] for _, texts in column.choices]
        sheet.data_validation(1, at, last, at, {"validate": "list", "source": words, "error_type": "warning"})
    elif column.name == "contacted_at":
        sheet.data_validation(1, at, last, at, {"validate": "date", "criteria": ">=", "error_type": "warning",
                                                "value": plan.as_of.to_pydatetime()})  # fmt: skip
    elif column.name == "offer_value":
        sheet.data_validation(1, at, last, at, {"validate": "decimal", "criteria": ">=", "value": 0,
                                                "error_type": "warning"})  # fmt: skip


def _printed(sheet: Any, plan: RetentionPlan) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_margins(left=0.4, right=0.4)
    until = "valid until" if plan.rules.language == "en" else "有效期至"
    sheet.set_footer(f"&L{plan.list_id}, {until} {plan.expires:%Y-%m-%d}&R&P / &N")


def _left_out_sheet(sheet: Any, plan: RetentionPlan, styles: dict[str, Any]) -> None:
    heads = ("Customer", "Reason", "Also") if plan.rules.language == "en" else ("客户号", "原因", "其他原因")
    left = plan.left_out.head(LEFT_OUT_ROWS)
    for at, (name, head, width) in enumerate(zip(left, heads, (18, 60, 60), strict=True)):
        sheet.write_string(0, at, head, styles["head"])
        sheet.set_column(at, at, width, styles["text"])
        for row, value in enumerate(left[name].tolist(), start=1):
            if value:
                sheet.write_string(row, at, value, styles["text"])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(left), 2)
    _printed(sheet, plan)


def _guide_sheet(sheet: Any, plan: RetentionPlan, styles: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 34, styles["text"])
    sheet.set_column(1, 1, 90, styles["text"])
    for row, (left, right) in enumerate(guide(plan, left_out_rows=LEFT_OUT_ROWS)):
        sheet.write_string(row, 0, left, styles["head" if not right else "text"])
        if right:
            sheet.write_string(row, 1, right, styles["text"])
        sheet.set_row(row, height(((left, 34), (right, 90))))
    _printed(sheet, plan)


def _width(column: SheetColumn, values: pd.Series, language: Language) -> float:
    """In characters; a Chinese one takes two. Headings wrap, so that narrow columns stay narrow."""
    if column.name in _WIDTHS or column.name.startswith("reason_"):
        return _WIDTHS.get(column.name, _TEXT)
    texts = [*(str(value) for value in values.head(200).dropna()), *column.heading(language).split()]
    texts += [texts_[0 if language == "en" else 1] for _, texts_ in column.choices]
    if column.kind in ("date", "number", "money", "share"):
        texts = [*column.heading(language).split(), "0000-00-00" if column.kind == "date" else "0,000,000"]
    return min(max(map(characters, texts)) + 2, 36)
