"""Forgetting a customer on request: a pseudonym in every list and outcome, and no way back through an old file."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from churnkit.retain.audit import state_of
from churnkit.retain.cells import choice_of, date_of, number_of
from churnkit.retain.headings import OTHER
from churnkit.retain.record import FORGOTTEN, LISTS, OUTCOMES, events, note
from churnkit.retain.sheet import FILLED, SheetColumn, action_ids


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
        if "action_id" in rows:  # a row may say only by its reference whose it is
            mine |= rows["action_id"] == action_ids(file.stem.rpartition("-")[0], pd.Series([customer_id])).iloc[0]
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
    """The rows with the customer's name, household, policies and whatever was typed freely gone."""
    rows, typed = rows.copy(), {column.name: column for column in FILLED}
    for name in map(str, rows.columns):
        if name in ("customer_id", "household_id", "policy_id", "action_id"):  # a reference is a digest of the id
            rows.loc[mine, name] = alias
        elif name in typed:
            rows.loc[mine, name] = [_plainly(str(cell), typed[name]) for cell in rows.loc[mine, name]]
        elif name.startswith(("reason_", OTHER)):
            rows.loc[mine, name] = ""
    return rows


def _plainly(cell: str, column: SheetColumn) -> str:
    """A cell as far as it is a day, an amount or one of the words; anybody may type a name into any cell."""
    if column.kind == "date":
        day = date_of(cell)
        return "" if day is None else f"{day:%Y-%m-%d}"
    if column.kind == "choice":
        return cell if choice_of(cell, column) else ""
    return cell if column.kind == "money" and number_of(cell) is not None else ""
