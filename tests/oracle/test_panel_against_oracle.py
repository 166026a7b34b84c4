"""The panel equals the oracle: labels of all observations, and all features of 1,200 sampled ones."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import pytest

from churnkit.book.open import open_book
from churnkit.book.settings import ChurnSettings, RenewalSettings, Settings
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features

from .books import DATA_CUTOFF, LEADS, VARIANTS, hostile_book, snapshots
from .compare import cell, features_of_every_kind, features_that_differ, history_of, labels_that_differ, switched_off
from .outcomes import churn_rows, inforce_rows, renewal_rows

TARGETS = ("renewal", "churn")
SEEDS = tuple(range(11, 11 + len(VARIANTS)))
QUICK = [(seed, TARGETS[i % 2]) for i, seed in enumerate(SEEDS)]
SLOW = [(seed, TARGETS[i % 2]) for i, seed in enumerate(SEEDS, start=1)]
# every variant is read for one target; for the other one among the slow proofs
every_variant = pytest.mark.parametrize(
    ("seed", "target"), [*QUICK, *(pytest.param(*case, marks=pytest.mark.recovery) for case in SLOW)]
)


def opened(book):
    """The book as churnkit reads it."""
    renewal = RenewalSettings(leads=LEADS, match=book.match)
    settings = Settings(data_cutoff=book.data_cutoff, delay_days=book.delay_days, renewal=renewal)
    return open_book(book.tables, settings=settings)


@cache
def case(seed):
    """A hostile book, churnkit's book, and the oracle's history of it."""
    hostile = hostile_book(seed)
    return opened(hostile), history_of(hostile)


@cache
def observed(seed, target):
    """The oracle's observations."""
    return renewal_rows(case(seed)[1], LEADS) if target == "renewal" else churn_rows(case(seed)[1], snapshots(2015))


@cache
def built(seed, target):
    """The panel with the standard features, unlabelled rows kept."""
    return build_panel(case(seed)[0], target, keep_unlabelled=True)


def told(differences, most=12):
    """The first differences, one a line."""
    return "\n".join([f"{len(differences)} differences", *differences[:most]])


@every_variant
def test_observations_and_labels(seed, target):
    differences = labels_that_differ(built(seed, target), observed(seed, target))
    assert not differences, told(differences)


@every_variant
def test_standard_features(seed, target):
    differences = features_that_differ(
        built(seed, target), case(seed)[1], observed(seed, target), sample=120, seed=seed
    )
    assert not differences, told(differences)


# half of the kinds in each variant, in turn, so that each target has all of them; the rest among the slow proofs
HALVES = [(*case, slice(i // 2 % 2, None, 2)) for i, case in enumerate(QUICK)]
OTHER_HALVES = [(*case, slice(1 - i // 2 % 2, None, 2)) for i, case in enumerate(QUICK)]


@pytest.mark.parametrize(
    ("seed", "target", "half"), [*HALVES, *(pytest.param(*case, marks=pytest.mark.recovery) for case in OTHER_HALVES)]
)
def test_features_of_every_kind(seed, target, half):
    book, history = case(seed)
    panel = build_panel(book, target, features=features_of_every_kind(target)[half], keep_unlabelled=True)
    differences = features_that_differ(panel, history, observed(seed, target), sample=60, seed=seed)
    assert not differences, told(differences)


@every_variant
def test_what_is_absent_is_switched_off_and_nothing_else(seed, target):
    history, panel = case(seed)[1], built(seed, target)
    off = {feature.name for feature in standard_features(target) if switched_off(feature, history)}
    assert set(panel.info["switched_off"]) == off
    assert set(panel.X) == {feature.name for feature in standard_features(target)} - off


CONSTANT = {f"contacts_{topic}_{days}d" for topic in ("cover", "billing") for days in (90, 365)} | {
    "outreach_action_last"  # hostile books have other topics, and one action
}


@pytest.mark.recovery  # a test of these tests, of the panels of all seeds
@pytest.mark.parametrize("target", TARGETS)
def test_every_standard_feature_says_something_somewhere(target):
    said = {name for seed in SEEDS for name, column in built(seed, target).X.items() if column.nunique() > 1}
    assert {feature.name for feature in standard_features(target)} - said == CONSTANT


@pytest.mark.parametrize("target", TARGETS)
def test_excluded_are_counted_by_cause(target):
    panel, rows = build_panel(case(SEEDS[0])[0], target), observed(SEEDS[0], target)
    labelled = [row for row in rows if row["label"] is not None]
    assert len(panel.y) == len(labelled)
    assert panel.y.sum() == sum(row["label"] for row in labelled)
    causes = {row["cause"] for row in rows if row["label"] is None}
    counts = {cause: sum(1 for row in rows if row["cause"] == cause) for cause in causes}
    assert {cause: panel.info["excluded"].get(cause) for cause in causes} == counts


OTHER = {"slack_days": 0, "gap_days": 0, "horizon_days": 200, "churn_slack_days": 0, "end_date_is": "last_covered_day"}


@cache
def case_of_other_settings(seed):
    """Final exits, other leads, another horizon and the last covered day for an end."""
    hostile = hostile_book(seed)
    settings = Settings(
        data_cutoff=hostile.data_cutoff,
        delay_days=hostile.delay_days,
        end_date_is=OTHER["end_date_is"],
        churn=ChurnSettings(gap_days=0, horizon_days=200, slack_days=0, snapshots="yearly"),
        renewal=RenewalSettings(leads=(1, 30, 60, 100), slack_days=0, match=hostile.match),
    )
    return open_book(hostile.tables, settings=settings), history_of(hostile, **OTHER)


def observed_under_other_settings(seed, target):
    """The oracle's observations."""
    history = case_of_other_settings(seed)[1]
    if target == "renewal":
        return renewal_rows(history, (1, 30, 60, 100))
    return churn_rows(history, [snapshot for snapshot in snapshots(2015) if snapshot.month == 1])


@cache
def built_under_other_settings(seed, target):
    """The panel with the standard features, unlabelled rows kept."""
    return build_panel(case_of_other_settings(seed)[0], target, keep_unlabelled=True)


@pytest.mark.parametrize(
    ("seed", "target"),
    [(SEEDS[1], "renewal"), (SEEDS[4], "churn"), pytest.param(SEEDS[1], "churn", marks=pytest.mark.recovery),
     pytest.param(SEEDS[4], "renewal", marks=pytest.mark.recovery)],
)  # fmt: skip
def test_other_settings(seed, target):
    panel, rows = built_under_other_settings(seed, target), observed_under_other_settings(seed, target)
    differences = labels_that_differ(panel, rows)
    differences += (
        features_that_differ(panel, case_of_other_settings(seed)[1], rows, sample=80) if not differences else []
    )
    assert not differences, told(differences)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("as_of", [datetime(2019, 5, 17), DATA_CUTOFF])
def test_in_force_on_a_day(as_of, target):
    book, history = case(SEEDS[4])
    panel, rows = build_panel(book, target, as_of=as_of), inforce_rows(history, target, as_of)
    keys = ["entity", "customer_id", "policy_id", "term_id", "cutoff"] + (
        ["lead_days", "end_date"] if target == "renewal" else []
    )
    have = {tuple(map(cell, values)) for values in panel.keys[keys].astype(object).itertuples(index=False)}
    assert have == {tuple(row[key] for key in keys) for row in rows}
    assert panel.y.isna().all()
    assert len(panel.y) == len(rows) > 5
    differences = features_that_differ(panel, history, rows, sample=120)
    assert not differences, told(differences)
