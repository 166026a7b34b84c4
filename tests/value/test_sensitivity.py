"""Valuing again: as LifetimeValue does, one assumption at a time, each moved as far as it says."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import UsageError
from churnkit.value.economics import economics_table
from churnkit.value.sensitivity import STEPS, revalue, sensitivity

ECONOMICS = economics_table(pd.DataFrame({
    "line": ["home", "motor"], "loss_ratio": [0.5, 0.6], "commission_ratio": 0.1, "expense_ratio": 0.1,
    "service_cost_per_year": 20.0,
}))  # fmt: skip


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(0)
    n = 200
    survival = np.cumprod(rng.uniform(0.6, 1.0, (n, 4)), axis=1)
    return pd.DataFrame({"line": rng.choice(["home", "motor"], n), "premium": rng.uniform(100, 3000, n),
                         **{f"s{t + 1}": survival[:, t] for t in range(4)}})  # fmt: skip


def test_a_value_by_hand():
    one = pd.DataFrame({"line": ["home"], "premium": [1000.0], "s1": [0.8], "s2": [0.6]}, index=[7])
    grown = ECONOMICS.assign(premium_growth=0.1)
    by_hand = (1100 * 0.3 - 20) * 0.8 / 1.05 + (1210 * 0.3 - 20) * 0.6 / 1.05**2
    found = revalue(one, economics=grown, discount_rate=0.05)
    assert found.index.tolist() == [7] and found[7] == pytest.approx(by_hand)
    own_rate = grown.assign(discount_rate=0.05)
    assert revalue(one, economics=own_rate, discount_rate=None)[7] == pytest.approx(by_hand)
    assert revalue(one.assign(premium=np.nan), economics=grown).isna().all()


def test_renewal_moves_every_chance_given_the_one_before():
    one = pd.DataFrame({"line": ["home"], "premium": [1000.0], "s1": [0.8], "s2": [0.6]})
    more = pd.DataFrame({"line": ["home"], "premium": [1000.0], "s1": [0.9], "s2": [0.9 * 0.85]})
    np.testing.assert_allclose(revalue(one, economics=ECONOMICS, renewal=0.1), revalue(more, economics=ECONOMICS))
    sure = one.assign(s1=1.0, s2=1.0)
    np.testing.assert_allclose(revalue(sure, economics=ECONOMICS, renewal=0.3), revalue(sure, economics=ECONOMICS))
    assert revalue(one.assign(s1=0.0, s2=0.0), economics=ECONOMICS, renewal=-0.5).tolist() == [0.0]


def test_each_assumption_moves_alone_and_by_its_step(values):
    found = sensitivity(partial(revalue, values), ECONOMICS, lines=["home", "motor"])
    assert found.base == pytest.approx(revalue(values, economics=ECONOMICS).sum())
    assert set(found.table.index) == set(STEPS)
    assert found.table["swing"].is_monotonic_decreasing
    discounted = (values[["s1", "s2", "s3", "s4"]].to_numpy() / 1.08 ** np.arange(1, 5)).sum(axis=1)
    loss = 0.05 * (values["premium"] * discounted).sum()  # value is linear in ratios and costs
    assert found.table.loc["loss_ratio", ["change_low", "change_high"]].tolist() == pytest.approx([loss, -loss])
    service = 0.2 * 20 * discounted.sum()
    assert found.table.loc["service_cost_per_year", "change_low"] == pytest.approx(service)
    assert found.table.loc["discount_rate", "change_low"] > 0 > found.table.loc["discount_rate", "change_high"]
    assert found.table.loc["renewal", "change_high"] > 0 > found.table.loc["renewal", "change_low"]


def test_lines_apart_add_up_where_value_is_linear(values):
    whole = sensitivity(partial(revalue, values), ECONOMICS, lines=["home", "motor"]).table
    apart = sensitivity(partial(revalue, values), ECONOMICS, lines=["home", "motor"], by_line=True).table
    parts = apart.loc[["loss_ratio, home", "loss_ratio, motor"], "change_high"]
    assert parts.sum() == pytest.approx(whole.loc["loss_ratio", "change_high"])
    assert (parts < 0).all()
    assert "renewal" in apart.index


def test_economics_by_product_are_moved_with_their_line(values):
    given = ECONOMICS.reset_index().assign(product=None)
    flat = pd.DataFrame({"line": ["home"], "product": ["flat"], "loss_ratio": [0.3]})
    products = economics_table(pd.concat([given, flat]), by_product=True)
    mine = values.assign(product=np.where(np.arange(len(values)) % 2, "flat", "house"))
    found = sensitivity(
        partial(revalue, mine), products, lines=["home", "motor"], by_line=True, steps={"loss_ratio": 0.1}
    )
    whole = sensitivity(partial(revalue, values), ECONOMICS, lines=["home", "motor"], by_line=True)
    assert found.base > whole.base  # flats cost less
    assert found.table.loc["loss_ratio, home", "change_high"] == pytest.approx(
        2 * whole.table.loc["loss_ratio, home", "change_high"]
    )


def test_defaults_are_named_beside_the_figures(values):
    found = sensitivity(partial(revalue, values), ECONOMICS, lines=["home", "motor"])
    assert found.table.loc["loss_ratio", "assumed"] == ""
    assert found.table.loc["premium_growth", "assumed"] == "home, motor"
    assert found.text.endswith("Defaults, not the insurer's own, for some lines: premium_growth.")
    assert "±5 pp" in found.text and f"Value {found.base:,.0f}" in found.text
    assert "motor_compulsory" in sensitivity(partial(revalue, values), ECONOMICS).table.loc["loss_ratio", "assumed"]


def test_any_function_that_values_a_book_will_do():
    def worth(economics, discount_rate, renewal):
        return 100 * economics.loc["home", "loss_ratio"] + discount_rate + renewal

    found = sensitivity(worth, ECONOMICS, discount_rate=0.05, steps={"loss_ratio": 0.6, "discount_rate": 0.01})
    assert found.base == pytest.approx(50.05)
    assert found.table.loc["loss_ratio", ["low", "high"]].tolist() == pytest.approx([0.05, 110.05])  # stops at 0
    with pytest.raises(UsageError, match="weather"):
        sensitivity(worth, ECONOMICS, steps={"weather": 1})
    with pytest.raises(UsageError, match="s1"):
        revalue(pd.DataFrame({"line": ["home"], "premium": [1.0]}), economics=ECONOMICS)
