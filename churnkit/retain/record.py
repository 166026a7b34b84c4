"""What was listed, exported and brought back, kept so that it can be told later: a folder that only grows.

``lists/<id>/`` holds a list whole; ``outcomes/<id>-<n>.parquet`` what came back, cell by cell as it was typed;
``events.jsonl`` one line per list, export, import and deletion, each with the digest of the line before, so that a line
taken out or changed shows. Events name no customer: who is forgotten is replaced in the lists and outcomes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from churnkit.errors import ContractError, UsageError
from churnkit.retain.plan import RetentionPlan
from churnkit.retain.rules import Rules

EVENTS, LISTS, OUTCOMES = "events.jsonl", "lists", "outcomes"
_FIRST = "0" * 16
_LOT = ("customer_id", "household_id", "arm", "held")
FORGOTTEN = "forgotten-"  # what the name of whoever was forgotten begins with
FINAL_DAYS = 60  # after its day a renewal may still come late, and be recorded later still


def keep_plan(
    folder: Path, plan: RetentionPlan, *, what: str = "list", output: str = "", replaces: Collection[str] = ()
) -> None:
    """Keep a list, once, and note that it was made or exported, and in the place of which others of its day.

    Raises
    ------
    ContractError
        If another list is kept under that name: nothing of the record is written over.
    """
    place = folder / LISTS / plan.list_id
    unfinished = place.with_name(f".{os.getpid()}-{plan.list_id}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    plan.everyone.to_parquet(unfinished / "everyone.parquet", index=False)
    plan.policies.to_parquet(unfinished / "policies.parquet", index=False)
    told = {"list_id": plan.list_id, "as_of": plan.as_of.isoformat(), "measured": plan.measured,
            "cost_text": plan.cost_text, "marks": list(plan.marks), "rules": plan.rules.as_dict()}  # fmt: skip
    (unfinished / "plan.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    if not place.exists():
        unfinished.rename(place)
    elif digest_of(place) != digest_of(unfinished):
        shutil.rmtree(unfinished)
        raise _kept_otherwise(folder, plan)
    else:
        shutil.rmtree(unfinished)
    arms = plan.everyone["arm"].value_counts()
    note(folder, what, list_id=plan.list_id, as_of=f"{plan.as_of:%Y-%m-%d}", listed=int(arms.get("treat", 0)),
         held=int(arms.get("holdout", 0)), output=output, digest=digest_of(place),
         **({"replaces": sorted(replaces)} if replaces else {}))  # fmt: skip


def _kept_otherwise(folder: Path, plan: RetentionPlan) -> ContractError:
    """Why a list cannot be kept: the one kept under its name says something else."""
    kept = _rows(folder, plan.list_id, "everyone", ["customer_id"])["customer_id"]
    gone = int((kept.str.startswith(FORGOTTEN) & ~kept.isin(plan.everyone["customer_id"])).sum())
    found, fix = f"another list {plan.list_id}", "Something of the book has changed since: make a list of a later day."
    if gone:
        found = f"list {plan.list_id} is kept, and {gone} of its customers were forgotten on request since"
        fix = "Take whoever was forgotten out of the book and the scores: what is then made is a new list."
    return ContractError("A list is kept once, and never written over.", found=found,
                         where=str(folder / LISTS / plan.list_id), fix=fix)  # fmt: skip


def kept_plan(folder: Path, list_id: str) -> RetentionPlan:
    """Read a list back.

    Raises
    ------
    UsageError
        If there is no such list.
    """
    place = folder / LISTS / list_id
    if not list_id or not (place / "plan.json").is_file():
        raise UsageError("A list is one that churnkit plan kept.", found=f"no list {list_id!r}", where=str(folder),
                         fix=f"Known: {', '.join(lists(folder)) or 'none'}; --record names the folder.")  # fmt: skip
    told, rules = _told(folder, list_id)
    return RetentionPlan(
        _rows(folder, list_id, "everyone"), _rows(folder, list_id, "policies"), told["list_id"], told["as_of"], rules,
        told["measured"], told["cost_text"], tuple(told["marks"]),
    )  # fmt: skip


def _told(folder: Path, name: str) -> tuple[dict[str, Any], Rules]:
    """What is kept of a list beside its rows, with its rules."""
    path, known = folder / LISTS / name / "plan.json", {each.name for each in fields(Rules)}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        told["as_of"] = pd.Timestamp(told["as_of"])
        rules = Rules(**{name: value for name, value in told["rules"].items() if name in known})
        if not {"list_id", "measured", "cost_text", "marks"} <= {*told} or pd.isna(told["as_of"]):
            raise KeyError("it is not whole")
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise _damaged(path, error) from error
    return told, rules


def _rows(folder: Path, name: str, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    return _table(folder / LISTS / name / f"{table}.parquet", columns)


def _table(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=None if columns is None else list(columns))
    except (ValueError, KeyError, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ContractError:
    return ContractError("What the record keeps can be read.", found=f"{path.name} cannot: {error}",
                         where=str(path), fix="It is damaged: restore the file from a copy of the record.")  # fmt: skip


def lists(folder: Path) -> list[str]:
    """Names of the lists that are kept, the earliest first."""
    return sorted(path.parent.name for path in (folder / LISTS).glob("L*/plan.json"))


def earlier_arms(folder: Path, as_of: pd.Timestamp, *, leave_out: Collection[str] = ()) -> pd.DataFrame:
    """Return customer_id, household_id, arm, held, as_of and share held out of lists whose experiment is not over.

    It lasts until the last renewal that a list is about is final: its own window, and `FINAL_DAYS` after it. A customer
    has one row: in an arm a hold-out before a call, the latest first; in none the latest lot. Lists that another one of
    their day has replaced do not count.

    Parameters
    ----------
    leave_out : names of further lists that do not count
    """
    arms, lots = [], pd.DataFrame(columns=[*_LOT, "as_of", "share"])
    for name in sorted({*lists(folder)} - {*leave_out} - replaced(folder), reverse=True):
        told, rules = _told(folder, name)
        window = pd.Timedelta(days=rules.due_within_days + FINAL_DAYS)
        if not as_of - window < told["as_of"] <= as_of:
            continue
        one = _rows(folder, name, "everyone", _LOT).assign(as_of=told["as_of"], share=rules.holdout)
        arms.append(one[one["arm"] != ""])
        if rules.holdout > 0:  # else it drew no lots
            fresh = one[~one["customer_id"].isin(lots["customer_id"])]
            lots = pd.concat([lots, fresh]) if len(lots) else fresh
    if not arms:
        return lots
    armed = pd.concat(arms).sort_values(["arm", "as_of"], ascending=[True, False], kind="stable")
    armed = armed.drop_duplicates("customer_id")
    return pd.concat([armed, lots[~lots["customer_id"].isin(armed["customer_id"])].assign(arm="")], ignore_index=True)


def replaced(folder: Path) -> set[str]:
    """Return the lists in whose place another one of their day was made before anything had come back of them."""
    gone: set[str] = set()
    for event in events(folder):
        if event["what"] == "list":
            gone = (gone | {*event.get("replaces", ())}) - {event["list_id"]}
    return gone


def replaces(folder: Path, list_id: str) -> list[str]:
    """Return the lists of its day that a list has replaced, as it was last made."""
    made = [event for event in events(folder) if event["what"] == "list" and event["list_id"] == list_id]
    return [*made[-1].get("replaces", ())] if made else []


def replaceable(folder: Path, plan: RetentionPlan) -> set[str]:
    """Return lists of the plan's day about the same customers of which nothing has come back: trials, by all signs.

    About the same customers are two lists if more than half of the shorter one are on the other: who makes a list for
    each branch or line on the same day makes several, and all of them count.
    """
    mine, found = {*plan.everyone.loc[plan.everyone["arm"] == "treat", "customer_id"]}, set()
    of_day = [name for name in lists(folder) if name.startswith(f"L{plan.as_of:%Y%m%d}-")]
    for name in {*of_day} - (replaced(folder) if of_day else set()):
        one = _rows(folder, name, "everyone", ["customer_id", "arm"])
        theirs = {*one.loc[one["arm"] == "treat", "customer_id"]}
        back = any((folder / OUTCOMES).glob(f"{name}-*.parquet"))
        if not back and 2 * len(mine & theirs) > min(len(mine), len(theirs)):
            found.add(name)
    return found


def same_list(folder: Path, as_of: pd.Timestamp, rules: Rules) -> str:
    """Return the name of a list of that day by the same rules, the latest; "" where there is none."""
    for name in reversed(lists(folder)):
        told, _ = _told(folder, name)
        if told["as_of"] == as_of and told["rules"] == json.loads(json.dumps(rules.as_dict())):
            return name
    return ""


def keep_outcomes(folder: Path, list_id: str, rows: pd.DataFrame, **facts: Any) -> None:
    """Keep what came back of a list, as a further file."""
    place = folder / OUTCOMES
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{list_id}-{len(list(place.glob(f'{list_id}-*.parquet'))) + 1:03d}.parquet"
    unfinished = file.with_name(f".{os.getpid()}-{file.name}")
    rows.astype("str").to_parquet(unfinished, index=False)
    unfinished.rename(file)
    note(folder, "import", list_id=list_id, file=file.name, digest=file_digest(file), **facts)


def kept_outcomes(folder: Path, list_id: str = "") -> Iterator[tuple[str, pd.DataFrame]]:
    """What came back, file by file, the earliest first."""
    for file in sorted((folder / OUTCOMES).glob(f"{list_id or 'L'}*.parquet")):
        yield file.name, _table(file)


def note(folder: Path, what: str, **facts: Any) -> None:
    """Write one line to the events, chained to the line before."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / EVENTS
    before = path.read_text(encoding="utf-8").splitlines()[-1:] if path.is_file() else []
    previous = hashlib.sha256(before[0].encode()).hexdigest()[:16] if before else _FIRST
    event = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "what": what, **facts, "previous": previous}
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
        file.write(json.dumps(event, ensure_ascii=False) + "\n")


def events(folder: Path) -> list[dict[str, Any]]:
    """Return all events.

    Raises
    ------
    ContractError
        If a line was changed or taken out since it was written.
    """
    path = folder / EVENTS
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found, previous = [], _FIRST
    for number, line in enumerate(lines, start=1):
        try:
            event = json.loads(line)
        except ValueError:
            event = {}
        if event.get("previous") != previous:
            raise ContractError("The record only grows: each line continues the line before.",
                                found=f"line {number} does not", where=str(path),
                                fix="Somebody changed it; restore it from a copy.")  # fmt: skip
        found.append(event)
        previous = hashlib.sha256(line.encode()).hexdigest()[:16]
    return found


def digest_of(place: Path) -> str:
    return hashlib.sha256("".join(file_digest(each) for each in sorted(place.iterdir())).encode()).hexdigest()[:16]


def file_digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
