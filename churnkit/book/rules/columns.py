"""Tables, columns and categories: what the book has of the contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from churnkit.book import views
from churnkit.book.engine import literal, quote
from churnkit.book.finding import Facts, Failing, Filter, Finding
from churnkit.book.open import Book
from churnkit.book.readers import near
from churnkit.book.reading import as_text
from churnkit.book.rules.tables import present
from churnkit.book.schema import Column

BEHAVIOUR = ("line", "instrument", "end_reason")  # keys to behaviour: an unknown one would change labels and scales
_EFFECTS = {
    "line": "grace, economics and renewal are known by line",
    "instrument": "an instrument's scale is known by its name",
    "end_reason": "an end that is not the customer's decision would count as one",
    "direction": "these answers count for nothing",
}


def missing_columns(book: Book) -> Iterator[Finding]:
    """COL01: required tables and columns that are not there or empty, with the likely match."""
    unreadable = {problem.table for problem in book.problems}
    for table, spec in book.schema.items():
        if not book.has(table):
            if spec.required and table not in unreadable:
                yield _missing_table(book, table)
            continue
        for column in spec.columns:
            if not book.has_column(table, column.name):
                yield from _missing_column(book, table, column)
        if spec.required and not book.rows(table):
            yield Finding("COL01", "error", table, "the table has no rows", count=0,
                          effect="nothing can be built", fix="check the extract")  # fmt: skip


def _missing_table(book: Book, table: str) -> Finding:
    likely = near(table, [name.split(".")[0] for name in book.unknown])
    files = [name for name in book.unknown if name.split(".")[0] == likely] if likely else []
    fix = f"is it {files[0]}? Then rename it" if files else f"add {table}.csv or {table}.parquet"
    return Finding("COL01", "error", table, "the required table is missing", count=1,
                   effect="nothing can be built", fix=fix)  # fmt: skip


def _missing_column(book: Book, table: str, column: Column) -> Iterator[Finding]:
    mapped = book.settings.columns.get(table, {}).get(column.name)
    likely = near(mapped or column.name, book.undeclared.get(table, []))
    mapping = f'if {likely} is it, write {column.name} = "{likely}" under [{table}.columns] in churnkit.toml'
    same = f"; where every row says the same, write it under [{table}.constant]" if column.values else ""
    if column.required or mapped or column.extra:
        kind = "required " if column.required else "declared " if column.extra else ""
        found = f"the {kind}column {column.name} is missing"
        found += f"; it is mapped to {mapped}, which the table does not have" if mapped else ""
        yield Finding("COL01", "error", table, found, count=1, effect="what needs it cannot be computed",
                      fix=mapping if likely else "add the column, or map it in churnkit.toml" + same)  # fmt: skip
    elif likely:
        yield Finding("COL01", "note", table, f"column {likely} is not used, and {column.name} is absent", count=1,
                      effect=f"what reads {column.name} is switched off", fix=mapping)  # fmt: skip
    elif column.default == "false":
        yield Finding("COL01", "warning", table, f"column {column.name} is absent", count=1,
                      effect=f"every row is taken as {column.default}", fix="add the column")  # fmt: skip


def unknown_categories(book: Book) -> Iterator[Failing]:
    """CAT25: categories that the contract does not have and nothing maps."""
    for table in present(book):
        for column in book.schema[table].columns:
            if not column.values or not book.has_column(table, column.name):
                continue
            source, known = book.sources[table], ", ".join(literal(value) for value in column.values)
            text = as_text(*views.given(source, column.name, settings=book.settings))
            yield Failing(
                table, Filter(quote(source.relation), f"lower(trim({text})) NOT IN ({known})", text, row=source.row),
                f"{column.name} is none of the contract's in {{n}}, {{kinds}} different",
                _EFFECTS.get(column.name, "these rows are in no group of their own"), _mapping_of(table, column),
                severity="error" if column.name in BEHAVIOUR else "warning",
                facts={"kinds": "count(DISTINCT value)", "first": "min(value)"})  # fmt: skip


def _mapping_of(table: str, column: Column) -> Callable[[Facts], str]:
    def fix(facts: Facts) -> str:
        first, values = facts["first"].strip(), ", ".join(column.values)
        ours = near(first, column.values)
        ours = f'"{ours}"' if ours else f"one of {values}"
        return (f"map it under [{table}.values.{column.name}] in churnkit.toml, as"
                f" {json.dumps(first, ensure_ascii=False)} = {ours}")  # fmt: skip

    return fix


def absent_tables(book: Book) -> Iterator[Finding]:
    """ABS26: optional tables that are absent, and what that switches off."""
    unreadable = {problem.table for problem in book.problems}
    for table, spec in book.schema.items():
        if not spec.required and not book.has(table) and table not in unreadable:
            likely = near(table, [name.split(".")[0] for name in book.unknown])
            fix = f"is it {likely}? Then rename it" if likely else f"add {table}.csv or {table}.parquet if you have it"
            kind = "declared" if spec.own else "optional"
            yield Finding("ABS26", "note", table, f"the {kind} table is absent", count=1,
                          effect=f"switched off: {spec.switches_off}", fix=fix)  # fmt: skip
        elif not spec.required and book.has(table) and not book.rows(table):
            yield Finding("ABS26", "note", table, "the optional table has no rows", count=1,
                          effect=f"says nothing: {spec.switches_off}", fix="check the extract")  # fmt: skip
