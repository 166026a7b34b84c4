"""SQL that reads a value as its type, however the source writes it, and that names the conversions it took.

The quick path is what a clean export looks like: ``2024-01-05``, ``2024-01-05 08:05:09``, ``1234.5``. What it does not
read is tried again as people and spreadsheets write: full-width digits, thousands separators, percent signs, 万,
``2024年1月5日``, ``2024/1/5``, ``20240105``, the day number of a spreadsheet. Nothing is guessed: what is ambiguous
(``01/02/2024``, ``1.234,5``) does not read. The expressions keep to functions that both engines have; regular
expressions hold no backslash but references to groups. A value is written into its expression only a few times:
engines take long over long expressions.
"""

from __future__ import annotations

from churnkit.book.engine import literal
from churnkit.book.schema import Column, Type

SQL_TYPES: dict[Type, str] = {
    "id": "VARCHAR", "text": "VARCHAR", "category": "VARCHAR", "date": "TIMESTAMP", "ts": "TIMESTAMP",
    "money": "DOUBLE", "number": "DOUBLE", "integer": "BIGINT", "bool": "BOOLEAN",
}  # fmt: skip
TEXTS = ("id", "text", "category")
MOMENTS = ("date", "ts")
# Moments outside stand for "none" or "for ever": 1900-01-01 and earlier, 2999 and later (SEN08).
FIRST_MOMENT, LAST_MOMENT = "TIMESTAMP '1900-01-01 12:00:00'", "TIMESTAMP '2999-01-01 00:00:00'"
EMPTY_MARKS = ("", "NULL", "\\N", "N/A", "#N/A", "NA", "NONE", "NAN", "NAT", "-", "--", "—", "/", "无", "空")
_EMPTY_TEXTS = ("", "NULL", "\\N", "#N/A")
_TRUE = ("true", "t", "1", "1.0", "y", "yes", "是", "有", "真", "对", "√")
_FALSE = ("false", "f", "0", "0.0", "n", "no", "否", "无", "没有", "假", "错", "×")
_PLAIN_BOOL = "'true', 'false', 't', 'f', '1', '0', 'y', 'n', 'yes', 'no'"
_WIDE, _NARROW = "０１２３４５６７８９．，％－＋（）／：　", "0123456789.,%-+()/: "
# A number as people write it: 1,234.50  12.5万  35%  .5
_WRITTEN = "'^[+-]?(([0-9]{1,3}(,[0-9]{3})+|[0-9]+)([.][0-9]*)?|[.][0-9]+)[万亿%]?$'"
_SERIAL = "'^[1-9][0-9]{4}([.][0-9]+)?$'"
_ISO = "'^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)?)?$'"
_ZONED = "'^[0-9-]+ [0-9]+:[0-9:.]+(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$'"
# From dates as people write them to ISO, one after another.
_TO_ISO = (
    ("'^0000-00-00'", "'1900-01-01'"),
    ("'^([0-9]{4})([0-9]{2})([0-9]{2})(([0-9]{2})([0-9]{2})([0-9]{2}))?$'", "'\\1-\\2-\\3 \\5:\\6:\\7'"),
    ("'^([0-9]{4})[-/.年] ?([0-9]{1,2})[-/.月] ?([0-9]{1,2})日?[T ]*'", "'\\1-\\2-\\3 '"),
    ("'时|点|分'", "':', 'g'"),
    ("'[: 秒]+$'", "''"),
    ("'^([0-9-]+ [0-9]{1,2})$'", "'\\1:00'"),
    ("' +([+-][0-9:]+|Z|UTC)$'", "'\\1'"),
)


def typed(column: Column, value: str, *, kind: str, zone: str) -> str:
    """SQL that reads a value as the column's type; null where it does not read.

    Parameters
    ----------
    column : Column
    value : str
        SQL of the value as it came, as :func:`churnkit.book.views.given` gives it.
    kind : {"text", "whole", "number", "bool", "moment", "zoned"}
        What the source's column holds.
    zone : str
        The book's time zone.
    """
    if column.type in TEXTS:
        return _word(column, as_text(value, kind))
    if column.type in MOMENTS:
        kept = _between(moment_of(value, kind, zone), FIRST_MOMENT, LAST_MOMENT, short=kind == "moment")
        return f"date_trunc('day', {kept})" if column.type == "date" else kept
    if column.type == "bool":
        return _bool(value, kind)
    if column.name == "birth_year" and kind != "whole":
        return _year(value, kind, zone)
    if column.type == "integer" and kind != "whole":
        number = number_of(value, kind, most="9e15")
        return f"CASE WHEN {number} % 1 = 0 THEN ({number})::BIGINT END"
    return f"({number_of(value, kind)})::{SQL_TYPES[column.type]}"


def _year(value: str, kind: str, zone: str) -> str:
    """SQL of a year of birth, also where the date of birth is given."""
    year, date = number_of(value, kind, most="9999"), moment_of(value, kind, zone)
    return (f"coalesce(CASE WHEN {year} % 1 = 0 THEN ({year})::BIGINT END,"
            f" CASE WHEN {date} < {LAST_MOMENT} THEN date_part('year', {date})::BIGINT END)")  # fmt: skip


def may_fail(column: Column, kind: str) -> bool:
    """Whether some value of that kind may not read as the column's type."""
    if column.type in TEXTS:
        return False
    if column.type in MOMENTS:
        return kind not in ("moment", "zoned")
    if column.type == "bool":
        return kind != "bool"
    return kind not in ("whole", "bool")


def without_marks(column: Column | None, text: str) -> str:
    """SQL of a text, null where it is a mark for an empty cell."""
    text_like = column is None or column.type in TEXTS
    marks = ", ".join(literal(mark) for mark in (_EMPTY_TEXTS if text_like else EMPTY_MARKS))
    if column is not None and column.type == "bool":
        marks = marks.replace(", '无'", "")  # has none: no
    return f"CASE WHEN length({text}) > 4 OR upper(trim({text})) NOT IN ({marks}) THEN {text} END"


def as_text(value: str, kind: str) -> str:
    """SQL of a value as text: 1001.0, which a spreadsheet made of 1001, is 1001."""
    if kind == "number":
        return (f"CASE WHEN {value} = trunc({value}) AND abs({value}) < 9e15 THEN ({value})::BIGINT::VARCHAR"
                f" ELSE ({value})::VARCHAR END")  # fmt: skip
    return value if kind == "text" else f"({value})::VARCHAR"


def _between(value: str, low: str, high: str, *, short: bool = False) -> str:
    """SQL of a value strictly between two bounds, else null; written once, unless it is short: comparing is quicker."""
    if short:
        return f"CASE WHEN {value} > {low} AND {value} < {high} THEN {value} END"
    return f"nullif(nullif(greatest(least({value}, {high}), {low}), {high}), {low})"


def moment_of(value: str, kind: str, zone: str) -> str:
    """SQL of a value as a moment of the book's zone, sentinels still among them."""
    if kind == "zoned":
        return f"timezone({literal(zone)}, ({value})::TIMESTAMPTZ)"
    if kind == "moment":
        return f"({value})::TIMESTAMP"
    text = as_text(value, kind)
    # A CASE keeps the closer looks to the rows that need them: parts common to two branches of a coalesce are
    # worked out for every row.
    return f"CASE WHEN {_quick_date(text)} THEN TRY_CAST({text} AS TIMESTAMP) ELSE {_written_date(text, zone)} END"


def number_of(value: str, kind: str, *, most: str = "1e300") -> str:
    """SQL of a value as a number between minus and plus `most`."""
    if kind in ("moment", "zoned"):
        return "NULL::DOUBLE"
    if kind == "whole":
        return value
    if kind != "text":
        return _between(f"({value})::DOUBLE", f"-{most}::DOUBLE", f"{most}::DOUBLE", short=True)
    quick = f"TRY_CAST({value} AS DOUBLE)"
    read = f"CASE WHEN {quick} IS NOT NULL THEN {quick} ELSE {_written_number(value)} END"
    return _between(read, f"-{most}::DOUBLE", f"{most}::DOUBLE")


def quick(column: Column, value: str, *, kind: str) -> str:
    """SQL that is null where a value needs a closer look; empty for columns that never do."""
    if column.type in TEXTS or kind in ("moment", "zoned", "bool"):
        return ""
    text = as_text(value, kind)
    if column.type in MOMENTS:
        return f"CASE WHEN {_quick_date(text)} THEN 1 END"
    if kind != "text":
        return ""
    if column.type == "bool":
        return f"CASE WHEN lower({text}) IN ({_PLAIN_BOOL}) THEN 1 END"
    return f"TRY_CAST({text} AS DOUBLE)"


def form(column: Column, value: str, *, kind: str) -> str:
    """SQL that names the conversion a value takes; null where the quick path reads it.

    Only values that the quick path leaves are looked at closely, so a clean column costs one look each.
    """
    if column.type in TEXTS or kind in ("moment", "zoned", "bool"):
        return ""
    text = as_text(value, kind)
    wide = f"CASE WHEN regexp_matches({text}, '[０-９．，％－＋（）／：]') THEN 'full-width ' ELSE '' END"
    if column.type in MOMENTS:
        return (f"CASE WHEN {_quick_date(text)} THEN NULL WHEN strpos({text}, '年') > 0 THEN {wide} || '2024年1月5日'"
                f" WHEN strpos({text}, '/') > 0 OR strpos({text}, '／') > 0 THEN {wide} || '2024/1/5'"
                f" WHEN {text} LIKE '____-__-__%' THEN NULL"
                f" WHEN regexp_matches({_half(text)}, '^[0-9]{{8}}$') THEN {wide} || 'yyyymmdd'"
                f" WHEN regexp_matches({_half(text)}, {_SERIAL}) THEN {wide} || 'spreadsheet day numbers'"
                f" ELSE {wide} || 'other ways of writing dates' END")  # fmt: skip
    if kind != "text":
        return ""
    if column.name == "birth_year":
        return f"CASE WHEN TRY_CAST({text} AS DOUBLE) IS NULL THEN 'dates of birth, whose year is taken' END"
    if column.type == "bool":
        return f"CASE WHEN lower({text}) IN ({_PLAIN_BOOL}) THEN NULL ELSE {wide} || '是/否' END"
    return (f"CASE WHEN TRY_CAST({text} AS DOUBLE) IS NOT NULL THEN NULL"
            f" WHEN strpos({text}, '%') > 0 OR strpos({text}, '％') > 0"
            f" THEN {wide} || 'percent signs (divided by 100)'"
            f" WHEN strpos({text}, '万') > 0 THEN {wide} || '万 (times 10,000)'"
            f" WHEN strpos({text}, '亿') > 0 THEN {wide} || '亿 (times 100,000,000)'"
            f" WHEN strpos({text}, ',') > 0 OR strpos({text}, '，') > 0 THEN {wide} || 'thousands separators'"
            f" WHEN {wide} <> '' THEN 'full-width digits' ELSE 'currency signs and blanks' END")  # fmt: skip


def _word(column: Column, text: str) -> str:
    """A category of the contract is read whatever its case, every category without blanks around it."""
    if column.type == "category":
        return f"lower(trim({text}))" if column.values else f"trim({text})"
    return text


def _half(text: str) -> str:
    return f"trim(translate({text}, '{_WIDE}', '{_NARROW}'))"


def _quick_date(text: str) -> str:
    """Whether a text is an ISO day, or an ISO moment to the second."""
    return f"({text} >= '0001' AND ({text} LIKE '____-__-__' OR {text} LIKE '____-__-_____:__:__'))"


def _iso(text: str) -> str:
    """An ISO moment from a date as people write it, with its zone if it has one."""
    iso = _half(text)
    for pattern, replacement in _TO_ISO:
        iso = f"regexp_replace({iso}, {pattern}, {replacement})"
    return iso


def _written_date(text: str, zone: str) -> str:
    """The common ways of writing, one look each; then every other one by way of ISO."""
    common = f"replace(replace(replace(replace({text}, '/', '-'), '年', '-'), '月', '-'), '日', '')"
    compact = " || '-' || ".join(f"substr({text}, {at}, {n})" for at, n in ((1, 4), (5, 2), (7, 2)))
    compact = f"CASE WHEN {text} LIKE '________' THEN {compact} END"
    iso = _iso(text)
    days = f"TRY_CAST(regexp_extract({_half(text)}, {_SERIAL}, 0) AS DOUBLE)"
    return (f"coalesce(TRY_CAST(regexp_extract({common}, {_ISO}, 0) AS TIMESTAMP)"
            f", TRY_CAST(regexp_extract({compact}, {_ISO}, 0) AS TIMESTAMP)"
            f", TRY_CAST(regexp_extract({iso}, {_ISO}, 0) AS TIMESTAMP)"
            f", timezone({literal(zone)}, TRY_CAST(regexp_extract({iso}, {_ZONED}, 0) AS TIMESTAMPTZ))"
            f", TIMESTAMP '1899-12-30 00:00:00' + to_seconds(round({days} * 86400)::BIGINT))")  # fmt: skip


def _bare(text: str) -> str:
    """A number without blanks, currency signs and the brackets of a negative amount."""
    plain = f"replace({_half(text)}, ' ', '')"
    plain = f"regexp_replace({plain}, '^(RMB|CNY|[¥￥$€£])|(元整|元|圆|RMB|CNY)$', '', 'g')"
    return f"regexp_replace({plain}, '^[(](.*)[)]$', '-\\1')"


def _written_number(text: str) -> str:
    """The number without separators and unit, times what its unit says; at most one unit can stand, at the end."""
    number = "TRY_CAST(rtrim(replace(regexp_extract({}, {}, 0), ',', ''), '万亿%') AS DECIMAL(24, 8))"
    number = f"coalesce({number.format(text, _WRITTEN)}, {number.format(_bare(text), _WRITTEN)})"
    factor = (f"CASE WHEN strpos({text}, '万') > 0 THEN 10000.00 WHEN strpos({text}, '亿') > 0 THEN 100000000.00"
              f" WHEN strpos({text}, '%') > 0 OR strpos({text}, '％') > 0 THEN 0.01 ELSE 1.00 END")  # fmt: skip
    return f"({number} * ({factor})::DECIMAL(12, 2))::DOUBLE"


def _bool(value: str, kind: str) -> str:
    if kind == "bool":
        return value
    if kind in ("whole", "number"):
        return f"CASE WHEN {value} = 1 THEN true WHEN {value} = 0 THEN false END"
    text = f"lower(trim({as_text(value, kind)}))"
    text = f"translate({text}, 'ｙｎｔｆ１０', 'yntf10')"
    yes, no = (", ".join(literal(word) for word in words) for words in (_TRUE, _FALSE))
    return f"CASE WHEN {text} IN ({yes}) THEN true WHEN {text} IN ({no}) THEN false END"
