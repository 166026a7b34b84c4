"""What the features tell of an audit column: much where it was mixed in, nothing where it was drawn."""

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import UsageError
from churnkit.models.evaluation.proxy import proxy

from ..insurer import as_panel


@pytest.fixture(scope="module")
def panel(test_rows):
    """Waiting depends on gender; nothing does on the coin or the rare trait."""
    female = np.random.default_rng(0).random(2500) < 0.3
    longer = np.where(female[test_rows["customer_id"]], 2.0, 1.0)
    return as_panel(test_rows.assign(waiting=test_rows["waiting"] * longer))


@pytest.fixture(scope="module")
def audit(test_rows):
    people, rng = test_rows["customer_id"], np.random.default_rng(0)
    female, coin, rare = rng.random(2500) < 0.3, rng.random(2500) < 0.5, rng.random(2500) < 0.01
    return pd.DataFrame(
        {"gender": np.where(female[people], "female", "male"), "coin": coin[people], "rare": rare[people]}
    )


@pytest.fixture(scope="module")
def found(panel, audit):
    return proxy(panel, audit, n_boot=60)


def test_what_carries_an_audit_column_is_named(found):
    row = found.table.loc[("gender", "female")]
    assert row["low"] < row["auc"] < row["high"]
    assert row["low"] > 0.6
    assert row["carried_by"].startswith("waiting")
    assert found.importance["gender=female"].idxmax() == "waiting"
    assert found.importance["gender=female"].sum() == pytest.approx(1)
    assert "gender female: AUC" in found.text


def test_what_was_drawn_is_not_told(found):
    """Judged on customers that the trees saw, a coin would be told too."""
    row = found.table.loc["coin"].iloc[0]
    assert row["low"] < 0.5 < row["high"]
    assert "do not tell coin" in found.text


def test_customers_count_once_and_few_are_not_told(found, panel):
    assert (found.table.loc["gender", "customers"] == panel.groups.nunique()).all()
    assert found.table.loc["rare", "note"].tolist() == ["too few"]
    assert found.table.loc["rare", "auc"].isna().all()
    assert "rare True: too few" in found.text


def test_three_values_are_asked_one_by_one(panel):
    line = pd.DataFrame({"of": panel.X["line"].where(panel.X["region"] != "east")})
    table = proxy(panel, line, n_boot=5).table
    assert sorted(table.loc["of"].index) == ["home", "life", "motor"]
    assert (table["auc"] > 0.99).all()


def test_an_audit_column_among_the_features_is_refused(panel, audit):
    with pytest.raises(UsageError, match=r"not a feature.*line in panel\.X"):
        proxy(panel, panel.X[["line"]])
    with pytest.raises(UsageError, match="indexed like"):
        proxy(panel, audit.head(3))
