"""What may be done to a book without changing its panel, and what changes it by exactly one."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from random import Random

import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.book.schema import TABLES
from churnkit.book.settings import RenewalSettings, Settings
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features
from churnkit.panel.derived.columns import CROSSING
from churnkit.panel.feature import Feature

from .books import EVENT_TABLES, LEADS, hostile_book, snapshots
from .compare import features_of_every_kind, history_of
from .definitions import rows_of
from .outcomes import churn_rows, renewal_rows

SECOND = timedelta(seconds=1)
# Recorded, per clock, recorded; matched by policy alone, by object, by every way. The other targets of the same books
# are built among the slow proofs.
CASES = [(20, "renewal"), (21, "churn"), (30, "renewal")]
OTHERS = [(20, "churn"), (21, "renewal"), (30, "churn")]


def quick(*cases):
    """All cases, those that are not named here among the slow proofs."""
    marked = [case if case in cases else pytest.param(*case, marks=pytest.mark.recovery) for case in [*CASES, *OTHERS]]
    return pytest.mark.parametrize(("seed", "target"), marked)


cases = quick(*CASES)
of_any_match = quick(*CASES[1:])  # where it makes no difference in what ways policies are matched


@pytest.fixture
def rng(request):
    """Draws of each test and case its own."""
    return Random(request.node.name)


@cache
def base(seed):
    """A small hostile book with recording times."""
    return hostile_book(seed, customers=14)


def features(target):
    """The standard ones, every ninth of the hard ones, and the number of rows ever."""
    ever = [Feature(f"{name}_ever", table=name, aggregate="count") for name in EVENT_TABLES]
    return (*standard_features(target), *features_of_every_kind(target)[::9], *ever)


def panel_of(book, tables, target, **changes):
    """The panel of those tables with the book's settings."""
    renewal = RenewalSettings(leads=LEADS, match=book.match)
    changed = Settings(data_cutoff=book.data_cutoff, delay_days=book.delay_days, renewal=renewal)
    opened = open_book(tables, settings=changed)
    return build_panel(opened, target, features=features(target), keep_unlabelled=True, **changes)


@cache
def panel_of_base(seed, target):
    """The panel before anything is done to the book."""
    return panel_of(base(seed), base(seed).tables, target)


def assert_same(left, right):
    """Features, labels and keys agree to the last bit."""
    pd.testing.assert_frame_equal(left.keys, right.keys, check_exact=True)
    pd.testing.assert_series_equal(left.y, right.y, check_exact=True)
    pd.testing.assert_frame_equal(left.X, right.X, check_exact=True)


def with_rows(tables, name, rows):
    """The tables with further rows in one of them."""
    more = pd.DataFrame(rows, columns=tables[name].columns)
    for column, dtype in tables[name].dtypes.items():
        if str(dtype).startswith("datetime"):
            more[column] = pd.to_datetime(more[column]).astype(dtype)
    parts = [frame.astype(object) for frame in (tables[name], more)]
    whole = pd.concat(parts, ignore_index=True)
    for column, dtype in tables[name].dtypes.items():
        if str(dtype).startswith("datetime"):
            whole[column] = pd.to_datetime(whole[column]).astype(dtype)
    return tables | {name: whole}


def a_cutoff(rng, panel):
    """The cutoff of some observation."""
    return panel.keys["cutoff"].iloc[rng.randrange(len(panel.keys))]


def unseen_until(rng, name, row, cutoff):
    """The row under another recording time: seen at the cutoff (not before it) or later on every clock."""
    late = cutoff + rng.choice([0 * SECOND, SECOND, timedelta(days=rng.randint(1, 300))])
    changes = {c: late for c in row if c.endswith("recorded_at")}
    clocks = [c for c in TABLES[name].clocks if row[c] is not None and not pd.isna(row[c])]
    if rng.random() < 0.3:
        changes |= dict.fromkeys(clocks, late)  # it also happened only then
    return row | changes


def before(panel, cutoff):
    """Features and keys of the observations up to the cutoff."""
    kept = (panel.keys["cutoff"] <= cutoff).to_numpy()
    keys = panel.keys.drop(columns="cause")  # part of what became of it
    return panel.X[kept].reset_index(drop=True), keys[kept].reset_index(drop=True)


def assert_same_before(left, right, cutoff):
    """Nothing known at that cutoff or earlier differs."""
    for have, want in zip(before(left, cutoff), before(right, cutoff), strict=True):
        assert len(have) > 0
        pd.testing.assert_frame_equal(have, want, check_exact=True)


@cases
def test_rows_visible_only_after_the_cutoff_change_nothing(seed, target, rng):
    book, original = base(seed), panel_of_base(seed, target)
    cutoff, tables = a_cutoff(rng, original), book.tables
    for name in EVENT_TABLES:
        rows = [row for row in tables[name].to_dict("records") if rng.random() < 0.5]
        new = [unseen_until(rng, name, row, cutoff) | {TABLES[name].key: f"late{i}"} for i, row in enumerate(rows)]
        tables = with_rows(tables, name, new)
    tables = with_rows(tables, "terms", late_terms(rng, tables["terms"], cutoff))
    assert_same_before(panel_of(book, tables, target), original, cutoff)


@cases
def test_policies_entered_after_the_cutoff_change_nothing(seed, target, rng):
    book, original = base(seed), panel_of_base(seed, target)
    cutoff, policies = a_cutoff(rng, original), book.tables["policies"].to_dict("records")
    new, terms = [], []
    for i, row in enumerate(row for row in policies if rng.random() < 0.5):
        own = [p["policy_id"] for p in policies if p["customer_id"] == row["customer_id"]]
        previous = rng.choice([None, *own])
        links = {"previous_policy_id": previous, "object_id": rng.choice(["o0", "o1", "o2", row["object_id"]])}
        new.append(row | links | {"policy_id": f"late{i}", "recorded_at": cutoff})
        terms += [
            t | {"policy_id": f"late{i}", "term_id": f"{t['term_id']}{i}"} for t in late_of(rng, book, cutoff)[:2]
        ]
    tables = with_rows(with_rows(book.tables, "policies", new), "terms", terms)
    assert_same_before(panel_of(book, tables, target), original, cutoff)


@cases
def test_links_written_into_a_policy_after_the_cutoff_change_no_feature(seed, target, rng):
    """They may tell who was renewed: policies are matched by their last version, and observed as that match says."""
    book, original = base(seed), panel_of_base(seed, target)
    cutoff, policies = a_cutoff(rng, original), book.tables["policies"].to_dict("records")
    rows = []
    for row in policies:
        links = {"previous_policy_id": rng.choice(policies)["policy_id"], "object_id": rng.choice(["o0", "o1", None])}
        last = pd.isna(row["recorded_at"]) or all(
            row["recorded_at"] >= other["recorded_at"] for other in policies if other["policy_id"] == row["policy_id"]
        )
        if last and rng.random() < 0.5 and (pd.isna(row["recorded_at"]) or row["recorded_at"] < cutoff):
            rows.append(row | links | {"recorded_at": cutoff})
    changed = panel_of(book, with_rows(book.tables, "policies", rows), target)
    assert len(rows) > 5
    (have, at), (want, then) = before(changed, cutoff), before(original, cutoff)
    have.index, want.index = (pd.MultiIndex.from_frame(keys[["entity", "cutoff"]]) for keys in (at, then))
    common = have.index.intersection(want.index)
    assert len(common) > 0.5 * len(want)
    pd.testing.assert_frame_equal(have.loc[common], want.loc[common], check_exact=True)


def late_of(rng, book, cutoff):
    """Late terms in a random order."""
    rows = late_terms(rng, book.tables["terms"], cutoff)
    return rng.sample(rows, len(rows))


def late_terms(rng, terms, cutoff):
    """Further terms of known policies that began before the cutoff, or will soon, and were entered at it or later."""
    late = cutoff + rng.choice([0 * SECOND, SECOND, timedelta(days=rng.randint(1, 300))])
    rows = []
    for i, row in enumerate(row for row in terms.to_dict("records") if rng.random() < 0.3):
        start = cutoff.normalize() + timedelta(days=rng.randint(-500, 100))
        row |= {"term_id": f"late{i}", "start_date": start, "end_date": start + timedelta(days=365)}
        row |= dict.fromkeys(("ended_date", "end_reason", "ended_recorded_at", "offer_date", "offer_premium"))
        rows.append(row | {"issued_at": rng.choice([None, start - timedelta(days=5)]), "recorded_at": late})
    return rows


@of_any_match
def test_a_later_version_recorded_after_the_cutoff_changes_nothing(seed, target, rng):
    book, original = base(seed), panel_of_base(seed, target)
    cutoff, tables = a_cutoff(rng, original), book.tables
    for name in EVENT_TABLES:
        frame = tables[name]
        last = frame.sort_values("recorded_at").groupby(TABLES[name].key).tail(1)
        other = frame.sample(frac=1, random_state=rng.randrange(1000)).to_dict("records")
        rows = []
        for row, donor in zip(last.to_dict("records"), other, strict=False):
            same = {c: row[c] for c in (TABLES[name].key, "customer_id", "policy_id", *TABLES[name].clocks)}
            recorded = max(cutoff, row["recorded_at"] + SECOND)
            clocked = {c: recorded for c in row if c.endswith("_recorded_at")}
            rows.append(donor | same | clocked | {"recorded_at": recorded})
        tables = with_rows(tables, name, rows)
    assert_same_before(panel_of(book, tables, target), original, cutoff)


@of_any_match
def test_an_event_twice_counts_once_more(seed, target, rng):
    book, original = base(seed), panel_of_base(seed, target)
    name = rng.choice(EVENT_TABLES)
    key, history, observations = TABLES[name].key, history_of(book), observations_of(seed, target)
    ever = Feature("ever", table=name, aggregate="count")
    single = [row for rows in history.by_customer[name].values() for row in rows if row["replaced_at"] is None]
    single = [row for row in single if sum(row[key] == other[key] for other in history.rows[name]) == 1]
    seen = [row for row in single if any(counts(history, ever, o, row) for o in observations)]
    assert seen
    row = rng.choice(sorted(seen, key=lambda row: row[key]))
    again = {column: row[column] for column in book.tables[name].columns} | {key: "again"}
    changed = panel_of(book, with_rows(book.tables, name, [again]), target)
    for feature in original.features:
        if not reads(feature) & {name, "observation"}:
            left, right = changed.X[feature.name], original.X[feature.name]
            pd.testing.assert_series_equal(left, right, check_exact=True)
        elif feature.aggregate == "count" and feature.table == name:
            more = [float(counts(history, feature, o, row)) for o in observations]
            new, old = changed.X[feature.name], original.X[feature.name]
            assert new.isna().equals(old.isna())  # null without a household
            assert (new - old).fillna(0.0).tolist() == more
            assert sum(more) > 0 or feature.name != f"{name}_ever"


def reads(feature):
    """The tables that a feature reads, of whomever; all of them where it counts what happened to others."""
    if feature.parts:
        return frozenset().union(*map(reads, feature.parts))
    return frozenset(EVENT_TABLES) if feature.table in CROSSING else frozenset({feature.table})


def counts(history, feature, observation, row):
    """Whether the feature counts the row, the only one of its key, for that observation."""
    if feature.scope != "household" and observation["customer_id"] != row["customer_id"]:
        return False
    key = TABLES[feature.table].key
    return any(other[key] == row[key] for other in rows_of(history, feature, observation))


def observations_of(seed, target):
    """The oracle's observations in the order of the panel."""
    history, keys = history_of(base(seed)), panel_of_base(seed, target).keys
    rows = renewal_rows(history, LEADS) if target == "renewal" else churn_rows(history, snapshots(2015))
    at = {(row["entity"], row["cutoff"]): row for row in rows}
    return [at[e, c.to_pydatetime()] for e, c in zip(keys["entity"], keys["cutoff"], strict=True)]


@of_any_match
def test_permuting_rows_and_columns_changes_nothing(seed, target, rng):
    book = base(seed)
    tables = {}
    for name, frame in sorted(book.tables.items(), key=lambda item: rng.random()):
        columns = rng.sample(list(frame.columns), len(frame.columns))
        tables[name] = frame.sample(frac=1, random_state=rng.randrange(2**31))[columns]
    changed, original = panel_of(book, tables, target), panel_of_base(seed, target)
    assert_same(changed, original)
    assert changed.info["fingerprint"] == original.info["fingerprint"]


@pytest.mark.recovery  # test_build and test_store say it of the standard features
@pytest.mark.parametrize(("seed", "target"), [*CASES, *OTHERS])
@pytest.mark.parametrize("partitions", [2, 7])
def test_partitions_change_nothing(seed, target, partitions):
    book = base(seed)
    assert_same(panel_of(book, book.tables, target, partitions=partitions), panel_of_base(seed, target))
