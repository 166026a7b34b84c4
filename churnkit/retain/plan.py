"""Whom to contact: expected value per contact, a hold-out drawn first, everybody left out listed with a reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.book.open import Book
from churnkit.errors import UsageError
from churnkit.retain.suppression import suppressed
from churnkit.value.economics import economics_table, figures_of

MARK = "not_for_money"
_NEEDED = ("customer_id", "policy_id", "line", "renewal", "value", "s1", "end_date", "as_of")
_FADE_FROM = 0.9  # risk above which a contact comes too late to be assumed to help


@dataclass(frozen=True)
class RetentionPlan:
    """The contact list and everybody who is not on it.

    Attributes
    ----------
    table : DataFrame, one row per customer to contact, best first
        rank, customer_id, expected_value (currency), renewal (the lowest of the customer's due policies), value,
        policies (number due), end_date (first), line, reason_1 … as scored.
    left_out : DataFrame with customer_id and reason
    text : str
        What the list rests on; where the scores are marked as not for money, that too.
    """

    table: pd.DataFrame
    left_out: pd.DataFrame
    text: str

    def __str__(self) -> str:
        """Return the list and the sentence."""
        return f"{self.table.to_string(index=False)}\n\n{self.text}"


def assumed_uplift(renewal: npt.ArrayLike, save_rate: float) -> npt.NDArray[np.float64]:
    """Assumed rise of renewal by one contact: ``save rate x (1 - renewal)``, fading to 0 above 90 % risk.

    Examples
    --------
    >>> assumed_uplift([0.8, 0.4, 0.05, 0.0], 0.1).round(4).tolist()
    [0.02, 0.06, 0.0475, 0.0]
    """
    risk = 1.0 - np.asarray(renewal, dtype=np.float64)
    fade = np.clip((1.0 - risk) / (1.0 - _FADE_FROM), 0.0, 1.0)
    return save_rate * risk * fade


def plan_retention(
    scores: pd.DataFrame,
    book: Book,
    *,
    capacity: int = 100,
    due_within_days: int = 90,
    save_rate: float = 0.1,
    contact_cost: float | None = None,
    holdout: float = 0.1,
    random_state: int = 0,
) -> RetentionPlan:
    """Choose the customers whose contact is worth most.

    ``EV_i = uplift_i x CLV_i / S_i(1) - contact cost``: a saved renewal is worth the value *given* renewal. Without an
    experiment the uplift is assumed, and says so. A customer's policies due within the window are added up; one
    contact serves them all. Before anything is ranked a random hold-out of households, stratified by risk, is drawn.

    Parameters
    ----------
    scores : DataFrame as `churnkit.score` returns it for a renewal model, with value and s1
    book : Book, for opt-outs, households and open complaints
    capacity : int, contacts
    due_within_days : int, days ahead in which a renewal must fall due
    save_rate : float, assumed share of lapses that one contact prevents
    contact_cost : float or None, currency per contact; None: as the book's economics say, on average over its lines
    holdout : float, share of households never contacted
    random_state : int

    Returns
    -------
    RetentionPlan

    Raises
    ------
    UsageError
        If scores lack a column, or a number is out of range.
    """
    missing = [c for c in _NEEDED if c not in scores]
    if missing:
        raise UsageError("A plan needs scores with value.", found=f"no {', '.join(missing)}",
                         fix="Pass churnkit.score(book, model, as_of=..., value=value).")  # fmt: skip
    as_of = pd.Timestamp(scores["as_of"].iloc[0]) if len(scores) else book.settings.data_cutoff
    contact_cost, whose = _cost_of_contact(book, scores, as_of, contact_cost)
    if capacity < 1 or not 0 <= holdout < 1 or not 0 <= save_rate <= 1 or contact_cost < 0:
        found = f"capacity={capacity}, holdout={holdout}, save_rate={save_rate}, contact_cost={contact_cost}"
        raise UsageError("capacity is at least 1, shares lie in 0 … 1 and costs are not negative.", found=found)
    people = _by_customer(scores, as_of, due_within_days=due_within_days, save_rate=save_rate)
    people = people.assign(expected_value=people["gain"] - contact_cost)
    people = people.merge(suppressed(book, as_of), on="customer_id", how="left")
    held = _hold_out(people, share=holdout, random_state=random_state)
    reason = people["reason"].astype("object").mask(people["reason"].isna() & held, "hold-out: never contacted")
    reason = reason.mask(reason.isna() & (people["due"] == 0), f"no renewal due within {due_within_days} days")
    reason = reason.mask(reason.isna() & ~(people["expected_value"] > 0), "expected value not positive")
    free = people[reason.isna()].sort_values(["expected_value", "customer_id"], ascending=[False, True], kind="stable")
    chosen, below = free.head(capacity), free.iloc[capacity:]
    left = people.assign(reason=reason.mask(people["customer_id"].isin(below["customer_id"]), "below the capacity"))
    left = left.loc[~left["customer_id"].isin(chosen["customer_id"]), ["customer_id", "reason"]].reset_index(drop=True)
    table = _listed(chosen, scores)
    text = _text(
        table,
        left,
        save_rate=save_rate,
        contact_cost=f"{contact_cost:g} per contact{whose}",
        held=int(left["reason"].str.startswith("hold-out").sum()),
    )
    return RetentionPlan(table, left, "\n".join([text, *_marks(scores)]))


def _cost_of_contact(book: Book, scores: pd.DataFrame, as_of: pd.Timestamp, given: float | None) -> tuple[float, str]:
    """What a contact costs, and whose figure that is where it is not the insurer's."""
    if given is not None:
        return given, ""
    figures = figures_of(scores["line"].unique(), economics_table(book, as_of=as_of))
    default = figures["assumed"].str.split(", ").map(lambda names: "contact_cost" in names).any()
    return float(figures["contact_cost"].mean()), " (a default, not the insurer's own)" if default else ""


def _marks(scores: pd.DataFrame) -> list[str]:
    """Why the probabilities behind the plan are not fit for money, where the scores say so."""
    if MARK not in scores:
        return []
    said = scores[MARK].dropna().astype(str)
    return sorted(set(said[said != ""]))


def _by_customer(scores: pd.DataFrame, as_of: pd.Timestamp, *, due_within_days: int, save_rate: float) -> pd.DataFrame:
    due = (scores["end_date"] - as_of).dt.days.between(0, due_within_days)
    given = (scores["value"] / scores["s1"]).where(scores["s1"] > 0, 0.0)
    gain = pd.Series(assumed_uplift(scores["renewal"], save_rate), index=scores.index) * given
    rows = scores.assign(due=due.astype(int), gain=gain.where(due, 0.0).fillna(0.0), open=scores["renewal"].where(due))
    rows["ends"] = scores["end_date"].where(due)
    return rows.groupby("customer_id", as_index=False).agg(
        due=("due", "sum"), gain=("gain", "sum"), renewal=("open", "min"), value=("value", "sum"),
        end_date=("ends", "min"), lowest=("renewal", "min"),
    )  # fmt: skip


def _hold_out(people: pd.DataFrame, *, share: float, random_state: int) -> pd.Series[bool]:
    """Whole households, the same share in every fifth of risk; depends on ids and the seed only."""
    home = people["household_id"].fillna(people["customer_id"])
    risk = people.groupby(home)["lowest"].min().sort_index()
    stratum = (risk.rank(method="first", pct=True) * 5).round().astype(int)
    draw = pd.Series(np.random.default_rng(random_state).random(len(risk)), index=risk.index)
    held = draw.groupby(stratum).rank(method="first") <= (share * stratum.groupby(stratum).transform("size")).round()
    return home.map(held)


def _listed(chosen: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Put the reasons of each customer's policy at the highest risk beside the customer."""
    reasons = [c for c in scores.columns if c.startswith("reason_")]
    worst = scores.sort_values(["renewal", "policy_id"], kind="stable")
    worst = worst.merge(chosen[["customer_id", "renewal"]].rename(columns={"renewal": "mine"}), on="customer_id")
    worst = worst[worst["renewal"] == worst["mine"]].drop_duplicates("customer_id")
    columns = ["customer_id", "expected_value", "renewal", "value", "due", "end_date"]
    table = chosen[columns].merge(worst[["customer_id", "line", *reasons]], on="customer_id", how="left")
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table.rename(columns={"due": "policies"})


def _text(table: pd.DataFrame, left: pd.DataFrame, *, save_rate: float, contact_cost: str, held: int) -> str:
    counts = left["reason"].value_counts()
    why = "; ".join(f"{reason} {n:,}" for reason, n in counts.items())
    return (
        f"{len(table):,} customers to contact, expected value {table['expected_value'].sum():,.0f} in all, after "
        f"{contact_cost}. The save rate of {save_rate:.0%} is assumed, not measured; the hold-out of "
        f"{held:,} customers is there to measure it. Left out: {why or 'nobody'}. Reasons are associations."
    )
