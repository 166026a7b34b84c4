"""Lifetime value: the calibrated model for the next renewal, a hazard with frailty for the later ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from churnkit.errors import UsageError
from churnkit.models.classifier import RenewalModel
from churnkit.models.trees import one_blas_thread
from churnkit.panel.panel import Panel
from churnkit.value.asked import Asked, ask, groups
from churnkit.value.constant import ConstantRate
from churnkit.value.economics import COLUMNS, economics_table
from churnkit.value.exits import OtherExits
from churnkit.value.explained import ValueExplained, explain_value
from churnkit.value.hazard import Hazard, once
from churnkit.value.recalibration import Observed
from churnkit.value.wording import described, summed

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Progress = Callable[[str], None]
HAZARDS = ("trees", "logistic", "constant")


class LifetimeValue(BaseEstimator):  # type: ignore[misc]
    """Value of a policy's renewals over a horizon.

    ``CLV_i = sum over t = 1..H of m_it * S_i(t) / (1 + d)^t`` with
    ``m_it = premium * (1 + growth)^t * (1 - loss - commission - expense) - service cost``. The value is as of the
    valuation date; the current paid term and acquisition cost are excluded. A customer's value is the sum over
    policies. ``S_i(t)`` is the chance of being renewed `t` times. ``S_i(1)`` is the calibrated renewal model at the
    level of what fell due last and of the line, times the chance that no other exit (death, total loss, the insurer's
    decline) comes first; later years have the hazard with frailty (:class:`~churnkit.value.hazard.Hazard`), after what
    was known of the customer at the cutoff, times the same chance: survival is crude. Tenure, age, term number, month
    and premium move forward, the rest is as stated.

    Not for buyers without a contract, who leave without a word (a shop's customers such as CDNOW's: BG/NBD is made for
    them), nor for a single snapshot of customers without terms (such as the telco data): there is no renewal to learn.

    Parameters
    ----------
    years : int, renewals ahead (H)
    discount_rate : float, per year (d)
    economics : Book, DataFrame or None
        As :func:`~churnkit.value.economics.economics_table` takes it; None: documented defaults.
    hazard : {"trees", "logistic", "constant"}
        What the later years rest on: LightGBM by the renewal model's recipe, a logistic regression on the renewal
        model's 8 columns, or, as a baseline, the constant renewal rate of the policy's line:
        ``S_i(t) = S_i(1) * r^(t - 1)``, which knows nothing of the customer beyond the next renewal, nor that survivors
        sort.
    random_state : int, of the replicates

    Attributes
    ----------
    hazard_ : Hazard, None with a constant rate
    exits_ : OtherExits
    constant_ : ConstantRate, always there to be compared with; its rates by line are ``rates_``, overall ``rate_``
    replicates_ : Replicates, None without
    other_exits_ : int, terms of the panel that ended by another exit
    economics_ : DataFrame, the figures in use by line, with their origin
    model_ : RenewalModel

    Examples
    --------
    >>> LifetimeValue(years=3).get_params()["discount_rate"]
    0.08
    """

    def __init__(self, *, years: int = 5, discount_rate: float = 0.08, economics: Any = None, hazard: str = "trees",
                 random_state: int = 0) -> None:  # fmt: skip
        self.years = years
        self.discount_rate = discount_rate
        self.economics = economics
        self.hazard = hazard
        self.random_state = random_state

    @one_blas_thread
    def fit(self, panel: Panel, model: RenewalModel, *, replicates: int = 100,
            progress: Progress | None = None) -> LifetimeValue:  # fmt: skip
        """Learn the hazard, other exits, and how sure they are.

        Parameters
        ----------
        panel : Panel, renewal observations: the training panel, best with its rows without label
            (``keep_unlabelled=True``), which hold the other exits.
        model : RenewalModel, fitted
        replicates : int, of the bootstrap by customer behind the intervals; 0: none
        progress : callable, optional, given a sentence at each step

        Returns
        -------
        self

        Raises
        ------
        UsageError
            If the panel or the model is not about renewal, or a setting makes no sense.
        ContractError
            If the panel has no ripe label.
        """
        self._check(panel, model, replicates)
        say = progress or (lambda sentence: None)
        y = np.asarray(panel.y, dtype=np.float64)
        self.constant_ = ConstantRate.learn(panel.keys, panel.y)
        self.exits_ = OtherExits.learn(panel.keys, y)
        self.hazard_, self.replicates_ = None, None
        if self.hazard != "constant":
            each = once(panel.keys, panel.y)
            observed = Observed.of(panel, each, model)
            self.hazard_ = Hazard.learn(panel.take(each), model, observed=observed, kind=self.hazard, progress=say)
            if replicates:
                self.replicates_ = self.hazard_.replicates(observed, replicates=replicates,
                                                           random_state=self.random_state, progress=say)  # fmt: skip
        self.rate_, self.rates_ = self.constant_.overall, self.constant_.rates
        self.other_exits_ = self.exits_.count
        self.economics_ = economics_table(self.economics)
        self.model_ = model
        self.lines_ = tuple(sorted(self.rates_.index))
        return self

    def _check(self, panel: Panel, model: RenewalModel, replicates: int) -> None:
        check_is_fitted(model, "booster_")
        if panel.target != "renewal" or not isinstance(model, RenewalModel):
            raise UsageError("Lifetime value needs a renewal panel and a renewal model.",
                             found=f"target {panel.target!r} and {type(model).__name__}")  # fmt: skip
        if int(self.years) != self.years or self.years < 1 or not self.discount_rate > -1:
            raise UsageError("years is a whole number from 1 on, discount_rate a rate per year above -1.",
                             found=f"years={self.years}, discount_rate={self.discount_rate}")  # fmt: skip
        if self.hazard not in HAZARDS:
            raise UsageError("hazard is trees, logistic or constant.", found=repr(self.hazard))
        if int(replicates) != replicates or replicates < 0:
            raise UsageError("replicates is a whole number, 0 or more.", found=repr(replicates))

    def __getstate__(self) -> dict[str, Any]:
        """Leave an open book behind when the value is saved: what it said is in ``economics_``."""
        state: dict[str, Any] = super().__getstate__()
        return state | {"economics": self.economics if isinstance(self.economics, pd.DataFrame) else None}

    def predict(self, X: Panel | pd.DataFrame, *, intervals: bool = False,
                progress: Progress | None = None) -> pd.DataFrame:  # fmt: skip
        """Value each row.

        Parameters
        ----------
        X : Panel or DataFrame with the model's columns, ``premium`` (currency per year) and ``line``
            What a customer's own renewals say of him enters with ``customer_id`` and ``cutoff``, which a panel has; a
            DataFrame may have them as columns. Without them he is taken for one whose record begins now.
        intervals : bool
            Value the rows once for each replicate, for ``low`` and ``high``.
        progress : callable, optional, given a sentence when the time of a replicate is known, and as they are done

        Returns
        -------
        DataFrame of shape (n_rows, ...), indexed like X
            A panel's keys, then ``value`` (currency), ``expected_lifetime`` (renewals, the sum of survival), ``s1`` ...
            ``sH`` (survival after each renewal), ``premium``, ``margin`` (currency, first renewal's year), and with
            intervals ``low`` and ``high``, the middle 95 % of the replicates' values: the sampling error of hazard,
            frailty, calibration and trees, and what is not known of the customer's own frailty. Chance is not in it: it
            holds the policy's expected value. A margin may be negative, and so may a value. Rows
            without premium have no value (NaN).

        Raises
        ------
        UsageError
            If ``premium`` or ``line`` is missing, or intervals are asked for that were not fitted.
        """
        check_is_fitted(self, "rates_")
        asked = ask(self, X, trees=intervals)
        survival = self._curves(asked)
        out = asked.keys.assign(value=self.worth_of(asked, survival), expected_lifetime=survival.sum(axis=1))
        for t in range(self.years):
            out[f"s{t + 1}"] = survival[:, t]
        out = out.assign(premium=asked.premium, margin=asked.yearly[:, 0])
        if intervals:
            many = self._replicated(asked, progress)
            out["low"], out["high"] = (np.quantile(many, q, axis=1) for q in (0.025, 0.975))
        return out

    def totals(self, X: Panel | pd.DataFrame, by: Any = None, *, progress: Progress | None = None) -> pd.DataFrame:
        """Add values up, over all rows and by group, with the interval of each sum.

        The sums of all groups rest on the same replicates: errors that policies share do not cancel.

        Parameters
        ----------
        X : as :meth:`predict` takes it
        by : str or Series of shape (n_rows,), optional
            A column of the keys or of X (``line``), or each row's group (segment); the first row of the answer is
            ``all``. None: all rows only.

        Returns
        -------
        DataFrame indexed by group
            ``policies``, ``value``, ``low``, ``high`` (currency; NaN without replicates). Rows without value are left
            out.
        """
        check_is_fitted(self, "rates_")
        asked = ask(self, X, trees=self.replicates_ is not None)
        group = pd.Series("all", index=asked.keys.index) if by is None else groups(by, asked, X)
        value = self.worth_of(asked, self._curves(asked))
        known = ~np.isnan(value)
        many = self._replicated(asked, progress) if self.replicates_ is not None else np.full((len(value), 1), np.nan)
        masks = {"all": known} | {name: known & (group == name).to_numpy() for name in sorted(group[known].unique())}
        rows = {}
        for name, mine in masks.items():
            sums = many[mine].sum(axis=0)
            rows[name] = (int(mine.sum()), value[mine].sum(), *np.quantile(sums, (0.025, 0.975)))
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["policies", "value", "low", "high"])
        return table.astype({"policies": "int64"}).rename_axis(by if isinstance(by, str) else "group")

    def explain(self, X: Panel | pd.DataFrame, *, currency: str = "currency") -> ValueExplained:
        """Split values by reason group, as associations (:func:`~churnkit.value.explained.explain_value`).

        At other log-odds than a policy's own the next renewal is what the calibration makes of them, and later ones
        move by as much of the difference as the record keeps (:class:`~churnkit.value.ageing.Ageing`).

        Parameters
        ----------
        X : as :meth:`predict` takes it
        currency : str, the unit that is printed
        """
        check_is_fitted(self, "rates_")
        asked, frame = ask(self, X), X if isinstance(X, pd.DataFrame) else X.X
        own = self.model_.raw_score(frame)
        lead = frame["lead_days"].to_numpy(dtype=np.float64, na_value=np.nan) if "lead_days" in frame else None

        def value_at(scores: Vector) -> Vector:
            first, ahead = self.model_.calibrator_.predict(scores, lead), asked.ahead
            if ahead is not None and self.hazard_ is not None:
                ahead = self.hazard_.at(ahead, first, own - scores, lead)
            return self.worth_of(asked, self._curves(replace(asked, first=first, ahead=ahead)))

        return explain_value(self.model_, frame, value_at, years=self.years, discount_rate=self.discount_rate,
                             currency=currency)  # fmt: skip

    def _curves(self, asked: Asked) -> Matrix:
        if self.hazard_ is None or asked.ahead is None:
            return self.constant_.curves(asked.first, asked.line, self.years)
        return self.hazard_.curves(asked.ahead)

    def worth_of(self, asked: Asked, survival: Matrix) -> Vector:
        """Values of policies at given survival, shape (n_rows,)."""
        discount = (1.0 + self.discount_rate) ** -np.arange(1, self.years + 1)
        return np.asarray((asked.yearly * survival * discount).sum(axis=1))

    def _replicated(self, asked: Asked, progress: Progress | None) -> Matrix:
        """Values in each replicate, shape (n_rows, n_replicates)."""
        if self.replicates_ is None or self.hazard_ is None or asked.ahead is None:
            raise UsageError("Intervals need replicates.", found=f"replicates=0 or hazard={self.hazard!r}",
                             fix="fit(panel, model, replicates=100)")  # fmt: skip
        say, found, count = progress or (lambda sentence: None), [], len(self.replicates_)
        for k in range(count):
            begun = time.perf_counter()
            found.append(self.worth_of(asked, self.hazard_.replicated(asked.ahead, self.replicates_, k)))
            if k == 0:
                one = time.perf_counter() - begun
                say(f"intervals: one replicate took {one:.2g} s, all {count} take about {one * count / 60:.1f} minutes")
            elif (k + 1) % 25 == 0:
                say(f"intervals: {k + 1}/{count} replicates")
        return np.column_stack(found)

    def summary(self, values: pd.DataFrame) -> str:
        """Say what a table of values adds up to, and how many policies lose money: one sentence and the text.

        Parameters
        ----------
        values : DataFrame, as :meth:`predict` returns it
        """
        return summed(self, values)

    @property
    def assumptions(self) -> pd.DataFrame:
        """The figures behind the values, by line of the training panel: renewal rate, economics, origin."""
        check_is_fitted(self, "rates_")
        known = [line if line in self.economics_.index else "other" for line in self.lines_]
        table = self.economics_.loc[known, [*COLUMNS, "origin"]].set_axis(pd.Index(self.lines_, name="line"), axis=0)
        return table.assign(renewal_rate=self.rates_.loc[list(self.lines_)].to_numpy())

    @property
    def text(self) -> str:
        """What the values mean: horizon, rate, what is excluded, the hazard; and if the model is not for money."""
        check_is_fitted(self, "rates_")
        return "\n".join(described(self))

    def __str__(self) -> str:
        """Return what the values mean, and the assumptions behind them."""
        figures = self.assumptions.to_string(float_format=lambda v: f"{v:.3g}")
        return f"{self.text}\n\n{figures}"
