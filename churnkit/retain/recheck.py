"""What has changed since a list was made: asked once more when it leaves the house."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from churnkit.book.open import Book
from churnkit.panel.observations import inforce_risk_set, observation_frame
from churnkit.panel.terms.terms import load_terms
from churnkit.retain.suppression import PEOPLE, barred, cover_state, first_reason

if TYPE_CHECKING:
    from churnkit.retain.plan import RetentionPlan


def rechecked_people(plan: RetentionPlan, book: Book, now: pd.Timestamp) -> pd.DataFrame:
    """The plan's ``everyone`` as it is on a day: whoever must not be called, or is not worth it now, has no arm.

    The hold-out is judged alike. Of a customer whose policies were renewed in part, the rest counts.
    """
    people, policies = plan.everyone.copy(), plan.policies
    asked = people.index[people["arm"] != ""]
    if not len(asked):
        return people
    flags = barred(book, now, gap=plan.rules.contact_gap_days, yearly=plan.rules.contacts_per_year)
    codes = first_reason(flags[list(PEOPLE)]).set_axis(flags["customer_id"])
    code = people.loc[asked, "customer_id"].map(codes).fillna("unknown").astype(object)
    state = _state(policies, book, now)
    left = policies[state == ""]
    gain = (left["uplift"] * left["given"]).groupby(left["customer_id"]).sum()
    sums = left.groupby("customer_id").agg(policies=("policy_id", "size"), end_date=("end_date", "min"),
                                           renewal=("renewal", "min"))  # fmt: skip
    who = people.loc[asked, "customer_id"]
    some = who.isin(left["customer_id"])
    over = who.map(state.where(state != "").groupby(policies["customer_id"]).first())
    code = code.mask((code == "") & ~some, over.fillna("ended"))
    changed = asked[some.to_numpy() & (who.map(sums["policies"]) < people.loc[asked, "policies"]).to_numpy()]
    for name in sums:
        people.loc[changed, name] = people.loc[changed, "customer_id"].map(sums[name])
    people.loc[changed, "gain"] = people.loc[changed, "customer_id"].map(gain)
    worth = people["gain"] - people["cost"] - people["incentive"]
    people.loc[changed, "expected_value"] = worth[changed]
    code = code.mask((code == "") & ~(people.loc[asked, "expected_value"] > 0), "no_value")
    gone = code.index[code != ""]
    people.loc[gone, ["arm", "chosen"]] = ""
    people.loc[gone, "code"], people.loc[gone, "free"] = code[gone], False
    return people


def _state(policies: pd.DataFrame, book: Book, now: pd.Timestamp) -> pd.Series:
    """Say of each listed policy why there is nothing to renew any more, "" where there is."""
    state = cover_state(book, policies, now)
    if book.settings.renewal.match and len(policies):  # a renewal under another number is tied by what it covers
        terms = book.once("terms", lambda: load_terms(book))
        risk = inforce_risk_set(terms, int(np.datetime64(now, "us").astype(np.int64)))
        known = observation_frame(terms, risk)[["policy_id", "end_date"]].drop_duplicates().assign(there=True)
        there = policies[["policy_id", "end_date"]].merge(known, how="left")["there"].isin([True]).to_numpy()
        state = state.mask((state == "") & ~there, "renewed")
    return state
