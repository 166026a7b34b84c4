"""The feature columns of one bucket: from its events, its state tables and the observations themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnkit.errors import UsageError
from churnkit.panel.arrays import Ints, numbers
from churnkit.panel.attributes import StateTable, column_at
from churnkit.panel.derived.columns import CROSSING, CROSSING_SCOPES
from churnkit.panel.feature import Feature
from churnkit.panel.kernel.compute import feature_columns
from churnkit.panel.links import LINKED, Links, for_kernel
from churnkit.panel.load import Days, events_of, places
from churnkit.panel.observations import RiskSet
from churnkit.panel.state import observation_state
from churnkit.panel.terms.terms import OWN, Terms


def parts_of(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Everything to be computed for some features: themselves and, of combined ones, the parts; each once."""
    found: dict[Feature, None] = {}
    for feature in features:
        found |= dict.fromkeys((*parts_of(feature.parts), feature))
    return tuple(found)


def needed(features: Iterable[Feature]) -> dict[str, list[str]]:
    """Columns of customers and policies that attributes read."""
    found: dict[str, list[str]] = {}
    for f in features:
        if f.aggregate == "attribute" and f.table in ("customers", "policies"):
            found.setdefault(f.table, []).append(f.column)
        if f.table == "observation" and f.column == "age":
            found.setdefault("customers", []).append("birth_year")
    return found


def by_table(features: Iterable[Feature]) -> dict[str, list[Feature]]:
    """Features that aggregate events, by their table."""
    found: dict[str, list[Feature]] = {}
    for feature in features:
        if feature.aggregate != "attribute" and feature.table not in ("observation", "panel", *CROSSING):
            found.setdefault(feature.table, []).append(feature)
    return found


def bucket_features(
    features: Sequence[Feature], tables: Mapping[str, pa.Table], terms: Terms, risk: RiskSet, *, days: Days
) -> pd.DataFrame:
    """Compute the features of one bucket's observations.

    Returns
    -------
    DataFrame of shape (n, n_features)
        float64, and text for categories.
    """
    wanted = parts_of(features)
    values: dict[Feature, Any] = {}
    values |= _events(wanted, tables, terms, risk, days)
    values |= _states(wanted, tables, terms, risk)
    for feature in wanted:
        if feature.table == "panel":
            values[feature] = _combined(feature, *(values[part] for part in feature.parts))
    columns = {f.name: pd.Series(values[f], dtype="str" if isinstance(values[f], pa.Array) else "float64", copy=False)
               for f in features}  # fmt: skip
    return pd.DataFrame(columns, copy=False, index=pd.RangeIndex(len(risk.cutoff)))


def _events(
    features: Iterable[Feature], tables: Mapping[str, pa.Table], terms: Terms, risk: RiskSet, days: Days
) -> dict[Feature, Any]:
    """Aggregates of what happened to the customer, on the policy, in the household, at the agent's, in the line."""
    values: dict[Feature, Any] = {}
    observations = pa.table({"customer": risk.customer, "policy": _family(terms, risk.row), "cutoff": risk.cutoff})
    links = _links(tables, terms)
    member = {"household": risk.customer, "agent": _of_row(terms.policy, risk.row)}
    member["line"] = member["agent"]
    owner = {scope: each.owner_of(member[scope], risk.cutoff) for scope, each in links.items()}
    for table, mine in by_table(features).items():
        rows = _local(tables[f"{table} events"], terms)
        events = events_of(rows, mine, days, policies=terms.policy_ids, owner=terms.ties.customer)
        own = [f for f in mine if f.scope not in links]
        values |= _computed(observations, _of_families(events, terms), own)
        if len(own) < len(mine):
            events = links["household"].events_of_owners(events)
            values |= _of_owners(owner["household"], risk, events, [f for f in mine if f.scope == "household"])
    for table, scope in CROSSING_SCOPES.items():
        mine = [f for f in features if f.table == table]
        if mine:
            values |= _of_owners(owner[scope], risk, links[scope].monthly_events(tables[table]), mine)
    return values


def _computed(observations: pa.Table, events: pa.Table, features: Sequence[Feature]) -> dict[Feature, Any]:
    if not features:
        return {}
    named = [for_kernel(feature, str(place)) for place, feature in enumerate(features)]
    found = feature_columns(observations, {features[0].table: events}, named)
    return {feature: found[str(place)] for place, feature in enumerate(features)}


def _of_owners(owner: Ints, risk: RiskSet, events: pa.Table, features: list[Feature]) -> dict[Feature, Any]:
    """Features of the rows of households, agents or lines; null without one."""
    observations = pa.table({"customer": owner, "policy": np.full(len(owner), -1), "cutoff": risk.cutoff})
    found, none = _computed(observations, events, features), owner < 0
    for f, values in found.items():
        text = isinstance(values, pa.Array)
        found[f] = pc.if_else(pa.array(none), None, values) if text else np.where(none, np.nan, values)
    return found


def _links(tables: Mapping[str, pa.Table], terms: Terms) -> dict[str, Links]:
    """Whom the customers and policies belong to, by scope."""
    ids = {"customers": terms.customer_ids, "policies": terms.policy_ids}
    return {scope: Links.of(places(rows["member"], ids[table]), rows)
            for scope, (table, _) in LINKED.items() if (rows := tables.get(f"{scope} links")) is not None}  # fmt: skip


def _states(
    features: Iterable[Feature], tables: Mapping[str, pa.Table], terms: Terms, risk: RiskSet
) -> dict[Feature, Any]:
    found: dict[Feature, Any] = {}
    mine, by_table = [f for f in features if f.aggregate == "attribute"], _state_tables(tables, terms)
    owner = {"customers": risk.customer, "policies": _of_row(terms.policy, risk.row)}
    rows = {table: state.rows(owner[table], risk.cutoff) for table, state in by_table.items() if table in owner}
    if any(f.table == "observation" for f in mine):
        state: dict[str, Any] = dict(observation_state(terms, risk, by_table.get("versions")))
        if any(f.column == "age" for f in mine):
            born = numbers(by_table["customers"].column("birth_year", rows["customers"], risk.cutoff))
            state["age"] = risk.cutoff.view("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970.0 - born
        found |= {f: state[f.column] for f in mine if f.table == "observation"}
    for f in mine:
        if f.table == "terms":
            found[f] = _plain(column_at(terms.table, OWN.format(f.column), risk.row, risk.cutoff))
        elif f.table != "observation":
            found[f] = _plain(by_table[f.table].column(f.column, rows[f.table], risk.cutoff))
    return found


def _state_tables(tables: Mapping[str, pa.Table], terms: Terms) -> dict[str, StateTable]:
    ids = {"customers": terms.customer_ids, "policies": terms.policy_ids}
    found = {name: StateTable(rows, places(rows["id"], ids[name]))
             for name in ids if (rows := tables.get(f"{name} state")) is not None}  # fmt: skip
    if "policy versions" in tables:
        rows = tables["policy versions"]
        found["versions"] = StateTable(rows, places(rows["policy_id"], terms.policy_ids))
    return found


def _combined(feature: Feature, one: Any, other: Any) -> Any:
    if isinstance(one, pa.Array) or isinstance(other, pa.Array):
        raise UsageError("A ratio or difference is made of numbers.", where=f"feature {feature.name!r}")
    if feature.aggregate == "difference":
        return one - other
    return np.divide(one, other, out=np.full(len(one), np.nan), where=(other != 0) & ~np.isnan(other))


def _of_row(codes: Ints, row: Ints) -> Ints:
    """Codes of the observations' terms, -1 for a churn observation."""
    return np.where(row >= 0, codes[row], -1) if len(codes) else np.full(len(row), -1, dtype=np.int64)


def _family(terms: Terms, row: Ints) -> Ints:
    return _of_row(terms.family, row)


def _local(rows: pa.Table, terms: Terms) -> pa.Table:
    """Rows with the customer's code in this bucket in place of the one in the book."""
    code = np.asarray(rows["customer"], dtype=np.int64) - terms.first
    return rows.set_column(rows.schema.get_field_index("customer"), "customer", pa.array(code))


def _of_families(events: pa.Table, terms: Terms) -> pa.Table:
    """Events with the code of the policy under all its numbers in place of the number's."""
    if terms.ties.alone:
        return events
    policy = np.asarray(events["policy"], dtype=np.int64)
    family = np.where(policy >= 0, terms.ties.family[policy], -1)
    return events.set_column(events.schema.get_field_index("policy"), "policy", pa.array(family))


def _plain(column: Any) -> Any:
    """Numbers as NumPy; texts stay Arrow."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return column if pa.types.is_string(column.type) else numbers(column)
