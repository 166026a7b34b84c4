"""What a customer could be told: on which lists, for which reasons, what was done; and forgetting on request."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import Any

import pandas as pd

from churnkit.errors import UsageError
from churnkit.retain.record import (
    LISTS,
    OUTCOMES,
    digest_of,
    events,
    file_digest,
    kept_outcomes,
    kept_plan,
    lists,
    note,
)

_TOLD = ("contacted_at", "reached", "outcome", "stated_reason", "offer_value", "override", "override_reason", "note")


def audit(folder: Path, customer_id: str, day: pd.Timestamp) -> str:
    """Rebuild what a customer could have been told on a day: each list so far, its reasons, and what came of it.

    Parameters
    ----------
    folder : Path of the record
    customer_id : str
    day : Timestamp; lists made up to it are told

    Raises
    ------
    UsageError
        If no list was kept up to that day.
    ContractError
        If the record was changed.
    """
    noted = events(folder)
    names = [name for name in lists(folder) if pd.Timestamp(name[1:9]) <= day]
    if not names:
        raise UsageError("An audit needs a list that was kept.", found=f"none up to {day:%Y-%m-%d}", where=str(folder),
                         fix="--record names the folder, --date a later day.")  # fmt: skip
    parts = [f"Customer {customer_id}, lists made up to {day:%Y-%m-%d}"]
    for name in names:
        parts.append(_of_list(folder, name, customer_id))
    parts += _changed(folder, noted)
    parts.append("Reasons are what goes together with leaving among similar customers; they are associations.")
    return "\n".join(parts)


def _of_list(folder: Path, name: str, customer_id: str) -> str:
    plan = kept_plan(folder, name)
    mine = plan.everyone[plan.everyone["customer_id"] == customer_id]
    lines = [f"\n{name}, made with what was known before {plan.as_of:%Y-%m-%d}"]
    if mine.empty:
        return "\n".join([*lines, "  not scored: no policy in force that was up for renewal, or no customer"])
    row = mine.iloc[0]
    lines.append(f"  {plan.why(customer_id)}")
    if pd.notna(row["renewal"]):
        lines.append(f"  chance of renewal {row['renewal']:.0%}, {int(row['policies'])} policies due, first on "
                     f"{row['end_date']:%Y-%m-%d}")  # fmt: skip
    for reason in (name for name in map(str, plan.everyone) if name.startswith("reason_")):
        if isinstance(row[reason], str):
            lines.append(f"  reason: {row[reason]}")
    if row["arm"] == "treat" and row["action"]:
        lines.append(f"  proposed: {row['action']}" + (f"; then: {row['then']}" if row["then"] else ""))
    for file, rows in kept_outcomes(folder, name):
        for back in rows[rows["customer_id"] == customer_id].to_dict("records"):
            said = ", ".join(f"{key} {back[key]}" for key in _TOLD if back.get(key) not in (None, "", "nan", "None"))
            lines.append(f"  came back ({file}): {said or 'nothing filled in'}")
    return "\n".join(lines)


def _changed(folder: Path, noted: list[dict[str, Any]]) -> list[str]:
    """Files that are not as they were when they were last noted."""
    latest: dict[str, str] = {}
    for event in noted:
        latest |= event.get("files", {})
        if event["what"] in ("list", "export"):
            latest[f"{LISTS}/{event['list_id']}"] = event["digest"]
        elif event["what"] == "import":
            latest[f"{OUTCOMES}/{event['file']}"] = event["digest"]
    wrong = [name for name, digest in latest.items() if _now(folder / name) != digest]
    return [f"\nNot as they were kept: {', '.join(wrong)}. Somebody changed them."] if wrong else []


def _now(place: Path) -> str:
    if place.is_dir():
        return digest_of(place)
    return file_digest(place) if place.is_file() else ""


def forget(folder: Path, customer_id: str, salt: bytes) -> int:
    """Put a pseudonym in the place of a customer in every list and outcome; what was decided stays countable.

    Parameters
    ----------
    folder : Path of the record
    customer_id : str
    salt : bytes, a secret: without it nobody finds the customer from the pseudonym

    Returns
    -------
    int, files that held the customer
    """
    events(folder)
    alias = "forgotten-" + hmac.new(salt, customer_id.encode(), hashlib.sha256).hexdigest()[:12]
    touched: dict[str, str] = {}
    for file in [*folder.glob(f"{LISTS}/L*/*.parquet"), *folder.glob(f"{OUTCOMES}/*.parquet")]:
        rows = pd.read_parquet(file)
        mine = rows["customer_id"] == customer_id
        if not mine.any():
            continue
        unfinished = file.with_name(f".{os.getpid()}-{file.name}")
        _without(rows, mine, alias).to_parquet(unfinished, index=False)
        unfinished.replace(file)
        place = file.parent if file.parent.parent.name == LISTS else file
        touched[place.relative_to(folder).as_posix()] = ""
    files = {name: _now(folder / name) for name in touched}
    note(folder, "forget", alias=alias, files=files)
    return len(files)


def _without(rows: pd.DataFrame, mine: pd.Series, alias: str) -> pd.DataFrame:
    """The rows with the customer's name, household, policies and free texts gone."""
    rows = rows.copy()
    rows.loc[mine, "customer_id"] = alias
    for name in rows.columns:
        if name in ("household_id", "policy_id", "action_id"):  # a reference is a digest of the customer's id
            rows.loc[mine, name] = alias
        elif str(name).startswith(("reason_", "note", "override_reason", "other:")):
            rows.loc[mine, name] = ""
    return rows
