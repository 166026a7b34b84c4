"""Answers: which way scores point, who was asked and who answered, and who was called."""

from __future__ import annotations

from collections.abc import Iterator
from math import atanh, sqrt

from churnkit.book.engine import literal
from churnkit.book.finding import Failing, Finding
from churnkit.book.open import Book
from churnkit.book.rules.tables import latest, plain, ready

LEAST_PAIRS = 100  # answers of two instruments by the same customers in the same quarter
CLEARLY_BELOW, DEVIATIONS = -0.1, -3.0  # correlation of goodness, and Fisher's z of it
LEAST_ROWS = 20  # invitations, below which none unanswered may be chance
LEAST_OF_SOME = 100  # the same for one instrument beside others that have unanswered ones
CAMPAIGN_DAYS = 60  # before a term's end: where a renewal campaign calls
CAMPAIGN_SHARE = 0.5  # of the insurer's own contacts in those days; by chance it would be 60 of 365
_CAMPAIGN_WORDS = ("renew", "campaign", "retention", "续", "营销", "挽留")


def opposed_directions(book: Book) -> Iterator[Failing]:
    """DIR20: answered rows of an instrument that contradicts the others of the same customers.

    Goodness is the score on its scale, turned round where high_bad; per customer, instrument and quarter it is
    averaged. The instrument is named that is clearly negatively correlated with most others; of two, the later name.
    """
    if not ready(book, "surveys") or not book.has_column("surveys", "score"):
        return
    if book.rows("surveys") < 2 * LEAST_PAIRS:
        return
    pairs = [(row["a"], row["b"], row["r"], row["n"]) for row in book.records(_PAIRS) if row["r"] is not None]
    against: dict[str, list[str]] = {}
    for a, b, r, n in pairs:
        if r < CLEARLY_BELOW and atanh(max(r, -0.999999)) * sqrt(n - 3) < DEVIATIONS:
            for one, other in ((a, b), (b, a)):
                against.setdefault(one, []).append(f"{other} (correlation {r:.2f}, {n:,} pairs)")
    while against:
        worst = max(against, key=lambda name: (len(against[name]), name))
        others = against.pop(worst)
        against = {name: left for name, words in against.items()
                   if (left := [word for word in words if not word.startswith(f"{worst} (")])}  # fmt: skip
        instrument, direction = worst.rsplit(" ", 1)
        yield Failing(
            "surveys", "SELECT _row, score AS value FROM raw_surveys WHERE score IS NOT NULL AND instrument ="
            f" {literal(instrument)} AND direction = {literal(direction)}",
            f"{plain(instrument)} as {direction} contradicts {plain(', '.join(others))} of the same customers: {{n}}",
            "satisfied customers would pass for dissatisfied ones",
            f"set direction to {'high_bad' if direction == 'high_good' else 'high_good'} for {plain(instrument)}",
            severity="warning")  # fmt: skip


_PAIRS = f"""
WITH g AS (SELECT customer_id, instrument || ' ' || direction AS kind, date_trunc('quarter', sent_at) AS quarter,
             avg(CASE WHEN direction = 'high_bad' THEN scale_max - score ELSE score - scale_min END
                 / (scale_max - scale_min)) AS good
           FROM raw_surveys WHERE score >= scale_min AND score <= scale_max AND scale_max > scale_min
             AND sent_at IS NOT NULL AND customer_id IS NOT NULL
             AND instrument IS NOT NULL AND direction IN ('high_good', 'high_bad')
           GROUP BY customer_id, instrument || ' ' || direction, date_trunc('quarter', sent_at))
SELECT x.kind AS a, y.kind AS b, corr(x.good, y.good) AS r, count(*) AS n
FROM g AS x JOIN g AS y ON x.customer_id = y.customer_id AND x.quarter = y.quarter AND x.kind < y.kind
GROUP BY x.kind, y.kind HAVING count(*) >= {LEAST_PAIRS} AND stddev_pop(x.good) > 0 AND stddev_pop(y.good) > 0
ORDER BY a, b"""


def only_answers(book: Book) -> Iterator[Failing]:
    """RES21: rows of instruments of which every invitation is answered."""
    if not ready(book, "surveys") or not book.has_column("surveys", "score"):
        return
    told = " AND answered_at IS NULL" if book.has_column("surveys", "answered_at") else ""
    found = book.records(f"SELECT instrument, count(*) AS asked, count(CASE WHEN score IS NULL{told} THEN 1 END)"
                     " AS silent FROM raw_surveys WHERE instrument IS NOT NULL GROUP BY instrument"
                     " ORDER BY instrument")  # fmt: skip
    full = [row for row in found if not row["silent"]]
    if len(full) < len(found):
        full = [row for row in full if row["asked"] >= LEAST_OF_SOME]
    if sum(row["asked"] for row in full) < LEAST_ROWS:
        return
    names = [row["instrument"] for row in full]
    only = ", ".join(literal(name) for name in names)
    yield Failing("surveys", f"SELECT _row FROM raw_surveys WHERE instrument IN ({only})",
                  f"no invitation of {plain(', '.join(names))} is unanswered: {{n}}",
                  "the response rate is unknown, and those who were silent count for nothing",
                  "export the invitations too, with an empty score", severity="warning")  # fmt: skip


def coverage(book: Book) -> Iterator[Finding]:
    """COV22: customers who never answered; who answered, and who did in the last 12 months before data_cutoff."""
    if not ready(book, "surveys", "customers") or not book.has_column("surveys", "score"):
        return
    joined = (f"(SELECT c._row, s.last FROM {latest(book, 'customers')} AS c LEFT JOIN (SELECT customer_id,"
              " max(coalesce(answered_at, sent_at)) AS last FROM raw_surveys WHERE score IS NOT NULL"
              " GROUP BY customer_id) AS s ON c.customer_id = s.customer_id) AS j")  # fmt: skip
    year = f"last >= TIMESTAMP '{book.settings.data_cutoff}' - INTERVAL 365 DAY"
    counted = book.records(f"SELECT count(*) AS n, count(last) AS ever, count(CASE WHEN {year} THEN 1 END) AS lately"
                       f" FROM {joined}")[0]  # fmt: skip
    n, silent = counted["n"], counted["n"] - counted["ever"]
    if not n or not book.rows("surveys"):
        return
    first = [row["_row"] for row in book.records(f"SELECT _row FROM {joined} WHERE last IS NULL ORDER BY _row LIMIT 5")]
    ever, lately = (100 * counted[name] / n for name in ("ever", "lately"))
    yield Finding(
        "COV22", "note", "surveys", f"{ever:.0f} % of the customers ever answered, {lately:.0f} % in the last 12"
        f" months; {silent:,} of {n:,} never did", count=silent, share=silent / n,
        examples=tuple(f"customers {place}" for place in book.sources["customers"].places(first)),
        effect="of the others satisfaction is estimated from what happened to them", fix="nothing to do")  # fmt: skip


def unlogged_campaigns(book: Book) -> Iterator[Failing]:
    """OUT27: contacts that the insurer began in the 60 days before a term of their policy ends, and no outreach table.

    Told where half of the insurer's own contacts lie there, and else of those whose touchpoint or topic says renewal,
    campaign or retention.
    """
    if book.has("outreach") or not ready(book, "interactions", "terms"):
        return
    counted = book.records(f"SELECT count(*) AS own, (SELECT count(*) FROM ({_calls(book)}) AS k) AS calls"
                       " FROM raw_interactions WHERE initiator = 'company'")[0]  # fmt: skip
    if not counted["calls"]:
        return
    words = " OR ".join(f"{column} LIKE '%{word}%'" for column in ("lower(touchpoint)", "lower(topic)")
                        for word in _CAMPAIGN_WORDS)  # fmt: skip
    said = "" if counted["calls"] >= CAMPAIGN_SHARE * counted["own"] else f" WHERE {words}"
    yield Failing(
        "interactions", f"SELECT _row, value FROM ({_calls(book)}) AS k{said}",
        f"the insurer itself called before renewals, and there is no outreach table: {{n}} within"
        f" {CAMPAIGN_DAYS} days of a term's end", "whom a campaign kept cannot be told from who would have stayed",
        "add outreach.csv or outreach.parquet: who was to be called, who was held out", severity="warning")  # fmt: skip


def _calls(book: Book) -> str:
    return (f"SELECT DISTINCT i._row, i.started_at AS value, i.touchpoint, i.topic FROM raw_interactions AS i"
            f" JOIN {latest(book, 'terms')} AS t ON i.policy_id = t.policy_id WHERE i.initiator = 'company'"
            f" AND i.started_at < t.end_date AND i.started_at + INTERVAL {CAMPAIGN_DAYS} DAY >= t.end_date"
            )  # fmt: skip
