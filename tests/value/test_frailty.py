"""The random-intercept likelihood against numerical integration, and its parameters on data drawn from the model."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from churnkit.value.frailty import Sample, fit_frailty, log_likelihood, standard_nodes
from churnkit.value.history import History, posterior
from churnkit.value.survival import Ahead, survive
from tests.value.lives import COEFFICIENT, LEVEL, SIGMA, design, drawn, with_entry

NAMES = ("level", "x", "tenure", "entry")


@pytest.fixture(scope="module")
def small():
    rng = np.random.default_rng(0)
    people = rng.integers(0, 12, 60)
    Z = np.column_stack([np.ones(60), rng.normal(size=60)])
    return Sample.of(Z, (rng.random(60) < 0.4).astype(float), people)


@pytest.fixture(scope="module")
def lives():
    rows, standing = drawn(np.random.default_rng(7), 6000)
    rows = with_entry(rows)
    Z = design(rows, entry=rows["entry"])
    flat = np.full(len(NAMES) + 1, np.inf)
    done = fit_frailty(Z, rows["lapse"].to_numpy(), rows["customer"].to_numpy(), names=NAMES, centre=np.zeros(5),
                       spread=flat)  # fmt: skip
    return rows, standing, Z, done


def test_nodes_have_the_moments_of_the_normal_distribution():
    z, w = standard_nodes(15)
    assert [(w * z**k).sum() for k in range(9)] == pytest.approx([1, 0, 1, 0, 3, 0, 15, 0, 105], abs=1e-9)


def test_the_likelihood_is_the_integral_over_the_intercept(small):
    theta = np.array([-0.4, 0.7, 0.9])
    values, _ = log_likelihood(theta, small)
    for at in range(len(small.starts)):
        mine = small.owner == at
        eta, y = small.Z[mine] @ theta[:2], small.y[mine]

        def inside(b, eta=eta, y=y):
            p = expit(eta + b)
            return np.prod(np.where(y == 1, p, 1 - p)) * norm.pdf(b, scale=0.9)

        assert values[at] == pytest.approx(np.log(quad(inside, -9, 9)[0]), abs=1e-4)


def test_the_score_is_the_slope_of_the_likelihood(small):
    theta = np.array([-0.4, 0.7, 0.9])
    _, scores = log_likelihood(theta, small)
    for k, step in enumerate(np.eye(3) * 1e-5):
        slope = (log_likelihood(theta + step, small)[0] - log_likelihood(theta - step, small)[0]) / 2e-5
        np.testing.assert_allclose(scores[:, k], slope, atol=1e-6)


def test_the_likelihood_is_even_in_sigma_and_the_order_of_rows_does_not_matter(small):
    theta = np.array([-0.4, 0.7, 0.9])
    value = log_likelihood(theta, small)[0]
    np.testing.assert_allclose(log_likelihood(theta * [1, 1, -1], small)[0], value)
    shuffled = np.random.default_rng(1).permutation(len(small.y))
    again = Sample.of(small.Z[shuffled], small.y[shuffled], small.owner[shuffled])
    np.testing.assert_allclose(log_likelihood(theta, again)[0], value)


def test_the_parameters_are_recovered_though_the_record_begins_in_the_middle_of_lives(lives):
    """Drawn with LEVEL, COEFFICIENT, SIGMA and no effect of tenure; the coefficient errs a little, for x sorts too."""
    done, errors = lives[3], lives[3].errors
    level, x, tenure, entry = done.beta
    assert abs(level - LEVEL) < 3 * errors["level"]
    assert abs(x - COEFFICIENT) < 4 * errors["x"]
    assert abs(tenure) < 3 * errors["tenure"]
    assert abs(done.sigma - SIGMA) < 3 * errors["sigma"] < 0.2
    assert entry < -3 * errors["entry"]  # whoever is there when the record begins is what was left


def test_survival_is_that_of_the_customers_who_are_left(lives):
    """Against the true chance of each, averaged; without frailty the curve is too low."""
    rows, standing, Z, done = lives
    curve = _curve(rows, standing, Z, done.theta)
    truth = np.array([(standing["stay"] ** t).mean() for t in range(1, 6)])
    np.testing.assert_allclose(curve.mean(axis=0), truth, atol=0.01)
    assert np.corrcoef(curve[:, 4], standing["stay"])[0, 1] > 0.6
    frozen = fit_frailty(Z[:, :2], rows["lapse"].to_numpy(), np.arange(len(rows)), names=("level", "x"),
                         centre=np.zeros(3), spread=np.array([np.inf, np.inf, 1e-3]))  # fmt: skip
    alone = expit(-(np.column_stack([np.ones(len(standing)), standing["x"]]) @ frozen.beta))
    assert (alone**5).mean() < truth[4] - 0.03


def test_no_spread_is_found_where_there_is_none():
    rows, _ = drawn(np.random.default_rng(3), 6000, sigma=0.0)
    Z = design(rows, entry=rows["tenure"])[:, :2]
    done = fit_frailty(Z, rows["lapse"].to_numpy(), rows["customer"].to_numpy(), names=NAMES[:2], centre=np.zeros(3),
                       spread=np.full(3, np.inf))  # fmt: skip
    assert done.sigma < 0.25


def _curve(rows, standing, Z, theta):
    begin = rows.groupby("customer")["entry"].first().to_frame("entry").assign(since=0)
    begin.index = begin.index.astype("uint64")
    people = rows["customer"].to_numpy(dtype=np.uint64)
    history = History.of(people, rows["year"].to_numpy() + 1, Z, rows["lapse"].to_numpy(), begin)
    mine = history.find(standing["customer"].to_numpy(dtype=np.uint64), np.full(len(standing), 99))
    entry = np.where(np.isnan(mine.entry), standing["tenure"], mine.entry)
    designs = [design(standing.assign(tenure=standing["tenure"] + t), entry=entry) for t in range(5)]
    weight, (z, _) = posterior(mine, theta, 15), standard_nodes(15)
    first = (weight * expit(-((designs[0] @ theta[:-1])[:, None] + theta[-1] * z))).sum(axis=1)
    who, flat = standing["customer"].to_numpy(dtype=np.uint64), np.ones((len(standing), 5))
    return survive(Ahead(first, designs, 0 * flat, flat, mine, who), theta, weight)


def test_a_frame_of_lives_is_what_it_says():
    rows, standing = drawn(np.random.default_rng(0), 300)
    assert rows["year"].between(0, 5).all()
    assert not standing["policy"].isin(rows.loc[rows["lapse"] == 1, "policy"]).any()
    assert isinstance(with_entry(rows), pd.DataFrame)
