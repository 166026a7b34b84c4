"""Who is called, who is not, and why."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

import churnkit as ck
from churnkit.errors import UsageError
from churnkit.panel.observations import inforce_observations
from churnkit.retain.plan import assumed_uplift, plan_retention
from tests.retain.made import book_of, scores_of, tables

AS_OF = pd.Timestamp("2026-10-01")


@pytest.fixture(scope="module")
def book(book_folder):
    return ck.open_book(book_folder)


@pytest.fixture(scope="module")
def scores(book):
    """Scores made up for the policies up for renewal: the plan does not care where they come from."""
    policies = inforce_observations(book, AS_OF)[["policy_id", "customer_id", "line", "end_date"]]
    policies = policies.sort_values("policy_id", ignore_index=True)
    rng = np.random.default_rng(5)
    renewal = rng.uniform(0.05, 0.98, len(policies))
    return policies.assign(
        renewal=renewal, s1=renewal, value=renewal * rng.uniform(200, 9000, len(policies)),
        as_of=AS_OF, reason_1="so",
    )  # fmt: skip


def test_uplift_is_assumed_the_same_in_log_odds_for_everybody():
    renewal = np.r_[np.random.default_rng(0).uniform(0, 1, 500), np.nan, 0.0, 1.0]
    uplift = assumed_uplift(renewal, 0.2)
    shift = logit((renewal + uplift)[:500]) - logit(renewal[:500])
    np.testing.assert_allclose(shift, shift[0], rtol=1e-6)
    assert np.nansum(uplift) == pytest.approx(0.2 * np.nansum(1 - renewal), rel=1e-5)  # a fifth of all lapses
    assert np.isnan(uplift[500]) and uplift[501] == uplift[502] == 0.0  # who has left, or stays for sure
    np.testing.assert_allclose(assumed_uplift(renewal, 1.0)[:500], (1 - renewal)[:500], atol=1e-9)


@pytest.mark.parametrize("save_rate", [0.0, 1e-18])
def test_a_save_rate_of_nothing_adds_nothing(save_rate):
    for seed in range(5):
        uplift = assumed_uplift(np.random.default_rng(seed).uniform(0, 1, 500), save_rate)
        assert (uplift == 0).all()


def test_expected_value_is_uplift_times_value_given_renewal_less_the_cost(book, scores):
    plan = plan_retention(scores, book, capacity=20, contact_cost=30, save_rate=0.1)
    due = scores[(scores["end_date"] - AS_OF).dt.days <= 90].set_index("customer_id")
    # The best of those with one policy tells how many log-odds a contact is taken to add.
    first = next(row for row in plan.table.itertuples() if (due.index == row.customer_id).sum() == 1)
    single = due.loc[first.customer_id]
    uplift = (first.expected_value + 30) * single.s1 / single.value
    shift = logit(single.renewal + uplift) - logit(single.renewal)
    for row in plan.table.itertuples():
        mine = due.loc[[row.customer_id]]
        by_hand = sum((expit(logit(r) + shift) - r) * v / s
                      for r, v, s in zip(mine.renewal, mine.value, mine.s1, strict=True))  # fmt: skip
        assert row.expected_value == pytest.approx(by_hand - 30)


@pytest.mark.parametrize(("language", "nobody"), [("en", "nobody is held out"), ("zh", "未设对照组")])
def test_without_a_hold_out_nothing_is_said_to_measure_it(book, scores, language, nobody):
    idle = plan_retention(scores, book, capacity=5, holdout=0, language=language)
    assert nobody in idle.text
    assert ("the hold-out of" if language == "en" else "用于检验") not in idle.text
    plan = plan_retention(scores, book, capacity=5, language=language)
    assert nobody not in plan.text
    held = (plan.everyone["code"] == "holdout").sum()
    assert (f"the hold-out of {held:,} customers" if language == "en" else f"对照组{held:,}位客户") in plan.text


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


def test_caps_bind_and_say_so(book, scores):
    caps = {"channel": {"phone": 3}, "agent_id": 2}
    plan = plan_retention(scores, book, capacity=200, caps=caps, explore=0)
    table = plan.table
    assert (table["channel"] == "phone").sum() == 3
    assert table["agent_id"].value_counts().max() == 2
    assert {"no capacity left in the channel", "no capacity left for the agent"} <= set(plan.left_out["reason"])
    best = plan_retention(scores, book, capacity=200, explore=0).table
    phone = best[best["channel"] == "phone"].head(3)["customer_id"]
    assert set(phone) <= set(table["customer_id"])


def test_a_budget_and_a_household_bind(book, scores):
    plan = plan_retention(scores, book, capacity=200, contact_cost=25, budget=260, explore=0)
    assert len(plan.table) == 10
    assert "over the budget" in set(plan.left_out["reason"])
    homes = book.sql("SELECT customer_id, coalesce(household_id, customer_id) AS home FROM customers").to_pandas()
    one, two = (plan_retention(scores, book, capacity=900, per_household=k).table.merge(homes)["home"].value_counts()
                for k in (1, 2))  # fmt: skip
    assert one.max() == 1
    assert two.max() == 2


def test_a_share_is_drawn_at_random_among_those_below(book, scores):
    plain = plan_retention(scores, book, capacity=50, explore=0)
    plan = plan_retention(scores, book, capacity=50, explore=0.2)
    drawn = plan.table[plan.table["chosen"] == "random"]["customer_id"]
    assert len(drawn) == 10
    assert set(plan.table["customer_id"]) - set(drawn) == set(plain.table["customer_id"][:40])
    other = plan_retention(scores, book, capacity=50, explore=0.2, random_state=1)
    assert set(other.table.query("chosen == 'random'")["customer_id"]) != set(drawn)


def test_the_hold_outs_ranks_are_those_of_the_same_rule(book, scores):
    """The held out who would have been listed are worth what the listed are worth: at least the last one's."""
    plan = plan_retention(scores, book, capacity=60, holdout=0.3, explore=0)
    everyone = plan.everyone
    would = everyone[everyone["arm"] == "holdout"]
    assert len(would) > 5
    last = plan.table["expected_value"].min()
    assert would["expected_value"].min() >= last
    never = everyone[everyone["held"] & everyone["free"] & (everyone["arm"] == "")]
    assert never["expected_value"].max() <= last


def test_whoever_is_in_an_experiment_keeps_the_arm(book, scores):
    first = plan_retention(scores, book, capacity=100, random_state=1)
    earlier = first.everyone.loc[first.everyone["arm"] != "", ["customer_id", "arm"]]
    again = plan_retention(scores, book, capacity=100, random_state=2, earlier=earlier)
    before = earlier.set_index("customer_id")["arm"]
    held = again.everyone.set_index("customer_id")["held"]
    assert held[before.index[before == "holdout"]].all()
    fresh = plan_retention(scores, book, capacity=100, random_state=2).everyone.set_index("customer_id")["held"]
    assert not fresh[before.index[before == "holdout"]].all()
    homes = first.everyone.set_index("customer_id")["household_id"]
    kept = set(homes[before.index[before == "holdout"]])
    treated = [who for who in before.index[before == "treat"] if homes[who] not in kept]
    assert not held[treated].any()


def test_the_same_seed_gives_the_same_list_whatever_the_order_of_scores(book, scores):
    one = plan_retention(scores, book, capacity=50, random_state=7)
    two = plan_retention(scores.sample(frac=1, random_state=3), book, capacity=50, random_state=7)
    assert one.list_id == two.list_id
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.list_id != plan_retention(scores, book, capacity=50, random_state=8).list_id


def test_the_curve_goes_through_the_list_and_on(book, scores):
    plan = plan_retention(scores, book, capacity=40, explore=0)
    curve = plan.curve.set_index("contacts")
    assert curve.loc[40, "expected_value"] == pytest.approx(plan.table["expected_value"].sum())
    assert curve["on_list"].sum() == (curve.index <= 40).sum()
    longer = plan_retention(scores, book, capacity=140, explore=0)
    unbound = plan_retention(scores, book, capacity=140, explore=0, per_household=9)
    added = longer.table["expected_value"].sum() - plan.table["expected_value"].sum()
    assert (
        added - 1e-6
        <= plan.next_worth
        <= unbound.table["expected_value"].sum() - plan.table["expected_value"].sum() + 1e-6
    )


def test_an_uplift_in_the_scores_replaces_the_assumed_one(book, scores):
    repelled = scores["customer_id"].isin(plan_retention(scores, book, capacity=20).table["customer_id"])
    plan = plan_retention(scores.assign(uplift=np.where(repelled, -0.05, 0.02)), book, capacity=20, holdout=0)
    assert not set(plan.table["customer_id"]) & set(scores.loc[repelled, "customer_id"])
    assert "learnt from an experiment" in plan.text
    assert "assumed" in plan_retention(scores, book, capacity=20).text


def test_rules_out_of_range_are_named_all_at_once(book, scores):
    with pytest.raises(UsageError, match=r"capacity=0, holdout=1.5, explore=-1") as error:
        plan_retention(scores, book, capacity=0, holdout=1.5, explore=-1)
    assert error.value.exit_code == 2
    odd = {"capacity": float("nan"), "per_household": 2.5, "valid_days": True, "random_state": 1.5,
           "holdout": "a tenth", "save_rate": None, "budget": float("nan")}  # fmt: skip
    with pytest.raises(UsageError) as error:
        plan_retention(scores, book, **odd)
    assert all(f"{name}={value!r}" in str(error.value) for name, value in odd.items())
    with pytest.raises(UsageError, match="Caps are by channel"):
        plan_retention(scores, book, caps={"town": 3})
    with pytest.raises(UsageError, match="number of contacts"):
        plan_retention(scores, book, caps={"branch": {"B01": -1}})


def test_caps_on_what_the_book_does_not_have_are_named_all_at_once(book, scores):
    caps = {"branch": {"b05": 1, "B99": 2, "B01": 3}, "channel": {"carrier pigeon": 1}, "agent_id": 4}
    with pytest.raises(UsageError, match=r"branch 'b05', branch 'B99', channel 'carrier pigeon'\. They") as error:
        plan_retention(scores, book, caps=caps)
    assert "branch: B00, B01, B02, B03, B04 … (8 in all)" in str(error.value)
    assert "agent_id" not in str(error.value)
    made = tables(30)
    nowhere = book_of({**made, "policies": made["policies"].drop(columns="branch")})
    with pytest.raises(UsageError, match=r"Found: branch\. They have branch: none"):
        plan_retention(scores_of(made), nowhere, caps={"branch": 4})


def test_numbers_of_numpy_are_numbers(book, scores):
    plan = plan_retention(scores, book, capacity=np.int64(9), holdout=np.float32(0.25), budget=np.int32(900))
    same = plan_retention(scores, book, capacity=9, holdout=0.25, budget=900.0)
    assert plan.list_id == same.list_id


def test_whom_the_books_do_not_know_is_not_called(book, scores):
    """A do-not-call customer whose id is misspelt in the scores would else be called."""
    who = plan_retention(scores, book, capacity=5).table["customer_id"][0]
    odd = scores.assign(customer_id=scores["customer_id"].replace(who, who.lower()))
    plan = plan_retention(odd, book, capacity=5)
    assert who.lower() not in set(plan.table["customer_id"])
    assert "not in the table of customers" in plan.why(who.lower())


def test_scores_may_be_empty_and_come_from_any_file(book, scores):
    none = plan_retention(scores.head(0), book)
    assert none.table.empty and none.left_out.empty
    text = plan_retention(scores.assign(end_date=scores["end_date"].astype(str), as_of="2026-10-01"), book, capacity=9)
    pd.testing.assert_frame_equal(text.table, plan_retention(scores, book, capacity=9).table)
    with pytest.raises(UsageError, match="dates"):
        plan_retention(scores.assign(end_date="soon"), book)
    for name in ("customer_id", "policy_id"):
        with pytest.raises(UsageError, match="1 without"):
            plan_retention(scores.assign(**{name: scores[name].mask(scores.index == 3)}), book)


def test_a_chinese_list_answers_in_chinese(book, scores):
    prices = scores[["policy_id"]].assign(new_business_price=1.0)
    plan = plan_retention(scores, book, capacity=5, language="zh", new_business=prices)
    for who in (plan.table["customer_id"][0], plan.left_out["customer_id"][0], "nobody"):
        words = plan.why(who).removeprefix(who)
        assert not any("a" <= letter.lower() <= "z" for letter in words), words
    assert all("先更正" in each or each in ("", "正常") for each in plan.table["price_check"])
