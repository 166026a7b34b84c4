"""Other exits: how many terms end by death, total loss, sale or the insurer's own doing, by line and lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.value.ageing import later_terms
from churnkit.value.history import days

Vector = npt.NDArray[np.float64]
OTHER_EXITS = ("death", "total_loss", "object_sold", "insurer_declined", "insurer_cancelled")
PRIOR = 50.0  # terms' worth of all lines' share in each line's
_LATE = 95  # days by which a next term may start late and be in the books
_TOO_MANY = 0.05


@dataclass(frozen=True)
class OtherExits:
    """Crude chance that a term open at a lead ends by another exit before its renewal.

    ``q(line, lead) = (exits + 50 q(lead)) / (terms + 50)`` among the ripe terms open at that lead, ``q(lead)`` being
    all lines' share; between leads it is joined by straight lines, beyond them flat. Exits compete: crude
    chances multiply into survival as they are [1]_.

    Attributes
    ----------
    rates : DataFrame of shape (n_lines + 1, n_leads), the row ``all`` for lines not known; columns are leads in days
    unseen : Series by line, share of renewed terms that end, by whatever exit, before the longest lead looks at them
    count : int, terms that ended so

    References
    ----------
    .. [1] Kalbfleisch, Prentice (2002), The statistical analysis of failure time data, chapter 8.
    """

    rates: pd.DataFrame
    unseen: pd.Series[float]
    count: int

    @classmethod
    def learn(cls, keys: pd.DataFrame, y: Vector) -> OtherExits:
        """Count them in a panel that kept its rows without label; a panel that did not has none.

        Parameters
        ----------
        keys : DataFrame with line, entity, and where known cause and lead_days
        y : array of shape (n_rows,), NaN where there is no label
        """
        cause = keys["cause"] if "cause" in keys else pd.Series("", index=keys.index)
        gone = cause.isin(OTHER_EXITS).to_numpy()
        lead = keys["lead_days"].to_numpy(dtype=np.float64) if "lead_days" in keys else np.zeros(len(keys))
        rows = pd.DataFrame({"line": keys["line"].astype(str).to_numpy(), "lead": np.nan_to_num(lead), "gone": gone})
        counted = rows[gone | ~np.isnan(y)]
        whole = counted.groupby("lead")["gone"].mean()
        by = counted.groupby(["line", "lead"])["gone"].agg(["sum", "size"]).unstack("lead", fill_value=0)
        rates = pd.DataFrame((by["sum"] + PRIOR * whole) / (by["size"] + PRIOR))
        rates.loc["all"] = whole
        return cls(rates, _unseen(keys, y, rates.index), int(keys["entity"][gone].nunique()))

    def stays(self, line: pd.Series[Any], lead: Vector, *, anew: bool = False) -> Vector:
        """Chance that none of them ends the term, shape (n_rows,); of a term that is yet to begin with `anew`."""
        known = line.where(line.isin(self.rates.index), "all").to_numpy()
        leads = self.rates.columns.to_numpy(dtype=np.float64)
        out = np.ones(len(lead))
        for name in pd.unique(known):
            mine = known == name
            out[mine] = 1.0 - np.interp(lead[mine], leads, self.rates.loc[name].to_numpy(dtype=np.float64))
            if anew:
                out[mine] *= 1.0 - self.unseen[name]
        return out


def _unseen(keys: pd.DataFrame, y: Vector, lines: pd.Index[Any]) -> pd.Series[float]:
    """Share of renewals by line, drawn to that of all, after which the next term never came to its longest look."""
    longest = float(keys["lead_days"].max())
    looked = keys["cutoff"][keys["lead_days"] == longest].max()
    terms = keys.assign(y=y).sort_values("lead_days", ascending=False, kind="stable").drop_duplicates("entity")
    due = days(terms["cutoff"]) + terms["lead_days"].to_numpy(dtype=np.float64)
    last = int(days(pd.Series([looked]))[0])
    could = (terms["y"] == 1).to_numpy() & (due + 365 - longest + _LATE <= last)
    earlier, _ = later_terms(terms, due, 1)
    gone = ~np.isin(np.arange(len(terms)), earlier)
    line = terms["line"].astype(str).to_numpy()
    by = pd.DataFrame({"line": line[could], "gone": gone[could]}).groupby("line")["gone"].agg(["sum", "size"])
    whole = float(gone[could].mean()) if could.any() else 0.0
    if whole > _TOO_MANY:  # terms do not follow each other by customer and line, or the panel leaves some out
        return pd.Series(0.0, index=lines)
    by = by.reindex([name for name in lines if name != "all"], fill_value=0)
    rates = (by["sum"] + PRIOR * whole) / (by["size"] + PRIOR)
    return pd.Series([*rates, whole], index=[*rates.index, "all"])
