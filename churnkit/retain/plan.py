"""Whom to contact: expected value per contact, a hold-out drawn first, who was scored and left out with a reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from churnkit.book.open import Book
from churnkit.errors import UsageError
from churnkit.retain.actions import assign_actions, check_actions, default_actions, price_check
from churnkit.retain.choosing import choose
from churnkit.retain.curve import curve_of, next_worth
from churnkit.retain.earlier import listed_lately, lots_before
from churnkit.retain.holdout import draw_holdout
from churnkit.retain.people import assumed_uplift as assumed_uplift
from churnkit.retain.people import by_customer, check_caps, due_policies, offers
from churnkit.retain.recheck import rechecked_people
from churnkit.retain.rules import Limit, Rules
from churnkit.retain.suppression import GAP_DAYS, PEOPLE, YEARLY, Language, barred, first_reason
from churnkit.retain.wording import MARK, left_out_text, listed, sentence, why_text
from churnkit.value.economics import economics_table, figures_of

_NEEDED = ("customer_id", "policy_id", "line", "renewal", "value", "s1", "end_date", "as_of")


@dataclass(frozen=True)
class RetentionPlan:
    """The contact list, and everybody who was scored and is not on it.

    Attributes
    ----------
    table : DataFrame, one row per customer to contact, best first
        rank, customer_id, expected_value (currency), renewal (the lowest of the customer's due policies), value,
        policies (number due), end_date (first), line, channel, branch, agent_id, chosen (``rank``, or ``random`` where
        explored), action, then, concession, price_check where prices are given, reason_1 … as scored.
    left_out : DataFrame with customer_id, reason and also (further reasons)
    everyone : DataFrame, one row per scored customer
        What the list was made from, with arm (``treat``, ``holdout`` or ""), chosen, code (why left out, "" where
        listed) and the hold-out's own ``chosen``: how the customer would have been listed by the same rule.
    curve : DataFrame
        contacts, expected_value of a list that long, next_contact (worth of one more), capacity (where the list ends).
    list_id : str, the same for the same list
    policies : DataFrame
        customer_id, policy_id, line, end_date, renewal, uplift and given (value given renewal) of what falls due of
        everybody with an arm: what the read-out will look at.
    as_of, expires : Timestamp
    rules : Rules
    text : str
        What the list rests on; where the scores are marked as not for money, that too.
    """

    everyone: pd.DataFrame
    policies: pd.DataFrame = field(repr=False)
    list_id: str
    as_of: pd.Timestamp
    rules: Rules
    measured: bool
    cost_text: str = ""
    marks: tuple[str, ...] = ()
    known: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def expires(self) -> pd.Timestamp:
        """The day from which the list is too old to call from."""
        return self.as_of + pd.Timedelta(days=self.rules.valid_days)

    @property
    def table(self) -> pd.DataFrame:
        """The list, best first."""
        return listed(self.everyone, self.rules.language)

    @property
    def left_out(self) -> pd.DataFrame:
        """Everybody else who was scored, with the reason."""
        return left_out_text(self.everyone, self.rules)

    @property
    def curve(self) -> pd.DataFrame:
        """Expected value by length of the list."""
        return curve_of(self.everyone)

    @property
    def next_worth(self) -> float:
        """What the next 100 contacts would add, in currency."""
        return next_worth(self.everyone, 100)

    @property
    def text(self) -> str:
        """What the list rests on."""
        said = sentence(self.everyone, self.rules, measured=self.measured, cost=self.cost_text, added=self.next_worth)
        return "\n".join([said, *self.marks])

    def why(self, customer_id: str) -> str:
        """Say why a customer is on the list or is not; there is an answer for everybody.

        Parameters
        ----------
        customer_id : str
        """
        return why_text(self.everyone, self.rules, customer_id, known=self.known)

    def rechecked(self, book: Book, as_of: Any = None) -> RetentionPlan:
        """Ask once more whom nobody may contact, and take them off the list; the hold-out is judged alike.

        Parameters
        ----------
        book : Book, as it is now
        as_of : date, optional; the book's data cutoff, or the list's own day if that is later
        """
        now = max(self.as_of, book.settings.data_cutoff) if as_of is None else pd.Timestamp(as_of)
        return replace(self, everyone=rechecked_people(self, book, now))

    def __str__(self) -> str:
        """Return the list and the sentence."""
        return f"{self.table.to_string(index=False)}\n\n{self.text}"


def plan_retention(
    scores: pd.DataFrame, book: Book, *, capacity: int = 100, due_within_days: int = 90, save_rate: float = 0.1,
    contact_cost: float | None = None, holdout: float = 0.1, explore: float = 0.02,
    caps: Mapping[str, Limit] | None = None, budget: float | None = None, per_household: int = 1,
    contact_gap_days: int = GAP_DAYS, contacts_per_year: int = YEARLY, actions: pd.DataFrame | None = None,
    new_business: pd.DataFrame | None = None, earlier: pd.DataFrame | None = None, valid_days: int = 14,
    language: Language = "en", random_state: int = 0,
) -> RetentionPlan:  # fmt: skip
    """Choose the customers whose contact is worth most.

    ``EV_i = uplift_i x CLV_i / S_i(1) - contact cost - P(accept) x incentive``: a saved renewal is worth the value
    *given* renewal. Without an experiment the uplift is assumed, and says so. A customer's policies due within the
    window are added up; one contact serves them all. Before anything is ranked a random hold-out of households,
    stratified by risk, is drawn. Then customers are taken best first while every limit has room; a small share of the
    capacity goes to a random draw among the others who are worth a contact, so that later models see more than the
    rule's own choice.

    Parameters
    ----------
    scores : DataFrame as `churnkit.score` returns it for a renewal model, with value and s1; a column ``uplift`` (rise
        of renewal by one contact, of :class:`UpliftModel`) replaces the assumed one
    book : Book, for opt-outs, households, open complaints and claims, earlier contacts, what has been renewed since
    capacity : int, contacts
    due_within_days : int, days ahead in which a renewal must fall due
    save_rate : float, assumed share of the lapses that a contact of everybody who is due would prevent: as many
        log-odds for each
    contact_cost : float or None, currency per contact; None: as the book's economics say, on average over its lines
    holdout : float, share of households never contacted
    explore : float, share of the capacity that is drawn at random
    caps : mapping of ``channel``, ``branch`` or ``agent_id`` to a number of contacts for each, or to numbers by name
    budget : float or None, currency for all contacts together
    per_household : int, contacts
    contact_gap_days, contacts_per_year : int, customers contacted more lately or more often are left alone
    actions : DataFrame or None, what to do for whom, with columns reason, tier, channel, kind, action, cost,
        concession and accept; None: a first table of service acts
    new_business : DataFrame or None, policy_id and new_business_price: an offer above it is shown to be corrected
    earlier : DataFrame or None
        customer_id, arm and, where known, household_id and as_of of lists whose experiment is not over: households
        keep their arm, and are not compared again; who was listed within the gap before is left alone, and counts
        among the contacts of the household. With held and share (what that list held out), those without
        an arm keep their lot too.
    valid_days : int, days after which the list has expired
    language : {"en", "zh"}
    random_state : int

    Returns
    -------
    RetentionPlan

    Raises
    ------
    UsageError
        If scores lack a column, a number is out of range, or a cap is on what the book does not have.
    """
    missing = [c for c in _NEEDED if c not in scores]
    if missing:
        raise UsageError("A plan needs scores with value.", found=f"no {', '.join(missing)}",
                         fix="Pass churnkit.score(book, model, as_of=..., value=value).")  # fmt: skip
    scores = _read(scores)
    rules = Rules(capacity, due_within_days, save_rate, holdout, explore, caps or {}, budget, per_household,
                  contact_gap_days, contacts_per_year, valid_days, language, random_state).checked()  # fmt: skip
    check_caps(rules.caps, book)
    as_of = pd.Timestamp(scores["as_of"].iloc[0]) if len(scores) else book.settings.data_cutoff
    cost, cost_text = _cost_of_contact(book, scores, as_of, contact_cost, language)
    table = default_actions(language) if actions is None else check_actions(actions)
    rows = due_policies(scores, book, as_of, rules)
    people = by_customer(rows, book)
    people = pd.concat([people, assign_actions(people, table, contact_cost=cost)], axis=1)
    people["expected_value"] = people["gain"] - people["cost"] - people["incentive"]
    people = people.join(price_check(rows, new_business, offers(book, as_of) if new_business is not None else
                                     pd.Series(dtype=float)), on="customer_id")  # fmt: skip
    flags = barred(book, as_of, gap=contact_gap_days, yearly=contacts_per_year)
    people = people.merge(flags, on="customer_id", how="left")
    people["unknown"] = people["household_id"].isna()  # whose flags are not known must not be called
    lately = listed_lately(earlier, flags, as_of, contact_gap_days)
    people["listed"] = people["customer_id"].isin(lately.index)
    people["at_home"] = people["household_id"].map(lately.value_counts()).fillna(0).astype(int)
    people["home_listed"] = (people["at_home"] >= rules.per_household) & ~people["listed"]
    people = _decided(people, rules, lots_before(earlier, flags, rules.holdout))
    mine = rows["open"] & rows["customer_id"].isin(people.loc[people["arm"] != "", "customer_id"])
    due = rows.loc[mine, ["customer_id", "policy_id", "line", "end_date", "renewal", "uplift", "given"]]
    return RetentionPlan(
        people, due.reset_index(drop=True), _name(people, rules, as_of), as_of, rules, measured="uplift" in scores,
        cost_text=cost_text, marks=tuple(_marks(scores)), known=frozenset(flags["customer_id"]),
    )  # fmt: skip


def _read(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with ids and reasons as texts and dates as dates, whatever file they come from."""
    try:
        days = {name: pd.to_datetime(scores[name]).astype("datetime64[us]") for name in ("end_date", "as_of")}
    except (ValueError, TypeError) as error:
        raise UsageError("Scores have dates in end_date and as_of.", found=str(error)) from error
    nameless = int(scores[["customer_id", "policy_id"]].isna().any(axis=1).sum())
    if nameless:
        raise UsageError("Every row of scores names a customer and a policy.", found=f"{nameless:,} without")
    told = [name for name in map(str, scores) if name.startswith("reason_") or name == "group_1"]
    texts = {name: scores[name].astype(str).fillna("") for name in ("customer_id", "policy_id", *told)}
    return scores.assign(**texts, **days)


def _decided(people: pd.DataFrame, rules: Rules, before: pd.DataFrame) -> pd.DataFrame:
    """Say of every customer who is listed, held out, or left out, and why."""
    people["household_id"] = people["household_id"].fillna(people["customer_id"])
    home = people["household_id"]
    people["again"] = home.isin(before.index[before["compared"]])
    people["held"] = draw_holdout(home, 1.0 - people["lowest"], share=rules.holdout, random_state=rules.random_state,
                                  earlier=before["held"])  # fmt: skip
    flags = people[list(PEOPLE)].isin([True])  # a customer whom the book does not know has no flags
    code = first_reason(flags)
    several = flags.sum(axis=1) > 1
    names, also = np.array(list(PEOPLE)), np.full(len(people), "", dtype=object)
    also[several] = [", ".join(names[row][1:]) for row in flags[several].to_numpy()]
    people["also"] = also
    people = people.drop(columns=list(PEOPLE))
    code = code.mask((code == "") & (people["state"] != ""), people["state"])
    code = code.mask((code == "") & (people["policies"] == 0), "not_due")
    code = code.mask((code == "") & ~(people["expected_value"] > 0), "no_value")
    people["free"] = code == ""
    chosen, full = choose(people, rules)
    # Held out by an earlier list: their renewal is compared there, and would be told twice here.
    chosen = chosen.mask(people["held"] & people["again"], "")
    arm = pd.Series(np.where(people["held"], "holdout", "treat"), index=people.index).where(chosen != "", "")
    suppressed = code.isin(PEOPLE)
    code = code.mask(people["held"] & ~suppressed, "holdout").mask((code == "") & ~people["held"], full)
    return people.drop(columns="at_home").assign(chosen=chosen, arm=arm, code=code)


def _name(people: pd.DataFrame, rules: Rules, as_of: pd.Timestamp) -> str:
    """A name that is the same for the same list: who is in which arm and why, and all that is said of them."""
    parts = [people[["customer_id", "arm", "code"]], people[people["arm"] != ""]]
    content = json.dumps(rules.as_dict(), sort_keys=True) + "".join(part.to_csv(index=False) for part in parts)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return f"L{as_of:%Y%m%d}-{digest[:6]}"


def _cost_of_contact(
    book: Book, scores: pd.DataFrame, as_of: pd.Timestamp, given: float | None, language: Language
) -> tuple[float, str]:
    """What a contact costs, and in words, with whose figure that is where it is not the insurer's."""
    cost, default = given, False
    if cost is None:
        figures = figures_of(scores["line"].unique(), economics_table(book, as_of=as_of))
        default = bool(figures["assumed"].str.split(", ").map(lambda names: "contact_cost" in names).any())
        cost = float(figures["contact_cost"].mean()) if len(figures) else 0.0
    if not 0 <= cost < np.inf:
        raise UsageError("A contact costs 0 or more.", found=f"contact_cost={cost!r}")
    if language == "zh":
        return cost, f"每次联系{cost:g}{'，默认值' if default else ''}"
    return cost, f"{cost:g} per contact" + (" (a default, not the insurer's own)" if default else "")


def _marks(scores: pd.DataFrame) -> list[str]:
    """Why the probabilities behind the plan are not fit for money, where the scores say so."""
    if MARK not in scores:
        return []
    said = scores[MARK].dropna().astype(str)
    return sorted(set(said[said != ""]))
