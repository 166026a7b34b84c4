"""Books of a few rows, written as words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnkit.book.open import Book, open_book
from churnkit.book.settings import ChurnSettings, RenewalSettings, Settings

KEYS = {"interactions": "interaction_id", "claims": "claim_id", "complaints": "complaint_id", "surveys": "response_id",
        "outreach": "action_id"}  # fmt: skip
_DATES = ("_at", "_date", "_known")


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A DataFrame with its dates read; values left out are null."""
    made = pd.DataFrame(rows)
    for name in made.columns:
        if name.endswith(_DATES):
            made[name] = pd.to_datetime(made[name], format="ISO8601")
    return made


def term(term_id: str, start: str, end: str, policy: str = "p1", **rest: Any) -> dict[str, Any]:
    """One term, bound ten days before it starts."""
    bound = pd.Timestamp(start) - pd.Timedelta(days=10)
    ended = {"ended_date": None, "end_reason": None, "ended_recorded_at": None}
    made = {"term_id": term_id, "policy_id": policy, "start_date": start, "end_date": end, "premium": 100.0,
            "issued_at": bound, "recorded_at": bound, "offer_date": None, "offer_premium": None} | ended  # fmt: skip
    return made | rest


def years(policy: str, first: int, last: int, **rest: Any) -> list[dict[str, Any]]:
    """Yearly terms of a policy from 1 January of `first` to 1 January of `last`."""
    return [term(f"{policy}-{y}", f"{y}-01-01", f"{y + 1}-01-01", policy, **rest) for y in range(first, last)]


def tiny(
    terms: list[dict[str, Any]],
    *,
    policies: dict[str, dict[str, Any]] | None = None,
    customers: dict[str, dict[str, Any]] | None = None,
    cutoff: str = "2025-01-01",
    churn: ChurnSettings | None = None,
    match: tuple[str, ...] = (),
    **events: list[dict[str, Any]],
) -> Book:
    """A book of these terms; policies not named are motor policies of customer c1."""
    named = {t["policy_id"]: {"customer_id": "c1", "line": "motor"} for t in terms}
    for policy, facts in (policies or {}).items():
        named[policy] = named.get(policy, {"customer_id": "c1", "line": "motor"}) | facts
    people = {facts["customer_id"]: {} for facts in named.values()} | (customers or {})
    tables = {
        "customers": frame([{"customer_id": c, **facts} for c, facts in people.items()]),
        "policies": frame([{"policy_id": p, **facts} for p, facts in named.items()]),
        "terms": frame(terms),
    }
    for table, rows in events.items():
        key = KEYS[table]
        tables[table] = frame([{key: f"{key}{i}", "customer_id": "c1"} | row for i, row in enumerate(rows)])
    settings = Settings(
        data_cutoff=pd.Timestamp(cutoff), churn=churn or ChurnSettings(), renewal=RenewalSettings(match=match)
    )
    return open_book(tables, settings=settings)
