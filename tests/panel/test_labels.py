"""What became of an observation, one rule per test."""

import numpy as np
import pandas as pd
import pytest

from churnkit.book.settings import ChurnSettings
from churnkit.errors import ContractError
from churnkit.panel.build import build_panel
from churnkit.panel.feature import Feature

from .tiny import term, tiny, years

ONE = (Feature("tenure_days", "observation", "attribute", column="tenure_days"),)
HELD = (Feature("policies_held", "observation", "attribute", column="policies_held"),)
# two policies of another customer, one renewed and one not, so that both classes are always there
OTHERS = [*years("q1", 2020, 2022), *years("q2", 2020, 2021)]
OTHER_POLICIES = {"q1": {"customer_id": "z"}, "q2": {"customer_id": "z"}}


def renewal(terms, lead=90, policies=None, **more):
    """(label, cause) of each term of customer c1."""
    book = tiny([*terms, *OTHERS], policies=OTHER_POLICIES | (policies or {}), **more)
    panel = build_panel(book, "renewal", features=ONE, leads=(lead,), keep_unlabelled=True)
    mine = panel.keys["customer_id"] == "c1"
    return {
        name: cause or label
        for name, label, cause in zip(
            panel.keys["term_id"][mine], panel.y[mine], panel.keys["cause"][mine], strict=True
        )
    }


def first_term(**ended):
    return term("t", "2020-01-01", "2021-01-01", **ended)


@pytest.mark.parametrize(
    ("start", "label"), [("2020-11-02", 1), ("2020-11-01", 0), ("2021-01-30", 1), ("2021-01-31", 0)]
)
def test_a_successor_starts_in_the_sixty_days_before_the_end_or_within_grace(start, label):
    found = renewal([first_term(), term("next", start, "2022-01-01", issued_at=start, recorded_at=start)])
    assert found["t"] == label


def test_grace_is_sixty_days_for_life_and_the_policys_own_where_it_says():
    late = term("next", "2021-02-20", "2022-01-01")
    assert renewal([first_term(), late])["t"] == 0
    assert renewal([first_term(), late], policies={"p1": {"line": "life"}})["t"] == 1
    assert renewal([first_term(), late], policies={"p1": {"line": "life", "grace_days": 30}})["t"] == 0


def test_a_successor_on_another_policy_counts_if_it_names_the_old_one():
    new = term("new", "2021-01-05", "2022-01-05", "p9")
    assert renewal([first_term(), new])["t"] == 0
    assert renewal([first_term(), new], policies={"p9": {"previous_policy_id": "p1"}})["t"] == 1


def test_a_successor_renews_one_term_only():
    twins = [first_term(), term("twin", "2020-01-01", "2021-01-01")]
    found = renewal(
        [*twins, term("next", "2021-01-01", "2022-01-01", issued_at="2020-12-30", recorded_at="2020-12-30")]
    )
    assert (found["t"], found["twin"]) == (1, 0)


def test_a_successor_in_free_look_was_never_sold():
    free = {"ended_date": "2021-01-10", "end_reason": "free_look", "ended_recorded_at": "2021-01-11"}
    assert renewal([first_term(), term("next", "2021-01-01", "2022-01-01", **free)])["t"] == 0


@pytest.mark.parametrize("reason", ["expired", "customer_cancelled", "nonpayment", "surrendered", "unknown", None])
def test_without_successor_every_way_out_of_the_customer_is_a_lapse(reason):
    assert renewal([first_term(ended_date="2020-12-20", end_reason=reason, ended_recorded_at="2020-12-21")])["t"] == 0


@pytest.mark.parametrize(
    "reason", ["insurer_declined", "insurer_cancelled", "death", "total_loss", "object_sold", "matured", "replaced"]
)
def test_other_exits_are_null_and_their_cause_is_counted(reason):
    gone = first_term(ended_date="2020-12-20", end_reason=reason, ended_recorded_at="2020-12-21")
    assert renewal([gone])["t"] == reason
    panel = build_panel(tiny([gone, *OTHERS], policies=OTHER_POLICIES), "renewal", features=ONE, leads=(90,))
    assert panel.info["excluded"][reason] == 1
    assert panel.y.notna().all()


@pytest.mark.parametrize(("cutoff", "label"), [("2021-02-07", 0), ("2021-02-06", "unripe")])
def test_a_label_is_ripe_when_grace_and_slack_are_over(cutoff, label):
    others = [term("a", "2018-01-01", "2019-01-01", "q1"), *years("q2", 2018, 2020)]
    book = tiny([first_term(), *others], policies=OTHER_POLICIES, cutoff=cutoff)
    panel = build_panel(book, "renewal", features=ONE, leads=(90,), keep_unlabelled=True)
    row = panel.keys["term_id"] == "t"
    assert (panel.keys["cause"][row].item() or panel.y[row].item()) == label
    assert panel.keys["ripe_at"][row].item() == pd.Timestamp("2021-02-07")


def test_an_unripe_label_is_null_even_if_the_term_was_renewed_already():
    found = renewal(years("p1", 2024, 2026), lead=90, cutoff="2025-01-05")
    assert found["p1-2024"] == "unripe"


def churn(terms, snapshot="2020-04-01", settings=None, policies=None, cutoff="2025-01-01"):
    """Label, or cause, of customer c1."""
    lost = term("y", "2020-01-01", "2020-06-01", "q2")
    others = [*years("q1", 2020, 2025), lost]
    owners = {"q1": {"customer_id": "y"}, "q2": {"customer_id": "z"}}
    book = tiny([*terms, *others], policies=owners | (policies or {}), churn=settings, cutoff=cutoff)
    panel = build_panel(book, "churn", features=HELD, snapshots=[snapshot], keep_unlabelled=True)
    mine = panel.keys["entity"] == "c1"
    return panel.keys["cause"][mine].item() or panel.y[mine].item()


def test_a_customer_covered_throughout_has_not_churned():
    assert churn(years("p1", 2020, 2023)) == 0


@pytest.mark.parametrize(("back", "label"), [("2020-08-30", 1), ("2020-08-29", 0)])
def test_churn_is_a_run_of_gap_days_without_cover(back, label):
    assert churn([term("a", "2020-01-01", "2020-06-01"), term("b", back, "2023-01-01")]) == label


@pytest.mark.parametrize(("end", "label"), [("2021-04-01", 1), ("2021-04-02", 0)])
def test_the_run_begins_by_the_horizon(end, label):
    assert churn([term("a", "2020-01-01", end)]) == label


def test_cover_is_the_union_over_policies():
    two = [term("a", "2020-01-01", "2020-06-01"), term("b", "2020-05-01", "2022-01-01", "p2")]
    assert churn(two, policies={"p2": {"customer_id": "c1"}}) == 0
    assert churn(two, policies={"p2": {"customer_id": "someone"}}) == 1


def test_cover_ends_when_the_term_ended_and_not_when_it_was_to_end():
    early = {"ended_date": "2020-07-01", "end_reason": "customer_cancelled", "ended_recorded_at": "2020-07-02"}
    assert churn([term("a", "2020-01-01", "2023-01-01", **early)]) == 1


@pytest.mark.parametrize("reason", ["death", "insurer_cancelled", "insurer_declined"])
def test_death_and_insurer_exits_are_no_churn(reason):
    gone = {"ended_date": "2020-07-01", "end_reason": reason, "ended_recorded_at": "2020-07-02"}
    assert churn([term("a", "2020-01-01", "2023-01-01", **gone)]) == reason


def test_coming_back_after_the_gap_is_a_win_back_and_churn_all_the_same():
    assert churn([term("a", "2020-01-01", "2020-06-01"), *years("p1", 2021, 2024)]) == 1


def test_explicit_exits_need_neither_gap_nor_slack():
    explicit = ChurnSettings(gap_days=0, slack_days=0, horizon_days=365)
    out = {"ended_date": "2021-03-31", "end_reason": "surrendered", "ended_recorded_at": "2021-03-31"}
    terms = [term("a", "2020-01-01", "2030-01-01", **out)]
    assert churn(terms, settings=explicit, cutoff="2021-04-01") == 1
    assert churn(years("p1", 2020, 2025), settings=explicit) == 0


def test_churn_labels_ripen_after_horizon_gap_and_slack():
    ripe = pd.Timestamp("2020-04-01") + pd.Timedelta(days=365 + 90 + 7)
    assert churn(years("p1", 2020, 2023), cutoff=str(ripe)) == 0
    with pytest.raises(ContractError, match="ripe labels"):
        churn(years("p1", 2020, 2023), cutoff=str(ripe - pd.Timedelta(days=1)))


def test_a_leaver_whose_exit_was_recorded_late_is_still_a_leaver():
    late = {"ended_date": "2020-03-20", "end_reason": "customer_cancelled", "ended_recorded_at": "2020-05-02"}
    assert churn([term("a", "2020-01-01", "2021-01-01", **late)]) == 1


def test_no_ripe_label_names_the_day_the_first_ripens():
    with pytest.raises(ContractError, match=r"CLS28.*2025-02-07"):
        build_panel(tiny(years("p1", 2024, 2025)), "renewal", features=ONE, leads=(90,))


def test_one_class_only_is_refused():
    with pytest.raises(ContractError, match="both classes"):
        build_panel(tiny(years("p1", 2020, 2021)), "renewal", features=ONE, leads=(90,))


def test_as_of_rows_have_no_label_and_no_ripening():
    panel = build_panel(tiny(years("p1", 2020, 2021)), "renewal", features=ONE, as_of="2020-05-01")
    assert np.isnan(panel.y).all()
    assert panel.keys["ripe_at"].isna().all()
