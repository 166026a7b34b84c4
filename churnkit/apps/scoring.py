"""Score every policy, or customer, in force on a day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pandas as pd

from churnkit.book.finding import Finding
from churnkit.book.open import Book
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.explain import reasons
from churnkit.moments import to_moment
from churnkit.panel.build import build_panel
from churnkit.panel.extra import default_features
from churnkit.panel.panel import Panel
from churnkit.retain.suppression import suppressed
from churnkit.value.lifetime import LifetimeValue


def score(
    book: Book,
    model: RenewalModel | ChurnModel,
    *,
    as_of: Any,
    value: LifetimeValue | None = None,
    top: int = 3,
    language: Literal["en", "zh"] = "en",
    tell: Callable[[Finding], None] | None = None,
) -> pd.DataFrame:
    """Score what is in force on a day, with reasons and, where given, value.

    Parameters
    ----------
    book : Book
    model : RenewalModel (one row per policy) or ChurnModel (one row per customer), fitted
    as_of : date; only what was known before it is used
    value : LifetimeValue, optional, for renewal models
    top : int, reasons per row
    language : {"en", "zh"}
    tell : callable, given each finding (DRF30: categories that training never saw)

    Returns
    -------
    DataFrame, highest risk first, ties by id
        customer_id, policy_id, line, end_date, lead_days, ``renewal`` or ``churn`` (calibrated probability), unsure,
        value, expected_lifetime and s1 (chance of the next renewal) where a value is given, reason_1 …,
        do_not_contact (why the customer must not be contacted, empty where allowed), as_of.
    """
    target: Literal["renewal", "churn"] = "renewal" if isinstance(model, RenewalModel) else "churn"
    usual = default_features(book, target)
    names = {feature.name for feature in usual}
    given = getattr(model, "features_", None) or ()
    own = tuple(feature for feature in given if feature.name not in names)  # in Python, beside the settings
    panel = build_panel(book, target, features=(*usual, *own), as_of=as_of)
    if tell is not None:
        for finding in drifted(model, panel):
            tell(finding)
    keys = ["customer_id", "policy_id", "line", "end_date", "lead_days"] if target == "renewal" else ["customer_id"]
    rows = panel.keys[keys].copy()
    rows[target] = model.predict_proba(panel.X)[:, 1]
    rows["unsure"] = model.unsure(panel.X).to_numpy()
    if value is not None and target == "renewal":
        worth = value.predict(panel)
        rows = rows.assign(**{name: worth[name] for name in ("value", "expected_lifetime", "s1")})
    told = reasons(model, panel.X, top=top, language=language, toward="leave")
    texts = told.pivot(index="row", columns="rank", values="text").rename(columns=lambda rank: f"reason_{rank}")
    barred = suppressed(book, to_moment(as_of, name="as_of")).set_index("customer_id")["reason"]
    rows = rows.join(texts).assign(do_not_contact=rows["customer_id"].map(barred), as_of=pd.Timestamp(as_of))
    risk = rows[target] if target == "churn" else 1 - rows[target]
    ids = [name for name in ("customer_id", "policy_id") if name in rows]
    order = rows.assign(_safety=-risk).sort_values(["_safety", *ids], kind="stable")
    return order.drop(columns="_safety").reset_index(drop=True)


def drifted(model: RenewalModel | ChurnModel, panel: Panel) -> list[Finding]:
    """Return a warning (DRF30) for every column with categories that training never saw, and its share of the rows."""
    tables = {feature.name: feature.table for feature in panel.features}
    found = []
    for name, (count, values) in model.unseen(panel.X).items():
        shown = ", ".join(values[:5]) + (" and others" if len(values) > 5 else "")
        found.append(Finding(
            "DRF30", "warning", tables.get(name, "X"), f"{name} holds categories that training never saw ({shown}) in"
            f" {count:,} of {len(panel):,} rows to score ({100 * count / len(panel):.2g} %)", count=count,
            share=count / len(panel), effect="taken as missing; these rows are marked unsure",
            fix="map them to the categories of training, or train again once labels of theirs are ripe"))  # fmt: skip
    return found
