"""What each aggregate makes of a few rows of one customer, straight from the kernel."""

import math

import numpy as np
import pyarrow as pa
import pytest

from churnkit.panel.arrays import NEVER
from churnkit.panel.feature import Feature
from churnkit.panel.kernel.compute import compute_features

CUTOFF = "2021-06-01"


def moment(at):
    return int(np.datetime64(at, "us").astype(np.int64))


def contact(at, *, wait=10.0, topic=None, seen=None, key="a"):
    """One contact of the customer."""
    return {"started_at": moment(at), "started_at_seen": moment(seen or at), "wait_seconds": wait, "topic": topic,
            "id": key, "customer": 0, "policy": -1, "superseded": NEVER}  # fmt: skip


def value(aggregate, rows, **spec):
    """The feature of the customer at the cutoff; None for what is missing."""
    kinds = {"wait_seconds": pa.float64(), "topic": pa.string(), "id": pa.string()}
    events = pa.table({name: pa.array([row[name] for row in rows], kinds.get(name, pa.int64())) for name in rows[0]})
    observed = pa.table({"customer": [0], "policy": [-1], "cutoff": [moment(CUTOFF)]})
    feature = Feature("f", "interactions", aggregate, **spec)
    found = compute_features(observed, {"interactions": events}, [feature])["f"][0].as_py()
    return None if isinstance(found, float) and math.isnan(found) else found


def test_the_first_is_the_first_of_the_window_that_is_not_null():
    rows = [contact("2020-03-01", wait=1.0), contact("2021-03-01", wait=None, topic="price"),
            contact("2021-04-01", wait=4.0, topic="claim"), contact("2021-05-01", wait=5.0)]  # fmt: skip
    assert value("first", rows, column="wait_seconds") == 1
    assert value("first", rows, column="wait_seconds", days=365) == 4
    assert value("first", rows, column="topic") == "price"
    assert value("first", rows, column="topic", days=30) is None
    assert value("days_since_first", rows, days=365) == 92


def test_of_ties_the_first_is_the_one_seen_first_then_the_lower_id():
    at = "2021-05-01"
    rows = [contact(at, key="a", wait=1.0, seen="2021-05-02"), contact(at, key="c", wait=3.0),
            contact(at, key="b", wait=2.0)]  # fmt: skip
    assert value("first", rows, column="wait_seconds") == 2
    assert value("last", rows, column="wait_seconds") == 1


def test_the_spread_is_of_a_sample_and_missing_under_two_values():
    rows = [contact(f"2021-05-0{i + 1}", wait=wait) for i, wait in enumerate([1.0, 2.0, 6.0, None])]
    assert value("std", rows, column="wait_seconds") == pytest.approx(7**0.5, rel=1e-14)
    assert value("std", [rows[0], rows[3]], column="wait_seconds") is None
    assert value("std", [contact(f"2021-05-0{i}", wait=0.1) for i in range(1, 8)], column="wait_seconds") == 0
    large = [contact(f"2021-05-0{i + 1}", wait=1e9 + wait) for i, wait in enumerate([1.0, 2.0, 6.0])]
    assert value("std", large, column="wait_seconds") == value("std", rows, column="wait_seconds")


def test_values_are_counted_once_and_only_while_their_last_row_is_in_the_window():
    topics = ["price", "claim", "price", None, "claim"]
    rows = [contact(f"2021-0{i + 1}-01", topic=topic) for i, topic in enumerate(topics)]
    assert value("distinct", rows, column="topic") == 2
    assert [value("distinct", rows, column="topic", days=days) for days in (30, 31, 91, 92, 400)] == [0, 1, 1, 2, 2]
    assert value("distinct", rows, column="wait_seconds") == 1
    assert value("distinct", [contact("2021-05-01", wait=None)], column="wait_seconds") == 0


def test_gaps_are_between_the_rows_of_the_window():
    rows = [contact("2020-03-01"), contact("2021-05-01"), contact("2021-05-02 12:00"), contact("2021-05-31")]
    assert value("gap_mean", rows, days=90) == 15
    assert value("gap_max", rows, days=90) == 28.5
    assert value("gap_max", rows) == 426
    assert value("gap_mean", rows, days=3) is None
    assert value("gap_max", rows, days=3) is None
