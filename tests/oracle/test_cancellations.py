"""The cancellation panel equals the oracle on books whose policies mostly have monthly terms; no rule is idle."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from random import Random

import pytest

from churnkit.book.schema import TABLES
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features

from . import books, cancellations, endings, outcomes
from .books import EVENT_TABLES, hostile_book
from .cancellations import cancellation_rows, inforce_cancellation_rows
from .compare import cell, features_that_differ, history_of, labels_that_differ
from .test_panel_against_oracle import opened, told
from .test_properties import assert_same_before, late_terms, unseen_until, with_rows

SEEDS = (12, 14, 15)
LENGTHS = (28, 30, 31, 31, 31, 59, 60, 15)
DATA_CUTOFF = datetime(2020, 12, 20)
MONTHS = [datetime(year, month, 1) for year in range(2015, 2021) for month in range(1, 13)]
ONE = standard_features("cancellation", groups="timing")


@cache
def hostile(seed):
    """A hostile book with terms of about a month, of a day when many of them run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endings, "LENGTHS", LENGTHS)
        patch.setattr(books, "DATA_CUTOFF", DATA_CUTOFF)
        return hostile_book(seed, customers=22)


@cache
def case(seed):
    """The book as churnkit reads it, and the oracle's history of it."""
    return opened(hostile(seed)), history_of(hostile(seed))


@cache
def built(seed):
    """The panel with few features, unlabelled rows kept."""
    return build_panel(case(seed)[0], "cancellation", features=ONE, keep_unlabelled=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_observations_and_labels(seed):
    rows = cancellation_rows(case(seed)[1], MONTHS)
    differences = labels_that_differ(built(seed), rows)
    assert not differences, told(differences)
    assert len(rows) > 40 and {0.0, 1.0, None} == {row["label"] for row in rows}


def test_excluded_are_counted_by_cause():
    panel, rows = build_panel(case(15)[0], "cancellation", features=ONE), cancellation_rows(case(15)[1], MONTHS)
    assert len(panel) == sum(row["label"] is not None for row in rows)
    causes = {row["cause"] for row in rows if row["label"] is None}
    counts = {cause: sum(row["cause"] == cause for row in rows) for cause in causes}
    assert {"unripe", "ended_unseen"} <= causes
    assert {cause: panel.info["excluded"].get(cause) for cause in causes} == counts


def test_standard_features():
    book, history = case(15)
    panel = build_panel(book, "cancellation", keep_unlabelled=True)
    rows = cancellation_rows(history, MONTHS)
    differences = features_that_differ(panel, history, rows, sample=40)
    assert not differences, told(differences)


@pytest.mark.parametrize(("seed", "as_of"), [(15, datetime(2018, 1, 31)), (14, DATA_CUTOFF)])
def test_in_force_on_a_day(seed, as_of):
    book, history = case(seed)
    panel, rows = (
        build_panel(book, "cancellation", features=ONE, as_of=as_of),
        inforce_cancellation_rows(history, as_of),
    )
    names = ["entity", "customer_id", "policy_id", "term_id", "cutoff", "end_date"]
    have = {tuple(map(cell, values)) for values in panel.keys[names].astype(object).itertuples(index=False)}
    assert have == {tuple(row[name] for name in names) for row in rows}
    assert panel.y.isna().all() and len(panel) == len(rows) > 0


BENT = {
    "shortest term": (cancellations, "SHORTEST", 59),
    "known ends": (cancellations, "known_to_be_over", lambda term, snapshot: False),
    "unsold terms": (cancellations, "never_sold", lambda term: False),
    "other exits": (cancellations, "OTHER_EXITS", outcomes.OTHER_EXITS[1:]),
    "thirty days": (cancellations, "month_later", lambda moment: moment + timedelta(days=30)),
    "cover that goes on": (cancellations, "goes_on", lambda history, term, heir: True),
    "cover that ends": (cancellations, "goes_on", lambda history, term, heir: False),
    "renewal": (cancellations, "successors", lambda history, terms, again: {}),
    "the term that stands for a policy": (cancellations, "standing_for", lambda terms: terms[0]),
}


@pytest.mark.parametrize("rule", BENT)
def test_every_rule_is_felt(monkeypatch, rule):
    panels = [(built(seed), case(seed)[1]) for seed in SEEDS]
    monkeypatch.setattr(*BENT[rule])
    assert any(labels_that_differ(panel, cancellation_rows(history, MONTHS)) for panel, history in panels)


def test_rows_recorded_after_the_cutoff_change_nothing_known_before():
    book, rng = hostile(15), Random(15)
    features = (*ONE, *standard_features("cancellation", groups=("relationship", "holdings", "contacts", "past exits")))
    original = build_panel(opened(book), "cancellation", features=features, keep_unlabelled=True)
    cutoff, tables = original.cutoff.sort_values().iloc[len(original) // 2], book.tables
    for name in EVENT_TABLES:
        rows = [row for row in tables[name].to_dict("records") if rng.random() < 0.5]
        new = [unseen_until(rng, name, row, cutoff) | {TABLES[name].key: f"late{i}"} for i, row in enumerate(rows)]
        tables = with_rows(tables, name, new)
    late = late_terms(rng, tables["terms"], cutoff)
    late = [row | {"end_date": row["start_date"] + timedelta(days=30)} for row in late]
    changed = replace(book, tables=with_rows(tables, "terms", late))
    panel = build_panel(opened(changed), "cancellation", features=features, keep_unlabelled=True)
    assert len(late) > 20 and not panel.y.equals(original.y)
    assert_same_before(panel, original, cutoff)
