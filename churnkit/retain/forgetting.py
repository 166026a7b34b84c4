"""Forgetting a customer on request: a pseudonym in every list and outcome, and no way back through an old file."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from churnkit.retain.audit import state_of
from churnkit.retain.record import LISTS, OUTCOMES, events, note

FORGOTTEN = "forgotten-"


def alias_of(customer_id: str, salt: bytes) -> str:
    """Return the pseudonym of a customer; it is the same each time, and without the salt nobody finds it."""
    return FORGOTTEN + hmac.new(salt, customer_id.encode(), hashlib.sha256).hexdigest()[:12]


def forgotten_in(folder: Path, salt: Callable[[], bytes]) -> Callable[[str], bool]:
    """Return a function that says who was forgotten in a record; the salt is asked for only if somebody was."""
    aliases = {event["alias"] for event in events(folder) if event["what"] == "forget"}
    if not aliases:
        return lambda _: False
    secret = salt()
    return lambda who: alias_of(who, secret) in aliases


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
    alias = alias_of(customer_id, salt)
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
    files = {name: state_of(folder / name) for name in touched}
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
