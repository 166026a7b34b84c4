"""The constant rate by line: the baseline of every curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import ContractError
from churnkit.value.exits import OTHER_EXITS, PRIOR

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ConstantRate:
    """``S(t) = S(1) * r^(t - 1)``, `r` the renewal rate of the policy's line.

    Share of terms renewed among the ripe ones, each term once, at the shortest lead at which it was still open (early
    renewers have left the shorter ones, mid-term exits count as lapses), drawn towards the overall rate by 50 renewals'
    weight. Other exits count as not renewed where the panel holds their rows.

    Attributes
    ----------
    rates : Series indexed by line
    overall : float
    other_exits : int, rows that count as not renewed
    """

    rates: pd.Series[float]
    overall: float
    other_exits: int

    @classmethod
    def learn(cls, keys: pd.DataFrame, y: pd.Series[Any]) -> ConstantRate:
        """Learn the rates of a renewal panel.

        Raises
        ------
        ContractError
            If there is no ripe label.
        """
        ours = keys.assign(y=y.to_numpy())
        shortest = ours.sort_values("lead_days", kind="stable").drop_duplicates("entity")
        gone = shortest["cause"].isin(OTHER_EXITS) if "cause" in shortest else pd.Series(False, index=shortest.index)
        if not shortest["y"].notna().any():
            raise ContractError("CLS28: the renewal rate needs ripe labels.", found="none in the panel")
        counted = shortest[shortest["y"].notna() | gone]
        stayed = counted["y"].fillna(0.0).groupby(counted["line"].astype(str))
        overall = float(counted["y"].fillna(0.0).mean())
        rates = ((stayed.sum() + PRIOR * overall) / (stayed.count() + PRIOR)).rename("renewal_rate")
        return cls(rates, overall, int(gone.sum()))

    def curves(self, first: Vector, line: pd.Series[Any], years: int) -> Matrix:
        """Survival of shape (n_rows, years), the first renewal as given."""
        rate = line.map(self.rates).fillna(self.overall).to_numpy(dtype=np.float64)
        return np.asarray(first[:, None] * rate[:, None] ** np.arange(years)[None, :])
