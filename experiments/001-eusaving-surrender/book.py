"""Turns the savings policies into a book folder: customers, policies, yearly terms, churnkit.toml."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

SOURCE = Path("eusaving") / "eusavingULnoPS.parquet"
COLUMNS = {
    "policy.ID": "policy_id", "issue.date": "issued", "termination.date": "terminated", "lapse.reason": "reason",
    "premium.frequency": "frequency", "gender": "gender", "underwriting.age": "age", "face.amount": "face",
    "risk.premium": "risk_premium",
}  # fmt: skip
REASONS = {"Surrender": "surrendered", "Claim": "death", "Maturity": "matured"}
DATA_CUTOFF = pd.Timestamp("2008-01-01")
DAY = pd.Timedelta(days=1)
SETTINGS = """\
# Made by run.py from the public data set eusavingULnoPS.
data_cutoff = "2008-01-01"
timezone = "Europe/Paris"
currency = "EUR"

[terms]
delay_days = 0

[churn]
gap_days = 0
horizon_days = 365
slack_days = 0
snapshots = "yearly"
"""


def read_policies(data: Path) -> pd.DataFrame:
    """Read the policies, without the ``*.relvar*`` columns: they are joined at the exit date."""
    frame = pd.read_parquet(data / SOURCE, columns=list(COLUMNS)).rename(columns=COLUMNS)
    for name in ("issued", "terminated"):
        frame[name] = pd.to_datetime(frame[name])
    known = {*REASONS, "In force"}
    if unknown := set(frame["reason"]) - known:
        raise ValueError(f"Reasons for leaving that the experiment does not know: {sorted(unknown)}")
    return frame


def terms_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Cut each policy into years of cover, from anniversary to anniversary, until its exit or the data's cutoff."""
    exits = frame["reason"].map(REASONS)
    left = frame["terminated"].where(exits.notna()) - DAY
    parts = []
    for year in range(DATA_CUTOFF.year - frame["issued"].min().year + 1):
        start = frame["issued"] + pd.DateOffset(years=year)
        end = frame["issued"] + pd.DateOffset(years=year + 1)
        here = (start <= DATA_CUTOFF) & ~(left < start)
        last = left < end
        parts.append(pd.DataFrame({
            "term_id": frame["policy_id"] + f"-{year + 1}", "policy_id": frame["policy_id"], "issued_at": start - DAY,
            "start_date": start, "end_date": end, "premium": frame["risk_premium"], "sum_insured": frame["face"],
            "ended_date": left.where(last), "end_reason": exits.where(last),
        })[here])  # fmt: skip
    return pd.concat(parts).sort_values("term_id", ignore_index=True)


def write_book(data: Path, folder: Path) -> dict[str, int]:
    """Write the book and return what was counted on the way."""
    frame = read_policies(data)
    customers = pd.DataFrame({
        "customer_id": "C" + frame["policy_id"], "birth_year": frame["issued"].dt.year - frame["age"],
        "gender": frame["gender"].str.lower(),
    })  # fmt: skip
    policies = pd.DataFrame({
        "policy_id": frame["policy_id"], "customer_id": "C" + frame["policy_id"], "line": "savings",
        "payment_mode": frame["frequency"].map({"unique": "single"}), "inception_date": frame["issued"],
    })  # fmt: skip
    terms = terms_of(frame)
    folder.mkdir(parents=True)
    for name, table in (("customers", customers), ("policies", policies), ("terms", terms)):
        table.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "churnkit.toml").write_text(SETTINGS, encoding="utf-8")
    counts = terms["end_reason"].value_counts()
    return {"policies": len(frame), "terms": len(terms)} | {
        f"exits_{reason}": int(counts.get(reason, 0)) for reason in REASONS.values()
    }
