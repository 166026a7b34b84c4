"""Orders, pointers and segments, against the plain way."""

import numpy as np
import pyarrow as pa
import pytest

from churnkit.panel.arrays import NEVER
from churnkit.panel.kernel.aggregates import segments
from churnkit.panel.kernel.events import EventTable
from churnkit.panel.kernel.streams import chunks, customer_order, positions


def test_chunks_cover_all_observations_once():
    sizes = np.array([3_000_000, 2_000_000, 0, 5_000_000, 1])
    parts = list(chunks(sizes))
    assert len(parts) > 1
    assert np.concatenate([np.arange(5)[p] for p in parts]).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("needles", [0, 1, 10_000])
def test_positions_are_those_of_searchsorted_in_any_order(needles):
    rng = np.random.default_rng(1)
    key, sought = np.sort(rng.integers(0, 500, 3000)), rng.integers(-5, 510, needles)
    for order in (sought, np.sort(sought)):
        assert positions(key, order).tolist() == np.searchsorted(key, order).tolist()
    assert positions(key[:0], sought).tolist() == [0] * needles


@pytest.mark.parametrize("codes", [3, 1 << 28])
@pytest.mark.parametrize("span", [5_000_000, 300 * 366 * 86_400_000_000])
def test_rows_stand_in_order_however_wide_codes_and_times_are(codes, span):
    rng, size = np.random.default_rng(2), 2000
    customer = rng.choice([0, codes // 2, codes - 1], size)
    at = rng.choice(rng.integers(-1000, span, 900), size)
    seen = at + rng.integers(0, 2, size) * 3
    ids = rng.permutation(size).astype(str)
    at[:5] = NEVER
    table = pa.table({"customer": customer, "t": at, "t_seen": seen, "id": ids})
    rows = [k for k in range(size) if at[k] < NEVER]
    wanted = sorted(rows, key=lambda k: (customer[k], at[k] // 1_000_000, at[k], seen[k], ids[k]))
    found = customer_order(EventTable(table, "x"), "t")
    assert found.tolist() == wanted
    assert customer_order(EventTable(table.take(pa.array(found)), "x"), "t").tolist() == list(range(len(found)))


def test_segments_in_a_wild_order_are_the_same():
    rng = np.random.default_rng(3)
    values, low = rng.normal(size=50), rng.integers(0, 51, 400)
    high = np.minimum(low + rng.integers(0, 9, 400), 50)
    found = segments(np.maximum, values, low, high)
    want = [values[a:b].max() if b > a else np.nan for a, b in zip(low, high, strict=True)]
    np.testing.assert_array_equal(found, want)
