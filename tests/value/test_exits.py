"""Other exits counted by line and lead."""

import numpy as np
import pandas as pd
import pytest

from churnkit.value.exits import PRIOR, OtherExits


def keys(n, *, line="motor", lead=330.0, gone=0):
    cause = np.where(np.arange(n) < gone, "death", "")
    return pd.DataFrame({"entity": [f"{line}{i}" for i in range(n)], "line": line, "lead_days": lead, "cause": cause})


def learnt(*parts, unlabelled=()):
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
