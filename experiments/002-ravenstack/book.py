"""Turns the five tables into a book folder, as they are or cleaned, and counts what was cleaned."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

DATA_CUTOFF = pd.Timestamp("2025-01-01")
DAY = pd.Timedelta(days=1)
SETTINGS = """\
# Made by run.py from the public data set ravenstack.
data_cutoff = "2025-01-01"
timezone = "UTC"
currency = "USD"

[churn]                 # two years of data: what happens within a quarter of each quarter's start
gap_days = 0
horizon_days = 90
slack_days = 1
snapshots = "quarterly"

[renewal]               # periods of cover are quarters
leads = [14, 30, 60, 80]
slack_days = 1
"""
Tables = dict[str, pd.DataFrame]
Counts = dict[str, int]


def read_tables(data: Path) -> Tables:
    """Read the five tables; dates are ISO."""
    dates = {"accounts": ["signup_date"], "subscriptions": ["start_date", "end_date"], "churn_events": ["churn_date"],
             "support_tickets": ["submitted_at", "closed_at"], "feature_usage": ["usage_date"]}  # fmt: skip
    folder = data / "ravenstack"
    return {name: pd.read_csv(folder / f"ravenstack_{name}.csv", parse_dates=when) for name, when in dates.items()}


def ends_by_churn_events(subscriptions: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """End every open subscription at its account's next churn event; an earlier end of its own counts first."""
    ordered = events[["account_id", "churn_date"]].sort_values("churn_date")
    begun = subscriptions.sort_values("start_date")
    found = pd.merge_asof(begun, ordered, left_on="start_date", right_on="churn_date", by="account_id",
                          direction="forward", allow_exact_matches=False).set_index("subscription_id")  # fmt: skip
    event = subscriptions["subscription_id"].map(found["churn_date"])
    own = subscriptions["end_date"]
    by_event = event.notna() & (own.isna() | (event < own))
    return subscriptions.assign(ended=own.where(~by_event, event), by_event=by_event)


def terms_of(subscriptions: pd.DataFrame) -> pd.DataFrame:
    """Cut each subscription into quarters of cover, until it ends."""
    name, parts = subscriptions["subscription_id"], []
    for quarter in range(8):
        start = subscriptions["start_date"] + pd.DateOffset(months=3 * quarter)
        end = subscriptions["start_date"] + pd.DateOffset(months=3 * quarter + 3)
        ended = subscriptions["ended"]
        here = (start < DATA_CUTOFF) & ~((ended <= start) & (quarter > 0))
        last = ended <= end
        parts.append(pd.DataFrame({
            "term_id": name + f"-{quarter + 1}", "policy_id": name,
            "issued_at": start - (DAY if quarter else 0 * DAY), "start_date": start, "end_date": end,
            "premium": 3.0 * subscriptions["mrr_amount"], "ended_date": ended.where(last),
            "end_reason": pd.Series("customer_cancelled", index=start.index).where(last),
        })[here])  # fmt: skip
    return pd.concat(parts).sort_values("term_id", ignore_index=True)


def contacts_of(tickets: pd.DataFrame, usage: pd.DataFrame) -> pd.DataFrame:
    """Tickets are contacts by the customer, days of use are contacts by the system."""
    asked = pd.DataFrame({
        "interaction_id": tickets["ticket_id"], "customer_id": tickets["account_id"], "policy_id": None,
        "started_at": tickets["submitted_at"], "channel": "ticket", "queue": tickets["priority"],
        "initiator": "customer", "wait_seconds": 60.0 * tickets["first_response_time_minutes"], "resolved": True,
        "resolved_at": tickets["closed_at"],
    })  # fmt: skip
    used = pd.DataFrame({
        "interaction_id": usage["usage_id"], "customer_id": usage["account_id"], "policy_id": usage["subscription_id"],
        "started_at": usage["usage_date"], "channel": "product", "topic": usage["feature_name"], "initiator": "system",
    })  # fmt: skip
    return pd.concat([asked, used], ignore_index=True)


def surveys_of(tickets: pd.DataFrame) -> pd.DataFrame:
    """Every closed ticket asks for a satisfaction score; where there is none, nobody answered."""
    answered = tickets["satisfaction_score"].notna()
    return pd.DataFrame({
        "response_id": tickets["ticket_id"], "customer_id": tickets["account_id"],
        "interaction_id": tickets["ticket_id"], "instrument": "csat", "touchpoint": "ticket",
        "sent_at": tickets["closed_at"], "answered_at": tickets["closed_at"].where(answered),
        "score": tickets["satisfaction_score"],
    })  # fmt: skip


def cleaned(tables: Tables) -> tuple[Tables, Counts]:
    """Drop what cannot be, and count it; end subscriptions at churn events."""
    subscriptions, tickets = tables["subscriptions"], tables["support_tickets"]
    trial, unsold = subscriptions["is_trial"], subscriptions["end_date"] <= subscriptions["start_date"]
    kept = ends_by_churn_events(subscriptions[~trial & ~unsold], tables["churn_events"])
    since = tables["accounts"].set_index("account_id")["signup_date"]
    before = tickets["submitted_at"] < tickets["account_id"].map(since)
    use, dropped = cleaned_usage(tables["feature_usage"], subscriptions, kept)
    counts = {
        "subscriptions_trial_dropped": int(trial.sum()),
        "subscriptions_ended_on_first_day_dropped": int((unsold & ~trial).sum()),
        "tickets_before_signup_dropped": int(before.sum()),
        "ended_by_own_date": int((kept["ended"].notna() & ~kept["by_event"]).sum()),
        "ended_by_churn_event": int(kept["by_event"].sum()),
    }
    return tables | {"subscriptions": kept, "support_tickets": tickets[~before], "feature_usage": use}, counts | dropped


def cleaned_usage(usage: pd.DataFrame, whole: pd.DataFrame, kept: pd.DataFrame) -> tuple[pd.DataFrame, Counts]:
    """Keep days of use within the life of a subscription that is in the book."""
    twice = usage.duplicated("usage_id")
    span = whole.set_index("subscription_id")
    begun = usage["usage_date"] >= usage["subscription_id"].map(span["start_date"])
    over = usage["usage_date"] > usage["subscription_id"].map(span["end_date"])
    possible = usage[~twice & begun & ~over]
    use = possible[possible["subscription_id"].isin(kept["subscription_id"])]
    ended = use["subscription_id"].map(kept.set_index("subscription_id")["ended"])
    return use, {
        "usage_ids_repeated_dropped": int(twice.sum()),
        "usage_before_start_dropped": int((~begun & ~twice).sum()),
        "usage_after_end_dropped": int((over & begun & ~twice).sum()),
        "usage_of_dropped_subscriptions": len(possible) - len(use),
        "usage_after_a_churn_event_kept": int((use["usage_date"] > ended).sum()),
        "usage_kept": len(use),
    }


def as_they_are(subscriptions: pd.DataFrame) -> pd.DataFrame:
    """A term per subscription with its own dates, up to the data's cutoff where it has no end."""
    return pd.DataFrame({
        "term_id": subscriptions["subscription_id"], "policy_id": subscriptions["subscription_id"],
        "start_date": subscriptions["start_date"], "end_date": subscriptions["end_date"].fillna(DATA_CUTOFF),
        "premium": subscriptions["mrr_amount"],
    })  # fmt: skip


def customers_of(accounts: pd.DataFrame) -> pd.DataFrame:
    """Accounts; plan, seats, trial and churn flag are as of the extract and stay out."""
    return pd.DataFrame({
        "customer_id": accounts["account_id"], "customer_type": "company", "region": accounts["country"],
        "first_channel": accounts["referral_source"],
    })  # fmt: skip


def policies_of(subscriptions: pd.DataFrame) -> pd.DataFrame:
    """Subscriptions; their flags of upgrade, downgrade and churn have no date and stay out."""
    return pd.DataFrame({
        "policy_id": subscriptions["subscription_id"], "customer_id": subscriptions["account_id"], "line": "other",
        "product": subscriptions["plan_tier"], "payment_mode": subscriptions["billing_frequency"],
        "auto_renew": subscriptions["auto_renew_flag"], "grace_days": 7,
        "inception_date": subscriptions["start_date"],
    })  # fmt: skip


def write_book(tables: Tables, folder: Path, *, clean: bool) -> Counts:
    """Write the book, cleaned or with the tables' rows as they are; return what was counted."""
    counts: Counts = {name: len(table) for name, table in tables.items()}
    if clean:
        tables, dropped = cleaned(tables)
        counts |= dropped
    subscriptions = tables["subscriptions"]
    terms = terms_of(subscriptions) if clean else as_they_are(subscriptions)
    owner = subscriptions.set_index("subscription_id")["account_id"]
    usage = tables["feature_usage"].assign(account_id=tables["feature_usage"]["subscription_id"].map(owner))
    made = {
        "customers": customers_of(tables["accounts"]),
        "policies": policies_of(subscriptions),
        "terms": terms,
        "interactions": contacts_of(tables["support_tickets"], usage),
        "surveys": surveys_of(tables["support_tickets"]),
    }
    folder.mkdir(parents=True)
    for name, table in made.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "churnkit.toml").write_text(SETTINGS, encoding="utf-8")
    return counts | ({"terms": len(terms)} if clean else {})
