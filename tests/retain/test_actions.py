"""What to do for whom: the business's table, service before discounts, no offer above a new customer's price."""

import numpy as np
import pandas as pd
import pytest

import churnkit as ck
from churnkit.errors import ContractError, UsageError
from churnkit.retain.actions import assign_actions, check_actions, default_actions, read_actions
from tests.retain.made import book_of, scores_of, tables

TABLE = pd.DataFrame(
    [
        ("price change", "high", "any", "discount", "five percent off", None, 200, 0.5),
        ("price change", "any", "any", "service", "fit the cover", 12, None, None),
        ("waiting", "any", "phone", "discount", "a voucher", 5, 40, 0.25),
    ],
    columns=["reason", "tier", "channel", "kind", "action", "cost", "concession", "accept"],
)


def people(*rows):
    return pd.DataFrame(rows, columns=["group_1", "channel", "given"]).assign(policies=1)


def test_service_acts_come_before_discounts():
    found = assign_actions(
        people(("price change", "phone", 900.0), ("price change", "phone", 10.0), ("waiting", "phone", 20.0),
               ("waiting", "agent", 30.0)),
        check_actions(TABLE), contact_cost=30.0,
    )  # fmt: skip
    assert found["action"].tolist() == ["fit the cover", "fit the cover", "a voucher", ""]
    assert found["then"].tolist() == ["five percent off", "", "", ""]
    assert found["cost"].tolist() == [12.0, 12.0, 5.0, 30.0]
    assert found["concession"].tolist() == [200.0, 0.0, 40.0, 0.0]
    assert found["incentive"].tolist() == [100.0, 0.0, 10.0, 0.0]


def test_tiers_are_thirds_of_those_who_can_be_called():
    made = tables(300)
    everyone = ck.plan_retention(scores_of(made), book_of(made), holdout=0).everyone
    due = everyone["policies"] > 0
    assert (~due).sum() > 100
    assert set(everyone["tier"][~due]) == {"low"}
    sizes = everyone["tier"][due].value_counts()
    assert sizes.max() - sizes.min() <= 1
    given = everyone[due].groupby("tier")["given"]
    assert given.max()["low"] <= given.min()["middle"] <= given.max()["middle"] <= given.min()["high"]


def test_cost_and_incentive_are_in_the_expected_value():
    made = tables(200)
    book, scores = book_of(made), scores_of(made)
    plain = ck.plan_retention(scores, book, capacity=200, contact_cost=30).everyone.set_index("customer_id")
    own = ck.plan_retention(scores, book, capacity=200, contact_cost=30, actions=TABLE).everyone
    own = own.set_index("customer_id")
    less = plain["expected_value"] - own["expected_value"]
    assert less.to_numpy() == pytest.approx((own["cost"] - 30 + own["incentive"]).to_numpy())
    assert own["incentive"].max() == 100
    plan = ck.plan_retention(scores, book, capacity=200, actions=TABLE)
    assert {"action", "then", "concession"} <= set(plan.table)


@pytest.mark.parametrize("columns", [["channel"], ["channel", "branch", "agent_id"]])
def test_a_policy_without_a_channel_gets_the_acts_for_any(columns):
    made = tables(100)
    scores = scores_of(made)
    whole = ck.plan_retention(scores, book_of(made), capacity=50).table
    some = {
        **made,
        "policies": made["policies"].assign(channel=made["policies"]["channel"].where(lambda c: c != "agent")),
    }
    none = {**made, "policies": made["policies"].drop(columns=columns)}
    for other in (some, none):
        table = ck.plan_retention(scores, book_of(other), capacity=50).table
        assert table["customer_id"].tolist() == whole["customer_id"].tolist()
        assert table["action"].tolist() == whole["action"].tolist()


@pytest.mark.parametrize("gap", [None, np.nan, ""])
def test_a_customer_without_a_reason_gets_the_acts_for_any(gap):
    made = tables(100)
    scores = scores_of(made)
    for group in (gap, scores["group_1"].where(scores.index % 2 == 0, gap)):
        people = ck.plan_retention(scores.assign(group_1=group), book_of(made)).everyone
        said = people.loc[people["group_1"].isna() | (people["group_1"] == ""), "action"]
        assert len(said) and set(said) == {"renewal call: ask what matters, answer open questions"}


def test_the_table_that_ships_is_valid_in_both_languages():
    for language in ("en", "zh"):
        table = check_actions(default_actions(language))
        assert table["concession"].sum() == 0
        assert (table["kind"] == "service").sum() > 5


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_the_business_edits_a_file(tmp_path, ending):
    path = tmp_path / f"actions{ending}"
    TABLE.to_csv(path, index=False) if ending == ".csv" else TABLE.to_excel(path, index=False)
    pd.testing.assert_frame_equal(read_actions(path), check_actions(TABLE))


def test_everything_wrong_with_a_table_is_said_at_once(tmp_path):
    bad = TABLE.assign(reason=["prize", "waiting", "waiting"], cost=["x", 1, -1], kind=["service", "gift", "service"])
    with pytest.raises(ContractError, match=r"'prize'.*'gift'.*cost 'x'.*cost -1"):
        check_actions(bad)
    with pytest.raises(ContractError, match="no kind"):
        check_actions(TABLE.drop(columns="kind"))
    with pytest.raises(UsageError, match=r"\.csv or \.xlsx"):
        read_actions(tmp_path / "none.csv")
    (tmp_path / "bad.xlsx").write_text("no workbook")
    with pytest.raises(ContractError, match="can be read"):
        read_actions(tmp_path / "bad.xlsx")


def test_an_offer_above_the_new_business_price_is_to_be_corrected_first():
    made = tables(200)
    book, scores = book_of(made), scores_of(made)
    plan = ck.plan_retention(scores, book, capacity=50)
    assert "price_check" not in plan.table
    ids = made["policies"]["policy_id"]
    prices = pd.DataFrame({"policy_id": ids, "new_business_price": np.where(np.arange(len(ids)) % 2, 1000.0, 1200.0)})
    checked = ck.plan_retention(scores, book, capacity=50, new_business=prices.iloc[: len(ids) // 2])
    said = checked.table["price_check"]
    assert set(said) == {"ok", "", "offer 1,100 above the new-business price 1,000: correct it first"}
    with pytest.raises(ContractError, match="new_business_price"):
        ck.plan_retention(scores, book, new_business=prices.rename(columns={"new_business_price": "price"}))
