"""The satisfaction index of a book, beside the truth of a simulated insurer."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.effect.index import SatisfactionIndex
from churnkit.effect.latent_terms import before_columns, last_moment, latent_design, survey_rounds
from churnkit.effect.terms import effect_terms
from churnkit.errors import ContractError, UsageError


@pytest.fixture(scope="module")
def terms(book_folder):
    return effect_terms(open_book(book_folder))


@pytest.fixture(scope="module")
def index(terms):
    return SatisfactionIndex().fit(terms)


def truth_of(workspace):
    effects = pd.read_parquet(workspace / "truth" / "effects.parquet")
    return effects[effects["quantity"] == "index"].set_index("line")["estimate"]


def test_the_index_holds_the_truth_and_the_raw_share_does_not(index, workspace):
    """World F: who is content seldom answers, and a wave colours the answers of a round."""
    truth = truth_of(workspace)["all"]
    assert index.latent_.peak.converged
    assert index.low - 0.5 < truth < index.high + 0.5
    touchpoints = index.table(by="touchpoint").dropna(subset="raw")
    raw = np.average(touchpoints["raw"], weights=touchpoints["answers"])
    assert abs(index.level - truth) < 4 and truth - raw > 6


def test_shocks_lower_satisfaction(index):
    found = dict(zip(index.latent_.design.z_names, index.latent_.first_stage, strict=True))
    errors = index.parameters().set_index("parameter")["error"]
    for shock in ("queue_wait", "handler_load"):
        assert found[shock] < -3 * errors[shock]


def test_expected_satisfaction_follows_the_truth(index, terms, workspace):
    true = pd.read_parquet(workspace / "truth" / "terms.parquet").set_index("term_id")["satisfaction"]
    mean, spread = index.latent_.expected()
    true = true.loc[terms.keys["term_id"]].to_numpy()
    asked = np.bincount(index.latent_.design.round_term, minlength=len(terms)) > 0
    assert np.corrcoef(mean, true)[0, 1] > 0.4
    assert spread[asked].mean() < spread[~asked].mean()


def test_lines_add_up_to_the_whole(index, terms):
    lines = index.table(by="line")
    assert lines["policies"].sum() == terms.in_force.sum() == index.table()["policies"][0]
    assert np.average(lines["level"], weights=lines["policies"]) == pytest.approx(index.level)
    assert (lines["low"] < lines["level"]).all() and (lines["level"] < lines["high"]).all()
    assert lines["answers"].sum() == index.answers
    assert (lines["raw"].isna() == (lines["answers"] < 50)).all()


def test_quarters_show_the_raw_share_beside_the_index(index, terms):
    quarters = index.table(by="quarter")
    assert quarters["policies"].iloc[-1] == terms.in_force.sum()
    full = quarters[quarters["answers"] > 80]
    assert len(full) > 8 and (full["level"] - full["raw"]).mean() > 5


def test_a_touchpoint_has_a_raw_share_only(index):
    touchpoints = index.table(by="touchpoint")
    assert set(touchpoints["touchpoint"]) == {"service_contact", "claim_settlement", "relationship"}
    assert touchpoints["level"].isna().all() and touchpoints["raw"].notna().any()


def test_who_answers_is_fitted_by_tenths_of_the_shocks(index):
    found = index.response_by_shock()
    error = np.sqrt(found["fitted"] * (1 - found["fitted"]) / found["rounds"])
    assert len(found) == 10 and (np.diff(found["shift"]) > 0).all()
    assert (np.abs(found["observed"] - found["fitted"]) < 4 * error).all()


def test_the_text_says_level_interval_number_and_assumptions(index, terms):
    assert f"{index.level:.1f} (95 % {index.low:.1f} … {index.high:.1f})" in index.text
    assert f"{terms.in_force.sum():,} policies in force" in index.text
    assert all(each in index.text for each in index.latent_.assumes)


def test_an_unknown_column_is_refused(index):
    with pytest.raises(UsageError, match="'colour'"):
        index.table(by="colour")


def test_the_mean_knows_nothing_of_the_terms_own_answers_complaints_or_waiting(terms):
    changed = dataclasses.replace(terms, invitations=terms.invitations.assign(rating=50.0, answered=True))
    before = latent_design(terms)
    rounds = survey_rounds(terms.invitations)
    after = latent_design(changed, rounds=rounds)
    np.testing.assert_array_equal(before.X, after.X)
    assert not [name for name in before.x_names if "complain" in name and not name.startswith("last_")]


def test_what_a_term_under_way_has_yet_to_see_is_filled_in(terms):
    design = latent_design(terms)
    called = design.X[:, design.x_names.index("called")]
    seen = terms.exposed["calls"].to_numpy() > 0
    assert (called[seen] == 1).all()
    whole = ((terms.keys["end"] == terms.keys["E"]) & (terms.keys["E"] <= last_moment(terms))).to_numpy()
    assert (called[whole & ~seen] == 0).all()
    going = terms.in_force & ~seen & ~terms.short
    assert (called[going] > 0).all() and (called[going] < 1).all()
    same = terms.in_force & ~terms.short  # a year from now as many will have called as in the years before
    assert called[same].mean() == pytest.approx(seen[whole & ~terms.short].mean(), abs=0.06)


def test_levels_with_few_answers_join_their_neighbours(terms):
    rounds = survey_rounds(terms.invitations)
    assert [each.name for each in rounds.instruments] == ["csat", "nps", "ces"]
    assert rounds.instruments[0].ratings[rounds.instruments[0].satisfied] == 75.0
    for m, each in enumerate(rounds.instruments):
        counts = np.bincount(rounds.answers[rounds.answers[:, m] >= 0, m], minlength=each.levels)
        assert (counts[:-1] >= 20).all() or (counts < 20).sum() <= 1


def test_answers_that_came_too_late_are_neither_answered_nor_unanswered(terms):
    late = terms.invitations["unusable"].to_numpy()
    rounds = survey_rounds(terms.invitations).frame
    gone = terms.invitations[late & ~terms.invitations["answered"].to_numpy()][["row", "round"]].drop_duplicates()
    assert len(gone) and len(rounds.merge(gone, on=["row", "round"])) == 0


def test_a_book_without_premiums_has_no_column_of_them(terms):
    bare = dataclasses.replace(terms, before=terms.before.assign(premium=np.nan))
    assert "premium" in before_columns(terms)
    assert "premium" not in before_columns(bare)


def test_without_answers_there_is_no_index(terms):
    silent = dataclasses.replace(terms, invitations=terms.invitations.assign(answered=False))
    with pytest.raises(ContractError, match="no answered"):
        SatisfactionIndex().fit(silent)
