"""The one numeric kernel: sorted events, window pointers, running sums. Arrow in, Arrow out, no SQL.

Events are put in the order (customer, clock). Two pointers bound each window; count, sum, mean and share are
differences of running sums at the pointers, first, last and days-since are gathers, min and max segment reductions;
open and distinct count rows begun less rows over. Features with the same rows are computed together, window by window,
for a stretch of observations at a time. Cost is linear in events + observations; std and slope look at each row of
each window. Rows recorded late (``clock < cutoff <= seen``) and replaced versions are what an order cannot express:
the few observations they touch get a private stream of exactly the rows visible to them, and go through the same code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa

from churnkit.panel.arrays import Floats, Ints
from churnkit.panel.feature import Feature, Where
from churnkit.panel.kernel.aggregates import AGGREGATES
from churnkit.panel.kernel.events import EventTable, is_final
from churnkit.panel.kernel.selections import Moments, Pointers, Selection, windows
from churnkit.panel.kernel.streams import (
    Stream,
    chunks,
    customer_order,
    customer_stream,
    expand,
    policy_stream,
    private_stream,
    seconds,
    superseded_in_force,
    touched,
)

_PAIRS = 1_000_000  # rows of touched observations looked at together


def compute_features(observations: pa.Table, events: Mapping[str, pa.Table], features: Sequence[Feature]) -> pa.Table:
    """Compute event features for observations.

    Parameters
    ----------
    observations : Arrow table of n rows
        int64 ``customer``, ``policy`` (codes, -1: none) and ``cutoff`` (microseconds, whole seconds); any order,
        fastest when sorted by (customer, cutoff).
    events : mapping of table name to Arrow table
        See :class:`churnkit.panel.kernel.events.EventTable` for the columns; any order of rows.
    features : sequence of Feature
        Aggregates of events; attributes are not the kernel's business.

    Returns
    -------
    Arrow table of n rows
        One column per feature, in their order: float64 (NaN where there is no value), or text (first, last).
    """
    found = feature_columns(observations, events, features)
    return pa.table([pa.array(values) for values in found.values()], names=list(found))


def feature_columns(
    observations: pa.Table, events: Mapping[str, pa.Table], features: Sequence[Feature]
) -> dict[str, Floats | pa.Array]:
    """Compute event features as :func:`compute_features` does; numbers stay NumPy, and are not copied."""
    columns: dict[str, Floats | pa.Array] = {}
    for table, clock, wanted in _by_stream(features):
        raw = EventTable(events[table], table)
        order = customer_order(raw, clock)
        data = raw if order is None else EventTable(events[table], table, order)
        found = _one_clock(data, clock, wanted, observations)
        for feature in wanted:
            values = found.pop(feature.name)
            text = feature.aggregate in ("first", "last") and data.is_text(feature.column)
            columns[feature.name] = data.decode(feature.column, values) if text else values
    return {feature.name: columns[feature.name] for feature in features}


def _by_stream(features: Sequence[Feature]) -> Iterator[tuple[str, str, list[Feature]]]:
    ordered = sorted(features, key=lambda f: (f.table, f.clock))
    for (table, clock), group in groupby(ordered, key=lambda f: (f.table, f.clock)):
        yield table, clock, list(group)


def _one_clock(data: EventTable, clock: str, features: list[Feature], observations: pa.Table) -> dict[str, Floats]:
    """All features of one table through one clock: everybody at first, the touched observations again."""
    customer, policy = _moments(observations)
    found = {feature.name: np.empty(len(customer)) for feature in features}
    every, final = customer_stream(data, clock), is_final(data)
    main = every if final is None else every.part(np.flatnonzero(final))
    high = _fill(main, customer, _of_scope(features, policy=False), found, slice(None))
    if own := _of_scope(features, policy=True):
        _fill(policy_stream(main), policy, own, found, slice(None))
    late = touched(main, customer.keys, high)
    if final is not None:
        late |= superseded_in_force(every.part(np.flatnonzero(~final)), customer.keys)
    again = np.flatnonzero(late)
    del main, final, high, late
    customer, policy = customer.take(again), policy.take(again)
    low, high = every.since(customer.owner, customer.seconds, None), every.before(customer.owner, customer.seconds)
    for part in chunks(high - low, _PAIRS):
        stream, which = _visible(every, low[part], high[part], customer.microseconds[part])
        alone = customer.take(part, owner=np.arange(len(again[part])))
        _fill(stream, alone, _of_scope(features, policy=False), found, again[part])
        if own:
            same = (data.policy[stream.rows] >= 0) & (data.policy[stream.rows] == policy.owner[part][which])
            _fill(stream.part(np.flatnonzero(same)), alone, own, found, again[part])
    return found


def _moments(observations: pa.Table) -> tuple[Moments, Moments]:
    """The observations by customer and by policy."""
    customer, policy, cutoff = (np.asarray(observations[c], dtype=np.int64) for c in ("customer", "policy", "cutoff"))
    at = seconds(cutoff)
    return Moments(customer, cutoff, at), Moments(policy, cutoff, at)


def _of_scope(features: list[Feature], *, policy: bool) -> list[Feature]:
    """Features of the policy, or those of the customer: of whatever stands in the place of one."""
    return [feature for feature in features if (feature.scope == "policy") is policy]


def _fill(
    stream: Stream, moments: Moments, features: list[Feature], found: dict[str, Floats], where: Ints | slice
) -> Ints:
    """Compute features selection by selection, into the arrays found; return the pointers past the last rows."""
    pointers = Pointers(stream, moments, {feature.days for feature in features})
    for (conditions, column), group in groupby(sorted(features, key=_order), key=_selection):
        wanted: dict[int | None, list[Feature]] = {}
        for feature in group:
            wanted.setdefault(feature.days, []).append(feature)
        rows = Selection(stream, conditions, column)
        for part, days, window in windows(rows, pointers, moments, list(wanted)):
            at = part if isinstance(where, slice) else where[part]
            for feature in wanted[days]:
                found[feature.name][at] = AGGREGATES[feature.aggregate](window, feature)
    return pointers.high


def _selection(feature: Feature) -> tuple[frozenset[Where], str]:
    return frozenset(feature.where), feature.column


def _order(feature: Feature) -> tuple[str, list[str]]:
    """Features of one selection beside each other."""
    return feature.column, sorted(map(repr, frozenset(feature.where)))


def _visible(every: Stream, low: Ints, high: Ints, cutoff: Ints) -> tuple[Stream, Ints]:
    """The rows visible to each touched observation, as its own private stream, and whose they are."""
    which, at = expand(low, high)
    seen, until = every.table.time(f"{every.clock}_seen"), every.table.until
    visible = seen[at] < cutoff[which]
    if until is not None:
        visible &= until[at] >= cutoff[which]
    which, at = which[visible], at[visible]
    return private_stream(every, which, at), which
