"""A panel written to a folder, part by part, for people who train elsewhere or have more than fits the memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pandas as pd

from churnkit.apps.checking import checked
from churnkit.apps.console import Steps
from churnkit.book.engines import spark_session
from churnkit.book.open import open_book
from churnkit.panel.build import build_panel


def write_panel(
    data: str,
    target: Literal["renewal", "churn"],
    to: Path,
    *,
    memory: str,
    as_of: str | None = None,
    spark: bool = False,
    data_cutoff: Any = None,
    settings: Path | None = None,
    tell: bool = True,
) -> dict[str, Any]:
    """Check a book and build its panel into a folder; return what was built, for JSON.

    A build that was stopped goes on where it ended.
    """
    steps = Steps()
    session = spark_session() if spark else None
    book = open_book(data, data_cutoff=data_cutoff, settings=settings, spark=session)
    checked(book, steps)
    with steps.step("panel", f"Building the {target} panel in {to}") as progress:
        panel = build_panel(book, target, as_of=as_of, memory=memory, to=to, progress=progress)
    parts = len(list(to.glob("part-*.parquet")))
    if tell:
        left = ", ".join(f"{count:,} {cause}" for cause, count in panel.info["excluded"].items())
        off = len(panel.info["switched_off"])
        print(
            f"{panel}\n{parts:,} parts in {to}. Left out: {left or 'nothing'}."
            f"{f' {off} features switched off: their tables or columns are absent.' if off else ''}\n"
            f'Read it with churnkit.Panel.read_parquet("{to}").'
        )
    rate = panel.y.mean()
    return {"rows": len(panel), "features": len(panel.features), "parts": parts, "to": str(to),
            "rate": None if pd.isna(rate) else float(rate), **panel.info}  # fmt: skip
