"""What is asked of every bucket of customers: its observations, labels and features, from its own rows alone.

A task is plain data and travels: the same function runs here and on the workers of a cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from churnkit.book.open import Book
from churnkit.book.settings import ChurnSettings
from churnkit.panel import observations as obs
from churnkit.panel.cancellations import cancellation_frame, cancellation_risk_set
from churnkit.panel.columns import bucket_features, by_table, needed, parts_of
from churnkit.panel.crossing import load_crossing
from churnkit.panel.derived.columns import CROSSING
from churnkit.panel.feature import Feature
from churnkit.panel.labels import Labels, cancellation_labels, churn_labels, renewal_labels
from churnkit.panel.links import LINKED, link_query
from churnkit.panel.load import Days, event_query, load_days, policy_versions_query, state_query
from churnkit.panel.owners import Owners
from churnkit.panel.panel import Panel
from churnkit.panel.terms.terms import Terms, term_queries, terms_of

Target = Literal["renewal", "churn", "cancellation"]
NAME = {"renewal": "renewed", "churn": "churned", "cancellation": "cancelled"}


@dataclass(frozen=True)
class Task:
    """A panel as it is asked for; times in microseconds.

    Attributes
    ----------
    moments : tuple of int
        Snapshots (churn, cancellation), or the one day of ``as_of``.
    leads : tuple of int
        Days before the end (renewal); empty with ``as_of``.
    days : Days
        How working days are counted.
    crossing : mapping of table to Arrow table
        What crosses customers, by month; small.
    """

    target: Target
    features: tuple[Feature, ...]
    until: int
    match: tuple[str, ...]
    slack_days: int
    churn: ChurnSettings
    leads: tuple[int, ...] = ()
    moments: tuple[int, ...] = ()
    as_of: bool = False
    keep_unlabelled: bool = False
    versions: bool = False
    days: Days = field(kw_only=True)
    crossing: Mapping[str, pa.Table] = field(default_factory=dict)

    @property
    def by_household(self) -> bool:
        """Whether members of a household must be worked on together."""
        return "household" in self.match or any(f.scope == "household" for f in parts_of(self.features))

    def panel(self, tables: Mapping[str, pa.Table]) -> tuple[Panel, dict[str, Any]]:
        """Build the panel of one bucket's rows, and count what was left out and what is still to ripen."""
        terms = terms_of(tables, self.match)
        risk, labels, counts = self._observed(terms)
        framed = cancellation_frame if self.target == "cancellation" else obs.observation_frame
        keys = framed(terms, risk)
        X = bucket_features(self.features, {**tables, **self.crossing}, terms, risk, days=self.days)
        keys["ripe_at"] = pd.Series(labels.ripe_at.view("datetime64[us]"))
        keys["cause"] = pd.Series(labels.cause, dtype="str")
        y = pd.Series(labels.y, name=NAME[self.target], dtype="float64")
        return Panel(X=X, y=y, keys=keys, target=self.target, features=self.features), counts

    def _observed(self, terms: Terms) -> tuple[obs.RiskSet, Labels, dict[str, Any]]:
        risk = obs.in_order(terms, self._risk_set(terms))
        excluded, unripe = Counter(risk.excluded), Counter[str]()
        labels = _no_labels(len(risk.cutoff))
        if not self.as_of and len(risk.cutoff):
            labels = self._labels(terms, risk)
            excluded.update(Counter(labels.cause[labels.cause != ""].tolist()))
            waiting = labels.ripe_at[labels.cause == "unripe"].view("M8[us]").astype("M8[D]")
            days, many = np.unique(waiting, return_counts=True)
            unripe.update(dict(zip(days.astype(str).tolist(), many.tolist(), strict=True)))
        seen = len(risk.cutoff)
        if not self.as_of and not self.keep_unlabelled:
            kept = np.flatnonzero(~np.isnan(labels.y))
            risk, labels = risk.take(kept), Labels(labels.y[kept], labels.cause[kept], labels.ripe_at[kept])
        counts = {"observed": seen, "rows": len(labels.y), "ones": int((labels.y == 1).sum()),
                  "zeros": int((labels.y == 0).sum()), "excluded": dict(excluded), "unripe": dict(unripe)}  # fmt: skip
        return risk, labels, counts

    def _risk_set(self, terms: Terms) -> obs.RiskSet:
        if self.target != "renewal":
            observed = obs.churn_risk_set if self.target == "churn" else cancellation_risk_set
            return observed(terms, np.array(self.moments, dtype=np.int64), as_known=self.as_of)
        if self.as_of:
            return obs.inforce_risk_set(terms, self.moments[0])
        return obs.renewal_risk_set(terms, self.leads, self.until)

    def _labels(self, terms: Terms, risk: obs.RiskSet) -> Labels:
        if self.target == "renewal":
            return renewal_labels(terms, risk, slack_days=self.slack_days, until=self.until)
        if self.target == "cancellation":
            return cancellation_labels(terms, risk, slack_days=self.slack_days, until=self.until)
        return churn_labels(terms, risk, settings=self.churn, until=self.until)

    def queries(self, book: Book, owners: Owners) -> dict[str, str]:
        """Queries for everything that a bucket needs, by the name under which :meth:`panel` looks for it."""
        wanted = parts_of(self.features)
        terms = [f.column for f in wanted if f.table == "terms" and f.aggregate == "attribute"]
        found = term_queries(book, owners, terms)
        if self.versions:
            found["policy versions"] = policy_versions_query(book, owners)
        for table, columns in needed(wanted).items():
            found[f"{table} state"] = state_query(book, table, columns, owners)
        for table, own in by_table(wanted).items():
            found[f"{table} events"] = event_query(book, table, own, owners)
        for scope in sorted({f.scope for f in wanted} & LINKED.keys()):
            found[f"{scope} links"] = link_query(book, scope, owners)
        return found


def task_for(book: Book, target: Target, features: tuple[Feature, ...], **when: Any) -> Task:
    """Return the task of a book's panel, with what the book's settings and small tables say."""
    settings, wanted = book.settings, parts_of(features)
    crossing = {name: load_crossing(book, name) for name in CROSSING if any(f.table == name for f in wanted)}
    return Task(
        target=target, features=features, until=obs.data_cutoff(book), match=tuple(settings.renewal.match),
        slack_days=settings.renewal.slack_days, churn=settings.churn, versions=book.repeats("policies"),
        days=load_days(book, wanted), crossing=crossing, **when,
    )  # fmt: skip


def _no_labels(size: int) -> Labels:
    never = np.full(size, np.datetime64("NaT", "us").astype(np.int64))
    return Labels(np.full(size, np.nan), np.full(size, "", dtype=object), never)
