"""Groups side by side: the table against plain counting, intervals that can fail, small groups without figures."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from churnkit.errors import ContractError, UsageError
from churnkit.models.cancellation import CancellationModel
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.fairness import MEASURES, by_group

from ..insurer import FEATURES, as_panel


@pytest.fixture(scope="module")
def audit(test_rows):
    """Two made-up audit columns that nothing depends on, one of them rare."""
    rng = np.random.default_rng(3)
    gender = rng.choice(["female", "male"], 2500)[test_rows["customer_id"]]
    vulnerable = (rng.random(2500) < 0.016)[test_rows["customer_id"]]
    return pd.DataFrame({"gender": gender, "vulnerable": vulnerable})


@pytest.fixture(scope="module")
def found(model, panel, audit):
    groups = audit.join(panel.X[["line", "tenure"]]).assign(price=panel.X["price_step"])
    return by_group(model, panel, groups, capacity=0.2, n_boot=80)


def test_figures_are_those_of_plain_counting(model, panel, audit, found):
    risk, lapse = 1 - model.predict_proba(panel.X)[:, 1], 1 - panel.y.to_numpy()
    chosen = risk >= np.quantile(risk, 0.8)
    everybody = np.ones(len(panel), dtype=bool)
    cases = (("gender", "female", audit["gender"]), ("line", "life", panel.X["line"]), ("all", "all", everybody))
    for column, group, values in cases:
        row, mine = found.table.loc[(column, group)], np.asarray((values == group) | (column == "all"))
        assert row["n"] == mine.sum()
        assert row["customers"] == panel.groups[mine].nunique()
        assert row["lapses"] == lapse[mine].sum()
        assert row["selected"] == pytest.approx(chosen[mine].mean(), abs=2 / mine.sum())
        assert row["miss_rate"] == pytest.approx((~chosen)[mine & (lapse == 1)].mean(), abs=2 / lapse[mine].sum())
        assert row["observed_expected"] == pytest.approx(lapse[mine].sum() / risk[mine].sum())
        assert row["miss_rate_gap"] == pytest.approx(row["miss_rate"] - found.table["miss_rate"].iloc[0])
    assert found.table["selected"].iloc[0] == pytest.approx(0.2)
    assert found.threshold == pytest.approx(np.quantile(risk, 0.8), abs=1e-3)


def test_every_division_adds_up_to_the_whole(found, panel):
    for column in ("gender", "vulnerable", "line", "tenure", "price"):
        assert found.table.loc[column, "n"].sum() == len(panel)
    assert found.table.loc["tenure"].index.tolist() == ["0", "1", "2", "3", "4", "5", "6", "7", "8"]
    bands = found.table.loc["price"].index.tolist()
    assert len(bands) == 5  # quartiles, and not known
    assert bands[-1] == "not known"
    lows = [float(band.split(" to ")[0]) for band in bands[:4]]
    assert lows == sorted(lows)


def test_intervals_hold_their_estimates(found):
    shown = found.table[found.table["note"] == ""]
    for name in (*MEASURES, *(f"{name}_gap" for name in MEASURES)):
        assert (shown[f"{name}_low"] <= shown[name] + 1e-9).all()
        assert (shown[name] <= shown[f"{name}_high"] + 1e-9).all()


def test_groups_of_fewer_than_50_customers_have_no_figures(found, test_rows, audit):
    rare = found.table.loc[("vulnerable", "yes")]
    assert rare["customers"] == test_rows.loc[audit["vulnerable"], "customer_id"].nunique() < 50 < rare["n"]
    assert rare["note"] == "too few"
    assert rare.drop(["n", "customers", "note"]).isna().all()
    assert "Too few (under 50 customers), without figures: vulnerable yes." in found.text


def test_a_column_that_nothing_depends_on_does_not_differ_clearly(model, panel, audit):
    text = by_group(model, panel, audit[["gender"]], n_boot=80).text
    assert text.count("none of 2 groups differs clearly") == 3
    assert "they do not say why" in text


def test_a_group_that_is_mispriced_and_missed_is_named(model, test_rows):
    """In the west every third renewal becomes a lapse that the model knows nothing of."""
    rng = np.random.default_rng(0)
    worse = (test_rows["region"] == "west") & (rng.random(len(test_rows)) < 1 / 3)
    panel = as_panel(test_rows.assign(y=test_rows["y"].where(~worse, 0.0)))
    found = by_group(model, panel, ["region", "line"], n_boot=80)
    calibration = next(line for line in found.text.splitlines() if line.startswith("Calibration"))
    assert "the widest is region west" in calibration
    row = found.table.loc[("region", "west")]
    assert row["observed_expected_low"] > 1.3
    assert f"observed/expected {row['observed_expected']:.2f}" in calibration
    assert row["miss_rate_gap_low"] > 0
    misses = next(line for line in found.text.splitlines() if line.startswith("Misses"))
    assert " pp (" in misses
    assert "missed" in misses


@pytest.mark.parametrize(("kind", "said"), [(ChurnModel, "churned customers"), (CancellationModel, "cancellations")])
def test_where_class_1_leaves_the_likeliest_to_leave_are_selected(kind, said, train, test_rows):
    churn = kind(n_estimators=10).fit(train[FEATURES], 1 - train["y"])
    panel = as_panel(test_rows.assign(y=1 - test_rows["y"]), target="churn")
    found = by_group(churn, panel, "line", n_boot=5)
    assert found.table["lapses"].iloc[0] == panel.y.sum()
    assert found.table["miss_rate"].iloc[0] < 0.9
    assert said in found.text


def test_the_seed_decides_and_unlabelled_rows_count_for_nothing(model, test_rows):
    holes = as_panel(test_rows.assign(y=test_rows["y"].where(np.arange(len(test_rows)) % 2 == 0)))
    known = as_panel(test_rows[np.arange(len(test_rows)) % 2 == 0])
    a, b = (by_group(model, panel, ["line"], n_boot=10).table for panel in (holes, known))
    pd.testing.assert_frame_equal(a, b)
    assert not a.equals(by_group(model, known, ["line"], n_boot=10, random_state=1).table)


def test_faults_are_clear(model, panel, audit, test_rows):
    with pytest.raises(NotFittedError):
        by_group(RenewalModel(), panel, audit)
    with pytest.raises(UsageError, match=r"audit_columns\(book, panel\)"):
        by_group(model, panel, ["gender"])
    with pytest.raises(UsageError, match="indexed like"):
        by_group(model, panel, audit.head(10))
    with pytest.raises(UsageError, match=r"at most 200 groups.*'who'"):
        by_group(model, panel, pd.DataFrame({"who": panel.groups.astype(str)}))
    with pytest.raises(UsageError, match="capacity"):
        by_group(model, panel, audit, capacity=1.5)
    with pytest.raises(ContractError, match=r"CLS28.*no lapse"):
        by_group(model, as_panel(test_rows.assign(y=1.0)), ["line"])
