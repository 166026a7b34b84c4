"""What lists of earlier weeks ask of the next one: lots are kept, and who is being called is left alone."""

from __future__ import annotations

import pandas as pd


def lots_before(earlier: pd.DataFrame | None, flags: pd.DataFrame, share: float) -> pd.DataFrame:
    """Return the lot of each household that an earlier list drew.

    Whoever is in an arm keeps it. All others keep their lot too, those who were not held out like those who were: if
    only the held were remembered, their share would grow from week to week. It is the lot of a share: where another
    one is asked for, whoever is in no arm draws anew, so that the chance is the same for old and new customers.

    Parameters
    ----------
    earlier : DataFrame or None
        customer_id, arm and, where known, household_id; held and share, of whom no arm is known
    flags : DataFrame with customer_id and household_id, as the book has them today
    share : float, of households to hold out now

    Returns
    -------
    DataFrame indexed by household: held, and compared (whether an earlier list compares its renewals), bool; of a
    household with both lots the hold-out
    """
    if earlier is None or not len(earlier):
        return pd.DataFrame({"held": pd.Series(dtype=bool), "compared": pd.Series(dtype=bool)})
    rows = earlier.reindex(columns=["customer_id", "household_id", "arm", "held", "share"])
    rows = rows[rows["arm"].isin(["holdout", "treat"]) | (rows["share"] == share)]
    compared = rows["arm"].isin(["holdout", "treat"])
    held = (rows["arm"] == "holdout") | (~compared & rows["held"].isin([True]))
    homes = _homes(rows, flags).to_numpy()
    return pd.DataFrame({"held": held, "compared": compared}).groupby(homes).max()


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
