"""Whom a contact changes: the model finds those whom it drives away, and says so plainly where it finds nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

import churnkit as ck
from churnkit.errors import ContractError, LeakageError, UsageError
from churnkit.models.qini import policy_values, qini


def experiment(n=6000, *, seed=0, away=-0.8, other=0.8, share=0.5):
    """Customers under 35 are driven away by a contact (log-odds), the others are not."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"age": rng.integers(20, 80, n).astype(float), "noise": rng.normal(size=n),
                      "channel": rng.choice(["agent", "bank"], n)})  # fmt: skip
    chance = rng.uniform(0.3, 0.9, n)
    contacted = expit(logit(chance) + np.where(X["age"] < 35, away, other))
    treated = rng.random(n) < share
    y = (rng.random(n) < np.where(treated, contacted, chance)).astype(float)
    return X, treated, y, chance, contacted - chance


@pytest.mark.parametrize("method", ["shift", "two_model", "transformed_outcome"])
@pytest.mark.parametrize("known", [True, False])
def test_those_whom_a_contact_drives_away_are_told_apart(method, known):
    X, treated, y, chance, true = experiment()
    given = {"baseline": chance} if known else {}
    model = ck.UpliftModel(method, random_state=0).fit(X, treated, y, **given)
    assert model.better_
    assert "better than at random" in model.text
    uplift = model.predict(X, **given)
    assert uplift[X["age"] < 32].mean() < 0 < uplift[X["age"] > 40].mean()
    assert np.corrcoef(uplift, true)[0, 1] > 0.7
    assert model.average_ == pytest.approx(true.mean(), abs=0.03)


def test_no_better_than_random_is_said_and_everybody_gets_the_average():
    X, treated, y, chance, true = experiment(away=0.5, other=0.5, seed=4)
    model = ck.UpliftModel(random_state=0).fit(X[["noise", "channel"]], treated, y, baseline=chance)
    assert not model.better_
    assert "no better than random" in model.text
    uplift = model.predict(X, baseline=chance)
    shift = logit(chance + uplift) - logit(chance)
    assert shift == pytest.approx(np.full(len(shift), shift[0]))
    assert uplift.mean() == pytest.approx(model.average_, abs=1e-6)
    assert uplift.mean() == pytest.approx(true.mean(), abs=0.03)


def test_chance_is_taken_for_skill_about_as_rarely_as_it_should():
    """With one effect for all, the interval lies above 0 in about 2.5 % of experiments; 15 % would be a fault."""
    found = []
    for seed in range(24):
        X, treated, y, chance, _ = experiment(1200, away=0.4, other=0.4, seed=100 + seed)
        found.append(ck.UpliftModel(random_state=0).fit(X, treated, y, baseline=chance).better_)
    assert sum(found) <= 3


def test_the_qini_curve_ends_where_contacting_all_ends_and_its_area_is_exact():
    treated = np.array([True, False] * 50)
    y = treated.astype(float)
    y[50:] = 0.5 * 0  # the second half gains nothing
    ranked = qini(np.r_[np.ones(50), np.zeros(50)], treated, y, draws=50)
    assert ranked.curve["gained"].iloc[-1] == pytest.approx(y[treated].mean() - y[~treated].mean())
    assert ranked.curve["random"].iloc[-1] == ranked.curve["gained"].iloc[-1]
    assert ranked.coefficient == pytest.approx(0.125, abs=0.01)  # a triangle: half of base 1 and height 1/4
    worst = qini(np.r_[np.zeros(50), np.ones(50)], treated, y, draws=50)
    assert worst.coefficient == pytest.approx(-0.125, abs=0.01)
    with pytest.raises(UsageError, match="both arms"):
        qini(y, np.ones(100, dtype=bool), y)


def test_the_value_of_policies_is_estimated_without_bias():
    _, treated, y, chance, true = experiment(20_000, seed=2)
    gain = np.full(len(y), 1000.0)
    table = policy_values({"truth": true, "risk": -chance, "reverse": -true}, treated, y, gain=gain, cost=20.0,
                          shares=(0.1, 0.3), expected=chance)  # fmt: skip
    for name, ranking in (("truth", true), ("risk", -chance)):
        best = np.argsort(-ranking, kind="stable")[: round(0.3 * len(y))]
        row = table.loc[(name, 0.3)]
        assert row["low"] < 1000 * true[best].mean() - 20 < row["high"]
    assert table.loc[("truth", 0.1), "value"] > table.loc[("reverse", 0.1), "value"]


def test_what_is_no_experiment_is_refused():
    X, treated, y, chance, _ = experiment(400)
    with pytest.raises(UsageError, match="method is shift"):
        ck.UpliftModel("magic").fit(X, treated, y)
    with pytest.raises(ContractError, match="50 rows in each arm"):
        ck.UpliftModel().fit(X, np.arange(400) < 10, y)
    with pytest.raises(ContractError, match="both outcomes"):
        ck.UpliftModel().fit(X, treated, np.ones(400))
    with pytest.raises(UsageError, match="0 or 1"):
        ck.UpliftModel().fit(X, treated, y + 1)
    with pytest.raises(LeakageError, match="gender"):
        ck.UpliftModel().fit(X.assign(gender="f"), treated, y)
    model = ck.UpliftModel().fit(X, treated, y, baseline=chance)
    with pytest.raises(UsageError, match="baseline"):
        model.predict(X)


def test_rows_of_one_customer_are_drawn_together():
    """Four rows of a customer with one outcome are one customer: the interval is twice as wide as of rows."""
    rng = np.random.default_rng(8)
    x, w, y = rng.random(800), rng.random(800) < 0.5, rng.random(800) < 0.5
    one = qini(x, w, y)
    four = qini(np.repeat(x, 4), np.repeat(w, 4), np.repeat(y, 4), groups=np.repeat(np.arange(800), 4))
    blind = qini(np.repeat(x, 4), np.repeat(w, 4), np.repeat(y, 4))
    assert four.high - four.low == pytest.approx(one.high - one.low, rel=0.15)
    assert blind.high - blind.low < 0.65 * (four.high - four.low)
