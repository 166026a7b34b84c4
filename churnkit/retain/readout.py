"""Whether it worked: customers assigned to a call against held-out ones who would have been listed by the same rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from churnkit.book.open import Book
from churnkit.effect.power import ExperimentSize, experiment_size
from churnkit.errors import ContractError, UsageError
from churnkit.retain.judged import judged_overrides, judged_reasons
from churnkit.retain.outcome_labels import renewals_of
from churnkit.retain.plan import RetentionPlan
from churnkit.retain.returned import contact_cost, contacted, returned

Vector = npt.NDArray[np.float64]
LEAST = 5  # customers in an arm


@dataclass(frozen=True)
class ReadOut:
    """What calling changed, as assigned.

    Attributes
    ----------
    table : DataFrame indexed by quantity
        estimate, low, high: ``renewals_saved`` (of all assigned), ``per_customer`` (renewals), ``value_saved`` and
        ``net_value`` (currency, after what the contacts cost).
    arms : DataFrame indexed by arm
        customers, policies, renewed (share of policies), predicted (by the model, before), contacted (customers).
    needed : ExperimentSize or None
        What it takes to tell the effect that was expected; None where none was expected.
    overrides : DataFrame, what became of those whom people took off or added, beside what they said
    reasons : DataFrame, the model's first reason beside the reason that the customer gave
    silent : int, assigned customers of whom no outcome was imported: each counts as called
    waiting : int, policies whose outcome is not final yet, or will never be one
    idle : tuple of str, lists that held out nobody and are left out
    replaced : tuple of str, trials in whose place another list of their day was made, left out too
    text : str
    """

    table: pd.DataFrame
    arms: pd.DataFrame
    needed: ExperimentSize | None
    overrides: pd.DataFrame
    reasons: pd.DataFrame
    waiting: int
    lists: tuple[str, ...]
    cost: float
    silent: int
    level: float = 0.95
    currency: str = field(default="")
    idle: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The answer in sentences."""
        saved, net = self.table.loc["renewals_saved"], self.table.loc["net_value"]
        treat, held = self.arms.loc["treat"], self.arms.loc["holdout"]
        sure = "" if saved["low"] > 0 or saved["high"] < 0 else " That may be chance: the interval holds 0."
        parts = [
            f"{len(self.lists)} lists: of {treat['policies']:,.0f} policies of {treat['customers']:,.0f} customers "
            f"assigned to a call {treat['renewed']:.1%} were renewed, of {held['policies']:,.0f} of "
            f"{held['customers']:,.0f} held-out customers who would have been listed {held['renewed']:.1%}.",
            f"Renewals saved {_between(saved, '+,.1f')}, {self.level:.0%} interval, as assigned, whoever was reached."
            + sure,
            f"Net value {_between(net, '+,.0f')} {self.currency}, after {self.cost:,.0f} for contacts"
            + (f" ({self._silent} counted as called: no outcomes were imported)." if self.silent else "."),
        ]
        if held["contacted"]:
            parts.append(f"{held['contacted']:,.0f} of the held-out customers were contacted all the same: the "
                         "difference is diluted, and too small.")  # fmt: skip
        if self.needed is not None:
            parts.append(f"To tell the effect that was expected it takes {self.needed}.")
        if self.waiting:
            parts.append(f"{self.waiting:,} policies are left out: not final yet, or ended for other reasons.")
        if self.idle:
            parts.append(f"{len(self.idle)} lists held out nobody and tell nothing: {', '.join(self.idle)}.")
        if self.replaced:
            parts.append(f"{len(self.replaced)} lists were replaced by a later one of their day, before anything had "
                         f"come back of them: {', '.join(self.replaced)}.")  # fmt: skip
        parts += _judgements(self.overrides, self.reasons)
        return "\n".join(parts)

    @property
    def cost_known(self) -> bool:
        """Whether an outcome was imported of everybody who was assigned."""
        return not self.silent

    @property
    def _silent(self) -> str:
        everybody = self.silent == self.arms.loc["treat", "customers"]
        return "every assigned one" if everybody else f"{self.silent:,} of the assigned"

    def __str__(self) -> str:
        """Return the tables and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:,.3f}')}\n\n{self.text}"


def _between(row: Any, form: str) -> str:
    return f"{row['estimate']:{form}} ({row['low']:{form}} … {row['high']:{form}})"


def _judgements(overrides: pd.DataFrame, reasons: pd.DataFrame) -> list[str]:
    said = []
    for name, row in overrides.iterrows():
        if row["customers"] and np.isfinite(row["right"]):
            said.append(f"Override {name}: {row['customers']:,.0f} customers; true of {row['right']:.0%}.")
    if len(reasons):
        told = reasons.attrs
        said.append(f"Model's first reason and the customer's own agree for {told['agree']:.0%} of "
                    f"{told['customers']:,} (by chance {told['by_chance']:.0%}).")  # fmt: skip
    return said


def read_out(
    plans: RetentionPlan | Iterable[RetentionPlan], book: Book, *, cells: pd.DataFrame | None = None,
    level: float = 0.95,
) -> ReadOut:  # fmt: skip
    """Read out lists: intention to treat, assigned customers against the hold-out that the same rule would have listed.

    Per customer the renewals less those the model expected are compared, since what was expected before is the same in
    both arms and takes noise out; ``saved = n_assigned x (mean_assigned - mean_held)``, with Welch's interval [1]_
    in which a small hold-out's variance is at least that of both arms together.
    Value is compared alike, each renewal weighted by the value given renewal. Customers drawn at random into the list
    are left out: nobody who is held out stands against them. Lists are pooled by the share that they hold out; one
    that holds out nobody is left out. A renewal that several lists are about counts once, as the first of them
    assigned it.

    Parameters
    ----------
    plans : RetentionPlan or several
    book : Book, later: when renewals are final
    cells : DataFrame, optional, what came back (customer_id, stated_reason), for reasons
    level : float, of the intervals

    Returns
    -------
    ReadOut

    Raises
    ------
    UsageError
        If level is no share, or no list is given.
    ContractError
        If an arm has fewer than 5 customers with a final outcome.

    References
    ----------
    .. [1] Welch (1947), The generalization of Student's problem when several different population variances are
       involved, Biometrika 34.
    """
    chosen = (plans,) if isinstance(plans, RetentionPlan) else tuple(plans)
    if not chosen or not 0 < level < 1:
        raise UsageError("A read-out is of lists, with a level between 0 and 1.", found=f"{len(chosen)}, {level!r}")
    idle = [plan.list_id for plan in chosen if plan.rules.holdout == 0]
    chosen = tuple(plan for plan in chosen if plan.rules.holdout > 0)
    if not chosen:
        raise ContractError("A read-out compares a list with those it held out.", found="lists without a hold-out",
                            where=", ".join(idle), fix="plan with holdout above 0 (--holdout)")  # fmt: skip
    policies, waiting = _judged(chosen, book)
    people = _by_customer(policies)
    ranked, back = people[people["chosen"] == "rank"], returned(book, people)
    cost, silent = contact_cost(ranked, back)
    table = _table(ranked, cost, level)
    said = judged_overrides(people[people["arm"] == "treat"], back), judged_reasons(people, cells)
    return ReadOut(
        table, _arms(ranked, back), _needed(ranked), *said, waiting, tuple(plan.list_id for plan in chosen), cost,
        silent, level, book.settings.currency or chosen[0].list_id, tuple(idle),
    )  # fmt: skip


def _judged(plans: tuple[RetentionPlan, ...], book: Book) -> tuple[pd.DataFrame, int]:
    """Every policy of an arm with what became of it, once; those without a final outcome are counted."""
    parts = []
    for plan in sorted(plans, key=lambda each: each.as_of):
        names = ["customer_id", "arm", "chosen", "household_id", "cost", "incentive"]
        names += ["group_1"] if "group_1" in plan.everyone else []
        again = plan.everyone.get("again", pd.Series(False, index=plan.everyone.index))
        arms = plan.everyone.loc[(plan.everyone["arm"] != "") & ~again, names]
        rows = plan.policies.merge(arms, on="customer_id")
        rows["renewed"] = renewals_of(rows[["policy_id", "end_date"]], book, plan.as_of)
        parts.append(rows.assign(list_id=plan.list_id, share=plan.rules.holdout, since=plan.as_of))
    both = pd.concat(parts, ignore_index=True).drop_duplicates(["policy_id", "end_date"])
    return both[both["renewed"].notna()], int(both["renewed"].isna().sum())


def _by_customer(policies: pd.DataFrame) -> pd.DataFrame:
    """Sums over each customer's policies in a list; what a model expected is taken off."""
    over = policies["renewed"] - policies["renewal"]
    rows = policies.assign(over=over, worth=over * policies["given"], n=1)
    keys = ["list_id", "customer_id"]
    once = ["arm", "chosen", "share", "household_id", "since", "cost", "incentive"]
    once += ["group_1"] if "group_1" in rows else []
    sums: pd.DataFrame = rows.groupby(keys, as_index=False).agg(
        n=("n", "sum"), renewed=("renewed", "sum"), expected=("renewal", "sum"), uplift=("uplift", "sum"),
        over=("over", "sum"), worth=("worth", "sum"), until=("end_date", "max"),
        **{name: (name, "first") for name in once},
    )  # fmt: skip
    return sums


def _table(people: pd.DataFrame, cost: float, level: float) -> pd.DataFrame:
    saved, worth = (_difference(people, name, level) for name in ("over", "worth"))
    assigned = int((people["arm"] == "treat").sum())
    rows = {"renewals_saved": saved, "per_customer": tuple(each / assigned for each in saved), "value_saved": worth,
            "net_value": tuple(each - cost for each in worth)}  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high"]).rename_axis("quantity")


def _difference(people: pd.DataFrame, name: str, level: float) -> tuple[float, float, float]:
    """Sum over all assigned of the difference between the arms, with its interval; households are the units."""
    total = variance = below = 0.0
    for _, part in people.groupby("share") if len(people) else [(None, people)]:
        treat, held = (_of_households(part[part["arm"] == arm], name) for arm in ("treat", "holdout"))
        if min(len(treat), len(held)) < LEAST:
            raise ContractError(f"A read-out compares at least {LEAST} households in each arm.",
                                found=f"{len(treat)} assigned and {len(held)} held out with a final outcome",
                                fix="Wait for more renewals, pool more lists, or hold out a larger share.")  # fmt: skip
        n = len(treat)
        total += n * float(treat.mean() - held.mean())
        for spread, size, freedom in _spreads(treat, held):
            variance += n**2 * spread / size
            below += (n**2 * spread / size) ** 2 / freedom
    half = float(student.ppf(0.5 + level / 2, variance**2 / below if below > 0 else 1.0)) * sqrt(variance)
    return total, total - half, total + half


def _spreads(treat: Vector, held: Vector) -> list[tuple[float, int, int]]:
    """Variance, size and degrees of freedom of each arm.

    A handful of held-out households may all have done the same, and their own variance is then next to nothing: it is
    never taken to be less than that of both arms together.
    """
    own = [float(each.var(ddof=1)) for each in (treat, held)]
    sizes = len(treat), len(held)
    together = sum(v * (n - 1) for v, n in zip(own, sizes, strict=True)) / (sum(sizes) - 2)
    second = (together, sizes[1], sum(sizes) - 2) if together > own[1] else (own[1], sizes[1], sizes[1] - 1)
    return [(own[0], sizes[0], sizes[0] - 1), second]


def _of_households(people: pd.DataFrame, name: str) -> Vector:
    return people.groupby("household_id")[name].sum().to_numpy(dtype=np.float64)


def _arms(people: pd.DataFrame, back: pd.DataFrame) -> pd.DataFrame:
    arms = people.groupby("arm").agg(customers=("n", "size"), policies=("n", "sum"), renewed=("renewed", "sum"),
                                     predicted=("expected", "sum"))  # fmt: skip
    for name in ("renewed", "predicted"):
        arms[name] = arms[name] / arms["policies"]
    return arms.assign(contacted=contacted(people, back)).fillna({"contacted": 0})


def _needed(people: pd.DataFrame) -> ExperimentSize | None:
    """Customers it takes to tell the effect that the list expected, at the hold-out's own renewal."""
    held, treat = (people[people["arm"] == arm] for arm in ("holdout", "treat"))
    effect = 100 * float(treat["uplift"].sum() / treat["n"].sum())
    renewal, share = float(held["renewed"].sum() / held["n"].sum()), len(treat) / len(people)
    if effect == 0 or not 0 < renewal < 1 or not 0 < renewal + effect / 100 < 1:
        return None
    return experiment_size(effect, renewal=renewal, treated=share)
