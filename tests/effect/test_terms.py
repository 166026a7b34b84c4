"""The table of terms: what was known at the start, what befell the term, what became of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.effect.terms import effect_terms


@pytest.fixture(scope="module")
def terms(book_folder):
    return effect_terms(open_book(book_folder))


@pytest.fixture(scope="module")
def truth(book_folder, terms):
    found = pd.read_parquet(book_folder.parent / "truth" / "terms.parquet").set_index("term_id")
    return found.loc[terms.keys["term_id"]]


def test_the_reference_is_who_the_truth_averages_over(book_folder, terms):
    effects = pd.read_parquet(book_folder.parent / "truth" / "effects.parquet")
    want = effects[effects["quantity"] == "effect_per_pp"].set_index("line")["n"]
    assert int(terms.reference.sum()) == want["all"]
    assert {terms.lines[k]: n for k, n in enumerate(np.bincount(terms.line[terms.reference]))} == (
        want.drop("all").to_dict()
    )


def test_decided_terms_are_annual_ripe_and_came_to_their_end(terms, truth):
    assert set(np.unique(terms.y[terms.decided])) == {0.0, 1.0}
    assert truth["decided"].to_numpy()[terms.decided].all()
    assert not truth["monthly"].to_numpy()[terms.decided].any()
    cancelled = (terms.keys["end"] < terms.keys["E"]).to_numpy()
    assert (terms.y[cancelled] == 0).any()
    assert not terms.decided[cancelled].any()


def test_the_outcome_is_the_one_the_truth_gives_chances_of(terms, truth):
    expected, seen = truth["renewal"].to_numpy()[terms.decided], terms.y[terms.decided]
    assert abs((seen - expected).mean()) < 4 * np.sqrt((expected * (1 - expected)).mean() / len(seen))


def test_a_shock_is_there_where_its_exposure_is(terms):
    called = terms.exposed["calls"].to_numpy() > 0
    assert (terms.shocks["queue_wait"].exposed == called).all()
    assert (terms.shocks["handler_load"].exposed == (terms.exposed["claims"].to_numpy() > 0)).all()
    assert (terms.shocks["queue_wait"].value[~called] == 0).all()


def test_what_was_known_before_holds_nothing_of_the_term_itself(book_folder, terms):
    """Take a term's contacts and claims away: what was known before it stays, what was known before the next not."""
    book = open_book(book_folder)
    raw = {path.stem: pd.read_parquet(path) for path in book_folder.glob("*.parquet")}
    at = int(
        np.flatnonzero(
            (terms.exposed["calls"].to_numpy() > 0)
            & (terms.before["term"].to_numpy() == 1)
            & (terms.before["term"].shift(-1).to_numpy() == 2)
        )[0]
    )
    key = terms.keys.iloc[at]
    for name, clock in (("interactions", "started_at"), ("claims", "reported_at")):
        mine = (raw[name]["policy_id"] == key["policy_id"]) & raw[name][clock].between(key["start"], key["end"])
        raw[name] = raw[name][~mine]
        assert not mine.all()
    without = effect_terms(open_book(raw, settings=book.settings))
    assert without.exposed["calls"].iloc[at] == 0
    pd.testing.assert_series_equal(without.before.iloc[at], terms.before.iloc[at])
    same_policy = (terms.keys["policy_id"] == key["policy_id"]).to_numpy() & (terms.before["term"].to_numpy() == 2)
    for later in np.flatnonzero(same_policy):
        assert without.before["last_calls"].iloc[later] == 0 < terms.before["last_calls"].iloc[later]
