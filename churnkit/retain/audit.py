"""What a customer could be told: on which lists, for which reasons, what was done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from churnkit.errors import UsageError
from churnkit.retain.record import (
    EVENTS,
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


def audit(
    folder: Path, customer_id: str, day: pd.Timestamp | None = None, *,
    forgotten: Callable[[str], bool] = lambda _: False,
) -> str:  # fmt: skip
    """Rebuild what a customer could have been told on a day: each list so far, its reasons, and what came of it.

    Parameters
    ----------
    folder : Path of the record
    customer_id : str
    day : Timestamp, optional; lists made and outcomes imported up to it are told, a day meaning all of it; all if None
    forgotten : function of a customer's id to whether the customer was forgotten on request

    Raises
    ------
    UsageError
        If no list was kept up to that day.
    ContractError
        If the record was changed.
    """
    noted = events(folder)
    names = [name for name in lists(folder) if day is None or pd.Timestamp(name[1:9]) <= day]
    until = "now" if day is None else f"{day:%Y-%m-%d}"
    if not names:
        raise UsageError("An audit needs a list that was kept.", found=f"none up to {until}", where=str(folder),
                         fix="--record names the folder, --date a later day.")  # fmt: skip
    parts = [f"Customer {customer_id}, lists made up to {until}"]
    later = _imported_after(noted, day)
    unknown = ("forgotten on request: whatever was kept of the customer is under a pseudonym" if forgotten(customer_id)
               else "not scored: no policy in force that was up for renewal, or no customer")  # fmt: skip
    for name in names:
        parts += [*_of_list(folder, name, customer_id, unknown), *_came_back(folder, name, customer_id, later)]
    parts += _changed(folder, noted)
    parts.append("Reasons are what goes together with leaving among similar customers; they are associations.")
    return "\n".join(parts)


def _imported_after(noted: list[dict[str, Any]], day: pd.Timestamp | None) -> set[str]:
    """Files of outcomes that nobody had on a day yet; each import says when it was, in the book's zone."""
    if day is None:
        return set()
    end = day + pd.Timedelta("1D") if day == day.normalize() else day
    when = {event["file"]: pd.Timestamp(event.get("on", event["at"])).tz_localize(None) for event in noted
            if event["what"] == "import"}  # fmt: skip
    return {file for file, at in when.items() if at >= end}


def _of_list(folder: Path, name: str, customer_id: str, unknown: str) -> list[str]:
    plan = kept_plan(folder, name)
    mine = plan.everyone[plan.everyone["customer_id"] == customer_id]
    lines = [f"\n{name}, made with what was known before {plan.as_of:%Y-%m-%d}"]
    if mine.empty:
        return [*lines, f"  {unknown}"]
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
    return lines


def _came_back(folder: Path, name: str, customer_id: str, later: set[str]) -> list[str]:
    lines = []
    for file, rows in kept_outcomes(folder, name):
        for back in rows[rows["customer_id"] == customer_id].to_dict("records") if file not in later else ():
            said = ", ".join(f"{key} {back[key]}" for key in _TOLD if back.get(key) not in (None, "", "nan", "None"))
            kept = " (kept, not counted)" if said and back.get("counts") == "no" else ""
            lines.append(f"  came back ({file}): {said or 'nothing filled in'}{kept}")
    return lines


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
    said = [f"\nNot as they were kept: {', '.join(wrong)}. Somebody changed them."] if wrong else []
    there = [
        *(f"{LISTS}/{name}" for name in lists(folder)),
        *(f"{OUTCOMES}/{name}" for name, _ in kept_outcomes(folder)),
    ]
    lost = [name for name in there if name not in latest]
    return said + ([f"\nNo event tells of {', '.join(lost)}: the end of {EVENTS} was cut off."] if lost else [])


def state_of(place: Path) -> str:
    """Return the digest of a file or a list as it is now, "" if it is gone."""
    if place.is_dir():
        return digest_of(place)
    return file_digest(place) if place.is_file() else ""
