"""One partition of customers: its features, from events, state tables and the observations themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from churnkit.book.open import Book
from churnkit.panel.arrays import numbers
from churnkit.panel.attributes import StateTable
from churnkit.panel.feature import Feature
from churnkit.panel.kernel import compute_features
from churnkit.panel.load import load_events, load_policy_versions, load_state
from churnkit.panel.observations import RiskSet
from churnkit.panel.state import observation_state
from churnkit.panel.terms import Terms

_ID = {"customers": "customer_id", "policies": "policy_id", "terms": "term_id"}


def partition_features(
    book: Book, terms: Terms, risk: RiskSet, keys: pd.DataFrame, features: Sequence[Feature], *, part: int, parts: int
) -> dict[str, Any]:
    """Compute the features of one partition's observations.

    Parameters
    ----------
    risk, keys : RiskSet and DataFrame of n rows
        The observations of the partition, row by row the same.
    part, parts : int
        Customers whose code modulo `parts` is `part`.

    Returns
    -------
    dict of name to float64 array, or Arrow text array, of length n
    """
    columns: dict[str, Any] = {}
    events = [f for f in features if f.aggregate != "attribute"]
    tables = sorted({f.table for f in events})
    policy = np.where(risk.row >= 0, terms.family[risk.row] if len(terms.family) else -1, -1)
    observations = pa.table({"customer": risk.customer, "policy": policy, "cutoff": risk.cutoff})
    for table in tables:
        own = [f for f in events if f.table == table]
        rows = _of_families(load_events(book, table, own, part=part, parts=parts), terms)
        found = compute_features(observations, {table: rows}, own)
        columns |= {name: _plain(found[name]) for name in found.column_names}
    if any(f.table == "observation" for f in features):
        state: dict[str, Any] = dict(observation_state(terms, risk, _policy_versions(book)))
        if any(f.column == "age" for f in features):
            state["age"] = _age(book, keys, risk, part=part, parts=parts)
        columns |= {f.name: state[f.column] for f in features if f.table == "observation"}
    for table, name in _ID.items():
        own = [f for f in features if f.table == table and f.aggregate == "attribute"]
        if own:
            versions = load_state(book, table, [f.column for f in own], part=part, parts=parts)
            columns |= _attributes(StateTable(table, versions), own, keys[name], risk)
    return columns


def _of_families(events: pa.Table, terms: Terms) -> pa.Table:
    """Events with the code of the policy under all its numbers in place of the number's."""
    if terms.ties.alone:
        return events
    policy = np.asarray(events["policy"], dtype=np.int64)
    family = np.where(policy >= 0, terms.ties.family[policy], -1)
    return events.set_column(events.schema.get_field_index("policy"), "policy", pa.array(family))


def _policy_versions(book: Book) -> StateTable | None:
    return StateTable("policies", load_policy_versions(book)) if book.repeats("policies") else None


def _attributes(table: StateTable, features: Sequence[Feature], ids: pd.Series, risk: RiskSet) -> dict[str, Any]:
    rows = table.rows(ids, risk.cutoff)
    return {f.name: _plain(table.column(f.column, rows, risk.cutoff)) for f in features}


def _age(book: Book, keys: pd.DataFrame, risk: RiskSet, *, part: int, parts: int) -> Any:
    table = StateTable("customers", load_state(book, "customers", ["birth_year"], part=part, parts=parts))
    born = table.column("birth_year", table.rows(keys["customer_id"], risk.cutoff), risk.cutoff)
    year = risk.cutoff.view("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970.0
    return year - numbers(born)


def _plain(column: Any) -> Any:
    """Numbers as NumPy; texts stay Arrow."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return column if pa.types.is_string(column.type) else numbers(column)
