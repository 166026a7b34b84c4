"""Every aggregate of a Feature, from its words."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from churnkit.book.schema import TABLES
from churnkit.panel.derived.columns import CROSSING

from .attributes import attribute
from .crossing import household_rows, monthly, owner_of
from .derived import first_contact_resolution, repeats
from .history import happened, visible

NAN = float("nan")
YEAR = 365 * 86400


def satisfies(row, condition):
    """Whether a row meets a Where; a null never does."""
    have, want = row[condition.column], condition.value
    if have is None:
        return False
    if condition.op == "in":
        return have in want
    if condition.op in ("==", "!="):
        return (have == want) == (condition.op == "==")
    return {"<": have < want, "<=": have <= want, ">": have > want, ">=": have >= want}[condition.op]


def rows_of(history, feature, observation):
    """The rows the feature counts: visible, of this customer (or other owner), in the window, meeting ``where``."""
    cutoff = observation["cutoff"]
    rows = []
    for row in candidates(history, feature, observation):
        if feature.scope == "policy" and not of_the_policy(history, row, observation):
            continue
        if not visible(row, feature.clock, cutoff):
            continue
        if feature.clock == "repeated_at" and not repeats(history, row, cutoff):
            continue
        if feature.clock == "week_over_at":
            row["first_contact_resolution"] = first_contact_resolution(history, row, cutoff)
        if feature.days is not None and row[feature.clock] < cutoff - timedelta(days=feature.days):
            continue
        if all(satisfies(row, condition) for condition in feature.where):
            rows.append(row)
    return sorted(rows, key=lambda row: order(feature, row))


def candidates(history, feature, observation):
    """All rows of the customer, of the household's members, or of the agent or line."""
    if feature.table in CROSSING:
        return monthly(history, feature.table).get(owner_of(history, feature.scope, observation), [])
    if feature.scope == "household":
        return household_rows(history, feature.table, observation)
    return history.by_customer[feature.table].get(observation["customer_id"], [])


def of_the_policy(history, row, observation):
    """Whether the row belongs to the observation's policy, under whatever number."""
    if row["policy_id"] not in history.family or observation["policy_id"] is None:
        return False
    return history.family[row["policy_id"]] == history.family[observation["policy_id"]]


def order(feature, row):
    """Ties: by clock, then when seen, then key."""
    return row[feature.clock], row["seen"][feature.clock], row[{**TABLES, **CROSSING}[feature.table].key]


def exact(number):
    """A float as the decimal number that was meant."""
    return Fraction(repr(float(number)))


def value(history, feature, observation):
    """The feature of one observation: a float, a string, or None."""
    if feature.aggregate == "attribute":
        return attribute(history, feature, observation)
    if feature.table == "panel":
        return of_parts(feature, [value(history, part, observation) for part in feature.parts])
    if feature.scope in ("household", "agent", "line") and owner_of(history, feature.scope, observation) is None:
        return None
    rows = rows_of(history, feature, observation)
    cutoff = observation["cutoff"]
    if feature.aggregate == "count":
        return float(len(rows))
    if feature.aggregate == "open":
        return float(sum(1 for row in rows if not happened(row, feature.end_clock, cutoff)))
    times = [row[feature.clock] for row in rows]
    if feature.aggregate == "days_since":
        return days(times[-1], cutoff) if times else NAN
    if feature.aggregate == "days_since_first":
        return days(times[0], cutoff) if times else NAN
    if feature.aggregate == "gap_mean":
        return sum(gaps(times)) / len(gaps(times)) if gaps(times) else NAN
    if feature.aggregate == "gap_max":
        return max(gaps(times), default=NAN)
    if feature.aggregate == "share":
        hits = [row for row in rows if all(satisfies(row, condition) for condition in feature.of)]
        return len(hits) / len(rows) if rows else NAN
    return _of_column(feature, [row for row in rows if row[feature.column] is not None])


def of_parts(feature, values):
    """The ratio or the difference of two features, null where one of them is or the second of a ratio is 0."""
    one, other = (NAN if each is None else each for each in values)
    if feature.aggregate == "difference":
        return one - other
    return one / other if other else NAN


def days(begin, end):
    """Days from one moment to another."""
    return (end - begin).total_seconds() / 86400


def gaps(times):
    """Days between each moment and the next."""
    return [days(before, after) for before, after in pairwise(times)]


def _of_column(feature, rows):
    numbers = [float(row[feature.column]) for row in rows if not isinstance(row[feature.column], str)]
    if feature.aggregate == "sum":
        return float(sum((exact(n) for n in numbers), Fraction(0)))
    if feature.aggregate == "distinct":
        return float(different([row[feature.column] for row in rows]))
    if not rows:
        return NAN
    if feature.aggregate == "mean":
        return float(sum((exact(n) for n in numbers), Fraction(0)) / len(numbers))
    if feature.aggregate == "min":
        return min(numbers)
    if feature.aggregate == "max":
        return max(numbers)
    if feature.aggregate == "std":
        return spread(numbers)
    if feature.aggregate in ("first", "last"):
        found = rows[0 if feature.aggregate == "first" else -1][feature.column]
        return found if isinstance(found, str) else float(found)
    if feature.aggregate == "slope":
        return slope([(row[feature.clock], number) for row, number in zip(rows, numbers, strict=True)])
    raise AssertionError(feature.aggregate)


def different(values):
    """How many different values."""
    return len(set(values))


def spread(numbers):
    """Standard deviation of a sample; NaN under two numbers."""
    if len(numbers) < 2:
        return NAN
    mean = sum((exact(n) for n in numbers), Fraction(0)) / len(numbers)
    return math.sqrt(sum((exact(n) - mean) ** 2 for n in numbers) / (len(numbers) - 1))


def slope(points):
    """Least squares per 365 days; NaN under two distinct times."""
    if len({at for at, _ in points}) < 2:
        return NAN
    first = min(at for at, _ in points)
    x = [Fraction(int((at - first).total_seconds()), YEAR) for at, _ in points]
    y = [exact(number) for _, number in points]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return float(above / sum((a - mean_x) ** 2 for a in x))
