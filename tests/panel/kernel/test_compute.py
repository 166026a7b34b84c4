"""Features of tiny histories: window edges, ties, nulls, late rows and versions."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnkit.errors import ContractError, LeakageError, UsageError
from churnkit.panel.arrays import NEVER
from churnkit.panel.build import build_panel
from churnkit.panel.feature import Feature, Where
from churnkit.panel.kernel.compute import compute_features

from ..tiny import term, tiny

AS_OF = "2021-06-01"


def feature(aggregate="count", table="interactions", **spec):
    return Feature("f", table, aggregate, **spec)


def value(spec, events, *, as_of=AS_OF, policies=None, more=()):
    """The feature of the one policy in force, at AS_OF."""
    terms = [term("t", "2021-01-01", "2022-01-01"), *more]
    events = [
        {"recorded_at": row.get("started_at") or row.get("reported_at") or row.get("sent_at")} | row for row in events
    ]
    book = tiny(terms, policies=policies, **{spec.table: events})
    panel = build_panel(book, "renewal", features=[spec], as_of=as_of)
    return panel.X.loc[panel.keys["term_id"] == "t", "f"].item()


def contact(at, **rest):
    return {
        "started_at": at,
        "channel": "phone",
        "initiator": "customer",
        "policy_id": "p1",
        "wait_seconds": 10.0,
    } | rest


def test_an_event_at_the_cutoff_is_not_yet_known():
    assert value(feature(), [contact("2021-06-01")]) == 0
    assert value(feature(), [contact("2021-05-31 23:59:59")]) == 1


def test_an_event_exactly_365_days_before_is_in_the_365_day_window():
    assert value(feature(days=365), [contact("2020-06-01")]) == 1
    assert value(feature(days=365), [contact("2020-05-31 23:59:59")]) == 0


def test_an_event_recorded_at_or_after_the_cutoff_is_not_yet_known():
    assert value(feature(), [contact("2021-05-01", recorded_at="2021-06-01")]) == 0
    assert value(feature(), [contact("2021-05-01", recorded_at="2021-05-31 23:59")]) == 1


def test_a_late_row_leaves_the_others_of_its_customer_as_they_are():
    late = contact("2021-04-01", wait_seconds=100.0, recorded_at="2021-07-01")
    rows = [contact("2021-03-01", wait_seconds=1.0), late, contact("2021-05-01", wait_seconds=4.0)]
    for aggregate, now, later in (("sum", 5, 105), ("mean", 2.5, 35), ("max", 4, 100), ("min", 1, 1), ("last", 4, 4)):
        spec = feature(aggregate, column="wait_seconds")
        assert value(spec, rows) == now
        assert value(spec, rows, as_of="2021-08-01") == later
    assert value(feature("days_since"), rows[:2]) == 92


def test_of_several_versions_the_latest_visible_counts():
    rows = [
        contact("2021-03-01", interaction_id="i", wait_seconds=7.0, recorded_at="2021-03-01"),
        contact("2021-03-01", interaction_id="i", wait_seconds=9.0, recorded_at="2021-05-01"),
    ]
    spec = feature("sum", column="wait_seconds")
    assert value(spec, rows, as_of="2021-04-01") == 7
    assert value(spec, rows, as_of="2021-05-01") == 7
    assert value(spec, rows, as_of="2021-05-02") == 9


def test_a_version_that_moved_the_event_counts_at_its_old_time_until_it_is_corrected():
    moved = contact("2021-05-01", interaction_id="i", recorded_at="2021-05-10")
    rows = [contact("2021-03-01", interaction_id="i", recorded_at="2021-03-01"), moved]
    for as_of, month, quarter in (
        ("2021-04-01", 0, 1),
        ("2021-05-10", 0, 1),
        ("2021-05-11", 1, 1),
        ("2021-07-01", 0, 1),
    ):
        assert value(feature(days=30), rows, as_of=as_of) == month
        assert value(feature(days=90), rows, as_of=as_of) == quarter


def test_counts_of_nobody_are_zero_and_means_of_nothing_are_missing():
    other = [contact("2021-05-01", customer_id="c2")]
    for aggregate in ("count", "sum"):
        assert value(feature(aggregate, column="wait_seconds" if aggregate == "sum" else ""), other) == 0
    for aggregate in ("mean", "min", "max", "last", "slope"):
        assert math.isnan(value(feature(aggregate, column="wait_seconds"), other))
    assert math.isnan(value(feature("days_since"), other))


def test_null_values_are_passed_over_and_last_is_the_last_that_is_not_null():
    rows = [contact("2021-03-01", wait_seconds=3.0), contact("2021-04-01", wait_seconds=None)]
    assert value(feature("mean", column="wait_seconds"), rows) == 3
    assert value(feature("last", column="wait_seconds"), rows) == 3
    assert value(feature("count"), rows) == 2


def test_ties_go_by_recording_time_and_then_by_id():
    at = "2021-05-01"
    early, late = contact(at, interaction_id="b", wait_seconds=1.0), contact(at, interaction_id="a", wait_seconds=2.0,
                                                                             recorded_at="2021-05-02")  # fmt: skip
    twin = contact(at, interaction_id="c", wait_seconds=3.0)
    spec = feature("last", column="wait_seconds")
    assert value(spec, [late, early, twin]) == 2
    assert value(spec, [twin, early]) == 3


def test_the_last_text_is_text():
    rows = [contact("2021-03-01", topic="price"), contact("2021-04-01", topic="claim")]
    assert value(feature("last", column="topic"), rows) == "claim"


def test_policy_scope_counts_the_own_policy_only():
    rows = [contact("2021-05-01"), contact("2021-05-02", policy_id="p2"), contact("2021-05-03", policy_id=None)]
    more = [term("u", "2021-01-01", "2022-01-01", "p2")]
    assert value(feature(scope="policy"), rows, more=more) == 1
    assert value(feature(), rows, more=more) == 3


@pytest.mark.parametrize(
    ("op", "wanted", "count"),
    [("==", 2.0, 1), ("!=", 2.0, 2), ("<", 2.0, 1), ("<=", 2.0, 2), (">", 2.0, 1), (">=", 2.0, 2)],
)
def test_a_null_satisfies_no_condition(op, wanted, count):
    rows = [contact(f"2021-05-0{i + 1}", wait_seconds=wait) for i, wait in enumerate([1.0, 2.0, 3.0, None])]
    assert value(feature(where=(Where("wait_seconds", op, wanted),)), rows) == count


def test_share_is_of_the_rows_that_count():
    rows = [contact(f"2021-05-0{i + 1}", topic=topic) for i, topic in enumerate(["price", "claim", None, "price"])]
    spec = feature("share", where=(Where("topic", "in", ("price", "claim")),), of=(Where("topic", "==", "price"),))
    assert value(spec, rows) == pytest.approx(2 / 3)


def claim(at, closed=None, **rest):
    return {"reported_at": at, "closed_at": closed, "policy_id": "p1", "decided_at": None, "paid_at": None,
            "amount_claimed": 10.0, "amount_paid": None} | rest  # fmt: skip


def test_open_counts_what_has_begun_and_is_not_known_to_have_ended():
    rows = [claim("2021-02-01", "2021-03-01"), claim("2021-02-01", "2021-06-01"), claim("2021-05-01"),
            claim("2021-06-01"), claim("2021-01-05", "2021-04-01", closed_at_recorded_at="2021-06-05")]  # fmt: skip
    spec = feature("open", table="claims", end_clock="closed_at")
    assert value(spec, rows) == 3
    assert value(feature("open", table="claims", end_clock="closed_at", days=60), rows) == 1


def test_cycle_days_are_working_days_and_known_when_paid():
    paid = claim("2021-05-07", decided_at="2021-05-12", paid_at="2021-05-12", amount_paid=5.0)  # Friday to Wednesday
    spec = feature("last", table="claims", clock="paid_at", column="cycle_days")
    assert value(spec, [paid]) == 3
    assert math.isnan(value(spec, [paid], as_of="2021-05-12"))


def test_ratings_run_from_worst_to_best_whatever_the_scale():
    nps = {"instrument": "nps", "sent_at": "2021-05-01", "answered_at": "2021-05-01", "score": 9.0, "direction": None}
    ces = nps | {"instrument": "ces", "score": 7.0, "direction": "high_bad"}
    rows = [nps, ces]
    spec = {"table": "surveys", "clock": "answered_at", "column": "rating"}
    assert value(feature("max", **spec), rows) == pytest.approx(90)
    assert value(feature("min", **spec), rows) == 0


def test_a_repeat_is_a_second_contact_on_the_topic_within_seven_days():
    rows = [contact("2021-05-01", topic="price"), contact("2021-05-08", topic="price"),
            contact("2021-05-09", topic="claim"), contact("2021-05-15 00:00:01", topic="price")]  # fmt: skip
    assert value(feature(clock="repeated_at"), rows) == 1


def test_a_repeat_is_known_only_when_both_contacts_are():
    rows = [contact("2021-05-01", topic="price", recorded_at="2021-07-01"), contact("2021-05-03", topic="price")]
    assert value(feature(clock="repeated_at"), rows) == 0
    assert value(feature(clock="repeated_at"), rows, as_of="2021-07-02") == 1


def test_slopes_are_per_365_days_and_right_beside_huge_neighbours():
    rows = [contact("2020-06-02", wait_seconds=1.0), contact("2021-05-30", wait_seconds=3.0)]
    spec = feature("slope", column="wait_seconds")
    expected = 2.0 * 365 / (pd.Timestamp("2021-05-30") - pd.Timestamp("2020-06-02")).days
    assert value(spec, rows) == pytest.approx(expected, rel=1e-12)
    neighbour = [contact("2021-05-01", wait_seconds=1e9, customer_id="c0"), contact("2021-05-02", wait_seconds=1.0,
                                                                                    customer_id="c0")]  # fmt: skip
    assert value(spec, [*rows, *neighbour]) == value(spec, rows)


def test_sums_are_exact_whoever_else_is_in_the_book():
    rows = [contact("2021-05-01", wait_seconds=0.1), contact("2021-05-02", wait_seconds=0.2)]
    rich = [contact("2021-05-03", wait_seconds=9e9, customer_id="c0")]
    assert value(feature("sum", column="wait_seconds"), [*rich, *rows]) == 0.3


def test_sums_beyond_the_exact_range_are_refused():
    with pytest.raises(ContractError, match=r"interactions\.wait_seconds"):
        value(feature("sum", column="wait_seconds"), [contact("2021-05-01", wait_seconds=1e13)])


def _events(**columns):
    size = len(columns["customer"])
    at = columns["started_at"]
    made = {"policy": [-1] * size, "id": [str(i) for i in range(size)], "superseded": [NEVER] * size,
            "started_at_seen": at} | columns  # fmt: skip
    return pa.table({name: pa.array(values) for name, values in made.items()})


def test_no_events_and_no_observations_are_fine():
    events = _events(
        customer=np.array([], np.int64), started_at=np.array([], np.int64), wait_seconds=np.array([], float)
    )
    events = events.set_column(events.schema.get_field_index("id"), "id", pa.array([], pa.string()))
    none = np.array([], np.int64)
    specs = [Feature(a, "interactions", a, column="wait_seconds", days=90) for a in ("sum", "min", "slope")]
    found = compute_features(
        pa.table({"customer": none, "policy": none, "cutoff": none}), {"interactions": events}, specs
    )
    assert found.num_rows == 0
    one = pa.table({"customer": [0], "policy": [-1], "cutoff": [0]})
    assert compute_features(one, {"interactions": events}, specs).to_pydict()["sum"] == [0.0]


@pytest.mark.parametrize(
    ("table", "spec"),
    [
        ("claims", {"aggregate": "sum", "column": "amount_paid"}),
        ("claims", {"aggregate": "mean", "column": "cycle_days"}),
        ("claims", {"aggregate": "count", "where": (Where("decision", "==", "denied"),)}),
        ("complaints", {"aggregate": "count", "clock": "escalated_at", "where": (Where("outcome", "==", "upheld"),)}),
        ("surveys", {"aggregate": "mean", "column": "score"}),
        ("customers", {"aggregate": "attribute", "column": "gender"}),
    ],
)
def test_a_column_read_before_it_is_known_is_refused(table, spec):
    with pytest.raises(LeakageError):
        Feature("f", table, **spec)


@pytest.mark.parametrize(
    "spec",
    [
        {"table": "web", "aggregate": "count"},
        {"table": "claims", "aggregate": "median"},
        {"table": "claims", "aggregate": "sum"},
        {"table": "claims", "aggregate": "sum", "column": "amount"},
        {"table": "claims", "aggregate": "count", "clock": "occurred_at"},
        {"table": "claims", "aggregate": "open"},
        {"table": "claims", "aggregate": "share"},
        {"table": "claims", "aggregate": "count", "days": 0},
        {"table": "observation", "aggregate": "attribute", "column": "shoe_size"},
        {"table": "claims", "aggregate": "attribute", "column": "amount_claimed"},
    ],
)
def test_a_spec_that_cannot_be_carried_out_is_refused_with_its_name(spec):
    with pytest.raises(UsageError, match="'f'"):
        Feature("f", **spec)
