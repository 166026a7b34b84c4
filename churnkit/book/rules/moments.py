"""Moments: after the cutoff, out of order, not recorded or recorded late."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from churnkit.book import views
from churnkit.book.engine import quote
from churnkit.book.finding import Facts, Failing, Filter, Finding
from churnkit.book.open import Book
from churnkit.book.rules.history import stamped_at_extract
from churnkit.book.rules.tables import present

LATE_DAYS = 30
CONTACTS = ("interactions", "claims", "complaints")  # what people do by day
SCHEDULED = {"terms": ("start_date", "end_date", "ended_date")}  # may lie ahead, where they are clocks too
MOSTLY, LEAST_ROWS = 0.5, 100  # even spread over the clock puts a third into any eight hours
# Which moment may not lie before which.
ORDER = {
    "claims": (("reported_at", "decided_at"), ("decided_at", "paid_at"), ("reported_at", "paid_at"),
               ("reported_at", "closed_at")),
    "complaints": (("received_at", "decided_at"), ("received_at", "escalated_at"), ("received_at", "litigation_at")),
    "surveys": (("sent_at", "answered_at"),),
    "interactions": (("started_at", "resolved_at"),),
    "outreach": (("assigned_at", "contacted_at"),),
}  # fmt: skip
# A row that churnkit outcomes import wrote, assigned on the day of its list: often younger than the extract beside it.
_BROUGHT = (
    "coalesce(regexp_matches(action_id, '^L[0-9]{8}-[0-9a-f]{6}-[0-9a-f]{10}$')"
    " AND replace(substr(CAST(assigned_at AS VARCHAR), 1, 10), '-', '') = substr(action_id, 2, 8)"
    " AND assigned_at = date_trunc('day', assigned_at), false)"
)


def future_rows(book: Book) -> Iterator[Failing]:
    """FUT07: rows after data_cutoff, by any clock, and moments that a time zone moved by eight hours.

    A row is counted once, under the first of its clocks, and else its recording time, that is not before data_cutoff;
    a term may be announced to end later. What churnkit outcomes import wrote is younger than the extract and no fault:
    a note of its own. Of moved moments there are dates at 16:00, event tables most of whose clocks say 16:00:00, and
    contacts most of which are at night.
    """
    cutoff = f"TIMESTAMP '{book.settings.data_cutoff}'"
    for table in present(book):
        known: list[str] = []
        brought = brought_sql(book, table)
        for clock, effect in _bounded(book, table):
            earlier = "".join(f" AND coalesce({each} < {cutoff}, true)" for each in known)
            earlier += f" AND NOT {brought}" if brought else ""
            yield Failing(
                table, Filter(f"raw_{table}", f"{clock} >= {cutoff}{earlier}", clock), _future_words(book, clock),
                effect, _future_fix, severity="warning", error_above=0.01,
                facts={"soon": f"count(*) FILTER (WHERE value < {cutoff} + INTERVAL 8 HOUR)"})  # fmt: skip
            known.append(clock)
        if brought:
            after = " OR ".join(f"coalesce({each} >= {cutoff}, false)" for each in known)
            yield Failing(
                table, Filter(f"raw_{table}", f"{brought} AND ({after})", known[0]),
                "of lists made or brought back after the extract, so not before data_cutoff: {n}",
                "they count from the next extract on", "nothing; set data_cutoff when the next extract is there",
                severity="note")  # fmt: skip
        yield from _moved_dates(book, table)
        yield from _moved_clocks(book, table)


def brought_sql(book: Book, table: str) -> str:
    """SQL that is true of what churnkit outcomes import wrote; empty where a table holds nothing of the kind."""
    return _BROUGHT if table == "outreach" and book.has_column(table, "action_id") else ""


def _bounded(book: Book, table: str) -> Iterator[tuple[str, str]]:
    """Moments of a table that may not lie after data_cutoff, and what becomes of such rows."""
    spec = book.schema[table]
    entered = views.entered_sql(spec)
    if entered:
        yield entered, "they are dropped"
    later = "ended_recorded_at" if table == "terms" else ""
    for name in [*(clock for clock in spec.clocks[1:] if clock not in SCHEDULED.get(table, ())), later]:
        if name and book.has_column(table, name):
            yield quote(name), "taken as not yet known"
    if book.has_column(table, "recorded_at") and table != "terms":
        yield "recorded_at", "not visible on any day before data_cutoff"


def _moved_dates(book: Book, table: str) -> Iterator[Failing]:
    source = book.sources[table]
    for column in book.schema[table].columns:
        moved = column.type == "date" and views.time_of_day(source, column.name, settings=book.settings)
        if moved:
            yield Failing(
                table, Filter(quote(source.relation), f"date_part('hour', {moved}) = 16 AND date_trunc('hour', {moved})"
                              f" = {moved}", moved, row=source.row),
                f"{column.name} is 16:00 in {{n}}: midnight in China written as UTC, a time zone fault",
                "read as a day it would be one day early", _ZONE_FIX, severity="warning", error_above=0.5)  # fmt: skip


def _moved_clocks(book: Book, table: str) -> Iterator[Failing]:
    spec = book.schema[table]
    if not spec.clocks or spec.name == "terms":
        return
    clock = quote(spec.clocks[0])
    at = f"date_part('hour', {clock})"
    midnight = f"{clock} = date_trunc('day', {clock})"
    effect = "moments are eight hours off, and many fall on another day"
    yield Failing(table, Filter(f"raw_{table}", f"{at} = 16 AND {clock} = date_trunc('hour', {clock})", clock),
                  f"{spec.clocks[0]} is 16:00:00 in {{n}}: midnight in China written as UTC, a time zone fault", effect,
                  _ZONE_FIX, severity="warning", only_above=MOSTLY, least=LEAST_ROWS)  # fmt: skip
    if table in CONTACTS:
        for nights, side in ((f"{at} < 8", "behind"), (f"({at} >= 20 OR {at} < 4)", "ahead")):
            yield Failing(
                table, Filter(f"raw_{table}", f"{nights} AND NOT ({midnight})", clock),
                f"{spec.clocks[0]} lies at night in {{n}}, as if eight hours {side}: a time zone fault", effect,
                _ZONE_FIX, severity="warning", only_above=MOSTLY, least=LEAST_ROWS)  # fmt: skip


_ZONE_FIX = "write dates as dates, and timestamps with their zone (as 2025-12-31T18:00:00+08:00), or set timezone"


def _future_words(book: Book, clock: str) -> Callable[[Facts], str]:
    name = clock.strip('"') if "(" not in clock else "bound or recorded"

    def words(facts: Facts) -> str:
        text = f"{name} not before data_cutoff {book.settings.data_cutoff}: {facts['n']}"
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
        yield Failing("terms", Filter("raw_terms", "start_date >= end_date", "start_date"),
                      "start_date is not before end_date in {n}",
                      "such a term has no cover", "fix the dates; if end_date is the last covered day, set"
                      ' end_date_is = "last_covered_day" in churnkit.toml')  # fmt: skip
        yield Failing("terms", Filter("raw_terms", "end_date > start_date + INTERVAL 10 YEAR", "start_date"),
                      "the term is longer than 10 years in {n}", "its renewal would never come up",
                      "give one row per period of cover (for long contracts: per policy year)")  # fmt: skip
    for table, pairs in ORDER.items():
        for earlier, later in pairs if book.has(table) else ():
            # A date beside a timestamp is midnight: the same day is in order.
            sameday = f"({later} = date_trunc('day', {later}) AND {later} = date_trunc('day', {earlier}))"
            yield Failing(table, Filter(f"raw_{table}", f"{later} < {earlier} AND NOT {sameday}", later),
                          f"{later} lies before {earlier} in {{n}}",
                          "it would be known before it happened", "fix the moments at the source")  # fmt: skip


def assumed_delays(book: Book) -> Iterator[Failing | Finding]:
    """REC17: no recording time, so a delay is assumed; and what is as of the extract at every cutoff."""
    yield from stamped_at_extract(book)
    for table in present(book):
        spec = book.schema[table]
        if not spec.clocks and spec.required:
            yield from _as_of_extract(book, table)
        if spec.clocks:
            first = spec.clocks[0]
            yield from _assumed(book, table, views.clock_sql(table, first), (f"{first}_recorded_at", "recorded_at"))
    if book.has_column("terms", "ended_date"):
        yield from _assumed(book, "terms", "ended_date", ("ended_date_recorded_at", "ended_recorded_at"))


def _as_of_extract(book: Book, table: str) -> Iterator[Finding]:
    """A table of versions without versions: its own declared columns are named, as nobody knows how they came about."""
    if not book.has_column(table, "recorded_at"):
        yield Finding("REC17", "note", table, "no recorded_at", count=1,
                      effect="its columns are as of the extract, at every cutoff",
                      fix="add recorded_at if you have it")  # fmt: skip
    extra = [
        c.name for c in book.schema[table].columns if c.extra and not c.known_at and book.has_column(table, c.name)
    ]
    if extra and not book.repeats(table):
        yield Finding("REC17", "note", table, f"declared columns as of the extract: {', '.join(extra)}",
                      count=len(extra), effect="at every cutoff they say what was known at the extract; a value that"
                      " changes when somebody leaves would give the outcome away (LEAK29)",
                      fix="give the row's earlier versions with recorded_at, or name the column it is known from as"
                      " known_at")  # fmt: skip


def _assumed(book: Book, table: str, clock: str, columns: tuple[str, ...]) -> Iterator[Failing | Finding]:
    days = book.settings.delay(table)
    known = [name for name in columns if book.has_column(table, name)]
    effect = f"taken as known {days} day{'s' if days != 1 else ''} after the event"
    fix = f"add {columns[-1]}, or set delay_days under [{table}] in churnkit.toml"
    if known:
        empty = " AND ".join(f"{name} IS NULL" for name in known)
        yield Failing(table, Filter(f"raw_{table}", f"{clock} IS NOT NULL AND {empty}"),
                      f"no {columns[-1]} in {{n}}", effect, fix, severity="warning")  # fmt: skip
    elif book.rows(table):
        yield Finding("REC17", "warning", table, f"the table has no {columns[-1]}", count=book.rows(table), share=1.0,
                      effect=effect, fix=fix)  # fmt: skip


def late_rows(book: Book) -> Iterator[Failing]:
    """LATE18: rows recorded more than 30 days after the event, by clock."""
    for table in present(book):
        for clock in book.schema[table].clocks:
            ended = (table, clock) == ("terms", "ended_date")
            first = clock == book.schema[table].clocks[0]
            names = (f"{clock}_recorded_at", "ended_recorded_at" if ended else "recorded_at" if first else "")
            known = [quote(name) for name in names if name and book.has_column(table, name)]
            if known and book.has_column(table, clock):
                moment = f"coalesce({', '.join(known)})"
                yield Failing(
                    table, Filter(f"raw_{table}", f"{moment} > {quote(clock)} + INTERVAL {LATE_DAYS} DAY", moment),
                    f"recorded more than {LATE_DAYS} days after {clock}: {{n}}",
                    "they count from when they were recorded",
                    "nothing to do, unless recorded_at is the day of a migration", severity="note")  # fmt: skip
