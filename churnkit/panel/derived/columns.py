"""Event columns and clocks that the contract implies but no source delivers; each stays behind its own clock.

Derived columns (known at):

- ``surveys.rating`` (answered_at): ``100 (score - scale_min) / (scale_max - scale_min)``, turned round where the
  direction is ``high_bad``; a missing scale or direction is the instrument's default. 0 is worst, 100 best.
- ``surveys.answer_days`` (answered_at): days from sent_at to answered_at.
- ``claims.cycle_days`` (paid_at): working days from reported_at to paid_at, ``[reported day, paid day)``.
- ``claims.decision_days`` (decided_at): working days from reported_at to decided_at.
- ``claims.paid_share`` (paid_at): ``amount_paid / amount_claimed``; null where nothing was claimed.
- ``claims.past_service_level`` (paid_at): 1 where cycle_days is above the service level, else 0. A claim names no
  touchpoint, so the level is the book's: the largest ``sla_hours`` of the touchpoints of stage claim, 8 to a working
  day; 10 working days where there is none.
- ``interactions.resolution_days`` (resolved_at): days from started_at to resolved_at.
- ``interactions.first_contact_resolution`` (week_over_at): 1 where a contact was resolved within 7 days and no further
  one by the customer on the same topic began in ``(started_at, started_at + 7 days]``, as visible, else 0. Every
  contact by a customer on a known topic is judged, a repeat too.
- ``complaints.handling_days`` (decided_at): working days from received_at to decided_at.
- ``complaints.decided_late`` (decided_at): 1 where it was decided on a later day than due_at, else 0.

Derived clocks:

- ``interactions.repeated_at``: ``started_at`` of a contact by the customer for which another contact by that customer
  on the same topic lies in ``[started_at - 7 days, started_at)``; it counts while both are visible, in the version that
  counts then.
- ``interactions.week_over_at``: ``started_at + 7 days`` of a contact by the customer on a known topic.
- ``complaints.overdue_at``: ``due_at``, of a complaint as visible; with ``open`` until decided_at, what is overdue.
- ``claims.reopened_at``: when a version of a claim that is not closed took the place of one that was, as visible;
  later versions keep it. Books with one version of each claim cannot say it.

Working days come from the calendar table, and are Monday to Friday where it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from churnkit.book.schema import Column, Table, clock_of

REPEAT_DAYS = 7
CLAIM_DAYS = 10.0  # service level of claims in working days, where no touchpoint states one


@dataclass(frozen=True)
class Derived:
    """What a derived column or clock is known at, and which columns of its table it is made of.

    ``versions``: it compares versions of rows, and says nothing where each row has one.
    """

    known_at: str
    needs: tuple[str, ...]
    uses: tuple[str, ...] = ()
    versions: bool = False


_CONTACT = ("started_at", "topic", "initiator", "resolved", "resolved_at")
COLUMNS: dict[tuple[str, str], Derived] = {
    ("surveys", "rating"): Derived("answered_at", ("score", "answered_at", "instrument"),
                                   ("scale_min", "scale_max", "direction")),
    ("claims", "cycle_days"): Derived("paid_at", ("reported_at", "paid_at")),
    ("claims", "decision_days"): Derived("decided_at", ("reported_at", "decided_at")),
    ("claims", "paid_share"): Derived("paid_at", ("amount_paid", "amount_claimed", "paid_at")),
    ("claims", "past_service_level"): Derived("paid_at", ("reported_at", "paid_at")),
    ("surveys", "answer_days"): Derived("answered_at", ("sent_at", "answered_at")),
    ("interactions", "resolution_days"): Derived("resolved_at", ("started_at", "resolved_at")),
    ("interactions", "first_contact_resolution"): Derived("week_over_at", _CONTACT),
    ("complaints", "handling_days"): Derived("decided_at", ("received_at", "decided_at")),
    ("complaints", "decided_late"): Derived("decided_at", ("decided_at", "due_at")),
}  # fmt: skip
CLOCKS: dict[tuple[str, str], Derived] = {
    ("interactions", "repeated_at"): Derived("repeated_at", ("started_at", "topic", "initiator")),
    ("interactions", "week_over_at"): Derived("week_over_at", _CONTACT),
    ("complaints", "overdue_at"): Derived("overdue_at", ("received_at", "due_at")),
    ("claims", "reopened_at"): Derived("reopened_at", ("reported_at", "closed_at", "recorded_at"), versions=True),
}

CROSSING_SCOPES = {"agents": "agent", "lines": "line"}


def _monthly(name: str, key: str, *columns: str) -> Table:
    kept = tuple(Column(each, "number", known_at="known_at") for each in columns)
    return Table(name, key, (Column(key, "id"), *kept), clocks=("known_at",))


CROSSING: dict[str, Table] = {
    "agents": _monthly(
        "agents", "agent_id", "terms_over", "exits", "expired", "complaints", "contacts", "ratings", "rating_sum"
    ),
    "lines": _monthly("lines", "line", "premium_median", "rating_mean"),
}
"""What crosses customers: a row per agent, or line, and calendar month, of what became visible in that month.

``known_at`` is the first moment of the next month. Each row of the book counts once for each clock, as the first
version that has it says, in the month in which that and the policy could first be seen, under the agent and line that
the first version of the policy names. ``terms_over``, ``exits`` (ended by the customer), ``expired`` (ran out, not
renewed), ``complaints``, ``contacts`` (by the customer), ``ratings`` and ``rating_sum`` (answers, 0 to 100) are counts
and sums of the month; ``premium_median`` and ``rating_mean`` are of the terms bound and the answers given in the twelve
months up to it. The whole definition stands in ``panel/crossing.py``; ``panel/links.py`` says whose an observation is.
"""


def known_clock(spec: Table, column: str) -> str:
    """Return the clock from which a table's column is known, derived ones included.

    Examples
    --------
    >>> from churnkit.book.schema import TABLES
    >>> known_clock(TABLES["claims"], "cycle_days"), known_clock(TABLES["claims"], "amount_claimed")
    ('paid_at', 'reported_at')
    """
    found = COLUMNS.get((spec.name, column))
    return found.known_at if found else clock_of(spec.name, column, {spec.name: spec})


def sources(table: str, name: str) -> tuple[str, ...]:
    """Return the source columns that a column or clock cannot do without: itself, or what it is derived from.

    Examples
    --------
    >>> sources("claims", "paid_share")
    ('amount_paid', 'amount_claimed', 'paid_at')
    """
    found = COLUMNS.get((table, name)) or CLOCKS.get((table, name))
    if found:
        return found.needs
    if table == "terms" and name == "issued_at":  # stands in for itself: recorded_at or start_date where absent
        return ()
    return (name,)


def all_sources(table: str, name: str) -> tuple[str, ...]:
    """Return the columns to read for a column or clock, those with defaults included."""
    found = COLUMNS.get((table, name)) or CLOCKS.get((table, name))
    return (*found.needs, *found.uses) if found else (name,)
