"""What an evaluation says, in plain sentences."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from churnkit.models.evaluation.base_rates import Drift
from churnkit.models.evaluation.baselines import TITLES

Figures = dict[str, dict[str, float]]
NOT_FOR_MONEY = "Not for money"
LAPSES = {"renewed": "lapses", "churned": "churned customers", "cancelled": "cancellations"}
"""What the lapse side is called, by what class 1 is; only of "renewed" it is class 0."""
SLOPE, RATIO = (0.9, 1.1), (0.95, 1.05)
JUDGED = (0.5, 2.0)  # an interval that reaches half or double is no evidence that calibration holds


@dataclass(frozen=True)
class Mark:
    """Whether probabilities may be multiplied by money, and what that rests on.

    Everything downstream of a model that is not for money repeats ``text``: values, plans, score lists, tracked runs.

    Examples
    --------
    >>> print(UNJUDGED)
    Not for money: calibration was not judged on later rows yet.
    """

    for_money: bool
    text: str

    def __str__(self) -> str:
        """Return the sentence."""
        return self.text


UNJUDGED = Mark(False, f"{NOT_FOR_MONEY}: calibration was not judged on later rows yet.")


@dataclass(frozen=True)
class Facts:
    """What the sentences are made of."""

    rows: int
    customers: int
    event: str
    metrics: Figures
    baselines: dict[str, Figures]
    behind: dict[str, float]  # log loss minus the logistic's, on the same rows
    capacity: float
    drift: Drift | None = None

    @property
    def lapses(self) -> str:
        """What the lapse side is called."""
        return LAPSES[self.event]


def sentences(facts: Facts) -> str:
    """Return one sentence per line: what was measured, against what, and whether calibration holds."""
    m, share = facts.metrics, facts.capacity
    lines = [
        f"{facts.rows:,} rows of {facts.customers:,} customers; intervals are 95 %, customers drawn with replacement.",
        f"Log loss {span(m['log_loss'])}, AUC {span(m['auc'], 3)}; calling {share:.0%} at highest risk reaches "
        f"{m['captured']['estimate']:.0%} of the {facts.lapses} ({m['lift']['estimate']:.1f} times chance).",
        against(facts),
        calibration(facts),
    ]
    if facts.drift is not None and facts.drift.moved:
        lines.append(facts.drift.text)
    if "attainable_gain" in m:
        lines.append(
            f"Attainable gain {m['attainable_gain']['estimate']:.1%} (95 % {m['attainable_gain']['low']:.1%} … "
            f"{m['attainable_gain']['high']:.1%}): of the way from the base rate by line "
            f"({m['expected_log_loss_base']['estimate']:.4f}) to the ceiling "
            f"({m['expected_log_loss_ceiling']['estimate']:.4f}), expected log loss under the truth; "
            f"the truth itself has {m['expected_log_loss_truth']['estimate']:.4f}."
        )
    return "\n".join(lines)


def ranking_by_lead(by_lead: pd.DataFrame) -> list[str]:
    """Say how well rows of one lead are told apart: a pooled AUC also tells leads apart, which helps nobody.

    Returns
    -------
    list of str: one sentence where there are several leads, else none.
    """
    if len(by_lead) < 2:
        return []
    each = ", ".join(f"{row.auc:.3f} at {lead:g} days" for lead, row in by_lead[["auc"]].iterrows())
    blind = not (by_lead["auc_low"] > 0.5).any()
    plain = " No lead's interval is clear of 0.5: the pooled AUC tells leads apart, not customers." if blind else ""
    return [f"AUC among rows of one lead: {each}.{plain}"]


def span(figure: dict[str, float], digits: int = 4) -> str:
    """Return estimate and interval.

    Examples
    --------
    >>> span({"estimate": 0.5, "low": 0.4, "high": 0.6}, 2)
    '0.50 (0.40 … 0.60)'
    """
    return f"{figure['estimate']:.{digits}f} ({figure['low']:.{digits}f} … {figure['high']:.{digits}f})"


def against(facts: Facts) -> str:
    """Say whether the trees beat the logistic regression, and which baselines they do not beat."""
    gap = facts.behind
    by = f"(log loss difference {gap['estimate']:+.4f}, {gap['low']:+.4f} … {gap['high']:+.4f})"
    if gap["estimate"] >= 0:
        first = f"LightGBM does not beat the {TITLES['logistic']} {by}: the simpler model is the better choice here."
    elif not gap["high"] < 0:
        first = f"LightGBM does not clearly beat the {TITLES['logistic']} {by}."
    else:
        first = f"LightGBM beats the {TITLES['logistic']} {by}."
    mine = facts.metrics["log_loss"]["estimate"]
    others = [name for name in ("base_rate", "last_year") if facts.baselines[name]["log_loss"]["estimate"] <= mine]
    worse = " and ".join(f"the {TITLES[name]}" if name == "base_rate" else TITLES[name] for name in others)
    return f"{first} It does not beat {worse}." if others else first


def calibration(facts: Facts) -> str:
    """Say whether calibration held: the intervals of slope and observed/expected meet 0.9…1.1 and 0.95…1.05.

    An interval that also reaches half or double meets everything and shows nothing: then it cannot be judged.
    """
    broken, told = _broken(facts), _told(facts)
    if broken:
        return f"Calibration broke: {' and '.join(broken)} with its whole interval. {NOT_FOR_MONEY}."
    if not _judged(facts):
        return f"Calibration cannot be judged, there are too few rows: {told}. {NOT_FOR_MONEY}."
    return f"Calibration holds: {told}."


def mark(facts: Facts) -> Mark:
    """Return the mark that the calibration earns; a drift of the base rate that explains what broke is named.

    A bare threshold on the estimates would cry wolf: a quarter of 1,800 renewals has a slope error of 0.1.
    """
    broken, told = _broken(facts), _told(facts)
    if broken:
        said = f"{NOT_FOR_MONEY}: {' and '.join(broken)} with its whole interval."
        drift, ratio = facts.drift, facts.metrics["observed_expected"]["estimate"]
        explains = drift is not None and drift.moved and (drift.change > 0) == (ratio > 1)
        named = f" {drift.text}" if drift is not None and explains and not _meets_ratio(facts) else ""
        return Mark(False, said + named)
    if not _judged(facts):
        return Mark(False, f"{NOT_FOR_MONEY}: calibration cannot be judged, there are too few rows: {told}.")
    return Mark(True, f"Calibration holds: {told}.")


def _meets_ratio(facts: Facts) -> bool:
    """Say whether observed/expected lapses meet 0.95…1.05."""
    return meets(facts.metrics["observed_expected"], RATIO)


def _broken(facts: Facts) -> list[str]:
    slope, ratio = facts.metrics["calibration_slope"], facts.metrics["observed_expected"]
    broken = []
    if not meets(slope, SLOPE):
        broken.append(f"the slope {span(slope, 2)} lies outside {SLOPE[0]}…{SLOPE[1]}")
    if not _meets_ratio(facts):
        broken.append(f"observed/expected {facts.lapses} {span(ratio, 2)} lies outside {RATIO[0]}…{RATIO[1]}")
    return broken


def _told(facts: Facts) -> str:
    slope, ratio = facts.metrics["calibration_slope"], facts.metrics["observed_expected"]
    return f"slope {span(slope, 2)}, observed/expected {facts.lapses} {span(ratio, 2)}"


def _judged(facts: Facts) -> bool:
    return all(within(facts.metrics[name], JUDGED) for name in ("calibration_slope", "observed_expected"))


def within(figure: dict[str, float], band: tuple[float, float]) -> bool:
    """Say whether an interval lies inside a band; one that could not be computed does not.

    Examples
    --------
    >>> within({"low": 0.9, "high": 1.2}, (0.5, 2.0)), within({"low": -1.6, "high": 1.8}, (0.5, 2.0))
    (True, False)
    """
    return bool(figure["low"] >= band[0] and figure["high"] <= band[1])


def meets(figure: dict[str, float], band: tuple[float, float]) -> bool:
    """Say whether an interval meets a band; one that could not be computed does not.

    Examples
    --------
    >>> meets({"low": 1.05, "high": 1.2}, (0.9, 1.1)), meets({"low": 1.15, "high": 1.2}, (0.9, 1.1))
    (True, False)
    """
    return bool(figure["low"] <= band[1] and figure["high"] >= band[0])
