"""Score every policy, or customer, in force on a day."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from churnkit.book.finding import Finding
from churnkit.book.open import Book
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.explain import reasons
from churnkit.moments import to_moment
from churnkit.panel.build import ask_panel
from churnkit.panel.extra import default_features
from churnkit.panel.feature import Feature
from churnkit.panel.panel import Panel
from churnkit.panel.task import Target
from churnkit.retain.suppression import suppressed
from churnkit.value.lifetime import LifetimeValue

_REASON = "reason_{}"
_POLICY = ["customer_id", "policy_id", "line", "end_date"]
_KEYS = {"renewal": [*_POLICY, "lead_days"], "cancellation": _POLICY, "churn": ["customer_id"]}


@dataclass(frozen=True)
class _Scoring:
    """Scores the panel of one part: its rows come out as they would among all, whatever the parts.

    Attributes
    ----------
    rows : int
        How many there may be in all; decides how reasons are computed.
    """

    model: RenewalModel | ChurnModel
    value: LifetimeValue | None
    top: int
    language: Literal["en", "zh"]
    rows: int

    def __call__(self, panel: Panel) -> dict[str, Any]:
        """Return the scored rows, and the categories that training never saw."""
        model, target = self.model, self.model.target
        rows = panel.keys[_KEYS[target]].copy()
        rows[target] = model.predict_proba(panel.X)[:, 1]
        rows["unsure"] = model.unsure(panel.X).to_numpy()
        if self.value is not None and target == "renewal":
            worth = self.value.predict(panel)
            rows = rows.assign(**{name: worth[name] for name in ("value", "expected_lifetime", "s1")})
        told = reasons(model, panel.X, top=self.top, language=self.language, toward="leave", rows=self.rows)
        texts = told.pivot(index="row", columns="rank", values="text").reindex(columns=range(1, self.top + 1))
        rows = rows.join(texts.astype("str").rename(columns=_REASON.format))
        return {"rows": _sent(rows), "unseen": model.unseen(panel.X)}


def score(
    book: Book,
    model: RenewalModel | ChurnModel,
    *,
    as_of: Any,
    value: LifetimeValue | None = None,
    top: int = 3,
    language: Literal["en", "zh"] = "en",
    tell: Callable[[Finding], None] | None = None,
    memory: str | None = None,
    partitions: int | None = None,
) -> pd.DataFrame:
    """Score what is in force on a day, with reasons and, where given, value.

    Parameters
    ----------
    book : Book
        On Spark the model goes to the executors, they score its parts, and the rows below come back.
    model : RenewalModel (one row per policy), CancellationModel (one per policy of monthly terms) or ChurnModel (one
        per customer), fitted
    as_of : date; only what was known before it is used
    value : LifetimeValue, optional, for renewal models
    top : int, reasons per row
    language : {"en", "zh"}
    tell : callable, given each finding (DRF30: categories that training never saw)
    memory, partitions : optional, as :func:`build_panel` takes them; the rows are the same for any

    Returns
    -------
    DataFrame, highest risk first, ties by id
        customer_id, policy_id, line, end_date, lead_days, ``renewal``, ``churn`` or ``cancellation`` (calibrated
        probability), unsure, value, expected_lifetime and s1 (chance of the next renewal) where a value is given,
        reason_1 …, do_not_contact (why the customer must not be contacted, empty where allowed), as_of.
    """
    target = model.target
    features = _features(book, model, target)
    many = book.rows("customers" if target == "churn" else "policies")
    scoring = _Scoring(model, value, top, language, many)
    parts = ask_panel(book, target, scoring, features=features, as_of=as_of, memory=memory, partitions=partitions)
    rows = pd.concat([_received(part["rows"]) for part in parts], ignore_index=True)
    if tell is not None:
        for finding in _findings(model, [part["unseen"] for part in parts], features=features, rows=len(rows)):
            tell(finding)
    names = [_REASON.format(rank) for rank in range(1, top + 1)]
    rows = rows.drop(columns=[name for name in names if rows[name].isna().all()])
    barred = suppressed(book, to_moment(as_of, name="as_of")).set_index("customer_id")["reason"]
    rows = rows.assign(do_not_contact=rows["customer_id"].map(barred), as_of=pd.Timestamp(as_of))
    risk = 1 - rows[target] if target == "renewal" else rows[target]
    ids = [name for name in ("customer_id", "policy_id") if name in rows]
    order = rows.assign(_safety=-risk).sort_values(["_safety", *ids], kind="stable")
    return order.drop(columns="_safety").reset_index(drop=True)


def _features(book: Book, model: RenewalModel | ChurnModel, target: Target) -> tuple[Feature, ...]:
    """The features of the book, and those that the model was given in Python, beside the settings."""
    usual = default_features(book, target)
    names = {feature.name for feature in usual}
    given = getattr(model, "features_", None) or ()
    return (*usual, *(feature for feature in given if feature.name not in names))


def _sent(rows: pd.DataFrame) -> str:
    """The rows as text, which is how answers travel."""
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(rows, preserve_index=False)
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return base64.b64encode(sink.getvalue()).decode()


def _received(text: str) -> pd.DataFrame:
    with pa.ipc.open_stream(base64.b64decode(text)) as reader:
        found: pd.DataFrame = reader.read_pandas()
    return found


def drifted(model: RenewalModel | ChurnModel, panel: Panel) -> list[Finding]:
    """Return a warning (DRF30) for every column with categories that training never saw, and its share of the rows."""
    return _findings(model, [model.unseen(panel.X)], features=panel.features, rows=len(panel))


def _findings(model: RenewalModel | ChurnModel, unseen: Sequence[Mapping[str, Any]], *, features: Iterable[Feature],
              rows: int) -> list[Finding]:  # fmt: skip
    tables = {feature.name: feature.table for feature in features}
    found = []
    for name in [name for name in model.categories_ if any(name in part for part in unseen)]:
        parts = [part[name] for part in unseen if name in part]
        count, values = sum(part[0] for part in parts), sorted({value for part in parts for value in part[1]})
        shown = ", ".join(values[:5]) + (" and others" if len(values) > 5 else "")
        found.append(Finding(
            "DRF30", "warning", tables.get(name, "X"), f"{name} holds categories that training never saw ({shown}) in"
            f" {count:,} of {rows:,} rows to score ({100 * count / rows:.2g} %)", count=count, share=count / rows,
            effect="taken as missing; these rows are marked unsure",
            fix="map them to the categories of training, or train again once labels of theirs are ripe"))  # fmt: skip
    return found
