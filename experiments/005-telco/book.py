"""Turns the five tables into a book: customers with their columns as of the extract, policies, terms."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

EXTRACT = pd.Timestamp("2020-01-01")  # made up: the source names a quarter and no year
QUARTERS = 8  # made up: those who left did so in one of the last eight quarters, drawn at random
SETTINGS = """\
# Made by run.py from the public data set telco_extended. All dates are made up.
data_cutoff = "2020-01-01"
timezone = "UTC"
currency = "USD"

[terms]
delay_days = 0

[churn]                 # who leaves within a quarter of each quarter's start
gap_days = 0
horizon_days = 90
slack_days = 1
snapshots = "quarterly"

[customers.extra]       # as of the extract: the source has no history
"""
KEY = "customer_id"
OUT = {  # keys and constants; for audits only; what is said of the customer after the outcome, or is the outcome
    "count", "service_id", "status_id", "location_id", "id", "quarter", "country", "state", "lat_long", "age",
    "gender", "senior_citizen", "under_30",
    "churn_value", "churn_label", "customer_status", "churn_score", "cltv", "churn_category", "churn_reason",
}  # fmt: skip
SATISFACTION = "satisfaction_score"


def read_customers(data: Path) -> pd.DataFrame:
    """Read the five workbooks as one table, a row per customer, names as identifiers."""
    folder, parts = data / "telco_extended", {}
    for name in ("demographics", "services", "status", "location", "population"):
        frame = pd.read_excel(folder / f"Telco_customer_churn_{name}.xlsx", na_values=[], keep_default_na=True)
        parts[name] = frame.rename(columns=lambda title: re.sub(r"\W+", "_", title.strip().lower()))
    whole = parts["demographics"]
    for name in ("services", "status", "location"):
        mine = parts[name]
        whole = whole.merge(mine[[KEY, *(c for c in mine if c not in whole)]], on=KEY, validate="one_to_one")
    return whole.merge(parts["population"][["zip_code", "population"]], on="zip_code", how="left")


def extras_of(frame: pd.DataFrame) -> dict[str, str]:
    """Name the type of each column that is declared: numbers, yes and no, categories."""
    kept = [name for name in frame if name not in OUT and name not in (KEY, "zip_code", "city")]
    return {name: _type(frame[name]) for name in kept} | {"city": "category"}


def _type(column: pd.Series[Any]) -> str:
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    return "bool" if set(column.dropna()) <= {"Yes", "No"} else "category"


def cover_of(frame: pd.DataFrame, *, seed: int = 0) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Make up when each customer came and left; how long they stayed is the source's own."""
    rng = np.random.default_rng(seed)
    days = rng.integers(1, round(QUARTERS * 365.25 / 4), len(frame))
    gone = EXTRACT - pd.to_timedelta(days, unit="D")
    left = pd.Series(gone, index=frame.index).where(frame["churn_value"] == 1)
    last = left.fillna(EXTRACT)
    come = [end - pd.DateOffset(months=int(m)) for end, m in zip(last, frame["tenure_in_months"], strict=True)]
    return pd.Series(come, index=frame.index), left


def terms_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Cut cover into years from the day each customer came, until they left."""
    (come, left), parts = cover_of(frame), []
    for year in range(int(frame["tenure_in_months"].max()) // 12 + 1):
        start, end = (come + pd.DateOffset(years=step) for step in (year, year + 1))
        here = (start < EXTRACT) & ~(left <= start)
        parts.append(pd.DataFrame({
            "term_id": frame[KEY] + f"-{year + 1}", "policy_id": frame[KEY], "issued_at": start, "start_date": start,
            "end_date": end, "premium": 12.0 * frame["monthly_charge"], "ended_date": left.where(left <= end),
            "end_reason": pd.Series("customer_cancelled", index=frame.index).where(left <= end),
        })[here])  # fmt: skip
    return pd.concat(parts).sort_values("term_id", ignore_index=True)


def write_book(frame: pd.DataFrame, folder: Path) -> dict[str, int]:
    """Write the book and return what it holds."""
    extras = extras_of(frame)
    age = EXTRACT.year - frame["age"]
    customers = frame[[KEY, *extras]].assign(birth_year=age, gender=frame["gender"].str.lower())
    for name, kind in extras.items():
        if kind == "bool":
            customers[name] = frame[name].map({"Yes": True, "No": False})
    policies = pd.DataFrame({"policy_id": frame[KEY], KEY: frame[KEY], "line": "other"})
    tables = {"customers": customers, "policies": policies, "terms": terms_of(frame)}
    folder.mkdir(parents=True)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    declared = "".join(f'{name} = "{kind}"\n' for name, kind in extras.items())
    (folder / "churnkit.toml").write_text(SETTINGS + declared, encoding="utf-8")
    return {"customers": len(frame), "terms": len(tables["terms"]), "left": int(frame["churn_value"].sum()),
            "declared_columns": len(extras)}  # fmt: skip
