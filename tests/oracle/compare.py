"""A panel laid beside the oracle: what differs, in words."""

from __future__ import annotations

import math
from random import Random

import pandas as pd

from churnkit.book.schema import TABLES
from churnkit.panel.derived.columns import CROSSING
from churnkit.panel.feature import Feature, Where

from .definitions import value
from .derived import add_derived
from .history import History

KEYS = ("entity", "customer_id", "policy_id", "term_id", "line", "cutoff", "lead_days", "end_date", "ripe_at", "cause")
DERIVED = {
    "rating": ("surveys", "answered_at"),
    "answer_days": ("surveys", "answered_at"),
    "cycle_days": ("claims", "paid_at"),
    "decision_days": ("claims", "decided_at"),
    "paid_share": ("claims", "paid_at"),
    "past_service_level": ("claims", "paid_at"),
    "resolution_days": ("interactions", "resolved_at"),
    "first_contact_resolution": ("interactions", "week_over_at"),
    "handling_days": ("complaints", "decided_at"),
    "decided_late": ("complaints", "decided_at"),
}
CONTACT = ("started_at", "topic", "initiator", "resolved", "resolved_at")
NEEDS = {
    "rating": ("score", "answered_at", "instrument"),
    "cycle_days": ("reported_at", "paid_at"),
    "decision_days": ("reported_at", "decided_at"),
    "paid_share": ("amount_paid", "amount_claimed", "paid_at"),
    "repeated_at": ("started_at", "topic", "initiator"),
    "answer_days": ("sent_at", "answered_at"),
    "past_service_level": ("reported_at", "paid_at"),
    "resolution_days": ("started_at", "resolved_at"),
    "first_contact_resolution": CONTACT,
    "week_over_at": CONTACT,
    "handling_days": ("received_at", "decided_at"),
    "decided_late": ("decided_at", "due_at"),
    "overdue_at": ("received_at", "due_at"),
    "reopened_at": ("reported_at", "closed_at", "recorded_at"),
}
ANSWERED = ("surveys", ("policy_id", "answered_at", "instrument", "score"))
OF_OTHERS = {  # what columns of agents and lines are made of
    "terms_over": ("terms", ("end_date",)),
    "exits": ("terms", ("ended_date", "end_reason")),
    "expired": ("terms", ("ended_date", "end_reason")),
    "complaints": ("complaints", ("policy_id",)),
    "contacts": ("interactions", ("policy_id", "initiator")),
    "ratings": ANSWERED,
    "rating_sum": ANSWERED,
    "premium_median": ("terms", ("premium",)),
    "rating_mean": ANSWERED,
}
FULL_PRECISION = ("handle_seconds", "queue_wait_mean", "sentiment", "paid_share", "rating", "rating_sum", "answer_days",
                  "resolution_days")  # fmt: skip
NUMBERS = ("money", "number", "integer")


def history_of(book, **settings):
    """The oracle's reading of a hostile book."""
    history = History(
        book.tables, data_cutoff=book.data_cutoff, delay_days=book.delay_days, match=book.match, **settings
    )
    add_derived(history)
    return history


def cell(found):
    """None for every kind of missing; plain types otherwise."""
    if found is None or found is pd.NaT or found is pd.NA or (isinstance(found, float) and math.isnan(found)):
        return None
    return found.to_pydatetime() if isinstance(found, pd.Timestamp) else found


def labels_that_differ(panel, rows):
    """Keys, causes and labels of all observations, as two-sided differences."""
    frame = panel.keys.assign(label=panel.y)
    have = {tuple(map(cell, values)) for values in frame[[*KEYS, "label"]].astype(object).itertuples(index=False)}
    want = {tuple(cell(row[key]) for key in (*KEYS, "label")) for row in rows}
    assert len(have) == len(frame), "an observation stands in the panel twice"
    extra = [f"panel only:  {key}" for key in sorted(have - want, key=str)]
    return extra + [f"oracle only: {key}" for key in sorted(want - have, key=str)]


def same(feature, have, want):
    """Exact for counts, text, nulls and sums of decimals; 1e-9 relative otherwise, 1e-14 for sums of any floats."""
    have, want = cell(have), cell(want)
    if have is None or want is None or isinstance(have, str) or isinstance(want, str):
        return type(have) is type(want) and have == want
    if feature.aggregate == "sum" and feature.column in FULL_PRECISION:
        return math.isclose(have, want, rel_tol=1e-14, abs_tol=1e-14)
    if feature.aggregate in ("count", "sum", "open", "min", "max", "distinct"):
        return float(have) == float(want)
    return math.isclose(have, want, rel_tol=1e-9, abs_tol=1e-9 if feature.aggregate == "slope" else 0.0)


def features_that_differ(panel, history, rows, *, sample=300, seed=0):
    """Every feature of sampled observations, computed again."""
    return list(differences(panel, history, rows, sample=sample, seed=seed))


def differences(panel, history, rows, *, sample=300, seed=0, only=lambda feature: True):
    """Differences as they are found: who wants but one need not wait for the others."""
    at = {(row["entity"], row["cutoff"]): row for row in rows}
    keys = list(zip(panel.keys["entity"], panel.keys["cutoff"], strict=True))
    chosen = sorted(Random(seed).sample(range(len(keys)), min(sample, len(keys))))
    for feature in filter(only, panel.features):
        column = panel.X[feature.name].tolist()
        for position in chosen:
            entity, cutoff = keys[position]
            row = at[entity, cutoff.to_pydatetime()]
            want = value(history, feature, row)
            if not same(feature, column[position], want):
                yield f"{feature.name} of {entity} at {cutoff:%F}: panel {column[position]!r}, oracle {want!r}"


def known_early_enough(table, clock, column):
    """Whether a column of the contract may be read through the clock: it is known at it, or from the first one on."""
    return TABLES[table].column(column).known_at in ("", TABLES[table].clocks[0], clock)


def features_of_every_kind(target):
    """Aggregates of every kind over all event tables, clocks and some windows; not sensible, only hard."""
    found = _of_every_table()
    return tuple(feature for feature in found if target == "renewal" or feature.scope == "customer")


def _of_every_table():
    found = []
    for table in ("interactions", "claims", "complaints", "surveys", "outreach", "terms"):
        spec = TABLES[table]
        for clock in spec.clocks:
            columns = [c for c in spec.columns if c.type in NUMBERS and known_early_enough(table, clock, c.name)]
            found += _of_clock(table, clock, [c.name for c in columns][:3])
        for end in spec.clocks[1:]:
            for days in (None, 90):
                name = f"{table}_open_{end}_{days}"
                found.append(Feature(name, table=table, aggregate="open", end_clock=end, days=days))
    for table, column in (("interactions", "topic"), ("claims", "decision"), ("surveys", "instrument")):
        clock = TABLES[table].column(column).known_at
        of = {"table": table, "clock": clock, "column": column}
        found += [Feature(f"{table}_{a}_{column}", aggregate=a, **of) for a in ("first", "last", "distinct")]
        found.append(Feature(f"{table}_distinct_{column}_365", aggregate="distinct", days=365, **of))
        found.append(Feature(f"{table}_first_{column}_365", aggregate="first", days=365, **of))
    for column, (table, clock) in DERIVED.items():
        found += _of_clock(table, clock, [column], stem=column)
    for clock, table in (("reopened_at", "claims"), ("overdue_at", "complaints")):
        found += _of_clock(table, clock, [])
        found.append(Feature(f"{clock}_open", table=table, clock=clock, aggregate="open", end_clock="decided_at"))
    return (*found, *_of_clock("interactions", "repeated_at", ["wait_seconds"]))


def switched_off(feature, history):
    """Whether the source lacks something that the feature reads."""
    if feature.table == "panel":
        return any(switched_off(part, history) for part in feature.parts)
    if feature.table in CROSSING:
        table, names = OF_OTHERS[feature.column]
        owner = "agent_id" if feature.table == "agents" else "line"
        return not history.has("policies", owner) or not all(history.has(table, name) for name in names)
    if feature.scope == "household" and not history.has("customers", "household_id"):
        return True
    if feature.table == "observation":
        needed = {
            "age": ("customers", "birth_year"),
            "offer_change": ("terms", "offer_premium"),
            "sum_insured_held": ("terms", "sum_insured"),
        }.get(feature.column)
        return needed is not None and not history.has(*needed)
    claims = [row["claim_id"] for row in history.rows.get("claims", [])]
    if feature.clock == "reopened_at" and len(set(claims)) == len(claims):
        return True  # each claim comes in one version
    wanted = {feature.clock, feature.end_clock, *feature.columns} - {"", "issued_at"}
    wanted = {source for name in wanted for source in NEEDS.get(name, (name,))}
    return not history.has(feature.table) or not all(history.has(feature.table, name) for name in wanted)


def _of_clock(table, clock, columns, stem=""):
    found, scope, head = [], "customer", stem or f"{table}_{clock}"
    for days in (None, 30, 365):
        scope = "policy" if scope == "customer" else "customer"
        stem, spec = f"{head}_{days}", {"table": table, "clock": clock, "days": days}
        found.append(Feature(f"{stem}_count", aggregate="count", **spec))
        found.append(Feature(f"{stem}_count_{scope}", aggregate="count", scope=scope, **spec))
        for aggregate in ("days_since", "days_since_first", "gap_mean", "gap_max"):
            found.append(Feature(f"{stem}_{aggregate}", aggregate=aggregate, **spec))
        for column in columns:
            for aggregate in ("sum", "mean", "std", "min", "max", "first", "last", "distinct", "slope"):
                name = f"{stem}_{column}_{aggregate}"
                found.append(Feature(name, aggregate=aggregate, column=column, scope=scope, **spec))
            where = (Where(column, ">", 3),)
            found.append(Feature(f"{stem}_{column}_share", aggregate="share", of=where, **spec))
            found.append(Feature(f"{stem}_{column}_where", aggregate="count", where=where, **spec))
    return [f for i, f in enumerate(found) if f.name not in {g.name for g in found[:i]}]
