"""Other exits counted by line and lead."""

import numpy as np
import pandas as pd
import pytest

from churnkit.value.exits import PRIOR, OtherExits

BEGIN = pd.Timestamp("2020-01-01")


def keys(n, *, line="motor", lead=330.0, gone=0, year=0):
    """One term of each of n customers, due at the end of a year."""
    cause = np.where(np.arange(n) < gone, "death", "")
    cutoff = BEGIN + pd.Timedelta(days=365 * (year + 1) - lead)
    return pd.DataFrame({"entity": [f"{line}{i}-{year}" for i in range(n)], "line": line, "lead_days": lead,
                         "customer_id": np.arange(n), "cutoff": cutoff, "cause": cause})  # fmt: skip


def learnt(*parts):
    table = pd.concat(parts, ignore_index=True)
    y = np.where(table["cause"] == "", 1.0, np.nan)
    return OtherExits.learn(table, y)


def test_a_share_is_counted_and_drawn_to_that_of_all_lines():
    exits = learnt(keys(1000, gone=40), keys(200, line="home", gone=2))
    whole = 42 / 1200
    assert exits.rates.loc["home", 330.0] == pytest.approx((2 + PRIOR * whole) / (200 + PRIOR))
    assert exits.rates.loc["all", 330.0] == pytest.approx(whole)
    assert exits.count == 42


def test_between_leads_the_chance_is_joined_and_beyond_flat():
    exits = learnt(keys(1000, gone=40), keys(1000, lead=30.0, gone=10))
    stay = exits.stays(pd.Series(["motor"] * 4), np.array([0.0, 30.0, 180.0, 400.0]))
    assert stay == pytest.approx([0.99, 0.99, 0.975, 0.96])


def test_an_unknown_line_has_the_chance_of_all():
    exits = learnt(keys(1000, gone=40), keys(1000, line="home", gone=0))
    assert exits.stays(pd.Series(["boat"]), np.array([330.0])) == pytest.approx(0.98)


def test_unripe_rows_and_terms_that_only_changed_their_number_count_nowhere():
    table = pd.concat([keys(100, gone=10), keys(50).assign(cause="unripe"), keys(50).assign(cause="replaced")])
    y = np.where(table["cause"] == "", 1.0, np.nan)
    assert OtherExits.learn(table, y).rates.loc["all", 330.0] == pytest.approx(0.1)


def test_a_panel_without_such_rows_takes_nothing_off():
    exits = learnt(keys(100))
    assert exits.count == 0
    assert exits.stays(pd.Series(["motor", "boat"]), np.array([14.0, 330.0])).tolist() == [1.0, 1.0]


def test_terms_that_ended_before_the_longest_look_are_missed_and_come_off_later_terms_only():
    """Of 1,000 renewed terms 970 have a next one that was looked at; 3 in 100 ended before."""
    exits = learnt(keys(1000), keys(970, year=1), keys(10, year=2))
    whole = 30 / 1000
    assert exits.unseen["motor"] == pytest.approx(whole, rel=0.02)
    line, lead = pd.Series(["motor", "boat"]), np.array([330.0, 330.0])
    assert exits.stays(line, lead).tolist() == [1.0, 1.0]
    assert exits.stays(line, lead, anew=True) == pytest.approx([1 - whole, 1 - whole], abs=0.001)


def test_where_terms_do_not_follow_each_other_by_customer_nothing_is_missed():
    later = keys(1000, year=1).assign(customer_id=np.arange(1000) + 5000)
    assert learnt(keys(1000), later, keys(10, year=2)).unseen.eq(0.0).all()
