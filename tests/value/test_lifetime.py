"""Lifetime value by hand: calibrated model first, the line's constant rate after, current term excluded."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from churnkit.errors import ContractError, UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.verdict import Mark
from churnkit.value.economics import economics_table, margin
from churnkit.value.lifetime import PRIOR, LifetimeValue


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(0)
    n = 1500
    line = np.repeat(rng.choice(["home", "motor"], n), 2)
    y = np.repeat((rng.random(n) < 0.8).astype(float), 2)
    X = pd.DataFrame({"lead_days": np.tile([14.0, 90.0], n), "line": line, "premium": rng.uniform(50, 3000, 2 * n)})
    keys = pd.DataFrame({"entity": np.repeat(np.arange(n), 2), "customer_id": np.repeat(np.arange(n) // 2, 2),
                         "line": line, "lead_days": X["lead_days"],
                         "cutoff": pd.Timestamp("2024-01-01"), "cause": ""})  # fmt: skip
    return SimpleNamespace(X=X, y=pd.Series(y), keys=keys, target="renewal")


@pytest.fixture(scope="module")
def model(panel):
    return RenewalModel(n_estimators=20).fit(panel.X, panel.y, groups=panel.keys["customer_id"])


@pytest.fixture(scope="module")
def value(panel, model):
    return LifetimeValue(years=3, discount_rate=0.1).fit(panel, model)


def test_the_rate_is_of_the_shortest_lead_and_shrunk_by_line(panel, value):
    first = panel.X["lead_days"] == 14
    y, line = panel.y[first], panel.X["line"][first]
    assert value.rate_ == pytest.approx(y.mean())
    home = y[line == "home"]
    assert value.rates_["home"] == pytest.approx((home.sum() + PRIOR * y.mean()) / (len(home) + PRIOR))


def test_value_by_hand(panel, model, value):
    row = panel.X.iloc[[0]]
    s1, rate = model.predict_proba(row)[0, 1], value.rates_[row["line"].iloc[0]]
    figures = economics_table().loc[row["line"]]
    m = margin(row["premium"].to_numpy(), figures)[0]
    by_hand = sum(m * s1 * rate ** (t - 1) / 1.1**t for t in (1, 2, 3))
    got = value.predict(panel).iloc[0]
    assert got["value"] == pytest.approx(by_hand)
    assert got["expected_lifetime"] == pytest.approx(s1 * (1 + rate + rate**2))
    assert [got["s1"], got["s2"], got["s3"]] == pytest.approx([s1, s1 * rate, s1 * rate**2])
    assert (got["premium"], got["margin"]) == (row["premium"].iloc[0], pytest.approx(m))


def test_a_panel_gives_its_keys_and_a_matrix_the_same_numbers(panel, value):
    ours, bare = value.predict(panel), value.predict(panel.X)
    assert list(ours.columns[:2]) == ["entity", "customer_id"]
    pd.testing.assert_frame_equal(ours[bare.columns], bare)
    assert ours.index.equals(panel.X.index)


def test_negative_margins_are_kept(panel, value):
    table = value.predict(panel)
    assert (table["margin"] < 0).any()
    assert ((table["margin"] < 0) == (table["value"] < 0)).all()


def test_the_summary_adds_up_and_counts_losses(panel, value):
    table = value.predict(panel)
    text = value.summary(table)
    assert f"{table['value'].sum():,.0f}" in text
    assert f"{(table['margin'] < 0).sum():,} of them have a negative margin" in text
    assert "no premium" not in text
    assert "1 have no premium" in value.summary(table.assign(value=table["value"].where(table.index > 0)))


def test_growth_compounds_from_the_first_renewal(panel, model):
    own = pd.DataFrame({"line": ["home", "motor"], "service_cost_per_year": 0.0, "premium_growth": 0.05})
    flat = LifetimeValue(years=2, discount_rate=0.05, economics=own.assign(premium_growth=0.0)).fit(panel, model)
    grown = LifetimeValue(years=2, discount_rate=0.05, economics=own).fit(panel, model)
    undiscounted = LifetimeValue(years=2, discount_rate=0.0, economics=own.assign(premium_growth=0.0)).fit(panel, model)
    assert grown.predict(panel)["margin"].to_numpy() == pytest.approx(1.05 * flat.predict(panel)["margin"].to_numpy())
    np.testing.assert_allclose(grown.predict(panel)["value"], undiscounted.predict(panel)["value"])


def test_other_exits_end_cash_flows(panel, model):
    gone = np.arange(len(panel.y)) < 300
    keys = panel.keys.assign(cause=np.where(gone, "death", ""))
    crude = LifetimeValue().fit(SimpleNamespace(**{**vars(panel), "keys": keys, "y": panel.y.mask(gone)}), model)
    y = panel.y.mask(gone, 0.0)[panel.X["lead_days"] == 14]
    assert crude.other_exits_ == 150
    assert crude.rate_ == pytest.approx(y.mean())
    assert "count as not renewed" in crude.text
    assert "not taken off" in LifetimeValue().fit(panel, model).text


def test_an_unknown_line_has_the_overall_rate_and_other_economics(panel, value):
    row = panel.X.iloc[[0]].assign(line="boat")
    got = value.predict(row).iloc[0]
    assert got["s2"] / got["s1"] == pytest.approx(value.rate_)
    assert got["margin"] == pytest.approx(margin(row["premium"].to_numpy(), economics_table().loc[["other"]])[0])


def test_the_text_names_horizon_rate_and_what_it_is(value):
    for words in ("3 renewals", "10.0%", "current term excluded", "Constant-rate baseline", "Assumed"):
        assert words in value.text
    assert set(value.assumptions.index) == {"home", "motor"}
    assert "loss_ratio" in str(value)


def test_a_model_that_is_not_for_money_is_said_wherever_its_values_are(panel, model):
    mine = clone(model).fit(panel.X, panel.y, groups=panel.keys["customer_id"])
    value = LifetimeValue(years=3).fit(panel, mine)
    assert value.text.endswith("Not for money: calibration was not judged on later rows yet.")
    mine.judged(SimpleNamespace(mark=Mark(False, "Not for money: the slope lies elsewhere.")))
    assert value.text.endswith("Not for money: the slope lies elsewhere.")
    assert value.summary(value.predict(panel)).endswith("Not for money: the slope lies elsewhere.")
    mine.judged(SimpleNamespace(mark=Mark(True, "Calibration holds.")))
    assert "for money" not in value.text


def test_a_missing_premium_has_no_value(panel, value):
    got = value.predict(panel.X.head(2).assign(premium=[np.nan, 100.0]))
    assert got["value"].isna().tolist() == [True, False]


def test_conventions_and_faults(panel, model, value):
    assert clone(LifetimeValue(years=7)).get_params() == {"years": 7, "discount_rate": 0.08, "economics": None}
    with pytest.raises(NotFittedError):
        LifetimeValue().predict(panel)
    with pytest.raises(UsageError, match="no premium"):
        value.predict(panel.X.drop(columns="premium"))
    with pytest.raises(UsageError, match="renewal panel"):
        LifetimeValue().fit(SimpleNamespace(**{**vars(panel), "target": "churn"}), model)
    with pytest.raises(UsageError, match="ChurnModel"):
        LifetimeValue().fit(panel, ChurnModel(n_estimators=5).fit(panel.X, panel.y))
    with pytest.raises(UsageError, match="years=0"):
        LifetimeValue(years=0).fit(panel, model)
    with pytest.raises(ContractError, match="ripe"):
        LifetimeValue().fit(SimpleNamespace(**{**vars(panel), "y": panel.y * np.nan}), model)
