"""Damages of contacts, claims and surveys: when they happened, when they were known, what was said."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.simulate.damaged import Damaged, days, pick, put_at
from churnkit.simulate.draft import Draft


def eight_hours_ahead(draft: Draft, rng: np.random.Generator) -> Damaged:
    """FUT07: the last contacts come from a source eight hours ahead, and so lie after the cutoff.

    The last 12 contacts (0.5 % at most) all start in the eight hours after it. Count: those rows.
    """
    contacts = draft.table("interactions")
    n = min(12, max(1, len(contacts) // 200))
    places = np.sort(contacts["started_at"].to_numpy().argsort(kind="stable")[-n:])
    some = contacts.iloc[places].reset_index(drop=True)
    started = draft.cutoff.as_unit("s") + days(rng.uniform(0.01, 0.32, n))
    contacts = put_at(contacts, places, started_at=started.to_numpy(),
                      resolved_at=(started + (some["resolved_at"] - some["started_at"])).to_numpy())  # fmt: skip
    if "recorded_at" in contacts:
        contacts = put_at(contacts, places, recorded_at=(started + pd.Timedelta(minutes=10)).to_numpy())
    draft.put("interactions", contacts)
    return Damaged.at("FUT07", "interactions", places, "{n} contacts lie up to eight hours after the data cutoff")


def never_recorded(draft: Draft, rng: np.random.Generator) -> Damaged:
    """REC17: contacts have no recorded_at. Count: all rows."""
    contacts = draft.table("interactions").drop(columns="recorded_at")
    draft.put("interactions", contacts)
    return Damaged("REC17", "interactions", len(contacts), "the column recorded_at is left out")


def recorded_late(draft: Draft, rng: np.random.Generator) -> Damaged:
    """LATE18: 3 % of the claims were entered 35 to 90 days after they were reported. Count: those rows."""
    claims = draft.table("claims")
    early = claims["reported_at"] < draft.cutoff - pd.Timedelta(days=100)
    once = ~claims["claim_id"].duplicated(keep=False)
    places = pick(rng, early & once, max(3, len(claims) * 3 // 100))
    reported = claims["reported_at"].iloc[places].reset_index(drop=True)
    recorded = reported + days(rng.uniform(35, 90, len(places)))
    draft.put("claims", put_at(claims, places, recorded_at=recorded.to_numpy()))
    return Damaged.at("LATE18", "claims", places, "{n} claims were entered 35 to 90 days after they were reported")


def no_opinion_as_99(draft: Draft, rng: np.random.Generator) -> Damaged:
    """SCL19: 9 answers of "no opinion" are stored as an NPS score of 99. Count: those rows."""
    surveys = draft.table("surveys")
    places = pick(rng, (surveys["instrument"] == "nps") & surveys["score"].notna(), 9)
    draft.put("surveys", put_at(surveys, places, score=99.0))
    return Damaged.at("SCL19", "surveys", places, "the nps score is 99 in {n} answers")


def nps_turned_round(draft: Draft, rng: np.random.Generator) -> Damaged:
    """DIR20: every NPS score is 10 minus itself, and no direction is given. Count: the answered nps rows."""
    surveys = draft.table("surveys")
    asked = (surveys["instrument"] == "nps") & surveys["score"].notna()
    draft.put("surveys", surveys.assign(score=surveys["score"].mask(asked, 10 - surveys["score"])))
    return Damaged.at("DIR20", "surveys", np.flatnonzero(asked), "{n} nps scores are turned round, 10 for the worst")


def answers_only(draft: Draft, rng: np.random.Generator) -> Damaged:
    """RES21: invitations that were not answered are left out. Count: all rows that remain, each of them answered."""
    surveys = draft.table("surveys")
    answered = surveys[surveys["score"].notna()]
    draft.put("surveys", answered)
    left = len(surveys) - len(answered)
    return Damaged("RES21", "surveys", len(answered), f"the {left:,} unanswered invitations are left out")


def a_region_unheard(draft: Draft, rng: np.random.Generator) -> Damaged:
    """COV22: the answers of one region's customers never arrived.

    Count: the customers without any answer; the clean book has many.
    """
    customers, surveys = draft.table("customers"), draft.table("surveys")
    region = rng.choice(sorted(customers["region"].dropna().unique()))
    lost = surveys["customer_id"].isin(customers.loc[customers["region"] == region, "customer_id"])
    surveys = surveys.assign(score=surveys["score"].mask(lost), answered_at=surveys["answered_at"].mask(lost))
    draft.put("surveys", surveys)
    heard = customers["customer_id"].isin(surveys.loc[surveys["score"].notna(), "customer_id"])
    return Damaged("COV22", "surveys", int((~heard).sum()), f"the answers of {region} are gone: {(~heard).sum():,} of"
                   f" {len(customers):,} customers never answered")  # fmt: skip
