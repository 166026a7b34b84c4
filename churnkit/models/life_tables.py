"""Who left in which period of being a customer, counted: Kaplan-Meier survival from the rows of a panel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import UsageError
from churnkit.models.evaluation.base_rates import Share
from churnkit.panel.panel import Panel

YEAR_DAYS = 365.25
STILL_THERE = ("matured", "replaced")  # cover that ended as agreed, or goes on under another policy: nobody left
_Z = 1.959964
_WORDS = {"cancellation": ("month", "cancelled", "cancelling"), "renewal": ("renewal", "lapsed", "lapsing")}


@dataclass(frozen=True)
class LifeTable:
    """Who left in which period, counted; what a model of survival has to beat.

    Attributes
    ----------
    table : DataFrame indexed by (line, month) for a cancellation panel, by (line, renewal) for a renewal panel
        ``month`` in force, 0 being the first; ``renewal``, 1 being a policy's first. ``at_risk``: policies observed in
        it whose period ended in staying or leaving; ``cancelled`` or ``lapsed`` of them; ``hazard``, the share that
        left; ``survival``, the product of ``1 - hazard`` from the line's first period on (Kaplan and Meier [1]_), with
        ``low`` and ``high`` (95 %, Greenwood, on the log-minus-log scale; empty before the first to leave). Beside it
        ``other_exits`` (death, the insurer …), in no rate unless the table is crude, and ``no_label`` (not ripe yet).
        A line's table ends before the first period in which nobody was at risk.
    rates : dict of line to the hazard of a period in all its periods together
    text : str, plain sentences
    by : str, what the first level of the index is

    References
    ----------
    .. [1] Kaplan, Meier (1958), Nonparametric estimation from incomplete observations, JASA 53.
    """

    table: pd.DataFrame
    rates: dict[str, float]
    text: str
    by: str = "line"

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:.4f}', na_rep='')}\n\n{self.text}"

    @property
    def lost(self) -> pd.Series[float]:
        """Policies that left, indexed like the table: what `hazard` is a share of ``at_risk`` by."""
        return (self.table["hazard"] * self.table["at_risk"]).round().rename("lost")

    def predict(self, panel: Panel, *, months: int = 12) -> pd.DataFrame:
        """Return the probability that each policy is still in force after 1, 2, … periods, by its line and period.

        Periods beyond a line's table have the hazard of all its periods, and so have lines that it does not know.

        Parameters
        ----------
        panel : Panel, of the table's kind
        months : int, how many ahead; renewals, of a renewal panel

        Returns
        -------
        DataFrame of shape (n_rows, months), columns 1 … months, indexed like ``panel.X``
        """
        check_ahead(months)
        line, first = _segments(panel, self.by).to_numpy(), periods_in_force(panel)
        known = self.table["hazard"]
        whole = np.array([self.rates.get(each, self.rates["all"]) for each in line])
        stays = []
        for ahead in range(months):
            at = pd.MultiIndex.from_arrays([line, first + ahead])
            hazard = known.reindex(at).to_numpy()
            stays.append(1.0 - np.where(np.isnan(hazard), whole, hazard))
        return pd.DataFrame(np.cumprod(stays, axis=0).T, index=panel.X.index, columns=range(1, months + 1))


def life_table(panel: Panel, *, by: Any = "line", crude: bool = False) -> LifeTable:
    """Count a cancellation or renewal panel by line and period in force, all lines first.

    Of a renewal panel each term counts once, at the shortest lead at which it was still open: those who renew early
    have left the shorter ones. A policy is at risk from the first renewal that the book saw (left truncation) to the
    last whose outcome is known (right censoring).

    Parameters
    ----------
    panel : Panel
        Of target "cancellation" with the feature ``tenure_days``, or "renewal" with ``tenure_days`` or ``term_number``;
        built with ``keep_unlabelled=True``, for exits that are not the customer's to be counted beside.
    by : name of a column of keys or X, or Series of shape (n_rows,)
        What to count by.
    crude : bool
        Count other exits (death, total loss, the insurer …) as leaving too, as the value of a policy does: at_risk
        and the hazard then hold them. Policies that matured or were replaced are never counted as leaving.

    Raises
    ------
    UsageError
        If the panel is of another target, or does not say how long a policy has been in force.
    """
    unit, gone, _ = _words(panel)
    cause = panel.keys["cause"]
    other = panel.y.isna() & (cause != "unripe")
    out = other & ~cause.isin(STILL_THERE) if crude else panel.y.isna() & False
    left = (panel.y == 1) if panel.target == "cancellation" else (panel.y == 0)
    rows = pd.DataFrame({
        unit: periods_in_force(panel), "at_risk": panel.y.notna() | out, gone: left, "lost": left | out,
        "other_exits": other, "no_label": cause == "unripe",
    })  # fmt: skip
    lines, people, once = _segments(panel, by), pd.factorize(panel.groups)[0], _once(panel)
    tables, rates, said = {}, {}, []
    for name, mine in _divisions(lines, once):
        risk = mine & rows["at_risk"].to_numpy()
        share = Share.of(rows["lost"].to_numpy(dtype=np.float64)[risk], people[risk])
        tables[name], rates[name] = _counted(rows[mine], unit), share.rate
        policies = panel.keys["policy_id"][mine].nunique()
        others = int(rows["other_exits"][mine].sum())
        said.append(_sentence(name, tables[name], share, policies, others=others, words=_words(panel), crude=crude))
    title = str(lines.name)
    text = "\n".join(said[-1:] if len(said) == 2 else said)
    return LifeTable(pd.concat(tables, names=[title]), rates, text, title)


def product_limit(at_risk: pd.Series[Any], lost: pd.Series[Any]) -> pd.DataFrame:
    """Kaplan-Meier survival from counts in the order of time.

    Parameters
    ----------
    at_risk, lost : Series of shape (n_periods,), how many might have left in each period and how many did

    Returns
    -------
    DataFrame indexed alike
        ``hazard``, ``survival``, ``low`` and ``high``: 95 %, Greenwood's variance on the log-minus-log scale; NaN
        before the first to leave and after the last.

    Examples
    --------
    >>> product_limit(pd.Series([10, 8]), pd.Series([2, 4])).round(3)
       hazard  survival    low   high
    0     0.2       0.8  0.409  0.946
    1     0.5       0.4  0.123  0.670
    """
    hazard = lost / at_risk
    survival = (1 - hazard).cumprod()
    variance = (lost / (at_risk * (at_risk - lost)).where(at_risk > lost)).cumsum()  # Greenwood's sum
    logs = np.log(survival.where((lost.cumsum() > 0) & (survival > 0)))
    spread = _Z * np.sqrt(variance) / logs.abs()
    return pd.DataFrame({"hazard": hazard, "survival": survival, "low": np.exp(logs * np.exp(spread)),
                         "high": np.exp(logs * np.exp(-spread))})  # fmt: skip


def periods_in_force(panel: Panel) -> npt.NDArray[np.int64]:
    """Months in force of a cancellation panel's rows, number of the coming renewal of a renewal panel's."""
    return months_in_force(panel) if panel.target == "cancellation" else coming_renewal(panel)


def coming_renewal(panel: Panel) -> npt.NDArray[np.int64]:
    """Which renewal of its policy each row is about, 1 being the first, shape (n_rows,).

    The tenure at the scheduled end in lengths of the term (``term_days``, else years), from the policy's first
    inception; without ``tenure_days``, the number of the terms that the book knows (``term_number``).
    """
    X = panel.X
    if panel.target != "renewal" or not {"tenure_days", "term_number"} & set(X):
        raise UsageError("The number of a renewal is told of a renewal panel that has tenure_days or term_number.",
                         found=f"target {panel.target!r}, {X.shape[1]} features",
                         fix='build_panel(book, "renewal")')  # fmt: skip
    if "tenure_days" not in X:
        return np.asarray(X["term_number"].clip(lower=1).to_numpy(dtype=np.float64).round(), dtype=np.int64)
    length = X["term_days"].to_numpy(dtype=np.float64) if "term_days" in X else np.full(len(X), YEAR_DAYS)
    tenure = X["tenure_days"].to_numpy(dtype=np.float64) + panel.keys["lead_days"].to_numpy(dtype=np.float64)
    return np.asarray(np.maximum(np.rint(tenure / length), 1.0), dtype=np.int64)


def months_in_force(panel: Panel) -> npt.NDArray[np.int64]:
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
    return np.asarray(months - short, dtype=np.int64)


def check_ahead(periods: int) -> None:
    """Refuse what is no number of periods ahead."""
    if int(periods) != periods or periods < 1:
        raise UsageError("Periods ahead are a whole number, at least 1.", found=repr(periods), fix="months=12")


def _words(panel: Panel) -> tuple[str, str, str]:
    if panel.target not in _WORDS:
        raise UsageError("A life table is counted from a cancellation or a renewal panel.",
                         found=f"target {panel.target!r}", fix='build_panel(book, "renewal")')  # fmt: skip
    return _WORDS[panel.target]


def _segments(panel: Panel, by: Any) -> pd.Series[str]:
    """What each row is counted under, as text."""
    if isinstance(by, pd.Series):
        if len(by) != len(panel.y):
            raise UsageError("A segment is given for each row.", found=f"{len(by)} for {len(panel.y)} rows", where="by")
        held, name = by, str(by.name or "segment")
    else:
        frame = next((frame for frame in (panel.keys, panel.X) if by in frame), None)
        if frame is None:
            raise UsageError("Rows are counted by a column of the panel.", found=repr(by), fix='by="line"')
        held, name = frame[by], str(by)
    return pd.Series(held.astype("str").fillna("missing").to_numpy(), name=name)


def _once(panel: Panel) -> npt.NDArray[np.bool_]:
    """Rows that count: of a renewal panel each term's shortest lead."""
    if panel.target == "cancellation":
        return np.ones(len(panel.y), dtype=bool)
    keys = panel.keys[["entity", "lead_days"]].reset_index(drop=True)
    first = keys.sort_values("lead_days", kind="stable").drop_duplicates("entity").index
    return np.isin(np.arange(len(keys)), first.to_numpy())


def _divisions(lines: pd.Series[Any], once: npt.NDArray[np.bool_]) -> Iterator[tuple[str, Any]]:
    """All rows, then those of each line."""
    yield "all", once
    for line in sorted(lines.unique()):
        yield line, (lines == line).to_numpy() & once


def _counted(rows: pd.DataFrame, unit: str) -> pd.DataFrame:
    """The life table of one line, up to the first period without anybody."""
    table: pd.DataFrame = rows.groupby(unit).sum().astype(np.int64)
    table = table[table["at_risk"].cumsum() > 0]
    whole = (table["at_risk"] > 0) & (np.diff(table.index, prepend=table.index[:1] - 1) == 1)
    table = table[whole.cummin()]
    for place, (name, column) in enumerate(product_limit(table["at_risk"], table.pop("lost")).items()):
        table.insert(2 + place, name, column)
    return table


def _sentence(line: str, table: pd.DataFrame, share: Share, policies: int, *, others: int,
              words: tuple[str, str, str], crude: bool) -> str:  # fmt: skip
    """Say what a line's table says."""
    unit, _, leaving = words
    low, high = share.bounds
    text = (
        f"{'All lines' if line == 'all' else line}: {policies:,} policies, {share.rows:,} "
        f"{'policy-months' if unit == 'month' else 'renewals due'}, of which"
        f" {share.rate:.2%} (95 %: {low:.2%} … {high:.2%}, a customer's {unit}s being one unit) ended in"
        f" {'any exit' if crude else leaving}; other exits, {'counted' if crude else 'in no rate'}: {others:,}."
    )
    year = table[table.index < table.index[0] + (12 if unit == "month" else 5)] if len(table) else table
    if not len(year):
        return text
    end = year.iloc[-1]
    interval = "" if np.isnan(end["low"]) else f" (95 %: {end['low']:.1%} … {end['high']:.1%})"
    if unit == "month":
        return (
            f"{text} Of those in month {year.index[0]}, {end['survival']:.1%}{interval} stay {len(year)} months more."
        )
    return f"{text} From renewal {year.index[0]} on, {end['survival']:.1%}{interval} stay through {len(year)}."
