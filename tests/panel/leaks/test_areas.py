"""Areas of single columns against scikit-learn, and their errors against the bootstrap; drops and separations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from churnkit.panel.leaks.areas import area, error_of, orders_of
from churnkit.panel.leaks.drift import separations
from churnkit.panel.leaks.strength import sampled, strengths
from churnkit.panel.panel import Panel


@pytest.fixture(scope="module")
def drawn():
    """300 customers with one to five rows each, alike within a customer; ties and two strata."""
    rng = np.random.default_rng(3)
    people = np.repeat(np.arange(300), rng.integers(1, 6, 300))
    own = rng.standard_normal(300)[people]
    y = (own + rng.standard_normal(len(people)) > 0.8).astype(float)
    order = np.round(2 * own + 2 * rng.standard_normal(len(people))).astype(int)
    return people, y, order - order.min(), rng.integers(0, 2, len(people))


def test_strata_are_weighted_by_their_pairs(drawn):
    _, y, order, stratum = drawn
    parts = [(roc_auc_score(y[s], order[s]), y[s].sum() * (1 - y[s]).sum()) for s in (stratum == 0, stratum == 1)]
    wanted = np.average([auc for auc, _ in parts], weights=[pairs for _, pairs in parts])
    assert area(order, y, stratum)[0] == pytest.approx(wanted, abs=1e-12)
    assert area(order, y, stratum)[1].sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("strata", [False, True])
def test_the_error_is_the_bootstraps_with_customers_as_units(drawn, strata):
    people, y, order, stratum = drawn
    own = stratum if strata else None
    error = error_of(area(order, y, own)[1], people)
    rng, rows = np.random.default_rng(0), [np.flatnonzero(people == p) for p in range(300)]
    found = []
    for _ in range(300):
        at = np.concatenate([rows[p] for p in rng.integers(0, 300, 300)])
        found.append(area(order[at], y[at], None if own is None else own[at])[0])
    assert error == pytest.approx(np.std(found), rel=0.12)  # 300 draws know it to 4 %
    assert error > 1.1 * error_of(area(order, y, own)[1], np.arange(len(y)))  # rows as units would say too little


def test_missing_values_rank_lowest_or_highest(drawn):
    _, y, _, _ = drawn
    column = pd.Series(np.where(y == 1, np.nan, 5.0))
    assert sorted(area(order, y)[0] for order in orders_of(column, y, np.zeros(len(y), int))) == [0.0, 1.0]


def _panel(X, y, people, cutoff, lead=15.0):
    keys = pd.DataFrame({"entity": [f"t{i}" for i in range(len(y))], "customer_id": people.astype(str),
                         "cutoff": pd.to_datetime(cutoff), "lead_days": lead})  # fmt: skip
    return Panel(X=pd.DataFrame(X), y=pd.Series(y), keys=keys, target="renewal")


def test_the_drop_is_the_difference_of_two_areas_on_the_same_rows(drawn):
    people, y, order, _ = drawn
    rng = np.random.default_rng(1)
    later, earlier = order.astype(float), order + 4 * rng.standard_normal(len(y))
    days = pd.Timestamp("2025-03-31") + pd.to_timedelta(rng.integers(0, 300, len(y)), unit="D")
    near = _panel({"up": later, "down": -later, "same": later}, y, people, days)
    far = _panel({"up": earlier, "down": -earlier, "same": later}, np.nan * y, people, days - pd.Timedelta(days=30))
    kept = rng.permutation(len(y))[: len(y) - 100]  # some have no row 30 days before
    table = strengths([(near, far.take(kept))]).set_index("feature")
    rows = np.sort(kept)
    wanted = [roc_auc_score(y[rows], x[rows]) for x in (later, earlier)]
    for name in ("up", "down"):
        assert table.loc[name, ["auc", "auc_30d_earlier"]].tolist() == pytest.approx(wanted)
        assert table.loc[name, "rows"] == len(rows)
        assert table.loc[name, "drop_low"] < table.loc[name, "drop"] < table.loc[name, "drop_high"]
    assert table.loc["same", ["drop", "drop_low", "drop_high"]].tolist() == [0, 0, 0]


def test_of_the_leads_the_most_suspicious_speaks(drawn):
    people, y, order, _ = drawn
    rng = np.random.default_rng(2)
    noise = rng.standard_normal(len(y))
    days = ["2025-03-31"] * len(y), ["2025-03-01"] * len(y)
    early, late = (_panel({"x": order + 0.0}, y, people, days[0], lead) for lead in (75.0, 15.0))
    known, unknown = (_panel({"x": x}, y, people, days[1]) for x in (order + 0.0, noise))
    for pairs in ([(early, known), (late, unknown)], [(late, unknown), (early, known)]):
        assert strengths(pairs)["lead_days"].tolist() == [15.0]


def test_too_few_rows_say_nothing(drawn):
    people, y, order, _ = drawn
    days = ["2025-03-31"] * len(y)
    near, far = (_panel({"x": order + 0.0}, y, people, d) for d in (days, ["2025-03-01"] * len(y)))
    rare = np.r_[np.flatnonzero(y == 1)[:49], np.flatnonzero(y == 0)]
    assert len(strengths([(near, far)])) == 1
    assert len(strengths([(near.take(rare), far)])) == 0
    table = separations([near.take(np.arange(49))], far)
    assert table["separates_time"].isna().all()


def test_values_and_gaps_separate_time(drawn):
    people, y, order, _ = drawn
    rng = np.random.default_rng(4)
    n = len(y)
    past = {"same": order + 0.0, "later": order + 0.0, "gap": np.where(rng.random(n) < 0.9, 1.0, np.nan),
            "sort": rng.choice(["a", "b"], n)}  # fmt: skip
    now = past | {"later": order + 9.0, "gap": np.where(rng.random(n) < 0.1, 1.0, np.nan), "sort": ["c"] * n}
    table = separations([_panel(past, y, people, ["2024-01-01"] * n)], _panel(now, y, people, ["2025-01-01"] * n))
    table = table.set_index("feature")["separates_time"]
    assert table["same"] == 0.5
    assert table["later"] == pytest.approx(roc_auc_score(np.repeat([0, 1], n), np.r_[past["later"], now["later"]]))
    assert table["gap"] == pytest.approx(0.9, abs=0.03)
    assert table["sort"] == pytest.approx(1.0, abs=0.01)


def test_a_sample_is_of_whole_customers(drawn):
    people = pd.Series(drawn[0])
    at = sampled(people, len(people) // 3)
    assert 0.25 < len(at) / len(people) < 0.42
    assert people.isin(people.iloc[at].unique()).sum() == len(at)
    assert len(sampled(people, len(people))) == len(people)
