"""Who is called, who is not, and why."""

import numpy as np
import pandas as pd
import pytest

import churnkit as ck
from churnkit.errors import UsageError
from churnkit.retain.plan import assumed_uplift, plan_retention

AS_OF = pd.Timestamp("2026-10-01")


@pytest.fixture(scope="module")
def book(book_folder):
    return ck.open_book(book_folder)


@pytest.fixture(scope="module")
def scores(book):
    """Scores made up for the book's policies: the plan does not care where they come from."""
    policies = book.sql("SELECT policy_id, customer_id, line FROM policies ORDER BY policy_id").to_pandas()
    rng = np.random.default_rng(5)
    renewal = rng.uniform(0.05, 0.98, len(policies))
    return policies.assign(
        renewal=renewal, s1=renewal, value=renewal * rng.uniform(200, 9000, len(policies)),
        end_date=AS_OF + pd.to_timedelta(rng.integers(1, 365, len(policies)), unit="D"), as_of=AS_OF, reason_1="so",
    )  # fmt: skip


def test_uplift_is_assumed_and_fades_where_it_is_too_late():
    """METHODS: save rate x (1 - renewal), fading to 0 above 90 % risk."""
    assert assumed_uplift([0.5], 0.2) == pytest.approx([0.1])
    assert assumed_uplift([0.1, 0.05, 0.0], 0.2) == pytest.approx([0.18, 0.095, 0.0])


def test_expected_value_is_uplift_times_value_given_renewal_less_the_cost(book, scores):
    plan = plan_retention(scores, book, capacity=20, contact_cost=30, save_rate=0.1)
    ours = scores.set_index("customer_id")
    for row in plan.table.itertuples():
        due = ours.loc[[row.customer_id]]
        due = due[(due["end_date"] - AS_OF).dt.days <= 90]
        by_hand = sum(
            0.1 * (1 - r) * min(1, r / 0.1) * v / s for r, v, s in zip(due.renewal, due.value, due.s1, strict=True)
        )
        assert row.expected_value == pytest.approx(by_hand - 30)


def test_a_default_cost_of_a_contact_is_said_to_be_one(book, scores):
    own = plan_retention(scores, book, capacity=5)
    assert "after 25 per contact. " in own.text  # the simulated book's economics
    assert "after 30 per contact. " in plan_retention(scores, book, capacity=5, contact_cost=30).text
    other = plan_retention(scores.assign(line="boat"), book, capacity=5)
    assert "after 30 per contact (a default, not the insurer's own). " in other.text


def test_the_list_is_the_best_of_those_who_may_be_called(book, scores):
    short = plan_retention(scores, book, capacity=5)
    long = plan_retention(scores, book, capacity=50)
    assert list(long.table["customer_id"][:5]) == list(short.table["customer_id"])
    assert long.table["expected_value"].is_monotonic_decreasing
    assert (long.table["expected_value"] > 0).all()


def test_everybody_is_on_the_list_or_left_out_with_a_reason(book, scores):
    plan = plan_retention(scores, book, capacity=50)
    listed, left = set(plan.table["customer_id"]), set(plan.left_out["customer_id"])
    assert listed.isdisjoint(left)
    assert listed | left == set(scores["customer_id"])
    assert plan.left_out["reason"].notna().all()


def test_nobody_who_must_not_be_called_is_on_the_list(book, scores):
    barred = book.sql(
        "SELECT customer_id FROM customers WHERE do_not_call OR marketing_opt_out OR automated_decision_opt_out"
        " OR deceased_date IS NOT NULL"
    ).to_pandas()
    plan = plan_retention(scores, book, capacity=10_000)
    assert len(barred) > 50
    assert not set(plan.table["customer_id"]) & set(barred["customer_id"])


def test_an_open_complaint_comes_first(book, scores):
    someone = plan_retention(scores, book, capacity=1).table["customer_id"][0]
    tables = {name: book.sql(f"SELECT * FROM raw_{name}").to_pandas().drop(columns="_row") for name in book.tables}
    extra = {"complaint_id": "new", "customer_id": someone, "received_at": AS_OF - pd.Timedelta(days=3),
             "recorded_at": AS_OF - pd.Timedelta(days=3), "source": "company"}  # fmt: skip
    tables["complaints"] = pd.concat([tables["complaints"], pd.DataFrame([extra])], ignore_index=True)
    other = ck.open_book(tables, data_cutoff="2026-10-01")
    plan = plan_retention(scores, other, capacity=1)
    assert plan.table["customer_id"][0] != someone
    assert plan.left_out.set_index("customer_id").loc[someone, "reason"].startswith("open complaint")


def test_the_hold_out_is_whole_households_drawn_before_ranking(book, scores):
    plan = plan_retention(scores, book, capacity=10_000, random_state=3)
    homes = book.sql("SELECT customer_id, coalesce(household_id, customer_id) AS home FROM customers").to_pandas()
    held = plan.left_out[plan.left_out["reason"].str.startswith("hold-out")].merge(homes)
    listed = plan.table.merge(homes)
    assert len(held) > 100
    assert not set(held["home"]) & set(listed["home"])
    richer = scores.assign(value=scores["value"] * np.linspace(1, 5, len(scores)))
    again = plan_retention(richer, book, capacity=10_000, random_state=3)
    assert set(again.left_out.query("reason.str.startswith('hold-out')")["customer_id"]) == set(held["customer_id"])


def test_a_plan_on_scores_that_are_not_for_money_says_so(book, scores):
    mark = "Not for money: the slope lies elsewhere."
    assert plan_retention(scores.assign(not_for_money=mark), book, capacity=5).text.endswith(f"\n{mark}")
    assert (
        plan_retention(scores.assign(not_for_money=""), book, capacity=5).text
        == plan_retention(scores, book, capacity=5).text
    )


def test_a_plan_needs_value(book, scores):
    with pytest.raises(UsageError, match="value"):
        plan_retention(scores.drop(columns="value"), book)
    with pytest.raises(UsageError, match="capacity"):
        plan_retention(scores, book, capacity=0)
