"""What features say of a policy that changed its number, was reinstated, or was never really sold."""

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.book.settings import RenewalSettings, Settings
from churnkit.panel.build import build_panel
from churnkit.panel.feature import Feature
from churnkit.panel.observations import churn_observations, inforce_observations
from churnkit.panel.terms.ties import families

from .tiny import term, tiny, years

CALLS = Feature("calls", "interactions", "count", scope="policy")
OWN = ("tenure_days", "term_number", "premium_change", "policies_held")
OBJECT = {"p1": {"object_id": "car"}, "p2": {"object_id": "car"}}


def says(book, column, term_id, as_of="2021-06-01"):
    """An attribute of the observation of one term on a day."""
    feature = CALLS if column == "calls" else Feature("f", "observation", "attribute", column=column)
    panel = build_panel(book, "renewal", features=[feature], as_of=as_of)
    return dict(zip(panel.keys["entity"], panel.X.iloc[:, 0], strict=True))[term_id]


def two_numbers(policies, match=(), **more):
    """A term of 2020 under the number p1, one of 2021 under p2."""
    first = term("a", "2020-01-01", "2021-01-01", premium=100.0)
    calls = [{"policy_id": p, "started_at": at} for p, at in (("p1", "2020-03-01"), ("p2", "2021-02-01"))]
    terms = [first, term("b", "2021-01-01", "2022-01-01", "p2", premium=120.0)]
    return tiny(terms, policies=policies, match=match, interactions=calls, **more)


@pytest.mark.parametrize(
    ("policies", "match", "one"),
    [
        (OBJECT, ("object",), True),
        ({"p2": {"previous_policy_id": "p1"}}, (), True),
        (OBJECT, (), False),
        (OBJECT, ("line", "household"), False),
        (OBJECT | {"p2": {"object_id": "another"}}, ("object",), False),
        (OBJECT | {"p2": {"object_id": "car", "line": "home"}}, ("object",), False),
        (OBJECT | {"p2": {"object_id": "car", "customer_id": "c2"}}, ("object",), False),
        ({"p2": {"previous_policy_id": "p1", "customer_id": "c2"}}, (), False),
    ],
)
def test_features_of_the_policy_go_on_through_a_new_number_where_the_numbers_are_one_policy(policies, match, one):
    book = two_numbers({"p1": {}, "p2": {}} | policies, match)
    assert says(book, "tenure_days", "b") == (517 if one else 151)
    assert says(book, "term_number", "b") == (2 if one else 1)
    assert (
        says(book, "premium_change", "b") == pytest.approx(0.2) if one else np.isnan(says(book, "premium_change", "b"))
    )
    calls = 1 if policies.get("p2", {}).get("customer_id", "c1") == "c1" else 0  # the calls are of customer c1
    assert says(book, "calls", "b") == (2 if one else calls)
    assert inforce_observations(book, "2021-06-01")["policy_id"].tolist() == ["p2"]


def test_two_numbers_of_one_policy_that_overlap_are_held_once():
    terms = [term("a", "2020-01-01", "2021-07-01"), *years("p2", 2021, 2022)]
    for match, held in (((), 2), (("object",), 1)):
        assert says(tiny(terms, policies=OBJECT, match=match), "policies_held", "p2-2021") == held


def test_a_policy_hangs_on_one_thing_and_joins_no_two_families():
    customer, things = np.zeros(4, dtype=int), np.array([0, 1, 1, -1])
    assert len(set(families(customer, np.array([-1, -1, 0, 2]), things)[[0, 2, 3]])) == 1
    assert (
        len(set(families(customer, np.array([-1, -1, 0, 2]), things))) == 2
    )  # its object does not bring policy 1 along
    assert len(set(families(customer, np.array([1, 0, 3, 3]), None))) == 2  # a circle, and one that names itself


def test_an_object_written_in_later_changes_no_feature():
    rows = [
        {"policy_id": p, "customer_id": "c1", "line": "motor", "object_id": "car", "recorded_at": None} for p in OBJECT
    ]
    rows[1] |= {"object_id": None, "recorded_at": "2020-12-01"}
    later = rows[1] | {"object_id": "car", "recorded_at": "2021-07-01"}
    terms = pd.DataFrame([*years("p1", 2020, 2021), *years("p2", 2021, 2022)])
    for policies, number in ((rows, 1), ([*rows, later], 1), ([rows[0], rows[1] | {"object_id": "car"}], 2)):
        frames = {
            "customers": pd.DataFrame({"customer_id": ["c1"]}),
            "policies": pd.DataFrame(policies),
            "terms": terms,
        }
        settings = Settings(data_cutoff="2023-01-01", renewal=RenewalSettings(match=("object",)))
        assert says(open_book(frames, settings=settings), "term_number", "p2-2021") == number


CUT = {"ended_date": "2021-03-01", "end_reason": "nonpayment", "ended_recorded_at": "2021-03-02"}


def reinstated(recorded="2021-03-11"):
    again = term("again", "2021-03-11", "2022-01-01", premium=90.0, issued_at=recorded, recorded_at=recorded)
    cut = term("cut", "2021-01-01", "2022-01-01", premium=110.0, **CUT)
    return tiny([term("a", "2020-01-01", "2021-01-01", premium=100.0), cut, again, *years("p1", 2022, 2023)])


def test_a_reinstated_term_and_its_heir_are_one_term_of_the_policy():
    expected = {"tenure_days": 517, "term_number": 2, "premium_change": -0.1, "policies_held": 1}
    for column in OWN:
        assert says(reinstated(), column, "again") == pytest.approx(expected[column]), column
    assert says(reinstated(), "term_number", "p1-2022", "2022-06-01") == 3
    assert says(reinstated("2021-06-01"), "term_number", "p1-2022", "2022-06-01") == 3


def test_a_cancellation_that_is_not_taken_back_is_a_term_of_the_policy():
    elsewhere = term("again", "2021-03-11", "2022-03-11", premium=90.0)
    book = tiny([term("a", "2020-01-01", "2021-01-01"), term("cut", "2021-01-01", "2022-01-01", **CUT), elsewhere])
    assert says(book, "term_number", "again") == 3


@pytest.mark.parametrize(("day", "reason"), [("2020-01-01", "customer_cancelled"), ("2020-01-12", "free_look")])
def test_a_term_that_was_never_sold_is_in_no_feature_once_that_is_known(day, reason):
    unsold = term("unsold", "2020-01-01", "2021-01-01", premium=50.0, ended_date=day, end_reason=reason,
                  ended_recorded_at="2020-06-01")  # fmt: skip
    book = tiny([unsold, term("sold", "2020-03-01", "2021-03-01")])
    expected = {"tenure_days": 153, "term_number": 1, "premium_change": None, "policies_held": 1,
                "customer_tenure_days": 153, "premium_held": 100.0}  # fmt: skip
    for column, value in expected.items():
        found = says(book, column, "sold", "2020-08-01")
        assert found == value or (value is None and np.isnan(found)), column
    assert says(book, "term_number", "sold", "2020-05-01") == 2  # not yet known
    assert says(book, "premium_change", "sold", "2020-05-01") == 1.0


def test_who_is_in_force_on_a_day_rests_on_what_was_known_that_day():
    free = {"ended_date": "2020-01-12", "end_reason": "free_look", "ended_recorded_at": "2020-01-14"}
    terms = [term("t", "2020-01-01", "2021-01-01", **free), term("z", "2020-01-01", "2021-01-01", "p2")]
    book = tiny(terms, policies={"p2": {"customer_id": "c2"}})
    held = Feature("n", "observation", "attribute", column="policies_held")
    for day, listed, there in (("2020-01-10", ["t", "z"], 2), ("2020-01-14", ["t", "z"], 2), ("2020-01-15", ["z"], 1)):
        assert inforce_observations(book, day)["term_id"].tolist() == listed
        assert len(build_panel(book, "churn", as_of=day, features=[held])) == there
    assert churn_observations(book, ["2020-01-10"])["entity"].tolist() == ["c2"]  # in training it is nobody's cover
