"""DuckDB's SQL said in Spark's words: the few places where a plain transpilation would mean something else.

What differs in meaning, not in spelling, and how it is said:

- numbers with a point are decimals in Spark, and cut off: they become doubles;
- ``TRY_CAST`` of a text takes more forms in Spark (``2024``, ``1.5d``): a pattern lets through what DuckDB reads;
- a moment without zone is ``TIMESTAMP_NTZ``; ``date_trunc`` and ``epoch_us`` go through ``TIMESTAMP`` and back in UTC;
- ``QUALIFY`` becomes a query around the query; division by zero is null (DuckDB: infinity);
- ``hash`` is ``xxhash64``: other values than DuckDB's, so nothing that is kept may hold them;
- ``regexp_replace`` replaces every match in Spark: without ``'g'`` only a pattern tied to an end of the text is said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import sqlglot
from sqlglot import exp

from churnkit.book.engine import EngineError

_NUMBER = r"^\s*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\s*$"
_MOMENT = r"^\s*[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)?)?Z?\s*$"
_ZONED = (
    r"^\s*[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}[ T][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)? ?(Z|UTC|[+-][0-9:]+)?\s*$"
)
_ONE, _ONE_WHOLE = exp.Var(this="1D"), exp.Literal.number(1)
_PATTERNS = {"DOUBLE": _NUMBER, "FLOAT": _NUMBER, "TIMESTAMPNTZ": _MOMENT, "DATE": _MOMENT, "TIMESTAMPTZ": _ZONED}


def to_spark(query: str, params: Mapping[str, Any] | None = None) -> tuple[str, str, str]:
    """Say a statement of DuckDB in Spark's words.

    Parameters
    ----------
    query : str
        One statement.
    params : mapping, optional
        Values of its ``$name`` parameters; they become literals of the tree, never text of the query.

    Returns
    -------
    kind, name, query : str
        ``table`` or ``view``, the name and the query behind it, or ``select`` and ``""``.

    Raises
    ------
    EngineError
        If the statement does not parse or cannot be said for Spark.

    Examples
    --------
    >>> to_spark("CREATE VIEW v AS SELECT a * 1.5 AS b FROM t WHERE isnan(a)")
    ('view', 'v', 'SELECT a * 1.5D AS b FROM t WHERE ISNAN(a)')
    """
    try:
        tree = sqlglot.parse_one(query, read="duckdb")
        kind, name = "select", ""
        if isinstance(tree, exp.Create):
            kind, name = str(tree.args["kind"]).lower(), tree.this.name
            tree = tree.expression
        if not isinstance(tree, exp.Query):
            raise EngineError(f"Spark is asked queries, and told of tables and views, not of {tree.key.upper()}")
        tree = _translated(_filled(tree, dict(params or {})))
        return kind, name, tree.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        raise EngineError(f"this cannot be said for Spark: {str(error).splitlines()[0]}") from error


def _filled(tree: Any, params: dict[str, Any]) -> Any:
    """The tree with literals in place of its parameters."""
    used = set()

    def fill(node: Any) -> Any:
        if not isinstance(node, exp.Placeholder | exp.Parameter):
            return node
        name = node.name
        used.add(name)
        if name not in params:
            raise EngineError(f"no value is given for the parameter ${name}")
        return _literal(params[name])

    filled = tree.transform(fill)
    if unused := sorted(set(params) - used):
        raise EngineError(f"the query has no parameter ${unused[0]}")
    return filled


def _literal(value: Any) -> Any:
    if isinstance(value, datetime):
        kind = "TIMESTAMPTZ" if value.tzinfo else "TIMESTAMPNTZ"
        return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), kind)
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    if isinstance(value, timedelta):
        return exp.Anonymous(this="to_seconds", expressions=[exp.Literal.number(repr(value.total_seconds()))])
    if isinstance(value, list | tuple):
        return exp.Array(expressions=[_literal(each) for each in value])
    if isinstance(value, float) and not math.isfinite(value):
        return exp.cast(exp.Literal.string(repr(value)), "DOUBLE")
    if hasattr(value, "item"):
        value = value.item()
    return exp.convert(value)


def _translated(tree: Any) -> Any:
    """The tree in Spark's meaning, from its leaves up."""
    for node in reversed(list(tree.dfs())):
        said = _said(node)
        if said is not node and node is tree:
            return said
        if said is not node:
            node.replace(said)
    return tree


def _said(node: Any) -> Any:
    """One node of the tree in Spark's meaning; its children are said already."""
    if isinstance(node, exp.Anonymous):
        saying = _FUNCTIONS.get(node.name.lower())
        return saying(node.expressions) if saying else node
    if isinstance(node, exp.Select) and node.args.get("qualify"):
        return _qualified(node)
    saying = next((each for kind, each in _NODES.items() if isinstance(node, kind)), None)
    return saying(node) if saying else node


def _call(name: str, *arguments: Any) -> Any:
    return exp.Anonymous(this=name, expressions=[each.copy() for each in arguments])


def _naive(node: Any) -> Any:
    return exp.Cast(this=node, to=exp.DataType.build("TIMESTAMPNTZ"))


def _instant(node: Any) -> Any:
    return exp.Cast(this=node.copy(), to=exp.DataType.build("TIMESTAMPLTZ"))


def _number(node: Any) -> Any:
    text = node.name
    return node if node.is_string or not re.search("[.eE]", text) else exp.Var(this=f"{text}D")


def _cast(node: Any) -> Any:
    """The cast; ``TRY_CAST`` only if the text has a form that DuckDB reads."""
    pattern = _PATTERNS.get(node.to.this.name) if isinstance(node, exp.TryCast) else None
    if node.to.this == exp.DataType.Type.TIMESTAMPTZ:  # plain TIMESTAMP is without zone in our session
        node.set("to", exp.DataType.build("TIMESTAMPLTZ"))
    if pattern is None:
        return node
    shape = exp.RegexpLike(this=node.this.copy(), expression=exp.Literal.string(pattern))
    return exp.Case(ifs=[exp.If(this=shape, true=node.copy())])


def _finite(arguments: Any) -> Any:
    """Whether a double or a moment is finite; moments of Spark always are."""
    text = exp.cast(arguments[0].copy(), "VARCHAR")
    names = [exp.Literal.string(name) for name in ("NaN", "Infinity", "-Infinity")]
    return exp.Paren(this=exp.Not(this=exp.In(this=text, expressions=names)))


def _local(arguments: Any) -> Any:
    """``timezone(zone, instant)``: the wall clock of the zone."""
    zone, instant = arguments
    return _call("convert_timezone", exp.Literal.string("UTC"), zone, _naive(_instant(instant)))


def _whole(node: Any) -> Any:
    """The number without what is behind its point; of an infinite one NaN, where ``floor`` would overflow."""
    return exp.Paren(this=exp.Sub(this=node.this.copy(), expression=exp.Mod(this=node.this.copy(), expression=_ONE)))


def _boundaries(node: Any) -> Any:
    """``date_diff`` counts the boundaries between two moments, Spark the whole units."""
    unit = node.unit.name or "DAY"
    ends = [_truncated(unit, each) for each in (node.this, node.expression)]
    return exp.DateDiff(this=ends[0], expression=ends[1], unit=exp.Var(this=unit))


def _truncated(unit: str, moment: Any) -> Any:
    return _naive(_call("date_trunc", exp.Literal.string(unit), moment))


def _date_part(arguments: Any) -> Any:
    part, moment = arguments
    if part.name.lower() == "epoch":
        return _seconds(moment)
    return _call("date_part", part, moment)


def _seconds(moment: Any) -> Any:
    return exp.Paren(this=exp.Div(this=_call("unix_micros", _instant(moment)), expression=exp.Var(this="1000000D")))


def _summed(node: Any) -> Any:
    """A sum; hashes are added up without overflow."""
    if not (isinstance(node.this, exp.Anonymous) and node.this.name == "xxhash64"):
        return node
    return exp.Sum(this=exp.cast(node.this.copy(), "DECIMAL(20, 0)"))


def _quantile(node: Any) -> Any:
    """A quantile of the rows; those within a group stay as they are."""
    if not node.expression:
        return node
    order = exp.Order(expressions=[exp.Ordered(this=node.this.copy(), nulls_first=True)])
    name = "percentile_disc" if isinstance(node, exp.PercentileDisc) else "percentile_cont"
    return exp.WithinGroup(this=_call(name, node.expression), expression=order)


def _replaced(node: Any) -> Any:
    """``regexp_replace`` with Java's group marks; only what means the same for the first match and for all."""
    pattern, new = node.expression, node.args.get("replacement")
    modifiers = node.args.get("modifiers")
    tied = pattern.is_string and (pattern.name.startswith("^") or pattern.name.endswith("$"))
    if not (modifiers is not None and modifiers.name == "g") and not tied:
        raise EngineError(
            "regexp_replace needs 'g', or a pattern tied to an end of the text, to mean the same on Spark"
        )
    if new is None or not new.is_string:
        return node
    marks = re.sub(r"\\\\|\\(\d)|[$]", lambda m: f"${m[1]}" if m[1] else f"\\{m[0][0]}", new.name)
    return _call("regexp_replace", node.this, pattern, exp.Literal.string(marks))


def _qualified(node: Any) -> Any:
    """``QUALIFY`` as a query around the query, whose columns stay as they are."""
    inner = node.copy()
    condition = inner.args["qualify"].this
    inner.set("qualify", None)
    inner.append("expressions", exp.alias_(condition, "_qualified"))
    outer = exp.Select(expressions=[exp.Star(except_=[exp.to_identifier("_qualified")])])
    for part in ("with_", "order", "limit", "offset"):
        if inner.args.get(part):
            outer.set(part, inner.args[part].pop())
    return outer.from_(inner.subquery("_unqualified")).where(exp.column("_qualified"))


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "hash": lambda a: _call("xxhash64", *a),
    "epoch_us": lambda a: _call("unix_micros", _instant(a[0])),
    "timezone": _local,
    "date_part": _date_part,
    "isfinite": _finite,
    "to_seconds": lambda a: _call("make_dt_interval", *[exp.Literal.number(0)] * 3, a[0]),
}
_NODES: dict[Any, Callable[[Any], Any]] = {
    exp.Literal: _number,
    exp.Cast: _cast,
    exp.TimestampTrunc: lambda n: _truncated(n.unit.name, n.this),
    exp.Trunc: _whole,
    exp.Div: lambda n: _call("try_divide", n.this, n.expression),
    exp.RegexpReplace: _replaced,
    exp.PercentileCont: _quantile,
    exp.PercentileDisc: _quantile,
    exp.DateDiff: _boundaries,
    exp.Sum: _summed,
    exp.TimeToUnix: lambda n: _seconds(n.this),
    exp.DayOfWeekIso: lambda n: exp.Paren(this=exp.Add(this=_call("weekday", n.this), expression=_ONE_WHOLE)),
    exp.DayOfWeek: lambda n: exp.Paren(this=exp.Sub(this=_call("dayofweek", n.this), expression=_ONE_WHOLE)),
}
