"""Outcomes into the book: rows are appended to ``outreach``, and what is there already is not written twice."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnkit.book.settings import read_settings
from churnkit.errors import UsageError
from churnkit.retain.growing import grow, kind_of, versions, word

KINDS = (".parquet", ".csv")
_SAME = dict.fromkeys(("true", "t", "1", "y", "yes", "是"), "yes") | dict.fromkeys(
    ("false", "f", "0", "n", "no", "否"), "no")  # fmt: skip
BROUGHT = ("contacted_at", "reached", "outcome", "offer_value", "override_reason")


def outreach_file(book: str | os.PathLike[str]) -> Path:
    """Return the file of a book's folder that holds ``outreach``; where there is none, the one to be made.

    Raises
    ------
    UsageError
        If the book is no folder, or its outreach has names or a shape of its own: nothing is guessed into it.
    """
    folder = Path(book)
    fix = "Name a file of its own with --to outreach.parquet, and load it with the insurer's own means."
    if not folder.is_dir():
        raise UsageError("Outcomes are appended to a book that is a folder.", found=str(book), fix=fix)
    settings = read_settings(folder)
    own = [name for name in ("columns", "values", "scale", "constant", "file", "sheet") if
           getattr(settings, name).get("outreach")]  # fmt: skip
    files = [path for path in sorted(folder.glob("outreach.*")) if not path.name.startswith(".")]
    odd = [path.name for path in files if path.suffix.lower() not in KINDS]
    if own or odd or len(files) > 1 or (folder / "outreach").is_dir():
        found = (
            f"settings of its own: {', '.join(own)}" if own else ", ".join(path.name for path in files) or "a folder"
        )
        raise UsageError("Outcomes are appended to outreach.parquet or outreach.csv as the contract names its columns.",
                         found=found, where=str(folder), fix=fix)  # fmt: skip
    return files[0] if files else folder / "outreach.parquet"


def append_outreach(
    file: str | os.PathLike[str], rows: pd.DataFrame, *, undated: Collection[str] = (), zone: str = "Asia/Shanghai",
    encoding: str = "",
) -> int:  # fmt: skip
    """Append rows that are new, or say something new of an action, and return how many.

    A row whose action is there with the same content is left out, so that a list may be imported again. What changed is
    a further version of its row, with a later ``recorded_at``: nothing is overwritten. A row that says nothing never
    becomes a version of one that is there: where two people send back a part of the list each, neither takes away what
    the other wrote. The file is written anew and moved into place; what is in it stays as it is written.

    Parameters
    ----------
    file : .parquet or .csv
    rows : DataFrame, rows of ``outreach``
    undated : actions whose contact has no day of its own: they keep the one under which they are known
    zone : the book's time zone, for files whose moments have a zone
    encoding : of a CSV file, where the settings give it

    Raises
    ------
    UsageError
        If the file is neither .parquet nor .csv, or does not read; it stays as it was.
    """
    path = Path(file)
    if path.suffix.lower() not in KINDS or not path.resolve().parent.is_dir():
        raise UsageError("Outcomes go to a .parquet or .csv file in a folder that exists.", found=str(path))
    content = [name for name in rows.columns if name != "recorded_at"]
    latest = pd.DataFrame(columns=rows.columns)
    if path.is_file():
        found = versions(path, set(rows["action_id"]), encoding=encoding)
        latest = found.drop_duplicates("action_id", keep="last").reindex(columns=rows.columns)
    rows = _as_known(rows, latest, undated, zone)
    known = dict(zip(latest["action_id"], _said(latest[content], zone), strict=True))
    said = zip(rows["action_id"], _said(rows[content], zone), _silent(rows), strict=True)
    new = np.array([action not in known or (known[action] != each and not silent) for action, each, silent in said],
                   dtype=bool)  # fmt: skip
    if new.any():
        grow(path, rows[new], zone=zone, encoding=encoding)
    return int(new.sum())


def asked_before(file: Path, actions: Collection[str], *, encoding: str = "") -> set[str]:
    """Return those of some actions of which a file says, in any version, that the customer asked not to be called."""
    if not file.is_file():
        return set()
    found = versions(file, set(actions), encoding=encoding).reindex(columns=["action_id", "outcome"])
    return set(found.loc[found["outcome"] == "do_not_call", "action_id"])


def _as_known(rows: pd.DataFrame, latest: pd.DataFrame, undated: Collection[str], zone: str) -> pd.DataFrame:
    """Rows with the day under which an undated contact is known: a second import is no second day."""
    days = latest["contacted_at"].map(lambda value: _moment(value, zone)).set_axis(latest["action_id"])
    days = days[[isinstance(day, pd.Timestamp) for day in days]]
    mine = rows["action_id"].isin(undated) & rows["action_id"].isin(days.index)
    rows = rows.copy()
    rows.loc[mine, "contacted_at"] = pd.to_datetime(days.reindex(rows.loc[mine, "action_id"])).to_numpy()
    return rows


def _silent(rows: pd.DataFrame) -> pd.Series:
    """Whether nothing came back of a row: no contact, no outcome, no offer, no override."""
    return rows[list(BROUGHT)].isna().all(axis=1) & ~rows["overridden"].isin([True])


def _said(rows: pd.DataFrame, zone: str) -> list[tuple[str, ...]]:
    """Each row's content as texts that are the same whatever kind of file it was read from."""
    columns = [[_same(value, kind_of(str(name)), zone) for value in rows[name].astype(object)] for name in rows]
    return list(zip(*columns, strict=True)) if len(rows) else []


def _same(value: Any, kind: str, zone: str) -> str:
    if pd.isna(value):
        return ""
    if kind == "moment":
        return str(_moment(value, zone))
    if kind == "bool":
        return _SAME.get(word(value).strip().lower(), word(value))
    try:
        return f"{float(value):.4f}" if kind == "money" else word(value).strip()
    except ValueError:
        return word(value).strip()


def _moment(value: Any, zone: str) -> Any:
    """A moment in the book's zone, to the second; what does not read stays as it is."""
    try:
        moment = pd.Timestamp(value)
        moment = moment.tz_convert(zone).tz_localize(None) if moment.tzinfo is not None else moment
        return "" if pd.isna(moment) else moment.floor("s")
    except (ValueError, TypeError):
        return value
