"""What happened in each sold term, row by row, from the words of panel/exposures/exposures.py."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from .derived import first_contact_resolution, working_days
from .history import visible
from .outcomes import reinstated, sold_terms, spell_end

WEEK = timedelta(days=7)
FIRST_CLOCK = {
    "interactions": "started_at",
    "claims": "reported_at",
    "complaints": "received_at",
    "surveys": "sent_at",
    "outreach": "assigned_at",
}
KEY = {
    "interactions": "interaction_id",
    "claims": "claim_id",
    "complaints": "complaint_id",
    "surveys": "response_id",
    "outreach": "action_id",
}


class TermHistory:
    """The sold terms of a history, and of each table the rows as last known at the data cutoff."""

    def __init__(self, history):
        self.history = history
        self.terms = sold_terms(history)
        self.again = reinstated(history, self.terms)
        self.rows = {
            table: [row for row in history.rows.get(table, []) if visible(row, clock, history.data_cutoff)]
            for table, clock in FIRST_CLOCK.items()
        }
        self.by_family, self.by_half_day = defaultdict(list), defaultdict(list)
        for term in self.terms:
            self.by_family[history.family[term["policy_id"]]].append(term)
        for row in filter(by_customer, self.rows["interactions"]):
            self.by_half_day[half_day(row)].append(row)
        self.calendar = {row["date"].date(): row["working_day"] for row in history.rows.get("calendar", [])}

    def terms_of(self, table, row):
        """The terms that a row belongs to."""
        owner, own = self.history.customer_of, row["customer_id"]
        if row["policy_id"] in owner and owner[row["policy_id"]] == own:
            policies = {self.history.family[row["policy_id"]]}
        else:
            policies = {family for policy, family in self.history.family.items() if owner[policy] == own}
        found = []
        for policy in policies:
            there = [t for t in self.by_family[policy] if t["start_date"] <= row[FIRST_CLOCK[table]] < end_of(t)]
            if there:
                found.append(max(there, key=lambda t: (t["start_date"], t["term_id"])))
        return found

    def pairs(self, table, keep=lambda row: True):
        """(row, term, number of terms) for all rows of a table."""
        found = []
        for row in self.rows[table]:
            if keep(row):
                terms = self.terms_of(table, row)
                found += [(row, term, len(terms)) for term in terms]
        return found

    def known(self, row, clock):
        """When something happened, None if that was not recorded before the data cutoff."""
        at = row[clock]
        return at if at is not None and row["seen"][clock] < self.history.data_cutoff else None


def end_of(term):
    """When cover ended: as scheduled, or before."""
    return term["end_date"] if term["ended_date"] is None else min(term["end_date"], term["ended_date"])


def mean(numbers):
    """None without any."""
    numbers = [number for number in numbers if number is not None]
    return sum(numbers) / len(numbers) if numbers else None


def is_call(row):
    """A contact that stood in a queue."""
    return any(row[name] is not None for name in ("queue", "wait_seconds", "queue_wait_mean"))


def by_customer(row):
    """A contact begun by the customer."""
    return row["initiator"] == "customer"


def half_day(row):
    """Queue, day, and before or after noon; None without a queue."""
    at = row["started_at"]
    return None if row["queue"] is None else (row["queue"], at.date(), at.hour >= 12)


def others_wait(found, row):
    """Mean wait of the other callers in queue and half-day, and how many of them there are."""
    if row["queue"] is None:
        return None, 0
    others = [
        other
        for other in found.by_half_day[half_day(row)]
        if other["customer_id"] != row["customer_id"] and other["wait_seconds"] is not None
    ]
    callers = {other["customer_id"] for other in others}
    return (mean([other["wait_seconds"] for other in others]) if len(callers) >= 5 else None), len(callers)


def closed(found, claim):
    """When a claim was closed, None while it is open."""
    at = found.known(claim, "closed_at") or found.known(claim, "paid_at")
    if at is None and claim["decision"] in ("denied", "withdrawn"):
        at = found.known(claim, "decided_at")
    return at


def load(found, claim):
    """Other claims of the handler that were open when this one was reported."""
    if claim["handler_id"] is None:
        return None
    now = claim["reported_at"]
    return float(
        sum(
            1
            for other in found.rows["claims"]
            if other["handler_id"] == claim["handler_id"]
            and other["claim_id"] != claim["claim_id"]
            and other["reported_at"] <= now
            and (closed(found, other) is None or now < closed(found, other))
        )
    )


def judged(found, row, term):
    """None for a contact that says nothing of first-contact resolution in the term, else whether it resolved."""
    until = found.history.data_cutoff
    if row["topic"] is None or row["started_at"] + WEEK > min(end_of(term), until):
        return None
    return first_contact_resolution(found.history, row, until)


def shock_rows(found):
    """One row per call, claim or assignment and term."""
    rows = []
    for row, term, terms in found.pairs("interactions", lambda row: by_customer(row) and is_call(row)):
        left_out, others = others_wait(found, row)
        stated = row["queue_wait_mean"]
        value = left_out if stated is None else stated
        rows.append(
            _shock("queue_wait", "interactions", row, term, terms)
            | {"value": value, "stated": stated is not None, "others": others, "place": row["queue"]}
            | {"cell": half_day(row), "channel": row["channel"], "severity": None}
        )
    for row, term, terms in found.pairs("claims"):
        stated, at, handler = row["handler_load"], row["reported_at"], row["handler_id"]
        rows.append(
            _shock("handler_load", "claims", row, term, terms)
            | {"value": load(found, row) if stated is None else stated, "stated": stated is not None, "others": None}
            | {"place": handler, "cell": None if handler is None else (handler, at.year, at.month)}
            | {"channel": None, "severity": row["amount_claimed"]}
        )
    for row, term, terms in found.pairs("outreach", lambda row: row["arm"] in ("treat", "holdout")):
        rows.append(
            _shock("arm", "outreach", row, term, terms)
            | {"value": float(row["arm"] == "treat"), "stated": True, "others": None, "place": row["campaign"]}
            | {"cell": (row["campaign"], home(found, term)), "channel": row["channel"], "severity": None}
        )
    return rows


def _shock(name, table, row, term, terms):
    at = row[FIRST_CLOCK[table]]
    return {
        "shock": name,
        "term_id": term["term_id"],
        "customer_id": row["customer_id"],
        "event_id": row[KEY[table]],
        "at": at,
        "hour": at.hour,
        "weekday": at.weekday(),
        "month": at.month,
        "terms": terms,
    }


def customer_at_start(found, term):
    """The customer as known before the term's start; the first version stands for the time before."""
    versions = found.history.customers[found.history.customer_of[term["policy_id"]]]
    return found.history.as_known(versions, term["start_date"]) or versions[0]


def home(found, term):
    """The household, or the customer alone."""
    customer = customer_at_start(found, term)
    return customer["household_id"] or ("alone", customer["customer_id"])


def invitation_rows(found):
    """One row per question put and term."""
    rows = []
    for row, term, terms in found.pairs("surveys"):
        answered_at = found.known(row, "answered_at")
        answered = row["score"] is not None and answered_at is not None and answered_at < end_of(term)
        same = ("customer_id", "response_id", "instrument", "touchpoint", "dimension", "sent_at", "scale_min")
        rows.append(
            {name: row[name] for name in (*same, "scale_max", "direction", "interaction_id", "claim_id")}
            | {"term_id": term["term_id"], "round": (row["customer_id"], row["sent_at"]), "terms": terms}
            | {"answered": answered, "unusable": row["score"] is not None and not answered}
            | {"answered_at": answered_at if answered else None, "score": row["score"] if answered else None}
            | {"rating": row["rating"] if answered else None, "after_contact": row["interaction_id"] is not None}
        )
    return rows


def _by_term(rows, term_of):
    found = defaultdict(list)
    for row in rows:
        found[term_of(row)].append(row)
    return found


def term_rows(found):
    """One row per sold term."""
    history = found.history
    shocks, asked = (_by_term(rows, lambda row: row["term_id"]) for rows in (shock_rows(found), invitation_rows(found)))
    contacts, claims, complaints = (
        _by_term(pairs, lambda pair: pair[1]["term_id"])
        for pairs in (found.pairs("interactions", by_customer), found.pairs("claims"), found.pairs("complaints"))
    )
    rows = []
    for term in found.terms:
        mine, end = term["term_id"], end_of(term)
        called = [row for row, _, _ in contacts[mine]]
        claimed = [row for row, _, _ in claims[mine]]
        paid = [c for c in claimed if found.known(c, "paid_at") is not None and c["paid_at"] < end]
        denied = [c for c in claimed if c["decision"] == "denied" and found.known(c, "decided_at") is not None]
        firsts = [each for each in (judged(found, row, term) for row in called) if each is not None]
        lots = [s for s in shocks[mine] if s["shock"] == "arm"]
        lot = min(lots, key=lambda s: (s["at"], s["event_id"])) if lots else None
        waits, loads = (
            [s["value"] for s in shocks[mine] if s["shock"] == name and s["value"] is not None]
            for name in ("queue_wait", "handler_load")
        )
        rows.append(
            {
                "customer_id": history.customer_of[term["policy_id"]],
                "policy_id": term["policy_id"],
                "term_id": mine,
                "spell": spell_end(found.again, term)["term_id"],
                "line": history.policy(term["policy_id"])["line"],
                "auto_renew": history.policies[term["policy_id"]][0]["auto_renew"],
                "region": customer_at_start(found, term)["region"],
                "start": term["start_date"],
                "end": end,
                "E": term["end_date"],
                "contacts": len(called),
                "calls": sum(map(is_call, called)),
                "wait_mean": mean([row["wait_seconds"] for row in called]),
                "contacts_judged": len(firsts),
                "first_contact_resolution": mean(firsts),
                "queue_wait": mean(waits),
                "queue_waits": len(waits),
                "claims": len(claimed),
                "amount_claimed": mean([c["amount_claimed"] for c in claimed]),
                "claims_paid": len(paid),
                "claim_cycle_days": mean([working_days(c["reported_at"], c["paid_at"], found.calendar) for c in paid]),
                "claims_denied": sum(1 for c in denied if c["decided_at"] < end),
                "handler_load": mean(loads),
                "handler_loads": len(loads),
                "complaints": len(complaints[mine]),
                "arm": lot and ("treat" if lot["value"] else "holdout"),
                "campaign": lot and lot["place"],
                "assigned_at": lot and lot["at"],
                "invitations": len(asked[mine]),
                "answers": sum(1 for row in asked[mine] if row["answered"]),
            }
        )
        flags = {"contacted": "contacts", "called": "calls", "claimed": "claims", "settled": "claims_paid"}
        rows[-1] |= {flag: rows[-1][of] > 0 for flag, of in (flags | {"complained": "complaints"}).items()}
    return rows
