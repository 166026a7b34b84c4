"""Curves against a slow oracle that integrates over the frailty, and columns as they will stand."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from churnkit.models.columns import Columns
from churnkit.value.ageing import shrink
from churnkit.value.frailty import standard_nodes
from churnkit.value.history import History, posterior
from churnkit.value.survival import Ahead, drawn, moved, survive

THETA = np.array([-1.1, 0.8, 0.7])
PAST = pd.DataFrame({"person": [5, 5, 5, 9], "day": [100, 470, 840, 300], "x": [0.3, -0.2, 0.5, 1.0],
                     "lapse": [0.0, 1.0, 0.0, 0.0]})  # fmt: skip


@pytest.fixture(scope="module")
def history():
    begin = pd.DataFrame({"entry": [2.0, 0.0], "since": [60, 250]}, index=np.array([5, 9], dtype=np.uint64))
    Z = np.column_stack([np.ones(len(PAST)), PAST["x"]])
    people = PAST["person"].to_numpy(dtype=np.uint64)
    return History.of(people, PAST["day"].to_numpy(), Z, PAST["lapse"].to_numpy(), begin)


def ahead(history, *, person=5, day=900, first=0.8, x=(0.1, 0.2, 0.3), stay=1.0, noise=0.0, lift=None):
    mine = history.find(np.array([person], dtype=np.uint64), np.array([day]))
    designs = [np.array([[1.0, value]]) for value in x]
    return Ahead(np.array([first]), designs, np.full((1, len(x)), noise), np.full((1, len(x)), stay), mine,
                 np.array([person], dtype=np.uint64), None if lift is None else np.array([lift]))  # fmt: skip


def curve(asked):
    return survive(asked, THETA, posterior(asked.mine, THETA, 25))[0]


def slow(person, day, first, x, lift=(0.0, 0.0, 0.0)):
    """The same by integration and root finding, from the definitions; the shift agrees with what is not lifted."""
    known = PAST[(PAST["person"] == person) & (PAST["day"] <= day)]

    def mean(of):
        def density(b):
            p = expit(THETA[0] + THETA[1] * known["x"].to_numpy() + b)
            return np.prod(np.where(known["lapse"] == 1, p, 1 - p)) * norm.pdf(b, scale=THETA[2])

        return quad(lambda b: of(b) * density(b), -5, 5, epsrel=1e-6)[0] / quad(density, -5, 5)[0]

    def stay(value, shift, b):
        return expit(-(THETA[0] + THETA[1] * value + shift + b))

    shift = brentq(lambda d: mean(lambda b: stay(x[0], d, b)) - first, -10, 10)
    shifts = np.array([shift, *(0.0 for _ in x[1:])]) - lift
    return [mean(lambda b, t=t: np.prod([stay(v, d, b) for v, d in list(zip(x, shifts, strict=True))[: t + 1]]))
            for t in range(len(x))]  # fmt: skip


@pytest.mark.parametrize(("person", "day", "first"), [(5, 900, 0.3), (9, 50, 0.9)])
def test_the_curve_is_the_integral_over_what_the_customer_may_be_like(history, person, day, first):
    found = curve(ahead(history, person=person, day=day, first=first))
    assert found == pytest.approx(slow(person, day, first, (0.1, 0.2, 0.3)), abs=1e-5)


def test_a_lift_moves_the_log_odds_of_each_renewal_and_who_is_left(history):
    lift = (0.5, 0.0, -0.3)
    found = curve(ahead(history, first=0.6, lift=lift))
    assert found == pytest.approx(slow(5, 900, 0.6, (0.1, 0.2, 0.3), lift), abs=1e-5)
    np.testing.assert_allclose(curve(ahead(history, lift=(0.0, 0.0, 0.0))), curve(ahead(history)), atol=1e-12)


def test_the_first_renewal_is_exactly_the_calibrated_one(history):
    for first in (1e-7, 0.02, 0.5, 0.999, 1 - 1e-9):
        assert curve(ahead(history, first=first))[0] == first


def test_what_became_known_after_the_cutoff_changes_nothing(history):
    later = History(history.people, history.entry, history.since, history.key, history.Z, 1 - history.y)
    np.testing.assert_array_equal(curve(ahead(history, day=99)), curve(ahead(later, day=99)))
    assert abs(curve(ahead(history)) - curve(ahead(later))).max() > 0.01


def test_a_lapse_in_the_past_lowers_the_curve_and_a_renewal_raises_it(history):
    nothing, renewed, lapsed = (curve(ahead(history, day=day))[1] for day in (70, 110, 480))
    assert lapsed < nothing < renewed


def test_an_unknown_customer_is_like_anybody(history):
    stranger, early = ahead(history, person=7), ahead(history, day=59)
    assert np.isnan(stranger.mine.entry[0])
    assert np.isnan(early.mine.entry[0])  # before his record began
    np.testing.assert_array_equal(curve(stranger), curve(early))


def test_other_exits_multiply_in(history):
    whole, less = ahead(history), ahead(history, stay=0.98)
    assert curve(less) == pytest.approx(curve(whole) * 0.98 ** np.arange(1, 4))


def test_what_columns_may_yet_become_is_averaged_over(history):
    """Within 0.001 of the integral over a normal deviation of the offset, standard deviation 0.4 in log-odds."""
    asked, (e, w) = ahead(history), standard_nodes(60)
    weight, (z, _) = posterior(asked.mine, THETA, 25), standard_nodes(25)
    eta = asked.designs[1] @ THETA[:-1]
    whole = sum(wk * expit(-(eta[0] + 0.4 * ek + THETA[-1] * z)) for wk, ek in zip(w, e, strict=True))
    fast = expit(-shrink(np.array([0.4])) * (eta[0] + THETA[-1] * z))
    assert (weight[0] * fast).sum() == pytest.approx((weight[0] * whole).sum(), abs=0.001)
    told, sure = curve(ahead(history, noise=0.5)), curve(asked)  # times the offset's coefficient in THETA, 0.8
    assert told[0] == sure[0]
    assert (told[1:] < sure[1:]).all()


def test_rows_are_valued_alike_alone_and_together(history):
    rng = np.random.default_rng(0)
    mine = history.find(rng.choice([5, 7, 9], 50).astype(np.uint64), rng.integers(0, 900, 50))
    many = Ahead(
        rng.uniform(0.1, 0.9, 50),
        [rng.normal(size=(50, 2)) for _ in range(3)],
        rng.random((50, 3)),
        np.ones((50, 3)),
        mine,
        rng.integers(0, 2**63, 50).astype(np.uint64),
    )
    for draw in (None, 7):
        whole = survive(many, THETA, posterior(many.mine, THETA, 15), draw)
        each = [many.take(slice(i, i + 1)) for i in range(50)]
        alone = [survive(one, THETA, posterior(one.mine, THETA, 15), draw) for one in each]
        np.testing.assert_array_equal(whole, np.vstack(alone))


def test_drawn_customers_are_on_average_what_the_posterior_says_and_one_in_all_his_policies(history):
    """4,000 customers drawn, against the average over the nodes: within four standard errors of a mean."""
    rng = np.random.default_rng(1)
    weight = np.tile(posterior(ahead(history).mine, THETA, 15), (4000, 1))
    who = rng.integers(0, 2**63, 4000).astype(np.uint64)
    chosen = drawn(weight, who, 3)
    assert (chosen.sum(axis=1) == 1).all()
    z, _ = standard_nodes(15)
    assert (chosen @ z).mean() == pytest.approx(weight[0] @ z, abs=4 / np.sqrt(4000))
    assert (chosen @ z**2).mean() == pytest.approx(weight[0] @ z**2, abs=4 * np.sqrt(2 / 4000))
    np.testing.assert_array_equal(drawn(weight[:5], np.repeat(who[:1], 5), 3), np.repeat(chosen[:1], 5, axis=0))
    assert (drawn(weight, who, 4) != chosen).any()


def test_columns_move_forward_and_the_rest_stays():
    X = pd.DataFrame({"lead_days": [14.0], "tenure_days": [800.0], "age": [40.0], "term_number": [3.0],
                      "cutoff_month": [11.0], "premium": [100.0], "offer_change": [0.1], "csat_last": [4.0],
                      "line": ["home"]})  # fmt: skip
    columns = Columns.learn(X)
    # one renewal on, 330 days before the next: 14 + 365 - 330 = 49 days from now
    got = moved(columns.matrix(X), columns, np.array([49.0]), terms=1, lead=330.0, growth=np.array([1.05]))[0]
    found = dict(zip(columns.names, got.tolist(), strict=True))
    assert found == pytest.approx({"lead_days": 330, "tenure_days": 849, "age": 40 + 49 / 365.25, "term_number": 4,
                                   "cutoff_month": 1, "premium": 105, "offer_change": np.nan, "csat_last": 4,
                                   "line": 0}, nan_ok=True)  # fmt: skip


def test_nodes_enough():
    """15 nodes against 60, at a spread of 1.5: wider than any frailty that was met."""
    z, w = standard_nodes(60)
    fine = (w * expit(1.5 * z - 1) ** 5).sum()
    z, w = standard_nodes(15)
    assert (w * expit(1.5 * z - 1) ** 5).sum() == pytest.approx(fine, abs=1e-4)
