"""What a lifetime value says of itself, in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from churnkit.value.lifetime import LifetimeValue

_KINDS = {"trees": "LightGBM by the renewal model's recipe, trained on other customers",
          "logistic": "a logistic regression on the renewal model's columns, of other customers"}  # fmt: skip


def described(value: LifetimeValue) -> list[str]:
    """Sentences: horizon and rate, the hazard, other exits, what is assumed, the mark."""
    lines = [
        f"Lifetime value over {value.years} renewals, discounted at {value.discount_rate:.1%} a year; "
        "current term excluded, acquisition cost excluded.",
        _constant(value) if value.hazard_ is None else _hazard(value),
    ]
    if value.hazard_ is not None and value.hazard_.history.seal and value.hazard_.history.salt is None:
        lines.append("Sealed with a salt that is not at hand: customers' own renewals are not recognised.")
    origin = value.assumptions["origin"]
    assumed = [line for line in value.lines_ if origin[line] != "given"]
    if assumed:
        lines.append(f"Assumed, not the insurer's own: economics of {', '.join(assumed)} (see .assumptions).")
    if not value.model_.mark_.for_money:
        lines.append(value.model_.mark_.text)
    return lines


def summed(value: LifetimeValue, values: pd.DataFrame) -> str:
    """What a table of values adds up to, how many policies lose money, and the text."""
    known = values[values["value"].notna()]
    losing = known[known["margin"] < 0]
    unknown = len(values) - len(known)
    rest = f"; {unknown:,} have no premium and no value" if unknown else ""
    return (
        f"Value of {len(known):,} policies: {known['value'].sum():,.0f}; {len(losing):,} of them have a negative "
        f"margin and together {losing['value'].sum():,.0f}{rest}.\n{value.text}"
    )


def _constant(value: LifetimeValue) -> str:
    rates = ", ".join(f"{line} {value.rates_[line]:.1%}" for line in value.lines_)
    number = value.constant_.other_exits
    counted = f"{number:,} other exits" if number else "other exits"
    return (
        "Constant-rate baseline: the next renewal from the calibrated model, later ones at the line's rate "
        f"({rates}); {counted} (death, total loss, insurer's decline) "
        f"{'count as not renewed' if number else 'are not taken off'}."
    )


def _hazard(value: LifetimeValue) -> str:
    hazard = value.hazard_
    assert hazard is not None
    frailty = hazard.frailty
    width = frailty.errors["sigma"]
    error = "" if np.isnan(width) else f" (standard error {width:.2f})"
    number = value.other_exits_
    exits = (
        f"{number:,} terms ended otherwise (death, total loss, insurer's decline), and survival is crude: their chance "
        "is taken off by line and lead"
        if number
        else "other exits (death, total loss, insurer's decline) are not taken off: the panel holds none"
    )
    return (
        "The next renewal from the calibrated model; later ones from a hazard with frailty on "
        f"{len(hazard.history.y):,} renewals of {len(hazard.history.people):,} customers: {_KINDS[value.hazard]}, "
        f"times {frailty.beta[1]:.2f}, and an intercept of each customer's own with standard deviation "
        f"{frailty.sigma:.2f}{error} in log-odds. Tenure, age, term and premium move forward, the rest stays as "
        f"stated. {exits}."
    )
