"""What people see while they wait: steps with their seconds, on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table


class Steps:
    """Named steps, timed and told on standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, saying: str) -> Iterator[Callable[[int, int], None]]:
        """Show a spinner while the step runs; what it yields takes (done, of) and shows the share."""
        begun = time.perf_counter()
        with self.console.status(f"{saying} …") as status:
            yield lambda done, of: status.update(f"{saying} … {done:,} of {of:,}")
        self.seconds[name] = round(time.perf_counter() - begun, 2)
        self.console.print(f"[green]✓[/green] {saying} [dim]({self.seconds[name]:.1f} s)[/dim]")

    def say(self, text: str) -> None:
        """Print a line to standard error."""
        self.console.print(text, markup=False)


def show(frame: pd.DataFrame, *, title: str, digits: int = 4) -> None:
    """Print a DataFrame as a table on standard output, no column cut."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(str(name), justify="right" if numeric else "left", no_wrap=True)
    for row in frame.itertuples(index=False):
        table.add_row(*(_cell(value, digits) for value in row))
    console = Console()
    Console(width=max(console.width, 120)).print(table)


def _cell(value: Any, digits: int) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}f}"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
