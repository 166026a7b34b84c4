"""What changed since a list was made takes people off it, whatever it is."""

import pandas as pd
import pytest

import churnkit as ck
from churnkit.book.settings import RenewalSettings, Settings
from churnkit.errors import UsageError
from tests.retain.made import AS_OF, book_of, scores_of, tables

SOON = AS_OF + pd.Timedelta("2D")


@pytest.fixture(scope="module")
def made():
    return tables(300, seed=11)


@pytest.fixture(scope="module")
def plan(made):
    return ck.plan_retention(scores_of(made), book_of(made), capacity=60, holdout=0)


def later(made, **changed):
    return ck.open_book({**made, **changed}, data_cutoff=SOON)


def someone(plan, policies=1):
    """A listed customer with so many policies due, none of them at once."""
    rows = plan.table[(plan.table["policies"] == policies) & (plan.table["end_date"] > SOON + pd.Timedelta("5D"))]
    return rows["customer_id"].iloc[0]


def test_nothing_changed_is_the_same_list(made, plan):
    now = plan.rechecked(book_of(made))
    pd.testing.assert_frame_equal(now.everyone, plan.everyone)


@pytest.mark.parametrize("flag", ["do_not_call", "marketing_opt_out", "automated_decision_opt_out", "vulnerable"])
def test_every_flag_is_asked_again(made, plan, flag):
    who = someone(plan)
    people = made["customers"].copy()
    people.loc[people["customer_id"] == who, flag] = True
    assert who not in set(plan.rechecked(later(made, customers=people)).table["customer_id"])


def test_a_death_a_complaint_an_injury_and_a_contact_are_asked_again(made, plan):
    who, at = someone(plan), AS_OF + pd.Timedelta("1D")
    people = made["customers"].copy()
    people.loc[people["customer_id"] == who, "deceased_date"] = f"{at:%Y-%m-%d}"
    policy = made["policies"].loc[made["policies"]["customer_id"] == who, "policy_id"].iloc[0]
    fresh = {
        "complaints": {"complaint_id": "new", "customer_id": who, "received_at": at, "source": "company"},
        "claims": {"claim_id": "new", "policy_id": policy, "customer_id": who, "reported_at": at,
                   "bodily_injury": True},
        "outreach": {"action_id": "new", "customer_id": who, "campaign": "x", "arm": "treat", "assigned_at": at,
                     "contacted_at": at, "action": "call"},
    }  # fmt: skip
    changes = [{"customers": people}]
    changes += [{name: pd.concat([made[name], pd.DataFrame([{**row, "recorded_at": at}])], ignore_index=True)}
                for name, row in fresh.items()]  # fmt: skip
    said = [plan.rechecked(later(made, **change)).why(who) for change in changes]
    for words, expected in zip(said, ("deceased", "open complaint", "bodily injury", "contacted within"), strict=True):
        assert expected in words


def test_a_customer_who_left_the_books_is_not_called(made, plan):
    who = someone(plan)
    gone = made["customers"][made["customers"]["customer_id"] != who]
    now = plan.rechecked(later(made, customers=gone))
    assert "not in the table of customers" in now.why(who)


def test_a_term_that_ended_for_no_given_reason_has_ended(made, plan):
    who = someone(plan)
    mine = plan.policies.loc[plan.policies["customer_id"] == who, "policy_id"]
    terms = made["terms"].copy()
    rows = terms["policy_id"].isin(mine)
    terms.loc[rows, ["ended_date", "ended_recorded_at"]] = AS_OF + pd.Timedelta("1D")
    now = plan.rechecked(later(made, terms=terms))
    assert "the policy has ended" in now.why(who)


def test_of_two_policies_the_one_that_is_left_counts(made, plan):
    who = someone(plan, policies=2)
    mine = plan.policies[plan.policies["customer_id"] == who].reset_index(drop=True)
    terms = made["terms"]
    best = (mine["uplift"] * mine["given"]).idxmax()
    done = terms[terms["policy_id"] == mine["policy_id"][best]]
    again = done.assign(term_id="again", start_date=done["end_date"], end_date=done["end_date"] + pd.Timedelta("365D"),
                        issued_at=AS_OF + pd.Timedelta("1D"), recorded_at=AS_OF + pd.Timedelta("1D"))  # fmt: skip
    now = plan.rechecked(later(made, terms=pd.concat([terms, again], ignore_index=True)))
    row = now.everyone.set_index("customer_id").loc[who]
    left = mine.drop(index=best)
    worth = float((left["uplift"] * left["given"]).sum() - row["cost"] - row["incentive"])
    assert row["policies"] == 1
    assert row["expected_value"] == pytest.approx(worth)
    assert (who in set(now.table["customer_id"])) == (worth > 0)


def test_a_day_that_passed_is_past_and_an_expired_list_is_not_exported(made, plan, tmp_path):
    now = plan.rechecked(ck.open_book(made, data_cutoff=plan.expires))
    last = plan.policies.groupby("customer_id")["end_date"].max()[plan.table["customer_id"]]
    past = last.index[last < plan.expires]
    assert len(past)
    assert set(past).isdisjoint(now.table["customer_id"])
    assert "the day of renewal has passed" in now.why(past[0])
    old = ck.open_book(made, data_cutoff=plan.expires + pd.Timedelta("1D"))
    with pytest.raises(UsageError, match="until it expires"):
        ck.write_list(plan, tmp_path / "list.xlsx", book=old)
    assert not list(tmp_path.iterdir())


def test_a_renewal_under_another_number_is_found_by_what_it_covers(made, plan):
    """``renewal.match = ["object"]``: the next term hangs on a new policy of the same object."""
    who = someone(plan)
    policies = made["policies"].assign(object_id="O" + made["policies"]["policy_id"])
    mine = plan.policies.loc[plan.policies["customer_id"] == who, "policy_id"].iloc[0]
    old, term = policies[policies["policy_id"] == mine], made["terms"][made["terms"]["policy_id"] == mine]
    day = AS_OF + pd.Timedelta("1D")
    new = pd.concat([policies, old.assign(policy_id="PNEW", recorded_at=day)], ignore_index=True)
    terms = pd.concat([made["terms"], term.assign(
        term_id="TNEW", policy_id="PNEW", start_date=term["end_date"], end_date=term["end_date"] + pd.Timedelta("365D"),
        issued_at=day, recorded_at=day)], ignore_index=True)  # fmt: skip
    for match, renewed in ((("object",), True), ((), False)):
        settings = Settings(data_cutoff=f"{SOON:%Y-%m-%d}", renewal=RenewalSettings(match=match))
        book = ck.open_book({**made, "policies": new, "terms": terms}, settings=settings)
        assert ("already renewed" in plan.rechecked(book).why(who)) == renewed
