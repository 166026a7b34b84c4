"""Lifetime value: the calibrated model for the next renewal, a constant rate by line for the later ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from churnkit.errors import ContractError, UsageError
from churnkit.models.classifier import RenewalModel
from churnkit.panel.panel import Panel
from churnkit.value.economics import COLUMNS, economics_table, margin

Matrix = npt.NDArray[np.float64]
OTHER_EXITS = ("death", "total_loss", "object_sold", "insurer_declined", "insurer_cancelled")
PRIOR = 50.0  # renewals' worth of the overall rate in each line's rate
_KEYS = ("entity", "customer_id", "policy_id", "term_id", "line", "cutoff", "end_date")


class LifetimeValue(BaseEstimator):  # type: ignore[misc]
    """Value of a policy's renewals over a horizon: the constant-rate baseline.

    ``CLV_i = sum over t = 1..H of m_it * S_i(t) / (1 + d)^t`` with ``S_i(1)`` the calibrated renewal model,
    ``S_i(t) = S_i(1) * r^(t - 1)``, `r` the renewal rate of the policy's line, and
    ``m_it = premium * (1 + growth)^t * (1 - loss - commission - expense) - service cost``. The value is as of the
    valuation date; the current paid term and acquisition cost are excluded. A customer's value is the sum over
    policies. A constant rate knows nothing of the customer beyond the next renewal, and survivors do sort, so
    later survival is too low for the loyal and too high for the others: this is the baseline of any better model.

    Parameters
    ----------
    years : int, renewals ahead (H)
    discount_rate : float, per year (d)
    economics : Book, DataFrame or None
        As :func:`~churnkit.value.economics.economics_table` takes it; None: documented defaults.

    Attributes
    ----------
    rates_ : Series indexed by line
        Share of terms renewed among the ripe ones of the training panel, each term once, at the shortest lead at
        which it was still open (early renewers have left the shorter ones, mid-term exits count as lapses), drawn
        towards the overall rate by 50 renewals' weight; ``rate_`` is the overall one. Other exits (death, total loss,
        insurer's decline) count as not renewed where the panel holds their rows.
    other_exits_ : int, such rows
    economics_ : DataFrame, the figures in use by line, with their origin
    model_ : RenewalModel

    Examples
    --------
    >>> LifetimeValue(years=3).get_params()["discount_rate"]
    0.08
    """

    def __init__(self, *, years: int = 5, discount_rate: float = 0.08, economics: Any = None) -> None:
        self.years = years
        self.discount_rate = discount_rate
        self.economics = economics

    def fit(self, panel: Panel, model: RenewalModel) -> LifetimeValue:
        """Learn the constant renewal rate by line.

        Parameters
        ----------
        panel : Panel, renewal observations with ripe labels: the training panel
        model : RenewalModel, fitted

        Returns
        -------
        self

        Raises
        ------
        UsageError
            If the panel or the model is not about renewal, or years or discount rate make no sense.
        ContractError
            If the panel has no ripe label.
        """
        check_is_fitted(model, "booster_")
        if panel.target != "renewal" or not isinstance(model, RenewalModel):
            raise UsageError("Lifetime value needs a renewal panel and a renewal model.",
                             found=f"target {panel.target!r} and {type(model).__name__}")  # fmt: skip
        if int(self.years) != self.years or self.years < 1 or not self.discount_rate > -1:
            raise UsageError("years is a whole number from 1 on, discount_rate a rate per year above -1.",
                             found=f"years={self.years}, discount_rate={self.discount_rate}")  # fmt: skip
        ours = panel.keys.assign(y=panel.y.to_numpy())
        shortest = ours.sort_values("lead_days", kind="stable").drop_duplicates("entity")
        gone = shortest["cause"].isin(OTHER_EXITS) if "cause" in shortest else pd.Series(False, index=shortest.index)
        counted = shortest[shortest["y"].notna() | gone]
        if not shortest["y"].notna().any():
            raise ContractError("CLS28: the renewal rate needs ripe labels.", found="none in the panel")
        stayed = counted["y"].fillna(0.0).groupby(counted["line"].astype(str))
        self.other_exits_ = int(gone.sum())
        self.rate_ = float(counted["y"].fillna(0.0).mean())
        self.rates_ = ((stayed.sum() + PRIOR * self.rate_) / (stayed.count() + PRIOR)).rename("renewal_rate")
        self.economics_ = economics_table(self.economics)
        self.model_ = model
        self.lines_ = tuple(sorted(self.rates_.index))
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Leave an open book behind when the value is saved: what it said is in ``economics_``."""
        state: dict[str, Any] = super().__getstate__()
        return state | {"economics": self.economics if isinstance(self.economics, pd.DataFrame) else None}

    def predict(self, X: Panel | pd.DataFrame) -> pd.DataFrame:
        """Value each row.

        Parameters
        ----------
        X : Panel or DataFrame with the model's columns, ``premium`` (currency per year) and ``line``

        Returns
        -------
        DataFrame of shape (n_rows, ...), indexed like X
            A panel's keys, then ``value`` (currency), ``expected_lifetime`` (renewals, the sum of survival), ``s1`` ...
            ``sH`` (survival after each renewal), ``premium``, ``margin`` (currency, first renewal's year). A margin may
            be negative, and so may a value. Rows without premium have no value (NaN).

        Raises
        ------
        UsageError
            If ``premium`` or ``line`` is missing.
        """
        check_is_fitted(self, "rates_")
        panel = None if isinstance(X, pd.DataFrame) else X
        frame = X if isinstance(X, pd.DataFrame) else X.X
        keys = pd.DataFrame(index=frame.index) if panel is None else panel.keys[[k for k in _KEYS if k in panel.keys]]
        lacking = [c for c in ("premium", "line") if c not in frame and c not in keys]
        if lacking:
            raise UsageError("Value needs each policy's premium and line.", found=f"no {' and no '.join(lacking)}",
                             where="X", fix="Add the column, premium in currency per year.")  # fmt: skip
        line = (keys["line"] if "line" in keys else frame["line"]).astype(str)
        premium = frame["premium"].to_numpy(dtype=np.float64, na_value=np.nan)
        survival = self._survival(self.model_.predict_proba(frame)[:, 1], line)
        yearly = self._margins(premium, line)
        discount = (1.0 + self.discount_rate) ** -np.arange(1, self.years + 1)
        out = keys.assign(value=(yearly * survival * discount).sum(axis=1), expected_lifetime=survival.sum(axis=1))
        for t in range(self.years):
            out[f"s{t + 1}"] = survival[:, t]
        return out.assign(premium=premium, margin=yearly[:, 0])

    def _survival(self, first: npt.NDArray[np.float64], line: pd.Series[str]) -> Matrix:
        rate = line.map(self.rates_).fillna(self.rate_).to_numpy(dtype=np.float64)
        return np.asarray(first[:, None] * rate[:, None] ** np.arange(self.years)[None, :])

    def _margins(self, premium: npt.NDArray[np.float64], line: pd.Series[str]) -> Matrix:
        known = line.where(line.isin(self.economics_.index), "other")
        figures = self.economics_.loc[known.to_list()]
        growth = 1.0 + figures["premium_growth"].to_numpy(dtype=np.float64)
        return np.column_stack([margin(premium * growth**t, figures) for t in range(1, self.years + 1)])

    def summary(self, values: pd.DataFrame) -> str:
        """Say what a table of values adds up to, and how many policies lose money.

        Parameters
        ----------
        values : DataFrame, as :meth:`predict` returns it

        Returns
        -------
        str, one sentence and the text
        """
        known = values[values["value"].notna()]
        losing = known[known["margin"] < 0]
        unknown = len(values) - len(known)
        rest = f"; {unknown:,} have no premium and no value" if unknown else ""
        return (
            f"Value of {len(known):,} policies: {known['value'].sum():,.0f}; {len(losing):,} of them have a negative "
            f"margin and together {losing['value'].sum():,.0f}{rest}.\n{self.text}"
        )

    @property
    def assumptions(self) -> pd.DataFrame:
        """The figures behind the values, by line of the training panel: renewal rate, economics, origin."""
        check_is_fitted(self, "rates_")
        known = [line if line in self.economics_.index else "other" for line in self.lines_]
        table = self.economics_.loc[known, [*COLUMNS, "origin"]].set_axis(pd.Index(self.lines_, name="line"), axis=0)
        return table.assign(renewal_rate=self.rates_.loc[list(self.lines_)].to_numpy())

    @property
    def text(self) -> str:
        """What the values mean: horizon, rate, what is excluded, the baseline; and if the model is not for money."""
        check_is_fitted(self, "rates_")
        rates = ", ".join(f"{line} {self.rates_[line]:.1%}" for line in self.lines_)
        origin = self.assumptions["origin"]
        assumed = [line for line in self.lines_ if origin[line] != "given"]
        counted = "count as not renewed" if self.other_exits_ else "are not taken off"
        number = f"{self.other_exits_:,} " if self.other_exits_ else ""
        exits = f"{number}other exits (death, total loss, insurer's decline) {counted}"
        lines = [
            f"Lifetime value over {self.years} renewals, discounted at {self.discount_rate:.1%} a year; "
            "current term excluded, acquisition cost excluded.",
            "Constant-rate baseline: the next renewal from the calibrated model, later ones at the line's rate "
            f"({rates}); {exits}.",
        ]
        if assumed:
            lines.append(f"Assumed, not the insurer's own: economics of {', '.join(assumed)} (see .assumptions).")
        if not self.model_.mark_.for_money:
            lines.append(self.model_.mark_.text)
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return what the values mean, and the assumptions behind them."""
        figures = self.assumptions.to_string(float_format=lambda v: f"{v:.3g}")
        return f"{self.text}\n\n{figures}"
