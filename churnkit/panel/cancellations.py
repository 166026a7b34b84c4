"""Policies whose terms are monthly, month by month: who is observed, and what their observations are called.

Terms under 60 days are decided too often to be renewals at a lead. Their policies leave in the middle of things, so
each is observed at every month's start that finds it in force, and asked what becomes of it within a month.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from churnkit.panel.arrays import DAY, Ints
from churnkit.panel.kernel.streams import expand
from churnkit.panel.observations import SHORTEST_DAYS, RiskSet, observation_frame, standing
from churnkit.panel.terms.terms import Terms


def cancellation_risk_set(terms: Terms, moments: Ints, *, as_known: bool = False) -> RiskSet:
    """Policies with a monthly term in force at each moment, as visible then; one row per policy under all its numbers.

    Of several such terms the one that ends last stands for the policy (then the one that starts last, then by id). Left
    out, and counted by term and moment where the policy has no other: terms never sold (as known then, with
    `as_known`), of policies that are not renewable, not in the books yet, taken up again, or known to be over.

    Parameters
    ----------
    moments : int array
        Microseconds, ascending.
    """
    short = np.flatnonzero(terms.end - terms.start < SHORTEST_DAYS * DAY)
    which, at = expand(*(np.searchsorted(moments, edge[short]) for edge in (terms.start, terms.end)))
    row, cutoff = short[which], moments[at]
    unsold = terms.known_unsold(row, cutoff) if as_known else ~terms.sold_term[terms.term[row]]
    causes = [(unsold, "never_sold"), *standing(terms, row, cutoff)]
    status = np.select([hit for hit, _ in causes], [name for _, name in causes], default="").astype("<U20")
    policy = terms.family[row] * len(moments) + at
    fine = np.flatnonzero(status == "")
    order = (terms.superseded, terms.id_rank, terms.start, terms.end)
    fine = fine[np.lexsort((*(each[row[fine]] for each in order), policy[fine]))]
    fine = fine[np.diff(policy[fine], append=-1) != 0]  # the last of each policy and moment
    out = terms.final[row] & (status != "") & ~np.isin(policy, policy[fine])
    rows = row[fine]
    lead = (terms.end[rows] - cutoff[fine]) // DAY
    excluded = dict(sorted(Counter(status[out].tolist()).items()))
    return RiskSet(rows, terms.customer[rows], cutoff[fine], lead, excluded)


def cancellation_frame(terms: Terms, risk: RiskSet) -> pd.DataFrame:
    """Observations with their ids in words; the entity is the policy, under the number that it has then.

    There is no lead: what is asked is the same on every day of a term.
    """
    keys = observation_frame(terms, risk)
    return keys.assign(entity=keys["policy_id"], lead_days=np.nan)


def month_later(moments: Ints) -> Ints:
    """The same day and time of the next month, or its last day where it has no such day.

    Examples
    --------
    >>> days = np.array(["2024-01-01", "2024-01-31T12:00"], dtype="datetime64[us]").astype(np.int64)
    >>> month_later(days).view("datetime64[us]").astype("datetime64[h]").tolist()
    [datetime.datetime(2024, 2, 1, 0, 0), datetime.datetime(2024, 2, 29, 12, 0)]
    """
    days = moments // DAY
    month = days.astype("datetime64[D]").astype("datetime64[M]")
    first, following, after = ((month + k).astype("datetime64[D]").astype(np.int64) for k in range(3))
    into = np.minimum(days - first, after - following - 1)
    later: Ints = (following + into) * DAY + moments % DAY
    return later
