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
from collections.abc import Iterator
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
FINAL_DAYS = 60  # after its day a renewal may still come late, and be recorded later still


def keep_plan(folder: Path, plan: RetentionPlan, *, what: str = "list", output: str = "") -> None:
    """Keep a list, once, and note that it was made or exported.

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
        raise ContractError("A list is kept once, and never written over.", found=f"another list {plan.list_id}",
                            where=str(place), fix="Make a new list with plan_retention.")  # fmt: skip
    else:
        shutil.rmtree(unfinished)
    arms = plan.everyone["arm"].value_counts()
    note(folder, what, list_id=plan.list_id, as_of=f"{plan.as_of:%Y-%m-%d}", listed=int(arms.get("treat", 0)),
         held=int(arms.get("holdout", 0)), output=output, digest=digest_of(place))  # fmt: skip


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
    told = json.loads((place / "plan.json").read_text(encoding="utf-8"))
    known = {each.name for each in fields(Rules)}
    rules = Rules(**{name: value for name, value in told["rules"].items() if name in known})
    return RetentionPlan(
        pd.read_parquet(place / "everyone.parquet"), pd.read_parquet(place / "policies.parquet"), told["list_id"],
        pd.Timestamp(told["as_of"]), rules, told["measured"], told["cost_text"], tuple(told["marks"]),
    )  # fmt: skip


def lists(folder: Path) -> list[str]:
    """Names of the lists that are kept, the earliest first."""
    return sorted(path.parent.name for path in (folder / LISTS).glob("L*/plan.json"))


def earlier_arms(folder: Path, as_of: pd.Timestamp, *, leave_out: str = "") -> pd.DataFrame:
    """Return customer_id, household_id, arm and as_of of lists whose experiment is not over, a hold-out before a call.

    It lasts until the last renewal that a list is about is final: its own window, and `FINAL_DAYS` after it.

    Parameters
    ----------
    leave_out : str, name of a list that does not count
    """
    parts, names = [], ["customer_id", "household_id", "arm"]
    for name in lists(folder):
        plan = json.loads((folder / LISTS / name / "plan.json").read_text(encoding="utf-8"))
        made, window = pd.Timestamp(plan["as_of"]), plan["rules"]["due_within_days"] + FINAL_DAYS
        if name != leave_out and as_of - pd.Timedelta(days=window) < made <= as_of:
            one = pd.read_parquet(folder / LISTS / name / "everyone.parquet", columns=names)
            parts.append(one[one["arm"] != ""].assign(as_of=made))
    if not parts:
        return pd.DataFrame(columns=[*names, "as_of"])
    return (
        pd.concat(parts)
        .sort_values(["arm", "as_of"], ascending=[True, False], kind="stable")
        .drop_duplicates("customer_id", ignore_index=True)
    )


def same_list(folder: Path, as_of: pd.Timestamp, rules: Rules) -> str:
    """Return the name of a list of that day by the same rules, the latest; "" where there is none."""
    for name in reversed(lists(folder)):
        plan = json.loads((folder / LISTS / name / "plan.json").read_text(encoding="utf-8"))
        if pd.Timestamp(plan["as_of"]) == as_of and plan["rules"] == json.loads(json.dumps(rules.as_dict())):
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
        yield file.name, pd.read_parquet(file)


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
