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


NEW = term("new", "2021-01-05", "2022-01-05", "p9")
WAYS = ((), ("object",), ("line",), ("household",))


SUCCESSORS = [
    ({"object_id": "o"}, {("object",), ("line",), ("household",)}),
    ({"object_id": "another"}, {("line",), ("household",)}),
    ({"object_id": None}, {("line",), ("household",)}),
    ({"object_id": "o", "line": "home"}, set()),
    ({"object_id": "o", "customer_id": "partner"}, {("household",)}),
    ({"object_id": "o", "customer_id": "stranger"}, set()),
]


@pytest.mark.parametrize("match", WAYS)
def test_a_successor_under_another_number_is_found_in_the_ways_that_are_set(match):
    """A customer for each kind of successor, all in one book."""
    terms, policies, people = [*OTHERS], dict(OTHER_POLICIES), {}
    for i, (facts, _) in enumerate(SUCCESSORS):
        terms.append(term(f"t{i}", "2020-01-01", "2021-01-01", f"p{i}"))
        terms.append(term(f"new{i}", "2021-01-05", "2022-01-05", f"n{i}"))
        policies[f"p{i}"] = {"object_id": "o", "customer_id": f"me{i}"}
        policies[f"n{i}"] = facts | {"customer_id": f"{facts.get('customer_id', 'me')}{i}"}
        people |= {f"me{i}": {"household_id": f"h{i}"}, f"partner{i}": {"household_id": f"h{i}"},
                   f"stranger{i}": {"household_id": None}}  # fmt: skip
    book = tiny(terms, policies=policies, customers=people, match=match)
    panel = build_panel(book, "renewal", features=ONE, leads=(90,), keep_unlabelled=True)
    found = dict(zip(panel.keys["term_id"], panel.y, strict=True))
    assert [found[f"t{i}"] for i in range(len(SUCCESSORS))] == [match in found_by for _, found_by in SUCCESSORS]


def test_the_same_policy_comes_before_the_object_and_the_object_before_the_line():
    policies = {"p1": {"object_id": "o"}, "p2": {"object_id": "o2"}, "p8": {"object_id": "o2"}}
    other = term("other", "2020-01-01", "2021-01-01", "p2")
    soon = [term("soon", "2020-12-25", "2021-12-25", "p8"), term("again", "2021-01-01", "2022-01-01")]
    found = renewal([first_term(), other, *soon], policies=policies, match=("object", "line"))
    assert (found["t"], found["other"]) == (1, 1)  # by the line, t would have taken the only successor of other
    assert renewal([first_term(), other, *soon[:1]], policies=policies, match=("object", "line"))["t"] == 0
    assert renewal([first_term(), other, *soon[1:]], policies=policies, match=("object", "line"))["other"] == 0


def test_under_another_number_only_the_first_term_of_a_policy_is_a_renewal():
    lapsed_and_back = [term("a", "2019-01-01", "2020-01-01", "p9"), NEW]
    assert renewal([first_term(), *lapsed_and_back], match=("line",))["t"] == 0
    assert renewal([first_term(), NEW], match=("line",))["t"] == 1
    assert renewal([first_term(), *lapsed_and_back], policies={"p9": {"previous_policy_id": "p1"}})["t"] == 0


def cancelled(day="2020-06-01", reason="nonpayment", **rest):
    return first_term(ended_date=day, end_reason=reason, ended_recorded_at=day) | rest


def back(start, end="2021-01-01", **rest):
    return term("back", start, end, issued_at=start, recorded_at=start) | rest


NEXT = term("next", "2021-01-01", "2022-01-01")
DIED = {"ended_date": "2020-12-01", "end_reason": "death", "ended_recorded_at": "2020-12-02"}


@pytest.mark.parametrize("reason", ["customer_cancelled", "nonpayment", "insurer_cancelled"])
def test_a_term_reinstated_within_grace_is_labelled_with_the_term_that_took_it_up(reason):
    old = cancelled(reason=reason)
    assert renewal([old, back("2020-06-10"), NEXT], lead=230) == {"t": 1, "next": 0}
    assert renewal([old, back("2020-06-10")], lead=230) == {"t": 0}
    assert renewal([old, back("2020-06-10", **DIED)], lead=230) == {"t": "death"}
    left = {"nonpayment": 0, "customer_cancelled": 0, "insurer_cancelled": "insurer_cancelled"}
    assert renewal([old], lead=230) == {"t": left[reason]}


@pytest.mark.parametrize(
    ("again", "label"),
    [
        (back("2020-06-01"), "death"),
        (back("2020-07-01"), "death"),
        (back("2020-07-02"), 0),  # later than grace
        (back("2020-05-31"), 0),  # before the cancellation
        (back("2020-06-10", "2021-01-02"), "death"),
        (back("2020-06-10", "2020-12-31"), "death"),
        (back("2020-06-10", "2021-01-03"), 0),  # other cover
        (back("2020-06-10", policy_id="p7"), 0),
    ],
)
def test_reinstatement_starts_within_grace_and_has_the_same_scheduled_end(again, label):
    assert renewal([cancelled(), again | DIED], lead=230)["t"] == label


def test_a_surrender_or_a_loss_is_not_taken_back():
    for reason, label in (("surrendered", 0), ("total_loss", "total_loss")):
        assert renewal([cancelled(reason=reason), back("2020-06-10", **DIED)], lead=230)["t"] == label


def test_a_term_of_free_look_takes_up_nothing():
    free = {"ended_date": "2020-06-15", "end_reason": "free_look", "ended_recorded_at": "2020-06-16"}
    assert renewal([cancelled(), back("2020-06-10", **free), NEXT], lead=230)["t"] == 1
    assert renewal([cancelled(), back("2020-06-10", **free)], lead=230)["t"] == 0


def test_reinstatement_under_another_number_counts_where_the_numbers_are_tied():
    old, again, then = cancelled(), back("2020-06-10", policy_id="p7"), NEXT | {"policy_id": "p8"}
    chain = {"p7": {"previous_policy_id": "p1"}, "p8": {"previous_policy_id": "p7"}}
    assert renewal([old, again, then], lead=230, policies=chain)["t"] == 1
    car = {policy: {"object_id": "car"} for policy in ("p1", "p7", "p8")}
    assert renewal([old, again, then], lead=230, policies=car, match=("object",))["t"] == 1
    assert renewal([old, again, then], lead=230, policies=car)["t"] == 0


def test_a_spell_renews_as_its_first_term_and_is_renewed_as_its_last():
    before = term("before", "2019-01-01", "2020-01-01")
    twice = [cancelled("2020-11-20"), back("2020-11-25", ended_date="2020-12-05", end_reason="nonpayment",
             ended_recorded_at="2020-12-05"), back("2020-12-06") | {"term_id": "back again"}]  # fmt: skip
    assert renewal([before, *twice, NEXT], lead=61) == {"before": 1, "t": 1, "next": 0}
    assert renewal([before, *twice], lead=61) == {"before": 1, "t": 0}  # taking up again is no renewal


def test_where_the_reinstated_term_is_dropped_it_is_counted_as_such():
    book = tiny([cancelled(), back("2020-06-10"), NEXT, *OTHERS], policies=OTHER_POLICIES)
    panel = build_panel(book, "renewal", features=ONE, leads=(90, 230))
    assert panel.info["excluded"]["reinstated"] == 1  # at lead 90, where its heir stands for it
    seen = panel.keys[panel.keys["customer_id"] == "c1"]
    assert set(zip(seen["term_id"], seen["lead_days"], strict=True)) >= {("t", 230), ("back", 90)}


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


@pytest.mark.parametrize(("gap", "again", "label"), [(0, "2020-06-10", 0), (0, "2020-07-02", 1), (90, None, 1)])
def test_between_a_cancellation_and_its_reinstatement_there_is_no_gap(gap, again, label):
    terms = [cancelled(), *([back(again)] if again else []), *(years("p1", 2021, 2024) if again else [])]
    assert churn(terms, settings=ChurnSettings(gap_days=gap)) == label


def test_a_reinstated_customer_who_leaves_later_has_churned_then():
    left = back("2020-06-10", ended_date="2020-09-01", end_reason="customer_cancelled", ended_recorded_at="2020-09-01")
    assert churn([cancelled(reason="insurer_cancelled"), left]) == 1
    assert churn([cancelled(reason="insurer_cancelled")]) == "insurer_cancelled"


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
