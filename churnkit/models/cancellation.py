"""Monthly products: the chance of cancelling within a month, and of still being there some months on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnkit.errors import UsageError
from churnkit.models.classifier import ChurnModel
from churnkit.models.evaluation.base_rates import Share
from churnkit.panel.panel import Panel

MONTH_DAYS = 365.25 / 12
_LATER = {"tenure_days": MONTH_DAYS, "customer_tenure_days": MONTH_DAYS, "term_number": 1.0}
_Z = 1.959964


class CancellationModel(ChurnModel):
    """Probability that a policy of monthly terms is left within a month; class 1 is *cancelled*.

    A :class:`ChurnModel` on the cancellation panel: a row per policy and month in force, so that the probability is
    the discrete-time hazard [1]_ ``h(t | x) = P(T = t | T >= t, x)``, months in force being among the features
    (``tenure_days``, ``term_number``). Months that end otherwise (death, the insurer) have no label: the hazard is that
    of leaving by one's own doing among those who do nothing else in that month. :func:`survival` goes on from it.

    References
    ----------
    .. [1] Singer, Willett (1993), It's about time: discrete-time survival analysis, J. Educational Statistics 18(2).

    Examples
    --------
    >>> CancellationModel(num_leaves=7).event
    'cancelled'
    """

    target, direction, event = "cancellation", -1, "cancelled"  # type: ignore[assignment]  # a third target


def survival(model: CancellationModel, X: pd.DataFrame, *, months: int = 12) -> pd.DataFrame:
    """Return the probability that each policy is still in force after 1, 2, … months.

    ``S(t) = (1 - h_1) ... (1 - h_t)``, ``h_k`` the model's hazard in the k-th month from now. Time goes on in the
    columns that are time itself (``tenure_days``, ``customer_tenure_days``, ``term_number``, ``cutoff_month``); all
    others stay as they are known now. Those who stay are the more loyal, which columns that stay do not learn: far
    ahead it errs on the low side. Exits that are not the customer's are taken to be absent.

    Parameters
    ----------
    model : CancellationModel, fitted
    X : DataFrame of shape (n_policies, n_features)
    months : int, how many ahead

    Returns
    -------
    DataFrame of shape (n_policies, months), columns 1 … months, indexed like X

    Raises
    ------
    UsageError
        If the model is of another kind, or months is not a whole number above 0.
    """
    if not isinstance(model, CancellationModel):
        raise UsageError("Survival month by month comes from a model of monthly cancellation.",
                         found=type(model).__name__, fix="Fit a CancellationModel on such a panel.")  # fmt: skip
    _check_months(months)
    stays = [1.0 - model.predict_proba(_later(X, month))[:, 1] for month in range(months)]
    return pd.DataFrame(np.cumprod(stays, axis=0).T, index=X.index, columns=range(1, months + 1))


def _check_months(months: int) -> None:
    if int(months) != months or months < 1:
        raise UsageError("Months ahead are a whole number, at least 1.", found=repr(months), fix="months=12")


def _later(X: pd.DataFrame, months: int) -> pd.DataFrame:
    """The rows as they will be some months on, if nothing happens but time."""
    moved = {name: X[name] + months * step for name, step in _LATER.items() if name in X}
    if "cutoff_month" in X:
        moved["cutoff_month"] = (X["cutoff_month"] - 1 + months) % 12 + 1
    return X.assign(**moved)


@dataclass(frozen=True)
class LifeTable:
    """Who cancelled in which month in force, counted; what a model of cancellation has to beat.

    Attributes
    ----------
    table : DataFrame indexed by (line, month)
        ``month`` in force, 0 being the first. ``at_risk``: policies observed in it whose month ended in staying or
        cancelling; ``cancelled`` of them; ``hazard``, their ratio; ``survival``, the product of ``1 - hazard`` from the
        line's first month on (Kaplan and Meier), with ``low`` and ``high`` (95 %, Greenwood, on the log-minus-log
        scale; empty before the first cancellation). Beside it, in no rate: ``other_exits`` (death, the insurer …) and
        ``no_label`` (not ripe yet). A line's table ends before the first month in which nobody was at risk.
    rates : dict of line to the hazard of a month in all its months together
    text : str, plain sentences
    """

    table: pd.DataFrame
    rates: dict[str, float]
    text: str

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:.4f}', na_rep='')}\n\n{self.text}"

    def predict(self, panel: Panel, *, months: int = 12) -> pd.DataFrame:
        """Return the probability that each policy is still in force after 1, 2, … months, by its line and month.

        Months beyond a line's table have the hazard of all its months, and so have lines that it does not know.

        Returns
        -------
        DataFrame of shape (n_rows, months), columns 1 … months, indexed like ``panel.X``
        """
        _check_months(months)
        line, month = panel.keys["line"].astype("str").to_numpy(), months_in_force(panel)
        known = self.table["hazard"]
        whole = np.array([self.rates.get(each, self.rates["all"]) for each in line])
        stays = []
        for ahead in range(months):
            at = pd.MultiIndex.from_arrays([line, month + ahead])
            hazard = known.reindex(at).to_numpy()
            stays.append(1.0 - np.where(np.isnan(hazard), whole, hazard))
        return pd.DataFrame(np.cumprod(stays, axis=0).T, index=panel.X.index, columns=range(1, months + 1))


def life_table(panel: Panel) -> LifeTable:
    """Count a cancellation panel by line and month in force, all lines first.

    Parameters
    ----------
    panel : Panel
        Of target "cancellation", with the feature ``tenure_days``; built with ``keep_unlabelled=True``, for exits that
        are not the customer's to be counted beside.

    Raises
    ------
    UsageError
        If the panel is of another target, or without ``tenure_days``.
    """
    month = months_in_force(panel)
    rows = pd.DataFrame({
        "month": month, "at_risk": panel.y.notna(), "cancelled": panel.y == 1,
        "other_exits": panel.y.isna() & (panel.keys["cause"] != "unripe"), "no_label": panel.keys["cause"] == "unripe",
    })  # fmt: skip
    lines = panel.keys["line"].astype("str")
    people = pd.factorize(panel.groups)[0]
    tables, rates, said = {}, {}, []
    for name, mine in _divisions(lines):
        share = Share.of(panel.y[mine & rows["at_risk"]].to_numpy(), people[mine & rows["at_risk"]])
        tables[name], rates[name] = _counted(rows[mine]), share.rate
        policies = panel.keys["policy_id"][mine].nunique()
        said.append(_sentence(name, tables[name], share, policies, others=int(rows["other_exits"][mine].sum())))
    return LifeTable(pd.concat(tables, names=["line"]), rates, "\n".join(said[-1:] if len(said) == 2 else said))


def _divisions(lines: pd.Series[Any]) -> Iterator[tuple[str, Any]]:
    """All rows, then those of each line."""
    yield "all", np.ones(len(lines), dtype=bool)
    for line in sorted(lines.unique()):
        yield line, (lines == line).to_numpy()


def months_in_force(panel: Panel) -> Any:
    """Whole calendar months from the first inception of each row's policy to its cutoff, shape (n_rows,).

    A policy taken out on 31 January is one month in force from 29 February (of 2024) on.
    """
    if panel.target != "cancellation" or "tenure_days" not in panel.X:
        raise UsageError("Months in force are told of a cancellation panel that has tenure_days.",
                         found=f"target {panel.target!r}, {panel.X.shape[1]} features",
                         fix='build_panel(book, "cancellation")')  # fmt: skip
    cutoff = panel.cutoff
    begun = cutoff - pd.to_timedelta((panel.X["tenure_days"] * 86_400).round(), unit="s")
    months = (cutoff.dt.year - begun.dt.year) * 12 + cutoff.dt.month - begun.dt.month
    short = (cutoff.dt.day < begun.dt.day) & ~cutoff.dt.is_month_end
    return (months - short).to_numpy(dtype=np.int64)


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    """The life table of one line, up to the first month without anybody."""
    table = rows.groupby("month").sum().astype(np.int64)
    table = table[table["at_risk"].cumsum() > 0]
    whole = (table["at_risk"] > 0) & (np.diff(table.index, prepend=table.index[:1] - 1) == 1)
    table = table[whole.cummin()]
    n, left = table["at_risk"], table["cancelled"]
    table.insert(2, "hazard", left / n)
    table.insert(3, "survival", (1 - left / n).cumprod())
    variance = (left / (n * (n - left)).where(n > left)).cumsum()  # Greenwood's sum
    logs = np.log(table["survival"].where((left.cumsum() > 0) & (table["survival"] > 0)))
    spread = _Z * np.sqrt(variance) / logs.abs()
    table.insert(4, "low", np.exp(logs * np.exp(spread)))
    table.insert(5, "high", np.exp(logs * np.exp(-spread)))
    counted: pd.DataFrame = table
    return counted


def _sentence(line: str, table: pd.DataFrame, share: Share, policies: int, *, others: int) -> str:
    """Say what a line's table says."""
    low, high = share.bounds
    text = (
        f"{'All lines' if line == 'all' else line}: {policies:,} policies, {share.rows:,} policy-months, of which"
        f" {share.rate:.2%} (95 %: {low:.2%} … {high:.2%}, a customer's months being one unit) ended in cancelling;"
        f" other exits, in no rate: {others:,}."
    )
    year = table[table.index < table.index[0] + 12] if len(table) else table
    if not len(year):
        return text
    end = year.iloc[-1]
    interval = "" if np.isnan(end["low"]) else f" (95 %: {end['low']:.1%} … {end['high']:.1%})"
    return f"{text} Of those in month {year.index[0]}, {end['survival']:.1%}{interval} stay {len(year)} months more."
