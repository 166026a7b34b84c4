import numpy as np
import pandas as pd
import pytest

from churnkit.simulate.customers import LINES
from churnkit.simulate.insurer import SATISFACTION_SLOPE, Do, concave
from churnkit.simulate.truth import observation_probability, true_effects, true_terms, true_values
from churnkit.simulate.window import Window

SMALL = {"seed": 3, "customers": 4000, "window": Window(5)}


@pytest.fixture(scope="module")
def terms():
    return true_terms("F", **SMALL)


def test_doing_nothing_changes_nothing(terms):
    assert (terms["renewal"] == terms["renewal_do"]).all()


def test_the_same_customers_are_drawn_again_under_do(terms):
    moved = true_terms("F", **SMALL, do=Do(satisfaction=0.5))
    assert (moved["term_id"] == terms["term_id"]).all()
    assert (moved["renewal"] == terms["renewal"]).all()
    assert (moved["renewal_do"] > moved["renewal"]).all()


def test_faster_claims_move_only_their_line_and_mostly_up(terms):
    moved = true_terms("F", **SMALL, do=Do(claim_cycle_days=3.0, line="motor"))
    change = (moved["renewal_do"] - moved["renewal"]).groupby(moved["line"]).mean()
    assert change["motor"] > 0.002
    assert change.drop("motor").abs().max() == 0


@pytest.mark.parametrize(("world", "direct"), [("F", False), ("G", True)])
def test_claim_delay_works_directly_only_in_world_g(world, direct):
    """Without a direct effect the change of the log-odds is the slope times the change of felt satisfaction."""
    annual = true_terms(world, **SMALL, do=Do(claim_cycle_days=2.0)).query("not monthly")
    odds = np.log(annual["renewal_do"] / (1 - annual["renewal_do"])) - np.log(
        annual["renewal"] / (1 - annual["renewal"])
    )
    slope = SATISFACTION_SLOPE[[LINES.index(line) for line in annual["line"]]]
    through = slope * (concave(annual["satisfaction_do"]) - concave(annual["satisfaction"]))
    left = (odds - through)[annual["satisfaction_do"] > annual["satisfaction"] + 0.1]
    assert len(left) > 500
    assert (left.min() > 0.01) if direct else (left.abs().max() < 1e-9)


def test_outcomes_happen_at_the_true_rate(terms, tmp_path):
    """Renewed share of decided annual terms against their true probabilities, within 4 standard errors."""
    from churnkit.simulate import simulate_book

    folder = simulate_book(tmp_path, customers=4000, years=5, seed=3, truth=False)
    told = pd.read_parquet(folder / "terms.parquet")[["term_id", "end_reason"]]
    decided = terms[terms["decided"] & ~terms["monthly"]].merge(told)
    renewed = (decided["end_reason"] == "renewed").mean()
    p = decided["renewal"]
    assert abs(renewed - p.mean()) < 4 * np.sqrt((p * (1 - p)).mean() / len(p))


def test_labels_happen_at_the_true_rate_of_their_observation_at_every_lead(workspace):
    import churnkit as ck

    panel = ck.build_panel(ck.open_book(workspace / "book"), target="renewal")
    truth = observation_probability(pd.read_parquet(workspace / "truth" / "terms.parquet"), panel.keys)
    assert truth.notna().all()
    for _, rows in panel.keys.groupby("lead_days"):
        p, y = truth[rows.index], panel.y[rows.index]
        assert abs(y.mean() - p.mean()) < 4 * np.sqrt((p * (1 - p)).mean() / len(p))


def test_the_index_shift_moves_the_index_by_one_point_and_losses_weigh_by_line():
    effects = true_effects("F", **SMALL).set_index(["quantity", "line"])["estimate"]
    assert 60 < effects["index", "all"] < 85
    assert 0.15 < effects["effect_per_pp", "all"] < 0.45
    assert effects["effect_per_pp", "motor"] > effects["effect_per_pp", "life"]
    assert effects["motor_cycle_3_days", "home"] == 0


def test_permanent_satisfaction_is_worth_more_than_one_year_of_it():
    values = true_values("F", **SMALL, do=Do(satisfaction=0.05), replicates=4)
    surviving = values[[f"s{t}" for t in range(1, 6)]].to_numpy()
    assert (np.diff(surviving, axis=1) <= 0).all() and (surviving > 0).all() and (surviving < 1).all()
    gain, once = values["s5_do"] - values["s5"], values["s5_once"] - values["s5"]
    assert gain.mean() > 2 * once.mean() > 0
