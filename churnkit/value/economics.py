"""What a policy earns in a year: ratios of premium and cost of service, by line."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import ContractError, UsageError

RATIOS = ("loss_ratio", "commission_ratio", "expense_ratio")
COLUMNS = (*RATIOS, "service_cost_per_year", "contact_cost", "premium_growth")
# Loss, commission and expense as shares of premium, service and one contact in the book's currency, growth per year.
# Round numbers of the order that non-life and life insurers publish; assumptions, to be replaced by the insurer's own.
_DEFAULTS = {
    "motor": (0.65, 0.08, 0.15, 60.0, 30.0, 0.0),
    "motor_compulsory": (0.72, 0.04, 0.15, 20.0, 30.0, 0.0),
    "home": (0.45, 0.20, 0.18, 30.0, 30.0, 0.0),
    "accident": (0.40, 0.25, 0.18, 20.0, 30.0, 0.0),
    "health": (0.70, 0.10, 0.12, 80.0, 30.0, 0.0),
    "life": (0.55, 0.12, 0.12, 40.0, 30.0, 0.0),
    "savings": (0.85, 0.03, 0.05, 40.0, 30.0, 0.0),
    "annuity": (0.88, 0.02, 0.05, 40.0, 30.0, 0.0),
    "travel": (0.40, 0.30, 0.18, 10.0, 30.0, 0.0),
    "liability": (0.55, 0.15, 0.18, 40.0, 30.0, 0.0),
    "property": (0.55, 0.15, 0.18, 60.0, 30.0, 0.0),
    "other": (0.60, 0.12, 0.16, 40.0, 30.0, 0.0),
}


def economics_table(source: Any = None) -> pd.DataFrame:
    """Economics by line: the source's own where it has them, else the documented defaults.

    Parameters
    ----------
    source : Book, DataFrame or None
        A book (its economics table, if there is one), a table with the contract's columns (``line``, ``loss_ratio``,
        ``commission_ratio``, ``expense_ratio``, ``service_cost_per_year``, ``contact_cost``, ``valid_from``,
        ``product``), or None for the defaults. Of several rows of a line the latest ``valid_from`` counts; a row
        without product goes before the mean over products.

    Returns
    -------
    DataFrame indexed by line
        ``loss_ratio``, ``commission_ratio``, ``expense_ratio`` (shares of premium), ``service_cost_per_year``,
        ``contact_cost`` (currency), ``premium_growth`` (share per year) and ``origin``: ``given``, ``assumed``, or
        ``partly given`` where single figures were missing.

    Raises
    ------
    UsageError
        If the table has no column ``line``.
    ContractError
        If a figure is not a finite number, or a ratio or cost is below 0.

    Examples
    --------
    >>> own = pd.DataFrame({"line": ["home"], "loss_ratio": [0.5], "commission_ratio": [0.1], "expense_ratio": [0.2]})
    >>> economics_table(own).loc[["home", "motor"], ["loss_ratio", "origin"]]
          loss_ratio        origin
    line
    home        0.50  partly given
    motor       0.65       assumed
    """
    table = pd.DataFrame.from_dict(_DEFAULTS, orient="index", columns=list(COLUMNS)).rename_axis("line")
    table["origin"] = "assumed"
    given = _rows(source)
    if given is None or given.empty:
        return table
    own = _by_line(given).reindex(columns=list(COLUMNS))
    known = [line if line in table.index else "other" for line in own.index]
    merged = own.fillna(table.loc[known, list(COLUMNS)].astype(np.float64).set_axis(own.index, axis=0))
    complete = own[[*RATIOS, "service_cost_per_year"]].notna().all(axis=1)
    merged["origin"] = np.where(complete, "given", "partly given")
    order = dict.fromkeys([*table.index, *own.index])
    return pd.concat([table[~table.index.isin(own.index)], merged]).loc[list(order)].rename_axis("line")


def margin(premium: npt.NDArray[np.float64], economics: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the yearly margin, ``premium * (1 - loss - commission - expense) - service cost``; it may be negative.

    Parameters
    ----------
    premium : array of shape (n_policies,), currency per year
    economics : DataFrame of shape (n_policies, ...), the row of each policy's line

    Examples
    --------
    >>> margin(np.array([1000.0]), economics_table().loc[["motor"]]).round(2).tolist()
    [60.0]
    """
    kept = 1.0 - economics[list(RATIOS)].to_numpy(dtype=np.float64).sum(axis=1)
    return np.asarray(premium * kept - economics["service_cost_per_year"].to_numpy(dtype=np.float64))


def _rows(source: Any) -> pd.DataFrame | None:
    if source is None:
        return None
    if isinstance(source, pd.DataFrame):
        frame = source.reset_index() if source.index.name == "line" else source
    elif not hasattr(source, "has"):
        raise UsageError("Economics come from a book, a DataFrame or the defaults.", found=type(source).__name__)
    elif not source.has("economics"):
        return None
    else:
        frame = source.sql("SELECT * FROM economics").to_pandas()
    if "line" not in frame.columns:
        raise UsageError("An economics table has a column 'line'.", found=", ".join(map(str, frame.columns)))
    return _checked(frame)


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    faults = []
    for name in [c for c in COLUMNS if c in frame.columns]:
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = np.isnan(values) & frame[name].notna().to_numpy() | np.isinf(values)
        if name != "premium_growth":
            wrong |= values < 0
        if wrong.any():
            faults.append(f"{name} of {', '.join(sorted(set(frame['line'][wrong].astype(str))))}")
    if faults:
        raise ContractError("Ratios and costs are finite numbers, 0 or more.", found="; ".join(faults),
                            where="economics", fix="Give shares of premium such as 0.62.")  # fmt: skip
    return frame


def _by_line(given: pd.DataFrame) -> pd.DataFrame:
    """One row per line: latest validity, rows without product first, else the mean over products."""
    frame = given[given["line"].notna()].copy()
    if "valid_from" in frame:
        when = pd.to_datetime(frame["valid_from"]).fillna(pd.Timestamp("1900-01-01"))
        product = frame["product"].fillna("") if "product" in frame else pd.Series("", index=frame.index)
        newest = when.groupby([frame["line"], product]).transform("max")
        frame = frame[when == newest]
    if "product" in frame:
        whole = frame["product"].isna() | (frame["product"] == "")
        covered = frame["line"].isin(set(frame["line"][whole]))
        frame = frame[whole | ~covered]
    numbers = [c for c in COLUMNS if c in frame.columns]
    return frame.assign(**{c: pd.to_numeric(frame[c]) for c in numbers}).groupby("line")[numbers].mean()
