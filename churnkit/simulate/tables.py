"""Customers, policies and terms as the books show them at the data cutoff."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.simulate.customers import CHANNELS, LIFE, LINES, REGIONS, Bools, Customers, Policies
from churnkit.simulate.endings import (
    CANCELLED,
    DEATH,
    DECLINE_DAYS_BEFORE,
    DECLINED,
    FREE_LOOK,
    LAPSED,
    RENEWED,
    TOTAL_LOSS,
)  # fmt: skip
from churnkit.simulate.insurer import Block, Year
from churnkit.simulate.service import Ints
from churnkit.simulate.window import Window

_DAY = 86400
_REASON = {RENEWED: "renewed", LAPSED: "expired", CANCELLED: "customer_cancelled", TOTAL_LOSS: "total_loss",
           DEATH: "death", FREE_LOOK: "free_look", DECLINED: "insurer_declined"}  # fmt: skip


def moments(days: npt.ArrayLike) -> np.ndarray:
    """Days since 1970, with fractions, as timestamps to the second; NaN becomes NaT."""
    seconds = np.round(np.asarray(days, float) * _DAY)
    known = np.isfinite(seconds)
    stamps = np.where(known, seconds, 0).astype(np.int64).astype("datetime64[s]")
    stamps[~known] = np.datetime64("NaT")
    return stamps


def names(prefix: str, numbers: Ints, *, width: int = 7) -> pd.Series:
    """Text ids from numbers: C0000042."""
    return prefix + pd.Series(numbers).astype("str").str.zfill(width)


@dataclass(frozen=True)
class Ids:
    """Ids of a block's customers and policies, by position."""

    customer: np.ndarray
    policy: np.ndarray

    @classmethod
    def of(cls, block: Block, offset: int) -> Ids:
        """Number customers from ``offset``; a policy's id continues its owner's."""
        number = np.arange(len(block.customers)) + offset
        owner = block.policies.owner
        rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
        return cls(names("C", number).to_numpy(), names("P", (number[owner]) * 10 + rank, width=8).to_numpy())


def policy_terms(year: Year, ids: Ids) -> pd.DataFrame:
    """Terms of one year, monthly products as one term a month, with their truth in ``truth_`` columns."""
    state, n = year.state, len(year.end)
    months = np.where(year.policies.monthly, np.minimum(year.lapse_month, 12), 1)
    row = np.repeat(np.arange(n), months)
    month = np.arange(len(row)) - np.repeat(np.cumsum(months) - months, months)
    monthly = year.policies.monthly[row]
    bounds = np.round(np.linspace(0, 1, 13)[None, :] * (year.end - state.start)[:, None]).astype(np.int64)
    start = np.where(monthly, state.start[row] + bounds[row, month], state.start[row])
    end = np.where(monthly, state.start[row] + bounds[row, np.minimum(month + 1, 12)], year.end[row])
    last = month == months[row] - 1
    outcome = np.where(last | ~monthly, year.outcome[row], RENEWED)
    ended = np.where(last & (outcome != RENEWED) & (outcome != LAPSED), np.minimum(year.ended[row], end), end)
    gone = (year.ended[row] <= start) & monthly  # death in an earlier month
    first = (month == 0) & (state.years[row] == 0)
    issued = np.where(first, start - 2.0, np.where(monthly, start - 5.0, np.nan)) + 0.45
    premium = np.where(monthly, state.premium[row] / 12, state.premium[row])
    frame = pd.DataFrame({
        "row": row, "position": year.position[row], "number": state.years[row] * 12 + month, "monthly": monthly,
        "policy_id": ids.policy[year.position[row]], "issued": issued, "start": start, "end": end, "outcome": outcome,
        "ended": ended, "premium": np.round(premium, 2), "sum_insured": year.policies.sum_insured[row],
        "truth_p": np.where(monthly, year.renewal[row] ** (1 / 12), year.renewal[row]),
        "truth_p_do": np.where(monthly, year.renewal_do[row] ** (1 / 12), year.renewal_do[row]),
        "truth_satisfaction": year.satisfaction[row], "truth_satisfaction_do": year.satisfaction_do[row],
        "truth_cancel": year.cancel[row], "line": year.policies.line[row],
    })  # fmt: skip
    return frame[~gone]


def terms(block: Block, ids: Ids, rng: np.random.Generator) -> pd.DataFrame:
    """All terms of a block in working form, by policy and start, each bound when its predecessor was renewed."""
    yearly = [policy_terms(year, ids) for year in block.years]
    extra = []
    for year, frame in zip(block.years, yearly, strict=True):
        row = frame["row"].to_numpy()
        annual = ~frame["monthly"].to_numpy()
        extra.append(frame.assign(
            offer=np.where(annual, frame["end"] - year.offer_before[row], np.nan),
            offer_premium=np.where(annual, np.round(frame["premium"] * np.exp(year.price_change[row]), 2), np.nan),
            bound=np.where(annual, year.end[row] - year.issue_before[row], np.nan),
        ))  # fmt: skip
    made = pd.concat(extra, ignore_index=True).sort_values(["position", "start"], kind="stable", ignore_index=True)
    hour = rng.uniform(9, 18, len(made)) / 24
    same = made["position"].eq(made["position"].shift())
    bound = made["bound"].shift().where(same) + hour
    return made.assign(issued=made["issued"].fillna(bound), term_id=_term_ids(made))


def _term_ids(made: pd.DataFrame) -> pd.Series:
    return "T" + made["policy_id"].str.slice(1) + "-" + made["number"].astype("str").str.zfill(3)


def terms_table(made: pd.DataFrame, window: Window, rng: np.random.Generator) -> pd.DataFrame:
    """The terms as the books show them at the data cutoff, those that ended before the observed years left out."""
    n, outcome = len(made), made["outcome"].to_numpy()
    delay = np.where(np.isin(outcome, (RENEWED, LAPSED)), 0.2, rng.uniform(0.3, 4.0, n))
    recorded = made["ended"].to_numpy() + np.where(outcome == DECLINED, -float(DECLINE_DAYS_BEFORE), delay)
    known = recorded < window.last_day
    offered = (made["offer"] < window.last_day).to_numpy() & (made["ended"] > made["offer"]).to_numpy()
    reason = pd.Series(outcome).map(_REASON)
    lapsed_life = (outcome == CANCELLED) & (made["line"] == LIFE).to_numpy()
    reason = reason.mask(lapsed_life, "surrendered").mask((outcome == CANCELLED) & (rng.random(n) < 0.15), "nonpayment")
    table = pd.DataFrame({
        "term_id": made["term_id"], "policy_id": made["policy_id"], "issued_at": moments(made["issued"]),
        "start_date": moments(made["start"]), "end_date": moments(made["end"]), "premium": made["premium"],
        "sum_insured": made["sum_insured"], "offer_date": moments(made["offer"].where(offered)),
        "offer_premium": made["offer_premium"].where(offered), "ended_date": moments(made["ended"].where(known)),
        "end_reason": reason.where(known), "ended_recorded_at": moments(np.where(known, recorded, np.nan)),
        "recorded_at": moments(made["issued"]),
    })  # fmt: skip
    return table[in_book(made, window)]


def in_book(made: pd.DataFrame, window: Window) -> pd.Series:
    """Whether a term belongs to the book: it reaches into the observed years and was bound before the cutoff."""
    return (made["end"] > window.first_day) & (made["ended"] > window.first_day) & (made["issued"] < window.last_day)


def customers_table(customers: Customers, ids: Ids, keep: Bools, window: Window) -> pd.DataFrame:
    """Customers with a term in the book."""
    rng = np.random.default_rng([len(keep), int(customers.entry_day[0])])
    n = len(customers)
    dies = np.where(customers.death_day + 2 < window.last_day, customers.death_day, np.nan)
    shared = np.where(rng.random(n) < 0.18, np.maximum(np.arange(n) - 1, 0), np.arange(n))
    out = rng.random((4, n))
    frame = pd.DataFrame({
        "customer_id": ids.customer, "household_id": "H" + pd.Series(ids.customer[shared]).str.slice(1),
        "customer_type": "person", "birth_year": customers.birth_year,
        "region": np.array(REGIONS)[customers.region],
        "city_tier": np.where(customers.wealth + 0.7 * rng.standard_normal(n) > 0.3, "1", "2"),
        "first_channel": np.array(CHANNELS)[customers.channel], "marketing_opt_out": out[0] < 0.06,
        "automated_decision_opt_out": out[1] < 0.01, "do_not_call": out[2] < 0.04,
        "deceased_date": moments(dies), "gender": np.where(customers.female, "female", "male"),
        "vulnerable": out[3] < 0.03, "recorded_at": moments(customers.entry_day - 3.0),
    })  # fmt: skip
    return frame[keep]


def policies_table(policies: Policies, ids: Ids, keep: Bools) -> pd.DataFrame:
    """Policies with a term in the book."""
    agent = names("A", policies.agent, width=3)
    frame = pd.DataFrame({
        "policy_id": ids.policy, "customer_id": ids.customer[policies.owner], "line": np.array(LINES)[policies.line],
        "product": np.where(policies.monthly, "life_monthly", np.array(LINES)[policies.line] + "_standard"),
        "channel": np.array(CHANNELS)[policies.channel], "branch": names("B", policies.agent // 10, width=2),
        "agent_id": agent.where(policies.channel == 0),
        "payment_mode": np.where(policies.monthly, "monthly", "annual"),
            "renewable": True, "auto_renew": policies.autopay,
        "inception_date": moments(policies.inception_day), "recorded_at": moments(policies.inception_day - 2.0 + 0.45),
    })  # fmt: skip
    return frame[keep]
