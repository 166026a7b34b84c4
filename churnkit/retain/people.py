"""From scored policies to customers: one contact serves all policies of a customer that fall due."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from churnkit.book.open import Book
from churnkit.errors import UsageError
from churnkit.retain.rules import Limit, Rules
from churnkit.retain.suppression import cover_state

_WIDEST = 30.0
_SHOWN = 5
_PLACES = "SELECT policy_id, channel, branch, agent_id FROM policies"
_OFFERS = """
SELECT policy_id, end_date, offer_premium FROM terms
WHERE offer_date_seen < $as_of AND (superseded_at IS NULL OR superseded_at >= $as_of)
"""


def assumed_uplift(renewal: npt.ArrayLike, save_rate: float) -> npt.NDArray[np.float64]:
    """Assumed rise of renewal by one contact: as many log-odds for everybody as prevent that share of all lapses.

    So it is greatest for those who are as likely to stay as to leave, and fades for those who have all but left, whom
    a list by risk would call first [1]_.

    Parameters
    ----------
    renewal : array of shape (n,), chances, NaN where unknown
    save_rate : float, share of the lapses among them that would be prevented if all were contacted

    References
    ----------
    .. [1] Ascarza (2018), Retention futility: targeting high-risk customers might be ineffective, J. Marketing
       Research 55(1).

    Examples
    --------
    >>> assumed_uplift([0.8, 0.5, 0.1], 0.1).round(3).tolist()  # of 1.6 lapses a tenth
    [0.047, 0.08, 0.033]
    """
    chance = np.asarray(renewal, dtype=np.float64)
    known = np.sort(chance[~np.isnan(chance)])  # the same sum in any order of the rows
    if not len(known):
        return np.full(chance.shape, np.nan)
    odds, saved = logit(known), save_rate * float((1.0 - known).mean())

    def rise(odds: npt.NDArray[np.float64], shift: float) -> npt.NDArray[np.float64]:
        return np.asarray(expit(odds + shift) - expit(odds))  # exactly 0 where nothing is added

    def too_many(shift: float) -> float:
        return float(rise(odds, shift).mean()) - saved

    return rise(logit(chance), brentq(too_many, 0.0, _WIDEST, xtol=1e-6) if too_many(_WIDEST) > 0 else _WIDEST)


def due_policies(scores: pd.DataFrame, book: Book, as_of: pd.Timestamp, rules: Rules) -> pd.DataFrame:
    """Score rows with what a contact would be worth of each: due, state, uplift, given, gain.

    ``given``: value given renewal, ``value / s1``; ``gain = uplift x given`` of what is due and still open; the assumed
    uplift of others is NaN.
    """
    state = cover_state(book, scores[["policy_id", "end_date"]], as_of).to_numpy()
    due = (scores["end_date"] - as_of).dt.days.between(0, rules.due_within_days).to_numpy()
    given = (scores["value"] / scores["s1"]).where(scores["s1"] > 0, 0.0).fillna(0.0)
    measured = "uplift" in scores
    open_ = due & (state == "")
    uplift = scores["uplift"] if measured else assumed_uplift(scores["renewal"].where(open_), rules.save_rate)
    rows = scores.assign(state=state, due=due, open=open_, given=given, uplift=uplift)
    return rows.assign(gain=(rows["uplift"] * given).where(open_, 0.0).fillna(0.0))


def by_customer(rows: pd.DataFrame, book: Book) -> pd.DataFrame:
    """Add up each customer's policies; beside the sums stands the customer's policy at the highest risk.

    Returns
    -------
    DataFrame, one row per customer, by id
        customer_id; of the open policies due: policies (number), gain, saved (renewals), given, renewal (lowest),
        end_date (first), policy_ids; of all: value, lowest (renewal); state; and of the policy in question line,
        channel, branch, agent_id and its reasons.
    """
    who, names = pd.factorize(rows["customer_id"], sort=True)
    tie = pd.util.hash_pandas_object(rows["policy_id"], index=False).to_numpy()  # the same in any order of the rows
    order = np.lexsort((tie, rows["renewal"].to_numpy(), ~rows["open"].to_numpy(), who))
    sums = rows[["due", "open", "state", "uplift", "given", "gain", "renewal", "value", "end_date"]].iloc[order]
    who, is_open = who[order], sums["open"].to_numpy()
    first = np.flatnonzero(np.r_[True, who[1:] != who[:-1]]) if len(who) else np.array([], dtype=np.intp)
    lead = rows.iloc[order[first]].reset_index(drop=True)

    def total(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return np.bincount(who, np.asarray(values, dtype=np.float64), len(names)).astype(np.float64)

    ends = sums["end_date"].to_numpy().astype("datetime64[us]").astype(np.int64)
    ends = np.where(is_open, ends, np.iinfo(np.int64).max)
    people = pd.DataFrame({
        "customer_id": names, "policies": total(is_open).astype(int), "gain": total(sums["gain"]),
        "saved": total(np.where(is_open, sums["uplift"], 0.0)), "given": total(np.where(is_open, sums["given"], 0.0)),
        "expected": total(np.where(is_open, sums["renewal"], 0.0)),
        "renewal": lead["renewal"].where(lead["open"]), "value": total(sums["value"].fillna(0.0)),
        "lowest": np.minimum.reduceat(sums["renewal"].to_numpy(), first) if len(first) else [],
        "end_date": pd.Series(np.minimum.reduceat(ends, first).astype("datetime64[us]") if len(first) else [])
        .where(lead["open"]),
        "state": _state(sums, who, len(names)), "line": lead["line"],
    })  # fmt: skip
    told = [name for name in rows if str(name).startswith("reason_")] + [n for n in ("group_1",) if n in rows]
    places = book.sql(_PLACES).to_pandas().set_index("policy_id")
    if book.repeats("policies"):
        places = places[~places.index.duplicated()]
    at = places.index.get_indexer(lead["policy_id"])
    for name in ("channel", "branch", "agent_id"):
        people[name] = places[name].take(np.maximum(at, 0)).where(at >= 0).to_numpy() if len(places) else None
    return pd.concat([people, lead[told]], axis=1)


def check_caps(caps: Mapping[str, Limit], book: Book) -> None:
    """Refuse caps on what no policy of the book has: they would bind nobody, and say nothing.

    Raises
    ------
    UsageError
        With all that is unknown at once, and some of what is known.
    """
    wrong, there = [], []
    for name, cap in caps.items():
        found = book.sql(f"SELECT DISTINCT {name} FROM policies WHERE {name} IS NOT NULL").to_pandas()[name]
        known = sorted(found.astype(str))
        unknown = [value for value in cap if value not in known] if isinstance(cap, Mapping) else []
        if unknown or not known:
            wrong += [f"{name} {value!r}" for value in unknown] or [name]
            more = f" … ({len(known):,} in all)" if len(known) > _SHOWN else ""
            there.append(f"{name}: {', '.join(known[:_SHOWN]) or 'none'}{more}")
    if wrong:
        raise UsageError("A cap is on a channel, branch or agent that the book's policies have.",
                         found=", ".join(wrong), fix=f"They have {'; '.join(there)}.")  # fmt: skip


def _state(rows: pd.DataFrame, who: npt.NDArray[np.intp], many: int) -> npt.NDArray[np.object_]:
    """Why nothing of what fell due is left to renew, "" where something is or nothing fell due."""
    found = np.full(many, "", dtype=object)
    mine = (rows["due"] & ~rows["open"]).to_numpy()
    found[who[mine]] = rows["state"].to_numpy()[mine]
    found[who[rows["open"].to_numpy()]] = ""
    return found


def offers(book: Book, as_of: pd.Timestamp) -> pd.Series:
    """Return the premium offered for the next term, by policy, as visible on a day; the latest offer where several."""
    made = book.sql(_OFFERS, as_of=as_of).to_pandas().sort_values("end_date", kind="stable")
    latest: pd.Series = made.drop_duplicates("policy_id", keep="last").set_index("policy_id")["offer_premium"]
    return latest.dropna()
