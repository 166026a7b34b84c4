"""Checks as objects, and the estimator whose verdict rests on them, on a small simulated book."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.effect.checks import Checks, agreement_check, bounds_check, control_check, support_check
from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.lasting import fading
from churnkit.effect.second_opinion import Chosen, Control, earlier_answers, negative_control
from churnkit.effect.slopes import Slope
from churnkit.effect.verdict import ASSOCIATION, BOUNDS, REFUSED
from churnkit.errors import UsageError


@pytest.fixture(scope="module")
def tables(book_folder):
    return {path.stem: pd.read_parquet(path) for path in book_folder.glob("*.parquet")}


@pytest.fixture(scope="module")
def settings(book_folder):
    return open_book(book_folder).settings


@pytest.fixture(scope="module")
def effect(book_folder):
    return SatisfactionEffect().fit(open_book(book_folder))


def test_an_effect_is_shown_with_interval_counts_horizon_and_verdict(effect):
    assert f"{int(effect.terms_.reference.sum()):,} renewals" in effect.text
    for said in ("95 %", "customers", "next renewal", effect.verdict.kind):
        assert said in effect.text
    table = effect.table
    assert table["line"].tolist() == ["all", *effect.terms_.lines]
    assert table["renewals"].iloc[0] == table["renewals"].iloc[1:].sum()
    assert (table["verdict"] == effect.verdict.kind).all()
    assert tuple(table.loc[0, ["estimate", "low", "high"]]) == pytest.approx(tuple(effect.per_pp), nan_ok=True)


def test_the_curve_rises_through_nothing(effect):
    curve = effect.curve([-5, -1, 1, 5])
    assert curve["shift"].is_monotonic_increasing
    assert (np.sign(curve["shift"]) == np.sign(curve["points"])).all()
    gains = effect.gains_
    found = [gains.change(effect.identified_.slope.value * shift) for shift in curve["shift"]]
    assert sorted(found) == found or sorted(found, reverse=True) == found


def test_replicates_spread_as_the_interval_says(effect):
    """With what the verdict shows taken away: slope and shift under weights of customers, 300 times."""
    rng, found, shift = np.random.default_rng(0), effect.identified_.slope, effect._shift(1.0)
    want = effect.gains_.per_shift(found, shift)
    n, values = len(found.influence), []
    for _ in range(300):
        w = rng.exponential(size=n) - 1
        values.append(effect.gains_.change(float((found.value + w @ found.influence / n)
                                                 * (shift.value + w @ shift.influence / n))))  # fmt: skip
    assert np.std(values) == pytest.approx((want.high - want.low) / (2 * 1.959964), rel=0.2)
    same = effect.replicate(np.ones(n))
    if effect.verdict.shown == "estimate":
        assert same["all"] == pytest.approx(effect.per_pp.estimate)
    else:
        assert same.isna().all()


def of_some(tables, every):
    """The tables of one customer in so many."""
    customers = tables["customers"]["customer_id"].drop_duplicates().iloc[::every]
    policies = tables["policies"].loc[tables["policies"]["customer_id"].isin(customers), "policy_id"]
    own = {name: frame["customer_id"].isin(customers) for name, frame in tables.items() if "customer_id" in frame}
    own["terms"] = tables["terms"]["policy_id"].isin(policies)
    return {name: frame[own[name]].reset_index(drop=True) if name in own else frame for name, frame in tables.items()}


def test_permuted_shocks_give_bounds_only(tables, settings):
    rng, tables = np.random.default_rng(1), of_some(tables, 3)
    calls, claims = tables["interactions"].copy(), tables["claims"].copy()
    for frame, column in ((calls, "queue_wait_mean"), (claims, "handler_load")):
        known = frame[column].notna().to_numpy()
        frame.loc[known, column] = rng.permutation(frame.loc[known, column].to_numpy())
    book = open_book({**tables, "interactions": calls, "claims": claims}, settings=settings)
    found = SatisfactionEffect(shocks=["queue_wait", "handler_load"]).fit(book)
    assert found.checks["first_stage"].statistic < 10
    assert found.verdict.kind == BOUNDS
    assert found.verdict.shown == "anderson_rubin"
    assert np.isnan(found.per_pp.estimate)
    assert found.per_pp.low < 0 < found.per_pp.high
    assert found.table["estimate"].isna().all()


@pytest.mark.recovery
def test_without_shocks_there_is_an_association_only(book_folder):
    found = SatisfactionEffect(shocks=[]).fit(open_book(book_folder))
    assert found.verdict.kind == ASSOCIATION
    assert np.isnan(found.per_pp.estimate)
    assert np.isnan(found.curve([1])["low"]).all()
    assert "no substitute" in found.text
    assert found.association.low < found.association.estimate < found.association.high


def test_scores_of_unknown_time_are_refused(tables, settings):
    surveys = tables["surveys"].assign(answered_at=pd.NaT)
    found = SatisfactionEffect().fit(open_book({**tables, "surveys": surveys}, settings=settings))
    assert found.verdict.kind == REFUSED
    assert "unknown time" in found.text
    assert len(found.checks) == 0
    assert np.isnan(found.per_pp.low)


@pytest.mark.recovery
def test_scores_given_after_the_end_of_cover_are_refused(tables, settings):
    surveys = tables["surveys"]
    last = tables["terms"].groupby("policy_id")["end_date"].max() + pd.Timedelta(days=1)
    late = surveys["policy_id"].map(last)
    surveys = surveys.assign(answered_at=late.where(surveys["score"].notna()))
    found = SatisfactionEffect().fit(open_book({**tables, "surveys": surveys}, settings=settings))
    assert found.verdict.kind == REFUSED


@pytest.mark.parametrize("asked", [{"shocks": ["weather"]}, {"trusted": "weather"}, {"negative_control": "region"},
                                   {"shocks": ["queue_wait"], "trusted": "handler_load"}])  # fmt: skip
def test_names_that_nothing_has_are_refused_before_anything_is_read(asked):
    with pytest.raises(UsageError):
        SatisfactionEffect(**asked).fit(None)


def told(effect, before):
    """The terms, all invitations answered with 50 plus something of the shocks, and noise."""
    terms, rng = effect.terms_, np.random.default_rng(2)
    asked = terms.invitations
    rating = 50 + before(asked) + rng.standard_normal(len(asked))
    return replace(terms, invitations=asked.assign(answered=True, rating=rating))


def left_at(effect, asked, rate):
    """What the shocks before each invitation still weigh, fading at a yearly rate."""
    total = np.zeros(len(asked))
    for events in effect.identified_.shocks.events:
        pairs = asked[["row", "sent_at"]].assign(place=np.arange(len(asked))).merge(events, on="row")
        years = (pairs["sent_at"] - pairs["at"]).dt.total_seconds() / (365.25 * 86_400)
        weight = np.where(years >= 0, np.exp(-rate * years.clip(lower=0)), 0.0)
        total += np.bincount(pairs["place"], pairs["part"] * weight, len(asked))
    return total


def test_shocks_that_last_pass_and_shocks_that_fade_do_not(effect):
    shocks = effect.identified_.shocks
    lasting, slopes = fading(told(effect, lambda asked: 10 * left_at(effect, asked, 0.0)), shocks)
    assert lasting.p_value > 0.001
    m = len(shocks.names)
    assert slopes.value[:m] == pytest.approx([10.0] * m, abs=1.0)
    assert fading(told(effect, lambda asked: 10 * left_at(effect, asked, 3.0)), shocks)[0].p_value < 1e-6


def test_a_control_that_goes_with_shocks_is_found_and_one_that_does_not_passes(effect):
    terms, shocks, rng = effect.terms_, effect.identified_.shocks, np.random.default_rng(3)
    odds = np.zeros(len(terms))
    for strength, low, high in ((0.0, 0.001, 1.0), (0.5, 0.0, 0.001)):
        chosen = (rng.random(len(terms)) < 1 / (1 + np.exp(-strength * shocks.Z.sum(axis=1)))).astype(float)
        found = negative_control(terms, Chosen("chosen", chosen, odds), shocks.Z, shocks.exposed)
        assert low <= found.p_value <= high
    nothing = negative_control(terms, Chosen("chosen"), shocks.Z, shocks.exposed)
    assert control_check("control_on_shock", nothing, what="shocks", chosen="chosen").passed is None


def test_earlier_answers_are_those_of_earlier_terms(effect):
    terms = effect.terms_
    found = earlier_answers(terms)
    answers = terms.invitations[terms.invitations["answered"] & terms.invitations["rating"].notna()]
    own = answers.assign(policy=terms.keys["policy_id"].to_numpy()[answers["row"]])
    by_policy = dict(list(own.groupby("policy")))
    starts = terms.keys["start"].to_numpy()
    for row in np.random.default_rng(4).choice(len(terms), 60, replace=False):
        mine = by_policy.get(terms.keys["policy_id"].iloc[row])
        want = np.nan if mine is None else mine["rating"][starts[mine["row"]] < starts[row]].mean()
        assert found[row] == pytest.approx(want, nan_ok=True)


def test_sentences_say_what_was_found():
    slope = Slope(0.5, np.ones(10), 9.0, 0.003, np.ones(2))
    names = ("queue_wait", "handler_load")
    contradict = agreement_check(slope, names)
    assert contradict.passed is False
    assert "contradict" in contradict.sentence
    assert agreement_check(replace(slope, p_value=0.4), names).passed
    assert agreement_check(slope, names[:1]).passed is None
    assert support_check(0.02, 10).passed is False
    assert bounds_check(None).passed is None
    assert bounds_check((-0.1, 0.2)).passed is False
    goes = control_check("control_on_second_opinion", Control(20.0, 1e-5, 1), what="satisfaction", chosen="auto_renew")
    assert not goes.passed
    assert "something unseen" in str(goes)
    checks = Checks((contradict, goes))
    assert checks["shocks_agree"] is contradict
    assert checks.table["passed"].tolist() == [False, False]
    assert checks.text.count("\n") == 1
