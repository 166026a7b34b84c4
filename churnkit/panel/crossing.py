"""What crosses customers: agents and lines by calendar month, computed on the engine.

Nothing of the future enters. A row of the book is counted through one clock, in one month, and never again, as the
first version that has this clock says: later versions change nothing. The month is the one in which all that is counted
was known at last: clock, recording time and, as agent and line are the policy's, the recording of the policy's first
version (without a recording time: known from the beginning). A month's row is known from the first moment of the next
month; months that are not over at data_cutoff are left out. Where policies have no ``recorded_at``, their agent is that
of the extract: an agent who took a policy over lately has its past, and nothing can be done about it here.

- ``terms_over``: terms that came to their end, by the scheduled one of their first version, or by an earlier one that
  was in the books by then. A term that was never really sold (free look) counts like any other: as it was seen.
- ``exits`` and ``expired``: terms whose ``ended_date`` is past and in the books, for one of ``EXITS`` (ended by the
  customer) or as "expired" (ran out, not renewed). It may become known in a later month than the term was over.
- ``complaints`` (received_at); ``contacts`` (started_at) by the customer; ``ratings`` and ``rating_sum``: answers
  (answered_at) whose rating lies from 0 to 100, to the ninth decimal. All of them on the policy that they name.
- ``premium_median``: of terms that became known in the twelve months up to and with this one; ``rating_mean``: of
  answers likewise. A line has a row for each month with one of them in its twelve.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.book.engine import literal
from churnkit.book.open import Book
from churnkit.panel.arrays import Floats, Ints, numbers
from churnkit.panel.derived.columns import CROSSING
from churnkit.panel.terms.versions import first_versions, later_says

EXITS = ("customer_cancelled", "nonpayment", "surrendered")
"""Why a term ended, where the customer ended it."""
MONTHS = 12
_FINE = 1_000_000_000  # ratings are summed as whole billionths: the same in any order of rows
_OWNER = {"agents": "agent_id", "lines": "line"}
_CLOCK = {"complaints": "received_at", "interactions": "started_at", "surveys": "answered_at"}
_ENDINGS = ("terms", ("end_date", "ended_date", "end_reason"))
_ANSWERS = ("surveys", ("policy_id", "answered_at", "score", "instrument"))
_NEEDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "terms_over": ("terms", ("end_date",)),
    "exits": _ENDINGS,
    "expired": _ENDINGS,
    "complaints": ("complaints", ("policy_id", "received_at")),
    "contacts": ("interactions", ("policy_id", "started_at", "initiator")),
    "ratings": _ANSWERS,
    "rating_sum": _ANSWERS,
    "premium_median": ("terms", ("premium",)),
    "rating_mean": _ANSWERS,
}
_SHARE = "100.0 * (score - scale_min) / (scale_max - scale_min)"
_RATING = (
    f"CASE WHEN scale_max > scale_min THEN CASE WHEN direction = 'high_bad' THEN 100.0 - {_SHARE} ELSE {_SHARE} END END"
)
_KNOWN = "greatest(issued_at, issued_at_seen)"
_ENDED = f"CASE WHEN ended_date IS NOT NULL THEN greatest(ended_date, ended_date_seen, {_KNOWN}) END"
_MOMENT = "greatest(e.seen, p.known)"
_MONTH = f"CAST((year({_MOMENT}) - 1970) * 12 + month({_MOMENT}) AS INTEGER)"  # months since 1970, of the next month


def missing_source(book: Book, table: str, column: str = "") -> str:
    """Say what a column of ``agents`` or ``lines`` lacks in this book, ``""`` where it is there.

    Parameters
    ----------
    column : str
        ``""`` or ``"known_at"`` ask for the table itself.
    """
    for source, names in (("policies", (_OWNER[table],)), _NEEDS.get(column, ("policies", ()))):
        if not book.has(source):
            return f"table {source} is absent"
        for name in names:
            if not book.has_column(source, name):
                return f"{source}.{name} is absent"
    return ""


def load_crossing(book: Book, table: str) -> pa.Table:
    """Count what happened by agent, or by line, and month.

    Parameters
    ----------
    table : {"agents", "lines"}

    Returns
    -------
    Arrow table, sorted by owner and month
        ``owner`` (agent_id or line), ``known_at`` (int64 microseconds: the first moment of the next month) and, as
        float64, those columns of ``CROSSING[table]`` whose source is there (see :func:`missing_source`). An agent has
        a row for each month in which something was counted, with 0 for what was not.
    """
    names = [c.name for c in CROSSING[table].columns[1:] if not missing_source(book, table, c.name)]
    return _lines(book, names) if table == "lines" else _agents(book, names)


def _agents(book: Book, names: list[str]) -> pa.Table:
    one = "count(*)"
    found = []
    if "terms_over" in names:
        found.append(_counted(book, _terms_over(book), "agent_id", {"terms_over": one}))
    if "exits" in names:
        found.append(_endings(book))
    if "complaints" in names:
        found.append(_counted(book, _events(book, "complaints"), "agent_id", {"complaints": one}))
    if "contacts" in names:
        rows = _events(book, "interactions", initiator="initiator")
        found.append(_counted(book, rows, "agent_id", {"contacts": one}, where="e.initiator = 'customer'"))
    if "ratings" in names:
        found.append(_answers(book, "agent_id"))
    empty = pa.table({"owner": pa.array([], pa.string()), "month": pa.array([], pa.int32())})
    whole = pa.concat_tables([empty, *found], promote_options="permissive")
    whole = whole.filter(pc.less_equal(whole["month"], _last_month(book)))
    whole = whole.group_by(["owner", "month"], use_threads=False).aggregate([(name, "sum") for name in names])
    whole = whole.sort_by([("owner", "ascending"), ("month", "ascending")])
    columns = {name: numbers(pc.fill_null(whole[f"{name}_sum"], 0)) for name in names}
    if "rating_sum" in columns:
        columns["rating_sum"] /= _FINE
    return pa.table({"owner": whole["owner"], "known_at": _moments(np.asarray(whole["month"])), **columns})


def _events(book: Book, table: str, **more: str) -> str:
    """Query events by policy, and when they could be seen."""
    clock = _CLOCK[table]
    shown = {"policy_id": "policy_id", "seen": f"greatest({clock}, {clock}_seen)", **more}
    return first_versions(book, table, shown, where=f"{clock} IS NOT NULL")


def _terms_over(book: Book) -> str:
    """Query when terms were over: by the first version's schedule, or as the first version with an end says."""
    shown = {"policy_id": "policy_id", "scheduled": f"greatest(end_date, {_KNOWN})"}
    rows = later_says(book, "terms", shown, {"ended": _ENDED}, said="ended_date IS NOT NULL",
                      where="end_date IS NOT NULL")  # fmt: skip
    return f"SELECT policy_id, least(scheduled, ended) AS seen FROM ({rows}) AS t"


def _endings(book: Book) -> pa.Table:
    """Count terms that were ended by the customer, or ran out, by agent and month."""
    rows = first_versions(book, "terms", {"policy_id": "policy_id", "seen": _ENDED, "why": "end_reason"},
                          where="end_date IS NOT NULL AND ended_date IS NOT NULL")  # fmt: skip
    left, ran_out = f"e.why IN ({', '.join(map(literal, EXITS))})", "e.why = 'expired'"
    measures = {"exits": f"count(CASE WHEN {left} THEN 1 END)", "expired": f"count(CASE WHEN {ran_out} THEN 1 END)"}
    return _counted(book, rows, "agent_id", measures, where=f"({left} OR {ran_out})")


def _answers(book: Book, owner: str) -> pa.Table:
    total = f"CAST(sum(CAST(round(e.rating * {_FINE}) AS BIGINT)) AS BIGINT)"
    return _counted(book, _events(book, "surveys", rating=_RATING), owner, {"ratings": "count(*)", "rating_sum": total},
                    where="e.rating BETWEEN 0 AND 100")  # fmt: skip


def _counted(book: Book, rows: str, owner: str, measures: Mapping[str, str], *, where: str = "true") -> pa.Table:
    """Count rows, ``e``, by the owner of their policy and by month."""
    listed = ", ".join(f"{sql} AS {name}" for name, sql in measures.items())
    return book.sql(f"""SELECT p.owner, {_MONTH} AS month, {listed}
FROM ({rows}) AS e JOIN ({_policies(book, owner)}) AS p ON e.policy_id = p.policy_id
WHERE p.owner IS NOT NULL AND {where} GROUP BY 1, 2""")


def _policies(book: Book, owner: str) -> str:
    """Query what the first version of each policy names, and when that was recorded (null: known from the first)."""
    return first_versions(book, "policies", {"policy_id": "policy_id", "owner": owner, "known": "recorded_at"})


def _lines(book: Book, names: list[str]) -> pa.Table:
    lines = sorted(book.sql("SELECT DISTINCT line FROM policies WHERE line IS NOT NULL")["line"].to_pylist())
    premiums = _premiums(book, lines) if "premium_median" in names else _nothing("premium")
    answers = _nothing("ratings", "rating_sum")
    if "rating_mean" in names:
        found = _answers(book, "line")
        code = pc.cast(pc.index_in(found["owner"], value_set=pa.array(lines, pa.string())), pa.int8())
        answers = found.append_column("line", code).sort_by([("line", "ascending"), ("month", "ascending")])
    parts = [_rolling(_of_line(premiums, code), _of_line(answers, code), _last_month(book))
             for code in range(len(lines))]  # fmt: skip
    month = np.concatenate([np.zeros(0, dtype=np.int64), *(month for month, _ in parts)])
    owner = [line for line, (month, _) in zip(lines, parts, strict=True) for _ in month]
    columns = {name: np.concatenate([np.zeros(0), *(values[name] for _, values in parts)]) for name in names}
    return pa.table({"owner": pa.array(owner, pa.string()), "known_at": _moments(month), **columns})


def _nothing(*names: str) -> pa.Table:
    return pa.table({name: pa.array([], pa.float64()) for name in ("line", "month", *names)})


def _premiums(book: Book, lines: list[str]) -> pa.Table:
    """The premium of every term, under its line's place among the lines and its month: 13 bytes a term."""
    rows = first_versions(book, "terms", {"policy_id": "policy_id", "seen": _KNOWN, "premium": "premium"},
                          where="end_date IS NOT NULL")  # fmt: skip
    cases = " ".join(f"WHEN {literal(line)} THEN {code}" for code, line in enumerate(lines))
    place = f"CAST(CASE p.owner {cases} ELSE NULL END AS TINYINT)" if lines else "CAST(NULL AS TINYINT)"
    return book.sql(f"""SELECT {place} AS line, {_MONTH} AS month, e.premium
FROM ({rows}) AS e JOIN ({_policies(book, "line")}) AS p ON e.policy_id = p.policy_id
WHERE p.owner IS NOT NULL AND e.premium IS NOT NULL ORDER BY 1, 2""")


def _of_line(table: pa.Table, code: int) -> dict[str, Any]:
    """The rows of one line, of a table sorted by line and month."""
    line = np.asarray(table["line"])
    low, high = np.searchsorted(line, code), np.searchsorted(line, code, side="right")
    rows = table.slice(low, high - low)
    return {name: np.asarray(rows[name]) for name in rows.column_names if name not in ("line", "owner")}


def _rolling(premiums: dict[str, Any], answers: dict[str, Any], until: int) -> tuple[Ints, dict[str, Floats]]:
    """Months of a line in which something lies in the twelve up to them, and what does."""
    busy = np.unique(np.concatenate([np.unique(each["month"]).astype(np.int64) for each in (premiums, answers)]))
    month = np.unique(busy[:, None] + np.arange(MONTHS))
    month = month[month <= until]
    low, high = _window(premiums["month"], month)
    values = premiums["premium"]
    median = [np.median(values[i:j]) if j > i else np.nan for i, j in zip(low, high, strict=True)]
    low, high = _window(answers["month"], month)
    count, total = (np.concatenate([[0], np.cumsum(answers[name].astype(np.int64))])
                    for name in ("ratings", "rating_sum"))  # fmt: skip
    many = count[high] - count[low]
    mean = np.full(len(month), np.nan)
    np.divide(total[high] - total[low], many * _FINE, out=mean, where=many > 0)
    return month, {"premium_median": np.array(median, dtype=np.float64), "rating_mean": mean}


def _window(at: Any, month: Ints) -> tuple[Ints, Ints]:
    return np.searchsorted(at, month - (MONTHS - 1)), np.searchsorted(at, month, side="right")


def _last_month(book: Book) -> int:
    """The latest month, since 1970, that begins by data_cutoff: what happened before it is all in the book."""
    return int(np.datetime64(book.settings.data_cutoff, "M").astype(np.int64))


def _moments(month: Any) -> Ints:
    """First moments of months since 1970, in microseconds."""
    begun: Ints = month.astype(np.int64).astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)
    return begun
