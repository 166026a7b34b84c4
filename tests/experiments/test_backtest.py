"""The backtest's figures: a world's is the mean of its books, its interval that of the mean."""

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "experiments" / "010-backtest" / "pooling.py"


@pytest.fixture(scope="module")
def pooling():
    spec = importlib.util.spec_from_file_location("pooling_of_010", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_interval_of_a_mean_shrinks_with_the_root_of_its_books(pooling):
    books = [{"estimate": 1.0, "low": 0.9, "high": 1.1}, {"estimate": 1.2, "low": 1.1, "high": 1.3}] * 2
    found = pooling.mean_of(books)
    assert found["estimate"] == pytest.approx(1.1)
    assert found["high"] - found["estimate"] == pytest.approx(0.1 / 2)


def test_a_world_is_told_by_fold_and_lead(pooling):
    def figure(value):
        return {"estimate": value, "low": value - 0.1, "high": value + 0.1}

    def row(**key):
        names = ("calibration_slope", "observed_expected", "auc")
        ends = {f"{name}_{end}": 1.0 for name in names for end in ("low", "high")}
        return {**key, **dict.fromkeys(names, 1.0), **ends, "attainable_gain": 0.9}

    book = {"rows": 10, "metrics": {name: figure(1.0) for name in pooling.METRICS}, "mark": {"for_money": True},
            "exits": [{"by": "all", "other_exits": 3}, {"by": "fold", "other_exits": 3}],
            "by_fold": [row(fold=1), row(fold=2)], "by_lead": [row(lead_days=14.0)]}  # fmt: skip
    found = pooling.of_world("A", [book, book])
    assert (found["world_A_rows"], found["world_A_other_exits"], found["world_A_for_money"]) == (20, 6, 2)
    assert {"world_A_fold_1_gain", "world_A_fold_2_calibration_slope_low", "world_A_lead_14_auc"} <= set(found)
