"""The table of terms for effects: what was known at a term's start, what befell it, and whether it was renewed.

The unit is the sold term at lead 0, as in ``churnkit.panel.exposures``. Of each term:

- ``before``: what was known on the day it began. Nothing of the term itself, no answer to a survey, and not
  auto_renew, which is the negative control and explains nothing.
- ``exposed``: what befell it that is no consequence of satisfaction: having contacted, called and claimed, how often,
  and how large the claims were. Complaints are a consequence, and so is what became of a contact.
- ``shocks``: mean log waiting of the other callers, mean log load of the claim handler, the arm of an experiment, with
  who was exposed; and ``events``, the single calls, claims and assignments behind them.
- ``y``: renewed 1, not 0, as labelled for panels (``churnkit.panel.labels``); a cancellation by the customer is 0.

A term is **decided** if its cover ran to its scheduled end and it was renewed or not; cancelled earlier, its exposures
are cut off, so its shocks cannot be compared. **Reference** renewals are those that came to their end in the last year
before the data cutoff; short terms (under 60 days: monthly products) are in neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.book.open import Book
from churnkit.effect.operations import Operations, operations
from churnkit.panel.arrays import DAY, NEVER, Ints, numbers
from churnkit.panel.exposures.exposures import exposures
from churnkit.panel.exposures.rows import Units, codes_of, load_customers, load_policies, load_units
from churnkit.panel.kernel.streams import keys, seconds
from churnkit.panel.labels import OTHER_EXITS, renewal_labels
from churnkit.panel.observations import SHORTEST_DAYS, RiskSet

Vector = npt.NDArray[np.float64]
SHOCKS = {"queue_wait": "called", "handler_load": "claimed", "arm": "assigned"}
"""Each shock and the exposure without which it cannot fall on anybody."""
EXPOSED = ("contacts", "calls", "claims", "amount_claimed")
_EARLIER = ("contacts", "calls", "claims", "claims_denied", "complaints", "wait_mean", "first_contact_resolution",
            "claim_cycle_days")  # fmt: skip
_OF_CUSTOMER = ("birth_year", "customer_type", "city_tier", "first_channel", "region", "household_id")
_OF_POLICY = ("product", "channel", "branch", "payment_mode", "inception_date")
_OF_TOUCHPOINT = ("touchpoint", "journey_stage", "department", "sla_hours")
_YEAR = 365.25 * DAY


@dataclass(frozen=True)
class Shock:
    """One shock by term.

    Attributes
    ----------
    value : array of shape (n_terms,), mean over the term's events of log(1 + value), for an arm 1 or 0; 0 if unexposed
    exposed : bool array of shape (n_terms,), whether the shock fell on the term
    cell : int array of shape (n_terms,), where and when the last of its events was, -1 for unexposed or unknown
    """

    value: Vector
    exposed: npt.NDArray[np.bool_]
    cell: Ints


@dataclass(frozen=True)
class EffectTerms:
    """Terms, by (customer, start, term_id), with what effects are estimated from.

    Attributes
    ----------
    keys : DataFrame
        customer_id, policy_id, term_id, line, start, end, E, auto_renew, year (calendar years since 1970 of E).
    customer, household, line : int arrays of shape (n_terms,)
        Codes from 0; ``lines`` names those of the lines.
    y : array of shape (n_terms,), 1, 0 or NaN
    decided, reference, in_force, short : bool arrays of shape (n_terms,)
        See the module; ``in_force`` at the data cutoff.
    before, exposed : DataFrames, numbers and categories
    shocks : mapping of name to Shock, those that the book has
    events : DataFrame
        The rows of ``Exposures.shocks`` with ``row``, the position of their term, ``z``, their log(1 + value), and
        ``age``, the share of the scheduled term that was over.
    invitations : DataFrame
        The rows of ``Exposures.invitations`` with ``row``.
    operations : Operations, what each term met of what analysts move (``churnkit.effect.operations``)
    places : DataFrame, the book's touchpoints with journey_stage, department and sla_hours, as far as it has them
    absent : mapping of str to str, what the book cannot say, and why
    scores : int, scores in the book's surveys
    timed : int, those of them that were given within a term, at a known time
    """

    keys: pd.DataFrame
    customer: Ints
    household: Ints
    line: Ints
    lines: tuple[str, ...]
    y: Vector
    decided: npt.NDArray[np.bool_]
    reference: npt.NDArray[np.bool_]
    in_force: npt.NDArray[np.bool_]
    short: npt.NDArray[np.bool_]
    before: pd.DataFrame
    exposed: pd.DataFrame
    shocks: Mapping[str, Shock]
    events: pd.DataFrame
    invitations: pd.DataFrame
    operations: Operations
    places: pd.DataFrame
    absent: Mapping[str, str]
    scores: int
    timed: int

    def __len__(self) -> int:
        return len(self.y)

    @property
    def customers(self) -> int:
        """Number of customers."""
        return int(self.customer.max(initial=-1)) + 1


def effect_terms(book: Book) -> EffectTerms:
    """Collect the terms of a book for effects.

    Parameters
    ----------
    book : Book

    Returns
    -------
    EffectTerms
    """
    found, units = exposures(book), load_units(book)
    terms = found.terms
    people = load_customers(book, units, _OF_CUSTOMER)
    y, decided = _outcome(book, units, terms)
    line, lines = pd.factorize(terms["line"], sort=True)
    household = codes_of(people["household_id"])[0]
    short = units.terms.end[units.rows] - units.start < SHORTEST_DAYS * DAY
    last_year = (units.end < units.until) & (units.end >= units.until - 365 * DAY)
    events = _with_rows(found.shocks, terms)
    events = events[events["value"].notna()].reset_index(drop=True)
    events["z"] = np.where(events["shock"] == "arm", events["value"], np.log1p(events["value"].clip(lower=0)))
    start, length = (terms[name].to_numpy()[events["row"]] for name in ("start", "E"))
    events["age"] = (events["at"].to_numpy() - start) / (length - start)
    named = terms[["customer_id", "policy_id", "term_id", "line", "start", "end", "E", "auto_renew"]]
    return EffectTerms(
        keys=named.assign(year=terms["E"].dt.year - 1970), customer=pd.factorize(units.customer)[0],
        household=np.where(household >= 0, household, household.max(initial=-1) + 1 + units.customer),
        line=line.astype(np.int64), lines=tuple(lines), y=y, decided=decided & ~np.isnan(y) & ~short,
        reference=decided & last_year & ~short, in_force=(units.start <= units.until) & (units.end > units.until),
        short=short, before=_before(book, units, terms, people), exposed=terms[list(EXPOSED)].fillna(0.0),
        shocks=_shocks(events, len(terms)), events=events, invitations=_with_rows(found.invitations, terms),
        operations=operations(book, units), places=_places(book), absent=found.absent, scores=_scores(book),
        timed=found.invitations["response_id"][found.invitations["answered"].to_numpy()].nunique(),
    )  # fmt: skip


def _places(book: Book) -> pd.DataFrame:
    """The book's touchpoints."""
    known = [name for name in _OF_TOUCHPOINT if book.has_column("touchpoints", name)] if book.has("touchpoints") else []
    found = book.sql(f"SELECT {', '.join(known)} FROM touchpoints").to_pandas() if known else pd.DataFrame()
    return found.reindex(columns=list(_OF_TOUCHPOINT))


def _scores(book: Book) -> int:
    """Scores in the book, whenever they were given."""
    if not (book.has("surveys") and book.has_column("surveys", "score")):
        return 0
    return int(book.sql("SELECT count(score) AS scores FROM surveys")["scores"][0].as_py())


def _with_rows(frame: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    position = pd.Series(np.arange(len(terms)), index=terms["term_id"])
    return frame.assign(row=position.loc[frame["term_id"]].to_numpy())


def _outcome(book: Book, units: Units, terms: pd.DataFrame) -> tuple[Vector, npt.NDArray[np.bool_]]:
    """The label, and whether cover ran to an end at which there was something to decide."""
    own = units.terms
    risk = RiskSet(units.rows, units.customer, units.end, np.zeros(len(units), dtype=np.int64))
    labels = renewal_labels(own, risk, slack_days=book.settings.renewal.slack_days, until=units.until)
    whole = (units.end == own.end[units.rows]) & (terms["spell"] == terms["term_id"]).to_numpy()
    other = own.reason_is(*OTHER_EXITS)[units.rows] & (own.ended[units.rows] < NEVER)
    return labels.y, whole & ~other & (units.end <= units.until)


def _shocks(events: pd.DataFrame, size: int) -> dict[str, Shock]:
    """Means by term."""
    found = {}
    for name in SHOCKS:
        mine = events[events["shock"] == name]
        row, z = mine["row"].to_numpy(), mine["z"].to_numpy(dtype=np.float64)
        if len(mine):
            n = np.bincount(row, minlength=size)
            cell = np.full(size, -1, dtype=np.int64)
            last = np.argsort(mine["at"].to_numpy(), kind="stable")
            cell[row[last]] = mine["cell"].to_numpy()[last]
            found[name] = Shock(np.bincount(row, z, size) / np.maximum(n, 1), n > 0, cell)
    return found


def _before(book: Book, units: Units, terms: pd.DataFrame, people: Any) -> pd.DataFrame:
    """What was known on the day the term began."""
    policy = load_policies(book, units, _OF_POLICY)
    row = units.rows
    frame = {name: _category(people[name]) for name in ("customer_type", "city_tier", "first_channel", "region")}
    frame |= {name: _category(policy[name]) for name in ("product", "channel", "branch", "payment_mode")}
    began = policy["inception_date"].to_pandas().to_numpy(dtype="datetime64[us]").astype(np.int64)
    first = _first(units.terms.family[row], units.start)
    began = np.where((began > np.iinfo(np.int64).min) & (began < first), began, first)
    year = 1970 + units.start / _YEAR
    premium = units.terms.premium[row]
    numbers_of = {
        "age": year - numbers(people["birth_year"]), "premium": premium,
        "sum_insured": units.terms.sum_insured[row], "policy_years": (units.start - began) / _YEAR,
        "customer_years": (units.start - _first(units.customer, began)) / _YEAR,
        "policies": _in_force(units), "household": _household(people, units),
        "month": terms["E"].dt.month.to_numpy(dtype=np.float64), "year": np.floor(1970 + units.end / _YEAR),
    }  # fmt: skip
    line = {"line": pd.Series(pd.Categorical(terms["line"]))}
    earlier = _earlier(units, terms.assign(premium=premium))
    return pd.concat([pd.DataFrame({**line, **frame, **numbers_of}), earlier], axis=1)


def _category(column: Any) -> pd.Series[Any]:
    return pd.Series(pd.Categorical(column.to_pandas().astype("str")))


def _first(group: Ints, value: Ints) -> Ints:
    """The least value of each row's group."""
    least = np.full(int(group.max(initial=-1)) + 1, NEVER, dtype=np.int64)
    np.minimum.at(least, group, value)
    return least[group]


def _in_force(units: Units) -> Vector:
    """The customer's policies in force when the term began, itself among them."""
    at = keys(units.customer, seconds(units.start))
    begun = np.searchsorted(np.sort(at), at, side="right")
    over = np.searchsorted(np.sort(keys(units.customer, seconds(units.end))), at, side="right")
    return (begun - over).astype(np.float64)


def _household(people: Any, units: Units) -> Vector:
    """Customers of the household who have been insured by the start of the term."""
    house = codes_of(people["household_id"])[0]
    house = np.where(house >= 0, house, house.max(initial=-1) + 1 + units.customer)
    first = _first(units.customer, units.start)
    member, at = np.unique(np.column_stack([house, units.customer]), axis=0, return_index=True)
    joined = np.sort(keys(member[:, 0], seconds(first[at])))
    since = np.searchsorted(joined, keys(house, np.zeros(len(house), dtype=np.int64)))
    until = np.searchsorted(joined, keys(house, seconds(units.start)), side="right")
    return (until - since).astype(np.float64)


def _earlier(units: Units, terms: pd.DataFrame) -> pd.DataFrame:
    """What befell the policy in its terms before: in the last one, how often in all, and how the premium changed."""
    family = units.terms.family[units.rows]
    order = np.lexsort((units.start, family))
    same = np.append(False, np.diff(family[order]) == 0)
    frame = terms[[*_EARLIER, "premium"]].iloc[order].reset_index(drop=True)
    last, total = frame.shift(), frame[["contacts", "claims"]].groupby(family[order], sort=False).cumsum().shift()
    last.loc[~same] = total.loc[~same] = np.nan
    found = last[list(_EARLIER)].add_prefix("last_").join(total.add_prefix("all_"))
    found["premium_change"] = np.log(frame["premium"].clip(lower=1e-9) / last["premium"].clip(lower=1e-9))
    found["term"] = pd.Series(np.ones(len(order))).groupby(family[order], sort=False).cumsum()
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return found.iloc[back].reset_index(drop=True)
