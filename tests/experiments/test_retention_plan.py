"""The experiment on the retention plan: its figures follow from its books, and a promise can be missed."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "experiments" / "009-retention-plan"
RULES = {"risk": 100.0, "value_at_risk": 200.0, "value_at_risk_given": 210.0, "value": 90.0, "random": 10.0,
         "oracle": 400.0, "by_age": 210.0, "by_age_chance_and_value": 300.0, "plan": 260.0,
         "uplift_plan": 300.0}  # fmt: skip


@pytest.fixture
def pooling(monkeypatch):
    for name in ("pooling", "record"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [str(HERE), str(HERE.parent), *sys.path])
    import pooling

    yield pooling
    for name in ("pooling", "record"):
        sys.modules.pop(name, None)


def book(seed, *, held=True, **worth):
    lists = [{"share": share, "rule": rule, "contacts": 10, "worth": value + seed,
              "driven_away": 0.1 if rule == "uplift_plan" else 0.2}
             for share in (0.05, 0.1, 0.2) for rule, value in {**RULES, **worth}.items()]  # fmt: skip
    readouts = [{"share": share, "true": 5.0, "estimate": 6.0, "low": 1.0, "high": 9.0, "held": held}
                for share in (0.05, 0.1, 0.2)]  # fmt: skip
    return {"seed": seed, "lists": lists, "readouts": readouts,
            "uplift": {"better": True, "average": 0.05, "qini": 0.01, "rows": 100}}  # fmt: skip


def test_ratios_are_those_of_sums_and_intervals_hold_them(pooling):
    figures = pooling.pooled([book(seed) for seed in range(4)])
    assert figures["plan_over_risk_at_5"] == pytest.approx((4 * 260 + 6) / (4 * 100 + 6))
    for name in (name for name in figures if f"{name}_low" in figures):
        assert figures[f"{name}_low"] <= figures[name] <= figures[f"{name}_high"], name
    assert (figures["readouts"], figures["readouts_covered"]) == (12, 1.0)


def test_every_promise_can_be_missed(pooling):
    good = [book(seed, held=seed != 0) for seed in range(30)]
    kept = pooling.promises(pooling.pooled(good) | {"speed_plan_seconds": 10.0})
    assert all(each["met"] for each in kept)
    bad = [book(seed, held=seed % 2 == 0, plan=50.0, uplift_plan=40.0) for seed in range(3)]
    for one in bad:
        for row in one["lists"]:
            row["driven_away"] = 0.2
    missed = pooling.promises(pooling.pooled(bad))
    assert len(missed) == len(kept)
    assert not any(each["met"] for each in missed)
    assert missed[-1]["measured"] == "not measured"
