"""Pictures of value hold what their tables say."""

import numpy as np
import pandas as pd
import pytest

from churnkit import plots
from churnkit.plots.axes import BLUE, ORANGE, short


@pytest.fixture(scope="module")
def checked():
    rows = {
        ("all", 1): (300, 60, 0.8, 0.75, 0.84, 0.81), ("all", 2): (150, 30, 0.64, 0.58, 0.7, 0.65),
        ("home", 1): (100, 10, 0.9, 0.82, 0.94, 0.89), ("home", 2): (60, 6, 0.81, 0.71, 0.88, 0.6),
        ("motor", 1): (200, 0, 1.0, np.nan, np.nan, 0.99),
    }  # fmt: skip
    index = pd.MultiIndex.from_tuples(rows, names=["line", "renewal"])
    table = pd.DataFrame(list(rows.values()), index=index,
                         columns=["at_risk", "lost", "observed", "low", "high", "predicted"])  # fmt: skip
    return table.assign(gap=table["predicted"] - table["observed"])


def test_survival_has_a_panel_per_segment_and_colours_what_lies_outside(checked):
    figure = plots.survival(checked)
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["all (n 300)", "motor (n 200)", "home (n 100)"]
    assert panels[0].lines[0].get_ydata().tolist() == [1, 0.81, 0.65]
    told = {axes.get_title()[:4]: (axes.texts[0].get_text(), axes.texts[0].get_color()) for axes in panels}
    assert told["all "] == ("after 2: +1.0 pp", BLUE)
    assert told["home"] == ("after 2: -21.0 pp", ORANGE)
    assert told["moto"][1] == BLUE  # no interval, nothing outside it
    only = plots.survival(checked, segments=["home"])
    assert [axes.get_title() for axes in only.axes] == ["home (n 100)"]


def test_gains_begin_at_nothing_and_name_the_half():
    table = pd.DataFrame({"chosen": [0.25, 0.5, 1.0], "captured": [0.4, 0.65, 1.0], "at_best": [0.6, 0.9, 1.0]})
    axes = plots.lifetime_gains(table, years=3).axes[0]
    assert axes.lines[0].get_ydata().tolist() == [0, 0.6, 0.9, 1]
    assert axes.texts[0].get_text() == "50% of policies,\n65.0% of renewals"


def test_value_at_risk_has_two_bars_a_month():
    table = pd.DataFrame({"value": [4e6, 0.0], "at_risk": [1e6, 0.0], "share": [0.25, np.nan]},
                         index=["2026-10", "2026-11"])  # fmt: skip
    axes = plots.value_at_risk(table, unit="yuan").axes[0]
    assert [bar.get_height() for bar in axes.patches] == [4, 0, 1, 0]
    assert axes.get_ylabel() == "millions of yuan"
    assert [text.get_text() for text in axes.texts] == ["25%"]
    assert axes.get_title().endswith("1m yuan in all")


def test_a_tornado_is_widest_on_top_and_stars_defaults():
    table = pd.DataFrame({"step": ["±5 pp", "±1 pp"], "low": [150.0, 95], "high": [50.0, 105], "change_low": [50.0, -5],
                          "change_high": [-50.0, 5], "assumed": ["home", ""]},
                         index=["loss_ratio", "renewal"])  # fmt: skip
    axes = plots.tornado(table, base=100.0).axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["renewal ±1 pp", "loss ratio ±5 pp *"]
    widths = {(round(bar.get_y() + 0.31), bar.get_x() + bar.get_width()) for bar in axes.patches}
    assert widths == {(0, 95), (0, 105), (1, 150), (1, 50)}
    assert {text.get_text() for text in axes.texts} == {"95", "105", "150", "50"}
    assert "in part a default" in axes.get_xlabel()


SHORT = {
    0: "0",
    95.4: "95.4",
    640_000: "640k",
    5_107_486: "5.11m",
    -1_250_000: "-1.25m",
    999_990: "1m",
    1.23e10: "12.3bn",
}


@pytest.mark.parametrize(("money", "said"), SHORT.items())
def test_money_in_three_digits(money, said):
    assert short(money) == said


def test_an_effect_curve_goes_through_nothing_and_is_dashed_beyond_what_was_seen():
    table = pd.DataFrame({"points": [10.0, -1.0, 1.0], "estimate": [3.0, -0.3, 0.3], "low": [2.0, -0.5, 0.2],
                          "high": [4.0, -0.2, 0.5], "supported": [False, True, True]})  # fmt: skip
    axes = plots.effect_curve(table, effect="renewal", verdict="identified").axes[0]
    everything, seen = axes.lines[1:3]
    assert everything.get_xdata().tolist() == [-1, 0, 1, 10]
    assert everything.get_ydata().tolist() == [-0.3, 0, 0.3, 3]
    assert seen.get_xdata().tolist() == [-1, 0, 1]
    assert "identified" in axes.get_title()
    bounds = plots.effect_curve(table.assign(estimate=np.nan), effect="renewal").axes[0]
    assert len(bounds.lines) == 1  # the line of nothing, and the band alone


def test_estimates_side_by_side_have_the_causal_one_in_its_own_colour():
    table = pd.DataFrame({"estimate": [0.3, np.nan, 0.1], "low": [0.2, 0.1, np.nan], "high": [0.4, 0.5, np.nan],
                          "causal": [True, False, False]}, index=["shocks", "bounds", "raise and predict"])  # fmt: skip
    axes = plots.estimates(table, unit="pp").axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["raise and predict", "bounds", "shocks"]
    assert [text.get_text() for text in axes.texts] == ["+0.10", "+0.30"]
    colours = {line.get_ydata()[0]: line.get_color() for line in axes.lines[:-1]}
    assert colours[2] != colours[0] == colours[1]


def test_checks_are_a_list_with_lights():
    table = pd.DataFrame({"name": ["first_stage", "control", "support"], "passed": [True, False, None],
                          "sentence": ["strong", "goes with it " * 12, "not made"]})  # fmt: skip
    axes = plots.checks(table).axes[0]
    assert len({line.get_color() for line in axes.lines}) == 3
    assert axes.texts[0].get_text() == "first stage: strong"
    assert "\n" in axes.texts[1].get_text()


def test_the_index_by_quarter_has_the_raw_share_beside_it():
    table = pd.DataFrame({"quarter": ["2025Q1", "2025Q2"], "level": [72.0, 73.0], "low": [70.0, 71.0],
                          "high": [74.0, 75.0], "raw": [64.0, np.nan]})  # fmt: skip
    axes = plots.index_by_quarter(table).axes[0]
    assert [line.get_ydata()[0] for line in axes.lines] == [72, 64]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["2025Q1", "2025Q2"]


def test_a_waterfall_leads_from_today_to_then():
    table = pd.DataFrame({"scenario": "x", "bar": ["today", "faster", "cost", "then"],
                          "amount": [1_000_000.0, 30_000.0, -10_000.0, 1_020_000.0]})  # fmt: skip
    axes = plots.waterfall(table, unit="yuan").axes[0]
    tops = [bar.get_y() + bar.get_height() for bar in axes.patches]
    assert tops[1] == pytest.approx(1030)  # thousands
    assert min(bar.get_y() for bar in axes.patches[1:3]) == pytest.approx(1000)
    assert tops[3] == pytest.approx(1020)
    assert "cut" in axes.get_xlabel()


def test_scenarios_beyond_what_was_seen_are_dashed():
    table = pd.DataFrame({"net": [5.0, 9.0], "net_low": [4.0, 8.0], "net_high": [6.0, 10.0], "change_pp": [0.1, 0.2],
                          "supported": [True, False], "verdict": "identified under named assumptions"},
                         index=["one", "other"])  # fmt: skip
    lines = plots.comparison(table).axes[0].lines
    styles = {tuple(line.get_xdata()): line.get_linestyle() for line in lines if len(line.get_xdata()) == 2}
    assert styles[4.0, 6.0] == "-"
    assert styles[8.0, 10.0] == "--"
