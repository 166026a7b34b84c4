"""Score every policy, or customer, in force on a day."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from churnkit.apps.drift import findings, noticed
from churnkit.book.finding import Finding
from churnkit.book.open import Book
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.doubts import doubts
from churnkit.models.reasons.explain import reasons
from churnkit.models.trees import gains
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
    kind: Literal["both", "changeable", "background"]
    rows: int

    def __call__(self, panel: Panel) -> dict[str, Any]:
        """Return the scored rows, and what is noticed of the panel."""
        model, target = self.model, self.model.target
        said = doubts(model.columns_, panel.X, gains(model.booster_), language=self.language)
        rows = panel.keys[_KEYS[target]].assign(**self._chances(panel), unsure=[bool(each) for each in said],
                                                unsure_about=pd.Categorical(said))  # fmt: skip
        if self.value is not None and target == "renewal":
            worth = self.value.predict(panel)
            rows = rows.assign(**{name: worth[name] for name in ("value", "expected_lifetime", "s1")})
        told = reasons(model, panel.X.reset_index(drop=True), top=self.top, language=self.language, toward="leave",
                       kind=self.kind, rows=self.rows)  # fmt: skip
        texts = told["text"].astype("category")
        codes = np.full((len(rows), self.top), -1, dtype=np.intp)
        codes[told["row"].to_numpy(), told["rank"].to_numpy() - 1] = texts.cat.codes
        for at in range(self.top):
            rows[_REASON.format(at + 1)] = pd.Categorical.from_codes(codes[:, at], texts.cat.categories)
        first = told.loc[told["rank"] == 1].set_index("row")["group"].reindex(range(len(rows)))
        rows["group_1"] = pd.Categorical(first)
        return {"rows": _sent(rows), **noticed(model, panel)}

    def _chances(self, panel: Panel) -> dict[str, Any]:
        """The calibrated probability and its interval, from one pass through the trees."""
        model = self.model
        raw = model.raw_score(panel.X)
        timed = model.columns_.position("lead_days") is not None
        lead = panel.X["lead_days"].to_numpy(dtype=np.float32).astype(np.float64) if timed else None
        low, high = model.calibrator_.interval(raw, lead)
        return {model.target: model.calibrator_.predict(raw, lead), "low": low, "high": high}


def score(
    book: Book,
    model: RenewalModel | ChurnModel,
    *,
    as_of: Any,
    value: LifetimeValue | None = None,
    top: int = 3,
    language: Literal["en", "zh"] = "en",
    kind: Literal["both", "changeable", "background"] = "both",
    version: str = "",
    tell: Callable[[Finding], None] | None = None,
    memory: str | None = None,
    partitions: int | None = None,
) -> pd.DataFrame:
    """Score what is in force on a day, with reasons and, where given, value.

    Customers are worked through part by part; what is kept of a part is the rows below.

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
    kind : {"both", "changeable", "background"}, as :func:`reasons` takes it
    version : str, the model's, repeated in every row
    tell : callable, given each finding (DRF30: categories that training never saw, numbers that lie elsewhere)
    memory, partitions : optional, as :func:`build_panel` takes them; the rows are the same for any

    Returns
    -------
    DataFrame, highest risk first, ties by id
        customer_id, policy_id, line, end_date, lead_days, ``renewal``, ``churn`` or ``cancellation`` (calibrated
        probability), ``low`` and ``high`` (its 95 % interval, NaN without calibration), unsure, unsure_about (which
        column lies where training did not), value, expected_lifetime and s1 (chance of the next renewal) where a value
        is given, reason_1 …, group_1 (the first reason's group), do_not_contact (why the customer must not be
        contacted, empty where allowed), not_for_money (why probabilities must not be multiplied by money, empty where
        they may), model_version, as_of.
    """
    target = model.target
    features = _features(book, model, target)
    many = book.rows("customers" if target == "churn" else "policies")
    scoring = _Scoring(model, value, top, language, kind, many)
    parts = ask_panel(book, target, scoring, features=features, as_of=as_of, memory=memory, partitions=partitions)
    rows = _received([part.pop("rows") for part in parts])
    if tell is not None:
        for finding in findings(model, parts, features=features, rows=len(rows)):
            tell(finding)
    risk = 1 - rows[target] if target == "renewal" else rows[target]
    ids = [name for name in ("customer_id", "policy_id") if name in rows]
    order = rows[ids].assign(safety=-risk).sort_values(["safety", *ids], kind="stable").index
    rows = rows.loc[order].reset_index(drop=True)
    names = [_REASON.format(rank) for rank in range(1, top + 1)]
    rows = rows.drop(columns=[name for name in names if rows[name].isna().all()])
    rows = rows.astype({name: "str" for name in ("unsure_about", *names, "group_1") if name in rows})
    barred = suppressed(book, to_moment(as_of, name="as_of")).set_index("customer_id")["reason"]
    return rows.assign(do_not_contact=rows["customer_id"].map(barred),
                       not_for_money="" if model.mark_.for_money else model.mark_.text,
                       model_version=version, as_of=pd.Timestamp(as_of))  # fmt: skip


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
    held = pa.dictionary(pa.int32(), pa.string())  # the same in every part, however many texts it has
    table = table.cast(pa.schema([field.with_type(held) if pa.types.is_dictionary(field.type) else field
                                  for field in table.schema]))  # fmt: skip
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return base64.b64encode(sink.getvalue()).decode()


def _received(texts: list[str]) -> pd.DataFrame:
    """The rows of all parts; a text that many rows have is held once."""
    tables = []
    for text in texts:
        with pa.ipc.open_stream(base64.b64decode(text)) as reader:
            tables.append(reader.read_all())
    found: pd.DataFrame = pa.concat_tables(tables).unify_dictionaries().to_pandas()
    return found
