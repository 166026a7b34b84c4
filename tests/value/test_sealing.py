"""A value that was saved recognises its customers with the salt, and nobody without it."""

import pickle

import numpy as np
import pandas as pd
import pytest

from churnkit.value.history import History
from churnkit.value.offsets import hashed
from tests.value.lives import RECORD, drawn, with_entry

SALT = bytes(range(32))


@pytest.fixture(scope="module")
def known():
    """Two columns of design, renewals of 300 customers, and rows that ask for them on a late day."""
    rows = with_entry(drawn(np.random.default_rng(3), 300)[0])
    people = hashed(rows["customer"])
    begin = pd.DataFrame({"people": people, "entry": rows["entry"], "since": 0}).drop_duplicates("people")
    day = 365 * (1 + rows["year"].to_numpy(dtype=np.int64))
    Z = np.column_stack([np.ones(len(rows)), rows["x"]])
    history = History.of(people, day, Z, rows["lapse"].to_numpy(), begin.set_index("people").sort_index())
    return history, begin["people"].to_numpy(), np.full(len(begin), 365 * RECORD * 2)


def same(one, other):
    for name in ("Z", "y", "count", "entry"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_with_the_salt_everything_is_found_as_before(known):
    history, people, day = known
    plain = history.find(people, day)
    assert plain.count.min() >= 1
    same(history.sealed(SALT).find(people, day), plain)
    again = pickle.loads(pickle.dumps(history.sealed(SALT)))
    same(again.opened(SALT).find(people, day), plain)


def test_without_it_nobody_is(known):
    history, people, day = known
    stored = pickle.dumps(history.sealed(SALT))
    assert SALT not in stored
    for closed in (pickle.loads(stored), pickle.loads(stored).opened(b"another")):
        assert closed.find(people, day).count.sum() == 0
        assert not np.isin(people, closed.people).any()
