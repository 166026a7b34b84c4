"""Evaluation tells how good, against what, and whether calibration holds, and says it in words."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from churnkit.errors import ContractError, UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.base_rates import Drift, Share
from churnkit.models.evaluation.baselines import NAMES
from churnkit.models.evaluation.ceiling import Ceiling, ceiling_predictions
from churnkit.models.evaluation.metrics import evaluate
from churnkit.models.evaluation.scores import METRICS, score
from churnkit.models.evaluation.verdict import UNJUDGED, Facts, against, calibration, mark, ranking_by_lead

from ..insurer import FEATURES, as_panel


@pytest.fixture(scope="module")
def ceiling(model, train, panel, test_rows):
    return Ceiling(test_rows["p"], ceiling_predictions(model, train[FEATURES], train["p"], panel.X))


@pytest.fixture(scope="module")
def result(model, panel, ceiling):
    return evaluate(model, panel, ceiling=ceiling, n_boot=60)


def test_every_metric_has_an_interval_that_holds_its_estimate(result):
    assert set(METRICS) < set(result.metrics)
    for name, figure in result.metrics.items():
        assert figure["low"] <= figure["high"], name
        if name != "ece":  # the gap of a resample is biased upwards
            assert figure["low"] <= figure["estimate"] <= figure["high"], name
    assert set(result.baselines) == set(NAMES)
    assert result.table.columns.tolist() == ["model", "low", "high", *NAMES]


def test_the_table_holds_the_metrics_of_the_models_own_probabilities(model, panel, result):
    direct = score(panel.y.to_numpy(), model.predict_proba(panel.X)[:, 1], risk=0)
    for name in METRICS:
        assert result.metrics[name]["estimate"] == pytest.approx(direct[name]), name
        assert result.table.loc[name, "model"] == pytest.approx(direct[name]), name


def test_attainable_gain_by_its_formula(model, panel, result, ceiling, test_rows):
    def loss(p):
        return -(ceiling.truth * np.log(p) + (1 - ceiling.truth) * np.log(1 - p)).mean()

    base = model.baselines_.base_rate.predict(model.columns_.matrix(panel.X))
    mine, best = model.predict_proba(panel.X)[:, 1], ceiling.prediction
    share = (loss(base) - loss(mine)) / (loss(base) - loss(best))
    assert result.metrics["attainable_gain"]["estimate"] == pytest.approx(share)
    assert 0.5 < share < 1.02
    assert loss(ceiling.truth) < loss(best) < loss(mine)
    assert "Attainable gain" in result.text


def test_the_base_rate_baseline_is_the_training_rate_by_line(model, train, panel):
    ours = model.baselines_.base_rate.predict(model.columns_.matrix(panel.X))
    rates = train.groupby("line")["y"].mean()
    np.testing.assert_allclose(ours, panel.X["line"].map(rates), atol=0.003)


def test_last_years_rate_is_of_the_last_365_days_by_segment(model, train, panel):
    recent = train[train["cutoff"] > train["cutoff"].max() - pd.Timedelta(days=365)]
    rates = recent.groupby(["line", "region"])["y"].agg(["sum", "count"])
    overall = (recent["y"].sum() + 0.5) / (len(recent) + 1)
    smooth = (rates["sum"] + 20 * overall) / (rates["count"] + 20)
    ours = model.baselines_.last_year.predict(model.columns_.matrix(panel.X))
    cells = pd.MultiIndex.from_frame(panel.X[["line", "region"]])
    np.testing.assert_allclose(ours, smooth.reindex(cells).to_numpy(), rtol=1e-9)


def test_the_logistic_is_no_straw_man(model, result):
    assert len(model.baselines_.features) == 8
    assert result.baselines["logistic"]["auc"]["estimate"] > result.baselines["base_rate"]["auc"]["estimate"] + 0.03


def test_leads_and_lines_have_their_own_rows(panel, result):
    assert result.by_lead["n"].to_dict() == panel.X["lead_days"].value_counts().to_dict()
    lapses = (1 - panel.y).groupby(panel.keys["line"]).sum()
    assert result.by_line["observed"].to_dict() == lapses.to_dict()
    ratio = result.by_line["observed"] / result.by_line["expected"]
    np.testing.assert_allclose(result.by_line["observed_expected"], ratio)
    assert (result.by_line["low"] < ratio).all()
    assert (ratio < result.by_line["high"]).all()


def test_the_seed_decides(model, panel):
    a, b, c = (evaluate(model, panel, n_boot=10, random_state=s).table for s in (0, 0, 1))
    pd.testing.assert_frame_equal(a, b)
    assert not a["low"].equals(c["low"])


def test_rows_without_outcome_are_left_out(model, test_rows, panel):
    holes = test_rows.assign(y=test_rows["y"].where(np.arange(len(test_rows)) % 3 > 0))
    known = holes[holes["y"].notna()]
    a, b = (evaluate(model, as_panel(rows), n_boot=5).metrics["auc"]["estimate"] for rows in (holes, known))
    assert a == b


def test_churn_counts_the_churned(train, test_rows):
    model = ChurnModel(n_estimators=60).fit(train[FEATURES], 1 - train["y"])
    result = evaluate(model, as_panel(test_rows.assign(y=1 - test_rows["y"]), target="churn"), n_boot=20)
    m = {k: v["estimate"] for k, v in result.metrics.items()}
    assert m["average_precision"] == m["average_precision_lapse"] < 0.6
    assert result.by_line["observed"].sum() == (1 - test_rows["y"]).sum()
    assert "churned customers" in result.text


def test_a_drift_of_the_base_rate_breaks_calibration(model, test_rows):
    rng = np.random.default_rng(0)
    worse = test_rows.assign(y=test_rows["y"] * (rng.random(len(test_rows)) < 0.6))
    text = evaluate(model, as_panel(worse), n_boot=50).text
    assert "Calibration broke" in text
    assert "observed/expected lapses" in text
    assert "Not for money" in text


def test_noise_does_not_beat_the_logistic(train, test_rows):
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(4000, 6)))
    y = (rng.random(4000) < 1 / (1 + np.exp(-X[0]))).astype(float)
    model = RenewalModel(n_estimators=40).fit(X[:2000], y[:2000])
    keys = pd.DataFrame({"customer_id": np.arange(2000)}, index=X.index[2000:])
    panel = SimpleNamespace(X=X[2000:], y=y[2000:], keys=keys, groups=keys["customer_id"])
    result = evaluate(model, panel, n_boot=30)
    assert "does not beat the logistic regression" in result.text
    assert result.by_lead.empty
    assert result.by_line.empty


def _facts(slope=(0.95, 1.05), ratio=(0.97, 1.03), behind=(-0.02, -0.03, -0.01)):
    def figure(low, high):
        return {"estimate": (low + high) / 2, "low": low, "high": high}

    metrics = {"calibration_slope": figure(*slope), "observed_expected": figure(*ratio), "log_loss": figure(0.3, 0.4)}
    baselines = {name: {"log_loss": figure(0.5, 0.6)} for name in NAMES}
    gap = dict(zip(("estimate", "low", "high"), behind, strict=True))
    return Facts(100, 50, "renewed", metrics, baselines, gap, 0.1)


@pytest.mark.parametrize(
    ("slope", "ratio", "broken"),
    [
        ((0.8, 0.95), (0.9, 0.96), []),  # the intervals reach into the bands
        ((0.7, 0.89), (0.97, 1.03), ["slope"]),
        ((1.11, 1.3), (0.97, 1.03), ["slope"]),
        ((0.95, 1.05), (1.06, 1.2), ["observed/expected"]),
        ((0.5, 0.6), (0.7, 0.8), ["slope", "observed/expected"]),
        ((np.nan, np.nan), (0.97, 1.03), ["slope"]),
    ],
)
def test_the_gate_is_about_whole_intervals(slope, ratio, broken):
    said = calibration(_facts(slope=slope, ratio=ratio))
    assert said.startswith("Calibration broke" if broken else "Calibration holds")
    for word in broken:
        assert word in said


@pytest.mark.parametrize(
    ("slope", "ratio", "said"),
    [
        ((0.8, 0.95), (0.9, 0.96), ""),
        ((1.11, 1.3), (0.97, 1.03), "Not for money: the slope 1.21 (1.11 … 1.30) lies outside 0.9…1.1"),
        (
            (0.95, 1.05),
            (1.06, 1.2),
            "Not for money: observed/expected lapses 1.13 (1.06 … 1.20) lies outside 0.95…1.05",
        ),
        ((-1.6, 1.8), (0.97, 1.03), "Not for money: calibration cannot be judged, there are too few rows"),
    ],
)
def test_the_mark_is_for_money_only_where_calibration_was_seen_to_hold(slope, ratio, said):
    given = mark(_facts(slope=slope, ratio=ratio))
    assert given.for_money == (said == "")
    assert given.text.startswith(said or "Calibration holds")


def test_only_a_drift_that_explains_it_is_named_in_the_mark():
    fell = Drift("lapse rate", Share(0.168, 0.002, 900), Share(0.055, 0.002, 900))
    broken = replace(_facts(ratio=(0.3, 0.35)), drift=fell)
    assert mark(broken).text.endswith("-11.3 pp: the base rate drifted.")
    assert "drifted" not in mark(replace(broken, drift=replace(fell, later=Share(0.3, 0.002, 900)))).text
    assert "drifted" not in mark(replace(_facts(slope=(1.2, 1.3)), drift=fell)).text


def test_a_model_is_not_for_money_until_it_was_judged(train, panel, result):
    model = RenewalModel(n_estimators=5).fit(train[FEATURES], train["y"])
    assert model.mark_ == UNJUDGED
    assert not model.mark_.for_money
    assert model.judged(result).mark_ == result.mark


def test_the_sentence_about_the_logistic():
    assert against(_facts()).startswith("LightGBM beats the logistic")
    assert "does not clearly beat" in against(_facts(behind=(-0.01, -0.03, 0.01)))
    assert "the simpler model is the better choice" in against(_facts(behind=(0.01, -0.01, 0.03)))


def test_faults_are_clear(model, panel, test_rows, ceiling):
    with pytest.raises(NotFittedError):
        evaluate(RenewalModel(), panel)
    with pytest.raises(ContractError, match=r"CLS28.*0 zeros"):
        evaluate(model, as_panel(test_rows[test_rows["y"] == 1]))
    with pytest.raises(UsageError, match="capacity"):
        evaluate(model, panel, capacity=0)
    with pytest.raises(UsageError, match=r"Index both like panel\.X"):
        evaluate(model, panel, ceiling=Ceiling(ceiling.truth.iloc[:5], ceiling.prediction))
    with pytest.raises(UsageError, match="1 values outside"):
        ceiling_predictions(model, panel.X, test_rows["p"].where(test_rows.index > 0), panel.X)


def test_an_interval_that_meets_everything_does_not_show_that_calibration_holds():
    wide, tight = {"estimate": 0.04, "low": -1.65, "high": 1.83}, {"estimate": 1.0, "low": 0.97, "high": 1.03}
    cases = ((wide, tight, "cannot be judged"), (tight, tight, "holds"), (tight, wide, "cannot be judged"))
    for slope, ratio, said in cases:
        metrics = {"calibration_slope": slope, "observed_expected": ratio}
        facts = Facts(300, 300, "renewed", metrics, {}, tight, 0.1)
        assert said in calibration(facts)


def test_a_pooled_auc_that_only_tells_leads_apart_is_called_so():
    by_lead = pd.DataFrame(
        {"auc": [0.51, 0.52], "auc_low": [0.48, 0.49]}, index=pd.Index([14.0, 90.0], name="lead_days")
    )
    told = ranking_by_lead(by_lead)[0]
    assert "0.510 at 14 days, 0.520 at 90 days" in told
    assert "tells leads apart, not customers" in told
    assert "tells leads apart" not in ranking_by_lead(by_lead.assign(auc_low=[0.505, 0.49]))[0]
    assert ranking_by_lead(by_lead.head(1)) == []
