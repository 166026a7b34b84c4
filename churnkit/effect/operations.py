"""What analysts move: operations as every term met them, each with its unit and the journey stage it belongs to.

A term's figure is a mean over what befell it, as in ``churnkit.panel.exposures``: ``claim_cycle_days`` of its paid
claims; ``wait_minutes`` of its calls; ``first_contact_resolution`` of its contacts whose week is over, without those
that repeat one of the 7 days before on the same topic, for they are no first contacts; ``complaints_overdue`` of its
complaints that were due before its end (decided later than that, or still open); ``premium_change``, the renewal offer
over its premium, less 1. Customers feel delays in proportion, so what renewal follows is the mean **logarithm** of a
term's durations, which is kept beside their mean; of a count of whole days, what the logarithm of the time behind it
may be expected to be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import softmax

from churnkit.book.open import Book
from churnkit.panel.arrays import DAY, NEVER, numbers
from churnkit.panel.derived.columns import REPEAT_DAYS
from churnkit.panel.derived.derive import derive
from churnkit.panel.exposures.rows import Rows, Units, load_rows, load_working_days
from churnkit.panel.exposures.service import mean
from churnkit.panel.exposures.shocks import followed

Vector = npt.NDArray[np.float64]
SATISFACTION, PREMIUM = "satisfaction", "premium_change"
_WITHIN, _ITERATIONS, _NARROW = 20, 30, 1e-4


@dataclass(frozen=True)
class Lever:
    """Something that an analyst may set.

    Attributes
    ----------
    name : str
    unit : str, as printed
    scale : {"log", "share", "change"}
        What renewal follows a line in: the logarithm of a duration, a share itself, log(1 + a change of price).
    met : str, the exposure without which nobody meets it; empty: every term with a level does
    good : int, 1 if more is better, -1 if less is
    shock : str, the service shock that moves it; empty if none does
    stage : str, of the journey
    least : float, below which a duration counts as this much, so that its logarithm is finite
    words : str, what is said of it
    """

    name: str
    unit: str
    scale: str
    met: str
    good: int
    shock: str
    stage: str
    least: float
    words: str

    def scaled(self, level: Vector | float) -> Vector:
        """The level as it enters the log-odds of renewal."""
        value = np.asarray(level, dtype=np.float64)
        if self.scale == "log":
            return np.log(np.maximum(value, self.least))
        return np.log1p(np.maximum(value, -0.95)) if self.scale == "change" else value

    def shifted(self, level: Vector, by: float) -> Vector:
        """Levels that lie so much higher on the lever's scale; shares between 0 and 1."""
        if self.scale == "log":
            return np.asarray(level * np.exp(by))
        return np.asarray((1 + level) * np.exp(by) - 1 if self.scale == "change" else np.clip(level + by, 0.0, 1.0))


OPERATIONS = {
    each.name: each
    for each in (
        Lever("claim_cycle_days", "working days", "log", "claims", -1, "handler_load", "claim", 0.5,
              "working days from a claim's report to its payment"),
        Lever("wait_minutes", "minutes", "log", "calls", -1, "queue_wait", "servicing", 0.05,
              "waiting time of a call"),
        Lever("first_contact_resolution", "share", "share", "contacts", 1, "", "servicing", 0.0,
              "share of contacts settled at once"),
        Lever("complaints_overdue", "share", "share", "complaints", -1, "", "complaint", 0.0,
              "share of complaints not decided by the day they were due"),
        Lever(PREMIUM, "share of premium", "change", "", -1, "", "renewal", 0.0,
              "premium of the renewal offer against the term's"),
    )
}  # fmt: skip
"""Levers on operations, by name."""


@dataclass(frozen=True)
class Operations:
    """What every term met, a column a lever; none for what the book cannot say.

    Attributes
    ----------
    level : DataFrame of shape (n_terms, n_levers), means in the levers' units, NaN where a term did not meet it
    scaled : DataFrame of the same shape, on the levers' scales: of durations the mean logarithm
    """

    level: pd.DataFrame
    scaled: pd.DataFrame


def operations(book: Book, units: Units) -> Operations:
    """Collect every lever's level by term."""
    cycle, wait = OPERATIONS["claim_cycle_days"], OPERATIONS["wait_minutes"]
    claims, days = _cycles(book, units)
    found = {cycle.name: (mean(units, claims, days), mean(units, claims, _log_days(units, claims, days)))}
    calls, minutes = _waits(book, units)
    found[wait.name] = mean(units, calls, minutes), mean(units, calls, wait.scaled(minutes))
    plain = {"first_contact_resolution": _settled_at_once, "complaints_overdue": _overdue, PREMIUM: _offered}
    for name, of in plain.items():
        level = of(book, units)
        found[name] = level, OPERATIONS[name].scaled(level)
    known = {name: both for name, both in found.items() if not np.isnan(both[0]).all()}
    index = pd.RangeIndex(len(units))
    return Operations(pd.DataFrame({name: level for name, (level, _) in known.items()}, index=index),
                      pd.DataFrame({name: scaled for name, (_, scaled) in known.items()}, index=index))  # fmt: skip


def _cycles(book: Book, units: Units) -> tuple[Rows, Vector]:
    """Claims paid by the end of their term, and working days from report to payment."""
    rows = load_rows(book, units, "claims", ("paid_at",))
    days = derive("claims", rows.table, {"cycle_days"}, load_working_days(book, rows))["cycle_days"].to_numpy()
    return rows.among(rows.known("paid_at", units)[rows.event] < units.end[rows.term]), days


def _log_days(units: Units, rows: Rows, days: Vector) -> Vector:
    """Expected logarithm of what a count of whole working days stands for, by claim, NaN where it has none.

    A count of 1 stands for anything between half a day and one and a half, mostly for the longer of these; its own
    logarithm would make fast claims faster than they were, and the effect of being fast smaller than it is.
    """
    found, line = np.full(len(days), np.nan), np.full(len(days), -1)
    lines = pc.fill_null(pc.dictionary_encode(units.terms.table["line"].combine_chunks()).indices, -1)
    line[rows.event] = np.asarray(lines)[units.rows][rows.term]
    line[np.isnan(days)] = -1
    for each in np.unique(line[line >= 0]):
        mine = line == each
        found[mine] = expected_log(days[mine])
    return found


def expected_log(whole: Vector) -> Vector:
    """Expected logarithm of durations that are known to the nearest whole, if they are log-normal [1]_.

    Parameters
    ----------
    whole : array of shape (n,), counts of one group, no NaN

    References
    ----------
    .. [1] Dempster, Laird, Rubin (1977), Maximum likelihood from incomplete data via the EM algorithm, J. Royal
       Statistical Society B 39(1).

    Examples
    --------
    >>> days = np.repeat([1.0, 2.0, 4.0, 6.0, 12.0], [1, 4, 20, 20, 5])
    >>> np.exp(np.unique(expected_log(days))).round(2).tolist()
    [1.3, 2.11, 3.99, 5.97, 11.96]
    """
    value, place, count = np.unique(whole, return_inverse=True, return_counts=True)
    least = np.maximum(value - 0.5, 0.0)[:, None]
    log = np.log(least + (value[:, None] + 0.5 - least) * (np.arange(_WITHIN) + 0.5) / _WITHIN)
    centre, variance = np.average(log.mean(axis=1), weights=count), 1.0
    for _ in range(_ITERATIONS):
        share = softmax(-((log - centre) ** 2) / (2 * variance) - log, axis=1)
        told = (share * log).sum(axis=1)
        centre = np.average(told, weights=count)
        variance = max(float(np.average((share * (log - centre) ** 2).sum(axis=1), weights=count)), _NARROW)
    return np.asarray(told[place])


def _waits(book: Book, units: Units) -> tuple[Rows, Vector]:
    """Contacts by customers, and the minutes that those which stood in a queue waited."""
    rows = load_rows(book, units, "interactions", ("wait_seconds",), where="e.initiator = 'customer'")
    return rows, rows.values("wait_seconds") / 60


def _settled_at_once(book: Book, units: Units) -> Vector:
    """Share of each term's first contacts on a topic that were resolved within 7 days and not followed by another."""
    rows = load_rows(book, units, "interactions", ("topic", "resolved", "resolved_at"),
                     where="e.initiator = 'customer'")  # fmt: skip
    topic, over = rows.codes("topic"), rows.when + REPEAT_DAYS * DAY
    again = followed(topic, rows.who, -rows.when)  # backwards in time: by one of the 7 days before
    resolved = (rows.values("resolved") == 1) & (rows.known("resolved_at", units) <= over)
    end = np.minimum(units.end, units.until)
    judged = rows.among(((topic >= 0) & ~again)[rows.event] & (over[rows.event] <= end[rows.term]))
    return mean(units, judged, (resolved & ~followed(topic, rows.who, rows.when)).astype(np.float64))


def _overdue(book: Book, units: Units) -> Vector:
    """Share of each term's complaints that were decided late, or are open past the day they were due."""
    rows = load_rows(book, units, "complaints", ("decided_at", "due_at"))
    due_at = rows.table["due_at"]
    if not pa.types.is_timestamp(due_at.type):
        return np.full(len(units), np.nan)
    due = np.asarray(pc.fill_null(pc.cast(due_at, pa.timestamp("us")).cast(pa.int64()), NEVER), dtype=np.int64)
    late = rows.known("decided_at", units) > due
    judged = rows.among(due[rows.event] < np.minimum(units.end, units.until)[rows.term])
    return mean(units, judged, late.astype(np.float64))


def _offered(book: Book, units: Units) -> Vector:
    """The renewal offer over the term's premium, less 1, where it was made and known before the term's end."""
    terms, rows = units.terms, units.rows
    made = np.maximum(terms.ints("offer_date"), terms.ints("offer_seen"))[rows] < np.minimum(units.end, units.until)
    offer, premium = numbers(terms.table["offer_premium"])[rows], terms.premium[rows]
    return np.where(made & (premium > 0), offer / np.where(premium > 0, premium, np.nan) - 1, np.nan)
