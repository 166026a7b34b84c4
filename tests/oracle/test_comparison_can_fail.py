"""Every rule that the oracle states is felt: bent by a little, the hostile books no longer agree with the panel."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from itertools import pairwise
from statistics import pstdev, stdev

import pytest

from churnkit.book.schema import TABLES

from . import attributes, definitions, derived, history, outcomes
from .books import DATA_CUTOFF, LEADS, snapshots
from .compare import differences, features_of_every_kind, features_that_differ, labels_that_differ
from .definitions import days
from .families import families
from .outcomes import churn_rows, renewal_rows
from .test_panel_against_oracle import (
    SEEDS,
    build_panel,
    built,
    built_under_other_settings,
    case,
    observed,
    observed_under_other_settings,
)

pytestmark = pytest.mark.recovery  # a test of the tests

SECOND = timedelta(seconds=1)
PER_CLOCK, RECORDED = 11, 15


def at_the_cutoff_too(row, clock, cutoff):
    return row[clock] is not None and row[clock] <= cutoff and row["seen"][clock] <= cutoff


def recorded_at_the_cutoff_too(row, clock, cutoff):
    return row[clock] is not None and row[clock] < cutoff and row["seen"][clock] <= cutoff


def whenever_recorded(row, clock, cutoff):
    return row[clock] is not None and row[clock] < cutoff


def any_version(row, cutoff):
    return True


def last_version(row, cutoff):
    return row["replaced_at"] is None


def replaced_a_second_early(row, cutoff):
    return row["replaced_at"] is None or cutoff < row["replaced_at"]


EVENTS = {
    "happened": (at_the_cutoff_too, recorded_at_the_cutoff_too, whenever_recorded),
    "current": (any_version, last_version, replaced_a_second_early),
}
BENT = [(name, bent) for name, several in EVENTS.items() for bent in several]


@pytest.fixture(autouse=True)
def straight():
    """The panels and the oracle's observations, computed before anything is bent."""
    for seed in SEEDS:
        for target in ("renewal", "churn"):
            built(seed, target)
            observed(seed, target)


def felt(target, seeds=SEEDS, **chosen):
    """Whether some panel of standard features now differs from the oracle."""
    return any(
        True
        for seed in seeds
        for _ in differences(built(seed, target), case(seed)[1], observed(seed, target), **chosen)
    )


@pytest.mark.parametrize(("name", "bent"), BENT, ids=[bent.__name__ for _, bent in BENT])
def test_visibility_is_felt(monkeypatch, name, bent):
    monkeypatch.setattr(history, name, bent)  # visible() reads it there
    assert felt("renewal") or felt("churn")


@pytest.mark.parametrize("edge", [SECOND, -SECOND])
def test_the_edge_of_a_window_is_felt(monkeypatch, edge):
    monkeypatch.setattr(definitions, "timedelta", lambda days: timedelta(days=days) - edge)
    assert felt("renewal")


def test_the_order_of_ties_is_felt(monkeypatch):
    features = tuple(f for f in features_of_every_kind("churn") if f.aggregate == "last")
    panel = build_panel(case(RECORDED)[0], "churn", features=features, keep_unlabelled=True)
    assert not features_that_differ(panel, case(RECORDED)[1], observed(RECORDED, "churn"))
    monkeypatch.setattr(definitions, "order", lambda feature, row: row[feature.clock])
    assert features_that_differ(panel, case(RECORDED)[1], observed(RECORDED, "churn"))


AGGREGATES = {
    "std of all there is": ("std", "spread", lambda numbers: pstdev(numbers) if len(numbers) > 1 else float("nan")),
    "std of one": ("std", "spread", lambda numbers: stdev(numbers) if len(numbers) > 1 else 0.0),
    "distinct rows": ("distinct", "different", len),
    "distinct beyond the first": ("distinct", "different", lambda values: max(len(set(values)) - 1, 0)),
    "gap to the same row": ("gap_mean", "gaps", lambda times: [days(times[0], at) for at in times[1:]]),
    "gap over all": ("gap_max", "gaps", lambda times: [days(times[0], times[-1])] if len(times) > 1 else []),
    "gap of one": ("gap_max", "gaps", lambda times: [days(a, b) for a, b in pairwise(times)] or [0.0] * len(times)),
    "days since the last": ("days_since_first", "days", lambda begin, end: (end - begin).days),
    "order of ties": ("first", "order", lambda feature, row: row[feature.clock]),
    "ties by id alone": ("first", "order", lambda f, row: (row[f.clock], row[TABLES[f.table].key])),
}


@pytest.mark.parametrize("rule", AGGREGATES)
def test_rules_of_aggregates_are_felt(monkeypatch, rule):
    aggregate, name, bent = AGGREGATES[rule]
    panel = panel_of_aggregate(aggregate)
    assert not features_that_differ(panel, case(RECORDED)[1], observed(RECORDED, "churn"))
    monkeypatch.setattr(definitions, name, bent)
    assert features_that_differ(panel, case(RECORDED)[1], observed(RECORDED, "churn"))


@cache
def panel_of_aggregate(aggregate):
    """The panel of all features of that aggregate."""
    features = tuple(f for f in features_of_every_kind("churn") if f.aggregate == aggregate)
    return build_panel(case(RECORDED)[0], "churn", features=features, keep_unlabelled=True)


def test_an_end_that_is_not_recorded_yet_is_felt(monkeypatch):
    monkeypatch.setattr(definitions, "happened", whenever_recorded)  # only ``open`` reads it there
    assert felt("renewal", [PER_CLOCK])


def test_the_week_of_repeats_is_felt(monkeypatch):
    monkeypatch.setattr(derived, "WEEK", timedelta(days=7) - SECOND)
    assert felt("churn", only=lambda feature: feature.clock == "repeated_at")


def whatever_follows(past, row, cutoff):
    return float(bool(row["resolved"]) and history.happened(row, "resolved_at", cutoff))


def resolved_whenever(past, row, cutoff):
    longer = row | {"resolved_at": row["resolved_at"] and min(row["resolved_at"], row["started_at"])}
    return straight_verdict(past, longer, cutoff)


def resolved_before_it_is_recorded(past, row, cutoff):
    return straight_verdict(past, row | {"seen": row["seen"] | {"resolved_at": row["started_at"]}}, cutoff)


def of_the_last_extract(past, row, cutoff):
    return straight_verdict(past, row | {"replaced_at": None}, DATA_CUTOFF)


straight_verdict = derived.first_contact_resolution
VERDICTS = (whatever_follows, resolved_whenever, resolved_before_it_is_recorded, of_the_last_extract)


@pytest.mark.parametrize("bent", VERDICTS, ids=lambda bent: bent.__name__)
def test_rules_of_first_contacts_are_felt(monkeypatch, bent):
    monkeypatch.setattr(definitions, "first_contact_resolution", bent)
    assert felt("renewal", only=lambda feature: feature.clock == "week_over_at")


def test_the_week_of_first_contacts_is_felt(monkeypatch):
    monkeypatch.setattr(derived, "WEEK", timedelta(days=7) - SECOND)
    assert felt("churn", only=lambda feature: feature.clock == "week_over_at")


@pytest.mark.parametrize(
    ("table", "clock", "bent"),
    [("claims", "reopened_at", lambda at: None), ("claims", "reopened_at", lambda at: at and at + timedelta(days=40)),
     ("complaints", "overdue_at", lambda at: at and at + timedelta(days=30))],
)  # fmt: skip
def test_reopened_and_overdue_are_felt(monkeypatch, table, clock, bent):
    for seed in (PER_CLOCK, RECORDED):
        for row in case(seed)[1].rows[table]:
            monkeypatch.setitem(row, clock, bent(row[clock]))
    assert felt("renewal", (PER_CLOCK, RECORDED), only=lambda feature: feature.clock == clock)


@pytest.mark.parametrize(
    ("table", "column", "bent"),
    [("claims", "past_service_level", lambda row: row["cycle_days"] and float(row["cycle_days"] > 10)),
     ("complaints", "handling_days", lambda row: row["handling_days"] and row["handling_days"] + 1),
     ("complaints", "decided_late", lambda row: row["decided_late"] and float(row["handling_days"] > 60))],
)  # fmt: skip
def test_what_is_derived_of_endings_is_felt(monkeypatch, table, column, bent):
    for seed in (PER_CLOCK, RECORDED):
        for row in case(seed)[1].rows[table]:
            monkeypatch.setitem(row, column, bent(row))
    assert felt("renewal", (PER_CLOCK, RECORDED), only=lambda feature: feature.column == column)


def test_states_are_felt(monkeypatch):
    monkeypatch.setattr(attributes, "happened", whenever_recorded)
    assert felt("churn", [RECORDED])


LABELS = {
    "early renewals": ("renewal", "EARLY", 59),
    "declines": ("renewal", "OTHER_EXITS", outcomes.OTHER_EXITS[1:]),
    "sold for a day": ("renewal", "never_sold", lambda term: term["end_reason"] == "free_look"),
    "free look": ("renewal", "never_sold", lambda term: term["ended_date"] == term["start_date"]),
    "known ends": ("renewal", "known_to_be_over", lambda term, cutoff: False),
    "visible renewals": ("renewal", "happened", at_the_cutoff_too),
    "shortest term": ("renewal", "SHORTEST", 59),
    "visible cover": ("churn", "visible_cover", lambda *known: True),
    "other exits": ("churn", "CHURN_EXITS", ("death",)),
    "reinstatement": ("renewal", "CANCELLED", ()),
    "what is taken back": ("renewal", "CANCELLED", (*outcomes.CANCELLED, "surrendered")),
    "previous policy": ("renewal", "replaces", lambda history, policy_id, previous: False),
    "objects": ("renewal", "WAYS", outcomes.WAYS | {"object": lambda *policies: False}),
    "lines": ("renewal", "WAYS", outcomes.WAYS | {"line": lambda *policies: False}),
    "households": ("renewal", "WAYS", outcomes.WAYS | {"household": lambda *policies: False}),
    "order of ways": ("renewal", "WAYS", dict(zip(outcomes.WAYS, reversed(outcomes.WAYS.values()), strict=True))),
}


@pytest.mark.parametrize("rule", LABELS)
def test_rules_of_labels_are_felt(monkeypatch, rule):
    target, name, bent = LABELS[rule]
    monkeypatch.setattr(outcomes, name, bent)
    assert any(labels_that_differ(built(seed, target), relabelled(case(seed)[1], target)) for seed in SEEDS)


def test_reinstatement_is_felt_where_exits_are_final(monkeypatch):
    panels = {seed: built_under_other_settings(seed, "churn") for seed in SEEDS}
    monkeypatch.setattr(outcomes, "CANCELLED", ())
    assert any(labels_that_differ(panels[seed], observed_under_other_settings(seed, "churn")) for seed in SEEDS)


@pytest.mark.parametrize("name", ["reinstated", "visibly_never_sold"])
def test_spells_and_unsold_terms_are_felt_in_features(monkeypatch, name):
    nothing = {"reinstated": lambda *args, **known: {}, "visibly_never_sold": lambda *args: False}
    monkeypatch.setattr(attributes, name, nothing[name])
    assert felt("renewal")


@pytest.mark.parametrize("bent", ["previous", "object"])
def test_families_are_felt(monkeypatch, bent):
    for seed in SEEDS:
        found, matched = case(seed)[1], case(seed)[1].match
        if bent == "previous":
            monkeypatch.setattr(found, "family", {policy_id: policy_id for policy_id in found.policies})
        elif "object" in matched:
            monkeypatch.setattr(found, "match", ())
            monkeypatch.setattr(found, "family", families(found))
            monkeypatch.setattr(found, "match", matched)
    assert felt("renewal")


def test_touching_cover_is_felt_where_exits_are_final(monkeypatch):
    panel = built_under_other_settings(RECORDED, "churn")
    monkeypatch.setattr(outcomes, "touches", lambda start, end: start < end)
    assert labels_that_differ(panel, observed_under_other_settings(RECORDED, "churn"))


@pytest.mark.parametrize(
    ("target", "name", "bent"),
    [
        ("renewal", "slack_days", 8),
        ("churn", "churn_slack_days", 8),
        ("churn", "gap_days", 91),
        ("churn", "horizon_days", 364),
    ],
)
def test_settings_of_labels_are_felt(monkeypatch, target, name, bent):
    found = case(RECORDED)[1]
    panel = built(RECORDED, target)
    monkeypatch.setattr(found, name, bent)
    assert labels_that_differ(panel, relabelled(found, target))


def relabelled(found, target):
    """The oracle's observations under the bent rule."""
    return renewal_rows(found, LEADS) if target == "renewal" else churn_rows(found, snapshots(2015))
