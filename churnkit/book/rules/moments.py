"""Moments: after the cutoff, out of order, not recorded or recorded late."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from churnkit.book import views
from churnkit.book.finding import Facts, Failing, Finding
from churnkit.book.open import Book
from churnkit.book.rules.tables import present

# Which moment may not lie before which.
ORDER = {
    "claims": (("reported_at", "decided_at"), ("decided_at", "paid_at"), ("reported_at", "paid_at"),
               ("reported_at", "closed_at")),
    "complaints": (("received_at", "decided_at"), ("received_at", "escalated_at"), ("received_at", "litigation_at")),
    "surveys": (("sent_at", "answered_at"),),
    "interactions": (("started_at", "resolved_at"),),
    "outreach": (("assigned_at", "contacted_at"),),
}  # fmt: skip


def future_rows(book: Book) -> Iterator[Failing]:
    """FUT07: rows after data_cutoff, and dates that a time zone moved."""
    cutoff = f"TIMESTAMP '{book.settings.data_cutoff}'"
    for table in present(book):
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


def assumed_delays(book: Book) -> Iterator[Failing | Finding]:
    """REC17: no recording time, so a delay is assumed."""
    for table in present(book):
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
