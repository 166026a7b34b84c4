"""How often it happened in training, and whether that moved since: a model cannot know that the market turned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Vector = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
YEAR = pd.Timedelta(days=365)
LEAST_CHANGE = 0.05  # of the rate itself: what observed/expected may be away from 1
_Z = 1.959964


@dataclass(frozen=True)
class Share:
    """A share of rows, its standard error with a customer's rows as one unit, and how many rows there are."""

    rate: float
    error: float
    rows: int

    @classmethod
    def of(cls, y: Vector, people: Codes | None = None) -> Share:
        """Return the share of ones among outcomes of shape (n_rows,), of customers' codes alike.

        Examples
        --------
        >>> Share.of(np.array([1.0, 1, 0, 0]), np.array([0, 0, 1, 1]))
        Share(rate=0.5, error=0.5, rows=4)
        """
        n = len(y)
        if not n:
            return cls(float("nan"), float("nan"), 0)
        rate = float(y.mean())
        units = y - rate if people is None else np.bincount(people, y - rate)
        count = n if people is None else len(np.unique(people))
        spread = float(np.sqrt((units**2).sum() * count / max(count - 1, 1))) / n
        return cls(rate, spread, n)

    @property
    def other(self) -> Share:
        """The share of zeros."""
        return Share(1.0 - self.rate, self.error, self.rows)

    @property
    def bounds(self) -> tuple[float, float]:
        """The 95 % interval, within 0 … 1."""
        return max(self.rate - _Z * self.error, 0.0), min(self.rate + _Z * self.error, 1.0)


@dataclass(frozen=True)
class BaseRates:
    """Shares of class 1 in training.

    Attributes
    ----------
    overall : Share
    latest : Share or None, of the cutoffs of the last 365 days, where cutoffs are known and reach further back
    by_lead : dict of lead in days to Share; empty without leads
    """

    overall: Share
    latest: Share | None = None
    by_lead: dict[float, Share] = field(default_factory=dict, repr=False)

    @classmethod
    def learn(cls, y: Vector, *, people: Codes | None = None, cutoff: pd.Series[Any] | None = None,
              lead: Vector | None = None) -> BaseRates:  # fmt: skip
        """Count the outcomes of shape (n_rows,) that a model is trained on."""

        def of(rows: Any) -> Share:
            return Share.of(y[rows], None if people is None else people[rows])

        latest = None
        if cutoff is not None:
            late = (cutoff > cutoff.max() - YEAR).to_numpy()
            latest = None if late.all() else of(late)
        leads = [] if lead is None else np.unique(lead[~np.isnan(lead)]).tolist()
        by_lead = {} if lead is None else {value: of(lead == value) for value in leads}
        return cls(Share.of(y, people), latest, by_lead)

    def against(self, y: Vector, people: Codes, lead: Vector | None, *, event: str) -> Drift:
        """Compare with the outcomes of later rows: at the leads that both have, in the later rows' mix, if any.

        Shares differ by lead, for those who renewed early have left the short ones: other leads are no drift.

        Parameters
        ----------
        y, people, lead : arrays of shape (n_rows,)
        event : {"renewed", "churned", "cancelled"}, what class 1 is
        """
        known = sorted(set(self.by_lead) & set(np.unique(lead).tolist())) if lead is not None else []
        if known and lead is not None:
            rows = np.isin(lead, known)
            weight = np.array([(lead == value).sum() for value in known]) / rows.sum()
            rates, errors = np.array([(self.by_lead[v].rate, self.by_lead[v].error) for v in known]).T
            # one outcome stands behind a term's leads, so their errors add up
            then = Share(float(weight @ rates), float(weight @ errors), sum(self.by_lead[v].rows for v in known))
            now = Share.of(y[rows], people[rows])
        else:
            then, now = self.overall, Share.of(y, people)
        latest = None if known else self.latest
        if event == "renewed":
            return Drift("lapse rate", then.other, now.other, None if latest is None else latest.other)
        return Drift("churn rate" if event == "churned" else "cancellation rate", then, now, latest)


@dataclass(frozen=True)
class Drift:
    """The base rate of later rows beside the training's.

    Attributes
    ----------
    what : str, the rate's name: of lapses, or of churned customers
    training, later : Share
    latest : Share or None, of the training's last year, where it is longer than one
    """

    what: str
    training: Share
    later: Share
    latest: Share | None = None

    @property
    def change(self) -> float:
        """Later rate minus the training's, as a fraction (0.01 is 1 pp)."""
        return self.later.rate - self.training.rate

    @property
    def moved(self) -> bool:
        """Whether the rates differ beyond chance (95 %), and by more than 5 % of the training's."""
        error = float(np.hypot(self.training.error, self.later.error))
        return abs(self.change) > max(_Z * error, LEAST_CHANGE * self.training.rate)

    @property
    def text(self) -> str:
        """One sentence.

        Examples
        --------
        >>> print(Drift("lapse rate", Share(0.168, 0.002, 28_007), Share(0.055, 0.002, 14_694)).text)
        The lapse rate fell from 16.8% in training to 5.5% (5.1% … 5.9%, 14,694 rows), -11.3 pp: the base rate drifted.
        """
        low, high = self.later.bounds
        last = "" if self.latest is None else f" ({self.latest.rate:.1%} in its last year)"
        now = f"{self.later.rate:.1%} ({low:.1%} … {high:.1%}, {self.later.rows:,} rows)"
        if not self.moved:
            return (
                f"The {self.what} was {self.training.rate:.1%} in training{last} and {now} later: no drift to speak of."
            )
        verb = "rose" if self.change > 0 else "fell"
        return (
            f"The {self.what} {verb} from {self.training.rate:.1%} in training{last} to {now}, "
            f"{100 * self.change:+.1f} pp: the base rate drifted."
        )
