"""A scenario in the world where delay also acts past satisfaction, beside the same customers under do(...)."""

from __future__ import annotations

import pandas as pd
import pytest

import churnkit as ck
from churnkit.simulate.insurer import Do
from churnkit.simulate.truth import standing_values, true_values
from churnkit.simulate.window import Window

pytestmark = pytest.mark.recovery
SEED, CUSTOMERS = 603, 12_000
FASTER = ck.Scenario("Faster").set("claim_cycle_days", 3, line="motor")


def test_a_total_effect_is_right_where_a_shock_is_invalid(tmp_path):
    """World G: the shocks contradict each other, so nothing is said of the share that runs through satisfaction."""
    book = ck.open_book(ck.simulate_book(tmp_path, customers=CUSTOMERS, seed=SEED, world="G", truth=False))
    features = [each for each in ck.standard_features("renewal") if each.name in
                ("line", "tenure_days", "premium", "offer_change", "claims_365d", "lead_days")]  # fmt: skip
    panel = ck.build_panel(book, "renewal", features=features, keep_unlabelled=True)
    known = panel.take((panel.cutoff < panel.cutoff.max() - pd.Timedelta(days=400)).to_numpy())
    train = known.take(known.y.notna().to_numpy())
    model = ck.RenewalModel().fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups, features=train.features)
    value = ck.LifetimeValue(years=3, economics=book).fit(panel, model, replicates=20)
    policies = ck.build_panel(book, "renewal", features=features, as_of=book.settings.data_cutoff)
    prepared = ck.WhatIf(replicates=20).fit(ck.SatisfactionEffect().fit(book), value, policies)
    found = prepared.evaluate(FASTER)
    row, do = found.table.iloc[0], Do(claim_cycle_days=3.0, line="motor")
    true = true_values("G", seed=SEED, customers=CUSTOMERS, window=Window(), do=do, replicates=1)
    before = standing_values(true, policies.keys)["s1"]
    moved = true[["policy_id"]].assign(**{f"s{t}": true[f"s{t}_do"] for t in range(1, 6)})
    truth = 100 * (standing_values(moved, policies.keys)["s1"] - before).mean()
    error = (row["change_pp_high"] - row["change_pp_low"]) / (2 * 1.96)
    assert abs(row["change_pp"] - truth) < 3.5 * error
    assert error < 0.2 * truth
    assert not prepared.effect_.verdict.identified
    assert "not told" in found.worked[0].mediated["claim_cycle_days"]
    with pytest.raises(ck.UsageError, match="claim_cycle_days to 1"):
        prepared.evaluate(ck.Scenario("1 day").set("claim_cycle_days", 1, line="motor"), strict=True)
