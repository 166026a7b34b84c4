"""The dictionary of the standard features, for people and for files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from rich.console import Console
from rich.table import Table

from churnkit.apps.output import check_output, write_table
from churnkit.panel.catalog import GROUPS, standard_features
from churnkit.panel.catalog.definition import definition

_SIGNS = {1: "+", -1: "-", 0: ""}
_NAMES = {"en": 0, "zh": 1}
_COLUMNS = {"name": "name", "stage": "stage", "unit": "unit", "sign": "±", "text": "text", "definition": "definition"}


def dictionary(
    target: Literal["renewal", "churn"] | None = None,
    *,
    groups: Sequence[str] | None = None,
    language: Literal["en", "zh"] = "en",
) -> pd.DataFrame:
    """Return what each standard feature is, a row each.

    Parameters
    ----------
    target : {"renewal", "churn"}, optional
        All features if None.
    groups : names of reason groups, optional
    language : {"en", "zh"}

    Returns
    -------
    DataFrame
        ``name``; reason ``group`` and ``group_name``, the same in words; journey ``stage``; ``unit``; ``sign`` (known
        direction on the chance of renewal, 0 where unknown); ``definition``; ``text``.
    """
    rows = [
        {"name": f.name, "group": f.group, "group_name": GROUPS[f.group][_NAMES[language]], "stage": f.stage,
         "unit": f.unit, "sign": f.sign, "definition": definition(f), "text": f.en if language == "en" else f.zh}
        for f in standard_features(target, groups=groups)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["name", "group", "group_name", "stage", "unit", "sign", "definition", "text"])


def list_features(
    target: Literal["renewal", "churn"] | None = None,
    *,
    groups: Sequence[str] | None = None,
    language: Literal["en", "zh"] = "en",
    csv: Path | None = None,
    tell: bool = True,
) -> dict[str, Any]:
    """Print the dictionary, group by group, or write it to a file; return it for JSON."""
    if csv is not None:
        check_output(csv)
    found = dictionary(target, groups=groups, language=language)
    if csv is not None:
        write_table(found, csv)
    if tell and csv is None:
        for (group, name), rows in found.groupby(["group", "group_name"], sort=False):
            _show(rows, title=f"{group}: {name} ({len(rows)})")
    if tell:
        counted = f"{len(found):,} features in {found['group'].nunique()} groups"
        print(f"{counted}, written to {csv}" if csv is not None else counted)
    return {"features": found.to_dict("records"), **({"output": str(csv)} if csv is not None else {})}


def _show(rows: pd.DataFrame, *, title: str) -> None:
    """Print a group as a table; names are never cut, texts and definitions go over several lines."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column, header in _COLUMNS.items():
        wide = column in ("text", "definition")
        table.add_column(
            header, overflow="fold", no_wrap=not wide, ratio=2 if column == "definition" else 1 if wide else None
        )
    for row in rows.assign(sign=rows["sign"].map(_SIGNS)).to_dict("records"):
        table.add_row(*(row[column] for column in _COLUMNS))
    console = Console(highlight=False, markup=False)
    Console(width=max(console.width, 120), highlight=False, markup=False).print(table)
