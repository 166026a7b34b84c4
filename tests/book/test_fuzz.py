"""Two thousand damaged files: every one ends in a finding or a clear error, never in a traceback."""

from __future__ import annotations

import io
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnkit.book.check import check_book
from churnkit.book.open import open_book
from churnkit.book.settings import EngineSettings, Settings
from churnkit.errors import ChurnkitError

TEXTS = {
    "customers": "customer_id,region,birth_year,do_not_call\nc1,华东,1980,是\nc2,西北,1990,否\nc3,\"a\nb\",,\n",
    "policies": "policy_id,customer_id,line,inception_date\np1,c1,motor,2024-01-01\np2,c2,home,2024年3月5日\n",
    "calendar": "date,working_day\n2025-12-31,1\n2026-01-01,0\n",
    "touchpoints": "touchpoint,journey_stage,name_zh\nclaim_call,claim,报案电话\n",
    "economics": "line,loss_ratio,commission_ratio,valid_from\nmotor,0.6,12%,2024-01-01\nhome,0.4,0.2,\n",
}  # fmt: skip
TOML = """data_cutoff = "2026-01-01"
timezone = "Asia/Shanghai"
[customers]
delay_days = 2
file = "customers.csv"
encoding = "utf-8"
[customers.columns]
region = "region"
[policies.values.line]
"车险" = "motor"
[churn]
gap_days = 90
[renewal]
leads = [14, 45]
"""
CELLS = ["", " ", "NaN", "inf", "-1e999", "9999-99-99", "2025-02-30", "2025年2月30日", "24:00", "1e400", "0x1F", "=1+1",
         '"', '""', "'", "\ufeff", "\u200b", "\u3000", "\x1a", "\x0b", "\x85", "\r", "𠀀", "１２，３", "12%",
         "3万", "--", "null", "a" * 5000, "99999999999999999999", "1.10105E+17", "45000.5", "-292277-01-01", "infinity",
         "$x", "{n}", "%s", "\\N", ";", "\t", "2024-01-01T00:00:00+99:99", "٣", "是", "c1,c2", "c1\n"]  # fmt: skip
WAYS = ["cut", "flip", "delete", "repeat", "nuls", "bytes", "cell", "encoding", "inner", "swap"]
ENCODINGS = ["gb18030", "utf-16", "utf-16-le", "utf-8-sig", "big5", "utf-32", "utf-7"]
DAMAGE = st.tuples(st.sampled_from(WAYS), st.floats(0, 1), st.integers(1, 40), st.integers(0, 2**32))
FUZZED = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@cache
def _valid(table: str, kind: str) -> bytes:
    text = TEXTS[table]
    if kind == "csv":
        return text.encode()
    rows = pa.csv.read_csv(io.BytesIO(text.encode()), parse_options=pa.csv.ParseOptions(newlines_in_values=True))
    out = io.BytesIO()
    if kind == "parquet":
        pq.write_table(rows, out)
        return out.getvalue()
    book = openpyxl.Workbook()
    for row in [rows.column_names, *([str(value) for value in each.values()] for each in rows.to_pylist())]:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def damaged(content: bytes, way: str, place: float, size: int, number: int) -> bytes:
    """Damage a file's bytes in one way, at a place between 0 and 1."""
    at = int(place * len(content))
    before, there, after = content[:at], content[at : at + size], content[at + size :]
    if way == "cut":
        return before
    if way == "flip":
        return before + bytes(byte ^ (1 << number % 8) for byte in there) + after
    if way == "delete":
        return before + after
    if way == "repeat":
        return before + there * (2 + number % 5) + after
    if way == "nuls":
        return before + bytes(size) + (after if number % 2 else there + after)
    if way == "bytes":
        return before + number.to_bytes(5, "little") * (size % 4 + 1) + after
    if way == "cell":
        return before + CELLS[number % len(CELLS)].encode() + (after if number % 2 else there + after)
    if way == "encoding":
        return _again(content, ENCODINGS[number % len(ENCODINGS)])
    if way == "inner":
        return _within(content, place, size, number)
    return after + there + before


def _again(content: bytes, encoding: str) -> bytes:
    try:
        return content.decode().encode(encoding)
    except UnicodeError:
        return content[::-1]


def _within(content: bytes, place: float, size: int, number: int) -> bytes:
    """Damage one part of a workbook and pack it again, so that the damage lies in its XML."""
    if not content.startswith(b"PK"):
        return damaged(content, "cell", place, size, number)
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            parts = {name: old.read(name) for name in old.namelist()}
    except Exception:  # damaged before
        return damaged(content, "flip", place, size, number)
    names = list(parts)
    wanted = names[number % len(names)] if number % 3 else "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(out, "w") as new:
        for name, part in parts.items():
            hurt = damaged(part, WAYS[number // 7 % 8], place, size, number // 11) if name == wanted else part
            new.writestr(name, hurt)
    return out.getvalue()


def _ends_well(folder: Path, **arguments: object) -> None:
    """Open and check; anything but findings or an error of ours fails the test."""
    try:
        book = open_book(folder, **arguments)
    except ChurnkitError:
        return
    try:
        found = check_book(book)
        assert all(item.found and item.severity in ("error", "warning", "note") for item in found.items)
        assert found.text
    except ChurnkitError:
        pass
    finally:
        book.close()


CHOSEN = Settings(data_cutoff="2026-01-01", engine=EngineSettings(threads=1, memory_limit="500MB"))
KINDS = {"customers": "csv", "policies": "csv", "calendar": "csv", "touchpoints": "xlsx", "economics": "parquet"}
OTHERS = {"customers": "xlsx", "policies": "parquet", "calendar": "xlsx", "touchpoints": "csv", "economics": "csv"}


FIVE = st.lists(st.lists(DAMAGE, min_size=1, max_size=3), min_size=5, max_size=5)
BOTH = pytest.mark.parametrize("kinds", [KINDS, OTHERS], ids=["csv", "xlsx"])


def _five_damaged_files(kinds, damages):
    with tempfile.TemporaryDirectory() as name:
        for (table, kind), each in zip(kinds.items(), damages, strict=True):
            content = _valid(table, kind)
            for damage in each:
                content = damaged(content, *damage)
            (Path(name) / f"{table}.{kind}").write_bytes(content)
        _ends_well(Path(name), settings=CHOSEN)


@pytest.mark.recovery  # minutes of fuzzing are among the slow proofs anyway
@BOTH
@settings(FUZZED, max_examples=25)
@given(damages=FIVE)
def test_five_damaged_files_end_in_findings_or_a_clear_error(kinds, damages):
    _five_damaged_files(kinds, damages)


@pytest.mark.recovery  # the same at length: with the settings below two thousand files
@BOTH
@settings(FUZZED, max_examples=175)
@given(damages=FIVE)
def test_two_thousand_damaged_files_end_in_findings_or_a_clear_error(kinds, damages):
    _five_damaged_files(kinds, damages)


@settings(FUZZED, max_examples=250)
@given(damages=st.lists(DAMAGE, min_size=1, max_size=3))
def test_damaged_settings_end_in_a_clear_error(damages):
    content = TOML.encode()
    for damage in damages:
        content = damaged(content, *damage)
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "customers.csv").write_text(TEXTS["customers"], encoding="utf-8")
        (Path(name) / "policies.csv").write_text(TEXTS["policies"], encoding="utf-8")
        (Path(name) / "churnkit.toml").write_bytes(content)
        _ends_well(Path(name))
