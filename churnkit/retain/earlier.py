"""What lists of earlier weeks ask of the next one: arms are kept, and who is being called is left alone."""

from __future__ import annotations

import pandas as pd


def arms_before(earlier: pd.DataFrame | None, flags: pd.DataFrame) -> pd.Series | None:
    """Arm of each household that is in an experiment; of a household with both the hold-out."""
    if earlier is None or not len(earlier):
        return None
    rows = earlier[earlier["arm"].isin(["holdout", "treat"])]
    return rows["arm"].groupby(_homes(rows, flags).to_numpy()).min()  # "holdout" before "treat"


def listed_lately(earlier: pd.DataFrame | None, flags: pd.DataFrame, as_of: pd.Timestamp, gap: int) -> pd.Series:
    """Household of each customer on a list of an earlier day within the gap, by customer.

    They are being called, whether or not that came back.

    Parameters
    ----------
    earlier : DataFrame as `plan_retention` takes it, or None
    flags : DataFrame with customer_id and household_id, of the book
    as_of : Timestamp
    gap : int, days
    """
    if earlier is None or "as_of" not in earlier:
        return pd.Series(dtype=object)
    made = pd.to_datetime(earlier["as_of"])
    rows = earlier[(earlier["arm"] == "treat") & (made < as_of) & (made >= as_of - pd.Timedelta(days=gap))]
    homes = _homes(rows, flags).set_axis(rows["customer_id"])
    return homes[~homes.index.duplicated()]


def _homes(rows: pd.DataFrame, flags: pd.DataFrame) -> pd.Series:
    """Household of each row: the book's, else the earlier list's, else a household of one."""
    home = rows["customer_id"].map(flags.set_index("customer_id")["household_id"])
    home = home.fillna(rows["household_id"] if "household_id" in rows else rows["customer_id"])
    return home.fillna(rows["customer_id"])
