"""Who is observed when, and what became of it: METHODS.md section 1, read word by word."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from .history import current, happened

OTHER_EXITS = (
    "insurer_declined",
    "insurer_cancelled",
    "death",
    "total_loss",
    "object_sold",
    "matured",
    "replaced",
)
CHURN_EXITS = tuple(reason for reason in OTHER_EXITS if reason != "replaced")
CANCELLED = ("customer_cancelled", "nonpayment", "insurer_cancelled")
EARLY, SHORTEST = 60, 60
FAR = datetime(9999, 1, 1)


def days(number):
    """That many days."""
    return timedelta(days=number)


def never_sold(term):
    """Ended by free look or on its first day."""
    if term["ended_date"] is None:
        return False
    return term["end_reason"] == "free_look" or term["ended_date"] <= term["start_date"]


def sold_terms(history):
    """The last version of every term that was really sold, by (start, id)."""
    last = [versions[-1] for versions in history.terms.values()]
    kept = [t for t in last if not never_sold(t) and t["policy_id"] in history.customer_of]
    return sorted(kept, key=lambda term: (term["start_date"], term["term_id"]))


def grace_of(policy):
    """Days of grace after the end."""
    if policy["grace_days"] is not None:
        return int(policy["grace_days"])
    return 60 if policy["line"] == "life" else 30


def reinstated(history, terms, known=lambda term: True):
    """{term_id: the term that takes it up}, for cancelled terms; `known` tells which ends are in the books."""
    found = {}
    for term in terms:
        over, end = term["ended_date"], term["end_date"]
        if term["end_reason"] not in CANCELLED or over is None or not known(term):
            continue
        if not term["start_date"] < over < end:
            continue
        until = over + days(grace_of(history.policy(term["policy_id"])))
        for other in terms:
            if history.family[other["policy_id"]] != history.family[term["policy_id"]]:
                continue
            if over <= other["start_date"] <= until and abs(other["end_date"] - end) <= days(1):
                found.setdefault(term["term_id"], other)
    return found


def spell_end(again, term):
    """The last term of a spell."""
    while term["term_id"] in again:
        term = again[term["term_id"]]
    return term


def successors(history, terms, again):
    """{term_id: what renews it}, one to one, way by way; a spell renews as its first and is renewed as its last."""
    taken, found, first = {row["term_id"] for row in again.values()}, {}, {}
    for term in terms:
        first.setdefault(term["policy_id"], term["term_id"])

    def match(term, candidates):
        grace = grace_of(history.policy(term["policy_id"]))
        low, high = term["end_date"] - days(EARLY), term["end_date"] + days(grace)
        for other in candidates:
            later = other["start_date"] > term["start_date"] and low <= other["start_date"] < high
            if later and other["term_id"] not in taken and other["term_id"] != term["term_id"]:
                taken.add(other["term_id"])
                found[term["term_id"]] = other
                return

    for tied in (
        same_policy,
        replaces,
        *(WAYS[way] for way in ("object", "line", "household") if way in history.match),
    ):
        for term in terms:
            if term["term_id"] in found or term["term_id"] in again:
                continue
            others = [t for t in terms if tied is same_policy or first[t["policy_id"]] == t["term_id"]]
            match(term, [t for t in others if tied(history, t["policy_id"], term["policy_id"])])
    return found


def same_policy(history, policy_id, previous):
    """The first way."""
    return policy_id == previous


def replaces(history, policy_id, previous):
    """Whether a policy names another one as the one it follows."""
    return policy_id != previous and history.policy(policy_id)["previous_policy_id"] == previous


def same_line(history, policy_id, previous):
    """Whether two policies are of one customer and line."""
    same = history.customer_of[policy_id] == history.customer_of[previous]
    return same and history.policy(policy_id)["line"] == history.policy(previous)["line"]


def same_object(history, policy_id, previous):
    """Whether two policies are of one customer, line and object."""
    objects = {history.policy(policy_id)["object_id"], history.policy(previous)["object_id"]}
    return len(objects) == 1 and None not in objects and same_line(history, policy_id, previous)


def same_household(history, policy_id, previous):
    """Whether two policies are of one household and line."""
    homes = {household(history, history.customer_of[p]) for p in (policy_id, previous)}
    lines = {history.policy(policy_id)["line"], history.policy(previous)["line"]}
    return len(homes) == 1 and None not in homes and len(lines) == 1


WAYS = {"object": same_object, "line": same_line, "household": same_household}


def household(history, customer_id):
    """The household of a customer."""
    return history.customers[customer_id][-1]["household_id"]


def kin(history, customer_id):
    """The customer, and whoever's terms may renew the customer's."""
    home = household(history, customer_id)
    if "household" not in history.match or home is None:
        return [customer_id]
    return [other for other in history.customers if household(history, other) == home]


def renewed_as_visible(history, term, cutoff):
    """Whether a successor stood in the books at the cutoff: matched among the terms as they were visible then."""
    known = [
        row
        for customer_id in kin(history, history.customer_of[term["policy_id"]])
        for row in history.by_customer["terms"][customer_id]
        if current(row, cutoff) and happened(row, "issued_at", cutoff)
    ]
    known = [row for row in known if not visibly_never_sold(row, cutoff)]
    known.sort(key=lambda row: (row["start_date"], row["term_id"]))
    again = reinstated(history, known, known=lambda row: row["seen"]["ended_date"] < cutoff)
    return term["term_id"] in successors(history, known, again)


def known_to_be_over(term, cutoff):
    """Its end is in the books: past, or announced for a reason other than running out."""
    if term["ended_date"] is None or term["seen"]["ended_date"] >= cutoff:
        return False
    return term["ended_date"] <= cutoff or term["end_reason"] not in (None, "expired", "renewed")


def at_risk(history, term_id, cutoff):
    """In force, renewable, neither declined nor renewed, as visible at the cutoff."""
    term = history.as_known(history.terms[term_id], cutoff)
    if term is None or not term["start_date"] <= cutoff < term["end_date"]:
        return False
    if history.policy(term["policy_id"])["renewable"] is False or known_to_be_over(term, cutoff):
        return False
    return not renewed_as_visible(history, term, cutoff)


def renewal_label(history, term, successor):
    """(label, cause, ripe_at) of a term."""
    grace = grace_of(history.policy(term["policy_id"]))
    ripe_at = term["end_date"] + days(grace + history.slack_days)
    if ripe_at > history.data_cutoff:
        return None, "unripe", ripe_at
    if successor is not None:
        return 1.0, "", ripe_at
    if term["end_reason"] in OTHER_EXITS:
        return None, term["end_reason"], ripe_at
    return 0.0, "", ripe_at


def renewal_rows(history, leads):
    """All renewal observations with label and cause, unripe ones too."""
    terms, rows = sold_terms(history), []
    again = reinstated(history, terms)
    found = successors(history, terms, again)
    for term in terms:
        last = spell_end(again, term)
        label, cause, ripe_at = renewal_label(history, last, found.get(last["term_id"]))
        for lead in leads:
            own = at_risk_at_its_lead(history, term["term_id"], lead)
            if own is None:
                continue
            row = {"entity": term["term_id"], "term_id": term["term_id"], "policy_id": term["policy_id"]}
            row |= {"customer_id": history.customer_of[term["policy_id"]], "lead_days": lead, "ripe_at": ripe_at}
            row |= {"line": history.policy(term["policy_id"])["line"], "label": label, "cause": cause}
            rows.append(row | {"cutoff": own["end_date"] - days(lead), "end_date": own["end_date"]})
    return rows


def at_risk_at_its_lead(history, term_id, lead):
    """The last version of the term that is visible and at risk `lead` days before the end it states itself."""
    for version in reversed(history.terms[term_id]):
        cutoff = version["end_date"] - days(lead)
        length = (version["end_date"] - version["start_date"]).days
        if length < SHORTEST or length <= lead or cutoff > history.data_cutoff:
            continue
        visible = history.as_known(history.terms[term_id], cutoff) is version
        if visible and at_risk(history, term_id, cutoff):
            return version
    return None


def covered_until(term):
    """The end of a term's cover."""
    return min(term["end_date"], term["ended_date"] or FAR)


def touches(start, end):
    """Cover that starts when the last one ends goes on."""
    return start <= end


def cover(terms):
    """The union of [start, end) of terms, as a list of disjoint stretches in order."""
    stretches = []
    for start, end in sorted((t["start_date"], covered_until(t)) for t in terms):
        if end <= start:
            continue
        if stretches and touches(start, stretches[-1][1]):
            stretches[-1][1] = max(stretches[-1][1], end)
        else:
            stretches.append([start, end])
    return stretches


def visible_cover(history, customer_id, snapshot, sold):
    """Whether the customer had cover at the snapshot as far as the books then said; `sold` tells what counts."""
    for term in history.by_customer["terms"].get(customer_id, []):
        if not (current(term, snapshot) and happened(term, "issued_at", snapshot) and sold(term)):
            continue
        known_end = term["ended_date"] is not None and term["seen"]["ended_date"] < snapshot
        until = covered_until(term) if known_end else term["end_date"]
        if term["start_date"] <= snapshot < until:
            return True
    return False


def churn_label(history, terms, snapshot):
    """(label, cause, ripe_at) of a customer at a snapshot."""
    horizon, gap = days(history.horizon_days), days(history.gap_days)
    ripe_at = snapshot + horizon + gap + days(history.churn_slack_days)
    if ripe_at > history.data_cutoff:
        return None, "unripe", ripe_at
    again = reinstated(history, terms)
    terms = [t | {"ended_date": again[t["term_id"]]["start_date"]} if t["term_id"] in again else t for t in terms]
    stretches = cover(terms)
    for i, (_, end) in enumerate(stretches):
        again = stretches[i + 1][0] if i + 1 < len(stretches) else FAR
        if again <= snapshot or end > snapshot + horizon or again - end < gap:
            continue
        reasons = {t["end_reason"] for t in terms if covered_until(t) == end and t["ended_date"] is not None}
        for reason in CHURN_EXITS:
            if reason in reasons:
                return None, reason, ripe_at
        return 1.0, "", ripe_at
    return 0.0, "", ripe_at


def churn_rows(history, snapshots):
    """All churn observations with label and cause, unripe ones too."""
    rows = []
    by_customer = {}

    def sold(term):
        return not never_sold(history.terms[term["term_id"]][-1])

    for term in sold_terms(history):
        by_customer.setdefault(history.customer_of[term["policy_id"]], []).append(term)
    for customer_id, terms in by_customer.items():
        for snapshot in snapshots:
            if snapshot <= history.data_cutoff and visible_cover(history, customer_id, snapshot, sold):
                label, cause, ripe_at = churn_label(history, terms, snapshot)
                rows.append(
                    {
                        "entity": customer_id,
                        "customer_id": customer_id,
                        "cutoff": snapshot,
                        "ripe_at": ripe_at,
                        "label": label,
                        "cause": cause,
                        "policy_id": None,
                        "term_id": None,
                        "line": None,
                        "lead_days": None,
                        "end_date": None,
                    }
                )
    return rows


def visibly_never_sold(term, cutoff):
    """Free look, or an end on the first day, that is in the books already."""
    return never_sold(term) and term["seen"]["ended_date"] < cutoff


def inforce_rows(history, target, as_of):
    """Terms up for renewal, or customers in cover, on a day: nothing later than that day is looked at."""
    if target == "churn":
        sold = partial(_not_visibly_never_sold, cutoff=as_of)
        inside = [c for c in history.by_customer["terms"] if visible_cover(history, c, as_of, sold)]
        return [{"entity": c, "customer_id": c, "policy_id": None, "term_id": None, "cutoff": as_of} for c in inside]
    rows = []
    for term_id, versions in history.terms.items():
        own = history.as_known(versions, as_of)
        if own is None or visibly_never_sold(own, as_of) or (own["end_date"] - own["start_date"]).days < SHORTEST:
            continue
        if at_risk(history, term_id, as_of):
            row = {"entity": term_id, "term_id": term_id, "policy_id": own["policy_id"], "cutoff": as_of}
            row |= {"customer_id": history.customer_of[own["policy_id"]], "lead_days": (own["end_date"] - as_of).days}
            rows.append(row | {"end_date": own["end_date"]})
    return rows


def _not_visibly_never_sold(term, cutoff):
    return not visibly_never_sold(term, cutoff)
