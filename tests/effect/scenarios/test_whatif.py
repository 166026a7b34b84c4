"""Scenarios on one small insurer: joint, the same twice, in whole numbers of money, and honest about support."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

import churnkit as ck
from churnkit.effect.scenarios.felt import mediated_share
from churnkit.effect.scenarios.hangs_on import hangs_on
from churnkit.effect.verdict import Verdict
from churnkit.errors import UsageError

FASTER = ck.Scenario("Faster").set("claim_cycle_days", 3, line="motor")
HAPPIER = ck.Scenario("Happier").change("satisfaction", 10)
BOTH = ck.Scenario("Both", (*FASTER.settings, *HAPPIER.settings))


@pytest.fixture(scope="module")
def result(prepared):
    return prepared.evaluate([FASTER, HAPPIER, BOTH])


def test_levers_are_set_jointly_and_the_bars_add_up(result):
    """On the log-odds two gains overlap: together less than their sum, more than either."""
    gain = result.table["value_change"]
    assert max(gain["Faster"], gain["Happier"]) < gain["Both"] < gain["Faster"] + gain["Happier"]
    for name, bars in result.waterfall.groupby("scenario"):
        assert bars["amount"].iloc[:-1].sum() == pytest.approx(bars["amount"].iloc[-1], rel=1e-12), name
    parts = dict(result.worked[2].parts)
    assert sum(parts.values()) == pytest.approx(gain["Both"], rel=1e-9)
    assert set(parts) == {"claim_cycle_days to 3 (line motor)", "satisfaction by +10"}


def test_the_same_scenario_gives_the_same_numbers_twice_and_from_toml(prepared, result):
    again = prepared.evaluate(ck.Scenario.from_toml(BOTH.to_toml())).table.iloc[0]
    for name, value in result.table.loc["Both"].items():
        assert again[name] == value or (value != value and again[name] != again[name]), name


def test_what_was_asked_before_changes_no_answer(prepared):
    north = ck.Scenario("North", population={"region": ("Beijing",)}).set("claim_cycle_days", 3, line="motor")
    asked = [BOTH, north, ck.Scenario("Slower").set("claim_cycle_days", 9, line="motor"), FASTER]
    prepared.evaluate(asked)
    again = prepared.evaluate(asked[::-1]).table
    for scenario in asked:
        prepared.terms_.kept.clear()
        fresh = prepared.evaluate(scenario).table.iloc[0]
        for name, value in again.loc[scenario.name].items():
            assert fresh[name] == value or (value != value and fresh[name] != fresh[name]), (scenario.name, name)


def test_satisfaction_alone_is_what_the_effect_on_value_says(insurer, prepared):
    """Both carry the same change of renewal, one by looking it up: within 1 % of each other, intervals within 10 %."""
    effect, value, policies = insurer
    own = ck.effect_on_value(effect, value, policies, points=(1.0,), replicates=12)
    for duration in ("permanent", "one-year"):
        one = ck.Scenario("x").change("satisfaction", 1).lasting(duration)
        row, beside = prepared.evaluate(one).table.iloc[0], own.at(duration)
        assert row["value_pct"] == pytest.approx(beside["value"], rel=0.01)
        assert row["change_pp"] == pytest.approx(beside["renewal"], rel=0.01)
        width = (row["value_change_high"] - row["value_change_low"]) / row["value_today"] * 100
        assert width == pytest.approx(beside["high"] - beside["low"], rel=0.1)


def test_what_nobody_was_seen_at_is_flagged_and_refused_with_strict(prepared):
    asked = ck.Scenario("In an hour").set("claim_cycle_days", 0.1)
    assert not prepared.evaluate(asked).table["supported"].iloc[0]
    assert "beyond what was seen" in prepared.evaluate(asked).text
    with pytest.raises(UsageError, match=r"claim_cycle_days to 0\.1, 0\.\d% of the exposed"):
        prepared.evaluate([FASTER, asked], strict=True)
    assert prepared.evaluate(FASTER, strict=True).table["supported"].iloc[0]


def test_how_long_and_for_whom(prepared, result):
    permanent = result.table.loc["Happier"]
    once, ramp = (prepared.evaluate(HAPPIER.lasting(each)).table.iloc[0] for each in ("one-year", "ramp"))
    assert max(once["value_change"], ramp["value_change"]) < permanent["value_change"]
    held = prepared.evaluate(HAPPIER.lasting("ramp", ramp_years=1)).table.iloc[0]
    assert held["value_change"] == pytest.approx(permanent["value_change"])
    assert once["change_pp"] == pytest.approx(permanent["change_pp"])
    motor = prepared.evaluate(HAPPIER.among(line="motor")).table.iloc[0]
    assert motor["policies"] == (prepared.policies_.X["line"].astype(str) == "motor").sum()
    assert motor["value_change"] < permanent["value_change"]
    nearer = prepared.evaluate(ck.Scenario("x", HAPPIER.settings, horizon=2, discount_rate=0.0)).table.iloc[0]
    assert (nearer["horizon"], nearer["discount_rate"]) == (2, 0.0)
    assert nearer["value_today"] < permanent["value_today"]


def test_what_it_costs(prepared):
    """Fixed cost of three years at 8 %: 1 + 1/1.08 + 1/1.08^2; a customer costs while he is there."""
    base = FASTER.costing(fixed=1000)
    row = prepared.evaluate(base).table.iloc[0]
    assert row["cost"] == pytest.approx(1000 * (1 + 1 / 1.08 + 1 / 1.08**2))
    assert row["net"] == pytest.approx(row["value_change"] - row["cost"])
    once = prepared.evaluate(base.lasting("one-year")).table.iloc[0]
    assert once["cost"] == pytest.approx(1000)
    each = prepared.evaluate(FASTER.costing(per_customer=2).lasting("one-year")).table.iloc[0]
    policies = prepared.policies_
    motor = policies.keys["customer_id"][(policies.X["line"] == "motor").to_numpy()].nunique()
    assert each["cost"] == pytest.approx(2 * motor)  # whom it is for, a customer of two policies once
    lasting = prepared.evaluate(FASTER.costing(per_customer=2)).table.iloc[0]["cost"]
    assert each["cost"] < lasting < 2 * each["policies"] * (1 + 1 / 1.08 + 1 / 1.08**2)
    assert 0 < prepared.evaluate(FASTER.costing(per_contact=2).lasting("one-year")).table.iloc[0]["cost"] < each["cost"]
    dear = prepared.evaluate(FASTER.costing(fixed=1e9)).table.iloc[0]
    assert dear["p_net"] < 1e-6 < 1 < dear["break_even_share"]


def test_a_level_of_satisfaction_is_reached_whatever_operations_do_to_it(prepared):
    now = prepared.levers().query("lever == 'satisfaction' and line == 'all'")["level"].iloc[0]
    alone = prepared.evaluate(ck.Scenario("x").set("satisfaction", 80)).table.iloc[0]
    both = prepared.evaluate(ck.Scenario("x").set("satisfaction", 80).set("wait_minutes", 0.5)).table.iloc[0]
    for row in (alone, both):
        assert row["index_change"] == pytest.approx(80 - now, abs=0.6)


def test_a_population_that_is_not_there_is_refused_in_words(prepared):
    with pytest.raises(UsageError, match="'planet'"):
        prepared.evaluate(HAPPIER.among(planet="Mars"))
    with pytest.raises(UsageError, match="line boats"):
        prepared.evaluate(HAPPIER.among(line="boats"))
    with pytest.raises(UsageError, match="line boats"):
        prepared.evaluate(ck.Scenario("x").set("claim_cycle_days", 3, line="boats"))
    with pytest.raises(UsageError, match="horizon 9"):
        prepared.evaluate(ck.Scenario("x", HAPPIER.settings, horizon=9))


def test_a_claim_is_marked_and_held_against_the_book(prepared):
    found = prepared.evaluate(ck.Scenario.preset("industry_claim"))
    row = found.table.iloc[0]
    assert row["verdict"] == "claimed, not estimated"
    assert np.isnan(row["change_pp_low"]) and np.isnan(row["p_net"])
    assert 1.5 < row["change_pp"] < 1.7  # as claimed, less those who cancel before
    assert "Consistency" in found.text and "no data of this book" in found.text
    assert "do not describe the same thing" in found.text


def doubted(prepared, shown):
    """The same insurer under another verdict on satisfaction."""
    other = copy.copy(prepared)
    other.effect_ = copy.copy(prepared.effect_)
    other.effect_.verdict = Verdict("bounds" if shown != "nothing" else "association only", "as given", shown)
    other.terms_ = copy.copy(prepared.terms_)
    object.__setattr__(other.terms_, "effect", other.effect_)
    return other


def test_satisfaction_that_is_known_by_bounds_is_carried_by_its_ends(prepared):
    row = doubted(prepared, "union").evaluate(HAPPIER).table.iloc[0]
    assert np.isnan(row["change_pp"]) and np.isnan(row["p_net"])
    assert row["change_pp_low"] < row["change_pp_high"]
    assert row["net_low"] < row["net_high"]
    assert row["verdict"] == "bounds"


def test_satisfaction_of_which_nothing_is_known_shows_nothing(prepared):
    found = doubted(prepared, "nothing").evaluate([HAPPIER, FASTER])
    assert np.isnan(found.table["change_pp"]["Happier"])
    assert "not shown" in found.text
    assert np.isfinite(found.table["change_pp"]["Faster"])  # a total effect needs no story of how


def test_the_mediated_share_needs_a_trusted_shock_other_than_the_one_moved(prepared):
    told, sentence = mediated_share(prepared.effect_, prepared.totals_["claim_cycle_days"], prepared.terms_.felt)
    assert told is not None and told.low < 1 < told.high  # in this world all of it runs through satisfaction
    assert "waiting time" in sentence and "handler load" not in sentence
    other = doubted(prepared, "union")
    nothing, why = mediated_share(other.effect_, prepared.totals_["claim_cycle_days"], prepared.terms_.felt)
    assert nothing is None and "not told" in why


def test_a_goal_is_sought_backwards(prepared):
    today = prepared.renewal(ck.Scenario("x"))
    sentence = ck.goal_seek(prepared, "satisfaction", today + 0.01)
    level = float(sentence.split(" at ")[1].split(" points")[0])
    assert prepared.renewal(ck.Scenario("x").set("satisfaction", level)) == pytest.approx(today + 0.01, abs=5e-4)
    assert "No claim_cycle_days gives 99.0%" in ck.goal_seek(prepared, "claim_cycle_days", 0.99)
    assert "line motor" in ck.goal_seek(prepared, "satisfaction", today, line="motor")


def test_what_the_net_value_hangs_on(prepared):
    table, net = hangs_on(prepared, FASTER.costing(fixed=500))
    assert set(table.index) == {"effect", "margin", "cost", "discount_rate", "horizon"}
    assert (table["swing"].diff().dropna() <= 0).all()
    assert table.loc["effect", "low"] < net < table.loc["effect", "high"]
    assert table.loc["cost", "change_low"] == pytest.approx(0.2 * 500 * (1 + 1 / 1.08 + 1 / 1.08**2))


def test_break_points_of_the_journey(prepared):
    found = ck.journey(prepared, by=("line",))
    table = found.table
    assert (table["value"].diff().dropna() <= 0).all()
    assert set(table["stage"]) <= {"claim", "servicing", "complaint"}
    assert table.loc[table["stage"] == "claim", "owner"].eq("claims").all()
    breaks = table[table["breaks"]]
    assert (breaks["value_low"] > 0).all()
    assert f"{len(breaks)} breaks" in found.text
    with pytest.raises(UsageError, match="planet"):
        ck.journey(prepared, by=("planet",))
    found = prepared.terms_.frame["region"]
    rows = ck.journey(prepared, by=("region",)).table
    assert set(rows["place"]) <= set(found.astype("str"))


def test_settings_of_two_levers_may_be_for_different_people(prepared):
    both = ck.Scenario("x").set("claim_cycle_days", 3, line="motor").set("satisfaction", 85, line="home")
    row = prepared.evaluate(both).table.iloc[0]
    assert row["change_pp"] > prepared.evaluate(FASTER).table["change_pp"].iloc[0]


def test_a_lever_is_set_once_for_each_customer(prepared):
    apart = ck.Scenario("x").change("satisfaction", 1, line="motor").change("satisfaction", 2, line="home")
    assert np.isfinite(prepared.evaluate(apart).table["change_pp"].iloc[0])
    for lever, by in (("satisfaction", 1), ("claim_cycle_days", -1)):
        with pytest.raises(UsageError, match="once for each customer"):
            prepared.evaluate(ck.Scenario("x").change(lever, by).change(lever, by, line="motor"))


def test_a_setting_for_nobody_who_met_it_is_refused(prepared):
    terms = prepared.terms_
    cycles = prepared.totals_["claim_cycle_days"].met.level[terms.rows]
    product = terms.frame.assign(known=~np.isnan(cycles)).groupby(["line", "region"], observed=True)["known"].sum()
    line, region = product.index[int(product.argmin())]
    assert product.min() == 0, "the book has a claim in every line and region"
    with pytest.raises(UsageError, match="nobody with a level"):
        prepared.evaluate(ck.Scenario("x").set("claim_cycle_days", 3, line=line, region=region))


def test_nobody_is_kept_who_is_not_there(prepared):
    """A claim of 25 pp more at 79 % would be more than everybody."""
    claim = ck.Scenario("x", ck.Scenario("x").change("satisfaction", 20).settings, claimed=2.5)
    row = prepared.evaluate(claim).table.iloc[0]
    assert row["renewal_then"] < 1
    with pytest.raises(UsageError, match="index can move"):
        prepared.evaluate(ck.Scenario("x").change("satisfaction", 90))


def test_replicates_of_a_large_change_stay_near_it(prepared):
    """15 pp more: the interval is as wide, against the estimate, as that of a small change, within a factor of 2."""
    wide = {}
    for points in (1, 20):
        row = prepared.evaluate(ck.Scenario("x").change("satisfaction", points)).table.iloc[0]
        wide[points] = (row["value_change_high"] - row["value_change_low"]) / row["value_change"]
    assert 0.5 < wide[20] / wide[1] < 2


def test_levers_by_another_column(prepared):
    table = prepared.levers(by="region")
    assert {"all", "Beijing"} <= set(table["region"])
    with pytest.raises(UsageError, match="planet"):
        prepared.levers(by="planet")


def test_contacts_are_counted_as_they_are_met(prepared):
    """A call that waits and is settled is one; a claim is counted once a term or more."""
    calls, both = (
        prepared.evaluate(scenario.costing(per_contact=1).lasting("one-year")).worked[0].programme.contacts
        for scenario in (
            ck.Scenario("x").change("wait_minutes", -0.2),
            ck.Scenario("x").change("wait_minutes", -0.2).set("first_contact_resolution", 0.8),
        )
    )
    assert calls == pytest.approx(both)
    claims = prepared.effect_.terms_.exposed["claims"].to_numpy()[prepared.terms_.rows].mean()
    own = prepared.evaluate(ck.Scenario("x").set("claim_cycle_days", 3)).worked[0].programme.contacts
    assert own == pytest.approx(claims)


def test_intervals_hold_that_other_customers_will_meet_other_things(prepared):
    """With slopes known without error, what is left is the draw of terms: last year's, and those in force.

    By hand: the variance of a mean of customers' sums, times 1 + last year's terms over those in force, by line.
    """
    scenario = ck.Scenario("faster").set("claim_cycle_days", 3, line="motor")
    terms, scope = prepared.terms_, prepared.scope(scenario)[0]
    sure = {name: replace(total, pulled=tuple(_sure(each) for each in total.pulled), errors=(0.0,) * len(total.pulled))
            for name, total in terms.totals.items()}  # fmt: skip
    draws = np.random.default_rng(0).exponential(size=(400, terms.draws.shape[1])) - 1
    change = replace(terms, totals=sure, draws=draws).change(scenario.settings, scope)
    table, motor = terms.effect.terms_, terms.effect.terms_.lines.index("motor")
    line, who = table.line[terms.rows], table.customer[terms.rows]
    by = terms.levels(scenario.settings, scope.reference)["claim_cycle_days"] * sure["claim_cycle_days"].pulled[
        motor].value  # fmt: skip
    mine = line == motor
    gain = (expit(terms.odds + by) - expit(terms.odds))[mine]
    sums = np.bincount(who[mine], gain - gain.mean())
    once = np.sqrt((sums**2).sum()) / mine.sum()
    standing = (table.line[table.in_force] == motor).sum()
    expected = once * np.sqrt(1 + mine.sum() / standing)
    assert change[motor, 1:].std() == pytest.approx(expected, rel=0.1)
    assert change[motor, 1:].mean() == pytest.approx(change[motor, 0], abs=4 * expected / np.sqrt(400))


def _sure(slope):
    return replace(slope, influence=np.zeros_like(slope.influence))
