"""What the book in force is worth by a value that was fitted: sums with intervals, by reason group, by assumption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from churnkit.book.open import Book
from churnkit.panel.build import build_panel
from churnkit.value.explained import ValueExplained
from churnkit.value.lifetime import LifetimeValue
from churnkit.value.portfolio import value_at_risk
from churnkit.value.sensitivity import Sensitivity, revalue, sensitivity


@dataclass(frozen=True)
class Valued:
    """The policies in force on a day, valued; sums only, so that a run may keep them.

    Attributes
    ----------
    as_of : Timestamp
    totals : DataFrame indexed by line, "all" first: policies, value, low, high (currency)
    explained : ValueExplained
        How much of the value goes with which reason group: associations.
    sensitivity : Sensitivity, of the sum
    at_risk : DataFrame by due month
    currency : str, the unit of all money
    text : str, plain sentences
    """

    as_of: pd.Timestamp
    totals: pd.DataFrame
    explained: ValueExplained
    sensitivity: Sensitivity
    at_risk: pd.DataFrame
    currency: str
    text: str

    @property
    def metrics(self) -> dict[str, float]:
        """Figures for a run: the book's value with its interval, and the money that goes with each reason group."""
        whole = self.totals.loc["all"].to_dict()
        sums = {"value": whole["value"], "value_low": whole["low"], "value_high": whole["high"]}
        return {name: figure for name, figure in (sums | self.explained.metrics).items() if np.isfinite(figure)}

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables, by name."""
        return {"value_by_line": self.totals, "value_by_reason": self.explained.table,
                "value_by_stage": self.explained.stages, "value_by_assumption": self.sensitivity.table,
                "value_by_due_month": self.at_risk}  # fmt: skip


def value_book(
    book: Book, value: LifetimeValue, *, as_of: Any = None, progress: Callable[[str], None] | None = None
) -> Valued:
    """Value every policy in force on a day, and say what the sum rests on.

    Parameters
    ----------
    book : Book
    value : LifetimeValue, fitted
    as_of : timestamp, optional; data_cutoff if None
    progress : callable, optional, given a sentence while replicates are worked out
    """
    day = book.settings.data_cutoff if as_of is None else as_of
    panel = build_panel(book, "renewal", as_of=day, features=getattr(value.model_, "features_", None))
    currency = book.settings.currency
    values = value.predict(panel)
    totals = value.totals(panel, by="line", progress=progress)
    explained = value.explain(panel, currency=currency)
    worth = partial(revalue, values)
    moved = sensitivity(worth, value.economics_, discount_rate=value.discount_rate, lines=values["line"].unique())
    whole = totals.loc["all"].to_dict()
    band = f" (95 % interval {whole['low']:,.0f} … {whole['high']:,.0f})" if np.isfinite(whole["low"]) else ""
    text = (
        f"{int(whole['policies']):,} policies in force on {pd.Timestamp(day):%Y-%m-%d} are worth {whole['value']:,.0f}"
        f" {currency}{band}.\n{explained.text}\n{moved.text}\n{value.text}"
    )
    return Valued(pd.Timestamp(day), totals, explained, moved, value_at_risk(values), currency, text)
