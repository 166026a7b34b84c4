"""The report on what satisfaction does: two pages, whose first sentence is the answer."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from churnkit import plots
from churnkit.apps.effects import Measured
from churnkit.effect.to_value import ONE_YEAR, PERMANENT

_FIGURES = {
    "effect_curve": "What changes of the index do to renewal, with the 95 % band.",
    "value_curve": "The same, held for good, in lifetime value.",
    "beside": "The estimate, and what is taken for it. Orange figures are associations or a claim.",
    "index": "The index by quarter: corrected for who answers, and raw.",
    "checks": "What the verdict rests on.",
}


def effect_report(measured: Measured) -> str:
    """Write the report as one page that needs nothing from elsewhere.

    Parameters
    ----------
    measured : Measured

    Returns
    -------
    str, HTML
    """
    figures = {name: (_png(figure), _FIGURES[name]) for name, figure in measured.figures.items()}
    here = Environment(loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True,
                       trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    page = here.get_template("report.html")
    return page.render(measured=measured, figures={name: figures[name] for name in _FIGURES if name in figures},
                       tables=_tables(measured), assumes=_assumes(measured))  # fmt: skip


def _tables(measured: Measured) -> list[tuple[str, pd.DataFrame]]:
    effect = measured.effect.table.drop(columns=["verdict"]).set_index("line")
    found = [("Renewal per +1 pp of satisfaction, by line (pp)", _said(effect))]
    if measured.worth is not None:
        table = measured.worth.table.drop(columns="money").reset_index()
        rows = table[(table["points"] == 1.0) & table["duration"].isin([PERMANENT, ONE_YEAR])]
        title = f"Lifetime value per +1 pp, by line (%, {measured.worth.years} renewals)"
        found.append((title, _said(rows.drop(columns="points").set_index("group"))))
    found.append(("Beside what is taken for it (pp of renewal per +1 pp)", _said(measured.beside)))
    if measured.index is not None:
        found.append(("The index by line", _said(measured.tables["index_by_line"])))
    return found


def _assumes(measured: Measured) -> tuple[str, ...]:
    latent = measured.effect.latent_
    return () if latent is None else latent.assumes


def _said(table: pd.DataFrame) -> pd.DataFrame:
    """Figures as text: counts whole, estimates with two digits, nothing where nothing is known."""
    return pd.DataFrame({name: [_cell(value) for value in table[name]] for name in table}, index=table.index)


def _cell(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "effect" if value else "association"
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, (int, np.integer)) else str(value)


def _png(figure: plots.Figure) -> str:
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=110)
    return base64.b64encode(held.getvalue()).decode("ascii")
