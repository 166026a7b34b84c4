"""The one numeric kernel: sorted events, window pointers, prefix sums. Arrow in, Arrow out, no SQL.

Events are sorted by (customer, clock). Two pointers bound each window; count, sum, mean and share are differences of
prefix sums at the pointers, last and days-since are gathers, min and max segment reductions. Cost is linear in events +
observations. Rows recorded late (``clock < cutoff <= seen``) and replaced versions are what sorting cannot express: the
few observations they touch get a private stream of exactly the rows visible to them, and go through the same code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa

from churnkit.panel.aggregates import Moments, Windows
from churnkit.panel.arrays import Floats, Ints
from churnkit.panel.events import EventTable, is_final
from churnkit.panel.feature import Feature
from churnkit.panel.streams import (
    Stream,
    chunks,
    customer_rows,
    expand,
    policy_rows,
    seconds,
    superseded_in_force,
    touched,
)


def compute_features(observations: pa.Table, events: Mapping[str, pa.Table], features: Sequence[Feature]) -> pa.Table:
    """Compute event features for observations.

    Parameters
    ----------
    observations : Arrow table of n rows
        int64 ``customer``, ``policy`` (codes, -1: none) and ``cutoff`` (microseconds, whole seconds); any order,
        fastest when sorted by (customer, cutoff).
    events : mapping of table name to Arrow table
        See :class:`churnkit.panel.events.EventTable` for the columns; any order of rows.
    features : sequence of Feature
        Aggregates of events; attributes are not the kernel's business.

    Returns
    -------
    Arrow table of n rows
        One column per feature, in their order: float64 (NaN where there is no value), or text (first, last).
    """
    columns: dict[str, pa.Array] = {}
    for table, clock, wanted in _by_stream(features):
        data = EventTable(events[table], table)
        found = _one_clock(data, clock, wanted, observations)
        for feature in wanted:
            values = found[feature.name]
            text = feature.aggregate in ("first", "last") and data.is_text(feature.column)
            columns[feature.name] = data.decode(feature.column, values) if text else pa.array(values)
    names = [feature.name for feature in features]
    return pa.table([columns[name] for name in names], names=names)


def _by_stream(features: Sequence[Feature]) -> Iterator[tuple[str, str, list[Feature]]]:
    ordered = sorted(features, key=lambda f: (f.table, f.clock))
    for (table, clock), group in groupby(ordered, key=lambda f: (f.table, f.clock)):
        yield table, clock, list(group)


def _one_clock(data: EventTable, clock: str, features: list[Feature], observations: pa.Table) -> dict[str, Floats]:
    """All features of one table through one clock: everybody at first, the touched observations again."""
    cutoff = np.asarray(observations["cutoff"], dtype=np.int64)
    customer, policy = (np.asarray(observations[c], dtype=np.int64) for c in ("customer", "policy"))
    rows = customer_rows(data, clock)
    final = is_final(data)[rows]
    every = Stream(data, clock, owner=data.customer[rows], rows=rows)
    main = every if final.all() else Stream(data, clock, owner=data.customer[rows[final]], rows=rows[final])
    moments = {
        "customer": Moments(customer, cutoff, seconds(cutoff)),
        "policy": Moments(policy, cutoff, seconds(cutoff)),
    }
    late = touched(main, owner=customer, cutoff=moments["customer"].seconds)
    if not final.all():
        old = Stream(data, clock, owner=data.customer[rows[~final]], rows=rows[~final])
        late |= superseded_in_force(old, owner=customer, cutoff=moments["customer"].seconds)
    found = _all_at_once(main, features, moments)
    again = np.flatnonzero(late)
    size = every.before(customer[again], moments["customer"].seconds[again]) - every.since(
        customer[again], moments["customer"].seconds[again], None
    )
    for part in chunks(size):
        _again(every, features, {scope: m.take(again[part]) for scope, m in moments.items()}, found, again[part])
    return found


def _all_at_once(main: Stream, features: list[Feature], moments: dict[str, Moments]) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for scope in sorted({f.scope for f in features}):
        stream = main
        if scope == "policy":
            rows = policy_rows(main.table, main.rows)
            stream = Stream(main.table, main.clock, owner=main.table.policy[rows], rows=rows)
        windows = Windows(stream, moments[scope])
        found |= {f.name: windows.value(f) for f in features if f.scope == scope}
    return found


def _again(
    every: Stream, features: list[Feature], moments: dict[str, Moments], found: dict[str, Floats], where: Ints
) -> None:
    """Compute touched observations from their own visible rows, each observation the owner of a private stream."""
    data, cutoff = every.table, moments["customer"].microseconds
    low = every.since(moments["customer"].owner, moments["customer"].seconds, None)
    which, at = expand(low, every.before(moments["customer"].owner, moments["customer"].seconds))
    rows = every.rows[at]
    visible = data.time(f"{every.clock}_seen")[rows] < cutoff[which]
    visible &= data.time("superseded")[rows] >= cutoff[which]
    which, rows = which[visible], rows[visible]
    own = np.arange(len(cutoff))
    for scope in sorted({f.scope for f in features}):
        mine = np.ones(len(rows), dtype=bool)
        if scope == "policy":
            mine = (data.policy[rows] >= 0) & (data.policy[rows] == moments["policy"].owner[which])
        private = Stream(data, every.clock, owner=which[mine], rows=rows[mine])
        windows = Windows(private, moments[scope].take(slice(None), owner=own))
        for feature in features:
            if feature.scope == scope:
                found[feature.name][where] = windows.value(feature)
