"""Links: how one term follows another, on which day and under which number."""

from __future__ import annotations

from collections.abc import Iterator

from churnkit.book.engine import literal
from churnkit.book.finding import Failing
from churnkit.book.open import Book
from churnkit.book.rules.tables import held_terms, plain, ready, sold_terms

# What terms of one policy share, by the setting that says so; the columns of `held_terms`.
TIES = {
    "object": ("customer_id", "line", "object_id"),
    "line": ("customer_id", "line"),
    "household": ("household_id", "line"),
}
_WORDS = {"object": "customer, line and object_id", "line": "customer and line", "household": "household and line"}
EARLY_DAYS, LATE_DAYS = 60, 30  # a successor starts in [end - 60, end + 30), as a renewal without grace_days does
LEAST_TERMS = 20  # fewer pairs, or terms that ran out in a line, say nothing about how a system numbers or dates
ONE_DAY, OF_FOLLOWING = 0.9, 0.3  # gaps of a day among gaps of none or one; and among all terms that follow another
HARDLY, OFTEN = 0.05, 0.25  # of a line's terms that ran out: renewed under the same number; under another one


def gaps_of_a_day(book: Book) -> Iterator[Failing]:
    """GAP11: terms that start exactly one day after an earlier one ends, where nearly all do.

    Terms follow each other within their policy, else by the first of object, line and household under which many
    do. Renewals on the very day of the end and a day after it are compared; late ones say nothing. Where the settings
    say already that end_date is the last covered day, those that start one day too early are looked for.
    """
    if not ready(book, "terms", "policies", "customers") or book.rows("terms") < LEAST_TERMS:
        return
    inclusive = book.settings.end_date_is == "last_covered_day"
    for columns in (("policy_id",), *TIES.values()):
        counted = book.records(
            "SELECT count(*) AS later, count(CASE WHEN touching = 1 THEN 1 END) AS none, count(CASE WHEN touching = 0"
            f" AND off = 1 THEN 1 END) AS one FROM ({_later(book, columns, inclusive)}) AS f"
        )[0]
        one, near, some = counted["one"], counted["one"] + counted["none"], OF_FOLLOWING * counted["later"]
        if one >= max(LEAST_TERMS, ONE_DAY * near, some):
            yield _gap_finding(_later(book, columns, inclusive), inclusive)
        if near >= max(LEAST_TERMS, some):
            return


def _later(book: Book, columns: tuple[str, ...], inclusive: bool) -> str:
    """Query of terms that come after another under the same key: whether one ends as they start, or a day off that."""
    keys, off = ", ".join(columns), -1 if inclusive else 1
    held = sold_terms(book) if columns == ("policy_id",) else held_terms(book)
    filled = " AND ".join(f"{name} IS NOT NULL" for name in columns)
    same = " AND ".join(f"e.{name} = b.{name}" for name in columns)
    days = "date_diff('day', e.end_date, b.start_date)"
    return (
        f"WITH held AS {held} SELECT b._row, b.start_date, max(CASE WHEN {days} = 0 THEN 1 ELSE 0 END) AS touching,"
        f" max(CASE WHEN {days} = {off} THEN 1 ELSE 0 END) AS off FROM (SELECT * FROM (SELECT *, row_number() OVER"
        f" (PARTITION BY {keys} ORDER BY start_date, _row) AS place FROM held WHERE {filled}) AS h2"
        f" WHERE place > 1) AS b LEFT JOIN held AS e ON {same} AND e.start_date < b.start_date"
        f" AND e.end_date <= b.start_date + INTERVAL 1 DAY AND e.end_date + INTERVAL 1 DAY >= b.start_date"
        " GROUP BY b._row, b.start_date"
    )


def _gap_finding(later: str, inclusive: bool) -> Failing:
    rows = f"SELECT _row, start_date AS value FROM ({later}) AS f WHERE touching = 0 AND off = 1"
    if inclusive:
        return Failing("terms", rows, "nearly all renewals start on the last covered day of the term before: {n}",
                       "every cover is a day too long", "end_date is the first day without cover: set end_date_is ="
                       ' "exclusive" in churnkit.toml', severity="warning")  # fmt: skip
    return Failing("terms", rows, "nearly all renewals start one day after the end of the term before: {n}",
                   "end_date is the last covered day, and every cover a day too short",
                   'set end_date_is = "last_covered_day" in churnkit.toml', severity="warning")  # fmt: skip


def renumbered_renewals(book: Book) -> Iterator[Failing]:
    """LNK12: terms that are followed by none of their policy, but by one of the same object, line or household.

    Lines are looked at in which, of the renewable terms that ran out 30 days before data_cutoff, hardly any has a
    successor by policy_id or previous_policy_id and many have one by another tie, of which the first is taken. All
    terms of these lines that only the tie links to a successor are counted.
    """
    if book.settings.renewal.match or not ready(book, "terms", "policies", "customers"):
        return
    if book.rows("terms") < LEAST_TERMS:
        return
    due = (f"renewable = 1 AND end_date + INTERVAL {LATE_DAYS} DAY <= TIMESTAMP '{book.settings.data_cutoff}'"
           " AND (ended_date IS NULL OR ended_date + INTERVAL 1 DAY >= end_date)")  # fmt: skip
    own, held = _by_number(book), f"WITH held AS {held_terms(book)}"
    lost = _lines(book, due, own, f"due >= {LEAST_TERMS} AND linked < {HARDLY} * due")
    for way, columns in TIES.items() if lost else ():
        many = _lines(book, due, _followed(columns), f"linked >= {OFTEN} * due")
        shares = {line: many[line] for line in lost if line in many}
        if shares:
            named = ", ".join(f"{line} {100 * share:.0f} %" for line, share in shares.items())
            only = ", ".join(literal(line) for line in shares)
            yield Failing(
                "terms", f"{held} SELECT DISTINCT o._row, o.policy_id AS value FROM ({_followed(columns)}) AS o"
                f" LEFT JOIN ({own}) AS p ON o._row = p._row WHERE p._row IS NULL AND o.line IN ({only})",
                f"hardly a term is followed by one of its policy_id, but by one of the same {_WORDS[way]}"
                f" ({plain(named)} of those that ran out): {{n}} are followed so only",
                "every renewal would be taken for a lapse",
                f'set match = ["{way}"] under [renewal] in churnkit.toml, or fill previous_policy_id')  # fmt: skip
            return


def _lines(book: Book, due: str, followed: str, having: str) -> dict[str, float]:
    """Lines for which a condition on due and linked terms holds, with the linked share."""
    rows = book.records(
        f"WITH held AS {held_terms(book)} SELECT line, linked / due AS share FROM (SELECT t.line, count(*) * 1.0 AS"
        f" due, count(f._row) AS linked FROM (SELECT * FROM held WHERE {due}) AS t LEFT JOIN (SELECT DISTINCT _row FROM"
        f" ({followed}) AS f0) AS f ON t._row = f._row GROUP BY t.line) AS s WHERE {having} ORDER BY line"
    )
    return {row["line"]: float(row["share"]) for row in rows if row["line"] is not None}


def _by_number(book: Book) -> str:
    """Query of terms in `held` with a successor by policy_id or previous_policy_id."""
    ways = [("policy_id",), *([("previous_policy_id",)] if book.has_column("policies", "previous_policy_id") else [])]
    return " UNION ".join(_followed(way) for way in ways)


def _followed(columns: tuple[str, ...]) -> str:
    """Query of terms in `held` with a successor that shares the columns, or names their policy as its previous one."""
    tie = " AND ".join(f"b.{name} = a.{name.replace('previous_', '')}" for name in columns)
    return (f"SELECT a._row, a.policy_id, a.line FROM held AS a JOIN held AS b ON {tie} AND b.term_id <> a.term_id"
            f" AND b.start_date > a.start_date AND b.start_date + INTERVAL {EARLY_DAYS} DAY >= a.end_date"
            f" AND b.start_date < a.end_date + INTERVAL {LATE_DAYS} DAY")  # fmt: skip
