"""What satisfaction does in a book, all of it: the effect, its worth, the index, and what would be taken for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from churnkit import plots
from churnkit.apps.console import Steps
from churnkit.apps.training import fit_target
from churnkit.book.open import Book
from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.index import SatisfactionIndex
from churnkit.effect.naive import Naive, naive_effects
from churnkit.effect.to_value import ONE_YEAR, PERMANENT, REPLICATES, ValueEffect, effect_on_value
from churnkit.errors import ChurnkitError
from churnkit.panel.build import build_panel
from churnkit.value.lifetime import LifetimeValue

_CLAIM = 1.7  # pp of renewal per pp of satisfaction that the industry claims


@dataclass(frozen=True)
class Measured:
    """Everything about one book's effect of satisfaction. A run keeps its tables, figures and text, no estimator.

    Attributes
    ----------
    effect : SatisfactionEffect
    index : SatisfactionIndex or None
    worth : ValueEffect or None
    naive : Naive or None
    left_out : tuple of str, what could not be done, and why
    """

    effect: SatisfactionEffect
    index: SatisfactionIndex | None
    worth: ValueEffect | None
    naive: Naive | None
    left_out: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        """The answer in one sentence: the effect with interval, what it is worth, and how well it is known."""
        verdict, at = self.effect.verdict, self.effect.per_pp
        if verdict.shown == "nothing":
            return f"This book does not tell what satisfaction does to renewal ({verdict})."
        between = f"{at.low:+.2f} … {at.high:+.2f}"
        gain = f"{at.estimate:+.2f} pp (95 % {between})" if np.isfinite(at.estimate) else f"between {between} pp"
        worth = "" if self.worth is None else f", and lifetime value {self._worth()}"
        return f"One percentage point more satisfied customers moves renewal by {gain}{worth}: {verdict}."

    def _worth(self) -> str:
        assert self.worth is not None
        said = []
        for duration, word in ((PERMANENT, "held for good"), (ONE_YEAR, "held for one year")):
            row = self.worth.at(duration)
            between = f"{row['low']:+.2f} … {row['high']:+.2f}"
            value = f"by {row['value']:+.2f} % ({between})" if np.isfinite(row["value"]) else f"between {between} %"
            said.append(f"{value} if {word}")
        return " and ".join(said)

    @property
    def beside(self) -> pd.DataFrame:
        """The estimate beside what is taken for it: estimate, low, high (pp of renewal per pp), causal, ratio."""
        effect, nothing = self.effect, (np.nan, np.nan)
        rows: dict[str, tuple[float, float, float, bool]] = {"service shocks": (*effect.per_pp, True)}
        rows["double ML (association)"] = (*effect.association, False)
        if self.naive is not None:
            rows["raise the score, predict again (association)"] = (self.naive.raised, *nothing, False)
            rows["slope of SHAP contributions (association)"] = (self.naive.slope, *nothing, False)
        rows["the industry's claim (not estimated)"] = (_CLAIM, *nothing, False)
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high", "causal"])
        return table.assign(ratio=table["estimate"] / effect.per_pp.estimate).rename_axis("what")

    @property
    def metrics(self) -> dict[str, float]:
        """Figures for a run."""
        at = self.effect.per_pp
        found = {"effect_per_pp": at.estimate, "effect_per_pp_low": at.low, "effect_per_pp_high": at.high}
        if self.index is not None:
            found |= {"index": self.index.level, "index_low": self.index.low, "index_high": self.index.high,
                      "index_raw": self.index.raw}  # fmt: skip
        if self.worth is not None:
            for duration, name in ((PERMANENT, "permanent"), (ONE_YEAR, "one_year")):
                row = self.worth.at(duration)
                found |= {f"value_elasticity_{name}": row["value"], f"value_elasticity_{name}_low": row["low"],
                          f"value_elasticity_{name}_high": row["high"]}  # fmt: skip
        if self.naive is not None:
            found |= {"naive_raised": self.naive.raised, "naive_shap_slope": self.naive.slope}
        return {name: float(value) for name, value in found.items() if np.isfinite(value)}

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables, by name."""
        found = {"effect_by_line": self.effect.table.set_index("line"), "beside": self.beside,
                 "checks": self.effect.checks.table.set_index("name")}  # fmt: skip
        if self.effect.verdict.shown != "nothing":
            found["effect_curve"] = self.effect.curve().set_index("points")
        if self.worth is not None:
            found["effect_on_value"] = self.worth.table
        if self.index is not None:
            found |= {"index_by_quarter": self.index.table(by="quarter").set_index("quarter"),
                      "index_by_line": self.index.table(by="line").set_index("line"),
                      "index_by_touchpoint": self.index.table(by="touchpoint").set_index("touchpoint"),
                      "response_by_shock": self.index.response_by_shock().set_index("decile")}  # fmt: skip
        return found

    @cached_property
    def figures(self) -> dict[str, plots.Figure]:
        """The pictures, by name."""
        kind, found = self.effect.verdict.kind, {"beside": plots.estimates(self.beside, unit="pp of renewal per +1 pp")}
        if len(self.effect.checks):
            found["checks"] = plots.checks(self.effect.checks.table)
        if self.effect.verdict.shown != "nothing":
            found["effect_curve"] = plots.effect_curve(self.effect.curve(), effect="renewal", verdict=kind)
        if self.worth is not None and self.effect.verdict.shown != "nothing":
            curve = self.worth.curve(PERMANENT)
            found["value_curve"] = plots.effect_curve(curve, effect="lifetime value", unit="%", verdict=kind)
        if self.index is not None:
            found["index"] = plots.index_by_quarter(self.tables["index_by_quarter"].reset_index())
        return found

    @property
    def text(self) -> str:
        """Everything in sentences, the answer first."""
        parts = [self.answer, self.effect.text]
        parts += [each.text for each in (self.worth, self.index, self.naive) if each is not None]
        return "\n\n".join([*parts, *self.left_out])


def measure_effect(
    book: Book, steps: Steps, *, trusted: str | None = None, replicates: int = REPLICATES, random_state: int = 0
) -> Measured:
    """Estimate what satisfaction does to renewal and to lifetime value, and put beside it what is taken for it.

    What a book lacks the data for is left out, and said.

    Parameters
    ----------
    book : Book
    steps : Steps
    trusted : str, optional, the shock to go by should the shocks contradict each other
    replicates : int, of the bootstrap behind the value's interval
    random_state : int
    """
    with steps.step("effect", "Estimating what satisfaction does to renewal"):
        effect = SatisfactionEffect(trusted=trusted, random_state=random_state).fit(book)
    left_out: list[str] = []
    with steps.step("index", "Estimating the satisfaction index"):
        index = _tried(lambda: SatisfactionIndex().fit(effect.terms_), "The index", left_out)
    trained: Any = _tried(
        lambda: fit_target(book, "renewal", steps, random_state=random_state), "A renewal model", left_out
    )
    naive, worth = None, None
    if trained is not None:
        naive = _tried(lambda: naive_effects(trained.model, trained.test), "The naive figures", left_out)
        worth = _tried(lambda: _worth(book, effect, trained, steps, replicates, random_state), "The value", left_out)
    return Measured(effect, index, worth, naive, tuple(left_out))


def _worth(
    book: Book, effect: SatisfactionEffect, trained: Any, steps: Steps, replicates: int, random_state: int
) -> ValueEffect:
    with steps.step("value", "Fitting the lifetime value"):
        value = LifetimeValue(economics=book, random_state=random_state)
        value.fit(trained.panel, trained.model, replicates=replicates)
        standing = build_panel(book, "renewal", as_of=book.settings.data_cutoff,
                               features=getattr(trained.model, "features_", None))  # fmt: skip
    with steps.step("worth", "Carrying the effect to lifetime value"):
        return effect_on_value(effect, value, standing, replicates=replicates, progress=steps.say)


def _tried(do: Any, what: str, left_out: list[str]) -> Any:
    """Do it, or say why the book does not allow it."""
    try:
        return do()
    except ChurnkitError as error:
        left_out.append(f"{what} is left out: {error}")
        return None
