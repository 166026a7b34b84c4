"""Life tables: by hand, from a textbook, and against a survival library, of months and of renewals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import UsageError
from churnkit.models.life_tables import coming_renewal, life_table, months_in_force, product_limit
from churnkit.panel.panel import Panel
from tests.models.lives import as_panel, lives, renewals


def test_the_life_table_is_the_one_by_hand():
    # month 0: 6 policies, 1 cancels; month 1: 5, 1 dies (of 4 with a label 1 cancels); month 2: 3, none; month 3: 2, 1
    ends = ((0, 1), (1, 1), (1, "death"), (3, None), (3, 1), (4, None))
    table = life_table(as_panel(lives("motor", *ends))).table.loc["motor"]
    assert table["at_risk"].tolist() == [6, 4, 3, 2]
    assert table["cancelled"].tolist() == [1, 1, 0, 1]
    assert table["other_exits"].tolist() == [0, 1, 0, 0]
    assert table["survival"].tolist() == pytest.approx([5 / 6, 5 / 8, 5 / 8, 5 / 16])
    # Greenwood, after month 1: 1 / (6 * 5) + 1 / (4 * 3) = 0.11667; log-minus-log: 0.625 ** exp(+-1.96 * .3416 / .47)
    assert table["low"].iloc[1] == pytest.approx(0.625 ** np.exp(1.959964 * np.sqrt(7 / 60) / -np.log(0.625)))
    assert table["high"].iloc[1] == pytest.approx(0.625 ** np.exp(-1.959964 * np.sqrt(7 / 60) / -np.log(0.625)))


def test_survival_of_freireich_leukaemia_patients():
    """6-MP against placebo, the 6-MP arm in weeks (Freireich et al. 1963; Kaplan-Meier in any textbook)."""
    weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    # relapsing in week w: there for w - 1 weeks, then gone; censored after week w: seen to stay through it
    table = life_table(as_panel(lives("arm", *((w - 1, 1) for w in weeks), *((w, None) for w in censored)))).table
    at = table.loc["arm"]["survival"]
    assert at[[5, 6, 9, 12, 15, 21, 22]].round(3).tolist() == [0.857, 0.807, 0.753, 0.69, 0.627, 0.538, 0.448]


def test_lines_are_counted_apart_and_together():
    found = life_table(as_panel([*lives("home", (2, 1), (1, "unripe")), *lives("motor", (0, 1), (2, None))]))
    assert found.table.index.get_level_values("line").unique().tolist() == ["all", "home", "motor"]
    assert found.table.loc["all"]["at_risk"].tolist() == [4, 2, 1]
    assert found.table.loc["home"]["no_label"].tolist() == [0, 1, 0]
    assert found.rates == {"all": 2 / 7, "home": 1 / 4, "motor": 1 / 3}
    assert found.text.splitlines()[1].startswith("home: 2 policies, 4 policy-months, of which 25.00% (95 %: ")
    assert "other exits, in no rate: 0." in found.text


def test_what_the_life_table_foretells():
    panel = as_panel(lives("motor", (0, 1), (1, 1), (2, None), (2, None)))  # hazards 1/4, 1/3, then 2/7 of all
    ahead = life_table(panel).predict(panel, months=3)
    assert ahead.iloc[0].tolist() == pytest.approx([3 / 4, 1 / 2, 1 / 2 * 5 / 7])
    assert ahead.iloc[-1].tolist() == pytest.approx([2 / 3, 2 / 3 * 5 / 7, 2 / 3 * (5 / 7) ** 2])


def test_months_in_force_are_those_of_the_calendar():
    panel = as_panel(lives("motor", (14, 1)))
    assert months_in_force(panel).tolist() == list(range(15))
    late = Panel(X=panel.X.assign(tenure_days=panel.X["tenure_days"] + 1), y=panel.y, keys=panel.keys,
                 target="cancellation")  # fmt: skip
    assert months_in_force(late).tolist() == list(range(15))  # begun on 31 December


def drawn(seed, *, truncated):
    """Lives of 300 policies that lapse with 20 %, seen for a while; some from a later renewal on."""
    rng = np.random.default_rng(seed)
    last, seen = rng.geometric(0.2, 300), rng.integers(1, 9, 300)
    first = rng.integers(1, 5, 300) if truncated else np.ones(300, dtype=int)
    kept = last >= first  # who had left before was never seen
    last, seen, first = last[kept], seen[kept], first[kept]
    lost = last < first + seen
    return first, np.where(lost, last, first + seen - 1), lost


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_survival_is_that_of_a_survival_library(seed, truncated):
    """scikit-survival's Kaplan-Meier, with its log-minus-log interval."""
    from sksurv.nonparametric import kaplan_meier_estimator

    first, until, lost = drawn(seed, truncated=truncated)
    stayed = np.where(lost, until - first, until - first + 1).tolist()
    ends = list(zip(stayed, [0 if each else None for each in lost], strict=True))
    table = life_table(renewals(ends, first=[int(each) for each in first])).table.loc["motor"]
    # their clock: a renewal happens at its number, and who is seen from it on was there before it
    time, theirs, interval = kaplan_meier_estimator(lost, until.astype(float), time_enter=first - 0.5,
                                                    conf_type="log-log")  # fmt: skip
    time, theirs, interval = time[time > 0.5], theirs[time > 0.5], interval[:, time > 0.5]
    at = table.index.get_indexer(time[time == time.round()].astype(int))
    whole = time == time.round()
    assert len(at) > 5 and (at >= 0).all()
    np.testing.assert_allclose(table["survival"].to_numpy()[at], theirs[whole], rtol=1e-12)
    fine = (table["survival"].to_numpy()[at] > 0) & table["low"].notna().to_numpy()[at]
    np.testing.assert_allclose(table["low"].to_numpy()[at][fine], interval[0, whole][fine], rtol=1e-6)
    np.testing.assert_allclose(table["high"].to_numpy()[at][fine], interval[1, whole][fine], rtol=1e-6)


# lifelines 0.30.3 with pandas 2.3 in an environment of its own (it has no release for pandas 3):
# KaplanMeierFitter().fit(until, lost, entry=first - 0.5), survival_function_ and confidence_interval_ at 1 … 5.
FIRST = [1] * 8 + [2] * 6 + [3] * 6 + [4] * 4
STAYED = [0, 1, 1, 2, 2, 3, 4, 5, 0, 1, 1, 2, 3, 4, 0, 0, 1, 2, 2, 3, 0, 1, 2, 2]
LOST = [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]
LIFELINES = ((0.875, 0.387, 0.981393), (0.729167, 0.367694, 0.905097), (0.560897, 0.271344, 0.773895),
             (0.431460, 0.195916, 0.648260), (0.308185, 0.112583, 0.530281))  # fmt: skip


def test_survival_is_what_lifelines_says():
    ends = list(zip(STAYED, [0 if each else None for each in LOST], strict=True))
    table = life_table(renewals(ends, first=FIRST)).table.loc["motor"]
    np.testing.assert_allclose(table.loc[1:5, ["survival", "low", "high"]], LIFELINES, atol=1e-6)
    assert table.loc[6, "survival"] == 0


def test_renewals_are_counted_by_tenure_and_other_exits_are_beside_or_crude():
    panel = renewals([(0, 0), (1, "death"), (2, 0), (3, "unripe"), (1, "matured"), (2, None)])
    net, crude = life_table(panel), life_table(panel, crude=True)
    assert net.table.loc["motor", "at_risk"].tolist() == [6, 3, 2]
    assert net.table.loc["motor", "lapsed"].tolist() == [1, 0, 1]
    assert net.table.loc["motor", "other_exits"].tolist() == [0, 2, 0]
    assert crude.table.loc["motor", "at_risk"].tolist() == [6, 4, 2]  # the dead count, the matured do not
    assert crude.lost.loc["motor"].tolist() == [1, 1, 1]
    assert crude.table.loc["motor", "survival"].tolist() == pytest.approx([5 / 6, 5 / 8, 5 / 16])
    assert net.text.splitlines()[-1].startswith("motor: 6 policies, 11 renewals due, of which 18.18%")
    assert "any exit" in crude.text


def test_a_term_counts_once_at_its_shortest_lead():
    panel = renewals([(1, 0), (2, None)])
    again = Panel(X=pd.concat([panel.X, panel.X.assign(tenure_days=panel.X["tenure_days"] - 60)], ignore_index=True),
                  y=pd.concat([panel.y, panel.y], ignore_index=True), target="renewal",
                  keys=pd.concat([panel.keys, panel.keys.assign(lead_days=90.0)], ignore_index=True))  # fmt: skip
    pd.testing.assert_frame_equal(life_table(again).table, life_table(panel).table)


def test_the_number_of_a_renewal():
    panel = renewals([(3, 0)], first=2)
    assert coming_renewal(panel).tolist() == [2, 3, 4, 5]
    half = Panel(X=panel.X.assign(term_days=182.6), y=panel.y, keys=panel.keys, target="renewal")
    assert coming_renewal(half).tolist() == [4, 6, 8, 10]
    known = Panel(X=pd.DataFrame({"term_number": [1.0, 2, 3, 4]}), y=panel.y, keys=panel.keys, target="renewal")
    assert coming_renewal(known).tolist() == [1, 2, 3, 4]
    assert life_table(known).predict(known.take([0]), months=2).iloc[0].tolist() == [1.0, 1.0]


def test_counts_by_any_segment():
    panel = renewals([(0, 0), (2, None), (1, 0)])
    colour = pd.Series(["red", "blue", "blue", "red", "red"], name="colour")
    table = life_table(panel, by=colour).table
    assert table.loc["red", "at_risk"].tolist() == [2, 1] and table.loc["blue", "at_risk"].tolist() == [1, 1]
    assert table.index.names == ["colour", "renewal"]
    assert life_table(panel, by="premium").table.loc["1000.0"].equals(life_table(panel).table.loc["all"])
    with pytest.raises(UsageError, match="'shape'"):
        life_table(panel, by="shape")
    with pytest.raises(UsageError, match="2 for 5 rows"):
        life_table(panel, by=colour.head(2))


def test_when_all_have_left_survival_is_nil():
    found = product_limit(pd.Series([4, 2]), pd.Series([2, 2]))
    assert found["survival"].tolist() == [0.5, 0.0]
    assert found["low"].isna().tolist() == [False, True]
