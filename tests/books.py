"""A tiny clean book for tests: three customers, four policies, every table, nothing wrong with it."""

from __future__ import annotations

from functools import cache

import pandas as pd

from churnkit.book.schema import TABLES

DATA_CUTOFF = "2026-01-01"


def _frame(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=columns.split())
    for name in frame.columns:
        if name.endswith(("_at", "_date")) or name == "date":
            frame[name] = pd.to_datetime(frame[name])
    return frame


def tiny_book_tables() -> dict[str, pd.DataFrame]:
    """Return the tables of a clean book with data_cutoff 2026-01-01, fresh copies at every call."""
    return {name: frame.copy() for name, frame in _tables().items()}


def needed(tables: dict[str, pd.DataFrame], *more: str) -> dict[str, pd.DataFrame]:
    """The tables that no book is without, and those named: a check takes its time for every table that is there."""
    return {name: frame for name, frame in tables.items() if name in more or TABLES[name].required}


@cache
def _tables() -> dict[str, pd.DataFrame]:
    return {**_people_and_cover(), **_events(), **_reference()}


def _people_and_cover() -> dict[str, pd.DataFrame]:
    customers = _frame(
        "customer_id customer_type birth_year region marketing_opt_out automated_decision_opt_out do_not_call"
        " recorded_at",
        ("c1", "person", 1980, "east", False, False, False, "2023-01-01"),
        ("c2", "person", 1990, "west", True, False, False, "2023-01-01"),
        ("c3", "company", None, "east", False, False, True, "2023-01-01"),
    ).astype({"birth_year": "Int64"})  # a year with a fraction is read at length, which every test would pay
    policies = _frame(
        "policy_id customer_id line channel payment_mode renewable inception_date recorded_at",
        ("p1", "c1", "motor", "agent", "annual", True, "2023-03-01", "2023-02-20"),
        ("p2", "c1", "home", "web", "annual", True, "2024-06-01", "2024-05-20"),
        ("p3", "c2", "motor", "web", "monthly", True, "2024-01-15", "2024-01-10"),
        ("p4", "c3", "property", "agent", "annual", True, "2023-09-01", "2023-08-15"),
    )
    terms = _frame(
        "term_id policy_id issued_at start_date end_date premium offer_date offer_premium ended_date end_reason"
        " ended_recorded_at recorded_at",
        ("t1", "p1", "2023-02-20", "2023-03-01", "2024-03-01", 1000.0, "2024-01-30", 1050.0, "2024-03-01", "renewed",
         "2024-03-02", "2023-02-20 10:00"),
        ("t2", "p1", "2024-02-25", "2024-03-01", "2025-03-01", 1050.0, "2025-01-30", 1200.0, "2025-03-01", "expired",
         "2025-03-02", "2024-02-25 09:00"),
        ("t3", "p2", "2024-05-20", "2024-06-01", "2025-06-01", 400.0, None, None, "2025-02-10", "customer_cancelled",
         "2025-02-11", "2024-05-20 12:00"),
        ("t4", "p3", "2024-01-10", "2024-01-15", "2025-01-15", 800.0, None, None, "2025-01-15", "renewed",
         "2025-01-16", "2024-01-10 08:00"),
        ("t5", "p3", "2025-01-10", "2025-01-15", "2026-01-15", 820.0, "2025-12-15", 830.0, None, None,
         None, "2025-01-10 08:00"),
        ("t6", "p4", "2025-08-20", "2025-09-01", "2026-09-01", 9000.0, None, None, None, None,
         None, "2025-08-20 08:00"),
    )  # fmt: skip
    return {"customers": customers, "policies": policies, "terms": terms}


def _events() -> dict[str, pd.DataFrame]:
    interactions = _frame(
        "interaction_id customer_id policy_id started_at channel queue initiator wait_seconds resolved resolved_at"
        " recorded_at",
        ("i1", "c1", "p1", "2024-04-01 10:00", "phone", "motor", "customer", 30.0, True, "2024-04-01 10:20",
         "2024-04-01 10:30"),
        ("i2", "c2", None, "2024-05-02 11:00", "chat", "service", "customer", 5.0, False, None, "2024-05-04 00:00"),
    )  # fmt: skip
    claims = _frame(
        "claim_id policy_id customer_id reported_at decided_at paid_at closed_at decision amount_claimed amount_paid"
        " recorded_at",
        ("l1", "p1", "c1", "2024-04-02 09:00", "2024-04-05 09:00", "2024-04-08 09:00", "2024-04-09", "paid", 500.0,
         450.0, "2024-04-02 09:05"),
        ("l2", "p3", "c2", "2025-12-28 09:00", None, None, None, None, 900.0, None, "2025-12-28 09:30"),
    )  # fmt: skip
    complaints = _frame(
        "complaint_id customer_id policy_id received_at decided_at source outcome compensation recorded_at",
        ("m1", "c1", "p1", "2024-04-20", "2024-05-01", "company", "partly", 50.0, "2024-04-20 18:00"),
    )
    surveys = _frame(
        "response_id customer_id policy_id instrument sent_at answered_at scale_min scale_max direction score"
        " recorded_at",
        ("s1", "c1", "p1", "csat", "2024-04-10", "2024-04-11 20:00", 1, 5, "high_good", 4.0, "2024-04-10 01:00"),
        ("s2", "c1", "p1", "nps", "2024-04-10", "2024-04-11 20:00", 0, 10, "high_good", 8.0, "2024-04-10 01:00"),
        ("s3", "c2", None, "csat", "2024-05-05", None, 1, 5, "high_good", None, "2024-05-05 01:00"),
    )
    outreach = _frame(
        "action_id customer_id campaign arm assigned_at contacted_at action channel reached recorded_at",
        ("o1", "c1", "spring", "treat", "2025-01-20", "2025-01-25", "call", "phone", True, "2025-01-20 01:00"),
        ("o2", "c2", "spring", "holdout", "2025-01-20", None, "call", "phone", None, "2025-01-20 01:00"),
    )
    return {"interactions": interactions, "claims": claims, "complaints": complaints, "surveys": surveys,
            "outreach": outreach}  # fmt: skip


def _reference() -> dict[str, pd.DataFrame]:
    economics = _frame(
        "line product loss_ratio commission_ratio expense_ratio service_cost_per_year discount_rate contact_cost",
        ("motor", None, 0.6, 0.12, 0.1, 40.0, 0.08, 8.0),
        ("home", None, 0.4, 0.2, 0.1, 20.0, 0.08, 8.0),
    )
    touchpoints = _frame("touchpoint journey_stage name_en", ("claim_call", "claim", "claim by phone"))
    calendar = _frame("date working_day", ("2025-12-31", True), ("2026-01-01", False))
    return {"economics": economics, "touchpoints": touchpoints, "calendar": calendar}
