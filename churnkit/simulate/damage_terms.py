"""Damages of terms: how they begin, end, follow each other and are paid."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.simulate.damaged import Damaged, appended, days, pick, put_at
from churnkit.simulate.draft import Draft

_FOREVER, _NEVER = pd.Timestamp("9999-12-31"), pd.Timestamp("1900-01-01")


def _yearly(terms: pd.DataFrame) -> pd.Series:
    return (terms["end_date"] - terms["start_date"]).dt.days > 360


def _previous(terms: pd.DataFrame, column: str) -> pd.Series:
    """A column of the policy's previous term, by row; null for its first one."""
    order = terms.sort_values(["policy_id", "start_date"], kind="stable")
    return order.groupby("policy_id")[column].shift().reindex(terms.index)


def sentinel_ends(draft: Draft, rng: np.random.Generator) -> Damaged:
    """SEN08: terms that have not ended have ended_date 9999-12-31, a tenth of them 1900-01-01. Count: those rows.

    Their end_reason stays empty.
    """
    terms = draft.table("terms")
    places = pick(rng, terms["ended_date"].isna(), len(terms))
    old = rng.random(len(places)) < 0.1
    terms = put_at(terms, places, ended_date=_FOREVER)
    draft.put("terms", put_at(terms, places[old], ended_date=_NEVER))
    return Damaged.at("SEN08", "terms", places, f"ended_date is 9999-12-31 or, {old.sum()} times, 1900-01-01 in {{n}}"
                      " terms that have not ended")  # fmt: skip


def ends_before_start(draft: Draft, rng: np.random.Generator) -> Damaged:
    """DAT09: 3 terms in force end a year before they start, the year mistyped. Count: those rows."""
    terms = draft.table("terms")
    places = pick(rng, terms["ended_date"].isna() & _yearly(terms), 3)
    start = terms["start_date"].iloc[places]
    draft.put("terms", put_at(terms, places, end_date=start - pd.Timedelta(days=365)))
    return Damaged.at("DAT09", "terms", places, "{n} terms end a year before they start")


def overlapping_renewals(draft: Draft, rng: np.random.Generator) -> Damaged:
    """OVL10: 4 renewals start 30 days before the term they renew ends. Count: the later term of each pair."""
    terms = draft.table("terms")
    on_time = _previous(terms, "end_date").eq(terms["start_date"])
    places = pick(rng, on_time & _yearly(terms), 4)
    draft.put("terms", put_at(terms, places, start_date=terms["start_date"].iloc[places] - pd.Timedelta(days=30)))
    return Damaged.at("OVL10", "terms", places, "{n} renewals start 30 days before the previous term's end")


def last_covered_days(draft: Draft, rng: np.random.Generator) -> Damaged:
    """GAP11: end_date is the last covered day, and the settings do not say so.

    ended_date stays the first day without cover. Count: the terms that start exactly one day after the end_date of
    their policy's previous term.
    """
    terms = draft.table("terms")
    terms["end_date"] -= pd.Timedelta(days=1)
    draft.put("terms", terms)
    gap = terms["start_date"] - _previous(terms, "end_date")
    places = np.flatnonzero(gap == pd.Timedelta(days=1))
    return Damaged.at("GAP11", "terms", places, "end_date is the last covered day: {n} renewals start one day after it")


def endorsements_as_terms(draft: Draft, rng: np.random.Generator) -> Damaged:
    """END13: 12 changes of running terms are exported as terms of their own. Count: the extra rows.

    An extra row has the term's policy_id, start_date, end_date and all else; its own are term_id, premium and
    issued_at = recorded_at, when the change was made.
    """
    terms = draft.table("terms")
    places = pick(rng, _yearly(terms) & terms["end_reason"].isin(["renewed", "expired"]), 12)
    changed = terms.iloc[places].reset_index(drop=True)
    made = changed["start_date"] + days(rng.integers(20, 300, len(changed)) + rng.uniform(9, 18, len(changed)) / 24)
    changed = changed.assign(term_id=changed["term_id"] + "E", issued_at=made, recorded_at=made,
                             premium=(changed["premium"] * rng.uniform(1.02, 1.15, len(changed))).round(2))  # fmt: skip
    longer, copies = appended(terms, changed)
    draft.put("terms", longer)
    return Damaged.at("END13", "terms", copies, "{n} endorsements come as terms equal but for premium")


def cancelled_at_the_start(draft: Draft, rng: np.random.Generator) -> Damaged:
    """NTU14: 6 more terms are cancelled on the day they start.

    Count: all terms with end_reason free_look or ended_date at or before start_date; the clean book has some.
    """
    terms = draft.table("terms")
    alone = ~terms["policy_id"].duplicated(keep=False)
    running = terms["ended_date"].isna() & (terms["start_date"] < draft.cutoff - pd.Timedelta(days=3))
    places = pick(rng, alone & running & _yearly(terms), 6)
    start = terms["start_date"].iloc[places]
    terms = put_at(terms, places, ended_date=start, end_reason="customer_cancelled", offer_premium=np.nan,
                   offer_date=pd.NaT, ended_recorded_at=start + pd.Timedelta(hours=34))  # fmt: skip
    draft.put("terms", terms)
    never = (terms["end_reason"] == "free_look") | (terms["ended_date"] <= terms["start_date"])
    return Damaged.at("NTU14", "terms", np.flatnonzero(never), f"{{n}} terms were never really sold, {len(places)} of"
                      " them cancelled on their first day on purpose")  # fmt: skip


def reinstated(draft: Draft, rng: np.random.Generator) -> Damaged:
    """REI15: 8 terms are ended for nonpayment and taken up again within 20 days. Count: the new terms.

    The new term has the policy_id, premium and end_date of the old one, and starts after the old one's ended_date.
    """
    terms = draft.table("terms")
    running = terms["ended_date"].isna() & (terms["start_date"] < draft.cutoff - pd.Timedelta(days=150))
    places = pick(rng, running & _yearly(terms), 8)
    old = terms.iloc[places].reset_index(drop=True)
    ended = old["start_date"] + days(rng.integers(60, 91, len(old)))
    start = ended + days(rng.integers(3, 21, len(old)))
    bound = start + pd.Timedelta(hours=10)
    longer, copies = appended(terms, old.assign(term_id=old["term_id"] + "R", start_date=start, issued_at=bound,
                                                recorded_at=bound))  # fmt: skip
    draft.put("terms", put_at(
        longer, places, ended_date=ended.to_numpy(), end_reason="nonpayment", offer_date=pd.NaT, offer_premium=np.nan,
        ended_recorded_at=(ended + pd.Timedelta(hours=40)).to_numpy(),
    ))  # fmt: skip
    return Damaged.at(
        "REI15", "terms", copies, "{n} terms were cancelled and taken up again within 20 days, as new terms"
    )


def reasons_blank(draft: Draft, rng: np.random.Generator) -> Damaged:
    """RSN16: end_reason is empty in 40 terms that ran to their end. Count: those rows."""
    terms = draft.table("terms")
    once = ~terms.duplicated(["policy_id", "start_date"], keep=False)
    places = pick(rng, once & terms["end_reason"].isin(["renewed", "expired"]), 40)
    draft.put("terms", put_at(terms, places, end_reason=None))
    return Damaged.at("RSN16", "terms", places, "end_reason is empty in {n} ended terms")


def fen_for_yuan(draft: Draft, rng: np.random.Generator) -> Damaged:
    """CUR23: terms bound (issued_at) from one month of the last year on have their premium in fen.

    That month's median premium is about 100 times the one before; no renewal of these terms has been offered yet.
    Count: the terms bound from that month on.
    """
    terms = draft.table("terms")
    month = draft.cutoff.to_period("M") - int(rng.integers(4, 11))
    late = terms["issued_at"] >= month.start_time
    draft.put("terms", terms.assign(premium=terms["premium"].mask(late, (terms["premium"] * 100).round(0))))
    return Damaged.at("CUR23", "terms", np.flatnonzero(late), f"premiums of the {{n}} terms bound from {month} on are"
                      " in fen")  # fmt: skip
