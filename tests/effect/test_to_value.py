"""An effect carried to lifetime value: on lives whose stay is known, with an effect that is given."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churnkit.effect.to_value import ONE_YEAR, PERMANENT, effect_on_value
from churnkit.effect.verdict import Verdict
from churnkit.value.lifted import Movable

PP = {"home": 0.4, "motor": 0.6, "all": 0.5}  # pp of renewal per pp of satisfaction


class Known:
    """An effect of known size: so many pp by line, with a standard error that all customers share."""

    def __init__(self, keys, *, shown="estimate", error=0.0, cancelled=0.0):
        self.verdict = Verdict("identified" if shown == "estimate" else "bounds", "as given", shown)
        people = keys["customer_id"].drop_duplicates().reset_index(drop=True)
        early = np.arange(len(people)) < cancelled * len(people)
        self.terms_ = SimpleNamespace(
            keys=pd.DataFrame({"customer_id": people, "line": "home"}), customer=np.arange(len(people)),
            y=np.where(early, 0.0, 1.0), short=np.zeros(len(people), dtype=bool), decided=~early,
        )  # fmt: skip
        self.error = error

    def by_line(self, points):
        table = pd.DataFrame({"line": list(PP), "estimate": [points * each for each in PP.values()]})
        return table.assign(low=table["estimate"] * 0.5, high=table["estimate"] * 1.5)

    def replicate(self, weights, points):
        moved = self.error * (weights - 1).sum() / np.sqrt(len(weights))
        return points * (pd.Series(PP) + moved)


def test_it_is_the_ratio_of_sums_with_the_lift_behind_the_change(value, standing):
    rows = standing[0]
    found = effect_on_value(Known(rows.keys), value, rows, points=(1.0, -2.0), replicates=0)
    movable = Movable.of(value, rows)
    lift = movable.lift_for(np.array([0.004, 0.006]))
    for duration, once in ((PERMANENT, False), (ONE_YEAR, True)):
        gain = movable.worth(lift, once=once).sum() / movable.worth().sum() - 1
        assert found.at(duration)["value"] == pytest.approx(100 * gain)
        assert found.at(duration, points=-2.0)["value"] < 0
    line = movable.asked.line.to_numpy()
    assert found.at(PERMANENT, group="home")["renewal"] == pytest.approx(0.4)
    assert found.at(PERMANENT)["renewal"] == pytest.approx(np.where(line == "home", 0.4, 0.6).mean())
    assert found.at(PERMANENT)["value"] > 2 * found.at(ONE_YEAR)["value"]
    parts = [found.at(PERMANENT, group=name)["money"] for name in ("home", "motor")]
    assert sum(parts) == pytest.approx(found.at(PERMANENT)["money"])


def test_those_who_cancel_before_the_end_are_not_reached(value, standing):
    """A tenth cancels in a year: of the term under way as much of it as is left, of each later term the whole year."""
    rows = standing[0]
    whole, less = (effect_on_value(Known(rows.keys, cancelled=share), value, rows, points=(1.0,), replicates=0)
                   for share in (0.0, 0.1))  # fmt: skip
    mine = rows.keys[rows.keys["line"] == "home"]
    left = ((mine["end_date"] - mine["cutoff"]).dt.days / 365).clip(upper=1).mean()
    ratio = less.at(PERMANENT, group="home")["renewal"] / whole.at(PERMANENT, group="home")["renewal"]
    assert ratio == pytest.approx(1 - 0.1 * left, abs=0.001)
    assert less.at(PERMANENT)["value"] < whole.at(PERMANENT)["value"]


def test_intervals_hold_the_effects_error_and_the_values(value, standing):
    """The effect's error is a fifth of it; elasticities are close to proportional."""
    rows, told = standing[0], []
    sure, unsure = (effect_on_value(Known(rows.keys, error=error), value, rows, points=(1.0,), replicates=24,
                                    progress=told.append) for error in (0.0, 0.1))  # fmt: skip
    widths = [found.at(PERMANENT)["high"] - found.at(PERMANENT)["low"] for found in (sure, unsure)]
    estimate = unsure.at(PERMANENT)["value"]
    assert 0 < widths[0] < 0.5 * widths[1]
    assert widths[1] == pytest.approx(2 * 1.96 * 0.2 * estimate, rel=0.45)  # 24 replicates: a spread is known to 15 %
    assert "one replicate took" in told[0]
    assert f"{estimate:+.2f} %" in unsure.text
    assert "over 5 renewals at 8.0% a year" in unsure.text


def test_an_interval_is_carried_by_its_ends(value, standing):
    rows = standing[0]
    bounds = effect_on_value(Known(rows.keys, shown="union"), value, rows, points=(1.0, -1.0)).at(PERMANENT)
    whole = effect_on_value(Known(rows.keys), value, rows, points=(0.5, 1.5), replicates=0)
    assert np.isnan(bounds["value"])
    assert bounds["low"] == pytest.approx(whole.at(PERMANENT, points=0.5)["value"])
    assert bounds["high"] == pytest.approx(whole.at(PERMANENT, points=1.5)["value"])


def test_nothing_is_shown_where_the_verdict_lets_nothing_be_shown(value, standing):
    rows = standing[0]
    found = effect_on_value(Known(rows.keys, shown="nothing"), value, rows)
    assert found.table[["renewal", "value", "low", "high", "money"]].isna().all().all()
    assert found.at(PERMANENT)["policies"] == len(rows)
    assert found.text.startswith("What satisfaction does to lifetime value is not shown")


def test_groups_may_be_segments(value, standing):
    rows = standing[0]
    segment = pd.Series(np.where(rows.X["premium"] > 1500, "large", "small"), name="size")
    found = effect_on_value(Known(rows.keys), value, rows, points=(1.0,), by=segment, replicates=0)
    counts = [found.at(ONE_YEAR, group=name)["policies"] for name in ("large", "small")]
    assert sum(counts) == len(rows)
