"""Nobody whom something speaks against is ever on a list, and everybody has an answer to "why not"."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import churnkit as ck
from churnkit.retain.suppression import PEOPLE, barred, cover_state
from tests.retain.made import AS_OF, book_of, scores_of, tables


def by_hand(given):
    """Who must not be called, straight from the tables; nothing of the package is used."""
    people = given["customers"]
    flags = people[["do_not_call", "marketing_opt_out", "automated_decision_opt_out", "vulnerable"]].any(axis=1)
    out = set(people["customer_id"][flags | people["deceased_date"].notna()])
    for name in ("complaints", "claims", "outreach"):
        out |= set(given[name]["customer_id"])
    terms = given["terms"]
    over = set(terms["policy_id"][terms["term_id"].str.startswith("N") | terms["ended_date"].notna()])
    policies = given["policies"].assign(over=given["policies"]["policy_id"].isin(over))
    nothing_left = policies.groupby("customer_id")["over"].all()
    return out | set(nothing_left.index[nothing_left])


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000), capacity=st.integers(1, 400), explore=st.floats(0, 0.9), holdout=st.floats(0, 0.6))
def test_nobody_under_any_suppression_is_ever_on_the_list(seed, capacity, explore, holdout):
    made = tables(120, seed)
    plan = ck.plan_retention(
        scores_of(made, seed), book_of(made), capacity=capacity, explore=explore, holdout=holdout, random_state=seed
    )
    listed = set(plan.table["customer_id"])
    assert not listed & by_hand(made)
    held = plan.everyone[plan.everyone["held"]]
    assert not listed & set(held["customer_id"])
    homes = made["customers"].set_index("customer_id")["household_id"]
    assert not set(homes[list(listed)]) & set(homes[held["customer_id"]])
    assert (plan.table["expected_value"] > 0).all()
    assert len(plan.table) <= capacity
    assert listed | set(plan.left_out["customer_id"]) == set(made["policies"]["customer_id"])


def test_every_reason_occurs_is_counted_and_answers_why():
    made = tables(900, seed=3)
    plan = ck.plan_retention(scores_of(made), book_of(made), capacity=20)
    told = set(plan.everyone["code"])
    assert told >= {*PEOPLE, "renewed", "declined", "ended", "holdout", "not_due", "no_value", "capacity"} - {
        "often", "unknown", "listed", "home_listed"}  # fmt: skip
    for row in plan.left_out.groupby("reason").head(1).itertuples():
        assert row.reason in plan.why(row.customer_id)
        assert f"{row.reason} {(plan.left_out['reason'] == row.reason).sum():,}" in plan.text
    assert "on the list, rank 1" in plan.why(plan.table["customer_id"][0])
    assert "not a customer of this book" in plan.why("nobody")
    assert "specialist" in " ".join(plan.left_out["reason"])
    assert "vulnerable" not in plan.text


def test_a_customer_who_was_contacted_often_is_left_alone():
    made = tables(60)
    someone = made["customers"]["customer_id"][0]
    calls = pd.DataFrame(
        {
            "action_id": [f"X{k}" for k in range(3)],
            "customer_id": someone,
            "campaign": "spring",
            "arm": "treat",
            "assigned_at": AS_OF - pd.Timedelta("200D"),
            "action": "call",
            "contacted_at": AS_OF - pd.Timedelta("100D"),
            "recorded_at": AS_OF - pd.Timedelta("100D"),
        }
    )
    made["outreach"] = pd.concat([made["outreach"], calls], ignore_index=True)
    book = book_of(made)
    assert barred(book, AS_OF, yearly=3).set_index("customer_id").loc[someone, "often"]
    assert not barred(book, AS_OF, yearly=5).set_index("customer_id").loc[someone, "often"]


def test_who_asked_not_to_be_called_after_the_cutoff_is_not_called_either():
    made = tables(60)
    flags = barred(book_of(made), AS_OF).set_index("customer_id")["do_not_call"]
    someone = flags.index[~flags][0]
    late = AS_OF + pd.Timedelta("3h")  # a list of the same day came back filled
    call = pd.DataFrame({"action_id": ["X"], "customer_id": someone, "campaign": "spring", "arm": "treat",
                         "assigned_at": late, "action": "call", "contacted_at": late, "recorded_at": late,
                         "outcome": "do_not_call"})  # fmt: skip
    made["outreach"] = pd.concat([made["outreach"], call], ignore_index=True)
    assert barred(book_of(made), AS_OF).set_index("customer_id").loc[someone, "do_not_call"]


def test_an_injury_whose_claim_is_closed_or_denied_speaks_against_nothing():
    made = tables(60)
    ids = made["claims"]["customer_id"].tolist()
    early = AS_OF - pd.Timedelta("2D")
    made["claims"] = made["claims"].assign(decision=None, decided_at=pd.NaT)
    made["claims"].loc[0, "closed_at"] = early
    made["claims"].loc[1, ["decision", "decided_at"]] = ["denied", early]
    flags = barred(book_of(made), AS_OF).set_index("customer_id")["injury"]
    assert flags[ids].tolist() == [False, False, *[True] * (len(ids) - 2)]


def test_a_complaint_that_a_later_version_decides_is_closed():
    made = tables(60)
    decided = (
        made["complaints"]
        .head(1)
        .assign(decided_at=AS_OF - pd.Timedelta("2D"), outcome="upheld", recorded_at=AS_OF - pd.Timedelta("1D"))
    )
    made["complaints"] = pd.concat([made["complaints"].assign(outcome=None), decided], ignore_index=True)
    flags = barred(book_of(made), AS_OF).set_index("customer_id")["complaint"]
    assert not flags[decided["customer_id"][0]]


def test_what_is_renewed_under_another_number_is_renewed():
    made = tables(60)
    old = made["terms"].iloc[[2]]
    assert made["terms"]["policy_id"].eq(old["policy_id"].iloc[0]).sum() == 1
    made["policies"] = pd.concat(
        [
            made["policies"].assign(previous_policy_id=None),
            made["policies"].iloc[[2]].assign(policy_id="NEW", previous_policy_id=old["policy_id"].iloc[0]),
        ]
    )
    issued = AS_OF - pd.Timedelta("1D")
    made["terms"] = pd.concat(
        [
            made["terms"],
            old.assign(
                term_id="TNEW",
                policy_id="NEW",
                start_date=old["end_date"],
                end_date=old["end_date"] + pd.Timedelta("365D"),
                issued_at=issued,
                recorded_at=issued,
            ),
        ]
    )
    asked = old[["policy_id", "end_date"]]
    assert cover_state(book_of(made), asked, AS_OF).tolist() == ["renewed"]
    assert cover_state(book_of(made), asked, issued).tolist() == [""]


def test_the_list_is_asked_again_before_it_leaves_the_house():
    made = tables(200, seed=4)
    scores = scores_of(made)
    plan = ck.plan_retention(scores, book_of(made), capacity=60, random_state=1)
    first, second, third = plan.table["customer_id"][:3]
    held = plan.everyone.loc[plan.everyone["arm"] == "holdout", "customer_id"].iloc[0]
    people = made["customers"]
    people.loc[people["customer_id"].isin([first, held]), "do_not_call"] = True
    terms = made["terms"]
    mine = terms[terms["policy_id"].isin(plan.policies.loc[plan.policies["customer_id"] == second, "policy_id"])]
    issued = AS_OF + pd.Timedelta("1D")
    made["terms"] = pd.concat(
        [
            terms,
            mine.assign(
                term_id="R" + mine["policy_id"],
                start_date=mine["end_date"],
                end_date=mine["end_date"] + pd.Timedelta("365D"),
                issued_at=issued,
                recorded_at=issued,
            ),
        ]
    )
    later = ck.open_book(made, data_cutoff=AS_OF + pd.Timedelta("3D"))
    now = plan.rechecked(later)
    last = plan.policies.groupby("customer_id")["end_date"].max()[plan.table["customer_id"]]
    past = set(last.index[last < later.settings.data_cutoff])
    assert len(plan.table) - len(now.table) == 2 + len(past - {first, second})
    assert {first, second}.isdisjoint(now.table["customer_id"])
    assert third in set(now.table["customer_id"])
    assert now.why(first).endswith("do not call")
    assert "already renewed" in now.why(second)
    assert now.everyone.set_index("customer_id").loc[held, "arm"] == ""  # the hold-out is judged alike


@pytest.mark.parametrize("language", ["en", "zh"])
def test_reasons_speak_the_lists_language(language):
    made = tables(200)
    plan = ck.plan_retention(scores_of(made), book_of(made), capacity=5, language=language)
    said = " ".join(plan.left_out["reason"].unique())
    assert ("do not call" in said) == (language == "en")
    assert ("禁止致电" in said) == (language == "zh")
