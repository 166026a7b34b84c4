"""Features of what an insurer declared beyond the contract: extra columns, own event tables, own specs.

Extra columns of customers, policies and terms are attributes as of the cutoff; a column of a term that is known only
when the term is over speaks through the earlier terms of the policy and of the customer. Columns of event tables give
means, shares and the last value in the standard windows, own event tables counts and recency too. Texts and ids are no
feature.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from churnkit.book.open import Book
from churnkit.book.schema import Column, Table, clock_of
from churnkit.panel.catalog import of_one_policy, standard_features
from churnkit.panel.feature import Feature
from churnkit.panel.specified import natural_group, specified_features

Target = Literal["renewal", "churn", "cancellation"]
Spec = dict[str, Any]

STATES = ("customers", "policies", "terms")
COUNTED = (30, 90, 365, None)
AVERAGED = (90, 365, None)
_OVER = ("end_date", "ended_date")  # clocks through which the term of an observation is never seen
_UNITS = {"money": "money", "bool": "flag", "category": "text", "date": "days", "ts": "days"}
_STAGES = {"customers": "advice", "policies": "purchase", "terms": "cover", "claims": "claim",
           "complaints": "complaint", "outreach": "renewal"}  # fmt: skip
_WINDOWS = {30: ("the last 30 days", "近30天"), 90: ("the last 90 days", "近90天"), 365: ("the last year", "近一年")}
_EARLIER = {  # of the terms that are over: how en and zh say it, by scope and aggregate
    ("policy", "last"): ("in the previous term of this policy", "本保单上一期"),
    ("policy", "mean"): ("mean of the earlier terms of this policy", "本保单往期平均"),
    ("policy", "sum"): ("sum over the earlier terms of this policy", "本保单往期合计"),
    ("customer", "last"): ("in the customer's latest term that is over", "客户最近一个已结束保期"),
    ("customer", "mean"): ("mean of the customer's terms that are over", "客户往期平均"),
    ("customer", "sum"): ("sum over the customer's terms that are over", "客户往期合计"),
}


def default_features(book: Book, target: Target) -> tuple[Feature, ...]:
    """Return what a panel holds unless told otherwise: the standard features and the book's declared ones."""
    return (*standard_features(target), *declared_features(book, target))


def declared_features(book: Book, target: Target) -> tuple[Feature, ...]:
    """Return the features of a book's extra columns, own event tables and ``[features]``.

    Parameters
    ----------
    book : Book
    target : {"renewal", "churn", "cancellation"}
        A churn observation is a customer: what belongs to one policy or term is left out.

    Raises
    ------
    UsageError, LeakageError
        For a spec under ``[features]`` that cannot be, naming its key.

    Examples
    --------
    >>> import pandas as pd
    >>> from churnkit.book.open import open_book
    >>> from churnkit.book.settings import Settings
    >>> settings = Settings(data_cutoff="2026-01-01", extra={"terms": {"vehicle_power": "number"}})
    >>> book = open_book({"customers": pd.DataFrame({"customer_id": ["a"]})}, settings=settings)
    >>> [(f.name, f.en) for f in declared_features(book, "renewal")]
    [('vehicle_power', 'vehicle power: {value}')]
    """
    own = specified_features(book)
    taken = {f.name for f in (*standard_features(), *own)}
    asked = {f.name for f in own}  # a spec of one's own replaces the feature of that name
    found = []
    for spec in (spec for table in book.schema.values() for spec in _of_table(table)):
        if spec["name"] in asked:
            continue
        name, again = spec["name"], 2
        if name in taken:
            name = f"{spec['table']}_{name}"
        while name in taken:
            name, again = f"{spec['name']}_{again}", again + 1
        taken.add(name)
        found.append(Feature(**{**spec, "name": name}, schema=book.schema))
    return tuple(f for f in (*found, *own) if target != "churn" or not of_one_policy(f))


def as_of_extract(book: Book) -> tuple[str, ...]:
    """Name the declared columns of customers and policies of which there is no history.

    Either the table has no recorded_at, and they are taken as of the extract at every cutoff; or no row of it comes in
    two versions, and whether a value was there from the beginning cannot be seen.

    Returns
    -------
    tuple of str
        As ``customers.segment``.
    """
    return tuple(
        f"{table}.{column.name}"
        for table in ("customers", "policies")
        if book.has(table) and not (book.has_column(table, "recorded_at") and book.repeats(table))
        for column in book.schema[table].columns
        if _usable(column) and not column.known_at and book.has_column(table, column.name)
    )


def _usable(column: Column) -> bool:
    return column.extra and not column.audit_only and column.type not in ("text", "id")


def _of_table(table: Table) -> Iterator[Spec]:
    if table.own:
        yield from _of_own_table(table)
    for column in table.columns:
        if not _usable(column):
            continue
        if table.name not in STATES:
            yield from _of_event_column(table, column) if table.clocks else ()
        elif clock_of(table.name, column.name, {table.name: table}) not in _OVER:
            yield _attribute(table, column)
        else:
            yield from _of_earlier_terms(table, column)


def _spec(table: Table, column: Column, name: str, aggregate: str, **parts: Any) -> Spec:
    """What all features of a column share."""
    return {"name": name, "table": table.name, "aggregate": aggregate, "column": column.name, "sign": column.sign,
            "group": column.group or natural_group(table), "stage": _STAGES.get(table.name, "servicing"),
            **parts}  # fmt: skip


def _attribute(table: Table, column: Column) -> Spec:
    dated = column.type in ("date", "ts")
    words = column.name.replace("_", " ")
    en, zh = (f"days since {words}: {{value}}", f"距{words}{{value}}天") if dated else _plain(words)
    return _spec(table, column, f"days_since_{column.name}" if dated else column.name, "attribute",
                 unit=_UNITS.get(column.type, "number"), en=column.en or en, zh=column.zh or zh)  # fmt: skip


def _of_earlier_terms(table: Table, column: Column) -> Iterator[Spec]:
    """What is known of a term when it is over, through the terms that are."""
    aggregates = {"category": ("last",), "integer": ("last", "mean", "sum"), "money": ("last", "mean", "sum"),
                  "number": ("last", "mean"), "bool": ("last", "mean")}  # fmt: skip
    for scope in ("policy", "customer"):
        for aggregate in aggregates.get(column.type, ()):
            stem = f"{column.name}_policy" if scope == "policy" else column.name
            words = column.name.replace("_", " ")
            en, zh = _told(column, (words, words), *_EARLIER[scope, aggregate])
            yield _spec(table, column, f"{stem}_{aggregate}{'' if aggregate == 'last' else '_all'}", aggregate,
                        clock=column.known_at, scope=scope, unit=_unit(column, aggregate), en=en, zh=zh)  # fmt: skip


def _of_event_column(table: Table, column: Column) -> Iterator[Spec]:
    clock, stem = clock_of(table.name, column.name, {table.name: table}), f"{table.name}_{column.name}"
    words, said = column.name.replace("_", " "), table.name.replace("_", " ")
    noun = (f"{table.en or said}, {words}", f"{table.zh or said}，{words}")
    share = column.type == "bool"
    for days in AVERAGED if column.type in ("number", "integer", "money", "bool") else ():
        window, span = _WINDOWS.get(days or 0, ("", ""))
        said = ("share" if share else "mean") + (f" of {window}" if days else " so far")
        en, zh = _told(column, noun, said, (span or "历史") + ("占比" if share else "平均"))
        yield _spec(table, column, f"{stem}_{'share' if share else 'mean'}_{_tail(days)}", "mean", clock=clock,
                    days=days, unit=_unit(column, "mean"), en=en, zh=zh)  # fmt: skip
    if column.type not in ("date", "ts"):
        en, zh = _told(column, noun, "last", "最近一次")
        yield _spec(table, column, f"{stem}_last", "last", clock=clock, unit=_unit(column, "last"), en=en, zh=zh)


def _of_own_table(table: Table) -> Iterator[Spec]:
    """How often and how long ago."""
    words = table.name.replace("_", " ")
    en, zh = table.en or words, table.zh or words
    shared = {"table": table.name, "clock": table.clocks[0], "group": natural_group(table), "stage": "servicing"}
    for days in COUNTED:
        window, span = _WINDOWS.get(days or 0, ("", "历史"))
        told = f"{en} in {window}: {{value}}" if days else f"{en} so far: {{value}}"
        yield {**shared, "name": f"{table.name}_{_tail(days)}", "aggregate": "count", "days": days, "unit": "count",
               "en": told, "zh": f"{span}{zh}：{{value}}"}  # fmt: skip
    yield {**shared, "name": f"days_since_{table.name}", "aggregate": "days_since", "unit": "days",
           "en": f"{en}: {{value}} days since the last", "zh": f"{zh}：距上次{{value}}天"}  # fmt: skip


def _tail(days: int | None) -> str:
    return f"{days}d" if days else "all"


def _unit(column: Column, aggregate: str) -> str:
    if column.type == "bool" and aggregate == "mean":
        return "share"
    return _UNITS.get(column.type, "number")


def _plain(words: str) -> tuple[str, str]:
    return f"{words}: {{value}}", f"{words}：{{value}}"


def _told(column: Column, noun: tuple[str, ...], how: str, how_zh: str) -> tuple[str, str]:
    """The column's own words, or its name, and in brackets what was made of it."""
    en, zh = column.en or f"{noun[0]}: {{value}}", column.zh or f"{noun[1]}：{{value}}"
    return f"{en} ({how})", f"{zh}（{how_zh}）"
