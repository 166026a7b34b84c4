"""The shifted-beta-geometric: customers differ in a constant chance of leaving, so those who stay are the loyal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from churnkit.errors import ContractError, UsageError
from churnkit.models.life_tables import LifeTable, coming_renewal
from churnkit.panel.panel import Panel

Vector = npt.NDArray[np.float64]
ALL = "all"
_BOUNDS = (np.log(1e-3), np.log(1e5))  # of alpha and beta; beyond, customers are all alike
_STARTS = ((1.0, 4.0), (0.3, 1.0), (10.0, 50.0), (200.0, 1000.0))


class ShiftedBetaGeometric(BaseEstimator):  # type: ignore[misc]
    """Survival from counts alone: the baseline that knows of sorting, and nothing of the customer [1]_.

    Each policy lapses at every renewal with its own constant chance ``theta ~ Beta(alpha, beta)``. Of those still there
    after ``t - 1`` renewals the share that renews is ``r(t) = (beta + t - 1) / (alpha + beta + t - 1)``, rising with t,
    and ``S(t) = r(1) ... r(t)``. By maximum likelihood of counts by renewal, ``sum over t of stayed_t log r(t) +
    lost_t log(1 - r(t))``: the likelihood of the paper for a cohort, and right as well where policies are first seen
    at a later renewal or not to their end, if when does not depend on theta beyond having stayed.

    Attributes
    ----------
    params_ : DataFrame indexed by line, "all" first
        ``alpha``, ``beta``, ``mean`` (first year's lapse rate, alpha / (alpha + beta)), ``log_likelihood``, ``at_risk``
        (renewals counted) and ``lost``. Very large alpha and beta say that customers were seen to be all alike, and
        then survival is that of a constant rate.

    References
    ----------
    .. [1] Fader, Hardie (2007), How to project customer retention, J. Interactive Marketing 21(1).

    Examples
    --------
    >>> cohort = cohort_counts([100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1])
    >>> model = ShiftedBetaGeometric().fit(cohort)
    >>> model.params_.loc["all", ["alpha", "beta"]].round(3).tolist()
    [0.668, 3.806]
    >>> (100 * model.survival([8, 12])).round(1).tolist()
    [46.0, 37.8]
    """

    def fit(self, counts: LifeTable | pd.DataFrame) -> ShiftedBetaGeometric:
        """Learn alpha and beta, overall and by line.

        Parameters
        ----------
        counts : LifeTable of a renewal panel, or DataFrame
            ``at_risk`` and ``lost``, indexed by the number of the renewal (1, 2, …) or by (line, number).

        Returns
        -------
        self

        Raises
        ------
        UsageError
            If the table is of another kind.
        ContractError
            If it counts nobody, or all or none of a line are lost: then no likelihood has a maximum.
        """
        table = _counts(counts)
        lines = dict.fromkeys([ALL, *table.index.get_level_values(0)])
        self.params_ = pd.DataFrame({line: _fitted(table.loc[line], line) for line in lines}).T
        self.params_.index.name = table.index.names[0]
        return self

    def retention(self, t: Any, *, line: str = ALL) -> Vector:
        """Return ``r(t)``, the share renewing for the t-th time among those who had renewed t - 1 times.

        Parameters
        ----------
        t : int or array of int, from 1
        line : str, "all" if the line was not fitted
        """
        alpha, beta = self._of([line])[:, 0]
        renewals = np.asarray(t, dtype=np.float64) - 1.0
        return np.asarray((beta + renewals) / (alpha + beta + renewals))

    def survival(self, t: Any, *, line: str = ALL, after: int = 0) -> Vector:
        """Return the chance of renewing t times more, of somebody who has renewed `after` times.

        ``S(after + t) / S(after)``.
        """
        until = np.atleast_1d(np.asarray(t, dtype=np.intp))
        stays = np.cumprod(self.retention(after + np.arange(1, max(int(until.max(initial=1)), 1) + 1), line=line))
        found = np.concatenate([[1.0], stays])[until]
        return np.asarray(found if np.ndim(t) else found[0])

    def expected_lifetime(self, *, line: str = ALL, after: int = 0, years: int | None = None) -> float:
        """Return the expected number of further renewals of somebody who has renewed `after` times.

        ``sum over t = 1..years of S(after + t) / S(after)``; without end ``(beta + after) / (alpha - 1)``, which is
        infinite for alpha of at most 1.
        """
        if years is not None:
            return float(self.survival(np.arange(1, years + 1), line=line, after=after).sum())
        alpha, beta = self._of([line])[:, 0]
        return float((beta + after) / (alpha - 1.0)) if alpha > 1.0 else float("inf")

    def predict(self, lines: Any, after: Any, *, years: int = 5) -> pd.DataFrame:
        """Project policies that have renewed some times already.

        Parameters
        ----------
        lines : Series of shape (n_policies,), each policy's line; those not fitted have the parameters of all
        after : array of int of shape (n_policies,), renewals made so far
        years : int, renewals ahead (H)

        Returns
        -------
        DataFrame of shape (n_policies, H + 1), indexed like `lines`
            ``s1`` … ``sH``, survival after each renewal, and ``expected_lifetime``, their sum.
        """
        alpha, beta = self._of(lines)
        begun = np.asarray(after, dtype=np.float64)[:, None] + np.arange(years)
        survival = np.cumprod((beta[:, None] + begun) / ((alpha + beta)[:, None] + begun), axis=1)
        index = lines.index if isinstance(lines, pd.Series) else None
        out = pd.DataFrame(survival, index=index, columns=[f"s{t + 1}" for t in range(years)])
        return out.assign(expected_lifetime=survival.sum(axis=1))

    def _of(self, lines: Any) -> Vector:
        """Alpha and beta of each line, shape (2, n)."""
        check_is_fitted(self, "params_")
        names = pd.Series(lines).astype("str")
        known = names.where(names.isin(self.params_.index), ALL)
        return self.params_.loc[known.to_list(), ["alpha", "beta"]].to_numpy(dtype=np.float64).T


def compare_survival(counts: LifeTable, panel: Panel, models: Mapping[str, pd.DataFrame] | None = None, *,
                     years: int = 5) -> pd.DataFrame:  # fmt: skip
    """Put mean survival by line side by side: a constant rate, the shifted-beta-geometric, and other models.

    Parameters
    ----------
    counts : LifeTable of a renewal panel, best crude: what the baselines are learned from
    panel : Panel of target "renewal", the policies to project, such as those in force on a day
    models : mapping of name to DataFrame, optional
        Survival of the panel's rows by other models, ``s1`` … ``sH``, in their order: ``LifetimeValue.predict(panel)``.
    years : int, renewals ahead (H)

    Returns
    -------
    DataFrame indexed by (line, model), "all" first
        ``policies``, ``s1`` … ``sH``, means over the line's policies, and ``expected_lifetime``, their sum.

    Raises
    ------
    UsageError
        If a model's survival is not of the panel's rows or not that long.
    """
    lines = panel.keys["line"].astype("str").reset_index(drop=True)
    names = [f"s{t + 1}" for t in range(years)]
    rate = 1.0 - lines.map(counts.rates).fillna(counts.rates[ALL]).to_numpy(dtype=np.float64)
    found = {
        "constant rate": pd.DataFrame(rate[:, None] ** np.arange(1, years + 1), columns=names),
        "sBG": ShiftedBetaGeometric().fit(counts).predict(lines, coming_renewal(panel) - 1, years=years)[names],
    }
    for name, survival in (models or {}).items():
        if len(survival) != len(lines) or not set(names) <= set(survival):
            raise UsageError("A model's survival is of the panel's rows, over the same years.", where=name,
                             found=f"{len(survival)} rows for {len(lines)}, columns {', '.join(map(str, survival))}",
                             fix=f"Give s1 … s{years}.")  # fmt: skip
        found[name] = survival[names].reset_index(drop=True)
    rows = {}
    for line in [ALL, *sorted(lines.unique())]:
        mine = np.ones(len(lines), dtype=bool) if line == ALL else (lines == line).to_numpy()
        for name, survival in found.items():
            means = survival[mine].mean()
            rows[line, name] = {"policies": int(mine.sum()), **means, "expected_lifetime": float(means.sum())}
    return pd.DataFrame(list(rows.values()), index=pd.MultiIndex.from_tuples(rows, names=["line", "model"]))


def cohort_counts(survivors: Any) -> pd.DataFrame:
    """Turn the survivors of a cohort into counts by renewal.

    Parameters
    ----------
    survivors : array of shape (n_years + 1,), customers (or per cent) at first and after each renewal

    Returns
    -------
    DataFrame indexed by renewal: at_risk, lost

    Examples
    --------
    >>> cohort_counts([100, 63.1, 46.8]).round(1).to_numpy().tolist()
    [[100.0, 36.9], [63.1, 16.3]]
    """
    count = np.asarray(survivors, dtype=np.float64)
    if count.ndim != 1 or len(count) < 2 or not (np.diff(count) <= 0).all() or not (count > 0).all():
        raise UsageError("Survivors of a cohort are counts above 0 that never rise, one per renewal and one before.",
                         found=repr(survivors))  # fmt: skip
    return pd.DataFrame({"at_risk": count[:-1], "lost": -np.diff(count)},
                        index=pd.RangeIndex(1, len(count), name="renewal"))  # fmt: skip


def _counts(counts: LifeTable | pd.DataFrame) -> pd.DataFrame:
    """at_risk and lost by (line, number of the renewal)."""
    table = counts.table.assign(lost=counts.lost) if isinstance(counts, LifeTable) else counts
    if not {"at_risk", "lost"} <= set(table) or table.index.names[-1] == "month":
        raise UsageError("A shifted-beta-geometric is fitted to at_risk and lost by number of the renewal.",
                         found=f"columns {', '.join(map(str, table))} by {table.index.names[-1]}",
                         fix="Pass life_table(panel) of a renewal panel, or cohort_counts(survivors).")  # fmt: skip
    table = table[["at_risk", "lost"]].astype(np.float64)
    if table.index.nlevels == 1:
        table = pd.concat({ALL: table}, names=["line"])
    if ALL not in table.index.get_level_values(0):
        whole = table.groupby(level=1).sum()
        table = pd.concat([pd.concat({ALL: whole}, names=[table.index.names[0]]), table])
    return table


def _fitted(rows: pd.DataFrame, line: str) -> dict[str, float]:
    """Maximum likelihood of one line."""
    renewal, n, lost = rows.index.to_numpy(dtype=np.float64), rows["at_risk"].to_numpy(), rows["lost"].to_numpy()
    if not n.sum() or not 0 < lost.sum() < n.sum() or renewal.min() < 1:
        raise ContractError("A shifted-beta-geometric needs renewals made and renewals lost, counted from 1.",
                            found=f"{lost.sum():g} lost of {n.sum():g}, from renewal {rows.index.min()}",
                            where=f"line {line}")  # fmt: skip
    stayed, before = n - lost, renewal - 1.0

    def minus(logs: Vector) -> tuple[float, Vector]:
        """Negative log-likelihood per renewal and its gradient in log alpha, log beta."""
        alpha, beta = np.exp(logs)
        both = alpha + beta + before
        value = stayed @ np.log((beta + before) / both) + lost @ np.log(alpha / both)
        gradient = np.array([alpha * (lost.sum() / alpha - (n / both).sum()),
                             beta * ((stayed / (beta + before)).sum() - (n / both).sum())])  # fmt: skip
        return -value / n.sum(), -gradient / n.sum()

    found = min((minimize(minus, np.log(start), jac=True, method="L-BFGS-B", bounds=[_BOUNDS] * 2,
                          options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 2_000}) for start in _STARTS),
                key=lambda each: each.fun)  # fmt: skip
    alpha, beta = np.exp(found.x)
    return {"alpha": alpha, "beta": beta, "mean": alpha / (alpha + beta), "log_likelihood": -found.fun * n.sum(),
            "at_risk": n.sum(), "lost": lost.sum()}  # fmt: skip
