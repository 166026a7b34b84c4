"""The clean book as a Chinese insurer's core system would export it: the same facts, in every awkward form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from churnkit.book.schema import TABLES
from churnkit.simulate.book import MARK
from churnkit.simulate.chinese import COLUMNS, FILES, VALUES
from churnkit.simulate.draft import SETTINGS, Draft, draws, open_draft, publish
from churnkit.simulate.renumber import CLOCKS, Renumbered, renumber

README = "说明.txt"
_NOTE = f"""{MARK}
导出说明（模拟数据）：文件编码 GB18030；终保日期为最后保障日（24时止）；保费以百分号记（1234.56 元写作 123456%）；
保额以万元计；每次续保换新保单号，标的号不变；事件按发生时有效的保单号记录。
"""


def _percent(value: float) -> str:
    return f"{round(value * 100)}%"


def _ten_thousands(value: float) -> str:
    return f"{_plain(round(value / 10_000, 6))}万"


def _thousands(value: float) -> str:
    return f"{value:,.2f}"


def _plain(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def _full_width(value: float) -> str:
    return _plain(value).translate(str.maketrans("0123456789.", "０１２３４５６７８９．"))


def _chinese_day(day: pd.Timestamp) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _slash_day(day: pd.Timestamp) -> str:
    return f"{day.year}/{day.month}/{day.day}"


def _slash_moment(moment: pd.Timestamp) -> str:
    return f"{_slash_day(moment)} {moment.hour}:{moment:%M:%S}"


_BY_TYPE: dict[str, Callable[..., str]] = {
    "date": _chinese_day, "ts": _slash_moment, "money": _thousands, "number": _plain, "integer": _plain,
    "bool": lambda value: "是" if value else "否",
}  # fmt: skip
_BY_COLUMN: dict[tuple[str, str], Callable[..., str]] = {
    ("terms", "premium"): _percent, ("terms", "sum_insured"): _ten_thousands, ("surveys", "score"): _full_width,
    ("policies", "inception_date"): _slash_day, ("customers", "deceased_date"): _slash_day,
    ("calendar", "date"): lambda day: f"{day:%Y%m%d}",
    **{("economics", name): _percent for name in ("loss_ratio", "commission_ratio", "expense_ratio", "discount_rate")},
}  # fmt: skip


def _written(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table that the export has, under its names and in its form; empty where nothing is known."""
    columns = {}
    for ours, theirs in COLUMNS[table].items():
        spec, words = TABLES[table].column(ours), VALUES.get(table, {}).get(ours, {})
        form = _BY_COLUMN.get((table, ours), _BY_TYPE.get(spec.type if spec else "text", str))
        columns[theirs] = [
            "" if pd.isna(value) else words.get(value, form(value) if form is not str else str(value))
            for value in frame[ours]
        ]
    return pd.DataFrame(columns, dtype=str)


def _cover(renumbered: Renumbered) -> pd.DataFrame:
    """One row per period of cover: the policy's own columns, then the period's, which ends on its last covered day."""
    periods = renumbered.terms.assign(end_date=renumbered.terms["end_date"] - pd.Timedelta(days=1))
    policies, terms = _written("policies", renumbered.policies), _written("terms", periods)
    return pd.concat([policies, terms.drop(columns=COLUMNS["terms"]["policy_id"])], axis=1)


def ugly_export(folder: str | Path, out: str | Path, *, seed: int = 0) -> Path:
    """Write a clean simulated book as a Chinese insurer's export, with no settings beside it.

    GB18030 CSV files with Chinese names and headers; policies and terms in one file, a row per period of cover, a
    new policy number (保单号) at every renewal and no link to the one before but the object number (标的号); last
    covered days for end dates; premiums percent-signed (1234.56 as ``123456%``), sums insured in 万, other amounts
    with thousands separators; ``2024年1月5日``, ``2024/1/5``, ``20240105`` and ``2024/1/5 8:05:09``; 是 and 否;
    full-width scores, empty where not answered. Events bear the policy number that was in force when they happened.
    A policy's own recording time is 建档时间, that of a period 录入时间; 失效日期 is the first day without cover.
    Nothing but the policy numbers differs once it is read back: `COLUMNS` and `VALUES` of
    `churnkit.simulate.chinese` say how.

    Parameters
    ----------
    folder : path of the clean book, as `simulate_book` wrote it in Parquet
    out : path of the export; replaced if it is an export without a ``churnkit.toml`` that somebody has added
    seed : int; the same seed gives the same files

    Returns
    -------
    Path of the export.

    Raises
    ------
    UsageError
        If `folder` is no clean simulated book, or `out` holds something else.
    """
    draft = open_draft(folder)
    return publish(out, lambda partial: _export(draft, partial, seed), ours=_is_export, clean=draft.folder)


def _is_export(folder: Path) -> bool:
    note = folder / README
    marked = note.is_file() and note.read_bytes().startswith(MARK.encode())
    return marked and not (folder / SETTINGS).exists()


def _export(draft: Draft, folder: Path, seed: int) -> None:
    renumbered = renumber(draft.table("terms"), draft.table("policies"), draws(seed, "ugly"))
    _save(_cover(renumbered), folder / FILES["terms"])
    for name in (table for table in draft.tables if table not in ("policies", "terms")):
        frame = draft.table(name)
        if name in CLOCKS:
            frame = frame.assign(policy_id=renumbered.in_force(frame, CLOCKS[name]))
        _save(_written(name, frame), folder / FILES[name])
    (folder / README).write_text(_NOTE, encoding="gb18030")


def _save(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, encoding="gb18030", lineterminator="\r\n")
