"""An insurer's tables as lists of plain rows, each knowing when it could be seen."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import pandas as pd

from churnkit.book.schema import SCALES, TABLES

from .families import families

Row = dict
_TEXT = ("id", "text", "category")


def plain(value, kind):
    """One cell as None, str, bool, float or datetime."""
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if kind in _TEXT:
        return str(value)
    if kind in ("date", "ts"):
        return pd.Timestamp(value).to_pydatetime()
    if kind == "bool":
        return bool(value)
    return float(value)


class History:
    """Rows by table; ``seen`` of a row holds, per clock, the moment the event is visible through it.

    Parameters
    ----------
    tables : dict of DataFrame
        As handed to ``open_book``.
    data_cutoff : datetime
    delay_days : dict of str to int, optional
        Assumed recording delay by table; 1 for a table not named.
    match : tuple of str
        Ways beyond policy and previous policy in which renewals are found.
    """

    def __init__(
        self,
        tables,
        *,
        data_cutoff,
        delay_days=None,
        slack_days=7,
        gap_days=90,
        horizon_days=365,
        churn_slack_days=7,
        end_date_is="exclusive",
        match=(),
    ):
        self.data_cutoff = pd.Timestamp(data_cutoff).to_pydatetime()
        self.delay = {name: timedelta(days=(delay_days or {}).get(name, 1)) for name in TABLES}
        self.slack_days, self.churn_slack_days = slack_days, churn_slack_days
        self.match = match
        self.gap_days, self.horizon_days = gap_days, horizon_days
        self.covered_more = timedelta(days=1 if end_date_is == "last_covered_day" else 0)
        self.columns = {name: set(frame.columns) for name, frame in tables.items()}
        self.rows = {name: self._read(name, frame) for name, frame in tables.items()}
        self.customer_of = {p["policy_id"]: p["customer_id"] for p in self.rows["policies"]}
        self.by_customer = {name: self._by_customer(name) for name in self.rows}
        self.policies = self._versions("policies")
        self.customers = self._versions("customers")
        self.terms = self._versions("terms")
        self.family = families(self)
        self.crossing = {}

    def _read(self, name, frame):
        spec = TABLES[name]
        kinds = {c.name: c.type for c in spec.columns}
        rows, already = [], set()
        for values in frame.astype(object).values.tolist():
            row = {
                c: plain(v, kinds.get(c, "ts" if c.endswith("_recorded_at") else "text"))
                for c, v in zip(frame.columns, values, strict=True)
            }
            content = tuple(sorted(row.items(), key=lambda item: item[0]))
            if content in already:
                continue
            already.add(content)
            for column in spec.columns:
                if row.setdefault(column.name, None) is None and column.default is not None:
                    row[column.name] = column.default == "true"
            if name == "terms":
                row["end_date"] += self.covered_more
            if name == "surveys":
                low, high = SCALES[row["instrument"]]
                defaults = {"scale_min": float(low), "scale_max": float(high), "direction": "high_good"}
                row.update({column: new for column, new in defaults.items() if row[column] is None})
            rows.append(row)
        rows = [row for row in rows if not self._after_the_extract(spec, row)]
        for row in rows:
            row["seen"] = self._seen(spec, row)
        self._supersede(spec, rows)
        return rows

    def _after_the_extract(self, spec, row):
        if not spec.clocks:
            return False
        first = row[spec.clocks[0]]
        if spec.name == "terms":
            first = row["issued_at"] or row["recorded_at"]
        return first is not None and first >= self.data_cutoff

    def _seen(self, spec, row):
        if spec.name == "terms" and row["issued_at"] is None:
            row["issued_at"] = row["recorded_at"] or row["start_date"]
        seen = {}
        for clock in spec.clocks:
            at = row[clock]
            if at is None:
                continue
            if spec.name == "terms" and clock == "ended_date":
                known = row["ended_recorded_at"] or at + self.delay["terms"]
                seen[clock] = max(known, seen["issued_at"])
                continue
            recorded = row.get(clock + "_recorded_at") or row["recorded_at"] or at + self.delay[spec.name]
            seen[clock] = max(at, recorded)
        return seen

    def _supersede(self, spec, rows):
        """Give every row ``replaced_at``: the first moment at which a later version of it is seen."""
        versions = defaultdict(list)
        for row in rows:
            versions[row[spec.key]].append(row)
        for same in versions.values():
            same.sort(key=lambda row: row.get("recorded_at") or datetime.min)
            for i, row in enumerate(same):
                later = [first_seen(spec, other) for other in same[i + 1 :]]
                row["replaced_at"] = min(later) if later else None

    def _by_customer(self, name):
        found = defaultdict(list)
        for row in self.rows[name]:
            owner = row.get("customer_id") if name != "terms" else self.customer_of.get(row["policy_id"])
            found[owner].append(row)
        return found

    def _versions(self, name):
        found = defaultdict(list)
        for row in self.rows[name]:
            found[row[TABLES[name].key]].append(row)
        return {key: sorted(same, key=recorded) for key, same in found.items()}

    def has(self, table, column=None):
        """Whether the source holds the table (and the column)."""
        return table in self.columns and (column is None or column in self.columns[table])

    def policy(self, policy_id):
        """The last version of a policy."""
        return self.policies[policy_id][-1]

    def as_known(self, versions, cutoff):
        """The latest version of a customer, policy or term that was in the books before the cutoff, else None."""
        known = [row for row in versions if current(row, cutoff) and in_the_books(row, cutoff)]
        return known[-1] if known else None


def recorded(row):
    """What orders the versions of a row."""
    return row.get("recorded_at") or datetime.min


def first_seen(spec, row):
    """When the row itself could first be seen."""
    if spec.clocks:
        return row["seen"][spec.clocks[0]]
    return recorded(row)


def in_the_books(row, cutoff):
    """A row of customers, policies or terms: entered before the cutoff (no recording time: as of the extract)."""
    if "term_id" in row:
        return happened(row, "issued_at", cutoff)
    return row.get("recorded_at") is None or row["recorded_at"] < cutoff


def current(row, cutoff):
    """No later version of the row has been seen before the cutoff."""
    return row["replaced_at"] is None or cutoff <= row["replaced_at"]


def happened(row, clock, cutoff):
    """The row's clock ran out, and was recorded, before the cutoff."""
    return row[clock] is not None and row[clock] < cutoff and row["seen"][clock] < cutoff


def visible(row, clock, cutoff):
    """The event (this row through this clock) is known at the cutoff."""
    return happened(row, clock, cutoff) and current(row, cutoff)
