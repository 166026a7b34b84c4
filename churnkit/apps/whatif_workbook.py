"""Scenarios as a workbook: their figures, a money part of live formulas, pictures, levers, how to read it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from churnkit.apps.output import check_output
from churnkit.effect.estimate import Z95
from churnkit.effect.scenarios.result import ScenarioResult, Worked, held
from churnkit.effect.scenarios.scenario import told, told_settings
from churnkit.errors import UsageError
from churnkit.plots import Figure
from churnkit.retain.printing import characters, height

_CREATED = datetime(2000, 1, 1, tzinfo=UTC)
_PAGE = 85  # rows on a page of pictures
_FIRST, _WIDTH = 2, 30  # column of the first scenario; width of each


def _seen(worked: Worked) -> float | None:
    """The least share of the exposed that were seen at or beyond a setting."""
    return min((share for _, share in worked.supports), default=None)


Inputs = tuple[tuple[str, str, str, Callable[[Worked], Any]], ...]

_TOLD: Inputs = (
    ("setting", "What is set", "text", lambda w: told_settings(w.scenario)),
    ("population", "For whom", "text", lambda w: told(w.scenario.population) or "all policies in force"),
    ("duration", "How long", "text", lambda w: held(w.scenario)),
    ("verdict", "Verdict", "text", lambda w: w.verdict),
    (
        "support",
        "Least share of the exposed seen there",
        "share",
        _seen,
    ),
    ("years", "Renewals ahead", "count", lambda w: w.years),
    ("rate", "Discount rate a year", "share", lambda w: w.discount_rate),
    ("index", "Change of the satisfaction index, points", "number", lambda w: w.index[0]),
)
_INPUTS: Inputs = (
    ("policies", "Policies", "count", lambda w: w.policies),
    ("renewal", "Renewal today", "share", lambda w: w.answer.renewal),
    ("change", "Change of renewal, pp (of a ramp once it is whole)", "number", lambda w: w.change[0]),
    ("change_low", "from (95 %, or the end of what is known)", "number", lambda w: w.change[1]),
    ("change_high", "to", "number", lambda w: w.change[2]),
    ("change_error", "its standard error, pp", "number", lambda w: np.nan if w.bounded else _error(w.change)),
    ("at_once", "Share of it at the next renewal", "share", lambda w: w.at_once),
    ("value", "Value today", "money", lambda w: w.answer.value),
    ("gain", "Change of value", "money", lambda w: w.gain[0]),
    ("gain_low", "from (95 %, or the end of what is known)", "money", lambda w: w.gain[1]),
    ("gain_high", "to", "money", lambda w: w.gain[2]),
    ("gain_error", "its standard error", "money", lambda w: np.nan if w.bounded else _error(w.gain)),
    ("fixed", "Cost a year, fixed", "money", lambda w: w.programme.cost.fixed),
    ("per_customer", "Cost a year for each customer", "number", lambda w: w.programme.cost.per_customer),
    ("per_contact", "Cost of each contact", "number", lambda w: w.programme.cost.per_contact),
    ("programme_years", "Years of the programme, discounted", "number", lambda w: w.programme.years),
    ("policy_years", "Policies still there over these years, discounted", "number", lambda w: w.programme.policy_years),
    (
        "customer_years",
        "Customers it is for, over these years, discounted",
        "number",
        lambda w: w.programme.customer_years,
    ),
    ("contacts", "Contacts a year for each policy", "number", lambda w: w.programme.contacts),
)
_FORMULAS = (
    ("then", "Renewal then", "share", "={renewal}+{change}/100"),
    ("kept", "Policies kept at the next renewal", "count", "={policies}*{at_once}*{change}/100"),
    ("kept_low", "from (95 %)", "count",
     '=IF(N({change_error})>0,{policies}*{at_once}*({change}-{z}*{change_error})/100,"")'),
    ("kept_high", "to (95 %)", "count",
     '=IF(N({change_error})>0,{policies}*{at_once}*({change}+{z}*{change_error})/100,"")'),
    ("percent", "Change of value, share", "share", '=IF({value}>0,{gain}/{value},"")'),
    ("cost", "Cost, discounted", "money",
     "={fixed}*{programme_years}+{per_customer}*{customer_years}+{per_contact}*{contacts}*{policy_years}"),
    ("net", "Net value", "money", "={gain}-{cost}"),
    ("net_low", "from (95 %)", "money", '=IF(N({gain_error})>0,{net}-{z}*{gain_error},"")'),
    ("net_high", "to (95 %)", "money", '=IF(N({gain_error})>0,{net}+{z}*{gain_error},"")'),
    ("p_net", "Chance that net is above 0", "share",
     '=IF(N({gain_error})>0,_xlfn.NORM.S.DIST({net}/{gain_error},TRUE),"")'),
    ("even", "Share of the effect that must come true", "share", '=IF({gain}>0,{cost}/{gain},"")'),
)  # fmt: skip
_HOW = (
    "Blue cells are inputs: figures that the model gave, and costs that you may change. Black cells are formulas.",
    "Renewal is the mean chance of the next renewal of the policies in force; pp are percentage points, not per cent.",
    "Value is the sum over renewals ahead, discounted; the current term is not in it.",
    "An interval holds what chance could have done to the estimate. It does not hold what the verdict leaves open.",
    "identified under named assumptions: what was said of it was tested and not contradicted. association only: it went"
    " together in this book; what a change would bring may differ. bounds: only the ends of a range are known. claimed,"
    " not estimated: somebody says so, and no data of this book stands behind it.",
    "A setting that less than 5 % of the exposed were seen at or beyond is a guess, however narrow its interval.",
    "Settings of one scenario act jointly; the bars of its waterfall are each one's part, averaged over the orders in"
    " which they may be set, and add up to the total.",
)


def write_scenarios(
    result: ScenarioResult, path: str | os.PathLike[str], *, pictures: Mapping[str, Figure], levers: pd.DataFrame,
    unit: str,
) -> Path:  # fmt: skip
    """Write scenarios to a workbook: a temporary name first, then moved into place.

    Parameters
    ----------
    result : ScenarioResult
    path : where to, ending in .xlsx
    pictures : mapping of name to figure
    levers : DataFrame, as ``WhatIf.levers``
    unit : str, the currency

    Raises
    ------
    UsageError
        If the path has another ending, or its folder does not exist.
    """
    target = check_workbook(path)
    unfinished = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        with xlsxwriter.Workbook(unfinished, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
            book.set_properties({"created": _CREATED})
            styles = _styles(book)
            _scenarios(book.add_worksheet("Scenarios"), result, styles, unit)
            _frame(book.add_worksheet("Waterfall"), result.waterfall, styles)
            _pictures(book.add_worksheet("Pictures"), pictures)
            _frame(book.add_worksheet("Levers"), levers, styles)
            _words(book.add_worksheet("How to read this"), result, styles)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def check_workbook(path: str | os.PathLike[str]) -> Path:
    """Return the path if a workbook can be written there, before any work is done."""
    target = check_output(path)
    if target.suffix.lower() != ".xlsx":
        raise UsageError("Scenarios are written as a workbook.", found=str(target), fix="Name it so, as out.xlsx.")
    return target


def _styles(book: Any) -> dict[str, Any]:
    shapes = {"share": "0.0%", "money": "#,##0", "count": "#,##0", "number": "0.000", "text": "@"}
    look = {"align": "right", "valign": "top", "text_wrap": True}
    found = {kind: book.add_format({"num_format": shape, **look}) for kind, shape in shapes.items()}
    found |= {f"{kind} input": book.add_format({"num_format": shape, "align": "right", "font_color": "#0072B2"})
              for kind, shape in shapes.items()}  # fmt: skip
    return found | {"head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
                    "part": book.add_format({"bold": True, "top": 1}),
                    "wrap": book.add_format({"text_wrap": True, "valign": "top"})}  # fmt: skip


def _scenarios(sheet: Any, result: ScenarioResult, styles: dict[str, Any], unit: str) -> None:
    """One column per scenario: what it is, what the model gave, and what follows, in formulas."""
    sheet.write(0, 0, "Scenario", styles["head"])
    sheet.write(0, 1, "Unit", styles["head"])
    for k, each in enumerate(result.worked):
        sheet.write_string(0, _FIRST + k, each.scenario.name, styles["head"])
    row, places = 1, dict[str, int]()
    for title, entries in (("What it is", _TOLD), ("Given", _INPUTS), ("Follows", _FORMULAS)):
        sheet.write_string(row, 0, title, styles["part"])
        row += 1
        for name, label, kind, of in entries:
            places[name] = row
            if kind == "text" and callable(of):
                sheet.set_row(row, height((str(of(each)), _WIDTH) for each in result.worked))
            sheet.write_string(row, 0, label, styles["wrap"])
            sheet.write_string(row, 1, unit if kind == "money" else "")
            for k, each in enumerate(result.worked):
                _cell(sheet, row, _FIRST + k, kind, of, each, places, styles)
            row += 1
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 1, 8)
    sheet.set_column(_FIRST, _FIRST + len(result.worked) - 1, _WIDTH)
    sheet.set_row(0, height((each.scenario.name, _WIDTH - 3) for each in result.worked))
    sheet.freeze_panes(1, _FIRST)
    _printed(sheet, upright=len(result.worked) < 3)


def _printed(sheet: Any, *, upright: bool = False, pages: int = 0) -> None:
    """A page wide, A4; so many pages high, 0 for as many as it takes."""
    (sheet.set_portrait if upright else sheet.set_landscape)()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, pages)


def _cell(sheet: Any, row: int, column: int, kind: str, of: Any, each: Worked, places: dict[str, int],
          styles: dict[str, Any]) -> None:  # fmt: skip
    if isinstance(of, str):
        cells = {name: xl_rowcol_to_cell(at, column) for name, at in places.items()}
        needs = each.change if "{change" in of else each.gain if "{gain" in of else (0.0,)
        if np.isfinite(needs[0]):
            sheet.write_formula(row, column, of.format(z=Z95, **cells), styles[kind], _worked_out(of, each))
        return
    value = of(each)
    if isinstance(value, str):
        sheet.write_string(row, column, value, styles["text"])
    elif value is not None and np.isfinite(value):
        sheet.write_number(row, column, float(value), styles[f"{kind} input"])


def _worked_out(formula: str, each: Worked) -> Any:
    """What a formula gives, for readers that do not calculate."""
    table = each.row
    names = {"then": "renewal_then", "kept": "policies_kept", "kept_low": "policies_kept_low",
             "kept_high": "policies_kept_high", "cost": "cost", "net": "net", "net_low": "net_low",
             "net_high": "net_high", "p_net": "p_net", "even": "break_even_share"}  # fmt: skip
    name = next(name for name, _, _, text in _FORMULAS if text == formula)
    value = table["value_pct"] / 100 if name == "percent" else table[names[name]]  # type: ignore[operator]
    return float(value) if value is not None and np.isfinite(value) else ""  # type: ignore[arg-type, call-overload]


def _error(values: tuple[float, float, float]) -> float:
    """The standard error behind a 95 % interval."""
    return (values[2] - values[1]) / (2 * Z95)


def _frame(sheet: Any, frame: pd.DataFrame, styles: dict[str, Any]) -> None:
    """A table as it is; texts stay texts."""
    for column, name in enumerate(frame.columns):
        sheet.write_string(0, column, str(name), styles["head"])
        for row, value in enumerate(frame[name], start=1):
            if isinstance(value, str):
                sheet.write_string(row, column, value)
            elif value is not None and np.isfinite(value):
                sheet.write_number(row, column, float(value), styles["money" if abs(value) >= 1000 else "number"])
    for column, name in enumerate(frame.columns):
        texts = [value for value in frame[name] if isinstance(value, str)]
        sheet.set_column(column, column, min(max([12, *(characters(text) + 2 for text in (str(name), *texts))]), 50))
    _printed(sheet)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(frame), max(len(frame.columns) - 1, 0))


def _pictures(sheet: Any, pictures: Mapping[str, Figure]) -> None:
    row, breaks = 0, [0]
    for name, figure in pictures.items():
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=110, metadata={"Software": None})
        rows = int(figure.get_figheight() * 110 / 20) + 2
        if row + rows > breaks[-1] + _PAGE:
            breaks.append(row)
        sheet.insert_image(row, 0, f"{name}.png", {"image_data": drawn, "description": name.replace("_", " ")})
        row += rows
    sheet.set_paper(9)
    sheet.set_print_scale(60)
    sheet.set_h_pagebreaks(breaks[1:])


def _words(sheet: Any, result: ScenarioResult, styles: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 100)
    said = [line for part in result.text.split("\n\n") for line in (*part.split("\n"), "")]
    for row, sentence in enumerate((*said, *_HOW)):
        sheet.write_string(row, 0, sentence, styles["wrap"])
        sheet.set_row(row, height([(sentence, 100)]))
    _printed(sheet)
