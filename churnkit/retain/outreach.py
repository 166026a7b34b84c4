"""Outcomes into the book: rows are appended to ``outreach``, and what is there already is not written twice."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from churnkit.book.settings import read_settings
from churnkit.errors import UsageError

KINDS = (".parquet", ".csv")
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
    file: str | os.PathLike[str], rows: pd.DataFrame, *, undated: Collection[str] = ()
) -> int:  # fmt: skip
    """Append rows that are new, or say something new of an action, and return how many.

    A row whose action is there with the same content is left out, so that a list may be imported again. What changed is
    a further version of its row, with a later ``recorded_at``: nothing is overwritten. A row that says nothing never
    becomes a version of one that is there: where two people send back a part of the list each, neither takes away what
    the other wrote. The file is written anew and moved into place.

    Parameters
    ----------
    file : .parquet or .csv
    rows : DataFrame, rows of ``outreach``
    undated : actions whose contact has no day of its own: they keep the one under which they are known

    Raises
    ------
    UsageError
        If the file is neither .parquet nor .csv.
    """
    path = Path(file)
    if path.suffix.lower() not in KINDS or not path.resolve().parent.is_dir():
        raise UsageError("Outcomes go to a .parquet or .csv file in a folder that exists.", found=str(path))
    before = _read(path) if path.is_file() else pd.DataFrame(columns=rows.columns)
    content = [name for name in rows.columns if name != "recorded_at"]
    latest = before.drop_duplicates("action_id", keep="last") if "action_id" in before else before
    rows = _as_known(rows, latest, undated)
    known = dict(zip(latest.get("action_id", []), _said(latest.reindex(columns=content)), strict=True))
    said = zip(rows["action_id"], _said(rows[content]), _silent(rows), strict=True)
    new = np.array([action not in known or (known[action] != each and not silent) for action, each, silent in said],
                   dtype=bool)  # fmt: skip
    if new.any():
        _write(path, before, rows[new])
    return int(new.sum())


def _as_known(rows: pd.DataFrame, latest: pd.DataFrame, undated: Collection[str]) -> pd.DataFrame:
    """Rows with the day under which an undated contact is known: a second import is no second day."""
    if "action_id" not in latest or "contacted_at" not in latest:
        return rows
    days = pd.to_datetime(latest["contacted_at"], format="mixed").set_axis(latest["action_id"]).dropna()
    mine = rows["action_id"].isin(undated) & rows["action_id"].isin(days.index)
    rows = rows.copy()
    rows.loc[mine, "contacted_at"] = days.reindex(rows.loc[mine, "action_id"]).to_numpy()
    return rows


def _silent(rows: pd.DataFrame) -> pd.Series:
    """Whether nothing came back of a row: no contact, no outcome, no offer, no override."""
    return rows[list(BROUGHT)].isna().all(axis=1) & ~rows["overridden"].isin([True])


def _said(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    """Each row's content as texts that are the same whatever kind of file it was read from."""
    columns = []
    for name in map(str, rows):
        column = rows[name]
        if name.endswith("_at"):
            text = pd.to_datetime(column, format="mixed").dt.strftime("%Y-%m-%d %H:%M:%S")
        elif name in ("offer_value", "cost"):
            text = pd.to_numeric(column, errors="coerce").map(lambda x: "" if np.isnan(x) else f"{x:.4f}")
        else:
            text = column.astype(object).map(lambda x: str(x).lower() if isinstance(x, bool | np.bool_) else x)
        columns.append(["" if pd.isna(each) else str(each).strip() for each in text.astype(object)])
    return list(zip(*columns, strict=True)) if len(rows) else []


def _read(path: Path) -> pd.DataFrame:
    if path.suffix.lower() == ".parquet":
        return pd.read_parquet(path)
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if "overridden" in frame:
        for name in ("overridden", "reached"):
            frame[name] = frame[name].str.lower() if name in frame else ""
    return frame


def _write(path: Path, before: pd.DataFrame, rows: pd.DataFrame) -> None:
    both = pd.concat([before, rows], ignore_index=True) if len(before) else rows
    unfinished = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        if path.suffix.lower() == ".parquet":
            for name in ("reached", "overridden"):
                both[name] = both[name].map(lambda x: None if pd.isna(x) else bool(x)).astype("boolean")
            both.to_parquet(unfinished, index=False)
        else:
            both.to_csv(unfinished, index=False, encoding="utf-8-sig", date_format="%Y-%m-%d %H:%M:%S")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
