import numpy as np
import pytest

from churnkit.errors import UsageError
from churnkit.simulate.calibrate import calibrate, measure
from churnkit.simulate.worlds import TARGETS, WORLDS, get_world


def test_there_are_nine_named_worlds_and_f_is_the_default():
    assert "".join(WORLDS) == "ABCDEFGHI"
    assert get_world("F").name == "F"


def test_each_world_has_the_faults_that_its_definition_names():
    a, b, c, d, e, f, g, h, i = WORLDS.values()
    assert a.observed_confounding == 0 and all(w.observed_confounding == 1 for w in (b, c, d, e, f, g, h, i))
    assert [w.name for w in WORLDS.values() if w.latent_trait] == list("CFGHI")
    assert d.survey_noise > 2 * b.survey_noise > 0
    assert [w.name for w in WORLDS.values() if w.nonrandom_response] == list("EFGHI")
    assert e.answer_rate == f.answer_rate == 0.23
    assert [w.name for w in WORLDS.values() if w.wave_noise] == list("FGHI")
    assert [w.name for w in WORLDS.values() if w.direct_delay_effect] == ["G"]
    assert [w.name for w in WORLDS.values() if w.skewed_satisfaction] == ["H"]
    assert h.response_shape == "step"
    assert [w.name for w in WORLDS.values() if w.within_term_decay] == ["I"]


def test_an_unknown_world_is_named_with_the_known_ones():
    with pytest.raises(UsageError, match="A, B, C"):
        get_world("Z")


# Tolerances: four standard errors at 30,000 customers, the index also carrying the last year's shared service shocks.
TOLERANCE = {"renewal": 0.006, "churn": 0.008, "index": 0.02, "claim_cycle_days": 0.15}


@pytest.mark.parametrize("name", ["F", "B"])
def test_stored_constants_reach_the_industry_levels_on_a_fresh_seed(name):
    levels = measure(WORLDS[name], seed=31, customers=30_000)
    for target, value in TARGETS.items():
        assert getattr(levels, target) == pytest.approx(value, abs=TOLERANCE[target]), target
    assert levels.answer_rate == pytest.approx(WORLDS[name].answer_rate, abs=0.006)


def test_raw_index_is_off_by_8_to_12_points_where_the_unhappy_answer_more():
    levels = measure(WORLDS["F"], seed=31, customers=30_000)
    assert 0.08 <= levels.index - levels.raw_index <= 0.12


def test_calibration_moves_a_detuned_world_back():
    from dataclasses import replace

    off = replace(WORLDS["F"], renewal_intercept=0.5, csat_threshold=0.3)
    solved = calibrate(off, seed=5, customers=6_000, rounds=5)
    levels = measure(solved, seed=5, customers=6_000)
    assert levels.renewal == pytest.approx(TARGETS["renewal"], abs=0.01)
    assert levels.index == pytest.approx(TARGETS["index"], abs=0.02)
    assert np.isfinite(solved.answer_intercept)
