"""Policies followed by hand, Kaplan-Meier and scores against a survival library, gains against knowing it all."""

import sys

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import ContractError, UsageError
from churnkit.panel.panel import Panel
from churnkit.value.observed import check_survival, counted, lifetime_gains, observed_renewals, survival_scores
from tests.models.lives import renewals


def valued(panel, *, since=1):
    """The policies whose term number `since` is open, with survival that says nothing."""
    keys = panel.keys[panel.X["tenure_days"].round() == round(since * 365.25 - 30)].copy()
    return keys.assign(expected_lifetime=1.0, **{f"s{t}": 0.8**t for t in range(1, 6)})


def test_policies_followed_by_hand():
    panel = renewals([(0, 0), (2, 0), (3, None), (1, "death"), (1, "unripe"), (2, "replaced"), (5, 0)])
    found = observed_renewals(valued(panel), panel)
    assert found["renewals"].tolist() == [0, 2, 3, 1, 1, 2, 5]
    assert found["lost"].tolist() == [True, True, False, True, False, False, True]
    later = observed_renewals(valued(panel, since=2), panel)  # the first lapsed before
    assert later["renewals"].tolist() == [1, 2, 0, 0, 1, 4]
    assert later["lost"].tolist() == [True, False, True, False, False, True]


def test_a_term_is_read_once_and_what_comes_after_a_lapse_is_not_read():
    panel = renewals([(1, 0)])
    keys = pd.concat([panel.keys, panel.keys.assign(lead_days=90.0),
                      panel.keys.tail(1).assign(entity="back", end_date=pd.Timestamp("2015-01-01"))],
                     ignore_index=True)  # fmt: skip
    again = Panel(X=pd.DataFrame(index=keys.index), y=pd.Series([1.0, 0.0, 1.0, 0.0, 1.0]), keys=keys, target="renewal")
    assert observed_renewals(valued(panel), again).to_numpy().tolist() == [[1, True]]


def test_a_policy_that_the_panel_does_not_know_is_not_followed():
    panel = renewals([(1, 0), (2, 0)])
    other = valued(panel).assign(policy_id="x")
    assert observed_renewals(other, panel)["renewals"].tolist() == [0, 0]
    with pytest.raises(ContractError, match="next renewal"):
        check_survival(other, observed_renewals(other, panel))
    with pytest.raises(UsageError, match="no end_date"):
        observed_renewals(other.drop(columns="end_date"), panel)
    with pytest.raises(UsageError, match="same policies"):
        check_survival(other, observed_renewals(other, panel).reset_index(drop=True).head(1))


@pytest.fixture(scope="module")
def known():
    """4,000 policies whose true survival is predicted, seen for a while."""
    rng = np.random.default_rng(2)
    n = 4_000
    stay = rng.beta(4, 1, n)
    last = rng.geometric(1 - stay)
    seen = rng.integers(0, 6, n)
    survival = stay[:, None] ** np.arange(1, 6)
    values = pd.DataFrame({"line": np.where(stay > 0.8, "home", "motor"), "expected_lifetime": survival.sum(axis=1),
                           **{f"s{t + 1}": survival[:, t] for t in range(5)}},
                          index=rng.permutation(n))  # fmt: skip
    lost = last <= seen
    observed = pd.DataFrame({"renewals": np.where(lost, last - 1, seen), "lost": lost}, index=values.index)
    return values, observed


def test_observed_survival_is_that_of_a_survival_library(known):
    from sksurv.nonparametric import kaplan_meier_estimator

    values, observed = known
    table = check_survival(values, observed).table
    for line in ("home", "motor", "all"):
        mine = observed if line == "all" else observed[values["line"] == line]
        mine = mine[mine["lost"] | (mine["renewals"] > 0)]
        time = np.where(mine["lost"], mine["renewals"] + 1.0, mine["renewals"])
        at, theirs, interval = kaplan_meier_estimator(mine["lost"].to_numpy(), time, conf_type="log-log")
        assert at.tolist() == [1, 2, 3, 4, 5]
        np.testing.assert_allclose(table.loc[line, "observed"], theirs, rtol=1e-12)
        np.testing.assert_allclose(table.loc[line, ["low", "high"]].T, interval, rtol=1e-6)


def test_true_survival_lies_within_and_false_survival_is_named(known):
    values, observed = known
    found = check_survival(values, observed)
    assert found.table.loc["all", "gap"].abs().max() < 0.03
    assert "no segment" in found.text
    s = [f"s{t}" for t in range(1, 6)]
    wrong = values.assign(**{each: values[each].where(values["line"] != "home", values[each] - 0.1) for each in s})
    found = check_survival(wrong, observed)
    assert "last renewal: home." in found.text
    assert found.table.loc["home", "gap"].to_numpy() == pytest.approx(
        check_survival(values, observed).table.loc["home", "gap"].to_numpy() - 0.1
    )


def test_who_is_at_risk():
    observed = pd.DataFrame({"renewals": [0, 0, 1, 2, 2], "lost": [True, False, True, False, True]})
    table = counted(observed, years=5)
    assert table["at_risk"].tolist() == [4, 3, 1]
    assert table["lost"].tolist() == [1, 1, 1]


def test_scores_prefer_the_truth(known):
    values, observed = known
    true = survival_scores(values, observed)
    assert true["integrated_brier"] < true["integrated_brier_kaplan_meier"]
    assert 0.6 < true["concordance"] < 0.9
    s = [f"s{t}" for t in range(1, 6)]
    mean = values.assign(**values[s].mean())
    alike = survival_scores(mean, observed)
    assert alike["concordance"] == 0.5
    assert alike["integrated_brier"] == pytest.approx(true["integrated_brier_kaplan_meier"], abs=0.002)


def test_the_brier_score_without_censoring_is_the_mean_squared_error(known):
    values, _ = known
    rng = np.random.default_rng(0)
    last = rng.geometric(1 - values["s1"].to_numpy())
    observed = pd.DataFrame({"renewals": np.minimum(last - 1, 9), "lost": last <= 9}, index=values.index)
    s = values[[f"s{t}" for t in range(1, 6)]].to_numpy()
    errors = ((s - (observed["renewals"].to_numpy()[:, None] >= np.arange(1, 6))) ** 2).mean(axis=0)
    by_hand = np.trapezoid(errors, np.arange(1, 6)) / 4
    assert survival_scores(values, observed)["integrated_brier"] == pytest.approx(by_hand)


def test_without_the_library_the_extra_is_named(known, monkeypatch):
    monkeypatch.setitem(sys.modules, "sksurv.metrics", None)
    with pytest.raises(UsageError, match=r"insurance-churnkit\[survival\]"):
        survival_scores(*known)


def test_gains_of_lifetime(known):
    values, observed = known
    found = lifetime_gains(values, observed, years=3)
    table = found.table
    assert table["captured"].iloc[-1] == table["at_best"].iloc[-1] == 1
    assert (table["captured"] <= table["at_best"] + 1e-12).all() and (table["captured"] >= table["chosen"] - 0.02).all()
    made = np.minimum(observed["renewals"], 3)
    best = lifetime_gains(values.assign(expected_lifetime=made), observed, years=3)
    assert best.gini == pytest.approx(1) and 0.2 < found.gini < 1
    assert f"of {int((observed['lost'] | (observed['renewals'] >= 3)).sum()):,} policies" in found.text
    with pytest.raises(ContractError, match="none over 9 renewals"):
        lifetime_gains(values[~observed["lost"]], observed[~observed["lost"]], years=9)
