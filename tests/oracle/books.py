"""Hostile random books: small, seeded, full of ties, edges, late rows, versions and odd endings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pandas as pd

from churnkit.book.schema import TABLES

from .contents import CONTENT, after, maybe
from .endings import policy_terms

DATA_CUTOFF = datetime(2022, 10, 15)
LEADS = (14, 45, 90, 180, 330)
WINDOWS = (30, 90, 365, 365, 365, 730)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
EVENT_TABLES = ("interactions", "claims", "complaints", "surveys", "outreach")
MATCHES = ((), ("object",), ("object", "line", "household"), ("line", "household"))
VARIANTS = ("recorded", "per_clock", "unrecorded", "absent", "empty")


@dataclass
class HostileBook:
    """Tables as for ``open_book``, and the settings they need."""

    tables: dict
    data_cutoff: datetime
    delay_days: dict
    variant: str
    seed: int
    match: tuple = ()


def snapshots(first=2017, last=2022):
    """Quarter starts."""
    return [datetime(year, month, 1) for year in range(first, last + 1) for month in (1, 4, 7, 10)]


def hostile_book(seed, *, customers=40, variant=None):
    """A book for a seed; the variant (recording columns, absent tables) goes round with the seed."""
    variant = variant or VARIANTS[seed % len(VARIANTS)]
    rng = Random(seed)
    rows = {name: [] for name in ("customers", "policies", "terms", *EVENT_TABLES)}
    rows["moments"] = {}
    for number in range(customers):
        _customer(rng, rows, f"c{number:03d}")
    _rewrite(rng, rows, variant)
    if variant in ("recorded", "empty"):
        _move_customers(rng, rows)
    _hand_over(Random(f"agents {seed}"), rows)
    del rows["moments"]
    tables = {name: _frame(name, found, variant) for name, found in rows.items()}
    _thin_out(tables, variant)
    if variant in ("recorded", "unrecorded"):
        tables["calendar"] = _calendar(rng)
    if variant in ("recorded", "per_clock"):
        tables["touchpoints"] = pd.DataFrame({
            "touchpoint": ["call", "settlement", "report"], "journey_stage": ["servicing", "claim", "claim"],
            "sla_hours": [900.0, 320.0 + 8 * (seed % 2), 16.0],
        })  # fmt: skip
    for name in tables:
        tables[name] = tables[name].sample(frac=1, random_state=seed).reset_index(drop=True)
    delays = (
        {"interactions": 20, "claims": 60, "surveys": 45, "outreach": 0, "terms": 3} if variant == "unrecorded" else {}
    )
    return HostileBook(tables, DATA_CUTOFF, delays, variant, seed, MATCHES[seed % len(MATCHES)])


def _calendar(rng):
    """Some days of which the insurer says itself whether they were worked."""
    days = [datetime(2016, 1, 1) + k * DAY for k in range(0, 2400, 3)]
    return pd.DataFrame({"date": days, "working_day": [rng.random() < 0.5 for _ in days]})


def _customer(rng, rows, customer_id):
    rows["customers"].append(
        {
            "customer_id": customer_id,
            "household_id": maybe(rng, 0.6, f"h{rng.randint(0, 15)}"),
            "customer_type": rng.choice(["person", "person", "company"]),
            "birth_year": maybe(rng, 0.8, rng.randint(1930, 2004)),
            "region": maybe(rng, 0.9, rng.choice(["north", "south", "东部"])),
            "city_tier": maybe(rng, 0.7, rng.choice("123")),
            "first_channel": maybe(rng, 0.8, rng.choice(["agent", "web"])),
            "marketing_opt_out": rng.random() < 0.2,
            "automated_decision_opt_out": False,
            "do_not_call": rng.random() < 0.1,
            "deceased_date": None,
            "staff": maybe(rng, 0.5, rng.random() < 0.1),
            "gender": rng.choice("mf"),
            "vulnerable": False,
            "recorded_at": None,
        }
    )
    policies = [f"{customer_id}p{i}" for i in range(rng.choice([1, 1, 2, 3]))]
    first = len(rows["terms"])
    for i, policy_id in enumerate(policies):
        _policy(rng, rows, customer_id, policy_id, policies[i - 1] if i and rng.random() < 0.3 else None)
    heirs = [t for t in rows["terms"][first:] if t["end_reason"] == "replaced"]
    for i, old in enumerate(heirs):
        new = f"{customer_id}r{i}"
        start = old["ended_date"] if rng.random() < 0.6 else old["end_date"] + rng.choice([-60, -1, 0, 29, 30]) * DAY
        _policy(rng, rows, customer_id, new, old["policy_id"], start=start)
        policies.append(new)
    policies += _renumber(rng, rows, first, customer_id)
    if rng.random() < 0.12:
        return  # a customer without any event
    moments = _moments(rng, rows["terms"][first:])
    for name, most in zip(EVENT_TABLES, (25, 8, 5, 14, 5), strict=True):
        for _ in range(rng.randint(0, most)):
            row = _event(rng, name, customer_id, policies, moments, len(rows[name]))
            rows[name].append(row)
            if name == "interactions" and rng.random() < 0.3:
                rows[name].append(_follow_up(rng, row, moments, len(rows[name])))
    rows["moments"][customer_id] = moments


def _policy(rng, rows, customer_id, policy_id, previous, start=None):
    line = rng.choice(["motor", "motor", "home", "health", "life", "travel", "savings"])
    policy = {
        "policy_id": policy_id,
        "customer_id": customer_id,
        "line": line,
        "product": maybe(rng, 0.7, f"{line}-{rng.randint(1, 3)}"),
        "object_id": maybe(rng, 0.5, f"o{rng.randint(0, 2)}"),
        "previous_policy_id": previous,
        "channel": maybe(rng, 0.8, rng.choice(["agent", "web", "bank"])),
        "branch": maybe(rng, 0.5, rng.choice("AB")),
        "agent_id": None,
        "payment_mode": maybe(rng, 0.8, rng.choice(["annual", "monthly", "single"])),
        "auto_renew": maybe(rng, 0.6, rng.random() < 0.5),
        "renewable": rng.random() < 0.93,
        "grace_days": maybe(rng, 0.4, rng.choice([0, 15, 45])),
        "inception_date": None,
        "recorded_at": None,
    }
    grace = policy["grace_days"] if policy["grace_days"] is not None else (60 if line == "life" else 30)
    terms = policy_terms(rng, policy_id, grace, start=start, until=DATA_CUTOFF)
    if rng.random() < 0.6:
        policy["inception_date"] = terms[0]["start_date"] - rng.choice([0, 0, 365, 1000]) * DAY
    rows["policies"].append(policy)
    rows["terms"].extend(terms)


def _renumber(rng, rows, first, customer_id):
    """Some policies get a new number, at some of their renewals or at each; some say so, some keep the object's id."""
    numbers = []
    for policy in [p for p in rows["policies"] if p["customer_id"] == customer_id]:
        often, before, now = rng.choice([0, 0, 0.3, 1]), policy["policy_id"], policy["policy_id"]
        terms = [t for t in rows["terms"][first:] if t["policy_id"] == policy["policy_id"]]
        for term_id in sorted({t["term_id"] for t in terms})[1:]:
            if rng.random() < often:
                before, now = now, f"{policy['policy_id']}n{len(numbers)}"
                links = {
                    "previous_policy_id": maybe(rng, 0.7, before),
                    "object_id": maybe(rng, 0.7, policy["object_id"]),
                }
                rows["policies"].append(policy | links | {"policy_id": now})
                numbers.append(now)
            for term in terms:
                if term["term_id"] == term_id:
                    term["policy_id"] = now
    return numbers


def _moments(rng, terms):
    """Moments that hurt: cutoffs, window edges, a second beside them, and a few that several events will share."""
    cutoffs = [t["end_date"] - lead * DAY for t in terms for lead in LEADS]
    cutoffs += snapshots()
    moments = [c for c in cutoffs if c < DATA_CUTOFF]
    edges = [c - rng.choice(WINDOWS) * DAY for c in moments]
    moments = rng.sample(moments, min(12, len(moments))) + rng.sample(edges, min(12, len(edges)))
    moments += [m + rng.choice([-1, -1, 1]) * SECOND for m in moments]
    begin = datetime(2016, 1, 1)
    free = [begin + timedelta(seconds=rng.randint(0, 6 * 365 * 86400)) for _ in range(25)]
    return moments + free


def _event(rng, name, customer_id, policies, moments, number):
    at = rng.choice(moments)
    row = {
        TABLES[name].key: f"{name[:2]}{number:04d}",
        "customer_id": customer_id,
        "policy_id": rng.choice(policies) if name == "claims" or rng.random() < 0.7 else None,
    }
    row |= CONTENT[name](rng, at, moments)
    row["recorded_at"] = after(rng, at, moments, 60)
    for clock in TABLES[name].clocks:
        happened = row.get(clock)
        row[clock + "_recorded_at"] = None if happened is None else after(rng, happened, moments, 40)
    return row


def _follow_up(rng, row, moments, number):
    """Another contact on the same topic, about a week later."""
    step = rng.choice([0 * DAY, SECOND, 7 * DAY, 7 * DAY + SECOND, 7 * DAY - SECOND, 8 * DAY, 3 * DAY])
    again = _event(rng, "interactions", row["customer_id"], [row["policy_id"]], [row["started_at"] + step], number)
    later = {c: after(rng, again["started_at"], moments, 9) for c in ("recorded_at", "started_at_recorded_at")}
    return again | later | {"topic": row["topic"], "initiator": row["initiator"]}


def _rewrite(rng, rows, variant):
    """Exact duplicates; and, where recording times exist to order them, second and third versions of rows."""
    for name in EVENT_TABLES:
        rows[name].extend(dict(rng.choice(rows[name])) for _ in range(3))
    if variant == "unrecorded":  # no recording time could tell versions apart: the last one is all there is
        rows["terms"] = list({row["term_id"]: row for row in rows["terms"]}.values())
        return
    for name in EVENT_TABLES:
        key, seen = TABLES[name].key, set()
        for row in rng.sample(rows[name], len(rows[name]) // 4):
            if row[key] in seen:
                continue
            seen.add(row[key])
            version = row
            for _ in range(rng.choice([1, 1, 2])):
                version = _second_version(rng, name, version, rows["moments"][row["customer_id"]])
                rows[name].append(version)


def _move_customers(rng, rows):
    """Some customers and policies change: the first version recorded years ago, the second one later."""
    for name, column in (("customers", "region"), ("policies", "payment_mode")):
        for row in rng.sample(rows[name], len(rows[name]) // 3):
            row["recorded_at"] = datetime(2015, 1, 1) + rng.randint(0, 900) * DAY
            moved = row["recorded_at"] + rng.randint(1, 1500) * DAY
            rows[name].append(row | {column: "moved" if name == "customers" else "quarterly", "recorded_at": moved})


def _hand_over(rng, rows):
    """Most policies have an agent; in later versions some have another, and some customers another household."""
    agents = {}
    for row in rows["policies"]:
        agent = agents.setdefault(row["policy_id"], maybe(rng, 0.8, f"a{rng.randint(0, 5)}"))
        row["agent_id"] = agent if row["payment_mode"] != "quarterly" else rng.choice([agent, None, "a1", "a6"])
    for row in rows["customers"]:
        if row["region"] == "moved" and rng.random() < 0.5:
            row["household_id"] = maybe(rng, 0.7, f"h{rng.randint(0, 15)}")


def _second_version(rng, name, row, moments):
    """The same key again, recorded later: another content, sometimes another time, sometimes the end taken back."""
    moved = rng.choice(
        [timedelta(0), timedelta(0), timedelta(days=rng.randint(0, 20)), -timedelta(days=rng.randint(0, 20))]
    )
    clocks = TABLES[name].clocks
    new = row | CONTENT[name](rng, row[clocks[0]] + moved, [])
    if name == "interactions" and rng.random() < 0.5:
        new |= {"topic": row["topic"], "initiator": row["initiator"]}
    new["recorded_at"] = after(rng, row["recorded_at"] + SECOND, moments, 200)
    for clock in clocks:
        new[clock + "_recorded_at"] = None if new[clock] is None else max(new["recorded_at"], new[clock])
    return new


def _frame(name, rows, variant):
    """A frame with the recording columns that the variant has; only rows known at the extract."""
    spec = TABLES[name]
    clocked = [clock + "_recorded_at" for clock in spec.clocks] if name in EVENT_TABLES else []
    columns = list(spec.column_names) + (clocked if variant == "per_clock" else [])
    if variant == "unrecorded":
        columns = [c for c in columns if not c.endswith("recorded_at")]
    frame = pd.DataFrame([{c: row.get(c) for c in columns} for row in rows], columns=columns)
    for column in spec.columns:
        if column.type in ("date", "ts") and column.name in frame:
            frame[column.name] = pd.to_datetime(frame[column.name]).astype("datetime64[us]")
    for column in clocked:
        if column in frame:
            frame[column] = pd.to_datetime(frame[column]).astype("datetime64[us]")
    return frame


def _thin_out(tables, variant):
    """Absent tables and columns; present but empty ones."""
    if variant == "absent":
        del tables["surveys"], tables["outreach"]
        for name, column in (
            ("interactions", "sentiment"),
            ("interactions", "resolved_at"),
            ("interactions", "resolved"),
            ("terms", "offer_date"),
            ("terms", "offer_premium"),
            ("customers", "birth_year"),
            ("policies", "inception_date"),
            ("policies", "agent_id"),
            ("policies", "renewable"),
            ("claims", "paid_at"),
            ("claims", "amount_paid"),
            ("complaints", "escalated_at"),
        ):
            tables[name] = tables[name].drop(columns=column)
    if variant == "empty":
        for name in ("complaints", "outreach"):
            tables[name] = tables[name].iloc[:0]
