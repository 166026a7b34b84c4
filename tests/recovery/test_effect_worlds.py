"""The effect of satisfaction in the simulator's worlds, against their truth."""

from __future__ import annotations

import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.index import SatisfactionIndex
from churnkit.simulate import simulate_book

pytestmark = pytest.mark.recovery
SEED = 601


def fitted(folder, world):
    simulate_book(folder, customers=20_000, seed=SEED, world=world)
    return SatisfactionEffect().fit(open_book(folder / "book")), truth_of(folder, "effect_per_pp")


def truth_of(folder, quantity):
    effects = pd.read_parquet(folder / "truth" / "effects.parquet")
    return float(effects[effects["quantity"] == quantity].set_index("line")["estimate"]["all"])


@pytest.mark.parametrize("world", "CF")
def test_the_effect_is_identified_though_something_unseen_is_at_work(tmp_path, world):
    """A hidden trait alone, and with every other fault: the shocks are right, and the second opinion is found out."""
    effect, truth = fitted(tmp_path, world)
    assert effect.verdict.identified
    error = (effect.per_pp.high - effect.per_pp.low) / (2 * 1.959964)
    assert abs(effect.per_pp.estimate - truth) < 3.5 * error
    assert error < 0.15 * truth
    assert effect.checks["control_on_second_opinion"].passed is False
    assert effect.association.estimate > 1.2 * truth
    if world == "F":  # a quarter answers, the unhappy rather: the standard error of the index is about 0.7
        index = SatisfactionIndex().fit(effect.terms_)
        level = truth_of(tmp_path, "index")
        assert abs(index.level - level) < 2.1
        assert level - index.raw > 6


def test_an_invalid_shock_is_found_and_the_trusted_one_is_right(tmp_path):
    effect, truth = fitted(tmp_path, "G")
    assert not effect.verdict.identified
    assert effect.per_pp.low < truth < effect.per_pp.high
    trusted = SatisfactionEffect(trusted="queue_wait").fit(open_book(tmp_path / "book"))
    assert trusted.verdict.identified
    assert trusted.per_pp.low < truth < trusted.per_pp.high


def test_satisfaction_that_fades_within_the_term_is_found(tmp_path):
    effect, _ = fitted(tmp_path, "I")
    assert effect.checks["lasting"].passed is False
    assert not effect.verdict.identified
