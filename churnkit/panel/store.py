"""A panel in a folder: a Parquet file per bucket, written as it is done, and what a stopped build goes on from."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from churnkit.book.open import Book
from churnkit.errors import UsageError
from churnkit.panel.columns import parts_of
from churnkit.panel.owners import load_owners
from churnkit.panel.panel import PART, SHEET, Panel, part_files, read_counts
from churnkit.panel.task import Task

_UNITS = {"MB": 1 << 20, "GB": 1 << 30}
_FIXED = 380 << 20  # Python with pandas, pyarrow and DuckDB, before any row
_LEAST = 600 << 20
_MOST = 4096
_PER_EVENT, _PER_CELL, _PER_ROW = 260, 12, 800  # bytes, measured at their peaks (experiments/003-panel-speed)


@dataclass(frozen=True)
class Work:
    """A task whose panels go to a folder."""

    task: Task
    folder: str
    digest: str

    def __call__(self, bucket: int, tables: Mapping[str, pa.Table]) -> dict[str, Any]:
        """Build and write one bucket's panel; return what was counted."""
        panel, counts = self.task.panel(tables)
        target = Path(self.folder) / PART.format(bucket)
        panel.write(target, counts=counts, digest=self.digest)
        return {"bucket": bucket}


def build_stored(book: Book, task: Task, buckets: int, *, to: str | os.PathLike[str] | None,
                 progress: Callable[[int, int], None] | None) -> tuple[Panel, dict[str, Any]]:  # fmt: skip
    """Build a panel bucket by bucket into a folder, going on with what is there of the same panel."""
    if to is None and book.remote:
        raise UsageError("On a cluster a panel goes to a folder that all its machines see.", found="none",
                         fix='build_panel(..., to="/shared/panel"), or churnkit panel --engine spark --to')  # fmt: skip
    kept = to is not None
    folder = Path(to).expanduser() if to is not None else Path(tempfile.mkdtemp(prefix="churnkit-panel-"))
    owners = load_owners(book, buckets=buckets, households=task.by_household)
    digest = _digest(book, task, buckets)
    done = _begun(folder, digest) if kept else set()
    queries, work = task.queries(book, owners), Work(task, str(folder), digest)
    rest = [bucket for bucket in owners.buckets if bucket not in done]
    for number, _ in enumerate(book.by_bucket(queries, work, buckets=rest), start=len(done) + 1):
        if progress is not None:
            progress(number, buckets)
    counts = totals(read_counts(file) for _, file in part_files(folder))
    panel = Panel.stored(folder, target=task.target, features=task.features)
    if not kept:
        weakref.finalize(panel, _forget, folder)
    return panel, counts


def totals(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of all parts, added up."""
    total: dict[str, Any] = dict.fromkeys(("observed", "rows", "ones", "zeros"), 0)
    named: dict[str, Counter[str]] = {"excluded": Counter(), "unripe": Counter()}
    for counts in parts:
        for name in total:
            total[name] += counts[name]
        for name, found in named.items():
            found.update(counts[name])
    return total | {name: dict(found) for name, found in named.items()}


def described(panel: Panel, info: dict[str, Any]) -> Panel:
    """Return the panel with its info, in its folder too where it lies in one."""
    panel.info.update(info)
    if panel.folder is not None:
        _write_sheet(panel.folder, _sheet(panel.folder) | {"info": info, "complete": True})
    return panel


def buckets_for(book: Book, task: Task, memory: str | None) -> int:
    """Into how many buckets the customers must be divided for the build to stay within `memory`.

    On a cluster the memory is that of each of its Python workers, and each gets something to do.

    Parameters
    ----------
    memory : str or None
        As ``"2GB"`` or ``"800MB"``: at least 600 MB. None is one bucket here, and 2 GB on a cluster.
    """
    if memory is None and not book.distributed:
        return 1
    memory = memory or "2GB"
    amount = _bytes(memory)
    if amount < _LEAST:
        raise UsageError("A panel is built in at least 600 MB.", found=repr(memory), fix='memory="1GB"')
    room = amount - amount // 4 - _FIXED
    events = sum(book.rows(table) for table in {f.table for f in parts_of(task.features)} & book.tables)
    when = max(len(task.leads), len(task.moments), 1)
    rows = book.rows("customers" if task.target == "churn" else "terms")
    rows *= when if task.target != "cancellation" else 2  # of under 60 days: two month starts at the most
    if task.as_of:
        rows = book.rows("customers" if task.target == "churn" else "policies")
    needed = events * _PER_EVENT + rows * (_PER_ROW + _PER_CELL * len(parts_of(task.features)))
    return min(max(book.workers, math.ceil(needed / room)), _MOST, max(1, book.rows("customers")))


def engine_share(memory: str | None) -> str | None:
    """The part of the memory that the engine may have."""
    return None if memory is None else f"{_bytes(memory) // 4 >> 20}MB"


def _bytes(memory: str) -> int:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(MB|GB)\s*", memory, re.IGNORECASE) if isinstance(memory, str) else None
    if found is None:
        raise UsageError("Memory is an amount in MB or GB.", found=repr(memory), fix='memory="2GB"')
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _digest(book: Book, task: Task, buckets: int) -> str:
    """What a panel depends on: the book's content, all that is asked, and how it is divided."""
    told = json.dumps([book.fingerprint, asdict(task), buckets], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def _begun(folder: Path, digest: str) -> set[int]:
    """Buckets that an earlier build of the same panel has finished; a folder with anything else is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / SHEET).is_file():
        if _sheet(folder).get("digest") != digest:
            raise UsageError(
                "A folder holds one panel.", found="another panel, or one of another book or memory", where=str(folder),
                fix="Choose another folder, or delete this one.",
            )  # fmt: skip
        for unfinished in folder.glob(".part-*"):
            unfinished.unlink()
        return {number for number, file in part_files(folder) if read_counts(file)["digest"] == digest}
    if any(folder.iterdir()):
        raise UsageError("A panel goes to an empty folder.", found="other files", where=str(folder),
                         fix="Choose another folder.")  # fmt: skip
    _write_sheet(folder, {"digest": digest, "complete": False})
    return set()


def _sheet(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / SHEET).read_text()) if (folder / SHEET).is_file() else {}
    return found


def _write_sheet(folder: Path, content: dict[str, Any]) -> None:
    unfinished = folder / f".{SHEET}"
    unfinished.write_text(json.dumps(content, ensure_ascii=False, indent=1))
    unfinished.replace(folder / SHEET)


def _forget(folder: Path) -> None:
    for file in folder.glob("*"):
        file.unlink(missing_ok=True)
    folder.rmdir()
