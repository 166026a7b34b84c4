"""What was filled in as rows of ``outreach``: everybody who was assigned, whether filled in or not, in their arm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnkit.retain.plan import RetentionPlan
from churnkit.retain.record import FORGOTTEN
from churnkit.retain.sheet import action_ids

OUTREACH = ("action_id", "customer_id", "policy_id", "campaign", "arm", "assigned_at", "contacted_at", "action",
            "channel", "reached", "outcome", "offer_value", "cost", "overridden", "override_reason",
            "recorded_at")  # fmt: skip
NOT_CALLED = ("renews_anyway", "leaves_anyway", "not_called")


def undated(values: pd.DataFrame) -> pd.Series:
    """Whether a row tells of a talk and not of its day: reached, or an outcome that only a talk can have.

    Who says that the customer was not reached, or was not called, and yet fills in how it ended, tells of no talk.
    """
    talked = values["outcome"].notna() & (values["outcome"] != "not_reached") & (values["reached"] != "no")
    talked |= values["reached"] == "yes"
    return talked & values["contacted_at"].isna() & ~values["override"].isin(NOT_CALLED)


def outreach_of(values: pd.DataFrame, plan: RetentionPlan, now: pd.Timestamp) -> pd.DataFrame:
    """Rows of the contract's ``outreach``: whoever was assigned or added, and the hold-out that would have been listed.

    Parameters
    ----------
    values : DataFrame with customer_id, added and what was filled in, as values
    plan : RetentionPlan
    now : Timestamp, when it came back
    """
    both = pd.concat([_treated(values, plan, now), _held(values, plan, now)], ignore_index=True)[list(OUTREACH)]
    return both[~both["customer_id"].str.startswith(FORGOTTEN)].reset_index(drop=True)


def _treated(values: pd.DataFrame, plan: RetentionPlan, now: pd.Timestamp) -> pd.DataFrame:
    """Everybody who was assigned or added; those drawn at random and those added are campaigns of their own."""
    everyone = plan.everyone
    listed = everyone[everyone["arm"] == "treat"]
    held = set(everyone.loc[everyone["arm"] == "holdout", "customer_id"])
    added = values.loc[values["added"] & ~values["customer_id"].isin(held), "customer_id"]
    who = pd.concat([listed["customer_id"], added], ignore_index=True).astype("str")
    asked = everyone.set_index("customer_id").reindex(who).reset_index(drop=True)
    action = asked["action"].where(asked["action"].fillna("") != "", "call")
    # Only who was chosen by rank stands against a hold-out: the others are no part of the list's own experiment.
    own = np.where(who.isin(listed["customer_id"]), np.where(asked["chosen"] == "random", "-random", ""), "-added")
    return _filled(who, values, plan, now).assign(
        arm="treat", action=action, campaign=[plan.list_id + each for each in own]
    )


def _held(values: pd.DataFrame, plan: RetentionPlan, now: pd.Timestamp) -> pd.DataFrame:
    """The hold-out, with what was done all the same: whoever was called by mistake may have asked for no more calls."""
    who = plan.everyone.loc[plan.everyone["arm"] == "holdout", "customer_id"].reset_index(drop=True)
    rows = _filled(who, values, plan, now)
    called = rows["contacted_at"].notna()
    return rows.assign(arm="holdout", action=called.map({True: "call", False: "none"}))


def _filled(who: pd.Series, values: pd.DataFrame, plan: RetentionPlan, now: pd.Timestamp) -> pd.DataFrame:
    """What was filled in of each customer, beside what is the same in both arms."""
    back = values.drop_duplicates("customer_id").set_index("customer_id").reindex(who).reset_index(drop=True)
    cost = plan.everyone.set_index("customer_id")["cost"].reindex(who).astype(float).reset_index(drop=True)
    rows = _assigned(who, plan, now).assign(
        contacted_at=pd.to_datetime(back["contacted_at"]).astype("datetime64[us]"),
        reached=back["reached"].map({"yes": True, "no": False}), outcome=back["outcome"],
        offer_value=back["offer_value"].astype(float), overridden=back["override"].notna(),
        override_reason=pd.Series(map(_reason, back["override"], back["override_reason"]), dtype=object),
    )  # fmt: skip
    return rows.assign(cost=cost.where(rows["contacted_at"].notna(), 0.0))


def _reason(override: Any, why: Any) -> str | None:
    parts = [str(each) for each in (override, why) if isinstance(each, str)]
    return ": ".join(parts) or None


def _assigned(who: pd.Series, plan: RetentionPlan, now: pd.Timestamp) -> pd.DataFrame:
    """What is the same in both arms; a policy is named where the contact was about one only."""
    due = plan.policies.groupby("customer_id")["policy_id"].agg(["first", "size"])
    policy = who.map(due.loc[due["size"] == 1, "first"].to_dict())
    return pd.DataFrame({"action_id": action_ids(plan.list_id, who), "customer_id": who, "policy_id": policy,
                         "campaign": plan.list_id, "assigned_at": plan.as_of, "channel": "phone",
                         "recorded_at": now})  # fmt: skip
