"""Damages of files, columns, keys and categories."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.simulate.chinese import VALUES
from churnkit.simulate.damaged import Damaged, appended, pick, put_at
from churnkit.simulate.draft import Draft
from churnkit.simulate.renumber import CLOCKS, renumber

_NO_AMOUNTS = ("待核定", "见附件", "约五千元", "详见卷宗", "未定", "参照前案", "另行通知")
_ID_AREAS = (110105, 310104, 330106, 440106, 510104)


def column_renamed(draft: Draft, rng: np.random.Generator) -> Damaged:
    """COL01: the required ``terms.premium`` is called premium_yuan. Count: 1 column."""
    draft.put("terms", draft.table("terms").rename(columns={"premium": "premium_yuan"}))
    return Damaged("COL01", "terms", 1, "the required column premium is called premium_yuan")


def amounts_in_words(draft: Draft, rng: np.random.Generator) -> Damaged:
    """TYP02: in 7 rows of claims.csv an official wrote words for ``amount_claimed``. Count: those rows."""
    claims = draft.table("claims")
    places = pick(rng, claims["amount_claimed"].notna(), len(_NO_AMOUNTS))
    words = claims.assign(amount_claimed=claims["amount_claimed"].astype(object))
    draft.put("claims", put_at(words, places, amount_claimed=list(_NO_AMOUNTS[: len(places)])), csv="utf-8")
    return Damaged.at("TYP02", "claims", places, "amount_claimed holds words in {n} rows of claims.csv")


def saved_as_gb18030(draft: Draft, rng: np.random.Generator) -> Damaged:
    """ENC03: customers.csv has Chinese regions and is saved as GB18030. Count: 1 file."""
    customers = draft.table("customers")
    draft.put("customers", customers.replace({"region": VALUES["customers"]["region"]}), csv="gb18030")
    return Damaged("ENC03", "customers", 1, "customers.csv is saved as GB18030, its regions in Chinese")


def month_exported_twice(draft: Draft, rng: np.random.Generator) -> Damaged:
    """DUP04: the claims of one month come twice, the copies at the end of the table. Count: the copies."""
    claims = draft.table("claims")
    month = claims["reported_at"].dt.to_period("M")
    chosen = month.iloc[pick(rng, month.notna(), 1)[0]]
    longer, places = appended(claims, claims[month == chosen])
    draft.put("claims", longer)
    return Damaged.at("DUP04", "claims", places, f"the {{n}} claims reported in {chosen} come twice, word for word")


def moved_to_another_branch(draft: Draft, rng: np.random.Generator) -> Damaged:
    """KEY05: 6 policies come twice, in the old branch and the new one, under one recorded_at. Count: both rows."""
    policies = draft.table("policies")
    places = pick(rng, policies["branch"].notna(), 6)
    branches = sorted(policies["branch"].dropna().unique())
    other = {branch: branches[i - 1] for i, branch in enumerate(branches)}
    moved = policies.iloc[places]
    longer, copies = appended(policies, moved.assign(branch=moved["branch"].map(other)))
    draft.put("policies", longer)
    return Damaged.at("KEY05", "policies", [*places, *copies], f"{len(places)} policies come with two branches and one"
                      " recorded_at: {n} rows")  # fmt: skip


def policies_not_found(draft: Draft, rng: np.random.Generator) -> Damaged:
    """FK06: policy_id of 0.5 % of the contacts leads to no policy. Count: those rows.

    Two thirds have a blank after the number, as fields of fixed width leave one, and would match after trimming; the
    others are of a branch whose policies were not extracted.
    """
    contacts = draft.table("interactions")
    places = pick(rng, contacts["policy_id"].notna(), max(3, len(contacts) // 200))
    padded, foreign = np.split(rng.permutation(places), [2 * len(places) // 3])
    contacts = put_at(contacts, padded, policy_id=contacts["policy_id"].iloc[padded] + " ")
    contacts = put_at(contacts, foreign, policy_id=[f"P99{place:06d}" for place in foreign])
    draft.put("interactions", contacts)
    return Damaged.at("FK06", "interactions", places, f"policy_id leads to no policy in {{n}} contacts, {len(padded)}"
                      " of them for a blank after it")  # fmt: skip


def policies_renumbered(draft: Draft, rng: np.random.Generator) -> Damaged:
    """LNK12: a policy number of its own for every term, no previous_policy_id; object_id ties them.

    Every policy has an object_id that stays through its renewals; events bear the number that was in force. Count: the
    terms followed by another of the same customer, line and object under another number, in time (table terms).
    """
    found = renumber(draft.table("terms"), draft.table("policies"), rng)
    for table, clock in CLOCKS.items():
        if table in draft.tables:
            events = draft.table(table)
            draft.put(table, events.assign(policy_id=found.in_force(events, clock)))
    draft.put("policies", found.policies)
    draft.put("terms", found.terms.drop(columns="clean_policy_id"))
    order = found.terms.sort_values(["clean_policy_id", "start_date"], kind="stable")
    followed = order["clean_policy_id"].eq(order["clean_policy_id"].shift(-1)).sort_index()
    return Damaged.at("LNK12", "terms", np.flatnonzero(followed), "every term has a policy number of its own; {n} terms"
                      " are followed by one of the same object only")  # fmt: skip


def ids_through_a_spreadsheet(draft: Draft, rng: np.random.Generator) -> Damaged:
    """IDS24: agents are known by 18 digits, and policies.csv was saved by a spreadsheet: 1.10105E+17.

    Count: the policies with an agent_id.
    """
    policies = draft.table("policies")
    agents = sorted(policies["agent_id"].dropna().unique())
    area = rng.choice(_ID_AREAS, len(agents))
    born = rng.integers(19600101, 19991231, len(agents))
    digits = {agent: int(f"{area[i]}{born[i]}{i:04d}") for i, agent in enumerate(agents)}
    shown = policies["agent_id"].map({agent: f"{number:.5E}" for agent, number in digits.items()})
    draft.put("policies", policies.assign(agent_id=shown), csv="utf-8")
    return Damaged.at("IDS24", "policies", np.flatnonzero(shown.notna()), "agent_id is a number of six digits times a"
                      " power of ten in {n} rows of policies.csv")  # fmt: skip


def unknown_line(draft: Draft, rng: np.random.Generator) -> Damaged:
    """CAT25: home policies have the product house's code HH for their line. Count: those rows."""
    policies = draft.table("policies")
    home = policies["line"] == "home"
    draft.put("policies", policies.assign(line=policies["line"].mask(home, "HH")))
    return Damaged.at("CAT25", "policies", np.flatnonzero(home), "line is HH, which nothing maps, in {n} policies")


def unknown_initiator(draft: Draft, rng: np.random.Generator) -> Damaged:
    """CAT25 in a column that decides nothing: contacts at a branch have CLIENT for their initiator."""
    contacts = draft.table("interactions")
    branch = (contacts["channel"] == "branch") & (contacts["initiator"] == "customer")
    draft.put("interactions", contacts.assign(initiator=contacts["initiator"].mask(branch, "CLIENT")))
    return Damaged.at("CAT25", "interactions", np.flatnonzero(branch), "initiator is CLIENT, which nothing maps, in {n}"
                      " contacts")  # fmt: skip


def table_absent(draft: Draft, rng: np.random.Generator) -> Damaged:
    """ABS26: complaints were not extracted. Count: 1 table."""
    draft.remove("complaints")
    return Damaged("ABS26", "complaints", 1, "the table complaints is left out")


def campaign_without_outreach(draft: Draft, rng: np.random.Generator) -> Damaged:
    """OUT27: the campaign's calls lie among the contacts, and there is no outreach table (so ABS26 names it too).

    A renewal during a campaign is recognised by a contact of its policy that the company began (initiator "company")
    at the touchpoint "renewal_campaign", topic "renewal", in the 60 days before the term's end. Count: those
    contacts, one for every renewal that was called.
    """
    calls, contacts = draft.table("outreach"), draft.table("interactions")
    calls = calls[calls["contacted_at"].notna()]
    talked = pd.Series(rng.integers(60, 600, len(calls)), index=calls.index)
    ended = calls["contacted_at"] + pd.to_timedelta(talked, unit="s")
    recorded = ended + pd.Timedelta(minutes=10)
    recorded = recorded.where(recorded < draft.cutoff, draft.cutoff - pd.Timedelta(seconds=1))
    made = pd.DataFrame({
        "interaction_id": "N" + calls["action_id"].str.slice(1), "customer_id": calls["customer_id"],
        "policy_id": calls["policy_id"], "started_at": calls["contacted_at"], "channel": "phone",
        "touchpoint": "renewal_campaign", "topic": "renewal", "initiator": "company",
        "handle_seconds": talked.astype(float), "transfers": 0, "resolved": True, "resolved_at": ended,
        "recorded_at": recorded,
    })  # fmt: skip
    longer, places = appended(contacts, made)
    draft.put("interactions", longer)
    draft.remove("outreach")
    return Damaged.at("OUT27", "interactions", places, "{n} contacts of a renewal campaign, and no outreach table")
