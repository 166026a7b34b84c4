"""The findings: each rule a small function that asks for failing rows in plain SQL.

A new rule is a function from the book to `Failing` questions (or, where no rows are to be shown, to `Finding`) and a
line in `RULES`. Queries read ``raw_<table>``, which has every column of the contract, and ``repeats_<table>`` where
`Book.repeats` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from churnkit.book import views
from churnkit.book.engine import quote
from churnkit.book.finding import Facts, Failing, Finding
from churnkit.book.open import Book
from churnkit.book.readers import near
from churnkit.book.schema import Column

Rule = Callable[[Book], Iterable[Failing | Finding]]

# Which moment may not lie before which.
ORDER = {
    "claims": (("reported_at", "decided_at"), ("decided_at", "paid_at"), ("reported_at", "paid_at"),
               ("reported_at", "closed_at")),
    "complaints": (("received_at", "decided_at"), ("received_at", "escalated_at"), ("received_at", "litigation_at")),
    "surveys": (("sent_at", "answered_at"),),
    "interactions": (("started_at", "resolved_at"),),
    "outreach": (("assigned_at", "contacted_at"),),
}  # fmt: skip


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
    if column.required or mapped:
        found = f"the {'required ' if column.required else ''}column {column.name} is missing"
        found += f"; it is mapped to {mapped}, which the table does not have" if mapped else ""
        yield Finding("COL01", "error", table, found, count=1, effect="what needs it cannot be computed",
                      fix=mapping if likely else "add the column, or map it in churnkit.toml")  # fmt: skip
    elif likely:
        yield Finding("COL01", "note", table, f"column {likely} is not used, and {column.name} is absent", count=1,
                      effect=f"what reads {column.name} is switched off", fix=mapping)  # fmt: skip
    elif column.default == "false":
        yield Finding("COL01", "warning", table, f"column {column.name} is absent", count=1,
                      effect=f"every row is taken as {column.default}", fix="add the column")  # fmt: skip


def unreadable_values(book: Book) -> Iterator[Failing]:
    """TYP02: values that do not read as their type, and required values that are not there."""
    for table in _present(book):
        source = book.sources[table]
        for column in book.schema[table].columns:
            if column.name not in source.mapping:
                continue
            value, kind = views.given(source, column.name, settings=book.settings)
            rows = f"SELECT {source.row} AS _row, {{shown}} AS value FROM {quote(source.relation)} WHERE "
            read = views.typed(column, value, kind=kind, zone=book.settings.timezone)
            if views.may_fail(column, kind):
                yield Failing(
                    table, rows.format(shown=f"({value})::VARCHAR") + f"{value} IS NOT NULL AND {read} IS NULL",
                    f"{column.name} does not read as {_TYPE_WORDS.get(column.type, column.type)} in {{n}}",
                    "these values would be lost", "fix the values, or map them under"
                    f" [{table}.values.{column.name}] in churnkit.toml")  # fmt: skip
            if column.required:
                yield Failing(table, rows.format(shown="NULL") + f"{value} IS NULL",
                              f"the required column {column.name} is empty in {{n}}",
                              "these rows cannot be used", "fill the values or leave the rows out")  # fmt: skip


_TYPE_WORDS = {
    "date": "a date (as 2025-12-31)", "ts": "a timestamp (as 2025-12-31 18:00:00)", "money": "an amount (as 1234.50)",
    "number": "a number (as 0.5)", "integer": "a whole number", "bool": "是/否, Y/N, 1/0 or true/false",
}  # fmt: skip


def duplicate_rows(book: Book) -> Iterator[Failing]:
    """DUP04: exact copies of another row."""
    for table in _present(book):
        if book.repeats(table):
            yield Failing(table, f"SELECT _row FROM repeats_{table} WHERE duplicate",
                          "exact copies of another row: {n}", "one of each is kept",
                          "remove the copies at the source", severity="warning")  # fmt: skip


def unordered_versions(book: Book) -> Iterator[Failing]:
    """KEY05: one key, different content, and nothing that says which is later."""
    for table in _present(book):
        if book.repeats(table):
            key = book.schema[table].key
            yield Failing(
                table,
                f"SELECT r._row, t.{quote(key)} AS value FROM repeats_{table} AS r JOIN raw_{table} AS t"
                " ON r._row = t._row WHERE r.unordered",
                f"the same {key} with different content, and no recorded_at to order the versions, in {{n}}",
                "which version counts would be chance", "add recorded_at, or keep one row per key")  # fmt: skip


def orphan_keys(book: Book) -> Iterator[Failing]:
    """FK06: keys that lead to no row."""
    for table in _present(book):
        for column, parent in book.schema[table].references.items():
            key = book.schema[parent].key
            if not book.has_column(parent, key) or not book.has_column(table, column):
                continue
            rows = (f"SELECT o._row, o.value, p.trimmed IS NOT NULL AS found_trimmed FROM"
                    f" (SELECT c._row, c.{column} AS value FROM raw_{table} AS c WHERE c.{column} IS NOT NULL"
                    f" AND NOT EXISTS (SELECT 1 FROM raw_{parent} AS q WHERE q.{key} = c.{column})) AS o"
                    f" LEFT JOIN (SELECT DISTINCT trim({key}) AS trimmed FROM raw_{parent}) AS p"
                    f" ON trim(o.value) = p.trimmed")  # fmt: skip
            yield Failing(
                table, rows,
                f"{column} has no row in {parent} in {{n}}; {{trimmed:,}} of them would match after trimming blanks",
                "these rows belong to nobody and count for nothing",
                lambda facts: ("trim the keys on both sides" if facts["trimmed"] else "complete the extract"),
                severity="warning", error_above=0.01,
                facts={"trimmed": "count(*) FILTER (WHERE found_trimmed)"})  # fmt: skip


def future_rows(book: Book) -> Iterator[Failing]:
    """FUT07: rows after data_cutoff, and dates that a time zone moved."""
    cutoff = f"TIMESTAMP '{book.settings.data_cutoff}'"
    for table in _present(book):
        clock = views.entered_sql(book.schema[table])
        if clock:
            yield Failing(
                table,
                f"SELECT _row, {clock} AS value FROM raw_{table} WHERE {clock} >= {cutoff}",
                _future_words(book),
                "they are dropped",
                _future_fix,
                severity="warning",
                error_above=0.01,
                facts={"soon": f"count(*) FILTER (WHERE value > {cutoff} AND value < {cutoff} + INTERVAL 8 HOUR)"},
            )
    for column in ("start_date", "end_date"):
        moved = book.has("terms") and views.time_of_day(book.sources["terms"], column, settings=book.settings)
        if moved:
            yield Failing(
                "terms", f"SELECT {book.sources['terms'].row} AS _row, {moved} AS value"
                f" FROM {book.sources['terms'].relation} WHERE date_part('hour', {moved}) = 16"
                f" AND date_trunc('hour', {moved}) = {moved}",
                f"{column} is 16:00 in {{n}}: midnight in China written as UTC, a time zone fault",
                "read as a day it would be one day early", "write dates as dates, or timestamps with their zone",
                severity="note", error_above=0.5)  # fmt: skip


def _future_words(book: Book) -> Callable[[Facts], str]:
    def words(facts: Facts) -> str:
        text = f"not before data_cutoff {book.settings.data_cutoff}: {facts['n']}"
        shifted = facts["soon"] == facts["count"]
        return text + ("; all within 8 hours after it, which looks like a time zone fault" if shifted else "")

    return words


def _future_fix(facts: Facts) -> str:
    if facts["soon"] == facts["count"]:
        return "write timestamps with their zone (as 2025-12-31T18:00:00+08:00) or set timezone in churnkit.toml"
    return "set data_cutoff in churnkit.toml to the moment of the extract, or fix the dates"


def impossible_dates(book: Book) -> Iterator[Failing]:
    """DAT09: terms that end before they start or last more than ten years, and clocks out of order."""
    if book.has("terms"):
        length = "SELECT _row, start_date AS value FROM raw_terms WHERE "
        yield Failing("terms", length + "start_date >= end_date", "start_date is not before end_date in {n}",
                      "such a term has no cover", "fix the dates; if end_date is the last covered day, set"
                      ' end_date_is = "last_covered_day" in churnkit.toml')  # fmt: skip
        yield Failing("terms", length + "end_date > start_date + INTERVAL 10 YEAR",
                      "the term is longer than 10 years in {n}", "its renewal would never come up",
                      "give one row per period of cover (for long contracts: per policy year)")  # fmt: skip
    for table, pairs in ORDER.items():
        for earlier, later in pairs if book.has(table) else ():
            # A date beside a timestamp is midnight: the same day is in order.
            sameday = f"({later} = date_trunc('day', {later}) AND {later} = date_trunc('day', {earlier}))"
            yield Failing(table, f"SELECT _row, {later} AS value FROM raw_{table} WHERE {later} < {earlier}"
                          f" AND NOT {sameday}", f"{later} lies before {earlier} in {{n}}",
                          "it would be known before it happened", "fix the moments at the source")  # fmt: skip


def scores_outside(book: Book) -> Iterator[Failing]:
    """SCL19: scores outside their scale."""
    if book.has("surveys"):
        yield Failing(
            "surveys", "SELECT _row, instrument || ' ' || CAST(score AS VARCHAR) AS value, score FROM raw_surveys"
            " WHERE score < scale_min OR score > scale_max",
            "the score lies outside its scale in {n} (from {low:g} to {high:g})", "satisfaction would be wrong",
            "set scale_min and scale_max, or map codes such as 99 to empty under [surveys.values.score]",
            facts={"low": "min(score)", "high": "max(score)"})  # fmt: skip
    if book.has("interactions"):
        yield Failing(
            "interactions", "SELECT _row, sentiment AS value FROM raw_interactions WHERE abs(sentiment) > 1",
            "sentiment lies outside -1 to 1 in {n}", "features of sentiment would be wrong",
            "scale it to -1 to 1")  # fmt: skip


def assumed_delays(book: Book) -> Iterator[Failing | Finding]:
    """REC17: no recording time, so a delay is assumed."""
    for table in _present(book):
        spec = book.schema[table]
        if not spec.clocks and spec.required and not book.has_column(table, "recorded_at"):
            yield Finding("REC17", "note", table, "no recorded_at", count=1,
                          effect="its columns are as of the extract, at every cutoff",
                          fix="add recorded_at if you have it")  # fmt: skip
        if spec.clocks:
            first = spec.clocks[0]
            yield from _assumed(book, table, views.clock_sql(table, first), (f"{first}_recorded_at", "recorded_at"))
    if book.has_column("terms", "ended_date"):
        yield from _assumed(book, "terms", "ended_date", ("ended_date_recorded_at", "ended_recorded_at"))


def _assumed(book: Book, table: str, clock: str, columns: tuple[str, ...]) -> Iterator[Failing | Finding]:
    days = book.settings.delay(table)
    known = [name for name in columns if book.has_column(table, name)]
    effect = f"taken as known {days} day{'s' if days != 1 else ''} after the event"
    fix = f"add {columns[-1]}, or set delay_days under [{table}] in churnkit.toml"
    if known:
        empty = " AND ".join(f"{name} IS NULL" for name in known)
        yield Failing(table, f"SELECT _row FROM raw_{table} WHERE {clock} IS NOT NULL AND {empty}",
                      f"no {columns[-1]} in {{n}}", effect, fix, severity="warning")  # fmt: skip
    elif book.rows(table):
        yield Finding("REC17", "warning", table, f"the table has no {columns[-1]}", count=book.rows(table), share=1.0,
                      effect=effect, fix=fix)  # fmt: skip


def absent_tables(book: Book) -> Iterator[Finding]:
    """ABS26: optional tables that are absent, and what that switches off."""
    unreadable = {problem.table for problem in book.problems}
    for table, spec in book.schema.items():
        if not spec.required and not book.has(table) and table not in unreadable:
            likely = near(table, [name.split(".")[0] for name in book.unknown])
            fix = f"is it {likely}? Then rename it" if likely else f"add {table}.csv or {table}.parquet if you have it"
            yield Finding("ABS26", "note", table, "the optional table is absent", count=1,
                          effect=f"switched off: {spec.switches_off}", fix=fix)  # fmt: skip


def _present(book: Book) -> list[str]:
    return [table for table in book.schema if book.has(table)]


RULES: dict[str, Rule] = {
    "COL01": missing_columns,
    "TYP02": unreadable_values,
    "DUP04": duplicate_rows,
    "KEY05": unordered_versions,
    "FK06": orphan_keys,
    "FUT07": future_rows,
    "DAT09": impossible_dates,
    "SCL19": scores_outside,
    "REC17": assumed_delays,
    "ABS26": absent_tables,
}
