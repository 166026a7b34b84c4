"""A new policy number at every renewal, as most insurers' systems give one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

CLOCKS = {"interactions": "started_at", "claims": "reported_at", "complaints": "received_at", "surveys": "sent_at",
          "outreach": "assigned_at"}  # fmt: skip
_PREFIX = {"motor": "PDAA", "health": "PEBS", "home": "PHJC", "life": "PLRS"}


@dataclass(frozen=True)
class Renumbered:
    """Terms and policies in the same order, one row each per period of cover, and how the old numbers lead to them.

    ``terms`` keeps the old number as ``clean_policy_id``; ``policies`` has an ``object_id`` that stays the same
    through the renewals of one policy.
    """

    terms: pd.DataFrame
    policies: pd.DataFrame

    def in_force(self, events: pd.DataFrame, clock: str) -> pd.Series:
        """Number that the policy of each event bore at that moment: of the last term that had begun, else the first."""
        periods = self.terms.sort_values("start_date", kind="stable")
        seen = events[["policy_id", clock]].rename(columns={"policy_id": "clean_policy_id"}).reset_index()
        found = pd.merge_asof(
            seen.sort_values(clock, kind="stable"), periods[["clean_policy_id", "start_date", "policy_id"]],
            left_on=clock, right_on="start_date", by="clean_policy_id",
        ).set_index("index")["policy_id"].reindex(events.index)  # fmt: skip
        first = periods.drop_duplicates("clean_policy_id").set_index("clean_policy_id")["policy_id"]
        return found.fillna(events["policy_id"].map(first))


def renumber(terms: pd.DataFrame, policies: pd.DataFrame, rng: np.random.Generator) -> Renumbered:
    """Give every term a policy number of its own and every policy an object number; both say nothing else."""
    held = policies.assign(object_id=_numbers("BD", rng.permutation(len(policies)), width=8))
    held = held.rename(columns={"policy_id": "clean_policy_id"})
    bound = terms.sort_values(["issued_at", "term_id"], kind="stable", ignore_index=True)
    bound = bound.rename(columns={"policy_id": "clean_policy_id"})
    rows = bound[["clean_policy_id"]].merge(held, on="clean_policy_id", how="left", validate="many_to_one")
    year = bound["start_date"].dt.year.astype("str")
    number = rows["line"].map(_PREFIX).fillna("PXQT") + year + _numbers("", rng.permutation(len(bound)), width=10)
    return Renumbered(bound.assign(policy_id=number), rows.assign(policy_id=number).drop(columns="clean_policy_id"))


def _numbers(prefix: str, order: np.ndarray, *, width: int) -> pd.Series:
    return prefix + pd.Series(order + 1).astype("str").str.zfill(width)
