"""LEAK29 and the ripening of labels: what knows the outcome is named, what merely predicts it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from churnkit.book.open import open_book
from churnkit.book.settings import Settings
from churnkit.errors import ContractError
from churnkit.panel.build import build_panel
from churnkit.panel.leaks.areas import area
from churnkit.panel.leaks.leakage import foreseeing_columns, leaking_features
from churnkit.panel.ripening import require_classes, ripening
from tests.simulated import simulated


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    y = (rng.random(4000) < 0.2).astype(float)
    return rng, y


def _named(X, y, **arguments):
    return [finding.found.split(" ")[0] for finding in leaking_features(pd.DataFrame(X), y, **arguments)]


def test_a_number_above_the_limit_is_named_and_one_below_is_not(drawn):
    rng, y = drawn
    noise = rng.standard_normal(len(y))
    near, far = noise + 2.6 * y, noise + 2.0 * y
    assert roc_auc_score(y, near) > 0.95 > roc_auc_score(y, far)
    (finding,) = leaking_features(pd.DataFrame({"near": near, "far": far, "down": -far}), y)
    assert (finding.code, finding.severity, finding.count) == ("LEAK29", "warning", 1)
    assert f"AUC {roc_auc_score(y, near):.3f}" in finding.found


def test_down_is_as_bad_as_up_and_missing_may_be_what_tells(drawn):
    rng, y = drawn
    value = rng.standard_normal(len(y))
    told = {
        "down": -y, "missing": np.where(y == 1, np.nan, value), "there": np.where(y == 0, np.nan, value),
        "mixed": np.where((rng.random(len(y)) < 0.5) & (y == 1), np.nan, value), "empty": np.full(len(y), np.nan),
    }  # fmt: skip
    assert _named(told, y) == ["down", "missing", "there"]


def test_ties_count_half_as_the_curve_has_it(drawn):
    rng, y = drawn
    order = rng.integers(0, 6, len(y)) + (y * 2).astype(int)
    wanted = roc_auc_score(y, order)
    for stratum in (None, np.zeros(len(y), int)):
        assert area(order, y, stratum)[0] == pytest.approx(wanted, abs=1e-12)


def test_a_category_is_named_by_what_it_says_of_other_customers(drawn):
    rng, y = drawn
    left = np.where(y == 1, "closed", "open")
    own = np.arange(len(y)).astype(str)  # one value per row says nothing of others
    region = rng.choice(["east", "west"], len(y))
    assert _named({"state": left, "own": own, "region": region}, y) == ["state"]


def test_a_customers_own_category_does_not_separate_across_halves(drawn):
    rng, _ = drawn
    customer = np.repeat(np.arange(500), 8)
    y = np.repeat((rng.random(500) < 0.3).astype(float), 8)
    X = {"plate": customer.astype(str)}
    assert _named(X, y) == ["plate"]  # without groups one row's outcome is another's
    assert _named(X, y, groups=customer) == []


def test_rows_without_a_label_and_too_few_rows_say_nothing(drawn):
    _, y = drawn
    X = {"calls": y}
    half = np.where(np.arange(len(y)) % 2, np.nan, y)
    assert _named(X, half) == ["calls"]
    assert _named({"calls": y[:200]}, y[:200]) == []  # about 40 of the rarer kind


def test_the_table_is_named(drawn):
    from churnkit.panel.catalog import standard_features

    _, y = drawn
    features = [f for f in standard_features("renewal") if f.name == "premium"]
    (finding,) = leaking_features(pd.DataFrame({"premium": y}), y, features=features)
    assert finding.table == "terms"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return simulated(tmp_path_factory, customers=700, years=5, seed=4)


def _with_column(folder, make):
    tables = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    tables["customers"]["standing"] = make(tables)
    settings = Settings(data_cutoff="2026-10-01", extra={"customers": {"standing": "category"}})
    return open_book(tables, settings=settings)


def _gone(tables, day="2026-10-01"):
    terms = tables["terms"].merge(tables["policies"][["policy_id", "customer_id"]])
    until = terms["end_date"].where(terms["ended_date"].isna(), terms["ended_date"])
    last = until.groupby(terms["customer_id"]).max()
    return tables["customers"]["customer_id"].map(last) < pd.Timestamp(day)


def test_a_column_written_when_customers_leave_is_named(folder):
    rng = np.random.default_rng(1)

    def written(tables):
        marked = _gone(tables).to_numpy() & (rng.random(len(tables["customers"])) < 0.8)
        return np.where(marked, "dormant", rng.choice(["gold", "silver"], len(marked)))

    book = _with_column(folder, written)
    for target in ("renewal", "churn"):
        panel = build_panel(book, target)
        (finding,) = foreseeing_columns(book, panel)
        assert (finding.code, finding.table, finding.severity) == ("LEAK29", "customers", "warning")
        assert finding.found.startswith("standing tells, of those who stayed, who was gone later")


def test_a_trait_and_a_drift_in_time_are_not(folder):
    rng = np.random.default_rng(1)
    trait = _with_column(folder, lambda tables: rng.choice(["gold", "silver"], len(tables["customers"])))
    assert foreseeing_columns(trait, build_panel(trait, "renewal")) == []
    cohort = _with_column(folder, lambda tables: tables["customers"]["recorded_at"].dt.year.astype(str))
    panel = build_panel(cohort, "renewal")
    assert "standing" in panel.X
    assert foreseeing_columns(cohort, panel) == []


def test_ripening_says_when():
    assert ripening({"2026-05-01": 1, "2026-03-01": 1, "2026-04-01": 1}) == (
        "3 more labels ripen, the first on 2026-03-01, half of them by 2026-04-01, the last on 2026-05-01"
    )
    assert ripening({"2026-05-01": 9, "2026-03-01": 10, "2026-04-01": 1}).split(", ")[2] == "half of them by 2026-03-01"
    assert ripening({"2026-04-01": 1}) == "1 more label ripens, on 2026-04-01"
    assert ripening({}) == "no more labels ripen"


def test_cls28_fewer_than_fifty_of_the_rarer_class_names_when_more_ripen(folder):
    panel = build_panel(open_book(folder), "renewal", keep_unlabelled=True)
    ripe = panel.take(panel.y.notna())
    lapses = np.flatnonzero(ripe.y == 0)
    require_classes(panel, ripe, least=50)
    few = ripe.take(np.r_[lapses[:49], np.flatnonzero(ripe.y == 1)])
    with pytest.raises(ContractError, match=r"CLS28.*at least 50.*0 in 49 of .* more labels ripen, the first on 2026-"):
        require_classes(panel, few, least=50)
    require_classes(panel, ripe.take(np.r_[lapses[:50], np.flatnonzero(ripe.y == 1)]), least=50)
