"""An empty ``churnkit.toml`` with every key explained: made from the schema and the settings, so it cannot go stale.

A line that begins with ``# `` is TOML to uncomment, one with ``## `` is prose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from churnkit.book.mapping.toml import quoted
from churnkit.book.schema import TABLES, Column, Table, clock_of
from churnkit.book.settings import ChurnSettings, RenewalSettings

_TOP = """## churnkit.toml: what the tables beside it do not say themselves. Remove the # of a line to use it.
## `churnkit map FOLDER` writes this file from the tables, `churnkit check FOLDER` says what is still wrong.

## Required: the moment up to which the extract is complete. Rows at or after it are dropped, labels ripen against it.
# data_cutoff = "2026-01-01"
## The zone in which dates and times are meant, and the currency of all amounts.
# timezone = "Asia/Shanghai"
# currency = "CNY"
## What terms.end_date says: "exclusive", the first day without cover, or "last_covered_day" (终保日期, 24:00).
# end_date_is = "exclusive"
"""
_WORDS = {
    ("churn", "gap_days"): "days without cover after which a customer counts as gone",
    ("churn", "horizon_days"): "days ahead in which that is predicted",
    ("churn", "slack_days"): "days after which nothing is entered late any more",
    ("churn", "snapshots"): '"quarterly" or "yearly": how often customers are looked at',
    ("renewal", "leads"): "days before the end at which a term is looked at",
    ("renewal", "slack_days"): "days after which nothing is entered late any more",
    ("renewal", "match"): "where renewals get a new policy_id: what else ties them, of object, line, household",
}
_ENGINE = """## How much of the machine may be used; left out, all of it.
# [engine]
# threads = 2
# memory_limit = "1GB"
"""
_OWN = """## Columns beyond the contract: type is number, integer, money, category, bool, date, ts, text or id. known_at
## names the date column from which the value is known (left out: the table's first clock); group, sign, en and zh
## speak in reasons.
# [terms.extra]
# vehicle_power = {type = "number", group = "vehicle", sign = 0, en = "{value} kW", zh = "功率{value}千瓦"}
# area = {type = "category"}
# offer_channel = {type = "category", known_at = "offer_date"}

## Event tables beyond the contract.
# [tables.web_visits]
# key = "visit_id"
# customer = "customer_id"
# clocks = ["visited_at"]
# columns = {page = "category", seconds = "number"}

## Features of your own, beside the standard ones: an aggregate of a column in the days before the day of scoring.
# [features.visits_30d]
# table = "web_visits"
# clock = "visited_at"
# aggregate = "count"
# days = 30
"""
_EXAMPLES = {
    "customer_type": ("个人", "person"), "line": ("车险", "motor"), "payment_mode": ("年缴", "annual"),
    "end_reason": ("到期未续", "expired"), "initiator": ("呼入", "customer"), "decision": ("拒赔", "denied"),
    "source": ("监管", "regulator"), "outcome": ("成立", "upheld"), "instrument": ("满意度", "csat"),
    "direction": ("正向", "high_good"), "arm": ("对照组", "holdout"),
}  # fmt: skip


def blank() -> str:
    """Return the text of an empty settings file.

    Examples
    --------
    >>> print(blank()[:50])
    ## churnkit.toml: what the tables beside it do not
    """
    lines = [
        _TOP,
        *_section("churn", vars(ChurnSettings())),
        "",
        *_section("renewal", vars(RenewalSettings())),
        "",
        _ENGINE,
    ]
    for table in TABLES.values():
        lines += [*_table(table), ""]
    return "\n".join([*lines, _OWN])


def _section(name: str, defaults: Mapping[str, object]) -> Iterator[str]:
    yield f"# [{name}]"
    for key, value in defaults.items():
        yield f"# {key} = {_value(value)}   # {_WORDS[name, key]}"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    return quoted(value) if isinstance(value, str) else str(value)


def _table(table: Table) -> Iterator[str]:
    off = f"; without it these are switched off: {table.switches_off}" if table.switches_off else ""
    yield f"## {table.name}, {'required' if table.required else 'optional'}{off}"
    yield f"# [{table.name}]"
    yield f'# file = "{table.name}.xlsx"   # where the file is not called {table.name}; two tables may share one'
    yield f'# sheet = "{table.name}"   # of a workbook'
    yield '# encoding = "gb18030"   # where it is not recognised'
    yield "# where = \"extract_date = '2026-01-01'\"   # databases: the rows to read"
    if table.clocks:
        yield "# delay_days = 1   # from an event to its entry in the books, where no recording time is given"
    yield f"# [{table.name}.columns]   # our name = your name"
    for column in table.columns:
        yield f"# {column.name} = {quoted(column.name)}   # {_about(table, column)}"
    amounts = [column.name for column in table.columns if column.type in ("money", "number")]
    if amounts:
        yield f"# [{table.name}.scale]   # your numbers times this are ours: 10000 for 万元"
        yield f"# {'sum_insured' if 'sum_insured' in amounts else amounts[0]} = 10000"
    told = [column for column in table.columns if column.required and column.values]
    if told:
        yield f"# [{table.name}.constant]   # what every row says of a column that your table does not have"
        yield f"# {told[0].name} = {quoted(told[0].values[0])}"
    for column in table.columns:
        if column.values:
            yield f"# [{table.name}.values.{column.name}]   # yours = one of {', '.join(column.values)}"
            theirs, ours = _EXAMPLES.get(column.name, ("theirs", column.values[0]))
            yield f"# {quoted(theirs)} = {quoted(ours)}"


def _about(table: Table, column: Column) -> str:
    """Type, whether it must be there, from when it is known."""
    words = [column.type, "required" if column.required else ""]
    clock = clock_of(table.name, column.name)
    words.append(f"known from {clock}" if column.known_at and clock != column.name else "")
    words.append(f"{column.default} if absent" if column.default else "")
    words.append("for audits only" if column.audit_only else "")
    return ", ".join(word for word in words if word)
