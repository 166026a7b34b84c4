"""What stands in one row of each event table of a hostile book."""

from __future__ import annotations

from datetime import timedelta

from churnkit.book.schema import SCALES

DAY = timedelta(days=1)


def maybe(rng, share, value):
    return value if rng.random() < share else None


def after(rng, at, moments, longest):
    """A later moment: soon, much later, or exactly at a moment that hurts."""
    later = [m for m in moments if at <= m]
    if later and rng.random() < 0.35:
        return rng.choice(later)
    return at + timedelta(seconds=rng.choice([0, 1, rng.randint(0, longest * 86400)]))


def _interaction(rng, at, moments):
    resolved_at = maybe(rng, 0.7, after(rng, at, moments, 30))
    return {
        "started_at": at,
        "channel": rng.choice(["phone", "chat", "branch", "app"]),
        "claim_id": None,
        "queue": maybe(rng, 0.7, rng.choice(["q1", "q2"])),
        "touchpoint": maybe(rng, 0.5, rng.choice(["call", "visit"])),
        "topic": maybe(rng, 0.8, rng.choice(["price", "claim", "cancel", "renewal"])),
        "initiator": rng.choice(["customer", "customer", "company", "system"]),
        "wait_seconds": maybe(rng, 0.8, float(rng.randint(0, 2000))),
        "queue_wait_mean": maybe(rng, 0.6, rng.random() * 900),
        "handle_seconds": maybe(rng, 0.7, rng.random() * 1e4),
        "transfers": maybe(rng, 0.7, rng.randint(0, 3)),
        "resolved": None if resolved_at is None else rng.random() < 0.6,
        "resolved_at": resolved_at,
        "sentiment": maybe(rng, 0.6, rng.uniform(-1, 1)),
    }


def _claim(rng, at, moments):
    decided = maybe(rng, 0.75, after(rng, at, moments, 60))
    decision = None if decided is None else rng.choice(["paid", "partly_paid", "denied", "withdrawn"])
    paid = after(rng, decided, moments, 30) if decision in ("paid", "partly_paid") else None
    claimed = round(rng.uniform(10, 90000), 2)
    return {
        "reported_at": at,
        "decided_at": decided,
        "paid_at": paid,
        "closed_at": None if decided is None else maybe(rng, 0.7, after(rng, paid or decided, moments, 20)),
        "occurred_at": maybe(rng, 0.8, at - rng.randint(0, 40) * DAY),
        "decision": decision,
        "amount_claimed": maybe(rng, 0.85, claimed),
        "amount_paid": None if paid is None else round(claimed * rng.random(), 2),
        "handler_id": maybe(rng, 0.8, rng.choice(["h1", "h2", "h3"])),
        "handler_load": maybe(rng, 0.6, float(rng.randint(0, 40))),
        "bodily_injury": maybe(rng, 0.8, rng.random() < 0.2),
    }


def _complaint(rng, at, moments):
    decided = maybe(rng, 0.6, after(rng, at, moments, 50))
    return {
        "received_at": at,
        "decided_at": decided,
        "escalated_at": maybe(rng, 0.3, after(rng, at, moments, 50)),
        "litigation_at": maybe(rng, 0.15, after(rng, at, moments, 200)),
        "claim_id": None,
        "source": rng.choice(["company", "regulator", "media"]),
        "category": maybe(rng, 0.7, rng.choice(["delay", "price"])),
        "due_at": maybe(rng, 0.7, at + 15 * DAY),
        "outcome": None if decided is None else rng.choice(["upheld", "partly", "rejected"]),
        "compensation": None if decided is None else maybe(rng, 0.5, round(rng.uniform(0, 5000), 2)),
    }


def _survey(rng, at, moments):
    instrument = rng.choice(list(SCALES))
    low, high = SCALES[instrument]
    answered = maybe(rng, 0.6, after(rng, at, moments, 30))
    scaled = rng.random() < 0.7
    return {
        "instrument": instrument,
        "touchpoint": maybe(rng, 0.6, "call"),
        "dimension": maybe(rng, 0.4, "speed"),
        "claim_id": None,
        "interaction_id": None,
        "sent_at": at,
        "answered_at": answered,
        "scale_min": float(low) if scaled else None,
        "scale_max": float(high) if scaled else None,
        "direction": "high_good" if scaled else None,
        "score": None if answered is None else float(rng.randint(low, high)),
        "mode": maybe(rng, 0.5, rng.choice(["sms", "call"])),
    }


def _action(rng, at, moments):
    contacted = maybe(rng, 0.6, after(rng, at, moments, 20))
    return {
        "campaign": "spring",
        "arm": rng.choice(["treat", "holdout"]),
        "assigned_at": at,
        "contacted_at": contacted,
        "action": "call",
        "channel": maybe(rng, 0.6, "phone"),
        "reached": None if contacted is None else rng.random() < 0.5,
        "outcome": None if contacted is None else rng.choice(["accepted", "refused"]),
        "offer_value": None if contacted is None else maybe(rng, 0.5, 100.5),
        "cost": None,
        "overridden": None,
        "override_reason": None,
    }


CONTENT = {
    "interactions": _interaction,
    "claims": _claim,
    "complaints": _complaint,
    "surveys": _survey,
    "outreach": _action,
}
