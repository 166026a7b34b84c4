"""Lists of several weeks, read out together: what did nothing is found to have done nothing."""

import numpy as np
import pandas as pd
import pytest

import churnkit as ck
from churnkit.retain.readout import read_out
from tests.retain.made import AS_OF, tables
from tests.retain.test_earlier import week
from tests.retain.test_readout import final

pytestmark = pytest.mark.recovery


def test_weekly_lists_with_no_effect_find_none_as_often_as_they_say():
    """Three weekly lists, renewals drawn from the model's own chances: intervals of 95 % hold 0."""
    held = 0
    for seed in range(40):
        made = tables(500, seed=100 + seed)
        plans, earlier = [], None
        for number in range(3):
            scores, book = week(made, number)
            plan = ck.plan_retention(scores, book, capacity=50, holdout=0.3, random_state=seed, earlier=earlier)
            rows = plan.everyone[["customer_id", "household_id", "arm", "held"]]
            earlier = pd.concat([earlier, rows.assign(as_of=plan.as_of, share=0.3)])  # as the record keeps them
            plans.append(plan)
            book.close()
        rows = pd.concat([plan.policies for plan in plans]).drop_duplicates("policy_id")
        renewed = rows.loc[np.random.default_rng(seed).random(len(rows)) < rows["renewal"], "policy_id"]
        later = ck.open_book(final(made, renewed), data_cutoff=AS_OF + pd.Timedelta("300D"))
        saved = read_out(plans, later).table.loc["renewals_saved"]
        held += saved["low"] <= 0 <= saved["high"]
        later.close()
    assert held >= 34  # of 40, 95 %: 33 and fewer come by chance once in 300
