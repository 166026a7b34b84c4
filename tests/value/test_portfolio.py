"""The portfolio: sums by hand, a change that adds up whatever is drawn, and each part alone where only it moved."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnkit.errors import ContractError, UsageError
from churnkit.value.portfolio import roll_up, value_at_risk, value_change


def book(policies, survival, margin, *, line="motor", customers=None, growth=0.0, rate=0.08):
    """Values as predict returns them, of policies with their own survival and margin."""
    survival, margin = np.atleast_2d(np.asarray(survival, dtype=float)), np.asarray(margin, dtype=float)
    years = np.arange(1, survival.shape[1] + 1)
    value = (margin[:, None] * (1 + growth) ** years * survival / (1 + rate) ** years).sum(axis=1)
    return pd.DataFrame({"policy_id": policies, "customer_id": policies if customers is None else customers,
                         "line": line, "value": value, "expected_lifetime": survival.sum(axis=1),
                         **{f"s{t}": survival[:, t - 1] for t in years}, "premium": 10 * margin, "margin": margin},
                        index=np.arange(len(policies)) + 3)  # fmt: skip


def drawn(seed, *, years=3):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))
    survival = np.cumprod(rng.choice([0.0, 0.5, 0.8, 1.0], (n, years)), axis=1)
    margin = rng.choice([-20.0, 0.0, 35.0, 400.0], n)
    found = book(rng.choice(60, n, replace=False), survival, margin, line=rng.choice(["home", "motor", "life"], n),
                 customers=rng.integers(0, 20, n), growth=rng.choice([0.0, 0.05]))  # fmt: skip
    return found.assign(value=found["value"].where(rng.random(n) > 0.1))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_renewal_margin_and_mix_add_up_to_the_change(seed):
    before, after = drawn(seed), drawn(seed + 1)
    found = value_change(before, after)
    table = found.table
    np.testing.assert_allclose(table["before"] + table["change"], table["after"], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(table[["renewal", "margin", "mix"]].sum(axis=1), table["change"], rtol=1e-12, atol=1e-9)
    assert table.loc["all", "before"] == pytest.approx(before["value"].sum())
    assert table.loc["all", "after"] == pytest.approx(after["value"].sum())
    np.testing.assert_allclose(table.drop(index="all").sum(), table.loc["all"], atol=1e-9)
    assert found.mix["value"].sum() == pytest.approx(table.loc["all", "mix"])
    again = value_change(after, before).table.reindex(table.index)  # the way back undoes it, where segments stay
    assert again.loc["all", ["renewal", "margin", "mix"]].tolist() == pytest.approx(
        (-table.loc["all", ["renewal", "margin", "mix"]]).tolist()
    )


def test_each_part_alone():
    first = book(["a", "b"], [[0.8, 0.6], [0.9, 0.8]], [100, 50])
    better = book(["a", "b"], [[0.9, 0.8], [0.9, 0.8]], [100, 50])
    dearer = book(["a", "b"], [[0.8, 0.6], [0.9, 0.8]], [100, 70])
    more = book(["a", "b", "c"], [[0.8, 0.6], [0.9, 0.8], [0.5, 0.5]], [100, 50, 10])
    for after, name in ((better, "renewal"), (dearer, "margin"), (more, "mix")):
        row = value_change(first, after).table.loc["all"]
        assert row[name] == pytest.approx(after["value"].sum() - first["value"].sum())
        assert row[[part for part in ("renewal", "margin", "mix") if part != name]].abs().max() < 1e-9


def test_two_factors_at_once_by_hand():
    first, second = book(["a"], [[0.5]], [100], rate=0.0), book(["a"], [[0.8]], [200], rate=0.0)
    row = value_change(first, second, discount_rate=0.0).table.loc["motor"]
    assert (row["before"], row["after"]) == (50, 160)
    assert row[["renewal", "margin", "mix"]].tolist() == pytest.approx([0.3 * 150, 100 * 0.65, 0])


def test_who_came_and_went():
    before = book(["a1", "b1", "b2", "c1"], [[0.5]] * 4, [10, 20, 30, 40], customers=["a", "b", "b", "c"], rate=0.0)
    after = book(["a1", "a2", "b1", "d1"], [[0.5]] * 4, [10, 50, 20, 60], customers=["a", "a", "b", "d"], rate=0.0)
    found = value_change(before, after, discount_rate=0.0)
    assert found.mix["value"].to_dict() == {
        "new customers": 30, "further policies": 25, "policies given up": -15, "customers lost": -20,
    }  # fmt: skip
    assert found.mix["policies"].tolist() == [1, 1, 1, 1]
    assert "went from 50 (4 policies) to 70 (4): +20 (+40.0%), of which renewal +0, margin +0, mix +20." in found.text
    assert "customers lost -20 (1 policies)" in found.text and "over 1 renewals at 0.0% a year" in found.text


def test_policies_without_a_value_are_in_no_book_and_said():
    before = book(["a", "b"], [[0.5], [0.5]], [10, 20])
    found = value_change(before, before.assign(value=[np.nan, before["value"].iloc[1]]))
    assert found.table.loc["all", ["policies_before", "policies_after"]].tolist() == [2, 1]
    assert "0 policies before, 1 after" in found.text


def test_what_does_not_fit_is_refused():
    one = book(["a", "b"], [[0.5, 0.4], [0.5, 0.4]], [10, 20])
    with pytest.raises(UsageError, match="2 and 1 renewals"):
        value_change(one, one.drop(columns="s2"))
    with pytest.raises(ContractError, match="first 'a'"):
        value_change(one, one.assign(policy_id="a"))
    with pytest.raises(UsageError, match="no branch"):
        value_change(one, one, by="branch")
    with pytest.raises(UsageError, match="end_date"):
        value_at_risk(one)


def test_sums_by_customer_policy_and_segment():
    values = drawn(5)
    for by in ("customer_id", "policy_id", "line", ["line", "customer_id"], values["premium"].gt(100).rename("large")):
        table = roll_up(values, by)
        assert table["value"].sum() == pytest.approx(values["value"].sum())
        assert table["policies"].sum() == len(values)
        assert table["without_value"].sum() == values["value"].isna().sum()
        assert table["losing"].sum() == (values["margin"].lt(0) & values["value"].notna()).sum()
        assert table["value"].is_monotonic_decreasing
    mine = values[values["line"] == values["line"].iloc[0]].dropna(subset="value")
    assert roll_up(values, "line").loc[values["line"].iloc[0], "s1"] == pytest.approx(mine["s1"].mean())


def test_value_at_risk_is_what_a_lapse_would_cost():
    values = book(["a", "b", "c"], [[0.8, 0.6], [0.0, 0.0], [0.5, 0.4]], [100, 50, -10])
    values["end_date"] = pd.to_datetime(["2026-10-01", "2026-10-31", "2026-12-01"])
    table = value_at_risk(values)
    assert table.index.tolist() == ["2026-10", "2026-12"]
    assert table.loc["2026-10", "at_risk"] == pytest.approx(values["value"].iloc[0] / 0.8 * 0.2)
    assert table.loc["2026-12", ["value", "at_risk", "losing"]].tolist() == [0, 0, 1]
    assert table["lapses"].sum() == pytest.approx((1 - values["s1"]).sum())
