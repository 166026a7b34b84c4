"""What a customer could be told: on which lists, for which reasons, what was done."""

from __future__ import annotations

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
    wrong = [name for name, digest in latest.items() if state_of(folder / name) != digest]
    return [f"\nNot as they were kept: {', '.join(wrong)}. Somebody changed them."] if wrong else []


def state_of(place: Path) -> str:
    """Return the digest of a file or a list as it is now, "" if it is gone."""
    if place.is_dir():
        return digest_of(place)
    return file_digest(place) if place.is_file() else ""
