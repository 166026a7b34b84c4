"""First contacts, overdue complaints, reopened claims, service levels: what is known when, on books of a few rows."""

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.errors import LeakageError
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import describe
from churnkit.panel.feature import Feature
from churnkit.panel.load import load_days

from ..tiny import frame, tiny, years

RATE = Feature("rate", "interactions", "mean", clock="week_over_at", column="first_contact_resolution")
CALL = {"channel": "phone", "initiator": "customer", "topic": "bill", "resolved": True,
        "started_at": "2020-03-01 10:00", "resolved_at": "2020-03-01 11:00"}  # fmt: skip


def told(book, feature, as_of):
    """The feature of the one policy on a day."""
    found = build_panel(book, "renewal", features=[feature], as_of=as_of).X[feature.name]
    assert len(found) == 1
    return found[0]


SECOND = (  # a further contact, and the share resolved at first of it and of the one on 1 March at 10:00
    ({"started_at": "2020-03-04 10:00"}, 0.5),  # the second one is judged too, and was not followed
    ({"started_at": "2020-03-08 10:00:00"}, 0.5),  # 7 days later to the second
    ({"started_at": "2020-03-08 10:00:01"}, 1.0),
    ({"started_at": "2020-03-04 10:00", "topic": "claim"}, 1.0),
    ({"started_at": "2020-03-04 10:00", "initiator": "company"}, 1.0),
    ({"started_at": "2020-03-04 10:00", "resolved": False}, 0.0),
    ({"started_at": "2020-04-04 10:00", "topic": None}, 1.0),  # no topic, no verdict
    ({"started_at": "2020-04-04 10:00", "resolved_at": "2020-04-11 10:00:00"}, 1.0),
    ({"started_at": "2020-04-04 10:00", "resolved_at": "2020-04-11 10:00:01"}, 0.5),  # solved, but not at first
    ({"started_at": "2020-04-04 10:00", "resolved": None, "resolved_at": None}, 0.5),
)


def test_a_matter_is_resolved_at_first_if_solved_in_a_week_and_not_raised_again():
    terms, owners, contacts = [], {}, []
    for number, (second, _) in enumerate(SECOND):
        customer, policy = f"c{number}", f"p{number}"
        terms += years(policy, 2020, 2021)
        owners[policy] = {"customer_id": customer}
        solved = {"resolved_at": str(pd.Timestamp(second["started_at"]) + pd.Timedelta(hours=1))}
        contacts += [CALL | {"customer_id": customer}, CALL | {"customer_id": customer} | solved | second]
    book = tiny(terms, policies=owners, interactions=contacts)
    panel = build_panel(book, "renewal", features=[RATE], as_of="2020-06-01")
    assert panel.X["rate"].tolist() == [share for _, share in SECOND]


def test_nothing_is_known_before_the_week_is_over():
    book = tiny(years("p1", 2020, 2021), interactions=[CALL])
    assert np.isnan(told(book, RATE, "2020-03-08"))
    assert told(book, RATE, "2020-03-09") == 1.0
    with pytest.raises(LeakageError, match="week_over_at"):
        Feature("f", "interactions", "mean", column="first_contact_resolution")


def test_what_is_recorded_late_changes_the_verdict_from_then_on():
    recorded = {"recorded_at": "2020-03-01 12:00"}
    slow = CALL | recorded | {"resolved_at_recorded_at": "2020-03-20"}
    again = CALL | {"started_at": "2020-03-03", "resolved_at": "2020-03-03", "recorded_at": "2020-04-10",
                    "topic": "bill"}  # fmt: skip
    book = tiny(years("p1", 2020, 2021), interactions=[slow, again])
    days = ("2020-03-15", "2020-03-20", "2020-03-21", "2020-04-10", "2020-04-11")
    assert [told(book, RATE, day) for day in days] == [0.0, 0.0, 1.0, 1.0, 0.5]


def test_a_follow_up_that_turns_out_to_be_about_something_else_gives_the_verdict_back():
    first = CALL | {"recorded_at": "2020-03-01 12:00"}
    again = CALL | {"started_at": "2020-03-03", "resolved_at": "2020-03-03", "recorded_at": "2020-03-03",
                    "interaction_id": "again", "resolved": False}  # fmt: skip
    book = tiny(
        years("p1", 2020, 2021), interactions=[first, again, again | {"topic": "claim", "recorded_at": "2020-05-01"}]
    )
    assert [told(book, RATE, day) for day in ("2020-04-01", "2020-05-01", "2020-05-02")] == [0.0, 0.0, 0.5]


def test_a_complaint_is_overdue_from_its_due_date_until_it_is_decided():
    complaint = {"policy_id": "p1", "received_at": "2020-03-01", "source": "company", "due_at": "2020-03-16",
                 "decided_at": "2020-04-01 09:00", "recorded_at": "2020-03-02", "outcome": "upheld"}  # fmt: skip
    book = tiny(years("p1", 2020, 2021), complaints=[complaint, complaint | {"due_at": "2020-05-01"},
                                                     complaint | {"due_at": None}])  # fmt: skip
    days = ("2020-03-16", "2020-03-17", "2020-04-01", "2020-04-02")
    assert [told(book, describe("complaints_overdue"), day) for day in days] == [0, 1, 1, 0]
    assert told(book, describe("complaints_late_share_all"), "2020-06-01") == 0.5
    assert told(book, describe("complaint_days_mean_365d"), "2020-06-01") == 22  # 1 March 2020 was a Sunday


def test_decided_on_the_day_it_was_due_is_not_late():
    complaint = {"received_at": "2020-03-01", "source": "company", "due_at": "2020-03-16", "recorded_at": "2020-03-01",
                 "decided_at": "2020-03-16 17:00", "outcome": "upheld"}  # fmt: skip
    book = tiny(years("p1", 2020, 2021), complaints=[complaint])
    assert told(book, describe("complaints_late_share_all"), "2020-06-01") == 0.0


def claim(**rest):
    return {"claim_id": "k", "policy_id": "p1", "reported_at": "2020-02-01", "recorded_at": "2020-02-01",
            "closed_at": None} | rest  # fmt: skip


def test_a_claim_is_reopened_when_a_version_takes_its_closing_back():
    versions = [claim(closed_at="2020-03-01", recorded_at="2020-03-01"), claim(recorded_at="2020-04-01"),
                claim(closed_at="2020-05-01", recorded_at="2020-05-01")]  # fmt: skip
    book = tiny(years("p1", 2020, 2021), claims=[claim(), *versions])
    days = ("2020-03-15", "2020-04-01", "2020-04-02", "2020-05-02")
    assert [told(book, describe("claims_reopened_all"), day) for day in days] == [0, 0, 1, 1]


def test_a_version_that_only_moves_the_closing_day_reopens_nothing():
    versions = [claim(closed_at="2020-03-01", recorded_at="2020-03-01"),
                claim(closed_at="2020-03-05", recorded_at="2020-04-01")]  # fmt: skip
    book = tiny(years("p1", 2020, 2021), claims=versions)
    assert told(book, describe("claims_reopened_all"), "2020-06-01") == 0


def test_without_versions_reopening_is_switched_off_not_zero():
    book = tiny(years("p1", 2020, 2021), claims=[claim(closed_at="2020-03-01")])
    panel = build_panel(book, "renewal", as_of="2020-06-01")
    assert panel.info["switched_off"]["claims_reopened_all"] == "each row of claims comes in one version"


def test_the_service_level_of_claims_is_what_their_touchpoints_state():
    terms = frame(years("p1", 2020, 2021))
    base = {"customers": pd.DataFrame({"customer_id": ["c1"]}), "terms": terms,
            "policies": pd.DataFrame({"policy_id": ["p1"], "customer_id": ["c1"], "line": ["motor"]}),
            "claims": frame([claim(customer_id="c1", decided_at="2020-02-17", paid_at="2020-02-17",
                                   recorded_at=None)])}  # fmt: skip
    points = pd.DataFrame({"touchpoint": ["a", "b", "c"], "journey_stage": ["claim", "claim", "cover"],
                           "sla_hours": [24.0, 96.0, 200.0]})  # fmt: skip
    late = describe("past_service_level_share_365d")
    for more, days, share in (({}, 10, 0.0), ({"touchpoints": points}, 12, 0.0),
                              ({"touchpoints": points.assign(sla_hours=[24.0, 40.0, 200.0])}, 5, 1.0),
                              ({"touchpoints": points.assign(sla_hours=None)}, 10, 0.0)):  # fmt: skip
        book = open_book({**base, **more}, data_cutoff="2025-01-01")
        assert load_days(book, [late]).service == days
        assert told(book, late, "2020-06-01") == share
