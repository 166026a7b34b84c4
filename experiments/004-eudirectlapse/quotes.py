"""Reads the renewal quotes and says what is made of their columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SOURCE = Path("eudirectlapse") / "eudirectlapse.parquet"
GENDER = "polholder_gender"  # for audits only


def read_quotes(data: Path) -> pd.DataFrame:
    """Read the quotes, a row each."""
    return pd.read_parquet(data / SOURCE)


def as_they_are(quotes: pd.DataFrame) -> pd.DataFrame:
    """Return the source's own columns, without outcome and gender."""
    return quotes.drop(columns=["lapse", GENDER])


def with_ratios(quotes: pd.DataFrame) -> pd.DataFrame:
    """Return numbers for power and payments, and premiums beside each other; all of it is known with the offer."""
    X = as_they_are(quotes).drop(columns=["vehicl_powerkw", "prem_freqperyear"])
    final, last, market, pure = (quotes[f"prem_{name}"] for name in ("final", "last", "market", "pure"))
    X["power_kw"], X["payments"] = _number(quotes["vehicl_powerkw"]), _number(quotes["prem_freqperyear"])
    X["change"], X["change_money"] = final / last - 1, final - last
    X["to_market"], X["to_market_money"] = final / market - 1, final - market
    X["last_to_market"], X["last_to_pure"] = last / market - 1, last / pure - 1
    X["margin"], X["market_margin"] = final / pure - 1, market / pure - 1
    X["payment"] = final / X["payments"]
    X["years_owned"] = quotes["vehicl_age"] - quotes["vehicl_agepurchase"]
    X["age_at_start"] = quotes["polholder_age"] - quotes["policy_age"]
    X["insured_of_owned"] = quotes["policy_age"] / np.maximum(X["years_owned"], 0.5)
    return X


def _number(texts: pd.Series[str]) -> pd.Series[float]:
    return texts.astype(str).str.extract(r"(\d+)")[0].astype(float)
