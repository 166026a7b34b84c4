"""How much a book's value hangs on each assumption: the same policies valued again, one figure moved at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnkit.errors import UsageError
from churnkit.value.economics import DISCOUNT_RATE, FIGURES, figures_of, margin

STEPS: dict[str, float] = {
    "renewal": 0.01, "loss_ratio": 0.05, "commission_ratio": 0.02, "expense_ratio": 0.02,
    "service_cost_per_year": 0.2, "premium_growth": 0.01, "discount_rate": 0.02,
}  # fmt: skip
"""How far each assumption is moved down and up: shares and rates by so much, the cost of service by a fifth of it."""
_WHOLE = ("renewal", "discount_rate")  # of the book, not of a line
_RELATIVE = ("service_cost_per_year", "contact_cost")


@dataclass(frozen=True)
class Sensitivity:
    """What a total becomes when one assumption moves: the data of a tornado.

    Attributes
    ----------
    table : DataFrame indexed by assumption (with ", line" where lines were moved apart), widest first
        ``step`` in words; ``low`` and ``high``, the total with the figure moved down and up; ``change_low`` and
        ``change_high``, minus the base (currency); ``swing``, between the two; ``assumed``, the lines for which the
        figure is a default and not the insurer's own.
    base : float, the total as it stands, currency
    text : str
    """

    table: pd.DataFrame
    base: float
    text: str

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:,.0f}')}\n\n{self.text}"


def revalue(values: pd.DataFrame, *, economics: pd.DataFrame, discount_rate: float | None = DISCOUNT_RATE,
            renewal: float = 0.0) -> pd.Series[float]:  # fmt: skip
    """Value policies again under other assumptions, survival as it was predicted.

    ``sum over t = 1..H of m_t S(t) / (1 + d)^t`` with
    ``m_t = premium (1 + growth)^t (1 - loss - commission - expense) - service cost``.

    Parameters
    ----------
    values : DataFrame, as ``LifetimeValue.predict`` returns it
        ``line``, ``premium`` (currency per year), ``s1`` … ``sH``; ``product`` where economics are by product.
    economics : DataFrame, as :func:`economics_table` returns it
    discount_rate : float per year, or None for the one of each line in `economics`
    renewal : float
        Added to the chance of each renewal given the one before, which stays within 0 … 1; 0.01 is 1 pp.

    Returns
    -------
    Series of shape (n_policies,), currency, indexed like `values`; NaN without a premium
    """
    survival = survival_of(values)
    if renewal:
        before = np.column_stack([np.ones(len(values)), survival[:, :-1]])
        stays = np.divide(survival, before, out=np.zeros_like(survival), where=before > 0)
        survival = np.cumprod(np.clip(stays + renewal, 0.0, 1.0), axis=1)
    figures = figures_of(values["line"], economics, values.get("product"))
    rate = figures["discount_rate"].to_numpy(dtype=np.float64) if discount_rate is None else discount_rate
    growth = 1.0 + figures["premium_growth"].to_numpy(dtype=np.float64)
    premium = values["premium"].to_numpy(dtype=np.float64, na_value=np.nan)
    total = np.zeros(len(values))
    for t in range(1, survival.shape[1] + 1):
        total += margin(premium * growth**t, figures) * survival[:, t - 1] / (1.0 + rate) ** t
    return pd.Series(total, index=values.index, name="value")


def survival_of(values: pd.DataFrame) -> Any:
    """Return s1 … sH as an array of shape (n_policies, H)."""
    years = 0
    while f"s{years + 1}" in values:
        years += 1
    if not years:
        raise UsageError("Values come with survival after each renewal.", found="no column s1",
                         fix="Pass what LifetimeValue.predict returns.")  # fmt: skip
    return values[[f"s{t + 1}" for t in range(years)]].to_numpy(dtype=np.float64)


def sensitivity(worth: Callable[..., Any], economics: pd.DataFrame, *, discount_rate: float = DISCOUNT_RATE,
                steps: Mapping[str, float] | None = None, by_line: bool = False,
                lines: Iterable[str] | None = None) -> Sensitivity:  # fmt: skip
    """Move each assumption down and up, the others as they stand, and value the book again.

    Parameters
    ----------
    worth : callable
        ``worth(economics=..., discount_rate=..., renewal=...)`` gives the value of the book, or of each of its policies
        (then they are added up; NaN are passed over), under these assumptions: ``functools.partial(revalue, values)``.
    economics : DataFrame, as :func:`economics_table` returns it
    discount_rate : float, per year
    steps : mapping of assumption to step, optional
        ``renewal`` (pp of every renewal), ``discount_rate`` and figures of `economics`; ``STEPS`` if None. Costs are
        moved by a share of themselves; ratios and costs stop at 0.
    by_line : bool
        Move the figures of `economics` of one line at a time.
    lines : iterable of str, optional
        The lines of the book; all of `economics` if None.

    Returns
    -------
    Sensitivity

    Raises
    ------
    UsageError
        If there is no such assumption.

    Examples
    --------
    >>> from functools import partial
    >>> from churnkit.value.economics import economics_table
    >>> book = pd.DataFrame({"line": ["motor"], "premium": [1000.0], "s1": [0.8], "s2": [0.7]})
    >>> found = sensitivity(partial(revalue, book), economics_table(), lines=["motor"])
    >>> found.table[["low", "high"]].round(1).head(2)
                        low  high
    assumption
    loss_ratio        147.5  13.4
    commission_ratio  107.3  53.6
    """
    moved = dict(STEPS if steps is None else steps)
    unknown = [name for name in moved if name not in ("renewal", *FIGURES)]
    if unknown:
        raise UsageError("There is no such assumption.", found=", ".join(unknown), where="steps",
                         fix=f"The assumptions are renewal, {', '.join(FIGURES)}.")  # fmt: skip
    of_line = economics.index.get_level_values(0)
    known = sorted(set(of_line) if lines is None else set(map(str, lines)))

    def total(**changed: Any) -> float:
        as_it_stands = {"economics": economics, "discount_rate": discount_rate, "renewal": 0.0}
        return float(np.nansum(np.asarray(worth(**{**as_it_stands, **changed}))))

    rows: dict[str, dict[str, Any]] = {}
    for name, step in moved.items():
        for part in [[line] for line in known] if by_line and name not in _WHOLE else [known]:
            mine = of_line.isin(part)
            low, high = (total(**_changed(economics, discount_rate, name, sign * step, mine)) for sign in (-1, 1))
            assumed = [line for line in part if _is_assumed(economics, name, line)]
            label = f"{name}, {part[0]}" if by_line and name not in _WHOLE else name
            rows[label] = {"step": _step(name, step), "low": low, "high": high, "assumed": ", ".join(assumed)}
    return _result(pd.DataFrame.from_dict(rows, orient="index"), total())


def _changed(economics: pd.DataFrame, rate: float, name: str, step: float, rows: Any) -> dict[str, Any]:
    """What `worth` is told when one assumption moves."""
    if name == "renewal":
        return {"renewal": step}
    if name == "discount_rate":
        return {"discount_rate": rate + step}
    return {"economics": _moved(economics, name, step, rows)}


def _moved(economics: pd.DataFrame, name: str, step: float, rows: Any) -> pd.DataFrame:
    """The table with one figure of some rows moved."""
    figure = economics[name].to_numpy(dtype=np.float64)
    new = figure * (1.0 + step) if name in _RELATIVE else figure + step
    new = new if name == "premium_growth" else np.maximum(new, 0.0)
    return economics.assign(**{name: np.where(rows, new, figure)})


def _is_assumed(economics: pd.DataFrame, name: str, line: str) -> bool:
    if name in _WHOLE or "assumed" not in economics:
        return False
    rows = economics["assumed"][economics.index.get_level_values(0) == line]
    return any(name in str(each).split(", ") for each in rows)


def _step(name: str, step: float) -> str:
    return f"±{step:.0%}" if name in _RELATIVE else f"±{100 * step:g} pp"


def _result(table: pd.DataFrame, base: float) -> Sensitivity:
    table = table.rename_axis("assumption")
    table["change_low"], table["change_high"] = table["low"] - base, table["high"] - base
    sides = table[["low", "high"]].assign(base=base)
    table["swing"] = sides.max(axis=1) - sides.min(axis=1)
    table = table.sort_values("swing", ascending=False, kind="stable")
    columns = ["step", "low", "high", "change_low", "change_high", "swing", "assumed"]
    said = [f"{name} {row.step}: {row.change_low:+,.0f} … {row.change_high:+,.0f}"
            for name, row in zip(table.index[:3], table.head(3).itertuples(), strict=True)]  # fmt: skip
    doubtful = [str(name) for name in table.index[table["assumed"] != ""]]
    text = f"Value {base:,.0f}. It hangs most on {'; '.join(said)}; each alone, the others as they stand."
    if doubtful:
        text += f" Defaults, not the insurer's own, for some lines: {', '.join(doubtful)}."
    return Sensitivity(table[columns], base, text)
