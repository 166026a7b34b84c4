"""Write a simulated insurer's book, block by block, so that memory does not grow with the number of customers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from churnkit.book.schema import TABLES
from churnkit.errors import UsageError
from churnkit.simulate import events, tables
from churnkit.simulate.customers import Bools
from churnkit.simulate.insured import Insured, draw_insured
from churnkit.simulate.surveys import draw_complaints, draw_rounds
from churnkit.simulate.truth import write_truth
from churnkit.simulate.window import Window
from churnkit.simulate.worlds import World, get_world

MARK = "# simulated by churnkit"  # a book without this line is somebody's own and never overwritten
Progress = Callable[[int, int], None]

# Ratios of premium by line, and service cost in yuan a year; the simulator's own.
_ECONOMICS = {"motor": (0.66, 0.08, 0.14, 60.0), "health": (0.62, 0.10, 0.13, 70.0), "home": (0.45, 0.15, 0.18, 30.0),
              "life": (0.55, 0.12, 0.12, 50.0)}  # fmt: skip
_TOUCHPOINTS = {"service_contact": ("servicing", "客服联系", "service contact", "service", 24.0),
                "claim_settlement": ("claim", "理赔结案", "claim settlement", "claims", 40.0),
                "relationship": ("cover", "年度回访", "yearly survey", "marketing", None)}  # fmt: skip


def _block_tables(drawn: Insured, world: World, seed: int, window: Window) -> Iterator[tuple[str, pd.DataFrame]]:
    block, ids = drawn.block, drawn.ids
    yield "customers", tables.customers_table(block.customers, ids, drawn.customers, window)
    yield "policies", tables.policies_table(block.policies, ids, drawn.policies)
    yield "terms", tables.terms_table(drawn.made, window, np.random.default_rng([seed, 6, drawn.number]))
    for k, year in enumerate(block.years):
        rng = np.random.default_rng([seed, 7, drawn.number, k])
        rounds = draw_rounds(np.random.default_rng([seed, 4, drawn.number, k]), world, block.customers, year)
        complaints = draw_complaints(rng, world, year)
        if not (year.end > window.first_day).any():
            continue
        yield "claims", events.claims_table(year, ids, window, rng)
        yield "interactions", events.interactions_table(year, ids, window, rng)
        yield "surveys", events.surveys_table(year, rounds, ids, window, rng)
        yield "complaints", events.complaints_table(year, complaints, ids, window, rng)
        yield "outreach", events.outreach_table(year, ids, window, rng)


class _Writer:
    """Appends frames to one file per table, all in a folder that is moved into place at the end."""

    def __init__(self, folder: Path, kind: Literal["parquet", "csv"]) -> None:
        self.folder, self.kind = folder, kind
        self.open: dict[str, tuple[Any, pa.Schema]] = {}
        folder.mkdir(parents=True)

    def append(self, name: str, frame: pd.DataFrame) -> None:
        if name not in self.open:
            schema = _schema(name, list(frame.columns))
            path = str(self.folder / f"{name}.{self.kind}")
            parquet = self.kind == "parquet"
            writer = pq.ParquetWriter(path, schema, compression="zstd") if parquet else pacsv.CSVWriter(path, schema)
            self.open[name] = (writer, schema)
        writer, schema = self.open[name]
        writer.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))

    def close(self) -> None:
        for writer, _ in self.open.values():
            writer.close()


_ARROW = {"date": pa.timestamp("s"), "ts": pa.timestamp("s"), "money": pa.float64(), "number": pa.float64(),
          "integer": pa.int64(), "bool": pa.bool_()}  # fmt: skip


def _schema(name: str, columns: list[str]) -> pa.Schema:
    spec = TABLES.get(name)
    kinds = {c.name: c.type for c in spec.columns} if spec else {}
    return pa.schema([(c, _ARROW.get(kinds.get(c, "text"), pa.string())) for c in columns])


def _fixed_tables(window: Window) -> Iterator[tuple[str, pd.DataFrame]]:
    ratios = ["loss_ratio", "commission_ratio", "expense_ratio", "service_cost_per_year"]
    economics = pd.DataFrame.from_dict(_ECONOMICS, orient="index", columns=ratios)
    yield "economics", economics.assign(discount_rate=0.08, contact_cost=25.0).rename_axis("line").reset_index()
    told = ["journey_stage", "name_zh", "name_en", "department", "sla_hours"]
    points = pd.DataFrame.from_dict(_TOUCHPOINTS, orient="index", columns=told)
    yield "touchpoints", points.rename_axis("touchpoint").reset_index()
    days = np.arange(window.first_day, window.last_day + 366)
    working = np.is_busday(days.astype("datetime64[D]"))
    yield "calendar", pd.DataFrame({"date": tables.moments(days), "working_day": working})


def simulate_book(
    path: str | Path, *, customers: int = 20_000, years: int = 6, seed: int = 0, world: str | World = "F",
    data_cutoff: str = "2026-10-01", kind: Literal["parquet", "csv"] = "parquet", truth: bool = True,
    progress: Progress | None = None,
) -> Path:  # fmt: skip
    """Simulate an insurer and write its book to ``path/book`` and what nobody knows to ``path/truth``.

    Parameters
    ----------
    path : path of the workspace; ``book`` and ``truth`` in it are replaced
    customers : int, customers in the book
    years : int, observed years before the data cutoff (a burn-in comes before them)
    seed : int; the same seed gives the same files
    world : str or World, one of A to I
    data_cutoff : str, ISO date
    kind : {"parquet", "csv"}
    truth : bool, whether to write the truth beside the book
    progress : called with (customers done, customers in all)

    Returns
    -------
    Path of the book's folder.

    Raises
    ------
    UsageError
        If a number is out of range or the world unknown.

    Examples
    --------
    >>> import tempfile
    >>> folder = simulate_book(tempfile.mkdtemp(), customers=50, years=2, truth=False)
    >>> sorted(p.name for p in folder.iterdir())[:3]
    ['calendar.parquet', 'churnkit.toml', 'claims.parquet']
    """
    if customers < 1 or not 1 <= years <= 20:
        raise UsageError("A simulated book has at least 1 customer and 1 to 20 years.",
                         found=f"customers={customers}, years={years}", fix="Choose numbers in range.")  # fmt: skip
    if kind not in ("parquet", "csv"):
        raise UsageError("A simulated book is written as parquet or csv.", found=repr(kind), fix='Use kind="parquet".')
    chosen, window = get_world(world), Window(years, data_cutoff)
    root = Path(path)
    _refuse_own_book(root / "book")
    partial = root / ".book-partial"
    shutil.rmtree(partial, ignore_errors=True)
    writer, done = _Writer(partial, kind), 0
    for drawn in draw_insured(chosen, seed=seed, customers=customers, window=window):
        for name, frame in _block_tables(drawn, chosen, seed, window):
            writer.append(name, _of_book(frame, drawn))
        done += int(drawn.customers.sum())
        if progress:
            progress(done, customers)
    for name, frame in _fixed_tables(window):
        writer.append(name, frame)
    writer.close()
    settings = f'{MARK}\ndata_cutoff = "{data_cutoff}"\ntimezone = "Asia/Shanghai"\ncurrency = "CNY"\n'
    (partial / "churnkit.toml").write_text(settings, encoding="utf-8")
    shutil.rmtree(root / "book", ignore_errors=True)
    partial.rename(root / "book")
    if truth:
        write_truth(root / "truth", world=chosen, seed=seed, customers=customers, window=window)
    return root / "book"


def _refuse_own_book(folder: Path) -> None:
    settings = folder / "churnkit.toml"
    simulated = settings.is_file() and settings.read_text(encoding="utf-8").startswith(MARK)
    if folder.exists() and not simulated:
        raise UsageError("A simulated book replaces only a simulated book.", found="another one", where=str(folder),
                         fix="Choose another folder.")  # fmt: skip


def _of_book(frame: pd.DataFrame, drawn: Insured) -> pd.DataFrame:
    """Keep only rows of customers and policies that are in the book."""
    if "policy_id" not in frame:
        return frame
    ours = pc.is_in(pa.array(frame["policy_id"], pa.string()),
                    value_set=pa.array(drawn.ids.policy[drawn.policies], pa.string()))  # fmt: skip
    inside: Bools = ours.to_numpy(zero_copy_only=False)
    return frame.loc[inside]
