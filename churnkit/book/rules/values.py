"""Values: what does not read, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from churnkit.book.engine import quote
from churnkit.book.finding import Failing, Filter
from churnkit.book.open import Book
from churnkit.book.rules.tables import present, ready

LEAST_PREMIUMS = 10  # of a line (or all lines) in a month: fewer may be large by chance
FEN = (50, 200)  # a median so many times the one before is taken for 100 times
LEAST_IDS, ROUNDED = 20, 0.9  # ids of 16 digits or more, of which so many end in zeros after the 15th
_SCIENTIFIC = "^[0-9]([.][0-9]+)?[eE][+][0-9]{1,3}$"
_TO_15_DIGITS = "^[0-9]{15}0+$"


def scores_outside(book: Book) -> Iterator[Failing]:
    """SCL19: scores outside their scale."""
    if book.has("surveys"):
        yield Failing(
            "surveys", Filter("raw_surveys", "score < scale_min OR score > scale_max",
                              "instrument || ' ' || CAST(score AS VARCHAR)", also="score"),
            "the score lies outside its scale in {n} (from {low:g} to {high:g})", "satisfaction would be wrong",
            "set scale_min and scale_max, or map codes such as 99 to empty under [surveys.values.score]",
            facts={"low": "min(score)", "high": "max(score)"})  # fmt: skip
    if book.has("interactions"):
        yield Failing(
            "interactions", Filter("raw_interactions", "abs(sentiment) > 1", "sentiment"),
            "sentiment lies outside -1 to 1 in {n}", "features of sentiment would be wrong",
            "scale it to -1 to 1")  # fmt: skip


def premiums_in_fen(book: Book) -> Iterator[Failing]:
    """CUR23: terms bound in months whose premiums are 100 times those of most other months, or a hundredth.

    Per line and month (of issued_at, else recorded_at, else start_date) with ten terms, the median premium is compared
    with the one of such a month before; a jump of 50 to 200 times changes the unit, up or down. The unit of most terms
    is taken as the right one, and all terms of months in another are counted; in months with fewer terms of a line
    those of all lines together decide, each as a multiple of its line's median.
    """
    if ready(book, "terms", "policies") and book.rows("terms") >= 2 * LEAST_PREMIUMS:
        yield Failing("terms", _FEN, "the median premium of these months is about 100 times, or a hundredth of, that of"
                      " the others: {n}, from {first} to {last}", "they look like fen beside yuan; values and price"
                      " changes would be wrong by 100", "bring premiums to one unit at the source", severity="warning",
                      facts={"first": "substr(CAST(min(month) AS VARCHAR), 1, 7)",
                             "last": "substr(CAST(max(month) AS VARCHAR), 1, 7)"})  # fmt: skip


_FEN = f"""
WITH base AS (SELECT t._row, t.premium, p.line, date_trunc('month', coalesce(t.issued_at, t.recorded_at, t.start_date))
                AS month FROM raw_terms AS t JOIN (SELECT policy_id, min(line) AS line FROM raw_policies
                GROUP BY policy_id) AS p ON t.policy_id = p.policy_id WHERE t.premium > 0),
 usual AS (SELECT line, median(premium) AS premium FROM base GROUP BY line),
 months AS (SELECT line, month, count(*) AS n, median(premium) AS level FROM base GROUP BY line, month
            UNION ALL SELECT '' AS line, b.month, count(*) AS n, median(b.premium / u.premium) AS level
            FROM base AS b JOIN usual AS u ON b.line = u.line GROUP BY b.month),
 enough AS (SELECT line, month, n, level / lag(level) OVER (PARTITION BY line ORDER BY month) AS ratio
            FROM months WHERE n >= {LEAST_PREMIUMS}),
 units AS (SELECT line, month, n, sum(CASE WHEN ratio BETWEEN {FEN[0]} AND {FEN[1]} THEN 1
             WHEN 1.0 / ratio BETWEEN {FEN[0]} AND {FEN[1]} THEN -1 ELSE 0 END) OVER (PARTITION BY line ORDER BY month
             ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS unit FROM enough),
 sizes AS (SELECT line, unit, row_number() OVER (PARTITION BY line ORDER BY sum(n) DESC, unit) AS place
           FROM units GROUP BY line, unit),
 judged AS (SELECT u.line, u.month, CASE WHEN u.unit = s.unit THEN 0 ELSE 1 END AS wrong
            FROM units AS u JOIN sizes AS s ON u.line = s.line AND s.place = 1)
SELECT b._row, b.premium AS value, b.month FROM base AS b LEFT JOIN judged AS o ON b.line = o.line AND b.month = o.month
  LEFT JOIN judged AS a ON a.line = '' AND b.month = a.month WHERE coalesce(o.wrong, a.wrong, 0) = 1"""


def damaged_ids(book: Book) -> Iterator[Failing]:
    """IDS24: ids written as 1.10105E+17, and columns of long ids of which nearly all end in zeros after 15 digits."""
    for table in present(book):
        ids = [c.name for c in book.schema[table].columns if c.type == "id" and book.has_column(table, c.name)]
        fix = "export again, with the column as text; what the spreadsheet cut off is lost"
        for name in ids:
            column = quote(name)
            yield Failing(
                table, Filter(f"raw_{table}", f"length({column}) <= 24 AND {column} LIKE '%+%' AND"
                              f" regexp_matches({column}, '{_SCIENTIFIC}')", column),
                f"{name} was written by a spreadsheet as a power of ten in {{n}}",
                "different ids have become one", fix)  # fmt: skip
        yield from _rounded(book, table, ids, fix)


def _rounded(book: Book, table: str, ids: list[str], fix: str) -> Iterator[Failing]:
    """Ids of more digits than a spreadsheet keeps; decided by the column, as one may well end in zeros."""
    if not ids or book.rows(table) < LEAST_IDS:
        return
    conditions = [
        f"length({quote(name)}) BETWEEN 16 AND 30 AND regexp_matches({quote(name)}, '^[0-9]+$')" for name in ids
    ]
    long = ", ".join(f"count(CASE WHEN {each} THEN 1 END) AS l{i}" for i, each in enumerate(conditions))
    zeros = ", ".join(f"count(CASE WHEN {each} AND regexp_matches({quote(name)}, '{_TO_15_DIGITS}') THEN 1 END) AS z{i}"
                      for i, (each, name) in enumerate(zip(conditions, ids, strict=True)))  # fmt: skip
    row = book.records(f"SELECT {long}, {zeros} FROM raw_{table}")[0]
    for i, name in enumerate(ids):
        if row[f"l{i}"] >= LEAST_IDS and row[f"z{i}"] >= ROUNDED * row[f"l{i}"]:
            yield Failing(
                table, Filter(f"raw_{table}", f"length({quote(name)}) BETWEEN 16 AND 30 AND"
                              f" regexp_matches({quote(name)}, '{_TO_15_DIGITS}')", quote(name)),
                f"{name} has lost its last digits to a spreadsheet, which keeps 15, in {{n}}",
                "different ids have become one", fix)  # fmt: skip
