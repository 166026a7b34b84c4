"""Lifetime value by hand, against a known truth, and as everybody uses it."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from churnkit.errors import ContractError, UsageError
from churnkit.models.classifier import ChurnModel
from churnkit.models.evaluation.verdict import Mark
from churnkit.models.reasons.explain import contributions
from churnkit.panel.panel import Panel
from churnkit.value.economics import economics_table, margin
from churnkit.value.exits import PRIOR
from churnkit.value.lifetime import LifetimeValue
from churnkit.value.offsets import hashed
from churnkit.value.sealing import opened, sealed
from tests.value.lives import BEGIN


@pytest.fixture(scope="module")
def constant(panel, model):
    return LifetimeValue(years=3, discount_rate=0.1, hazard="constant").fit(panel, model)


def test_survival_is_the_truth_and_the_constant_rate_is_not(standing, value, panel, model):
    """Within 2 pp in every year (drawn with SIGMA 0.8; the model's own error on 3,000 customers is in it)."""
    rows, stay = standing
    truth = np.array([(stay**t).mean() for t in range(1, 6)])
    names = [f"s{t}" for t in range(1, 6)]
    got = value.predict(rows)
    np.testing.assert_allclose(got[names].mean(), truth, atol=0.02)
    lifetime = sum(stay**t for t in range(1, 6))
    assert got["expected_lifetime"].corr(pd.Series(lifetime), method="spearman") > 0.6
    flat = LifetimeValue(hazard="constant").fit(panel, model).predict(rows)
    assert flat["s5"].mean() < truth[4] - 0.05


def test_a_logistic_hazard_is_there_too(standing, panel, model):
    rows, stay = standing
    simple = LifetimeValue(hazard="logistic").fit(panel, model, replicates=0)
    assert simple.predict(rows)["s5"].mean() == pytest.approx((stay**5).mean(), abs=0.03)
    assert "logistic regression" in simple.text


def test_the_next_renewal_is_the_calibrated_model_at_its_lines_level(standing, value, model):
    rows = standing[0]
    off = logit(value.predict(rows)["s1"]) - logit(model.predict_proba(rows.X)[:, 1])
    by = pd.DataFrame({"line": rows.keys["line"], "off": off})
    assert by.groupby("line")["off"].std().max() < 1e-9
    assert abs(by.groupby("line")["off"].first()).max() < 0.1  # lines of these lives differ by what the columns know


def test_a_line_that_the_model_does_not_know_of_gets_its_own_level(panel, model, standing):
    """In one line half of the lapses never happened: the model has not seen that, and the record has."""
    home = (panel.keys["line"] == "home").to_numpy()
    spared = home & (panel.y == 0).to_numpy() & (np.arange(len(panel.y)) % 2 == 0)
    better = Panel(panel.X, panel.y.mask(spared, 1.0), panel.keys, "renewal")
    rows, told = standing[0], LifetimeValue().fit(better, model, replicates=0)
    mine = (rows.keys["line"] == "home").to_numpy()
    s1, before = told.predict(rows)["s1"].to_numpy(), model.predict_proba(rows.X)[:, 1]
    assert (s1[mine] > before[mine]).all()
    assert s1[~mine].mean() == pytest.approx(before[~mine].mean(), abs=0.01)


def test_survival_falls_and_the_value_is_its_sum(standing, value):
    got = value.predict(standing[0])
    survival = got[[f"s{t}" for t in range(1, 6)]].to_numpy()
    assert (np.diff(survival, axis=1) < 0).all()
    assert (survival > 0).all()
    by_hand = (got["margin"].to_numpy()[:, None] * survival / 1.08 ** np.arange(1, 6)).sum(axis=1)
    np.testing.assert_allclose(got["value"], by_hand)
    np.testing.assert_allclose(got["expected_lifetime"], survival.sum(axis=1))


def test_later_years_of_a_customer_who_lapsed_elsewhere_are_fewer(standing, value):
    """Two policies of one customer share what he is like."""
    rows = standing[0]
    history = value.hazard_.history
    bad = history.people[np.unique(history.owner[history.y == 1])]
    lapsed = np.isin(hashed(rows.keys["customer_id"]), bad)
    got = value.predict(rows)
    ratio = got["s2"] / got["s1"]
    assert ratio[lapsed].mean() < ratio[~lapsed].mean() - 0.01


def test_without_ids_a_row_is_anybodys(standing, value):
    rows = standing[0]
    named = rows.X.assign(customer_id=rows.keys["customer_id"], cutoff=rows.keys["cutoff"])
    np.testing.assert_array_equal(value.predict(named)["s5"], value.predict(rows)["s5"])
    bare = value.predict(rows.X)
    assert bare["s1"].to_numpy() == pytest.approx(value.predict(rows)["s1"].to_numpy())
    assert (bare["s5"] != value.predict(rows)["s5"]).any()


def test_a_row_of_the_past_is_valued_with_what_was_known_then(panel, model, standing):
    """Outcomes from year 4 on turned round: no row of year 3 moves."""
    early = panel.take((panel.keys["end_date"] == BEGIN + pd.Timedelta(days=4 * 365)).to_numpy())
    fitted = LifetimeValue(years=2).fit(panel, model, replicates=0)
    before = fitted.predict(early)["s2"]
    history = fitted.hazard_.history
    day = int((early.cutoff.max() - pd.Timestamp("1970-01-01")).days)
    late = (history.key & ((1 << 20) - 1)) > day
    assert late.any()
    history.y[late] = 1 - history.y[late]
    np.testing.assert_allclose(fitted.predict(early)["s2"], before, rtol=1e-9)


def test_intervals_hold_the_value_and_narrow_for_the_sum(standing, value):
    rows = standing[0].take(np.arange(300))
    told = []
    got = value.predict(rows, intervals=True, progress=told.append)
    assert got["value"].between(got["low"], got["high"]).mean() > 0.95
    assert (got["low"] < got["high"]).all()
    assert "one replicate took" in told[0]
    assert "low" not in value.predict(rows)


def test_totals_add_up_and_their_intervals_share_the_replicates(standing, value):
    rows = standing[0]
    totals, got = value.totals(rows, by="line"), value.predict(rows)
    assert totals.loc["all", "value"] == pytest.approx(got["value"].sum())
    assert totals.loc["home", "value"] == pytest.approx(got["value"][got["line"] == "home"].sum())
    assert totals["policies"].tolist() == [len(rows), *got["line"].value_counts().sort_index()]
    assert ((totals["low"] < totals["value"]) & (totals["value"] < totals["high"])).all()
    width = totals["high"] - totals["low"]
    assert np.hypot(width["home"], width["motor"]) < width["all"] < 1.1 * (width["home"] + width["motor"])
    segment = pd.Series(np.where(rows.X["premium"] > 1000, "large", "small"))
    assert value.totals(rows, by=segment).loc["large", "policies"] == (segment == "large").sum()


def test_the_same_seed_gives_the_same_fit(panel, model, standing, value):
    again = LifetimeValue(years=5).fit(panel, model, replicates=40)
    pd.testing.assert_frame_equal(again.predict(standing[0]), value.predict(standing[0]))
    np.testing.assert_array_equal(again.replicates_.theta, value.replicates_.theta)
    other = LifetimeValue(random_state=1).fit(panel, model, replicates=2)
    assert (other.replicates_.theta != value.replicates_.theta[:2]).all()


def test_what_is_saved_is_the_same_and_holds_no_id(standing, value):
    stored = pickle.dumps(value)
    pd.testing.assert_frame_equal(pickle.loads(stored).predict(standing[0]), value.predict(standing[0]))
    assert b"C1234" not in stored


def test_sealed_it_recognises_nobody_without_the_salt_and_says_so(standing, value):
    salt, rows = bytes(range(32)), standing[0]
    before = value.predict(rows)
    stored = pickle.dumps(sealed(value, salt))
    closed = pickle.loads(stored)
    assert salt not in stored
    pd.testing.assert_frame_equal(opened(closed, salt).predict(rows), before)
    assert "not recognised" in closed.text
    assert "not recognised" not in opened(closed, salt).text
    assert (closed.predict(rows)["s5"] != before["s5"]).any()


def test_other_exits_come_off_every_year(panel, model, standing):
    gone = panel.keys["entity"].isin(panel.keys["entity"].drop_duplicates()[::20]).to_numpy()
    keys = panel.keys.assign(cause=np.where(gone, "death", ""))
    crude = LifetimeValue().fit(Panel(panel.X, panel.y.mask(gone), keys, "renewal"), model, replicates=0)
    renumbered = panel.keys.assign(cause=np.where(gone, "replaced", ""))  # no exit, and no label either
    plain = LifetimeValue().fit(Panel(panel.X, panel.y.mask(gone), renumbered, "renewal"), model, replicates=0)
    rows = standing[0]
    stay = crude.exits_.stays(rows.keys["line"], rows.X["lead_days"].to_numpy())
    assert crude.other_exits_ == gone.sum() / 2
    assert stay.mean() == pytest.approx(0.95, abs=0.005)
    for t in (1, 5):
        np.testing.assert_allclose(crude.predict(rows)[f"s{t}"], plain.predict(rows)[f"s{t}"] * stay**t)
    assert "is taken off" in crude.text
    assert "are not taken off" in plain.text


def test_the_rate_is_of_the_shortest_lead_and_shrunk_by_line(panel, constant):
    first = panel.X["lead_days"] == 14
    y, line = panel.y[first], panel.X["line"][first]
    assert constant.rate_ == pytest.approx(y.mean())
    home = y[line == "home"]
    assert constant.rates_["home"] == pytest.approx((home.sum() + PRIOR * y.mean()) / (len(home) + PRIOR))


def test_a_constant_rate_by_hand(panel, model, constant):
    row = panel.X.iloc[[0]]
    s1, rate = model.predict_proba(row)[0, 1], constant.rates_[row["line"].iloc[0]]
    figures = economics_table().loc[row["line"]]
    m = margin(row["premium"].to_numpy(), figures)[0]
    by_hand = sum(m * s1 * rate ** (t - 1) / 1.1**t for t in (1, 2, 3))
    got = constant.predict(panel).iloc[0]
    assert got["value"] == pytest.approx(by_hand)
    assert got["expected_lifetime"] == pytest.approx(s1 * (1 + rate + rate**2))
    assert [got["s1"], got["s2"], got["s3"]] == pytest.approx([s1, s1 * rate, s1 * rate**2])
    assert (got["premium"], got["margin"]) == (row["premium"].iloc[0], pytest.approx(m))


def test_a_panel_gives_its_keys_and_a_matrix_the_same_numbers(panel, constant):
    ours, bare = constant.predict(panel), constant.predict(panel.X)
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
    still = own.assign(premium_growth=0.0)

    def fitted(economics, rate):
        made = LifetimeValue(years=2, discount_rate=rate, economics=economics, hazard="constant")
        return made.fit(panel, model).predict(panel)

    flat, grown, undiscounted = fitted(still, 0.05), fitted(own, 0.05), fitted(still, 0.0)
    assert grown["margin"].to_numpy() == pytest.approx(1.05 * flat["margin"].to_numpy())
    np.testing.assert_allclose(grown["value"], undiscounted["value"])


def test_a_constant_rate_counts_other_exits_as_not_renewed(panel, model):
    gone = np.arange(len(panel)) < 300
    keys = panel.keys.assign(cause=np.where(gone, "death", ""))
    crude = LifetimeValue(hazard="constant").fit(Panel(panel.X, panel.y.mask(gone), keys, "renewal"), model)
    y = panel.y.mask(gone, 0.0)[panel.X["lead_days"] == 14]
    assert crude.rate_ == pytest.approx(y.mean())
    assert "count as not renewed" in crude.text
    assert "not taken off" in LifetimeValue(hazard="constant").fit(panel, model).text


def test_an_unknown_line_has_the_overall_rate_and_other_economics(panel, constant, value):
    row = panel.X.iloc[[0]].assign(line="boat")
    got = constant.predict(row).iloc[0]
    assert 0 < value.predict(row)["s5"].iloc[0] < 1
    assert got["s2"] / got["s1"] == pytest.approx(constant.rate_)
    assert got["margin"] == pytest.approx(margin(row["premium"].to_numpy(), economics_table().loc[["other"]])[0])


def test_the_text_names_horizon_rate_and_what_it_is(value, constant):
    for words in ("3 renewals", "10.0%", "current term excluded", "Constant-rate baseline", "Assumed"):
        assert words in constant.text
    for words in ("5 renewals", "hazard with frailty", f"{value.hazard_.frailty.sigma:.2f}", "standard error"):
        assert words in value.text
    assert set(value.assumptions.index) == {"home", "motor"}
    assert "loss_ratio" in str(value)


def test_a_model_that_is_not_for_money_is_said_wherever_its_values_are(panel, model):
    mine = clone(model).fit(panel.X, panel.y, groups=panel.keys["customer_id"])
    value = LifetimeValue(years=3, hazard="constant").fit(panel, mine)
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
    assert clone(LifetimeValue(years=7)).get_params() == {"years": 7, "discount_rate": 0.08, "economics": None,
                                                          "hazard": "trees", "random_state": 0}  # fmt: skip
    with pytest.raises(NotFittedError):
        LifetimeValue().predict(panel)
    with pytest.raises(UsageError, match="no premium"):
        value.predict(panel.X.drop(columns="premium"))
    with pytest.raises(UsageError, match="renewal panel"):
        LifetimeValue().fit(Panel(panel.X, panel.y, panel.keys, "churn"), model)
    with pytest.raises(UsageError, match="ChurnModel"):
        LifetimeValue().fit(panel, ChurnModel(n_estimators=5).fit(panel.X, panel.y))
    with pytest.raises(UsageError, match="years=0"):
        LifetimeValue(years=0).fit(panel, model)
    with pytest.raises(UsageError, match="trees, logistic or constant"):
        LifetimeValue(hazard="frozen").fit(panel, model)
    with pytest.raises(UsageError, match="0 or more"):
        LifetimeValue().fit(panel, model, replicates=-1)
    with pytest.raises(ContractError, match="ripe"):
        LifetimeValue().fit(Panel(panel.X, panel.y * np.nan, panel.keys, "renewal"), model)
    with pytest.raises(UsageError, match="need replicates"):
        LifetimeValue(hazard="constant").fit(panel, model).predict(panel, intervals=True)
    with pytest.raises(UsageError, match="no column 'segment'"):
        value.totals(panel, by="segment")
    with pytest.raises(UsageError, match="one value per row"):
        value.totals(panel, by=pd.Series(["a"]))


@pytest.mark.parametrize("kind", ["value", "constant"])
def test_it_adds_up_to_the_value_that_was_predicted(kind, standing, request):
    fitted = request.getfixturevalue(kind)
    rows = standing[0].take(np.arange(300))
    told, predicted = fitted.explain(rows, currency="yuan"), fitted.predict(rows)
    np.testing.assert_allclose(told.policies["value"], predicted["value"], rtol=1e-9, atol=1e-9)
    groups = told.policies.drop(columns=["base", "value"]).sum(axis=1)
    np.testing.assert_allclose(groups, told.policies["value"] - told.policies["base"], rtol=1e-9, atol=1e-6)
    assert "yuan" in told.text and "association" in told.text


def test_what_raises_renewal_adds_money_where_the_margin_is_positive(value, standing):
    rows = standing[0].take(np.arange(300))
    phi = contributions(value.model_, rows.X)["x"].to_numpy()
    money, margin = value.explain(rows).policies["x"].to_numpy(), value.predict(rows)["margin"].to_numpy()
    clear = (np.abs(phi) > 0.1) & (np.abs(margin) > 5)
    assert clear.sum() > 50
    assert (np.sign(money[clear]) == np.sign(phi[clear] * margin[clear])).mean() > 0.95


def test_a_difference_that_the_record_does_not_keep_moves_the_next_renewal_only(value, standing):
    hazard, rows = value.hazard_, standing[0].take(np.arange(50))
    lead = rows.X["lead_days"].to_numpy()
    ahead = hazard.ahead(value.model_.columns_.matrix(rows.X), rows.keys, np.full(50, 0.8), years=3,
                         growth=np.ones(50), exits=value.exits_, line=rows.keys["line"])  # fmt: skip
    moved = hazard.at(ahead, np.full(50, 0.7), np.full(50, 0.5), lead)
    kept = [(b - a)[:, 1] for a, b in zip(ahead.designs, moved.designs, strict=True)]
    assert np.allclose(kept[0], 0.5)
    assert (np.abs(kept[1]) <= 0.5 * max(1.0, hazard.ageing.keep.max()) + 1e-12).all()
    level, _, *lines = hazard.recalibration.moves  # the level of the record and the line's own go on top
    np.testing.assert_allclose(logit(moved.first), logit(0.7) + level + ahead.designs[0][:, 4:] @ np.array(lines))
