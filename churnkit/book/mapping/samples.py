"""What a column of theirs holds, looked at over the whole file: filled, distinct, dates, numbers, words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from churnkit.book.engine import Engine, quote
from churnkit.book.loading import Loaded

_LOOKED_AT = 300  # of the values of a column, the most frequent ones
_SAMPLED = 200_000  # rows whose values are counted, spread over the file; distinct values are counted over all rows
_DATE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?([T ].*)?|((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(\d{6})?"
)
_AMBIGUOUS = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([T ].*)?")
_SERIAL = re.compile(r"[2-5]\d{4}(\.\d+)?")
_NUMBER = re.compile(r"[-+]?[¥￥$€]?\s*(\d{1,3}(,\d{3})+|\d+)(\.\d*)?(e[+-]?\d+)?\s*(%|万元|亿元|元|万|亿)?", re.I)
_WHOLE = re.compile(r"[-+]?\d+(\.0+)?")
_BOOL = {"true", "false", "t", "f", "1", "0", "1.0", "0.0", "y", "n", "yes", "no", "是", "否", "有", "无", "真", "假",
         "√", "×", "对", "错", "没有"}  # fmt: skip
_EMPTY = {"", "null", "\\n", "n/a", "#n/a", "na", "none", "nan", "nat", "-", "--", "—", "/"}


@dataclass(frozen=True)
class Held:
    """What one column of theirs holds.

    ``filled`` and ``distinct`` count over all rows; ``values`` are its most frequent values with their counts, among
    the rows that were sampled.
    """

    name: str
    position: int
    filled: int
    distinct: int
    values: Mapping[str, int]

    def share(self, test: Callable[[str], object]) -> float:
        """Share of the looked-at rows whose value passes a test."""
        looked = sum(self.values.values())
        return sum(n for value, n in self.values.items() if test(value)) / looked if looked else 0.0

    @cached_property
    def dates(self) -> float:
        """Share of values that are dates, whatever the way of writing."""
        return self.share(_DATE.fullmatch)

    @cached_property
    def ambiguous(self) -> float:
        """Share of values such as 03/04/2024, of which nobody can say which is the month."""
        return self.share(_AMBIGUOUS.fullmatch)

    @cached_property
    def serials(self) -> float:
        """Share of values that may be day numbers of a spreadsheet."""
        return self.share(_SERIAL.fullmatch)

    @cached_property
    def numbers(self) -> float:
        """Share of values that are numbers, with separators, signs of money, percent or 万."""
        return self.share(_NUMBER.fullmatch)

    @cached_property
    def wholes(self) -> float:
        """Share of values that are whole numbers."""
        return self.share(_WHOLE.fullmatch)

    @cached_property
    def bools(self) -> float:
        """Share of values that say yes or no."""
        return self.share(lambda value: value.lower() in _BOOL)

    @property
    def unique(self) -> float:
        """Distinct values per filled row."""
        return self.distinct / self.filled if self.filled else 0.0

    @property
    def constant(self) -> bool:
        """Whether one value fills the column of more than a handful of rows."""
        return self.distinct == 1 and self.filled > 20


@dataclass(frozen=True)
class Extract:
    """One file (or sheet) of theirs, loaded as texts: its columns and what they hold."""

    file: str
    relation: str
    rows: int
    columns: tuple[Held, ...]
    sheet: str = ""
    loaded: Loaded | None = None

    @property
    def name(self) -> str:
        """How people call it."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file

    @cached_property
    def by_name(self) -> dict[str, Held]:
        """The columns by their headers."""
        return {column.name: column for column in self.columns}


def look(engine: Engine, relation: str, *, file: str, sheet: str = "", loaded: Loaded | None = None) -> Extract:
    """Count what every column of a relation holds."""
    names = [name for name in engine.columns(relation) if name not in ("_row", "__index_level_0__")]
    distinct = "count(DISTINCT {0})"
    rows = int(engine.records(f"SELECT count(*) AS n FROM {quote(relation)}")[0]["n"])
    if rows > 1_000_000:
        distinct = "approx_count_distinct({0})"
    counts = ", ".join(
        f"count({_text(name)}) AS f{i}, {distinct.format(_text(name))} AS d{i}" for i, name in enumerate(names)
    )
    counted = engine.records(f"SELECT {counts} FROM {quote(relation)}")[0] if names else {}
    held = tuple(
        Held(
            name,
            i + 1,
            counted[f"f{i}"],
            min(counted[f"d{i}"], counted[f"f{i}"]),
            _values(engine, relation, name, rows),
        )
        for i, name in enumerate(names)
    )
    return Extract(file, relation, rows, held, sheet, loaded)


def overlap(engine: Engine, child: tuple[str, str], parent: tuple[str, str]) -> float:
    """Share of the distinct values of (relation, column) that the parent's (relation, column) has too."""
    ours, theirs = (f"(SELECT DISTINCT trim({_text(c)}) AS v FROM {quote(r)} WHERE {_text(c)} IS NOT NULL)"
                    for r, c in (child, parent))  # fmt: skip
    query = f"SELECT count(*) AS n, count(p.v) AS found FROM {ours} AS c LEFT JOIN {theirs} AS p ON c.v = p.v"
    found = engine.records(query)[0]
    return found["found"] / found["n"] if found["n"] else 0.0


def all_values(engine: Engine, extract: Extract, name: str, *, most: int = 100) -> dict[str, int]:
    """Every value of a column over all rows with its count, the frequent ones first."""
    query = (f"SELECT {_text(name)} AS v, count(*) AS n FROM {quote(extract.relation)} GROUP BY 1"
             f" HAVING {_text(name)} IS NOT NULL ORDER BY n DESC, v LIMIT {most}")  # fmt: skip
    return {row["v"]: row["n"] for row in engine.records(query)}


def _text(name: str) -> str:
    return f"nullif({quote(name)}::VARCHAR, '')"


def _values(engine: Engine, relation: str, name: str, rows: int) -> dict[str, int]:
    kept = "" if rows <= _SAMPLED else f" USING SAMPLE reservoir({_SAMPLED} ROWS) REPEATABLE (1)"
    query = (f"SELECT v, count(*) AS n FROM (SELECT {_text(name)} AS v FROM {quote(relation)}{kept}) AS s"
             f" WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT {_LOOKED_AT}")  # fmt: skip
    found: dict[str, int] = {}
    for row in engine.records(query):
        value = unicodedata.normalize("NFKC", row["v"]).strip()
        if value.lower() not in _EMPTY:
            found[value] = found.get(value, 0) + row["n"]
    return found
