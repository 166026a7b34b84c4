"""Values of the observation's own customer, policy and term, and of the observation itself."""

from __future__ import annotations

from churnkit.book.schema import clock_of

from .history import happened


def attribute(history, feature, observation):
    """An attribute as known at the cutoff: float, str or None."""
    if feature.table == "observation":
        raise NotImplementedError(feature.column)
    versions = {
        "customers": lambda: history.customers.get(observation["customer_id"], []),
        "policies": lambda: history.policies.get(observation["policy_id"], []),
        "terms": lambda: history.terms.get(observation["term_id"], []),
    }[feature.table]()
    row = history.as_known(versions, observation["cutoff"])
    if row is None:
        return None
    clock = clock_of(feature.table, feature.column)
    if clock and not happened(row, clock, observation["cutoff"]):
        return None
    found = row[feature.column]
    return found if found is None or isinstance(found, str) else float(found)
