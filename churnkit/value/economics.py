"""What a policy earns in a year: ratios of premium and cost of service, by line."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import ContractError, UsageError
from churnkit.moments import to_moment

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


DISCOUNT_RATE = 0.08
FIGURES = (*COLUMNS, "discount_rate")


def economics_table(source: Any = None, *, as_of: Any = None, by_product: bool = False) -> pd.DataFrame:
    """Economics by line: the source's own where it has them, else the documented defaults.

    Parameters
    ----------
    source : Book, DataFrame or None
        A book (its economics table, if there is one), a table with the contract's columns (``line``, ``product``,
        ``loss_ratio``, ``commission_ratio``, ``expense_ratio``, ``service_cost_per_year``, ``discount_rate``,
        ``contact_cost``, ``valid_from``) and ``premium_growth``, a table that this function returned, or None for the
        defaults.
    as_of : timestamp, optional
        The valuation date: of several rows of a line and product the latest with ``valid_from <= as_of`` counts, and
        later ones are not known yet. None: the latest of all.
    by_product : bool
        Keep products apart. Else a row without product goes before the mean over products.

    Returns
    -------
    DataFrame indexed by line, or by (line, product), product being "" for the line as a whole
        ``loss_ratio``, ``commission_ratio``, ``expense_ratio`` (shares of premium), ``service_cost_per_year``,
        ``contact_cost`` (currency), ``premium_growth``, ``discount_rate`` (shares per year); ``origin``: ``given``,
        ``assumed``, or ``partly given`` where single figures of the margin were missing; and ``assumed``, the names of
        all figures that are defaults. A figure so marked in a table that is handed in again stays so while it is the
        default.

    Raises
    ------
    UsageError
        If the table has no column ``line``.
    ContractError
        If a figure is not a finite number, or a ratio or cost is below 0.

    Examples
    --------
    >>> own = pd.DataFrame({"line": ["home"], "loss_ratio": [0.5], "commission_ratio": [0.1], "expense_ratio": [0.2]})
    >>> table = economics_table(own)
    >>> table.loc[["home", "motor"], ["loss_ratio", "origin"]]
          loss_ratio        origin
    line
    home        0.50  partly given
    motor       0.65       assumed
    >>> table.loc["home", "assumed"]
    'service_cost_per_year, contact_cost, premium_growth, discount_rate'
    """
    own = _valid(_rows(source), as_of)
    lines = dict.fromkeys([*_DEFAULTS, *own["line"].astype("str")])
    rows = {}
    for line in lines:
        of_line = own[own["line"] == line]
        whole, products = of_line[of_line["product"] == ""], of_line[of_line["product"] != ""]
        rows[line, ""] = _over(_default(line), whole if len(whole) else products)
        for product, of_product in products.groupby("product") if by_product else ():
            rows[line, str(product)] = _over(rows[line, ""], of_product)
    table = pd.DataFrame(list(rows.values()), index=pd.MultiIndex.from_tuples(rows, names=["line", "product"]))
    return table if by_product else table.droplevel("product")


def figures_of(lines: Any, economics: pd.DataFrame, products: Any = None) -> pd.DataFrame:
    """Give each policy its row of economics: its product's, else its line's, else that of line "other".

    Parameters
    ----------
    lines : Series or array of str of shape (n_policies,)
    economics : DataFrame, as :func:`economics_table` returns it
    products : Series or array of str of shape (n_policies,), optional; used where the table is by product

    Returns
    -------
    DataFrame of shape (n_policies, n_figures), in the order of the policies

    Examples
    --------
    >>> own = pd.DataFrame({"line": "home", "product": ["flat", None], "loss_ratio": [0.3, 0.5]})
    >>> table = economics_table(own, by_product=True)
    >>> figures_of(["home", "home", "boat"], table, ["flat", "house", None])["loss_ratio"].tolist()
    [0.3, 0.5, 0.6]
    """
    line = pd.Series(np.asarray(lines, dtype=object)).astype("str")
    if economics.index.nlevels == 1:
        return economics.loc[line.where(line.isin(economics.index), "other").to_list()]
    nothing = pd.Series("", index=line.index)
    product = nothing if products is None else pd.Series(np.asarray(products, dtype=object)).astype("str").fillna("")
    at = np.full(len(line), -1, dtype=np.intp)
    for keys in ((line, product), (line, nothing), (nothing + "other", nothing)):
        found = economics.index.get_indexer(pd.MultiIndex.from_arrays(keys))
        at = np.where(at < 0, found, at)
    return economics.iloc[at]


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
        frame = source.reset_index() if "line" in source.index.names else source
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
    for name in [c for c in FIGURES if c in frame.columns]:
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = np.isnan(values) & frame[name].notna().to_numpy() | np.isinf(values)
        wrong |= values < (-1 if name in ("premium_growth", "discount_rate") else 0)
        if wrong.any():
            faults.append(f"{name} of {', '.join(sorted(set(frame['line'][wrong].astype(str))))}")
    if faults:
        raise ContractError("Ratios and costs are finite, 0 or more.", found="; ".join(faults),
                            where="economics", fix="Give shares such as 0.62, yearly rates above -1.")  # fmt: skip
    return frame


def _default(line: str) -> dict[str, Any]:
    """The documented figures of a line, "other" for one that has none."""
    figures = dict(zip(COLUMNS, _DEFAULTS.get(line, _DEFAULTS["other"]), strict=True))
    return {**figures, "discount_rate": DISCOUNT_RATE, "origin": "assumed", "assumed": ", ".join(FIGURES)}


def _over(below: dict[str, Any], own: pd.DataFrame) -> dict[str, Any]:
    """Put the means of some rows of the source over the figures that would hold without them."""
    numbers = own[[name for name in FIGURES if name in own]].apply(pd.to_numeric)
    means = {str(name): float(value) for name, value in numbers.mean().dropna().items()}
    marked = set(", ".join(own["assumed"].fillna("").astype("str")).split(", ")) if "assumed" in own else set()
    stated = {name for name, value in means.items() if name not in marked or value != below[name]}
    assumed = [name for name in below["assumed"].split(", ") if name not in stated]
    lacking = set(assumed) & {*RATIOS, "service_cost_per_year"}
    origin = "assumed" if len(assumed) == len(FIGURES) else "partly given" if lacking else "given"
    return {**below, **means, "origin": origin, "assumed": ", ".join(assumed)}


def _valid(given: pd.DataFrame | None, as_of: Any) -> pd.DataFrame:
    """The row of each line and product that is valid on a day."""
    if given is None:
        return pd.DataFrame(columns=["line", "product"])
    frame = given[given["line"].notna()].copy()
    frame["product"] = frame["product"].astype("str").fillna("") if "product" in frame else ""
    when = pd.Series(pd.Timestamp("1900-01-01"), index=frame.index)
    if "valid_from" in frame:
        when = pd.to_datetime(frame["valid_from"]).fillna(pd.Timestamp("1900-01-01"))
    if as_of is not None:
        known = when <= to_moment(as_of, name="as_of")
        frame, when = frame[known], when[known]
    return frame[when == when.groupby([frame["line"], frame["product"]]).transform("max")]
