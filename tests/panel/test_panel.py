"""A panel's splits, rows and files."""

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import ContractError, UsageError
from churnkit.panel.catalog import standard_features
from churnkit.panel.panel import Panel


@pytest.fixture
def panel():
    cutoff = pd.to_datetime(["2020-01-01", "2020-06-01", "2020-12-01", "2021-01-01", "2021-06-01", "2021-07-01"])
    keys = pd.DataFrame({
        "entity": list("abcdef"), "customer_id": ["1", "1", "2", "2", "3", "3"], "cutoff": cutoff,
        "ripe_at": cutoff + pd.Timedelta(days=60), "cause": ["", "", "", "", "", "unripe"],
    })  # fmt: skip
    X = pd.DataFrame({"number": np.arange(6.0), "line": pd.Series(["motor", None] * 3, dtype="str")})
    y = pd.Series([1, 0, 1, 0, 1, np.nan], name="renewed")
    return Panel(X=X, y=y, keys=keys, target="renewal", features=standard_features()[:60], info={"leads": [14]})


def test_training_labels_were_ripe_on_the_day_the_test_begins(panel):
    train, test = panel.split(test_from="2021-01-01")
    assert train.keys["entity"].tolist() == ["a", "b"]  # c is labelled, but was not ripe yet
    assert test.keys["entity"].tolist() == ["d", "e"]


def test_a_label_ripe_on_that_very_day_trains(panel):
    train, _ = panel.split(test_from=panel.keys["ripe_at"][2], test_to="2021-06-02")
    assert train.keys["entity"].tolist() == ["a", "b", "c"]


def test_the_test_ends_before_test_to(panel):
    _, test = panel.split(test_from="2021-01-01", test_to="2021-06-01")
    assert test.keys["entity"].tolist() == ["d"]


@pytest.mark.parametrize(("day", "side"), [("2019-01-01", "train"), ("2022-01-01", "test")])
def test_an_empty_side_is_refused_with_the_dates_there_are(panel, day, side):
    with pytest.raises(ContractError, match=f"no {side} rows.*2020-01-01 to 2021-06-01.*ripe on 2020-03-01"):
        panel.split(test_from=day)


def test_a_panel_without_labels_cannot_be_split(panel):
    with pytest.raises(ContractError, match="CLS28"):
        panel.take(panel.y.isna()).split(test_from="2021-01-01")


@pytest.mark.parametrize("day", ["soon", None])
def test_a_split_needs_a_date(panel, day):
    with pytest.raises(UsageError, match="test_from is a date"):
        panel.split(test_from=day)


def test_take_by_mask_and_by_position_agree_and_index_afresh(panel):
    by_mask, by_place = panel.take(panel.X["number"] > 3), panel.take([4, 5])
    pd.testing.assert_frame_equal(by_mask.X, by_place.X)
    assert by_mask.keys.index.equals(pd.RangeIndex(2))
    assert by_mask.groups.tolist() == ["3", "3"]


def test_a_mask_of_another_length_is_refused(panel):
    with pytest.raises(UsageError, match="one value per row"):
        panel.take([True, False])


def test_a_panel_comes_back_from_parquet_as_it_went(panel, tmp_path):
    back = Panel.read_parquet(panel.to_parquet(tmp_path / "deep" / "panel.parquet"))
    pd.testing.assert_frame_equal(back.X, panel.X)
    pd.testing.assert_frame_equal(back.keys, panel.keys, check_dtype=True)
    pd.testing.assert_series_equal(back.y, panel.y)
    assert (back.target, back.features, back.info) == (panel.target, panel.features, panel.info)


def test_a_failed_write_leaves_the_old_file_and_no_rest(panel, tmp_path, monkeypatch):
    path = panel.to_parquet(tmp_path / "panel.parquet")
    before = path.read_bytes()

    def fail(table, where, **how):
        where.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("churnkit.panel.panel.pq.write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        panel.take([0]).to_parquet(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["panel.parquet"]


def test_what_is_no_panel_is_refused_with_its_path(panel, tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"no")
    panel.X.to_parquet(tmp_path / "plain.parquet")
    for name in ("absent.parquet", "x.parquet", "plain.parquet"):
        with pytest.raises(UsageError, match=name):
            Panel.read_parquet(tmp_path / name)


def test_parts_of_different_length_are_no_panel(panel):
    with pytest.raises(UsageError, match="same rows"):
        Panel(X=panel.X[:3], y=panel.y, keys=panel.keys, target="renewal")
