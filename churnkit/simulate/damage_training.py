"""Damages that show when a model is trained or a book scored."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.simulate.damaged import Damaged
from churnkit.simulate.draft import Draft


def only_those_in_force(draft: Draft, rng: np.random.Generator) -> Damaged:
    """CLS28: only policies still in force were extracted, with all their rows: nobody in the book ever left.

    Every label is a renewal. Count: 0, the labels of the rarer class.
    """
    terms, policies = draft.table("terms"), draft.table("policies")
    staying = set(terms.loc[terms["ended_date"].isna(), "policy_id"])
    for table in draft.tables:
        frame = draft.table(table)
        if "policy_id" in frame:
            draft.put(table, frame[frame["policy_id"].isin(staying)])
    owners = draft.table("policies")["customer_id"]
    customers = draft.table("customers")
    draft.put("customers", customers[customers["customer_id"].isin(owners)])
    gone = len(policies) - len(owners)
    return Damaged("CLS28", "terms", 0, f"the {gone:,} policies that are not in force any more are left out")


def known_afterwards(draft: Draft, rng: np.random.Generator) -> Damaged:
    """LEAK29: terms have a number that only those who left have, as of the extract: calls to win them back.

    ``winback_calls`` is declared under ``[terms.extra]`` without known_at, so it passes for known from the first clock:
    1 to 4 for terms that ended without renewal, 0 for all others. Count: 1 feature.
    """
    terms = draft.table("terms")
    lost = terms["end_reason"].notna() & (terms["end_reason"] != "renewed")
    calls = np.where(lost, rng.integers(1, 5, len(terms)), 0)
    draft.put("terms", terms.assign(winback_calls=calls))
    draft.settings += ["", "[terms.extra]", 'winback_calls = {type = "number"}']
    return Damaged("LEAK29", "terms", 1, "the extra column winback_calls is filled after a customer has left")


def new_channel(draft: Draft, rng: np.random.Generator) -> Damaged:
    """DRF30: the newest policies in force came through a channel that no ripe label has seen.

    Annual policies that began in the 90 days before the cutoff have the channel "livestream". Count: those rows, each
    one policy to be scored at the cutoff.
    """
    terms, policies = draft.table("terms"), draft.table("policies")
    running = (terms["start_date"] < draft.cutoff) & (terms["end_date"] > draft.cutoff) & terms["ended_date"].isna()
    young = policies["inception_date"] >= draft.cutoff - pd.Timedelta(days=90)
    new = young & (policies["payment_mode"] == "annual") & policies["policy_id"].isin(terms.loc[running, "policy_id"])
    draft.put("policies", policies.assign(channel=policies["channel"].mask(new, "livestream")))
    return Damaged.at("DRF30", "policies", np.flatnonzero(new), "{n} new policies came through the channel livestream")
