"""The terms that were sold, the rows of each table as last known, and which term each row belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.book.engine import quote
from churnkit.book.open import Book
from churnkit.panel.arrays import DAY, FIRST, NEVER, Bools, Floats, Ints, numbers
from churnkit.panel.derived.derive import working_day_numbers
from churnkit.panel.kernel.streams import chunks, expand, keys, seconds
from churnkit.panel.load import moment, places
from churnkit.panel.observations import data_cutoff
from churnkit.panel.terms.terms import Terms, load_terms

_NONE = {"number": pa.float64(), "money": pa.float64(), "integer": pa.int64(), "bool": pa.bool_()}


@dataclass(frozen=True)
class Units:
    """The sold terms in the order (customer_id, start, term_id).

    ``rows``: theirs among all terms; ``until``: the data cutoff.
    """

    terms: Terms
    rows: Ints
    until: int

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def customer(self) -> Ints:
        """Customer codes."""
        return self.terms.customer[self.rows]

    @cached_property
    def start(self) -> Ints:
        """First moment of cover."""
        return self.terms.start[self.rows]

    @cached_property
    def end(self) -> Ints:
        """End of cover."""
        return np.minimum(self.terms.end[self.rows], self.terms.ended[self.rows])

    @cached_property
    def _order(self) -> Ints:
        """Positions of the terms by (family, start, term_id)."""
        family = self.terms.family[self.rows]
        return np.lexsort((self.terms.id_rank[self.rows], self.start, family))

    @cached_property
    def _families(self) -> tuple[Ints, Ints]:
        """Customer and family code of each policy under all its numbers, by customer."""
        family, first = np.unique(self.terms.family[self.rows], return_index=True)
        order = np.argsort(self.customer[first], kind="stable")
        return self.customer[first][order], family[order]

    def belong(self, customer: Ints, policy: Ints, at: Ints) -> tuple[Ints, Ints]:
        """Pairs of row and term: of the row's own policy, else of every policy that its customer has in force then.

        Parameters
        ----------
        customer : int array, customer code of each row, -1 for nobody of the book
        policy : int array, policy code of each row, -1 for none
        at : int array, when each row happened

        Returns
        -------
        row, term : int arrays, in the order of the terms, then of the rows
        """
        ties, mine = self.terms.ties, (policy >= 0) & (customer >= 0)
        mine[mine] = ties.customer[policy[mine]] == customer[mine]
        named, other = np.flatnonzero(mine), np.flatnonzero(~mine & (customer >= 0))
        owners, families = self._families
        low, high = (np.searchsorted(owners, customer[other], side=side) for side in ("left", "right"))
        found = [self._found(named, policy[named] if ties.alone else ties.family[policy[named]], at)]
        for part in chunks(high - low):  # a fleet's rows times its policies are many, those in force are few
            which, place = expand(low[part], high[part])
            found.append(self._found(other[part][which], families[place], at))
        row, term = (np.concatenate(each) for each in zip(*found, strict=True))
        order = np.lexsort((row, term))
        return row[order], term[order]

    def _found(self, row: Ints, family: Ints, at: Ints) -> tuple[Ints, Ints]:
        term = self._in_force(family, at[row])
        return row[term >= 0], term[term >= 0]

    def _in_force(self, family: Ints, at: Ints) -> Ints:
        """Term of each policy in force at each moment, of several the one that began last; -1 for none."""
        if not len(self._order):
            return np.full(len(family), -1, dtype=np.int64)
        own = self.terms.family[self.rows][self._order]
        end = keys(own, seconds(self.end[self._order]))
        reach, wanted = np.maximum.accumulate(end), keys(family, seconds(at))
        place = np.searchsorted(keys(own, seconds(self.start[self._order])), wanted, side="right") - 1
        fine = (place >= 0) & (own[place] == family) & (reach[place] > wanted)
        while (back := np.flatnonzero(fine & (end[place] <= wanted))).size:  # it is over; one that began earlier is not
            place[back] -= 1
        return np.where(fine, self._order[place], -1)


def load_units(book: Book) -> Units:
    """Read the sold terms of a book."""
    terms = load_terms(book)
    rows, rank = terms.sold, np.empty(len(terms.customer_ids), dtype=np.int64)
    rank[np.asarray(pc.sort_indices(terms.customer_ids), dtype=np.int64)] = np.arange(len(rank))
    rows = rows[np.lexsort((terms.id_rank[rows], terms.start[rows], rank[terms.customer[rows]]))]
    return Units(terms, rows, data_cutoff(book))


@dataclass(frozen=True)
class Rows:
    """Rows of one table as last known at the data cutoff, by id, and the terms they belong to.

    ``who``: a code per customer_id that the table names, -1 where it names none; ``event`` and ``term``: pairs of row
    and position of its term, in the order of the terms.
    """

    table: pa.Table
    who: Ints
    when: Ints
    event: Ints
    term: Ints

    def among(self, pairs: Bools) -> Rows:
        """Some of the pairs."""
        return replace(self, event=self.event[pairs], term=self.term[pairs])

    def only(self, rows: Bools) -> Rows:
        """The pairs of some of the rows."""
        return self.among(rows[self.event])

    def time(self, column: str) -> Ints:
        """Microseconds of a clock, ``NEVER`` for null."""
        return np.asarray(self.table[column], dtype=np.int64)

    def known(self, clock: str, units: Units) -> Ints:
        """Microseconds of a clock, ``NEVER`` where it is null or not recorded before the data cutoff."""
        return np.where(self.time(f"{clock}_seen") < units.until, self.time(clock), NEVER)

    def values(self, column: str) -> Floats:
        """A column of numbers, NaN for null."""
        return numbers(self.table[column])

    def is_(self, column: str, *words: str) -> Bools:
        """Rows whose text is one of the words."""
        found = self.table[column]
        return np.asarray(pc.is_in(found, value_set=pa.array(words, type=found.type)), dtype=bool)

    def codes(self, column: str) -> Ints:
        """A column of texts as codes, -1 for null."""
        return codes_of(self.table[column])[0]

    def text(self, column: str) -> pd.Series:
        """A column of texts by pair."""
        taken: pd.Series = self.table[column].combine_chunks().take(pa.array(self.event)).to_pandas().astype("str")
        return taken

    def category(self, column: str) -> pd.Series:
        """A column of few different texts by pair."""
        code, words = codes_of(self.table[column])
        texts = words.to_pandas().astype("str")
        return pd.Series(pd.Categorical.from_codes(code[self.event], categories=texts))

    @cached_property
    def shared(self) -> Ints:
        """Number of terms that each pair's row belongs to."""
        return np.bincount(self.event, minlength=len(self.when))[self.event]


def load_rows(book: Book, units: Units, table: str, columns: tuple[str, ...], *, where: str = "true") -> Rows:
    """Read a table's rows, none where the book has no such table; clocks among the columns come as microseconds."""
    spec = book.schema[table]
    clock, later = spec.clocks[0], [name for name in columns if name in spec.clocks]
    times = [clock, *(each for name in later for each in (name, f"{name}_seen"))]
    texts = ["id", "customer_id", "policy_id", *(name for name in columns if name not in later)]
    if book.has(table):
        listed = [f"e.{quote(spec.key if name == 'id' else name)} AS {quote(name)}" for name in texts]
        listed += [f"{moment('e.' + quote(name))} AS {quote(name)}" for name in times]
        found = book.sql(f"""SELECT {", ".join(listed)} FROM {table} AS e
WHERE e.{quote(clock + "_seen")} < $until AND (e.superseded_at IS NULL OR e.superseded_at >= $until) AND {where}
ORDER BY id""", until=book.settings.data_cutoff)  # fmt: skip
    else:
        kinds = {c.name: _NONE.get(c.type, pa.string()) for c in spec.columns}
        found = pa.table({name: pa.array([], kinds.get(name, pa.string())) for name in texts}
                         | {name: pa.array([], pa.int64()) for name in times})  # fmt: skip
    who, named = codes_of(found["customer_id"])
    customer = _through(who, places(named, units.terms.customer_ids))
    policy, written = codes_of(found["policy_id"])
    at = np.asarray(found[clock], dtype=np.int64)
    event, term = units.belong(customer, _through(policy, places(written, units.terms.policy_ids)), at)
    return Rows(found, who, at, event, term)


def load_customers(book: Book, units: Units, columns: tuple[str, ...] = ("region", "household_id")) -> pa.Table:
    """What each term's customer was like as known before its start, else in the first version."""
    listed = ", ".join(columns)
    versions = book.sql(f"""SELECT customer_id, {listed}, {moment("recorded_at", FIRST)} AS known
FROM customers ORDER BY recorded_at NULLS FIRST, superseded_at NULLS LAST, {listed}""")
    customer = places(versions["customer_id"], units.terms.customer_ids)
    order = np.argsort(customer, kind="stable")
    owner = customer[order]
    key = keys(np.maximum(owner, 0), seconds(np.asarray(versions["known"], dtype=np.int64))[order])
    key[owner < 0] = -1
    last = np.searchsorted(key, keys(units.customer, seconds(units.start))) - 1
    first = np.searchsorted(owner, units.customer)
    return versions.take(pa.array(order[np.maximum(first, last)])).combine_chunks()


def load_policies(book: Book, units: Units, columns: tuple[str, ...]) -> pa.Table:
    """What each term's policy was when it was taken out: as its first version has it."""
    listed = ", ".join(columns)
    found = book.sql(f"""SELECT policy_id, {listed} FROM policies
ORDER BY recorded_at NULLS FIRST, superseded_at NULLS LAST, {listed}""")
    policy, first = np.unique(places(found["policy_id"], units.terms.policy_ids), return_index=True)
    at = first[np.searchsorted(policy, units.terms.policy[units.rows])]
    return found.take(pa.array(at)).combine_chunks()


def load_working_days(book: Book, rows: Rows) -> Ints:
    """Working days from the first of the rows to a year after the data cutoff, as day numbers since 1970."""
    calendar: dict[int, bool] = {}
    if book.has("calendar"):
        found = book.sql(f"SELECT {moment('date')} // {DAY} AS day, working_day FROM calendar WHERE date IS NOT NULL")
        calendar = dict(zip(found["day"].to_pylist(), found["working_day"].to_pylist(), strict=True))
    until = data_cutoff(book) // DAY
    return working_day_numbers(int(rows.when.min(initial=until * DAY)) // DAY, until + 366, calendar)


def codes_of(column: pa.ChunkedArray) -> tuple[Ints, Any]:
    """Codes of a column of texts, -1 for null, and the texts in the order of codes."""
    words = pc.dictionary_encode(column).combine_chunks()
    words = words.combine_chunks() if isinstance(words, pa.ChunkedArray) else words
    return np.asarray(pc.fill_null(words.indices, -1), dtype=np.int64), words.dictionary


def _through(code: Ints, of_code: Ints) -> Ints:
    return np.where(code >= 0, np.append(of_code, -1)[code], -1)
