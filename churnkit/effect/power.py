"""How many customers an experiment on a touchpoint needs before it can tell what it should."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import pandas as pd
from scipy.stats import norm

from churnkit.errors import UsageError


@dataclass(frozen=True)
class ExperimentSize:
    """How large an experiment must be.

    Attributes
    ----------
    treated, held_out : int, customers up for renewal in each arm
    difference : float, what the arms' renewal rates are expected to differ by, in pp: effect x share reached
    design_effect : float, by what members of one household being alike multiplies the numbers
    renewal, reached, power, level : float, as asked for
    """

    treated: int
    held_out: int
    difference: float
    design_effect: float
    renewal: float
    reached: float
    power: float
    level: float

    @property
    def customers(self) -> int:
        """Customers in both arms."""
        return self.treated + self.held_out

    @property
    def table(self) -> pd.DataFrame:
        """One row with all numbers."""
        names = ("treated", "held_out", "customers", "difference", "design_effect", "renewal", "reached", "power")
        return pd.DataFrame([{name: getattr(self, name) for name in (*names, "level")}])

    @property
    def text(self) -> str:
        """The answer in a sentence."""
        return (f"{self.customers:,} customers up for renewal, {self.treated:,} treated and {self.held_out:,} held out,"
                f" tell a difference of {self.difference:+.2f} pp at {self.renewal:.1%} renewal with power"
                f" {self.power:.0%} at level {self.level:.0%}; {self.reached:.0%} of the treated are reached,"
                f" households multiply by {self.design_effect:.2f}")  # fmt: skip

    def __str__(self) -> str:
        return self.text


def experiment_size(
    effect: float, *, renewal: float, reached: float = 1.0, treated: float = 0.5, household: float = 1.0,
    correlation: float = 0.0, power: float = 0.8, level: float = 0.05,
) -> ExperimentSize:  # fmt: skip
    """Size an experiment that compares the renewal of customers drawn to be treated or held out.

    ``n = (z_a sqrt((1 + 1/k) q (1 - q)) + z_b sqrt(p (1 - p) / k + r (1 - r)))^2 / (r - p)^2`` customers are treated
    and k n held out, with p the renewal of the held out, r of the treated, q of all [1]_, times
    ``1 + (household - 1) correlation`` where whole households are drawn [2]_.

    Parameters
    ----------
    effect : float
        pp of renewal that a customer who is reached gains. Of a touchpoint that lifts satisfaction by s pp it is s
        times the effect per pp.
    renewal : float, share of the held out that renew
    reached : float, share of the treated whom the treatment reaches; the others gain nothing
    treated : float, share of the customers who are treated
    household : float, mean number of customers in a household that is drawn as one
    correlation : float, intracluster correlation of renewal within households
    power, level : float, chance to tell the effect if it is there, and to err if it is not (two-sided)

    Returns
    -------
    ExperimentSize

    Raises
    ------
    UsageError
        If a share is none, the effect is 0, or renewal would leave 0 … 100 %.

    References
    ----------
    .. [1] Fleiss, Levin, Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed., sections 4.3 and 4.5,
       without correction for continuity.
    .. [2] Donner, Klar (2000), Design and Analysis of Cluster Randomization Trials in Health Research, section 5.

    Examples
    --------
    >>> experiment_size(2.0, renewal=0.815, reached=0.6).customers
    32040
    """
    _check(effect, renewal=renewal, reached=reached, treated=treated, correlation=correlation, power=power, level=level)
    if household < 1:
        raise UsageError("A household has at least one customer.", found=repr(household), fix="household=1.0")
    p, r, k = renewal, renewal + effect * reached / 100, (1 - treated) / treated
    if not 0 < r < 1:
        raise UsageError("Renewal stays between 0 and 100 %.", found=f"{100 * r:.1f} % of the treated",
                         fix="Ask for a smaller effect.")  # fmt: skip
    q, design = (r + k * p) / (1 + k), 1 + (household - 1) * correlation
    spread = norm.ppf(1 - level / 2) * sqrt((1 + 1 / k) * q * (1 - q))
    spread += norm.ppf(power) * sqrt(p * (1 - p) / k + r * (1 - r))
    n = design * spread**2 / (r - p) ** 2
    return ExperimentSize(ceil(n), ceil(k * n), effect * reached, design, renewal, reached, power, level)


def _check(effect: float, **shares: float) -> None:
    whole, none = {"reached": 1.0}, {"correlation": 0.0}  # shares that may be everybody, or nobody
    wrong = [f"{name}={value!r}" for name, value in shares.items()
             if not (0 < value < 1 or value in (whole.get(name), none.get(name)))]  # fmt: skip
    if effect == 0 or wrong:
        raise UsageError("Shares lie between 0 and 1, and an effect is not 0.", found=", ".join(wrong) or "effect=0",
                         fix="Give shares, not percentages; the effect in pp.")  # fmt: skip
