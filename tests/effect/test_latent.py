"""The latent model recovers its own parameters from data drawn from it."""

import dataclasses

import numpy as np
import pytest
from scipy.special import ndtr

from churnkit.effect import latent_search
from churnkit.effect.latent import fit_latent
from churnkit.effect.latent_design import LatentDesign
from churnkit.effect.latent_likelihood import Layout, Sample, blocks
from churnkit.errors import UsageError
from tests.effect.drawn import CSAT, NPS, TRUTH, draw


@pytest.fixture(scope="module")
def drawn():
    return draw(3000, 11)


@pytest.fixture(scope="module")
def latent(drawn):
    return fit_latent(drawn[0])


def true_index(S, shift=0.0):
    return 100 * ndtr((S + shift) / np.sqrt(1 + TRUTH["w2"]))


def test_scores_are_the_derivatives_of_the_likelihood():
    design = draw(60, 3)[0]
    design = dataclasses.replace(design, W=design.X[:, 2:], w_names=("x2",))
    layout, sample = Layout.of(design, response=True, wave=True), Sample.of(design)
    theta = np.array([TRUTH.get(name, 0.2) for name in layout.names]) + 0.03
    grid = np.arange(-9, 9, 0.5)

    def loglik(theta):
        return np.concatenate([b.loglik for b in blocks(sample, theta, layout=layout, grid=grid)])

    scores = np.concatenate([b.scores(b.weight) for b in blocks(sample, theta, layout=layout, grid=grid)])
    for k in range(len(theta)):
        step = 1e-5 * np.eye(len(theta))[k]
        difference = (loglik(theta + step) - loglik(theta - step)) / 2e-5
        np.testing.assert_allclose(scores[:, k], difference, atol=1e-6, err_msg=layout.names[k])


def test_the_likelihood_is_that_of_simulated_answers():
    """The chance of one term's answers is the share of a million draws that give them."""
    design = draw(1, 1, terms=1, rounds=0)[0]
    answers = np.array([[2, -1, 3], [-1, -1, -1]])
    one = LatentDesign(design.X[:1], design.Z[:1], np.zeros(1, int), np.zeros(2, int), np.zeros((2, 1)), answers,
                       design.instruments, design.x_names, design.z_names, design.v_names, 1)  # fmt: skip
    layout = Layout.of(one, response=True, wave=True)
    theta = np.array([TRUTH[name] for name in layout.names])
    (block,) = blocks(Sample.of(one), theta, layout=layout, grid=np.arange(-9, 9, 0.5))
    rng, n = np.random.default_rng(0), 1_000_000
    S = one.columns[0] @ theta[:5] + np.exp(TRUTH["log s"]) * rng.standard_normal(n)
    chance = 1 / (1 + np.exp(-(TRUTH["response"] + TRUTH["response S"] * S + TRUTH["response S^2"] * S**2)))
    u = np.sqrt(TRUTH["w2"]) * rng.standard_normal(n)
    csat = np.searchsorted([-1.8, -1.0, 0.0, 1.3], S + u + rng.standard_normal(n)) == 2
    y = 0.7 * S + u + 0.8 * rng.standard_normal(n)  # on the scale on which its noise is 0.8
    ces = np.searchsorted([-2.0, -1.3, -0.7, -0.2, 0.3, 1.1], y) == 3
    share = (chance * (1 - chance) * csat * ces).mean()
    assert np.exp(block.loglik[0]) == pytest.approx(share, rel=0.03)


def test_every_parameter_is_recovered_within_its_standard_error(latent):
    z = [(value - TRUTH[name]) / error for name, (value, error) in latent.table().items()]
    assert latent.peak.converged
    assert np.abs(z).max() < 4 and np.mean(np.square(z)) < 2


def test_the_index_is_corrected_for_who_answers(drawn, latent):
    design, S = drawn
    index, truth = latent.index(), true_index(S).mean()
    csat = design.answers[:, 0]
    raw = 100 * (csat[csat >= 0] >= 3).mean()
    assert abs(raw - truth) > 4
    assert abs(index.value - truth) < 3 * index.error < 4
    low, high = index.interval
    assert high - low == pytest.approx(2 * 1.959964 * index.error)


def test_a_shift_moves_the_index_by_what_was_asked(drawn, latent):
    shift = latent.shift_for(2.0)
    moved = true_index(drawn[1], shift.value).mean() - true_index(drawn[1]).mean()
    assert moved == pytest.approx(2.0, rel=0.1)
    assert latent.satisfied(shift.value).mean() * 100 - latent.index().value == pytest.approx(2.0, abs=1e-6)
    assert 1 / latent.kappa().value == pytest.approx(latent.shift_for(0.01).value / 0.01, rel=1e-3)


def test_expected_satisfaction_has_its_error(drawn, latent):
    mean, spread = latent.expected()
    off = (mean - drawn[1]) / spread
    assert abs(off.mean()) < 0.1 and off.std() == pytest.approx(1.0, abs=0.05)


def test_influence_is_what_weights_do(drawn, latent):
    """One-step replicates against refitting with the same weights, a third as uneven as a bootstrap's."""
    weights = 1 + (np.random.default_rng(2).exponential(1.0, drawn[0].customers) - 1) / 3
    again = fit_latent(drawn[0], weights=weights)
    moved = latent.theta + ((weights - 1)[:, None] * latent.influence).mean(axis=0)
    errors = np.sqrt(np.diag(latent.covariance))
    full, step = (again.theta - latent.theta) / errors, (moved - latent.theta) / errors
    assert np.corrcoef(full, step)[0, 1] > 0.96
    assert np.sqrt(np.mean((full - step) ** 2)) < 0.3 * np.sqrt(np.mean(full**2))
    index = latent.index()
    assert index.value + ((weights - 1) * index.influence).mean() == pytest.approx(
        np.average(again.satisfied() * 100, weights=weights[drawn[0].owner]), abs=0.1 * index.error
    )


def test_one_instrument_counts_the_wave_as_noise():
    design, S = draw(3000, 5, instruments=(CSAT,))
    latent = fit_latent(design)
    assert "w2" not in latent.layout.names and any("counts as noise" in said for said in latent.assumes)
    index = latent.index()
    assert abs(index.value - true_index(S).mean()) < 3 * index.error


def test_without_unanswered_rounds_those_who_answered_stand_for_all():
    design, S = draw(1500, 6, answer=1.0)
    latent = fit_latent(design)
    assert "response" not in latent.layout.names
    assert any("did not answer" in said for said in latent.assumes)
    index = latent.index()
    assert abs(index.value - true_index(S).mean()) < 3 * index.error


def test_few_answers_are_said_to_be_few():
    truth = TRUTH | {"response": -3.6}
    design, S = draw(1500, 7, truth=truth)
    assert design.answered.mean() < 0.05
    latent = fit_latent(design)
    assert any("normal shape" in said for said in latent.assumes)
    index = latent.index()
    assert index.error > 1.0 and abs(index.value - true_index(S).mean()) < 3 * index.error


def test_no_shocks_no_first_stage():
    design = draw(700, 8)[0]
    bare = LatentDesign(design.X, design.Z[:, :0], design.owner, design.round_term, design.V, design.answers,
                        design.instruments, design.x_names, (), design.v_names, design.customers)  # fmt: skip
    latent = fit_latent(bare)
    assert latent.first_stage.shape == (0,)
    assert any("no shocks" in said for said in latent.assumes)


def test_a_design_tells_what_does_not_fit(drawn):
    design = drawn[0]
    with pytest.raises(UsageError, match="V, answers"):
        LatentDesign(design.X, design.Z, design.owner, design.round_term[1:], design.V, design.answers,
                     design.instruments, design.x_names, design.z_names, design.v_names, design.customers)  # fmt: skip


@pytest.mark.recovery
def test_intervals_cover_every_parameter():
    """24 repetitions; of 34 parameters each at 95 %, the pooled share has a standard error of about 1.5 %."""
    inside, level = [], []
    for seed in range(24):
        design, S = draw(4000, 1000 + seed)
        latent = fit_latent(design)
        inside.append([abs(value - TRUTH[name]) < 1.96 * error for name, (value, error) in latent.table().items()])
        low, high = latent.index().interval
        level.append(low < true_index(S).mean() < high)
    share = np.mean(inside, axis=0)
    assert 0.905 < np.mean(share) < 0.99
    assert share.min() > 0.7
    assert np.mean(level) > 0.83


def test_a_level_that_hardly_anybody_chose_does_not_lead_the_search_astray(monkeypatch):
    """The search begins with a part of the customers; if none of them chose a level its cuts close and hardly open."""
    monkeypatch.setattr(latent_search, "_SOME", 1000)
    design = draw(2500, 12, instruments=(CSAT, NPS))[0]
    share = latent_search._SOME / design.answered.sum()
    assert share < 0.5
    early = (np.random.default_rng(0).random(design.customers) < share)[design.owner][design.round_term]
    answers, chose = design.answers.copy(), design.answers[:, 1] == 1
    answers[chose, 1] = 2
    answers[np.flatnonzero(chose & ~early)[:8], 1] = 1
    rare = dataclasses.replace(design, answers=answers)
    found = fit_latent(rare)
    assert found.peak.converged
    assert found.peak.steps < 15
    monkeypatch.setattr(latent_search, "_every_level", lambda design, layout: True)
    astray = fit_latent(rare)
    assert not astray.peak.converged or astray.peak.steps > found.peak.steps
