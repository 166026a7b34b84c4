"""An insurer that writes a new policy number at every renewal has the same panel as one that keeps the number."""

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.book.settings import RenewalSettings, read_settings
from churnkit.errors import ContractError
from churnkit.panel.build import build_panel
from tests.simulated import simulated

CLOCKS = {"interactions": "started_at", "claims": "reported_at", "complaints": "received_at", "surveys": "sent_at",
          "outreach": "assigned_at"}  # fmt: skip
TARGETS = ("renewal", "churn")


@pytest.fixture(scope="module")
def insurer(tmp_path_factory):
    """Tables and settings of a simulated book with renewals that begin early, and with reinstated terms."""
    folder = simulated(tmp_path_factory, customers=300, years=3, seed=2)
    tables = {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    return tables | {"terms": reinstated(early(tables["terms"]))}, read_settings(folder)


def early(terms):
    """Some renewals begin 20 days before the term that they renew is over."""
    terms = terms.sort_values(["policy_id", "start_date", "term_id"], ignore_index=True)
    long = terms["end_date"] - terms["start_date"] > pd.Timedelta(days=300)
    some = terms[long & long.shift(fill_value=False) & (terms["policy_id"] == terms["policy_id"].shift())].index[::5]
    terms.loc[some, "start_date"] -= pd.Timedelta(days=20)
    for clock in ("issued_at", "recorded_at"):
        terms.loc[some, clock] = terms.loc[some, [clock, "start_date"]].min(axis=1)
    assert len(some) > 20
    return terms


def reinstated(terms):
    """Some terms cut in two: not paid after 100 days, taken up ten days later."""
    long = terms["end_date"] - terms["start_date"] > pd.Timedelta(days=300)
    some = terms[long & (terms["end_reason"] == "renewed")].index[::11]
    first, second = terms.loc[some].copy(), terms.loc[some].copy()
    first["end_reason"], first["ended_date"] = "nonpayment", first["start_date"] + pd.Timedelta(days=100)
    first["ended_recorded_at"] = first["ended_date"] + pd.Timedelta(days=1)
    second["term_id"] += "r"
    second["start_date"] = second["issued_at"] = second["recorded_at"] = first["ended_date"] + pd.Timedelta(days=10)
    assert len(some) > 20
    return pd.concat([terms.drop(some), first, second], ignore_index=True)


def renumbered(tables, by):
    """The same book with a policy number per term; `by` tells what still ties the numbers."""
    terms = tables["terms"].sort_values(["policy_id", "start_date", "term_id"], ignore_index=True)
    terms["old"], place = terms["policy_id"], terms.groupby("policy_id").cumcount()
    terms["policy_id"] = terms["old"] + "-" + place.astype(str)
    policies = terms[["policy_id", "old", "start_date", "recorded_at"]].merge(
        tables["policies"].rename(columns={"policy_id": "old", "recorded_at": "first_recorded"}), on="old"
    )
    policies["recorded_at"] = policies["recorded_at"].where(place > 0, policies["first_recorded"])
    policies["inception_date"] = policies["start_date"].where(place > 0, policies["inception_date"])
    policies["object_id"] = policies["old"] if by == "object" else None
    before = terms.groupby("old")["policy_id"].shift()
    policies["previous_policy_id"] = before if by == "previous" else None
    found = {name: in_force(frame, terms, CLOCKS[name]) for name, frame in tables.items() if name in CLOCKS}
    policies = policies.drop(columns=["old", "start_date", "first_recorded"])
    return tables | found | {"terms": terms.drop(columns="old"), "policies": policies}


def in_force(events, terms, clock):
    """Events that point at the number in force when they happened."""
    events = events.copy()
    pointed = events[events["policy_id"].notna()]
    numbers = terms.sort_values("start_date")[["start_date", "old", "policy_id"]].rename(columns={"policy_id": "new"})
    left = pointed[["policy_id", clock]].reset_index().sort_values(clock)
    left[clock] = left[clock].astype(numbers["start_date"].dtype)
    found = pd.merge_asof(left, numbers, left_on=clock, right_on="start_date", left_by="policy_id", right_by="old")
    first = found["policy_id"] + "-0"
    events.loc[found["index"], "policy_id"] = found["new"].where(found["new"].notna(), first).to_numpy()
    return events


def panel_of(tables, settings, target, match=()):
    renewal = RenewalSettings(match=match)
    book = open_book(tables, settings=read_settings(None, settings, renewal=renewal))
    return build_panel(book, target, keep_unlabelled=True)


@pytest.fixture(scope="module")
def clean(insurer):
    return {target: panel_of(*insurer, target) for target in TARGETS}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("by", "match"), [("object", ("object",)), ("previous", ())])
def test_a_book_renumbered_at_every_renewal_has_the_panel_of_its_clean_twin(insurer, clean, target, by, match):
    tables, settings = insurer
    other = panel_of(renumbered(tables, by), settings, target, match)
    pd.testing.assert_frame_equal(other.X, clean[target].X, check_exact=True)
    pd.testing.assert_series_equal(other.y, clean[target].y, check_exact=True)
    ids = ["policy_id"]
    pd.testing.assert_frame_equal(other.keys.drop(columns=ids), clean[target].keys.drop(columns=ids), check_exact=True)
    assert other.info["excluded"] == clean[target].info["excluded"]
    if target == "renewal":
        assert not (other.keys["policy_id"] == clean[target].keys["policy_id"]).any()


def test_without_the_tie_the_renumbered_book_has_no_renewals(insurer, clean):
    other = panel_of(renumbered(insurer[0], "object"), insurer[1], "churn")
    more = other.X["policies_held"] - clean["churn"].X["policies_held"]
    assert more.min() == 0 < more.max()
    with pytest.raises(ContractError, match="both classes"):
        panel_of(renumbered(insurer[0], "object"), insurer[1], "renewal")


def test_a_reinstated_term_is_labelled_as_if_it_had_never_been_cancelled(insurer, clean):
    keys, y = clean["renewal"].keys, clean["renewal"].y
    label = dict(zip(zip(keys["term_id"], keys["lead_days"], strict=True), y, strict=True))
    cut = {term.removesuffix("r") for term in keys["term_id"] if term.endswith("r")}
    early = [label[term, lead] for term, lead in label if term in cut]
    assert len(early) > 20
    assert np.nanmin(early) == 1.0  # all of them had been renewed terms
    assert clean["renewal"].info["excluded"]["reinstated"] > len(cut)


def test_the_label_names_the_ways_that_are_set(insurer):
    assert "first of one that names it as its previous policy, starts" in panel_of(*insurer, "renewal").info["label"]
    both = panel_of(*insurer, "renewal", ("line", "object")).info["label"]
    assert "customer, line and object, or of one of the same customer and line, starts" in both
    assert "household" not in both
