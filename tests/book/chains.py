"""Books for rules that look at many terms or answers: customers whose policy is renewed every year."""

from __future__ import annotations

import pandas as pd


def chain_tables(n: int = 30, years: int = 3, line: str = "motor") -> dict[str, pd.DataFrame]:
    """Customers c0 … with one policy each, yearly terms from 2021 on, each renewed on its day; nothing wrong."""
    customers = pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)], "marketing_opt_out": False,
                              "automated_decision_opt_out": False, "do_not_call": False,
                              "household_id": [f"h{i // 2}" for i in range(n)],
                              "recorded_at": pd.Timestamp("2020-01-01")})  # fmt: skip
    policies = pd.DataFrame({"policy_id": [f"p{i}" for i in range(n)], "customer_id": customers["customer_id"],
                             "line": line, "object_id": [f"o{i}" for i in range(n)],
                             "recorded_at": pd.Timestamp("2020-01-01")})  # fmt: skip
    first = pd.Series(pd.date_range("2021-01-01", periods=n, freq="10D"))
    terms = pd.concat([_year(policies["policy_id"], first, year) for year in range(years)], ignore_index=True)
    return {"customers": customers, "policies": policies, "terms": terms}


def _year(policies: pd.Series, first: pd.Series, year: int) -> pd.DataFrame:
    start, end = first + pd.DateOffset(years=year), first + pd.DateOffset(years=year + 1)
    over = end < pd.Timestamp("2026-01-01")
    return pd.DataFrame({
        "term_id": policies + f"-{year}", "policy_id": policies, "issued_at": start - pd.Timedelta(days=9),
        "start_date": start, "end_date": end, "premium": 1000.0, "ended_date": end.where(over),
        "end_reason": pd.Series("renewed", index=end.index).where(over),
        "ended_recorded_at": (end + pd.Timedelta(days=1)).where(over), "recorded_at": start - pd.Timedelta(days=8),
    })  # fmt: skip


def under_new_numbers(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The same book with a policy of its own for every term, tied by customer, line, object and household only."""
    terms = tables["terms"]
    number = "q" + terms["term_id"].str.slice(1)
    policies = tables["policies"].set_index("policy_id").loc[terms["policy_id"]].reset_index(drop=True)
    return tables | {"policies": policies.assign(policy_id=number.to_numpy()), "terms": terms.assign(policy_id=number)}


def answers(n: int = 150) -> pd.DataFrame:
    """Invitations to csat and nps of n customers on one day each; every tenth unanswered; the two agree."""
    rows = []
    for i in range(n):
        sent = pd.Timestamp("2025-02-01") + pd.Timedelta(days=i)
        felt = (i * 7 % 10) / 9
        for instrument, low, high in (("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)):
            score = round(low + felt * (high - low)) if i % 10 else None
            rows.append((f"r{i}{instrument}", f"c{i}", instrument, sent, sent if score is not None else None, score,
                         sent))  # fmt: skip
    names = ["response_id", "customer_id", "instrument", "sent_at", "answered_at", "score", "recorded_at"]
    return pd.DataFrame(rows, columns=names)
