"""Policies' lives, written down in a line each and dressed as a panel of months or of renewals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.panel.panel import Panel


def as_panel(rows):
    """Dress rows (policy, line, month in force, label or cause) as a panel; all policies begin on one day."""
    rows = pd.DataFrame(rows, columns=["policy_id", "line", "month", "outcome"])
    begun = pd.Timestamp("2022-01-01")
    cutoff = pd.Series([begun + pd.DateOffset(months=int(month)) for month in rows["month"]])
    known = rows["outcome"].map(lambda said: not isinstance(said, str))
    X = pd.DataFrame({"tenure_days": (cutoff - begun) / pd.Timedelta(days=1), "term_number": rows["month"] + 1.0,
                      "line": rows["line"].astype("str")})  # fmt: skip
    keys = rows[["policy_id", "line"]].assign(customer_id=rows["policy_id"], entity=rows["policy_id"], cutoff=cutoff,
                                              lead_days=np.nan, cause=rows["outcome"].where(~known, ""))  # fmt: skip
    y = pd.Series(rows["outcome"].where(known, np.nan).astype(float), name="cancelled")
    return Panel(X=X, y=y, keys=keys, target="cancellation")


def lives(line, *ends):
    """A policy per end: (months stayed, 1 for cancelled, a cause for another exit, None for not)."""
    for number, (stayed, how) in enumerate(ends):
        yield from ((f"{line}{number}", line, month, 0) for month in range(stayed))
        if how is not None:
            yield f"{line}{number}", line, stayed, how


def renewals(ends, *, line="motor", first=1):
    """A renewal panel, a policy per end: renewals made, then 0 (lapsed), a cause (other exit) or None (still there)."""
    rows = []
    for number, (stayed, how) in enumerate(ends):
        begin = first if isinstance(first, int) else first[number]
        rows += [(f"{line}{number}", begin + k, 1.0, "") for k in range(stayed)]
        last = (np.nan, how) if isinstance(how, str) else (0.0, "")
        rows += [] if how is None else [(f"{line}{number}", begin + stayed, *last)]
    frame = pd.DataFrame(rows, columns=["policy_id", "renewal", "y", "cause"])
    end = pd.Timestamp("2010-01-01") + pd.to_timedelta(frame["renewal"] * 365.25, unit="D")
    X = pd.DataFrame({"tenure_days": frame["renewal"] * 365.25 - 30, "line": line, "premium": 1000.0})
    term = frame["policy_id"] + "-" + frame["renewal"].astype("str")
    keys = pd.DataFrame({"entity": term, "customer_id": frame["policy_id"], "policy_id": frame["policy_id"],
                         "term_id": term, "line": line, "cutoff": end - pd.Timedelta(days=30), "lead_days": 30.0,
                         "end_date": end, "cause": frame["cause"]})  # fmt: skip
    return Panel(X=X, y=frame["y"].rename("renewed"), keys=keys, target="renewal")
