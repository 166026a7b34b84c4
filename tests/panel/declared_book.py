"""A small motor insurer that keeps more than the contract knows: columns of terms and customers, and web visits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnkit.book.open import Book, open_book
from churnkit.book.settings import Settings

CUTOFF = pd.Timestamp("2025-01-01")
DAY = pd.Timedelta(days=1)
EXTRA: dict[str, Any] = {
    "terms": {
        "vehicle_power": {"type": "number", "group": "vehicle", "sign": -1, "en": "engine power {value} kW",
                          "zh": "发动机功率{value}千瓦"},
        "bonus": {"type": "money", "en": "no-claims bonus of {value}", "zh": "无赔款优待{value}元"},
        "area": {"type": "category", "group": "vehicle"},
        "telematics": "bool",
        "offer_channel": {"type": "category", "known_at": "offer_date"},
        "yearly_claims": {"type": "integer", "known_at": "end_date", "group": "claims",
                          "en": "claims in a term: {value}", "zh": "保期内出险{value}次"},
    },
    "customers": {"segment": {"type": "category", "en": "segment {value}", "zh": "客群{value}"}},
}  # fmt: skip
TABLES: dict[str, Any] = {
    "web_visits": {"key": "visit_id", "customer": "cust", "clocks": ["visited_at"], "recorded_at": "logged_at",
                   "en": "visits to the web site", "zh": "网站访问",
                   "columns": {"page": "category", "seconds": "number", "mobile": "bool"}},
}  # fmt: skip


def settings(**more: Any) -> Settings:
    """Settings that declare everything the tables have; `more` replaces parts."""
    return Settings(**{"data_cutoff": CUTOFF, "extra": EXTRA, "tables": TABLES} | more)


def opened(frames: dict[str, pd.DataFrame], **more: Any) -> Book:
    """The book of those tables."""
    return open_book(frames, settings=settings(**more))


def declared_frames(customers: int = 700, *, seed: int = 3) -> dict[str, pd.DataFrame]:
    """Yearly motor policies, renewed by engine power, claims of the previous term, and web visits before the end."""
    rng = np.random.default_rng(seed)
    terms: list[dict[str, Any]] = []
    visits: list[dict[str, Any]] = []
    for c in range(customers):
        power, before = float(rng.integers(40, 160)), 0
        start = pd.Timestamp("2017-01-01") + DAY * int(rng.integers(0, 700))
        for number in range(8):
            end = start + DAY * 365
            if start >= CUTOFF:
                break
            claims, looks = int(rng.poisson(0.5)), int(rng.poisson(1.0))
            visits += _visits(rng, f"c{c}", end, looks)
            terms.append(_term(rng, c, number, (start, end), power, claims))
            if rng.random() > 1 / (1 + np.exp(-(2.6 - 2.2 * (power > 110) - 1.6 * (before > 0) - 0.8 * looks))):
                break
            start, before = end, claims
    ids = [f"c{c}" for c in range(customers)]
    return {
        "customers": pd.DataFrame({"customer_id": ids, "segment": rng.choice(["gold", "silver"], customers)}),
        "policies": pd.DataFrame({"policy_id": [f"p{c}" for c in range(customers)], "customer_id": ids,
                                  "line": "motor"}),
        "terms": pd.DataFrame(terms),
        "web_visits": pd.DataFrame(visits).assign(visit_id=[f"v{i}" for i in range(len(visits))]),
    }  # fmt: skip


def _term(
    rng: np.random.Generator, c: int, number: int, span: tuple[Any, Any], power: float, claims: int
) -> dict[str, Any]:
    start, end = span
    bound, offered = start - DAY * 9, end - DAY * 40
    made = offered < CUTOFF
    return {
        "term_id": f"t{c}-{number}", "policy_id": f"p{c}", "start_date": start, "end_date": end, "premium": 900.0,
        "issued_at": bound, "recorded_at": bound, "offer_date": offered if made else pd.NaT,
        "offer_premium": 910.0 if made else np.nan, "vehicle_power": power,
        "bonus": float(rng.integers(0, 300)), "area": str(rng.choice(["city", "land"])),
        "telematics": bool(rng.random() < 0.3), "offer_channel": str(rng.choice(["mail", "app"])),
        "yearly_claims": claims,
    }  # fmt: skip


def _visits(rng: np.random.Generator, customer: str, end: pd.Timestamp, count: int) -> list[dict[str, Any]]:
    rows = []
    for _ in range(count):
        at = end - pd.Timedelta(seconds=int(rng.integers(1, 100 * 86400)))
        late = pd.Timedelta(seconds=int(rng.choice([60, 9 * 86400])))
        if at < CUTOFF:
            rows.append({"cust": customer, "visited_at": at, "logged_at": at + late,
                         "page": str(rng.choice(["prices", "cancel"])), "seconds": float(rng.integers(1, 900)),
                         "mobile": bool(rng.random() < 0.5)})  # fmt: skip
    return rows
