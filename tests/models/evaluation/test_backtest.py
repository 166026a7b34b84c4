"""A backtest: each fold knows its past only, every row is predicted once, other exits stand beside the rates."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import ContractError, UsageError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.backtest import backtest
from churnkit.models.evaluation.scores import score
from churnkit.models.evaluation.verdict import UNJUDGED

from ..insurer import as_panel, insurer

SMALL = {"n_estimators": 25, "learning_rate": 0.2}
QUICK = {"folds": 2, "n_boot": 20}


def dressed(rows, **more):
    """A panel with the day on which each label is final."""
    panel = as_panel(rows, **more)
    return replace(panel, keys=panel.keys.assign(ripe_at=panel.keys["end_date"] + pd.Timedelta(days=37)))


@pytest.fixture(scope="module")
def rows():
    return insurer(1200, seed=3)


@pytest.fixture(scope="module")
def panel(rows):
    return dressed(rows)


@pytest.fixture(scope="module")
def done(panel):
    return backtest(RenewalModel(**SMALL), panel, **QUICK)


def test_a_fold_knows_only_labels_that_were_ripe_on_its_date(panel, done):
    origin = done.folds[0].test_from
    unripe = (panel.keys["ripe_at"] > origin).to_numpy()
    assert unripe[(panel.cutoff < origin).to_numpy()].any()
    turned = replace(panel, y=panel.y.mask(unripe, 1 - panel.y))
    again = backtest(RenewalModel(**SMALL), turned, folds=2, n_boot=0)
    np.testing.assert_array_equal(again.folds[0].predicted.p["model"], done.folds[0].predicted.p["model"])
    assert not np.array_equal(again.folds[1].predicted.p["model"], done.folds[1].predicted.p["model"])
    for fold in done.folds:
        ripe = panel.keys["ripe_at"] <= fold.test_from
        assert fold.train_rows == ((panel.cutoff < fold.test_from) & ripe).sum()
        assert fold.train_to < fold.test_from <= fold.test.cutoff.min()


def test_every_row_of_the_periods_is_predicted_once_by_its_own_folds_model(panel, done):
    first, second = done.folds
    assert first.test.cutoff.max() < second.test_from == first.test_to.ceil("D")
    assert len(first.test) + len(second.test) == (panel.cutoff >= first.test_from).sum()
    y = np.concatenate([fold.test.y for fold in done.folds])
    p = np.concatenate([fold.model.predict_proba(fold.test.X)[:, 1] for fold in done.folds])
    for name, value in score(y, p, risk=0).items():
        assert done.metrics[name]["estimate"] == pytest.approx(value), name
    assert done.by_fold["n"].sum() == len(y)
    assert done.table.columns.tolist() == ["model", "low", "high", "base_rate", "logistic", "last_year"]


def test_four_quarters_tile_the_last_ripe_year_and_the_mark_rests_on_it(panel):
    model, seen = RenewalModel(**SMALL), []
    done = backtest(model, panel, leads=(14,), n_boot=20, progress=lambda number, of: seen.append((number, of)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert not hasattr(model, "booster_")
    last = panel.cutoff[panel.keys["lead_days"] == 14].max()
    begins = [fold.test_from for fold in done.folds]
    assert last - begins[0] <= pd.Timedelta(days=365)
    assert last - begins[0] > pd.Timedelta(days=350)
    assert all(pd.Timedelta(days=80) < b - a < pd.Timedelta(days=100) for a, b in pairwise(begins))
    assert done.judged_on is done.pooled
    assert done.by_lead.index.tolist() == [14]


def test_the_mark_rests_on_the_last_ripe_year_where_folds_reach_further_back(panel):
    done = backtest(RenewalModel(**SMALL), panel, folds=2, every="year", leads=(14,), n_boot=20)
    assert done.judged_on.metrics == done.folds[-1].evaluation.metrics
    assert done.judged_on.metrics != done.metrics
    assert f"In the last ripe year: {done.mark.text}" in done.text


def test_measured_and_trained_leads_may_differ(panel, done):
    found = backtest(RenewalModel(**SMALL), panel, leads=(90,), train_leads=(14, 330), **QUICK)
    assert found.by_lead.index.tolist() == [90]
    assert found.exits.loc["lead"].index.tolist() == [90]
    for fold in found.folds:
        known = (panel.cutoff < fold.test_from) & (panel.keys["ripe_at"] <= fold.test_from)
        assert fold.train_rows == (known & panel.keys["lead_days"].isin((14, 330))).sum()


def test_other_exits_are_counted_beside_every_rate_and_are_in_none(rows, done):
    cause = np.random.default_rng(0).choice(["death", "unripe"], len(rows))
    gone = rows.assign(y=np.nan, cause=cause, customer_id=rows["customer_id"] + 10_000)
    both = pd.concat([rows.assign(cause=""), gone], ignore_index=True)
    panel = dressed(both)
    panel = replace(panel, keys=panel.keys.assign(cause=both["cause"]))
    found = backtest(RenewalModel(**SMALL), panel, **QUICK)
    pd.testing.assert_frame_equal(found.table, done.table)
    tested = panel.cutoff >= done.folds[0].test_from
    whole = found.exits.loc[("all", "all")]
    assert whole["at_risk"] == tested.sum() == whole[["renewed", "lapsed", "death", "unripe"]].sum()
    assert whole["death"] == whole["other_exits"] == (tested & (panel.keys["cause"] == "death")).sum()
    assert whole["rate"] == pytest.approx(whole["lapsed"] / (whole["renewed"] + whole["lapsed"]))
    assert whole["low"] < whole["rate"] < whole["high"]
    for table in (found.by_fold, found.by_lead, found.by_line):
        assert table["other_exits"].sum() == whole["death"]
        assert (table["at_risk"] - table["unripe"] - table["other_exits"] == table["n"]).all()
    assert f"other exits, in no rate: death {int(whole['death']):,}; not yet ripe" in found.text


def test_the_truth_gives_the_attainable_gain_of_every_fold(rows, panel):
    found = backtest(RenewalModel(**SMALL), panel, truth=rows["p"], **QUICK)
    assert found.by_fold["attainable_gain"].between(0.3, 1.05).all()
    low, high = found.by_fold["attainable_gain"].agg(["min", "max"])
    assert low <= found.metrics["attainable_gain"]["estimate"] <= high
    with pytest.raises(UsageError, match="indexed like the panel's X"):
        backtest(RenewalModel(**SMALL), panel, truth=rows["p"].iloc[1:], **QUICK)


def test_a_market_that_turned_is_named_and_not_for_money(rows):
    rng = np.random.default_rng(0)
    calm = (rows["end_date"] >= "2023-06-01") & (rng.random(len(rows)) < 0.7)
    turned = rows.assign(y=rows["y"].mask(calm, 1.0))
    model = RenewalModel(**SMALL)
    found = backtest(model, dressed(turned), leads=(14,), **QUICK)
    assert not found.mark.for_money
    assert found.mark.text.startswith("Not for money: ")
    assert "observed/expected lapses 0." in found.mark.text
    assert found.mark.text.endswith("pp: the base rate drifted.")
    assert "The lapse rate fell from " in found.mark.text
    assert found.drift.moved
    assert found.by_fold["drifted"].all()
    assert "The lapse rate fell from " in found.text
    fitted = found.folds[-1].model
    assert fitted.mark_ == UNJUDGED
    assert fitted.judged(found) is fitted
    assert fitted.mark_ == found.mark


def test_segments_are_counted_over_all_folds(panel, done):
    table = done.by("region", n_boot=20)
    tested = pd.concat([fold.test.X for fold in done.folds])
    assert table["n"].to_dict() == tested["region"].value_counts().to_dict()
    assert (table["low"] < table["observed_expected"]).all()
    pd.testing.assert_frame_equal(done.by("line", n_boot=20), done.pooled.by_line)
    with pytest.raises(UsageError, match="segment"):
        done.by("waiting")


def test_churn_is_tested_at_its_last_snapshots(rows):
    n = 700
    rng = np.random.default_rng(1)
    parts = []
    for year in range(2018, 2026):
        X = pd.DataFrame({"line": rng.choice(["a", "b"], n), "waiting": rng.normal(size=n)})
        y = (rng.random(n) < 1 / (1 + np.exp(1 - X["waiting"]))).astype(float)
        parts.append(X.assign(y=y, customer_id=np.arange(n), cutoff=pd.Timestamp(f"{year}-01-01")))
    frame = pd.concat(parts, ignore_index=True)
    keys = frame[["customer_id", "line", "cutoff"]].assign(lead_days=np.nan, cause="")
    keys["ripe_at"] = keys["cutoff"] + pd.Timedelta(days=365)
    book = replace(dressed(rows), X=frame[["line", "waiting"]], y=frame["y"], keys=keys, target="churn")
    done = backtest(ChurnModel(**SMALL), book, folds=3, n_boot=20)
    assert done.by_fold["test_from"].dt.year.tolist() == [2023, 2024, 2025]
    assert done.by_fold["train_to"].dt.year.tolist() == [2022, 2023, 2024]
    assert done.exits.columns[:3].tolist() == ["at_risk", "stayed", "churned"]
    assert done.judged_on.metrics == done.folds[-1].evaluation.metrics


def test_faults_are_clear_and_told_at_once(panel):
    model = RenewalModel(**SMALL)
    with pytest.raises(UsageError, match="9 folds needs as many years"):
        backtest(model, panel, folds=9, every="year")
    with pytest.raises(ContractError, match=r"CLS28.*fold 1 .* to train on; fold 2"):
        backtest(RenewalModel(min_events=100_000), panel, folds=2)
    with pytest.raises(UsageError, match="it has 14, 90, 330"):
        backtest(model, panel, leads=(30,))
    with pytest.raises(UsageError, match="at least one fold"):
        backtest(model, panel, folds=0)
    with pytest.raises(UsageError, match="quarter or a year"):
        backtest(model, panel, every="day")
