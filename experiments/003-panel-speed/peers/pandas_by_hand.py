"""pandas, as a careful data scientist writes it: filter to what was known at a cutoff, group each window, aggregate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

PACKAGES = ("pandas", "numpy", "pyarrow")
WINDOWS = (30, 90, 365, None)
_CATEGORIES = {"interactions": ("channel", "topic", "initiator"), "surveys": ("instrument",)}
_COLUMNS = {
    "interactions": ["customer_id", "started_at", "recorded_at", "resolved_at", "channel", "topic", "initiator",
                     "wait_seconds", "handle_seconds", "transfers", "sentiment"],
    "surveys": ["customer_id", "sent_at", "answered_at", "recorded_at", "instrument", "score", "scale_min",
                "scale_max", "direction"],
}  # fmt: skip


def prepare(task: dict[str, Any]) -> list[str]:
    """Name the wanted columns."""
    return [each["name"] for each in task["features"]]


def run(task: dict[str, Any], names: list[str]) -> pd.DataFrame:
    """Build the features of every cutoff and put them below each other."""
    folder = Path(task["data"])
    customers = pd.read_parquet(folder / "customers.parquet")
    index = pd.Index(customers["customer_id"])
    contacts, surveys = (_events(folder, name, index) for name in ("interactions", "surveys"))
    bad = surveys["direction"] == "high_bad"
    width = surveys["scale_max"] - surveys["scale_min"]
    rating = 100.0 * (surveys["score"] - surveys["scale_min"]) / width
    surveys["rating"] = rating.where(~bad, 100.0 - rating)
    terms = _terms(folder, index)
    parts = [_at(pd.Timestamp(each), customers, terms, contacts, surveys)[["customer_id", "cutoff", *names]]
             for each in task["cutoffs"]]  # fmt: skip
    found = pd.concat(parts, ignore_index=True)
    if task["end"] == "parquet":
        found.to_parquet(task["result"])
    return found


def _events(folder: Path, name: str, index: pd.Index) -> pd.DataFrame:
    """Rows in the order of time, with whole numbers for customers and categories for words."""
    found = pd.read_parquet(folder / f"{name}.parquet", columns=_COLUMNS[name])
    found["customer"] = index.get_indexer(found.pop("customer_id"))
    for column in _CATEGORIES[name]:
        found[column] = found[column].astype("category")
    return found.sort_values(_COLUMNS[name][1], ignore_index=True)


def _terms(folder: Path, index: pd.Index) -> pd.DataFrame:
    wanted = ["policy_id", "issued_at", "recorded_at", "start_date", "end_date", "ended_date", "ended_recorded_at",
              "premium", "sum_insured"]  # fmt: skip
    terms = pd.read_parquet(folder / "terms.parquet", columns=wanted)
    policies = pd.read_parquet(folder / "policies.parquet", columns=["policy_id", "customer_id", "line",
                                                                     "inception_date"])  # fmt: skip
    policies["customer"] = index.get_indexer(policies.pop("customer_id"))
    policies["line"] = policies["line"].astype("category").cat.codes
    places = pd.Index(policies["policy_id"]).get_indexer(terms.pop("policy_id"))
    of_policy = policies[["customer", "line", "inception_date"]].take(places).reset_index(drop=True)
    for column in ("start_date", "end_date", "ended_date"):
        terms[column] = pd.to_datetime(terms[column])
    of_policy["inception_date"] = pd.to_datetime(of_policy["inception_date"])
    return terms.assign(policy=places).join(of_policy)


def _at(cutoff: pd.Timestamp, customers: pd.DataFrame, terms: pd.DataFrame, contacts: pd.DataFrame,
        surveys: pd.DataFrame) -> pd.DataFrame:  # fmt: skip
    """All features of the customers in force at one cutoff."""
    found = _cover(cutoff, terms)
    seen = contacts[(contacts["started_at"] < cutoff) & (contacts["recorded_at"] < cutoff)]
    sent = surveys[(surveys["sent_at"] < cutoff) & (surveys["recorded_at"] < cutoff)]
    pieces = {**_contacts(cutoff, seen), **_surveys(cutoff, sent)}
    zero = [name for name in pieces if _counts(name)]
    found = found.join(pd.DataFrame(pieces))
    found[zero] = found[zero].fillna(0)
    found = found.join(customers)
    return found.assign(cutoff=cutoff, age=cutoff.year - found["birth_year"], cutoff_month=cutoff.month)


def _counts(name: str) -> bool:
    """Whether a customer without rows has 0 and not null."""
    return not any(word in name for word in ("mean", "max", "min", "last", "share", "days_since"))


def _cover(cutoff: pd.Timestamp, terms: pd.DataFrame) -> pd.DataFrame:
    known = (terms["issued_at"] < cutoff) & (terms["recorded_at"] < cutoff) & (terms["start_date"] <= cutoff)
    begun = terms[known]
    early = begun["ended_recorded_at"] < cutoff
    until = begun["end_date"].where(~early, begun[["end_date", "ended_date"]].min(axis=1))
    held = begun[cutoff < until].groupby("customer")
    found = held.agg(policies_held=("policy", "nunique"), lines_held=("line", "nunique"),
                     premium_held=("premium", "sum"), next_end=("end_date", "min"))  # fmt: skip
    found["sum_insured_held"] = held["sum_insured"].sum(min_count=1)
    found["days_to_next_end"] = (found.pop("next_end") - cutoff).dt.days
    since = begun.groupby("customer")["inception_date"].min()
    found["customer_tenure_days"] = (cutoff - since.reindex(found.index)).dt.days
    return found


def _window(rows: pd.DataFrame, clock: str, cutoff: pd.Timestamp, days: int | None) -> tuple[pd.DataFrame, str]:
    if days is None:
        return rows, "all"
    return rows[rows[clock] >= cutoff - pd.Timedelta(days=days)], f"{days}d"


def _days(cutoff: pd.Timestamp, at: pd.Series) -> pd.Series:
    return (cutoff - at) / pd.Timedelta(days=1)


def _contacts(cutoff: pd.Timestamp, seen: pd.DataFrame) -> dict[str, pd.Series]:
    found: dict[str, pd.Series] = {}
    seen = seen.assign(transferred=seen["transfers"] > 0,
                       open=~(seen["resolved_at"] < cutoff))  # fmt: skip
    for days in WINDOWS:
        inside, window = _window(seen, "started_at", cutoff, days)
        by = inside.groupby("customer")
        found[f"contacts_{window}"] = by.size()
        for column in ("channel", "initiator") if days == 30 else ("channel", "initiator", "topic"):
            table = inside.groupby(["customer", column], observed=True).size().unstack(fill_value=0)
            found |= {f"contacts_{value}_{window}": table[value] for value in table}
        numbers = {"wait_seconds": ("mean", "max", "sum")}
        if days != 30:
            numbers |= {"handle_seconds": ("mean", "max"), "sentiment": ("mean", "min"), "transfers": ("sum",)}
            found[f"transferred_share_{window}"] = by["transferred"].mean()
        if days in (90, None):
            found[f"unresolved_{window}"] = by["open"].sum()
        for column, ways in numbers.items():
            found |= {f"{column}_{way}_{window}": getattr(by[column], way)() for way in ways}
    found["sentiment_last"] = seen.groupby("customer")["sentiment"].last()
    for name, rows in (("contact", seen), ("phone", seen[seen["channel"] == "phone"]),
                       ("complaint", seen[seen["topic"] == "complaint"])):  # fmt: skip
        found[f"days_since_{name}"] = _days(cutoff, rows.groupby("customer")["started_at"].max())
    return found


def _surveys(cutoff: pd.Timestamp, sent: pd.DataFrame) -> dict[str, pd.Series]:
    found: dict[str, pd.Series] = {}
    answered = sent[sent["answered_at"] < cutoff].sort_values("answered_at")
    answered = answered.assign(low=answered["rating"] < 40.0)
    for days in (90, 365, None):
        inside, window = _window(sent, "sent_at", cutoff, days)
        found[f"invitations_{window}"] = inside.groupby("customer").size()
        inside, window = _window(answered, "answered_at", cutoff, days)
        by = inside.groupby("customer")
        found[f"answers_{window}"] = by.size()
        if days != 90:
            found |= {f"rating_{way}_{window}": getattr(by["rating"], way)() for way in ("mean", "min", "max")}
            found[f"low_share_{window}"] = by["low"].mean()
    table = answered.groupby(["customer", "instrument"], observed=True)["rating"].mean().unstack()
    found |= {f"rating_mean_{name}_all": table[name] for name in table}
    by = answered.groupby("customer")
    found["rating_last"] = by["rating"].last()
    found["days_since_answer"] = _days(cutoff, by["answered_at"].max())
    return found


def shape(found: pd.DataFrame) -> tuple[int, int]:
    """Observations and features."""
    return len(found), found.shape[1] - 2


def save(found: pd.DataFrame, path: Path) -> None:
    """Write what was found for the comparison."""
    found.to_parquet(path)
