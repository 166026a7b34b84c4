"""Expected loss ratios: the book's own claims and premiums, as far as they can be believed, and the stated ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnkit.errors import UsageError
from churnkit.moments import to_moment
from churnkit.panel.loss_history import loss_history
from churnkit.value.economics import economics_table

RESERVED = ("life", "savings", "annuity")
"""Lines whose premiums are saved up for benefits to come: what is claimed in a year says little of what they cost."""


@dataclass(frozen=True)
class LossRatios:
    """Expected loss ratios by line, or by line and product.

    Attributes
    ----------
    table : DataFrame indexed by line, or by (line, product)
        ``years`` observed; ``premium`` earned and ``cost`` of claims in them (currency); ``claims``, their number;
        ``observed``, cost over premium; ``stated``, the ratio it is drawn towards, and whether that is ``assumed``;
        ``credibility`` of the observed ratio, 0 … 1; ``expected``, ``credibility * observed + (1 - credibility) *
        stated``.
    economics : DataFrame, the table of economics with the expected loss ratios in it
    within, between : float
        Variance of a year's ratio around its line's own, times premium; variance of lines' own ratios around the
        stated ones.
    text : str
    """

    table: pd.DataFrame
    economics: pd.DataFrame
    within: float
    between: float
    text: str

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:,.3f}')}\n\n{self.text}"


def expected_loss_ratios(book: Any, economics: Any = None, *, as_of: Any = None, by_product: bool = False,
                         development_days: int = 180) -> LossRatios:  # fmt: skip
    """Draw the loss ratios of the book's own claims towards the stated or default ones, by credibility.

    Bühlmann and Straub's model [1]_, a line's stated ratio being its prior mean: with earned premium ``w_jt`` and ratio
    ``X_jt`` of line j in year t, ``Z_j = w_j / (w_j + within / between)``, ``within = sum w_jt (X_jt - X_j)^2 /
    sum (years_j - 1)``, ``between = max(0, sum w_j (X_j - stated_j)^2 - lines * within) / sum w_j``: what ratios differ
    from the stated ones beyond what their own years' spread explains.

    A claim belongs to the year in which it occurred (else was reported) and costs what was paid; if it is still open,
    what is claimed; if denied or withdrawn, nothing. All as known on the valuation date. Calendar years that ended less
    than `development_days` before it are left out, since claims are still to come; what comes later still is not
    estimated, so long-tailed lines look better than they are. Lines whose premiums are saved up for later benefits
    (``RESERVED``) keep their stated ratio, credibility 0.

    Parameters
    ----------
    book : Book
    economics : DataFrame, optional, as :func:`economics_table` takes it; None: the book's, else the defaults
    as_of : timestamp, the valuation date; None: the book's data_cutoff
    by_product : bool
    development_days : int

    Returns
    -------
    LossRatios
        Without claims in the book, or with fewer than two years, the stated ratios with credibility 0.

    References
    ----------
    .. [1] Bühlmann, Straub (1970), Glaubwürdigkeit für Schadensätze, Mitteilungen der VSVM 70; Bühlmann, Gisler (2005),
       A Course in Credibility Theory, chapter 4.
    """
    until = book.settings.data_cutoff if as_of is None else to_moment(as_of, name="as_of")
    table = economics_table(book if economics is None else economics, as_of=until, by_product=by_product)
    developed = until - pd.Timedelta(days=development_days)
    history = loss_history(book, until=until, years_to=developed.year)
    keys = ["line", "product", "year"] if by_product else ["line", "year"]
    return credible(history.groupby(keys)[["premium", "cost", "claims"]].sum(), table)


def credible(years: pd.DataFrame, economics: pd.DataFrame) -> LossRatios:
    """Weigh observed against stated loss ratios.

    Parameters
    ----------
    years : DataFrame, a row per line (and product) and year: the index levels of `economics`, then ``year``; columns
        ``premium``, ``cost`` (currency) and ``claims`` (number)
    economics : DataFrame, as :func:`economics_table` returns it

    Raises
    ------
    UsageError
        If a column is missing.
    """
    keys = [str(name) for name in economics.index.names]
    rows = years.reset_index()
    lacking = [c for c in (*keys, "premium", "cost", "claims") if c not in rows]
    if lacking:
        raise UsageError("Loss ratios need premium, cost and claims by line and year.", found=f"no {lacking}")
    rows = rows[rows["premium"] > 0]
    table = rows.groupby(keys).agg(years=("premium", "size"), premium=("premium", "sum"), claims=("claims", "sum"),
                                   cost=("cost", "sum"))  # fmt: skip
    lines = pd.Index([key[0] if isinstance(key, tuple) else key for key in table.index])
    at = [key if key in economics.index else _fallback(line, keys, economics)
          for key, line in zip(table.index, lines, strict=True)]  # fmt: skip
    stated = economics.loc[at]
    table["observed"] = table["cost"] / table["premium"]
    table["stated"] = stated["loss_ratio"].to_numpy(dtype=np.float64)
    table["assumed"] = ["loss_ratio" in each for each in stated["assumed"]]
    counted = ~lines.isin(RESERVED)
    within, between = _variances(rows, table[counted], keys)
    weight = table["premium"].where(counted, 0.0) * between
    table["credibility"] = np.where(weight > 0, weight / (weight + within), 0.0) if np.isfinite(within) else 0.0
    table["expected"] = table["stated"] + table["credibility"] * (table["observed"] - table["stated"])
    missing = [key for key in table.index if key not in economics.index]
    extra = economics.loc[[a for a, key in zip(at, table.index, strict=True) if key in missing]]
    whole = pd.concat([economics, extra.set_axis(table.index[table.index.isin(missing)], axis=0)])
    whole.loc[table.index, "loss_ratio"] = table["expected"]
    weighed = economics_table(whole, by_product=len(keys) > 1)
    return LossRatios(table, weighed, within, between, _text(table, within, between))


def _fallback(line: str, keys: list[str], economics: pd.DataFrame) -> Any:
    """The row of economics that stands for a line or product that has none."""
    key = (line, "") if len(keys) > 1 else line
    if key in economics.index:
        return key
    return ("other", "") if len(keys) > 1 else "other"


def _variances(rows: pd.DataFrame, table: pd.DataFrame, keys: list[str]) -> tuple[float, float]:
    """Variance within lines, times premium, and between lines' own ratios and the stated ones; NaN if not to be had."""
    free = int((table["years"] - 1).sum())
    if not free:
        return float("nan"), 0.0
    own = rows.set_index(keys)
    own = own[own.index.isin(table.index)]
    gap = own["cost"] / own["premium"] - table["observed"].reindex(own.index)
    within = float((own["premium"] * gap**2).sum() / free)
    off = float((table["premium"] * (table["observed"] - table["stated"]) ** 2).sum())
    return within, max(0.0, off - len(table) * within) / float(table["premium"].sum())


def _text(table: pd.DataFrame, within: float, between: float) -> str:
    if not len(table) or not np.isfinite(within):
        return "The book has no claims of two developed years: loss ratios are the stated ones, credibility 0."
    names = ["/".join(filter(None, key)) if isinstance(key, tuple) else key for key in table.index]
    said = [f"{name} {row.expected:.1%} (own {row.observed:.1%}, {'assumed' if row.assumed else 'stated'} "
            f"{row.stated:.1%}, credibility {row.credibility:.2f})"
            for name, row in zip(names, table.itertuples(), strict=True)]  # fmt: skip
    reserved = [name for name in names if name.split("/")[0] in RESERVED]
    if reserved:
        said.append(f"premiums of {', '.join(reserved)} are saved up, and claims are not weighed")
    if not between:
        said.append("own ratios differ from the stated ones by no more than years differ: credibility 0")
    return f"Expected loss ratios, from {table['claims'].sum():,.0f} claims: {'; '.join(said)}."
