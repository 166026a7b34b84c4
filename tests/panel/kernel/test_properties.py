"""What may be done to events and observations without changing a bit, and what the late rows cost."""

import tracemalloc

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnkit.panel.arrays import DAY, NEVER
from churnkit.panel.feature import Feature, Where
from churnkit.panel.kernel import aggregates, compute
from churnkit.panel.kernel.compute import compute_features

OF_A_COLUMN = ("sum", "mean", "std", "min", "max", "first", "last", "distinct", "slope")
OF_ROWS = ("count", "days_since", "days_since_first", "gap_mean", "gap_max", "open", "share")
PHONE = Where("channel", "==", "phone")
CUSTOMERS, ROWS, OBSERVED = 12, 900, 150


def features():
    """Every aggregate, over several windows, of the customer and of the policy, with and without a condition."""
    found = []
    for aggregate in (*OF_A_COLUMN, *OF_ROWS):
        parts = {"column": "wait_seconds"} if aggregate in OF_A_COLUMN else {}
        parts |= {"end_clock": "resolved_at"} if aggregate == "open" else {}
        parts |= {"of": (PHONE,)} if aggregate == "share" else {}
        for days, scope, where in ((None, "customer", ()), (90, "customer", (PHONE,)), (90, "policy", ())):
            name = f"{aggregate}_{days}_{scope}"
            found.append(Feature(name, "interactions", aggregate, days=days, scope=scope, where=where, **parts))
    text = {"table": "interactions", "column": "channel"}
    return [*found, *(Feature(f"text_{a}", aggregate=a, days=90, **text) for a in ("first", "last", "distinct"))]


def book(seed, *, rows=ROWS, late=0.2, replaced=0.2):
    """Events with ties, nulls, late rows and replaced versions."""
    rng = np.random.default_rng(seed)
    customer, at = rng.integers(0, CUSTOMERS, rows), rng.integers(0, 700, rows) * DAY // 2
    seen = at + np.where(rng.random(rows) < late, rng.integers(1, 90, rows) * DAY, 0)
    ended = at + rng.integers(0, 60, rows) * DAY
    resolved = np.where(rng.random(rows) < 0.3, NEVER, ended)
    wait = np.round(rng.gamma(1, 60, rows), 2)
    events = {
        "customer": customer,
        "policy": np.where(rng.random(rows) < 0.7, customer * 3 + rng.integers(0, 3, rows), -1),
        "id": [f"i{k}" for k in rng.permutation(rows)],
        "superseded": np.where(rng.random(rows) < replaced, seen + rng.integers(0, 200, rows) * DAY, NEVER),
        "started_at": at,
        "started_at_seen": seen,
        "resolved_at": resolved,
        "resolved_at_seen": np.where(resolved < NEVER, np.maximum(resolved, seen), NEVER),
        "wait_seconds": pa.array(np.where(rng.random(rows) < 0.2, np.nan, wait), from_pandas=True),
        "channel": pa.array(rng.choice(["phone", "mail", None], rows)),
    }
    return pa.table(events)


def observed(seed, size=OBSERVED):
    """Observations of those customers, and of one without any event."""
    rng = np.random.default_rng(seed)
    customer = np.sort(rng.integers(0, CUSTOMERS + 1, size))
    policy = np.where(rng.random(size) < 0.9, customer * 3 + rng.integers(0, 3, size), -1)
    return pa.table({"customer": customer, "policy": policy, "cutoff": rng.integers(0, 420, size) * DAY})


def computed(who, events, wanted=None):
    return compute_features(who, {"interactions": events}, wanted or features()).to_pandas()


def assert_same(left, right):
    pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True), check_exact=True)


@pytest.mark.parametrize("seed", range(3))
def test_the_kernel_takes_any_order_of_rows_of_observations_and_of_features(seed):
    rng, who, events, wanted = np.random.default_rng(seed), observed(seed), book(seed), features()
    back, mixed = rng.permutation(who.num_rows), rng.permutation(events.num_rows)
    turned = computed(who.take(back), events.take(mixed), [wanted[k] for k in rng.permutation(len(wanted))])
    assert_same(computed(who, events).iloc[back], turned[[feature.name for feature in wanted]])


@pytest.mark.parametrize("parts", [2, 5])
def test_partitions_change_nothing(parts):
    who, events = observed(7), book(7)
    whole = computed(who, events)
    for part in range(parts):
        mine, theirs = (np.asarray(t["customer"]) % parts == part for t in (who, events))
        assert_same(computed(who.filter(mine), events.filter(theirs)), whole[mine])


def test_stretches_and_blocks_change_nothing(monkeypatch):
    who, events = observed(8), book(8)
    whole = computed(who, events)
    for module, name in (("selections", "_STRETCH"), ("streams", "_BLOCK"), ("aggregates", "_PAIRS"),
                         ("compute", "_PAIRS")):  # fmt: skip
        monkeypatch.setattr(f"churnkit.panel.kernel.{module}.{name}", 7)
    assert_same(computed(who, events), whole)


@pytest.mark.parametrize("seed", range(3))
def test_late_and_replaced_rows_leave_what_the_visible_rows_alone_would_give(seed):
    who, events = observed(seed), book(seed)
    whole = computed(who, events)
    columns = {name: np.asarray(events[name]) for name in ("started_at", "started_at_seen", "superseded")}
    for k in range(0, who.num_rows, 4):
        cutoff = who["cutoff"][k].as_py()
        known = (columns["started_at_seen"] < cutoff) & (columns["superseded"] >= cutoff)
        visible = events.filter(known)
        place = visible.schema.get_field_index("superseded")
        visible = visible.set_column(place, "superseded", pa.array(np.full(visible.num_rows, NEVER)))
        assert_same(computed(who.slice(k, 1), visible), whole.iloc[[k]])


def late_work(monkeypatch, events, who):
    """Observations and rows that the late-row path goes through, and the most bytes it holds at a time."""
    done = {"observations": 0, "rows": 0, "bytes": 0}
    fill, visible = compute._fill, compute._visible

    def filled(stream, moments, wanted, found, where):
        if not isinstance(where, slice):
            done["observations"] += len(where)
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
        result = fill(stream, moments, wanted, found, where)
        if not isinstance(where, slice):
            done["bytes"] = max(done["bytes"], tracemalloc.get_traced_memory()[1] - before)
        return result

    def seen(every, low, high, cutoff):
        done["rows"] += int((high - low).sum())
        return visible(every, low, high, cutoff)

    monkeypatch.setattr(compute, "_fill", filled)
    monkeypatch.setattr(compute, "_visible", seen)
    tracemalloc.start()
    try:
        computed(who, events, [f for f in features() if f.scope == "customer"])
    finally:
        tracemalloc.stop()
    return done


def with_columns(events, **columns):
    """The events with those columns in place of theirs."""
    for name, values in columns.items():
        events = events.set_column(events.schema.get_field_index(name), name, pa.array(values))
    return events


def test_late_rows_cost_what_they_touch(monkeypatch):
    """Two observations have a late row each: their own rows are gone through again, and nothing of anybody else's."""
    few, cutoff, work = 60, 400 * DAY, []
    who = pa.table({"customer": [3, 5, 6], "policy": [-1, -1, -1], "cutoff": [cutoff] * 3})
    for others in (few, 60_000):
        events = book(1, rows=few + others, late=0, replaced=0)
        begun = np.asarray(events["started_at"]) % cutoff
        seen = np.where(np.arange(few + others) < 2, cutoff, begun)  # row 0 is of customer 3, row 1 of customer 5
        customer = np.r_[np.resize([3, 5], few), np.resize([6, 9], others)]
        events = with_columns(events, customer=customer, started_at=begun, started_at_seen=seen)
        with monkeypatch.context() as patch:
            work.append(late_work(patch, events, who))
    for done in work:
        assert (done["observations"], done["rows"]) == (2, few)
        assert 0 < done["bytes"] < 60_000  # not so much as a mask over all rows


def test_what_is_open_or_different_in_a_window_is_counted_by_pointers_alone(monkeypatch):
    def refused(*positions):
        raise AssertionError("rows laid out window by window")

    monkeypatch.setattr(aggregates, "expand", refused)
    who, events = observed(3), book(3)
    computed(who, events, [f for f in features() if f.aggregate in ("open", "distinct", "count", "gap_max", "min")])
    with pytest.raises(AssertionError, match="laid out"):
        computed(who, events, [f for f in features() if f.aggregate == "std"])
