"""The retention team's week: a list out to Excel, what came of it back, whether it worked, what may be told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from churnkit.apps.workspace import Workspace, folder_of, salt_of
from churnkit.book.open import Book, open_book
from churnkit.book.settings import Settings, read_settings
from churnkit.errors import ChurnkitError, UsageError
from churnkit.moments import to_moment
from churnkit.retain.actions import read_actions
from churnkit.retain.audit import audit
from churnkit.retain.forgetting import forget, forgotten_in
from churnkit.retain.matching import Known
from churnkit.retain.outcomes import Outcomes, list_of, read_outcomes
from churnkit.retain.outreach import append_outreach, asked_before, outreach_file
from churnkit.retain.plan import RetentionPlan, plan_retention
from churnkit.retain.readout import ReadOut, read_out
from churnkit.retain.record import (
    earlier_arms,
    keep_outcomes,
    keep_plan,
    kept_outcomes,
    kept_plan,
    lists,
    replaceable,
    replaced,
    same_list,
)
from churnkit.retain.workbook import check_list, unwritable, up_to_date, write_list

RECORD = "retention"


def record_folder(record: Path | None, workspace: Workspace = None) -> Path:
    """Return the folder of the record: the one named, else ``retention`` in the workspace.

    Raises
    ------
    UsageError
        If it is a file.
    """
    folder = record or (folder_of(workspace) or Path.cwd()) / RECORD
    if folder.exists() and not folder.is_dir():
        raise UsageError("A record is a folder.", found=f"a file, {folder}", fix="Name another with --record.")
    return folder


def check_places(output: Path, record: Path, encoding: str = "utf-8-sig") -> None:
    """Refuse a list or a record that cannot be written, before any work is done.

    Raises
    ------
    UsageError
        If one of them cannot.
    """
    check_list(output, encoding)
    there = next(each for each in (record, *record.resolve().parents) if os.path.exists(each))
    if why := unwritable(there):
        raise UsageError("A record is kept where files may be written.", found=why, where=str(record),
                         fix="Name another with --record.")  # fmt: skip


def read_scores(path: Path) -> pd.DataFrame:
    """Read what churnkit score wrote.

    Raises
    ------
    UsageError
        If there is no such file, or it is of another kind.
    """
    if not path.is_file() or path.suffix.lower() not in (".parquet", ".csv"):
        raise UsageError("Scores are read from .parquet or .csv, as churnkit score writes them.", found=str(path),
                         fix="churnkit score DATA --as-of DAY -o scores.parquet")  # fmt: skip
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        scores = pd.read_csv(path, dtype={"customer_id": str, "policy_id": str}, encoding="utf-8-sig")
        return scores.assign(**{name: pd.to_datetime(scores[name]) for name in ("end_date", "as_of") if name in scores})
    except (ValueError, OSError) as error:
        raise UsageError("Scores can be read.", found=str(error), where=str(path)) from error


def caps_of(words: list[str]) -> dict[str, Any]:
    """Read caps as they are typed: ``branch=40``, ``channel:phone=300``.

    Examples
    --------
    >>> caps_of(["branch=40", "channel:phone=300", "channel:bank=20"])
    {'branch': 40, 'channel': {'phone': 300, 'bank': 20}}
    """
    caps: dict[str, Any] = {}
    for word in words:
        name, _, number = word.partition("=")
        group, one, value = name.partition(":")
        group = "agent_id" if group == "agent" else group
        both = group in caps and (not value or not isinstance(caps[group], Mapping) or value in caps[group])
        if not (number.isascii() and number.isdigit()) or both or (one and not value):
            raise UsageError("A cap is written branch=40, or channel:phone=300 for one of them.", found=repr(word))
        if value:
            caps.setdefault(group, {})[value] = int(number)
        else:
            caps[group] = int(number)
    return caps


def make_list(
    book: Book, scores: pd.DataFrame, output: Path, record: Path, *, actions: Path | None = None,
    new_business: Path | None = None, encoding: Any = "utf-8-sig", **rules: Any,
) -> RetentionPlan:  # fmt: skip
    """Plan, write and keep a list; customers of lists whose experiment is not over keep their arm.

    A list that is made once more, of the same day by the same rules from the same scores, is the list that is kept. It
    is kept before it is written: what came of a list that is not in the record could never be read back. A
    list of the same day about the same customers of which nothing has come back is replaced: it was a trial.
    """
    check_places(output, record, encoding)
    options = {"actions": None if actions is None else read_actions(actions),
               "new_business": None if new_business is None else read_prices(new_business), **rules}  # fmt: skip
    as_of = pd.Timestamp(scores["as_of"].iloc[0]) if len(scores) and "as_of" in scores else book.settings.data_cutoff
    plan = plan_retention(scores, book, earlier=earlier_arms(record, as_of), **options)
    before, trials = same_list(record, as_of, plan.rules), replaceable(record, plan)
    if before or trials:
        known = earlier_arms(record, as_of, leave_out={before, *trials})
        again = plan_retention(scores, book, earlier=known, **options)
        plan = again if trials or again.list_id == before else plan
    plan = up_to_date(plan, book)
    keep_plan(record, plan, output=output.name, replaces=trials - {plan.list_id})
    return write_list(plan, output, encoding=encoding)


def read_prices(path: Path) -> pd.DataFrame:
    """Read new-business prices from a CSV in any of the encodings that spreadsheets write.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return pd.read_csv(path, dtype={"policy_id": str}, encoding=encoding)
        except UnicodeDecodeError:
            continue
        except (ValueError, OSError) as error:
            raise UsageError("New-business prices are a CSV of policy_id and new_business_price.", found=str(error),
                             where=str(path)) from error  # fmt: skip
    raise UsageError("A CSV is UTF-8 or GB18030.", found="neither", where=str(path))


def import_outcomes(
    path: Path, data: str, record: Path, *, to: Path | None = None, list_id: str | None = None,
    workspace: Workspace = None,
) -> tuple[Outcomes, int, Path]:  # fmt: skip
    """Read a filled list, append it to ``outreach``, keep it; return what was read, how many rows were new, where."""
    target = outreach_file(data) if to is None else to
    plan = kept_plan(record, list_id or list_of(path))
    told = _settings(data)
    encoding = told.encoding.get("outreach", "")
    known = Known(partial(_in_book, data), forgotten_in(record, partial(salt_of, workspace)),
                  partial(asked_before, target, encoding=encoding))  # fmt: skip
    now = max(pd.Timestamp.now(told.timezone).tz_localize(None).floor("s"), plan.as_of)
    back = read_outcomes(path, plan, recorded_at=now, known=known)
    added = append_outreach(target, back.outreach, undated=back.undated, zone=told.timezone,
                            encoding=encoding)  # fmt: skip
    before = [cells for _, cells in kept_outcomes(record, plan.list_id)]
    if added or not before or not before[-1].equals(back.cells.astype("str")):  # notes are in the record only
        keep_outcomes(record, plan.list_id, back.cells, on=f"{now}", written=added, filled=back.filled,
                      overridden=back.overridden, added=back.added, findings=len(back.findings))  # fmt: skip
    return back, added, target


def _settings(data: str) -> Settings:
    """The book's own settings; what holds without any where it is no folder. No cutoff is asked for."""
    folder = Path(data)
    return read_settings(folder if folder.is_dir() else None, data_cutoff="2000-01-01")


def _in_book(data: str, customers: list[str]) -> set[str]:
    """Those of some customers whom the book has; nobody where it does not open: an import goes on without it."""
    try:
        known = open_book(data).sql("SELECT DISTINCT customer_id FROM customers").to_pandas()["customer_id"]
    except ChurnkitError:
        return set()
    return set(known) & set(customers)


def read_lists(book: Book, record: Path, names: list[str]) -> ReadOut:
    """Read out the lists named, else all that are kept."""
    trials = set() if names else replaced(record)
    chosen = names or sorted({*lists(record)} - trials)
    if not chosen:
        raise UsageError("A read-out is of lists that were kept.", found="none", where=str(record),
                         fix="churnkit plan keeps each list; --record names the folder.")  # fmt: skip
    plans = [kept_plan(record, name) for name in chosen]
    days = {name[:9] for name in chosen}  # one list of a day may have come back in the place of another
    cells = [rows for name in lists(record) if name[:9] in days for _, rows in kept_outcomes(record, name)]
    done = read_out(plans, book, cells=pd.concat(cells, ignore_index=True) if cells else None)
    return replace(done, replaced=tuple(sorted(trials)))


def told(record: Path, customer: str, day: str | None, workspace: Workspace = None) -> str:
    """Return what a customer could have been told on a day; all so far if None."""
    until = None if day is None else to_moment(day, name="--date").tz_localize(None)
    return audit(record, customer, until, forgotten=forgotten_in(record, partial(salt_of, workspace)))


def forgotten(record: Path, customer: str, workspace: Workspace = None) -> int:
    """Put a pseudonym in the customer's place; return in how many files and lists."""
    return forget(record, customer, salt_of(workspace))
