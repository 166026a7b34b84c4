"""Renewal moved on lives whose stay is known: the lift that was put in is found, and its worth is the truth's."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from churnkit.errors import UsageError
from churnkit.value.lifetime import LifetimeValue
from churnkit.value.lifted import Movable
from churnkit.value.survival import lifted

LIFT = 0.3


@pytest.fixture(scope="module")
def movable(value, standing):
    return Movable.of(value, standing[0])


@pytest.fixture(scope="module")
def change(standing):
    """What the lift does to renewal, averaged over customers as they are (drawn with SIGMA 0.8)."""
    rows, stay = standing
    line = rows.keys["line"].to_numpy()
    gain = expit(logit(stay) + LIFT) - stay
    return np.array([gain[line == name].mean() for name in ("home", "motor")])


def test_the_lift_is_the_conditional_one_behind_a_marginal_change(movable, change, standing):
    """A marginal slope is smaller: without frailty the change would be taken for a lift of another size."""
    found = movable.lift_for(change)
    assert movable.lines == ("home", "motor")
    assert found == pytest.approx(LIFT, abs=0.03)
    assert movable.lift_for(np.zeros(2)) == pytest.approx(0.0, abs=1e-9)


def test_the_change_that_was_asked_for_is_what_happens(movable, change, standing):
    rows = standing[0]
    line = rows.keys["line"].to_numpy()
    before, after = (curves(movable, lift)[:, 0] for lift in (None, movable.lift_for(change)))
    for name, asked in zip(movable.lines, change, strict=True):
        assert (after - before)[line == name].mean() == pytest.approx(asked, abs=1e-6)


def curves(movable, lift):
    """Survival at the estimate, with renewal lifted."""
    ahead = movable.asked.ahead
    if lift is not None:
        ahead = replace(ahead, lift=np.repeat(lift[movable.line][:, None], movable.value.years, axis=1))
    return movable.value.hazard_.curves(ahead)


def test_its_worth_is_what_the_truth_makes_of_it(movable, change, standing):
    """Permanent and one-year, each within a tenth; the two differ by more than a factor of 2."""
    stay = standing[1]
    years, lift = np.arange(1, 6), movable.lift_for(change)
    better = expit(logit(stay) + LIFT)
    discounted = movable.asked.yearly / 1.08**years
    before = (discounted * stay[:, None] ** years).sum()
    gains = {False: (discounted * better[:, None] ** years).sum() / before - 1,
             True: (discounted * (better / stay * stay**years[:, None]).T).sum() / before - 1}  # fmt: skip
    base = movable.worth().sum()
    found = {once: movable.worth(lift, once=once).sum() / base - 1 for once in (False, True)}
    for once in (False, True):
        assert found[once] == pytest.approx(gains[once], rel=0.1)
    assert found[False] > 2 * found[True]


def test_a_replicate_has_its_own_lift_and_the_same_customers_with_and_without_it(movable, change):
    lifts = np.array([movable.lift_for(change, k) for k in range(4)])
    assert lifts.std(axis=0).min() > 0
    nothing = movable.worth(np.zeros(2), replicate=3)
    np.testing.assert_allclose(nothing, movable.worth(replicate=3))
    assert (movable.worth(lifts[3], replicate=3) >= nothing - 1e-9)[movable.asked.yearly[:, 0] > 0].all()


def test_a_change_that_no_lift_reaches_ends_at_the_widest(movable):
    assert movable.lift_for(np.array([0.9, -0.01]))[0] == pytest.approx(6.0)


def test_a_constant_rate_cannot_be_moved(panel, model, standing):
    flat = LifetimeValue(hazard="constant").fit(panel, model)
    with pytest.raises(UsageError, match="needs a hazard"):
        Movable.of(flat, standing[0])


def test_replicates_may_be_asked_for_in_any_order(movable, change):
    """What is kept of one replicate does not reach another."""
    asked = [None, 0, 1, 0, None, 1]
    mixed = [movable.worth(movable.lift_for(change, k), replicate=k) for k in asked]
    for k, found in zip(asked, mixed, strict=True):
        alone = replace(movable, _last={})
        np.testing.assert_array_equal(found, alone.worth(alone.lift_for(change, k), replicate=k))
    assert np.abs(mixed[1] - mixed[2]).max() > 0


def test_a_lift_reaches_the_decision_and_nobody_who_cancelled_before(value, standing, change):
    """Of all who stay a tenth less comes to decide: the same change among them, less of it in what is kept."""
    rows = standing[0]
    early = Movable.of(value, rows, early=pd.Series({"all": 0.1}))
    lift, at = early.lift_for(change), early.asked.ahead
    before = curves(early, None)
    moved = replace(at, lift=np.repeat(lift[early.line][:, None], 5, axis=1), early=early.early)
    after = value.hazard_.curves(moved)
    for k, asked in enumerate(change):
        mine = early.line == k
        assert (after - before)[mine, 0].mean() == pytest.approx(asked * early.reached[k], rel=0.01)
    assert early.worth(lift).sum() < Movable.of(value, rows).worth(lift).sum()


def test_stay_is_having_not_cancelled_and_having_decided_so():
    """0.9 come to decide, 0.8 of them stay; odds of 4 become 9, so 0.9 of them stay."""
    found = lifted(np.array([[0.72]]), np.array([[np.log(9 / 4)]]), 0.1)
    assert found[0, 0] == pytest.approx(0.9 * 0.9)
    sure = lifted(np.array([[0.95]]), np.array([[1.0]]), 0.1)
    assert sure[0, 0] == pytest.approx(0.95, abs=1e-6)
