"""What became of listed policies: the labels of the renewal panel, by policy and end of term."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.book.open import Book
from churnkit.panel.labels import renewal_labels
from churnkit.panel.observations import data_cutoff, inforce_risk_set, observation_frame
from churnkit.panel.terms.terms import load_terms


def renewals_of(policies: pd.DataFrame, book: Book, as_of: pd.Timestamp) -> pd.Series:
    """Return 1 where the term that ended was renewed, 0 where it was not, NaN while that is not final or no choice.

    Parameters
    ----------
    policies : DataFrame with policy_id and end_date
    book : Book, later than the list
    as_of : Timestamp, the list's day

    Returns
    -------
    Series of float, indexed like `policies`
    """
    terms = book.once("terms", lambda: load_terms(book))
    risk = inforce_risk_set(terms, int(np.datetime64(as_of, "us").astype(np.int64)))
    slack, until = book.settings.renewal.slack_days, data_cutoff(book)
    known = observation_frame(terms, risk)[["policy_id", "end_date"]]
    known = known.assign(y=renewal_labels(terms, risk, slack_days=slack, until=until).y)
    known = known.drop_duplicates(["policy_id", "end_date"])
    found = policies.merge(known, on=["policy_id", "end_date"], how="left")["y"]
    return found.set_axis(policies.index)
