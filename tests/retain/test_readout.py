"""Whether it worked: intention to treat, with intervals that hold the truth, and people's judgement beside it."""

import numpy as np
import pandas as pd
import pytest

import churnkit as ck
from churnkit.errors import ContractError, UsageError
from churnkit.retain.judged import judged_overrides, judged_reasons
from churnkit.retain.outcome_labels import renewals_of
from churnkit.retain.readout import _difference, read_out
from tests.retain.made import AS_OF, book_of, scores_of, tables


def final(made, renewed):
    """The book when all is over: policies in `renewed` have a next term, the others expired."""
    terms = made["terms"]
    due = terms[(terms["end_date"] > AS_OF) & terms["policy_id"].isin(renewed) & ~terms["term_id"].str.startswith("N")]
    again = due.assign(term_id="X" + due["policy_id"], start_date=due["end_date"], issued_at=due["end_date"],
                       end_date=due["end_date"] + pd.Timedelta("365D"), recorded_at=due["end_date"])  # fmt: skip
    ended = terms["ended_date"].isna() & ~terms["term_id"].str.startswith("N")
    over = terms.copy()
    over.loc[ended, "ended_date"] = over.loc[ended, "ended_recorded_at"] = over.loc[ended, "end_date"]
    over.loc[ended, "end_reason"] = np.where(over.loc[ended, "policy_id"].isin(renewed), "renewed", "expired")
    again = again.assign(ended_date=pd.NaT, end_reason=None, ended_recorded_at=pd.NaT)
    return {**made, "terms": pd.concat([over, again], ignore_index=True)}


@pytest.fixture(scope="module")
def read():
    made = tables(1500, seed=1)
    plan = ck.plan_retention(scores_of(made), book_of(made), capacity=250, holdout=0.3, explore=0.1)
    arms = plan.policies.merge(plan.everyone[["customer_id", "arm"]])
    treat = (arms["arm"] == "treat").to_numpy()
    chance = np.clip(arms["renewal"] + np.where(treat, 0.3, 0.0), 0, 1)
    renewed = arms.loc[np.random.default_rng(3).random(len(arms)) < chance, "policy_id"]
    return made, plan, arms, renewed


def test_saved_renewals_are_measured_as_assigned(read):
    made, plan, arms, renewed = read
    book = ck.open_book(final(made, renewed), data_cutoff=AS_OF + pd.Timedelta("300D"))
    done = read_out(plan, book)
    saved = done.table.loc["renewals_saved"]
    ranked = plan.everyone[(plan.everyone["arm"] == "treat") & (plan.everyone["chosen"] == "rank")]
    mine = arms[arms["customer_id"].isin(ranked["customer_id"])]
    truth = np.minimum(0.3, 1 - mine["renewal"]).sum()
    assert saved["low"] < truth < saved["high"]
    assert saved["low"] > 0
    assert done.arms.loc["treat", "customers"] == len(ranked)  # those drawn at random are not compared
    assert not done.cost_known
    cost = (ranked["cost"] + ranked["incentive"]).sum()
    assert done.table.loc["net_value", "estimate"] == pytest.approx(done.table.loc["value_saved", "estimate"] - cost)
    assert done.needed is not None
    assert done.needed.held_out > 0
    assert "no outcomes were imported" in done.text


def test_labels_are_those_of_the_renewal_panel(read):
    made, _, arms, renewed = read
    book = ck.open_book(final(made, renewed), data_cutoff=AS_OF + pd.Timedelta("300D"))
    y = renewals_of(arms[["policy_id", "end_date"]], book, AS_OF)
    assert y.notna().all()
    assert (y == arms["policy_id"].isin(renewed)).all()
    early = ck.open_book(final(made, renewed), data_cutoff=AS_OF + pd.Timedelta("40D"))
    assert renewals_of(arms[["policy_id", "end_date"]], early, AS_OF).isna().sum() > 0.5 * len(arms)


def test_too_few_outcomes_are_refused_with_what_to_do(read):
    made, plan, _, renewed = read
    early = ck.open_book(final(made, renewed), data_cutoff=AS_OF + pd.Timedelta("20D"))
    with pytest.raises(ContractError, match="Wait for more renewals"):
        read_out(plan, early)
    with pytest.raises(UsageError, match="level"):
        read_out(plan, early, level=95)
    with pytest.raises(UsageError, match="of lists"):
        read_out([], early)


LISTS = [(150, 16, 0.1), *(pytest.param(*case, marks=pytest.mark.recovery) for case in
         ((800, 90, 0.05), (60, 40, 0.0), (90, 7, 0.05)))]  # fmt: skip


@pytest.mark.parametrize(("assigned", "held", "effect"), LISTS)
def test_intervals_hold_the_truth_about_as_often_as_they_say(assigned, held, effect):
    """Chances differ between customers, some come in households of two, a third are driven away."""
    rng = np.random.default_rng(assigned)
    n, covered, many = assigned + held, 0, 600
    chance = rng.uniform(0.2, 0.85, n)
    moved = np.clip(chance + effect * np.where(rng.random(n) < 0.33, -1.0, 1.5), 0, 1)
    home = np.where(rng.random(n) < 0.2, np.maximum(np.arange(n) - 1, 0), np.arange(n))
    for _ in range(many):
        homes = rng.permutation(np.unique(home))
        arm = np.where(np.isin(home, homes[: round(len(homes) * assigned / n)]), "treat", "holdout")
        treat = arm == "treat"
        renewed = rng.random(n) < np.where(treat, moved, chance)
        people = pd.DataFrame(
            {"arm": arm, "share": 0.1, "list_id": "L", "household_id": home, "over": renewed - chance}
        )
        _, low, high = _difference(people, "over", 0.95)
        covered += low <= (moved - chance)[treat].sum() <= high
    assert 0.915 <= covered / many <= 0.985


def test_overrides_are_held_against_what_happened():
    people = pd.DataFrame({"list_id": "L", "customer_id": list("abcd"), "n": [1, 2, 1, 1], "renewed": [1, 2, 0, 1],
                           "expected": [0.9, 1.0, 0.3, 0.4]})  # fmt: skip
    said = ["renews_anyway: fine", "leaves_anyway", "leaves_anyway: x", None]
    told = pd.DataFrame({"list_id": "L", "customer_id": list("abcd"), "overridden": [True, True, True, False],
                         "override_reason": said})  # fmt: skip
    table = judged_overrides(people, told)
    assert table.loc["renews_anyway", ["customers", "renewed", "right"]].tolist() == [1, 1, 1]
    assert table.loc["leaves_anyway", ["customers", "right"]].tolist() == [2, 0.5]
    assert table.loc["leaves_anyway", "predicted"] == pytest.approx(1.3 / 3)


def test_stated_reasons_stand_beside_the_models_with_agreement_by_chance():
    people = pd.DataFrame({"customer_id": list("abcd"), "group_1": ["price change", "waiting", "claims", "customer"]})
    cells = pd.DataFrame({"customer_id": list("abcd"), "stated_reason": ["price", "价格", "other", ""]})
    table = judged_reasons(people, cells)
    assert table.loc["price"].to_dict() == {"claim": 0, "price": 1, "service": 1}
    assert table.attrs["agree"] == pytest.approx(1 / 3)
    assert table.attrs["by_chance"] == pytest.approx(2 / 9)
    assert judged_reasons(people, None).empty
